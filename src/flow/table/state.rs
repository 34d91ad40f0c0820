//! Where the state of a connection is: at hand, or packed, for a time of silence, or nowhere yet.
//!
//! Most of what is known of a connection are numbers that nobody has needed yet, and packed they take next to no room: a connection that is
//! open and silent takes a quarter of what it takes at hand. No result depends on who is packed when.

use super::FlowState;
use crate::base::packed::Room;

/// The state of a live connection.
#[derive(Debug)]
pub(super) enum State<C> {
    /// As it is.
    Awake(Box<C>),
    /// As [`FlowState::pack`] made it.
    Asleep(Box<[u8]>),
    /// All that is known of it are segments that nobody has looked at.
    Unread,
}

impl<C: FlowState> State<C> {
    /// The state, if it is at hand.
    #[inline]
    pub fn awake(&mut self) -> Option<&mut C> {
        match self {
            State::Awake(state) => Some(state),
            State::Asleep(_) | State::Unread => None,
        }
    }

    /// It is at hand.
    #[inline]
    pub const fn is_awake(&self) -> bool {
        matches!(self, State::Awake(_))
    }

    /// There is none yet.
    #[inline]
    pub const fn is_unread(&self) -> bool {
        matches!(self, State::Unread)
    }

    /// It is packed.
    #[inline]
    pub const fn is_asleep(&self) -> bool {
        matches!(self, State::Asleep(_))
    }

    /// The state, which is at hand from now on. There always is one where it was read: what was packed can be unpacked.
    #[inline]
    pub fn wake(&mut self, room: &mut Room) -> Option<&mut C> {
        if let State::Asleep(packed) = self {
            *self = State::Awake(C::unpack(packed, room)?);
        }
        self.awake()
    }

    /// Takes the state out; there is one where it was read.
    pub fn take(self, room: &mut Room) -> Option<Box<C>> {
        match self {
            State::Awake(state) => Some(state),
            State::Asleep(packed) => C::unpack(&packed, room),
            State::Unread => None,
        }
    }

    /// Packs it, by way of `room`. False if it is packed already, or cannot be now.
    pub fn fall_asleep(&mut self, room: &mut Room) -> bool {
        let State::Awake(state) = self else { return false };
        let Some(packed) = state.pack(room) else { return false };
        *self = State::Asleep(Box::from(packed));
        true
    }

    /// Bytes of memory that it takes, about.
    pub fn footprint(&self) -> usize {
        match self {
            State::Awake(state) => state.footprint(),
            State::Asleep(packed) => packed.len(),
            State::Unread => 0,
        }
    }
}
