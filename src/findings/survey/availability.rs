//! Services that refuse, and services that do not answer (`semantics.md` 12, `refused_rate`).

use super::sighting::{Attempt, Cases, Sighting};
use super::windows::Bins;
use crate::base::human::{count, counted};
use crate::base::{Endpoint, Nanos};
use crate::findings::finding::{Figure, Finding, Subject, percent};
use crate::findings::registry::Code;
use crate::tcp::HandshakeOutcome;

/// Fewer attempts say nothing of a service.
const ATTEMPTS: u64 = 10;

/// What became of the attempts to reach one service.
#[derive(Debug)]
pub struct Availability {
    /// By minute: succeeded, refused, unanswered. A service that was down for a while is found however long it was up.
    minutes: Bins<3>,
    bad_minutes: [u64; 2],
    succeeded: u64,
    refused: Cases,
    unanswered: Cases,
    by_icmp: u64,
}

impl Default for Availability {
    fn default() -> Self {
        Self {
            minutes: Bins::new(Nanos::from_secs(60), 16),
            bad_minutes: [0; 2],
            succeeded: 0,
            refused: Cases::default(),
            unanswered: Cases::default(),
            by_icmp: 0,
        }
    }
}

/// Half or more of enough attempts.
const fn is_bad(failed: u64, all: u64) -> bool {
    all >= ATTEMPTS && failed * 2 >= all
}

fn verdicts(counts: [u32; 3]) -> [bool; 2] {
    let [succeeded, refused, unanswered] = counts.map(u64::from);
    [refused, unanswered].map(|failed| is_bad(failed, succeeded + refused + unanswered))
}

impl Availability {
    pub fn add(&mut self, sighting: &Sighting<'_>) {
        let kind = match sighting.attempt() {
            Attempt::Succeeded => {
                self.succeeded += 1;
                0
            }
            Attempt::Refused => {
                let icmp = sighting.summary.handshake.outcome == HandshakeOutcome::RefusedIcmp;
                self.by_icmp += u64::from(icmp);
                let by = if icmp { "an ICMP error" } else { "a reset" };
                self.refused.add(sighting, || format!("SYN of {}, answered by {by}", sighting.client));
                1
            }
            Attempt::Unanswered => {
                let syns = sighting.summary.handshake.syn_packets.into();
                self.unanswered.add(sighting, || format!("{} of {}, no answer", counted(syns, "SYN"), sighting.client));
                2
            }
            _ => return,
        };
        if let Some(closed) = self.minutes.add(sighting.start(), kind) {
            for (bad, is_bad) in self.bad_minutes.iter_mut().zip(verdicts(closed)) {
                *bad += u64::from(is_bad);
            }
        }
    }

    fn attempts(&self) -> u64 {
        self.succeeded + self.refused.count + self.unanswered.count
    }

    /// Down, and unreachable.
    fn verdicts(&self) -> [bool; 2] {
        let all = self.attempts();
        if all < ATTEMPTS {
            return [false; 2];
        }
        let mut bad = [self.refused.count, self.unanswered.count].map(|failed| is_bad(failed, all));
        let now = self.minutes.iter().map(|bin| verdicts(*bin));
        for verdict in now.chain([self.bad_minutes.map(|n| n > 0)]) {
            bad = [bad[0] || verdict[0], bad[1] || verdict[1]];
        }
        bad
    }

    pub fn is_raised(&self) -> bool {
        self.verdicts() != [false; 2]
    }

    pub fn findings(&self, service: Endpoint) -> impl Iterator<Item = Finding> {
        let [down, unreachable] = self.verdicts();
        let down = down.then(|| {
            let icmp = match self.by_icmp {
                0 => String::new(),
                n => format!(", {} of them by ICMP", count(n)),
            };
            let figures = vec![
                Figure::count("attempts", self.attempts()),
                Figure::count("refused", self.refused.count),
                Figure::count("refused_by_icmp", self.by_icmp),
                Figure::share("refused_pct", self.refused.count, self.attempts()),
            ];
            self.told(service, Code::ServiceDown, &self.refused, &format!("refused{icmp}"), figures)
        });
        let unreachable = unreachable.then(|| {
            let figures = vec![
                Figure::count("attempts", self.attempts()),
                Figure::count("unanswered", self.unanswered.count),
                Figure::share("unanswered_pct", self.unanswered.count, self.attempts()),
            ];
            self.told(service, Code::ServiceUnreachable, &self.unanswered, "met silence", figures)
        });
        down.into_iter().chain(unreachable)
    }

    fn told(&self, service: Endpoint, code: Code, cases: &Cases, what: &str, figures: Vec<Figure>) -> Finding {
        let (first, last) = cases.span();
        let others = match self.succeeded {
            0 => "; none succeeded".to_owned(),
            n => format!("; {} succeeded: it comes and goes, or one of several members is down", count(n)),
        };
        Finding {
            code,
            subject: Subject::Service(service),
            connections: cases.count,
            first,
            last,
            figures,
            sentence: format!(
                "{} of {} to connect to {service} ({:.0}%) {what}{others}.",
                count(cases.count),
                counted(self.attempts(), "attempt"),
                percent(cases.count, self.attempts()),
            ),
            evidence: cases.evidence(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::survey::tests::{Scene, codes};

    #[test]
    fn a_service_that_refuses_is_down() {
        let mut scene = Scene::default();
        for n in 0..12u16 {
            scene.client([10, 0, 0, 1], 40_000 + n).at_ms(i64::from(n) * 100).refused();
        }
        let found = scene.findings();
        assert_eq!(codes(&found), [Code::ServiceDown], "{found:?}");
        assert!(found[0].sentence.starts_with("12 of 12 attempts"), "{}", found[0].sentence);
    }

    #[test]
    fn a_service_that_was_down_for_a_minute_is_found() {
        let mut scene = Scene::default();
        for n in 0..2_000u16 {
            let mut one = scene.client([10, 0, 0, 1], 30_000 + n).at_ms(i64::from(n) * 1_000);
            if (1_000..1_060).contains(&n) { one.refused() } else { one.request() }
        }
        let found = scene.findings();
        assert_eq!(codes(&found), [Code::ServiceDown]);
        assert!(found[0].sentence.contains("60 of 2,000") && found[0].sentence.contains("comes and goes"));
    }

    #[test]
    fn silence_is_told_apart() {
        let mut scene = Scene::default();
        (0..12).for_each(|n| scene.client([10, 0, 0, 1], 40_000 + n).unanswered());
        assert_eq!(codes(&scene.findings()), [Code::ServiceUnreachable]);
    }

    #[test]
    fn some_refusals_among_successes_are_told_singly() {
        let mut scene = Scene::default();
        for n in 0..40u16 {
            let mut one = scene.client([10, 0, 0, 1], 40_000 + n).at_ms(i64::from(n) * 100);
            if n % 8 == 0 { one.refused() } else { one.request() }
        }
        assert_eq!(codes(&scene.findings()), [Code::Refused]);
    }
}
