//! Four-tuples that come back before their TIME_WAIT would be over (`semantics.md` 12, `port_reuse_fast`).

use super::sighting::{Cases, Sighting};
use crate::base::human::{counted, span};
use crate::base::{Endpoint, Nanos};
use crate::findings::finding::{Figure, Finding, Subject};
use crate::findings::registry::Code;

/// Sooner than TIME_WAIT lasts.
const EARLY: Nanos = Nanos::from_secs(60);
/// Fewer may be chance: ports are drawn by lot.
const MANY: u64 = 5;

/// How soon one client came back to one service from the same ports.
#[derive(Debug, Default)]
pub struct PortReuse {
    cases: Cases,
    soonest: Option<Nanos>,
}

impl PortReuse {
    pub fn add(&mut self, sighting: &Sighting<'_>) {
        let Some(after) = sighting.summary.reused_after.filter(|after| *after < EARLY) else { return };
        self.soonest = Some(self.soonest.map_or(after, |s| s.min(after)));
        self.cases.add(sighting, || format!("port {} again after {}", sighting.client.port, span(after)));
    }

    pub const fn is_raised(&self) -> bool {
        self.cases.count >= MANY
    }

    pub fn finding(&self, client: std::net::IpAddr, service: Endpoint) -> Option<Finding> {
        if !self.is_raised() {
            return None;
        }
        let soonest = self.soonest.unwrap_or_default();
        let (first, last) = self.cases.span();
        Some(Finding {
            code: Code::PortReuse,
            subject: Subject::Pair { client, service },
            connections: self.cases.count,
            first,
            last,
            figures: vec![Figure::count("reused", self.cases.count), Figure::seconds("soonest_s", soonest)],
            sentence: format!(
                "{client} came back to {service} from the same port within a minute {}, after {} at the soonest.",
                counted(self.cases.count, "time"),
                span(soonest),
            ),
            evidence: self.cases.evidence(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::survey::tests::{Scene, codes};

    fn reused(after: Nanos) -> Vec<Code> {
        let mut scene = Scene::default();
        for n in 0..8 {
            let mut one = scene.client([10, 0, 0, 1], 40_000).at_ms(n * 100_000);
            one.summary.reused_after = (n > 0).then_some(after);
            one.request();
        }
        codes(&scene.findings())
    }

    #[test]
    fn ports_that_come_back_within_a_minute_are_told() {
        assert_eq!(reused(Nanos::from_secs(1)), [Code::PortReuse]);
        assert_eq!(reused(Nanos::from_secs(61)), []);
    }
}
