//! Frames to segments.

use tcplens::base::{SegmentBatch, Timestamp};
use tcplens::capture::{Frame, LinkType};
use tcplens::decode::{DecodeOptions, Decoder};

use crate::common::inputs::Capture;

/// 2026-01-01, in nanoseconds.
const EPOCH: i64 = 1_767_225_600_000_000_000;

/// The decoder and the batch that it fills.
pub struct Stage {
    decoder: Decoder,
    batch: SegmentBatch,
}

impl Stage {
    pub fn new() -> Self {
        Self { decoder: Decoder::new(DecodeOptions::default()), batch: SegmentBatch::default() }
    }

    /// Decodes all frames, and lets `take` have each batch as it is full.
    pub fn decode(&mut self, capture: &Capture, mut take: impl FnMut(&SegmentBatch)) {
        let link = LinkType(capture.link.number());
        for (number, recorded) in (1..).zip(capture.frames()) {
            let ts = Timestamp(EPOCH + recorded.at as i64);
            let frame = Frame { ts, number, link, wire_len: recorded.wire_len as u32, data: recorded.data };
            self.decoder.decode(&frame, &mut self.batch);
            if self.batch.is_full() {
                take(&self.batch);
                self.batch.clear();
            }
        }
        take(&self.batch);
        self.batch.clear();
    }
}

/// Segments in batches, as the next stage gets them.
pub struct Batches(pub Vec<SegmentBatch>);

impl Batches {
    pub fn of(capture: &Capture) -> Self {
        let mut batches = Vec::new();
        Stage::new().decode(capture, |batch| {
            batches.push(SegmentBatch {
                segments: batch.segments.clone(),
                sacks: batch.sacks.clone(),
                ..SegmentBatch::default()
            });
        });
        let segments: usize = batches.iter().map(|batch: &SegmentBatch| batch.segments.len()).sum();
        assert_eq!(segments, capture.packets(), "a frame gave no segment");
        Self(batches)
    }
}
