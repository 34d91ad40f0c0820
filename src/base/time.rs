//! Capture time. The analysis knows no other clock: everything that expires is told what time it is.

use std::ops::{Add, AddAssign, Sub};

/// A moment of capture time, in nanoseconds since 1970-01-01 00:00:00 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// A signed span of capture time, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(pub i64);

impl Timestamp {
    /// The moment `secs` seconds and `nanos` nanoseconds after the epoch; saturates in the years 1677 and 2262.
    pub fn from_parts(secs: i64, nanos: i64) -> Self {
        Self(secs.saturating_mul(1_000_000_000).saturating_add(nanos))
    }

    /// Time passed since `earlier`, negative where the clock went backwards.
    #[inline]
    pub fn since(self, earlier: Timestamp) -> Nanos {
        Nanos(minus(self.0, earlier.0))
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

/// Sum of two numbers of nanoseconds. Nothing in a capture is so far apart that it saturates: that it may do so costs one jump, not taken.
#[inline(always)]
const fn plus(a: i64, b: i64) -> i64 {
    match a.checked_add(b) {
        Some(sum) => sum,
        None => saturated(b < 0),
    }
}

/// Their difference, likewise.
#[inline(always)]
const fn minus(a: i64, b: i64) -> i64 {
    match a.checked_sub(b) {
        Some(difference) => difference,
        None => saturated(b >= 0),
    }
}

/// What a result that does not fit becomes. `down`: it is too small.
#[cold]
#[inline(never)]
const fn saturated(down: bool) -> i64 {
    if down { i64::MIN } else { i64::MAX }
}

impl Add<Nanos> for Timestamp {
    type Output = Timestamp;
    #[inline]
    fn add(self, span: Nanos) -> Timestamp {
        Timestamp(plus(self.0, span.0))
    }
}

impl Sub<Nanos> for Timestamp {
    type Output = Timestamp;
    #[inline]
    fn sub(self, span: Nanos) -> Timestamp {
        Timestamp(minus(self.0, span.0))
    }
}

impl Sub for Timestamp {
    type Output = Nanos;
    #[inline]
    fn sub(self, earlier: Timestamp) -> Nanos {
        self.since(earlier)
    }
}

impl Add for Nanos {
    type Output = Nanos;
    #[inline]
    fn add(self, other: Nanos) -> Nanos {
        Nanos(plus(self.0, other.0))
    }
}

impl Sub for Nanos {
    type Output = Nanos;
    #[inline]
    fn sub(self, other: Nanos) -> Nanos {
        Nanos(minus(self.0, other.0))
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
    fn what_does_not_fit_saturates() {
        let ends = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
        for (a, b) in ends.into_iter().flat_map(|a| ends.map(|b| (a, b))) {
            assert_eq!(Timestamp(a) + Nanos(b), Timestamp(a.saturating_add(b)));
            assert_eq!(Timestamp(a) - Nanos(b), Timestamp(a.saturating_sub(b)));
            assert_eq!(Timestamp(a) - Timestamp(b), Nanos(a.saturating_sub(b)));
        }
    }

    #[test]
    fn scaling_does_not_overflow() {
        assert_eq!(Nanos::from_secs(1_000_000_000).scale(9, 10), Nanos::from_secs(900_000_000));
    }
}
