//! The ordered stage and one shard in one: the analysis of a stream of segments, for those who have segments and no capture.

use super::gather::{Batch, Gatherer};
use super::shard::{Output, Row, Shard, ShardSettings, ShardTotals, Share};
use super::sink::{FlowSink, Heard};
use crate::base::{SegmentBatch, Timestamp};

/// The analysis of a stream of segments. `S` hears of its events.
pub struct Worker<S = ()> {
    gatherer: Gatherer,
    shard: Shard<S>,
    batch: Batch,
    out: Output,
}

impl<S: FlowSink> Worker<S> {
    /// `expires`: connections that are silent for long are given up, as a run that never ends needs it; a file never does that.
    /// `sink` hears of events.
    pub fn new(expires: bool, sink: S) -> Self {
        let gatherer = Gatherer::new(0);
        let settings = ShardSettings { expires, memory: None, share: Share::All };
        let shard = Shard::new(settings, gatherer.census(), sink);
        Self { gatherer, shard, batch: Batch::default(), out: Output::default() }
    }

    /// From now on segments wait before they are looked at, as they do where connections are many: results are the same, but for when what
    /// happens is heard of. Where somebody listens they wait for this many batches at most.
    pub fn put_all_off(&mut self, batches: usize) {
        self.shard.put_all_off(batches);
    }

    /// Takes what was heard of since this was asked for last, with when it happened.
    pub fn take_heard(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.out.heard)
    }

    /// Takes a batch, in the order of the capture.
    pub fn on_batch(&mut self, batch: &SegmentBatch) {
        self.batch.clear();
        self.batch.segments.segments.extend_from_slice(&batch.segments);
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

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::super::sink::Collector;
    use super::*;
    use crate::capture::{self, Source};
    use crate::decode::{DecodeOptions, Decoder};

    /// All captures below a folder.
    fn captures(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries
            .flat_map(|path| match path.extension().and_then(|ext| ext.to_str()) {
                _ if path.is_dir() => captures(&path),
                Some("pcap" | "pcapng") => vec![path],
                _ => Vec::new(),
            })
            .collect()
    }

    /// The segments of a capture in batches of a few.
    fn batches(path: &Path, few: usize) -> Vec<SegmentBatch> {
        let (mut files, _) = capture::open(&[path.to_path_buf()]);
        let mut decoder = Decoder::new(DecodeOptions::default());
        let mut batches = vec![SegmentBatch::default()];
        let mut each = |frames: &[capture::Frame<'_>]| {
            for frame in frames {
                if batches.last().is_some_and(|batch| batch.segments.len() + batch.errors.len() >= few) {
                    batches.push(SegmentBatch::default());
                }
                if let Some(batch) = batches.last_mut() {
                    decoder.decode(frame, batch);
                }
            }
        };
        while matches!(files.frames(usize::MAX, &mut each), Ok(capture::Pause::Enough | capture::Pause::Idle(_))) {}
        batches
    }

    /// Rows and events of these batches, with something done to the worker behind each.
    fn analyse(batches: &[SegmentBatch], mut after: impl FnMut(&mut Worker<Collector>)) -> (Vec<String>, Vec<Heard>) {
        let mut worker = Worker::new(true, Collector::default());
        let mut heard = Vec::new();
        for batch in batches {
            worker.on_batch(batch);
            heard.append(&mut worker.out.heard);
            after(&mut worker);
        }
        worker.finish();
        heard.append(&mut worker.out.heard);
        (worker.drain_rows().map(|row| format!("{row:?}")).collect(), heard)
    }

    #[test]
    fn whoever_was_packed_is_what_it_was() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
        let (mut rows, mut events) = (0, 0);
        for path in captures(&folder) {
            let batches = batches(&path, 3);
            let plain = analyse(&batches, |_| {});
            let packed = analyse(&batches, |worker| worker.shard.pack_all());
            assert_eq!(plain, packed, "{}", path.display());
            rows += plain.0.len();
            events += plain.1.len();
        }
        assert!(rows > 50 && events > 500, "{rows} rows, {events} events");
    }

    #[test]
    fn whoever_waited_is_what_it_was() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
        let (mut rows, mut events) = (0, 0);
        for path in captures(&folder) {
            let batches = batches(&path, 5);
            let plain = analyse_file(&batches, |_| {});
            for most in [0, 3, 1000] {
                let (waited, heard) = analyse_file(&batches, |worker| worker.put_all_off(most));
                assert_eq!(plain.0, waited, "{}, {most} batches", path.display());
                assert_eq!(plain.1, heard, "{}, {most} batches", path.display());
            }
            rows += plain.0.len();
            events += plain.1.len();
        }
        assert!(rows > 50 && events > 500, "{rows} rows, {events} events");
    }

    /// Rows and events, these in the order in which they happened, of these batches as those of a file; `before` prepares the worker.
    fn analyse_file(batches: &[SegmentBatch], before: impl Fn(&mut Worker<Collector>)) -> (Vec<String>, Vec<Heard>) {
        let mut worker = Worker::new(false, Collector::default());
        before(&mut worker);
        let mut heard = Vec::new();
        for batch in batches {
            worker.on_batch(batch);
            heard.append(&mut worker.take_heard());
        }
        worker.finish();
        heard.append(&mut worker.take_heard());
        heard.sort_by_key(|heard| heard.moment);
        (worker.drain_rows().map(|row| format!("{row:?}")).collect(), heard)
    }

    /// With all that the table keeps of it.
    #[test]
    fn a_packed_connection_is_small() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
        let batches = batches(&captures(&folder.join("idle_301s"))[0], 1);
        let mut worker: Worker = Worker::new(false, ());
        for batch in &batches[..batches.len() / 2] {
            worker.on_batch(batch);
        }
        let awake = worker.shard.footprint();
        worker.shard.pack_all();
        let asleep = worker.shard.footprint();
        assert!(awake > asleep && asleep <= 700, "{awake} bytes, and {asleep} packed");
    }
}
