//! Values that are one word, or a part of one.

use super::super::{Maybe, Nanos, Niche, Timestamp};

/// A value that fits into a word. The one that is there before anything has happened is zero.
pub trait Word: Sized {
    /// No higher bits of the word are set.
    const BITS: u32;

    /// The value as a word.
    fn word(&self, origin: Origin) -> u64;

    /// The value of a word.
    fn of(word: u64, origin: Origin) -> Self;
}

/// Small distances from zero become small numbers.
#[inline(always)]
pub(super) const fn fold(signed: i64) -> u64 {
    (signed << 1 ^ signed >> 63) as u64
}

/// What [`fold`] had.
#[inline(always)]
pub(super) const fn unfold(folded: u64) -> i64 {
    (folded >> 1) as i64 ^ -((folded & 1) as i64)
}

/// A moment from which all others are counted: those of a connection lie close together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin {
    at: i64,
    /// The distance of the moment zero, and of the one that stands for none.
    zero: u64,
    none: u64,
}

impl Origin {
    pub(super) fn new(Timestamp(at): Timestamp) -> Self {
        let distance = |moment: i64| fold(moment.wrapping_sub(at));
        Self { at, zero: distance(0), none: distance(Timestamp::NONE.0) }
    }

    /// It as a moment.
    pub(super) const fn moment(self) -> Timestamp {
        Timestamp(self.at)
    }

    /// The distance of a moment, where that of `nothing` becomes zero and those below it make room.
    #[inline(always)]
    const fn distance(self, moment: i64, nothing: u64) -> u64 {
        let distance = fold(moment.wrapping_sub(self.at));
        if distance == nothing { 0 } else { distance + (distance < nothing) as u64 }
    }

    /// The moment of which [`Origin::distance`] gave this.
    #[inline(always)]
    const fn at_distance(self, word: u64, nothing: u64) -> i64 {
        let before = word.wrapping_sub(1);
        let distance = if word == 0 {
            nothing
        } else if before < nothing {
            before
        } else {
            word
        };
        self.at.wrapping_add(unfold(distance))
    }
}

impl Word for Timestamp {
    const BITS: u32 = u64::BITS;

    #[inline(always)]
    fn word(&self, origin: Origin) -> u64 {
        origin.distance(self.0, origin.zero)
    }

    #[inline(always)]
    fn of(word: u64, origin: Origin) -> Self {
        Self(origin.at_distance(word, origin.zero))
    }
}

impl Word for Maybe<Timestamp> {
    const BITS: u32 = u64::BITS;

    #[inline(always)]
    fn word(&self, origin: Origin) -> u64 {
        origin.distance(self.raw().0, origin.none)
    }

    #[inline(always)]
    fn of(word: u64, origin: Origin) -> Self {
        Self::of_raw(Timestamp(origin.at_distance(word, origin.none)))
    }
}

/// Values that are turned into a word and back, whatever the origin.
macro_rules! words {
    ($($type:ty: $bits:expr, |$value:ident| $to:expr, |$word:ident| $from:expr;)*) => {$(
        impl Word for $type {
            const BITS: u32 = $bits;

            #[inline(always)]
            fn word(&self, _: Origin) -> u64 {
                let $value = *self;
                $to
            }

            #[inline(always)]
            fn of($word: u64, _: Origin) -> Self {
                $from
            }
        }
    )*};
}

words! {
    bool: 1, |v| v.into(), |word| word != 0;
    u8: 8, |v| v.into(), |word| word as u8;
    u16: 16, |v| v.into(), |word| word as u16;
    u32: 32, |v| v.into(), |word| word as u32;
    u64: 64, |v| v, |word| word;
    usize: 64, |v| v as u64, |word| word as usize;
    i64: 64, |v| fold(v), |word| unfold(word);
    // Of whole numbers the lowest bits are zero.
    f64: 64, |v| v.to_bits().swap_bytes(), |word| f64::from_bits(word.swap_bytes());
    Nanos: 64, |v| fold(v.0), |word| Nanos(unfold(word));
    // The value given up is the last one in each: it becomes zero.
    Maybe<Nanos>: 64, |v| fold(v.raw().0).wrapping_add(1), |word| Maybe::of_raw(Nanos(unfold(word.wrapping_sub(1))));
    Maybe<u64>: 64, |v| v.raw().wrapping_add(1), |word| Maybe::of_raw(word.wrapping_sub(1));
    Maybe<u32>: 32, |v| v.raw().wrapping_add(1).into(), |word| Maybe::of_raw((word as u32).wrapping_sub(1));
}

impl<T: Word> Word for Option<T> {
    const BITS: u32 = T::BITS + 1;

    #[inline(always)]
    fn word(&self, origin: Origin) -> u64 {
        const { assert!(Self::BITS <= u64::BITS) };
        self.as_ref().map_or(0, |value| value.word(origin) + 1)
    }

    #[inline(always)]
    fn of(word: u64, origin: Origin) -> Self {
        word.checked_sub(1).map(|word| T::of(word, origin))
    }
}

/// Small values side by side in one word, the first of them lowest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bits {
    word: u64,
    used: u32,
}

impl Bits {
    /// Puts one more on top.
    #[inline(always)]
    pub fn put<T: Word>(&mut self, value: &T, origin: Origin) {
        assert!(self.used + T::BITS <= u64::BITS, "more bits than a word has");
        self.word |= value.word(origin) << self.used;
        self.used += T::BITS;
    }

    /// All that was put.
    #[inline(always)]
    pub const fn word(self) -> u64 {
        self.word
    }

    /// To take them out in the same order.
    #[inline(always)]
    pub const fn of(word: u64) -> Self {
        Self { word, used: 0 }
    }

    /// The next one.
    #[inline(always)]
    pub fn take<T: Word>(&mut self, origin: Origin) -> T {
        const { assert!(T::BITS < u64::BITS) };
        let value = self.word >> self.used & ((1 << T::BITS) - 1);
        self.used += T::BITS;
        T::of(value, origin)
    }
}

impl<A: Word, B: Word> Word for (A, B) {
    const BITS: u32 = A::BITS + B::BITS;

    #[inline(always)]
    fn word(&self, origin: Origin) -> u64 {
        let mut bits = Bits::default();
        bits.put(&self.0, origin);
        bits.put(&self.1, origin);
        bits.word()
    }

    #[inline(always)]
    fn of(word: u64, origin: Origin) -> Self {
        let mut bits = Bits::of(word);
        (bits.take(origin), bits.take(origin))
    }
}

impl<T: Word, const N: usize> Word for [T; N] {
    const BITS: u32 = T::BITS * N as u32;

    #[inline(always)]
    fn word(&self, origin: Origin) -> u64 {
        let mut bits = Bits::default();
        self.iter().for_each(|value| bits.put(value, origin));
        bits.word()
    }

    #[inline(always)]
    fn of(word: u64, origin: Origin) -> Self {
        let mut bits = Bits::of(word);
        std::array::from_fn(|_| bits.take(origin))
    }
}
