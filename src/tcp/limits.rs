//! For how long was a sender held back by its peer's window? (`semantics.md` 7; the counter is Linux's `tcpi_rwnd_limited`.)

use crate::base::packed::packed;
use crate::base::{Maybe, Nanos, Timestamp};

/// The time for which a sender was blocked by the peer's window, as it knew it.
#[derive(Clone, Copy, Debug, Default)]
pub struct WindowLimit {
    since: Maybe<Timestamp>,
    /// The time in all, once a window could be known.
    total: Maybe<Nanos>,
}

packed! { WindowLimit { [since, total] } }

impl WindowLimit {
    /// New data went out; `usable`: what the window still allows. True if that filled it.
    pub fn on_new(&mut self, t: Timestamp, usable: Option<u64>, segment_size: u32) -> bool {
        let Some(usable) = usable else { return false };
        self.total.set_if_none(Nanos::ZERO);
        let full = usable < u64::from(segment_size);
        let begins = full && self.since.is_none();
        if begins {
            self.since.set(t);
        } else if !full {
            self.stop(t);
        }
        begins
    }

    /// The sender heard of a window whose right edge is at `edge`.
    pub fn on_edge(&mut self, t: Timestamp, edge: Option<u64>, snd_max: u64, segment_size: u32) {
        if self.active() && edge.is_some_and(|edge| edge.saturating_sub(snd_max) >= u64::from(segment_size)) {
            self.stop(t);
        }
    }

    fn stop(&mut self, t: Timestamp) {
        if let Some(since) = self.since.take() {
            let total = self.total.get().unwrap_or(Nanos::ZERO);
            self.total.set(total + t.since(since).max(Nanos::ZERO));
        }
    }

    /// It is held back now, or has been.
    #[inline]
    pub fn was_active(&self) -> bool {
        self.active() || self.total.get().is_some_and(|total| total > Nanos::ZERO)
    }

    /// It is held back now.
    pub fn active(&self) -> bool {
        self.since.is_some()
    }

    /// The time in all, up to `end`; `None` where no window could be known.
    pub fn total(&self, end: Timestamp) -> Option<Nanos> {
        let open = self.since.get().map_or(Nanos::ZERO, |since| end.since(since).max(Nanos::ZERO));
        self.total.get().map(|total| total + open)
    }
}
