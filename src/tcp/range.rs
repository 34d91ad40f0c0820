//! A range of a stream, as it was sent: when and how often, and what became of it.

use serde::{Deserialize, Serialize};

use crate::base::{Segment, Timestamp};

/// What is said of a [`SentRange`] in one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks(u8);

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// IPv4 identification, 0 where there is none.
    pub ip_id: u16,
    /// There was a timestamps option.
    pub timed: bool,
    /// Its `TSval`.
    pub tsval: u32,
}

/// A segment that carried a range, or, of a hole, the one that showed it.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
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

impl Transmission {
    /// The transmission number `no` of a sender.
    pub fn of(segment: &Segment, no: u32, stamp: Stamp) -> Self {
        Self { t: segment.ts, frame: segment.frame, no, stamp }
    }
}

/// A contiguous range of a stream, all bytes of which share one history.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SentRange {
    /// Position of its first byte.
    pub lo: u64,
    /// Position just behind its last byte.
    pub hi: u64,
    /// Its first copy.
    pub first: Transmission,
    /// Its last copy, if it was sent again: hardly a range is.
    again: Option<Box<Transmission>>,
    /// Copies that came by, saturating.
    pub copies: u8,
    /// Retransmissions among them.
    pub resent: u8,
    /// Retransmissions among them that were not needed.
    pub spurious: u8,
    /// See [`Marks`].
    pub marks: Marks,
}

const _: () = assert!(size_of::<SentRange>() <= 64);

impl SentRange {
    /// `[lo, hi)`, sent as `first`.
    pub fn sent(lo: u64, hi: u64, first: Transmission, marks: Marks) -> Self {
        Self { lo, hi, first, again: None, copies: 1, resent: 0, spurious: 0, marks }
    }

    /// `[lo, hi)` is missing, as `shown` shows.
    pub fn hole(lo: u64, hi: u64, shown: Transmission) -> Self {
        Self { copies: 0, ..Self::sent(lo, hi, shown, Marks(0)) }
    }

    /// Its last copy.
    pub fn last(&self) -> &Transmission {
        self.again.as_deref().unwrap_or(&self.first)
    }

    /// It was sent again.
    pub fn send_again(&mut self, last: Transmission) {
        self.copies = self.copies.saturating_add(1);
        self.resent = self.resent.saturating_add(1);
        match &mut self.again {
            Some(again) => **again = last,
            None => self.again = Some(Box::new(last)),
        }
    }

    /// It was sent once, as far as one can see.
    pub const fn sent_once(&self) -> bool {
        self.copies == 1 && self.resent == 0
    }

    /// Its length in sequence space.
    pub const fn length(&self) -> u64 {
        self.hi - self.lo
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
