//! What TCP did: segments of one connection to its row.

use divan::Bencher;
use divan::counter::ItemsCount;

use crate::common::inputs::{Capture, Stream};
use crate::common::stage::analysis::analyse;
use crate::common::stage::decoder::Batches;

#[divan::bench(args = Stream::ALL)]
fn segment(bencher: Bencher, stream: Stream) {
    let capture = Capture::stream(stream, 10_000);
    let batches = Batches::of(&capture);
    bencher.counter(ItemsCount::new(capture.packets())).bench_local(|| analyse(&batches));
}
