//! An optional value that takes no more room than the value: of each connection many moments and positions are kept that may never come.

use std::fmt;

use super::{Nanos, Timestamp};

/// A type with a value that no packet has, which stands for "none".
pub trait Niche: Copy + PartialEq {
    /// The value that is given up.
    const NONE: Self;
    /// What takes its place where it comes up all the same, at the end of an arithmetic that saturates.
    const NEXT: Self;
    /// "None" is below all values.
    const NONE_IS_LEAST: bool;
}

impl Niche for Timestamp {
    const NONE: Self = Timestamp(i64::MIN);
    const NEXT: Self = Timestamp(i64::MIN + 1);
    const NONE_IS_LEAST: bool = true;
}

impl Niche for Nanos {
    const NONE: Self = Nanos(i64::MIN);
    const NEXT: Self = Nanos(i64::MIN + 1);
    const NONE_IS_LEAST: bool = true;
}

/// Positions and counts of bytes and packets.
impl Niche for u64 {
    const NONE: Self = u64::MAX;
    const NEXT: Self = u64::MAX - 1;
    const NONE_IS_LEAST: bool = false;
}

/// Counts; not sequence numbers or timestamp values of the wire, which use all of their 32 bits.
impl Niche for u32 {
    const NONE: Self = u32::MAX;
    const NEXT: Self = u32::MAX - 1;
    const NONE_IS_LEAST: bool = false;
}

/// An `Option<T>` of the size of `T`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Maybe<T>(T);

impl<T: Niche> Maybe<T> {
    /// No value.
    pub const NONE: Self = Self(T::NONE);

    /// The value, or the one that stands for none.
    #[inline]
    pub(super) const fn raw(self) -> T {
        self.0
    }

    /// What [`Maybe::raw`] gave.
    #[inline]
    pub(super) const fn of_raw(raw: T) -> Self {
        Self(raw)
    }

    /// A value.
    #[inline]
    pub fn some(value: T) -> Self {
        Self(if value == T::NONE { T::NEXT } else { value })
    }

    /// The value, if there is one.
    #[inline]
    pub fn get(self) -> Option<T> {
        (self.0 != T::NONE).then_some(self.0)
    }

    /// There is a value.
    #[inline]
    pub fn is_some(self) -> bool {
        self.0 != T::NONE
    }

    /// There is none.
    #[inline]
    pub fn is_none(self) -> bool {
        self.0 == T::NONE
    }

    /// Puts a value in.
    #[inline]
    pub fn set(&mut self, value: T) {
        *self = Self::some(value);
    }

    /// Puts a value in if there is none.
    #[inline]
    pub fn set_if_none(&mut self, value: T) {
        if self.is_none() {
            self.set(value);
        }
    }

    /// Puts a value in if there is none or a smaller one.
    #[inline]
    pub fn raise(&mut self, value: T)
    where
        T: Ord,
    {
        let raised = Self::some(value);
        if self.0 < raised.0 || !T::NONE_IS_LEAST && self.is_none() {
            *self = raised;
        }
    }

    /// Takes the value out.
    #[inline]
    pub fn take(&mut self) -> Option<T> {
        std::mem::replace(self, Self::NONE).get()
    }
}

impl<T: Niche> Default for Maybe<T> {
    fn default() -> Self {
        Self::NONE
    }
}

impl<T: Niche> From<Option<T>> for Maybe<T> {
    #[inline]
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::NONE, Self::some)
    }
}

impl<T: Niche> From<Maybe<T>> for Option<T> {
    #[inline]
    fn from(value: Maybe<T>) -> Self {
        value.get()
    }
}

impl<T: Niche + fmt::Debug> fmt::Debug for Maybe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_what_an_option_holds() {
        let mut seen = Maybe::default();
        assert!(seen.is_none());
        seen.set_if_none(Timestamp(7));
        seen.set_if_none(Timestamp(8));
        assert_eq!(seen.get(), Some(Timestamp(7)));
        seen.raise(Timestamp(6));
        assert_eq!(seen.get(), Some(Timestamp(7)));
        assert_eq!((seen.take(), seen), (Some(Timestamp(7)), Maybe::NONE));
        assert_eq!(size_of_val(&seen), 8);
        assert_eq!(format!("{:?} {:?}", Maybe::from(Some(5u64)), Maybe::<u64>::NONE), "Some(5) None");
    }

    #[test]
    fn the_value_given_up_becomes_its_neighbour() {
        assert_eq!(Maybe::some(Nanos(i64::MIN)).get(), Some(Nanos(i64::MIN + 1)));
        assert_eq!(Maybe::from(Some(u64::MAX)).get(), Some(u64::MAX - 1));
    }

    #[test]
    fn raising_takes_the_larger_value_and_any_in_place_of_none() {
        let (mut moment, mut position) = (Maybe::default(), Maybe::default());
        for (value, moments, positions) in [(i64::MIN, i64::MIN + 1, 0), (-5, -5, 7), (-9, -5, 7), (3, 3, 9)] {
            moment.raise(Timestamp(value));
            position.raise(positions);
            assert_eq!((moment.get(), position.get()), (Some(Timestamp(moments)), Some(positions)));
        }
        position.raise(2);
        assert_eq!(position.get(), Some(9));
        position.raise(u64::MAX);
        assert_eq!(position.get(), Some(u64::MAX - 1));
    }
}
