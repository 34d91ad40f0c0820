//! The verdict on one segment, and what it is passed by.

use super::event::{Confidence, Evidence};
use super::knowledge::Halves;
use super::recovery::Trigger;
use crate::base::Nanos;

/// What a segment was, as data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It takes no sequence space and is no probe.
    Empty,
    /// New data or a new FIN, next in order.
    New,
    /// The same behind a gap.
    NewAfterGap,
    /// New for the stream, but a packet that was sent later came by before.
    Overtaken,
    /// Sent again.
    Retransmission(Trigger),
    /// A late original.
    OutOfOrder,
    /// A keep-alive.
    Keepalive,
    /// A zero-window probe.
    ZeroWindowProbe,
    /// Too far from everything to belong to the stream.
    Stray,
}

/// The verdict on one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What it was.
    pub kind: Kind,
    /// Position of its first byte.
    pub lo: u64,
    /// Position behind its last byte, FIN included.
    pub hi: u64,
    /// It was known at once to be unneeded.
    pub unneeded: bool,
    /// A timer's retransmission that belongs to the recovery after a timeout.
    pub goes_back: bool,
    /// It filled the peer's window.
    pub fills_window: bool,
    /// Bytes before it that have not come by.
    pub gap: u64,
    /// The frame that it repeats, or that came before it out of order.
    pub original: Option<u64>,
    /// On what this rests.
    pub evidence: Evidence,
    /// How sure it is.
    pub confidence: Confidence,
}

impl Verdict {
    /// The verdict on a segment that is nothing but what it says.
    pub const fn plain(kind: Kind, lo: u64, hi: u64) -> Self {
        Self {
            kind,
            lo,
            hi,
            unneeded: false,
            goes_back: false,
            fills_window: false,
            gap: 0,
            original: None,
            evidence: Evidence(0),
            confidence: Confidence::Certain,
        }
    }

    /// It brought bytes that had never been sent.
    pub const fn is_new(&self) -> bool {
        matches!(self.kind, Kind::New | Kind::NewAfterGap | Kind::Overtaken)
    }
}

/// What the sender's model must be told of the rest of the connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Surroundings {
    /// Smallest round trips from the capture point to the sender and to its peer.
    pub halves: Halves,
    /// SACK was negotiated or seen.
    pub sack: bool,
    /// The peer's packets are in the capture.
    pub heard_peer: bool,
    /// The segment's ACK field as a position of the peer's stream.
    pub ack: u64,
    /// The segment may be a keep-alive or a probe by its flags: no SYN, FIN or RST.
    pub plain: bool,
    /// Payload of a full segment of the sender.
    pub segment_size: u32,
    /// Largest step backwards of the capture's clock on this connection: packets may be so far from where they belong.
    pub regress: Nanos,
    /// A larger payload is a super-packet.
    pub largest_segment: u32,
}

/// What is large for a segment of the sender.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Payload of a full segment.
    pub usual: u32,
    /// A larger payload is a super-packet.
    pub largest: u32,
}

impl Surroundings {
    /// What is large for a segment of the sender.
    #[inline]
    pub const fn sizes(&self) -> Sizes {
        Sizes { usual: self.segment_size, largest: self.largest_segment }
    }

    /// The full round trip, at least.
    pub fn round_trip(&self) -> Option<Nanos> {
        self.halves.round_trip()
    }

    /// The capture point is at the peer: its half is short in itself and next to the other.
    pub fn at_peer(&self) -> bool {
        matches!((self.halves.sender, self.halves.peer), (Some(s), Some(p)) if p < AT_HOST && s.0 > 9 * p.0)
    }

    /// The capture point is at the sender.
    pub fn at_sender(&self) -> bool {
        matches!((self.halves.sender, self.halves.peer), (Some(s), Some(p)) if s < AT_HOST && p.0 > 9 * s.0)
    }
}

/// A host answers a capture point on itself within this time (`semantics.md` 0, vantage).
pub const AT_HOST: Nanos = Nanos::from_micros(300);
