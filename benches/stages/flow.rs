//! Finding the connection of a segment among many.

use divan::Bencher;
use divan::counter::ItemsCount;

use crate::common::inputs::Capture;
use crate::common::stage::decoder::Batches;
use crate::common::stage::flow;

fn look_up(bencher: Bencher, capture: &Capture) {
    let batches = Batches::of(capture);
    bencher.counter(ItemsCount::new(capture.packets())).bench_local(|| flow::look_up(&batches));
}

#[divan::bench(args = [1_000, 50_000])]
fn many(bencher: Bencher, connections: u64) {
    look_up(bencher, &Capture::many(connections));
}

/// Every segment opens a connection.
#[divan::bench]
fn scan(bencher: Bencher) {
    look_up(bencher, &Capture::scan(200_000));
}
