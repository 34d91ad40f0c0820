//! Many short connections where one would do (`semantics.md` 12, `connection_churn`).

use super::sighting::{Attempt, Cases, Sighting};
use super::windows::Peak;
use crate::base::human::{count, counted};
use crate::base::{Endpoint, Nanos};
use crate::findings::finding::{Figure, Finding, Subject, percent};
use crate::findings::registry::Code;

/// Ten a second, for ten seconds.
const WITHIN_TEN_SECONDS: u64 = 100;
/// Of all connections so many in a hundred carry one request.
const SINGLE: u64 = 80;
/// Where requests cannot be told apart, a connection that lasts less carries one.
const SHORT: Nanos = Nanos::from_secs(1);

/// The connections of one client to one service.
#[derive(Debug)]
pub struct Churn {
    rate: Peak,
    single: Cases,
    all: u64,
    /// What handshakes took, and what the connections lasted in all.
    handshakes: Nanos,
    lifetimes: Nanos,
}

impl Default for Churn {
    fn default() -> Self {
        Self {
            rate: Peak::ten_seconds(),
            single: Cases::default(),
            all: 0,
            handshakes: Nanos::ZERO,
            lifetimes: Nanos::ZERO,
        }
    }
}

/// It carried no more than one request.
pub fn is_single(sighting: &Sighting<'_>) -> bool {
    sighting.summary.turns.requests.map_or(sighting.lifetime() < SHORT, |requests| requests <= 1)
}

impl Churn {
    pub fn add(&mut self, sighting: &Sighting<'_>) {
        if sighting.attempt() != Attempt::Succeeded || !sighting.has_payload() {
            return;
        }
        self.all += 1;
        if is_single(sighting) {
            self.rate.add(sighting.start());
            self.handshakes += sighting.summary.handshake.round_trip.unwrap_or_default();
            self.lifetimes += sighting.lifetime();
            self.single.add(sighting, || "one request".to_owned());
        }
    }

    pub const fn is_raised(&self) -> bool {
        self.rate.most() >= WITHIN_TEN_SECONDS && self.single.count * 100 >= self.all * SINGLE
    }

    pub fn finding(&self, client: std::net::IpAddr, service: Endpoint) -> Option<Finding> {
        if !self.is_raised() {
            return None;
        }
        let peak = self.rate.most();
        let [setup, all] = [self.handshakes, self.lifetimes].map(|span| u64::try_from(span.0).unwrap_or(0));
        let (first, last) = self.single.span();
        Some(Finding {
            code: Code::ConnectionChurn,
            subject: Subject::Pair { client, service },
            connections: self.single.count,
            first,
            last,
            figures: vec![
                Figure::count("single_request", self.single.count),
                Figure::share("single_request_pct", self.single.count, self.all),
                Figure::count("opened_peak_per_10s", peak),
                Figure::share("handshake_pct", setup, all),
            ],
            sentence: format!(
                "{client} opened {} to {service}, up to {} within ten seconds; {} carried one request each, and {:.0}% of their time went into handshakes.",
                counted(self.all, "connection"),
                count(peak),
                count(self.single.count),
                percent(setup, all),
            ),
            evidence: self.single.evidence(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::survey::tests::{Scene, codes};

    fn clients(every_ms: i64, requests: u64) -> Vec<Code> {
        let mut scene = Scene::default();
        for n in 0..300 {
            let mut one = scene.client([10, 0, 0, 1], 40_000 + n as u16).at_ms(n * every_ms);
            one.summary.turns.requests = Some(requests);
            one.request();
        }
        codes(&scene.findings())
    }

    #[test]
    fn a_connection_for_each_request_is_told() {
        assert_eq!(clients(50, 1), [Code::ConnectionChurn]);
    }

    #[test]
    fn fewer_connections_or_more_requests_are_fine() {
        assert_eq!(clients(500, 1), []);
        assert_eq!(clients(50, 5), []);
    }
}
