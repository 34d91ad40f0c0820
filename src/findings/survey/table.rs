//! A table of bounded size: who matters stays, and who was seen once goes first.

use std::collections::HashMap;
use std::hash::Hash;

/// What is kept of a key.
pub trait Kept: Default {
    /// It has something to tell, and must stay.
    fn matters(&self) -> bool;
}

#[derive(Clone, Debug)]
struct Slot<V> {
    value: V,
    /// How often it was asked for.
    weight: u64,
}

/// At most so many keys. When it is full, the half that was asked for least is forgotten, but for those that matter; if nearly all of them
/// do, new keys are left out for a while. What happens depends on the order of the keys alone, not on their hashes.
#[derive(Clone, Debug)]
pub struct Table<K, V> {
    known: HashMap<K, Slot<V>, foldhash::fast::RandomState>,
    most: usize,
    /// So many new keys are left out before the next attempt to make room.
    wait: usize,
    forgotten: u64,
}

impl<K: Copy + Eq + Hash, V: Kept> Table<K, V> {
    /// Room for so many keys.
    pub fn new(most: usize) -> Self {
        Self { known: HashMap::default(), most, wait: 0, forgotten: 0 }
    }

    /// What is kept of the key, unless there is no room for it.
    pub fn get(&mut self, key: K) -> Option<&mut V> {
        if self.known.len() >= self.most && !self.known.contains_key(&key) && !self.make_room() {
            self.forgotten += 1;
            return None;
        }
        let slot = self.known.entry(key).or_insert_with(|| Slot { value: V::default(), weight: 0 });
        slot.weight += 1;
        Some(&mut slot.value)
    }

    /// Everything, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.known.iter().map(|(key, slot)| (key, &slot.value))
    }

    /// Keys that were forgotten or left out.
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    fn make_room(&mut self) -> bool {
        if self.wait > 0 {
            self.wait -= 1;
            return false;
        }
        let before = self.known.len();
        let mut weights: Vec<u64> =
            self.known.values().filter(|s| !s.value.matters()).map(|slot| slot.weight).collect();
        weights.sort_unstable();
        if let Some(&median) = weights.get(weights.len() / 2) {
            self.known.retain(|_, slot| slot.weight > median || slot.value.matters());
        }
        let gone = before - self.known.len();
        self.forgotten += gone as u64;
        // The walk through the table is paid for by a quarter of it.
        if gone < self.most / 4 {
            self.wait = self.most / 4;
        }
        gone > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Count(u64);

    impl Kept for Count {
        fn matters(&self) -> bool {
            self.0 >= 1_000
        }
    }

    #[test]
    fn who_comes_often_survives_a_crowd_of_strangers() {
        let mut table: Table<u64, Count> = Table::new(64);
        for n in 0..100_000 {
            for key in [n + 10, n % 3] {
                if let Some(count) = table.get(key) {
                    count.0 += 1;
                }
            }
        }
        assert!(table.iter().count() <= 64);
        for key in 0..3 {
            assert!(table.get(key).unwrap().0 > 30_000);
        }
        assert!(table.forgotten() > 90_000);
    }

    #[test]
    fn what_matters_is_never_given_up() {
        let mut table: Table<u64, Count> = Table::new(8);
        (0..8).for_each(|key| table.get(key).unwrap().0 = 1_000);
        assert!((8..100).all(|key| table.get(key).is_none()));
        assert_eq!((table.iter().count(), table.forgotten()), (8, 92));
    }
}
