//! The sender's retransmission queue as an observer rebuilds it: which bytes were sent, how often, and what became of them.
//!
//! One ordered queue covers the stream without a gap from its floor to the highest byte sent. A range that never came by
//! ("hole") stands in it like any other, with no copies; so "seen before?" is a look at one entry.

use std::collections::VecDeque;
use std::ops::Range;

pub use super::range::{Marks, SentRange, Stamp, Transmission};
use crate::base::packed::packed;
use crate::base::{Maybe, Nanos, Timestamp};

/// Most ranges that one direction keeps; beyond it the oldest are forgotten. 4096 segments in flight are 6 MB.
const CAPACITY: usize = 4096;
/// There is room for so many at first: a request or a response and a FIN, which is all that many senders of short connections send.
const RANGES: usize = 2;
/// So many forgotten holes are remembered, in case their bytes come by after all.
const FORGOTTEN: usize = 64;
/// Ranges that were sent once and acknowledged are kept while there are no more than so many, to recognise a late original.
const KEEP_ACKED: usize = 8;
/// A piece that is cut out begins with one of so many ranges from where the last one began, or it is looked for.
const NEAR: usize = 4;
/// Whatever may become of a range that was acknowledged becomes of it within this time, or within two round trips.
const SETTLED: Nanos = Nanos::from_secs(1);

/// The queue.
#[derive(Clone, Debug, Default)]
pub struct SentQueue {
    ranges: VecDeque<SentRange>,
    missed: Option<Box<Missed>>,
    /// How many ranges at the front were acknowledged when that was looked for last, by what passed the capture point and by what arrived at
    /// the sender: where to look next.
    passed: u16,
    arrived: u16,
    /// Where the last question of [`SentQueue::cut`] led to: the next is about the same, or about what follows.
    last_cut: u16,
    capped: bool,
    /// Until then the range at the front is not old; none where that is to be found out again.
    fresh_until: Maybe<Timestamp>,
    /// The range at the front is missing or was sent again: it stays until it is old. To be believed only with the above.
    stays: bool,
}

packed! { SentQueue { [fresh_until; stays, capped, passed, arrived] ranges, missed; without last_cut } }

/// Holes that were forgotten after they had been acknowledged.
#[derive(Clone, Debug, Default)]
struct Missed {
    bytes: u64,
    /// Where the last of them were.
    holes: Vec<(u64, u64)>,
}

packed! { Missed { [bytes] holes } }

impl Missed {
    /// A hole is forgotten.
    fn note(&mut self, lo: u64, bytes: u64) {
        self.bytes += bytes;
        if self.holes.len() >= FORGOTTEN {
            self.holes.remove(0);
        }
        self.holes.push((lo, lo + bytes));
    }
}

impl SentQueue {
    /// Appends a range, which is not empty, at the upper end.
    #[inline]
    pub fn push(&mut self, range: SentRange) {
        if self.ranges.len() >= CAPACITY.min(self.ranges.capacity()) {
            self.make_room(range.last_t(), !range.sent_once());
        }
        self.ranges.push_back(range);
    }

    /// Makes room for a range, which may be the first of all. Its last copy was sent at `t`; `stays`: it is missing or was sent again.
    #[cold]
    fn make_room(&mut self, t: Timestamp, stays: bool) {
        if self.ranges.len() >= CAPACITY {
            self.capped = true;
            self.forget(1);
        }
        if self.ranges.is_empty() {
            (self.fresh_until, self.stays) = (Maybe::some(t + SETTLED), stays);
        }
        make_room(&mut self.ranges, RANGES);
    }

    /// Its room, empty, for another queue to take; none if that is more than a few places.
    pub fn take_room(&mut self) -> VecDeque<SentRange> {
        take_room(&mut self.ranges)
    }

    /// Takes the room of another queue, where it has none of its own yet.
    pub fn give_room(&mut self, room: VecDeque<SentRange>) {
        self.ranges = room;
    }

    /// All ranges, lowest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &SentRange> {
        self.ranges.iter()
    }

    /// The ranges from the one at `index` on.
    pub fn iter_from(&self, index: usize) -> impl Iterator<Item = &SentRange> {
        self.ranges.range(index.min(self.ranges.len())..)
    }

    /// The range at `index`.
    pub fn get(&self, index: usize) -> Option<&SentRange> {
        self.ranges.get(index)
    }

    /// The range at `index`, to change it.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut SentRange> {
        self.fresh_until = Maybe::NONE;
        self.ranges.get_mut(index)
    }

    /// The uppermost range.
    pub fn last(&self) -> Option<&SentRange> {
        self.ranges.back()
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

    /// Index of the first range behind `una`, which is all that the sender has heard of; that becomes a boundary.
    #[inline(always)]
    pub fn first_unheard(&mut self, una: u64) -> usize {
        let near = usize::from(self.arrived);
        if self.get(near).is_some_and(|range| range.lo == una) { near } else { self.find_unheard(una) }
    }

    #[inline(never)]
    fn find_unheard(&mut self, una: u64) -> usize {
        self.split(una, self.index_above(una))
    }

    /// Index of the first range that is not acknowledged as a whole by an ACK of `una`, which is the highest that passed.
    #[inline(always)]
    pub fn first_unpassed(&self, una: u64) -> usize {
        let near = usize::from(self.passed);
        if self.get(near).is_some_and(|r| r.holds(una)) { near } else { self.index_above(una) }
    }

    /// Index of the first range that ends above `position`.
    #[inline(never)]
    pub fn index_above(&self, position: u64) -> usize {
        // Most questions are about where the acknowledged part ends, and then about one of the two ends.
        for near in [self.passed, self.arrived].map(usize::from) {
            if self.get(near).is_some_and(|r| r.holds(position)) {
                return near;
            }
        }
        // The others are about what was asked for a moment ago, or follows it.
        let last = usize::from(self.last_cut);
        if let Some(near) = (last..last + NEAR).find(|&at| self.get(at).is_some_and(|r| r.holds(position))) {
            return near;
        }
        match (self.ranges.front(), self.ranges.back()) {
            (Some(front), _) if position < front.hi() => 0,
            (_, Some(back)) if position >= back.hi() => self.ranges.len(),
            _ => self.ranges.partition_point(|r| r.hi() <= position),
        }
    }

    /// What passed the capture point acknowledges all below `index`.
    pub fn note_passed(&mut self, index: usize) {
        self.passed = index as u16;
    }

    /// What arrived at the sender acknowledges all below `index`.
    pub fn note_arrived(&mut self, index: usize) {
        self.arrived = index as u16;
    }

    /// Makes a boundary at `position`, which the range at `index` holds or begins at, if there is one. Index of the range above it.
    #[inline(never)]
    pub fn split(&mut self, position: u64, index: usize) -> usize {
        let Some(range) = self.ranges.get_mut(index) else { return index };
        if range.lo >= position {
            return index;
        }
        let upper = range.split_off(position);
        for near in [&mut self.passed, &mut self.arrived] {
            *near = near.saturating_add(u16::from(usize::from(*near) > index));
        }
        self.ranges.insert(index + 1, upper);
        index + 1
    }

    /// Indices of the ranges that make up `[lo, hi)`, as far as it is known, cut to fit exactly.
    pub fn cut(&mut self, lo: u64, hi: u64) -> Range<usize> {
        if hi <= lo {
            return 0..0;
        }
        let start = self.split(lo, self.index_above(lo));
        self.last_cut = start as u16;
        // It is a few ranges long, or all that is walked through now is walked through once.
        let whole = self.iter_from(start).take_while(|r| r.hi() <= hi).count();
        let end = self.split(hi, start + whole);
        start..end
    }

    /// The ranges at these indices, to change them.
    pub fn range_mut(&mut self, indices: Range<usize>) -> impl Iterator<Item = &mut SentRange> {
        let end = indices.end.min(self.ranges.len());
        self.fresh_until = Maybe::NONE;
        self.ranges.range_mut(indices.start.min(end)..end)
    }

    /// The range at `index`, to mark it: its times stay what they are.
    #[inline]
    pub fn mark(&mut self, index: usize) -> Option<&mut SentRange> {
        self.ranges.get_mut(index)
    }

    /// Payload bytes of holes below `una`: acknowledged, but never seen.
    pub fn missing(&self, una: u64) -> u64 {
        let held: u64 =
            self.ranges.iter().take_while(|r| r.lo < una).filter(|r| r.is_hole()).map(|r| r.payload()).sum();
        self.missed.as_ref().map_or(0, |missed| missed.bytes) + held
    }

    /// Forgets what is acknowledged (up to `acked`, as the capture and the sender know it), once nothing can come of it any more: what was sent
    /// once soon, what was repeated or is missing after two of the sender's round trips.
    #[inline(always)]
    pub fn prune(&mut self, acked: u64, now: Timestamp, round_trip: impl Fn() -> Option<Nanos>) {
        let old = self.fresh_until.get().is_none_or(|until| now > until);
        let spare = !self.stays && self.ranges.len() > KEEP_ACKED;
        if old || spare && self.ranges.front().is_some_and(|front| front.hi() <= acked) {
            self.forget_settled(acked, now, round_trip());
        }
    }

    #[inline(never)]
    fn forget_settled(&mut self, acked: u64, now: Timestamp, round_trip: Option<Nanos>) {
        let is_old = |range: &SentRange| {
            let age = now - range.last_t();
            age > SETTLED && age > round_trip.unwrap_or(Nanos::ZERO).scale(2, 1)
        };
        let too_many = self.ranges.len().saturating_sub(KEEP_ACKED);
        let settled = |(index, range): &(usize, &SentRange)| {
            range.hi() <= acked && (*index < too_many && range.sent_once() || is_old(range))
        };
        let count = self.ranges.iter().enumerate().take_while(settled).count();
        if count > 0 {
            self.forget(count);
            release(&mut self.ranges);
        }
        let front = self.ranges.front();
        self.fresh_until = front.map(|front| front.last_t() + SETTLED).into();
        self.stays = front.is_some_and(|front| !front.sent_once());
    }

    /// Forgets what lies below `position`, acknowledged or not: for a direction whose ACKs are not captured.
    pub fn prune_below(&mut self, position: u64) {
        let count = self.ranges.iter().take_while(|r| r.hi() <= position).count();
        if count > 0 {
            self.forget(count);
        }
    }

    /// Forgets so many ranges, which it holds.
    fn forget(&mut self, count: usize) {
        self.fresh_until = Maybe::NONE;
        self.passed = self.passed.saturating_sub(count as u16);
        self.arrived = self.arrived.saturating_sub(count as u16);
        self.last_cut = self.last_cut.saturating_sub(count as u16);
        for range in self.ranges.drain(..count) {
            if range.is_hole() {
                self.missed.get_or_insert_default().note(range.lo, range.payload());
            }
        }
    }

    /// Bytes of `[lo, hi)` come by after all that were missing and forgotten: how many.
    pub fn recover(&mut self, lo: u64, hi: u64) -> u64 {
        let Some(missed) = &mut self.missed else { return 0 };
        let mut found = 0;
        for hole in &mut missed.holes {
            let (from, to) = (hole.0.max(lo), hole.1.min(hi));
            if from < to {
                found += to - from;
                // What is left of it on the longer side; the other is not worth another entry.
                *hole = if from - hole.0 > hole.1 - to { (hole.0, from) } else { (to, hole.1) };
            }
        }
        missed.holes.retain(|hole| hole.0 < hole.1);
        missed.bytes = missed.bytes.saturating_sub(found);
        found
    }
}

/// A queue that is this small is not worth giving back.
const SMALL: usize = 16;

/// Makes room for one more. `first`: of so many at first. Most connections send a segment or two, and all of them are in memory at a time.
pub fn make_room<T>(queue: &mut VecDeque<T>, first: usize) {
    match queue.len() {
        full if full < queue.capacity() => {}
        0 => queue.reserve_exact(first),
        full @ 1..4 => queue.reserve_exact(full),
        full @ 32..1024 => queue.reserve_exact(3 * full), // it has become a long one, and would be moved again and again
        _ => {}
    }
}

/// The room of a queue that is needed no more; none if that is more than a few places.
pub fn take_room<T>(queue: &mut VecDeque<T>) -> VecDeque<T> {
    let mut room = std::mem::take(queue);
    if room.capacity() > SMALL {
        return VecDeque::new();
    }
    room.clear();
    room
}

/// Gives back half of the room of a queue that was much longer: of one that has gone quiet no more remains than a few places.
#[inline]
pub fn release<T>(queue: &mut VecDeque<T>) {
    if queue.capacity() > SMALL && queue.len() <= queue.capacity() / 4 {
        halve(queue);
    }
}

#[cold]
fn halve<T>(queue: &mut VecDeque<T>) {
    queue.shrink_to(queue.capacity() / 2);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(lo: u64, hi: u64) -> SentRange {
        SentRange::sent(lo, hi, Transmission::default(), Marks::default())
    }

    #[test]
    fn cutting_keeps_the_stream_whole() {
        let mut q = SentQueue::default();
        q.push(range(0, 1000));
        q.push(range(1000, 3000));
        let cut = q.cut(500, 2000);
        assert_eq!(cut, 1..3);
        let bounds: Vec<_> = q.iter().map(|r| (r.lo, r.hi())).collect();
        assert_eq!(bounds, [(0, 500), (500, 1000), (1000, 2000), (2000, 3000)]);
        assert_eq!(q.cut(2000, 9000), 3..4);
    }

    proptest! {
        /// What is looked at only where something can be settled is settled when it would be if it were looked at each time.
        #[test]
        fn nothing_is_forgotten_too_early_or_too_late(
            steps in prop::collection::vec((0i64..700, 0u64..6, any::<bool>(), 0usize..20), 1..80),
        ) {
            let (mut queue, mut kept) = (SentQueue::default(), Vec::<SentRange>::new());
            let (mut now, mut sent, mut acked) = (0, 0, 0);
            for (pause, more, hole, again) in steps {
                now += pause * 1_000_000;
                let shown = Transmission { t: Timestamp(now), ..Transmission::default() };
                let (lo, hi) = (sent, sent + 100);
                let range = if hole { SentRange::hole(lo, hi, shown) } else { SentRange::sent(lo, hi, shown, Marks::default()) };
                queue.push(range.clone());
                kept.push(range);
                sent = hi;
                acked = sent.min(acked + 50 * more);
                if let Some(range) = queue.get_mut(again) {
                    range.send_again(shown);
                    kept[again].send_again(shown);
                }
                queue.prune(acked, Timestamp(now), || Some(Nanos::from_millis(700)));
                let age = |range: &SentRange| Timestamp(now) - range.last_t();
                while kept.first().is_some_and(|front| {
                    let spare = kept.len() > KEEP_ACKED && front.sent_once();
                    front.hi() <= acked && (spare || age(front) > Nanos::from_millis(1_400))
                }) {
                    kept.remove(0);
                }
                let bounds = |range: &SentRange| (range.lo, range.hi(), range.copies);
                prop_assert!(queue.iter().map(bounds).eq(kept.iter().map(bounds)));
            }
        }
    }

    #[test]
    fn acknowledged_holes_are_missing_bytes_even_when_forgotten() {
        let mut q = SentQueue::default();
        q.push(range(0, 10));
        q.push(SentRange::hole(10, 30, Transmission::default()));
        q.push(range(30, 40));
        assert_eq!(q.missing(40), 20);
        q.prune(40, Timestamp(2_000_000_000), || Some(Nanos(1)));
        assert!(q.is_empty());
        assert_eq!(q.missing(40), 20);
    }
}
