//! The table: an index over three kinds of records, and who leaves when.
//!
//! A connection begins as an attempt, which is no more than its first SYN; it is analysed once there is something to analyse. Where
//! connections are many its segments wait until there are several, and short ones are looked at but once, when all has come.
//! When its row has left, a ghost stays for a while. So memory follows what is open, and a flood of SYNs costs little.

use std::iter::Peekable;

use self::attempt::Attempt;
use self::index::Index;
use self::later::MANY;
use self::records::{Ghost, Kind, Live, Records, ShortHash, Slot, short};
use self::sleep::{AT_HAND, patience_after};
use self::state::State;
use self::waiting::Waiting;
use super::agenda::{Agenda, tick};
use super::journal::{Journal, Journals};
use super::questions::{Emitted, FlowState, Keeper, Outline, Placement};
use super::slab::Slab;
use crate::base::packed::Room;
use crate::base::{FlowKey, Nanos, Segment, Timestamp};

/// A segment with its index in its batch and the hash of its key.
pub type Next<'s> = (usize, &'s Segment, u64);

pub use self::ahead::{Ahead, FEW};
/// So many connections are found without the index; a power of two.
const RECENT: usize = 256;

/// Counts of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableStats {
    /// Connections opened.
    pub opened: u64,
    /// Late packets of connections whose rows had left.
    pub post_close: u64,
    /// Segments that belong to none.
    pub stray: u64,
    /// Connections that had to leave for want of memory.
    pub evicted: u64,
}

/// Connections by four-tuple.
///
/// The hash is keyed at random by whoever makes it, so that a flood of SYNs finds no collisions; no result depends on it.
#[derive(Debug)]
pub struct FlowTable<C: FlowState> {
    index: Index,
    /// Hashes of live connections whose segments came lately, and the numbers of their records, each in the place that its lowest bits name.
    recent: Box<[(u32, u32); RECENT]>,
    records: Records<C>,
    agenda: Agenda,
    stats: TableStats,
    /// Memory of the live connections, as far as they were looked at.
    weight: usize,
    /// The connection that was weighed last.
    weighed: u32,
    /// From how many states at hand on those of silent connections are packed, and where the hand is that goes round over all.
    at_hand: usize,
    hand: u32,
    /// Where connections are packed and unpacked.
    room: Room,
    /// What leaves next if there is no room, the first of it at the end, and the time of its last packet.
    leaving: Vec<(Timestamp, Slot)>,
    /// From how many connections on segments wait, and, where somebody listens, whose do.
    many: usize,
    waiting: Waiting,
    /// Connections whose state is there, and not packed.
    awake: usize,
    /// At the end of the capture: what is still to leave, the last first, and what opened only then.
    rest: Vec<Slot>,
    renewed: Vec<(u64, Box<C>)>,
}

impl<C: FlowState> Default for FlowTable<C> {
    fn default() -> Self {
        let records = Records {
            attempts: Slab::default(),
            live: Slab::default(),
            ghosts: Slab::default(),
            journals: Journals::default(),
        };
        Self {
            index: Index::default(),
            recent: Box::new([(0, 0); RECENT]),
            records,
            agenda: Agenda::default(),
            stats: TableStats::default(),
            weight: 0,
            weighed: 0,
            at_hand: AT_HAND,
            hand: 0,
            room: Room::default(),
            leaving: Vec::new(),
            many: MANY,
            waiting: Waiting::default(),
            awake: 0,
            rest: Vec::new(),
            renewed: Vec::new(),
        }
    }
}

impl<C: FlowState> FlowTable<C> {
    fn find(&self, key: &FlowKey, hash: ShortHash) -> Option<Slot> {
        self.index.find(&self.records, key, hash)
    }

    /// The open connection of a four-tuple.
    pub fn get_mut(
        &mut self,
        key: &FlowKey,
        hash: u64,
        clock: Timestamp,
        keeper: &mut impl Keeper<C>,
    ) -> Option<&mut C> {
        let mut slot = self.find(key, short(hash))?;
        if self.leave_if_due(slot, clock, keeper) {
            return None;
        }
        if slot.kind() == Kind::Attempt {
            slot = self.promote(slot, keeper)?;
        }
        if slot.kind() != Kind::Live {
            return None;
        }
        self.settle(slot.number(), keeper);
        let live = self.records.live.get_mut(slot.number())?;
        // Whoever asks may change it.
        live.outline = C::Outline::default();
        live.state.awake()
    }

    /// Puts segments where they belong, each of which comes with its index and its hash. `ahead`: what was found of them before, if anything.
    #[inline(always)]
    pub fn on_segments<'s>(
        &mut self,
        next: impl Iterator<Item = Next<'s>>,
        ahead: &mut Ahead,
        keeper: &mut impl Keeper<C>,
    ) {
        if self.is_large() {
            return self.write_down(next, ahead, keeper);
        }
        let mut next = next.peekable();
        while let Some(first) = next.next() {
            if let Some((segment, hash)) = self.feed_expected(first, &mut next, keeper) {
                self.on_another(segment, hash, keeper.clock(segment), keeper);
            }
        }
    }

    /// Gives the first segment, and as many of those behind it as are of the same connection, to that, if its segments came lately, it has no
    /// deadline, and it expects them. The first segment that is for [`FlowTable::on_another`], if there is one.
    ///
    /// So the connection is looked for once for all of them. Of the connections of a batch two have the same hash of 64 bits less than once in
    /// 10^12 batches, and nobody can make it so, for the hash depends on secrets of the run.
    #[inline(always)]
    fn feed_expected<'s>(
        &mut self,
        (index, first, hash): Next<'s>,
        next: &mut Peekable<impl Iterator<Item = Next<'s>>>,
        keeper: &mut impl Keeper<C>,
    ) -> Option<(&'s Segment, ShortHash)> {
        keeper.turn_to(index);
        let (mut segment, short) = (first, short(hash));
        if let Some((flow_id, heard, state)) = self.find_recent(&segment.key, short) {
            while keeper.feed_expected(flow_id, state, segment) {
                *heard = segment.ts.max(*heard);
                let (index, behind, _) = next.next_if(|(_, _, other)| *other == hash)?;
                keeper.turn_to(index);
                segment = behind;
            }
        }
        Some((segment, short))
    }

    /// A connection whose segments came lately, and which has no deadline: its number, when something came of it last, and its state.
    #[inline(always)]
    fn find_recent(&mut self, key: &FlowKey, hash: ShortHash) -> Option<(u64, &mut Timestamp, &mut C)> {
        let &(recent, number) = self.recent.get(hash.get() as usize & (RECENT - 1))?;
        let Live { state, flow_id, deadline, heard, journal, .. } =
            self.records.live.get_mut(number).filter(|live| recent == hash.get() && live.key == *key)?;
        let state = state.awake().filter(|_| deadline.is_none() && journal.is_empty())?;
        Some((*flow_id, heard, state))
    }

    #[inline(never)]
    fn on_another(&mut self, segment: &Segment, hash: ShortHash, clock: Timestamp, keeper: &mut impl Keeper<C>) {
        let number = match self.recent.get(hash.get() as usize & (RECENT - 1)) {
            Some(&(recent, number)) if recent == hash.get() => number,
            _ => return self.place(segment, hash, clock, keeper),
        };
        if let Some(live) = self.records.live.get_mut(number)
            && live.deadline.get().is_none_or(|deadline| deadline >= clock)
            && live.key == segment.key
            && live.journal.is_empty()
            && let Some(state) = live.state.awake()
            && state.is_at_hand(segment)
        {
            keeper.feed(live.flow_id, state, segment);
            live.deadline = state.deadline().into();
            live.outline = C::Outline::default();
            live.heard = segment.ts.max(live.heard);
            if live.deadline.is_some() {
                self.queue(number);
            }
            return;
        }
        self.place(segment, hash, clock, keeper);
    }

    #[inline(never)]
    fn place(&mut self, segment: &Segment, hash: ShortHash, clock: Timestamp, keeper: &mut impl Keeper<C>) {
        let Some(mut slot) = self.find(&segment.key, hash) else {
            self.begin(segment, hash, None, keeper);
            return;
        };
        if self.leave_if_due(slot, clock, keeper) {
            let Some(ghost) = self.find(&segment.key, hash) else {
                self.begin(segment, hash, None, keeper);
                return;
            };
            slot = ghost;
        }
        match slot.kind() {
            Kind::Live => self.on_live(slot, segment, keeper),
            Kind::Ghost => self.on_ghost(slot, segment, clock, keeper),
            Kind::Attempt => {
                if let Some(slot) = self.promote(slot, keeper) {
                    self.on_live(slot, segment, keeper);
                }
            }
        }
    }

    fn on_live(&mut self, slot: Slot, segment: &Segment, keeper: &mut impl Keeper<C>) {
        if let Some(live) = self.records.live.get_mut(slot.number())
            && live.state.is_asleep()
            && live.journal.is_empty()
        {
            live.patience = patience_after(segment.ts - live.heard);
        }
        self.settle(slot.number(), keeper);
        let many = self.is_large();
        let Some(live) = self.records.live.get_mut(slot.number()) else { return };
        if let Some(place) = self.recent.get_mut(live.hash.get() as usize & (RECENT - 1)) {
            *place = (live.hash.get(), slot.number());
        }
        let Some(state) = live.state.awake() else { return };
        match state.place(segment) {
            Placement::Same => {
                keeper.feed(live.flow_id, state, segment);
                live.deadline = state.deadline().into();
                live.heard = state.last();
                live.outline = if many { state.outline() } else { C::Outline::default() };
                if live.deadline.is_some() {
                    self.queue(slot.number());
                }
            }
            Placement::New(held) => self.supersede(slot, segment, &held, keeper),
            Placement::Held => live.outline = C::Outline::default(),
            Placement::Stray => {
                live.outline = C::Outline::default();
                self.stats.stray += 1;
            }
        }
    }

    #[inline(never)]
    fn on_ghost(&mut self, slot: Slot, segment: &Segment, clock: Timestamp, keeper: &mut impl Keeper<C>) {
        let Some(record) = self.records.ghosts.get_mut(slot.number()) else { return };
        let mut since = None;
        if record.until >= clock {
            if C::haunts(&mut record.ghost, segment) {
                self.stats.post_close += 1;
                keeper.late(&record.ghost, segment);
                return;
            }
            since = Some(segment.ts - C::last_of_ghost(&record.ghost));
        }
        let hash = record.hash;
        self.index.remove(slot, hash);
        self.records.ghosts.remove(slot.number());
        self.begin(segment, hash, since, keeper);
    }

    /// There are so many connections, those included of which there is nothing but a SYN, that segments wait.
    pub fn is_large(&self) -> bool {
        self.records.live.len() + self.records.attempts.len() >= self.many
    }

    /// A segment opens a connection.
    fn begin(&mut self, segment: &Segment, hash: ShortHash, since: Option<Nanos>, keeper: &mut impl Keeper<C>) {
        let flow_id = keeper.number();
        // Where somebody listens, what is said of the few is to be heard of at once.
        let at_once = self.waiting.is_bounded() && !self.is_large();
        let deferred = since.is_none() && !at_once && keeper.defers(segment);
        let Some(attempt) = Attempt::new(segment, flow_id, hash).filter(|_| deferred) else {
            let state = keeper.open(segment, since);
            self.insert(flow_id, state, &[], segment, hash, keeper);
            return;
        };
        self.stats.opened += 1;
        let slot = Slot::new(Kind::Attempt, self.records.attempts.insert(attempt));
        self.waiting.add(slot);
        self.index.add(slot, hash);
        if let Some(deadline) = keeper.patience(segment.ts) {
            self.agenda.add(deadline, slot.0);
        }
    }

    /// There is more to an attempt than its SYN: it becomes a live connection.
    fn promote(&mut self, slot: Slot, keeper: &mut impl Keeper<C>) -> Option<Slot> {
        let attempt = self.records.attempts.remove(slot.number())?;
        let (flow_id, hash) = (attempt.flow_id, attempt.hash);
        let state = begun(&attempt, keeper);
        let new = self.keep(flow_id, state, hash);
        self.index.replace(slot, new, hash);
        self.queue(new.number());
        Some(new)
    }

    #[cold]
    #[inline(never)]
    fn supersede(&mut self, slot: Slot, segment: &Segment, held: &[Segment], keeper: &mut impl Keeper<C>) {
        let first = held.first().unwrap_or(segment);
        let Some(old) = self.records.live.remove(slot.number()) else { return };
        let (old_id, hash) = (old.flow_id, old.hash);
        self.index.remove(slot, hash);
        let mut since = None;
        if let Some(state) = self.take_state(old, keeper) {
            since = Some(first.ts - state.last());
            let reason = Some(C::superseded());
            keeper.emit(Emitted { flow_id: old_id, state, reason, now: segment.ts });
        }
        let flow_id = keeper.number();
        let state = keeper.open(first, since);
        self.insert(flow_id, state, held, segment, hash, keeper);
    }

    fn insert(
        &mut self,
        flow_id: u64,
        mut state: Box<C>,
        held: &[Segment],
        segment: &Segment,
        hash: ShortHash,
        keeper: &mut impl Keeper<C>,
    ) {
        self.stats.opened += 1;
        for earlier in held {
            keeper.feed_held(flow_id, &mut state, earlier);
        }
        keeper.feed(flow_id, &mut state, segment);
        let slot = self.keep(flow_id, state, hash);
        self.index.add(slot, hash);
        self.queue(slot.number());
    }

    fn keep(&mut self, flow_id: u64, state: Box<C>, hash: ShortHash) -> Slot {
        let footprint = state.footprint() as u32;
        self.weight += footprint as usize;
        self.awake += 1;
        let (key, deadline, heard) = (*state.key(), state.deadline().into(), state.last());
        let state = State::Awake(state);
        let live = Live { deadline, footprint, ..Live::new(key, hash, state, flow_id, heard) };
        Slot::new(Kind::Live, self.records.live.insert(live))
    }

    /// Takes the state of a connection out, which has left the table; there always is one.
    fn take_state(&mut self, mut live: Live<C>, keeper: &mut impl Keeper<C>) -> Option<Box<C>> {
        self.weight -= live.footprint as usize;
        self.awake -= usize::from(live.state.is_awake());
        live.read_up(&mut self.records.journals, &mut self.room, keeper);
        live.state.take(&mut self.room)
    }

    /// A connection that has a deadline stands in the agenda with it, or with an earlier one that is looked at again then.
    fn queue(&mut self, number: u32) {
        if let Some(live) = self.records.live.get_mut(number)
            && let Some(deadline) = live.deadline.get()
            && live.queued.get().is_none_or(|queued| tick(deadline) < tick(queued))
        {
            live.queued.set(deadline);
            self.agenda.add(deadline, Slot::new(Kind::Live, number).0);
        }
    }

    /// What happened so far.
    pub const fn stats(&self) -> TableStats {
        self.stats
    }
}

/// The connection that an attempt began.
fn begun<C: FlowState>(attempt: &Attempt, keeper: &mut impl Keeper<C>) -> Box<C> {
    let syn = attempt.syn();
    let mut state = keeper.open(&syn, None);
    keeper.feed_late(attempt.flow_id, &mut state, (&syn, &[]), attempt.is_told());
    state
}

mod ahead;
mod attempt;
mod index;
mod later;
mod leaving;
mod records;
mod room;
mod sleep;
mod state;
#[cfg(test)]
mod tests;
mod waiting;
