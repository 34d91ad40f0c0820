//! Where the records of a four-tuple are found.
//!
//! Ghosts have an index of their own: behind short connections there are several times as many of them as are open, and hardly ever does a
//! segment come for one. So what is asked for every segment lies close together, in the nearer caches of a processor.

use hashbrown::HashTable;

use super::FlowState;
use super::records::{Kind, Records, ShortHash, Slot, widen};
use crate::base::FlowKey;

/// The index: a four-tuple has one record at most.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Attempts and live connections.
    open: HashTable<Slot>,
    ghosts: HashTable<Slot>,
}

impl Index {
    /// The record of a four-tuple.
    #[inline]
    pub fn find<C: FlowState>(&self, records: &Records<C>, key: &FlowKey, hash: ShortHash) -> Option<Slot> {
        let is_its = |slot: &Slot| records.has_key(*slot, key);
        self.open.find(widen(hash), is_its).or_else(|| self.ghosts.find(widen(hash), is_its)).copied()
    }

    /// The record that a hash seems to lead to: it is the one, but for one time in a hundred, for comparing keys would have to fetch them first.
    #[inline]
    pub fn guess(&self, hash: ShortHash) -> Option<Slot> {
        self.open.find(widen(hash), |_| true).or_else(|| self.ghosts.find(widen(hash), |_| true)).copied()
    }

    /// Reads where a record with this hash would stand among the ghosts; the number means nothing.
    #[inline]
    pub fn warm(&self, hash: ShortHash) -> u32 {
        self.ghosts.find(widen(hash), |_| true).map_or(0, |slot| slot.0)
    }

    /// Adds a record.
    pub fn add<C: FlowState>(&mut self, records: &Records<C>, slot: Slot, hash: ShortHash) {
        self.of_kind(slot).insert_unique(widen(hash), slot, |&other| records.hash(other));
    }

    /// Takes a record out.
    pub fn remove(&mut self, slot: Slot, hash: ShortHash) {
        if let Ok(entry) = self.of_kind(slot).find_entry(widen(hash), |&other| other == slot) {
            entry.remove();
        }
    }

    /// A record takes the place of another one of its four-tuple.
    pub fn replace<C: FlowState>(&mut self, records: &Records<C>, old: Slot, new: Slot, hash: ShortHash) {
        if (old.kind() == Kind::Ghost) == (new.kind() == Kind::Ghost) {
            if let Some(entry) = self.of_kind(old).find_mut(widen(hash), |&slot| slot == old) {
                *entry = new;
            }
        } else {
            self.remove(old, hash);
            self.add(records, new, hash);
        }
    }

    fn of_kind(&mut self, slot: Slot) -> &mut HashTable<Slot> {
        if slot.kind() == Kind::Ghost { &mut self.ghosts } else { &mut self.open }
    }
}
