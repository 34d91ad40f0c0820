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
        self.note_payload(segment, from, sizes.usual);
        self.tell_verdict(segment, from, &verdict, events);
        self.note_stall(segment, from, &verdict, events);
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
        self.tell_verdict(segment, from, &verdict, events);
        self.note_stall(segment, from, &verdict, events);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::{Endpoint, FlowKey, RoleEvidence, Seq, Side, Timestamp};
    use crate::tcp::{Event, EventSink};

    /// Hears of everything.
    #[derive(Debug, Default, PartialEq)]
    struct Heard {
        events: Vec<Event>,
        verdicts: Vec<Option<Verdict>>,
    }

    impl EventSink for Heard {
        fn event(&mut self, event: Event) {
            self.events.push(event);
        }
        fn segment(&mut self, _: &Segment, _: usize, verdict: Option<&Verdict>) {
            self.verdicts.push(verdict.copied());
        }
    }

    /// A step of one side: whose, what it does, how much of it, its window, how much of the peer's data it has heard of, the time since the last.
    type Step = (usize, u8, u32, u16, u8, i64);

    /// Two hosts that send what the steps say.
    #[derive(Default)]
    struct Hosts {
        next: [u32; 2],
        acked: [u32; 2],
        tsval: [u32; 2],
        t: i64,
        frame: u64,
    }

    impl Hosts {
        fn step(&mut self, &(from, what, amount, window, lag, pause): &Step, timed: bool) -> (Segment, Vec<SackBlock>) {
            let ends = [Endpoint::v4([10, 0, 0, 1], 40_000), Endpoint::v4([10, 0, 0, 2], 80)];
            let (key, side) = FlowKey::of(ends[from], ends[1 - from]);
            self.t += pause;
            self.frame += 1;
            let (seq, payload_len) = match what {
                0..=5 => (self.next[from], amount),
                6..=8 => (self.next[from], 0),
                9 => (self.next[from].wrapping_sub(amount), amount),
                10 => (self.next[from].wrapping_add(amount), amount),
                _ => (self.next[from].wrapping_sub(1), amount % 2),
            };
            let end = seq.wrapping_add(payload_len);
            if end.wrapping_sub(self.next[from]) as i32 > 0 {
                self.next[from] = end;
            }
            let heard = self.next[1 - from].wrapping_sub(u32::from(lag) * 700);
            if heard.wrapping_sub(self.acked[from]) as i32 > 0 {
                self.acked[from] = heard;
            }
            let ack = self.acked[from];
            self.tsval[from] = (self.t / 1_000_000) as u32;
            let mut bits = SegmentBits::IPV4;
            bits.set_if(SegmentBits::TIMESTAMPS, timed);
            bits.set_if(SegmentBits::FROM_HI, side == Side::Hi);
            let mut sacks = Vec::new();
            if what == 8 && lag > 2 {
                sacks.push(SackBlock { left: Seq(ack.wrapping_add(700)), right: Seq(ack.wrapping_add(1400)) });
            }
            let segment = Segment {
                ts: Timestamp(self.t),
                frame: self.frame,
                key,
                seq: Seq(seq),
                ack: Seq(ack),
                payload_len,
                tsval: self.tsval[from],
                tsecr: self.tsval[1 - from],
                window,
                ip_id: self.frame as u16,
                flags: if what == 5 { TcpFlags::ACK.with(TcpFlags::PSH) } else { TcpFlags::ACK },
                header_len: 52,
                bits,
                sack_len: sacks.len() as u8,
                ttl: 64,
                ..Segment::default()
            };
            (segment, sacks)
        }
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let window = prop::sample::select(vec![500u16, 500, 500, 500, 400, 0]);
        let pause = prop::sample::select(vec![0i64, 1_000, 50_000, 700_000, 30_000_000, 400_000_000, -20_000]);
        prop::collection::vec((0usize..2, 0u8..12, 1u32..1400, window, 0u8..5, pause), 1..120)
    }

    /// All segments by the long way, which every segment may take.
    fn the_long_way(connection: &mut Connection, segment: &Segment, sacks: &[SackBlock], heard: &mut Heard) {
        let from = connection.role(segment.from());
        connection.note_time(segment);
        connection.on_any(segment, sacks, from, heard);
    }

    proptest! {
        /// The expected segment changes what it would change the long way, and is what it would be.
        #[test]
        fn the_short_way_leads_where_the_long_one_does(steps in steps(), timed in any::<bool>()) {
            let (mut hosts, mut connections) = (Hosts::default(), None);
            let [mut short, mut long] = [Heard::default(), Heard::default()];
            for step in &steps {
                let (segment, sacks) = hosts.step(step, timed);
                let open = || Connection::open(&segment, Side::Lo, RoleEvidence::PortOrder, None);
                let (one, other) = connections.get_or_insert_with(|| (open(), open()));
                one.on_segment(&segment, &sacks, None, &mut short);
                the_long_way(other, &segment, &sacks, &mut long);
            }
            let Some((mut one, mut other)) = connections else { return Ok(()) };
            let end = Timestamp(hosts.t + 1_000_000_000);
            prop_assert_eq!(one.summary(None, end, &mut short), other.summary(None, end, &mut long));
            prop_assert_eq!(short, long);
        }
    }
}
