//! Values that are packed by themselves: words that stand alone, what may be missing, and lists.

use std::collections::VecDeque;

use super::super::{Maybe, Nanos, Seq, Timestamp};
use super::Pack;
use super::word::Word;
use super::words::{Sink, Source};

/// Words that stand alone: in a list, or where they may be missing.
macro_rules! alone {
    ($($type:ty)*) => {$(
        impl Pack for $type {
            #[inline(always)]
            fn pack(&self, sink: &mut Sink<'_>) {
                sink.put([self.word(sink.origin())]);
            }

            #[inline(always)]
            fn unpack(source: &mut Source<'_>) -> Self {
                let [word] = source.take();
                Self::of(word, source.origin())
            }

            #[inline(always)]
            fn pack_few<const N: usize>(few: &[Self; N], sink: &mut Sink<'_>) {
                let origin = sink.origin();
                sink.group(few.each_ref().map(|value| value.word(origin)));
            }

            #[inline(always)]
            fn unpack_few<const N: usize>(source: &mut Source<'_>) -> [Self; N] {
                let mut group = source.group::<N>();
                std::array::from_fn(|_| Self::of(group.word(), source.origin()))
            }

            #[inline(always)]
            fn unpack_few_in_place<const N: usize>(few: &mut [Self; N], source: &mut Source<'_>) {
                *few = Self::unpack_few(source);
            }
        }
    )*};
}

alone! { u8 u32 u64 Nanos Timestamp Maybe<Timestamp> Seq }

impl<T: Pack> Pack for Option<T> {
    #[inline(always)]
    fn pack(&self, sink: &mut Sink<'_>) {
        sink.mark(self.is_some());
        if let Some(value) = self {
            value.pack(sink);
        }
    }

    #[inline(always)]
    fn unpack(source: &mut Source<'_>) -> Self {
        source.mark().then(|| T::unpack(source))
    }
}

impl<T: Pack> Pack for Box<T> {
    #[inline(always)]
    fn pack(&self, sink: &mut Sink<'_>) {
        (**self).pack(sink);
    }

    #[inline(always)]
    fn unpack(source: &mut Source<'_>) -> Self {
        Box::new(T::unpack(source))
    }

    #[inline(always)]
    fn unpack_in_place(&mut self, source: &mut Source<'_>) {
        (**self).unpack_in_place(source);
    }
}

impl<A: Pack, B: Pack> Pack for (A, B) {
    #[inline(always)]
    fn pack(&self, sink: &mut Sink<'_>) {
        self.0.pack(sink);
        self.1.pack(sink);
    }

    #[inline(always)]
    fn unpack(source: &mut Source<'_>) -> Self {
        (A::unpack(source), B::unpack(source))
    }
}

impl<T: Pack, const N: usize> Pack for [T; N] {
    #[inline(always)]
    fn pack(&self, sink: &mut Sink<'_>) {
        T::pack_few(self, sink);
    }

    #[inline(always)]
    fn unpack(source: &mut Source<'_>) -> Self {
        T::unpack_few(source)
    }

    #[inline(always)]
    fn unpack_in_place(&mut self, source: &mut Source<'_>) {
        T::unpack_few_in_place(self, source);
    }
}

/// How many parts a list of so many surely has: no part takes less than a mark, so what says that there are more was not written here.
fn believable(len: u64, source: &Source<'_>) -> usize {
    len.min(source.most_marks()) as usize
}

/// Lists: how many parts they have, and the parts.
macro_rules! lists {
    ($($list:ident $push:ident)*) => {$(
        impl<T: Pack> Pack for $list<T> {
            #[inline]
            fn pack(&self, sink: &mut Sink<'_>) {
                sink.group([self.len() as u64]);
                for part in self {
                    part.pack(sink);
                }
            }

            #[inline]
            fn unpack(source: &mut Source<'_>) -> Self {
                let len = source.group::<1>().word();
                if len == 0 {
                    return Self::new();
                }
                let len = believable(len, source);
                let mut list = Self::with_capacity(len);
                for _ in 0..len {
                    if source.ran_out() {
                        break;
                    }
                    list.$push(T::unpack(source));
                }
                list
            }
        }
    )*};
}

lists! { Vec push VecDeque push_back }
