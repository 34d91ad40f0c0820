//! Which connections are packed, and when.

use super::{FlowState, FlowTable, Keeper};
use crate::base::{Nanos, Timestamp};

/// While all tables together have no more states at hand than this, all of them stay there, however silent their connections are: it is 32 MB.
/// What many of them took once is only good for states again, so that more at first is more for all time.
pub(super) const AT_HAND: usize = 3 << 12;
/// A connection that has been silent for so many milliseconds is packed at first: hardly a request waits longer for its response.
pub(super) const SILENT: u16 = 500;
/// Whoever comes back sooner was packed in vain: to pack and unpack takes longer than a few segments do, and saved little for that time.
const BACK_SOON: i64 = 4_000;
/// One that leaves as soon as this is not packed.
const SOON: Nanos = Nanos::from_secs(10);
/// Whoever is silent for so long is idle, and a long journal is packed as well: a minute is longer than people wait for anything.
const IDLE: Nanos = Nanos::from_secs(60);
/// To find who is idle, the hand takes one step for so many segments.
const STEP: usize = 16;

/// For how many milliseconds a connection that was packed has to be silent to be packed again, if it came back after this silence: one that
/// speaks every second is packed but once.
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
        let (bound, crowded) = (self.records.live.bound(), self.awake > self.at_hand);
        if self.records.live.len() <= self.at_hand {
            return;
        }
        let steps = if crowded { segments } else { segments / STEP };
        for _ in 0..steps.min(bound as usize) {
            self.hand = if self.hand + 1 < bound { self.hand + 1 } else { 0 };
            self.look_after(self.hand, now, crowded, keeper);
        }
    }

    /// The hand has come to the connection under this number. `crowded`: there are too many states at hand.
    fn look_after(&mut self, number: u32, now: Timestamp, crowded: bool, keeper: &mut impl Keeper<C>) {
        let Some(live) = self.records.live.get(number) else { return };
        let silence = now - live.heard;
        let too_long = crowded && live.state.is_awake() && silence > Nanos::from_millis(live.patience.into());
        let idle = silence > IDLE && (live.state.is_awake() || live.journal.is_long());
        let stays = live.deadline.get().is_none_or(|deadline| deadline - now > SOON);
        if (too_long || idle) && stays {
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
