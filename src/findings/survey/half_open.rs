//! Handshakes that the listener answered and nobody finished, side by side (`semantics.md` 12, the gauge H(t)).

use super::at_once::AtOnce;
use super::sighting::{Attempt, Cases, Sighting};
use super::windows::Peak;
use crate::base::human::{count, counted};
use crate::base::{Endpoint, Nanos};
use crate::findings::finding::{Figure, Finding, Subject};
use crate::findings::registry::Code;
use crate::tcp::HandshakeOutcome;

/// How long a half-open connection takes a place: five retries of the SYN-ACK, and the wait behind the last (Linux).
const PLACE: Nanos = Nanos::from_secs(63);
/// Fewer at once, or within a minute, are nothing to speak of.
const MANY: u64 = 32;
/// So many at once fill a small backlog whatever else goes on: the least that Linux takes for tcp_max_syn_backlog.
const BACKLOG: u64 = 128;
/// A listener that answered so many and left others unanswered has no room for them; one that answers nobody is somewhere else's finding.
const ANSWERED: u64 = 4;

/// What waits at one listener.
#[derive(Debug)]
pub struct HalfOpenBacklog {
    at_once: AtOnce,
    /// Those that were never finished, answered or not.
    minute: Peak,
    cases: Cases,
    unanswered: u64,
    succeeded: u64,
}

impl Default for HalfOpenBacklog {
    fn default() -> Self {
        Self {
            at_once: AtOnce::default(),
            minute: Peak::minute(),
            cases: Cases::default(),
            unanswered: 0,
            succeeded: 0,
        }
    }
}

impl HalfOpenBacklog {
    pub fn add(&mut self, sighting: &Sighting<'_>) {
        match sighting.attempt() {
            Attempt::Succeeded => self.succeeded += 1,
            Attempt::Unanswered => {
                self.unanswered += 1;
                self.minute.add(sighting.start());
            }
            Attempt::Abandoned if sighting.summary.handshake.outcome == HandshakeOutcome::HalfOpen => {
                self.at_once.add(sighting.start(), sighting.start() + PLACE);
                self.minute.add(sighting.start());
                self.cases.add(sighting, || format!("{} was answered and did not finish", sighting.client));
            }
            _ => {}
        }
    }

    pub fn is_raised(&self) -> bool {
        let answered = self.cases.count;
        let mostly = answered + self.unanswered > self.succeeded;
        let waiting = self.at_once.most() >= MANY && mostly || self.at_once.most() >= BACKLOG;
        // The queue is so full that SYNs are dropped: few are half open, because no more have room.
        let dropping = answered >= ANSWERED && mostly && self.minute.most() >= MANY && self.unanswered > 0;
        waiting || dropping
    }

    pub fn finding(&self, service: Endpoint) -> Option<Finding> {
        if !self.is_raised() {
            return None;
        }
        let (first, last) = self.cases.span();
        let dropped = match self.unanswered {
            0 => String::new(),
            n => format!("; it left {} unanswered: its queue was full", counted(n, "SYN")),
        };
        Some(Finding {
            code: Code::HalfOpenBacklog,
            subject: Subject::Service(service),
            connections: self.cases.count + self.unanswered,
            first,
            last,
            figures: vec![
                Figure::count("half_open", self.cases.count),
                Figure::count("half_open_at_once", self.at_once.most()),
                Figure::count("unanswered", self.unanswered),
                Figure::count("completed", self.succeeded),
                Figure::count("unfinished_peak_per_min", self.minute.most()),
            ],
            sentence: format!(
                "Up to {} half open at once at {service}, of {} that it answered and nobody finished, while {} completed{dropped}.",
                counted(self.at_once.most(), "connection"),
                count(self.cases.count),
                count(self.succeeded),
            ),
            evidence: self.cases.evidence(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::survey::tests::{Scene, codes};

    #[test]
    fn half_open_connections_that_pile_up_are_told() {
        let mut scene = Scene::default();
        for n in 0..60 {
            scene.client([10, 9, 8, n], 20_000).at_ms(i64::from(n) * 20).half_open();
        }
        scene.client([10, 9, 0, 1], 5_000).at_ms(2_000).request();
        let found = scene.findings();
        assert_eq!(codes(&found)[0], Code::HalfOpenBacklog, "{found:?}");
        assert_eq!(found[0].figures[1], Figure::count("half_open_at_once", 60));
        assert!(!codes(&found).contains(&Code::HalfOpen), "told once");
    }

    #[test]
    fn a_listener_whose_queue_is_full_leaves_syns_unanswered() {
        let mut scene = Scene::default();
        for n in 0..60 {
            let mut one = scene.client([10, 9, 8, n], 20_000).at_ms(i64::from(n) * 20);
            if n < 7 { one.half_open() } else { one.unanswered() }
        }
        let found = codes(&scene.findings());
        assert!(found.contains(&Code::HalfOpenBacklog) && !found.contains(&Code::ServiceUnreachable), "{found:?}");
    }

    #[test]
    fn the_same_over_an_hour_is_nothing() {
        let mut scene = Scene::default();
        for n in 0..60 {
            scene.client([10, 9, 8, n], 20_000).at_ms(i64::from(n) * 60_000).half_open();
        }
        assert!(!codes(&scene.findings()).contains(&Code::HalfOpenBacklog));
    }
}
