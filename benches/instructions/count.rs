//! Counts instructions: this program runs itself under valgrind.

use std::env;
use std::process::{Command, Stdio};

use crate::common::inputs::{Capture, Stream};
use crate::common::stage::analysis::{analyse, analyse_all};
use crate::common::stage::decoder::Batches;

/// The word with which this program runs itself: then a stream, and how often it is to be analysed.
pub const RUN: &str = "--run";

/// Segments of a stream: enough that opening and closing the connection are next to nothing.
const SEGMENTS: usize = 20_000;
/// Short connections: enough that nearly all of their segments wait to be looked at.
const SHORT: u64 = 3_000;
/// The difference between two runs, of once and of so often, is that of the analysis alone.
const TIMES: u64 = 3;

/// What is counted.
#[derive(Clone, Copy)]
pub enum Case {
    /// The segments of one connection.
    Stream(Stream),
    /// Those of many short connections at a time: their opening and closing, the table and what is said of each make most of it.
    Short,
}

impl Case {
    pub const ALL: [Case; 4] =
        [Case::Stream(Stream::InOrder), Case::Stream(Stream::Lossy), Case::Stream(Stream::SackHeavy), Case::Short];

    pub fn name(self) -> &'static str {
        match self {
            Case::Stream(stream) => stream.name(),
            Case::Short => "short",
        }
    }

    fn capture(self) -> Capture {
        match self {
            Case::Stream(stream) => Capture::stream(stream, SEGMENTS),
            Case::Short => Capture::many(SHORT),
        }
    }
}

/// There is a valgrind.
pub fn available() -> bool {
    Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// What runs under valgrind.
pub fn run(case: &str, times: &str) {
    let case = Case::ALL.into_iter().find(|c| c.name() == case).unwrap();
    let batches = Batches::of(&case.capture());
    for _ in 0..times.parse::<u64>().unwrap() {
        let batches = std::hint::black_box(&batches);
        match case {
            Case::Stream(_) => drop(std::hint::black_box(analyse(batches))),
            Case::Short => _ = std::hint::black_box(analyse_all(batches)),
        }
    }
}

/// Instructions to analyse a segment of such a case.
pub fn per_segment(case: Case) -> f64 {
    let more = instructions(case, TIMES) - instructions(case, 1);
    more as f64 / ((TIMES - 1) * case.capture().packets() as u64) as f64
}

fn instructions(case: Case, times: u64) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().unwrap())
        .args([RUN, case.name(), &times.to_string()])
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "valgrind failed: {report}");
    let collected = report.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, count)| count.trim());
    collected.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("valgrind did not count: {report}"))
}
