//! How the connection ended: FINs, resets, and the states that the endpoints were left in (`semantics.md` 8).

use super::summary::{ClosedBy, End, RstKind, TcpState, TeardownSummary};
use crate::base::packed::packed;
use crate::base::{Maybe, Nanos, Timestamp};

/// The two ends by role.
pub const CLIENT: usize = 0;
/// See [`CLIENT`].
pub const SERVER: usize = 1;

/// The first FIN of one endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Fin {
    /// When it passed.
    pub t: Timestamp,
    /// What it acknowledges of the peer's stream.
    pub ack: u64,
}

packed! { Fin { [t, ack] } }

/// A RST that a peer in its place would obey.
#[derive(Clone, Copy, Debug)]
pub struct Reset {
    /// Who sent it.
    pub from: usize,
    /// When it passed.
    pub t: Timestamp,
    /// What it means.
    pub kind: RstKind,
    /// What it acknowledges of the peer's stream, with the ACK flag.
    pub ack: Option<u64>,
    /// It came after both FINs were acknowledged: it changes nothing.
    pub late: bool,
    /// It came from another distance than the packets of the endpoint whose address it bears.
    pub distant: bool,
    /// Highest position that its sender had sent.
    pub snd_max: u64,
}

packed! { Reset { [t, from, snd_max; kind, late, distant] ack } }

/// The close, once something was seen of it.
#[derive(Clone, Debug, Default)]
pub struct Teardown {
    record: Option<Box<Record>>,
}

packed! { Teardown { record } }

/// The record of the close.
#[derive(Clone, Copy, Debug)]
struct Record {
    fins: [Option<Fin>; 2],
    /// When the FIN of each was acknowledged.
    fin_acked: [Maybe<Timestamp>; 2],
    first_rst: [Maybe<Timestamp>; 2],
    reset: Option<Reset>,
}

packed! { Record { fins, fin_acked, first_rst, reset } }

impl Record {
    const NOTHING: Self =
        Self { fins: [None; 2], fin_acked: [Maybe::NONE; 2], first_rst: [Maybe::NONE; 2], reset: None };
}

/// What the end depends on besides FINs and resets.
#[derive(Clone, Copy, Debug)]
pub struct EndFacts {
    /// The handshake was refused.
    pub refused: bool,
    /// The handshake got no answer.
    pub unanswered: bool,
    /// Somebody gave up: no progress for long although data was outstanding.
    pub gave_up: bool,
    /// What the table said when it let go of the connection.
    pub reason: Option<End>,
    /// Position behind each FIN.
    pub fin_end: [Option<u64>; 2],
    /// SYN, SYN-ACK and ACK of the handshake were seen or proven.
    pub opened: [bool; 3],
}

impl Teardown {
    fn seen(&self) -> &Record {
        self.record.as_deref().unwrap_or(&Record::NOTHING)
    }

    #[inline(never)]
    fn note(&mut self) -> &mut Record {
        self.record.get_or_insert_with(|| Box::new(Record::NOTHING))
    }

    /// A FIN of `from`.
    pub fn on_fin(&mut self, from: usize, t: Timestamp, ack: u64) {
        self.note().fins[from].get_or_insert(Fin { t, ack });
    }

    /// The FIN of `of` was acknowledged.
    pub fn on_fin_acked(&mut self, of: usize, t: Timestamp) {
        self.note().fin_acked[of].set_if_none(t);
    }

    /// An effective RST. The first one counts.
    pub fn on_reset(&mut self, reset: Reset) {
        let late = self.both_acked();
        let record = self.note();
        record.first_rst[reset.from].set_if_none(reset.t);
        record.reset.get_or_insert(Reset { late, ..reset });
    }

    /// The endpoint `from` went on sending new data after its RST. With a foreign TTL that makes two signs that it was somebody else's.
    pub fn on_data_after_reset(&mut self, from: usize) {
        let reset = self.record.as_mut().and_then(|record| record.reset.as_mut());
        if let Some(reset) = reset.filter(|r| r.from == from && r.distant) {
            reset.kind = RstKind::InjectedSuspected;
        }
    }

    /// `by` acknowledges the peer's data up to `ack`. If that was sent after the peer's RST, it had no effect.
    #[inline]
    pub fn on_ack_after_reset(&mut self, by: usize, ack: u64) {
        if let Some(record) = &mut self.record
            && record.reset.is_some_and(|r| r.from != by && ack > r.snd_max)
        {
            record.reset = None;
        }
    }

    /// The effective RST.
    #[inline]
    pub fn reset(&self) -> Option<&Reset> {
        self.record.as_ref().and_then(|record| record.reset.as_ref())
    }

    /// The first FIN of `of`.
    pub fn fin(&self, of: usize) -> Option<&Fin> {
        self.seen().fins[of].as_ref()
    }

    /// One FIN at least was seen.
    pub fn any_fin(&self) -> bool {
        self.seen().fins.iter().any(Option::is_some)
    }

    /// A FIN or an effective RST was seen, or the acknowledgement of a FIN.
    #[inline]
    pub const fn begun(&self) -> bool {
        self.record.is_some()
    }

    /// Nothing more is expected: both FINs were acknowledged, or it was reset.
    pub fn closed(&self) -> bool {
        self.record.is_some() && (self.both_acked() || self.reset().is_some())
    }

    fn both_acked(&self) -> bool {
        self.seen().fin_acked.iter().all(|t| t.is_some())
    }

    /// Does the FIN of `a` come after that of the other, as its acknowledgement shows?
    fn follows(&self, a: usize, fin_end: [Option<u64>; 2]) -> bool {
        match (self.seen().fins[a], fin_end[1 - a]) {
            (Some(fin), Some(end)) => self.seen().fins[1 - a].is_some() && fin.ack >= end,
            _ => false,
        }
    }

    fn simultaneous(&self, fin_end: [Option<u64>; 2]) -> bool {
        self.seen().fins.iter().all(Option::is_some) && !self.follows(CLIENT, fin_end) && !self.follows(SERVER, fin_end)
    }

    /// Who sent the first FIN, by what each acknowledges.
    fn first_closer(&self, fin_end: [Option<u64>; 2]) -> Option<ClosedBy> {
        match self.seen().fins {
            [None, None] => None,
            [Some(_), None] => Some(ClosedBy::Client),
            [None, Some(_)] => Some(ClosedBy::Server),
            _ if self.follows(CLIENT, fin_end) => Some(ClosedBy::Server),
            _ if self.follows(SERVER, fin_end) => Some(ClosedBy::Client),
            _ => Some(ClosedBy::Both),
        }
    }

    /// Did the RST follow a FIN? It did if its sender had sent one, or had had the peer's (`semantics.md` 8.3).
    fn reset_follows_fin(&self, reset: &Reset, fin_end: [Option<u64>; 2]) -> bool {
        let peer = 1 - reset.from;
        let own = self.seen().fins[reset.from].is_some();
        let had_peers = match (self.seen().fins[peer], fin_end[peer], reset.ack) {
            (Some(_), Some(end), Some(ack)) => ack >= end,
            (Some(fin), _, None) => fin.t <= reset.t,
            _ => false,
        };
        own || had_peers
    }

    fn end(&self, facts: &EndFacts) -> (End, Option<ClosedBy>) {
        let by = self.first_closer(facts.fin_end);
        let role = |r: usize| if r == CLIENT { ClosedBy::Client } else { ClosedBy::Server };
        if self.both_acked() && self.reset().is_none_or(|r| r.late) {
            let end = if self.simultaneous(facts.fin_end) { End::FinSimultaneous } else { End::Fin };
            return (end, by);
        }
        if let Some(reset) = self.reset()
            && !facts.refused
        {
            if self.any_fin() && self.reset_follows_fin(reset, facts.fin_end) {
                return (End::FinThenRst, by);
            }
            let end = if reset.from == CLIENT { End::RstClient } else { End::RstServer };
            return (end, Some(role(reset.from)));
        }
        let end = if facts.refused {
            return (End::Refused, self.reset().map(|r| role(r.from)));
        } else if facts.unanswered {
            End::Unanswered
        } else if self.seen().fins.iter().filter(|f| f.is_some()).count() == 1 {
            if facts.gave_up { End::Timeout } else { End::HalfClosed }
        } else if facts.gave_up {
            End::Timeout
        } else {
            facts.reason.unwrap_or(End::OpenAtEnd)
        };
        (end, by)
    }

    /// The states that the endpoints are in.
    pub fn states(&self, facts: &EndFacts) -> [TcpState; 2] {
        if self.reset().is_some_and(|r| !r.late) {
            return [TcpState::Reset; 2];
        }
        if facts.refused {
            return [TcpState::Closed; 2];
        }
        [CLIENT, SERVER].map(|e| self.state(e, facts))
    }

    /// State of endpoint `e` by RFC 9293 3.3.2, as far as its own and its peer's packets show it.
    fn state(&self, e: usize, facts: &EndFacts) -> TcpState {
        let (mine, theirs) = (self.seen().fins[e].is_some(), self.seen().fins[1 - e].is_some());
        let acked = self.seen().fin_acked[e].is_some();
        match (mine, theirs) {
            (false, false) => Self::opening_state(e, facts),
            (true, false) if acked => TcpState::FinWait2,
            (true, false) => TcpState::FinWait1,
            (false, true) => TcpState::CloseWait,
            (true, true) if self.follows(e, facts.fin_end) => {
                if acked {
                    TcpState::Closed
                } else {
                    TcpState::LastAck
                }
            }
            (true, true) if acked => TcpState::TimeWait,
            (true, true) if self.simultaneous(facts.fin_end) => TcpState::Closing,
            (true, true) => TcpState::FinWait1,
        }
    }

    fn opening_state(e: usize, facts: &EndFacts) -> TcpState {
        let [syn, syn_ack, ack] = facts.opened;
        match (e, syn, syn_ack, ack) {
            (_, _, _, true) | (CLIENT, _, true, _) => TcpState::Established,
            (CLIENT, true, false, _) => TcpState::SynSent,
            (_, _, true, false) => TcpState::SynRcvd,
            (_, true, false, _) => TcpState::Closed, // nothing of it was heard
            _ => TcpState::Established,
        }
    }

    /// First FIN to the first ACK of the later FIN.
    fn close_time(&self) -> Option<Nanos> {
        let [Some(a), Some(b)] = self.seen().fins else { return None };
        let [Some(x), Some(y)] = self.seen().fin_acked.map(Maybe::get) else { return None };
        let later = if a.t > b.t { x } else { y };
        Some(later.max(a.t.max(b.t)) - a.t.min(b.t))
    }

    /// First FIN to the other side's first FIN or RST.
    fn half_closed(&self) -> Option<Nanos> {
        let first = match self.seen().fins {
            [Some(a), Some(b)] => usize::from(b.t < a.t),
            [Some(_), None] => CLIENT,
            [None, Some(_)] => SERVER,
            [None, None] => return None,
        };
        let start = self.seen().fins[first]?.t;
        let other = 1 - first;
        let end = match (self.seen().fins[other].map(|f| f.t), self.seen().first_rst[other].get()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        end.map(|end| (end - start).max(Nanos::ZERO))
    }

    /// What is reported; Zeek's columns come from elsewhere.
    pub fn sum_up(&self, facts: &EndFacts, summary: &mut TeardownSummary) {
        (summary.end, summary.closed_by) = self.end(facts);
        summary.rst_kind = self.reset().filter(|r| !r.late).map(|r| r.kind);
        summary.states = self.states(facts);
        summary.close = self.close_time();
        summary.half_closed = self.half_closed();
    }
}
