//! Values in little space: what is kept of a connection that is silent.
//!
//! Most of what is known of it are numbers that are still zero, or that say the same as others do. So a value is taken apart into words
//! (`words`): small numbers share one, a moment is its distance from the connection's last, and numbers that mostly are zero together are
//! left out together. Then each word is written in as few bytes as it needs (`bytes`), and in a single one if the same came before.
//!
//! It is a format for memory and not for files: nothing in it says what a word means, and it may change at any time.

use self::bytes::GROUP;
pub(crate) use self::fields::{packed, packed_names, packed_number};
pub use self::word::{Bits, Origin, Word};
pub use self::words::{Group, Sink, Source, distance};
use super::Timestamp;

mod bytes;
mod fields;
mod parts;
mod word;
mod words;

/// Words that nearly all values need no more of.
const USUAL: usize = 512;

/// A value that can be packed.
pub trait Pack: Sized {
    /// Takes it apart.
    fn pack(&self, sink: &mut Sink<'_>);

    /// Puts it together.
    fn unpack(source: &mut Source<'_>) -> Self;

    /// Puts it together where it is to stay, in the place of another.
    #[inline(always)]
    fn unpack_in_place(&mut self, source: &mut Source<'_>) {
        *self = Self::unpack(source);
    }

    /// Takes a few of them apart.
    #[inline(always)]
    fn pack_few<const N: usize>(few: &[Self; N], sink: &mut Sink<'_>) {
        few.iter().for_each(|part| part.pack(sink));
    }

    /// Puts a few of them together.
    #[inline(always)]
    fn unpack_few<const N: usize>(source: &mut Source<'_>) -> [Self; N] {
        std::array::from_fn(|_| Self::unpack(source))
    }

    /// Puts a few of them together where they are to stay.
    #[inline(always)]
    fn unpack_few_in_place<const N: usize>(few: &mut [Self; N], source: &mut Source<'_>) {
        few.iter_mut().for_each(|part| part.unpack_in_place(source));
    }
}

/// Where values are packed and unpacked, one after the other.
#[derive(Debug, Default)]
pub struct Room {
    words: Vec<u64>,
    bytes: Vec<u8>,
}

impl Room {
    /// A value in little space; its moments lie about `around`.
    pub fn pack<T: Pack>(&mut self, value: &T, around: Timestamp) -> &[u8] {
        let len = loop {
            match self.take_apart(value, Origin::new(around)) {
                Some(len) => break len,
                None => self.words.resize(self.words.len() * 2 + USUAL, 0),
            }
        };
        bytes::encode(self.words.get(..len).unwrap_or_default(), &mut self.bytes);
        &self.bytes
    }

    /// How many words it is; `None` if there is too little room for them.
    fn take_apart<T: Pack>(&mut self, value: &T, origin: Origin) -> Option<usize> {
        let mut sink = Sink::new(&mut self.words, origin);
        value.pack(&mut sink);
        let len = sink.finish()?;
        let whole = len.next_multiple_of(GROUP);
        self.words.get_mut(len..whole)?.fill(0);
        Some(whole)
    }

    /// The value that [`Room::pack`] wrote; `None` where it is not one of this type, as far as that can be told.
    pub fn unpack<T: Pack + Default>(&mut self, packed: &[u8]) -> Option<Box<T>> {
        let len = bytes::decode(packed, &mut self.words)?;
        let mut source = Source::new(self.words.get(..len)?);
        let mut value = Box::<T>::default();
        T::unpack_in_place(&mut value, &mut source);
        source.is_at_end().then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::base::{Maybe, Nanos};

    /// A value with all that is packed.
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Sample {
        first: Point,
        numbers: Vec<(u64, Nanos)>,
        moments: VecDeque<Timestamp>,
        small: (u8, bool),
        again: Option<Box<Sample>>,
        maybe: Maybe<Nanos>,
        whether: Maybe<Timestamp>,
        most: Maybe<u64>,
        count: Maybe<u32>,
        forms: [Form; 2],
        real: f64,
        place: u64,
        hits: u64,
        half: u64,
        port: Option<u16>,
        forgotten: u8,
    }

    packed! {
        Sample {
            (first)
            @place
            {most}
            <hits, half>
            [maybe ~ whether, real; small, forms, count]
            [; port]
            numbers, moments, again; without forgotten
        }
    }

    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    struct Point {
        size: u8,
        t: Timestamp,
    }

    packed! { Point { [t; size] } }

    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    enum Form {
        Round,
        #[default]
        Square,
    }

    packed_names! { Form { Round, Square } }

    /// Numbers of every length, and often the same ones.
    fn number() -> impl Strategy<Value = u64> {
        prop_oneof![Just(0), Just(u64::MAX), 0..200u64, (any::<u64>(), 0..64u32).prop_map(|(n, shift)| n >> shift)]
    }

    fn moment() -> impl Strategy<Value = Timestamp> {
        let usual = 1_700_000_000_000_000_000..1_700_000_001_000_000_000i64;
        prop_oneof![Just(0), Just(i64::MIN), Just(i64::MAX), -3..3i64, usual, any::<i64>()].prop_map(Timestamp)
    }

    fn plain_sample() -> impl Strategy<Value = Sample> {
        let first = (any::<u8>(), moment()).prop_map(|(size, t)| Point { size, t });
        let numbers = vec((number(), number().prop_map(|n| Nanos(n as i64))), 0..90);
        let moments = vec(moment(), 0..20).prop_map(VecDeque::from);
        let maybe = (number(), moment(), proptest::option::of(number()), any::<Option<u32>>());
        let form = || prop_oneof![Just(Form::Round), Just(Form::Square)];
        let rest =
            (any::<(u8, bool)>(), [form(), form()], any::<f64>(), any::<[u8; 3]>(), number(), any::<Option<u16>>());
        (first, numbers, moments, maybe, rest).prop_map(|(first, numbers, moments, maybe, rest)| Sample {
            first,
            numbers,
            moments,
            maybe: Maybe::some(Nanos(maybe.0 as i64)),
            whether: Maybe::some(maybe.1),
            most: maybe.2.into(),
            count: maybe.3.into(),
            small: rest.0,
            forms: rest.1,
            real: rest.2,
            place: rest.4,
            hits: rest.3[0].into(),
            half: if rest.3[1] > 100 { rest.4 } else { rest.3[2].into() },
            port: rest.5,
            ..Sample::default()
        })
    }

    fn sample() -> impl Strategy<Value = Sample> {
        (plain_sample(), proptest::option::of(plain_sample()))
            .prop_map(|(sample, again)| Sample { again: again.map(Box::new), ..sample })
    }

    fn packed<T: Pack>(value: &T, around: Timestamp) -> Vec<u8> {
        Room::default().pack(value, around).to_vec()
    }

    fn unpacked<T: Pack + Default>(bytes: &[u8]) -> Option<Box<T>> {
        Room::default().unpack(bytes)
    }

    proptest! {
        #[test]
        fn what_was_packed_comes_back(sample in sample(), around in moment()) {
            let bytes = packed(&sample, around);
            let longer = [bytes.as_slice(), &[1]].concat();
            prop_assert_eq!(unpacked::<Sample>(&longer), None);
            prop_assert_eq!(unpacked(&bytes), Some(Box::new(sample)));
        }

        #[test]
        fn other_bytes_do_no_harm(bytes in vec(any::<u8>(), 0..2000)) {
            let _ = unpacked::<Sample>(&bytes);
        }

        #[test]
        fn broken_bytes_do_no_harm(sample in sample(), at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = packed(&sample, sample.first.t);
            let cut = at.index(bytes.len());
            prop_assert_eq!(unpacked::<Sample>(&bytes[..cut]), None);
            bytes[cut] = byte;
            let _ = unpacked::<Sample>(&bytes);
        }

        #[test]
        fn a_room_keeps_nothing(samples in vec(sample(), 2)) {
            let mut room = Room::default();
            for sample in samples {
                let bytes = packed(&sample, sample.first.t);
                prop_assert_eq!(room.pack(&sample, sample.first.t), bytes.as_slice());
                prop_assert_eq!(room.unpack(&bytes), Some(Box::new(sample)));
            }
        }
    }

    #[test]
    fn zeros_and_repetitions_take_next_to_nothing() {
        let size = |value: Vec<u64>| packed(&value, Timestamp(0)).len();
        assert_eq!(size(vec![]), 8);
        assert_eq!(size(vec![6; 13]), 8 + 1);
        assert_eq!(size(vec![0x1234_5678_9abc_def0; 13]), 8 + 1 + 8 + 12);
        let second = Timestamp::from_parts(1_700_000_000, 0);
        let near = [second, second + Nanos(63), second + Nanos(-63), second, Timestamp(0)];
        assert_eq!(packed(&near, second).len(), 8 + 8 + 2);
    }

    #[test]
    fn a_list_is_no_longer_than_its_bytes() {
        let numbers = vec![Timestamp(7); 3];
        let mut bytes = packed(&numbers, Timestamp(7));
        let len = bytes.iter().position(|&byte| byte >> 4 == 3).unwrap_or_default();
        bytes[len] |= 0x70;
        assert_eq!(unpacked::<Vec<Timestamp>>(&bytes), None);
    }
}
