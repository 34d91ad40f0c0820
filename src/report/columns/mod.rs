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
    Section { group: Group::Connection, parts: &[identity::NUMBER, identity::PART, outcome::PART] },
    Section { group: Group::Handshake, parts: &[handshake::PART] },
    Section {
        group: Group::Endpoint,
        parts: &[volume::PART, loss::PART, acks::PART, rtt::PART, window::PART, marks::PART],
    },
    Section { group: Group::Whole, parts: &[whole::PART, application::PART] },
    Section { group: Group::Budget, parts: &[budget::PART] },
];
