//! What single connections show, put together by service: the codes of `findings::of`.

use super::sighting::{Cases, Sighting};
use super::table::Kept;
use crate::base::human::{bytes, count, counted, span};
use crate::base::{Endpoint, Nanos};
use crate::findings::finding::{Figure, Finding, Subject};
use crate::findings::registry::{Code, Severity};
use crate::tcp::{ConnectionSummary, HalfSummary};

/// What a number is.
#[derive(Clone, Copy)]
enum Unit {
    Count,
    Bytes,
    /// Nanoseconds; the figure is in milliseconds.
    Time,
}

/// How the numbers of several connections become one.
#[derive(Clone, Copy)]
enum Fold {
    Sum,
    Most,
    Least,
}

/// What goes with a code: the name of the figure, and how it is told.
struct Measure {
    name: &'static str,
    unit: Unit,
    fold: Fold,
    of: fn(&ConnectionSummary) -> Option<u64>,
    /// The end of the sentence, with the number in the place of `{}`.
    words: &'static str,
}

fn nanos(span: Nanos) -> u64 {
    u64::try_from(span.0).unwrap_or(0)
}

fn sum(summary: &ConnectionSummary, of: impl Fn(&HalfSummary) -> u64) -> Option<u64> {
    Some(summary.halves.iter().map(of).fold(0, u64::saturating_add))
}

fn most(summary: &ConnectionSummary, of: impl Fn(&HalfSummary) -> Option<u64>) -> Option<u64> {
    summary.halves.iter().filter_map(of).max()
}

fn measure(code: Code) -> Option<Measure> {
    use {Fold::*, Unit::*};
    let m = |name, unit, fold, of, words| Some(Measure { name, unit, fold, of, words });
    match code {
        Code::NagleDelayedAck => m("waited_ms", Time, Sum, |s| sum(s, |h| nanos(h.nagle.cost)), "{} lost in all"),
        Code::SlowConnect => {
            m("setup_delay_max_ms", Time, Most, |s| s.handshake.setup_delay.map(nanos), "up to {} lost before it stood")
        }
        Code::PacketLoss => m(
            "retrans_bytes",
            Bytes,
            Sum,
            |s| sum(s, |h| h.loss.as_ref().map_or(0, |l| l.retrans_bytes)),
            "{} had to be sent again",
        ),
        Code::ZeroWindow => m(
            "zero_window_ms",
            Time,
            Sum,
            |s| sum(s, |h| h.window.as_ref().map_or(0, |w| nanos(w.zero_window))),
            "shut for {} in all",
        ),
        Code::SpuriousRetransmission => m(
            "spurious_packets",
            Count,
            Sum,
            |s| sum(s, |h| h.loss.as_ref().map_or(0, |l| l.spurious_packets)),
            "packets sent again for nothing: {}",
        ),
        Code::Bufferbloat => {
            m("rtt_p95_ms", Time, Most, |s| most(s, |h| h.rtt.p95.map(nanos)), "round trips grew to {} under load")
        }
        Code::WindowLimited => m(
            "rwnd_limited_ms",
            Time,
            Sum,
            |s| sum(s, |h| h.window.as_ref().and_then(|w| w.rwnd_limited).map_or(0, nanos)),
            "{} spent waiting for it",
        ),
        Code::SlowResponse => {
            m("response_time_max_ms", Time, Most, |s| s.turns.response.map(|[_, _, max]| nanos(max)), "up to {}")
        }
        Code::IdleReset => m("idle_max_ms", Time, Least, |s| Some(nanos(s.idle_max)), "after {} of silence and more"),
        Code::KeptAlive => {
            m("keepalive_interval_ms", Time, Least, least_interval, "a keep-alive each {}, or more seldom")
        }
        Code::PeerDead => m(
            "unanswered_keepalives",
            Count,
            Most,
            |s| most(s, |h| h.acks.map(|a| a.unanswered_keepalives)).filter(|n| *n > 0),
            "{} keep-alives went unanswered",
        ),
        Code::SynUnanswered => m("syn_packets", Count, Sum, |s| Some(s.handshake.syn_packets.into()), "SYNs sent: {}"),
        Code::SmallMss => {
            m("mss_bytes", Bytes, Least, |s| s.handshake.mss.iter().flatten().min().map(|mss| u64::from(*mss)), "{}")
        }
        Code::CaptureLoss => m(
            "missing_bytes",
            Bytes,
            Sum,
            |s| sum(s, |h| h.stream.as_ref().and_then(|s| s.missing_bytes).unwrap_or(0)),
            "{} acknowledged but never captured",
        ),
        _ => None,
    }
}

/// The shortest time between keep-alives, or before the first, of either side.
fn least_interval(summary: &ConnectionSummary) -> Option<u64> {
    summary.halves.iter().filter_map(|half| half.acks?.keepalive_interval).min().map(nanos)
}

/// The connections of one service that show one code.
#[derive(Debug, Default)]
pub struct Group {
    code: Option<Code>,
    cases: Cases,
    measured: Option<u64>,
    /// The one client of all of them, if it is one.
    client: Option<[u8; 16]>,
    /// The first of them.
    first: Option<(u64, Endpoint)>,
}

impl Kept for Group {
    fn matters(&self) -> bool {
        self.cases.count > 1 && self.code.is_some_and(|code| code.severity() >= Severity::Warning)
    }
}

impl Group {
    pub fn add(&mut self, code: Code, sighting: &Sighting<'_>) {
        if self.cases.count == 0 {
            self.client = Some(sighting.client.addr);
            self.first = Some((sighting.flow_id, sighting.client));
        }
        self.code = Some(code);
        self.client = self.client.filter(|client| *client == sighting.client.addr);
        let told = measure(code).and_then(|m| (m.of)(sighting.summary).map(|n| (m, n)));
        if let Some((measure, n)) = &told {
            self.measured = Some(match (self.measured, measure.fold) {
                (None, _) => *n,
                (Some(before), Fold::Sum) => before.saturating_add(*n),
                (Some(before), Fold::Most) => before.max(*n),
                (Some(before), Fold::Least) => before.min(*n),
            });
        }
        let frame = match code {
            Code::NagleDelayedAck => sighting.summary.halves.iter().find_map(|half| half.nagle.frame),
            _ => None,
        };
        self.cases.add_at(sighting, frame.unwrap_or(sighting.first_frame), || match told {
            Some((measure, n)) => measure.words.replace("{}", &text(n, measure.unit)),
            None => code.entry().title.to_owned(),
        });
    }

    /// The client, if all were its.
    pub const fn sole_client(&self) -> Option<[u8; 16]> {
        self.client
    }

    pub fn finding(&self, code: Code, service: Endpoint) -> Option<Finding> {
        let (flow_id, client) = self.first?;
        let (first, last) = self.cases.span();
        let subject = match self.cases.count {
            1 => Subject::Connection { flow_id, client, server: service },
            _ => Subject::Service(service),
        };
        let title = code.entry().title;
        let mut capital = title.chars();
        let title: String = capital.next().into_iter().flat_map(char::to_uppercase).chain(capital).collect();
        let whose = match self.cases.count {
            1 => format!("{subject}"),
            n => format!("{} to {service}", counted(n, "connection")),
        };
        let (mut figures, mut tail) = (vec![Figure::count("connections", self.cases.count)], String::new());
        if let (Some(measure), Some(n)) = (measure(code), self.measured) {
            figures.push(match measure.unit {
                Unit::Time => Figure::millis(measure.name, Nanos(i64::try_from(n).unwrap_or(i64::MAX))),
                Unit::Count | Unit::Bytes => Figure::count(measure.name, n),
            });
            tail = format!(", {}", measure.words.replace("{}", &text(n, measure.unit)));
        }
        Some(Finding {
            code,
            subject,
            connections: self.cases.count,
            first,
            last,
            figures,
            sentence: format!("{title}: {whose}{tail}."),
            evidence: self.cases.evidence(),
        })
    }
}

fn text(n: u64, unit: Unit) -> String {
    match unit {
        Unit::Count => count(n),
        Unit::Bytes => bytes(n),
        Unit::Time => span(Nanos(i64::try_from(n).unwrap_or(i64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::survey::tests::{Scene, codes};

    #[test]
    fn one_connection_is_named_and_several_are_counted() {
        let mut scene = Scene::default();
        scene.client([10, 0, 0, 1], 40_000).refused();
        let found = scene.findings();
        assert_eq!(found[0].sentence, "Connection refused: 10.0.0.1:40000 → 10.0.0.2:80.");
        scene.client([10, 0, 0, 3], 40_001).refused();
        let found = scene.findings();
        assert_eq!(codes(&found), [Code::Refused]);
        assert_eq!(found[0].sentence, "Connection refused: 2 connections to 10.0.0.2:80.");
    }
}
