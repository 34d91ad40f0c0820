//! What is on its way from the capture point to a sender (`semantics.md` 0): what packets of its peer tell it, and when that arrives.

use crate::base::packed::{Pack, Sink, Source, packed, packed_number};
use crate::base::{Maybe, Nanos, Timestamp};

/// What one packet of the peer tells the sender.
#[derive(Clone, Debug, Default)]
pub struct News {
    /// When it passed the capture point.
    pub t: Timestamp,
    /// What it acknowledges, as a position of the sender's stream.
    pub ack: u64,
    /// Its own end, as a position of the peer's stream.
    pub seq_end: u64,
    /// Its `TSval` and `TSecr`, if it is timed.
    pub stamps: (u32, u32),
    /// How much the window that it offers lets in beyond what it acknowledges; none where the scale is unknown or the window does not count.
    pub room: Maybe<u32>,
    /// It has timestamps.
    pub timed: bool,
    /// It takes sequence space of its own.
    pub has_data: bool,
    /// See [`Says`].
    pub says: Says,
}

packed! { News { {ack} [t, seq_end, room; timed, has_data, says] stamps } }

/// What is said of [`News`] in one bit each.
#[derive(Clone, Copy, Debug, Default)]
pub struct Says(u8);

packed_number! { Says(u8) }

impl Says {
    /// It closes the window.
    pub const ZERO_WINDOW: Says = Says(1 << 0);
    /// It is a duplicate ACK (RFC 5681), or a selective one with news (RFC 6675).
    pub const DUPLICATE: Says = Says(1 << 1);
    /// It SACKs something that was not SACKed before: that waits in [`Trouble`](super::trouble::Trouble).
    pub const SACKS: Says = Says(1 << 2);
    /// It says nothing that what went before it did not say: see [`Knowledge::send`](super::knowledge::Knowledge::send).
    pub const QUIET: Says = Says(1 << 3);
    /// With one of these it is not quiet.
    pub const LOUD: Says = Says(Self::ZERO_WINDOW.0 | Self::DUPLICATE.0 | Self::SACKS.0);

    /// At least one bit of `wanted` is set.
    #[inline]
    pub const fn any(self, wanted: Says) -> bool {
        self.0 & wanted.0 != 0
    }

    /// No bit is set.
    #[inline]
    pub const fn says_nothing(self) -> bool {
        self.0 == 0
    }

    /// With the bits of `more` if `yes`.
    #[inline]
    #[must_use]
    pub const fn with_if(self, more: Says, yes: bool) -> Says {
        if yes { Says(self.0 | more.0) } else { self }
    }
}

impl News {
    /// Right edge of the window that it offers.
    #[inline]
    pub fn edge(&self) -> Option<u64> {
        self.room.get().map(|room| self.ack + u64::from(room))
    }

    /// Its `TSecr`, if any.
    pub fn echo(&self) -> Option<u32> {
        self.timed.then_some(self.stamps.1)
    }

    /// What the sender echoes, up to `echo`, and what it acknowledges show that it had not had this when it sent `reader`.
    #[inline]
    fn is_unheard(&self, echo: Option<u32>, reader: &Reader) -> bool {
        let later = echo.is_some_and(|echo| self.timed && self.stamps.0.wrapping_sub(echo) as i32 > 0);
        later && !self.has_data && self.seq_end <= reader.ack
    }

    /// The sender had it when it sent `reader`.
    #[inline(always)]
    pub fn has_arrived(&self, echo: Option<u32>, reader: &Reader) -> bool {
        self.t <= reader.latest() && !self.is_unheard(echo, reader)
    }
}

/// Packets of the peer in a row that bear data and repeat an ACK and a window: no more than signs of life.
#[derive(Clone, Debug, Default)]
pub struct Signs {
    /// When the first of them passed the capture point, and by how many nanoseconds the others later.
    first: Timestamp,
    later: [u32; 2],
    /// What they acknowledge, again.
    pub ack: u64,
    /// What they offer, again: see [`News::room`].
    pub room: Maybe<u32>,
    written: u8,
    read: u8,
}

packed! { Signs { {ack} [first, room, later; written, read] } }

impl Signs {
    /// One that passed at `t`, which repeats `ack` and `room`.
    pub fn new(t: Timestamp, ack: u64, room: Maybe<u32>) -> Self {
        Self { first: t, later: [0; 2], ack, room, written: 1, read: 0 }
    }

    /// Another one passed at `t`. False if there is no room for it, or it did not pass soon after the first.
    #[inline]
    pub fn add(&mut self, t: Timestamp) -> bool {
        let Some(place) = self.later.get_mut(usize::from(self.written) - 1) else { return false };
        let Ok(later) = u32::try_from(t.0.wrapping_sub(self.first.0) as u64) else { return false };
        *place = later;
        self.written += 1;
        true
    }

    /// When the one of this number passed.
    #[inline]
    fn time(&self, number: u8) -> Timestamp {
        let later = usize::from(number).checked_sub(1).and_then(|at| self.later.get(at)).copied();
        self.first + Nanos(later.unwrap_or(0).into())
    }

    /// When the latest of them passed, if none was taken before, and all passed up to `latest`, as is nearly always so.
    #[inline]
    pub fn all_to(&self, latest: Timestamp) -> Option<Timestamp> {
        let [second, third] = self.later;
        let newest = self.first + Nanos(second.max(third).into());
        (self.read == 0 && newest <= latest).then_some(newest)
    }

    /// When all of them passed.
    pub fn times(&self) -> impl Iterator<Item = Timestamp> + '_ {
        (0..self.written).map(|number| self.time(number))
    }

    /// When the next one passed.
    #[inline]
    pub fn next(&self) -> Timestamp {
        self.time(self.read)
    }

    /// The next one has arrived. True if it was the last.
    #[inline]
    pub fn take(&mut self) -> bool {
        self.read += 1;
        !self.is_left()
    }

    /// There are some that have not arrived.
    #[inline]
    pub fn is_left(&self) -> bool {
        self.read < self.written
    }

    /// Takes those that passed up to `latest`, as far as they come first. The latest of them, if there is one.
    #[inline]
    pub fn take_to(&mut self, latest: Timestamp) -> Option<Timestamp> {
        if let Some(newest) = self.all_to(latest) {
            self.read = self.written;
            return Some(newest);
        }
        let mut last = None;
        while self.is_left() {
            let next = self.next();
            if next > latest {
                break;
            }
            last = last.max(Some(next));
            self.read += 1;
        }
        last
    }
}

/// What has arrived at the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// News, for [`Knowledge::open`](super::knowledge::Knowledge::open).
    News,
    /// No more than a sign of life.
    Sign,
}

/// What is on its way to the sender.
#[derive(Clone, Debug)]
pub enum Letter {
    /// What one packet tells.
    News(News),
    /// That some passed.
    Signs(Signs),
}

const _: () = assert!(size_of::<Letter>() <= 40);

impl Pack for Letter {
    fn pack(&self, sink: &mut Sink<'_>) {
        sink.mark(matches!(self, Self::Signs(_)));
        match self {
            Self::News(news) => news.pack(sink),
            Self::Signs(signs) => signs.pack(sink),
        }
    }

    fn unpack(source: &mut Source<'_>) -> Self {
        if source.mark() { Self::Signs(Pack::unpack(source)) } else { Self::News(Pack::unpack(source)) }
    }
}

impl Letter {
    /// When it passed the capture point, or the next of its signs did.
    #[inline]
    pub fn next(&self) -> Timestamp {
        match self {
            Letter::News(news) => news.t,
            Letter::Signs(signs) => signs.next(),
        }
    }
}

/// What a packet of the sender shows of its knowledge.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// When it passed the capture point.
    pub t: Timestamp,
    /// The smallest round trip between the capture point and the sender.
    pub half: Option<Nanos>,
    /// What passed the capture point so long before it, or longer, can have reached the sender.
    pub lag: Nanos,
    /// Its own ACK field, as a position of the peer's stream.
    pub ack: u64,
}

impl Reader {
    /// What passed the capture point later than this cannot have reached the sender.
    #[inline]
    pub fn latest(&self) -> Timestamp {
        self.t - self.lag
    }

    /// When that reached the sender which passed at `t`.
    #[inline]
    pub fn arrival(&self, t: Timestamp) -> Timestamp {
        arrival(t, self.half, self.t)
    }
}

/// When that reached the sender which passed at `passed`, and before the sender sent what passes at `t`: a round trip later, which is `half`.
#[inline]
pub fn arrival(passed: Timestamp, half: Option<Nanos>, t: Timestamp) -> Timestamp {
    (passed + half.unwrap_or(Nanos::ZERO)).min(t)
}
