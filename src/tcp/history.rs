//! The letters of a connection as Zeek's `history` has them (`semantics.md` 8.4).

use std::fmt;

use crate::base::Seq;
use crate::base::packed::{Pack, Sink, Source, packed};

/// What one endpoint has written into the history.
#[derive(Clone, Copy, Debug, Default)]
pub struct Letters {
    /// The sequence numbers of the last SYN, FIN and RST: another one is written again.
    numbers: [u32; 3],
    /// Highest end of a segment, as Zeek keeps it: acknowledgements do not raise it.
    pub last_seq: u32,
    /// Which of these numbers there are, and which of the letters that come once.
    seen: u8,
}

packed! { Letters { [last_seq; seen] numbers } }

impl Letters {
    /// `D`: payload.
    pub const DATA: u8 = 1;
    /// `A`: an ACK without payload.
    pub const ACK: u8 = 2;
    /// `I`: FIN and RST.
    pub const FIN_RST: u8 = 4;
    /// `Q`: SYN and FIN, or SYN and RST.
    pub const SYN_ELSE: u8 = 8;
    /// There was a segment.
    pub const LAST_SEQ: u8 = 16;
    /// `S` or `H`, `F`, and `R`: in the order of the numbers.
    const NUMBERED: [u8; 3] = [32, 64, 128];

    /// All of these were seen.
    #[inline]
    pub const fn has(&self, bits: u8) -> bool {
        self.seen & bits == bits
    }

    /// One of them is seen. True if that is new.
    pub fn once(&mut self, bit: u8) -> bool {
        let new = !self.has(bit);
        self.seen |= bit;
        new
    }

    /// A SYN, FIN or RST with this number is seen. True if the last one had another.
    pub fn anew(&mut self, which: usize, number: Seq) -> bool {
        let last = std::mem::replace(&mut self.numbers[which], number.0);
        self.once(Self::NUMBERED[which]) || last != number.0
    }
}

/// So many letters take no room of their own.
const SHORT: usize = 15;
/// No history grows beyond this: letters that repeat for every new sequence number could go on for ever.
const LONGEST: usize = 64;

/// What was written so far.
#[derive(Clone, Debug, Default)]
pub struct History {
    length: u8,
    short: [u8; SHORT],
    /// The letters behind the first ones.
    rest: Option<Box<Rest>>,
}

/// In short rows: longer ones cannot be packed.
#[derive(Clone, Debug, Default)]
struct Rest([[u8; 7]; 7]);

const _: () = assert!(size_of::<Rest>() == LONGEST - SHORT);

impl Pack for History {
    fn pack(&self, sink: &mut Sink<'_>) {
        let [a, b, c, d, e, f, g, rest @ ..] = self.short;
        sink.group([u64::from_le_bytes([self.length, a, b, c, d, e, f, g]), u64::from_le_bytes(rest)]);
        self.rest.pack(sink);
    }

    fn unpack(source: &mut Source<'_>) -> Self {
        let mut group = source.group::<2>();
        let [length, first @ ..] = group.word().to_le_bytes();
        let mut short = [0; SHORT];
        let (start, end) = short.split_at_mut(first.len());
        start.copy_from_slice(&first);
        end.copy_from_slice(&group.word().to_le_bytes());
        Self { length, short, rest: Pack::unpack(source) }
    }
}

impl Pack for Rest {
    fn pack(&self, sink: &mut Sink<'_>) {
        self.0.pack(sink);
    }

    fn unpack(source: &mut Source<'_>) -> Self {
        Self(Pack::unpack(source))
    }
}

impl History {
    /// Writes a letter.
    pub fn note(&mut self, letter: u8) {
        match self.short.get_mut(usize::from(self.length)) {
            Some(place) => {
                *place = letter;
                self.length += 1;
            }
            None => self.note_behind(letter),
        }
    }

    /// Writes a letter behind the first ones, if there is room for it.
    #[cold]
    fn note_behind(&mut self, letter: u8) {
        let behind = usize::from(self.length).saturating_sub(SHORT);
        if let Some(place) = self.rest.get_or_insert_default().0.as_flattened_mut().get_mut(behind) {
            *place = letter;
            self.length += 1;
        }
    }

    /// The letters as a text.
    pub fn text(&self) -> HistoryText {
        let mut text = HistoryText { letters: [0; LONGEST], length: self.length };
        let (short, rest) = text.letters.split_at_mut(SHORT);
        short.copy_from_slice(&self.short);
        if let Some(letters) = &self.rest {
            rest.copy_from_slice(letters.0.as_flattened());
        }
        text
    }

    /// The letters.
    pub fn letters(&self) -> impl Iterator<Item = u8> {
        let all = self.short.iter().chain(self.rest.iter().flat_map(|rest| rest.0.as_flattened()));
        all.take(self.length.into()).copied()
    }
}

/// A history as a text that owns no memory: letters and `^`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HistoryText {
    letters: [u8; LONGEST],
    length: u8,
}

impl HistoryText {
    /// The letters, and what stands behind them.
    pub const fn letters(&self) -> &[u8; LONGEST] {
        &self.letters
    }

    /// How many letters there are.
    pub const fn len(&self) -> usize {
        self.length as usize
    }

    /// Nothing was written.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.letters.get(..self.length.into()).and_then(|letters| std::str::from_utf8(letters).ok()).unwrap_or_default()
    }
}

/// The first letters of a text, for tests.
#[cfg(test)]
impl From<&str> for HistoryText {
    fn from(text: &str) -> Self {
        let mut history = History::default();
        text.bytes().for_each(|letter| history.note(letter));
        history.text()
    }
}

impl Default for HistoryText {
    fn default() -> Self {
        History::default().text()
    }
}

impl fmt::Debug for HistoryText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_somewhere() {
        let mut history = History::default();
        for n in 0..200 {
            assert_eq!(history.letters().count(), usize::min(n, LONGEST));
            history.note(b'A' + (n % 26) as u8);
        }
        assert!(history.text().as_str().bytes().eq(history.letters()));
        assert_eq!(HistoryText::from(history.text().as_str()), history.text());
        assert!(history.letters().enumerate().all(|(i, letter)| letter == b'A' + (i % 26) as u8));
    }
}
