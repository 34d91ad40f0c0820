//! What happened in one connection.

pub mod summary;

pub use summary::*;
