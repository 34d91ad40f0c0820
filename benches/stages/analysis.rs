//! What TCP did: segments to rows.

use divan::Bencher;
use divan::counter::ItemsCount;
use tcplens::base::RoleEvidence;
use tcplens::pipeline::Worker;
use tcplens::tcp::Connection;

use super::generate::{Capture, HEADERS};
use super::packet::Stack;
use super::script::Script;

/// All segments of one connection, without a table around it.
fn connection(bencher: Bencher, script: Script) {
    let capture = Capture::of(&[script], Stack::V4, HEADERS);
    let batches = capture.batches();
    let first = batches[0].segments[0];
    bencher
        .counter(ItemsCount::new(capture.packets()))
        .with_inputs(|| Connection::open(&first, first.from(), RoleEvidence::Syn, None))
        .bench_local_values(|mut connection| {
            for batch in &batches {
                for segment in &batch.segments {
                    connection.on_segment(segment, batch.sacks_of(segment), None, &mut ());
                }
            }
            let now = connection.last();
            connection.summary(None, now, &mut ())
        });
}

#[divan::bench]
fn bulk_in_order(bencher: Bencher) {
    connection(bencher, Script::bulk(400));
}

#[divan::bench]
fn lossy_with_sack(bencher: Bencher) {
    connection(bencher, Script::lossy(300));
}

/// Short connections with everything around them: roles, copies, the table, closing, rows.
#[divan::bench(args = [1_000, 20_000])]
fn interleaved_connections(bencher: Bencher, connections: usize) {
    let scripts: Vec<_> = (0..connections).map(|_| Script::exchange()).collect();
    let capture = Capture::of(&scripts, Stack::V4, HEADERS);
    let batches = capture.batches();
    bencher.counter(ItemsCount::new(capture.packets())).with_inputs(|| Worker::new(false, ())).bench_local_values(
        |mut worker| {
            for batch in &batches {
                worker.on_batch(batch);
                worker.drain_rows().for_each(drop);
            }
            worker.finish();
            worker
        },
    );
}
