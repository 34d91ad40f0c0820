//! Where the records of a four-tuple are found.
//!
//! Ghosts have an index of their own: behind short connections there are several times as many of them as are open, and hardly ever does a
//! segment come for one. So what is asked for every segment lies close together, in the nearer caches of a processor.

use super::FlowState;
use super::records::{Kind, Records, ShortHash, Slot};
use crate::base::FlowKey;
use crate::flow::places::Places;

/// The index: a four-tuple has one record at most.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Attempts and live connections.
    open: Places,
    ghosts: Places,
}

impl Index {
    /// The record of a four-tuple.
    #[inline]
    pub fn find<C: FlowState>(&self, records: &Records<C>, key: &FlowKey, hash: ShortHash) -> Option<Slot> {
        let is_its = |slot| records.has_key(Slot(slot), key);
        self.open.find(hash, is_its).or_else(|| self.ghosts.find(hash, is_its)).map(Slot)
    }

    /// The record that is open, if any, of a four-tuple with this hash: it is nearly always the one, and to make sure its key would have to be
    /// fetched.
    #[inline]
    pub fn guess_open(&self, hash: ShortHash) -> Option<Slot> {
        self.open.find(hash, |_| true).map(Slot)
    }

    /// Has fetched from memory where it is told what is open.
    #[inline]
    pub fn prefetch_open(&self, hash: ShortHash) {
        self.open.prefetch(hash);
    }

    /// The same for ghosts.
    #[inline]
    pub fn prefetch_ghosts(&self, hash: ShortHash) {
        self.ghosts.prefetch(hash);
    }

    /// Adds a record.
    pub fn add(&mut self, slot: Slot, hash: ShortHash) {
        self.of_kind(slot).insert(hash, slot.0);
    }

    /// Takes a record out.
    pub fn remove(&mut self, slot: Slot, hash: ShortHash) {
        self.of_kind(slot).remove(hash, slot.0);
    }

    /// A record takes the place of another one of its four-tuple.
    pub fn replace(&mut self, old: Slot, new: Slot, hash: ShortHash) {
        if (old.kind() == Kind::Ghost) == (new.kind() == Kind::Ghost) {
            self.of_kind(old).replace(hash, old.0, new.0);
        } else {
            self.remove(old, hash);
            self.add(new, hash);
        }
    }

    fn of_kind(&mut self, slot: Slot) -> &mut Places {
        if slot.kind() == Kind::Ghost { &mut self.ghosts } else { &mut self.open }
    }
}
