//! What we say about the connections: columns, and formats to write them in.

pub mod record;

pub use record::{FlowRecord, RunTotals};
