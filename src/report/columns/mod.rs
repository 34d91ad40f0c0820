//! The columns of the per-connection report, one file a subject, each column declared once.
//!
//! A new column is one row in one of these files, at the end of its group; [`SECTIONS`] sets the order of the report.

use super::schema::{Group, Section};

mod acks;
mod application;
mod budget;
mod handshake;
mod identity;
mod loss;
mod marks;
mod outcome;
mod rtt;
mod volume;
pub(super) mod whole;
mod window;

/// The groups of the report, and what each consists of.
pub(super) const SECTIONS: &[Section] = &[
    Section { group: Group::Connection, declarations: &[identity::COLUMNS, outcome::COLUMNS] },
    Section { group: Group::Handshake, declarations: &[handshake::COLUMNS] },
    Section {
        group: Group::Endpoint,
        declarations: &[volume::COLUMNS, loss::COLUMNS, acks::COLUMNS, rtt::COLUMNS, window::COLUMNS, marks::COLUMNS],
    },
    Section { group: Group::Whole, declarations: &[whole::COLUMNS, application::COLUMNS] },
    Section { group: Group::Budget, declarations: &[budget::COLUMNS] },
];
