//! Words as bytes: sixteen at a time, a number of four bits for each of them, and then what these numbers ask for.
//!
//! | number | the word |
//! |---|---|
//! | 0 to 6 | that number |
//! | 7 to 14 | one to eight bytes, the lowest first |
//! | 15 | one that came before: a byte says how many words ago |

/// Words of a group: as many as there are numbers of four bits in a word.
pub(super) const GROUP: usize = 16;
/// Bits of a number.
const WIDTH: u32 = u64::BITS / GROUP as u32;
/// The largest word that is its own number.
const SMALL: u64 = 6;
/// The number of a word that came before.
const AGAIN: u64 = 15;
/// Bytes that stand before each group.
const HEAD: usize = size_of::<u64>();
/// Most bytes that a group takes.
const LONGEST: usize = HEAD + GROUP * size_of::<u64>();

/// So many bytes are at hand for a group that no place of it has to be looked at twice.
const AMPLE: usize = 256 + size_of::<u64>();

const _: () = assert!(LONGEST < 256);

/// Where each word came last: the lowest byte of its place, under a number that is made of all its bits.
struct Places([u8; 1 << Places::BITS]);

impl Places {
    /// What the number of a place takes.
    const BITS: u32 = 8;
    /// Its highest bits depend on all bits of what it is multiplied with: the golden ratio.
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

    const fn new() -> Self {
        Self([0; 1 << Self::BITS])
    }

    /// How many words ago this one may have come last, which now comes at `at`.
    #[inline(always)]
    fn since(&mut self, word: u64, at: u8) -> u8 {
        let number = (word.wrapping_mul(Self::SPREAD) >> (u64::BITS - Self::BITS)) as usize;
        at.wrapping_sub(std::mem::replace(&mut self.0[number], at))
    }
}

/// The bytes of these words, which are whole groups.
pub(super) fn encode(words: &[u64], bytes: &mut Vec<u8>) {
    let mut places = Places::new();
    let mut recent = [0; 256];
    let mut written = [0; AMPLE];
    let mut at = 0u8;
    bytes.clear();
    for group in words.as_chunks::<GROUP>().0 {
        let mut head = 0;
        let mut len = HEAD as u8;
        for &word in group {
            let mut number = word;
            if word > SMALL {
                let ago = places.since(word, at);
                let again = recent[usize::from(at.wrapping_sub(ago))] == word;
                let (next, more) = if again { (ago.into(), 1) } else { (word, 8 - (word.leading_zeros() / 8) as u8) };
                number = if again { AGAIN } else { SMALL + u64::from(more) };
                if let Some(place) = written[usize::from(len)..].first_chunk_mut() {
                    *place = u64::to_le_bytes(next);
                }
                len = len.wrapping_add(more);
            }
            recent[usize::from(at)] = word;
            at = at.wrapping_add(1);
            head = head >> WIDTH | number << (u64::BITS - WIDTH);
        }
        written[..HEAD].copy_from_slice(&u64::to_le_bytes(head));
        bytes.extend_from_slice(&written[..len.into()]);
    }
}

/// What a number asks for: these bits of what comes next, and this on top; and how many bytes that takes.
#[derive(Clone, Copy)]
struct Form {
    mask: u64,
    plus: u8,
    len: u8,
}

/// The forms by number.
const FORMS: [Form; GROUP] = {
    let mut forms = [Form { mask: 0, plus: 0, len: 0 }; GROUP];
    let mut number = 0;
    while number < GROUP {
        if number as u64 <= SMALL {
            forms[number].plus = number as u8;
        } else if number as u64 == AGAIN {
            forms[number] = Form { mask: 0xff, plus: 0, len: 1 };
        } else {
            let len = number as u8 - SMALL as u8;
            forms[number] = Form { mask: u64::MAX >> (u64::BITS - 8 * len as u32), plus: 0, len };
        }
        number += 1;
    }
    forms
};

/// Reads the words of `bytes` into the beginning of `words`, and says how many there are, in whole groups. `None` if these are no words, as
/// far as that can be told.
pub(super) fn decode(bytes: &[u8], words: &mut Vec<u64>) -> Option<usize> {
    let most = bytes.len() / HEAD * GROUP;
    if words.len() < most {
        words.resize(most, 0);
    }
    let mut reader = Reader::new(bytes);
    let mut groups = words.as_chunks_mut::<GROUP>().0.iter_mut();
    let mut len = 0;
    while !reader.rest.is_empty() {
        reader.group(groups.next()?)?;
        len += GROUP;
    }
    Some(len)
}

/// Reads one group after the other.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    /// The last words, each at the lowest byte of its place.
    recent: [u64; 256],
    /// The place of the next one.
    at: u8,
    /// The last of the bytes, and some more.
    end: [u8; AMPLE],
}

impl<'a> Reader<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, recent: [0; 256], at: 0, end: [0; AMPLE] }
    }

    /// Reads the next group; `None` where there is none.
    #[inline(always)]
    pub fn group(&mut self, words: &mut [u64; GROUP]) -> Option<()> {
        let ample = match self.rest.first_chunk::<AMPLE>() {
            Some(ample) => ample,
            None => {
                self.end[..self.rest.len()].copy_from_slice(self.rest);
                &self.end
            }
        };
        let next = |from: u8| ample[usize::from(from)..].first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight));
        let mut head = next(0);
        let mut from = HEAD as u8;
        for word in words {
            let number = (head % GROUP as u64) as usize;
            head >>= WIDTH;
            let form = FORMS[number];
            let new = (next(from) & form.mask) + u64::from(form.plus);
            let again = self.recent[usize::from(self.at.wrapping_sub(new as u8))];
            *word = if number == AGAIN as usize { again } else { new };
            self.recent[usize::from(self.at)] = *word;
            self.at = self.at.wrapping_add(1);
            from = from.wrapping_add(form.len);
        }
        self.rest = self.rest.get(from.into()..)?;
        Some(())
    }
}
