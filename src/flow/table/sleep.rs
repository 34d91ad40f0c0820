//! Which connections are packed, and when.

use super::{FlowState, FlowTable};
use crate::base::{Nanos, Timestamp};

/// Up to so many live connections all are kept at hand, however silent they are: it is 40 MB.
pub(super) const AT_HAND: usize = 1 << 14;
/// A connection that has been silent for so long is packed. Packing and unpacking it costs about as much as ten of its segments do, so that it
/// pays only where nothing comes for long: hardly a request waits longer for its response.
const SILENT: Nanos = Nanos::from_secs(4);
/// One that leaves as soon as this is not packed.
const SOON: Nanos = Nanos::from_secs(10);
/// The hand makes a step for each of so many segments.
const SEGMENTS_A_STEP: usize = 4;

impl<C: FlowState> FlowTable<C> {
    /// `segments` more were looked at, and the capture's clock stands at `now`: a hand that goes round over the live connections packs those
    /// that are silent.
    pub fn tuck_in(&mut self, segments: usize, now: Timestamp) {
        if self.records.live.len() <= self.at_hand {
            return;
        }
        let bound = self.records.live.bound();
        self.steps_due += segments;
        let steps = (self.steps_due / SEGMENTS_A_STEP).min(bound as usize);
        self.steps_due %= SEGMENTS_A_STEP;
        for _ in 0..steps {
            self.hand = if self.hand + 1 < bound { self.hand + 1 } else { 0 };
            self.look_after(self.hand, now);
        }
    }

    /// The hand has come to the connection under this number.
    fn look_after(&mut self, number: u32, now: Timestamp) {
        let Some(live) = self.records.live.get(number) else { return };
        let silent = now - live.heard > SILENT;
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
