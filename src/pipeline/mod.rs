//! Drives the stages: frames from a source, through the decoder and the table of connections, to the reporters.

mod run;
mod worker;

pub use run::{Destination, Notice, Outcome, Progress, Rows, Runner, Settings};
pub use worker::{FlowSink, Row, Worker, WorkerTotals};

// What a sink hears, for those who drive a run.
pub use crate::tcp::{Event, EventKind, Verdict};
