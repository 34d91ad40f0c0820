//! Words in groups, and a group in bytes: a bit for each word that is not zero, and then those words, each in one of three forms.
//!
//! | low bits of its first byte | the word |
//! |---|---|
//! | `1` | the seven bits above |
//! | `10` | one of the last words, under the number in the six bits above |
//! | `00` | its lowest three bits on top; the three below say how many bytes follow with the rest of it, less one |

/// Words of a group: as many as there are bits in what tells which of them are zero.
const GROUP: usize = u64::BITS as usize;
/// Most bytes that a word takes.
const LONGEST: usize = 9;
/// Smaller ones take one byte as they are.
const SHORT: u64 = 1 << 7;

/// The words that came last, each in the place that is made of all its bits.
#[derive(Debug)]
struct Recent([u64; 1 << Recent::BITS]);

impl Recent {
    /// What the number of a place takes.
    const BITS: u32 = 6;
    /// Its highest bits depend on all bits of what it is multiplied with: the golden ratio.
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

    const fn new() -> Self {
        Self([0; 1 << Self::BITS])
    }

    #[inline(always)]
    fn place(&mut self, word: u64) -> (usize, &mut u64) {
        let number = (word.wrapping_mul(Self::SPREAD) >> (u64::BITS - Self::BITS)) as usize;
        (number, &mut self.0[number])
    }
}

/// Words on their way into bytes.
#[derive(Debug)]
pub(super) struct Sink<'a> {
    bytes: &'a mut Vec<u8>,
    group: [u64; GROUP],
    len: usize,
    /// The word that takes the next bits, and how many it has. It is of this group.
    bits_at: usize,
    bits: u32,
    recent: Recent,
}

impl<'a> Sink<'a> {
    pub fn new(bytes: &'a mut Vec<u8>) -> Self {
        Self { bytes, group: [0; GROUP], len: 0, bits_at: 0, bits: u64::BITS, recent: Recent::new() }
    }

    /// Takes a word.
    #[inline(always)]
    pub fn word(&mut self, word: u64) {
        let place = match self.group.get_mut(self.len) {
            Some(place) => place,
            None => self.begin_group(),
        };
        *place = word;
        self.len += 1;
    }

    /// Takes a bit.
    #[inline(always)]
    pub fn bit(&mut self, bit: bool) {
        if self.bits == u64::BITS {
            self.begin_bits();
        }
        self.group[self.bits_at % GROUP] |= u64::from(bit) << self.bits;
        self.bits += 1;
    }

    #[cold]
    #[inline(never)]
    fn begin_bits(&mut self) {
        self.word(0);
        (self.bits_at, self.bits) = (self.len - 1, 0);
    }

    #[cold]
    #[inline(never)]
    fn begin_group(&mut self) -> &mut u64 {
        self.flush();
        &mut self.group[0]
    }

    /// Writes the group, and begins the next one.
    #[inline(never)]
    pub fn flush(&mut self) {
        let Some(group) = self.group.get(..self.len) else { return };
        let mut present = group.iter().rev().fold(0u64, |bits, &word| bits << 1 | u64::from(word != 0));
        let mut written = [0; 8 + GROUP * LONGEST];
        written[..8].copy_from_slice(&present.to_le_bytes());
        let mut end = 8;
        while present != 0 {
            let word = self.group[present.trailing_zeros() as usize % GROUP];
            present &= present - 1;
            let Some(place) = written.get_mut(end..).and_then(|rest| rest.first_chunk_mut::<LONGEST>()) else { break };
            end += put(word, place, &mut self.recent);
        }
        self.bytes.extend_from_slice(written.get(..end).unwrap_or_default());
        (self.len, self.bits) = (0, u64::BITS);
    }
}

/// Writes a word that is not zero, and says how many bytes it takes; those behind them mean nothing.
#[inline(always)]
fn put(word: u64, place: &mut [u8; LONGEST], recent: &mut Recent) -> usize {
    if word < SHORT {
        place[0] = (word << 1 | 1) as u8;
        return 1;
    }
    let (number, last) = recent.place(word);
    if *last == word {
        place[0] = (number << 2 | 2) as u8;
        return 1;
    }
    *last = word;
    let rest = word >> 3;
    let more = 8 - rest.leading_zeros() as usize / 8;
    place[0] = ((word as u8 & 7) << 5) | ((more as u8 - 1) << 2);
    place[1..].copy_from_slice(&rest.to_le_bytes());
    1 + more
}

/// Words on their way back.
#[derive(Debug)]
pub(super) struct Source<'a> {
    bytes: &'a [u8],
    group: [u64; GROUP],
    /// The next of them.
    next: usize,
    /// Bits that are still to be taken, and how many.
    bits: u64,
    bits_left: u32,
    recent: Recent,
    /// There were fewer bytes than words were asked for.
    ran_out: bool,
}

impl<'a> Source<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        let recent = Recent::new();
        Self { bytes, group: [0; GROUP], next: GROUP, bits: 0, bits_left: 0, recent, ran_out: false }
    }

    /// The next word: zero where there is none.
    #[inline(always)]
    pub fn word(&mut self) -> u64 {
        let word = match self.group.get(self.next) {
            Some(&word) => word,
            None => self.fill(),
        };
        self.next += 1;
        word
    }

    /// The next bit.
    #[inline(always)]
    pub fn bit(&mut self) -> bool {
        if self.bits_left == 0 {
            self.begin_bits();
        }
        let bit = self.bits & 1 != 0;
        self.bits >>= 1;
        self.bits_left -= 1;
        bit
    }

    #[cold]
    #[inline(never)]
    fn begin_bits(&mut self) {
        self.bits = self.word();
        self.bits_left = u64::BITS;
    }

    /// There were fewer bytes than words were asked for.
    pub const fn ran_out(&self) -> bool {
        self.ran_out
    }

    /// All words were taken, and no more: those left of the last group are zero.
    pub fn is_at_end(&self) -> bool {
        let rest = self.group.get(self.next..).unwrap_or_default();
        !self.ran_out && self.bytes.is_empty() && self.bits == 0 && rest.iter().all(|&word| word == 0)
    }

    /// Reads the next group, and gives the first word of it.
    #[cold]
    #[inline(never)]
    fn fill(&mut self) -> u64 {
        (self.group, self.next, self.bits, self.bits_left) = ([0; GROUP], 0, 0, 0);
        let Some((present, mut rest)) = self.bytes.split_first_chunk::<8>() else {
            self.ran_out = true;
            return 0;
        };
        let mut present = u64::from_le_bytes(*present);
        while present != 0 {
            let Some((word, behind)) = take(rest, &mut self.recent) else {
                self.ran_out = true;
                break;
            };
            self.group[present.trailing_zeros() as usize % GROUP] = word;
            present &= present - 1;
            rest = behind;
        }
        self.bytes = rest;
        self.group[0]
    }
}

/// Reads a word, and gives what stands behind it.
#[inline(always)]
fn take<'a>(bytes: &'a [u8], recent: &mut Recent) -> Option<(u64, &'a [u8])> {
    let (&first, behind) = bytes.split_first()?;
    if first & 1 != 0 {
        return Some((u64::from(first >> 1), behind));
    }
    if first & 2 != 0 {
        return Some((recent.0[usize::from(first >> 2)], behind));
    }
    let more = usize::from(first >> 2 & 7) + 1;
    let rest = match behind.first_chunk::<8>() {
        Some(eight) => u64::from_le_bytes(*eight) & (u64::MAX >> (u64::BITS as usize - 8 * more)),
        None => last_few(behind.get(..more)?),
    };
    let word = rest << 3 | u64::from(first >> 5);
    *recent.place(word).1 = word;
    Some((word, behind.get(more..)?))
}

/// A number in so few bytes, at the very end.
#[cold]
fn last_few(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}
