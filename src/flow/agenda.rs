//! What is to be looked at when: closed connections whose rows are due, and ghosts whose time is over.
//!
//! Entries are only ever added. One that is out of date is noticed when its time comes, by whoever looks; so a deadline that moves with
//! each packet costs nothing until then, and every entry is touched a bounded number of times.

use std::collections::{BTreeMap, VecDeque};

use crate::base::Timestamp;

/// A tick is 2^23 ns, about 8 ms.
const TICK_BITS: u32 = 23;
/// So many ticks are at hand, 68 s: ghosts come up within a minute, and connections that are closed sooner still.
const NEAR: usize = 1 << 13;

/// Slots in the order of their ticks.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    /// Those of `first` and of the ticks behind it, at most [`NEAR`] of them. A tick is found without a search.
    near: VecDeque<Vec<u32>>,
    first: i64,
    /// Those of other ticks: there are few, unless the clock jumps.
    far: BTreeMap<i64, Vec<u32>>,
    /// Buffers of ticks that are over.
    spare: Vec<Vec<u32>>,
}

/// So many empty buffers are kept.
const SPARE: usize = 64;

/// The tick in which a moment lies.
pub(super) fn tick(t: Timestamp) -> i64 {
    t.0 >> TICK_BITS
}

impl Agenda {
    /// Look at `slot` when this moment has passed.
    pub fn add(&mut self, at: Timestamp, slot: u32) {
        let tick = tick(at);
        let place = usize::try_from(tick.wrapping_sub(self.first)).ok().filter(|&place| place < NEAR);
        let Some(place) = place else { return self.far.entry(tick).or_default().push(slot) };
        if place >= self.near.len() {
            self.near.resize_with(place + 1, Vec::new);
        }
        let Some(slots) = self.near.get_mut(place) else { return };
        if slots.capacity() == 0
            && let Some(buffer) = self.spare.pop()
        {
            *slots = buffer;
        }
        slots.push(slot);
    }

    /// The next tick that has begun by `now`, with its entries. Those of the tick that `now` lies in may be due or not.
    pub fn next(&mut self, now: Timestamp) -> Option<(i64, Vec<u32>)> {
        let now = tick(now);
        while self.first < now && self.near.front().is_none_or(Vec::is_empty) {
            if self.near.pop_front().is_none() {
                self.first = now;
                break;
            }
            self.first += 1;
        }
        let far = self.far.first_entry().filter(|entry| *entry.key() <= now.min(self.first));
        if let Some(entry) = far {
            return Some(entry.remove_entry());
        }
        let begun = self.near.front_mut().filter(|slots| self.first <= now && !slots.is_empty());
        begun.map(|slots| (self.first, std::mem::take(slots)))
    }

    /// The entries of the two ticks that [`Agenda::next`] will give out next, as far as they are near.
    pub fn ahead(&self, now: Timestamp) -> [&[u32]; 2] {
        let begun = usize::try_from(tick(now) - self.first).map_or(0, |ticks| ticks + 1);
        let mut ticks = self.near.iter().take(begun).filter(|slots| !slots.is_empty());
        [(); 2].map(|()| ticks.next().map_or(&[][..], Vec::as_slice))
    }

    /// Takes back the buffer that [`Agenda::next`] gave out; what it still holds was not due yet.
    pub fn give_back(&mut self, tick: i64, mut entries: Vec<u32>) {
        entries.drain(..).for_each(|slot| self.add(Timestamp(tick << TICK_BITS), slot));
        if self.spare.len() < SPARE {
            self.spare.push(entries);
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self { first: self.first, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A moment in the middle of a tick.
    fn in_tick(tick: i64) -> Timestamp {
        Timestamp((tick << TICK_BITS) + (1 << (TICK_BITS - 1)))
    }

    #[test]
    fn entries_come_when_their_tick_has_begun_and_not_before() {
        let mut agenda = Agenda::default();
        [(7, 1), (3, 2), (7, 3)].into_iter().for_each(|(tick, slot)| agenda.add(in_tick(tick), slot));
        assert_eq!(agenda.next(in_tick(2)), None);
        assert_eq!(agenda.next(in_tick(9)), Some((3, vec![2])));
        assert_eq!(agenda.next(in_tick(6)), None);
        assert_eq!(agenda.next(Timestamp(7 << TICK_BITS)), Some((7, vec![1, 3])), "the tick begins here");
        assert_eq!(agenda.next(Timestamp(i64::MAX)), None);
    }

    #[test]
    fn what_was_not_due_comes_again_with_what_was_added_meanwhile() {
        let mut agenda = Agenda::default();
        agenda.add(in_tick(4), 1);
        let (tick, entries) = agenda.next(in_tick(4)).unwrap();
        agenda.add(in_tick(4), 2);
        agenda.give_back(tick, entries);
        assert_eq!(agenda.next(in_tick(4)), Some((4, vec![2, 1])));
        assert_eq!(agenda.next(in_tick(4)), None);
    }

    #[test]
    fn buffers_are_used_again() {
        let mut agenda = Agenda::default();
        agenda.give_back(0, Vec::with_capacity(100));
        agenda.add(in_tick(1), 1);
        let (_, entries) = agenda.next(in_tick(1)).unwrap();
        assert_eq!((entries.len(), entries.capacity()), (1, 100));
    }

    /// Whatever is added when, and however the clock goes: what comes is what a sorted list has.
    #[test]
    fn the_order_is_that_of_a_list() {
        let mut random = 1u64;
        let mut next = |below: i64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as i64 % below
        };
        let (mut agenda, mut list, mut now) = (Agenda::default(), Vec::new(), 1_000_000);
        for round in 0..400 {
            for slot in 0..20 {
                // Most are near; some lie behind the ring's end, and some in the past.
                let tick = now
                    + [next(400), next(3 * NEAR as i64), -next(50)]
                        [usize::from(slot % 7 == 0) + usize::from(slot % 9 == 0)];
                agenda.add(in_tick(tick), round * 20 + slot);
                list.push((tick, round * 20 + slot));
            }
            now += if round % 50 == 49 { 2 * NEAR as i64 } else { next(60) };
            let mut due = Vec::new();
            while let Some((tick, slots)) = agenda.next(in_tick(now)) {
                due.extend(slots.iter().map(|&slot| (tick, slot)));
                agenda.give_back(tick, Vec::new());
            }
            assert!(due.is_sorted_by_key(|&(tick, _)| tick));
            let (mut expected, later): (Vec<_>, _) = list.into_iter().partition(|&(tick, _)| tick <= now);
            expected.sort_unstable();
            due.sort_unstable();
            assert_eq!(due, expected);
            list = later;
        }
    }

    #[test]
    fn moments_before_1970_have_ticks_too() {
        let mut agenda = Agenda::default();
        agenda.add(Timestamp(-1), 1);
        assert_eq!(agenda.next(Timestamp(-1 << TICK_BITS)), Some((-1, vec![1])));
    }
}
