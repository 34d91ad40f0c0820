//! Numbers as the report writes them: exact, from integers, without trailing zeros.
//!
//! Digits are looked up three at a time. A text so short is a number itself, its first character in the lowest byte: it is put with a
//! single store, and only its length depends on the digits.

use super::room::{put_block, put_byte};
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

/// Up to three digits in the lower bytes, and in the highest how many of them count.
#[derive(Clone, Copy)]
struct Digits(u32);

impl Digits {
    /// All numbers below a thousand as they begin: without leading zeros.
    const HEADS: [Digits; 1_000] = Self::table(true);
    /// All numbers below a thousand as they go on: with leading zeros, but those at the end do not count.
    const GROUPS: [Digits; 1_000] = Self::table(false);

    const fn table(heads: bool) -> [Digits; 1_000] {
        let mut table = [Digits(0); 1_000];
        let mut n = 0;
        while n < 1_000 {
            table[n] = if heads { Self::head_of(n as u32) } else { Self::group_of(n as u32) };
            n += 1;
        }
        table
    }

    const fn characters(n: u32) -> u32 {
        u32::from_le_bytes([b'0' + (n / 100) as u8, b'0' + (n / 10 % 10) as u8, b'0' + (n % 10) as u8, 0])
    }

    const fn head_of(n: u32) -> Digits {
        let len = if n < 10 { 1 } else { 2 + (n >= 100) as u32 };
        Digits(Self::characters(n) >> (8 * (3 - len)) | len << 24)
    }

    const fn group_of(n: u32) -> Digits {
        let used = match (n % 100, n % 10) {
            (_, 1..) => 3,
            (1.., _) => 2,
            _ => (n > 0) as u32,
        };
        Digits(Self::characters(n) | used << 24)
    }

    #[inline(always)]
    fn head(n: u64) -> Self {
        static HEADS: [Digits; 1_000] = Digits::HEADS;
        HEADS[n as usize]
    }

    #[inline(always)]
    fn group(n: u64) -> Self {
        static GROUPS: [Digits; 1_000] = Digits::GROUPS;
        GROUPS[n as usize]
    }

    /// The characters.
    #[inline(always)]
    const fn text(self) -> u64 {
        (self.0 & 0x00ff_ffff) as u64
    }

    /// How many of them count.
    #[inline(always)]
    const fn len(self) -> usize {
        (self.0 >> 24) as usize
    }

    /// Where those that count end, if so many characters stand before them; 0 if none counts.
    #[inline(always)]
    const fn end_behind(self, before: usize) -> usize {
        if self.len() == 0 { 0 } else { before + self.len() }
    }
}

/// Puts `n` in decimal.
#[inline(always)]
pub fn put_integer(room: &mut [u8], at: usize, n: u64) -> usize {
    // Most numbers of a report are counts of what seldom happens.
    if n < 10 { put_byte(room, at, b'0' + n as u8) } else { put_longer(room, at, n) }
}

/// The same for numbers that are seldom so short. Not inlined: a report has hundreds of columns.
#[inline(never)]
fn put_longer(room: &mut [u8], at: usize, n: u64) -> usize {
    if n < THOUSAND {
        put_head(room, at, n)
    } else if n < MILLION {
        let (head, rest) = (Digits::head(n / THOUSAND), Digits::group(n % THOUSAND));
        let text = head.text() | rest.text() << (8 * head.len());
        put_block(room, at, &text.to_le_bytes(), head.len() + 3)
    } else {
        put_longest(room, at, n)
    }
}

/// The same for numbers of seven digits and more.
#[inline(never)]
fn put_longest(room: &mut [u8], at: usize, n: u64) -> usize {
    let at = put_longer(room, at, n / MILLION);
    let n = n % MILLION;
    let text = Digits::group(n / THOUSAND).text() | Digits::group(n % THOUSAND).text() << 24;
    put_block(room, at, &text.to_le_bytes(), 6)
}

/// The same for numbers below a thousand.
#[inline(always)]
fn put_head(room: &mut [u8], at: usize, n: u64) -> usize {
    let head = Digits::head(n);
    put_block(room, at, &head.0.to_le_bytes(), head.len())
}

/// Puts `n` in decimal.
#[inline]
pub fn put_signed(room: &mut [u8], at: usize, n: i64) -> usize {
    let at = if n < 0 { put_byte(room, at, b'-') } else { at };
    put_integer(room, at, n.unsigned_abs())
}

/// Puts the decimal point and six decimals, without trailing zeros.
#[inline(always)]
fn put_decimals6(room: &mut [u8], at: usize, millionths: u64) -> usize {
    let (first, last) = (Digits::group(millionths / THOUSAND), Digits::group(millionths % THOUSAND));
    let used = first.end_behind(1).max(last.end_behind(4));
    put_block(room, at, &point_and_six(first, last).to_le_bytes(), used)
}

/// The decimal point and six decimals.
#[inline(always)]
const fn point_and_six(first: Digits, last: Digits) -> u64 {
    b'.' as u64 | first.text() << 8 | last.text() << 32
}

/// Puts the decimal point and nine decimals, without trailing zeros.
#[inline(always)]
fn put_decimals9(room: &mut [u8], at: usize, billionths: u64) -> usize {
    let used = Digits::group(billionths % THOUSAND).len();
    if used == 0 {
        put_decimals6(room, at, billionths / THOUSAND)
    } else {
        put_first_of_nine(room, at, billionths, 6 + used)
    }
}

/// Puts the decimal point and the first `digits` of nine decimals.
#[inline]
pub fn put_first_of_nine(room: &mut [u8], at: usize, billionths: u64, digits: usize) -> usize {
    let millionths = billionths / THOUSAND;
    let six = point_and_six(Digits::group(millionths / THOUSAND), Digits::group(millionths % THOUSAND));
    put_block(room, at, &six.to_le_bytes(), 7);
    put_block(room, at + 7, &Digits::group(billionths % THOUSAND).0.to_le_bytes(), 3);
    at + 1 + digits
}

/// Puts a span in milliseconds.
#[inline(never)]
pub fn put_millis(room: &mut [u8], at: usize, span: Nanos) -> usize {
    let nanos = span.0.cast_unsigned();
    // Neither negative nor a second or more, as most.
    if nanos < SECOND {
        let at = put_head(room, at, nanos / MILLI);
        return put_decimals6(room, at, nanos % MILLI);
    }
    put_long_millis(room, at, span)
}

/// The same for any span.
#[inline(never)]
fn put_long_millis(room: &mut [u8], at: usize, span: Nanos) -> usize {
    let (at, magnitude) = put_sign(room, at, span);
    let at = put_integer(room, at, magnitude / MILLI);
    put_decimals6(room, at, magnitude % MILLI)
}

/// Puts a span in seconds.
#[inline(never)]
pub fn put_seconds(room: &mut [u8], at: usize, span: Nanos) -> usize {
    let (at, magnitude) = put_sign(room, at, span);
    let at = put_integer(room, at, magnitude / SECOND);
    put_decimals9(room, at, magnitude % SECOND)
}

/// Puts the sign of a negative span, and returns what is to follow it.
#[inline(always)]
fn put_sign(room: &mut [u8], at: usize, span: Nanos) -> (usize, u64) {
    let at = if span < Nanos::ZERO { put_byte(room, at, b'-') } else { at };
    (at, span.0.unsigned_abs())
}

/// Puts a number of ten-thousandths.
#[inline(never)]
pub fn put_ten_thousandths(room: &mut [u8], at: usize, n: u64) -> usize {
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
            prop_assert_eq!(text_of(|r, at| put_millis(r, at, Nanos(n))), decimal(n.into(), 6));
            prop_assert_eq!(text_of(|r, at| put_seconds(r, at, Nanos(n))), decimal(n.into(), 9));
            prop_assert_eq!(text_of(|r, at| put_ten_thousandths(r, at, n.unsigned_abs() / 2)), decimal((n.unsigned_abs() / 2).into(), 4));
            let (fraction, digits) = (n.unsigned_abs() % 1_000_000_000, shift as usize % 10);
            let decimals = text_of(|r, at| put_first_of_nine(r, at, fraction, digits));
            prop_assert_eq!(decimals, format!(".{fraction:09}")[..=digits].to_owned());
        }
    }
}
