//! How many packets a second each stage of the street does, on captures that are made up here.
//!
//! `cargo bench` runs all, `cargo bench -- decode` those whose path contains the word. The figures depend on the machine and on what else
//! it does: compare two builds of one machine, run in turn.
#![allow(missing_docs, clippy::unwrap_used, reason = "no library: what fails here stops the benchmark")]

mod analysis;
mod decode;
mod end_to_end;
mod flow;
mod generate;
mod packet;
mod script;

fn main() {
    divan::Divan::default().max_time(std::time::Duration::from_secs(4)).config_with_args().main();
}
