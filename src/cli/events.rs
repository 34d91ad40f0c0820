//! `tcplens events CAPTURE…`

use std::path::Path;
use std::sync::Arc;

use anyhow::bail;

use super::Status;
use super::analyze::{status_of, with_files};
use super::args::Events;
use super::output::open_output;
use crate::pipeline::{Collector, Destination, Heard};
use crate::report::events::{EventFormat, EventWriter};
use crate::report::format::RowEncoder;
use crate::report::rows::{RowBuffer, RowSpan};
use crate::report::{Error, FlowRecord, RunMeta, RunTotals};

/// Writes a row an event.
struct EventRows {
    writer: EventWriter,
    /// Only those of this connection.
    flow: Option<u64>,
}

/// Writes nothing of a connection itself.
struct NoRows;

impl RowEncoder for NoRows {
    fn encode(&self, records: &[FlowRecord], _: &mut RowBuffer, spans: &mut Vec<RowSpan>) {
        spans.resize(spans.len() + records.len(), RowSpan::default());
    }
}

impl Destination for EventRows {
    type Sink = Collector;

    fn sink(&self) -> Collector {
        Collector::default()
    }

    fn begin(&mut self, meta: &RunMeta) -> Result<(), Error> {
        self.writer.begin(meta.precision)
    }

    fn row(&mut self, _: &FlowRecord) -> Result<(), Error> {
        Ok(())
    }

    fn encoder(&self) -> Option<Arc<dyn RowEncoder>> {
        Some(Arc::new(NoRows))
    }

    fn event(&mut self, heard: &Heard) -> Result<(), Error> {
        if self.flow.is_none_or(|wanted| wanted == heard.flow_id) {
            self.writer.event(heard.flow_id, &heard.event)?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.writer.flush()
    }

    fn finish(&mut self, _: &RunTotals) -> Result<(), Error> {
        self.writer.flush()
    }
}

/// Writes the events of capture files.
pub fn run(args: &Events) -> anyhow::Result<Status> {
    let path = args.output.as_deref().filter(|path| *path != Path::new("-"));
    let format = match (args.format.as_deref(), path.and_then(Path::extension).and_then(|e| e.to_str())) {
        (Some("ndjson"), _) | (None, Some("ndjson" | "jsonl")) => EventFormat::Ndjson,
        (Some(_), _) | (None, Some("csv")) => EventFormat::Csv,
        (None, None) if path.is_none() => EventFormat::Csv,
        (None, _) => bail!(
            "{}: the extension tells no format of events; use .csv or .ndjson, or --format",
            path.unwrap_or(Path::new("-")).display()
        ),
    };
    with_files(&args.input, |_| {
        let writer = EventWriter::new(open_output(path)?, format, args.time_format);
        Ok(EventRows { writer, flow: args.flow })
    })
    .map(|(outcome, _)| status_of(outcome.as_ref()))
}
