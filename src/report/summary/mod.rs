//! Connections summed up: by host, by service, by client and service.
//!
//! Memory is bounded: of each kind so many subjects are kept, and when there are more, those with the fewest connections are forgotten and
//! counted.

mod account;
mod columns;
mod table;
mod write;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;

use account::Account;
use columns::Row;
pub use write::{SummaryFormat, listing, write};

use crate::base::Endpoint;
use crate::findings::{Codes, Finding, Subject, Survey, Table};
use crate::report::record::FlowRecord;
use crate::report::text::Paint;

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A host, as a client and as a server.
    Host,
    /// A service: address and port of servers.
    Service,
    /// A client and a service.
    Pair,
}

impl By {
    /// All of them, with the word that chooses each.
    pub const ALL: [(&'static str, By); 3] = [("host", By::Host), ("service", By::Service), ("pair", By::Pair)];

    /// The heading of its table.
    const fn title(self) -> &'static str {
        match self {
            Self::Host => "hosts",
            Self::Service => "services",
            Self::Pair => "clients and services",
        }
    }
}

/// The sums of a run.
pub struct Ledger {
    hosts: Table<[u8; 16], Account>,
    services: Table<Endpoint, Account>,
    pairs: Table<([u8; 16], Endpoint), Account>,
    /// What is summed up: host, service, pair.
    wanted: [bool; 3],
    survey: Option<Survey>,
}

fn ip(addr: [u8; 16]) -> IpAddr {
    Endpoint { addr, port: 0 }.ip()
}

impl Ledger {
    /// Subjects of each kind that are kept.
    pub const MOST: usize = 65_536;
    /// The same for the head of a report.
    const FEW: usize = 4_096;

    /// Sums up by these, with what was found across connections.
    pub fn new(by: &[By]) -> Self {
        Self { survey: Some(Survey::default()), ..Self::of(by, Self::MOST) }
    }

    /// Sums up by service only, for the head of a report whose survey somebody else has.
    pub fn of_services() -> Self {
        Self::of(&[By::Service], Self::FEW)
    }

    fn of(by: &[By], most: usize) -> Self {
        Self {
            hosts: Table::new(most),
            services: Table::new(most),
            pairs: Table::new(most),
            wanted: By::ALL.map(|(_, one)| by.contains(&one)),
            survey: None,
        }
    }

    /// Takes a connection.
    pub fn add(&mut self, record: &FlowRecord) {
        let [host, service, pair] = self.wanted;
        let (client, server) = (record.client.addr, record.server);
        if host {
            let one = client == server.addr;
            for host in [client, server.addr].into_iter().skip(usize::from(one)) {
                if let Some(account) = self.hosts.get(host) {
                    account.add(record);
                }
            }
        }
        if service && let Some(account) = self.services.get(server) {
            account.add(record);
        }
        if pair && let Some(account) = self.pairs.get((client, server)) {
            account.add(record);
        }
        if let Some(survey) = &mut self.survey {
            survey.add(&record.sighting());
        }
    }

    /// What was found across connections.
    fn findings(&self) -> Vec<Finding> {
        self.survey.as_ref().map(Survey::findings).unwrap_or_default()
    }

    /// The rows, those with the most connections first.
    fn rows(&self, by: By, findings: &[Finding]) -> Vec<Row<'_>> {
        let across = across(findings);
        let codes =
            |subject: &Subject, account: &Account| across.get(subject).copied().unwrap_or_default().with(account.codes);
        let mut subjects: Vec<(Subject, &Account)> = match by {
            By::Host => self.hosts.iter().map(|(addr, a)| (Subject::Host(ip(*addr)), a)).collect(),
            By::Service => self.services.iter().map(|(service, a)| (Subject::Service(*service), a)).collect(),
            By::Pair => {
                let pair =
                    |(addr, service): &([u8; 16], Endpoint)| Subject::Pair { client: ip(*addr), service: *service };
                self.pairs.iter().map(|(key, a)| (pair(key), a)).collect()
            }
        };
        subjects.sort_by_key(|(subject, account)| (Reverse(account.connections), *subject));
        let row = |(subject, account)| Row { subject, account, codes: codes(&subject, account) };
        subjects.into_iter().map(row).collect()
    }

    /// Subjects that there was no room for.
    pub const fn forgotten(&self, by: By) -> u64 {
        match by {
            By::Host => self.hosts.forgotten(),
            By::Service => self.services.forgotten(),
            By::Pair => self.pairs.forgotten(),
        }
    }

    /// Subjects that are kept.
    pub fn len(&self, by: By) -> usize {
        match by {
            By::Host => self.hosts.iter().count(),
            By::Service => self.services.iter().count(),
            By::Pair => self.pairs.iter().count(),
        }
    }

    /// The table of those with the most connections, for a terminal.
    pub fn table(&self, by: By, top: usize, findings: &[Finding], columns: usize, paint: Paint) -> Vec<String> {
        table::lines(&self.rows(by, findings), top, columns, paint)
    }
}

/// What was found across the connections of each subject; what is about a service or a pair is about its host too.
fn across(findings: &[Finding]) -> HashMap<Subject, Codes> {
    let mut across = HashMap::<Subject, Codes>::new();
    for finding in findings {
        let host = match finding.subject {
            Subject::Service(service) => Some(Subject::Host(service.ip())),
            Subject::Pair { client, .. } => Some(Subject::Host(client)),
            _ => None,
        };
        for subject in [Some(finding.subject), host].into_iter().flatten() {
            across.entry(subject).or_default().add(finding.code, true);
        }
    }
    across
}

#[cfg(test)]
mod tests;
