//! Comma- and tab-separated values (RFC 4180): a header line, one row per connection, nothing else.

use super::cell::CellFormat;
use super::{BoxedReporter, Options, Output, Reporter, RunMeta};
use crate::report::error::Error;
use crate::report::record::{FlowRecord, RunTotals};
use crate::report::schema::Column;

/// Large enough that a row seldom costs a system call.
const BUFFER: usize = 64 * 1024;

/// Begins a report in CSV.
pub(super) fn open_csv(output: Output, options: &Options) -> BoxedReporter {
    Box::new(Separated::new(output, b',', options))
}

/// Begins a report in TSV.
pub(super) fn open_tsv(output: Output, options: &Options) -> BoxedReporter {
    Box::new(Separated::new(output, b'\t', options))
}

struct Separated {
    writer: csv::Writer<Output>,
    columns: Vec<&'static Column>,
    format: CellFormat,
    /// The cell and the row in the making. Their memory is used again: a row allocates nothing.
    cell: Vec<u8>,
    row: csv::ByteRecord,
}

impl Separated {
    fn new(output: Output, separator: u8, options: &Options) -> Self {
        let line_end = if options.crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let writer = csv::WriterBuilder::new()
            .delimiter(separator)
            .terminator(line_end)
            .buffer_capacity(BUFFER)
            .has_headers(false)
            .from_writer(output);
        let format = CellFormat { time: options.time, ..CellFormat::default() };
        Self { writer, columns: Vec::new(), format, cell: Vec::new(), row: csv::ByteRecord::new() }
    }
}

impl Reporter for Separated {
    fn begin(&mut self, meta: &RunMeta, columns: &[&'static Column]) -> Result<(), Error> {
        self.columns = columns.to_vec();
        self.format.precision = meta.precision;
        Ok(self.writer.write_record(columns.iter().map(|c| c.name.as_bytes()))?)
    }

    fn flow(&mut self, record: &FlowRecord) -> Result<(), Error> {
        self.row.clear();
        for column in &self.columns {
            self.cell.clear();
            self.format.push(&mut self.cell, &column.value(record), column.kind);
            self.row.push_field(&self.cell);
        }
        Ok(self.writer.write_byte_record(&self.row)?)
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(self.writer.flush()?)
    }

    fn finish(&mut self, _totals: &RunTotals) -> Result<(), Error> {
        self.flush()
    }
}

#[cfg(test)]
mod tests;
