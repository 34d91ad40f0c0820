//! How the connection was opened: times, options, outcome (`semantics.md` 3).

use super::summary::{Ecn, FastOpen, HandshakeOutcome, HandshakeSummary};
use super::window::Scale;
use crate::base::{Nanos, Segment, SegmentBits, Seq, TcpFlags, Timestamp};

/// Copies of a SYN whose times are kept, to tell by the echo which one was answered. Linux sends seven, eleven since 6.5.
const COPIES: usize = 12;
/// RFC 7323 2.3: a shift above 14 counts as 14.
const MAX_SHIFT: u8 = 14;

/// One copy of a SYN or SYN-ACK.
#[derive(Clone, Copy, Debug)]
struct Sent {
    t: Timestamp,
    frame: u64,
    tsval: Option<u32>,
}

impl Sent {
    fn of(segment: &Segment) -> Self {
        Self { t: segment.ts, frame: segment.frame, tsval: segment.timestamp() }
    }
}

/// The SYN or the SYN-ACK, with its repetitions.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Of the segment that counts: the first, or the one whose sequence number went into use.
    segment: Segment,
    sent: Vec<Sent>,
    /// Repetitions included.
    count: u32,
    /// A repetition came without the Fast Open option.
    plain_again: bool,
}

impl Opening {
    fn new(segment: &Segment) -> Self {
        Self { segment: *segment, sent: vec![Sent::of(segment)], count: 1, plain_again: false }
    }

    fn again(&mut self, segment: &Segment) {
        self.count += 1;
        if self.sent.len() < COPIES {
            self.sent.push(Sent::of(segment));
        }
        self.plain_again |= !offers_fast_open(segment) && segment.payload_len == 0;
        if self.segment.seq != segment.seq {
            self.segment = *segment;
        }
    }

    fn first_t(&self) -> Timestamp {
        self.sent.first().map_or(self.segment.ts, |sent| sent.t)
    }

    /// The copy that an answer at `t` with this echo was for: the only one, or the only one with that timestamp. `None`: it cannot be told.
    fn answered(&self, t: Timestamp, echo: Option<u32>) -> Option<Timestamp> {
        let before = self.sent.iter().filter(|sent| sent.t <= t);
        if self.count == 1 {
            return before.map(|sent| sent.t).next();
        }
        let echo = echo?;
        let mut same = before.filter(|sent| sent.tsval == Some(echo)).map(|sent| sent.t);
        let only = same.next()?;
        same.next().is_none().then_some(only)
    }

    fn last_before(&self, t: Timestamp) -> Option<Timestamp> {
        self.sent.iter().rev().map(|sent| sent.t).find(|&sent| sent <= t)
    }
}

fn offers_fast_open(segment: &Segment) -> bool {
    segment.bits.has(SegmentBits::FAST_OPEN_COOKIE) || segment.bits.has(SegmentBits::FAST_OPEN_REQUEST)
}

/// The client's first ACK of the server's SYN.
#[derive(Clone, Copy, Debug)]
struct ClientAck {
    t: Timestamp,
    echo: Option<u32>,
}

/// The record of the handshake.
#[derive(Clone, Debug, Default)]
pub struct Handshake {
    syn: Option<Opening>,
    syn_ack: Option<Opening>,
    /// Simultaneous open: the server's SYN without ACK.
    server_syn: Option<Opening>,
    client_ack: Option<ClientAck>,
    syn_ack_t: Option<(Timestamp, Option<u32>, Seq)>,
    /// SYN-ACKs of the client (simultaneous open).
    client_syn_acks: u32,
    refused: bool,
    refused_after: Option<Nanos>,
    unreachable: bool,
    challenged: bool,
    /// Non-SYN segments had the option, or had not, and were whole.
    timestamps_seen: Option<bool>,
    sack_seen: bool,
    options_cut: bool,
}

/// A round trip of the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandshakeSample {
    /// Whose half it is: the client's, or else the server's.
    pub of_client: bool,
    /// When it was complete.
    pub t: Timestamp,
    /// The round trip.
    pub rtt: Nanos,
}

impl Handshake {
    /// A SYN of the client.
    pub fn on_syn(&mut self, segment: &Segment) {
        self.options_cut |= segment.bits.has(SegmentBits::OPTIONS_TRUNCATED);
        match &mut self.syn {
            Some(syn) => syn.again(segment),
            None => self.syn = Some(Opening::new(segment)),
        }
    }

    /// A SYN of the server without ACK (simultaneous open).
    pub fn on_server_syn(&mut self, segment: &Segment) {
        match &mut self.server_syn {
            Some(syn) => syn.again(segment),
            None => self.server_syn = Some(Opening::new(segment)),
        }
    }

    /// A SYN-ACK of the client: it repeats its SYN in a simultaneous open.
    pub fn on_client_syn_ack(&mut self) {
        self.client_syn_acks += 1;
    }

    /// A SYN-ACK.
    pub fn on_syn_ack(&mut self, segment: &Segment) {
        self.options_cut |= segment.bits.has(SegmentBits::OPTIONS_TRUNCATED);
        match &mut self.syn_ack {
            Some(syn_ack) => syn_ack.again(segment),
            None => {
                self.syn_ack = Some(Opening::new(segment));
                self.syn_ack_t = Some((segment.ts, segment.echo(), segment.ack));
            }
        }
    }

    /// A segment of the client with ACK and neither SYN nor RST that acknowledges the server's SYN. Gives the round trips that it completes.
    pub fn on_client_ack(&mut self, segment: &Segment) -> [Option<HandshakeSample>; 2] {
        if self.client_ack.is_some() {
            return [None, None];
        }
        self.client_ack = Some(ClientAck { t: segment.ts, echo: segment.echo() });
        let sample =
            |of_client: bool, rtt: Option<Nanos>| rtt.map(|rtt| HandshakeSample { of_client, t: segment.ts, rtt });
        [sample(true, self.client_half()), sample(false, self.server_half())]
    }

    /// SYN → SYN-ACK.
    fn server_half(&self) -> Option<Nanos> {
        let (syn, syn_ack) = (self.syn.as_ref()?, self.syn_ack.as_ref()?);
        let (t, echo, _) = self.syn_ack_t?;
        // A repeated SYN-ACK still echoes the first SYN: then the match tells nothing about how long this one took.
        let repeated = syn.count > 1 && syn_ack.count > 1;
        if repeated {
            return None;
        }
        syn.answered(t, echo).map(|sent| t - sent)
    }

    /// SYN-ACK → ACK.
    fn client_half(&self) -> Option<Nanos> {
        let ack = self.client_ack?;
        self.syn_ack.as_ref()?.answered(ack.t, ack.echo).map(|sent| ack.t - sent)
    }

    /// The answered SYN → ACK.
    fn round_trip(&self) -> Option<Nanos> {
        let (syn, ack) = (self.syn.as_ref()?, self.client_ack?);
        let Some((t, echo, _)) = self.syn_ack_t else {
            return (syn.count == 1).then(|| ack.t - syn.first_t()); // the answer was not captured
        };
        let likely = || syn.last_before(t).filter(|_| !self.options_cut); // with cut options, the echo is unknown
        syn.answered(t, echo).or_else(likely).map(|sent| ack.t - sent)
    }

    /// Time from the first SYN to the client's ACK where a SYN or SYN-ACK was repeated, zero where none was.
    fn setup(&self, round_trip: Option<Nanos>) -> Option<Nanos> {
        let (syn, ack) = (self.syn.as_ref()?, self.client_ack?);
        if syn.count <= 1 && self.syn_ack.as_ref()?.count <= 1 {
            return Some(Nanos::ZERO);
        }
        round_trip.map(|r| (ack.t - syn.first_t() - r).max(Nanos::ZERO))
    }

    /// The server answered the SYN with RST. Gives the round trip to it, where it is clear which SYN was answered.
    pub fn on_refusal(&mut self, t: Timestamp) -> Option<HandshakeSample> {
        let first = !std::mem::replace(&mut self.refused, true);
        let syn = self.syn.as_ref().filter(|syn| first && syn.count == 1)?;
        let rtt = t - syn.first_t();
        self.refused_after = Some(rtt);
        Some(HandshakeSample { of_client: false, t, rtt })
    }

    /// ICMP said that the SYN cannot be delivered.
    pub fn on_unreachable(&mut self) {
        self.unreachable |= self.syn_ack.is_none();
    }

    /// The server answered the SYN with an ACK of something else.
    pub fn on_challenge(&mut self) {
        self.challenged |= self.syn_ack.is_none();
    }

    /// What options a segment behind the handshake bears.
    pub fn on_established(&mut self, segment: &Segment) {
        if !segment.bits.has(SegmentBits::OPTIONS_TRUNCATED) {
            let timed = segment.bits.has(SegmentBits::TIMESTAMPS);
            self.timestamps_seen = Some(self.timestamps_seen.unwrap_or(false) | timed);
        }
        self.sack_seen |= segment.sack_len > 0;
    }

    /// A SYN of the client was seen.
    pub const fn syn_seen(&self) -> bool {
        self.syn.is_some()
    }

    /// A SYN-ACK was seen.
    pub const fn syn_ack_seen(&self) -> bool {
        self.syn_ack.is_some()
    }

    /// Both sides sent a SYN without ACK.
    pub const fn simultaneous(&self) -> bool {
        self.syn.is_some() && self.server_syn.is_some()
    }

    /// The client acknowledged the server's SYN, and when.
    pub fn client_ack_time(&self) -> Option<Timestamp> {
        self.client_ack.map(|a| a.t)
    }

    /// Sequence number of the client's SYN.
    pub fn client_isn(&self) -> Option<Seq> {
        self.syn.as_ref().map(|s| s.segment.seq)
    }

    /// Sequence number of the server's SYN.
    pub fn server_isn(&self) -> Option<Seq> {
        self.syn_ack.as_ref().or(self.server_syn.as_ref()).map(|s| s.segment.seq)
    }

    /// The newest SYN of the client: its time, order evidence and payload.
    pub fn last_syn(&self) -> Option<(Timestamp, Option<u32>)> {
        self.syn.as_ref().and_then(|s| s.sent.last()).map(|sent| (sent.t, sent.tsval))
    }

    /// SYNs of the client.
    pub fn syn_count(&self) -> u32 {
        self.syn.as_ref().map_or(0, |s| s.count)
    }

    /// Time and frame of the SYNs behind the one that the first SYN-ACK echoes.
    pub fn needless_syns(&self, syn_ack: &Segment) -> Vec<(Timestamp, u64)> {
        let first = self.syn_ack.as_ref().is_some_and(|s| s.count == 1);
        let (Some(syn), Some(echo), true) = (&self.syn, syn_ack.echo(), first) else { return Vec::new() };
        let Some(answered) = syn.sent.iter().position(|sent| sent.tsval == Some(echo)) else { return Vec::new() };
        let later = syn.sent.iter().skip(answered + 1).filter(|sent| sent.tsval != Some(echo));
        later.map(|sent| (sent.t, sent.frame)).collect()
    }

    /// Payload of the client's first SYN.
    pub fn syn_payload(&self) -> u32 {
        self.syn.as_ref().map_or(0, |s| s.segment.payload_len)
    }

    fn sides(&self) -> [Option<&Segment>; 2] {
        let server = self.syn_ack.as_ref().or(self.server_syn.as_ref());
        [self.syn.as_ref().map(|s| &s.segment), server.map(|s| &s.segment)]
    }

    /// Does `bit` stand in both SYNs? `None` where one of them, or its options, was not seen.
    fn negotiated(&self, bit: SegmentBits) -> Option<bool> {
        match self.sides() {
            [Some(a), Some(b)] if !self.options_cut => Some(a.bits.has(bit) && b.bits.has(bit)),
            _ => None,
        }
    }

    /// SACK was negotiated, or seen in use.
    pub fn sack(&self) -> Option<bool> {
        if self.sack_seen { Some(true) } else { self.negotiated(SegmentBits::SACK_PERMITTED) }
    }

    /// Timestamps were negotiated, or seen in use.
    pub fn timestamps(&self) -> Option<bool> {
        match self.timestamps_seen {
            Some(true) => Some(true),
            seen => self.negotiated(SegmentBits::TIMESTAMPS).or(seen),
        }
    }

    /// How the windows of `[client, server]` are to be read.
    pub fn scales(&self) -> [Scale; 2] {
        match (self.negotiated(SegmentBits::WINDOW_SCALE), self.sides()) {
            (Some(true), [Some(a), Some(b)]) => [a, b].map(|s| Scale::Known(s.window_scale.min(MAX_SHIFT))),
            (Some(false), _) => [Scale::Known(0); 2],
            _ => [Scale::Unknown; 2],
        }
    }

    /// The maximum segment size that each side announced.
    pub fn mss(&self) -> [Option<u16>; 2] {
        self.sides().map(|s| s.filter(|s| s.bits.has(SegmentBits::MSS)).map(|s| s.mss))
    }

    fn ecn(&self) -> Option<Ecn> {
        const AE_CWR_ECE: TcpFlags = TcpFlags::AE.with(TcpFlags::CWR).with(TcpFlags::ECE);
        let [Some(syn), Some(answer)] = self.sides() else { return None };
        let bits = |s: &Segment| TcpFlags(s.flags.0 & AE_CWR_ECE.0);
        let offer = bits(syn);
        Some(if !offer.has(TcpFlags::CWR.with(TcpFlags::ECE)) {
            Ecn::False
        } else if bits(answer) == TcpFlags::ECE {
            Ecn::Classic // RFC 3168 6.1.1; also what an AccECN offer falls back to
        } else if offer.has(TcpFlags::AE) && bits(answer) != TcpFlags(0) && bits(answer) != AE_CWR_ECE {
            Ecn::Accurate // RFC 9768 3.1.1
        } else {
            Ecn::False
        })
    }

    fn fast_open(&self) -> Option<FastOpen> {
        let syn = self.syn.as_ref()?;
        if self.options_cut {
            return None;
        }
        let first = &syn.segment;
        if !offers_fast_open(first) {
            return Some(FastOpen::False);
        }
        if first.bits.has(SegmentBits::FAST_OPEN_REQUEST) {
            return Some(FastOpen::Requested);
        }
        let (_, _, ack) = self.syn_ack_t?;
        let data = ack.distance(first.seq.plus(1));
        let sent = i64::from(first.payload_len);
        Some(match i64::from(data) {
            d if d == sent => FastOpen::Accepted,
            d if d > 0 => FastOpen::Partial,
            _ if syn.plain_again => FastOpen::Blackholed,
            _ => FastOpen::Rejected,
        })
    }

    /// What became of it; the first rule that holds.
    pub fn outcome(&self, facts: &OutcomeFacts) -> HandshakeOutcome {
        use HandshakeOutcome as O;
        if self.simultaneous() && (self.client_ack.is_some() || facts.both_went_on || self.syn_ack.is_some()) {
            return O::SimultaneousOpen;
        }
        if self.syn.is_none() && self.syn_ack.is_none() && self.server_syn.is_none() {
            return O::Midstream;
        }
        match (self.syn.is_some(), self.syn_ack.is_some(), self.client_ack.is_some()) {
            (true, true, true) => O::Established,
            _ if self.refused && self.syn_ack.is_none() => O::RefusedRst,
            (false, true, true) => O::EstablishedPartial,
            (true, false, _) if facts.both_went_on => O::EstablishedPartial,
            (true, false, _) if self.unreachable => O::RefusedIcmp,
            (true, false, _) if self.challenged => O::Challenged,
            (true, false, _) if facts.client_went_on && facts.server_packets == 0 => O::OneWay,
            (true, false, _) if facts.server_packets > 0 && !facts.client_went_on => O::Challenged,
            (true, false, _) if facts.client_went_on => O::EstablishedPartial,
            (true, false, _) => O::Unanswered,
            (_, true, false) if facts.client_reset => O::ClientReset,
            (_, true, false) if facts.server_reset => O::ServerReset,
            (_, true, false) if facts.both_went_on || facts.server_went_on => O::EstablishedPartial,
            (_, true, false) => O::HalfOpen,
            (false, false, _) => O::Midstream,
        }
    }

    /// What is reported. `rtt_min`: the smallest full round trip of the connection.
    pub fn summary(&self, facts: &OutcomeFacts, rtt_min: Option<Nanos>) -> HandshakeSummary {
        let count = |o: &Option<Opening>| o.as_ref().map_or(0, |o| o.count);
        let scale = match self.negotiated(SegmentBits::WINDOW_SCALE) {
            Some(true) => self.scales().map(|s| match s {
                Scale::Known(shift) => Some(shift),
                Scale::Unknown => None,
            }),
            _ => [None; 2],
        };
        HandshakeSummary {
            outcome: self.outcome(facts),
            syn_packets: count(&self.syn) + count(&self.server_syn),
            syn_ack_packets: count(&self.syn_ack) + self.client_syn_acks,
            round_trip: self.round_trip(),
            half_rtt: [self.client_half(), self.server_half().or(self.refused_after)],
            setup_delay: self.setup(rtt_min),
            mss: self.mss(),
            window_scale: scale,
            sack: self.sack(),
            timestamps: self.timestamps(),
            ecn: self.ecn(),
            fast_open: self.fast_open(),
            mptcp: self.negotiated(SegmentBits::MPTCP),
        }
    }
}

/// What the outcome depends on besides the handshake's own packets.
#[derive(Clone, Copy, Debug, Default)]
pub struct OutcomeFacts {
    /// Packets of the server.
    pub server_packets: u64,
    /// The client sent data or an ACK without SYN or RST: it was answered.
    pub client_went_on: bool,
    /// The server sent data behind its SYN-ACK: it had the client's ACK.
    pub server_went_on: bool,
    /// Both sides sent something that only an established connection sends.
    pub both_went_on: bool,
    /// The client sent an effective RST.
    pub client_reset: bool,
    /// The server did.
    pub server_reset: bool,
}
