//! Numbers as the report writes them: exact, from integers, without trailing zeros and without allocating.

use crate::base::Nanos;

/// Decimals of a span in milliseconds.
pub const MILLIS_DECIMALS: u32 = 6;
/// Decimals of a span in seconds.
pub const SECONDS_DECIMALS: u32 = 9;

/// Digits of the largest integer.
const DIGITS: usize = 20;

/// Appends `n` in decimal.
pub fn push_integer(out: &mut Vec<u8>, n: u64) {
    push_padded(out, n, 1);
}

/// Appends `n` in decimal, with leading zeros up to `digits` digits, of which there are at most 20.
pub fn push_padded(out: &mut Vec<u8>, n: u64, digits: usize) {
    let mut buffer = [b'0'; DIGITS];
    let mut rest = n;
    let mut written = 0;
    for slot in buffer.iter_mut().rev() {
        if rest == 0 {
            break;
        }
        *slot = b'0' + (rest % 10) as u8;
        rest /= 10;
        written += 1;
    }
    let start = DIGITS.saturating_sub(digits.max(written));
    out.extend_from_slice(buffer.get(start..).unwrap_or_default());
}

/// Appends `value` / 10^`decimals`: at most so many decimals, no trailing zeros, no exponent.
pub fn push_fixed(out: &mut Vec<u8>, value: i64, decimals: u32) {
    if value < 0 {
        out.push(b'-');
    }
    let unit = 10u64.pow(decimals);
    let magnitude = value.unsigned_abs();
    push_integer(out, magnitude / unit);
    let mut fraction = magnitude % unit;
    if fraction == 0 {
        return;
    }
    let mut digits = decimals as usize;
    while fraction.is_multiple_of(10) {
        fraction /= 10;
        digits -= 1;
    }
    out.push(b'.');
    push_padded(out, fraction, digits);
}

/// Appends a span in milliseconds.
pub fn push_millis(out: &mut Vec<u8>, span: Nanos) {
    push_fixed(out, span.0, MILLIS_DECIMALS);
}

/// Appends a span in seconds.
pub fn push_seconds(out: &mut Vec<u8>, span: Nanos) {
    push_fixed(out, span.0, SECONDS_DECIMALS);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn integers_are_plain() {
        for n in [0, 7, 10, 1_234_567, u64::MAX] {
            assert_eq!(text(|o| push_integer(o, n)), n.to_string());
        }
        assert_eq!(text(|o| push_padded(o, 42, 5)), "00042");
    }

    #[test]
    fn spans_are_exact_and_have_no_trailing_zeros() {
        let millis = |ns| text(|o| push_millis(o, Nanos(ns)));
        assert_eq!(millis(1_234_567), "1.234567");
        assert_eq!(millis(0), "0");
        assert_eq!(millis(1), "0.000001");
        assert_eq!(millis(1_500_000), "1.5");
        assert_eq!(millis(20_000_000), "20");
        assert_eq!(millis(-1_050_000), "-1.05");
        assert_eq!(millis(i64::MIN), "-9223372036854.775808");
        let seconds = |ns| text(|o| push_seconds(o, Nanos(ns)));
        assert_eq!(seconds(331_221_000_001), "331.221000001");
        assert_eq!(seconds(10_000_000_000), "10");
        assert_eq!(seconds(-1), "-0.000000001");
    }
}
