//! tcplens reads captured packets and says what TCP did on every connection.

pub mod base;
pub mod capture;
pub mod cli;
pub mod decode;
pub mod findings;
pub mod flow;
pub mod pipeline;
pub mod report;
pub mod tcp;
