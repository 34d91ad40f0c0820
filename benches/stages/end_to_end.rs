//! A file to a CSV report that goes nowhere, as the program does it; and the last stage by itself.

use std::fs;
use std::io;
use std::path::PathBuf;

use divan::Bencher;
use divan::counter::ItemsCount;
use tcplens::capture;
use tcplens::decode::{DecodeOptions, Decoder};
use tcplens::pipeline::{Notice, Progress, Rows, Runner, Settings, Worker};
use tcplens::report::format::by_name;
use tcplens::report::{BoxedReporter, FlowRecord, Options, RunMeta, schema};

use super::generate::{Capture, HEADERS, WHOLE};
use super::packet::Stack;
use super::script::Script;

struct Silence;

impl Notice for Silence {
    fn problem(&mut self, error: &capture::Error) {
        panic!("{error}");
    }
    fn progress(&mut self, _: Progress) {}
}

fn csv() -> BoxedReporter {
    (by_name("csv").unwrap().open)(Box::new(io::sink()), &Options::default())
}

/// A capture file that is gone afterwards.
struct File(PathBuf);

impl File {
    fn with(name: &str, capture: &Capture) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{}-{name}.pcap", std::process::id()));
        fs::write(&path, capture.pcap()).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn run(bencher: Bencher, name: &str, capture: &Capture) {
    let file = File::with(name, capture);
    bencher.counter(ItemsCount::new(capture.packets())).bench_local(|| {
        let (mut files, problems) = capture::open(std::slice::from_ref(&file.0));
        let mut silence = Silence;
        let mut rows = Rows { reporter: csv(), columns: schema::all() };
        let runner = Runner::new(Settings::default(), &mut rows, &mut silence);
        let outcome = runner.run(&mut files, Vec::new(), problems).unwrap();
        assert_eq!(outcome.totals.segments, capture.packets() as u64);
    });
}

#[divan::bench]
fn headers_only(bencher: Bencher) {
    run(bencher, "headers", &Capture::of(&[Script::lossy(2_000)], Stack::V4, HEADERS));
}

#[divan::bench]
fn whole_packets(bencher: Bencher) {
    run(bencher, "whole", &Capture::of(&[Script::bulk(400)], Stack::V4, WHOLE));
}

#[divan::bench]
fn short_connections(bencher: Bencher) {
    let scripts: Vec<_> = (0..5_000).map(|_| Script::exchange()).collect();
    run(bencher, "short", &Capture::of(&scripts, Stack::V4, HEADERS));
}

/// Rows, not packets, a second.
#[divan::bench]
fn csv_rows(bencher: Bencher) {
    let records = records();
    let mut reporter = csv();
    reporter.begin(&RunMeta::default(), &schema::all()).unwrap();
    bencher.counter(ItemsCount::new(records.len())).bench_local(|| {
        for record in &records {
            reporter.flow(record).unwrap();
        }
    });
}

fn records() -> Vec<FlowRecord> {
    let scripts: Vec<_> = (0..500).map(|n| if n % 5 == 0 { Script::lossy(4) } else { Script::exchange() }).collect();
    let mut worker = Worker::new(false, ());
    for batch in Capture::of(&scripts, Stack::VlanV4, HEADERS).batches() {
        worker.on_batch(&batch);
    }
    worker.finish();
    let decoder = Decoder::new(DecodeOptions::default());
    let record = |row: tcplens::pipeline::Row| FlowRecord {
        flow_id: row.flow_id,
        first_frame: row.first_frame,
        client: row.ends.0,
        server: row.ends.1,
        encapsulation: decoder.encapsulation(0).to_owned(),
        summary: row.summary,
    };
    worker.drain_rows().map(record).collect()
}
