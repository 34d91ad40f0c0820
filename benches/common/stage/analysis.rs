//! Segments to what is said of their connections.

use tcplens::base::RoleEvidence;
use tcplens::pipeline::{ShardTotals, Worker};
use tcplens::tcp::{Connection, ConnectionSummary};

use super::decoder::Batches;

/// Analyses the segments of any connections, with the stage before and the table that they take.
pub fn analyse_all(batches: &Batches) -> ShardTotals {
    let mut worker = Worker::new(false, ());
    batches.0.iter().for_each(|batch| worker.on_batch(batch));
    worker.finish();
    worker.totals()
}

/// Analyses the segments of one connection, without a table around it; the first of them is the client's SYN.
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
