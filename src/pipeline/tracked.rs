//! A connection as the table keeps it, and what is left of it afterwards.

use crate::base::packed::{Room, packed};
use crate::base::{FlowKey, Nanos, Segment, Side, Timestamp};
use crate::flow::{FlowState, MOST_WAITING, Outline, Placement};
use crate::tcp::{self, Connection, End, Fate};

/// How long a closed connection is remembered: Linux's TIME_WAIT.
const REMEMBER: Nanos = Nanos::from_secs(60);
/// Live: a SYN without an answer is given up after the longest common schedule's last wait (`semantics.md` 1).
pub const IDLE_OPENING: Nanos = Nanos::from_secs(75);
/// Live: longer than the two hours of a default keep-alive.
const IDLE_ESTABLISHED: Nanos = Nanos::from_secs(7500);
/// Live: half-closed connections.
const IDLE_HALF_CLOSED: Nanos = Nanos::from_secs(300);

/// One connection as the table keeps it.
#[derive(Debug, Default)]
pub struct Tracked {
    pub connection: Connection,
    pub first_frame: u64,
    pub encapsulation: u16,
    pub expires: bool,
}

packed! { Tracked { (connection) [first_frame] [; encapsulation, expires] } }

/// What is remembered of a connection whose row has left. Behind short connections there are several times as many of them as are open.
#[derive(Debug)]
pub struct Ghost {
    /// Number of the connection above a bit that tells which side was the client.
    whose: u64,
    last: Timestamp,
}

impl Ghost {
    /// The connection that it was.
    pub const fn flow_id(&self) -> u64 {
        self.whose >> 1
    }

    /// Which side of the key was the client.
    pub const fn client(&self) -> Side {
        if self.whose & 1 == 0 { Side::Lo } else { Side::Hi }
    }
}

impl Tracked {
    /// Makes it what it is by default; what its queues had for room stays.
    pub fn reset(&mut self) {
        self.connection.reset();
        (self.first_frame, self.encapsulation, self.expires) = (0, 0, false);
    }

    #[inline(never)]
    fn final_at(&self) -> Option<Timestamp> {
        self.connection.deadline().or_else(|| {
            let limit = match self.connection.phase() {
                tcp::Phase::Opening => IDLE_OPENING,
                tcp::Phase::Open => IDLE_ESTABLISHED,
                tcp::Phase::HalfClosed => IDLE_HALF_CLOSED,
            };
            self.expires.then(|| self.connection.last() + limit)
        })
    }
}

const _: () = assert!(
    (MOST_WAITING as u64 + 1) * tcp::Outline::STEP < tcp::Outline::MOST,
    "what waits leads no segment into doubt"
);

impl Outline for tcp::Outline {
    fn of_syn(syn: &Segment) -> Self {
        tcp::Outline::of_syn(syn)
    }

    #[inline(always)]
    fn takes(&mut self, segment: &Segment) -> bool {
        tcp::Outline::takes(self, segment)
    }

    fn linger(&self) -> Option<Nanos> {
        tcp::Outline::linger(self)
    }
}

impl FlowState for Tracked {
    type Outline = tcp::Outline;
    type Ghost = Ghost;
    type Reason = End;

    fn key(&self) -> &FlowKey {
        self.connection.key()
    }

    #[inline(always)]
    fn is_at_hand(&self, segment: &Segment) -> bool {
        self.connection.is_at_hand(segment)
    }

    fn place(&mut self, segment: &Segment) -> Placement {
        match self.connection.fate(segment) {
            Fate::Same => Placement::Same,
            Fate::New(held) => Placement::New(held),
            Fate::Held => Placement::Held,
            Fate::Stray => Placement::Stray,
        }
    }

    #[inline(always)]
    fn deadline(&self) -> Option<Timestamp> {
        if self.expires || self.connection.is_closing() { self.final_at() } else { None }
    }

    fn outline(&self) -> tcp::Outline {
        tcp::Outline::of(&self.connection)
    }

    fn expired() -> End {
        End::Timeout
    }

    fn ghost(&self, flow_id: u64) -> (Ghost, Timestamp) {
        let last = self.connection.last();
        let client = u64::from(self.connection.client_side() == Side::Hi);
        (Ghost { whose: flow_id << 1 | client, last }, last + REMEMBER)
    }

    fn haunts(ghost: &mut Ghost, segment: &Segment) -> bool {
        // Whatever opens no connection is a straggler; TIME_WAIT answers it or drops it.
        let late = !segment.flags.syn();
        if late {
            ghost.last = ghost.last.max(segment.ts);
        }
        late
    }

    fn last_of_ghost(ghost: &Ghost) -> Timestamp {
        ghost.last
    }

    fn last(&self) -> Timestamp {
        self.connection.last()
    }

    fn superseded() -> End {
        End::Superseded
    }

    fn evicted() -> End {
        End::Evicted
    }

    fn at_end() -> End {
        End::OpenAtEnd
    }

    fn take_held(&mut self) -> Vec<Segment> {
        self.connection.take_held()
    }

    fn pack<'r>(&self, room: &'r mut Room) -> Option<&'r [u8]> {
        (!self.connection.has_something_to_tell()).then(|| room.pack(self, self.last()))
    }

    fn unpack(packed: &[u8], room: &mut Room) -> Option<Box<Self>> {
        room.unpack(packed)
    }

    fn footprint(&self) -> usize {
        size_of::<Self>() + self.connection.heap()
    }
}
