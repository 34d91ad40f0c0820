//! How a structure is packed: its fields are named, and none may be forgotten.

/// Says how a structure is packed, by naming all of its fields, in this order:
///
/// - `(key)`: a part that comes before everything else.
/// - `@snd_max`: a position of the stream, to which those in braces are near: `{una, edge}`.
/// - `<packets, acks>`: counts that share a word as long as they are small.
/// - `[first ~ last, bytes; ended, kind]`: words that are often zero together. What is behind a `~` mostly is the same as what is before
///   it; what is behind a semicolon shares a word.
/// - Parts that are packed by themselves.
/// - `; without news`: what is not kept.
macro_rules! packed {
    ($type:ident {
        $(($lead:ident))?
        $(@$anchor:ident)?
        $({$($position:ident),+})?
        $(<$($count:ident),+>)?
        $([$($word:ident $(~ $near:ident)*),* $(; $($small:ident),+)*])*
        $($part:ident),*
        $(; without $gone:ident)?
    }) => {
        impl $crate::base::packed::Pack for $type {
            #[inline]
            fn pack(&self, sink: &mut $crate::base::packed::Sink<'_>) {
                let Self {
                    $($lead,)? $($anchor,)? $($($position,)+)? $($($count,)+)?
                    $($($word, $($near,)*)* $($($small,)+)*)*
                    $($part,)* $($gone: _)?
                } = self;
                let _origin = sink.origin();
                $($crate::base::packed::Pack::pack($lead, sink);)?
                $(sink.anchor(*$anchor);)?
                $(sink.positions([$($crate::base::packed::Word::word($position, _origin)),+]);)?
                $(sink.counts([$($crate::base::packed::Word::word($count, _origin)),+]);)?
                $(
                    sink.group([
                        $($crate::base::packed::Word::word($word, _origin),)*
                        $({
                            let mut bits = $crate::base::packed::Bits::default();
                            $(bits.put($small, _origin);)+
                            bits.word()
                        },)*
                    ]);
                    sink.group([$($($crate::base::packed::distance(
                        $crate::base::packed::Word::word($near, _origin),
                        $crate::base::packed::Word::word($word, _origin),
                    ),)*)*]);
                )*
                $($crate::base::packed::Pack::pack($part, sink);)*
            }

            #[inline]
            fn unpack(source: &mut $crate::base::packed::Source<'_>) -> Self {
                let _origin = source.origin();
                $(let $lead = $crate::base::packed::Pack::unpack(source);)?
                $(let $anchor = source.anchor();)?
                $(
                    let mut group = source.positions::<{ [$(stringify!($position)),+].len() }>();
                    $(let $position = $crate::base::packed::Word::of(group.word(), _origin);)+
                )?
                $(
                    let mut group = source.counts::<{ [$(stringify!($count)),+].len() }>();
                    $(let $count = $crate::base::packed::Word::of(group.word(), _origin);)+
                )?
                $(
                    let mut group = source.group::<{
                        [$(stringify!($word),)* $([$(stringify!($small)),+][0],)*].len()
                    }>();
                    let mut _near = source.group::<{ ["", $($(stringify!($near),)*)*].len() - 1 }>();
                    $(
                        let word = group.word();
                        let $word = $crate::base::packed::Word::of(word, _origin);
                        $(let $near = $crate::base::packed::Word::of(_near.near(word), _origin);)*
                    )*
                    $(
                        let mut bits = $crate::base::packed::Bits::of(group.word());
                        $(let $small = bits.take(_origin);)+
                    )*
                )*
                $(let $part = $crate::base::packed::Pack::unpack(source);)*
                Self {
                    $($lead,)? $($anchor,)? $($($position,)+)? $($($count,)+)?
                    $($($word, $($near,)*)* $($($small,)+)*)*
                    $($part,)* $($gone: Default::default())?
                }
            }

            #[inline]
            fn unpack_in_place(&mut self, source: &mut $crate::base::packed::Source<'_>) {
                let Self {
                    $($lead,)? $($anchor,)? $($($position,)+)? $($($count,)+)?
                    $($($word, $($near,)*)* $($($small,)+)*)*
                    $($part,)* $($gone)?
                } = self;
                let _origin = source.origin();
                $($crate::base::packed::Pack::unpack_in_place($lead, source);)?
                $(*$anchor = source.anchor();)?
                $(
                    let mut group = source.positions::<{ [$(stringify!($position)),+].len() }>();
                    $(*$position = $crate::base::packed::Word::of(group.word(), _origin);)+
                )?
                $(
                    let mut group = source.counts::<{ [$(stringify!($count)),+].len() }>();
                    $(*$count = $crate::base::packed::Word::of(group.word(), _origin);)+
                )?
                $(
                    let mut group = source.group::<{
                        [$(stringify!($word),)* $([$(stringify!($small)),+][0],)*].len()
                    }>();
                    let mut _near = source.group::<{ ["", $($(stringify!($near),)*)*].len() - 1 }>();
                    $(
                        let word = group.word();
                        *$word = $crate::base::packed::Word::of(word, _origin);
                        $(*$near = $crate::base::packed::Word::of(_near.near(word), _origin);)*
                    )*
                    $(
                        let mut bits = $crate::base::packed::Bits::of(group.word());
                        $(*$small = bits.take(_origin);)+
                    )*
                )*
                $($crate::base::packed::Pack::unpack_in_place($part, source);)*
                $(*$gone = Default::default();)?
            }
        }
    };
}

/// Says that a structure around a number is packed as that number.
macro_rules! packed_number {
    ($type:ident($number:ty)) => {
        impl $crate::base::packed::Word for $type {
            const BITS: u32 = <$number>::BITS;

            #[inline(always)]
            fn word(&self, _: $crate::base::packed::Origin) -> u64 {
                self.0.into()
            }

            #[inline(always)]
            fn of(word: u64, _: $crate::base::packed::Origin) -> Self {
                Self(word as $number)
            }
        }
    };
}

/// Says that a choice of names is packed as the number of the name. A number without one, which was not written here, is the first.
macro_rules! packed_names {
    ($type:ident { $first:ident $(, $name:ident)* }) => {
        impl $crate::base::packed::Word for $type {
            const BITS: u32 = 4;

            #[inline(always)]
            fn word(&self, _: $crate::base::packed::Origin) -> u64 {
                match self {
                    Self::$first $(| Self::$name)* => *self as u64,
                }
            }

            #[inline(always)]
            fn of(word: u64, _: $crate::base::packed::Origin) -> Self {
                const { assert!([Self::$first $(, Self::$name)*].len() <= 1 << Self::BITS) };
                match word {
                    $(number if number == Self::$name as u64 => Self::$name,)*
                    _ => Self::$first,
                }
            }
        }
    };
}

pub(crate) use {packed, packed_names, packed_number};
