//! What happened in one connection.
//!
//! [`Connection`] passes each segment to its analyzers in a fixed order: the sender's model gives the verdict ([`sender`]), and the
//! others read it. `semantics.md`, named in many comments, is the project's reference for what is true of a segment.

pub mod acking;
pub mod acknowledged;
pub mod acks;
pub mod backlog;
pub mod budget;
pub mod conclusion;
pub mod congestion;
pub mod connection;
pub mod conversation;
pub mod duplicates;
pub mod event;
pub mod expected;
pub mod exposed;
pub mod flight;
pub mod half;
pub mod handshake;
mod hearing;
pub mod history;
pub mod identity;
pub mod knowledge;
pub mod letters;
pub mod limits;
pub mod loss;
pub mod nagle;
pub mod opening;
pub mod order;
pub mod outcome;
pub mod outline;
pub mod range;
pub mod rate;
pub mod recovery;
pub mod resend;
pub mod reset;
pub mod rtt;
pub mod scoreboard;
pub mod sender;
pub mod sent;
pub mod stalls;
pub mod summary;
pub mod syn;
pub mod teardown;
pub mod telling;
pub mod trouble;
pub mod turns;
pub mod verdict;
pub mod volume;
pub mod window;
pub mod zeek;

pub use congestion::CongestionView;
pub use connection::{Connection, Phase};
pub use duplicates::Copy;
pub use event::{Confidence, Event, EventKind, EventSink, Evidence, StallCause};
pub use identity::Fate;
pub use outline::Outline;
pub use summary::*;
pub use verdict::{Kind, Verdict};
