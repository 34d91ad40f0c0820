//! Handshakes that are begun by the hundred and never finished (`semantics.md` 12, `syn_flood`).

use std::collections::HashSet;

use super::sighting::{Attempt, Cases, Sighting};
use super::windows::{Bins, Peak};
use crate::base::human::{count, counted};
use crate::base::{Endpoint, Nanos};
use crate::findings::finding::{Figure, Finding, Subject, percent};
use crate::findings::registry::Code;

/// Attempts a second that are not finished.
const RATE: u32 = 100;
/// Of all attempts in such a second fewer than one in so many succeeds.
const ONE_IN: u32 = 5;
/// Fewer sources are no flood, but a client that cannot connect.
const SOURCES: usize = 16;
/// More are not told apart.
const MOST_SOURCES: usize = 64;

/// What one listener is asked for.
#[derive(Debug)]
pub struct SynFlood {
    /// By second: not finished, and finished.
    seconds: Bins<2>,
    flooded: u64,
    peak: Peak,
    cases: Cases,
    succeeded: u64,
    unanswered: u64,
    sources: HashSet<[u8; 16]>,
}

impl Default for SynFlood {
    fn default() -> Self {
        Self {
            seconds: Bins::new(Nanos::from_secs(1), 256),
            flooded: 0,
            peak: Peak::second(),
            cases: Cases::default(),
            succeeded: 0,
            unanswered: 0,
            sources: HashSet::new(),
        }
    }
}

fn is_flood([unfinished, finished]: [u32; 2]) -> bool {
    unfinished >= RATE && finished < unfinished.saturating_add(finished) / ONE_IN
}

impl SynFlood {
    pub fn add(&mut self, sighting: &Sighting<'_>) {
        let closed = match sighting.attempt() {
            Attempt::Succeeded => {
                self.succeeded += 1;
                self.seconds.add(sighting.start(), 1)
            }
            attempt @ (Attempt::Unanswered | Attempt::Abandoned) if !sighting.has_payload() => {
                self.unanswered += u64::from(attempt == Attempt::Unanswered);
                if self.sources.len() < MOST_SOURCES {
                    self.sources.insert(sighting.client.addr);
                }
                self.peak.add(sighting.start());
                self.cases.add(sighting, || format!("SYN of {}, never finished", sighting.client));
                self.seconds.add(sighting.start(), 0)
            }
            _ => return,
        };
        self.flooded += u64::from(closed.is_some_and(is_flood));
    }

    pub fn is_raised(&self) -> bool {
        self.sources.len() >= SOURCES && (self.flooded > 0 || self.seconds.iter().copied().any(is_flood))
    }

    pub fn finding(&self, service: Endpoint) -> Option<Finding> {
        if !self.is_raised() {
            return None;
        }
        let seconds = self.flooded + self.seconds.iter().filter(|bin| is_flood(**bin)).count() as u64;
        let attempts = self.cases.count + self.succeeded;
        let sources = self.sources.len();
        let least = if sources >= MOST_SOURCES { "at least " } else { "" };
        let dropped = if self.unanswered * 2 > self.cases.count {
            "; it left most of the SYNs unanswered, so that honest clients wait too"
        } else {
            ""
        };
        let (first, last) = self.cases.span();
        Some(Finding {
            code: Code::SynFlood,
            subject: Subject::Service(service),
            connections: self.cases.count,
            first,
            last,
            figures: vec![
                Figure::count("unfinished", self.cases.count),
                Figure::count("unanswered", self.unanswered),
                Figure::count("peak_per_s", self.peak.most()),
                Figure::count("flooded_s", seconds),
                Figure::count("sources", sources as u64),
                Figure::share("completed_pct", self.succeeded, attempts),
            ],
            sentence: format!(
                "SYN flood on {service}: {} begun and never finished, up to {} a second, from {least}{}; {:.0}% of all attempts succeeded{dropped}.",
                counted(self.cases.count, "handshake"),
                count(self.peak.most()),
                counted(sources as u64, "source"),
                percent(self.succeeded, attempts),
            ),
            evidence: self.cases.evidence(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::survey::tests::{Scene, codes};

    /// Vector 93: 1000 SYN/s from random sources, no ACKs.
    #[test]
    fn vector_93_a_flood_of_syns_is_told_and_memory_stays_bounded() {
        let mut scene = Scene::default();
        for n in 0..20_000u32 {
            let [_, a, b, c] = n.wrapping_mul(2_654_435_761).to_be_bytes();
            scene.client([172, a, b, c], 1_024 + (n % 60_000) as u16).at_ms(i64::from(n)).unanswered();
        }
        let found = scene.findings();
        assert_eq!(codes(&found)[0], Code::SynFlood, "{found:?}");
        let flood = &found[0];
        assert_eq!((flood.connections, flood.figures[2]), (20_000, Figure::count("peak_per_s", 1_000)));
        assert!(!codes(&found).contains(&Code::ServiceUnreachable) && !codes(&found).contains(&Code::PortScan));
        assert!(scene.survey.subjects() <= 4 * crate::findings::Survey::MOST);
    }

    #[test]
    fn many_clients_that_connect_are_no_flood() {
        let mut scene = Scene::default();
        for n in 0..2_000u16 {
            let [a, b] = n.to_be_bytes();
            scene.client([10, 0, a, b], 40_000).at_ms(n.into()).request();
            if n % 4 == 0 {
                scene.client([10, 1, a, b], 40_001).at_ms(n.into()).half_open();
            }
        }
        assert!(!codes(&scene.findings()).contains(&Code::SynFlood));
    }
}
