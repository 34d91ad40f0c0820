//! Does the path's rate hold a sender back? Then its data comes at an even pace (`semantics.md` 11, BANDWIDTH).

use crate::base::packed::packed;
use crate::base::{Nanos, Timestamp};

/// A slice is at least this long, and at most [`LONGEST`]; between them four round trips.
const SHORTEST: Nanos = Nanos::from_millis(100);
/// See [`SHORTEST`].
const LONGEST: Nanos = Nanos::from_secs(1);
/// The first slices belong to slow start.
const SLOW_START: u32 = 3;
/// So many slices show how even the pace is.
const ENOUGH: u32 = 5;
/// The pace is even if its standard deviation is below this share of its mean.
const EVEN: f64 = 0.15;

/// The pace of one direction, slice by slice while its sender goes on without a pause.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rate {
    begun: Timestamp,
    bytes: u64,
    slices: u32,
    measured: u32,
    mean: f64,
    squares: f64,
}

packed! { Rate { [begun, bytes, slices, measured, mean, squares] } }

/// How long a slice is, on a path with this round trip.
pub fn slice(rtt: Option<Nanos>) -> Nanos {
    rtt.map_or(SHORTEST, |rtt| rtt.scale(4, 1)).max(SHORTEST).min(LONGEST)
}

impl Rate {
    /// After a pause, or for the first time: so many bytes of the stream had come by.
    pub const fn begin(&mut self, t: Timestamp, bytes: u64) {
        self.begun = t;
        self.bytes = bytes;
    }

    /// A slice is over.
    pub fn end_slice(&mut self, t: Timestamp, bytes: u64) {
        let seconds = (t - self.begun).0 as f64 / 1e9;
        if seconds > 0.0 {
            self.slices += 1;
            if self.slices > SLOW_START {
                self.add(bytes.saturating_sub(self.bytes) as f64 / seconds);
            }
        }
        self.begin(t, bytes);
    }

    /// Welford's method.
    fn add(&mut self, pace: f64) {
        self.measured += 1;
        let delta = pace - self.mean;
        self.mean += delta / f64::from(self.measured);
        self.squares += delta * (pace - self.mean);
    }

    /// The pace was even for long enough.
    pub fn is_even(&self) -> bool {
        self.measured >= ENOUGH && (self.squares / f64::from(self.measured)).sqrt() < EVEN * self.mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate_of(paces: &[u64]) -> Rate {
        let mut rate = Rate::default();
        let (mut t, mut bytes) = (Timestamp(0), 0);
        rate.begin(t, bytes);
        for pace in paces {
            t = t + Nanos::from_millis(100);
            bytes += pace;
            rate.end_slice(t, bytes);
        }
        rate
    }

    #[test]
    fn an_even_pace_is_told_from_a_growing_one() {
        assert!(rate_of(&[10, 40, 80, 100, 101, 99, 100, 98, 102]).is_even());
        assert!(!rate_of(&[10, 20, 40, 80, 160, 320, 640, 1_280]).is_even());
        assert!(!rate_of(&[100, 100, 100, 100]).is_even());
    }
}
