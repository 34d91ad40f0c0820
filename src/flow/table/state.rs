//! Where the state of a connection is: at hand, or packed, for a time of silence.
//!
//! Most of what is known of a connection are numbers that nobody has needed yet, and packed they take next to no room: a connection that is
//! open and silent takes a quarter of what it takes at hand. No result depends on who is packed when.

use super::FlowState;
use crate::base::packed::Room;
use crate::base::{FlowKey, Segment, Timestamp};

/// The state of a live connection.
#[derive(Debug)]
pub(super) enum State<C> {
    /// As it is.
    Awake(Box<C>),
    /// As [`FlowState::pack`] made it.
    Asleep(Box<[u8]>),
}

impl<C: FlowState> State<C> {
    /// The state, if it is at hand.
    #[inline]
    pub fn awake(&mut self) -> Option<&mut C> {
        match self {
            State::Awake(state) => Some(state),
            State::Asleep(_) => None,
        }
    }

    /// It is packed.
    #[inline]
    pub const fn is_asleep(&self) -> bool {
        matches!(self, State::Asleep(_))
    }

    /// The state, which is at hand from now on. There always is one: what was packed can be unpacked.
    #[inline]
    pub fn wake(&mut self, room: &mut Room) -> Option<&mut C> {
        if let State::Asleep(packed) = self {
            *self = State::Awake(C::unpack(packed, room)?);
        }
        self.awake()
    }

    /// Takes the state out; there always is one.
    pub fn take(self, room: &mut Room) -> Option<Box<C>> {
        match self {
            State::Awake(state) => Some(state),
            State::Asleep(packed) => C::unpack(&packed, room),
        }
    }

    /// Packs it, by way of `room`. False if it is packed already, or cannot be now.
    pub fn fall_asleep(&mut self, room: &mut Room) -> bool {
        let State::Awake(state) = self else { return false };
        let Some(packed) = state.pack(room) else { return false };
        *self = State::Asleep(Box::from(packed));
        true
    }

    /// It is of this four-tuple.
    #[inline]
    pub fn has_key(&self, key: &FlowKey) -> bool {
        match self {
            State::Awake(state) => state.key() == key,
            State::Asleep(packed) => C::peek(packed).is_some_and(|(packed, _)| packed == *key),
        }
    }

    /// Time of its last packet.
    pub fn last(&self) -> Timestamp {
        match self {
            State::Awake(state) => state.last(),
            State::Asleep(packed) => C::peek(packed).map_or_else(Timestamp::default, |(_, last)| last),
        }
    }

    /// Bytes of memory that it takes, about.
    pub fn footprint(&self) -> usize {
        match self {
            State::Awake(state) => state.footprint(),
            State::Asleep(packed) => packed.len(),
        }
    }

    /// Reads a little of all that a segment of it will need, and makes a meaningless number of it.
    #[inline]
    pub fn warm(&self, segment: &Segment) -> usize {
        match self {
            State::Awake(state) => state.warm(segment),
            State::Asleep(packed) => packed.iter().step_by(64).map(|&byte| usize::from(byte)).sum(),
        }
    }
}
