//! What is kept of a SYN or SYN-ACK and of its repetitions.

use crate::base::packed::packed;
use crate::base::{Segment, SegmentBits, Seq, TcpFlags, Timestamp};

/// Copies of a SYN whose times are kept, to tell by the echo which one was answered. Linux sends seven, eleven since 6.5.
const COPIES: usize = 12;

/// One copy of a SYN or SYN-ACK.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// When it passed.
    pub t: Timestamp,
    /// Its frame.
    pub frame: u64,
    /// Its `TSval`, if any.
    pub tsval: Option<u32>,
}

packed! { Sent { [t, frame, tsval] } }

impl Sent {
    fn of(segment: &Segment) -> Self {
        Self { t: segment.ts, frame: segment.frame, tsval: segment.timestamp() }
    }
}

/// What a SYN or SYN-ACK says.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "as in the segment")]
pub struct Syn {
    pub seq: Seq,
    pub payload_len: u32,
    pub tsval: u32,
    pub bits: SegmentBits,
    pub flags: TcpFlags,
    pub mss: Option<u16>,
    pub window_scale: u8,
}

packed! { Syn { [seq, tsval, bits; flags, window_scale, mss] [payload_len] } }

const _: () = assert!(size_of::<Option<Opening>>() <= 40);

impl Syn {
    fn of(segment: &Segment) -> Self {
        let &Segment { seq, payload_len, tsval, bits, flags, window_scale, .. } = segment;
        let mss = bits.has(SegmentBits::MSS).then_some(segment.mss);
        Self { seq, payload_len, tsval, bits, flags, mss, window_scale }
    }

    fn timestamp(&self) -> Option<u32> {
        self.bits.has(SegmentBits::TIMESTAMPS).then_some(self.tsval)
    }

    /// It has the Fast Open option.
    pub fn offers_fast_open(&self) -> bool {
        self.bits.any(SegmentBits::FAST_OPEN_COOKIE.with(SegmentBits::FAST_OPEN_REQUEST))
    }
}

/// The SYN or the SYN-ACK, with its repetitions.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Of the segment that counts: the first, or the one whose sequence number went into use.
    pub syn: Syn,
    /// Time of the first.
    pub first_t: Timestamp,
    again: Option<Box<Again>>,
}

packed! { Opening { [first_t] syn, again } }

/// The repetitions.
#[derive(Clone, Debug, Default)]
struct Again {
    /// How many.
    count: u32,
    /// `TSval` of the first of all, if any.
    first_tsval: Option<u32>,
    sent: Vec<Sent>,
    /// One came without the Fast Open option.
    plain: bool,
}

packed! { Again { [count, first_tsval; plain] sent } }

impl Opening {
    /// The first copy.
    pub fn new(segment: &Segment) -> Self {
        Self { syn: Syn::of(segment), first_t: segment.ts, again: None }
    }

    /// How often it came, repetitions included.
    pub fn count(&self) -> u32 {
        self.again.as_ref().map_or(1, |again| 1 + again.count)
    }

    /// Another copy.
    pub fn again(&mut self, segment: &Segment) {
        let first_tsval = self.syn.timestamp();
        let again = self.again.get_or_insert_with(|| Box::new(Again { first_tsval, ..Again::default() }));
        again.count += 1;
        if again.sent.len() + 1 < COPIES {
            again.sent.push(Sent::of(segment));
        }
        let syn = Syn::of(segment);
        again.plain |= !syn.offers_fast_open() && segment.payload_len == 0;
        if self.syn.seq != syn.seq {
            self.syn = syn;
        }
    }

    /// One came again, and without the Fast Open option.
    pub fn plain_again(&self) -> bool {
        self.again.as_ref().is_some_and(|again| again.plain)
    }

    /// All behind the first whose times are kept.
    pub fn repetitions(&self) -> impl DoubleEndedIterator<Item = &Sent> {
        self.again.iter().flat_map(|again| &again.sent)
    }

    /// Time and `TSval` of all whose times are kept.
    pub fn copies(&self) -> impl DoubleEndedIterator<Item = (Timestamp, Option<u32>)> {
        let again = self.repetitions().map(|sent| (sent.t, sent.tsval));
        let first_tsval = self.again.as_ref().map_or_else(|| self.syn.timestamp(), |again| again.first_tsval);
        std::iter::once((self.first_t, first_tsval)).chain(again)
    }

    /// The copy that an answer at `t` with this echo was for: the only one, or the only one with that timestamp. `None`: it cannot be told.
    pub fn answered(&self, t: Timestamp, echo: Option<u32>) -> Option<Timestamp> {
        if self.again.is_none() {
            return Some(self.first_t).filter(|&sent| sent <= t);
        }
        let echo = echo?;
        let mut same = self.copies().filter(|&(sent, tsval)| sent <= t && tsval == Some(echo)).map(|(sent, _)| sent);
        let only = same.next()?;
        same.next().is_none().then_some(only)
    }

    /// The last copy before an answer at `t`.
    pub fn last_before(&self, t: Timestamp) -> Option<Timestamp> {
        self.copies().rev().map(|(sent, _)| sent).find(|&sent| sent <= t)
    }
}
