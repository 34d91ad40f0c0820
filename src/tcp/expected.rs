//! The segment that everything leads one to expect: the next data of an open connection, whose ACK field and window repeat those of the last
//! segment. Most segments of a transfer are such, and hardly any of what the analyzers look at can change with one of them: so it is looked at
//! once, and the rest is passed over (Van Jacobson's header prediction).
//!
//! What comes of it is what [`Connection::on_segment`] would make of it the long way.

use super::connection::{Connection, UNUSUAL};
use super::event::EventSink;
use super::half::{Half, ends, ends_mut};
use super::knowledge::Halves;
use super::letters::Reader;
use super::summary::Quality;
use super::teardown::CLIENT;
use super::verdict::Sizes;
use crate::base::{Nanos, SackBlock, Segment, SegmentBits, TcpFlags};

impl Connection {
    /// What may be expected changes with segments that were not: this is done after each of them. Where a half is steady neither it nor its
    /// peer has probed, so that no probe is left without an answer.
    pub(super) fn look_ahead(&mut self) {
        let open = !self.handshake.awaits_ack() && !self.teardown.begun() && self.pending.is_none();
        let both = self.halves.iter().all(|half| half.volume.packets() > 0);
        for half in &mut self.halves {
            half.steady = open && both && half.went_on && half.acks.goes_on();
            half.sender.look_ahead();
        }
    }

    /// Its next segment, if it is an expected one; false if it is not, and then nothing has happened.
    #[inline(always)]
    pub fn on_expected_segment<'s, E: EventSink>(
        &mut self,
        segment: &Segment,
        sacks: impl FnOnce() -> &'s [SackBlock],
        events: &mut E,
    ) -> bool {
        let from = self.role(segment.from());
        let (me, peer) = ends(&self.halves, from);
        let next = me.steady && segment.seq.0 == me.sender.snd_max() as u32 && !segment.bits.any(UNUSUAL);
        if next && is_next_data(segment, me, peer) {
            let silence = self.note_time(segment);
            self.on_expected(segment, from, silence, events);
        } else if next && segment.flags == TcpFlags::ACK && segment.payload_len == 0 {
            let silence = self.note_time(segment);
            self.on_expected_ack(segment, sacks(), from, silence, events);
        } else {
            return false;
        }
        true
    }

    /// The expected data. All of it is one function in the end, so that nothing passes through memory that hardly anybody reads.
    #[inline(never)]
    fn on_expected<E: EventSink>(&mut self, segment: &Segment, from: usize, silence: Nanos, events: &mut E) {
        let (me, _) = ends_mut(&mut self.halves, from);
        let largest = me.largest_segment();
        me.volume.count_expected(segment, largest);
        me.note_ttl(segment.ttl);
        if segment.payload_len > largest {
            self.quality.set(Quality::SUPER_PACKETS);
        }
        let timed = segment.bits.has(SegmentBits::TIMESTAMPS);
        if timed {
            me.last_tsval = Some(segment.tsval);
        }
        me.last_ack = Some(segment.ack.0);
        self.zeek.on_expected(segment, from);
        self.handshake.on_expected(timed);
        if let Some(lag) = me.sender.mail(segment.ts, me.rtt.recent_min()) {
            self.deliver_mail(segment, from, lag);
        }
        let (me, peer) = ends_mut(&mut self.halves, from);
        let round_trip = || Halves { sender: me.rtt.recent_min(), peer: peer.rtt.recent_min() }.round_trip();
        let sizes = Sizes { usual: me.segment_size(), largest };
        let all_acked = !me.sender.is_waiting();
        let verdict = me.sender.on_expected(segment, sizes, round_trip);
        if all_acked {
            me.last_progress = segment.ts;
        }
        self.note_payload(segment, from, sizes.usual);
        self.tell_verdict(segment, from, &verdict, events);
        self.note_stall(segment, from, (silence, &verdict), events);
        self.offer_again(segment, from, verdict.hi);
        self.tell_segment(segment, from, Some(&verdict), events);
    }

    /// A bare ACK whose sender has sent all that lies before it, which may also be the last one of the handshake, or the peer's first, or one
    /// of the close: all that is looked at longer than others are is what it acknowledges.
    #[inline(always)]
    pub(super) fn is_ordinary_ack(&self, segment: &Segment, from: usize) -> bool {
        let (me, peer) = ends(&self.halves, from);
        segment.flags == TcpFlags::ACK
            && segment.payload_len == 0
            && !segment.bits.any(UNUSUAL)
            && segment.seq.0 == me.sender.snd_max() as u32
            && me.sender.started()
            && peer.sender.started()
            && !me.acks.probed()
            && (from == CLIENT || !self.handshake.awaits_ack())
    }

    /// A bare ACK whose sender has sent all that lies before it: as data it is nothing.
    #[inline(never)]
    pub(super) fn on_expected_ack<E: EventSink>(
        &mut self,
        segment: &Segment,
        sacks: &[SackBlock],
        from: usize,
        silence: Nanos,
        events: &mut E,
    ) {
        let (me, _) = ends_mut(&mut self.halves, from);
        me.volume.count_ack(segment);
        me.note_ttl(segment.ttl);
        if segment.bits.has(SegmentBits::TIMESTAMPS) {
            me.last_tsval = Some(segment.tsval);
        }
        me.last_ack = Some(segment.ack.0);
        self.zeek.on_segment(segment, from);
        self.handshake.on_established(segment);
        let half = me.rtt.recent_min();
        if let Some(lag) = me.sender.mail(segment.ts, half)
            && !me.sender.take_signs(segment.ts, half, lag)
        {
            self.deliver_mail(segment, from, lag);
        }
        let (me, _) = ends_mut(&mut self.halves, from);
        let verdict = me.sender.on_expected_ack(segment);
        self.tell_verdict(segment, from, &verdict, events);
        self.note_stall(segment, from, (silence, &verdict), events);
        let peer = &self.halves[1 - from].sender;
        let ack = peer.ack_position(segment.ack);
        if sacks.is_empty() && peer.advances_to(ack) && !self.teardown.begun() {
            self.on_bare_advance(segment, from, (ack, verdict.hi), events);
        } else {
            self.on_ack_field(segment, sacks, from, &{ verdict }, events); // a copy, so that the other way has none in memory
        }
        if from == CLIENT && self.handshake.awaits_ack() {
            self.note_client_ack(segment);
        }
        self.halves[from].went_on = true;
        self.tell_segment(segment, from, Some(&verdict), events);
    }

    /// The sender has heard something before it sent this segment. `lag`: see [`Reader`].
    #[inline(never)]
    fn deliver_mail(&mut self, segment: &Segment, from: usize, lag: Nanos) {
        let (me, peer) = ends_mut(&mut self.halves, from);
        me.sender.note_echo(segment);
        let ack = peer.sender.ack_position(segment.ack);
        let reader = Reader { t: segment.ts, half: me.rtt.recent_min(), lag, ack };
        let taken = me.sender.take_ack(&reader, peer.rtt.recent_min());
        if (!taken || me.sender.has_mail(&reader)) && !me.sender.skim(&reader) {
            let (halves, sack, size) = (self.halves_of(from), self.sack(), self.halves[from].segment_size());
            self.halves[from].sender.receive(&reader, halves, sack, size);
        }
    }

    /// It offers the window that the last segment offered. `end`: of what it has sent.
    #[inline(always)]
    fn offer_again(&mut self, segment: &Segment, from: usize, end: u64) {
        let scale = self.handshake.scale(from);
        let (me, peer) = ends_mut(&mut self.halves, from);
        let ack = peer.sender.una();
        me.window.on_same(segment);
        let room = scale.room(segment.window);
        if !peer.sender.hear_sign(segment.ts, ack, room) {
            self.offer_anew(segment, from, ack, room, end);
        }
    }
}

/// These are the next bytes of `me`, two at least, and all else is what `me` said last.
#[inline(always)]
fn is_next_data(segment: &Segment, me: &Half, peer: &Half) -> bool {
    segment.flags.0 & !TcpFlags::PSH.0 == TcpFlags::ACK.0
        && segment.payload_len > 1
        && segment.sack_len == 0
        && segment.ack.0 == peer.sender.una() as u32
        && segment.window > 0
        && me.acks.repeats(segment.window)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::{Endpoint, FlowKey, RoleEvidence, Seq, Side, Timestamp};
    use crate::tcp::teardown::SERVER;
    use crate::tcp::verdict::Verdict;
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

    /// What a step may be besides data and ACKs.
    const SYN: u8 = 13;
    const FIN: u8 = 12;

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
                11 => (self.next[from].wrapping_sub(1), amount % 2),
                SYN => (self.next[from], 0),
                _ => (self.next[from], amount % 3),
            };
            let (syn, fin) = (what == SYN, what == FIN);
            let end = seq.wrapping_add(payload_len + u32::from(syn || fin));
            if end.wrapping_sub(self.next[from]) as i32 > 0 {
                self.next[from] = end;
            }
            let heard = self.next[1 - from].wrapping_sub(u32::from(lag) * 700);
            if heard.wrapping_sub(self.acked[from]) as i32 > 0 {
                self.acked[from] = heard;
            }
            let ack = self.acked[from];
            self.tsval[from] = (self.t / 1_000_000) as u32;
            let answers = !syn || from == SERVER;
            let mut flags = if answers { TcpFlags::ACK } else { TcpFlags::default() };
            for (flag, set) in [(TcpFlags::PSH, what == 5), (TcpFlags::FIN, fin), (TcpFlags::SYN, syn)] {
                flags = if set { flags.with(flag) } else { flags };
            }
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
                ip_id: (self.frame + u64::from(amount % 89 == 0)) as u16,
                flags,
                header_len: 52,
                bits,
                sack_len: sacks.len() as u8,
                ttl: if amount % 97 == 0 { 57 } else { 64 },
                ..Segment::default()
            };
            (segment, sacks)
        }
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let window = prop::sample::select(vec![500u16, 500, 500, 500, 400, 0]);
        let pause = prop::sample::select(vec![0i64, 1_000, 50_000, 700_000, 30_000_000, 400_000_000, -20_000]);
        let talk = prop::collection::vec((0usize..2, 0u8..=FIN, 1u32..1400, window, 0u8..5, pause), 1..120);
        // Of some connections the capture has the SYN, the SYN-ACK, or both.
        (talk, any::<[bool; 2]>()).prop_map(|(talk, seen)| {
            let syns = [(CLIENT, SYN, 1, 400, 0, 1_000), (SERVER, SYN, 1, 400, 0, 1_000)];
            syns.into_iter().zip(seen).filter_map(|(syn, seen)| seen.then_some(syn)).chain(talk).collect()
        })
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

        /// A connection that was another one before is what a new one would be.
        #[test]
        fn what_was_reset_is_as_good_as_new(before in steps(), steps in steps(), timed in any::<bool>()) {
            let (mut used, mut hosts) = (Connection::default(), Hosts::default());
            for (n, step) in before.iter().enumerate() {
                let (segment, sacks) = hosts.step(step, timed);
                if n == 0 {
                    used.begin(&segment, Side::Lo, RoleEvidence::PortOrder, None);
                }
                used.on_segment(&segment, &sacks, None, &mut Heard::default());
            }
            used.reset();
            let [mut again, mut new] = [Heard::default(), Heard::default()];
            let (mut hosts, mut fresh) = (Hosts::default(), None);
            for step in &steps {
                let (segment, sacks) = hosts.step(step, timed);
                let fresh = fresh.get_or_insert_with(|| {
                    used.begin(&segment, Side::Lo, RoleEvidence::PortOrder, None);
                    Connection::open(&segment, Side::Lo, RoleEvidence::PortOrder, None)
                });
                used.on_segment(&segment, &sacks, None, &mut again);
                fresh.on_segment(&segment, &sacks, None, &mut new);
            }
            let Some(mut fresh) = fresh else { return Ok(()) };
            let end = Timestamp(hosts.t + 1_000_000_000);
            prop_assert_eq!(used.summary(None, end, &mut again), fresh.summary(None, end, &mut new));
            prop_assert_eq!(again, new);
        }
    }
}
