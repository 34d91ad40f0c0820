//! A value as the text of a cell in CSV and TSV.

use std::net::IpAddr;

use super::address::put_address;
use super::kind::Kind;
use super::number::{put_integer, put_millis, put_seconds, put_ten_thousandths};
use super::room::{put_all, put_block, put_byte, put_bytes};
use super::time::{Precision, TimeFormat, put_time};
use super::value::{Percent, ShortText, Word, Words};
use crate::base::{Nanos, Timestamp};
use crate::tcp::HistoryText;

/// How cells are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct CellStyle {
    pub time: TimeFormat,
    pub precision: Precision,
    /// What stands between cells: a text that has it needs quotes.
    pub separator: u8,
    /// The cell of the number 0, separator and all.
    zero: u16,
}

impl CellStyle {
    /// Cells with this separator behind them; times in microseconds until more is known.
    pub const fn new(time: TimeFormat, separator: u8) -> Self {
        Self { time, precision: Precision::Micros, separator, zero: u16::from_le_bytes([b'0', separator]) }
    }

    /// The cell of a number of one digit.
    #[inline(always)]
    const fn one_digit(&self, n: u8) -> [u8; 2] {
        (self.zero | n as u16).to_le_bytes()
    }
}

/// What a column may say. The type is known where the column is declared, so that nothing has to be asked when a row is written;
/// [`super::value::Value`] is for those who do not know which column they look at.
pub(super) trait Cell: Copy {
    /// Puts it, as a column of that kind has it.
    fn put(self, kind: Kind, style: &CellStyle, room: &mut [u8], at: usize) -> usize;

    /// All that is written of it, if that is one digit.
    #[inline(always)]
    fn only_digit(self) -> Option<u8> {
        None
    }

    /// Puts it and the separator behind it.
    #[inline(always)]
    fn put_cell(self, kind: Kind, style: &CellStyle, room: &mut [u8], at: usize) -> usize {
        // Most numbers of a report are so short: they need but one look at the room.
        if let Some(digit) = self.only_digit() {
            return put_all(room, at, &style.one_digit(digit));
        }
        let at = self.put(kind, style, room, at);
        put_byte(room, at, style.separator)
    }
}

/// An absent value is an empty cell.
impl<T: Cell> Cell for Option<T> {
    #[inline(always)]
    fn put(self, kind: Kind, style: &CellStyle, room: &mut [u8], at: usize) -> usize {
        match self {
            Some(value) => value.put(kind, style, room, at),
            None => at,
        }
    }

    #[inline(always)]
    fn put_cell(self, kind: Kind, style: &CellStyle, room: &mut [u8], at: usize) -> usize {
        match self {
            Some(value) => value.put_cell(kind, style, room, at),
            None => put_byte(room, at, style.separator),
        }
    }
}

macro_rules! integers {
    ($($narrow:ty),*) => {$(
        impl Cell for $narrow {
            #[inline(always)]
            fn put(self, _: Kind, _: &CellStyle, room: &mut [u8], at: usize) -> usize {
                put_integer(room, at, self.into())
            }

            #[inline(always)]
            fn only_digit(self) -> Option<u8> {
                (self < 10).then_some(self as u8)
            }
        }
    )*};
}
integers!(u8, u16, u32, u64);

impl Cell for Nanos {
    #[inline(always)]
    fn put(self, kind: Kind, _: &CellStyle, room: &mut [u8], at: usize) -> usize {
        match kind {
            Kind::Seconds => put_seconds(room, at, self),
            _ => put_millis(room, at, self),
        }
    }

    /// Most things that take time have not happened.
    #[inline(always)]
    fn only_digit(self) -> Option<u8> {
        (self == Nanos::ZERO).then_some(0)
    }
}

impl Cell for Percent {
    #[inline(always)]
    fn put(self, _: Kind, _: &CellStyle, room: &mut [u8], at: usize) -> usize {
        put_ten_thousandths(room, at, self.0)
    }

    #[inline(always)]
    fn only_digit(self) -> Option<u8> {
        (self == Percent(0)).then_some(0)
    }
}

impl Cell for bool {
    #[inline(always)]
    fn put(self, _: Kind, _: &CellStyle, room: &mut [u8], at: usize) -> usize {
        if self { put_all(room, at, b"true") } else { put_all(room, at, b"false") }
    }
}

impl Cell for Timestamp {
    #[inline(always)]
    fn put(self, _: Kind, style: &CellStyle, room: &mut [u8], at: usize) -> usize {
        put_time(room, at, self, style.time, style.precision)
    }
}

impl Cell for IpAddr {
    #[inline(always)]
    fn put(self, _: Kind, _: &CellStyle, room: &mut [u8], at: usize) -> usize {
        put_address(room, at, self)
    }
}

impl Cell for &str {
    #[inline(always)]
    fn put(self, _: Kind, style: &CellStyle, room: &mut [u8], at: usize) -> usize {
        put_text(room, at, self, style.separator)
    }
}

impl Cell for Word {
    #[inline(always)]
    fn put(self, _: Kind, _: &CellStyle, room: &mut [u8], at: usize) -> usize {
        put_bytes(room, at, self.0.as_bytes())
    }
}

/// Base 64 and its like: nothing in it needs quotes.
impl Cell for ShortText {
    #[inline(always)]
    fn put(self, _: Kind, _: &CellStyle, room: &mut [u8], at: usize) -> usize {
        self.put_text(room, at)
    }
}

/// Letters: nothing in them needs quotes.
impl Cell for &HistoryText {
    #[inline(always)]
    fn put(self, _: Kind, _: &CellStyle, room: &mut [u8], at: usize) -> usize {
        put_block(room, at, self.letters(), self.len())
    }
}

impl Cell for Words {
    #[inline(always)]
    fn put(self, _: Kind, _: &CellStyle, room: &mut [u8], at: usize) -> usize {
        put_words(room, at, self)
    }
}

/// Puts words with `;` between them.
pub(super) fn put_words(room: &mut [u8], mut at: usize, words: Words) -> usize {
    let mut left = words.chosen;
    while left != 0 {
        if left != words.chosen {
            at = put_byte(room, at, b';');
        }
        if let Some(word) = words.list.get(left.trailing_zeros() as usize) {
            at = put_bytes(room, at, word.as_bytes());
        }
        left &= left - 1;
    }
    at
}

/// Puts a text that may be anything: in quotes where it needs them (RFC 4180 2). None of ours begins like a formula; should one ever,
/// an apostrophe keeps spreadsheets from running it.
pub(super) fn put_text(room: &mut [u8], at: usize, text: &str, separator: u8) -> usize {
    let bytes = text.as_bytes();
    let formula = matches!(bytes.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r' | b'\n'));
    let special = |&byte: &u8| byte == separator || matches!(byte, b'"' | b'\r' | b'\n');
    let quoted = bytes.iter().any(special);
    let mut at = at;
    if quoted {
        at = put_byte(room, at, b'"');
    }
    if formula {
        at = put_byte(room, at, b'\'');
    }
    if !quoted {
        return put_bytes(room, at, bytes);
    }
    for &byte in bytes {
        at = put_byte(room, at, byte);
        if byte == b'"' {
            at = put_byte(room, at, b'"');
        }
    }
    put_byte(room, at, b'"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::room::text_of;

    const STYLE: CellStyle = CellStyle::new(TimeFormat::Rfc3339, b',');

    fn cell(value: impl Cell, kind: Kind) -> String {
        text_of(|room, at| value.put(kind, &STYLE, room, at))
    }

    #[test]
    fn every_kind_of_value_has_its_form() {
        assert_eq!(cell(None::<u64>, Kind::Count), "");
        assert_eq!(cell(false, Kind::Flag), "false");
        assert_eq!(cell(65_535u16, Kind::Bytes), "65535");
        assert_eq!(cell(Nanos(1_234_567), Kind::Millis), "1.234567");
        assert_eq!(cell(Nanos(1_234_567), Kind::Seconds), "0.001234567");
        assert_eq!(cell(Timestamp(0), Kind::Time), "1970-01-01T00:00:00.000000Z");
        assert_eq!(cell(Percent(12_500), Kind::Percent), "1.25");
        assert_eq!(cell(Percent(333_333), Kind::Percent), "33.3333");
        assert_eq!(cell("2001:DB8:0:0::1".parse::<IpAddr>().unwrap(), Kind::Address), "2001:db8::1");
        let words = Words { list: &["one_way", "no_handshake", "truncated"], chosen: 5 };
        assert_eq!(cell(words, Kind::Words), "one_way;truncated");
    }

    #[test]
    fn no_text_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@sum", "\t=1"] {
            assert_eq!(cell(text, Kind::Text), format!("'{text}"));
        }
        assert_eq!(cell("vlan:12/vxlan:77", Kind::Text), "vlan:12/vxlan:77");
    }

    #[test]
    fn quotes_stand_where_they_are_needed() {
        assert_eq!(cell("a,b", Kind::Text), "\"a,b\"");
        assert_eq!(cell("a\"b", Kind::Text), "\"a\"\"b\"");
        assert_eq!(cell("=\n", Kind::Text), "\"'=\n\"");
        assert_eq!(cell("a\tb", Kind::Text), "a\tb");
    }
}
