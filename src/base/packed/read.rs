//! Words become a value again.

use serde::de::{self, DeserializeSeed, IntoDeserializer, Visitor};

use super::words::Source;
use super::{MOMENT, Unfit};

/// Puts a value together.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    source: Source<'a>,
    /// The first moment that is not zero.
    origin: i64,
    /// The number that comes next is a moment.
    is_moment: bool,
}

impl<'a> Reader<'a> {
    pub const fn new(packed: &'a [u8]) -> Self {
        Self { source: Source::new(packed), origin: 0, is_moment: false }
    }

    /// All that was written was read.
    pub fn is_at_end(&self) -> bool {
        self.source.is_at_end()
    }

    #[inline(always)]
    fn word(&mut self) -> u64 {
        self.source.word()
    }

    #[inline(always)]
    fn signed(&mut self) -> i64 {
        let folded = self.word();
        (folded >> 1) as i64 ^ -((folded & 1) as i64)
    }

    #[inline(always)]
    fn signed_or_moment(&mut self) -> i64 {
        let read = self.signed();
        if !std::mem::take(&mut self.is_moment) {
            return read;
        }
        let moment = read.wrapping_add(self.origin);
        if self.origin == 0 {
            self.origin = moment;
        }
        moment
    }
}

/// Numbers that are one word.
macro_rules! numbers {
    ($($deserialize:ident $visit:ident $read:ident $type:ty;)*) => {$(
        #[inline(always)]
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
            visitor.$visit(self.$read() as $type)
        }
    )*};
}

impl<'de> de::Deserializer<'de> for &mut Reader<'_> {
    type Error = Unfit;

    numbers! {
        deserialize_i8 visit_i8 signed i8;
        deserialize_i16 visit_i16 signed i16;
        deserialize_i32 visit_i32 signed i32;
        deserialize_i64 visit_i64 signed_or_moment i64;
        deserialize_u8 visit_u8 word u8;
        deserialize_u16 visit_u16 word u16;
        deserialize_u32 visit_u32 word u32;
        deserialize_u64 visit_u64 word u64;
    }

    #[inline(always)]
    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        let upper = u128::from(self.word());
        visitor.visit_u128(upper << 64 | u128::from(self.word()))
    }

    #[inline(always)]
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_f64(f64::from_bits(self.word()))
    }

    #[inline(always)]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_bool(self.source.bit())
    }

    #[inline(always)]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        if self.source.bit() { visitor.visit_some(self) } else { visitor.visit_none() }
    }

    #[inline(always)]
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_unit()
    }

    #[inline(always)]
    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_unit()
    }

    #[inline(always)]
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Unfit> {
        self.is_moment = name == MOMENT;
        visitor.visit_newtype_struct(self)
    }

    #[inline(always)]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        let left = self.word();
        visitor.visit_seq(Parts { reader: self, left })
    }

    #[inline(always)]
    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_seq(Parts { reader: self, left: len as u64 })
    }

    #[inline(always)]
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.deserialize_tuple(len, visitor)
    }

    #[inline(always)]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        visitor.visit_seq(Fields(self))
    }

    #[inline(always)]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        visitor.visit_enum(self)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Unfit> {
        Err(Unfit)
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    serde::forward_to_deserialize_any! { f32 char str string bytes byte_buf map identifier ignored_any }
}

/// The parts of a value, which come one after the other.
struct Parts<'r, 'a> {
    reader: &'r mut Reader<'a>,
    left: u64,
}

impl<'de> de::SeqAccess<'de> for Parts<'_, '_> {
    type Error = Unfit;

    #[inline(always)]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unfit> {
        if self.left == 0 {
            return Ok(None);
        }
        // Else a number that nobody wrote could make a list without end.
        if self.reader.source.ran_out() {
            return Err(Unfit);
        }
        self.left -= 1;
        seed.deserialize(&mut *self.reader).map(Some)
    }

    #[inline(always)]
    fn size_hint(&self) -> Option<usize> {
        Some(self.left as usize)
    }
}

/// The fields of a structure.
struct Fields<'r, 'a>(&'r mut Reader<'a>);

impl<'de> de::SeqAccess<'de> for Fields<'_, '_> {
    type Error = Unfit;

    #[inline(always)]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unfit> {
        seed.deserialize(&mut *self.0).map(Some)
    }
}

/// One of several forms: its number, and what belongs to it.
impl<'de> de::EnumAccess<'de> for &mut Reader<'_> {
    type Error = Unfit;
    type Variant = Self;

    #[inline(always)]
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Unfit> {
        let index = self.word() as u32;
        Ok((seed.deserialize(index.into_deserializer())?, self))
    }
}

impl<'de> de::VariantAccess<'de> for &mut Reader<'_> {
    type Error = Unfit;

    #[inline(always)]
    fn unit_variant(self) -> Result<(), Unfit> {
        Ok(())
    }

    #[inline(always)]
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Unfit> {
        seed.deserialize(self)
    }

    #[inline(always)]
    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Unfit> {
        de::Deserializer::deserialize_tuple(self, len, visitor)
    }

    #[inline(always)]
    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Unfit> {
        de::Deserializer::deserialize_struct(self, "", fields, visitor)
    }
}
