//! Segments of one connection to what is said of it, without a table around it.

use tcplens::base::RoleEvidence;
use tcplens::tcp::{Connection, ConnectionSummary};

use super::decoder::Batches;

/// Analyses the segments, the first of which is the client's SYN.
pub fn analyse(batches: &Batches) -> ConnectionSummary {
    let first = batches.0[0].segments[0];
    let mut connection = Connection::open(&first, first.from(), RoleEvidence::Syn, None);
    for batch in &batches.0 {
        for segment in &batch.segments {
            connection.on_segment(segment, batch.sacks_of(segment), None, &mut ());
        }
    }
    let now = connection.last();
    connection.summary(None, now, &mut ())
}
