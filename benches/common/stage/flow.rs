//! Segments to the connections that they belong to, with a state that costs nothing, so that the table is what is measured.

use tcplens::base::{Nanos, Segment, Timestamp};
use tcplens::flow::{Emitted, FlowState, FlowTable, Keeper, Placement};

use super::decoder::Batches;

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

/// Looks up the connection of every segment; none ever leaves.
pub fn look_up(batches: &Batches) -> u64 {
    let mut table = FlowTable::<Count>::default();
    for segment in batches.0.iter().flat_map(|batch| &batch.segments) {
        table.on_segment(segment, &mut Counter);
    }
    table.stats().opened
}
