//! What the table keeps: attempts, live connections and ghosts, each under a number.

use std::num::NonZeroU32;

use super::attempt::Attempt;
use super::state::State;
use crate::base::{FlowKey, Maybe, Timestamp};
use crate::flow::FlowState;
use crate::flow::journal::{Journal, Journals};
use crate::flow::slab::Slab;

/// A hash that is never zero, so that an empty place of a slab takes no room of its own.
pub(super) type ShortHash = NonZeroU32;

pub(super) fn short(hash: u64) -> ShortHash {
    NonZeroU32::MIN | hash as u32
}

/// A connection in the making or under way.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Live<C: FlowState> {
    pub key: FlowKey,
    pub hash: ShortHash,
    pub state: State<C>,
    pub flow_id: u64,
    /// When it is final, if nothing more comes; while segments wait, it may be later.
    pub deadline: Maybe<Timestamp>,
    /// The deadline with which it stands in the agenda.
    pub queued: Maybe<Timestamp>,
    /// The latest time of its packets.
    pub heard: Timestamp,
    /// Its last segments, which its state does not know of.
    pub journal: Journal,
    pub outline: C::Outline,
    pub footprint: u32,
    /// For how many milliseconds it has to be silent to be packed.
    pub patience: u16,
    /// The layers around its first segment.
    pub encapsulation: u16,
}

/// What is left of a connection.
#[derive(Debug)]
pub(super) struct Ghost<G> {
    pub key: FlowKey,
    pub hash: ShortHash,
    pub until: Timestamp,
    pub ghost: G,
}

const _: () =
    assert!(size_of::<Option<Ghost<[u64; 2]>>>() <= 64, "a block of them has a size that the allocator deals in");

/// The number of a record, with its kind in the two lowest bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Slot(pub u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Attempt = 0,
    Live = 1,
    Ghost = 2,
}

impl Slot {
    pub fn new(kind: Kind, number: u32) -> Self {
        Self(number << 2 | kind as u32)
    }

    pub fn kind(self) -> Kind {
        match self.0 & 3 {
            0 => Kind::Attempt,
            1 => Kind::Live,
            _ => Kind::Ghost,
        }
    }

    pub fn number(self) -> u32 {
        self.0 >> 2
    }
}

#[derive(Debug)]
pub(super) struct Records<C: FlowState> {
    pub attempts: Slab<Attempt>,
    pub live: Slab<Live<C>>,
    pub ghosts: Slab<Ghost<C::Ghost>>,
    pub journals: Journals,
}

impl<C: FlowState> Records<C> {
    pub fn has_key(&self, slot: Slot, key: &FlowKey) -> bool {
        let number = slot.number();
        match slot.kind() {
            Kind::Attempt => self.attempts.get(number).is_some_and(|r| r.key() == key),
            Kind::Live => self.live.get(number).is_some_and(|r| r.key == *key),
            Kind::Ghost => self.ghosts.get(number).is_some_and(|r| r.key == *key),
        }
    }

    /// The hash of a record.
    #[inline]
    pub fn hash(&self, slot: Slot) -> Option<ShortHash> {
        let number = slot.number();
        match slot.kind() {
            Kind::Attempt => self.attempts.get(number).map(|r| r.hash),
            Kind::Live => self.live.get(number).map(|r| r.hash),
            Kind::Ghost => self.ghosts.get(number).map(|r| r.hash),
        }
    }

    /// A record, if it is of a live connection.
    #[inline]
    pub fn live(&self, slot: Slot) -> Option<&Live<C>> {
        if slot.kind() == Kind::Live { self.live.get(slot.number()) } else { None }
    }

    /// Has a record fetched from memory.
    #[inline]
    pub fn prefetch(&self, slot: Slot) {
        match slot.kind() {
            Kind::Attempt => self.attempts.prefetch(slot.number()),
            Kind::Live => self.live.prefetch(slot.number()),
            Kind::Ghost => self.ghosts.prefetch(slot.number()),
        }
    }

    pub fn flow_id(&self, slot: Slot) -> u64 {
        let number = slot.number();
        match slot.kind() {
            Kind::Attempt => self.attempts.get(number).map_or(0, |r| r.flow_id),
            Kind::Live => self.live.get(number).map_or(0, |r| r.flow_id),
            Kind::Ghost => 0,
        }
    }
}
