//! Counts instructions: this program runs itself under valgrind.

use std::env;
use std::process::{Command, Stdio};

use crate::common::inputs::{Capture, Stream};
use crate::common::stage::analysis::analyse;
use crate::common::stage::decoder::Batches;

/// The word with which this program runs itself: then a stream, and how often it is to be analysed.
pub const RUN: &str = "--run";

/// Segments of a stream: enough that opening and closing the connection are next to nothing.
const SEGMENTS: usize = 20_000;
/// The difference between two runs, of once and of so often, is that of the analysis alone.
const TIMES: u64 = 3;

/// There is a valgrind.
pub fn available() -> bool {
    Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// What runs under valgrind.
pub fn run(stream: &str, times: &str) {
    let stream = Stream::ALL.into_iter().find(|s| s.name() == stream).unwrap();
    let batches = Batches::of(&Capture::stream(stream, SEGMENTS));
    for _ in 0..times.parse::<u64>().unwrap() {
        std::hint::black_box(analyse(std::hint::black_box(&batches)));
    }
}

/// Instructions to analyse a segment of such a stream.
pub fn per_segment(stream: Stream) -> f64 {
    let more = instructions(stream, TIMES) - instructions(stream, 1);
    more as f64 / ((TIMES - 1) * SEGMENTS as u64) as f64
}

fn instructions(stream: Stream, times: u64) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().unwrap())
        .args([RUN, stream.name(), &times.to_string()])
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "valgrind failed: {report}");
    let collected = report.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, count)| count.trim());
    collected.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("valgrind did not count: {report}"))
}
