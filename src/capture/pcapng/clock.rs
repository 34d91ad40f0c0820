//! The clock of an interface: how long one tick of its timestamps is, and where it starts.

use crate::base::Timestamp;

const NANOS: u64 = 1_000_000_000;

/// Turns ticks into nanoseconds, exactly; what is finer than a nanosecond is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    tick: Tick,
    /// Where its zero is, in seconds since 1970.
    offset: i64,
}

/// The length of a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tick {
    /// So many nanoseconds.
    Nanos(u64),
    /// A nanosecond has so many.
    PerNano(u64),
    /// 2 to the power of minus this, in seconds.
    Binary(u8),
    /// So short that 64 bits of them do not make a nanosecond.
    Nothing,
}

impl Clock {
    /// Microseconds since 1970.
    pub const DEFAULT: Clock = Clock { tick: Tick::Nanos(1_000), offset: 0 };

    /// With the tick that `if_tsresol` gives: 10 to the power of minus its value or, with the highest bit set, 2 to the power of minus the rest.
    pub fn with_resolution(self, tsresol: u8) -> Self {
        let exponent = tsresol & 0x7f;
        let tick = if tsresol & 0x80 != 0 {
            Tick::Binary(exponent)
        } else if exponent <= 9 {
            Tick::Nanos(10u64.pow(u32::from(9 - exponent)))
        } else {
            10u64.checked_pow(u32::from(exponent - 9)).map_or(Tick::Nothing, Tick::PerNano)
        };
        Self { tick, ..self }
    }

    /// With its zero so many seconds after 1970.
    pub fn with_offset(self, seconds: i64) -> Self {
        Self { offset: seconds, ..self }
    }

    /// The moment of a count of ticks; saturates in the years 1677 and 2262.
    #[inline]
    pub fn at(&self, ticks: u64) -> Timestamp {
        let nanos = match self.tick {
            Tick::Nanos(nanos) => u128::from(ticks) * u128::from(nanos),
            Tick::PerNano(ticks_per_nano) => u128::from(ticks / ticks_per_nano.max(1)),
            Tick::Binary(exponent) => (u128::from(ticks) * u128::from(NANOS)) >> exponent,
            Tick::Nothing => 0,
        };
        // Both terms are below 2^95.
        let nanos = nanos as i128 + i128::from(self.offset) * i128::from(NANOS);
        Timestamp(i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX }))
    }

    /// How many fractional digits its times are worth: 6, or 9 if a tick is shorter than a microsecond.
    pub fn digits(&self) -> u8 {
        match self.tick {
            Tick::Nanos(nanos) if nanos >= 1_000 => 6,
            // 2^-19 s is 1.9 us, 2^-20 s is 0.95 us.
            Tick::Binary(exponent) if exponent <= 19 => 6,
            _ => 9,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_ten_are_exact() {
        let at = |tsresol, ticks| Clock::DEFAULT.with_resolution(tsresol).at(ticks).0;
        assert_eq!(at(6, 1_700_000_000_123_456), 1_700_000_000_123_456_000);
        assert_eq!(at(9, 1_700_000_000_123_456_789), 1_700_000_000_123_456_789);
        assert_eq!(at(0, 1_700_000_000), 1_700_000_000_000_000_000);
        assert_eq!(at(3, 1_700_000_000_123), 1_700_000_000_123_000_000);
        assert_eq!(at(12, 1_999_999), 1_999, "finer than a nanosecond is cut off");
        assert_eq!((at(28, u64::MAX), at(29, u64::MAX), at(127, u64::MAX)), (1, 0, 0));
    }

    #[test]
    fn powers_of_two_are_exact() {
        let at = |exponent: u8, ticks| Clock::DEFAULT.with_resolution(0x80 | exponent).at(ticks).0;
        assert_eq!(at(0, 17), 17_000_000_000);
        assert_eq!(at(10, 1536), 1_500_000_000);
        assert_eq!(at(32, (17 << 32) | 0x4000_0000), 17_250_000_000);
        assert_eq!(at(63, u64::MAX), 1_999_999_999);
        assert_eq!(at(64, u64::MAX), 999_999_999);
        assert_eq!(at(127, u64::MAX), 0);
    }

    #[test]
    fn offsets_are_seconds_of_either_sign_and_saturate() {
        let clock = Clock::DEFAULT.with_offset(-3);
        assert_eq!(clock.at(1_000_001).0, -1_999_999_000);
        assert_eq!(Clock::DEFAULT.with_offset(1_600_000_000).at(5).0, 1_600_000_000_000_005_000);
        assert_eq!(Clock::DEFAULT.with_offset(i64::MAX).at(0).0, i64::MAX);
        assert_eq!(Clock::DEFAULT.with_offset(i64::MIN).at(u64::MAX).0, i64::MIN);
        assert_eq!(Clock::DEFAULT.with_resolution(0).at(u64::MAX).0, i64::MAX);
    }

    #[test]
    fn nine_digits_are_for_ticks_below_a_microsecond() {
        let digits = |tsresol| Clock::DEFAULT.with_resolution(tsresol).digits();
        assert_eq!((digits(0), digits(6), digits(7), digits(9), digits(12), digits(127)), (6, 6, 9, 9, 9, 9));
        assert_eq!((digits(0x80 | 19), digits(0x80 | 20), digits(0xff)), (6, 9, 9));
    }
}
