//! What is to be looked at when: closed connections whose rows are due, and ghosts whose time is over.
//!
//! Entries are only ever added. One that is out of date is noticed when its time comes, by whoever looks; so a deadline that moves with
//! each packet costs nothing until then, and every entry is touched a bounded number of times.

use std::collections::BTreeMap;

use crate::base::Timestamp;

/// A tick is 2^23 ns, about 8 ms.
const TICK_BITS: u32 = 23;

/// Slots in the order of their ticks.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    ticks: BTreeMap<i64, Vec<u32>>,
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
        let spare = &mut self.spare;
        self.ticks.entry(tick(at)).or_insert_with(|| spare.pop().unwrap_or_default()).push(slot);
    }

    /// The next tick that has begun by `now`, with its entries. Those of the tick that `now` lies in may be due or not.
    pub fn next(&mut self, now: Timestamp) -> Option<(i64, Vec<u32>)> {
        let first = self.ticks.first_entry()?;
        if *first.key() > tick(now) {
            return None;
        }
        Some(first.remove_entry())
    }

    /// The entries of the two ticks that [`Agenda::next`] will give out next.
    pub fn ahead(&self, now: Timestamp) -> [&[u32]; 2] {
        let mut ticks = self.ticks.range(..=tick(now)).map(|(_, entries)| entries.as_slice());
        [(); 2].map(|()| ticks.next().unwrap_or_default())
    }

    /// Takes back the buffer that [`Agenda::next`] gave out; what it still holds was not due yet.
    pub fn give_back(&mut self, tick: i64, mut entries: Vec<u32>) {
        if !entries.is_empty() {
            self.ticks.entry(tick).or_default().append(&mut entries);
        }
        if self.spare.len() < SPARE {
            self.spare.push(entries);
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.ticks.clear();
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

    #[test]
    fn moments_before_1970_have_ticks_too() {
        let mut agenda = Agenda::default();
        agenda.add(Timestamp(-1), 1);
        assert_eq!(agenda.next(Timestamp(-1 << TICK_BITS)), Some((-1, vec![1])));
    }
}
