//! Records under small numbers, in blocks that never move: a table that grows to millions of records copies none of them.

use crate::base::prefetch;

/// Records of a block: so many that the list of blocks, which is read for every record, stays in the nearest cache, and so few that hardly
/// any memory is taken for records that never come.
const BLOCK: usize = 1 << BITS;
const BITS: u32 = 10;

/// The records. A number that was given back is given out again.
#[derive(Debug)]
pub(super) struct Slab<T> {
    blocks: Vec<Vec<Option<T>>>,
    free: Vec<u32>,
    len: usize,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { blocks: Vec::new(), free: Vec::new(), len: 0 }
    }
}

impl<T> Slab<T> {
    /// How many records there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Keeps a record, and says under which number.
    pub fn insert(&mut self, record: T) -> u32 {
        self.len += 1;
        if let Some(at) = self.free.pop() {
            if let Some(place) = self.place(at) {
                *place = Some(record);
            }
            self.free.last().into_iter().for_each(|&next| self.prefetch(next));
            return at;
        }
        if self.blocks.last().is_none_or(|block| block.len() == BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        let blocks = self.blocks.len() - 1;
        let Some(last) = self.blocks.last_mut() else { return 0 };
        last.push(Some(record));
        ((blocks << BITS) + last.len() - 1) as u32
    }

    fn place(&mut self, at: u32) -> Option<&mut Option<T>> {
        self.blocks.get_mut((at >> BITS) as usize)?.get_mut(at as usize & (BLOCK - 1))
    }

    /// Has the record under this number fetched from memory, if there may be one.
    #[inline]
    pub fn prefetch(&self, at: u32) {
        if let Some(place) =
            self.blocks.get((at >> BITS) as usize).and_then(|block| block.get(at as usize & (BLOCK - 1)))
        {
            prefetch(place);
        }
    }

    /// The record under this number.
    #[inline]
    pub fn get(&self, at: u32) -> Option<&T> {
        self.blocks.get((at >> BITS) as usize)?.get(at as usize & (BLOCK - 1))?.as_ref()
    }

    /// The record under this number, to change it.
    #[inline]
    pub fn get_mut(&mut self, at: u32) -> Option<&mut T> {
        self.place(at)?.as_mut()
    }

    /// Takes the record out.
    pub fn remove(&mut self, at: u32) -> Option<T> {
        let record = self.place(at)?.take()?;
        self.len -= 1;
        self.free.push(at);
        Some(record)
    }

    /// Takes the record out for good: its number is not given out again.
    pub fn drain_one(&mut self, at: u32) -> Option<T> {
        let record = self.place(at)?.take()?;
        self.len -= 1;
        Some(record)
    }

    /// The numbers in use, lowest first.
    pub fn numbers(&self) -> impl Iterator<Item = u32> + Clone + '_ {
        self.blocks.iter().enumerate().flat_map(|(i, block)| {
            let used = block.iter().enumerate().filter(|(_, record)| record.is_some());
            used.map(move |(j, _)| ((i << BITS) + j) as u32)
        })
    }

    /// Numbers that were ever given out: all lie below.
    pub fn bound(&self) -> u32 {
        self.blocks.last().map_or(0, |last| ((self.blocks.len() - 1) << BITS) + last.len()) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_used_again_and_records_stay_where_they_are() {
        let mut slab = Slab::default();
        let numbers: Vec<u32> = (0..3000).map(|i| slab.insert(i)).collect();
        assert_eq!(numbers, (0..3000).collect::<Vec<u32>>());
        assert_eq!(slab.remove(1500), Some(1500));
        assert_eq!(slab.get(1500), None);
        assert_eq!(slab.remove(1500), None);
        assert_eq!(slab.len(), 2999);
        assert_eq!(slab.insert(7), 1500);
        assert_eq!((slab.get(1500), slab.get(1499), slab.get(5000)), (Some(&7), Some(&1499), None));
        assert_eq!(slab.numbers().count(), 3000);
    }
}
