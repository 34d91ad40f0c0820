//! What forgets connections that are idle for too long: a firewall, a NAT, a load balancer (`semantics.md` 12, `idle_reset` cluster).
//!
//! A connection that dies when it is used again was idle for longer than the timeout, and one that lives was idle for less: the timeout
//! lies between the longest silence that was survived and the shortest that was not.

use super::sighting::{Cases, Sighting};
use crate::base::human::{count, counted, span};
use crate::base::{Endpoint, Nanos};
use crate::findings::finding::{Figure, Finding, Subject};
use crate::findings::registry::{Code, Codes};
use crate::tcp::{End, RstKind};

/// Shorter silences kill nobody.
const SHORTEST: Nanos = Nanos::from_secs(10);
/// A silence that ended in retransmissions until the sender gave up has to be longer than the longest pause between these.
const LONGER_THAN_BACKOFF: Nanos = Nanos::from_secs(130);
/// Fewer may have other reasons.
const MANY: u64 = 3;
/// Timeouts that people set, in seconds.
const ROUND: [i64; 17] =
    [30, 60, 90, 120, 180, 240, 300, 350, 600, 900, 1_200, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];

/// Silences of the connections to one service.
#[derive(Debug, Default)]
pub struct IdleKiller {
    cases: Cases,
    /// By silence instead of a reset.
    silent: u64,
    shortest_killed: Option<Nanos>,
    longest_survived: Nanos,
}

impl IdleKiller {
    pub fn add(&mut self, sighting: &Sighting<'_>, codes: Codes) {
        let idle = sighting.summary.idle_max;
        if idle < SHORTEST {
            return;
        }
        let teardown = &sighting.summary.teardown;
        let reset = teardown.rst_kind == Some(RstKind::IdleReset) || codes.has(Code::IdleReset);
        let given_up = teardown.end == End::Timeout || codes.has(Code::PeerDead);
        if reset || given_up && idle >= LONGER_THAN_BACKOFF {
            self.silent += u64::from(!reset);
            self.shortest_killed = Some(self.shortest_killed.map_or(idle, |s| s.min(idle)));
            let how = if reset { "reset" } else { "no answer" };
            self.cases.add(sighting, || format!("{how} after {} of silence", span(idle)));
        } else if teardown.rst_kind.is_none() && !given_up {
            self.longest_survived = self.longest_survived.max(idle);
        }
    }

    /// The shortest silence that killed, if longer ones never did no harm.
    fn limit(&self) -> Option<Nanos> {
        let killed = self.shortest_killed.filter(|_| self.cases.count >= MANY)?;
        (self.longest_survived <= killed.scale(102, 100)).then_some(killed)
    }

    pub fn is_raised(&self) -> bool {
        self.limit().is_some()
    }

    pub fn finding(&self, service: Endpoint) -> Option<Finding> {
        let killed = self.limit()?;
        let (first, last) = self.cases.span();
        let survived = self.longest_survived;
        // The largest that people set between what was survived and what was not.
        let round = ROUND.into_iter().rev().map(Nanos::from_secs).find(|r| *r <= killed.scale(101, 100));
        let round = round.filter(|r| *r >= survived.min(killed).scale(98, 100) && *r >= killed.scale(9, 10));
        let mut figures = vec![
            Figure::count("killed", self.cases.count),
            Figure::count("killed_by_silence", self.silent),
            Figure::seconds("shortest_killed_s", killed),
        ];
        let mut sentence = format!(
            "{} to {service} died after at least {} of silence",
            counted(self.cases.count, "connection"),
            span(killed)
        );
        if survived > Nanos::ZERO {
            figures.push(Figure::seconds("longest_survived_s", survived));
            sentence += &format!(", while up to {} did no harm", span(survived));
        }
        if let Some(round) = round {
            figures.push(Figure::seconds("timeout_s", round));
            let secs = round.0 / 1_000_000_000;
            sentence += &format!(": something in between has an idle timeout of {} s", count(secs.unsigned_abs()));
        }
        Some(Finding {
            code: Code::IdleKiller,
            subject: Subject::Service(service),
            connections: self.cases.count,
            first,
            last,
            figures,
            sentence: sentence + ".",
            evidence: self.cases.evidence(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::survey::tests::{Scene, codes};

    fn idle(killed: &[i64], survived: &[i64]) -> Vec<Finding> {
        let mut scene = Scene::default();
        for (n, (seconds, dies)) in
            killed.iter().map(|s| (*s, true)).chain(survived.iter().map(|s| (*s, false))).enumerate()
        {
            let mut one = scene.client([10, 0, 0, 1], 40_000 + n as u16);
            one.summary.idle_max = Nanos::from_secs(seconds);
            if dies {
                one.summary.teardown.end = End::RstServer;
                one.summary.teardown.rst_kind = Some(RstKind::IdleReset);
            }
            one.request();
        }
        scene.findings()
    }

    #[test]
    fn a_timeout_between_what_lived_and_what_died_is_named() {
        let found = idle(&[351, 360, 900], &[340, 100]);
        let killer = found.iter().find(|f| f.code == Code::IdleKiller).unwrap();
        assert!(killer.sentence.contains("an idle timeout of 350 s"), "{}", killer.sentence);
        assert!(!codes(&found).contains(&Code::IdleReset), "told once");
    }

    #[test]
    fn where_longer_silences_do_no_harm_there_is_no_timeout() {
        assert!(!codes(&idle(&[351, 360, 900], &[1_000])).contains(&Code::IdleKiller));
        assert!(!codes(&idle(&[351, 360], &[])).contains(&Code::IdleKiller));
    }
}
