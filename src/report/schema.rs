//! The schema of the per-connection report: every column with its name, unit, meaning and getter.
//!
//! A column is declared once, in `report/columns`, and one declaration about an endpoint gives both its
//! `client_…` and its `server_…` column. Headers, listings, selection and every format derive from here.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::columns::SECTIONS;
use super::error::Error;
pub use super::kind::{Kind, Type, Unit};
use super::record::FlowRecord;
use super::value::Value;
use crate::tcp::{AckSummary, HalfSummary, LossSummary, Quality, StallSummary, StreamSummary, VolumeSummary};
use crate::tcp::{ConnectionSummary, WindowSummary};
pub(super) use declare::{Declaration, Part, PutCell, Section, columns, connection, half, halves, put_cells};
use declare::{Get, Run};

/// The chapters of the report, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Who, when, how it began and ended.
    Connection,
    /// The three-way handshake and what it negotiated.
    Handshake,
    /// What each endpoint sent: all columns of the client, then all of the server.
    Endpoint,
    /// Both directions together.
    Whole,
    /// The lifetime, split by cause.
    Budget,
}

impl Group {
    /// All of them, in the order of the report.
    pub const ALL: [Group; 5] = [Group::Connection, Group::Handshake, Group::Endpoint, Group::Whole, Group::Budget];

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Group::Connection => "Connection",
            Group::Handshake => "Handshake",
            Group::Endpoint => "Each endpoint",
            Group::Whole => "Whole connection",
            Group::Budget => "Where the time went",
        }
    }
}

/// One of the two endpoints of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The client.
    Client,
    /// The server.
    Server,
}

impl Role {
    /// Both, in the order of the report.
    pub const BOTH: [Role; 2] = [Role::Client, Role::Server];

    /// The word that its columns begin with.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Client => "client",
            Role::Server => "server",
        }
    }
}

/// One endpoint of a record: what a column about an endpoint looks at.
#[derive(Clone, Copy, Debug)]
pub struct Half<'a> {
    /// The connection.
    pub record: &'a FlowRecord,
    /// Which of its endpoints.
    pub role: Role,
    /// Its volume. `None` if its direction was not captured: no packet then says nothing of how many it sent.
    pub volume: Option<&'a VolumeSummary>,
}

impl<'a> Half<'a> {
    /// This endpoint of the connection.
    #[inline]
    pub const fn of(record: &'a FlowRecord, role: Role) -> Self {
        let [client, server] = &record.summary.halves;
        let volume = match role {
            Role::Client => &client.volume,
            Role::Server => &server.volume,
        };
        let unseen = volume.packets == 0 && record.summary.quality.has(Quality::ONE_WAY);
        Self { record, role, volume: if unseen { None } else { Some(volume) } }
    }

    /// What is said of the whole connection.
    pub const fn connection(self) -> &'a ConnectionSummary {
        &self.record.summary
    }

    /// What is said of this endpoint.
    pub const fn summary(self) -> &'a HalfSummary {
        self.pick(&self.record.summary.halves)
    }

    /// This endpoint's of a pair `[client, server]`.
    pub const fn pick<T>(self, pair: &'a [T; 2]) -> &'a T {
        let [client, server] = pair;
        match self.role {
            Role::Client => client,
            Role::Server => server,
        }
    }

    /// Its byte stream.
    pub const fn stream(self) -> Option<&'a StreamSummary> {
        self.summary().stream.as_ref()
    }

    /// Its retransmissions.
    pub const fn loss(self) -> Option<&'a LossSummary> {
        self.summary().loss.as_ref()
    }

    /// Its ACKs and probes.
    pub const fn acks(self) -> Option<&'a AckSummary> {
        self.summary().acks.as_ref()
    }

    /// Its retransmissions where their causes can be told: not where TCP options were cut, for SACK and timestamps tell them.
    pub const fn causes(self) -> Option<&'a LossSummary> {
        if self.summary().options_cut { None } else { self.summary().loss.as_ref() }
    }

    /// Its windows and its flight.
    pub const fn window(self) -> Option<&'a WindowSummary> {
        self.summary().window.as_ref()
    }

    /// Its stalls.
    pub const fn stalls(self) -> Option<&'a StallSummary> {
        self.summary().stalls.as_ref()
    }
}

/// The column of the connection's number.
const FLOW_ID: &str = "flow_id";

/// A column of the report.
#[derive(Debug)]
pub struct Column {
    /// Its name: lower case, the unit last.
    pub name: Cow<'static, str>,
    /// The name without `client_` or `server_`, if it is about an endpoint.
    pub stem: &'static str,
    /// Type and unit.
    pub kind: Kind,
    /// Its chapter.
    pub group: Group,
    /// The endpoint that it is about, if it is about one.
    pub role: Option<Role>,
    /// What it means, in a sentence.
    pub doc: &'static str,
    get: Get,
    put: PutCell,
    run: Option<Run>,
}

impl Column {
    /// It is the connection's number, which is known last.
    pub(super) fn is_flow_id(&self) -> bool {
        self.name == FLOW_ID
    }

    /// Its value for a connection.
    pub fn value<'a>(&self, record: &'a FlowRecord) -> Value<'a> {
        match self.get {
            Get::Connection(get) => get(record),
            Get::Half(get) => get(Half::of(record, self.role.unwrap_or(Role::Client))),
        }
    }
}

static COLUMNS: LazyLock<Vec<Column>> = LazyLock::new(|| {
    let mut columns = Vec::new();
    for section in SECTIONS {
        section.columns(&mut columns);
    }
    columns
});

/// All columns, in the order of the report: group by group; of "Each endpoint" first all of the client, then all of the server;
/// elsewhere the two columns of a pair stand side by side.
pub fn columns() -> &'static [Column] {
    &COLUMNS
}

/// All columns, as a selection.
pub fn all() -> Vec<&'static Column> {
    columns().iter().collect()
}

/// What puts the cells of these columns one behind the other, in as few calls as there are.
pub(super) fn cells_of(selection: &[&'static Column]) -> Vec<PutCell> {
    let mut puts = Vec::with_capacity(selection.len());
    let mut rest = selection;
    while let Some((first, others)) = rest.split_first() {
        let (put, behind) = match run_of(first, rest) {
            Some(run) => (run.put, rest.get(run.columns..)),
            None => (first.put, Some(others)),
        };
        puts.push(put);
        rest = behind.unwrap_or_default();
    }
    puts
}

/// The run that begins with the column `first`, if `selection` has all of it in its order.
fn run_of(first: &'static Column, selection: &[&'static Column]) -> Option<Run> {
    let run = first.run?;
    let start = columns().iter().position(|column| std::ptr::eq(column, first))?;
    let wanted = columns().get(start..start + run.columns)?;
    let chosen = selection.get(..run.columns)?;
    wanted.iter().zip(chosen).all(|(wanted, chosen)| std::ptr::eq(wanted, *chosen)).then_some(run)
}

/// The column of that name.
///
/// # Errors
/// [`Error::UnknownColumn`], with the names that come nearest.
pub fn find(name: &str) -> Result<&'static Column, Error> {
    let found = columns().iter().find(|c| c.name == name);
    found.ok_or_else(|| Error::UnknownColumn { name: name.to_owned(), near: near(name) })
}

/// The columns of a list of names with commas between them, in the order of the list.
///
/// # Errors
/// [`Error::UnknownColumn`] for the first name that no column has.
pub fn select(names: &str) -> Result<Vec<&'static Column>, Error> {
    names.split(',').map(|name| find(name.trim())).collect()
}

/// At most so many names are suggested.
const SUGGESTIONS: usize = 4;
/// Names less alike than this are no suggestion.
const LIKENESS: f64 = 0.8;

/// Names that may have been meant: first those that hold the whole of `name`, then those spelt alike.
fn near(name: &str) -> Vec<&'static str> {
    let wanted = name.to_lowercase().replace(['-', '.', ' '], "_");
    let likeness = |column: &Column| {
        if wanted.len() > 2 && column.name.contains(&wanted) {
            // The shorter of two such names has less that was not typed.
            return 2.0 - column.name.len() as f64 / 1_000.0;
        }
        strsim::jaro_winkler(&wanted, &column.name).max(strsim::jaro_winkler(&wanted, column.stem))
    };
    let mut ranked: Vec<(f64, &'static str)> =
        columns().iter().map(|c| (likeness(c), c.name.as_ref())).filter(|(l, _)| *l >= LIKENESS).collect();
    ranked.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    ranked.truncate(SUGGESTIONS);
    ranked.into_iter().map(|(_, name)| name).collect()
}

mod declare;
#[cfg(test)]
mod tests;
