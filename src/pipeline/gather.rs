//! The ordered stage: what a verdict takes from other connections is gathered here, segment by segment in the order of the capture, and
//! travels with the batch. Behind it connections are independent of each other, and may be analysed in any order.

use std::sync::Arc;

use crate::base::{FlowHasher, Nanos, Segment, SegmentBatch, Timestamp, prefetch};
use crate::flow::{Census, CensusView, CopyFinder, Next};
use crate::report::Layers;
use crate::tcp::{self, Copy};

/// A batch of segments, and what the stages behind need to know of the capture at that point.
#[derive(Debug, Default)]
pub struct Batch {
    /// 0, 1, 2 …
    pub number: u64,
    /// The segments, and the ICMP errors between them.
    pub segments: SegmentBatch,
    /// The hash of the key of each segment.
    pub hashes: Vec<u64>,
    /// The hash of the key of each ICMP error.
    pub error_hashes: Vec<u64>,
    /// Which of the segments look like an earlier one, in ascending order.
    pub copies: Vec<(u16, Copy)>,
    /// Latest time that the capture has shown, at the end of the batch.
    pub clock: Timestamp,
    /// Fractional digits of the capture's times, as far as known.
    pub time_digits: u8,
    /// The layers that encapsulation numbers stand for.
    pub layers: Arc<[Layers]>,
    /// The same as `clock` before the first segment.
    before: Timestamp,
    /// The same as of each segment, where the clock steps back within the batch.
    clocks: Vec<Timestamp>,
    /// Segments by shard, in each by connection as far as [`GROUPS`] tell them apart, and in each group in the order of the capture. Empty
    /// where there are no shards.
    by_connection: Vec<u16>,
    /// Where the segments of each group begin, and where those of the last one end; how many each has, until all of them are there.
    starts: Vec<u32>,
}

impl Batch {
    /// Makes it empty, and keeps its memory.
    pub fn clear(&mut self) {
        self.segments.clear();
        self.hashes.clear();
        self.error_hashes.clear();
        self.copies.clear();
        self.clocks.clear();
        self.by_connection.clear();
        self.starts.clear();
    }

    /// Latest time that the capture has shown when this segment came.
    #[inline]
    pub fn clock_at(&self, index: usize, segment: &Segment) -> Timestamp {
        self.clocks.get(index).copied().unwrap_or(segment.ts)
    }

    /// The segments of a shard: those of a connection follow each other, so that what they need is fetched once for all of them.
    pub fn of_shard(&self, shard: usize) -> &[u16] {
        let start = |shard: usize| self.starts.get(shard * GROUPS).map_or(0, |&at| at as usize);
        self.by_connection.get(start(shard)..start(shard + 1)).unwrap_or_default()
    }

    /// Has the hashes fetched, which another processor may have written: those of a shard are all over them.
    pub fn prefetch_hashes(&self) {
        self.hashes.chunks(8).for_each(|line| line.first().into_iter().for_each(prefetch));
    }

    /// These segments, each with its index and the hash of its key.
    #[inline]
    pub fn each<'s>(&'s self, few: &'s [u16]) -> impl Iterator<Item = Next<'s>> {
        few.iter().filter_map(|&index| {
            let index = usize::from(index);
            Some((index, self.segments.segments.get(index)?, *self.hashes.get(index)?))
        })
    }

    /// The same, each of which is fetched some time before, as another processor may have written it.
    #[inline]
    pub fn each_fetched<'s>(&'s self, mine: &'s [u16]) -> impl Iterator<Item = Next<'s>> {
        /// So many segments before: it takes about as long to look at them as to fetch one.
        const BEFORE: usize = 16;
        let segments = self.segments.segments.as_slice();
        mine.iter().enumerate().filter_map(move |(i, &index)| {
            let later = mine.get(i + BEFORE).and_then(|&later| segments.get(usize::from(later)));
            later.into_iter().for_each(Segment::prefetch);
            let index = usize::from(index);
            Some((index, segments.get(index)?, *self.hashes.get(index)?))
        })
    }

    /// All segments, in the order of the capture.
    pub fn all(&self) -> impl Iterator<Item = Next<'_>> {
        let segments = self.segments.segments.iter().enumerate();
        segments.zip(&self.hashes).map(|((index, segment), &hash)| (index, segment, hash))
    }

    /// The earlier packet that a segment looks like.
    pub fn copy_at(&self, index: usize) -> Option<Copy> {
        let at = self.copies.binary_search_by_key(&index, |&(at, _)| usize::from(at)).ok()?;
        self.copies.get(at).map(|&(_, copy)| copy)
    }
}

/// Connections of a shard are told apart by so many values of their hashes: a few times as many as a batch has connections.
const GROUPS: usize = 1 << 10;

/// The group of a four-tuple with this hash, where there are so many. The table behind it looks at the lower half of the hash.
#[inline]
fn group_of(hash: u64, groups: usize) -> usize {
    (((hash >> 32) * groups as u64) >> 32) as usize
}

/// Which of `shards` takes care of a four-tuple with this hash: each has [`GROUPS`] groups that follow each other.
#[inline]
pub fn shard_of(hash: u64, shards: usize) -> usize {
    group_of(hash, shards)
}

/// The stage.
#[derive(Debug)]
pub struct Gatherer {
    census: Census,
    copies: CopyFinder,
    hasher: FlowHasher,
    /// 0: the analysis wants them in the order of the capture.
    shards: usize,
    clock: Option<Timestamp>,
    regress: Nanos,
    /// Largest step backwards within the batch at hand.
    step_back: Nanos,
    batches: u64,
}

impl Gatherer {
    /// For so many shards; 0 for an analysis that wants everything in the order of the capture.
    pub fn new(shards: usize) -> Self {
        Self {
            census: Census::default(),
            copies: CopyFinder::new(tcp::duplicates::REACH),
            hasher: FlowHasher::default(),
            shards,
            clock: None,
            regress: Nanos::ZERO,
            step_back: Nanos::ZERO,
            batches: 0,
        }
    }

    /// What shards ask about roles.
    pub fn census(&self) -> CensusView {
        self.census.view()
    }

    /// Completes a batch. `now`: the capture's clock, where no segment tells it.
    pub fn gather(&mut self, batch: &mut Batch, now: Option<Timestamp>) {
        self.read(batch);
        batch.number = self.batches;
        self.batches += 1;
        self.census.publish();
        self.note_steps_back(batch);
        if let Some(now) = now {
            // Before the first segment there is nothing that could be due.
            self.clock = self.clock.map(|clock| clock.max(now));
        }
        batch.clock = self.clock.unwrap_or_default();
        batch.error_hashes.extend(batch.segments.errors.iter().map(|(_, error)| self.hasher.hash(&error.key)));
        if self.shards > 0 {
            self.share_out(batch);
        }
    }

    /// Reads the segments that are new in a batch: it is best done while they are in the nearest cache, which does not hold a whole batch.
    pub fn read(&mut self, batch: &mut Batch) {
        let Batch { segments: SegmentBatch { segments, .. }, hashes, copies, before, starts, .. } = batch;
        let at = hashes.len();
        let row = segments.get(at..).unwrap_or(&[]);
        let Some(first) = row.first() else { return };
        let mut clock = self.clock.unwrap_or(first.ts);
        let groups = self.shards * GROUPS;
        if at == 0 {
            *before = clock;
            starts.resize(groups + usize::from(groups > 0), 0);
        }
        hashes.extend(row.iter().map(|segment| {
            let hash = self.hasher.hash(&segment.key);
            self.census.prefetch(segment, hash);
            hash
        }));
        for (segment, &hash) in row.iter().zip(hashes.get(at..).unwrap_or(&[])) {
            if segment.ts < clock {
                self.step_back = self.step_back.max(clock - segment.ts);
            } else {
                clock = segment.ts;
            }
            self.census.learn(segment, hash);
            if let Some(count) = starts.get_mut(group_of(hash, groups)) {
                *count += 1;
            }
        }
        self.clock = Some(clock);
        self.copies.find_all(row, |i, found| {
            copies.push(((at + i) as u16, Copy { age: found.age, common: found.common, second: found.second }));
        });
    }

    /// Where the clock stepped back within the batch, its segments cannot tell how late it was.
    fn note_steps_back(&mut self, batch: &mut Batch) {
        let step = std::mem::take(&mut self.step_back);
        if step > Nanos::ZERO {
            self.regress = self.regress.max(step);
            let Batch { segments: SegmentBatch { segments, .. }, clocks, before, .. } = batch;
            clocks.extend(segments.iter().scan(*before, |clock, segment| {
                *clock = segment.ts.max(*clock);
                Some(*clock)
            }));
        }
    }

    /// Sorts the segments by group, those of which have been counted.
    fn share_out(&mut self, batch: &mut Batch) {
        let Batch { hashes, by_connection, starts, .. } = batch;
        let groups = self.shards * GROUPS;
        let mut end = 0;
        for start in &mut *starts {
            end += *start;
            *start = end;
        }
        by_connection.resize(hashes.len(), 0);
        // From the last to the first, each group is filled from its end, where its start stands until all of its segments are there.
        for (i, &hash) in hashes.iter().enumerate().rev() {
            if let Some(start) = starts.get_mut(group_of(hash, groups)) {
                *start -= 1;
                if let Some(place) = by_connection.get_mut(*start as usize) {
                    *place = i as u16;
                }
            }
        }
    }

    /// Largest step backwards of the capture's clock.
    pub const fn regress(&self) -> Nanos {
        self.regress
    }
}
