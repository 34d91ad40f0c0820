//! Ephemeral ports that one client has in use towards one service, and how long they last (`semantics.md` 12, `time_wait_pressure`).

use super::at_once::AtOnce;
use super::sighting::{Cases, Sighting};
use super::windows::Peak;
use crate::base::human::{count, counted, span};
use crate::base::{Endpoint, Nanos};
use crate::findings::finding::{Figure, Finding, Subject, percent};
use crate::findings::registry::Code;
use crate::tcp::{ClosedBy, End};

/// How long a port is held after its owner closed first: TIME_WAIT of Linux, macOS and newer Windows is 60 s or more.
const TIME_WAIT: Nanos = Nanos::from_secs(60);
/// Ports of Linux: 32768 to 60999.
const LINUX: (u16, u16) = (32_768, 60_999);
/// Ports of Windows, macOS and BSD: 49152 to 65535 (RFC 6335).
const IANA: (u16, u16) = (49_152, 65_535);
/// What the range is cannot be said of fewer connections.
const KNOWN: u64 = 64;
/// Of the range, in percent: too many in use.
const PRESSURE: u64 = 70;
/// None are left, or next to none.
const EXHAUSTED: u64 = 95;

/// The ports of one client towards one service.
#[derive(Debug)]
pub struct Ports {
    /// A port is in use while its connection is there, and in TIME_WAIT after its client closed it.
    in_use: AtOnce,
    closes: Peak,
    opened: Peak,
    cases: Cases,
    /// Closed by the client.
    time_waits: u64,
    /// Used again as soon as TIME_WAIT let go of them: ports go round.
    cycled: u64,
    lowest: u16,
    highest: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Self {
            in_use: AtOnce::default(),
            closes: Peak::minute(),
            opened: Peak::ten_seconds(),
            cases: Cases::default(),
            time_waits: 0,
            cycled: 0,
            lowest: u16::MAX,
            highest: 0,
        }
    }
}

impl Ports {
    pub fn add(&mut self, sighting: &Sighting<'_>) {
        let teardown = &sighting.summary.teardown;
        let by_client = matches!(teardown.closed_by, Some(ClosedBy::Client | ClosedBy::Both));
        let waits = by_client && matches!(teardown.end, End::Fin | End::FinSimultaneous);
        let mut start = sighting.start();
        if let Some(since) = sighting.summary.reused_after {
            // The port was in use already: it is one port, not two.
            let held = TIME_WAIT - since;
            start = if held > Nanos::ZERO { start + held } else { start };
            self.cycled += u64::from(held.abs() <= Nanos::from_secs(5));
        }
        let end = if waits { sighting.end() + TIME_WAIT } else { sighting.end() };
        self.in_use.add(start, end);
        self.opened.add(sighting.start());
        if waits {
            self.time_waits += 1;
            self.closes.add(sighting.end());
        }
        self.lowest = self.lowest.min(sighting.client.port);
        self.highest = self.highest.max(sighting.client.port);
        self.cases.add(sighting, || {
            let then = if waits { ", closed by the client: TIME_WAIT" } else { "" };
            format!("port {}{then}", sighting.client.port)
        });
    }

    /// How many ports there are to choose from, as far as it shows.
    fn range(&self) -> u64 {
        let size = |(low, high): (u16, u16)| u64::from(high - low) + 1;
        let seen = size((self.lowest.min(self.highest), self.highest));
        // Each port was used three times, on the average: these are all that there are.
        if self.cases.count >= KNOWN && self.cases.count >= 3 * seen && self.cycled > 0 {
            return seen;
        }
        let within = |(low, high): (u16, u16)| self.lowest >= low && self.highest <= high;
        match () {
            () if within(IANA) && !within(LINUX) => size(IANA),
            () if within(LINUX) => size(LINUX),
            () => seen.max(size(LINUX)),
        }
    }

    /// The most that were in use, in percent of the range.
    fn share(&self) -> u64 {
        if self.cases.count < KNOWN {
            return 0;
        }
        self.in_use.most() * 100 / self.range().max(1)
    }

    pub fn is_raised(&self) -> bool {
        self.share() >= PRESSURE
    }

    pub fn finding(&self, client: std::net::IpAddr, service: Endpoint) -> Option<Finding> {
        if !self.is_raised() {
            return None;
        }
        let (range, used) = (self.range(), self.in_use.most().min(self.range()));
        let rate = self.opened.most() as f64 / 10.0;
        let lasts = Nanos((range as f64 / rate.max(0.1) * 1e9) as i64);
        let exhausted = self.share() >= EXHAUSTED;
        let (first, last) = self.cases.span();
        let mut figures = vec![
            Figure::count("ports_in_use", used),
            Figure::count("port_range", range),
            Figure::share("ports_in_use_pct", used, range),
            Figure::count("time_wait_peak", self.closes.most()),
            Figure::decimal("opened_peak_per_s", rate),
            Figure::count("cycled", self.cycled),
        ];
        let mut sentence = format!(
            "{client} has {} of {} in use towards {service} ({:.0}%), up to {} in TIME_WAIT, at {rate:.0} new connections a second",
            count(used),
            counted(range, "ephemeral port"),
            percent(used, range),
            count(self.closes.most().min(used)),
        );
        if lasts <= TIME_WAIT + Nanos::from_secs(2) {
            figures.push(Figure::seconds("time_to_exhaustion_s", lasts));
            sentence += &format!(": at that rate they last {}", span(lasts));
        }
        Some(Finding {
            code: if exhausted { Code::PortExhaustion } else { Code::TimeWaitPressure },
            subject: Subject::Pair { client, service },
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

    /// `rate` connections a second for so many seconds, each closed by `who`; ports go round.
    fn busy(rate: i64, seconds: i64, who: ClosedBy) -> Vec<Finding> {
        let mut scene = Scene::default();
        for n in 0..rate * seconds {
            let mut one = scene.client([10, 0, 0, 1], 32_768 + (n % 28_232) as u16).at_ms(n * 1_000 / rate);
            one.summary.teardown.closed_by = Some(who);
            if n >= 28_232 {
                one.summary.reused_after = Some(Nanos(28_232 * 1_000_000_000 / rate) - Nanos::from_millis(20));
            }
            one.request();
        }
        scene.findings()
    }

    /// Vector 95: 470 connections a second to one service, closed by the client; ports cycle at 60 s.
    #[test]
    fn vector_95_ports_that_run_out_are_told() {
        let found = busy(470, 100, ClosedBy::Client);
        assert_eq!(codes(&found)[0], Code::PortExhaustion, "{:?}", codes(&found));
        let figures = &found[0].figures;
        assert!(matches!(figures[0].amount, crate::findings::Amount::Whole(26_900..=28_232)), "{figures:?}");
        assert_eq!(figures[1], Figure::count("port_range", 28_232));
        assert!(found[0].sentence.contains("at that rate they last 1m00s"), "{}", found[0].sentence);
    }

    #[test]
    fn a_lower_rate_is_pressure() {
        let found = codes(&busy(370, 90, ClosedBy::Client));
        assert!(found.contains(&Code::TimeWaitPressure) && !found.contains(&Code::PortExhaustion), "{found:?}");
    }

    #[test]
    fn where_the_server_closes_first_no_port_of_the_client_waits() {
        let found = codes(&busy(470, 100, ClosedBy::Server));
        assert!(!found.contains(&Code::PortExhaustion) && !found.contains(&Code::TimeWaitPressure), "{found:?}");
    }
}
