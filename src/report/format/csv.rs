//! Comma- and tab-separated values (RFC 4180): a header line, one row per connection, nothing else.
//!
//! The columns are resolved once into a [`Layout`]: what puts each cell, one after the other. It writes a row from nothing but a record,
//! and is shared by all threads that do.

use std::io::{self, Write};
use std::sync::Arc;

use super::{BoxedReporter, Options, Output, Reporter, RowEncoder, RunMeta};
use crate::report::cell::{CellStyle, Pen};
use crate::report::error::Error;
use crate::report::number::put_integer;
use crate::report::record::{FlowRecord, RunTotals};
use crate::report::room::CAPACITY;
use crate::report::rows::{EncodedRow, RowBuffer, RowSpan};
use crate::report::schema::{Column, PutCell, cells_of};

/// Rows are handed to the system when there are so many bytes of them: a call is then nothing next to its copying.
pub(in crate::report) const BUFFER: usize = 256 * 1024;

/// Begins a report in CSV.
pub(super) fn open_csv(output: Output, options: &Options) -> BoxedReporter {
    Box::new(Separated::new(output, b',', options))
}

/// Begins a report in TSV.
pub(super) fn open_tsv(output: Output, options: &Options) -> BoxedReporter {
    Box::new(Separated::new(output, b'\t', options))
}

/// What a row consists of.
#[derive(Clone, Debug)]
struct Layout {
    style: CellStyle,
    crlf: bool,
    /// Cells before the flow id; all of them if there is none, or more than one.
    before: Vec<PutCell>,
    /// There is a flow id, once, and here it stands.
    numbered: bool,
    /// Cells behind the flow id.
    after: Vec<PutCell>,
}

impl Layout {
    fn new(style: CellStyle, crlf: bool, columns: &[&'static Column]) -> Self {
        let mut places = columns.iter().enumerate().filter(|(_, c)| c.is_flow_id()).map(|(place, _)| place);
        let (before, after) = match (places.next(), places.next()) {
            (Some(place), None) => columns.split_at(place),
            _ => (columns, &[][..]),
        };
        // The flow id itself is no cell.
        let (numbered, after) = after.split_first().map_or((false, after), |(_, rest)| (true, rest));
        Self { style, crlf, before: cells_of(before), numbered, after: cells_of(after) }
    }

    /// Appends a row, with a flow id or with a hole for it: where that is.
    fn write(&self, record: &FlowRecord, flow_id: Option<u64>, pen: &mut Pen, rows: &mut RowBuffer) -> Option<usize> {
        let start = rows.len();
        write_cells(&self.before, record, pen, rows);
        let hole = self.numbered.then_some(rows.len());
        if self.numbered {
            rows.write(|room| {
                let at = flow_id.map_or(0, |flow_id| put_integer(room, 0, flow_id));
                pen.end(room, at)
            });
            write_cells(&self.after, record, pen, rows);
        } else if rows.len() == start + 1 {
            // A row of one empty cell would be an empty line, which readers skip.
            rows.replace_last(&[b'"', b'"', self.style.separator]);
        }
        // The end of the line stands in the place of the last separator.
        if self.crlf {
            rows.replace_last(b"\r\n");
        } else {
            rows.replace_last(b"\n");
        }
        hole
    }
}

/// Appends cells, each of which puts a separator behind it.
#[inline]
fn write_cells(cells: &[PutCell], record: &FlowRecord, pen: &mut Pen, rows: &mut RowBuffer) {
    let mut left = cells.iter();
    while !left.as_slice().is_empty() {
        rows.write(|room| {
            let mut at = 0;
            while at < CAPACITY / 2
                && let Some(put) = left.next()
            {
                at = put(record, pen, room, at);
            }
            at
        });
    }
}

impl RowEncoder for Layout {
    fn encode(&self, records: &[FlowRecord], rows: &mut RowBuffer, spans: &mut Vec<RowSpan>) {
        let mut pen = Pen::new(self.style);
        spans.extend(records.iter().map(|record| {
            let start = rows.len();
            let hole = self.write(record, None, &mut pen, rows);
            rows.row_from(start, hole)
        }));
    }
}

struct Separated {
    output: Output,
    style: CellStyle,
    crlf: bool,
    layout: Option<Arc<Layout>>,
    /// The flow id stands in one column at most.
    encodes: bool,
    rows: RowBuffer,
}

impl Separated {
    fn new(output: Output, separator: u8, options: &Options) -> Self {
        let style = CellStyle::new(options.time, separator);
        let rows = RowBuffer::with_capacity(BUFFER);
        Self { output, style, crlf: options.crlf, layout: None, encodes: false, rows }
    }

    /// The names of the columns, as the `csv` crate writes them: once a report, and held to the same rules as the rows are by their tests.
    fn header(&self, columns: &[&'static Column]) -> Result<Vec<u8>, Error> {
        let line_end = if self.crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut line = Vec::new();
        let mut writer = csv::WriterBuilder::new()
            .delimiter(self.style.separator)
            .terminator(line_end)
            .has_headers(false)
            .from_writer(&mut line);
        writer.write_record(columns.iter().map(|column| column.name.as_bytes())).map_err(io::Error::from)?;
        writer.flush()?;
        drop(writer);
        Ok(line)
    }

    fn write_if_full(&mut self) -> Result<(), Error> {
        if self.rows.len() >= BUFFER { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), Error> {
        let written = self.output.write_all(self.rows.as_slice());
        self.rows.clear();
        Ok(written?)
    }
}

impl Reporter for Separated {
    fn begin(&mut self, meta: &RunMeta, columns: &[&'static Column]) -> Result<(), Error> {
        self.style.precision = meta.precision;
        let layout = Layout::new(self.style, self.crlf, columns);
        self.encodes = columns.iter().filter(|c| c.is_flow_id()).count() <= 1;
        self.rows.append(&self.header(columns)?);
        self.layout = Some(Arc::new(layout));
        Ok(())
    }

    fn flow(&mut self, record: &FlowRecord) -> Result<(), Error> {
        if let Some(layout) = &self.layout {
            let mut pen = Pen::new(layout.style);
            layout.write(record, Some(record.flow_id), &mut pen, &mut self.rows);
        }
        self.write_if_full()
    }

    fn encoder(&self) -> Option<Arc<dyn RowEncoder>> {
        let layout = self.layout.clone().filter(|_| self.encodes)?;
        Some(layout)
    }

    fn encoded(&mut self, flow_id: u64, row: EncodedRow<'_>) -> Result<(), Error> {
        self.rows.append_row(flow_id, row);
        self.write_if_full()
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.write()?;
        Ok(self.output.flush()?)
    }

    fn finish(&mut self, _totals: &RunTotals) -> Result<(), Error> {
        self.flush()
    }
}

#[cfg(test)]
mod tests;
