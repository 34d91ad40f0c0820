//! Numbers as the report writes them: exact, from integers, without trailing zeros.
//!
//! Digits are looked up three at a time. A text so short is a number itself, its first character in the lowest byte: it is put with a
//! single store, and only its length depends on the digits.

use super::room::{Room, put_block, put_byte};
use crate::base::Nanos;

/// Nanoseconds of a millisecond.
const MILLI: u64 = 1_000_000;
/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;

/// The first number of four digits.
const THOUSAND: u64 = 1_000;
/// The first number of seven digits.
const MILLION: u64 = 1_000_000;

/// All numbers of two digits.
static PAIRS: [[u8; 2]; 100] = {
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
pub fn pair(n: u32) -> [u8; 2] {
    PAIRS[(n % 100) as usize]
}

/// Three digits in the lower bytes.
type Group = u32;

/// All numbers below a thousand as they go on: with leading zeros.
static GROUPS: [Group; 1_000] = {
    let mut groups = [0; 1_000];
    let mut n = 0;
    while n < 1_000 {
        groups[n] = three_digits(n as u32);
        n += 1;
    }
    groups
};

/// All numbers below a thousand as they begin, without leading zeros; in the highest byte, how many digits they have.
static HEADS: [u32; 1_000] = {
    let mut heads = [0; 1_000];
    let mut n = 0;
    while n < 1_000 {
        let len = if n < 10 { 1 } else { 2 + (n >= 100) as u32 };
        heads[n] = three_digits(n as u32) >> (8 * (3 - len)) | len << 24;
        n += 1;
    }
    heads
};

/// All numbers of thousandths as they stand behind another number: with the point, and without trailing zeros. Nothing stands for none.
static TAILS: [u32; 1_000] = {
    let mut tails = [0; 1_000];
    let mut n = 1;
    while n < 1_000 {
        let dropped = if n % 100 == 0 { 2 } else { (n % 10 == 0) as u32 };
        tails[n] = b'.' as u32 | (three_digits(n as u32) << (8 * (1 + dropped))) >> (8 * dropped);
        n += 1;
    }
    tails
};

const fn three_digits(n: u32) -> Group {
    u32::from_le_bytes([b'0' + (n / 100) as u8, b'0' + (n / 10 % 10) as u8, b'0' + (n % 10) as u8, 0])
}

/// The digits of a number below a thousand, without leading zeros, and how many they are.
#[inline(always)]
fn head(n: u64) -> (u64, usize) {
    let head = HEADS[n as usize];
    (u64::from(head & 0x00ff_ffff), (head >> 24) as usize)
}

/// The point and the digits of a number of thousandths, and how many characters these are.
#[inline(always)]
fn tail(n: u64) -> (u64, usize) {
    let tail = u64::from(TAILS[n as usize]);
    // The lowest bit stands for there being none.
    (tail, ((tail << 1 | 1).ilog2() as usize).div_ceil(8))
}

/// The three digits of a number below a thousand.
#[inline(always)]
fn group(n: u64) -> u64 {
    u64::from(GROUPS[n as usize])
}

/// The six digits of a number below a million.
#[inline(always)]
fn six_digits(n: u64) -> u64 {
    group(n / THOUSAND) | group(n % THOUSAND) << 24
}

/// How many of six decimals and the point before them are to be written: no trailing zeros, and no point alone.
#[inline(always)]
const fn length_with_point(six_digits: u64) -> usize {
    const ZEROS: u64 = 0x3030_3030_3030;
    // The highest bit tells the last digit that is no zero; the lowest one stands for there being none.
    let places = ((six_digits ^ ZEROS) << 9) | 1;
    (places.ilog2() as usize).div_ceil(8)
}

/// Puts `n` in decimal.
#[inline(always)]
pub fn put_integer(room: &mut Room, at: usize, n: u64) -> usize {
    // Most numbers of a report are counts of what seldom happens.
    if n < 10 { put_byte(room, at, b'0' + n as u8) } else { put_longer(room, at, n) }
}

/// The same for numbers that are seldom so short. Not inlined: a report has hundreds of columns.
#[inline(never)]
fn put_longer(room: &mut Room, at: usize, n: u64) -> usize {
    if n < THOUSAND {
        put_head(room, at, n)
    } else if n < MILLION {
        let (head, len) = head(n / THOUSAND);
        let text = head | group(n % THOUSAND) << (8 * len);
        put_block(room, at, &text.to_le_bytes(), len + 3)
    } else {
        put_longest(room, at, n)
    }
}

/// Puts the cell of `n`, with a separator behind it.
#[inline(never)]
pub fn put_integer_cell(room: &mut Room, at: usize, n: u64, separator: u8) -> usize {
    let separator_behind = |len: usize| u64::from(separator) << (8 * len);
    if n < THOUSAND {
        let (head, len) = head(n);
        put_block(room, at, &(head | separator_behind(len)).to_le_bytes(), len + 1)
    } else if n < MILLION {
        let (head, len) = head(n / THOUSAND);
        let text = head | group(n % THOUSAND) << (8 * len) | separator_behind(len + 3);
        put_block(room, at, &text.to_le_bytes(), len + 4)
    } else {
        put_longest_cell(room, at, n, separator)
    }
}

/// The same for numbers of seven digits and more.
#[inline(never)]
fn put_longest_cell(room: &mut Room, at: usize, n: u64, separator: u8) -> usize {
    let at = put_longest(room, at, n);
    put_byte(room, at, separator)
}

/// Puts a number of seven digits and more.
#[inline(never)]
fn put_longest(room: &mut Room, at: usize, n: u64) -> usize {
    let at = put_longer(room, at, n / MILLION);
    put_block(room, at, &six_digits(n % MILLION).to_le_bytes(), 6)
}

/// The same for numbers below a thousand.
#[inline(always)]
fn put_head(room: &mut Room, at: usize, n: u64) -> usize {
    let head = HEADS[n as usize];
    put_block(room, at, &head.to_le_bytes(), (head >> 24) as usize)
}

/// Puts `n` in decimal.
#[inline]
pub fn put_signed(room: &mut Room, at: usize, n: i64) -> usize {
    let at = if n < 0 { put_byte(room, at, b'-') } else { at };
    put_integer(room, at, n.unsigned_abs())
}

/// Puts the decimal point and six decimals, without trailing zeros.
#[inline(always)]
fn put_decimals6(room: &mut Room, at: usize, millionths: u64) -> usize {
    let six = six_digits(millionths);
    put_block(room, at, &with_point(six).to_le_bytes(), length_with_point(six))
}

/// Digits behind a decimal point.
#[inline(always)]
const fn with_point(digits: u64) -> u64 {
    b'.' as u64 | digits << 8
}

/// Puts the decimal point and nine decimals, without trailing zeros.
#[inline(always)]
fn put_decimals9(room: &mut Room, at: usize, billionths: u64) -> usize {
    let last = billionths % THOUSAND;
    if last == 0 {
        put_decimals6(room, at, billionths / THOUSAND)
    } else {
        let zeros = usize::from(last.is_multiple_of(10)) + usize::from(last.is_multiple_of(100));
        put_first_of_nine(room, at, billionths, 9 - zeros)
    }
}

/// Puts the decimal point and the first `digits` of nine decimals.
#[inline]
pub fn put_first_of_nine(room: &mut Room, at: usize, billionths: u64, digits: usize) -> usize {
    put_block(room, at, &with_point(six_digits(billionths / THOUSAND)).to_le_bytes(), 7);
    put_block(room, at + 7, &group(billionths % THOUSAND).to_le_bytes(), 3);
    at + 1 + digits
}

/// Puts the decimal point and six decimals.
#[inline(always)]
pub fn put_six_decimals(room: &mut Room, at: usize, millionths: u64) -> usize {
    put_block(room, at, &with_point(six_digits(millionths)).to_le_bytes(), 7)
}

/// Puts a span in milliseconds.
#[inline(never)]
pub fn put_millis(room: &mut Room, at: usize, span: Nanos) -> usize {
    let nanos = span.0.cast_unsigned();
    if nanos < SECOND { put_short_millis(room, at, nanos) } else { put_long_millis(room, at, span) }
}

/// The same for spans that are neither negative nor a second or more, as most.
#[inline(always)]
fn put_short_millis(room: &mut Room, at: usize, nanos: u64) -> usize {
    let at = put_head(room, at, nanos / MILLI);
    put_decimals6(room, at, nanos % MILLI)
}

/// The same for any span.
#[inline(never)]
fn put_long_millis(room: &mut Room, at: usize, span: Nanos) -> usize {
    let (at, magnitude) = put_sign(room, at, span);
    let at = put_integer(room, at, magnitude / MILLI);
    put_decimals6(room, at, magnitude % MILLI)
}

/// Puts the cell of a span in milliseconds, with a separator behind it.
#[inline(never)]
pub fn put_millis_cell(room: &mut Room, at: usize, span: Nanos, separator: u8) -> usize {
    let nanos = span.0.cast_unsigned();
    if nanos >= SECOND {
        return put_long_millis_cell(room, at, span, separator);
    }
    let (micros, rest) = (nanos / THOUSAND, nanos % THOUSAND);
    let (head, len) = head(micros / THOUSAND);
    let separator_behind = |len: usize| u64::from(separator) << (8 * len);
    // Most clocks tell microseconds.
    if rest == 0 {
        let (tail, tail_len) = tail(micros % THOUSAND);
        let text = head | tail << (8 * len) | separator_behind(len + tail_len);
        return put_block(room, at, &text.to_le_bytes(), len + tail_len + 1);
    }
    let text = head | with_point(group(micros % THOUSAND)) << (8 * len);
    let at = put_block(room, at, &text.to_le_bytes(), len + 4);
    let (tail, tail_len) = tail(rest);
    let last_digits = tail >> 8 | separator_behind(tail_len - 1);
    put_block(room, at, &last_digits.to_le_bytes(), tail_len)
}

/// The same for any span.
#[inline(never)]
fn put_long_millis_cell(room: &mut Room, at: usize, span: Nanos, separator: u8) -> usize {
    let at = put_long_millis(room, at, span);
    put_byte(room, at, separator)
}

/// Puts a span in seconds.
#[inline(never)]
pub fn put_seconds(room: &mut Room, at: usize, span: Nanos) -> usize {
    let (at, magnitude) = put_sign(room, at, span);
    let at = put_integer(room, at, magnitude / SECOND);
    put_decimals9(room, at, magnitude % SECOND)
}

/// Puts the sign of a negative span, and returns what is to follow it.
#[inline(always)]
fn put_sign(room: &mut Room, at: usize, span: Nanos) -> (usize, u64) {
    let at = if span < Nanos::ZERO { put_byte(room, at, b'-') } else { at };
    (at, span.0.unsigned_abs())
}

/// Puts a number of ten-thousandths.
#[inline(never)]
pub fn put_ten_thousandths(room: &mut Room, at: usize, n: u64) -> usize {
    let at = put_integer(room, at, n / 10_000);
    put_decimals6(room, at, n % 10_000 * 100)
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
        assert_eq!((pair(42), pair(7)), (*b"42", *b"07"));
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
        let spans = [-1, 1_500_000, 2_000_000_000, 0, 1, 10, 100, 1_000, 10_000, 100_000, 999_999_999];
        let cells = text_of(|r, at| spans.into_iter().fold(at, |at, ns| put_millis_cell(r, at, Nanos(ns), b';')));
        assert_eq!(cells, "-0.000001;1.5;2000;0;0.000001;0.00001;0.0001;0.001;0.01;0.1;999.999999;");
        let seconds = |ns| text_of(|r, at| put_seconds(r, at, Nanos(ns)));
        assert_eq!(seconds(331_221_000_001), "331.221000001");
        assert_eq!(seconds(10_000_000_000), "10");
        assert_eq!(seconds(-1), "-0.000000001");
        assert_eq!(text_of(|r, at| put_ten_thousandths(r, at, u64::MAX)), decimal(u64::MAX.into(), 4));
    }

    proptest! {
        #[test]
        fn numbers_of_every_size_are_those_of_the_library(bits: i64, shift in 0u32..64) {
            let n = bits >> shift;
            prop_assert_eq!(text_of(|r, at| put_signed(r, at, n)), n.to_string());
            prop_assert_eq!(text_of(|r, at| put_integer(r, at, n as u64)), (n as u64).to_string());
            prop_assert_eq!(text_of(|r, at| put_integer_cell(r, at, n as u64, b';')), format!("{};", n as u64));
            prop_assert_eq!(text_of(|r, at| put_millis_cell(r, at, Nanos(n), b';')), decimal(n.into(), 6) + ";");
            prop_assert_eq!(text_of(|r, at| put_millis(r, at, Nanos(n))), decimal(n.into(), 6));
            prop_assert_eq!(text_of(|r, at| put_seconds(r, at, Nanos(n))), decimal(n.into(), 9));
            prop_assert_eq!(text_of(|r, at| put_ten_thousandths(r, at, n.unsigned_abs() / 2)), decimal((n.unsigned_abs() / 2).into(), 4));
            let (fraction, digits) = (n.unsigned_abs() % 1_000_000_000, shift as usize % 10);
            let decimals = text_of(|r, at| put_first_of_nine(r, at, fraction, digits));
            prop_assert_eq!(decimals, format!(".{fraction:09}")[..=digits].to_owned());
        }
    }
}
