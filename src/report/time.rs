//! Capture times as text: RFC 3339, seconds since the epoch, or what spreadsheets take for a date.

use super::number::{pair, put_first_of_nine, put_integer, put_six_decimals};
use super::room::{Room, put_all, put_block, put_byte, text_of};
use crate::base::Timestamp;

/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;
/// Nanoseconds of a day.
const DAY: i64 = 86_400 * SECOND;

/// How `start_time` and `end_time` are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeFormat {
    /// `2024-05-01T12:00:00.000000Z`, with the digits of the capture.
    #[default]
    Rfc3339,
    /// Seconds since 1970-01-01 00:00:00 UTC, with the digits of the capture.
    Epoch,
    /// `2024-05-01 12:00:00.000`: UTC, milliseconds, a date to a spreadsheet.
    Excel,
}

impl TimeFormat {
    /// All of them, with the word that chooses each.
    pub const ALL: [(&'static str, TimeFormat); 3] =
        [("rfc3339", TimeFormat::Rfc3339), ("epoch", TimeFormat::Epoch), ("excel", TimeFormat::Excel)];
}

/// The digits that the capture's clock has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Microseconds.
    #[default]
    Micros,
    /// Nanoseconds.
    Nanos,
}

/// Puts `time`. Digits that are not written are cut off, never rounded: a time is not moved into the next second.
pub fn put_time(room: &mut Room, at: usize, time: Timestamp, format: TimeFormat, precision: Precision) -> usize {
    Clock::new(format, precision).put(room, at, time)
}

/// `time` as a text of its own.
pub fn time_text(time: Timestamp, format: TimeFormat, precision: Precision) -> String {
    text_of(|room, at| put_time(room, at, time, format, precision))
}

/// Puts times of one form. It remembers the day of the last one, for most that come together are of the same.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    format: TimeFormat,
    precision: Precision,
    /// When that day began, in nanoseconds.
    midnight: i64,
    /// The date of that day and what stands behind it, and room for a block.
    date: [u8; 16],
}

impl Clock {
    /// Characters of a date with what stands behind it.
    const DATE: usize = 11;

    /// One that has put nothing yet.
    pub const fn new(format: TimeFormat, precision: Precision) -> Self {
        let date = match format {
            TimeFormat::Excel => *b"1970-01-01      ",
            TimeFormat::Rfc3339 | TimeFormat::Epoch => *b"1970-01-01T     ",
        };
        Self { format, precision, midnight: 0, date }
    }

    /// Puts `time`; see [`put_time`].
    #[inline(never)]
    pub fn put(&mut self, room: &mut Room, at: usize, time: Timestamp) -> usize {
        if self.format == TimeFormat::Epoch {
            return put_epoch(room, at, time, self.precision);
        }
        // Before 1970 as well, nanoseconds count forwards in their day.
        if self.since_midnight(time) >= DAY.unsigned_abs() {
            self.turn_to(time);
        }
        let since = self.since_midnight(time);
        let (second, nanos) = (since / SECOND.unsigned_abs(), since % SECOND.unsigned_abs());
        let at = put_block(room, at, &self.date, Self::DATE);
        let at = put_time_of_day(room, at, second as u32);
        if self.format == TimeFormat::Excel {
            return put_first_of_nine(room, at, nanos, 3);
        }
        let at = put_fraction(room, at, nanos, self.precision);
        put_byte(room, at, b'Z')
    }

    /// Nanoseconds since the midnight of the day; of other days' times at least [`DAY`].
    #[inline(always)]
    const fn since_midnight(&self, time: Timestamp) -> u64 {
        // The first midnight lies before the first time that there is.
        time.0.wrapping_sub(self.midnight).cast_unsigned()
    }

    #[inline(never)]
    fn turn_to(&mut self, time: Timestamp) {
        let day = time.0.div_euclid(DAY);
        self.midnight = day.wrapping_mul(DAY);
        let (year, month, of_month) = civil(day);
        let ([y0, y1], [y2, y3], [m0, m1], [d0, d1]) = (pair(year / 100), pair(year), pair(month), pair(of_month));
        self.date[..10].copy_from_slice(&[y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1]);
    }
}

/// Puts the time of day, to the second.
#[inline(always)]
fn put_time_of_day(room: &mut Room, at: usize, second: u32) -> usize {
    let two = |n: u32| u64::from(u16::from_le_bytes(pair(n)));
    let [hours, minutes, seconds] = [two(second / 3_600), two(second / 60 % 60), two(second % 60)];
    let colon = u64::from(b':');
    let text = hours | colon << 16 | minutes << 24 | colon << 40 | seconds << 48;
    put_all(room, at, &text.to_le_bytes())
}

/// Puts the decimal point and as many digits as the clock has.
#[inline(always)]
fn put_fraction(room: &mut Room, at: usize, nanos: u64, precision: Precision) -> usize {
    match precision {
        Precision::Micros => put_six_decimals(room, at, nanos / 1_000),
        Precision::Nanos => put_first_of_nine(room, at, nanos, 9),
    }
}

fn put_epoch(room: &mut Room, at: usize, time: Timestamp, precision: Precision) -> usize {
    let at = if time.0 < 0 { put_byte(room, at, b'-') } else { at };
    let magnitude = time.0.unsigned_abs();
    let at = put_integer(room, at, magnitude / SECOND.unsigned_abs());
    put_fraction(room, at, magnitude % SECOND.unsigned_abs(), precision)
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar. 64 bits of nanoseconds reach from 1677 to 2262,
/// whose years have four digits.
///
/// Years are counted from March, so that the leap day is the last of its year and the months' lengths repeat (the algorithm
/// is Howard Hinnant's `civil_from_days`).
fn civil(days: i64) -> (u32, u32, u32) {
    /// Days of 400 years, after which the calendar repeats.
    const ERA: u32 = 146_097;
    /// From the first of March of the year 0 to 1970-01-01.
    const EPOCH: i64 = 719_468;
    let days = u32::try_from(days + EPOCH).unwrap_or_default();
    let (era, day_of_era) = (days / ERA, days % ERA);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Five months, of which each has 30.6 days on average, and then the same lengths again.
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = 400 * era + year_of_era;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::reference;
    use proptest::prelude::*;

    fn text(ns: i64, format: TimeFormat, precision: Precision) -> String {
        time_text(Timestamp(ns), format, precision)
    }

    #[test]
    fn rfc3339_has_the_digits_of_the_capture() {
        let ns = 1_714_564_800_123_456_789;
        assert_eq!(text(ns, TimeFormat::Rfc3339, Precision::Micros), "2024-05-01T12:00:00.123456Z");
        assert_eq!(text(ns, TimeFormat::Rfc3339, Precision::Nanos), "2024-05-01T12:00:00.123456789Z");
        assert_eq!(text(0, TimeFormat::Rfc3339, Precision::Micros), "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn times_before_1970_count_forwards_in_their_second() {
        assert_eq!(text(-1, TimeFormat::Rfc3339, Precision::Nanos), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(text(-1, TimeFormat::Excel, Precision::Nanos), "1969-12-31 23:59:59.999");
        assert_eq!(text(-1_500_000_000, TimeFormat::Epoch, Precision::Micros), "-1.500000");
        assert_eq!(text(i64::MIN, TimeFormat::Rfc3339, Precision::Nanos), "1677-09-21T00:12:43.145224192Z");
        assert_eq!(text(i64::MAX, TimeFormat::Rfc3339, Precision::Nanos), "2262-04-11T23:47:16.854775807Z");
    }

    #[test]
    fn spreadsheets_and_programs_get_theirs() {
        let ns = 951_827_696_987_654_321;
        assert_eq!(text(ns, TimeFormat::Excel, Precision::Nanos), "2000-02-29 12:34:56.987");
        assert_eq!(text(ns, TimeFormat::Epoch, Precision::Micros), "951827696.987654");
        assert_eq!(text(ns, TimeFormat::Epoch, Precision::Nanos), "951827696.987654321");
    }
    proptest! {
        #[test]
        fn times_are_those_of_a_calendar(ns: i64, near in -4_000_000_000_000_000_000i64..8_000_000_000_000_000_000) {
            for (_, format) in TimeFormat::ALL {
                for (ns, precision) in [(ns, Precision::Micros), (ns, Precision::Nanos), (near, Precision::Nanos)] {
                    prop_assert_eq!(text(ns, format, precision), reference::time(Timestamp(ns), format, precision));
                }
                let mut clock = Clock::new(format, Precision::Micros);
                for ns in [near, near.saturating_add(1), ns, near].map(Timestamp) {
                    let written = reference::time(ns, format, Precision::Micros);
                    let mut room: Room = [0; size_of::<Room>()];
                    let end = clock.put(&mut room, 0, ns);
                    prop_assert_eq!(std::str::from_utf8(&room[..end]), Ok(written.as_str()));
                }
            }
        }
    }
}
