//! What is kept of a connection in trouble only: most connections lose nothing, and never need it.

use std::collections::VecDeque;

use super::exposed::Exposed;
use super::loss::Loss;
use super::recovery::Recovery;
use super::scoreboard::{Pieces, Scoreboard};
use crate::base::packed::packed;
use crate::base::{Maybe, Segment, Timestamp};

/// So many copies are remembered until their D-SACKs come.
const COPIES: usize = 16;

/// One sender's trouble.
#[derive(Clone, Debug, Default)]
pub struct Trouble {
    /// Its loss recovery.
    pub recovery: Recovery,
    /// Retransmissions and the like, counted.
    pub loss: Loss,
    /// What it has heard of its losses.
    pub heard: Heard,
    /// Where the peer has told of holes.
    pub exposed: Exposed,
    /// The first ACK that told the peer's view of a hole: a duplicate or SACK since the last advance.
    pub hole_exposed: Maybe<Timestamp>,
    /// What was SACKed before.
    pub scoreboard: Scoreboard,
    /// What the last ACK has SACKed, until it is on its way to the sender.
    pub sacked: Option<Pieces>,
    /// What the ACKs have SACKed that are on their way to it, in their order.
    pub sacks_on_way: VecDeque<Pieces>,
    /// SACK blocks about its data that make sense, and that do not.
    pub sack_blocks: (u32, u32),
    /// Duplicate ACKs in a row, and what they acknowledge.
    pub duplicates: (u64, u32),
    /// Ranges of copies that came by: a D-SACK may be for them.
    pub copied: Vec<(u64, u64)>,
    /// A byte was sent into a closed window: it counts as data once it is acknowledged or sent again.
    pub probe_byte: Maybe<u64>,
    /// Data below was refused with its Fast Open SYN.
    pub refused_to: u64,
    /// When a router said that a packet was too big.
    pub too_big: Maybe<Timestamp>,
}

packed! {
    Trouble {
        [hole_exposed, probe_byte, refused_to, too_big, sack_blocks]
        recovery, loss, heard, exposed, scoreboard, sacked, sacks_on_way, duplicates, copied
    }
}

/// What the peer's ACKs told a sender of its losses, as they arrived.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heard {
    /// Duplicate ACKs since the last advance.
    pub dup_acks: u32,
    /// Since when it has known of three of them (RFC 5681 3.2).
    pub dup_acks_since: Maybe<Timestamp>,
    /// Highest position that is known to have been SACKed.
    pub sacked_to: u64,
    /// When it can have heard of the window's reopening, if it was closed before.
    pub reopened: Maybe<Timestamp>,
}

packed! { Heard { [dup_acks, dup_acks_since, sacked_to, reopened] } }

impl Heard {
    /// An ACK that advances arrived.
    pub fn on_advance(&mut self) {
        self.dup_acks = 0;
        self.dup_acks_since = Maybe::NONE;
    }

    /// An ACK arrived.
    pub fn on_ack(&mut self, arrival: Timestamp, advanced: bool, duplicate: bool) {
        if advanced {
            self.on_advance();
        } else if duplicate {
            self.dup_acks = self.dup_acks.saturating_add(1);
            if self.dup_acks == 3 {
                self.dup_acks_since.set(arrival);
            }
        }
    }
}

impl Trouble {
    /// From now on there is some.
    #[inline]
    pub fn of(trouble: &mut Option<Box<Self>>) -> &mut Self {
        trouble.get_or_insert_with(Self::begin)
    }

    /// It is large, and seldom begins: nothing of that is to stand in the way of those who have none.
    #[cold]
    #[inline(never)]
    fn begin() -> Box<Self> {
        Box::default()
    }

    /// Nearly all SACK blocks make no sense: something on the path rewrites sequence numbers and not these.
    pub const fn sacks_are_rewritten(&self) -> bool {
        let (good, bad) = self.sack_blocks;
        bad >= 10 && bad >= 9 * good
    }

    /// A copy of one of the sender's segments came by.
    pub fn on_copy(&mut self, segment: &Segment, lo: u64) {
        if self.copied.len() >= COPIES {
            self.copied.remove(0);
        }
        self.copied.push((lo, lo + u64::from(segment.payload_len)));
    }

    /// A D-SACK for `[lo, hi)`: is it for a copy that came by? It is for one only.
    pub fn take_copy(&mut self, lo: u64, hi: u64) -> bool {
        let copy = self.copied.iter().position(|&(l, h)| l <= lo && hi <= h);
        copy.map(|at| self.copied.remove(at)).is_some()
    }

    /// The peer acknowledges `una` once more: it lacks what begins there. The third time makes a sender believe it (RFC 5681 3.2).
    pub fn on_duplicate_ack(&mut self, t: Timestamp, una: u64) {
        self.hole_exposed.set_if_none(t);
        self.duplicates = if self.duplicates.0 == una { (una, self.duplicates.1 + 1) } else { (una, 1) };
        if self.duplicates.1 == 3 {
            self.exposed.add(una, una + 1);
        }
    }

    /// An ACK that advances arrived at the sender, and nothing is under way.
    pub fn on_advance(&mut self) {
        self.heard.on_advance();
        self.recovery.on_advance();
    }

    /// New data changes something: a byte stands for a probe, or the recovery after a timeout has sent nothing new.
    pub fn awaits_data(&self) -> bool {
        self.probe_byte.is_some() || self.recovery.awaits_data()
    }

    /// The next data went out: no byte stands for a probe any more.
    pub fn on_expected(&mut self) {
        self.probe_byte = Maybe::NONE;
        self.recovery.on_new_data();
    }

    /// The byte that was sent into a closed window, if one was: it is no probe any more.
    pub fn take_probe_byte(&mut self) -> Option<u64> {
        self.probe_byte.take()
    }
}
