//! Drives the stages: frames from a source, through the decoder and the table of connections, to the reporters.
//!
//! `run` reads and decodes; `gather` adds in order what connections tell of each other; a `shard` analyses its part of the
//! connections; `back` brings their results into one order, for a `destination`. One thread does all of it, or several share it
//! (`crew`).

mod back;
mod crew;
mod destination;
mod gather;
mod numbers;
mod run;
mod shard;
mod sink;
mod tracked;
mod worker;

pub use destination::{Destination, Rows};
pub use run::{Notice, Outcome, Progress, Runner, Settings};
pub use shard::{Row, ShardTotals};
pub use sink::{Collector, FlowSink, Heard, Moment};
pub use worker::Worker;

// What a sink hears, for those who drive a run.
pub use crate::tcp::{CongestionView, Event, EventKind, Verdict};
