//! Frames to segments.

use divan::Bencher;
use divan::counter::ItemsCount;
use tcplens::base::SegmentBatch;
use tcplens::decode::{DecodeOptions, Decoder};

use super::generate::{Capture, HEADERS, WHOLE};
use super::packet::Stack;
use super::script::Script;

/// Packets of one in-order transfer, cut behind their headers.
fn headers(bencher: Bencher, stack: Stack) {
    measure(bencher, &Capture::of(&[Script::bulk(40)], stack, HEADERS));
}

fn measure(bencher: Bencher, capture: &Capture) {
    let mut decoder = Decoder::new(DecodeOptions::default());
    let mut batch = SegmentBatch::default();
    bencher.counter(ItemsCount::new(capture.packets())).bench_local(|| {
        for frame in capture.frames() {
            decoder.decode(&frame, &mut batch);
            if batch.is_full() {
                divan::black_box(&batch);
                batch.clear();
            }
        }
    });
}

#[divan::bench]
fn ethernet_ipv4(bencher: Bencher) {
    headers(bencher, Stack::V4);
}

#[divan::bench]
fn vlan_ipv4(bencher: Bencher) {
    headers(bencher, Stack::VlanV4);
}

#[divan::bench]
fn ethernet_ipv6(bencher: Bencher) {
    headers(bencher, Stack::V6);
}

/// Captured whole: the checksum of every payload is verified.
#[divan::bench]
fn whole_packets(bencher: Bencher) {
    measure(bencher, &Capture::of(&[Script::bulk(40)], Stack::V4, WHOLE));
}

#[divan::bench]
fn sack_blocks(bencher: Bencher) {
    measure(bencher, &Capture::of(&[Script::lossy(40)], Stack::V4, HEADERS));
}
