//! The stages together.

use std::path::Path;

use tcplens::capture;
use tcplens::pipeline::{Notice, Progress, Rows, Runner, Settings, Worker};
use tcplens::report::schema;

use super::decoder::Batches;
use super::report::csv;

struct Silence;

impl Notice for Silence {
    fn problem(&mut self, error: &capture::Error) {
        panic!("{error}");
    }
    fn progress(&mut self, _: Progress) {}
}

/// A file to a CSV report, as the program does it; returns how many segments there were.
pub fn run(path: &Path) -> u64 {
    let (mut files, problems) = capture::open(&[path.to_owned()]);
    let mut silence = Silence;
    let mut rows = Rows { reporter: csv(), columns: schema::all() };
    let runner = Runner::new(Settings::default(), &mut rows, &mut silence);
    runner.run(&mut files, Vec::new(), problems).unwrap().totals.segments
}

/// Segments to rows: roles, copies, the table, the analysis, closing.
pub fn work(batches: &Batches) -> u64 {
    let mut worker = Worker::new(false, ());
    for batch in &batches.0 {
        worker.on_batch(batch);
        worker.drain_rows().for_each(drop);
    }
    worker.finish();
    worker.totals().connections
}
