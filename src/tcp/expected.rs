//! The segment that everything leads one to expect: the next data of an open connection, whose ACK field and window repeat those of the last
//! segment. Most segments of a transfer are such, and hardly any of what the analyzers look at can change with one of them: so it is looked at
//! once, and the rest is passed over (Van Jacobson's header prediction).
//!
//! What comes of it is what [`Connection::on_segment`] would make of it the long way.

use super::connection::{Connection, UNUSUAL};
use super::event::EventSink;
use super::half::{ends, ends_mut};
use super::knowledge::Halves;
use super::summary::Quality;
use super::verdict::{Sizes, Verdict};
use super::window::Scale;
use crate::base::{Maybe, SackBlock, Segment, SegmentBits, TcpFlags};

impl Connection {
    /// The segment is the expected one.
    #[inline]
    pub(super) fn expects(&self, segment: &Segment, from: usize) -> bool {
        let (me, peer) = ends(&self.halves, from);
        segment.flags.0 & !TcpFlags::PSH.0 == TcpFlags::ACK.0
            && !segment.bits.any(UNUSUAL)
            && segment.payload_len > 1
            && segment.sack_len == 0
            && segment.seq.0 == me.sender.snd_max() as u32
            && segment.ack.0 == peer.sender.una() as u32
            && segment.window > 0
            && me.acks.repeats(segment.window)
            && me.went_on
            && peer.volume.packets() > 0
            && !self.handshake.awaits_ack()
            && !self.teardown.begun()
    }

    /// The expected segment. All of it is one function in the end, so that nothing passes through memory that hardly anybody reads.
    #[inline(never)]
    pub(super) fn on_expected<E: EventSink>(&mut self, segment: &Segment, from: usize, events: &mut E) {
        self.count_expected(segment, from);
        let me = &self.halves[from];
        if me.sender.has_mail(segment.ts, me.rtt.recent_min()) {
            self.deliver_mail(segment, from);
        }
        let (me, peer) = ends_mut(&mut self.halves, from);
        let round_trip = || Halves { sender: me.rtt.recent_min(), peer: peer.rtt.recent_min() }.round_trip();
        let sizes = Sizes { usual: me.segment_size(), largest: me.largest_segment() };
        let all_acked = !me.sender.is_waiting();
        let verdict = me.sender.on_expected(segment, sizes, round_trip);
        me.probed_last = false;
        peer.unanswered_probes = 0;
        if all_acked {
            me.last_progress = segment.ts;
        }
        self.note_stall(segment, from, &verdict);
        self.tell_verdict(segment, from, &verdict, events);
        self.offer_again(segment, from, &verdict);
        self.end_segment(segment, from, Some(&verdict), events);
    }

    /// The segment is a bare ACK, and stands where its sender stands: as data it is nothing.
    #[inline]
    pub(super) fn expects_ack(&self, segment: &Segment, from: usize) -> bool {
        let me = &self.halves[from];
        segment.flags.0 == TcpFlags::ACK.0
            && !segment.bits.any(UNUSUAL)
            && segment.payload_len == 0
            && segment.seq.0 == me.sender.snd_max() as u32
            && me.acks.goes_on()
            && me.went_on
            && !self.handshake.awaits_ack()
            && !self.teardown.begun()
    }

    /// The bare ACK.
    #[inline(never)]
    pub(super) fn on_expected_ack<E: EventSink>(
        &mut self,
        segment: &Segment,
        sacks: &[SackBlock],
        from: usize,
        events: &mut E,
    ) {
        let me = &mut self.halves[from];
        me.volume.count_ack(segment);
        if segment.bits.has(SegmentBits::TIMESTAMPS) {
            me.last_tsval = Some(segment.tsval);
        }
        self.zeek.on_segment(segment, from);
        self.handshake.on_established(segment);
        let me = &self.halves[from];
        if me.sender.has_mail(segment.ts, me.rtt.recent_min()) {
            self.deliver_mail(segment, from);
        }
        let (me, peer) = ends_mut(&mut self.halves, from);
        let verdict = me.sender.on_expected_ack(segment);
        me.probed_last = false;
        peer.unanswered_probes = 0;
        self.note_stall(segment, from, &verdict);
        self.tell_verdict(segment, from, &verdict, events);
        self.on_ack_field(segment, sacks, from, &verdict, events);
        self.end_segment(segment, from, Some(&verdict), events);
    }

    #[inline(always)]
    fn count_expected(&mut self, segment: &Segment, from: usize) {
        let me = &mut self.halves[from];
        let largest = me.largest_segment();
        me.volume.count_expected(segment, largest);
        if segment.payload_len > largest {
            self.quality.set(Quality::SUPER_PACKETS);
        }
        let timed = segment.bits.has(SegmentBits::TIMESTAMPS);
        if timed {
            me.last_tsval = Some(segment.tsval);
        }
        self.zeek.on_expected(segment, from);
        self.handshake.on_expected(timed);
    }

    /// The sender has heard something before it sent this segment.
    #[inline(never)]
    fn deliver_mail(&mut self, segment: &Segment, from: usize) {
        let around = self.surroundings(segment, from);
        let sender = &mut self.halves[from].sender;
        sender.note_echo(segment);
        sender.receive(segment, &around);
    }

    /// It offers the window that the last segment offered.
    #[inline(always)]
    fn offer_again(&mut self, segment: &Segment, from: usize, verdict: &Verdict) {
        let scale = self.handshake.scales()[from];
        let (me, peer) = ends_mut(&mut self.halves, from);
        let ack = peer.sender.una();
        me.window.on_same(segment);
        let edge = match scale {
            Scale::Known(shift) => Maybe::some(ack + (u64::from(segment.window) << shift)),
            Scale::Unknown => Maybe::NONE,
        };
        if !peer.sender.hear_sign(segment.ts, ack, edge) {
            self.offer_anew(segment, from, ack, edge, verdict);
        }
    }
}
