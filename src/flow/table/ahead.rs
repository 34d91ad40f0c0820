//! What the next segments need is fetched from memory while those before them are worked on.

use super::records::Slot;
use super::{FlowState, FlowTable, short};
use crate::base::Timestamp;

/// So many segments are looked for at a time: what they need fits well into the nearest cache but one.
pub const FEW: usize = 16;

/// No more records than this are fetched ahead at once: with what belongs to them they fill the nearest cache but one to a small part.
const MOST: usize = 256;

/// Where the connections of a few segments seem to be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ahead {
    /// By the hashes of their keys.
    slots: [(u64, Slot); FEW],
    /// So many of them are filled, and so many were asked for.
    count: usize,
    asked: usize,
}

impl Ahead {
    fn add(&mut self, hash: u64, slot: Slot) {
        if let Some(place) = self.slots.get_mut(self.count) {
            *place = (hash, slot);
            self.count += 1;
        }
    }

    fn slots(&self) -> impl Iterator<Item = Slot> {
        self.slots.iter().take(self.count).map(|&(_, slot)| slot)
    }

    /// Where the connection of the next segment seemed to be, the key of which has this hash; segments come in the order in which they were
    /// looked for. Much may have happened since.
    #[inline]
    pub(super) fn next(&mut self, hash: u64) -> Option<Slot> {
        let behind = self.slots.get(self.asked..self.count)?;
        let at = behind.iter().position(|&(its, _)| its == hash)?;
        self.asked += at + 1;
        behind.get(at).map(|&(_, slot)| slot)
    }
}

impl<C: FlowState> FlowTable<C> {
    /// Has fetched where the connections of segments are to be looked for, the keys of which have these hashes. It is of no use where connections
    /// are few, and everything is at hand.
    #[inline]
    pub fn look_out(&self, hashes: impl Iterator<Item = u64>) {
        hashes.for_each(|hash| self.index.prefetch_open(short(hash)));
    }

    /// Some time after [`FlowTable::look_out`]: looks for the connections of a few of these segments, at most [`FEW`], and has their records
    /// fetched.
    #[inline]
    pub fn look_ahead(&self, hashes: impl Iterator<Item = u64>, ahead: &mut Ahead) {
        (ahead.count, ahead.asked) = (0, 0);
        let mut before = None;
        for hash in hashes {
            // Those of a connection follow each other.
            if before.replace(hash) == Some(hash) {
                continue;
            }
            if let Some(slot) = self.index.guess_open(short(hash)) {
                self.records.prefetch(slot);
                ahead.add(hash, slot);
            } else {
                self.index.prefetch_ghosts(short(hash));
            }
        }
    }

    /// Some time after [`FlowTable::look_ahead`], when the records are there: has fetched where the next segments will be written down.
    #[inline]
    pub fn look_closer(&self, ahead: &Ahead) {
        for live in ahead.slots().filter_map(|slot| self.records.live(slot)) {
            self.records.journals.prefetch(&live.journal);
        }
    }

    /// Has the records of these fetched, as many as there is room for.
    pub(super) fn fetch_records(&self, slots: &[u32]) {
        slots.iter().take(MOST).for_each(|&slot| self.records.prefetch(Slot(slot)));
    }

    /// The same, when their records are there, of what else it takes to look at those that are due before `now`.
    pub(super) fn fetch_due(&self, slots: &[u32], now: Timestamp) {
        for slot in slots.iter().take(MOST).map(|&slot| Slot(slot)) {
            if let Some(live) = self.records.live(slot)
                && live.deadline.get().is_some_and(|deadline| deadline < now)
            {
                self.records.journals.prefetch_first(&live.journal);
            }
            if let Some(hash) = self.records.hash(slot) {
                self.index.prefetch_open(hash);
                self.index.prefetch_ghosts(hash);
            }
        }
    }

    /// The same, step by step, of what it takes to read what waits for each of these: they are asked for again behind every [`FEW`] of them.
    pub(super) fn fetch_behind<'s>(&self, slots: impl Iterator<Item = &'s Slot> + Clone) {
        let group = |n: usize| slots.clone().skip(n * FEW).take(FEW);
        group(2).for_each(|&slot| self.records.prefetch(slot));
        for live in group(1).filter_map(|&slot| self.records.live(slot)) {
            self.records.journals.prefetch_first(&live.journal);
        }
    }
}
