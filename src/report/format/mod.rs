//! The formats of a report. A new one is a file here and a line in [`FORMATS`].

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use super::error::Error;
use super::record::{FlowRecord, RunTotals};
use super::rows::{EncodedRow, RowBuffer, RowSpan};
use super::schema::Column;
use super::time::{Precision, TimeFormat};

pub(in crate::report) mod csv;
mod findings;
mod sorted;
pub mod terminal;

pub use sorted::{SortKey, Sorted};
pub use terminal::TerminalOptions;

/// Where a report goes. It is buffered by the report, not by the caller.
pub type Output = Box<dyn Write + Send>;

/// What is known before the first connection ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunMeta {
    /// The digits that the capture's clock has; of several captures the finest.
    pub precision: Precision,
}

/// One report in the making. Every connection comes once, when its record is final.
pub trait Reporter {
    /// Before the first record: what the columns of the report are.
    ///
    /// # Errors
    /// [`Error::Io`] if writing fails.
    fn begin(&mut self, meta: &RunMeta, columns: &[&'static Column]) -> Result<(), Error>;

    /// One connection.
    ///
    /// # Errors
    /// [`Error::Io`] if writing fails.
    fn flow(&mut self, record: &FlowRecord) -> Result<(), Error>;

    /// What encodes rows for [`Reporter::encoded`], in any thread and before their flow ids are known; `None` if the report has to see the
    /// records themselves. It is there from [`Reporter::begin`] on.
    fn encoder(&self) -> Option<Arc<dyn RowEncoder>> {
        None
    }

    /// One connection, as the [`RowEncoder`] of this report wrote it: the same as [`Reporter::flow`].
    ///
    /// # Errors
    /// [`Error::Io`] if writing fails, or if the report has no encoder.
    fn encoded(&mut self, flow_id: u64, row: EncodedRow<'_>) -> Result<(), Error> {
        let _ = (flow_id, row);
        Err(Error::Io(io::ErrorKind::Unsupported.into()))
    }

    /// Hands on what is buffered, for readers that follow a live capture.
    ///
    /// # Errors
    /// [`Error::Io`] if writing fails.
    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// After the last record. Nothing is left in a buffer.
    ///
    /// # Errors
    /// [`Error::Io`] if writing fails.
    fn finish(&mut self, totals: &RunTotals) -> Result<(), Error>;
}

/// Writes the rows of a report where their records are, without their flow ids.
pub trait RowEncoder: Send + Sync {
    /// Appends the rows of `records`, whose `flow_id`s do not matter, and says where they stand.
    fn encode(&self, records: &[FlowRecord], rows: &mut RowBuffer, spans: &mut Vec<RowSpan>);
}

/// A report that somebody else chose.
pub type BoxedReporter = Box<dyn Reporter + Send>;

impl Reporter for BoxedReporter {
    fn begin(&mut self, meta: &RunMeta, columns: &[&'static Column]) -> Result<(), Error> {
        (**self).begin(meta, columns)
    }

    fn flow(&mut self, record: &FlowRecord) -> Result<(), Error> {
        (**self).flow(record)
    }

    fn encoder(&self) -> Option<Arc<dyn RowEncoder>> {
        (**self).encoder()
    }

    fn encoded(&mut self, flow_id: u64, row: EncodedRow<'_>) -> Result<(), Error> {
        (**self).encoded(flow_id, row)
    }

    fn flush(&mut self) -> Result<(), Error> {
        (**self).flush()
    }

    fn finish(&mut self, totals: &RunTotals) -> Result<(), Error> {
        (**self).finish(totals)
    }
}

/// How the report is to be written. Each format reads what concerns it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// How times are written.
    pub time: TimeFormat,
    /// CSV with the line ends that RFC 4180 asks for.
    pub crlf: bool,
    /// The report for people.
    pub terminal: TerminalOptions,
}

/// A format that reports can be written in.
#[derive(Debug)]
pub struct Format {
    /// The word that chooses it.
    pub name: &'static str,
    /// File names that end so are of this format.
    pub extensions: &'static [&'static str],
    /// What it is good for, in a sentence.
    pub doc: &'static str,
    /// Begins a report in it.
    pub open: fn(Output, &Options) -> BoxedReporter,
}

/// All formats.
pub static FORMATS: &[Format] = &[
    Format {
        name: "table",
        extensions: &[],
        doc: "For people: what the capture holds, and the connections that matter most.",
        open: terminal::open,
    },
    Format {
        name: "csv",
        extensions: &["csv"],
        doc: "Comma-separated values (RFC 4180), one row per connection.",
        open: csv::open_csv,
    },
    Format { name: "tsv", extensions: &["tsv", "tab"], doc: "The same with tabs.", open: csv::open_tsv },
    Format {
        name: "findings-json",
        extensions: &["json"],
        doc: "What is wrong, across all connections, as one JSON document.",
        open: findings::open,
    },
];

/// The format of that name.
///
/// # Errors
/// [`Error::UnknownFormat`], which names those that there are.
pub fn by_name(name: &str) -> Result<&'static Format, Error> {
    let known = || FORMATS.iter().map(|f| f.name.to_owned()).collect();
    FORMATS
        .iter()
        .find(|f| f.name == name)
        .ok_or_else(|| Error::UnknownFormat { name: name.to_owned(), known: known() })
}

/// The format that the extension of a file name stands for.
///
/// # Errors
/// [`Error::UnknownFormat`], which names the extensions that are known.
pub fn by_path(path: &Path) -> Result<&'static Format, Error> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let fits = |f: &&Format| f.extensions.iter().any(|e| e.eq_ignore_ascii_case(extension));
    let known = || FORMATS.iter().flat_map(|f| f.extensions).map(|e| format!(".{e}")).collect();
    FORMATS.iter().find(fits).ok_or_else(|| Error::UnknownFormat { name: path.display().to_string(), known: known() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_tells_the_format() {
        assert_eq!(by_path(Path::new("out/flows.CSV")).unwrap().name, "csv");
        assert_eq!(by_path(Path::new("flows.tsv")).unwrap().name, "tsv");
    }

    #[test]
    fn an_unknown_extension_names_the_known_ones() {
        for name in ["flows.xlsx", "flows"] {
            let message = by_path(Path::new(name)).unwrap_err().to_string();
            assert!(message.contains(name) && message.contains(".csv, .tsv"), "{message}");
        }
        assert!(by_name("word").unwrap_err().to_string().contains("table, csv, tsv"));
    }

    #[test]
    fn names_and_extensions_are_unique() {
        let mut words: Vec<_> = FORMATS.iter().flat_map(|f| f.extensions).collect();
        words.sort();
        words.dedup();
        assert_eq!(words.len(), FORMATS.iter().map(|f| f.extensions.len()).sum::<usize>());
        assert!(FORMATS.iter().all(|f| by_name(f.name).is_ok()));
    }
}
