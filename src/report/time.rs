//! Capture times as text: RFC 3339, seconds since the epoch, or what spreadsheets take for a date.

use super::number::{push_integer, push_padded};
use crate::base::Timestamp;

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

/// Appends `time`. Digits that are not written are cut off, never rounded: a time is not moved into the next second.
pub fn push_time(out: &mut Vec<u8>, time: Timestamp, format: TimeFormat, precision: Precision) {
    match format {
        TimeFormat::Rfc3339 => {
            push_civil(out, time, b'T');
            push_fraction(out, time, precision);
            out.push(b'Z');
        }
        TimeFormat::Excel => {
            push_civil(out, time, b' ');
            out.push(b'.');
            push_padded(out, nanos_of_second(time) / 1_000_000, 3);
        }
        TimeFormat::Epoch => push_epoch(out, time, precision),
    }
}

/// Nanoseconds since the last whole second, before 1970 as well.
fn nanos_of_second(time: Timestamp) -> u64 {
    time.0.rem_euclid(1_000_000_000).unsigned_abs()
}

/// Appends the decimal point and as many digits as the clock has.
fn push_fraction(out: &mut Vec<u8>, time: Timestamp, precision: Precision) {
    out.push(b'.');
    push_digits(out, nanos_of_second(time), precision);
}

fn push_digits(out: &mut Vec<u8>, nanos: u64, precision: Precision) {
    match precision {
        Precision::Micros => push_padded(out, nanos / 1_000, 6),
        Precision::Nanos => push_padded(out, nanos, 9),
    }
}

fn push_epoch(out: &mut Vec<u8>, time: Timestamp, precision: Precision) {
    if time.0 < 0 {
        out.push(b'-');
    }
    let magnitude = time.0.unsigned_abs();
    push_integer(out, magnitude / 1_000_000_000);
    out.push(b'.');
    push_digits(out, magnitude % 1_000_000_000, precision);
}

/// Appends date and time of day in UTC, with `between` between them.
fn push_civil(out: &mut Vec<u8>, time: Timestamp, between: u8) {
    let at = civil(time);
    push_padded(out, at.year().unsigned_abs().into(), 4);
    for (mark, part) in
        [(b'-', at.month()), (b'-', at.day()), (between, at.hour()), (b':', at.minute()), (b':', at.second())]
    {
        out.push(mark);
        push_padded(out, part.unsigned_abs().into(), 2);
    }
}

/// Date and time of day in UTC. Every timestamp has one: 64 bits of nanoseconds reach from 1677 to 2262.
fn civil(time: Timestamp) -> jiff::civil::DateTime {
    let instant = jiff::Timestamp::from_nanosecond(time.0.into()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    jiff::tz::Offset::UTC.to_datetime(instant)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(ns: i64, format: TimeFormat, precision: Precision) -> String {
        let mut out = Vec::new();
        push_time(&mut out, Timestamp(ns), format, precision);
        String::from_utf8(out).unwrap()
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
}
