//! A listener whose accept queue is full (`semantics.md` 12, `accept_overflow`). What one connection shows of it is told by
//! `findings::of`; here it is put together, with the SYNs that the same listener dropped.

use super::sighting::{Attempt, Cases, Sighting};
use super::windows::Peak;
use crate::base::human::{count, counted};
use crate::base::{Endpoint, Nanos};
use crate::findings::finding::{Figure, Finding, Subject, percent};
use crate::findings::registry::{Code, Codes};
use crate::tcp::RstKind;

/// A SYN is repeated after a second.
const REPEATED: Nanos = Nanos::from_millis(900);

/// What one listener turned away.
#[derive(Debug)]
pub struct AcceptQueue {
    minute: Peak,
    cases: Cases,
    /// With a reset (`tcp_abort_on_overflow`).
    reset: u64,
    handshakes: u64,
    /// SYNs that had to be repeated, or were never answered: with a full accept queue the kernel drops them.
    dropped: u64,
}

impl Default for AcceptQueue {
    fn default() -> Self {
        Self { minute: Peak::minute(), cases: Cases::default(), reset: 0, handshakes: 0, dropped: 0 }
    }
}

impl AcceptQueue {
    pub fn add(&mut self, sighting: &Sighting<'_>, codes: Codes) {
        let handshake = &sighting.summary.handshake;
        let attempt = sighting.attempt();
        self.handshakes += u64::from(attempt == Attempt::Succeeded);
        if codes.has(Code::AcceptQueueOverflow) {
            self.minute.add(sighting.start());
            let reset = sighting.summary.teardown.rst_kind == Some(RstKind::OverflowReset);
            self.reset += u64::from(reset);
            let frame = handshake.overflow.map_or(sighting.first_frame, |o| o.frame);
            self.cases.add_at(sighting, frame, || {
                if reset {
                    "the server reset what the client took for established".to_owned()
                } else {
                    let ignored = handshake.overflow.map_or(0, |o| o.ignored);
                    format!("the server ignored {} and repeated its SYN-ACK", counted(ignored, "packet"))
                }
            });
        } else {
            let repeated = handshake.syn_packets > 1 && handshake.setup_delay.is_some_and(|d| d >= REPEATED);
            self.dropped += u64::from(repeated || attempt == Attempt::Unanswered);
        }
    }

    pub fn is_raised(&self) -> bool {
        self.cases.count > 0
    }

    pub fn finding(&self, service: Endpoint) -> Option<Finding> {
        if !self.is_raised() {
            return None;
        }
        let (first, last) = self.cases.span();
        let all = self.handshakes.max(self.cases.count);
        let mut sentence = format!(
            "The accept queue of {service} was full for {} of {} ({:.0}%)",
            count(self.cases.count),
            counted(all, "connection"),
            percent(self.cases.count, all)
        );
        if self.reset > 0 {
            sentence += &format!(", {} of them reset (tcp_abort_on_overflow)", count(self.reset));
        }
        if self.dropped > 0 {
            sentence += &format!("; {} of others had to be repeated", counted(self.dropped, "SYN"));
        }
        Some(Finding {
            code: Code::AcceptQueueOverflow,
            subject: Subject::Service(service),
            connections: self.cases.count,
            first,
            last,
            figures: vec![
                Figure::count("overflows", self.cases.count),
                Figure::count("overflows_peak_per_min", self.minute.most()),
                Figure::count("reset", self.reset),
                Figure::count("handshakes", all),
                Figure::share("overflow_pct", self.cases.count, all),
                Figure::count("syns_dropped", self.dropped),
            ],
            sentence: sentence + ".",
            evidence: self.cases.evidence(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::survey::tests::{Scene, codes};
    use crate::tcp::OverflowSummary;

    #[test]
    fn a_full_accept_queue_is_told_with_the_syns_that_it_cost() {
        let mut scene = Scene::default();
        for n in 0..20u16 {
            let mut one = scene.client([10, 0, 0, 1], 40_000 + n).at_ms(i64::from(n) * 50);
            if n % 5 == 0 {
                one.summary.handshake.overflow = Some(OverflowSummary { ignored: 2, frame: 99 });
            } else if n % 5 == 1 {
                one.summary.handshake.syn_packets = 2;
                one.summary.handshake.setup_delay = Some(Nanos::from_secs(1));
            }
            one.request();
        }
        let found = scene.findings();
        let full = found.iter().find(|f| f.code == Code::AcceptQueueOverflow).unwrap();
        assert_eq!(full.connections, 4);
        assert!(full.sentence.contains("4 of 20 connections (20%); 4 SYNs of others"), "{}", full.sentence);
        assert_eq!(full.evidence[0].frame, 99);
    }

    #[test]
    fn a_lost_syn_is_no_full_queue() {
        let mut scene = Scene::default();
        let mut one = scene.client([10, 0, 0, 1], 40_000);
        one.summary.handshake.syn_packets = 2;
        one.summary.handshake.setup_delay = Some(Nanos::from_secs(1));
        one.request();
        assert!(!codes(&scene.findings()).contains(&Code::AcceptQueueOverflow));
    }
}
