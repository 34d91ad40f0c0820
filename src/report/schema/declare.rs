//! How columns are declared: once each, in `report/columns`.

use std::borrow::Cow;

use super::{Column, Group, Half, Kind, Role};
use crate::report::cell::CellStyle;
use crate::report::record::FlowRecord;
use crate::report::value::Value;

type OfConnection = for<'a> fn(&'a FlowRecord) -> Value<'a>;
type OfHalf = for<'a> fn(Half<'a>) -> Value<'a>;

/// Puts the cell of a column and a separator: its getter and the writing of what it gets, in one.
pub(in crate::report) type PutCell = fn(&FlowRecord, &CellStyle, &mut [u8], usize) -> usize;

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
            |$record, style, room, at| $crate::report::cell::Cell::put_cell($value, $kind, style, room, at),
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
                    $crate::report::cell::Cell::put_cell($value, $kind, style, room, at)
                },
                |record, style, room, at| {
                    let $half = $crate::report::schema::Half { record, role: $crate::report::schema::Role::Server };
                    $crate::report::cell::Cell::put_cell($value, $kind, style, room, at)
                },
            ],
        )
    };
}

/// The columns of a file in which all are about an endpoint, as the part `PART` of the report. Where all of them are wanted, which is
/// what most reports want, one function puts all of their cells.
macro_rules! halves {
    ($(($name:literal, $kind:expr, $doc:expr, |$half:pat_param| $value:expr $(,)?)),+ $(,)?) => {
        pub(super) const PART: $crate::report::schema::Part = {
            use $crate::report::cell::Cell;
            use $crate::report::schema::{Half, Part, Role, half};
            Part::whole(
                &[$(half!($name, $kind, $doc, |$half| $value)),+],
                [
                    |record, style, room, at| {
                        let endpoint = Half { record, role: Role::Client };
                        $(let at = { let $half = endpoint; Cell::put_cell($value, $kind, style, room, at) };)+
                        at
                    },
                    |record, style, room, at| {
                        let endpoint = Half { record, role: Role::Server };
                        $(let at = { let $half = endpoint; Cell::put_cell($value, $kind, style, room, at) };)+
                        at
                    },
                ],
            )
        };
    };
}

pub(in crate::report) use {connection, half, halves};

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
pub(in crate::report) struct Part {
    declarations: &'static [Declaration],
    /// What puts the cells of all of them, for the client and for the server.
    put: Option<[PutCell; 2]>,
}

impl Part {
    /// Columns that are put one by one.
    pub const fn single(declarations: &'static [Declaration]) -> Self {
        Self { declarations, put: None }
    }

    /// What [`halves!`] makes.
    pub const fn whole(declarations: &'static [Declaration], put: [PutCell; 2]) -> Self {
        Self { declarations, put: Some(put) }
    }

    /// Its columns about one endpoint. The first knows what puts all of them.
    fn columns_of(&self, group: Group, role: Role, columns: &mut Vec<Column>) {
        let first = columns.len();
        columns.extend(self.declarations.iter().map(|d| d.column(group, role)));
        if let (Some([client, server]), Some(first)) = (self.put, columns.get_mut(first)) {
            let put = if role == Role::Server { server } else { client };
            first.run = Some(Run { columns: self.declarations.len(), put });
        }
    }
}

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
}

impl Section {
    /// Its columns.
    pub(super) fn columns(&self, columns: &mut Vec<Column>) {
        if self.group == Group::Endpoint {
            for role in Role::BOTH {
                self.parts.iter().for_each(|part| part.columns_of(self.group, role, columns));
            }
            return;
        }
        for declaration in self.parts.iter().flat_map(|part| part.declarations) {
            columns.push(declaration.column(self.group, Role::Client));
            if matches!(declaration.get, Get::Half(_)) {
                columns.push(declaration.column(self.group, Role::Server));
            }
        }
    }
}
