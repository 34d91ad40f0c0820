//! Stories of the table with connections of which no more is known than which of their segments came, and when.

use super::*;
use crate::base::packed::packed;
use crate::base::{Endpoint, FlowHasher, SackBlock, SegmentBits, TcpFlags};

/// A FIN closes it, whoever sends it; a SYN then begins another one.
#[derive(Debug, Default)]
struct Talk {
    key: FlowKey,
    frames: Vec<u64>,
    last: Timestamp,
    closed: bool,
}

packed! { Talk { (key) [last; closed] frames } }

/// A closed one leaves after so long, and its ghost so long after its last segment.
const LINGER: Nanos = Nanos::from_secs(1);
const HAUNT: Nanos = Nanos::from_secs(60);
/// Nobody waits longer for an answer to a SYN.
const PATIENCE: Nanos = Nanos::from_secs(30);

/// Takes whatever is no SYN, and is final a second after a FIN.
#[derive(Clone, Copy, Debug, Default)]
struct Sketch {
    begun: bool,
    closed: bool,
}

impl Outline for Sketch {
    fn of_syn(_: &Segment) -> Self {
        Self { begun: true, closed: false }
    }
    fn takes(&mut self, segment: &Segment) -> bool {
        self.closed |= segment.flags.fin();
        self.begun && !segment.flags.syn()
    }
    fn linger(&self) -> Option<Nanos> {
        self.closed.then_some(LINGER)
    }
}

impl FlowState for Talk {
    type Outline = Sketch;
    type Ghost = Timestamp;
    type Reason = &'static str;

    fn key(&self) -> &FlowKey {
        &self.key
    }
    fn is_at_hand(&self, _: &Segment) -> bool {
        !self.closed
    }
    fn place(&mut self, segment: &Segment) -> Placement {
        if self.closed && segment.flags.syn() { Placement::New(Vec::new()) } else { Placement::Same }
    }
    fn deadline(&self) -> Option<Timestamp> {
        self.closed.then_some(self.last + LINGER)
    }
    fn outline(&self) -> Sketch {
        Sketch { begun: true, closed: self.closed }
    }
    fn expired() -> &'static str {
        "expired"
    }
    fn ghost(&self, _: u64) -> (Timestamp, Timestamp) {
        (self.last, self.last + HAUNT)
    }
    fn haunts(last: &mut Timestamp, segment: &Segment) -> bool {
        let late = !segment.flags.syn();
        if late {
            *last = segment.ts;
        }
        late
    }
    fn last_of_ghost(last: &Timestamp) -> Timestamp {
        *last
    }
    fn last(&self) -> Timestamp {
        self.last
    }
    fn superseded() -> &'static str {
        "superseded"
    }
    fn evicted() -> &'static str {
        "evicted"
    }
    fn at_end() -> &'static str {
        "open"
    }
    fn take_held(&mut self) -> Vec<Segment> {
        Vec::new()
    }
    fn footprint(&self) -> usize {
        size_of::<Self>() + self.frames.capacity() * size_of::<u64>()
    }
    fn pack<'r>(&self, room: &'r mut Room) -> Option<&'r [u8]> {
        Some(room.pack(self, self.last))
    }
    fn unpack(packed: &[u8], room: &mut Room) -> Option<Box<Self>> {
        room.unpack(packed)
    }
}

/// Writes down what leaves and what comes late.
#[derive(Default)]
struct Notes {
    /// As in a file: nobody is given up.
    forever: bool,
    connections: u64,
    written: Vec<String>,
}

impl Keeper<Talk> for Notes {
    fn turn_to(&mut self, _: usize) {}
    fn clock(&self, segment: &Segment) -> Timestamp {
        segment.ts
    }
    fn number(&mut self) -> u64 {
        self.connections += 1;
        self.connections - 1
    }
    fn number_at_end(&mut self, _: u64) -> u64 {
        self.number()
    }
    fn patience(&self, since: Timestamp) -> Option<Timestamp> {
        (!self.forever).then_some(since + PATIENCE)
    }
    fn defers(&self, segment: &Segment) -> bool {
        segment.flags.is_syn_only()
    }
    fn open(&mut self, segment: &Segment, since: Option<Nanos>) -> Box<Talk> {
        if let Some(since) = since {
            self.written.push(format!("again after {} ms", since.0 / 1_000_000));
        }
        Box::new(Talk { key: segment.key, ..Talk::default() })
    }
    fn feed(&mut self, _: u64, talk: &mut Talk, segment: &Segment) {
        talk.frames.push(segment.frame);
        talk.last = segment.ts;
        talk.closed |= segment.flags.fin();
    }
    fn feed_expected(&mut self, flow_id: u64, talk: &mut Talk, segment: &Segment) -> bool {
        let expected = segment.flags == TcpFlags::ACK;
        if expected {
            self.feed(flow_id, talk, segment);
        }
        expected
    }
    fn feed_held(&mut self, flow_id: u64, talk: &mut Talk, syn: &Segment) {
        self.feed(flow_id, talk, syn);
    }
    fn may_wait(&self) -> bool {
        true
    }
    fn sacks_of(&self, _: &Segment) -> &[SackBlock] {
        &[]
    }
    fn feed_late(&mut self, flow_id: u64, talk: &mut Talk, (segment, _): (&Segment, &[SackBlock]), _: bool) {
        self.feed(flow_id, talk, segment);
    }
    fn late(&mut self, _: &Timestamp, segment: &Segment) {
        self.written.push(format!("{} is late", segment.frame));
    }
    fn emit(&mut self, emitted: Emitted<Talk>) {
        let Emitted { flow_id, state, reason, .. } = emitted;
        self.written.push(format!("{flow_id} {:?} {}", state.frames, reason.unwrap_or_default()));
    }
}

/// A capture as it goes on: frames are numbered from 1.
#[derive(Default)]
struct Story {
    table: FlowTable<Talk>,
    notes: Notes,
    hasher: FlowHasher,
    frames: u64,
}

const SYN: TcpFlags = TcpFlags::SYN;
const ACK: TcpFlags = TcpFlags::ACK;
const FIN: TcpFlags = TcpFlags::FIN;

fn at(ms: i64) -> Timestamp {
    Timestamp(ms * 1_000_000)
}

impl Story {
    /// A segment of the client with this port.
    fn comes(&mut self, ms: i64, port: u16, flags: TcpFlags) {
        self.frames += 1;
        let (key, _) = FlowKey::of(Endpoint::v4([10, 0, 0, 1], port), Endpoint::v4([10, 0, 0, 2], 80));
        let bits = SegmentBits::IPV4;
        let segment = Segment { ts: at(ms), frame: self.frames, key, flags, bits, ..Segment::default() };
        let next = std::iter::once((0, &segment, self.hasher.hash(&key)));
        self.table.on_segments(next, &mut Ahead::default(), &mut self.notes);
    }

    fn time_passes(&mut self, ms: i64) {
        self.table.expire(at(ms), &mut self.notes);
    }

    /// What was written down since it was asked for last.
    fn written(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes.written)
    }

    /// What is written down at the end of the capture, where `together` leave at a time.
    fn ends(&mut self, ms: i64, together: usize) -> Vec<String> {
        self.table.finish(at(ms), &mut self.notes);
        while self.table.leave_some(together, at(ms), &mut self.notes) {}
        self.written()
    }

    /// The hand goes round.
    fn tuck_in(&mut self, ms: i64) {
        self.table.tuck_in(100, at(ms), &mut self.notes);
    }

    /// How many are packed.
    fn asleep(&self) -> usize {
        let live = &self.table.records.live;
        live.numbers().filter(|&n| live.get(n).is_some_and(|live| live.state.is_asleep())).count()
    }
}

#[test]
fn a_syn_is_an_attempt_until_something_follows() {
    let mut story = Story::default();
    story.comes(0, 1000, SYN);
    assert_eq!((story.table.records.attempts.len(), story.table.records.live.len()), (1, 0));
    story.comes(1, 1000, ACK);
    assert_eq!((story.table.records.attempts.len(), story.table.records.live.len()), (0, 1));
    story.comes(2, 1001, SYN);
    assert_eq!(story.table.stats().opened, 2);
    assert_eq!(story.ends(3, 8), ["0 [1, 2] open", "1 [3] open"]);
}

#[test]
fn a_syn_that_nobody_answers_leaves_when_patience_is_over() {
    let mut story = Story::default();
    story.comes(0, 1000, SYN);
    story.time_passes(29_000);
    assert!(story.written().is_empty());
    story.time_passes(31_000);
    assert_eq!(story.written(), ["0 [1] expired"]);
}

#[test]
fn a_closed_connection_leaves_a_ghost_that_takes_what_is_late() {
    let mut story = Story::default();
    story.comes(0, 1000, SYN);
    story.comes(10, 1000, FIN);
    story.time_passes(1_000);
    assert!(story.written().is_empty(), "its second is not over");
    story.time_passes(1_100);
    assert_eq!(story.written(), ["0 [1, 2] expired"]);
    story.comes(2_000, 1000, ACK);
    assert_eq!(story.written(), ["3 is late"]);
    assert_eq!(story.table.stats().post_close, 1);
    story.time_passes(70_000);
    assert_eq!(story.table.records.ghosts.len(), 0);
    story.comes(70_001, 1000, ACK);
    assert_eq!(story.ends(70_002, 1), ["1 [4] open"]);
}

#[test]
fn a_syn_takes_the_place_of_a_ghost() {
    let mut story = Story::default();
    story.comes(0, 1000, SYN);
    story.comes(10, 1000, FIN);
    story.time_passes(1_100);
    story.comes(5_000, 1000, SYN);
    assert_eq!(story.ends(5_001, 1), ["0 [1, 2] expired", "again after 4990 ms", "1 [3] open"]);
}

#[test]
fn who_is_due_leaves_even_where_nobody_looked() {
    let mut story = Story::default();
    story.comes(0, 1000, SYN);
    story.comes(10, 1000, FIN);
    story.comes(5_000, 1000, ACK);
    assert_eq!(story.written(), ["0 [1, 2] expired", "3 is late"]);
}

#[test]
fn a_deadline_moves_with_what_comes() {
    let mut story = Story::default();
    story.comes(0, 1000, SYN);
    story.comes(10, 1000, FIN);
    story.comes(900, 1000, ACK);
    story.time_passes(1_500);
    assert!(story.written().is_empty());
    story.time_passes(2_000);
    assert_eq!(story.written(), ["0 [1, 2, 3] expired"]);
}

#[test]
fn a_new_syn_supersedes_what_is_closed() {
    let mut story = Story::default();
    story.comes(0, 1000, SYN);
    story.comes(10, 1000, FIN);
    story.comes(30, 1000, SYN);
    assert_eq!(story.ends(40, 1), ["0 [1, 2] superseded", "again after 20 ms", "1 [3] open"]);
}

#[test]
fn at_the_end_they_leave_in_the_order_in_which_they_began() {
    for together in [1, 2, 100] {
        let mut story = Story::default();
        (0..5).for_each(|n| story.comes(0, 1000 + n, SYN));
        [3, 1, 4].iter().for_each(|n| story.comes(1, 1000 + n, ACK));
        let rows = story.ends(2, together);
        assert_eq!(rows, ["0 [1] open", "1 [2, 7] open", "2 [3] open", "3 [4, 6] open", "4 [5, 8] open"]);
    }
}

const _: () = assert!(size_of::<Option<Live<Talk>>>() <= 128, "two cache lines");

/// A table whose segments wait from the first connection on.
fn patient() -> Story {
    let mut story = Story::default();
    story.table.put_all_off();
    story
}

impl Story {
    /// How many have been looked at.
    fn read(&self) -> usize {
        let live = &self.table.records.live;
        live.numbers().filter(|&n| live.get(n).is_some_and(|live| live.journal.is_empty())).count()
    }
}

#[test]
fn segments_wait_until_their_connection_is_final() {
    let mut story = patient();
    story.comes(0, 1000, SYN);
    for ms in 1..=5 {
        story.comes(ms, 1000, ACK);
    }
    story.comes(6, 1000, FIN);
    story.comes(500, 1000, ACK);
    assert_eq!((story.table.records.live.len(), story.read(), story.table.awake), (1, 0, 0));
    story.time_passes(1_400);
    assert!(story.written().is_empty(), "its second is not over");
    story.time_passes(1_600);
    assert_eq!(story.written(), ["0 [1, 2, 3, 4, 5, 6, 7, 8] expired"]);
    assert_eq!(story.table.records.journals.used(), 0);
    story.comes(2_000, 1000, ACK);
    assert_eq!(story.written(), ["9 is late"]);
}

#[test]
fn whoever_is_due_is_looked_at_when_something_comes() {
    let mut story = patient();
    story.comes(0, 1000, SYN);
    story.comes(10, 1000, FIN);
    story.comes(5_000, 1000, ACK);
    assert_eq!(story.written(), ["0 [1, 2] expired", "3 is late"]);
    story.comes(5_001, 1000, SYN);
    story.comes(5_002, 1000, ACK);
    assert_eq!(story.ends(5_003, 1), ["again after 1 ms", "1 [4, 5] open"]);
}

#[test]
fn what_has_no_room_to_wait_is_looked_at_with_the_rest() {
    let mut story = patient();
    story.comes(0, 1000, SYN);
    let mut came = 1;
    while story.read() == 0 {
        came += 1;
        story.comes(came, 1000, ACK);
        assert!(came < 100, "a journal has its bounds");
        if story.table.awake > 0 {
            break;
        }
    }
    assert!(came > 10, "{came}");
    let all: Vec<i64> = (1..=came).collect();
    assert_eq!(story.ends(1_000, 1), [format!("0 {all:?} open")]);
}

#[test]
fn a_syn_in_doubt_is_decided_at_once() {
    let mut story = patient();
    story.comes(0, 1000, SYN);
    story.comes(10, 1000, FIN);
    story.comes(30, 1000, SYN);
    assert_eq!(story.written(), ["0 [1, 2] superseded", "again after 20 ms"]);
    assert_eq!(story.ends(40, 1), ["1 [3] open"]);
}

#[test]
fn nobody_waits_for_longer_than_listeners_like() {
    let mut story = patient();
    story.table.hurry(2);
    for batch in 0..4i64 {
        story.table.begin_batch(story.frames + 1);
        if batch == 0 {
            story.comes(0, 1000, SYN);
            story.comes(1, 1000, ACK);
        }
        story.table.end_batch(false, &mut story.notes);
        let told = story.table.records.live.get(0).is_some_and(|live| live.journal.is_told());
        assert_eq!((told, story.table.waits_since()), if batch < 2 { (false, Some(1)) } else { (true, None) });
    }
    assert_eq!((story.read(), story.table.awake), (0, 0), "it is still to be looked at for good");
    assert_eq!(story.ends(10, 1), ["0 [1, 2] open"]);
}

#[test]
fn only_the_silent_are_packed_and_only_where_they_are_many() {
    let mut story = Story { table: FlowTable::one_of(1), ..Story::default() };
    for port in 0..4 {
        story.comes(0, port, SYN);
        story.comes(0, port, ACK);
    }
    story.comes(4_900, 1, ACK);
    story.comes(4_950, 2, FIN);
    story.tuck_in(5_000);
    assert_eq!(story.asleep(), 0, "so few are no burden");
    story.table.at_hand = 3;
    story.tuck_in(5_000);
    assert_eq!(story.asleep(), 2, "one has just spoken, and one leaves soon");
    story.tuck_in(5_200);
    assert_eq!(story.asleep(), 2);
    story.comes(5_300, 0, ACK);
    assert_eq!(story.asleep(), 1);
    story.comes(5_300, 3, FIN);
    story.time_passes(10_000);
    assert_eq!(story.written(), ["2 [5, 6, 10] expired", "3 [7, 8, 12] expired"]);
    assert_eq!(story.ends(10_000, 1), ["0 [1, 2, 11] open", "1 [3, 4, 9] open"]);
}

#[test]
fn a_long_journal_of_an_idle_connection_is_packed_and_a_short_one_is_not() {
    let mut story = patient();
    (story.table.at_hand, story.notes.forever) = (1, true);
    for port in [1000, 1001] {
        story.comes(0, port, SYN);
        for ms in 1..(if port == 1000 { 20 } else { 5 }) {
            story.comes(ms, port, ACK);
        }
    }
    story.tuck_in(50_000);
    assert_eq!(story.asleep(), 0, "it may go on");
    story.tuck_in(70_000);
    assert_eq!((story.asleep(), story.table.awake), (1, 0));
    story.comes(70_001, 1000, ACK);
    assert_eq!((story.asleep(), story.table.awake), (1, 0), "what comes now can wait");
    let frames = |from: u64, to: u64| (from..=to).collect::<Vec<u64>>();
    let first: Vec<u64> = frames(1, 20).into_iter().chain([26]).collect();
    assert_eq!(story.ends(80_000, 1), [format!("0 {first:?} open"), format!("1 {:?} open", frames(21, 25))]);
}

#[test]
fn who_comes_back_soon_is_not_packed_so_soon_again() {
    let mut story = Story::default();
    story.table.at_hand = 0;
    for ms in [0, 1_000, 2_000] {
        story.comes(ms, 1000, ACK);
        story.tuck_in(ms + 900);
        assert_eq!(story.asleep(), usize::from(ms == 0));
    }
    story.tuck_in(4_100);
    assert_eq!(story.asleep(), 1, "that is twice as long as it was silent before");
    story.comes(20_000, 1000, ACK);
    story.tuck_in(20_600);
    assert_eq!(story.asleep(), 1, "it was silent for long");
}

#[test]
fn tables_that_share_the_connections_share_what_may_be_at_hand() {
    let most = |tables| FlowTable::<Talk>::one_of(tables).at_hand;
    assert_eq!(most(8), most(1) / 8);
    assert_eq!(most(0), most(1));
}

#[test]
fn where_there_is_no_room_ghosts_leave_first_and_then_those_that_were_silent_longest() {
    let mut story = Story::default();
    story.comes(0, 999, SYN);
    story.comes(0, 999, FIN);
    story.time_passes(1_100);
    story.written();
    for n in 0..10 {
        story.comes(2_000 + i64::from(n), 1000 + n, SYN);
        story.comes(2_000 + i64::from(n), 1000 + n, ACK);
    }
    story.comes(2_100, 1000, ACK);
    let whole = story.table.footprint();
    story.table.shed(whole, at(2_200), &mut story.notes);
    assert!(story.written().is_empty(), "there is room enough");
    story.table.shed(whole - 1, at(2_200), &mut story.notes);
    assert_eq!((story.table.records.ghosts.len(), story.written().len()), (0, 0));
    let without = story.table.footprint();
    story.table.shed(without - 1, at(2_200), &mut story.notes);
    assert_eq!(story.written(), ["2 [5, 6] evicted"]);
    assert_eq!(story.table.stats().evicted, 1);
}
