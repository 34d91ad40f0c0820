//! What connections have in common: per service, per client and service, and per host.
//!
//! Connections come one by one, in the order in which their rows leave: about that of their ends. Memory is bounded: a [`Table`] for each
//! kind of subject, and in it small detectors, each in its file, with counters, windows of capture time and a few frames as evidence.
//! A detector judges when it is asked; nothing is raised by a connection that is yet to come.
//!
//! [`Table`]: table::Table

mod accept_queue;
mod at_once;
mod availability;
mod churn;
mod grouped;
mod half_open;
mod idle_killer;
mod options;
mod port_reuse;
mod port_scan;
mod ports;
mod reset_storm;
mod sighting;
mod syn_flood;
mod table;
mod windows;

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::HashSet;

pub use at_once::AtOnce;
pub use sighting::{Attempt, Sighting};
pub use table::{Kept, Table};

use super::finding::{Finding, Subject};
use super::registry::{Code, Severity};
use crate::base::Endpoint;
use grouped::Group;

/// What is known of a service.
#[derive(Debug, Default)]
struct Service {
    syn_flood: syn_flood::SynFlood,
    half_open: half_open::HalfOpenBacklog,
    accept_queue: accept_queue::AcceptQueue,
    availability: availability::Availability,
    idle_killer: idle_killer::IdleKiller,
    reset_storm: reset_storm::ResetStorm,
    options: options::Options,
}

impl Kept for Service {
    fn matters(&self) -> bool {
        self.syn_flood.is_raised()
            || self.half_open.is_raised()
            || self.accept_queue.is_raised()
            || self.availability.is_raised()
            || self.idle_killer.is_raised()
            || self.reset_storm.is_raised()
            || self.options.is_raised()
    }
}

/// What is known of a client and a service.
#[derive(Debug, Default)]
struct Pair {
    ports: ports::Ports,
    port_reuse: port_reuse::PortReuse,
    churn: churn::Churn,
}

impl Kept for Pair {
    fn matters(&self) -> bool {
        self.ports.is_raised() || self.port_reuse.is_raised() || self.churn.is_raised()
    }
}

impl Kept for port_scan::PortScan {
    fn matters(&self) -> bool {
        self.is_raised()
    }
}

/// Looks at connections one by one, and says what was found.
#[derive(Debug)]
pub struct Survey {
    groups: Table<(Code, Endpoint), Group>,
    services: Table<Endpoint, Service>,
    pairs: Table<([u8; 16], Endpoint), Pair>,
    hosts: Table<[u8; 16], port_scan::PortScan>,
}

impl Default for Survey {
    fn default() -> Self {
        Self {
            groups: Table::new(Self::MOST),
            services: Table::new(Self::MOST),
            pairs: Table::new(Self::MOST),
            hosts: Table::new(Self::MOST),
        }
    }
}

/// A finding at a service makes these of the same service superfluous.
const COVERED: &[(Code, &[Code])] = &[
    (Code::SynFlood, &[Code::HalfOpenBacklog, Code::ServiceUnreachable, Code::SynUnanswered, Code::HalfOpen]),
    (Code::HalfOpenBacklog, &[Code::ServiceUnreachable, Code::SynUnanswered, Code::HalfOpen]),
    (Code::ServiceDown, &[Code::Refused]),
    (Code::ServiceUnreachable, &[Code::SynUnanswered]),
    (Code::IdleKiller, &[Code::IdleReset]),
];

/// What a scan finds, and what is no trouble of anybody else.
const OF_SCANS: [Code; 3] = [Code::Refused, Code::SynUnanswered, Code::HalfOpen];

impl Survey {
    /// Subjects of one kind that are known at a time.
    pub const MOST: usize = 4_096;

    /// Takes a connection.
    pub fn add(&mut self, sighting: &Sighting<'_>) {
        let codes = super::of(sighting.summary);
        for code in codes.iter().filter(|code| *code != Code::AcceptQueueOverflow) {
            if let Some(group) = self.groups.get((code, sighting.server)) {
                group.add(code, sighting);
            }
        }
        if let Some(service) = self.services.get(sighting.server) {
            service.syn_flood.add(sighting);
            service.half_open.add(sighting);
            service.accept_queue.add(sighting, codes);
            service.availability.add(sighting);
            service.idle_killer.add(sighting, codes);
            service.reset_storm.add(sighting);
            service.options.add(sighting);
        }
        if let Some(pair) = self.pairs.get((sighting.client.addr, sighting.server)) {
            pair.ports.add(sighting);
            pair.port_reuse.add(sighting);
            pair.churn.add(sighting);
        }
        if let Some(host) = self.hosts.get(sighting.client.addr) {
            host.add(sighting);
        }
    }

    /// What was found, the worst first: by severity, then by how many connections show it.
    pub fn findings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for (&service, known) in self.services.iter() {
            found.extend(known.syn_flood.finding(service));
            found.extend(known.half_open.finding(service));
            found.extend(known.accept_queue.finding(service));
            found.extend(known.availability.findings(service));
            found.extend(known.idle_killer.finding(service));
            found.extend(known.reset_storm.finding(service));
            found.extend(known.options.finding(service));
        }
        for (&(client, service), known) in self.pairs.iter() {
            let client = Endpoint { addr: client, port: 0 }.ip();
            found.extend(known.ports.finding(client, service));
            found.extend(known.port_reuse.finding(client, service));
            found.extend(known.churn.finding(client, service));
        }
        let mut scanners = HashSet::new();
        for (&host, scan) in self.hosts.iter() {
            if let Some(finding) = scan.finding(Endpoint { addr: host, port: 0 }.ip()) {
                scanners.insert(host);
                found.push(finding);
            }
        }
        let raised: HashSet<(Code, Subject)> = found.iter().map(|f| (f.code, f.subject)).collect();
        let covered = |code: Code, service: Endpoint| {
            let by = COVERED.iter().filter(|(_, codes)| codes.contains(&code)).map(|(by, _)| *by);
            by.into_iter().any(|by| raised.contains(&(by, Subject::Service(service))))
        };
        found.retain(|f| !matches!(f.subject, Subject::Service(service) if covered(f.code, service)));
        for (&(code, service), group) in self.groups.iter() {
            let of_scan = OF_SCANS.contains(&code) && group.sole_client().is_some_and(|c| scanners.contains(&c));
            if !of_scan && !covered(code, service) {
                found.extend(group.finding(code, service));
            }
        }
        found.sort_by_key(|f| (Reverse(f.code.severity()), Reverse(f.connections), f.code, f.subject));
        found
    }

    /// Subjects that were forgotten or left out for want of room.
    pub const fn forgotten(&self) -> u64 {
        self.groups.forgotten() + self.services.forgotten() + self.pairs.forgotten() + self.hosts.forgotten()
    }

    /// Subjects that are known.
    #[cfg(test)]
    pub fn subjects(&self) -> usize {
        self.groups.iter().count()
            + self.services.iter().count()
            + self.pairs.iter().count()
            + self.hosts.iter().count()
    }
}

/// It is worth the reader's time even if nobody asked.
pub fn is_trouble(finding: &Finding) -> bool {
    finding.code.severity() >= Severity::Warning
}
