//! What is wrong, and what to do about it: the registry of findings, the rules that raise them, and what connections have in common.
//!
//! ```text
//! ConnectionSummary ──▶ of ──▶ Codes          one connection: a pure function of what was measured
//! Sighting … Sighting ──▶ Survey ──▶ Finding  across connections: per listener, per pair, per host
//! ```

mod connection;
mod finding;
mod registry;
mod survey;

pub use connection::{of, warnings_of};
pub use finding::{Amount, Figure, Finding, Proof, Subject};
pub use registry::{Code, Codes, ENTRIES, Entry, Severity};
pub use survey::{AtOnce, Attempt, Kept, Sighting, Survey, Table, is_trouble};
