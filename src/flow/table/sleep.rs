//! Which connections are packed, and when.

use super::{FlowState, FlowTable, Keeper};
use crate::base::{Nanos, Timestamp};

/// While all tables together have no more live connections than this, all are kept at hand, however silent they are: it is 110 MB. What many
/// connections took once is only good for connections again, so that more at first is more for all time.
pub(super) const AT_HAND: usize = 3 << 12;
/// A connection that has been silent for so many milliseconds is packed at first: hardly a request waits longer for its response.
pub(super) const SILENT: u16 = 500;
/// Whoever comes back sooner was packed in vain: to pack and unpack takes longer than a few segments do, and saved little for that time.
const BACK_SOON: i64 = 4_000;
/// One that leaves as soon as this is not packed.
const SOON: Nanos = Nanos::from_secs(10);

/// For how many milliseconds a connection that was packed has to be silent to be packed again, if it came back after this silence: one that speaks every
/// second is packed but once.
pub(super) fn patience_after(silence: Nanos) -> u16 {
    let silence = silence.0 / Nanos::from_millis(1).0;
    if silence < BACK_SOON { u16::try_from(2 * silence).unwrap_or(SILENT).max(SILENT) } else { SILENT }
}

impl<C: FlowState> FlowTable<C> {
    /// One of so many tables that share the connections, and the memory.
    pub fn one_of(tables: usize) -> Self {
        Self { at_hand: AT_HAND / tables.max(1), ..Self::default() }
    }

    /// `segments` more were looked at, and the capture's clock stands at `now`: a hand that goes round over the live connections packs those
    /// that are silent. With a step for each segment it comes round once in as many segments as there are connections.
    pub fn tuck_in(&mut self, segments: usize, now: Timestamp, keeper: &mut impl Keeper<C>) {
        if self.awake <= self.at_hand {
            return;
        }
        let bound = self.records.live.bound();
        for _ in 0..segments.min(bound as usize) {
            self.hand = if self.hand + 1 < bound { self.hand + 1 } else { 0 };
            self.look_after(self.hand, now, keeper);
        }
    }

    /// The hand has come to the connection under this number.
    fn look_after(&mut self, number: u32, now: Timestamp, keeper: &mut impl Keeper<C>) {
        let Some(live) = self.records.live.get(number) else { return };
        let silent = now - live.heard > Nanos::from_millis(live.patience.into());
        let stays = live.deadline.get().is_none_or(|deadline| deadline - now > SOON);
        if silent && stays && live.state.is_awake() {
            self.put_away(number, keeper);
        }
    }

    /// Packs it, if that can be done now.
    fn put_away(&mut self, number: u32, keeper: &mut impl Keeper<C>) {
        self.settle(number, keeper);
        if let Some(live) = self.records.live.get_mut(number)
            && live.state.fall_asleep(&mut self.room)
        {
            self.awake -= 1;
            self.weigh_one(number);
        }
    }

    /// Packs all of them, as far as they can be: for tests.
    #[cfg(test)]
    pub fn pack_all(&mut self, keeper: &mut impl Keeper<C>) {
        for number in 0..self.records.live.bound() {
            self.put_away(number, keeper);
        }
    }
}
