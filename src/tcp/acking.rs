//! What a connection does with the ACK field of its segments, and with the window beside it.

use super::acknowledged::AckMove;
use super::acks::AckClass;
use super::connection::Connection;
use super::event::EventSink;
use super::knowledge::News;
use super::rtt::{Sample, SampleClass};
use super::verdict::Verdict;
use super::window::Scale;
use crate::base::{SackBlock, Segment, SegmentBits};

impl Connection {
    /// The ACK side of a segment: what it says about the peer's data.
    pub(super) fn on_ack_field<E: EventSink>(
        &mut self,
        segment: &Segment,
        sacks: &[SackBlock],
        from: usize,
        verdict: &Verdict,
        events: &mut E,
    ) {
        let peer = 1 - from;
        let half_rtt = self.halves[from].rtt.recent_min();
        let size = self.halves[peer].segment_size();
        let (moved, sample) = self.halves[peer].sender.on_ack(segment, sacks, half_rtt, size);
        if moved.absurd {
            return;
        }
        if let Some(sample) = sample {
            self.add_sample(from, sample);
        }
        if moved.covers_hole {
            self.zeek.on_gap(peer);
        }
        if moved.advanced {
            self.teardown.on_ack_after_reset(from, moved.ack);
            self.halves[peer].timeouts = 0;
            self.halves[peer].last_progress = segment.ts;
        }
        let class = self.halves[from].acks.on_ack(segment, verdict, &moved);
        if let AckClass::ProbeAnswer(Some(probed)) = class {
            let sample = Sample { t: segment.ts, rtt: segment.ts - probed, class: SampleClass::Immediate };
            self.add_sample(from, sample);
        }
        if class == AckClass::Duplicate {
            self.halves[peer].sender.on_duplicate_ack(segment.ts);
        }
        let closes = self.note_window(segment, from, &moved, verdict, class, size);
        self.tell_ack(segment, from, &moved, class, closes, events);
        if self.halves[peer].sender.fin_acked() {
            self.teardown.on_fin_acked(peer, segment.ts);
        }
    }

    /// The window that a segment offers. `size`: of a full segment of the peer. True if it closes the window.
    fn note_window(
        &mut self,
        segment: &Segment,
        from: usize,
        moved: &AckMove,
        verdict: &Verdict,
        class: AckClass,
        size: u32,
    ) -> bool {
        let peer = 1 - from;
        let counts = self.halves[peer].sender.fin_end().is_none_or(|end| moved.ack < end);
        let known = !segment.bits.has(SegmentBits::HEADER_TRUNCATED);
        let closes = !segment.flags.syn() && known && self.halves[from].window.on_segment(segment, counts);
        let scale = if segment.flags.syn() { Scale::Known(0) } else { self.handshake.scales()[from] };
        let edge = match scale {
            Scale::Known(shift) if known && counts => Some(moved.ack + (u64::from(segment.window) << shift)),
            _ => None,
        };
        let sender = &self.halves[from].sender;
        let (lo, hi) = if segment.flags.syn() { (sender.first(), sender.first()) } else { (verdict.lo, verdict.hi) };
        let news = News {
            t: segment.ts,
            ack: moved.ack,
            edge,
            zero_window: segment.window == 0 && known && counts,
            tsval: segment.timestamp(),
            echo: segment.echo(),
            seq_end: hi,
            has_data: hi > lo,
            duplicate: class.is_duplicate(),
            sacks: moved.blocks,
            sack_len: moved.block_count,
        };
        let (halves, sack) = (self.halves_of(peer), self.sack());
        self.halves[peer].sender.hear(news, halves, sack, size);
        closes
    }

    /// A round trip between the capture point and the endpoint `of`; with the other half it is one of its peer as a sender.
    pub(super) fn add_sample(&mut self, of: usize, sample: Sample) {
        self.halves[of].rtt.add(sample);
        let other = &self.halves[1 - of].rtt;
        if let Some(half) = other.newest() {
            self.halves[1 - of].timer.add(sample.rtt + half);
        }
    }
}
