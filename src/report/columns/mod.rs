//! The columns of the per-connection report, one file a subject, each column declared once.
//!
//! A new column is one row in one of these files, at the end of its group; [`SECTIONS`] sets the order of the report.

use super::cell::Pen;
use super::record::FlowRecord;
use super::room::Room;
use super::schema::{Group, Half, Role, Section};

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

/// The groups of the report, and what each consists of. What puts all cells of a group follows below, in the same order.
pub(super) const SECTIONS: &[Section] = &[
    Section { group: Group::Connection, parts: &[identity::NUMBER], put: None },
    Section { group: Group::Connection, parts: &[identity::PART, outcome::PART], put: Some([put_connection; 2]) },
    Section { group: Group::Handshake, parts: &[handshake::PART], put: Some([handshake::put; 2]) },
    Section {
        group: Group::Endpoint,
        parts: &[volume::PART, loss::PART, acks::PART, rtt::PART, window::PART, marks::PART],
        put: Some([
            |record, pen, room, at| put_endpoint(record, Role::Client, pen, room, at),
            |record, pen, room, at| put_endpoint(record, Role::Server, pen, room, at),
        ]),
    },
    Section { group: Group::Whole, parts: &[whole::PART, application::PART], put: Some([put_whole; 2]) },
    Section { group: Group::Budget, parts: &[budget::PART], put: Some([budget::put; 2]) },
];

fn put_connection(record: &FlowRecord, pen: &mut Pen, room: &mut Room, at: usize) -> usize {
    let at = identity::put(record, pen, room, at);
    outcome::put(record, pen, room, at)
}

/// One for both endpoints: what is not twice as long stays in the processor's caches.
#[inline(never)]
fn put_endpoint(record: &FlowRecord, role: Role, pen: &mut Pen, room: &mut Room, at: usize) -> usize {
    let endpoint = Half::of(record, role);
    let at = volume::put(endpoint, pen, room, at);
    let at = loss::put(endpoint, pen, room, at);
    let at = acks::put(endpoint, pen, room, at);
    let at = rtt::put(endpoint, pen, room, at);
    let at = window::put(endpoint, pen, room, at);
    marks::put(endpoint, pen, room, at)
}

fn put_whole(record: &FlowRecord, pen: &mut Pen, room: &mut Room, at: usize) -> usize {
    let at = whole::put(record, pen, room, at);
    application::put(record, pen, room, at)
}
