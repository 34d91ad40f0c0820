//! Numbers as the report writes them: exact, from integers, without trailing zeros.

use super::room::{put_all, put_block, put_byte};
use crate::base::Nanos;

/// Decimals of a span in milliseconds.
pub const MILLIS_DECIMALS: u32 = 6;
/// Decimals of a span in seconds.
pub const SECONDS_DECIMALS: u32 = 9;

/// The first number of nine digits.
const NINE_DIGITS: u64 = 100_000_000;
/// Eight times the digit 0.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// All numbers of two digits.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut n = 0;
    while n < 100 {
        pairs[n] = [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
        n += 1;
    }
    pairs
};

/// The last two digits of `n`.
#[inline(always)]
pub const fn pair(n: u32) -> [u8; 2] {
    PAIRS[(n % 100) as usize]
}

/// The eight digits of `n` < 10^8, a byte each, the first in the lowest byte; not yet as characters. It splits all halves at once:
/// no table, no branch, and leading and trailing zeros are leading and trailing bits.
#[inline(always)]
const fn digits8(n: u64) -> u64 {
    let fours = (n / 10_000) | ((n % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | ((fours - 100 * hundreds) << 16);
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((twos - 10 * tens) << 8)
}

/// The digits of `n` < 10^8 as characters, with leading zeros.
#[inline(always)]
pub const fn characters8(n: u64) -> [u8; 8] {
    (digits8(n) | ZEROS).to_le_bytes()
}

/// Puts `n` in decimal.
#[inline(always)]
pub fn put_integer(room: &mut [u8], at: usize, n: u64) -> usize {
    // Most numbers of a report are counts of what seldom happens.
    if n < 10 { put_byte(room, at, b'0' + n as u8) } else { put_longer(room, at, n) }
}

/// The same for numbers that are seldom so short. Not inlined: a report has hundreds of columns.
#[inline(never)]
pub fn put_longer(room: &mut [u8], at: usize, n: u64) -> usize {
    if n < NINE_DIGITS {
        put_short(room, at, n)
    } else {
        let at = put_longer(room, at, n / NINE_DIGITS);
        put_all(room, at, &characters8(n % NINE_DIGITS))
    }
}

/// Puts `n` < 10^8 in decimal.
#[inline(always)]
fn put_short(room: &mut [u8], at: usize, n: u64) -> usize {
    let digits = digits8(n);
    // The last digit stays even if it is 0.
    let zeros = (digits | 1 << 56).trailing_zeros() / 8;
    let text = (digits | ZEROS) >> (8 * zeros);
    put_block(room, at, &text.to_le_bytes(), 8 - zeros as usize)
}

/// Puts `n` in decimal.
#[inline]
pub fn put_signed(room: &mut [u8], at: usize, n: i64) -> usize {
    let at = if n < 0 { put_byte(room, at, b'-') } else { at };
    put_integer(room, at, n.unsigned_abs())
}

/// Puts `value` / 10^`DECIMALS`: at most so many decimals, no trailing zeros, no exponent.
#[inline(always)]
fn put_fixed<const DECIMALS: u32>(room: &mut [u8], at: usize, value: i64) -> usize {
    let at = if value < 0 { put_byte(room, at, b'-') } else { at };
    let unit = const { 10u64.pow(DECIMALS) };
    let magnitude = value.unsigned_abs();
    let whole = magnitude / unit;
    let at = if whole < 10 { put_byte(room, at, b'0' + whole as u8) } else { put_longer(room, at, whole) };
    if DECIMALS > 8 {
        put_decimals9(room, at, magnitude % unit)
    } else {
        put_decimals8(room, at, magnitude % unit * const { 10u64.pow(8u32.saturating_sub(DECIMALS)) })
    }
}

/// Puts the decimal point and eight decimals, without trailing zeros.
#[inline(always)]
fn put_decimals8(room: &mut [u8], at: usize, fraction: u64) -> usize {
    let digits = digits8(fraction);
    let [a, b, c, d, e, f, g, h] = (digits | ZEROS).to_le_bytes();
    let used = if digits == 0 { 0 } else { 9 - digits.leading_zeros() as usize / 8 };
    put_block(room, at, &[b'.', a, b, c, d, e, f, g, h], used)
}

/// Puts the decimal point and nine decimals, without trailing zeros.
#[inline(always)]
fn put_decimals9(room: &mut [u8], at: usize, fraction: u64) -> usize {
    let (first, rest) = (fraction / NINE_DIGITS, digits8(fraction % NINE_DIGITS));
    let [a, b, c, d, e, f, g, h] = (rest | ZEROS).to_le_bytes();
    let used = match (first, rest) {
        (0, 0) => 0,
        (_, 0) => 2,
        _ => 10 - rest.leading_zeros() as usize / 8,
    };
    put_block(room, at, &[b'.', b'0' + first as u8, a, b, c, d, e, f, g, h], used)
}

/// Puts a span in milliseconds.
#[inline(never)]
pub fn put_millis(room: &mut [u8], at: usize, span: Nanos) -> usize {
    put_fixed::<MILLIS_DECIMALS>(room, at, span.0)
}

/// Puts a span in seconds.
#[inline(never)]
pub fn put_seconds(room: &mut [u8], at: usize, span: Nanos) -> usize {
    put_fixed::<SECONDS_DECIMALS>(room, at, span.0)
}

/// Puts a number of ten-thousandths.
#[inline(never)]
pub fn put_ten_thousandths(room: &mut [u8], at: usize, n: u64) -> usize {
    put_fixed::<4>(room, at, i64::try_from(n).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::reference::decimal;
    use crate::report::room::text_of;
    use proptest::prelude::*;

    #[test]
    fn integers_are_plain() {
        for n in [0, 7, 10, 99_999_999, 100_000_000, 1_234_567, u64::MAX] {
            assert_eq!(text_of(|r, at| put_integer(r, at, n)), n.to_string());
        }
        assert_eq!((characters8(42), pair(7)), (*b"00000042", *b"07"));
    }

    #[test]
    fn spans_are_exact_and_have_no_trailing_zeros() {
        let millis = |ns| text_of(|r, at| put_millis(r, at, Nanos(ns)));
        assert_eq!(millis(1_234_567), "1.234567");
        assert_eq!(millis(0), "0");
        assert_eq!(millis(1), "0.000001");
        assert_eq!(millis(1_500_000), "1.5");
        assert_eq!(millis(20_000_000), "20");
        assert_eq!(millis(-1_050_000), "-1.05");
        assert_eq!(millis(i64::MIN), "-9223372036854.775808");
        let seconds = |ns| text_of(|r, at| put_seconds(r, at, Nanos(ns)));
        assert_eq!(seconds(331_221_000_001), "331.221000001");
        assert_eq!(seconds(10_000_000_000), "10");
        assert_eq!(seconds(-1), "-0.000000001");
        assert_eq!(text_of(|r, at| put_ten_thousandths(r, at, u64::MAX)), decimal(i64::MAX.into(), 4));
    }

    proptest! {
        #[test]
        fn numbers_of_every_size_are_those_of_the_library(bits: i64, shift in 0u32..64) {
            let n = bits >> shift;
            prop_assert_eq!(text_of(|r, at| put_signed(r, at, n)), n.to_string());
            prop_assert_eq!(text_of(|r, at| put_integer(r, at, n as u64)), (n as u64).to_string());
            prop_assert_eq!(text_of(|r, at| put_millis(r, at, Nanos(n))), decimal(n.into(), 6));
            prop_assert_eq!(text_of(|r, at| put_seconds(r, at, Nanos(n))), decimal(n.into(), 9));
            prop_assert_eq!(text_of(|r, at| put_ten_thousandths(r, at, n.unsigned_abs() / 2)), decimal((n.unsigned_abs() / 2).into(), 4));
            let short = n.unsigned_abs() % 100_000_000;
            prop_assert_eq!(characters8(short).to_vec(), format!("{short:08}").into_bytes());
        }
    }
}
