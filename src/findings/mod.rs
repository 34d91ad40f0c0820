//! What is wrong, and what to do about it: the registry of findings, the rules that raise them, and what connections have in common.
//!
//! ```text
//! ConnectionSummary ──▶ of ──▶ Codes          one connection: a pure function of what was measured
//! Sighting … Sighting ──▶ Survey ──▶ Finding  across connections: per listener, per pair, per host
//! ```

mod connection;
mod registry;

pub use connection::of;
pub use registry::{Code, Codes, Entry, Severity};
