//! The vocabulary of the program: capture time, sequence numbers, flags, keys, segments, statistics.
//!
//! Nothing here knows where a packet came from or what becomes of it; this module imports nothing else of the crate.

pub mod flags;
pub mod hash;
pub mod human;
pub mod key;
pub mod maybe;
pub mod moments;
pub mod packed;
pub mod prefetch;
pub mod role;
pub mod segment;
pub mod seq;
pub mod time;
mod words;

pub use flags::TcpFlags;
pub use hash::FlowHasher;
pub use key::{Endpoint, FlowKey, Side};
pub use maybe::{Maybe, Niche};
pub use moments::{Moments, Quantiles};
pub use prefetch::prefetch;
pub use role::RoleEvidence;
pub use segment::{IcmpError, IcmpKind, SackBlock, Segment, SegmentBatch, SegmentBits};
pub use seq::Seq;
pub use time::{Nanos, Timestamp};
pub use words::Words;
