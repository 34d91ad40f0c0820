//! Results to rows that go nowhere.

use std::io;

use tcplens::pipeline::{Event, Worker};
use tcplens::report::events::{EventFormat, EventWriter};
use tcplens::report::format::by_name;
use tcplens::report::{BoxedReporter, FlowRecord, Options, Precision, RunMeta, TimeFormat, schema};

use super::decoder::Batches;

/// A report that nobody reads.
pub fn csv() -> BoxedReporter {
    (by_name("csv").unwrap().open)(Box::new(io::sink()), &Options::default())
}

/// All rows of a capture, and all events.
pub struct Results {
    records: Vec<FlowRecord>,
    events: Vec<(u64, Event)>,
}

impl Results {
    pub fn of(batches: &Batches) -> Self {
        let mut worker = Worker::new(false, Vec::new());
        for batch in &batches.0 {
            worker.on_batch(batch);
        }
        worker.finish();
        let events = std::mem::take(worker.sink());
        Self { records: worker.drain_rows().map(|row| row.record).collect(), events }
    }

    pub fn rows(&self) -> usize {
        self.records.len()
    }

    pub fn events(&self) -> usize {
        self.events.len()
    }

    /// A row a connection.
    pub fn write_rows(&self) {
        let mut reporter = csv();
        reporter.begin(&RunMeta::default(), &schema::all()).unwrap();
        for record in &self.records {
            reporter.flow(record).unwrap();
        }
        reporter.flush().unwrap();
    }

    /// A row an event.
    pub fn write_events(&self) {
        let mut writer = EventWriter::new(Box::new(io::sink()), EventFormat::Csv, TimeFormat::default());
        writer.begin(Precision::Nanos).unwrap();
        for (flow_id, event) in &self.events {
            writer.event(*flow_id, event).unwrap();
        }
        writer.flush().unwrap();
    }
}
