//! A value becomes words.

use serde::ser::{self, Serialize};

use super::words::Sink;
use super::{MOMENT, Unfit};

/// Takes a value apart.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    sink: Sink<'a>,
    /// The first moment that is not zero.
    origin: i64,
    /// The number that comes next is a moment.
    is_moment: bool,
}

impl<'a> Writer<'a> {
    pub fn new(room: &'a mut Vec<u8>) -> Self {
        Self { sink: Sink::new(room), origin: 0, is_moment: false }
    }

    /// Writes what is still to be written.
    pub fn finish(mut self) {
        self.sink.flush();
    }

    #[inline(always)]
    fn put(&mut self, word: u64) -> Result<(), Unfit> {
        self.sink.word(word);
        Ok(())
    }
}

/// Small distances from zero become small numbers.
#[inline(always)]
const fn fold(signed: i64) -> u64 {
    (signed << 1 ^ signed >> 63) as u64
}

/// Numbers that are one word.
macro_rules! words {
    ($($serialize:ident $type:ty |$v:ident| $word:expr;)*) => {$(
        #[inline(always)]
        fn $serialize(self, $v: $type) -> Result<(), Unfit> {
            self.put($word)
        }
    )*};
}

/// What nobody needs.
macro_rules! unfit {
    ($($serialize:ident $type:ty;)*) => {$(
        fn $serialize(self, _: $type) -> Result<(), Unfit> {
            Err(Unfit)
        }
    )*};
}

impl ser::Serializer for &mut Writer<'_> {
    type Ok = ();
    type Error = Unfit;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = ser::Impossible<(), Unfit>;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    #[inline(always)]
    fn serialize_bool(self, v: bool) -> Result<(), Unfit> {
        self.sink.bit(v);
        Ok(())
    }

    words! {
        serialize_i8 i8 |v| fold(v.into());
        serialize_i16 i16 |v| fold(v.into());
        serialize_i32 i32 |v| fold(v.into());
        serialize_u8 u8 |v| v.into();
        serialize_u16 u16 |v| v.into();
        serialize_u32 u32 |v| v.into();
        serialize_u64 u64 |v| v;
        serialize_f64 f64 |v| v.to_bits();
    }

    unfit! {
        serialize_f32 f32;
        serialize_char char;
        serialize_str &str;
        serialize_bytes &[u8];
    }

    #[inline(always)]
    fn serialize_i64(self, v: i64) -> Result<(), Unfit> {
        if !std::mem::take(&mut self.is_moment) {
            return self.put(fold(v));
        }
        let distance = v.wrapping_sub(self.origin);
        if self.origin == 0 {
            self.origin = v;
        }
        self.put(fold(distance))
    }

    #[inline(always)]
    fn serialize_u128(self, v: u128) -> Result<(), Unfit> {
        self.put((v >> 64) as u64)?;
        self.put(v as u64)
    }

    #[inline(always)]
    fn serialize_none(self) -> Result<(), Unfit> {
        self.serialize_bool(false)
    }

    #[inline(always)]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unfit> {
        self.sink.bit(true);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unfit> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unfit> {
        Ok(())
    }

    #[inline(always)]
    fn serialize_unit_variant(self, _: &'static str, index: u32, _: &'static str) -> Result<(), Unfit> {
        self.put(index.into())
    }

    #[inline(always)]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<(), Unfit> {
        self.is_moment = name == MOMENT;
        value.serialize(self)
    }

    #[inline(always)]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unfit> {
        self.put(index.into())?;
        value.serialize(self)
    }

    #[inline(always)]
    fn serialize_seq(self, len: Option<usize>) -> Result<Self, Unfit> {
        self.put(len.ok_or(Unfit)? as u64)?;
        Ok(self)
    }

    #[inline(always)]
    fn serialize_tuple(self, _: usize) -> Result<Self, Unfit> {
        Ok(self)
    }

    #[inline(always)]
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Unfit> {
        Ok(self)
    }

    #[inline(always)]
    fn serialize_tuple_variant(self, _: &'static str, index: u32, _: &'static str, _: usize) -> Result<Self, Unfit> {
        self.put(index.into())?;
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Unfit> {
        Err(Unfit)
    }

    #[inline(always)]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Unfit> {
        Ok(self)
    }

    #[inline(always)]
    fn serialize_struct_variant(self, _: &'static str, index: u32, _: &'static str, _: usize) -> Result<Self, Unfit> {
        self.put(index.into())?;
        Ok(self)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The parts of a value come one after the other.
macro_rules! parts {
    ($($trait:ident $part:ident ($($name:ty)?);)*) => {$(
        impl ser::$trait for &mut Writer<'_> {
            type Ok = ();
            type Error = Unfit;

            #[inline(always)]
            fn $part<T: Serialize + ?Sized>(&mut self, $(_: $name,)? part: &T) -> Result<(), Unfit> {
                part.serialize(&mut **self)
            }

            #[inline(always)]
            fn end(self) -> Result<(), Unfit> {
                Ok(())
            }
        }
    )*};
}

parts! {
    SerializeSeq serialize_element ();
    SerializeTuple serialize_element ();
    SerializeTupleStruct serialize_field ();
    SerializeTupleVariant serialize_field ();
    SerializeStruct serialize_field (&'static str);
    SerializeStructVariant serialize_field (&'static str);
}
