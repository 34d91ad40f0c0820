//! The stages as the benchmarks drive them: each file is all that has to follow when the stage's interface changes.

pub mod analysis;
pub mod decoder;
pub mod flow;
pub mod pipeline;
pub mod reader;
pub mod report;
