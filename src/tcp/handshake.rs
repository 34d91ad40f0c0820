//! How the connection was opened: times, options, outcome (`semantics.md` 3).

use super::outcome::OutcomeFacts;
use super::summary::{Ecn, FastOpen, HandshakeSummary, OverflowSummary};
use super::syn::{Opening, Syn};
use super::window::Scale;
use crate::base::packed::packed;
use crate::base::{Maybe, Nanos, Segment, SegmentBits, Seq, TcpFlags, Timestamp};

/// RFC 7323 2.3: a shift above 14 counts as 14.
const MAX_SHIFT: u8 = 14;

/// The record of the handshake.
#[derive(Clone, Debug, Default)]
pub struct Handshake {
    pub(super) syn: Option<Opening>,
    pub(super) syn_ack: Option<Opening>,
    /// `TSecr` and ACK field of the first SYN-ACK.
    answer: (Option<u32>, Seq),
    /// Time and `TSecr` of the client's first ACK of the server's SYN.
    pub(super) client_ack: Maybe<Timestamp>,
    client_echo: Option<u32>,
    odd: Option<Box<Odd>>,
    options_cut: bool,
    /// Segments behind the handshake had whole options; timestamps among them; SACK blocks.
    options_seen: bool,
    timestamps_seen: bool,
    sack_seen: bool,
    /// A SYN was seen, and no ACK of the client behind it.
    awaits_ack: bool,
    agreed: Agreed,
}

const _: () = assert!(size_of::<Handshake>() <= 128);

packed! {
    Handshake {
        [client_ack, client_echo; options_cut, options_seen, timestamps_seen, sack_seen, awaits_ack]
        syn, syn_ack, answer, odd, agreed
    }
}

/// What hardly a handshake has.
#[derive(Clone, Debug, Default)]
pub(super) struct Odd {
    /// Simultaneous open: the server's SYN without ACK.
    pub server_syn: Option<Opening>,
    /// SYN-ACKs of the client (simultaneous open).
    client_syn_acks: u32,
    /// The server answered the SYN with RST; after so long, where it is clear which SYN was answered.
    pub refused: bool,
    refused_after: Maybe<Nanos>,
    /// ICMP said that the SYN cannot be delivered.
    pub unreachable: bool,
    /// The server answered the SYN with an ACK of something else.
    pub challenged: bool,
    /// The accept queue was full.
    overflow: Option<OverflowSummary>,
}

packed! { Odd { [client_syn_acks, refused_after; refused, unreachable, challenged] server_syn, overflow } }

/// What follows from all SYNs so far: it is looked at with each segment, and changes with a SYN.
#[derive(Clone, Copy, Debug, Default)]
struct Agreed {
    sack: Option<bool>,
    scales: [Scale; 2],
}

packed! { Agreed { [; sack, scales] } }

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
        self.agree();
    }

    /// A SYN of the server without ACK (simultaneous open).
    pub fn on_server_syn(&mut self, segment: &Segment) {
        match &mut self.note_odd().server_syn {
            Some(syn) => syn.again(segment),
            none => *none = Some(Opening::new(segment)),
        }
        self.agree();
    }

    /// A SYN-ACK of the client: it repeats its SYN in a simultaneous open.
    pub fn on_client_syn_ack(&mut self) {
        self.note_odd().client_syn_acks += 1;
    }

    /// A SYN-ACK.
    pub fn on_syn_ack(&mut self, segment: &Segment) {
        self.options_cut |= segment.bits.has(SegmentBits::OPTIONS_TRUNCATED);
        match &mut self.syn_ack {
            Some(syn_ack) => syn_ack.again(segment),
            None => {
                self.syn_ack = Some(Opening::new(segment));
                self.answer = (segment.echo(), segment.ack);
            }
        }
        self.agree();
    }

    fn agree(&mut self) {
        self.awaits_ack = self.client_ack.is_none();
        let scales = match (self.negotiated(SegmentBits::WINDOW_SCALE), self.sides()) {
            (Some(true), [Some(a), Some(b)]) => [a, b].map(|s| Scale::Known(s.window_scale.min(MAX_SHIFT))),
            (Some(false), _) => [Scale::Known(0); 2],
            _ => [Scale::Unknown; 2],
        };
        self.agreed = Agreed { sack: self.negotiated(SegmentBits::SACK_PERMITTED), scales };
    }

    /// A segment of the client with ACK and neither SYN nor RST that acknowledges the server's SYN. Gives the round trips that it completes.
    pub fn on_client_ack(&mut self, segment: &Segment) -> [Option<HandshakeSample>; 2] {
        if self.client_ack.is_some() {
            return [None, None];
        }
        self.client_ack.set(segment.ts);
        self.awaits_ack = false;
        self.client_echo = segment.echo();
        let sample =
            |of_client: bool, rtt: Option<Nanos>| rtt.map(|rtt| HandshakeSample { of_client, t: segment.ts, rtt });
        [sample(true, self.client_half()), sample(false, self.server_half())]
    }

    /// SYN → SYN-ACK.
    fn server_half(&self) -> Option<Nanos> {
        let (syn, syn_ack) = (self.syn.as_ref()?, self.syn_ack.as_ref()?);
        // A repeated SYN-ACK still echoes the first SYN: then the match tells nothing about how long this one took.
        let repeated = syn.count() > 1 && syn_ack.count() > 1;
        if repeated {
            return None;
        }
        let t = syn_ack.first_t;
        syn.answered(t, self.answer.0).map(|sent| t - sent)
    }

    /// SYN-ACK → ACK.
    fn client_half(&self) -> Option<Nanos> {
        let t = self.client_ack.get()?;
        self.syn_ack.as_ref()?.answered(t, self.client_echo).map(|sent| t - sent)
    }

    /// The answered SYN → ACK.
    fn round_trip(&self) -> Option<Nanos> {
        let (syn, ack) = (self.syn.as_ref()?, self.client_ack.get()?);
        let Some(syn_ack) = &self.syn_ack else {
            return (syn.count() == 1).then(|| ack - syn.first_t); // the answer was not captured
        };
        let t = syn_ack.first_t;
        let likely = || syn.last_before(t).filter(|_| !self.options_cut); // with cut options, the echo is unknown
        syn.answered(t, self.answer.0).or_else(likely).map(|sent| ack - sent)
    }

    /// Time from the first SYN to the client's ACK where a SYN or SYN-ACK was repeated, zero where none was.
    fn setup(&self, round_trip: Option<Nanos>) -> Option<Nanos> {
        let (syn, ack) = (self.syn.as_ref()?, self.client_ack.get()?);
        if syn.count() <= 1 && self.syn_ack.as_ref()?.count() <= 1 {
            return Some(Nanos::ZERO);
        }
        round_trip.map(|r| (ack - syn.first_t - r).max(Nanos::ZERO))
    }

    /// The server answered the SYN with RST. Gives the round trip to it, where it is clear which SYN was answered.
    pub fn on_refusal(&mut self, t: Timestamp) -> Option<HandshakeSample> {
        let first = !std::mem::replace(&mut self.note_odd().refused, true);
        let syn = self.syn.as_ref().filter(|syn| first && syn.count() == 1)?;
        let rtt = t - syn.first_t;
        self.note_odd().refused_after.set(rtt);
        Some(HandshakeSample { of_client: false, t, rtt })
    }

    /// ICMP said that the SYN cannot be delivered.
    pub fn on_unreachable(&mut self) {
        let unanswered = self.syn_ack.is_none();
        self.note_odd().unreachable |= unanswered;
    }

    /// The server answered the SYN with an ACK of something else.
    pub fn on_challenge(&mut self) {
        let unanswered = self.syn_ack.is_none();
        self.note_odd().challenged |= unanswered;
    }

    /// The server repeats its SYN-ACK as one whose accept queue is full.
    pub fn on_overflow(&mut self, overflow: OverflowSummary) {
        self.note_odd().overflow.get_or_insert(overflow);
    }

    fn note_odd(&mut self) -> &mut Odd {
        self.odd.get_or_insert_default()
    }

    /// What is odd about it, if anything is.
    pub(super) fn odd(&self) -> Option<&Odd> {
        self.odd.as_deref()
    }

    /// Simultaneous open: the server's SYN without ACK.
    fn server_syn(&self) -> Option<&Opening> {
        self.odd()?.server_syn.as_ref()
    }

    /// The same of a segment whose options are whole, and without SACK blocks.
    #[inline(always)]
    pub fn on_expected(&mut self, timed: bool) {
        self.options_seen = true;
        self.timestamps_seen |= timed;
    }

    /// What options a segment behind the handshake bears.
    #[inline]
    pub fn on_established(&mut self, segment: &Segment) {
        if !segment.bits.has(SegmentBits::OPTIONS_TRUNCATED) {
            self.options_seen = true;
            self.timestamps_seen |= segment.bits.has(SegmentBits::TIMESTAMPS);
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
    pub fn simultaneous(&self) -> bool {
        self.syn.is_some() && self.server_syn().is_some()
    }

    /// A SYN was seen, and the client has not acknowledged the server's: a segment may say something of the handshake.
    #[inline]
    pub const fn awaits_ack(&self) -> bool {
        self.awaits_ack
    }

    /// The client acknowledged the server's SYN, and when.
    pub fn client_ack_time(&self) -> Option<Timestamp> {
        self.client_ack.get()
    }

    /// Sequence number of the client's SYN.
    pub fn client_isn(&self) -> Option<Seq> {
        self.syn.as_ref().map(|s| s.syn.seq)
    }

    /// Sequence number of the server's SYN.
    pub fn server_isn(&self) -> Option<Seq> {
        self.of_server().map(|s| s.syn.seq)
    }

    /// `TSval` of the newest SYN of the client.
    pub fn last_syn_tsval(&self) -> Option<u32> {
        self.syn.as_ref().and_then(|s| s.copies().next_back()).and_then(|(_, tsval)| tsval)
    }

    /// SYNs of the client.
    pub fn syn_count(&self) -> u32 {
        self.syn.as_ref().map_or(0, Opening::count)
    }

    /// Time and frame of the SYNs behind the one that the first SYN-ACK echoes.
    pub fn needless_syns(&self, syn_ack: &Segment) -> Vec<(Timestamp, u64)> {
        let first = self.syn_ack.as_ref().is_some_and(|s| s.count() == 1);
        if self.syn_count() < 2 {
            return Vec::new();
        }
        let (Some(syn), Some(echo), true) = (&self.syn, syn_ack.echo(), first) else { return Vec::new() };
        let Some(answered) = syn.copies().position(|(_, tsval)| tsval == Some(echo)) else { return Vec::new() };
        let later = syn.repetitions().skip(answered).filter(|sent| sent.tsval != Some(echo));
        later.map(|sent| (sent.t, sent.frame)).collect()
    }

    /// Payload of the client's first SYN.
    pub fn syn_payload(&self) -> u32 {
        self.syn.as_ref().map_or(0, |s| s.syn.payload_len)
    }

    /// The server's SYN, or rather its SYN-ACK.
    fn of_server(&self) -> Option<&Opening> {
        self.syn_ack.as_ref().or_else(|| self.server_syn())
    }

    fn sides(&self) -> [Option<&Syn>; 2] {
        [self.syn.as_ref(), self.of_server()].map(|opening| opening.map(|opening| &opening.syn))
    }

    /// What stands in both SYNs. `None` where one of them, or its options, was not seen.
    fn in_both(&self) -> Option<SegmentBits> {
        match self.sides() {
            [Some(a), Some(b)] if !self.options_cut => Some(SegmentBits(a.bits.0 & b.bits.0)),
            _ => None,
        }
    }

    /// Does `bit` stand in both?
    fn negotiated(&self, bit: SegmentBits) -> Option<bool> {
        self.in_both().map(|both| both.has(bit))
    }

    /// SACK was negotiated, or seen in use.
    #[inline]
    pub fn sack(&self) -> Option<bool> {
        if self.sack_seen { Some(true) } else { self.agreed.sack }
    }

    /// Timestamps were negotiated, or seen in use.
    pub fn timestamps(&self) -> Option<bool> {
        if self.timestamps_seen {
            return Some(true);
        }
        self.negotiated(SegmentBits::TIMESTAMPS).or_else(|| self.options_seen.then_some(false))
    }

    /// How the windows of `[client, server]` are to be read.
    #[inline]
    pub const fn scales(&self) -> [Scale; 2] {
        self.agreed.scales
    }

    /// How those of one of them are.
    #[inline]
    pub const fn scale(&self, role: usize) -> Scale {
        self.agreed.scales[role]
    }

    /// The maximum segment size that each side announced.
    pub fn mss(&self) -> [Option<u16>; 2] {
        self.sides().map(|syn| syn.and_then(|syn| syn.mss))
    }

    fn ecn(&self) -> Option<Ecn> {
        const AE_CWR_ECE: TcpFlags = TcpFlags::AE.with(TcpFlags::CWR).with(TcpFlags::ECE);
        let [Some(syn), Some(answer)] = self.sides() else { return None };
        let bits = |s: &Syn| TcpFlags(s.flags.0 & AE_CWR_ECE.0);
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
        let first = &syn.syn;
        if !first.offers_fast_open() {
            return Some(FastOpen::False);
        }
        if first.bits.has(SegmentBits::FAST_OPEN_REQUEST) {
            return Some(FastOpen::Requested);
        }
        self.syn_ack.as_ref()?;
        let data = self.answer.1.distance(first.seq.plus(1));
        let sent = i64::from(first.payload_len);
        Some(match i64::from(data) {
            d if d == sent => FastOpen::Accepted,
            d if d > 0 => FastOpen::Partial,
            _ if syn.plain_again() => FastOpen::Blackholed,
            _ => FastOpen::Rejected,
        })
    }

    /// What is reported. `rtt_min`: the smallest full round trip of the connection.
    #[inline]
    pub fn summary(&self, facts: &OutcomeFacts, rtt_min: Option<Nanos>) -> HandshakeSummary {
        let count = |o: Option<&Opening>| o.map_or(0, Opening::count);
        let nothing = Odd::default();
        let odd = self.odd().unwrap_or(&nothing);
        let both = self.in_both();
        let scale = match both.map(|both| both.has(SegmentBits::WINDOW_SCALE)) {
            Some(true) => self.scales().map(|s| match s {
                Scale::Known(shift) => Some(shift),
                Scale::Unknown => None,
            }),
            _ => [None; 2],
        };
        HandshakeSummary {
            outcome: self.outcome(facts),
            syn_packets: count(self.syn.as_ref()) + count(odd.server_syn.as_ref()),
            syn_ack_packets: count(self.syn_ack.as_ref()) + odd.client_syn_acks,
            round_trip: self.round_trip(),
            half_rtt: [self.client_half(), self.server_half().or(odd.refused_after.get())],
            setup_delay: self.setup(rtt_min),
            mss: self.mss(),
            window_scale: scale,
            sack: self.sack(),
            timestamps: self.timestamps(),
            ecn: self.ecn(),
            fast_open: self.fast_open(),
            mptcp: both.map(|both| both.has(SegmentBits::MPTCP)),
            overflow: odd.overflow,
        }
    }
}
