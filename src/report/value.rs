//! What a column says of a connection: a small value that borrows from the record and owns no memory.

use std::cmp::Ordering;
use std::net::IpAddr;

use super::room::{Room, put_block};
use crate::base::{Nanos, Timestamp};
use crate::tcp::HistoryText;

/// One cell, before any format has seen it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Not measurable from this capture, or not applicable; never zero.
    Null,
    /// True or false.
    Boolean(bool),
    /// A count, bytes, bits per second.
    Integer(u64),
    /// A span of time; the column's unit says how it is written.
    Span(Nanos),
    /// A moment of capture time.
    Time(Timestamp),
    /// A share.
    Percent(Percent),
    /// An IP address.
    Address(IpAddr),
    /// A word or a text of the record.
    Text(&'a str),
    /// A short text that was made for the cell.
    Short(ShortText),
    /// Words out of a fixed list.
    Words(Words),
}

impl Value<'_> {
    /// There is nothing to write.
    pub const fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The order for sorting: `Null` behind everything, words as if written out.
    pub fn compare(&self, other: &Value<'_>) -> Ordering {
        match (self, other) {
            (Value::Null, Value::Null) => Ordering::Equal,
            (Value::Null, _) => Ordering::Greater,
            (_, Value::Null) => Ordering::Less,
            (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
            (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
            (Value::Span(a), Value::Span(b)) => a.cmp(b),
            (Value::Time(a), Value::Time(b)) => a.cmp(b),
            (Value::Percent(a), Value::Percent(b)) => a.cmp(b),
            (Value::Address(a), Value::Address(b)) => a.cmp(b),
            (Value::Text(a), Value::Text(b)) => a.cmp(b),
            (Value::Short(a), Value::Short(b)) => a.as_str().cmp(b.as_str()),
            (Value::Words(a), Value::Words(b)) => a.iter().cmp(b.iter()),
            // One column yields one kind of value: these never meet.
            _ => Ordering::Equal,
        }
    }
}

/// A share in ten-thousandths of a percent: as many decimals as the report writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(pub u64);

impl Percent {
    /// Decimals that it keeps.
    pub const DECIMALS: u32 = 4;

    /// `part` of `whole`, rounded to the nearest; a share of nothing is none.
    pub fn of(part: u64, whole: u64) -> Option<Percent> {
        if whole == 0 {
            return None;
        }
        if part == 0 {
            return Some(Percent(0));
        }
        // Dividing 128 bits takes as long as writing twenty cells.
        if let Some(parts) = part.checked_mul(1_000_000).and_then(|parts| parts.checked_add(whole / 2)) {
            return Some(Percent(parts / whole));
        }
        let whole = u128::from(whole);
        let share = (u128::from(part) * 1_000_000 + whole / 2) / whole;
        Some(Percent(u64::try_from(share).unwrap_or(u64::MAX)))
    }
}

/// A word of the report's own: it has nothing in it that any format would have to quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word(pub &'static Letters);

/// The letters of a word, and room behind them: all of it is put at once, which is done before copying as many letters has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letters {
    block: [u8; Letters::CAPACITY],
    len: u8,
}

impl Letters {
    /// So many letters are enough for each word that there is.
    const CAPACITY: usize = 23;

    /// Those of `word`.
    pub const fn of(word: &str) -> Self {
        let (mut block, bytes) = ([0; Self::CAPACITY], word.as_bytes());
        let mut i = 0;
        while i < bytes.len() {
            block[i] = bytes[i];
            i += 1;
        }
        Self { block, len: bytes.len() as u8 }
    }
}

impl Word {
    /// Puts it.
    #[inline(always)]
    pub(super) fn put_word(self, room: &mut Room, at: usize) -> usize {
        put_block(room, at, &self.0.block, usize::from(self.0.len))
    }

    /// The word.
    pub fn as_str(self) -> &'static str {
        let Letters { block, len } = self.0;
        block.get(..usize::from(*len)).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default()
    }
}

/// A word of somebody else's, with nothing in it that would have to be quoted either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plain(pub &'static str);

/// A text of at most [`ShortText::CAPACITY`] bytes of ASCII, held in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortText {
    bytes: [u8; ShortText::CAPACITY],
    len: u8,
}

impl ShortText {
    /// As much as it holds: a Community ID takes 30.
    pub const CAPACITY: usize = 31;

    /// `text`, which is ASCII.
    pub fn of<const N: usize>(text: &[u8; N]) -> Self {
        const { assert!(N <= Self::CAPACITY) };
        let mut bytes = [0; Self::CAPACITY];
        bytes[..N].copy_from_slice(text);
        Self { bytes, len: N as u8 }
    }

    /// Puts it.
    #[inline]
    pub(super) fn put_text(&self, room: &mut Room, at: usize) -> usize {
        put_block(room, at, &self.bytes, usize::from(self.len))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.bytes.get(..usize::from(self.len)).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default()
    }
}

/// A set of words out of a fixed list, in the order of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// The words to choose from, at most 64.
    pub list: &'static [&'static str],
    /// Bit n chooses word n.
    pub chosen: u64,
}

impl Words {
    /// The chosen words.
    pub fn iter(self) -> impl Iterator<Item = &'static str> {
        self.list.iter().enumerate().filter(move |(i, _)| self.chosen >> i & 1 == 1).map(|(_, word)| *word)
    }
}

macro_rules! integers {
    ($($narrow:ty),*) => {$(
        impl From<$narrow> for Value<'_> {
            fn from(n: $narrow) -> Self {
                Value::Integer(n.into())
            }
        }
    )*};
}
integers!(u8, u16, u32, u64);

impl From<bool> for Value<'_> {
    fn from(b: bool) -> Self {
        Value::Boolean(b)
    }
}

impl From<Nanos> for Value<'_> {
    fn from(span: Nanos) -> Self {
        Value::Span(span)
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(time: Timestamp) -> Self {
        Value::Time(time)
    }
}

impl From<Percent> for Value<'_> {
    fn from(share: Percent) -> Self {
        Value::Percent(share)
    }
}

impl From<IpAddr> for Value<'_> {
    fn from(address: IpAddr) -> Self {
        Value::Address(address)
    }
}

impl From<Word> for Value<'_> {
    fn from(word: Word) -> Self {
        word.as_str().into()
    }
}

impl From<Plain> for Value<'_> {
    fn from(word: Plain) -> Self {
        word.0.into()
    }
}

impl From<ShortText> for Value<'_> {
    fn from(text: ShortText) -> Self {
        Value::Short(text)
    }
}

impl<'a> From<&'a HistoryText> for Value<'a> {
    fn from(history: &'a HistoryText) -> Self {
        history.as_str().into()
    }
}

impl From<Words> for Value<'_> {
    fn from(words: Words) -> Self {
        Value::Words(words)
    }
}

/// An empty text says nothing: it is `Null`.
impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        if text.is_empty() { Value::Null } else { Value::Text(text) }
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_stays_small() {
        assert!(size_of::<Value<'_>>() <= 40);
    }

    #[test]
    fn shares_are_rounded_to_four_decimals() {
        assert_eq!(Percent::of(1, 3), Some(Percent(333_333)));
        assert_eq!(Percent::of(2, 3), Some(Percent(666_667)));
        assert_eq!(Percent::of(5, 5), Some(Percent(1_000_000)));
        assert_eq!(Percent::of(0, 0), None);
        assert_eq!(Percent::of(u64::MAX, u64::MAX), Some(Percent(1_000_000)));
    }

    #[test]
    fn null_sorts_last() {
        let mut values = [Value::Null, Value::Integer(2), Value::Null, Value::Integer(1)];
        values.sort_by(Value::compare);
        assert_eq!(values, [Value::Integer(1), Value::Integer(2), Value::Null, Value::Null]);
    }

    #[test]
    fn absent_and_empty_are_null() {
        assert_eq!(Value::from(None::<u64>), Value::Null);
        assert_eq!(Value::from(""), Value::Null);
        assert_eq!(Value::from(Some(0u8)), Value::Integer(0));
    }

    #[test]
    fn words_keep_the_order_of_their_list() {
        let words = Words { list: &["a", "b", "c"], chosen: 0b101 };
        assert_eq!(words.iter().collect::<Vec<_>>(), ["a", "c"]);
    }
}
