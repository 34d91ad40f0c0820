//! How much memory the table takes, and what leaves when that is too much.

use super::{Attempt, Emitted, FlowState, FlowTable, Ghost, Keeper, Kind, Live, Slot};
use crate::base::{SegmentBatch, Timestamp};

/// So many live connections are weighed at a time: enough that all of them have had their turn after a few times as many segments.
const WEIGHED: u32 = 64;
/// So many records leave for a batch at most: as many as a batch can add, and few enough that their rows take little room.
const AT_ONCE: usize = SegmentBatch::CAPACITY;
/// Of all records one in so many is chosen to leave next.
const PART: usize = 8;
/// So many of them tell about all.
const SAMPLE: usize = 4096;
/// A slot of the index, at the load that it has after growing: the worst. A line of 64 bytes has 2.5 then.
pub(super) const INDEX_ENTRY: usize = 26;

impl<C: FlowState> FlowTable<C> {
    /// Bytes of memory that it takes, about: what connections take is measured now and then.
    pub fn footprint(&self) -> usize {
        let records = &self.records;
        let attempts = records.attempts.len() * (size_of::<Option<Attempt>>() + INDEX_ENTRY);
        let live = records.live.len() * (size_of::<Option<Live<C>>>() + INDEX_ENTRY)
            + self.weight
            + records.journals.footprint();
        let ghosts = records.ghosts.len() * (size_of::<Option<Ghost<C::Ghost>>>() + INDEX_ENTRY);
        attempts + live + ghosts
    }

    /// Weighs the next few connections.
    pub fn weigh(&mut self) {
        let bound = self.records.live.bound();
        for _ in 0..WEIGHED.min(bound) {
            self.weighed = if self.weighed + 1 < bound { self.weighed + 1 } else { 0 };
            self.weigh_one(self.weighed);
        }
    }

    /// Weighs the state of a connection.
    pub(super) fn weigh_one(&mut self, number: u32) {
        if let Some(live) = self.records.live.get_mut(number) {
            let footprint = live.state.footprint() as u32;
            self.weight = self.weight + footprint as usize - live.footprint as usize;
            live.footprint = footprint;
        }
    }

    /// Lets connections leave while the table takes more than `most` bytes: first the ghosts, then the connections that have been silent for
    /// longest. Their rows say so; what comes of them later opens a new row.
    pub fn shed(&mut self, most: usize, now: Timestamp, keeper: &mut impl Keeper<C>) {
        for _ in 0..AT_ONCE {
            if self.footprint() <= most {
                return;
            }
            if self.leaving.is_empty() {
                self.leaving = self.most_silent();
            }
            let Some((last, slot)) = self.leaving.pop() else { return };
            if self.last_of(slot) == Some(last) {
                self.evict(slot, now, keeper);
            }
        }
    }

    /// Those that may leave next, the first of them at the end: a part of all, so that looking through all of them is seldom done.
    fn most_silent(&self) -> Vec<(Timestamp, Slot)> {
        let records = &self.records;
        let ghosts = records.ghosts.numbers().map(|n| Slot::new(Kind::Ghost, n));
        let live = records.live.numbers().map(|n| Slot::new(Kind::Live, n));
        let attempts = records.attempts.numbers().map(|n| Slot::new(Kind::Attempt, n));
        let all = ghosts.chain(live).chain(attempts).filter_map(|slot| Some((self.last_of(slot)?, slot)));
        let order = |(last, slot): (Timestamp, Slot)| (slot.kind() != Kind::Ghost, last);
        // A sample tells where the part ends: a list of all of them would be a burden when there is no room.
        let count = records.ghosts.len() + records.live.len() + records.attempts.len();
        let mut sample: Vec<_> = all.clone().step_by(count / SAMPLE + 1).map(order).collect();
        sample.sort_unstable();
        let Some(&most) = sample.get(sample.len() / PART) else { return Vec::new() };
        let mut silent: Vec<(Timestamp, Slot)> = all.filter(|&entry| order(entry) <= most).collect();
        silent.sort_unstable_by_key(|&entry| std::cmp::Reverse((order(entry), records.flow_id(entry.1))));
        silent
    }

    /// Time of the last packet of a record, if there still is one.
    fn last_of(&self, slot: Slot) -> Option<Timestamp> {
        let number = slot.number();
        match slot.kind() {
            Kind::Attempt => self.records.attempts.get(number).map(|attempt| attempt.time()),
            Kind::Live => self.records.live.get(number).map(|live| live.heard),
            Kind::Ghost => self.records.ghosts.get(number).map(|ghost| C::last_of_ghost(&ghost.ghost)),
        }
    }

    fn evict(&mut self, slot: Slot, now: Timestamp, keeper: &mut impl Keeper<C>) {
        let slot = match slot.kind() {
            Kind::Live => slot,
            Kind::Attempt => match self.promote(slot, keeper) {
                Some(slot) => slot,
                None => return,
            },
            Kind::Ghost => {
                if let Some(ghost) = self.records.ghosts.remove(slot.number()) {
                    self.index.remove(slot, ghost.hash);
                }
                return;
            }
        };
        let Some(live) = self.records.live.remove(slot.number()) else { return };
        let flow_id = live.flow_id;
        self.index.remove(slot, live.hash);
        self.stats.evicted += 1;
        if let Some(state) = self.take_state(live, keeper) {
            keeper.emit(Emitted { flow_id, state, reason: Some(C::evicted()), now });
        }
    }
}
