//! How columns are declared: once each, in `report/columns`.

use std::borrow::Cow;

use super::{Column, Group, Half, Kind, Role};
use crate::report::cell::Pen;
use crate::report::record::FlowRecord;
use crate::report::room::Room;
use crate::report::value::Value;

type OfConnection = for<'a> fn(&'a FlowRecord) -> Value<'a>;
type OfHalf = for<'a> fn(Half<'a>) -> Value<'a>;

/// Puts the cell of a column and a separator: its getter and the writing of what it gets, in one.
pub(in crate::report) type PutCell = fn(&FlowRecord, &mut Pen, &mut Room, usize) -> usize;

/// How a column finds its value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Get {
    Connection(OfConnection),
    Half(OfHalf),
}

/// A column as it stands in `report/columns`.
#[derive(Clone, Copy, Debug)]
pub(in crate::report) struct Declaration {
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
            |$record, pen, room, at| $crate::report::cell::Cell::put($value, $kind, pen, room, at),
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
                |record, pen, room, at| {
                    let $half = $crate::report::schema::Half::of(record, $crate::report::schema::Role::Client);
                    $crate::report::cell::Cell::put($value, $kind, pen, room, at)
                },
                |record, pen, room, at| {
                    let $half = $crate::report::schema::Half::of(record, $crate::report::schema::Role::Server);
                    $crate::report::cell::Cell::put($value, $kind, pen, room, at)
                },
            ],
        )
    };
}

/// The columns of a file in which all are about an endpoint: the part `PART` of the report, and `put`, which puts all of their cells.
/// `;` stands between groups; of a group, `all zero if` tells beforehand that every cell of it is the number 0, where that is the rule.
macro_rules! halves {
    ($(
        $(all zero if |$idle:pat_param| $is_idle:expr =>)?
        $(($name:literal, $kind:expr, $doc:expr, |$half:pat_param| $value:expr $(,)?)),+ $(,)?
    );+) => {
        pub(super) const PART: $crate::report::schema::Part = {
            use $crate::report::schema::half;
            &[$($(half!($name, $kind, $doc, |$half| $value)),+),+]
        };

        #[inline(always)]
        pub(super) fn put(
            endpoint: $crate::report::schema::Half<'_>,
            pen: &mut $crate::report::cell::Pen,
            room: &mut $crate::report::room::Room,
            at: usize,
        ) -> usize {
            $(
                let idle = [$({ let $idle = endpoint; $is_idle })?];
                let at = if idle.contains(&true) {
                    pen.put_zeros::<{ [$($name),+].len() }>(room, at)
                } else {
                    $(let at = { let $half = endpoint; $crate::report::cell::Cell::put($value, $kind, pen, room, at) };)+
                    at
                };
            )+
            at
        }
    };
}

/// The columns of a file in which some are about the connection and some are pairs: the part `PART` of the report, and `put`, which puts
/// all of their cells.
macro_rules! columns {
    ($($form:ident!($name:literal, $kind:expr, $doc:expr, |$subject:pat_param| $value:expr $(,)?)),+ $(,)?) => {
        pub(super) const PART: $crate::report::schema::Part = {
            #[allow(unused_imports, reason = "not every file has pairs")]
            use $crate::report::schema::{connection, half};
            &[$($form!($name, $kind, $doc, |$subject| $value)),+]
        };

        #[inline(always)]
        pub(super) fn put(
            record: &$crate::report::record::FlowRecord,
            pen: &mut $crate::report::cell::Pen,
            room: &mut $crate::report::room::Room,
            at: usize,
        ) -> usize {
            $(let at = $crate::report::schema::put_cells!($form, (record, pen, room, at), $kind, |$subject| $value);)+
            at
        }
    };
}

/// Puts the cells of a [`connection!`] or of the pair of a [`half!`].
macro_rules! put_cells {
    (connection, ($record:ident, $pen:ident, $room:ident, $at:ident), $kind:expr, |$subject:pat_param| $value:expr) => {{
        let $subject = $record;
        $crate::report::cell::Cell::put($value, $kind, $pen, $room, $at)
    }};
    (half, ($record:ident, $pen:ident, $room:ident, $at:ident), $kind:expr, |$subject:pat_param| $value:expr) => {{
        let at = {
            let $subject = $crate::report::schema::Half::of($record, $crate::report::schema::Role::Client);
            $crate::report::cell::Cell::put($value, $kind, $pen, $room, $at)
        };
        let $subject = $crate::report::schema::Half::of($record, $crate::report::schema::Role::Server);
        $crate::report::cell::Cell::put($value, $kind, $pen, $room, at)
    }};
}

pub(in crate::report) use {columns, connection, half, halves, put_cells};

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
        Column { name, stem: self.name, kind: self.kind, group, role, doc: self.doc, get: self.get, put, run: None }
    }
}

/// Declarations of one file, in their order.
pub(in crate::report) type Part = &'static [Declaration];

/// Columns side by side whose cells one function puts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub columns: usize,
    pub put: PutCell,
}

/// Parts of one group, in their order.
pub(in crate::report) struct Section {
    pub group: Group,
    pub parts: &'static [Part],
    /// What puts the cells of all of them, for the client, or the connection, and for the server: most reports want all.
    pub put: Option<[PutCell; 2]>,
}

impl Section {
    /// Its columns.
    pub(super) fn columns(&self, columns: &mut Vec<Column>) {
        let roles: &[Option<Role>] =
            if self.group == Group::Endpoint { &[Some(Role::Client), Some(Role::Server)] } else { &[None] };
        roles.iter().for_each(|&role| self.columns_of(role, columns));
    }

    /// Those about one endpoint, or else all of them, with the two of a pair side by side. The first knows what puts them all.
    fn columns_of(&self, role: Option<Role>, columns: &mut Vec<Column>) {
        let first = columns.len();
        for declaration in self.parts.iter().copied().flatten() {
            columns.push(declaration.column(self.group, role.unwrap_or(Role::Client)));
            if role.is_none() && matches!(declaration.get, Get::Half(_)) {
                columns.push(declaration.column(self.group, Role::Server));
            }
        }
        let count = columns.len() - first;
        if let (Some([client, server]), Some(first)) = (self.put, columns.get_mut(first)) {
            let put = if role == Some(Role::Server) { server } else { client };
            first.run = Some(Run { columns: count, put });
        }
    }
}
