//! Which connections are packed, and when.

use super::{FlowState, FlowTable};
use crate::base::{Nanos, Timestamp};

/// While all tables together have no more live connections than this, all are kept at hand, however silent they are: it is 110 MB. What many
/// connections took once is only good for connections again, so that more at first is more for all time.
pub(super) const AT_HAND: usize = 3 << 14;
/// A connection that has been silent for so long is packed at first: hardly a request waits longer for its response.
pub(super) const SILENT: Nanos = Nanos::from_millis(500);
/// Whoever comes back sooner was packed in vain: to pack and unpack takes longer than a few segments do, and saved little for that time.
const BACK_SOON: Nanos = Nanos::from_secs(4);
/// One that leaves as soon as this is not packed.
const SOON: Nanos = Nanos::from_secs(10);

/// For how long a connection that was packed has to be silent to be packed again, if it came back after this silence: one that speaks every
/// second is packed but once.
pub(super) fn patience_after(silence: Nanos) -> Nanos {
    if silence < BACK_SOON { SILENT.max(silence + silence) } else { SILENT }
}

impl<C: FlowState> FlowTable<C> {
    /// One of so many tables that share the connections, and the memory.
    pub fn one_of(tables: usize) -> Self {
        Self { at_hand: AT_HAND / tables.max(1), ..Self::default() }
    }

    /// `segments` more were looked at, and the capture's clock stands at `now`: a hand that goes round over the live connections packs those
    /// that are silent. With a step for each segment it comes round once in as many segments as there are connections.
    pub fn tuck_in(&mut self, segments: usize, now: Timestamp) {
        if self.records.live.len() <= self.at_hand {
            return;
        }
        let bound = self.records.live.bound();
        for _ in 0..segments.min(bound as usize) {
            self.hand = if self.hand + 1 < bound { self.hand + 1 } else { 0 };
            self.look_after(self.hand, now);
        }
    }

    /// The hand has come to the connection under this number.
    fn look_after(&mut self, number: u32, now: Timestamp) {
        let Some(live) = self.records.live.get(number) else { return };
        let silent = now - live.heard > live.patience;
        let stays = live.deadline.get().is_none_or(|deadline| deadline - now > SOON);
        if silent && stays {
            self.put_away(number);
        }
    }

    /// Packs it, if that can be done now.
    fn put_away(&mut self, number: u32) {
        if let Some(live) = self.records.live.get_mut(number)
            && live.state.fall_asleep(&mut self.room)
        {
            let footprint = live.state.footprint() as u32;
            self.weight = self.weight + footprint as usize - live.footprint as usize;
            live.footprint = footprint;
        }
    }

    /// Packs all of them, as far as they can be: for tests.
    #[cfg(test)]
    pub fn pack_all(&mut self) {
        for number in 0..self.records.live.bound() {
            self.put_away(number);
        }
    }
}
