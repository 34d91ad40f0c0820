//! What a connection does with the ACK field of its segments, and with the window beside it.

use super::acknowledged::AckMove;
use super::acks::AckClass;
use super::connection::Connection;
use super::event::EventSink;
use super::half::ends_mut;
use super::letters::{News, Says};
use super::rtt::{Sample, SampleClass};
use super::verdict::Verdict;
use super::window::Scale;
use crate::base::{Maybe, SackBlock, Segment, SegmentBits};

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
        let (me, peer) = ends_mut(&mut self.halves, from);
        let size = peer.segment_size();
        let mut moved = AckMove::default();
        if let Some(sample) = peer.sender.on_ack(segment, sacks, me.rtt.recent_min(), size, &mut moved) {
            me.on_sample(peer, sample);
        }
        if moved.absurd {
            return;
        }
        if moved.advanced {
            self.teardown.on_ack_after_reset(from, moved.ack);
            self.note_advance(segment, from, &moved);
        }
        let (me, peer) = ends_mut(&mut self.halves, from);
        let class = me.acks.on_ack(segment, verdict, &moved);
        if let AckClass::ProbeAnswer(Some(probed)) = class {
            let sample = Sample { t: segment.ts, rtt: segment.ts - probed, class: SampleClass::Immediate, bare: true };
            me.on_sample(peer, sample);
        }
        if class == AckClass::Duplicate {
            peer.sender.on_duplicate_ack(segment.ts);
        }
        let (closes, oldest) = self.note_window(segment, from, &moved, verdict, class);
        if let Some(oldest) = oldest {
            self.arrive(1 - from, &oldest, size);
        }
        self.tell_ack(segment, from, &moved, class, closes, events);
        if self.halves[1 - from].sender.fin_acked() {
            self.teardown.on_fin_acked(1 - from, segment.ts);
        }
    }

    /// The ACK field of a bare ACK that acknowledges more than any before it, up to `ack`, and has no SACK blocks. Nothing is being closed.
    #[inline(always)]
    pub(super) fn on_bare_advance<E: EventSink>(
        &mut self,
        segment: &Segment,
        from: usize,
        (ack, end): (u64, u64),
        events: &mut E,
    ) {
        let scale = self.handshake.scale(from);
        let (me, peer) = ends_mut(&mut self.halves, from);
        let size = peer.segment_size();
        let mut moved = AckMove { ack, advanced: true, outstanding: peer.sender.is_waiting(), ..AckMove::default() };
        if let Some(sample) = peer.sender.advance(segment, me.rtt.recent_min(), size, &mut moved) {
            me.on_sample(peer, sample);
        }
        me.acks.on_advance(segment.window);
        let closes = me.window.on_segment(segment, true);
        let news = News {
            t: segment.ts,
            ack,
            room: scale.room(segment.window),
            seq_end: end,
            stamps: (segment.tsval, segment.tsecr),
            timed: segment.echo().is_some(),
            has_data: false,
            says: Says::default().with_if(Says::ZERO_WINDOW, segment.window == 0),
        };
        let oldest = peer.sender.hear(news);
        self.note_advance(segment, from, &moved);
        if let Some(oldest) = oldest {
            self.arrive(1 - from, &oldest, size);
        }
        self.tell_ack(segment, from, &moved, AckClass::Advance, closes, events);
    }

    /// The peer's data is acknowledged further than before.
    #[inline(always)]
    fn note_advance(&mut self, segment: &Segment, from: usize, moved: &AckMove) {
        if moved.covers_hole {
            self.zeek.on_gap(1 - from);
        }
        let (me, peer) = ends_mut(&mut self.halves, from);
        peer.timeouts = 0;
        peer.last_progress = segment.ts;
        if !me.sender.is_waiting() && !peer.sender.is_waiting() {
            self.conversation.on_all_acked(segment, from, me.rtt.recent_min());
        }
    }

    /// The window that a segment offers. True if it closes the window; and what is to be taken as arrived at the peer, for want of room.
    #[inline(always)]
    fn note_window(
        &mut self,
        segment: &Segment,
        from: usize,
        moved: &AckMove,
        verdict: &Verdict,
        class: AckClass,
    ) -> (bool, Option<Box<News>>) {
        let (me, peer) = ends_mut(&mut self.halves, from);
        let counts = peer.sender.fin_end().is_none_or(|end| moved.ack < end);
        let known = !segment.bits.has(SegmentBits::HEADER_TRUNCATED);
        let syn = segment.flags.syn();
        let closes = !syn && known && me.window.on_segment(segment, counts);
        let scale = if syn { Scale::Known(0) } else { self.handshake.scale(from) };
        let room = if known && counts { scale.room(segment.window) } else { Maybe::NONE };
        let shut = segment.window == 0 && known && counts;
        let (lo, hi) = if syn { (me.sender.first(), me.sender.first()) } else { (verdict.lo, verdict.hi) };
        let news = News {
            t: segment.ts,
            ack: moved.ack,
            room,
            seq_end: hi,
            stamps: (segment.tsval, segment.tsecr),
            timed: segment.echo().is_some(),
            has_data: hi > lo,
            says: Says::default().with_if(Says::ZERO_WINDOW, shut).with_if(Says::DUPLICATE, class.is_duplicate()),
        };
        (closes, peer.sender.hear(news))
    }

    /// The expected segment tells the peer what no segment before it has told. `end`: of what its sender has sent.
    #[cold]
    pub(super) fn offer_anew(&mut self, segment: &Segment, from: usize, ack: u64, room: Maybe<u32>, end: u64) {
        let news = News {
            t: segment.ts,
            ack,
            room,
            seq_end: end,
            stamps: (segment.tsval, segment.tsecr),
            timed: segment.echo().is_some(),
            has_data: true,
            ..News::default()
        };
        let peer = 1 - from;
        if let Some(oldest) = self.halves[peer].sender.hear(news) {
            self.arrive(peer, &oldest, self.halves[peer].segment_size());
        }
    }

    /// What was on its way to the sender `to` is taken as arrived. `size`: of its full segments.
    #[cold]
    fn arrive(&mut self, to: usize, news: &News, size: u32) {
        let (halves, sack) = (self.halves_of(to), self.sack());
        self.halves[to].sender.learn(news, news.t, halves, sack, size);
    }
}
