//! Flow ids for connections that several threads find: 0, 1, 2 … in the order in which they were opened.
//!
//! A shard names a connection by its place, the batch and the segment in it that opened it. Which number that is shows when all shards
//! have told what they opened in the batch; until the connection's row leaves, its place is kept, in two bytes.

use std::collections::VecDeque;

use crate::base::{SegmentBatch, prefetch};

/// What a shard calls a connection.
pub type Place = u64;

const INDEX_BITS: u32 = 16;
/// Set in the place of a connection that opened when the capture was over: behind all others, in the order of those before them.
const AT_END: Place = 1 << 63;

/// The place of the connection that a segment opens.
pub const fn place(batch: u64, index: u16) -> Place {
    batch << INDEX_BITS | index as u64
}

/// The place of a connection that opens at the end of the capture, on the four-tuple of another.
pub const fn place_at_end(before: Place) -> Place {
    before | AT_END
}

/// What was opened in a batch.
#[derive(Debug)]
struct Opened {
    batch: u64,
    first_id: u64,
    indices: Box<[u16]>,
    /// How many of them are still to be asked for.
    waiting: usize,
}

/// An index stands no further from where it is guessed to stand, as a rule: so few are in a line of memory, or in two.
const NEAR: usize = 32;

impl Opened {
    /// Where an index stands, if they lie evenly in the batch.
    fn guess(&self, index: u16) -> usize {
        usize::from(index) * self.indices.len() / SegmentBatch::CAPACITY
    }

    /// So many of its connections were opened before the one with this index.
    fn rank(&self, index: u16) -> usize {
        let guess = self.guess(index);
        let start = guess.saturating_sub(NEAR);
        let near = self.indices.get(start..self.indices.len().min(guess + NEAR)).unwrap_or_default();
        match near.binary_search(&index) {
            Ok(at) => start + at,
            Err(_) => self.indices.binary_search(&index).unwrap_or_else(|at| at),
        }
    }
}

/// Turns places into flow ids.
#[derive(Debug, Default)]
pub struct Numbers {
    batches: VecDeque<Opened>,
    next_id: u64,
    /// How many of the batches nobody waits for any more.
    hollow: usize,
    /// Numbers may be asked for again and again.
    lasting: bool,
    /// Those that were given to connections that opened at the end, in ascending order of their places.
    at_end: Vec<(Place, u64)>,
}

impl Numbers {
    /// Numbers that may be asked for more than once: of late packets, and of what happens before a row leaves.
    pub fn lasting() -> Self {
        Self { lasting: true, ..Self::default() }
    }

    /// All shards have told what they opened in this batch. Batches come in their order.
    pub fn open<'a>(&mut self, batch: u64, indices: impl Iterator<Item = &'a [u16]>) {
        let mut all: Vec<u16> = indices.flatten().copied().collect();
        if all.is_empty() {
            return;
        }
        all.sort_unstable();
        let waiting = all.len();
        self.batches.push_back(Opened { batch, first_id: self.next_id, indices: all.into(), waiting });
        self.next_id += waiting as u64;
    }

    /// The number of a connection whose row leaves. It can be asked once, if the numbers are not lasting.
    pub fn take(&mut self, place: Place) -> u64 {
        if place & AT_END != 0 {
            return self.number_at_end(place);
        }
        let (batch, index) = (place >> INDEX_BITS, place as u16);
        let lasting = self.lasting;
        let Some(opened) = self.position(batch).and_then(|at| self.batches.get_mut(at)) else { return u64::MAX };
        let id = opened.first_id + opened.rank(index) as u64;
        if lasting {
            return id;
        }
        opened.waiting = opened.waiting.saturating_sub(1);
        if opened.waiting == 0 {
            opened.indices = Box::default();
            self.hollow += 1;
            self.tidy();
        }
        id
    }

    /// Has fetched from memory what it takes to number this place: of many connections each is of another batch.
    pub fn prefetch(&self, place: Place) {
        let opened = self.position(place >> INDEX_BITS).and_then(|at| self.batches.get(at));
        let Some(opened) = opened else { return };
        let guess = opened.guess(place as u16);
        for at in [guess.saturating_sub(NEAR / 2), guess + NEAR / 2] {
            opened.indices.get(at).into_iter().for_each(prefetch);
        }
    }

    /// Where it stands what was opened in a batch. Where something opens in every batch, as in captures of many connections, all of the latest
    /// are there, and most connections are of these.
    fn position(&self, batch: u64) -> Option<usize> {
        let later = self.batches.back()?.batch.checked_sub(batch)? as usize;
        let likely = self.batches.len().saturating_sub(later + 1);
        match self.batches.get(likely) {
            Some(opened) if opened.batch == batch => Some(likely),
            _ => self.batches.binary_search_by_key(&batch, |opened| opened.batch).ok(),
        }
    }

    /// They are met in the order of their places.
    fn number_at_end(&mut self, place: Place) -> u64 {
        if self.lasting {
            if let Ok(at) = self.at_end.binary_search_by_key(&place, |&(place, _)| place) {
                return self.at_end.get(at).map_or(u64::MAX, |&(_, id)| id);
            }
            self.at_end.push((place, self.next_id));
        }
        self.next_id += 1;
        self.next_id - 1
    }

    fn tidy(&mut self) {
        while self.batches.front().is_some_and(|opened| opened.waiting == 0) {
            self.batches.pop_front();
            self.hollow -= 1;
        }
        if self.hollow > 64 && 2 * self.hollow > self.batches.len() {
            self.batches.retain(|opened| opened.waiting > 0);
            self.hollow = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_the_places_whoever_opened_them() {
        let mut numbers = Numbers::default();
        numbers.open(0, [&[1u16, 9][..], &[4][..]].into_iter());
        numbers.open(1, [&[][..], &[][..]].into_iter());
        numbers.open(7, [&[3u16][..], &[0, 2][..]].into_iter());
        assert_eq!(numbers.take(place(7, 2)), 4);
        assert_eq!(numbers.take(place(0, 9)), 2);
        assert_eq!(numbers.take(place(0, 1)), 0);
        assert_eq!(numbers.take(place(7, 0)), 3);
        assert_eq!(numbers.take(place(0, 4)), 1);
        assert_eq!(numbers.batches.len(), 1);
        assert_eq!(numbers.take(place(7, 3)), 5);
        assert!(numbers.batches.is_empty());
        assert_eq!(numbers.take(place_at_end(place(0, 4))), 6);
    }

    #[test]
    fn numbers_are_found_wherever_in_their_batch_connections_opened() {
        for (first, step, count) in [(0, 1, 8192), (8000, 1, 192), (0, 1, 100), (3, 64, 127), (17, 900, 9)] {
            let indices: Vec<u16> = (0..count).map(|n| first + n * step).collect();
            let mut numbers = Numbers::default();
            numbers.open(5, [&[9u16][..]].into_iter());
            numbers.open(6, [&indices[..]].into_iter());
            for (n, &index) in indices.iter().enumerate().rev() {
                numbers.prefetch(place(6, index));
                assert_eq!(numbers.take(place(6, index)), n as u64 + 1, "{first} {step} {count}");
            }
        }
    }

    #[test]
    fn what_nobody_waits_for_is_forgotten() {
        let mut numbers = Numbers::default();
        numbers.open(0, [&[0u16, 1][..]].into_iter());
        for batch in 1..10_000 {
            numbers.open(batch, [&[5u16][..]].into_iter());
            assert_eq!(numbers.take(place(batch, 5)), batch + 1);
        }
        assert!(numbers.batches.len() < 200, "{}", numbers.batches.len());
        assert_eq!(numbers.take(place(0, 1)), 1);
    }
}
