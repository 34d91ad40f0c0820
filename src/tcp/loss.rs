//! Retransmissions, reordering and duplicates of one direction, counted (`semantics.md` 5.7 and 6).

use super::event::{EventKind, Evidence};
use super::recovery::{Episode, Trigger};
use super::sent::{Marks, SentQueue, SentRange};
use super::summary::LossSummary;
use crate::base::packed::packed;
use crate::base::{Nanos, Timestamp};

/// A verdict on an earlier packet that has to be changed, or something else that was known only later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision {
    /// What it turned out to be.
    pub kind: EventKind,
    /// When the packet passed.
    pub t: Timestamp,
    /// Its frame.
    pub frame: u64,
    /// The frame of the original.
    pub original: u64,
    /// Its bytes, as positions of the stream.
    pub bytes: (u64, u64),
    /// On what that rests.
    pub evidence: Evidence,
    /// See [`Event::note`](super::event::Event::note).
    pub note: &'static str,
    /// How long it took, where it is about a time.
    pub duration: Option<Nanos>,
}

/// So many transmissions are remembered to be unneeded: more than are under way in pieces at a time.
const REMEMBERED: usize = 32;

impl Revision {
    /// The last copy of this range.
    fn of(kind: EventKind, range: &SentRange, evidence: Evidence) -> Self {
        Self {
            kind,
            t: range.last_t(),
            frame: range.last().frame,
            original: range.frame,
            bytes: (range.lo, range.hi()),
            evidence,
            note: "",
            duration: None,
        }
    }
}

/// The counters.
#[derive(Clone, Debug, Default)]
pub struct Loss {
    retrans_packets: u32,
    retrans_bytes: u64,
    by_trigger: [u32; 4],
    spurious: u32,
    out_of_order: u32,
    /// Bytes whose first transmission never came by and a later one did.
    upstream: u64,
    /// Bytes resent although they had come by, so far as needed.
    downstream: u64,
    /// Revisions since they were last taken. A connection is not packed before they are.
    revisions: Vec<Revision>,
    /// Numbers of the last transmissions that proved unneeded: parts of one may be told of at different times.
    unneeded: Vec<u32>,
}

packed! {
    Loss {
        [retrans_packets, retrans_bytes, spurious, out_of_order, upstream, downstream]
        by_trigger, unneeded; without revisions
    }
}

impl Loss {
    /// One packet is a retransmission.
    pub fn on_retransmission(&mut self, trigger: Trigger, payload: u64) {
        self.retrans_packets += 1;
        self.retrans_bytes += payload;
        self.by_trigger[trigger as usize] += 1;
    }

    /// One packet is a late original.
    pub fn on_late_original(&mut self) {
        self.out_of_order += 1;
    }

    /// Bytes of a hole came by with a retransmission.
    pub fn lost_upstream(&mut self, bytes: u64) {
        self.upstream += bytes;
    }

    /// Their original came after all.
    pub fn found_upstream(&mut self, bytes: u64) {
        self.upstream = self.upstream.saturating_sub(bytes);
    }

    /// Bytes that had come by were needed again.
    pub fn lost_downstream(&mut self, bytes: u64) {
        self.downstream += bytes;
    }

    /// A repeated SYN or SYN-ACK was not needed.
    pub fn on_spurious_opening(&mut self) {
        self.spurious += 1;
    }

    /// The transmission with this number is a retransmission that was not needed. True if that is news.
    pub fn on_spurious(&mut self, no: u32) -> bool {
        if self.unneeded.contains(&no) {
            return false;
        }
        if self.unneeded.len() >= REMEMBERED {
            self.unneeded.remove(0);
        }
        self.unneeded.push(no);
        self.spurious += 1;
        true
    }

    /// The last segment changed an earlier verdict.
    pub const fn has_revisions(&self) -> bool {
        !self.revisions.is_empty()
    }

    /// What the last segment changed of earlier verdicts.
    pub fn take_revisions(&mut self) -> Vec<Revision> {
        std::mem::take(&mut self.revisions)
    }

    /// A recovery ended, and took so long.
    pub fn on_recovered(&mut self, episode: &Episode, length: Nanos) {
        self.revisions.push(Revision {
            kind: EventKind::RecoveryEnd,
            t: episode.last.0,
            frame: episode.last.1,
            original: episode.first.1,
            bytes: (episode.first.0, episode.first.0.saturating_add(episode.bytes)),
            evidence: Evidence::default(),
            note: episode.repair(),
            duration: Some(length),
        });
    }

    /// A copy that was taken for new data turns out to be a retransmission: its original came behind it.
    pub fn on_replaced(&mut self, range: &SentRange, evidence: Evidence) {
        self.on_retransmission(Trigger::Rto, range.payload());
        self.revisions.push(Revision::of(EventKind::Rto, range, evidence));
    }

    /// The last copy of the range at `index` proves unneeded: counts the packet that carried it, with all the ranges that it carried.
    pub fn revise_as_spurious(&mut self, queue: &mut SentQueue, index: usize, evidence: Evidence) {
        let Some(range) = queue.get(index).filter(|r| r.may_be_spurious()) else { return };
        let (no, revision) = (range.last().no, Revision::of(EventKind::Spurious, range, evidence));
        if self.on_spurious(no) {
            self.revisions.push(revision);
        }
        let below = (0..index).rev().take_while(|&i| queue.get(i).is_some_and(|r| r.last().no == no)).count();
        let mut i = index - below;
        while let Some(range) = queue.get_mut(i).filter(|r| r.last().no == no) {
            if range.may_be_spurious() {
                range.note_spurious();
                if !range.marks.has(Marks::LOST_UPSTREAM) {
                    self.downstream = self.downstream.saturating_sub(range.payload());
                }
            }
            i += 1;
        }
    }

    /// What is reported; duplicates and episodes come from elsewhere.
    pub fn summary(&self) -> LossSummary {
        let by = |t: Trigger| u64::from(self.by_trigger[t as usize]);
        LossSummary {
            retrans_packets: self.retrans_packets.into(),
            retrans_bytes: self.retrans_bytes,
            rto_packets: by(Trigger::Rto),
            fast_packets: by(Trigger::Fast),
            tlp_packets: by(Trigger::Tlp),
            unclear_packets: by(Trigger::Unclear),
            spurious_packets: self.spurious.into(),
            out_of_order_packets: self.out_of_order.into(),
            lost_upstream_bytes: Some(self.upstream),
            lost_downstream_bytes: Some(self.downstream),
            ..LossSummary::default()
        }
    }
}
