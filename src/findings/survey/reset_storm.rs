//! Services whose connections are reset instead of closed (`semantics.md` 12, `reset_storm`).

use super::sighting::{Attempt, Cases, Sighting};
use crate::base::Endpoint;
use crate::base::human::{count, counted};
use crate::findings::finding::{Figure, Finding, Subject, percent};
use crate::findings::registry::Code;
use crate::tcp::{End, RstKind};

/// So many resets.
const MANY: u64 = 20;
/// And one connection in so many.
const ONE_IN: u64 = 5;

/// How the connections to one service ended.
#[derive(Debug, Default)]
pub struct ResetStorm {
    all: u64,
    cases: Cases,
    by_client: u64,
    /// By kind; those without are the last.
    kinds: [u64; KINDS.len()],
}

/// What is told apart.
const KINDS: [(Option<RstKind>, &str); 6] = [
    (Some(RstKind::Abort), "aborted by the application"),
    (Some(RstKind::NoSocket), "no socket"),
    (Some(RstKind::DataAfterClose), "data after the close"),
    (Some(RstKind::IdleReset), "after idling"),
    (Some(RstKind::InjectedSuspected), "by a third party"),
    (None, "other"),
];

impl ResetStorm {
    pub fn add(&mut self, sighting: &Sighting<'_>) {
        // Scans and refusals have findings of their own.
        if !matches!(sighting.attempt(), Attempt::Succeeded | Attempt::Unseen) {
            return;
        }
        self.all += 1;
        let teardown = &sighting.summary.teardown;
        if !matches!(teardown.end, End::RstClient | End::RstServer) {
            return;
        }
        let by_client = teardown.end == End::RstClient;
        self.by_client += u64::from(by_client);
        let known = KINDS.iter().position(|(kind, _)| kind.is_some() && *kind == teardown.rst_kind);
        if let Some(n) = self.kinds.get_mut(known.unwrap_or(KINDS.len() - 1)) {
            *n += 1;
        }
        let who = if by_client { "client" } else { "server" };
        let kind = known.and_then(|at| KINDS.get(at)).map_or(String::new(), |(_, name)| format!(": {name}"));
        self.cases.add(sighting, || format!("reset by the {who}{kind}"));
    }

    pub const fn is_raised(&self) -> bool {
        self.cases.count >= MANY && self.cases.count * ONE_IN >= self.all
    }

    pub fn finding(&self, service: Endpoint) -> Option<Finding> {
        if !self.is_raised() {
            return None;
        }
        let most = self.kinds.iter().zip(KINDS).max_by_key(|(n, _)| **n);
        let mostly = most.map_or(String::new(), |(n, (_, name))| format!("; most often: {name} ({})", count(*n)));
        let (first, last) = self.cases.span();
        Some(Finding {
            code: Code::ResetStorm,
            subject: Subject::Service(service),
            connections: self.cases.count,
            first,
            last,
            figures: vec![
                Figure::count("resets", self.cases.count),
                Figure::count("connections", self.all),
                Figure::share("reset_pct", self.cases.count, self.all),
                Figure::count("by_client", self.by_client),
                Figure::count("by_server", self.cases.count - self.by_client),
            ],
            sentence: format!(
                "{} of {} to {service} ({:.0}%) ended with a reset, {} by the client and {} by the server{mostly}.",
                count(self.cases.count),
                counted(self.all, "connection"),
                percent(self.cases.count, self.all),
                count(self.by_client),
                count(self.cases.count - self.by_client),
            ),
            evidence: self.cases.evidence(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::survey::tests::{Scene, codes};

    fn reset_every(nth: usize) -> Vec<Code> {
        let mut scene = Scene::default();
        for n in 0..100 {
            let mut one = scene.client([10, 0, 0, 1], 40_000 + n as u16).at_ms(n as i64 * 5_000);
            if n % nth == 0 {
                one.summary.teardown.end = End::RstServer;
                one.summary.teardown.rst_kind = Some(RstKind::Abort);
            }
            one.request();
        }
        codes(&scene.findings())
    }

    #[test]
    fn a_third_of_resets_is_a_storm_and_a_tenth_is_not() {
        assert!(reset_every(3).contains(&Code::ResetStorm));
        assert!(!reset_every(10).contains(&Code::ResetStorm));
    }
}
