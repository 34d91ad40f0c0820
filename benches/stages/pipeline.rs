//! The stages together: from segments to rows, and from a file to a report.

use divan::Bencher;
use divan::counter::ItemsCount;

use crate::common::inputs::Capture;
use crate::common::stage::decoder::Batches;
use crate::common::stage::pipeline;

fn whole_run(bencher: Bencher, capture: &Capture) {
    let file = capture.file("pcap");
    bencher.counter(ItemsCount::new(capture.packets())).bench_local(|| {
        assert_eq!(pipeline::run(file.path()), capture.packets() as u64);
    });
}

#[divan::bench]
fn few(bencher: Bencher) {
    whole_run(bencher, &Capture::few(100_000));
}

#[divan::bench]
fn many(bencher: Bencher) {
    whole_run(bencher, &Capture::many(10_000));
}

#[divan::bench]
fn scan(bencher: Bencher) {
    whole_run(bencher, &Capture::scan(100_000));
}

#[divan::bench]
fn whole_packets(bencher: Bencher) {
    whole_run(bencher, &Capture::whole(20_000));
}

/// Without reading, decoding and writing.
#[divan::bench(args = [1_000, 20_000, 200_000])]
fn segments_to_rows(bencher: Bencher, connections: u64) {
    let capture = Capture::many(connections);
    let batches = Batches::of(&capture);
    bencher.counter(ItemsCount::new(capture.packets())).bench_local(|| pipeline::work(&batches));
}
