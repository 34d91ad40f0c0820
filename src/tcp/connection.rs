//! One connection: the ordered list of its analyzers.

use super::acknowledged::AckMove;
use super::acks::AckClass;
use super::duplicates::{Copy, Identity, Origin, identity};
use super::event::{EventKind, EventSink};
use super::half::Half;
use super::handshake::{Handshake, HandshakeSample};
use super::identity::Pending;
use super::knowledge::{Halves, News};
use super::recovery::Trigger;
use super::reset::{Judgement, Scene, isn_before, judge};
use super::rtt::{Sample, SampleClass};
use super::summary::{Quality, RoleEvidence, RstKind, TcpState};
use super::teardown::{CLIENT, Reset, SERVER, Teardown};
use super::verdict::{Kind, Surroundings, Verdict};
use super::window::Scale;
use super::zeek::Zeek;
use crate::base::{FlowKey, IcmpError, IcmpKind, Nanos, SackBlock, Segment, SegmentBits, Side, TcpFlags, Timestamp};

/// A closed connection waits for stragglers this long, or four of its timers if that is longer (`semantics.md` 1).
const LINGER: Nanos = Nanos::from_secs(3);
/// One bad checksum in five, and the sender's network card computes them in a way that we do not know.
const CHECKSUMS_UNRELIABLE: u64 = 5;

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing but SYNs and resets so far.
    Opening,
    /// Neither side has closed.
    Open,
    /// One side has.
    HalfClosed,
}

/// The state of one connection.
#[derive(Clone, Debug)]
pub struct Connection {
    pub(super) key: FlowKey,
    pub(super) client_side: Side,
    pub(super) role_evidence: RoleEvidence,
    pub(super) first: Timestamp,
    /// The latest time of any packet: later than the last one's where the clock went backwards.
    pub(super) last: Timestamp,
    /// Time of the last packet in the order of the capture.
    pub(super) end: Timestamp,
    /// Time of the packet before the one that is looked at.
    pub(super) previous: Timestamp,
    pub(super) idle_max: Nanos,
    /// Largest step backwards of its packets' times.
    regress: Nanos,
    pub(super) reused_after: Option<Nanos>,
    pub(super) halves: [Half; 2],
    pub(super) handshake: Handshake,
    pub(super) teardown: Teardown,
    pub(super) zeek: Zeek,
    pub(super) quality: Quality,
    pub(super) pending: Option<Box<Pending>>,
    pub(super) far_packets: u8,
    pub(super) last_tsval: [Option<u32>; 2],
    /// The states that were told last, where somebody listens.
    pub(super) told: [TcpState; 2],
}

impl Connection {
    /// A connection whose first packet is `segment`; it is still to be fed to [`Connection::on_segment`].
    pub fn open(
        segment: &Segment,
        client_side: Side,
        role_evidence: RoleEvidence,
        reused_after: Option<Nanos>,
    ) -> Self {
        let mut connection = Self {
            key: segment.key,
            client_side,
            role_evidence,
            first: segment.ts,
            last: segment.ts,
            end: segment.ts,
            previous: segment.ts,
            idle_max: Nanos::ZERO,
            regress: Nanos::ZERO,
            reused_after,
            halves: Default::default(),
            handshake: Handshake::default(),
            teardown: Teardown::default(),
            zeek: Zeek::default(),
            quality: Quality::default(),
            pending: None,
            far_packets: 0,
            last_tsval: [None; 2],
            told: [TcpState::Closed; 2],
        };
        for half in &mut connection.halves {
            half.last_progress = segment.ts;
        }
        if connection.role(segment.from()) == SERVER {
            connection.zeek.flip();
        }
        connection
    }

    /// The endpoints.
    pub const fn key(&self) -> &FlowKey {
        &self.key
    }

    /// Which side of the key is the client.
    pub const fn client_side(&self) -> Side {
        self.client_side
    }

    /// 0 for the client, 1 for the server.
    pub fn role(&self, side: Side) -> usize {
        if side == self.client_side { CLIENT } else { SERVER }
    }

    /// When a closed connection's row leaves, if nothing more comes.
    pub fn deadline(&self) -> Option<Timestamp> {
        if !self.teardown.closed() {
            return None;
        }
        let timer = self.halves.iter().filter_map(|h| h.timer.rto()).max().unwrap_or(Nanos::ZERO);
        Some(self.last + timer.scale(4, 1).max(LINGER))
    }

    /// How far it is, for the time that it may be silent in a run that never ends.
    pub fn phase(&self) -> Phase {
        if self.teardown.any_fin() {
            Phase::HalfClosed
        } else if self.halves.iter().all(|h| !h.went_on) {
            Phase::Opening
        } else {
            Phase::Open
        }
    }

    /// Time of its last packet.
    pub const fn last(&self) -> Timestamp {
        self.last
    }

    /// Time of its first packet.
    pub const fn first(&self) -> Timestamp {
        self.first
    }

    /// Its next segment. `copy`: a segment like it was seen a moment ago. `events` hears of what happens.
    pub fn on_segment<E: EventSink>(
        &mut self,
        segment: &Segment,
        sacks: &[SackBlock],
        copy: Option<Copy>,
        events: &mut E,
    ) {
        let from = self.role(segment.from());
        if self.is_copy(segment, from, copy, events) {
            return;
        }
        self.note_time(segment);
        self.note_quality(segment, from);
        self.halves[from].count(segment);
        self.zeek.on_segment(segment, from);
        if self.is_invalid(segment, from) {
            return;
        }
        if segment.timestamp().is_some() {
            self.last_tsval[from] = segment.timestamp();
        }
        let verdict = if segment.flags.rst() {
            self.on_rst(segment, from, events);
            None
        } else if segment.flags.syn() {
            self.on_syn(segment, sacks, from, events);
            None
        } else {
            Some(self.on_plain(segment, sacks, from, events))
        };
        if !segment.flags.rst() {
            let me = &mut self.halves[from];
            me.ttl = Some(segment.ttl);
            me.last_ack = segment.flags.ack().then_some(segment.ack.0).or(me.last_ack);
        }
        if E::LISTENS {
            self.tell_states(segment, from, events);
            events.segment(segment, from, verdict.as_ref());
        }
    }

    /// An ICMP error that quotes a packet of it.
    pub fn on_icmp(&mut self, error: &IcmpError) {
        let quoted = self.role(error.from);
        if error.kind == IcmpKind::TooBig {
            self.halves[quoted].sender.on_too_big(error.ts);
        }
        if error.kind == IcmpKind::Unreachable && quoted == CLIENT && self.handshake.client_isn() == Some(error.seq) {
            self.handshake.on_unreachable();
        }
    }

    fn is_copy<E: EventSink>(&mut self, segment: &Segment, from: usize, copy: Option<Copy>, events: &mut E) -> bool {
        let Some(copy) = copy.filter(|_| !segment.bits.has(SegmentBits::MALFORMED)) else { return false };
        let (round_trip, counts) = (self.rtt_min(), self.copies());
        let copied = counts.0 > 0 || copy.common || self.answers_no_syn(segment, from);
        let me = &mut self.halves[from];
        match identity(segment, copy, me.sender.constant_ids(), round_trip) {
            Identity::Same => {}
            Identity::None if copied && copy.second => {}
            Identity::None | Identity::Other => return false,
        }
        let lo = me.sender.position(segment.seq);
        let largest = me.largest_segment();
        let known = me.duplicates.set_aside(segment, copy, lo, largest, counts);
        if copy.common || me.duplicates.origin() == Origin::Capture {
            me.sender.forget_copies();
        } else {
            me.sender.on_copy(segment);
        }
        self.tell_copies(from, &known, events);
        true
    }

    /// A refusal too many: each SYN gets one.
    fn answers_no_syn(&self, segment: &Segment, from: usize) -> bool {
        let refuses = from == SERVER && segment.flags.rst() && segment.flags.ack() && !self.handshake.syn_ack_seen();
        refuses && self.halves[SERVER].volume.rsts() >= self.handshake.syn_count()
    }

    fn note_time(&mut self, segment: &Segment) {
        self.previous = self.last;
        let gap = segment.ts - self.last;
        if gap < Nanos::ZERO {
            self.regress = self.regress.max(gap.abs());
            self.quality.set(Quality::TIME_REGRESS);
        }
        self.idle_max = self.idle_max.max(gap);
        self.last = self.last.max(segment.ts);
        self.end = segment.ts;
    }

    fn note_quality(&mut self, segment: &Segment, from: usize) {
        let bits = segment.bits;
        if bits.has(SegmentBits::HEADER_TRUNCATED) {
            self.quality.set(Quality::TRUNCATED);
        }
        if bits.has(SegmentBits::OPTIONS_TRUNCATED) {
            self.quality.set(Quality::OPTIONS_TRUNCATED);
        }
        if bits.has(SegmentBits::FRAGMENTED) {
            self.quality.set(Quality::FRAGMENTED);
        }
        if segment.payload_len > self.halves[from].largest_segment() || bits.has(SegmentBits::LEN_FROM_FRAME) {
            self.quality.set(Quality::SUPER_PACKETS);
        }
    }

    /// The receiver drops it, so that it changes nothing: a wrong checksum, or flags that no stack sends.
    fn is_invalid(&self, segment: &Segment, from: usize) -> bool {
        let volume = &self.halves[from].volume;
        let bad = segment.bits.has(SegmentBits::BAD_CHECKSUM)
            && u64::from(volume.bad_checksums()) * CHECKSUMS_UNRELIABLE <= volume.packets();
        let flags = segment.flags;
        let malformed = segment.bits.has(SegmentBits::MALFORMED);
        let contradictory = flags.syn() && flags.any(TcpFlags::FIN.with(TcpFlags::RST));
        let none = !flags.any(TcpFlags(0x17));
        bad || malformed || contradictory || none
    }

    fn on_plain<E: EventSink>(
        &mut self,
        segment: &Segment,
        sacks: &[SackBlock],
        from: usize,
        events: &mut E,
    ) -> Verdict {
        self.start_streams(segment, from);
        self.handshake.on_established(segment);
        let lo = self.halves[from].sender.position(segment.seq);
        let around = self.surroundings(segment, from);
        let before = self.halves[from].sender.snd_max();
        let verdict = self.halves[from].sender.on_segment(segment, lo, &around);
        if verdict.kind == Kind::Stray {
            return verdict;
        }
        self.tell_verdict(segment, from, &verdict, events);
        self.note_stall(segment, from, &verdict);
        self.note_progress(segment, from, &verdict, before);
        if segment.flags.fin() {
            let ack = self.halves[1 - from].sender.ack_position(segment.ack);
            self.teardown.on_fin(from, segment.ts, ack);
            self.tell(segment, from, EventKind::Fin, events);
        }
        if segment.flags.ack() {
            self.on_ack_field(segment, sacks, from, &verdict, events);
            if from == CLIENT {
                self.note_client_ack(segment);
            } else if self.handshake.syn_seen() && !self.handshake.syn_ack_seen() && !self.halves[CLIENT].went_on {
                self.handshake.on_challenge();
            }
        }
        self.halves[from].went_on = true;
        verdict
    }

    /// Picks the streams up where no SYN told where they begin.
    fn start_streams(&mut self, segment: &Segment, from: usize) {
        if !self.halves[from].sender.started() {
            self.halves[from].sender.pick_up(segment.seq);
        }
        if segment.flags.ack() && !self.halves[1 - from].sender.started() {
            let sender = &mut self.halves[1 - from].sender;
            if self.handshake.syn_seen() && from == CLIENT {
                sender.start_at(isn_before(segment.ack)); // the first ACK after the SYN acknowledges the server's
            } else {
                sender.pick_up(segment.ack);
            }
        }
    }

    fn note_progress(&mut self, segment: &Segment, from: usize, verdict: &Verdict, before: u64) {
        let me = &mut self.halves[from];
        me.acks.on_probe(verdict.kind);
        let probe = matches!(verdict.kind, Kind::Keepalive | Kind::ZeroWindowProbe);
        me.probed_last = verdict.kind == Kind::Keepalive;
        if me.probed_last {
            me.unanswered_probes = me.unanswered_probes.saturating_add(1);
        }
        if verdict.kind == Kind::Retransmission(Trigger::Rto) {
            me.on_timeout();
        }
        if verdict.is_new() {
            if me.sender.una() >= before {
                me.last_progress = segment.ts;
            }
            if self.teardown.reset().is_some_and(|r| segment.ts > r.t && segment.payload_len > 0) {
                self.teardown.on_data_after_reset(from);
            }
        }
        let peer = &mut self.halves[1 - from];
        peer.unanswered_probes = 0;
        if probe {
            peer.acks.on_peer_probe(segment.ts);
        }
    }

    /// A silence that ends now: whose stall was it? (`semantics.md` 6.)
    fn note_stall(&mut self, segment: &Segment, from: usize, verdict: &Verdict) {
        let gap = segment.ts - self.previous;
        if gap < Nanos::from_millis(20) {
            return;
        }
        let sender = match verdict.kind {
            Kind::Retransmission(_) | Kind::ZeroWindowProbe => Some(from),
            Kind::New | Kind::NewAfterGap if self.halves[from].sender.limit.active() => Some(from),
            Kind::Empty if self.halves[1 - from].sender.is_waiting() => Some(1 - from),
            _ => None,
        };
        if let Some(sender) = sender {
            let half = &mut self.halves[sender];
            half.stalls.on_silence(self.previous, segment.ts, half.timer.srtt(), half.timer.rto());
        }
    }

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
        let closes = self.note_window(segment, from, &moved, verdict, class);
        self.tell_ack(segment, from, &moved, class, closes, events);
        if self.halves[peer].sender.fin_acked() {
            self.teardown.on_fin_acked(peer, segment.ts);
        }
    }

    /// The window that a segment offers. True if it closes it.
    fn note_window(
        &mut self,
        segment: &Segment,
        from: usize,
        moved: &AckMove,
        verdict: &Verdict,
        class: AckClass,
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
            edge: edge.into(),
            seq_end: hi,
            sacks: None,
            stamps: segment.timestamp().zip(segment.echo()),
            zero_window: segment.window == 0 && known && counts,
            has_data: hi > lo,
            duplicate: class.is_duplicate(),
        };
        if let Some(oldest) = self.halves[peer].sender.hear(news) {
            let (halves, sack, size) = (self.halves_of(peer), self.sack(), self.halves[peer].segment_size());
            self.halves[peer].sender.learn(&oldest, oldest.t, halves, sack, size);
        }
        closes
    }

    /// A round trip between the capture point and the endpoint `of`; with the other half it is one of its peer as a sender.
    fn add_sample(&mut self, of: usize, sample: Sample) {
        self.halves[of].rtt.add(sample);
        let other = &self.halves[1 - of].rtt;
        if let Some(half) = other.newest() {
            self.halves[1 - of].timer.add(sample.rtt + half);
        }
    }

    fn on_rst<E: EventSink>(&mut self, segment: &Segment, from: usize, events: &mut E) {
        self.tell(segment, from, EventKind::Rst, events);
        let scene = Scene {
            me: &self.halves[from],
            peer: &self.halves[1 - from],
            from,
            handshake: &self.handshake,
            teardown: &self.teardown,
            last: self.previous,
        };
        let mut judgement = judge(segment, &scene);
        if self.is_discovery(segment, from) {
            let waiting = self.teardown.any_fin();
            let kind = if waiting { RstKind::TimeWaitCollision } else { RstKind::HalfOpenDiscovery };
            judgement = Judgement::Effective(kind);
        }
        let Judgement::Effective(kind) = judgement else { return };
        if kind == RstKind::Refused
            && let Some(HandshakeSample { t, rtt, .. }) = self.handshake.on_refusal(segment.ts)
        {
            self.add_sample(SERVER, Sample { t, rtt, class: SampleClass::Immediate });
        }
        let ack = segment.flags.ack().then(|| self.halves[1 - from].sender.ack_position(segment.ack));
        let me = &self.halves[from];
        let distant = me.ttl.is_some_and(|ttl| ttl.abs_diff(segment.ttl) >= 2);
        let snd_max = me.sender.snd_max();
        self.teardown.on_reset(Reset { from, t: segment.ts, kind, ack, late: false, distant, snd_max });
    }

    /// SACK is in use. Where the handshake does not tell, it is taken for granted: hardly a host does without.
    pub(super) fn sack(&self) -> bool {
        self.handshake.sack().unwrap_or(true) && !self.halves.iter().any(|h| h.sender.sacks_are_rewritten())
    }

    /// The smallest round trips from the capture point to a sender and to its peer.
    pub(super) fn halves_of(&self, sender: usize) -> Halves {
        Halves { sender: self.halves[sender].rtt.recent_min(), peer: self.halves[1 - sender].rtt.recent_min() }
    }

    pub(super) fn surroundings(&self, segment: &Segment, from: usize) -> Surroundings {
        let (me, peer) = (&self.halves[from], &self.halves[1 - from]);
        Surroundings {
            halves: self.halves_of(from),
            sack: self.sack(),
            heard_peer: peer.volume.packets() > 0,
            ack: peer.sender.ack_position(segment.ack),
            plain: !segment.flags.any(TcpFlags(0x07)),
            segment_size: me.segment_size(),
            largest_segment: me.largest_segment(),
            regress: self.regress,
        }
    }

    /// The smallest full round trip, if both halves are known.
    pub(super) fn rtt_min(&self) -> Option<Nanos> {
        match (self.halves[CLIENT].rtt.min(), self.halves[SERVER].rtt.min()) {
            (Some(c), Some(s)) => Some(c + s),
            _ => None,
        }
    }
}
