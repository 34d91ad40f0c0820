//! Capture time. The analysis knows no other clock: everything that expires is told what time it is.

use std::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Serialize};

/// A moment of capture time, in nanoseconds since 1970-01-01 00:00:00 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(pub i64);

/// A signed span of capture time, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Nanos(pub i64);

impl Timestamp {
    /// The moment `secs` seconds and `nanos` nanoseconds after the epoch; saturates in the years 1677 and 2262.
    pub fn from_parts(secs: i64, nanos: i64) -> Self {
        Self(secs.saturating_mul(1_000_000_000).saturating_add(nanos))
    }

    /// Time passed since `earlier`, negative where the clock went backwards.
    pub fn since(self, earlier: Timestamp) -> Nanos {
        Nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Nanos {
    /// No time at all.
    pub const ZERO: Nanos = Nanos(0);
    /// Longer than any capture.
    pub const MAX: Nanos = Nanos(i64::MAX);

    /// A span of whole microseconds.
    pub const fn from_micros(us: i64) -> Self {
        Self(us * 1_000)
    }

    /// A span of whole milliseconds.
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms * 1_000_000)
    }

    /// A span of whole seconds.
    pub const fn from_secs(s: i64) -> Self {
        Self(s * 1_000_000_000)
    }

    /// `num`/`den` of this span, without overflow for spans of the size of a capture.
    #[inline]
    pub fn scale(self, num: i64, den: i64) -> Self {
        let den = den.max(1);
        // Hardly a span is too long for 64 bits, and dividing 128 costs ten times as much.
        match self.0.checked_mul(num) {
            Some(product) => Self(product / den),
            None => self.scale_wide(num, den),
        }
    }

    #[cold]
    #[inline(never)]
    fn scale_wide(self, num: i64, den: i64) -> Self {
        let wide = i128::from(self.0) * i128::from(num) / i128::from(den);
        Self(i64::try_from(wide).unwrap_or(i64::MAX))
    }

    /// The distance from zero.
    pub fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// The span in milliseconds, for statistics only.
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl Add<Nanos> for Timestamp {
    type Output = Timestamp;
    fn add(self, span: Nanos) -> Timestamp {
        Timestamp(self.0.saturating_add(span.0))
    }
}

impl Sub<Nanos> for Timestamp {
    type Output = Timestamp;
    fn sub(self, span: Nanos) -> Timestamp {
        Timestamp(self.0.saturating_sub(span.0))
    }
}

impl Sub for Timestamp {
    type Output = Nanos;
    fn sub(self, earlier: Timestamp) -> Nanos {
        self.since(earlier)
    }
}

impl Add for Nanos {
    type Output = Nanos;
    fn add(self, other: Nanos) -> Nanos {
        Nanos(self.0.saturating_add(other.0))
    }
}

impl Sub for Nanos {
    type Output = Nanos;
    fn sub(self, other: Nanos) -> Nanos {
        Nanos(self.0.saturating_sub(other.0))
    }
}

impl AddAssign for Nanos {
    fn add_assign(&mut self, other: Nanos) {
        *self = *self + other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_signed() {
        let (a, b) = (Timestamp::from_parts(5, 1), Timestamp::from_parts(4, 2));
        assert_eq!(a - b, Nanos(999_999_999));
        assert_eq!(b - a, Nanos(-999_999_999));
    }

    #[test]
    fn scaling_does_not_overflow() {
        assert_eq!(Nanos::from_secs(1_000_000_000).scale(9, 10), Nanos::from_secs(900_000_000));
    }
}
