//! What a report is made from: a record a connection, and the totals of the run.

use std::sync::Arc;

use crate::base::{Endpoint, Nanos, Timestamp};
use crate::findings::Sighting;
use crate::tcp::ConnectionSummary;

/// One connection, final.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlowRecord {
    /// 0, 1, 2 … in the order of the connections' first packets.
    pub flow_id: u64,
    /// Number of its first frame in the capture, from 1.
    pub first_frame: u64,
    /// The client.
    pub client: Endpoint,
    /// The server.
    pub server: Endpoint,
    /// Layers between the link and the innermost IP, outermost first, `/` between them; empty if none.
    pub encapsulation: Layers,
    /// What happened.
    pub summary: ConnectionSummary,
}

impl FlowRecord {
    /// As a survey of findings sees it.
    pub const fn sighting(&self) -> Sighting<'_> {
        let Self { flow_id, first_frame, client, server, summary, .. } = self;
        Sighting { flow_id: *flow_id, first_frame: *first_frame, client: *client, server: *server, summary }
    }
}

/// A stack of layers as people read it. Most connections have none, and those that have one share its text: no record owns it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layers(Option<Arc<str>>);

impl Layers {
    /// The text; empty if there are none.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

impl From<&str> for Layers {
    fn from(text: &str) -> Self {
        Self((!text.is_empty()).then(|| text.into()))
    }
}

impl From<Arc<str>> for Layers {
    fn from(text: Arc<str>) -> Self {
        Self((!text.is_empty()).then_some(text))
    }
}

/// What was read, what became of it, and what was lost on the way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunTotals {
    /// Names of the inputs, as given.
    pub inputs: Vec<String>,
    /// Time of the first and of the last frame.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Frames read.
    pub frames: u64,
    /// Their length on the wire.
    pub wire_bytes: u64,
    /// Frames cut by the snaplen.
    pub cut_frames: u64,
    /// TCP segments among them.
    pub segments: u64,
    /// ICMP errors that quoted a TCP segment.
    pub icmp_errors: u64,
    /// Frames that gave no segment, by reason (a short phrase each), most frequent first.
    pub skipped: Vec<(&'static str, u64)>,
    /// Connections written.
    pub connections: u64,
    /// Late packets of connections whose rows had left; in no row.
    pub post_close: u64,
    /// Segments that belong to no connection: stray resets, old duplicates.
    pub stray: u64,
    /// Connections whose rows had to leave for want of memory.
    pub evicted: u64,
    /// Packets that the capture holds twice.
    pub capture_duplicates: u64,
    /// Segments with a wrong checksum.
    pub bad_checksums: u64,
    /// Stream bytes that the capture missed.
    pub missing_bytes: u64,
    /// Largest step backwards of the capture's clock.
    pub time_regress: Nanos,
    /// Packets that the kernel dropped, for live captures.
    pub kernel_drops: Option<u64>,
    /// What was wrong with the inputs, a line each.
    pub problems: Vec<String>,
}
