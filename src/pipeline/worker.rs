//! The analysis stage: a table of connections, fed with batches of segments.

use crate::base::{Nanos, SackBlock, Segment, SegmentBatch, Side, Timestamp};
use crate::flow::{Census, CensusView, CopyFinder, Emitted, FlowState, FlowTable, Keeper, Placement};
use crate::tcp::{self, Connection, ConnectionSummary, Copy, End, Event, EventKind, EventSink, Fate, Verdict};

/// How long a closed connection is remembered: Linux's TIME_WAIT.
const REMEMBER: Nanos = Nanos::from_secs(60);
/// Live: a SYN without an answer is given up after the longest common schedule's last wait (`semantics.md` 1).
const IDLE_OPENING: Nanos = Nanos::from_secs(75);
/// Live: longer than the two hours of a default keep-alive.
const IDLE_ESTABLISHED: Nanos = Nanos::from_secs(7500);
/// Live: half-closed connections.
const IDLE_HALF_CLOSED: Nanos = Nanos::from_secs(300);

/// A final connection on its way to the reporters.
#[derive(Debug)]
pub struct Row {
    /// Its number.
    pub flow_id: u64,
    /// Number of its first frame.
    pub first_frame: u64,
    /// Its layers, as the decoder numbers them.
    pub encapsulation: u16,
    /// The client's side of the key, and the key.
    pub ends: (crate::base::Endpoint, crate::base::Endpoint),
    /// What happened.
    pub summary: ConnectionSummary,
}

/// One connection as the table keeps it.
#[derive(Debug)]
struct Tracked {
    connection: Connection,
    first_frame: u64,
    encapsulation: u16,
    expires: bool,
}

/// What is remembered of a connection whose row has left.
#[derive(Debug)]
struct Ghost {
    flow_id: u64,
    client: Side,
    last: Timestamp,
}

impl FlowState for Tracked {
    type Ghost = Ghost;
    type Reason = End;

    fn place(&mut self, segment: &Segment) -> Placement {
        match self.connection.fate(segment) {
            Fate::Same => Placement::Same,
            Fate::New(held) => Placement::New(held),
            Fate::Held => Placement::Held,
            Fate::Stray => Placement::Stray,
        }
    }

    fn deadline(&self) -> Option<Timestamp> {
        self.connection.deadline().or_else(|| {
            let limit = match self.connection.phase() {
                tcp::Phase::Opening => IDLE_OPENING,
                tcp::Phase::Open => IDLE_ESTABLISHED,
                tcp::Phase::HalfClosed => IDLE_HALF_CLOSED,
            };
            self.expires.then(|| self.connection.last() + limit)
        })
    }

    fn expired(&self) -> Option<End> {
        Some(End::Timeout)
    }

    fn ghost(&self, flow_id: u64) -> (Ghost, Timestamp) {
        let last = self.connection.last();
        (Ghost { flow_id, client: self.connection.client_side(), last }, last + REMEMBER)
    }

    fn haunts(ghost: &mut Ghost, segment: &Segment) -> bool {
        // Whatever opens no connection is a straggler; TIME_WAIT answers it or drops it.
        let late = !segment.flags.syn();
        if late {
            ghost.last = ghost.last.max(segment.ts);
        }
        late
    }

    fn last_of_ghost(ghost: &Ghost) -> Timestamp {
        ghost.last
    }

    fn last(&self) -> Timestamp {
        self.connection.last()
    }

    fn superseded() -> End {
        End::Superseded
    }

    fn at_end() -> End {
        End::OpenAtEnd
    }

    fn take_held(&mut self) -> Vec<Segment> {
        self.connection.take_held()
    }
}

/// Sums over everything that a worker saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerTotals {
    /// Segments.
    pub segments: u64,
    /// ICMP errors about them.
    pub icmp_errors: u64,
    /// Connections whose rows have left.
    pub connections: u64,
    /// Late packets of connections whose rows had left.
    pub post_close: u64,
    /// Segments that belong to no connection.
    pub stray: u64,
    /// Copies that the capture made.
    pub capture_duplicates: u64,
    /// Segments with a wrong checksum.
    pub bad_checksums: u64,
    /// Stream bytes that were acknowledged but never seen.
    pub missing_bytes: u64,
    /// Largest step backwards of the capture's clock.
    pub time_regress: Nanos,
}

/// Who wants to know what happens on which connection.
pub trait FlowSink {
    /// Whether anybody listens.
    const LISTENS: bool = true;

    /// Something happened on connection `flow_id`.
    fn event(&mut self, flow_id: u64, event: Event);

    /// A segment of connection `flow_id` was looked at.
    fn segment(&mut self, flow_id: u64, segment: &Segment, sender: usize, verdict: Option<&Verdict>) {
        let _ = (flow_id, segment, sender, verdict);
    }
}

/// Nobody.
impl FlowSink for () {
    const LISTENS: bool = false;

    fn event(&mut self, _: u64, _: Event) {}
}

/// All of them, in the order in which they were decided.
impl FlowSink for Vec<(u64, Event)> {
    fn event(&mut self, flow_id: u64, event: Event) {
        self.push((flow_id, event));
    }
}

/// The events of one connection on their way to those who want those of all.
struct Of<'a, S> {
    flow_id: u64,
    sink: &'a mut S,
}

impl<S: FlowSink> EventSink for Of<'_, S> {
    const LISTENS: bool = S::LISTENS;

    fn event(&mut self, event: Event) {
        self.sink.event(self.flow_id, event);
    }

    fn segment(&mut self, segment: &Segment, sender: usize, verdict: Option<&Verdict>) {
        self.sink.segment(self.flow_id, segment, sender, verdict);
    }
}

/// The analysis of a stream of segments. `S` hears of its events.
#[derive(Debug)]
pub struct Worker<S = ()> {
    table: FlowTable<Tracked>,
    census: Census,
    known: CensusView,
    copies: CopyFinder,
    rows: Vec<Row>,
    clock: Timestamp,
    started: bool,
    expires: bool,
    totals: WorkerTotals,
    sink: S,
}

impl<S: FlowSink> Worker<S> {
    /// `expires`: connections that are silent for long are given up, as a run that never ends needs it; a file never does that.
    /// `sink` hears of events.
    pub fn new(expires: bool, sink: S) -> Self {
        let census = Census::default();
        Self {
            table: FlowTable::default(),
            known: census.view(),
            census,
            copies: CopyFinder::new(tcp::duplicates::REACH),
            rows: Vec::new(),
            clock: Timestamp::default(),
            started: false,
            expires,
            totals: WorkerTotals::default(),
            sink,
        }
    }

    /// Takes a batch, in the order of the capture.
    pub fn on_batch(&mut self, batch: &SegmentBatch) {
        for (segment, &hash) in batch.segments.iter().zip(&batch.hashes) {
            self.census.learn(segment, hash);
        }
        self.census.publish();
        let mut errors = batch.errors.iter().peekable();
        for (i, segment) in batch.segments.iter().enumerate() {
            while let Some((_, error)) = errors.next_if(|(at, _)| *at <= i) {
                self.on_icmp(error);
            }
            self.on_segment(segment, batch.sacks_of(segment));
        }
        for (_, error) in errors {
            self.on_icmp(error);
        }
    }

    fn on_icmp(&mut self, error: &crate::base::IcmpError) {
        self.totals.icmp_errors += 1;
        if let Some(tracked) = self.table.get_mut(&error.key) {
            tracked.connection.on_icmp(error);
        }
    }

    fn on_segment(&mut self, segment: &Segment, sacks: &[SackBlock]) {
        self.totals.segments += 1;
        if !self.started {
            self.started = true;
            self.clock = segment.ts;
        }
        let back = self.clock - segment.ts;
        self.totals.time_regress = self.totals.time_regress.max(back);
        self.on_time(segment.ts);
        let copy =
            self.copies.find(segment).map(|found| Copy { age: found.age, common: found.common, second: found.second });
        let mut desk = Desk {
            segment: segment.frame,
            sacks,
            copy,
            census: &self.known,
            rows: &mut self.rows,
            expires: self.expires,
            totals: &mut self.totals,
            sink: &mut self.sink,
        };
        self.table.on_segment(segment, &mut desk);
    }

    /// The capture's clock goes on: connections that are due leave.
    pub fn on_time(&mut self, now: Timestamp) {
        if now <= self.clock || !self.started {
            return;
        }
        self.clock = now;
        let Self { known: census, rows, totals, sink, expires, table, .. } = self;
        let mut desk = Desk { segment: 0, sacks: &[], copy: None, census, rows, expires: *expires, totals, sink };
        table.expire(now, &mut desk);
    }

    /// The capture is over.
    pub fn finish(&mut self) {
        let Self { known: census, rows, totals, sink, expires, table, clock, .. } = self;
        let mut desk = Desk { segment: 0, sacks: &[], copy: None, census, rows, expires: *expires, totals, sink };
        table.finish(*clock, &mut desk);
    }

    /// Takes the rows that became final, in their order.
    pub fn drain_rows(&mut self) -> std::vec::Drain<'_, Row> {
        self.rows.drain(..)
    }

    /// Who hears of events.
    pub fn sink(&mut self) -> &mut S {
        &mut self.sink
    }

    /// Sums so far.
    pub fn totals(&self) -> WorkerTotals {
        let stats = self.table.stats();
        WorkerTotals { post_close: stats.post_close, stray: stats.stray, ..self.totals }
    }
}

/// Where the table turns to for one segment.
struct Desk<'a, S> {
    /// Frame of the segment that the SACK blocks and the copy belong to.
    segment: u64,
    sacks: &'a [SackBlock],
    copy: Option<Copy>,
    census: &'a CensusView,
    rows: &'a mut Vec<Row>,
    expires: bool,
    totals: &'a mut WorkerTotals,
    sink: &'a mut S,
}

impl<S: FlowSink> Keeper<Tracked> for Desk<'_, S> {
    fn open(&mut self, segment: &Segment, since: Option<Nanos>) -> Tracked {
        let (client, evidence) = self.census.client(segment);
        Tracked {
            connection: Connection::open(segment, client, evidence, since),
            first_frame: segment.frame,
            encapsulation: segment.encapsulation,
            expires: self.expires,
        }
    }

    fn feed(&mut self, flow_id: u64, state: &mut Tracked, segment: &Segment) {
        let own = segment.frame == self.segment;
        let (sacks, copy) = if own { (self.sacks, self.copy) } else { (&[][..], None) };
        state.connection.on_segment(segment, sacks, copy, &mut Of { flow_id, sink: self.sink });
    }

    fn late(&mut self, ghost: &Ghost, segment: &Segment) {
        if S::LISTENS {
            let sender = usize::from(segment.from() != ghost.client);
            self.sink.event(ghost.flow_id, Event::of(segment, sender, EventKind::PostClose));
        }
    }

    fn emit(&mut self, emitted: Emitted<Tracked>) {
        let Emitted { flow_id, mut state, reason, now } = emitted;
        let key = *state.connection.key();
        let client: Side = state.connection.client_side();
        let summary = state.connection.summary(reason, now, &mut Of { flow_id, sink: self.sink });
        self.totals.connections += 1;
        for half in &summary.halves {
            self.totals.bad_checksums += half.volume.bad_checksum_packets;
            self.totals.capture_duplicates += half.loss.as_ref().map_or(0, |l| l.capture_duplicate_packets);
            self.totals.missing_bytes += half.stream.as_ref().and_then(|s| s.missing_bytes).unwrap_or(0);
        }
        self.rows.push(Row {
            flow_id,
            first_frame: state.first_frame,
            encapsulation: state.encapsulation,
            ends: (key.endpoint(client), key.endpoint(client.other())),
            summary,
        });
    }
}
