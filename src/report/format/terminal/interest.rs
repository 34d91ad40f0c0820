//! What is wrong with a connection, in the words of the terminal report, and how much it matters beside the others.

use crate::base::Nanos;
use crate::report::record::FlowRecord;
use crate::report::text::Tone;
use crate::report::value::Percent;
use crate::tcp::{End, HalfSummary, HandshakeOutcome, RstKind, TeardownSummary};

use crate::report::human;

/// Causes of trouble, coarse enough to count connections by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It never came about.
    Handshake,
    /// It was given up.
    Timeout,
    /// It was reset.
    Reset,
    /// Data had to be sent again.
    Loss,
    /// It took several attempts to connect.
    Setup,
    /// A receiver closed its window.
    Window,
    /// A sender paused against its will.
    Stall,
    /// The capture is not complete.
    Capture,
    /// Nothing is wrong.
    None,
}

impl Cause {
    /// All of them.
    pub const ALL: [Cause; 9] = [
        Cause::Handshake,
        Cause::Timeout,
        Cause::Reset,
        Cause::Loss,
        Cause::Setup,
        Cause::Window,
        Cause::Stall,
        Cause::Capture,
        Cause::None,
    ];

    /// What connections of that cause come with, for the summary; nothing where the lines on outcomes tell it.
    pub const fn noun(self) -> Option<&'static str> {
        match self {
            Cause::Loss => Some("retransmissions"),
            Cause::Setup => Some("a slow connect"),
            Cause::Window => Some("zero windows"),
            Cause::Stall => Some("stalls"),
            Cause::Capture => Some("gaps in the capture"),
            Cause::Handshake | Cause::Timeout | Cause::Reset | Cause::None => None,
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Symptom {
    /// The handshake failed, in a few words.
    Failed(&'static str),
    /// Given up after silence.
    TimedOut,
    /// A reset ended it, in a few words.
    Reset(&'static str),
    /// A reset after a FIN: mostly a careless close.
    ResetAfterFin,
    /// Of the payload of the worse direction so much was sent again, in so many segments.
    Resent(Option<Percent>, u64),
    /// So many retransmissions were in vain.
    Spurious(u64),
    /// So much time went into repeated SYNs.
    SlowSetup(Nanos),
    /// The window was closed so often, for so long.
    ZeroWindow(u64, Nanos),
    /// So many stalls, for so long.
    Stalled(u64, Nanos),
    /// So many bytes are missing in the capture.
    Missing(u64),
}

impl Symptom {
    /// How much it matters. What broke the connection comes before what slowed it down, and that before what merely blurs
    /// the picture. Shares and times add within their rank:
    ///
    /// | symptom | weight |
    /// |---|---|
    /// | failed handshake | 10,000 |
    /// | timed out | 9,000 |
    /// | reset without FIN | 8,000 |
    /// | retransmissions | 1,000 and 100 for each percent, up to 6,000 |
    /// | slow connect | 1,000 and 1 for each millisecond, up to 3,000 |
    /// | stalls, zero windows | 500 and 1 for each millisecond, up to 2,500 |
    /// | missing in the capture | 300 |
    /// | spurious retransmissions | 200 |
    /// | reset after FIN | 100 |
    fn weight(self) -> u64 {
        let millis = |span: Nanos| u64::try_from(span.0 / 1_000_000).unwrap_or(0);
        match self {
            Symptom::Failed(_) => 10_000,
            Symptom::TimedOut => 9_000,
            Symptom::Reset(_) => 8_000,
            Symptom::Resent(share, _) => 1_000 + share.map_or(0, |s| s.0 / 100).min(5_000),
            Symptom::SlowSetup(time) => 1_000 + millis(time).min(2_000),
            Symptom::Stalled(_, time) | Symptom::ZeroWindow(_, time) => 500 + millis(time).min(2_000),
            Symptom::Missing(_) => 300,
            Symptom::Spurious(_) => 200,
            Symptom::ResetAfterFin => 100,
        }
    }

    /// Its cause.
    pub const fn cause(self) -> Cause {
        match self {
            Symptom::Failed(_) => Cause::Handshake,
            Symptom::TimedOut => Cause::Timeout,
            Symptom::Reset(_) | Symptom::ResetAfterFin => Cause::Reset,
            Symptom::Resent(..) | Symptom::Spurious(_) => Cause::Loss,
            Symptom::SlowSetup(_) => Cause::Setup,
            Symptom::ZeroWindow(..) => Cause::Window,
            Symptom::Stalled(..) => Cause::Stall,
            Symptom::Missing(_) => Cause::Capture,
        }
    }

    /// Its colour.
    pub const fn tone(self) -> Tone {
        match self {
            Symptom::Failed(_) | Symptom::TimedOut | Symptom::Reset(_) => Tone::Failure,
            Symptom::ResetAfterFin => Tone::Quiet,
            _ => Tone::Warning,
        }
    }

    /// In words.
    pub fn text(self) -> String {
        match self {
            Symptom::Failed(words) | Symptom::Reset(words) => words.to_owned(),
            Symptom::TimedOut => "timed out".to_owned(),
            Symptom::ResetAfterFin => "reset after close".to_owned(),
            Symptom::Resent(Some(share), _) if share.0 > 0 => format!("{} resent", human::percent(share)),
            Symptom::Resent(_, packets) => format!("{} resent", human::counted(packets, "packet")),
            Symptom::Spurious(packets) => format!("{} resent in vain", human::count(packets)),
            Symptom::SlowSetup(time) => format!("connect +{}", human::span(time)),
            Symptom::ZeroWindow(_, time) if time > Nanos::ZERO => format!("window shut {}", human::span(time)),
            Symptom::ZeroWindow(times, _) => format!("window shut {}×", human::count(times)),
            Symptom::Stalled(_, time) => format!("stalled {}", human::span(time)),
            Symptom::Missing(bytes) => format!("capture lacks {}", human::bytes(bytes)),
        }
    }
}

/// A connect that was held up for less troubles nobody: a SYN-ACK may be repeated without need.
const NOTICEABLE: Nanos = Nanos::from_millis(100);

/// All that is wrong with a connection, worst first.
pub fn symptoms(record: &FlowRecord) -> Vec<Symptom> {
    let summary = &record.summary;
    let mut found = Vec::new();
    if let Some(words) = failed(summary.handshake.outcome) {
        found.push(Symptom::Failed(words));
    } else {
        found.extend(broken(&summary.teardown));
    }
    found.extend(summary.handshake.setup_delay.filter(|d| *d >= NOTICEABLE).map(Symptom::SlowSetup));
    found.extend(resent(&summary.halves));
    let of_both = |of: fn(&HalfSummary) -> (u64, Nanos)| {
        summary.halves.iter().map(of).fold((0u64, Nanos::ZERO), |a, b| (a.0.saturating_add(b.0), a.1 + b.1))
    };
    let (spurious, _) = of_both(|h| (h.loss.as_ref().map_or(0, |l| l.spurious_packets), Nanos::ZERO));
    if spurious > 0 {
        found.push(Symptom::Spurious(spurious));
    }
    let (closed, time) = of_both(|h| h.window.as_ref().map_or((0, Nanos::ZERO), |w| (w.zero_windows, w.zero_window)));
    if closed > 0 {
        found.push(Symptom::ZeroWindow(closed, time));
    }
    let (stalls, time) = of_both(|h| h.stalls.as_ref().map_or((0, Nanos::ZERO), |s| (s.stalls, s.time)));
    if stalls > 0 {
        found.push(Symptom::Stalled(stalls, time));
    }
    let (missing, _) = of_both(|h| (h.stream.as_ref().and_then(|s| s.missing_bytes).unwrap_or(0), Nanos::ZERO));
    if missing > 0 {
        found.push(Symptom::Missing(missing));
    }
    found.sort_by_key(|s| std::cmp::Reverse(s.weight()));
    found
}

/// How interesting a connection is: the weights of its symptoms together.
pub fn score(symptoms: &[Symptom]) -> u64 {
    symptoms.iter().map(|s| s.weight()).sum()
}

const fn failed(outcome: HandshakeOutcome) -> Option<&'static str> {
    match outcome {
        HandshakeOutcome::RefusedRst => Some("refused"),
        HandshakeOutcome::RefusedIcmp => Some("refused by ICMP"),
        HandshakeOutcome::Unanswered => Some("no answer"),
        HandshakeOutcome::HalfOpen => Some("handshake not finished"),
        HandshakeOutcome::ClientReset => Some("handshake reset by client"),
        HandshakeOutcome::ServerReset => Some("handshake reset by server"),
        HandshakeOutcome::Challenged => Some("SYN met an old connection"),
        HandshakeOutcome::Established
        | HandshakeOutcome::EstablishedPartial
        | HandshakeOutcome::Midstream
        | HandshakeOutcome::OneWay
        | HandshakeOutcome::SimultaneousOpen => None,
    }
}

fn broken(teardown: &TeardownSummary) -> Option<Symptom> {
    let by = |who| match teardown.rst_kind {
        Some(RstKind::InjectedSuspected) => "reset, perhaps forged",
        Some(RstKind::OverflowReset) => "accept queue full",
        Some(RstKind::KeepaliveReset) => "reset: peer is dead",
        _ => who,
    };
    match teardown.end {
        End::RstClient => Some(Symptom::Reset(by("reset by client"))),
        End::RstServer => Some(Symptom::Reset(by("reset by server"))),
        End::FinThenRst => Some(Symptom::ResetAfterFin),
        End::Timeout => Some(Symptom::TimedOut),
        _ => None,
    }
}

/// The worse direction's share, and the packets of both.
fn resent(halves: &[HalfSummary; 2]) -> Option<Symptom> {
    let packets = halves.iter().flat_map(|h| &h.loss).map(|l| l.retrans_packets).sum();
    (packets > 0).then(|| Symptom::Resent(resent_share(halves), packets))
}

/// Retransmitted payload as a share of all payload, of the direction where it is larger.
pub fn resent_share(halves: &[HalfSummary; 2]) -> Option<Percent> {
    let share = |h: &HalfSummary| Percent::of(h.loss.as_ref()?.retrans_bytes, h.volume.payload_bytes);
    halves.iter().filter_map(share).max()
}

/// How a connection with which nothing is wrong ended.
pub const fn ending(end: End) -> &'static str {
    match end {
        End::Fin => "closed",
        End::FinSimultaneous => "closed by both at once",
        End::FinThenRst => "reset after close",
        End::Refused => "refused",
        End::Unanswered => "no answer",
        End::RstClient => "reset by client",
        End::RstServer => "reset by server",
        End::HalfClosed => "half closed",
        End::Timeout => "timed out",
        End::Superseded => "replaced by a new one",
        End::Evicted => "dropped to save memory",
        End::OpenAtEnd => "still open",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn score_of(record: &FlowRecord) -> u64 {
        score(&symptoms(record))
    }

    #[test]
    fn nothing_is_wrong_with_a_healthy_connection() {
        assert_eq!(symptoms(&sample::healthy()), []);
    }

    #[test]
    fn failures_come_before_slowness() {
        let mut slow = sample::healthy();
        slow.summary.halves[0].loss =
            Some(crate::tcp::LossSummary { retrans_packets: 9, retrans_bytes: 48_000, ..Default::default() });
        let mut reset = sample::healthy();
        reset.summary.teardown.end = End::RstServer;
        reset.summary.teardown.rst_kind = None;
        let mut timeout = sample::healthy();
        timeout.summary.teardown.end = End::Timeout;
        let refused = sample::bare();
        let scores = [&refused, &timeout, &reset, &slow].map(score_of);
        assert!(scores.is_sorted_by(|a, b| a > b), "{scores:?}");
        assert_eq!(symptoms(&reset)[0].text(), "reset by server");
        assert_eq!(symptoms(&slow)[0].text(), "100% resent");
    }

    #[test]
    fn the_worst_comes_first() {
        let texts: Vec<String> = symptoms(&sample::full()).into_iter().map(Symptom::text).collect();
        assert_eq!(
            texts,
            [
                "stalled 3.4 s",
                "connect +1.0 s",
                "3.1% resent",
                "window shut 240 ms",
                "capture lacks 3.0 kB",
                "6 resent in vain"
            ]
        );
    }
}
