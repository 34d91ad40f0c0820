//! What is summed up of the connections of a host, of a service, or of a client and a service.

use crate::base::{Nanos, Quantiles, Timestamp};
use crate::findings::{self, AtOnce, Attempt, Codes, Kept};
use crate::report::record::FlowRecord;
use crate::tcp::{ConnectionSummary, End};

/// A connection that lasts less is short.
const SHORT: Nanos = Nanos::from_secs(1);
/// A connection that was used again after so long is kept for its use.
const KEPT: Nanos = Nanos::from_secs(5);

/// The sums. Percentiles are over connections: of the median round trip and of the response times of each.
#[derive(Debug, Default)]
pub struct Account {
    /// Connections.
    pub connections: u64,
    /// Those that stood, or had stood when the capture began.
    pub established: u64,
    /// Attempts that were refused, by RST or ICMP.
    pub refused: u64,
    /// Attempts that nothing answered.
    pub unanswered: u64,
    /// Attempts that were answered and came to nothing.
    pub half_open: u64,
    /// Established, and ended by a reset without any FIN.
    pub reset: u64,
    /// Established, and given up.
    pub timed_out: u64,
    /// Stream bytes of clients and of servers.
    pub bytes: [u64; 2],
    /// Payload bytes, and those of them that were sent again.
    pub payload: u64,
    /// See there.
    pub resent: u64,
    /// Nanoseconds: median round trip of each connection.
    pub rtt: Quantiles,
    /// Nanoseconds: median response time of each connection.
    pub response_p50: Quantiles,
    /// Nanoseconds: 95th percentile of the response times of each connection.
    pub response_p95: Quantiles,
    /// Longest response time.
    pub response_max: Option<Nanos>,
    /// Requests, and the connections in which they could be told apart.
    pub requests: u64,
    /// See there.
    pub countable: u64,
    /// Established connections of less than a second, or with one request at most.
    pub short: u64,
    /// Those with several requests, or used again after five idle seconds.
    pub persistent: u64,
    /// Those in which a turn did not wait for the one before.
    pub pipelined: u64,
    /// Connections that were there at the same time.
    pub at_once: AtOnce,
    /// What is wrong with any of them.
    pub codes: Codes,
    /// From the first packet to the last.
    pub span: Option<(Timestamp, Timestamp)>,
}

impl Kept for Account {
    fn matters(&self) -> bool {
        false
    }
}

/// The round trip as a rule: the medians of both halves; where one of them was not measured, that of the handshake.
fn round_trip(summary: &ConnectionSummary) -> Option<Nanos> {
    let [client, server] = summary.halves.each_ref().map(|half| half.rtt.p50);
    match (client, server) {
        (Some(client), Some(server)) => Some(client + server),
        _ => summary.handshake.round_trip.filter(|_| summary.handshake.syn_packets == 1),
    }
}

fn add(quantiles: &mut Quantiles, span: Option<Nanos>) {
    if let Some(ns) = span.and_then(|span| u64::try_from(span.0).ok()) {
        quantiles.add(ns);
    }
}

impl Account {
    /// Takes a connection.
    pub fn add(&mut self, record: &FlowRecord) {
        let summary = &record.summary;
        let (first, last) = self.span.unwrap_or(summary.span);
        self.span = Some((first.min(summary.span.0), last.max(summary.span.1)));
        self.connections += 1;
        self.at_once.add(summary.span.0, summary.span.1);
        let codes = findings::of(summary);
        for code in codes.iter() {
            self.codes.add(code, true);
        }
        for (sum, half) in self.bytes.iter_mut().zip(&summary.halves) {
            *sum = sum.saturating_add(half.stream.as_ref().map_or(0, |s| s.stream_bytes));
        }
        match record.sighting().attempt() {
            Attempt::Refused => self.refused += 1,
            Attempt::Unanswered => self.unanswered += 1,
            Attempt::Abandoned | Attempt::Failed => self.half_open += 1,
            Attempt::Succeeded | Attempt::Unseen => self.add_established(summary),
        }
    }

    fn add_established(&mut self, summary: &ConnectionSummary) {
        self.established += 1;
        match summary.teardown.end {
            End::RstClient | End::RstServer => self.reset += 1,
            End::Timeout => self.timed_out += 1,
            _ => {}
        }
        for half in &summary.halves {
            if let Some(loss) = &half.loss {
                self.payload = self.payload.saturating_add(half.volume.payload_bytes);
                self.resent = self.resent.saturating_add(loss.retrans_bytes);
            }
        }
        add(&mut self.rtt, round_trip(summary));
        let turns = &summary.turns;
        if let Some([p50, p95, max]) = turns.response {
            add(&mut self.response_p50, Some(p50));
            add(&mut self.response_p95, Some(p95));
            self.response_max = self.response_max.max(Some(max));
        }
        self.countable += u64::from(turns.requests.is_some());
        self.requests = self.requests.saturating_add(turns.requests.unwrap_or(0));
        let lifetime = summary.span.1.since(summary.span.0);
        let several = turns.requests.is_some_and(|n| n >= 2) || summary.idle_max > KEPT;
        self.persistent += u64::from(several);
        self.short += u64::from(!several && (lifetime < SHORT || turns.requests.is_some_and(|n| n <= 1)));
        self.pipelined += u64::from(turns.overlaps > 0);
    }

    /// Attempts and connections that failed.
    pub const fn failed(&self) -> u64 {
        self.refused + self.unanswered + self.half_open + self.reset + self.timed_out
    }
}
