//! What the next segments need is fetched from memory while those before them are worked on.

use super::records::Slot;
use super::{FlowState, FlowTable, short};

/// So many segments are looked for at a time: what they need fits well into the nearest cache but one.
pub const FEW: usize = 32;

/// Where the connections of a few segments seem to be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ahead {
    slots: [Option<Slot>; FEW],
    /// So many of them are filled.
    count: usize,
}

impl<C: FlowState> FlowTable<C> {
    /// Looks for the connections of a few segments, at most [`FEW`], by the hashes of their keys, and has their records fetched. Where
    /// connections are few everything is at hand.
    #[inline]
    pub fn look_ahead(&self, hashes: impl Iterator<Item = u64>) -> Ahead {
        let mut ahead = Ahead::default();
        if !self.is_large() {
            return ahead;
        }
        let mut before = None;
        for hash in hashes {
            // Those of a connection follow each other.
            if before.replace(hash) != Some(hash)
                && let Some(slot) = self.index.guess(short(hash))
                && let Some(place) = ahead.slots.get_mut(ahead.count)
            {
                self.records.prefetch(slot);
                *place = Some(slot);
                ahead.count += 1;
            }
        }
        ahead
    }

    /// Some time after [`FlowTable::look_ahead`], when the records are there: has fetched where the next segments will be written down.
    #[inline]
    pub fn look_closer(&self, ahead: &Ahead) {
        for slot in ahead.slots.iter().take(ahead.count).flatten() {
            if let Some(live) = self.records.live(*slot) {
                self.records.journals.prefetch(&live.journal);
            }
        }
    }
}
