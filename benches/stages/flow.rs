//! Finding the connection of a segment among many.

use divan::Bencher;
use divan::counter::ItemsCount;
use tcplens::base::{Nanos, Segment, Timestamp};
use tcplens::flow::{Emitted, FlowState, FlowTable, Keeper, Placement};

use super::generate::{Capture, HEADERS};
use super::packet::Stack;
use super::script::Script;

/// State that costs nothing, so that the table is what is measured.
#[derive(Debug)]
struct Count(u64);

impl FlowState for Count {
    type Ghost = ();
    type Reason = ();

    fn place(&mut self, _: &Segment) -> Placement {
        Placement::Same
    }
    fn deadline(&self) -> Option<Timestamp> {
        None
    }
    fn expired(&self) -> Option<()> {
        None
    }
    fn ghost(&self, _: u64) -> ((), Timestamp) {
        ((), Timestamp::default())
    }
    fn haunts((): &mut (), _: &Segment) -> bool {
        false
    }
    fn last_of_ghost((): &()) -> Timestamp {
        Timestamp::default()
    }
    fn last(&self) -> Timestamp {
        Timestamp::default()
    }
    fn superseded() {}
    fn at_end() {}
    fn take_held(&mut self) -> Vec<Segment> {
        Vec::new()
    }
}

struct Counter;

impl Keeper<Count> for Counter {
    fn open(&mut self, _: &Segment, _: Option<Nanos>) -> Count {
        Count(0)
    }
    fn feed(&mut self, _: u64, state: &mut Count, segment: &Segment) {
        state.0 += u64::from(segment.payload_len);
    }
    fn late(&mut self, (): &(), _: &Segment) {}
    fn emit(&mut self, _: Emitted<Count>) {}
}

/// The table alone: so many connections, all open at once, their packets interleaved.
#[divan::bench(args = [1_000, 20_000])]
fn lookup(bencher: Bencher, connections: usize) {
    let scripts: Vec<_> = (0..connections).map(|_| Script::exchange()).collect();
    let capture = Capture::of(&scripts, Stack::V4, HEADERS);
    let batches = capture.batches();
    bencher.counter(ItemsCount::new(capture.packets())).with_inputs(FlowTable::<Count>::default).bench_local_values(
        |mut table| {
            for segment in batches.iter().flat_map(|batch| &batch.segments) {
                table.on_segment(segment, &mut Counter);
            }
            table
        },
    );
}
