//! Small numbers by the hashes of what they stand for, a cache line at a time.
//!
//! Where connections are many, finding one takes as long as fetching from memory where it is found. Here all that there is to know of a hash lies
//! in one line nearly always, and where that line is follows from the hash alone: so it can be fetched before anybody asks. A table that
//! grows copies what it has, and looks at nothing else.

use std::num::NonZeroU32;

use crate::base::prefetch;

/// Places of a bucket.
const PLACES: usize = 7;
/// A table grows when its buckets have so many numbers on the average: with 5 of 7 places taken one bucket in seven is full, and what does not
/// fit into it stands in the next one.
const LOAD: usize = 5;

/// A cache line.
#[derive(Clone, Debug, Default)]
#[repr(align(64))]
struct Bucket {
    /// 0: nobody's place.
    hashes: [u32; PLACES],
    /// So many numbers stand in a bucket behind this one though their search begins here or before, for this one was full.
    passed: u32,
    numbers: [u32; PLACES],
}

const _: () = assert!(size_of::<Bucket>() == 64, "a cache line");

impl Bucket {
    /// The places with this hash, one bit for each.
    #[inline(always)]
    fn with_hash(&self, hash: u32) -> Bits {
        let bit = |(i, &its): (usize, &u32)| u32::from(its == hash) << i;
        Bits(self.hashes.iter().enumerate().map(bit).fold(0, |bits, bit| bits | bit))
    }

    /// The place of a number.
    fn place_of(&self, hash: NonZeroU32, number: u32) -> Option<usize> {
        self.with_hash(hash.get()).find(|&place| self.numbers.get(place) == Some(&number))
    }

    fn set(&mut self, place: usize, hash: u32, number: u32) {
        if let (Some(its_hash), Some(its_number)) = (self.hashes.get_mut(place), self.numbers.get_mut(place)) {
            (*its_hash, *its_number) = (hash, number);
        }
    }
}

/// The positions of the bits that are set, lowest first.
struct Bits(u32);

impl Iterator for Bits {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        let lowest = (self.0 != 0).then(|| self.0.trailing_zeros() as usize)?;
        self.0 &= self.0 - 1;
        Some(lowest)
    }
}

/// The numbers. Several may have the same hash, but none is there twice.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// A power of two of them, or none.
    buckets: Vec<Bucket>,
    len: usize,
}

impl Places {
    /// How many numbers there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Where the search for a hash begins: its highest bits say, so that numbers keep their order when the table grows.
    #[inline(always)]
    fn home(&self, hash: NonZeroU32) -> usize {
        ((u64::from(hash.get()) * self.buckets.len() as u64) >> 32) as usize
    }

    /// All buckets in the order of a search.
    #[inline(always)]
    fn search_path(&self, hash: NonZeroU32) -> impl Iterator<Item = usize> + use<> {
        let (home, count) = (self.home(hash), self.buckets.len());
        (0..count).map(move |step| (home + step) & (count - 1))
    }

    /// Has fetched from memory where the search for a hash begins.
    #[inline(always)]
    pub fn prefetch(&self, hash: NonZeroU32) {
        if let Some(bucket) = self.buckets.get(self.home(hash)) {
            prefetch(bucket);
        }
    }

    /// The first number with this hash of which `is_it` holds.
    #[inline(always)]
    pub fn find(&self, hash: NonZeroU32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        for at in self.search_path(hash) {
            let bucket = self.buckets.get(at)?;
            let numbers = bucket.with_hash(hash.get()).filter_map(|place| bucket.numbers.get(place).copied());
            if let Some(number) = { numbers }.find(|&number| is_it(number)) {
                return Some(number);
            }
            if bucket.passed == 0 {
                break;
            }
        }
        None
    }

    /// Adds a number, which is not there.
    pub fn insert(&mut self, hash: NonZeroU32, number: u32) {
        if self.len >= self.buckets.len() * LOAD {
            self.grow();
        }
        self.len += 1;
        for at in self.search_path(hash) {
            let Some(bucket) = self.buckets.get_mut(at) else { break };
            if let Some(free) = bucket.with_hash(0).next() {
                return bucket.set(free, hash.get(), number);
            }
            bucket.passed += 1;
        }
    }

    /// Takes a number out, if it is there.
    pub fn remove(&mut self, hash: NonZeroU32, number: u32) {
        let Some((steps, at, place)) = self.search(hash, number) else { return };
        self.len -= 1;
        if let Some(bucket) = self.buckets.get_mut(at) {
            bucket.set(place, 0, 0);
        }
        for at in self.search_path(hash).take(steps) {
            if let Some(bucket) = self.buckets.get_mut(at) {
                bucket.passed -= 1;
            }
        }
    }

    /// Puts another number in the place of one.
    pub fn replace(&mut self, hash: NonZeroU32, old: u32, new: u32) {
        if let Some((_, at, place)) = self.search(hash, old)
            && let Some(bucket) = self.buckets.get_mut(at)
        {
            bucket.set(place, hash.get(), new);
        }
    }

    /// Behind how many buckets that were passed a number stands, in which bucket, and where in that.
    #[inline]
    fn search(&self, hash: NonZeroU32, number: u32) -> Option<(usize, usize, usize)> {
        for (steps, at) in self.search_path(hash).enumerate() {
            let bucket = self.buckets.get(at)?;
            if let Some(place) = bucket.place_of(hash, number) {
                return Some((steps, at, place));
            }
            if bucket.passed == 0 {
                break;
            }
        }
        None
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        let count = (self.buckets.len() * 2).max(1);
        let old = std::mem::replace(&mut self.buckets, vec![Bucket::default(); count]);
        self.len = 0;
        for bucket in old {
            for (hash, number) in bucket.hashes.into_iter().zip(bucket.numbers) {
                if let Some(hash) = NonZeroU32::new(hash) {
                    self.insert(hash, number);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Hashes that begin at the same few buckets, those at the end among them, from which a search goes on at the beginning.
    fn hash() -> impl Strategy<Value = NonZeroU32> {
        (0u32..6, 1u32..4).prop_map(|(high, low)| NonZeroU32::MIN | (high.wrapping_sub(3) << 29 | low))
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(NonZeroU32),
        Remove(usize),
        Replace(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => hash().prop_map(Step::Insert),
            2 => any::<usize>().prop_map(Step::Remove),
            1 => any::<usize>().prop_map(Step::Replace),
        ]
    }

    proptest! {
        #[test]
        fn it_has_what_a_list_has(steps in prop::collection::vec(step(), 0..300)) {
            let (mut places, mut list) = (Places::default(), Vec::new());
            for (number, step) in (1u32..).zip(steps) {
                match step {
                    Step::Insert(hash) => {
                        places.insert(hash, number);
                        list.push((hash, number));
                    }
                    Step::Remove(at) if !list.is_empty() => {
                        let (hash, number) = list.swap_remove(at % list.len());
                        places.remove(hash, number);
                        prop_assert_eq!(places.find(hash, |its| its == number), None);
                    }
                    Step::Replace(at) if !list.is_empty() => {
                        let at = at % list.len();
                        let (hash, old) = list[at];
                        list[at].1 = number;
                        places.replace(hash, old, number);
                        prop_assert_eq!(places.find(hash, |its| its == old), None);
                    }
                    _ => {}
                }
                prop_assert_eq!(places.len, list.len());
                for &(hash, number) in &list {
                    prop_assert_eq!(places.find(hash, |its| its == number), Some(number));
                }
            }
            list.drain(..).for_each(|(hash, number)| places.remove(hash, number));
            let is_as_new = |bucket: &Bucket| bucket.passed == 0 && bucket.hashes == [0; PLACES];
            prop_assert!(places.buckets.iter().all(is_as_new));
        }
    }

    #[test]
    fn nothing_is_found_in_an_empty_table() {
        let mut places = Places::default();
        assert_eq!(places.find(NonZeroU32::MIN, |_| true), None);
        places.remove(NonZeroU32::MIN, 7);
        places.replace(NonZeroU32::MIN, 7, 8);
        places.prefetch(NonZeroU32::MAX);
        assert_eq!((places.len, places.buckets.len()), (0, 0));
    }

    #[test]
    fn what_is_looked_for_stands_where_the_search_begins_nearly_always() {
        let mut places = Places::default();
        let hashes = (0..40_960u32).map(|n| NonZeroU32::MIN | n.wrapping_mul(0x9e37_79b1) ^ n.rotate_left(16));
        hashes.clone().zip(0..).for_each(|(hash, n)| places.insert(hash, n));
        assert_eq!(places.buckets.len() * LOAD, places.len, "as full as can be");
        let at_home = hashes.zip(0..).filter(|&(hash, n)| places.search(hash, n).is_some_and(|(steps, ..)| steps == 0));
        assert!(at_home.count() > places.len * 9 / 10);
    }
}
