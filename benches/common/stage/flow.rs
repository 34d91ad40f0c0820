//! Segments to the connections that they belong to, with a state that costs nothing, so that the table is what is measured.

use tcplens::base::packed::Room;
use tcplens::base::{FlowHasher, FlowKey, Nanos, SackBlock, Segment, Timestamp};
use tcplens::flow::{Ahead, Emitted, FlowState, FlowTable, Keeper, Outline, Placement};

use super::decoder::Batches;

#[derive(Debug)]
struct Count(FlowKey, u64);

/// Nothing waits.
#[derive(Clone, Copy, Debug, Default)]
struct Nothing;

impl Outline for Nothing {
    fn of_syn(_: &Segment) -> Self {
        Self
    }
    fn takes(&mut self, _: &Segment) -> bool {
        false
    }
    fn linger(&self) -> Option<Nanos> {
        None
    }
}

impl FlowState for Count {
    type Outline = Nothing;
    type Ghost = ();
    type Reason = ();

    fn key(&self) -> &FlowKey {
        &self.0
    }
    fn is_at_hand(&self, _: &Segment) -> bool {
        true
    }
    fn place(&mut self, _: &Segment) -> Placement {
        Placement::Same
    }
    fn deadline(&self) -> Option<Timestamp> {
        None
    }
    fn outline(&self) -> Nothing {
        Nothing
    }
    fn expired() {}
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
    fn evicted() {}
    fn at_end() {}
    fn take_held(&mut self) -> Vec<Segment> {
        Vec::new()
    }
    fn footprint(&self) -> usize {
        0
    }
    fn pack<'r>(&self, _: &'r mut Room) -> Option<&'r [u8]> {
        None
    }
    fn unpack(_: &[u8], _: &mut Room) -> Option<Box<Self>> {
        None
    }
}

/// Numbers the connections.
struct Counter(u64);

impl Keeper<Count> for Counter {
    fn turn_to(&mut self, _: usize) {}
    fn clock(&self, segment: &Segment) -> Timestamp {
        segment.ts
    }
    fn number(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
    fn number_at_end(&mut self, _: u64) -> u64 {
        self.number()
    }
    fn patience(&self, _: Timestamp) -> Option<Timestamp> {
        None
    }
    fn defers(&self, segment: &Segment) -> bool {
        segment.flags.is_syn_only()
    }
    fn open(&mut self, segment: &Segment, _: Option<Nanos>) -> Box<Count> {
        Box::new(Count(segment.key, 0))
    }
    fn feed(&mut self, _: u64, state: &mut Count, segment: &Segment) {
        state.1 += u64::from(segment.payload_len);
    }
    fn feed_expected(&mut self, flow_id: u64, state: &mut Count, segment: &Segment) -> bool {
        self.feed(flow_id, state, segment);
        true
    }
    fn may_wait(&self) -> bool {
        false
    }
    fn sacks_of(&self, _: &Segment) -> &[SackBlock] {
        &[]
    }
    fn feed_late(&mut self, flow_id: u64, state: &mut Count, (segment, _): (&Segment, &[SackBlock]), _: bool) {
        self.feed(flow_id, state, segment);
    }
    fn feed_held(&mut self, flow_id: u64, state: &mut Count, syn: &Segment) {
        self.feed(flow_id, state, syn);
    }
    fn late(&mut self, (): &(), _: &Segment) {}
    fn emit(&mut self, _: Emitted<Count>) {}
}

/// Looks up the connection of every segment, by a hash that is made for it; none ever leaves.
pub fn look_up(batches: &Batches) -> u64 {
    let mut table = FlowTable::<Count>::default();
    let mut counter = Counter(0);
    let hasher = FlowHasher::default();
    let segments = batches.0.iter().flat_map(|batch| &batch.segments).enumerate();
    let next = segments.map(|(index, segment)| (index, segment, hasher.hash(&segment.key)));
    table.on_segments(next, &mut Ahead::default(), &mut counter);
    table.stats().opened
}
