//! Values in little space: what is kept of a connection that is silent.
//!
//! Most of what is known of it are numbers that are still zero, or that say the same as others do. So a value is taken apart into words: every
//! number is one, a moment as its distance from the first one, and each yes or no is a bit of one. Of the words in a group (`words`) only
//! those are written that are not zero, in as few bytes as they need, and in a single byte if the same came a moment ago.
//!
//! It is a format for memory and not for files: nothing in it says what a word means, and it may change at any time.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Serialize, de, ser};

use self::read::Reader;
use self::write::Writer;

mod read;
mod words;
mod write;

/// The name of the type whose values are moments, [`Timestamp`](super::Timestamp): they lie close together.
const MOMENT: &str = "Timestamp";

/// Writes a value behind what is in `room`. False if it holds something that cannot be packed, and then what was written means nothing.
pub fn pack<T: Serialize>(value: &T, room: &mut Vec<u8>) -> bool {
    let mut writer = Writer::new(room);
    let whole = value.serialize(&mut writer).is_ok();
    writer.finish();
    whole
}

/// The value that [`pack`] wrote; `None` where it is not one of this type, as far as that can be told.
pub fn unpack<T: DeserializeOwned + Default>(packed: &[u8]) -> Option<Box<T>> {
    let mut reader = Reader::new(packed);
    let mut value = Box::<T>::default();
    T::deserialize_in_place(&mut reader, &mut value).ok()?;
    reader.is_at_end().then_some(value)
}

/// The first parts of such a value.
pub fn peek<T: DeserializeOwned>(packed: &[u8]) -> Option<T> {
    T::deserialize(&mut Reader::new(packed)).ok()
}

/// A value that cannot be packed, or bytes that are no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfit;

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not of a form that is packed")
    }
}

impl std::error::Error for Unfit {}

impl ser::Error for Unfit {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl de::Error for Unfit {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;
    use crate::base::{FlowKey, Maybe, Nanos, Timestamp};

    /// A value with all that is packed.
    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Sample {
        first: (u8, Timestamp),
        numbers: Vec<(u64, i64, u32)>,
        moments: VecDeque<Timestamp>,
        small: [(bool, i8, u16); 2],
        again: Option<Box<Sample>>,
        maybe: [Maybe<Nanos>; 2],
        forms: Vec<Form>,
        real: f64,
        wide: u128,
    }

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    enum Form {
        #[default]
        Nothing,
        One(u64),
        Two(u64, Option<bool>),
        Named {
            bit: bool,
            moment: Timestamp,
        },
    }

    /// Numbers of every length, and often the same ones.
    fn number() -> impl Strategy<Value = u64> {
        prop_oneof![Just(0), Just(u64::MAX), 0..200u64, (any::<u64>(), 0..64u32).prop_map(|(n, shift)| n >> shift)]
    }

    fn moment() -> impl Strategy<Value = Timestamp> {
        let usual = 1_700_000_000_000_000_000..1_700_000_001_000_000_000i64;
        prop_oneof![Just(0), usual, any::<i64>()].prop_map(Timestamp)
    }

    fn form() -> impl Strategy<Value = Form> {
        prop_oneof![
            Just(Form::Nothing),
            number().prop_map(Form::One),
            (number(), proptest::option::of(any::<bool>())).prop_map(|(n, bit)| Form::Two(n, bit)),
            (any::<bool>(), moment()).prop_map(|(bit, moment)| Form::Named { bit, moment }),
        ]
    }

    fn plain_sample() -> impl Strategy<Value = Sample> {
        let numbers = vec((number(), number(), any::<u32>()).prop_map(|(a, b, c)| (a, b as i64, c)), 0..90);
        let maybe = || proptest::option::of(any::<i64>()).prop_map(|nanos| Maybe::from(nanos.map(Nanos)));
        let rest = ([maybe(), maybe()], vec(form(), 0..40), -1e9..1e9f64, any::<u128>());
        let parts = ((any::<u8>(), moment()), numbers, vec(moment(), 0..20), any::<[(bool, i8, u16); 2]>(), rest);
        parts.prop_map(|(first, numbers, moments, small, (maybe, forms, real, wide))| {
            let moments = VecDeque::from(moments);
            Sample { first, numbers, moments, small, again: None, maybe, forms, real, wide }
        })
    }

    fn sample() -> impl Strategy<Value = Sample> {
        (plain_sample(), proptest::option::of(plain_sample()))
            .prop_map(|(sample, again)| Sample { again: again.map(Box::new), ..sample })
    }

    fn packed<T: Serialize>(value: &T) -> Vec<u8> {
        let mut room = Vec::new();
        assert!(pack(value, &mut room));
        room
    }

    proptest! {
        #[test]
        fn what_was_packed_comes_back(sample in sample()) {
            let bytes = packed(&sample);
            prop_assert_eq!(peek(&bytes), Some(sample.first));
            let longer = [bytes.as_slice(), &[1]].concat();
            prop_assert_eq!(unpack::<Sample>(&longer), None);
            prop_assert_eq!(unpack(&bytes), Some(Box::new(sample)));
        }

        #[test]
        fn other_bytes_do_no_harm(bytes in vec(any::<u8>(), 0..2000)) {
            let _ = unpack::<Sample>(&bytes);
            let _ = peek::<(FlowKey, Timestamp)>(&bytes);
        }

        #[test]
        fn broken_bytes_do_no_harm(sample in sample(), at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = packed(&sample);
            let cut = at.index(bytes.len());
            prop_assert_eq!(unpack::<Sample>(&bytes[..cut]), None);
            bytes[cut] = byte;
            let _ = unpack::<Sample>(&bytes);
        }
    }

    #[test]
    fn zeros_and_repetitions_take_next_to_nothing() {
        assert_eq!(packed(&[[0u64; 32]; 2]).len(), 8);
        assert_eq!(packed(&[[true; 32]; 2]).len(), 8 + 9);
        assert_eq!(packed(&[[0x1234_5678_9abc_def0u64; 32]; 2]).len(), 8 + 9 + 63);
        let second = Timestamp::from_parts(1_700_000_000, 0);
        assert_eq!(packed(&[second, second + Nanos(63), second, second + Nanos(-63)]).len(), 8 + 9 + 1 + 1);
    }

    #[test]
    fn what_cannot_be_packed_is_refused() {
        assert!(!pack(&"a word", &mut Vec::new()));
        assert!(unpack::<String>(&packed(&7u8)).is_none());
    }
}
