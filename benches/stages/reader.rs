//! Files to frames.

use divan::Bencher;
use divan::counter::ItemsCount;

use crate::common::inputs::Capture;
use crate::common::stage::reader::read;

fn file(bencher: Bencher, capture: &Capture, extension: &str) {
    let file = capture.file(extension);
    bencher.counter(ItemsCount::new(capture.packets())).bench_local(|| {
        assert_eq!(read(file.path()), capture.packets());
    });
}

#[divan::bench(args = ["pcap", "pcapng"])]
fn headers(bencher: Bencher, extension: &str) {
    file(bencher, &Capture::few(100_000), extension);
}

#[divan::bench(args = ["pcap", "pcapng"])]
fn whole_packets(bencher: Bencher, extension: &str) {
    file(bencher, &Capture::whole(20_000), extension);
}
