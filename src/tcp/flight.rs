//! How much a sender had on its way, as it knew it, and its initial window (`semantics.md` 7).

use crate::base::packed::packed;
use crate::base::{Maybe, Nanos, Timestamp};

/// Flight and initial window of one sender.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flight {
    max: Maybe<u64>,
    /// First data byte, and highest end of the initial window so far; none before the first data.
    first: Maybe<u64>,
    end: u64,
    /// When the last of the initial window was sent; none once that is complete, and before the first data.
    last_sent: Maybe<Timestamp>,
}

packed! { Flight { {first, end} [max, last_sent] } }

/// A pause of so much within the first flight is the application's: the window was not filled.
const PAUSE: Nanos = Nanos::from_millis(10);

impl Flight {
    /// New data `[lo, data_end)` goes out, up to `hi` with a FIN; the sender knows that everything below `una` was acknowledged.
    pub fn on_new(&mut self, t: Timestamp, (lo, data_end, hi): (u64, u64, u64), una: u64, segment_size: u32) {
        self.max.raise(hi.saturating_sub(una));
        let Some(first) = self.first.get() else {
            if data_end > lo {
                self.first.set(lo);
                self.end = data_end;
                self.last_sent.set(t);
            }
            return;
        };
        let Some(last_sent) = self.last_sent.get() else { return };
        if data_end == lo {
            self.last_sent.set(t);
            return;
        }
        let pause = t - last_sent > PAUSE && self.end - first < u64::from(segment_size);
        if una > first || pause {
            self.last_sent = Maybe::NONE;
        } else {
            self.end = data_end;
            self.last_sent.set(t);
        }
    }

    /// Most sequence space in flight.
    pub fn max(&self) -> Option<u64> {
        self.max.get()
    }

    /// Bytes of the initial window.
    pub fn initial(&self) -> Option<u64> {
        self.first.get().map(|first| self.end - first)
    }
}
