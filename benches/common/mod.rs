//! What the benchmarks measure on, and how they reach the stages of the program.

pub mod inputs;
pub mod stage;
