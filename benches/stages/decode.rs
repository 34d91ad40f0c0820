//! Frames to segments.

use divan::Bencher;
use divan::counter::ItemsCount;

use crate::common::inputs::{Capture, Stream};
use crate::common::stage::decoder::Stage;
use crate::model::link::Link;

const PACKETS: usize = 4_096;

fn measure(bencher: Bencher, capture: &Capture) {
    let mut stage = Stage::new();
    bencher.counter(ItemsCount::new(capture.packets())).bench_local(|| {
        stage.decode(capture, |batch| {
            divan::black_box(batch);
        });
    });
}

/// Packets of one in-order transfer, cut behind their headers.
#[divan::bench(args = Link::ALL)]
fn ipv4(bencher: Bencher, link: Link) {
    measure(bencher, &Capture::link(link, false, PACKETS));
}

#[divan::bench(args = Link::ALL)]
fn ipv6(bencher: Bencher, link: Link) {
    measure(bencher, &Capture::link(link, true, PACKETS));
}

/// Captured whole: the checksum of every payload is verified.
#[divan::bench]
fn whole_packets(bencher: Bencher) {
    measure(bencher, &Capture::whole(PACKETS));
}

#[divan::bench]
fn sack_blocks(bencher: Bencher) {
    measure(bencher, &Capture::stream(Stream::SackHeavy, PACKETS));
}
