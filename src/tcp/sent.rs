//! The sender's retransmission queue as an observer rebuilds it: which bytes were sent, how often, and what became of them.
//!
//! One ordered queue covers the stream without a gap from its floor to the highest byte sent. A range that never came by
//! ("hole") stands in it like any other, with no copies; so "seen before?" is a look at one entry.

use std::collections::VecDeque;
use std::ops::Range;

use crate::base::{Nanos, Timestamp};

/// What is said of a [`SentRange`] in one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// IPv4 identification, 0 where there is none.
    pub ip_id: u16,
    /// There was a timestamps option.
    pub timed: bool,
    /// Its `TSval`.
    pub tsval: u32,
}

/// A contiguous range of a stream, all bytes of which share one history.
#[derive(Clone, Copy, Debug, Default)]
pub struct SentRange {
    /// Position of its first byte.
    pub lo: u64,
    /// Position just behind its last byte.
    pub hi: u64,
    /// When its first copy came by; of a hole: when it became apparent.
    pub first_t: Timestamp,
    /// When its last copy came by.
    pub last_t: Timestamp,
    /// Frame of its first copy; of a hole: of the segment that showed it.
    pub first_frame: u64,
    /// Frame of its last copy.
    pub last_frame: u64,
    /// Number of its first copy among the sender's transmissions; of a hole: that of the segment below it.
    pub first_no: u32,
    /// Number of its last copy.
    pub last_no: u32,
    /// Order evidence of its first copy.
    pub first: Stamp,
    /// Order evidence of its last copy.
    pub last: Stamp,
    /// Copies that came by, saturating.
    pub copies: u8,
    /// Retransmissions among them.
    pub resent: u8,
    /// Retransmissions among them that were not needed.
    pub spurious: u8,
    /// See [`Marks`].
    pub marks: Marks,
}

impl SentRange {
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

/// Most ranges that one direction keeps; beyond it the oldest are forgotten. 4096 segments in flight are 6 MB.
const CAPACITY: usize = 4096;
/// So many forgotten holes are remembered, in case their bytes come by after all.
const FORGOTTEN: usize = 64;
/// Ranges that were sent once and acknowledged are kept for so many more, to recognise a late original.
const KEEP_ACKED: usize = 64;

/// The queue.
#[derive(Clone, Debug, Default)]
pub struct SentQueue {
    ranges: VecDeque<SentRange>,
    /// Bytes of holes that were forgotten after they had been acknowledged, and where the last of them were.
    missed: u64,
    forgotten: Vec<(u64, u64)>,
    capped: bool,
}

impl SentQueue {
    /// Appends a range at the upper end.
    pub fn push(&mut self, range: SentRange) {
        if range.hi <= range.lo {
            return;
        }
        if self.ranges.len() >= CAPACITY {
            self.capped = true;
            self.forget_oldest();
        }
        self.ranges.push_back(range);
    }

    /// All ranges, lowest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &SentRange> {
        self.ranges.iter()
    }

    /// The range at `index`.
    pub fn get(&self, index: usize) -> Option<&SentRange> {
        self.ranges.get(index)
    }

    /// The range at `index`, to change it.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut SentRange> {
        self.ranges.get_mut(index)
    }

    /// Lowest position that it still knows.
    pub fn floor(&self) -> Option<u64> {
        self.ranges.front().map(|r| r.lo)
    }

    /// How many ranges it holds.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// It holds none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Bytes of memory that it takes beside its own size.
    pub fn heap(&self) -> usize {
        self.ranges.capacity() * size_of::<SentRange>()
    }

    /// The bound of its memory was hit.
    pub const fn capped(&self) -> bool {
        self.capped
    }

    /// Index of the first range that ends above `position`.
    pub fn index_above(&self, position: u64) -> usize {
        // Most questions are about one of the two ends.
        match self.ranges.front() {
            Some(front) if front.hi > position => 0,
            None => 0,
            Some(_) => self.ranges.partition_point(|r| r.hi <= position),
        }
    }

    /// Index of the first range at or above `position`, after a boundary was made there.
    fn split(&mut self, position: u64) -> usize {
        let index = self.index_above(position);
        let Some(range) = self.ranges.get_mut(index) else { return index };
        if range.lo >= position {
            return index;
        }
        let mut upper = *range;
        range.hi = position;
        range.marks.clear(Marks::FIN.with(Marks::SEGMENT_END));
        upper.lo = position;
        self.ranges.insert(index + 1, upper);
        index + 1
    }

    /// Indices of the ranges that make up `[lo, hi)`, as far as it is known, cut to fit exactly.
    pub fn cut(&mut self, lo: u64, hi: u64) -> Range<usize> {
        if hi <= lo {
            return 0..0;
        }
        let start = self.split(lo);
        let end = self.split(hi);
        start..end.max(start)
    }

    /// Payload bytes of holes below `una`: acknowledged, but never seen.
    pub fn missing(&self, una: u64) -> u64 {
        let held: u64 =
            self.ranges.iter().take_while(|r| r.lo < una).filter(|r| r.is_hole()).map(|r| r.payload()).sum();
        self.missed + held
    }

    /// Forgets what was acknowledged, as the capture (`una`) and as the sender knows it (`una_known`), once nothing can come of it any more:
    /// what was sent once soon, what was repeated or is missing after `keep`.
    pub fn prune(&mut self, una: u64, una_known: u64, now: Timestamp, keep: Nanos) {
        let acked = una.min(una_known);
        while let Some(front) = self.ranges.front() {
            let plain = front.copies == 1 && front.resent == 0;
            let old = now - front.last_t > keep;
            if front.hi > acked || !(old || plain && self.ranges.len() > KEEP_ACKED) {
                break;
            }
            self.forget_oldest();
        }
    }

    /// Forgets what lies below `position`, acknowledged or not: for a direction whose ACKs are not captured.
    pub fn prune_below(&mut self, position: u64) {
        while self.ranges.front().is_some_and(|r| r.hi <= position) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(front) = self.ranges.pop_front()
            && front.is_hole()
        {
            self.missed += front.payload();
            if self.forgotten.len() >= FORGOTTEN {
                self.forgotten.remove(0);
            }
            self.forgotten.push((front.lo, front.lo + front.payload()));
        }
    }

    /// Bytes of `[lo, hi)` come by after all that were missing and forgotten: how many.
    pub fn recover(&mut self, lo: u64, hi: u64) -> u64 {
        let mut found = 0;
        for hole in &mut self.forgotten {
            let (from, to) = (hole.0.max(lo), hole.1.min(hi));
            if from < to {
                found += to - from;
                // What is left of it on the longer side; the other is not worth another entry.
                *hole = if from - hole.0 > hole.1 - to { (hole.0, from) } else { (to, hole.1) };
            }
        }
        self.forgotten.retain(|hole| hole.0 < hole.1);
        self.missed = self.missed.saturating_sub(found);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(lo: u64, hi: u64) -> SentRange {
        SentRange { lo, hi, copies: 1, ..SentRange::default() }
    }

    #[test]
    fn cutting_keeps_the_stream_whole() {
        let mut q = SentQueue::default();
        q.push(range(0, 1000));
        q.push(range(1000, 3000));
        let cut = q.cut(500, 2000);
        assert_eq!(cut, 1..3);
        let bounds: Vec<_> = q.iter().map(|r| (r.lo, r.hi)).collect();
        assert_eq!(bounds, [(0, 500), (500, 1000), (1000, 2000), (2000, 3000)]);
        assert_eq!(q.cut(2000, 9000), 3..4);
    }

    #[test]
    fn acknowledged_holes_are_missing_bytes_even_when_forgotten() {
        let mut q = SentQueue::default();
        q.push(range(0, 10));
        q.push(SentRange { copies: 0, ..range(10, 30) });
        q.push(range(30, 40));
        assert_eq!(q.missing(40), 20);
        q.prune(40, 40, Timestamp(10), Nanos(1));
        assert!(q.is_empty());
        assert_eq!(q.missing(40), 20);
    }
}
