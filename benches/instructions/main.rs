//! How many instructions the analysis of one segment takes, and that it is no more than the ceilings in `ceilings.txt`.
//!
//! Times differ from run to run by more than a change of one percent; instructions do not, so that they show a slow drift. They are counted by
//! valgrind; where there is none, nothing is measured.
//!
//! `cargo bench --bench instructions` prints the figures and fails above a ceiling, `cargo bench --bench instructions -- --update` lowers the
//! ceilings to what is measured and five percent.
#![allow(missing_docs, clippy::unwrap_used, reason = "no library: what fails here stops the benchmark")]

mod ceilings;
#[path = "../common/mod.rs"]
#[allow(dead_code, reason = "shared with the other benchmarks")]
mod common;
mod count;
#[path = "../../examples/gen/model/mod.rs"]
#[allow(dead_code, reason = "shared with the generator")]
mod model;
#[path = "../../examples/gen/output.rs"]
#[allow(dead_code, reason = "shared with the generator")]
mod output;

use std::io::{self, Write};
use std::process::ExitCode;

use ceilings::Ceilings;
use count::Case;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        [count::RUN, case, times] => {
            count::run(case, times);
            ExitCode::SUCCESS
        }
        // `cargo test` runs benchmarks without this word, to see that they start.
        _ if !args.contains(&"--bench") => ExitCode::SUCCESS,
        _ => check(args.contains(&"--update")),
    }
}

fn check(update: bool) -> ExitCode {
    let mut out = io::stdout();
    if !count::available() {
        writeln!(out, "skipped: there is no valgrind to count instructions with").unwrap();
        return ExitCode::SUCCESS;
    }
    let mut ceilings = Ceilings::read();
    let mut above = false;
    writeln!(out, "{:12} {:>12} {:>12}", "segments", "instructions", "ceiling").unwrap();
    for case in Case::ALL {
        let measured = count::per_segment(case);
        if update {
            ceilings.lower(case.name(), measured);
        }
        let ceiling = ceilings.of(case.name());
        let exceeded = ceiling.is_none_or(|ceiling| measured > ceiling as f64);
        above |= exceeded;
        let ceiling = ceiling.map_or("none".to_owned(), |ceiling| ceiling.to_string());
        let mark = if exceeded { "  above the ceiling" } else { "" };
        writeln!(out, "{:12} {measured:>12.1} {ceiling:>12}{mark}", case.name()).unwrap();
    }
    if update {
        ceilings.write();
    }
    if above { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
