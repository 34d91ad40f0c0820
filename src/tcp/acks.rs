//! The classes of the ACKs that one endpoint sends (`semantics.md` 5.6), and its probes.

use super::acknowledged::AckMove;
use super::sender::{Kind, Verdict};
use super::summary::AckSummary;
use crate::base::Segment;

/// The counters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Acks {
    dup_acks: u32,
    sack_acks: u32,
    dsacks: u32,
    keepalives: u32,
    zero_window_probes: u32,
    last_window: Option<u16>,
    probed_by_peer: bool,
}

impl Acks {
    /// A segment of this endpoint with the ACK flag; `mine`: what it was as data. True if it counts as a duplicate ACK for its peer.
    pub fn on_ack(&mut self, segment: &Segment, mine: &Verdict, moved: &AckMove) -> bool {
        let answers_probe = std::mem::take(&mut self.probed_by_peer);
        let same_window = self.last_window.replace(segment.window) == Some(segment.window);
        self.dsacks += u32::from(moved.dsack);
        if moved.advanced || moved.old || moved.absurd {
            self.sack_acks += u32::from(moved.sacked);
            return false;
        }
        if moved.sacked {
            self.sack_acks += 1;
            self.dup_acks += 1;
            return true;
        }
        let bare = segment.is_pure_ack() && mine.kind == Kind::Empty;
        // RFC 5681 2: outstanding data, no data of its own, the same ACK and the same window.
        let duplicate = bare && moved.outstanding && same_window && !moved.dsack && !answers_probe;
        self.dup_acks += u32::from(duplicate);
        duplicate
    }

    /// A segment of this endpoint was a probe.
    pub fn on_probe(&mut self, kind: Kind) {
        match kind {
            Kind::Keepalive => self.keepalives += 1,
            Kind::ZeroWindowProbe => self.zero_window_probes += 1,
            _ => {}
        }
    }

    /// The peer probed this endpoint: its next ACK answers that.
    pub fn on_peer_probe(&mut self) {
        self.probed_by_peer = true;
    }

    /// Keep-alives and window probes sent.
    pub const fn keepalives(&self) -> u32 {
        self.keepalives
    }

    /// What is reported.
    pub fn summary(&self) -> AckSummary {
        AckSummary {
            dup_acks: self.dup_acks.into(),
            sack_acks: self.sack_acks.into(),
            dsacks: self.dsacks.into(),
            keepalives: self.keepalives.into(),
            zero_window_probes: self.zero_window_probes.into(),
        }
    }
}
