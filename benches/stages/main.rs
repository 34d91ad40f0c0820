//! How many packets a second each stage of the street does, on the workloads of the generator at small size.
//!
//! `cargo bench --bench stages` runs all, `cargo bench --bench stages -- decode` those whose path contains the word. The figures depend on the
//! machine and on what else it does: compare two builds of one machine, run in turn.
#![allow(missing_docs, clippy::unwrap_used, reason = "no library: what fails here stops the benchmark")]

mod analysis;
#[path = "../common/mod.rs"]
#[allow(dead_code, reason = "shared with the other benchmarks")]
mod common;
mod decode;
mod flow;
#[path = "../../examples/gen/model/mod.rs"]
#[allow(dead_code, reason = "shared with the generator")]
mod model;
#[path = "../../examples/gen/output.rs"]
mod output;
mod pipeline;
mod reader;
mod report;

fn main() {
    divan::Divan::default().max_time(std::time::Duration::from_secs(4)).config_with_args().main();
}
