//! Who leaves the table when: connections whose deadline has passed, ghosts whose time is over, and at the end everybody.

use super::{Emitted, FEW, FlowState, FlowTable, Ghost, Index, Keeper, Kind, Slab, Slot, begun, tick};
use crate::base::{Maybe, Timestamp};

impl<C: FlowState> FlowTable<C> {
    /// A connection whose deadline has passed is final even where the agenda has not come to it yet: its row leaves now. True if so.
    pub(super) fn leave_if_due(&mut self, slot: Slot, clock: Timestamp, keeper: &mut impl Keeper<C>) -> bool {
        let deadline = match slot.kind() {
            Kind::Live => self.deadline_of(slot.number(), clock, keeper),
            Kind::Attempt => self.records.attempts.get(slot.number()).and_then(|r| keeper.patience(r.time())),
            Kind::Ghost => None,
        };
        let due = deadline.filter(|&deadline| deadline < clock);
        if let Some(deadline) = due {
            self.retire(slot, deadline, keeper);
        }
        due.is_some()
    }

    /// Lets go of what is due before `now`.
    pub fn expire(&mut self, now: Timestamp, keeper: &mut impl Keeper<C>) {
        let mut fetched = false;
        while let Some((at, mut slots)) = self.agenda.next(now) {
            if !std::mem::replace(&mut fetched, true) {
                self.fetch_records(&slots);
                self.fetch_due(&slots, now);
            }
            let [next, after_next] = self.agenda.ahead(now);
            self.fetch_due(next, now);
            self.fetch_records(after_next);
            let mut kept = 0;
            for i in 0..slots.len() {
                let Some(&slot) = slots.get(i) else { break };
                if self.look_at(Slot(slot), at, now, keeper)
                    && let Some(place) = slots.get_mut(kept)
                {
                    *place = slot;
                    kept += 1;
                }
            }
            slots.truncate(kept);
            let early = !slots.is_empty();
            self.agenda.give_back(at, slots);
            if early {
                return; // it is the tick that `now` lies in
            }
        }
    }

    /// The agenda comes to a slot. True if it is to come again at the same tick.
    fn look_at(&mut self, slot: Slot, at: i64, now: Timestamp, keeper: &mut impl Keeper<C>) -> bool {
        let number = slot.number();
        let deadline = match slot.kind() {
            Kind::Live => {
                if self.records.live.get(number).is_none_or(|r| r.queued.get().map(tick) != Some(at)) {
                    return false;
                }
                self.deadline_of(number, now, keeper)
            }
            Kind::Attempt => self.records.attempts.get(number).and_then(|r| keeper.patience(r.time())),
            Kind::Ghost => self.records.ghosts.get(number).map(|r| r.until),
        };
        match deadline {
            Some(deadline) if deadline < now => match slot.kind() {
                Kind::Live | Kind::Attempt => self.retire(slot, deadline, keeper),
                Kind::Ghost => {
                    if let Some(ghost) = self.records.ghosts.remove(number) {
                        self.index.remove(slot, ghost.hash);
                    }
                }
            },
            Some(deadline) if tick(deadline) == at => return true,
            // A record that took the slot meanwhile, and stands in the agenda itself; or a deadline that has moved.
            _ => {
                if let Some(live) = self.records.live.get_mut(number).filter(|_| slot.kind() == Kind::Live) {
                    live.queued = Maybe::NONE;
                    self.queue(number);
                }
            }
        }
        false
    }

    /// Writes the row of a connection that is final, and leaves its ghost.
    fn retire(&mut self, slot: Slot, deadline: Timestamp, keeper: &mut impl Keeper<C>) {
        let slot = match slot.kind() {
            Kind::Attempt => self.promote(slot, keeper),
            _ => Some(slot),
        };
        let Some(slot) = slot else { return };
        let Some(live) = self.records.live.remove(slot.number()) else { return };
        let (key, flow_id, hash) = (live.key, live.flow_id, live.hash);
        let Some(state) = self.take_state(live, keeper) else { return };
        let (ghost, until) = state.ghost(flow_id);
        let new = Slot::new(Kind::Ghost, self.records.ghosts.insert(Ghost { key, hash, until, ghost }));
        self.index.replace(slot, new, hash);
        self.agenda.add(until, new.0);
        keeper.emit(Emitted { flow_id, state, reason: Some(C::expired()), now: deadline });
    }

    /// The capture is over: nothing more comes. What is left leaves by [`FlowTable::leave_some`].
    pub fn finish(&mut self, now: Timestamp, keeper: &mut impl Keeper<C>) {
        self.expire(now, keeper);
        self.index = Index::default();
        self.agenda.clear();
        self.records.ghosts = Slab::default();
        let attempts = self.records.attempts.numbers().map(|n| Slot::new(Kind::Attempt, n));
        let live = self.records.live.numbers().map(|n| Slot::new(Kind::Live, n));
        self.rest = Vec::with_capacity(self.records.attempts.len() + self.records.live.len());
        self.rest.extend(live.chain(attempts));
        let records = &self.records;
        // Each record is visited once: they are all over the memory.
        self.rest.sort_by_cached_key(|&slot| std::cmp::Reverse(records.flow_id(slot)));
    }

    /// After [`FlowTable::finish`]: lets the next connections leave, in the order in which they began. False when none is left.
    pub fn leave_some(&mut self, most: usize, now: Timestamp, keeper: &mut impl Keeper<C>) -> bool {
        for n in 0..most {
            if n % FEW == 0 {
                self.fetch_behind(self.rest.iter().rev());
            }
            if let Some(slot) = self.rest.pop() {
                self.leave(slot, now, keeper);
                if self.rest.is_empty() {
                    self.renewed.reverse();
                }
            } else if let Some((flow_id, state)) = self.renewed.pop() {
                keeper.emit(Emitted { flow_id, state, reason: Some(C::at_end()), now });
            } else {
                return false;
            }
        }
        true
    }

    fn leave(&mut self, slot: Slot, now: Timestamp, keeper: &mut impl Keeper<C>) {
        let (flow_id, mut state) = match slot.kind() {
            Kind::Attempt => {
                let Some(attempt) = self.records.attempts.drain_one(slot.number()) else { return };
                (attempt.flow_id, begun(&attempt, keeper))
            }
            _ => {
                let Some(live) = self.records.live.drain_one(slot.number()) else { return };
                let flow_id = live.flow_id;
                let Some(state) = self.take_state(live, keeper) else { return };
                (flow_id, state)
            }
        };
        let held = state.take_held();
        let mut reason = C::at_end();
        if let Some(first) = held.first() {
            reason = C::superseded();
            let mut next = keeper.open(first, Some(first.ts - state.last()));
            let id = keeper.number_at_end(flow_id);
            self.stats.opened += 1;
            for syn in &held {
                keeper.feed_held(id, &mut next, syn);
            }
            self.renewed.push((id, next));
        }
        keeper.emit(Emitted { flow_id, state, reason: Some(reason), now });
    }
}
