//! A list of numbers that is short for most of those who keep one: up to two of them take no memory of their own.

use super::packed::{Pack, Sink, Source};

/// The list, in the size of a `Vec`.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Words {
    /// It is empty.
    #[default]
    None,
    /// A single one.
    One(u64),
    /// Two.
    Two([u64; 2]),
    /// Or more.
    Many(Vec<u64>),
}

const _: () = assert!(size_of::<Words>() == size_of::<Vec<u64>>());

impl Pack for Words {
    #[inline]
    fn pack(&self, sink: &mut Sink<'_>) {
        sink.mark(matches!(self, Self::One(_) | Self::Many(_)));
        sink.mark(matches!(self, Self::Two(_) | Self::Many(_)));
        match self {
            Self::None => (),
            Self::One(word) => sink.put([*word]),
            Self::Two(words) => sink.put(*words),
            Self::Many(words) => words.pack(sink),
        }
    }

    #[inline]
    fn unpack(source: &mut Source<'_>) -> Self {
        match (source.mark(), source.mark()) {
            (false, false) => Self::None,
            (true, false) => Self::One(u64::unpack(source)),
            (false, true) => Self::Two(source.take()),
            (true, true) => Self::Many(Pack::unpack(source)),
        }
    }
}

impl Words {
    /// All of them.
    #[inline]
    pub fn as_slice(&self) -> &[u64] {
        match self {
            Self::None => &[],
            Self::One(word) => std::slice::from_ref(word),
            Self::Two(words) => words,
            Self::Many(words) => words,
        }
    }

    /// The last one, to change it.
    #[inline]
    pub fn last_mut(&mut self) -> Option<&mut u64> {
        match self {
            Self::None => None,
            Self::One(word) => Some(word),
            Self::Two([_, word]) => Some(word),
            Self::Many(words) => words.last_mut(),
        }
    }

    /// Takes one more.
    #[inline]
    pub fn push(&mut self, word: u64) {
        match *self {
            Self::None => *self = Self::One(word),
            Self::One(first) => *self = Self::Two([first, word]),
            Self::Two([first, second]) => self.spill([first, second, word]),
            Self::Many(ref mut words) => words.push(word),
        }
    }

    #[inline(never)]
    fn spill(&mut self, words: [u64; 3]) {
        /// Who keeps three keeps some more.
        const ROOM: usize = 6;
        let mut many = Vec::with_capacity(ROOM);
        many.extend_from_slice(&words);
        *self = Self::Many(many);
    }

    /// Bytes of memory that it takes beside its own size.
    pub fn heap(&self) -> usize {
        match self {
            Self::Many(words) => words.capacity() * size_of::<u64>(),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_what_a_vec_holds() {
        let (mut words, mut vec) = (Words::default(), Vec::new());
        for n in 0..20 {
            assert_eq!(words.as_slice(), vec);
            assert_eq!(words.last_mut(), vec.last_mut());
            words.push(n);
            vec.push(n);
        }
        assert!(words.heap() >= 20 * 8 && Words::One(7).heap() == 0);
    }
}
