//! A value on its way into words, and back: numbers in groups, and for each group a mark that says whether it holds anything but zeros.

use super::super::Timestamp;
use super::bytes::GROUP;
use super::word::{Origin, fold, unfold};

/// The bits that one of these has.
#[inline(always)]
fn all_bits<const N: usize>(words: &[u64; N]) -> u64 {
    words.iter().fold(0, |all, word| all | word)
}

/// Bits that each of so many counts has in a word that they share.
const fn width(counts: usize) -> u32 {
    u64::BITS / counts as u32
}

/// How far it is from one word to another; next to nothing where they are nearly the same.
#[inline(always)]
pub const fn distance(word: u64, from: u64) -> u64 {
    fold(word.wrapping_sub(from) as i64)
}

/// The word at this distance.
#[inline(always)]
const fn at_distance(distance: u64, from: u64) -> u64 {
    from.wrapping_add(unfold(distance) as u64)
}

/// Takes the words of a value.
#[derive(Debug)]
pub struct Sink<'r> {
    /// The first `at` of these were put.
    words: &'r mut [u64],
    at: usize,
    /// Marks on their way into the word at `marks_at`, the last of them lowest, and a one above the first.
    marks: u64,
    marks_at: usize,
    origin: Origin,
    /// The position to which others are near.
    anchor: u64,
}

/// Where no marks are yet.
const NO_MARKS: u64 = 1;
/// Where none is left: the next one is taken from the upper end.
const NONE_LEFT: u64 = 1 << (u64::BITS - 1);

impl<'r> Sink<'r> {
    /// Puts words into this room.
    pub(super) fn new(room: &'r mut [u64], origin: Origin) -> Self {
        let mut sink = Self { words: room, at: 0, marks: NO_MARKS, marks_at: 1, origin, anchor: 0 };
        sink.put([origin.moment().0 as u64, NO_MARKS]);
        sink
    }

    /// How many words were put; `None` if there was not room for all of them.
    pub(super) fn finish(mut self) -> Option<usize> {
        self.end_marks();
        (self.at <= self.words.len()).then_some(self.at)
    }

    /// From where moments are counted.
    #[inline(always)]
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// Takes words, which are often zero all of them.
    #[inline(always)]
    pub fn group<const N: usize>(&mut self, words: [u64; N]) {
        if N > 0 {
            let any = all_bits(&words) != 0;
            self.mark(any);
            if any {
                self.put(words);
            }
        }
    }

    /// Takes counts, which share a word if all of them are small.
    #[inline(always)]
    pub fn counts<const N: usize>(&mut self, counts: [u64; N]) {
        let all = all_bits(&counts);
        self.mark(all != 0);
        if all != 0 {
            let small = all >> width(N) == 0;
            self.mark(small);
            if small {
                self.put([counts.iter().rev().fold(0, |word, count| word << width(N) | count)]);
            } else {
                self.put(counts);
            }
        }
    }

    /// Takes a position, to which others are near.
    #[inline(always)]
    pub fn anchor(&mut self, position: u64) {
        self.put([distance(position, self.anchor)]);
        self.anchor = position;
    }

    /// Takes positions that are near to the last anchor.
    #[inline(always)]
    pub fn positions<const N: usize>(&mut self, positions: [u64; N]) {
        let anchor = self.anchor;
        self.group(positions.map(|position| distance(position, anchor)));
    }

    /// Takes words.
    #[inline(always)]
    pub fn put<const N: usize>(&mut self, words: [u64; N]) {
        if let Some(place) = self.words.get_mut(self.at..).and_then(|rest| rest.first_chunk_mut()) {
            *place = words;
        }
        self.at += N;
    }

    /// Takes a mark.
    #[inline(always)]
    pub fn mark(&mut self, mark: bool) {
        if self.marks >= NONE_LEFT {
            self.begin_marks();
        }
        self.marks = self.marks << 1 | u64::from(mark);
    }

    #[cold]
    #[inline(never)]
    fn begin_marks(&mut self) {
        self.end_marks();
        (self.marks, self.marks_at) = (NO_MARKS, self.at);
        self.put([NO_MARKS]);
    }

    fn end_marks(&mut self) {
        if let Some(word) = self.words.get_mut(self.marks_at) {
            *word = self.marks;
        }
    }
}

/// Gives the words of a value back.
#[derive(Debug)]
pub struct Source<'a> {
    rest: &'a [u64],
    /// Marks that are still to be taken, the next one highest, and a one below the last.
    marks: u64,
    origin: Origin,
    /// The position to which others are near.
    anchor: u64,
    /// There were fewer words than were asked for.
    ran_out: bool,
}

impl<'a> Source<'a> {
    pub(super) fn new(words: &'a [u64]) -> Self {
        let origin = Origin::default();
        let mut source = Self { rest: words, marks: NONE_LEFT, origin, anchor: 0, ran_out: false };
        let [first] = source.take();
        source.origin = Origin::new(Timestamp(first as i64));
        source.begin_marks();
        source
    }

    /// From where moments are counted.
    #[inline(always)]
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// The next words that [`Sink::group`] took.
    #[inline(always)]
    pub fn group<const N: usize>(&mut self) -> Group<N> {
        Group { words: if N > 0 && self.mark() { self.take() } else { [0; N] }, next: 0 }
    }

    /// The next words that [`Sink::counts`] took.
    #[inline(always)]
    pub fn counts<const N: usize>(&mut self) -> Group<N> {
        let words = if !self.mark() {
            [0; N]
        } else if self.mark() {
            let [word] = self.take();
            std::array::from_fn(|i| word >> (width(N) * i as u32) & ((1 << width(N)) - 1))
        } else {
            self.take()
        };
        Group { words, next: 0 }
    }

    /// The next word that [`Sink::anchor`] took.
    #[inline(always)]
    pub fn anchor(&mut self) -> u64 {
        let [word] = self.take();
        self.anchor = at_distance(word, self.anchor);
        self.anchor
    }

    /// The next words that [`Sink::positions`] took.
    #[inline(always)]
    pub fn positions<const N: usize>(&mut self) -> Group<N> {
        let mut group = self.group();
        group.words = group.words.map(|word| at_distance(word, self.anchor));
        group
    }

    /// The next words: zeros where there are none.
    #[inline(always)]
    pub fn take<const N: usize>(&mut self) -> [u64; N] {
        match self.rest.split_first_chunk() {
            Some((words, rest)) => {
                self.rest = rest;
                *words
            }
            None => {
                self.ran_out = true;
                [0; N]
            }
        }
    }

    /// The next mark.
    #[inline(always)]
    pub fn mark(&mut self) -> bool {
        if self.marks == NONE_LEFT {
            self.begin_marks();
        }
        let mark = self.marks >= NONE_LEFT;
        self.marks <<= 1;
        mark
    }

    #[cold]
    #[inline(never)]
    fn begin_marks(&mut self) {
        let [word] = self.take();
        // Without the one above the first mark it was not written here.
        self.ran_out |= word == 0;
        let word = word.max(NO_MARKS);
        self.marks = (word << 1 | 1) << word.leading_zeros();
    }

    /// There were fewer words than were asked for.
    #[inline(always)]
    pub const fn ran_out(&self) -> bool {
        self.ran_out
    }

    /// No more marks are left than these.
    pub(super) const fn most_marks(&self) -> u64 {
        (self.rest.len() as u64 + 1) * u64::BITS as u64
    }

    /// All words were taken, and no more: those left of the last group are zero.
    pub(super) fn is_at_end(&self) -> bool {
        let rest_is_nothing = self.rest.len() < GROUP && self.rest.iter().all(|&word| word == 0);
        !self.ran_out && self.marks == NONE_LEFT && rest_is_nothing
    }
}

/// Words that are taken one after the other.
#[derive(Debug)]
pub struct Group<const N: usize> {
    words: [u64; N],
    next: usize,
}

impl<const N: usize> Group<N> {
    /// The next one.
    #[inline(always)]
    pub fn word(&mut self) -> u64 {
        let word = self.words.get(self.next).copied().unwrap_or(0);
        self.next += 1;
        word
    }
    /// The next one, which is near to this.
    #[inline(always)]
    pub fn near(&mut self, word: u64) -> u64 {
        at_distance(self.word(), word)
    }
}
