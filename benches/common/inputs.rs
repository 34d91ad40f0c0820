//! The workloads of the generator at small size, as frames in memory and as files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::model::Workload;
use crate::model::bulk::{Bulk, transfers};
use crate::model::frame::{FrameWriter, Layout, Written};
use crate::model::link::Link;
use crate::model::many::many;
use crate::model::scan::scan;
use crate::output::CaptureWriter;

/// Enough for every header and option.
pub const HEADERS: usize = 128;
/// All of a packet.
pub const WHOLE: usize = 65_535;

const SEED: u64 = 1;

/// One connection, of which nothing is lost: data in order, and every second segment acknowledged.
const IN_ORDER: Bulk = Bulk { connections: 1, loss: 0.0, reorder: 0.0, both_ways: false, ..Bulk::LOSSY };
/// One connection with one percent of loss.
const LOSSY: Bulk = Bulk { loss: 0.01, reorder: 0.001, ..IN_ORDER };
/// One connection of which so much is lost and overtaken that most ACKs have SACK blocks.
const SACK_HEAVY: Bulk = Bulk { loss: 0.05, reorder: 0.02, ..IN_ORDER };

/// How one segment follows the other on a single connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    InOrder,
    Lossy,
    SackHeavy,
}

impl Stream {
    pub const ALL: [Stream; 3] = [Stream::InOrder, Stream::Lossy, Stream::SackHeavy];

    pub fn name(self) -> &'static str {
        match self {
            Stream::InOrder => "in_order",
            Stream::Lossy => "lossy",
            Stream::SackHeavy => "sack_heavy",
        }
    }

    fn bulk(self) -> Bulk {
        match self {
            Stream::InOrder => IN_ORDER,
            Stream::Lossy => LOSSY,
            Stream::SackHeavy => SACK_HEAVY,
        }
    }
}

struct Cut {
    at: u64,
    start: usize,
    end: usize,
    wire_len: usize,
}

/// A frame of a [`Capture`].
#[derive(Clone, Copy)]
pub struct Recorded<'a> {
    /// Nanoseconds since the capture began.
    pub at: u64,
    pub wire_len: usize,
    pub data: &'a [u8],
}

/// Frames one behind the other.
pub struct Capture {
    pub link: Link,
    snaplen: usize,
    bytes: Vec<u8>,
    cuts: Vec<Cut>,
}

impl Capture {
    /// Up to `limit` packets of a workload.
    fn of(workload: &mut dyn Workload, limit: usize, layout: Layout) -> Self {
        let Layout { link, snaplen, .. } = layout;
        let mut capture = Self { link, snaplen, bytes: Vec::new(), cuts: Vec::new() };
        let mut writer = FrameWriter::new(layout);
        while capture.cuts.len() < limit
            && let Some((ends, packet)) = workload.next()
        {
            let Written { captured, wire_len } = writer.write(ends, packet);
            let start = capture.bytes.len();
            capture.bytes.extend_from_slice(captured);
            capture.cuts.push(Cut { at: packet.at, start, end: capture.bytes.len(), wire_len });
        }
        capture
    }

    /// `packets` of one connection.
    pub fn stream(stream: Stream, packets: usize) -> Self {
        Self::of(&mut transfers(stream.bulk(), SEED), packets, headers(Link::Ethernet))
    }

    /// `packets` in order behind headers of all kinds.
    pub fn link(link: Link, v6: bool, packets: usize) -> Self {
        Self::of(&mut transfers(Bulk { v6, ..IN_ORDER }, SEED), packets, headers(link))
    }

    /// `packets` with all their payload.
    pub fn whole(packets: usize) -> Self {
        let layout = Layout { link: Link::Ethernet, snaplen: WHOLE, payload: true };
        Self::of(&mut transfers(Bulk::CLEAN, SEED), packets, layout)
    }

    /// `packets` of few lossy transfers.
    pub fn few(packets: usize) -> Self {
        Self::of(&mut transfers(Bulk::LOSSY, SEED), packets, headers(Link::Ethernet))
    }

    /// So many short connections.
    pub fn many(connections: u64) -> Self {
        Self::of(&mut many(connections, SEED), usize::MAX, headers(Link::Ethernet))
    }

    /// So many SYNs.
    pub fn scan(syns: u64) -> Self {
        Self::of(&mut scan(syns, SEED), usize::MAX, headers(Link::Ethernet))
    }

    pub fn packets(&self) -> usize {
        self.cuts.len()
    }

    pub fn frames(&self) -> impl Iterator<Item = Recorded<'_>> {
        self.cuts.iter().map(|cut| Recorded {
            at: cut.at,
            wire_len: cut.wire_len,
            data: &self.bytes[cut.start..cut.end],
        })
    }

    /// The capture as a file, of which the extension says the format.
    pub fn file(&self, extension: &str) -> File {
        let name = format!("bench-{}-{:p}.{extension}", std::process::id(), self);
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let mut writer = CaptureWriter::create(&path, self.link, self.snaplen, true).unwrap();
        for frame in self.frames() {
            writer.write(frame.at, Written { captured: frame.data, wire_len: frame.wire_len }).unwrap();
        }
        writer.finish().unwrap();
        File(path)
    }
}

fn headers(link: Link) -> Layout {
    Layout { link, snaplen: HEADERS, payload: false }
}

/// A file that is gone afterwards.
pub struct File(PathBuf);

impl File {
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
