//! A value as the text of a cell in CSV and TSV.

use std::net::IpAddr;

use super::address::put_address;
use super::kind::Kind;
use super::number::{put_integer_cell, put_millis_cell, put_seconds, put_ten_thousandths};
use super::room::{Room, put_all, put_block, put_byte, put_bytes, put_times};
use super::time::{Clock, Precision, TimeFormat};
use super::value::{Percent, Plain, ShortText, Word, Words};
use crate::base::{Nanos, Timestamp};
use crate::tcp::HistoryText;

/// How cells are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct CellStyle {
    pub time: TimeFormat,
    pub precision: Precision,
    /// What stands between cells: a text that has it needs quotes.
    pub separator: u8,
}

impl CellStyle {
    /// Cells with this separator behind them; times in microseconds until more is known.
    pub const fn new(time: TimeFormat, separator: u8) -> Self {
        Self { time, precision: Precision::Micros, separator }
    }
}

/// What writes the cells of rows, one behind the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen {
    separator: u8,
    /// The cell of the number 0, separator and all.
    zero: [u8; 2],
    clock: Clock,
}

impl Pen {
    /// One that has written nothing yet.
    pub const fn new(style: CellStyle) -> Self {
        let CellStyle { time, precision, separator } = style;
        Self { separator, zero: [b'0', separator], clock: Clock::new(time, precision) }
    }

    /// Puts the separator behind a cell.
    #[inline(always)]
    pub fn end(&self, room: &mut Room, at: usize) -> usize {
        put_byte(room, at, self.separator)
    }

    /// The cell of a number of one digit.
    #[inline(always)]
    const fn one_digit(&self, n: u8) -> [u8; 2] {
        (u16::from_le_bytes(self.zero) | n as u16).to_le_bytes()
    }

    /// Puts so many cells of the number 0.
    #[inline(always)]
    pub fn put_zeros<const CELLS: usize>(&self, room: &mut Room, at: usize) -> usize {
        put_times::<2, CELLS>(room, at, self.zero)
    }
}

/// What a column may say. The type is known where the column is declared, so that nothing has to be asked when a row is written;
/// [`super::value::Value`] is for those who do not know which column they look at.
pub(super) trait Cell: Copy {
    /// Puts it, as a column of that kind has it, and the separator behind it.
    fn put(self, kind: Kind, pen: &mut Pen, room: &mut Room, at: usize) -> usize;
}

/// An absent value is an empty cell.
impl<T: Cell> Cell for Option<T> {
    #[inline(always)]
    fn put(self, kind: Kind, pen: &mut Pen, room: &mut Room, at: usize) -> usize {
        match self {
            Some(value) => value.put(kind, pen, room, at),
            None => pen.end(room, at),
        }
    }
}

macro_rules! integers {
    ($($narrow:ty),*) => {$(
        impl Cell for $narrow {
            #[inline(always)]
            fn put(self, _: Kind, pen: &mut Pen, room: &mut Room, at: usize) -> usize {
                // Most numbers of a report are counts of what seldom happens.
                if self < 10 {
                    return put_all(room, at, &pen.one_digit(self as u8));
                }
                put_integer_cell(room, at, self.into(), pen.separator)
            }
        }
    )*};
}
integers!(u8, u16, u32, u64);

impl Cell for Nanos {
    #[inline(always)]
    fn put(self, kind: Kind, pen: &mut Pen, room: &mut Room, at: usize) -> usize {
        // Most things that take time have not happened.
        if self == Nanos::ZERO {
            return pen.put_zeros::<1>(room, at);
        }
        match kind {
            Kind::Seconds => {
                let at = put_seconds(room, at, self);
                pen.end(room, at)
            }
            _ => put_millis_cell(room, at, self, pen.separator),
        }
    }
}

impl Cell for Percent {
    #[inline(always)]
    fn put(self, _: Kind, pen: &mut Pen, room: &mut Room, at: usize) -> usize {
        if self == Percent(0) {
            return pen.put_zeros::<1>(room, at);
        }
        let at = put_ten_thousandths(room, at, self.0);
        pen.end(room, at)
    }
}

impl Cell for bool {
    #[inline(always)]
    fn put(self, _: Kind, pen: &mut Pen, room: &mut Room, at: usize) -> usize {
        let at = if self { put_all(room, at, b"true") } else { put_all(room, at, b"false") };
        pen.end(room, at)
    }
}

impl Cell for Timestamp {
    #[inline(always)]
    fn put(self, _: Kind, pen: &mut Pen, room: &mut Room, at: usize) -> usize {
        let at = pen.clock.put(room, at, self);
        pen.end(room, at)
    }
}

impl Cell for IpAddr {
    #[inline(always)]
    fn put(self, _: Kind, pen: &mut Pen, room: &mut Room, at: usize) -> usize {
        let at = put_address(room, at, self);
        pen.end(room, at)
    }
}

impl Cell for &str {
    #[inline(always)]
    fn put(self, _: Kind, pen: &mut Pen, room: &mut Room, at: usize) -> usize {
        // Hardly a text of ours is not empty.
        let at = if self.is_empty() { at } else { put_text(room, at, self, pen.separator) };
        pen.end(room, at)
    }
}

impl Cell for Word {
    #[inline(always)]
    fn put(self, _: Kind, pen: &mut Pen, room: &mut Room, at: usize) -> usize {
        let at = self.put_word(room, at);
        pen.end(room, at)
    }
}

impl Cell for Plain {
    #[inline(always)]
    fn put(self, _: Kind, pen: &mut Pen, room: &mut Room, at: usize) -> usize {
        let at = put_bytes(room, at, self.0.as_bytes());
        pen.end(room, at)
    }
}

/// Base 64 and its like: nothing in it needs quotes.
impl Cell for ShortText {
    #[inline(always)]
    fn put(self, _: Kind, pen: &mut Pen, room: &mut Room, at: usize) -> usize {
        let at = self.put_text(room, at);
        pen.end(room, at)
    }
}

/// Letters: nothing in them needs quotes.
impl Cell for &HistoryText {
    #[inline(always)]
    fn put(self, _: Kind, pen: &mut Pen, room: &mut Room, at: usize) -> usize {
        let at = put_block(room, at, self.letters(), self.len());
        pen.end(room, at)
    }
}

impl Cell for Words {
    #[inline(always)]
    fn put(self, _: Kind, pen: &mut Pen, room: &mut Room, at: usize) -> usize {
        let at = if self.chosen == 0 { at } else { put_words(room, at, self) };
        pen.end(room, at)
    }
}

/// Puts words with `;` between them.
pub(super) fn put_words(room: &mut Room, mut at: usize, words: Words) -> usize {
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
/// an apostrophe keeps spreadsheets from running it. Nor is one of ours as long as the room allows for: more would be left out.
pub(super) fn put_text(room: &mut Room, at: usize, text: &str, separator: u8) -> usize {
    let bytes = clip(text).as_bytes();
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

/// The beginning of a text that is longer than any.
fn clip(text: &str) -> &str {
    const LONGEST: usize = 1024;
    let end = (0..=LONGEST.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::room::text_of;

    const STYLE: CellStyle = CellStyle::new(TimeFormat::Rfc3339, b',');

    fn cell(value: impl Cell, kind: Kind) -> String {
        let text = text_of(|room, at| value.put(kind, &mut Pen::new(STYLE), room, at));
        text.strip_suffix(',').unwrap().to_owned()
    }

    #[test]
    fn zeros_stand_side_by_side() {
        assert_eq!(text_of(|room, at| Pen::new(STYLE).put_zeros::<3>(room, at)), "0,0,0,");
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
    fn a_text_without_end_has_one() {
        assert_eq!(cell("é".repeat(5_000).as_str(), Kind::Text), "é".repeat(512));
    }

    #[test]
    fn quotes_stand_where_they_are_needed() {
        assert_eq!(cell("a,b", Kind::Text), "\"a,b\"");
        assert_eq!(cell("a\"b", Kind::Text), "\"a\"\"b\"");
        assert_eq!(cell("=\n", Kind::Text), "\"'=\n\"");
        assert_eq!(cell("a\tb", Kind::Text), "a\tb");
    }
}
