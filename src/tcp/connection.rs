//! One connection: the ordered list of its analyzers.

use super::conversation::Conversation;
use super::duplicates::Copy;
use super::event::{EventKind, EventSink};
use super::half::{Half, ends, ends_mut};
use super::handshake::Handshake;
use super::identity::Pending;
use super::knowledge::Halves;
use super::recovery::Trigger;
use super::reset::isn_before;
use super::summary::{Quality, RoleEvidence, TcpState};
use super::teardown::{CLIENT, SERVER, Teardown};
use super::verdict::{Kind, Surroundings, Verdict};
use super::zeek::Zeek;
use crate::base::packed::packed;
use crate::base::{
    FlowKey, IcmpError, IcmpKind, Maybe, Nanos, SackBlock, Segment, SegmentBits, Side, TcpFlags, Timestamp,
};

/// A closed connection waits for stragglers this long, or four of its timers if that is longer (`semantics.md` 1).
pub(super) const LINGER: Nanos = Nanos::from_secs(3);
/// One bad checksum in five, and the sender's network card computes them in a way that we do not know.
const CHECKSUMS_UNRELIABLE: u64 = 5;

/// A segment with one of these bits says something of the capture, or means nothing to its receiver.
pub(super) const UNUSUAL: SegmentBits = SegmentBits::HEADER_TRUNCATED
    .with(SegmentBits::OPTIONS_TRUNCATED)
    .with(SegmentBits::FRAGMENTED)
    .with(SegmentBits::LEN_FROM_FRAME)
    .with(SegmentBits::BAD_CHECKSUM)
    .with(SegmentBits::MALFORMED);
/// Every segment of a stack has one of these flags.
const MEANINGFUL: TcpFlags = TcpFlags::SYN.with(TcpFlags::ACK).with(TcpFlags::FIN).with(TcpFlags::RST);

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
#[derive(Clone, Debug, Default)]
pub struct Connection {
    pub(super) key: FlowKey,
    /// The latest time of any packet: later than the last one's where the clock went backwards. Packed, it stands behind the key.
    pub(super) last: Timestamp,
    pub(super) client_side: Side,
    pub(super) role_evidence: RoleEvidence,
    pub(super) first: Timestamp,
    /// Time of the last packet in the order of the capture.
    pub(super) end: Timestamp,
    /// Time of the packet before the one that is looked at.
    pub(super) previous: Timestamp,
    pub(super) idle_max: Nanos,
    /// Largest step backwards of its packets' times.
    regress: Nanos,
    pub(super) reused_after: Maybe<Nanos>,
    pub(super) halves: [Half; 2],
    pub(super) handshake: Handshake,
    pub(super) teardown: Teardown,
    pub(super) zeek: Zeek,
    pub(super) quality: Quality,
    pub(super) conversation: Conversation,
    pub(super) pending: Option<Box<Pending>>,
    pub(super) far_packets: u8,
    /// The states that were told last, where somebody listens.
    pub(super) told: [TcpState; 2],
}

packed! {
    Connection {
        (key)
        [last ~ end, first, previous, idle_max]
        [; client_side, role_evidence, told, quality, far_packets]
        [regress, reused_after]
        halves, handshake, teardown, zeek, conversation, pending
    }
}

impl Connection {
    /// A connection whose first packet is `segment`; it is still to be fed to [`Connection::on_segment`].
    pub fn open(
        segment: &Segment,
        client_side: Side,
        role_evidence: RoleEvidence,
        reused_after: Option<Nanos>,
    ) -> Self {
        let mut connection = Self::default();
        connection.begin(segment, client_side, role_evidence, reused_after);
        connection
    }

    /// The same of one that is empty, in its place: there are millions of them, and they are large.
    pub fn begin(
        &mut self,
        segment: &Segment,
        client_side: Side,
        role_evidence: RoleEvidence,
        reused_after: Option<Nanos>,
    ) {
        self.key = segment.key;
        (self.client_side, self.role_evidence) = (client_side, role_evidence);
        (self.first, self.last, self.end, self.previous) = (segment.ts, segment.ts, segment.ts, segment.ts);
        self.reused_after = reused_after.into();
        for half in &mut self.halves {
            half.last_progress = segment.ts;
        }
        if self.role(segment.from()) == SERVER {
            self.zeek.flip();
        }
    }

    /// Makes it what it was before [`Connection::begin`], but keeps the room of its queues: for the next one.
    pub fn reset(&mut self) {
        let rooms = self.halves.each_mut().map(|half| half.sender.take_room());
        *self = Self::default();
        for (half, room) in self.halves.iter_mut().zip(rooms) {
            half.sender.give_room(room);
        }
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

    /// It is being closed, or is closed: without that it has no deadline.
    #[inline]
    pub const fn is_closing(&self) -> bool {
        self.teardown.begun()
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

    /// What the last segment changed of earlier verdicts has not been told yet.
    pub fn has_something_to_tell(&self) -> bool {
        self.halves.iter().any(|half| half.sender.has_revisions())
    }

    /// Time of its last packet.
    pub const fn last(&self) -> Timestamp {
        self.last
    }

    /// Bytes of memory that it takes beside its own size, about.
    pub fn heap(&self) -> usize {
        self.halves.iter().map(Half::heap).sum::<usize>() + self.conversation.heap()
    }

    /// Time of its first packet.
    pub const fn first(&self) -> Timestamp {
        self.first
    }

    /// Its next segment. `copy`: a segment like it was seen a moment ago. `events` hears of what happens.
    #[inline(always)]
    pub fn on_segment<E: EventSink>(
        &mut self,
        segment: &Segment,
        sacks: &[SackBlock],
        copy: Option<Copy>,
        events: &mut E,
    ) {
        let from = self.role(segment.from());
        if let Some(copy) = copy
            && self.is_copy(segment, from, copy, events)
        {
            return;
        }
        if self.on_expected_segment(segment, || sacks, events) {
            return;
        }
        let silence = self.note_time(segment);
        if self.is_ordinary_ack(segment, from) {
            self.on_expected_ack(segment, sacks, from, silence, events);
        } else {
            self.on_any(segment, sacks, from, events);
        }
        self.look_ahead();
    }

    /// A segment of any kind.
    #[inline(never)]
    pub(super) fn on_any<E: EventSink>(&mut self, segment: &Segment, sacks: &[SackBlock], from: usize, events: &mut E) {
        self.halves[from].count(segment);
        self.zeek.on_segment(segment, from);
        let usual = !segment.bits.any(UNUSUAL) && !segment.flags.syn() && segment.flags.any(MEANINGFUL);
        self.note_size(segment, from);
        if !usual {
            if segment.bits.any(UNUSUAL) {
                self.note_quality(segment);
            }
            if self.is_invalid(segment, from) {
                return;
            }
        }
        if segment.bits.has(SegmentBits::TIMESTAMPS) {
            self.halves[from].last_tsval = Some(segment.tsval);
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
        self.end_segment(segment, from, verdict.as_ref(), events);
    }

    /// What is done at the end with each segment that means something.
    #[inline]
    fn end_segment<E: EventSink>(&mut self, segment: &Segment, from: usize, verdict: Option<&Verdict>, events: &mut E) {
        if !segment.flags.rst() {
            let me = &mut self.halves[from];
            me.ttl = Some(segment.ttl);
            if segment.flags.ack() {
                me.last_ack = Some(segment.ack.0);
            }
        }
        self.tell_segment(segment, from, verdict, events);
    }

    /// A segment that means something was looked at.
    #[inline(always)]
    pub(super) fn tell_segment<E: EventSink>(
        &mut self,
        segment: &Segment,
        from: usize,
        verdict: Option<&Verdict>,
        events: &mut E,
    ) {
        if E::LISTENS {
            self.tell_states(segment, from, events);
            events.segment(segment, from, verdict);
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

    /// Gives the time since the last packet.
    #[inline(always)]
    pub(super) fn note_time(&mut self, segment: &Segment) -> Nanos {
        self.previous = self.last;
        self.end = segment.ts;
        let gap = segment.ts - self.last;
        if gap >= Nanos::ZERO {
            self.idle_max = self.idle_max.max(gap);
            self.last = segment.ts;
        } else {
            self.regress = self.regress.max(gap.abs());
            self.quality.set(Quality::TIME_REGRESS);
        }
        gap
    }

    fn note_size(&mut self, segment: &Segment, from: usize) {
        if segment.payload_len > self.halves[from].largest_segment() {
            self.quality.set(Quality::SUPER_PACKETS);
        }
    }

    #[cold]
    fn note_quality(&mut self, segment: &Segment) {
        for (bit, word) in [
            (SegmentBits::HEADER_TRUNCATED, Quality::TRUNCATED),
            (SegmentBits::OPTIONS_TRUNCATED, Quality::OPTIONS_TRUNCATED),
            (SegmentBits::FRAGMENTED, Quality::FRAGMENTED),
            (SegmentBits::LEN_FROM_FRAME, Quality::SUPER_PACKETS),
        ] {
            if segment.bits.has(bit) {
                self.quality.set(word);
            }
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
        let none = !flags.any(MEANINGFUL);
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
        let around = self.surroundings(segment, from);
        let sender = &mut self.halves[from].sender;
        let (lo, before) = (sender.position(segment.seq), sender.snd_max());
        let verdict = sender.on_segment(segment, lo, &around);
        if verdict.kind == Kind::Stray {
            return verdict;
        }
        self.tell_verdict(segment, from, &verdict, events);
        self.note_stall(segment, from, (segment.ts - self.previous, &verdict), events);
        self.note_progress(segment, from, &verdict, before);
        if segment.flags.fin() {
            if !self.teardown.any_fin() {
                self.note_farewell(segment, from);
            }
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
    #[inline]
    fn start_streams(&mut self, segment: &Segment, from: usize) {
        let (me, peer) = ends_mut(&mut self.halves, from);
        if !me.sender.started() {
            me.sender.pick_up(segment.seq);
        }
        if segment.flags.ack() && !peer.sender.started() {
            if self.handshake.syn_seen() && from == CLIENT {
                peer.sender.start_at(isn_before(segment.ack)); // the first ACK after the SYN acknowledges the server's
            } else {
                peer.sender.pick_up(segment.ack);
            }
        }
    }

    #[inline]
    fn note_progress(&mut self, segment: &Segment, from: usize, verdict: &Verdict, before: u64) {
        let (me, peer) = ends_mut(&mut self.halves, from);
        me.probed_last = verdict.kind == Kind::Keepalive;
        peer.unanswered_probes = 0;
        match verdict.kind {
            Kind::New | Kind::NewAfterGap | Kind::Overtaken => self.note_new_data(segment, from, before),
            Kind::Keepalive | Kind::ZeroWindowProbe => self.note_probe(segment, from, verdict.kind),
            Kind::Retransmission(trigger) => {
                if trigger == Trigger::Rto {
                    me.on_timeout();
                }
                self.note_resend(segment, from, verdict);
            }
            Kind::Empty | Kind::OutOfOrder | Kind::Stray => {}
        }
    }

    fn note_new_data(&mut self, segment: &Segment, from: usize, before: u64) {
        let me = &mut self.halves[from];
        if me.sender.una() >= before {
            me.last_progress = segment.ts;
        }
        if segment.payload_len > 0 && !self.teardown.any_fin() {
            let size = self.halves[from].segment_size();
            self.note_payload(segment, from, size);
        }
        if self.teardown.reset().is_some_and(|r| segment.ts > r.t && segment.payload_len > 0) {
            self.teardown.on_data_after_reset(from);
        }
    }

    #[inline(never)]
    fn note_probe(&mut self, segment: &Segment, from: usize, kind: Kind) {
        let (me, peer) = ends_mut(&mut self.halves, from);
        me.acks.on_probe(kind, segment.ts - self.previous);
        if kind == Kind::Keepalive {
            me.unanswered_probes = me.unanswered_probes.saturating_add(1);
        }
        peer.acks.on_peer_probe(segment.ts);
    }

    /// SACK is in use. Where the handshake does not tell, it is taken for granted: hardly a host does without.
    pub(super) fn sack(&self) -> bool {
        let [client, server] = &self.halves;
        let rewritten = client.sender.sacks_are_rewritten() || server.sender.sacks_are_rewritten();
        self.handshake.sack().unwrap_or(true) && !rewritten
    }

    /// The smallest round trips from the capture point to a sender and to its peer.
    pub(super) fn halves_of(&self, sender: usize) -> Halves {
        Halves { sender: self.halves[sender].rtt.recent_min(), peer: self.halves[1 - sender].rtt.recent_min() }
    }

    /// What the sender's model must be told of the rest of the connection.
    #[inline]
    pub(super) fn surroundings(&self, segment: &Segment, from: usize) -> Surroundings {
        let (me, peer) = ends(&self.halves, from);
        Surroundings {
            halves: Halves { sender: me.rtt.recent_min(), peer: peer.rtt.recent_min() },
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
