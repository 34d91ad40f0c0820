//! Retransmissions, reordering and duplicates of one direction, counted (`semantics.md` 5.7 and 6).

use super::recovery::Trigger;
use super::sent::{Marks, SentQueue};
use super::summary::LossSummary;

/// The counters.
#[derive(Clone, Copy, Debug, Default)]
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

    /// The retransmission at once known to be unneeded.
    pub fn on_spurious(&mut self) {
        self.spurious += 1;
    }

    /// The last copy of the range at `index` proves unneeded: counts the packet that carried it, with all the ranges that it carried.
    pub fn revise_as_spurious(&mut self, queue: &mut SentQueue, index: usize) {
        let Some(no) = queue.get(index).filter(|r| r.resent > r.spurious).map(|r| r.last_no) else { return };
        self.spurious += 1;
        let below = (0..index).rev().take_while(|&i| queue.get(i).is_some_and(|r| r.last_no == no)).count();
        let mut i = index - below;
        while let Some(range) = queue.get_mut(i).filter(|r| r.last_no == no) {
            if range.resent > range.spurious {
                range.spurious += 1;
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
