//! Sources that try many ports of a host, or one port of many hosts (`semantics.md` 12, `port_scan`).

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;

use super::sighting::{Attempt, Cases, Sighting};
use crate::base::human::{count, counted};
use crate::base::{Endpoint, Nanos, Timestamp};
use crate::findings::finding::{Figure, Finding, Subject, percent};
use crate::findings::registry::Code;

/// Within so long.
const WINDOW: Nanos = Nanos::from_secs(60);
/// So many ports of a host, or hosts with a port.
const TARGETS: u64 = 20;
/// Of all attempts so many in a hundred came to nothing.
const IN_VAIN: u64 = 80;
/// More targets within a window are not told apart.
const MOST: usize = 1_024;

/// What a scan went along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Along {
    /// The ports of a host.
    Ports([u8; 16]),
    /// The hosts with a port open.
    Hosts(u16),
}

/// What one source tried.
#[derive(Debug, Default)]
pub struct PortScan {
    since: Option<Timestamp>,
    /// Targets of this window that nothing came of.
    targets: HashSet<Endpoint>,
    /// Attempts of this window.
    tried: u64,
    in_vain: u64,
    /// The widest window that was a scan.
    widest: Option<(u64, Along)>,
    /// Everything that came to nothing.
    cases: Cases,
    /// SYN-ACKs that it took back, and connections without a byte.
    reset: u64,
    connected: u64,
}

impl PortScan {
    pub fn add(&mut self, sighting: &Sighting<'_>) {
        let since = *self.since.get_or_insert(sighting.start());
        if sighting.start().since(since) >= WINDOW {
            self.widest = self.judged();
            self.since = Some(sighting.start());
            self.targets.clear();
            (self.tried, self.in_vain) = (0, 0);
        }
        self.tried += 1;
        let came = match sighting.attempt() {
            Attempt::Refused => "refused",
            Attempt::Unanswered => "no answer",
            Attempt::Abandoned if !sighting.has_payload() => {
                self.reset += 1;
                "open, but taken back"
            }
            Attempt::Succeeded if !sighting.has_payload() => {
                self.connected += 1;
                "open, but no data"
            }
            // FIN, NULL and Xmas scans, and ACK scans: no handshake, no data, hardly a packet.
            Attempt::Unseen if !sighting.has_payload() && packets(sighting) <= 3 => "no SYN",
            _ => return,
        };
        self.in_vain += 1;
        if self.targets.len() < MOST {
            self.targets.insert(sighting.server);
        }
        self.cases.add(sighting, || format!("{}: {came}", sighting.server));
    }

    /// The widest window, this one included.
    fn judged(&self) -> Option<(u64, Along)> {
        let enough = self.in_vain * 100 >= self.tried * IN_VAIN && self.targets.len() as u64 >= TARGETS;
        if !enough {
            return self.widest;
        }
        let (mut ports, mut hosts) = (BTreeMap::new(), BTreeMap::new());
        for target in &self.targets {
            *ports.entry(target.addr).or_insert(0u64) += 1;
            *hosts.entry(target.port).or_insert(0u64) += 1;
        }
        let ports = ports.into_iter().map(|(host, n)| (n, Along::Ports(host)));
        let hosts = hosts.into_iter().map(|(port, n)| (n, Along::Hosts(port)));
        let wide = ports.chain(hosts).filter(|(n, _)| *n >= TARGETS);
        // Of equals the first: the order of the maps is that of addresses and ports.
        wide.chain(self.widest).fold(None, |best, new| match best {
            Some((n, _)) if n >= new.0 => best,
            _ => Some(new),
        })
    }

    pub fn is_raised(&self) -> bool {
        self.judged().is_some()
    }

    pub fn finding(&self, source: IpAddr) -> Option<Finding> {
        let (n, along) = self.judged()?;
        let least = if n >= MOST as u64 { "at least " } else { "" };
        let what = match along {
            Along::Ports(host) => {
                format!("{least}{} of {}", counted(n, "port"), Endpoint { addr: host, port: 0 }.ip())
            }
            Along::Hosts(port) => format!("port {port} of {least}{}", counted(n, "host")),
        };
        let kind = match self.cases.count {
            all if self.reset * 2 > all => " (SYN scan)",
            all if self.connected * 2 > all => " (connect scan)",
            _ => "",
        };
        let (first, last) = self.cases.span();
        let name = match along {
            Along::Ports(_) => "ports_within_60s",
            Along::Hosts(_) => "hosts_within_60s",
        };
        Some(Finding {
            code: Code::PortScan,
            subject: Subject::Host(source),
            connections: self.cases.count,
            first,
            last,
            figures: vec![
                Figure::count(name, n),
                Figure::count("in_vain", self.cases.count),
                Figure::share("open_pct", self.reset + self.connected, self.cases.count),
            ],
            sentence: format!(
                "{source} tried {what} within a minute{kind}: {} in all came to nothing, {:.0}% found something open.",
                count(self.cases.count),
                percent(self.reset + self.connected, self.cases.count),
            ),
            evidence: self.cases.evidence(),
        })
    }
}

fn packets(sighting: &Sighting<'_>) -> u64 {
    sighting.summary.halves.iter().map(|half| half.volume.packets).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::survey::tests::{Scene, codes};

    /// Vector 94: one source, 100 ports, RST replies.
    #[test]
    fn vector_94_a_vertical_scan_is_told() {
        let mut scene = Scene::default();
        for port in 0..100 {
            scene.client([10, 0, 0, 66], 50_000).to([10, 0, 0, 2], 1 + port).at_ms(i64::from(port) * 10).refused();
        }
        let found = scene.findings();
        assert_eq!(codes(&found), [Code::PortScan], "{found:?}");
        assert!(found[0].sentence.contains("tried 100 ports of 10.0.0.2 within a minute"), "{}", found[0].sentence);
        assert_eq!(found[0].evidence.len(), Finding::PROOFS);
    }

    #[test]
    fn a_horizontal_scan_is_told() {
        let mut scene = Scene::default();
        for host in 0..30 {
            scene.client([10, 0, 0, 66], 50_000).to([10, 0, 1, host], 22).at_ms(i64::from(host) * 10).unanswered();
        }
        let found = scene.findings();
        assert_eq!(codes(&found), [Code::PortScan]);
        assert!(found[0].sentence.contains("port 22 of 30 hosts"), "{}", found[0].sentence);
    }

    #[test]
    fn a_busy_client_and_a_slow_one_are_no_scanners() {
        let mut scene = Scene::default();
        for host in 0..60 {
            scene.client([10, 0, 0, 1], 50_000).to([10, 0, 1, host], 443).at_ms(i64::from(host) * 10).request();
            scene
                .client([10, 0, 0, 2], 50_000)
                .to([10, 0, 0, 9], host.into())
                .at_ms(i64::from(host) * 10_000)
                .refused();
        }
        assert!(!codes(&scene.findings()).contains(&Code::PortScan));
    }
}
