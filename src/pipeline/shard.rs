//! The analysis stage: a table of connections, fed with batches of segments.
//!
//! There may be several, each with the connections whose hashes fall to it. No shard looks at another.

use std::sync::Arc;

use leaving::Leaving;

use super::gather::{Batch, shard_of};
use super::numbers::{place, place_at_end};
use super::sink::{FlowSink, Heard, Moment, Of};
use super::tracked::{Ghost, IDLE_OPENING, Tracked};
use crate::base::{Nanos, SackBlock, Segment, Timestamp};
use crate::flow::{Ahead, CensusView, Emitted, FEW, FlowTable, Keeper};
use crate::report::format::RowEncoder;
use crate::report::rows::{RowBuffer, RowSpan};
use crate::report::{FlowRecord, Layers};
use crate::tcp::{Copy, Event, EventKind};

/// Sums over everything that a shard saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShardTotals {
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
    /// Connections that had to leave for want of memory.
    pub evicted: u64,
    /// Copies that the capture made.
    pub capture_duplicates: u64,
    /// Segments with a wrong checksum.
    pub bad_checksums: u64,
    /// Stream bytes that were acknowledged but never seen.
    pub missing_bytes: u64,
}

impl ShardTotals {
    /// Those of two shards together.
    #[must_use]
    pub fn plus(self, other: ShardTotals) -> ShardTotals {
        ShardTotals {
            segments: self.segments + other.segments,
            icmp_errors: self.icmp_errors + other.icmp_errors,
            connections: self.connections + other.connections,
            post_close: self.post_close + other.post_close,
            stray: self.stray + other.stray,
            evicted: self.evicted + other.evicted,
            capture_duplicates: self.capture_duplicates + other.capture_duplicates,
            bad_checksums: self.bad_checksums + other.bad_checksums,
            missing_bytes: self.missing_bytes + other.missing_bytes,
        }
    }
}

/// A final connection on its way to the report.
#[derive(Debug)]
pub struct Row {
    /// When it became final: rows leave in this order.
    pub final_at: Timestamp,
    /// What is reported; of a shard that takes care of a part, `flow_id` is its place (see `numbers`).
    pub record: FlowRecord,
}

/// The same, written already.
#[derive(Clone, Copy, Debug)]
pub struct WrittenRow {
    /// When it became final.
    pub final_at: Timestamp,
    /// Its flow id or its place.
    pub flow_id: u64,
    /// Where it stands in the text.
    pub span: RowSpan,
}

/// What a shard makes of a batch.
#[derive(Debug, Default)]
pub struct Output {
    /// Indices of the segments that opened a connection; nothing where one shard takes care of all.
    pub opened: Vec<u16>,
    /// Connections that became final.
    pub rows: Vec<Row>,
    /// Those that were written already.
    pub written: Vec<WrittenRow>,
    /// Their text.
    pub text: RowBuffer,
    /// What happened, where somebody listens, until `heard_to`.
    pub heard: Vec<Heard>,
    /// The last frame of the batch, and the one from which on more is still to be heard of.
    pub heard_to: u64,
    pub waits_since: Option<u64>,
}

impl Output {
    /// The row that was written already, among all rows that there are.
    pub fn written_row(&self, index: usize) -> Option<&WrittenRow> {
        self.written.get(index.checked_sub(self.rows.len())?)
    }

    /// Has its text fetched from the memory of the processor that has written it.
    pub fn prefetch(&self, index: usize) {
        if let Some(row) = self.written_row(index) {
            self.text.prefetch(row.span);
        }
    }

    /// Makes it empty, and keeps its memory.
    pub fn clear(&mut self) {
        self.opened.clear();
        self.rows.clear();
        // Once rows are written where they are made, nobody needs so much room again.
        self.rows.shrink_to(FEW);
        self.written.clear();
        self.text.clear();
        self.heard.clear();
        self.waits_since = None;
    }
}

/// How connections are named.
#[derive(Clone, Copy, Debug)]
enum Naming {
    /// By their number, which the only shard there is can give itself.
    Counted(u64),
    /// By the batch and the segment that opened them.
    Placed,
}

/// How a shard behaves.
#[derive(Clone, Copy, Debug)]
pub struct ShardSettings {
    /// Connections that are silent for long are given up, as a run that never ends needs it; a file never does that.
    pub expires: bool,
    /// Bytes of memory for connections; `None` for as much as it takes.
    pub memory: Option<usize>,
    /// What it takes care of.
    pub share: Share,
}

/// What a shard takes care of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// All there is, in the order of the capture, and it numbers the connections itself.
    All,
    /// One of so many parts, connection by connection.
    Part(usize, usize),
}

/// A shard. `S` hears of its events.
pub struct Shard<S = ()> {
    table: FlowTable<Tracked>,
    settings: ShardSettings,
    census: CensusView,
    naming: Naming,
    totals: ShardTotals,
    clock: Timestamp,
    layers: Arc<[Layers]>,
    encoder: Option<Arc<dyn RowEncoder>>,
    sink: S,
    leaving: Leaving,
    /// Of all segments that there were.
    last_frame: u64,
}

/// Where somebody listens, segments wait for this many batches at most: so much of what happened has to be kept until it is its turn.
const LAG: usize = 64;
/// The same where memory is bounded: nobody counts what is kept.
const SHORT_LAG: usize = 4;
/// In so many steps the segments of a batch are worked on.
const AHEAD: usize = 4;
/// So many rows leave at a time when the capture is over: their text fits well into the nearest cache but one until it is handed on.
const AT_ONCE: usize = 128;

impl<S: FlowSink> Shard<S> {
    /// A shard that has seen nothing yet.
    pub fn new(settings: ShardSettings, census: CensusView, sink: S) -> Self {
        let (naming, tables) = match settings.share {
            Share::All => (Naming::Counted(0), 1),
            Share::Part(_, parts) => (Naming::Placed, parts),
        };
        let mut table = FlowTable::one_of(tables);
        if S::LISTENS {
            table.hurry(if settings.memory.is_some() { SHORT_LAG } else { LAG });
        }
        Self {
            table,
            settings,
            census,
            naming,
            totals: ShardTotals::default(),
            clock: Timestamp::default(),
            layers: Arc::default(),
            encoder: None,
            sink,
            leaving: Leaving::default(),
            last_frame: 0,
        }
    }

    /// From now on it writes its rows itself.
    pub fn set_encoder(&mut self, encoder: Arc<dyn RowEncoder>) {
        self.encoder = Some(encoder);
    }

    /// It has been told how rows are written.
    pub const fn has_encoder(&self) -> bool {
        self.encoder.is_some()
    }

    /// Takes a batch, in the order of the capture.
    pub fn on_batch(&mut self, batch: &Batch, out: &mut Output) {
        self.clock = batch.clock;
        if !Arc::ptr_eq(&self.layers, &batch.layers) {
            self.layers = Arc::clone(&batch.layers);
        }
        self.last_frame = batch.segments.segments.last().map_or(self.last_frame, |segment| segment.frame);
        let (table, mut desk) = self.split(Some(batch), out);
        table.begin_batch(batch.segments.segments.first().map_or(desk.last_frame, |segment| segment.frame));
        let mine = match desk.settings.share {
            Share::All => None,
            Share::Part(shard, _) => Some(batch.of_shard(shard)),
        };
        let count = mine.map_or(batch.segments.segments.len(), <[u16]>::len);
        desk.totals.segments += count as u64;
        if !batch.segments.errors.is_empty() {
            desk.with_errors(table, batch);
        } else if let Some(mine) = mine {
            desk.on_segments(table, batch, mine);
        } else {
            table.on_segments(batch.all(), &mut Ahead::default(), &mut desk);
        }
        desk.index = None;
        table.end_batch(false, &mut desk);
        table.expire(batch.clock, &mut desk);
        table.tuck_in(count, batch.clock, &mut desk);
        if let Some(memory) = desk.settings.memory {
            table.weigh();
            table.shed(memory, batch.clock, &mut desk);
        }
        desk.see_off();
        (out.heard_to, out.waits_since) = (self.last_frame, self.table.waits_since());
        self.sink.hand_over(&mut out.heard);
    }

    /// The capture is over: what is left leaves by [`Shard::leave_some`].
    pub fn finish(&mut self, out: &mut Output) {
        let clock = self.clock;
        let (table, mut desk) = self.split(None, out);
        table.end_batch(true, &mut desk);
        table.finish(clock, &mut desk);
        desk.see_off();
        out.heard_to = self.last_frame;
        self.sink.hand_over(&mut out.heard);
    }

    /// The next rows after [`Shard::finish`], in the order of their flow ids; false when there are none left.
    pub fn leave_some(&mut self, out: &mut Output) -> bool {
        let clock = self.clock;
        let (table, mut desk) = self.split(None, out);
        let more = table.leave_some(AT_ONCE, clock, &mut desk);
        desk.see_off();
        self.sink.hand_over(&mut out.heard);
        more
    }

    fn split<'a>(
        &'a mut self,
        batch: Option<&'a Batch>,
        out: &'a mut Output,
    ) -> (&'a mut FlowTable<Tracked>, Desk<'a, S>) {
        let Self { table, settings, census, naming, totals, layers, encoder, sink, leaving, last_frame, .. } = self;
        let desk = Desk {
            batch,
            index: None,
            moment: Moment::default(),
            last_frame: *last_frame,
            copy: None,
            settings: *settings,
            census,
            naming,
            totals,
            layers,
            encoder: encoder.as_deref(),
            sink,
            leaving,
            out,
        };
        (table, desk)
    }

    /// Who hears of events.
    pub fn sink(&mut self) -> &mut S {
        &mut self.sink
    }

    /// Packs all connections that can be packed.
    #[cfg(test)]
    pub fn pack_all(&mut self) {
        let mut out = Output::default();
        let (table, mut desk) = self.split(None, &mut out);
        table.pack_all(&mut desk);
    }

    /// Has segments wait however few connections there are, for this many batches at most where somebody listens.
    pub fn put_all_off(&mut self, batches: usize) {
        self.table.put_all_off();
        if S::LISTENS {
            self.table.hurry(batches);
        }
    }

    /// Bytes of memory that its connections take, about.
    #[cfg(test)]
    pub fn footprint(&self) -> usize {
        self.table.footprint()
    }

    /// Sums so far.
    pub fn totals(&self) -> ShardTotals {
        let stats = self.table.stats();
        ShardTotals { post_close: stats.post_close, stray: stats.stray, evicted: stats.evicted, ..self.totals }
    }
}

/// Where the table turns to while a batch is worked on.
struct Desk<'a, S> {
    batch: Option<&'a Batch>,
    /// The segment at hand.
    index: Option<usize>,
    moment: Moment,
    /// The last of the batch, or of the capture.
    last_frame: u64,
    copy: Option<Copy>,
    settings: ShardSettings,
    census: &'a CensusView,
    naming: &'a mut Naming,
    totals: &'a mut ShardTotals,
    layers: &'a [Layers],
    encoder: Option<&'a dyn RowEncoder>,
    sink: &'a mut S,
    leaving: &'a mut Leaving,
    out: &'a mut Output,
}

impl<S: FlowSink> Desk<'_, S> {
    /// Works on segments of a batch. Those of a connection lie far apart in it, and connections all over the memory: what each few of them need
    /// is fetched step by step while the processor works on those before.
    #[inline(always)]
    fn on_segments(&mut self, table: &mut FlowTable<Tracked>, batch: &Batch, mine: &[u16]) {
        let few = |at: usize| batch.each(mine.get(at..).map_or(&[][..], |rest| rest.get(..FEW).unwrap_or(rest)));
        let hashes = |at: usize| few(at).map(|(.., hash)| hash);
        batch.prefetch_hashes();
        if !table.is_large() {
            return table.on_segments(batch.each_fetched(mine), &mut Ahead::default(), self);
        }
        // Of the last few that were looked for, each in its turn.
        let mut ahead = [Ahead::default(); AHEAD];
        for at in (0..mine.len() + (AHEAD - 1) * FEW).step_by(FEW) {
            let steps_ago = |steps: usize| at.checked_sub(steps * FEW).map(|at| (at, at / FEW % AHEAD));
            few(at).for_each(|(_, segment, _)| segment.prefetch());
            table.look_out(hashes(at));
            if let Some((at, turn)) = steps_ago(1) {
                table.look_ahead(hashes(at), &mut ahead[turn]);
            }
            if let Some((_, turn)) = steps_ago(2) {
                table.look_closer(&ahead[turn]);
            }
            if let Some((at, turn)) = steps_ago(3) {
                table.on_segments(few(at), &mut ahead[turn], self);
            }
        }
    }

    /// A batch with ICMP errors among its segments.
    #[cold]
    fn with_errors(&mut self, table: &mut FlowTable<Tracked>, batch: &Batch) {
        let share = self.settings.share;
        let mine = |hash: u64| match share {
            Share::All => true,
            Share::Part(shard, shards) => shard_of(hash, shards) == shard,
        };
        let mut errors = batch.segments.errors.iter().zip(&batch.error_hashes).peekable();
        for index in 0..=batch.segments.segments.len() {
            while let Some(((_, error), hash)) = errors.next_if(|((at, _), _)| *at <= index) {
                if mine(*hash) {
                    self.totals.icmp_errors += 1;
                    self.index = None;
                    let clock = batch.segments.segments.get(index).map_or(batch.clock, |s| batch.clock_at(index, s));
                    if let Some(tracked) = table.get_mut(&error.key, *hash, clock, self) {
                        tracked.connection.on_icmp(error);
                    }
                }
            }
            if let Some(segment) = batch.segments.segments.get(index)
                && let Some(&hash) = batch.hashes.get(index)
                && mine(hash)
            {
                table.on_segments(std::iter::once((index, segment, hash)), &mut Ahead::default(), self);
            }
        }
    }
}

impl<S: FlowSink> Keeper<Tracked> for Desk<'_, S> {
    #[inline(always)]
    fn turn_to(&mut self, index: usize) {
        self.index = Some(index);
        if S::LISTENS {
            let segment = self.batch.and_then(|batch| batch.segments.segments.get(index));
            self.moment = segment.map_or(self.moment, |segment| Moment::of(segment.frame));
        }
        if let Some(batch) = self.batch.filter(|batch| !batch.copies.is_empty()) {
            self.copy = batch.copy_at(index);
        }
    }

    fn clock(&self, segment: &Segment) -> Timestamp {
        self.batch.zip(self.index).map_or(segment.ts, |(batch, index)| batch.clock_at(index, segment))
    }

    fn number(&mut self) -> u64 {
        match (&mut *self.naming, self.batch, self.index) {
            (Naming::Counted(next), _, _) => {
                *next += 1;
                *next - 1
            }
            (Naming::Placed, Some(batch), Some(index)) => {
                self.out.opened.push(index as u16);
                place(batch.number, index as u16)
            }
            // Nothing opens between segments.
            (Naming::Placed, _, _) => 0,
        }
    }

    fn number_at_end(&mut self, before: u64) -> u64 {
        self.moment = Moment::behind(self.last_frame, Timestamp::default(), before);
        match self.naming {
            Naming::Counted(_) => self.number(),
            Naming::Placed => place_at_end(before),
        }
    }

    fn patience(&self, since: Timestamp) -> Option<Timestamp> {
        self.settings.expires.then(|| since + IDLE_OPENING)
    }

    fn defers(&self, segment: &Segment) -> bool {
        self.may_wait() && segment.flags.is_syn_only() && segment.sack_len == 0
    }

    fn open(&mut self, segment: &Segment, since: Option<Nanos>) -> Box<Tracked> {
        let (client, evidence) = self.census.client(segment);
        let mut tracked = self.leaving.state();
        tracked.connection.begin(segment, client, evidence, since);
        tracked.first_frame = segment.frame;
        tracked.encapsulation = segment.encapsulation;
        tracked.expires = self.settings.expires;
        tracked
    }

    fn feed(&mut self, flow_id: u64, state: &mut Tracked, segment: &Segment) {
        let sacks = self.batch.map_or(&[][..], |batch| batch.segments.sacks_of(segment));
        let events = &mut Of { moment: self.moment, flow_id, told: false, sink: self.sink };
        state.connection.on_segment(segment, sacks, self.copy, events);
    }

    #[inline(always)]
    fn feed_expected(&mut self, flow_id: u64, state: &mut Tracked, segment: &Segment) -> bool {
        let Some(batch) = self.batch.filter(|_| self.copy.is_none()) else { return false };
        let sacks = || batch.segments.sacks_of(segment);
        let events = &mut Of { moment: self.moment, flow_id, told: false, sink: self.sink };
        state.connection.on_expected_segment(segment, sacks, events)
    }

    #[inline]
    fn may_wait(&self) -> bool {
        let may = !S::LISTENS || (!S::ALONE && !self.settings.expires);
        may && self.copy.is_none()
    }

    #[inline]
    fn sacks_of(&self, segment: &Segment) -> &[SackBlock] {
        self.batch.map_or(&[], |batch| batch.segments.sacks_of(segment))
    }

    #[inline]
    fn feed_late(&mut self, flow_id: u64, state: &mut Tracked, (segment, sacks): (&Segment, &[SackBlock]), told: bool) {
        let moment = if S::LISTENS { Moment::of(segment.frame) } else { self.moment };
        let events = &mut Of { moment, flow_id, told, sink: self.sink };
        state.connection.on_segment(segment, sacks, None, events);
    }

    fn feed_held(&mut self, flow_id: u64, state: &mut Tracked, syn: &Segment) {
        state.connection.on_segment(
            syn,
            &[],
            None,
            &mut Of { moment: self.moment, flow_id, told: false, sink: self.sink },
        );
    }

    fn late(&mut self, ghost: &Ghost, segment: &Segment) {
        if S::LISTENS {
            let sender = usize::from(segment.from() != ghost.client());
            self.sink.event(self.moment, ghost.flow_id(), Event::of(segment, sender, EventKind::PostClose));
        }
    }

    fn emit(&mut self, emitted: Emitted<Tracked>) {
        if self.index.is_none() {
            self.moment = Moment::behind(self.last_frame, emitted.now, emitted.flow_id);
        }
        self.take_leave(emitted);
    }
}

mod leaving;
