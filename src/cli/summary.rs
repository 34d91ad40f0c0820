//! `tcplens summary CAPTURE…`

use std::io;
use std::path::Path;

use anyhow::bail;

use super::Status;
use super::analyze::{status_of, with_files};
use super::args::Summary;
use super::output::{open_output, terminal_width, use_color};
use crate::pipeline::Destination;
use crate::report::summary::{By, Ledger, SummaryFormat, write};
use crate::report::{Error, FlowRecord, Output, Paint, RunMeta, RunTotals};

/// Rows of each table, unless more are asked for.
const TOP: usize = 10;
/// Columns of a table that goes to a file.
const FILE_WIDTH: usize = 120;

/// Sums up, and writes the sums at the end.
struct Sums {
    out: io::BufWriter<Output>,
    ledger: Ledger,
    by: Vec<By>,
    format: SummaryFormat,
    top: Option<usize>,
}

impl Destination for Sums {
    type Sink = ();

    fn sink(&self) {}

    fn begin(&mut self, _: &RunMeta) -> Result<(), Error> {
        Ok(())
    }

    fn row(&mut self, record: &FlowRecord) -> Result<(), Error> {
        self.ledger.add(record);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn finish(&mut self, _: &RunTotals) -> Result<(), Error> {
        write(&mut self.out, &self.ledger, &self.by, self.format, self.top)
    }
}

/// Sums up capture files.
pub fn run(args: &Summary) -> anyhow::Result<Status> {
    let path = args.output.as_deref().filter(|path| *path != Path::new("-"));
    let extension = path.and_then(Path::extension).and_then(|e| e.to_str());
    let stdout = io::stdout();
    let table = SummaryFormat::Table {
        width: if path.is_none() { terminal_width() } else { FILE_WIDTH },
        paint: Paint { color: path.is_none() && use_color(args.color, &stdout) },
    };
    let format = match (args.format.as_deref(), extension) {
        (Some("ndjson"), _) | (None, Some("ndjson" | "jsonl")) => SummaryFormat::Ndjson,
        (Some("csv"), _) | (None, Some("csv")) => SummaryFormat::Csv,
        (Some(_), _) | (None, Some("txt")) => table,
        (None, _) => match path {
            None => table,
            Some(path) => bail!(
                "{}: the extension tells no format of summaries; use .csv, .ndjson or .txt, or --format",
                path.display()
            ),
        },
    };
    let is_table = matches!(format, SummaryFormat::Table { .. });
    let by = match args.by {
        Some(by) => vec![by],
        None if is_table => By::ALL.map(|(_, by)| by).to_vec(),
        None => vec![By::Service],
    };
    let top = args.top.or(is_table.then_some(TOP));
    with_files(&args.input, |_| {
        let out = io::BufWriter::new(open_output(path)?);
        Ok(Sums { out, ledger: Ledger::new(&by), by, format, top })
    })
    .map(|(outcome, _)| status_of(outcome.as_ref()))
}
