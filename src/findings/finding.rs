//! A finding: what was found, about whom, with the figures and the frames that prove it.

use std::fmt;
use std::net::IpAddr;

use super::registry::Code;
use crate::base::{Endpoint, Nanos, Timestamp};

/// Whom a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A service: the address and port that connections are made to.
    Service(Endpoint),
    /// A client and a service.
    Pair {
        /// The client.
        client: IpAddr,
        /// The service.
        service: Endpoint,
    },
    /// A host.
    Host(IpAddr),
    /// One connection.
    Connection {
        /// Its flow id.
        flow_id: u64,
        /// Its client.
        client: Endpoint,
        /// Its server.
        server: Endpoint,
    },
}

impl Subject {
    /// The word for what it is.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Service(_) => "service",
            Self::Pair { .. } => "pair",
            Self::Host(_) => "host",
            Self::Connection { .. } => "connection",
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(service) => write!(f, "{service}"),
            Self::Pair { client, service } => write!(f, "{client} → {service}"),
            Self::Host(host) => write!(f, "{host}"),
            Self::Connection { client, server, .. } => write!(f, "{client} → {server}"),
        }
    }
}

/// A number that a finding rests on. Its name carries its unit, as those of the columns do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub amount: Amount,
}

/// The value of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// A count, or bytes.
    Whole(u64),
    /// Milliseconds, seconds, percent or a rate: three decimals.
    Decimal(f64),
}

impl Figure {
    /// A count.
    pub const fn count(name: &'static str, n: u64) -> Self {
        Self { name, amount: Amount::Whole(n) }
    }

    /// A number with three decimals.
    pub fn decimal(name: &'static str, value: f64) -> Self {
        Self { name, amount: Amount::Decimal((value * 1_000.0).round() / 1_000.0) }
    }

    /// A span in milliseconds.
    pub fn millis(name: &'static str, span: Nanos) -> Self {
        Self::decimal(name, span.as_millis_f64())
    }

    /// A span in seconds.
    pub fn seconds(name: &'static str, span: Nanos) -> Self {
        Self::decimal(name, span.as_millis_f64() / 1_000.0)
    }

    /// A share in percent; of nothing it is none.
    pub fn share(name: &'static str, part: u64, whole: u64) -> Self {
        Self::decimal(name, percent(part, whole))
    }
}

/// A share in percent, 0 of nothing.
pub(super) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

/// A connection that proves a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Proof {
    /// Its flow id.
    pub flow_id: u64,
    /// Where to look: the frame that shows it, or the connection's first.
    pub frame: u64,
    /// When the connection began.
    pub t: Timestamp,
    /// What it shows.
    pub note: String,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it is.
    pub code: Code,
    /// Whom it is about.
    pub subject: Subject,
    /// Connections that show it.
    pub connections: u64,
    /// When the first of them began.
    pub first: Timestamp,
    /// When the last of them ended.
    pub last: Timestamp,
    /// What was counted and measured.
    pub figures: Vec<Figure>,
    /// All of it in one sentence.
    pub sentence: String,
    /// Some of the connections, at most [`Finding::PROOFS`].
    pub evidence: Vec<Proof>,
}

impl Finding {
    /// So many connections are named as evidence at most.
    pub const PROOFS: usize = 10;
}
