//! What the performance workloads contain: connections between simulated hosts, seen from a tap on their way, as frames.
//!
//! Everything follows from a seed: the same options give the same bytes on every machine. No part of this knows the analyzer, so that the two
//! cannot share a mistake.

pub mod bulk;
pub mod conversation;
pub mod events;
pub mod frame;
pub mod host;
pub mod interleave;
pub mod link;
pub mod many;
pub mod packet;
pub mod plan;
pub mod random;
pub mod receiver;
pub mod scan;
pub mod sender;

use packet::{Ends, Packet};

/// Nanoseconds of a microsecond, a millisecond and a second.
pub const MICRO: u64 = 1_000;
pub const MILLI: u64 = 1_000_000;
pub const SECOND: u64 = 1_000_000_000;

/// Packets in the order in which the tap sees them.
pub trait Workload {
    /// The next packet, and between whom it goes.
    fn next(&mut self) -> Option<(&Ends, &Packet)>;
}
