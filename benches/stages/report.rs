//! Rows, not packets, a second.

use divan::Bencher;
use divan::counter::ItemsCount;

use crate::common::inputs::Capture;
use crate::common::stage::decoder::Batches;
use crate::common::stage::report::Results;

#[divan::bench]
fn csv_rows(bencher: Bencher) {
    let results = Results::of(&Batches::of(&Capture::many(2_000)));
    bencher.counter(ItemsCount::new(results.rows())).bench_local(|| results.write_rows());
}

#[divan::bench]
fn event_rows(bencher: Bencher) {
    let results = Results::of(&Batches::of(&Capture::few(50_000)));
    bencher.counter(ItemsCount::new(results.events())).bench_local(|| results.write_events());
}
