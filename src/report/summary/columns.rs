//! The columns of the summary, declared once: name, unit, meaning, getter.

use std::net::IpAddr;

use super::account::Account;
use crate::base::{Nanos, Quantiles};
use crate::findings::{Codes, Subject};
use crate::report::number::{put_millis, put_ten_thousandths};
use crate::report::room::text_of;
use crate::report::value::Percent;

/// A row: a subject and what is summed up of it.
pub struct Row<'a> {
    /// Whom it is about.
    pub subject: Subject,
    /// Its sums.
    pub account: &'a Account,
    /// What is wrong, across connections included.
    pub codes: Codes,
}

/// A cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Not measurable, or not of this subject.
    Null,
    /// A count, or bytes.
    Count(u64),
    /// A span in milliseconds.
    Millis(Nanos),
    /// A share in percent.
    Share(Percent),
    /// A ratio, in ten-thousandths.
    Ratio(u64),
    /// An address.
    Address(IpAddr),
    /// Codes of findings.
    Codes(Codes),
}

impl Cell {
    /// The text of a cell in CSV; that of a number is the same in JSON.
    pub fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Count(n) => n.to_string(),
            Self::Millis(span) => text_of(|room, at| put_millis(room, at, *span)),
            Self::Share(Percent(n)) | Self::Ratio(n) => text_of(|room, at| put_ten_thousandths(room, at, *n)),
            Self::Address(ip) => ip.to_string(),
            Self::Codes(codes) => codes.iter().map(|code| code.word()).collect::<Vec<_>>().join(";"),
        }
    }
}

/// A column.
pub struct Column {
    /// Its name, which ends in the unit.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// Its value.
    pub get: fn(&Row<'_>) -> Cell,
}

const fn column(name: &'static str, doc: &'static str, get: fn(&Row<'_>) -> Cell) -> Column {
    Column { name, doc, get }
}

fn percentile(quantiles: &Quantiles, p: u64) -> Cell {
    quantiles.percentile(p).and_then(|ns| i64::try_from(ns).ok()).map_or(Cell::Null, |ns| Cell::Millis(Nanos(ns)))
}

fn share(part: u64, whole: u64) -> Cell {
    Percent::of(part, whole).map_or(Cell::Null, Cell::Share)
}

/// The key of a row by host.
pub static HOST: &[Column] = &[column("host_ip", "The host, as a client and as a server.", |r| match r.subject {
    Subject::Host(ip) => Cell::Address(ip),
    _ => Cell::Null,
})];

/// The key of a row by service.
pub static SERVICE: &[Column] = &[
    column("server_ip", "Address of the server.", |r| match r.subject {
        Subject::Service(service) | Subject::Pair { service, .. } => Cell::Address(service.ip()),
        _ => Cell::Null,
    }),
    column("server_port", "TCP port of the server.", |r| match r.subject {
        Subject::Service(service) | Subject::Pair { service, .. } => Cell::Count(service.port.into()),
        _ => Cell::Null,
    }),
];

/// What the key of a row by pair has before that of its service.
pub static CLIENT: &[Column] = &[column("client_ip", "Address of the client.", |r| match r.subject {
    Subject::Pair { client, .. } => Cell::Address(client),
    _ => Cell::Null,
})];

/// What is said of every subject.
pub static COLUMNS: &[Column] = &[
    column("connections", "Connections and attempts.", |r| Cell::Count(r.account.connections)),
    column("established", "Those that stood, or had stood when the capture began.", |r| {
        Cell::Count(r.account.established)
    }),
    column("refused", "Attempts that a RST or an ICMP error answered.", |r| Cell::Count(r.account.refused)),
    column("unanswered", "Attempts that nothing answered.", |r| Cell::Count(r.account.unanswered)),
    column("half_open", "Attempts that were answered and came to nothing.", |r| Cell::Count(r.account.half_open)),
    column("reset", "Established connections that a RST without any FIN ended.", |r| Cell::Count(r.account.reset)),
    column("timed_out", "Established connections that were given up.", |r| Cell::Count(r.account.timed_out)),
    column("client_bytes", "Stream bytes that the clients of these connections sent.", |r| {
        Cell::Count(r.account.bytes[0])
    }),
    column("server_bytes", "Stream bytes that the servers of these connections sent.", |r| {
        Cell::Count(r.account.bytes[1])
    }),
    column("rtt_p50_ms", "Median of the connections' round trips, of each its median or that of its handshake.", |r| {
        percentile(&r.account.rtt, 50)
    }),
    column("rtt_p95_ms", "95th percentile of the same.", |r| percentile(&r.account.rtt, 95)),
    column("retrans_pct", "Payload that was sent again as a share of all payload.", |r| {
        share(r.account.resent, r.account.payload)
    }),
    column("response_time_p50_ms", "Median of the connections' median response times.", |r| {
        percentile(&r.account.response_p50, 50)
    }),
    column("response_time_p95_ms", "95th percentile of the connections' 95th percentiles.", |r| {
        percentile(&r.account.response_p95, 95)
    }),
    column("response_time_max_ms", "Longest response time.", |r| {
        r.account.response_max.map_or(Cell::Null, Cell::Millis)
    }),
    column("requests", "Requests, of the connections in which they can be told apart.", |r| {
        match r.account.countable {
            0 => Cell::Null,
            _ => Cell::Count(r.account.requests),
        }
    }),
    column("requests_per_connection", "Requests by connections in which they can be told apart.", |r| {
        match r.account.countable {
            0 => Cell::Null,
            n => Cell::Ratio(r.account.requests.saturating_mul(10_000) / n),
        }
    }),
    column("short_pct", "Established connections of less than a second, or with one request at most.", |r| {
        share(r.account.short, r.account.established)
    }),
    column("persistent_pct", "Established connections with several requests, or used again after 5 s.", |r| {
        share(r.account.persistent, r.account.established)
    }),
    column("pipelined", "Connections in which a turn did not wait for the one before.", |r| {
        Cell::Count(r.account.pipelined)
    }),
    column("most_at_once", "Most connections that were there at the same time.", |r| {
        Cell::Count(r.account.at_once.most())
    }),
    column("findings", "Codes of what is wrong, the worst first.", |r| Cell::Codes(r.codes)),
];
