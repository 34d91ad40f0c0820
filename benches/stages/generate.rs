//! Scripts as a capture.

use tcplens::base::{SegmentBatch, Timestamp};
use tcplens::capture::{Frame, LinkType};
use tcplens::decode::{DecodeOptions, Decoder};

use super::packet::{Stack, write_frame};
use super::script::Script;

/// 2026-01-01, in nanoseconds.
const EPOCH: i64 = 1_767_225_600_000_000_000;
/// Nanoseconds between the beginnings of two connections.
const STAGGER: i64 = 5_000;
/// Enough for every header and option here.
pub const HEADERS: usize = 128;
/// All of a packet.
pub const WHOLE: usize = 65_535;

struct Cut {
    at: i64,
    start: usize,
    end: usize,
    wire_len: u32,
}

/// Frames one behind the other.
#[derive(Default)]
pub struct Capture {
    bytes: Vec<u8>,
    cuts: Vec<Cut>,
}

impl Capture {
    /// Every script is a connection; they begin shortly after each other and overlap. `snaplen` bytes of each frame are kept.
    pub fn of(scripts: &[Script], stack: Stack, snaplen: usize) -> Self {
        let mut order: Vec<_> =
            (0..).zip(scripts).flat_map(|(n, s)| s.steps.iter().map(move |step| (n, step))).collect();
        order.sort_by_key(|(n, step)| i64::from(*n) * STAGGER + step.at);
        let mut capture = Self::default();
        let mut frame = Vec::new();
        for (n, step) in order {
            let at = EPOCH + i64::from(n) * STAGGER + step.at;
            write_frame(&mut frame, stack, n, step, at);
            let start = capture.bytes.len();
            capture.bytes.extend_from_slice(&frame[..frame.len().min(snaplen)]);
            capture.cuts.push(Cut { at, start, end: capture.bytes.len(), wire_len: frame.len() as u32 });
        }
        capture
    }

    pub fn packets(&self) -> usize {
        self.cuts.len()
    }

    pub fn frames(&self) -> impl Iterator<Item = Frame<'_>> {
        (1..).zip(&self.cuts).map(|(number, cut)| Frame {
            ts: Timestamp(cut.at),
            number,
            link: LinkType::ETHERNET,
            wire_len: cut.wire_len,
            data: &self.bytes[cut.start..cut.end],
        })
    }

    /// The segments, in batches as the pipeline makes them.
    pub fn batches(&self) -> Vec<SegmentBatch> {
        let mut decoder = Decoder::new(DecodeOptions::default());
        let mut batches = vec![SegmentBatch::default()];
        for frame in self.frames() {
            if batches.last().is_none_or(SegmentBatch::is_full) {
                batches.push(SegmentBatch::default());
            }
            if let Some(batch) = batches.last_mut() {
                decoder.decode(&frame, batch);
            }
        }
        assert_eq!(batches.iter().map(|b| b.segments.len()).sum::<usize>(), self.packets(), "a frame gave no segment");
        batches
    }

    /// A pcap file with nanoseconds.
    pub fn pcap(&self) -> Vec<u8> {
        let header = [0xa1b2_3c4d_u32, 0x0004_0002, 0, 0, WHOLE as u32, 1];
        let mut file: Vec<u8> = header.iter().flat_map(|word| word.to_le_bytes()).collect();
        for frame in self.frames() {
            let (s, ns) = (frame.ts.0 / 1_000_000_000, frame.ts.0 % 1_000_000_000);
            for word in [s as u32, ns as u32, frame.data.len() as u32, frame.wire_len] {
                file.extend_from_slice(&word.to_le_bytes());
            }
            file.extend_from_slice(frame.data);
        }
        file
    }
}
