//! A range of a stream, as it was sent: when and how often, and what became of it.

use crate::base::packed::{packed, packed_number};
use crate::base::{Segment, Timestamp};

/// What is said of a [`SentRange`] in one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(u8);

packed_number! { Marks(u8) }

impl Marks {
    /// A SACK block that covers it has passed the capture point.
    pub const SACKED: Marks = Marks(1 << 0);
    /// The sender knows that it was delivered: by SACK or by acknowledgement.
    pub const DELIVERED: Marks = Marks(1 << 1);
    /// It was captured out of the order of sending, so that its time says nothing about round trips.
    pub const LATE: Marks = Marks(1 << 2);
    /// It is larger than one segment: offload.
    pub const SUPER: Marks = Marks(1 << 3);
    /// It carries the FIN.
    pub const FIN: Marks = Marks(1 << 4);
    /// Its first copy had timestamps.
    const TIMED: Marks = Marks(1 << 5);
    /// It ends where its segment ended, so that an ACK of its end is an ACK of that segment.
    pub const SEGMENT_END: Marks = Marks(1 << 6);
    /// Its first transmission was lost before it came to the capture point.
    pub const LOST_UPSTREAM: Marks = Marks(1 << 7);

    /// All bits of `wanted` are set.
    pub const fn has(self, wanted: Marks) -> bool {
        self.0 & wanted.0 == wanted.0
    }

    /// At least one bit of `wanted` is set.
    pub const fn any(self, wanted: Marks) -> bool {
        self.0 & wanted.0 != 0
    }

    /// Sets the bits of `more`.
    pub const fn set(&mut self, more: Marks) {
        self.0 |= more.0;
    }

    /// Takes the bits of `less` away.
    pub const fn clear(&mut self, less: Marks) {
        self.0 &= !less.0;
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, more: Marks) -> Marks {
        Marks(self.0 | more.0)
    }
}

/// What tells the order in which two packets of one sender left it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// IPv4 identification, 0 where there is none.
    pub ip_id: u16,
    /// There was a timestamps option.
    pub timed: bool,
    /// Its `TSval`.
    pub tsval: u32,
}

packed! { Stamp { [; timed, ip_id, tsval] } }

/// A segment that carried a range, or, of a hole, the one that showed it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Transmission {
    /// When it passed.
    pub t: Timestamp,
    /// Its frame.
    pub frame: u64,
    /// Its number among the sender's transmissions; of a hole: that of the segment below it.
    pub no: u32,
    /// What tells when it was sent.
    pub stamp: Stamp,
}

packed! { Transmission { [t, frame, no] stamp } }

impl Transmission {
    /// The transmission number `no` of a sender.
    pub fn of(segment: &Segment, no: u32, stamp: Stamp) -> Self {
        Self { t: segment.ts, frame: segment.frame, no, stamp }
    }
}

/// A contiguous range of a stream, all bytes of which share one history. Of each connection some of them are kept, so they are small: the
/// position of its end and the details of its copies are put together when somebody asks.
#[derive(Clone, Debug, Default)]
pub struct SentRange {
    /// Position of its first byte.
    pub lo: u64,
    /// When its first copy passed.
    pub t: Timestamp,
    /// The frame of that.
    pub frame: u64,
    /// What came of it later, if anything did: hardly a range is sent again.
    later: Option<Box<Later>>,
    /// Its length in sequence space: no segment and no hole is longer than what can be told by sequence numbers.
    length: u32,
    /// Number of its first copy, as in [`Transmission`].
    pub no: u32,
    /// `TSval` of its first copy, if it was [`Marks::TIMED`].
    tsval: u32,
    /// IPv4 identification of its first copy, as in [`Stamp`].
    ip_id: u16,
    /// Copies that came by, saturating.
    pub copies: u8,
    /// See [`Marks`].
    pub marks: Marks,
}

const _: () = assert!(size_of::<SentRange>() <= 48);

packed! { SentRange { {lo} [t, frame, tsval; copies, marks, length; ip_id, no] later } }

/// Of a range that was sent again.
#[derive(Clone, Copy, Debug, Default)]
struct Later {
    /// Its last copy.
    last: Transmission,
    /// Retransmissions among its copies, saturating.
    resent: u8,
    /// Retransmissions among them that were not needed.
    spurious: u8,
}

packed! { Later { [; resent, spurious] last } }

impl SentRange {
    /// `[lo, hi)`, sent as `first`.
    #[inline]
    pub fn sent(lo: u64, hi: u64, first: Transmission, marks: Marks) -> Self {
        let Transmission { t, frame, no, stamp } = first;
        let length = (hi - lo) as u32;
        let mut range = Self { lo, t, frame, later: None, length, no, tsval: 0, ip_id: 0, copies: 1, marks };
        range.stamp_first(stamp);
        range
    }

    /// `[lo, hi)` is missing, as `shown` shows.
    pub fn hole(lo: u64, hi: u64, shown: Transmission) -> Self {
        Self { copies: 0, ..Self::sent(lo, hi, shown, Marks(0)) }
    }

    /// Position just behind its last byte.
    #[inline]
    pub const fn hi(&self) -> u64 {
        self.lo + self.length as u64
    }

    /// `position` is one of its bytes.
    #[inline]
    pub const fn holds(&self, position: u64) -> bool {
        position.wrapping_sub(self.lo) < self.length as u64
    }

    /// Cuts off what lies from `position` on, which is inside it.
    pub fn split_off(&mut self, position: u64) -> Self {
        let upper = Self { lo: position, length: (self.hi() - position) as u32, ..self.clone() };
        self.length = (position - self.lo) as u32;
        self.marks.clear(Marks::FIN.with(Marks::SEGMENT_END));
        upper
    }

    /// What tells when its first copy was sent.
    pub const fn stamp(&self) -> Stamp {
        Stamp { ip_id: self.ip_id, timed: self.marks.has(Marks::TIMED), tsval: self.tsval }
    }

    /// Its first copy was sent as `stamp` tells.
    #[inline]
    pub const fn stamp_first(&mut self, stamp: Stamp) {
        (self.ip_id, self.tsval) = (stamp.ip_id, stamp.tsval);
        self.marks = Marks((self.marks.0 & !Marks::TIMED.0) | (Marks::TIMED.0 * stamp.timed as u8));
    }

    /// Its first copy.
    pub const fn first(&self) -> Transmission {
        Transmission { t: self.t, frame: self.frame, no: self.no, stamp: self.stamp() }
    }

    /// Its last copy.
    #[inline]
    pub fn last(&self) -> Transmission {
        self.later.as_ref().map_or_else(|| self.first(), |later| later.last)
    }

    /// When its last copy passed.
    #[inline]
    pub fn last_t(&self) -> Timestamp {
        self.later.as_ref().map_or(self.t, |later| later.last.t)
    }

    /// It was sent again.
    pub fn send_again(&mut self, last: Transmission) {
        self.copies = self.copies.saturating_add(1);
        let later = self.later.get_or_insert_default();
        later.last = last;
        later.resent = later.resent.saturating_add(1);
    }

    /// What came by was a retransmission, for its original came behind it.
    pub fn take_for_resent(&mut self) {
        let first = self.first();
        let later = self.later.get_or_insert_with(|| Box::new(Later { last: first, ..Later::default() }));
        later.resent = later.resent.max(1);
    }

    /// One of its retransmissions was not needed.
    pub fn note_spurious(&mut self) {
        if let Some(later) = &mut self.later {
            later.spurious = later.spurious.saturating_add(1);
        }
    }

    /// How many of its copies were retransmissions, saturating.
    #[inline]
    pub fn resent(&self) -> u8 {
        self.later.as_ref().map_or(0, |later| later.resent)
    }

    /// It was sent again, and not all of that is known to have been in vain.
    #[inline]
    pub fn may_be_spurious(&self) -> bool {
        self.later.as_ref().is_some_and(|later| later.resent > later.spurious)
    }

    /// It was sent once, as far as one can see.
    #[inline]
    pub const fn sent_once(&self) -> bool {
        self.copies == 1 && self.later.is_none()
    }

    /// Its length in sequence space.
    pub const fn length(&self) -> u64 {
        self.length as u64
    }

    /// It never came by.
    pub const fn is_hole(&self) -> bool {
        self.copies == 0
    }

    /// Its payload: the length without the FIN.
    pub const fn payload(&self) -> u64 {
        self.length() - self.marks.has(Marks::FIN) as u64
    }
}
