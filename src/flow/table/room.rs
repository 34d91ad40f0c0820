//! How much memory the table takes, and what leaves when that is too much.

use super::{Attempt, Emitted, FlowState, FlowTable, Ghost, Keeper, Kind, Live, Slot};
use crate::base::{Nanos, Timestamp};

/// So many live connections are weighed at a time: enough that all of them have had their turn after a few times as many segments.
const WEIGHED: u32 = 64;
/// A slot of the index, at the load that it has after growing: the worst.
const INDEX_ENTRY: usize = 11;

impl<C: FlowState> FlowTable<C> {
    /// Bytes of memory that it takes, about: what connections take is measured now and then.
    pub fn footprint(&self) -> usize {
        let records = &self.records;
        let attempts = records.attempts.len() * (size_of::<Option<Attempt>>() + INDEX_ENTRY);
        let live = records.live.len() * (size_of::<Option<Live<C>>>() + INDEX_ENTRY) + self.weight;
        let ghosts = records.ghosts.len() * (size_of::<Option<Ghost<C::Ghost>>>() + INDEX_ENTRY);
        attempts + live + ghosts
    }

    /// Weighs the next few connections.
    pub fn weigh(&mut self) {
        let bound = self.records.live.bound();
        for _ in 0..WEIGHED.min(bound) {
            self.hand = if self.hand + 1 < bound { self.hand + 1 } else { 0 };
            if let Some(live) = self.records.live.get_mut(self.hand) {
                let footprint = live.state.footprint() as u32;
                self.weight = self.weight + footprint as usize - live.footprint as usize;
                live.footprint = footprint;
            }
        }
    }

    /// Lets connections leave until the table takes no more than `most` bytes: first the ghosts that would go next, then the connections
    /// that have been silent for longest. Their rows say so; what comes of them later opens a new row.
    pub fn shed(&mut self, most: usize, now: Timestamp, keeper: &mut impl Keeper<C>) {
        if self.footprint() <= most {
            return;
        }
        // Down to nine tenths, so that it is not done again at once.
        let goal = most - most / 10;
        let mut silent: Vec<(Nanos, Slot)> = Vec::new();
        for number in self.records.ghosts.numbers() {
            if let Some(ghost) = self.records.ghosts.get(number) {
                silent.push((Nanos::MAX.min(now - C::last_of_ghost(&ghost.ghost)), Slot::new(Kind::Ghost, number)));
            }
        }
        silent.sort_unstable_by_key(|&(silence, slot)| (std::cmp::Reverse(silence), slot.0));
        for (_, slot) in std::mem::take(&mut silent) {
            if self.footprint() <= goal {
                return;
            }
            if let Some(ghost) = self.records.ghosts.remove(slot.number()) {
                self.remove_from_index(slot, ghost.hash);
            }
        }
        for number in self.records.live.numbers() {
            if let Some(live) = self.records.live.get(number) {
                silent.push((now - live.state.last(), Slot::new(Kind::Live, number)));
            }
        }
        for number in self.records.attempts.numbers() {
            if let Some(attempt) = self.records.attempts.get(number) {
                silent.push((now - attempt.syn.ts, Slot::new(Kind::Attempt, number)));
            }
        }
        let records = &self.records;
        silent.sort_unstable_by_key(|&(silence, slot)| (std::cmp::Reverse(silence), records.flow_id(slot)));
        for (_, slot) in silent {
            if self.footprint() <= goal {
                return;
            }
            self.evict(slot, now, keeper);
        }
    }

    fn evict(&mut self, slot: Slot, now: Timestamp, keeper: &mut impl Keeper<C>) {
        let slot = match slot.kind() {
            Kind::Attempt => self.promote(slot, keeper),
            _ => Some(slot),
        };
        let Some(slot) = slot else { return };
        let Some(live) = self.records.live.remove(slot.number()) else { return };
        self.weight -= live.footprint as usize;
        self.remove_from_index(slot, live.hash);
        self.stats.evicted += 1;
        keeper.emit(Emitted { flow_id: live.flow_id, state: live.state, reason: Some(C::evicted()), now });
    }
}
