//! The ordered stage and one shard in one: the analysis of a stream of segments, for those who have segments and no capture.

use super::gather::{Batch, Gatherer};
use super::shard::{Output, Row, Shard, ShardSettings, ShardTotals};
use super::sink::FlowSink;
use crate::base::{FlowHasher, SegmentBatch, Timestamp};

/// The analysis of a stream of segments. `S` hears of its events.
pub struct Worker<S = ()> {
    hasher: FlowHasher,
    gatherer: Gatherer,
    shard: Shard<S>,
    batch: Batch,
    out: Output,
}

impl<S: FlowSink> Worker<S> {
    /// `expires`: connections that are silent for long are given up, as a run that never ends needs it; a file never does that.
    /// `sink` hears of events.
    pub fn new(expires: bool, sink: S) -> Self {
        let hasher = FlowHasher::default();
        let gatherer = Gatherer::new(hasher, 1);
        let settings = ShardSettings { expires, memory: None, shard: (0, 1) };
        let shard = Shard::new(settings, gatherer.census(), sink);
        Self { hasher, gatherer, shard, batch: Batch::default(), out: Output::default() }
    }

    /// Takes a batch, in the order of the capture.
    pub fn on_batch(&mut self, batch: &SegmentBatch) {
        self.batch.clear();
        for segment in &batch.segments {
            self.batch.segments.push(*segment, self.hasher.hash(&segment.key));
        }
        self.batch.segments.sacks.extend_from_slice(&batch.sacks);
        self.batch.segments.errors.extend_from_slice(&batch.errors);
        self.analyse(None);
    }

    /// The capture's clock goes on: connections that are due leave.
    pub fn on_time(&mut self, now: Timestamp) {
        self.batch.clear();
        self.analyse(Some(now));
    }

    fn analyse(&mut self, now: Option<Timestamp>) {
        self.gatherer.gather(&mut self.batch, now);
        self.shard.on_batch(&self.batch, &mut self.out);
    }

    /// The capture is over.
    pub fn finish(&mut self) {
        self.shard.finish(&mut self.out);
        while self.shard.leave_some(&mut self.out) {}
    }

    /// Takes the rows that became final, in their order.
    pub fn drain_rows(&mut self) -> std::vec::Drain<'_, Row> {
        self.out.rows.sort_by_key(|row| (row.final_at, row.record.flow_id));
        self.out.rows.drain(..)
    }

    /// Who hears of events.
    pub fn sink(&mut self) -> &mut S {
        self.shard.sink()
    }

    /// Sums so far.
    pub fn totals(&self) -> ShardTotals {
        self.shard.totals()
    }
}
