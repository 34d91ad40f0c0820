//! The schema of the per-connection report: every column with its name, unit, meaning and getter.
//!
//! A column is declared once, in `report/columns`, and one declaration about an endpoint gives both its
//! `client_…` and its `server_…` column. Headers, listings, selection and every format derive from here.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::cell::CellStyle;
use super::columns::SECTIONS;
use super::error::Error;
pub use super::kind::{Kind, Type, Unit};
use super::record::FlowRecord;
use super::value::Value;
use crate::tcp::{AckSummary, HalfSummary, LossSummary, Quality, StallSummary, StreamSummary, VolumeSummary};
use crate::tcp::{ConnectionSummary, WindowSummary};

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
}

impl<'a> Half<'a> {
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

    /// Its volume. `None` if its direction was not captured: no packet then says nothing of how many it sent.
    pub const fn volume(self) -> Option<&'a VolumeSummary> {
        let volume = &self.summary().volume;
        if volume.packets == 0 && self.connection().quality.has(Quality::ONE_WAY) { None } else { Some(volume) }
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

type OfConnection = for<'a> fn(&'a FlowRecord) -> Value<'a>;
type OfHalf = for<'a> fn(Half<'a>) -> Value<'a>;

/// Puts the cell of a column: its getter and the writing of what it gets, in one.
pub(super) type PutCell = fn(&FlowRecord, &CellStyle, &mut [u8], usize) -> usize;

/// How a column finds its value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Get {
    Connection(OfConnection),
    Half(OfHalf),
}

/// A column as it stands in `report/columns`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Declaration {
    name: &'static str,
    kind: Kind,
    doc: &'static str,
    get: Get,
    /// For the client, or the connection, and for the server.
    put: [PutCell; 2],
}

/// A column about the connection: its name, kind and doc, and how its value is got from a [`FlowRecord`].
///
/// The getter is written once and compiled twice: into a [`Value`] for whoever has to look at it, and together with the writing
/// of its type, which is what a row is made of.
macro_rules! connection {
    ($name:literal, $kind:expr, $doc:expr, |$record:pat_param| $value:expr $(,)?) => {
        $crate::report::schema::Declaration::connection(
            $name,
            $kind,
            $doc,
            |$record| $crate::report::value::Value::from($value),
            |$record, style, room, at| $crate::report::cell::Cell::put($value, $kind, style, room, at),
        )
    };
}

/// Two columns, `client_name` and `server_name`: the same, but got from a [`Half`].
macro_rules! half {
    ($name:literal, $kind:expr, $doc:expr, |$half:pat_param| $value:expr $(,)?) => {
        $crate::report::schema::Declaration::half(
            $name,
            $kind,
            $doc,
            |$half| $crate::report::value::Value::from($value),
            [
                |record, style, room, at| {
                    let $half = $crate::report::schema::Half { record, role: $crate::report::schema::Role::Client };
                    $crate::report::cell::Cell::put($value, $kind, style, room, at)
                },
                |record, style, room, at| {
                    let $half = $crate::report::schema::Half { record, role: $crate::report::schema::Role::Server };
                    $crate::report::cell::Cell::put($value, $kind, style, room, at)
                },
            ],
        )
    };
}

pub(super) use {connection, half};

impl Declaration {
    /// What [`connection!`] makes.
    pub const fn connection(
        name: &'static str,
        kind: Kind,
        doc: &'static str,
        get: OfConnection,
        put: PutCell,
    ) -> Self {
        Self { name, kind, doc, get: Get::Connection(get), put: [put; 2] }
    }

    /// What [`half!`] makes.
    pub const fn half(name: &'static str, kind: Kind, doc: &'static str, get: OfHalf, put: [PutCell; 2]) -> Self {
        Self { name, kind, doc, get: Get::Half(get), put }
    }

    fn column(&self, group: Group, role: Role) -> Column {
        let (name, role) = match self.get {
            Get::Connection(_) => (Cow::Borrowed(self.name), None),
            Get::Half(_) => (Cow::Owned(format!("{}_{}", role.word(), self.name)), Some(role)),
        };
        let [client, server] = self.put;
        let put = if role == Some(Role::Server) { server } else { client };
        Column { name, stem: self.name, kind: self.kind, group, role, doc: self.doc, get: self.get, put }
    }
}

/// The column of the connection's number.
const FLOW_ID: &str = "flow_id";

/// Declarations of one group, in their order.
pub(super) struct Section {
    pub group: Group,
    pub declarations: &'static [&'static [Declaration]],
}

impl Section {
    fn columns(&self, columns: &mut Vec<Column>) {
        let declarations = || self.declarations.iter().copied().flatten();
        if self.group == Group::Endpoint {
            for role in Role::BOTH {
                columns.extend(declarations().map(|d| d.column(self.group, role)));
            }
            return;
        }
        for declaration in declarations() {
            columns.push(declaration.column(self.group, Role::Client));
            if matches!(declaration.get, Get::Half(_)) {
                columns.push(declaration.column(self.group, Role::Server));
            }
        }
    }
}

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
}

impl Column {
    /// What puts its cell.
    pub(super) const fn put(&self) -> PutCell {
        self.put
    }

    /// It is the connection's number, which is known last.
    pub(super) fn is_flow_id(&self) -> bool {
        self.name == FLOW_ID
    }

    /// Its value for a connection.
    pub fn value<'a>(&self, record: &'a FlowRecord) -> Value<'a> {
        match self.get {
            Get::Connection(get) => get(record),
            Get::Half(get) => get(Half { record, role: self.role.unwrap_or(Role::Client) }),
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

#[cfg(test)]
mod tests;
