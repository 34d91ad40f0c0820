//! The table: index, slab, ghosts of closed connections, and who leaves when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::BuildHasher;

use hashbrown::HashTable;

use crate::base::{FlowKey, Nanos, Segment, Timestamp};

/// Where the tracked state says that a segment of its four-tuple belongs.
#[derive(Clone, Debug, PartialEq)]
pub enum Placement {
    /// To it.
    Same,
    /// To a new connection, behind these segments, which were held back.
    New(Vec<Segment>),
    /// It cannot be told yet; the state holds the segment back.
    Held,
    /// To none.
    Stray,
}

/// What the table asks of the state that it keeps for each connection.
pub trait FlowState: Sized + std::fmt::Debug {
    /// What is kept of a connection after its row has left.
    type Ghost: std::fmt::Debug;
    /// Why a connection leaves the table.
    type Reason: Copy + std::fmt::Debug;

    /// Where a segment of its four-tuple belongs.
    fn place(&mut self, segment: &Segment) -> Placement;
    /// When it is final, if nothing more comes; `None` as long as it is open.
    fn deadline(&self) -> Option<Timestamp>;
    /// Why it leaves at its deadline, where it is not closed.
    fn expired(&self) -> Option<Self::Reason>;
    /// The remains of a connection that is final, and until when they are kept.
    fn ghost(&self, flow_id: u64) -> (Self::Ghost, Timestamp);
    /// A segment comes for a ghost: is it a late one of the old connection?
    fn haunts(ghost: &mut Self::Ghost, segment: &Segment) -> bool;
    /// Time of the connection's last packet.
    fn last_of_ghost(ghost: &Self::Ghost) -> Timestamp;
    /// Time of its last packet.
    fn last(&self) -> Timestamp;
    /// A new connection takes the four-tuple.
    fn superseded() -> Self::Reason;
    /// The capture is over.
    fn at_end() -> Self::Reason;
    /// SYNs that still wait for an answer, at the end of the capture.
    fn take_held(&mut self) -> Vec<Segment>;
}

/// A connection that leaves the table.
#[derive(Debug)]
pub struct Emitted<C: FlowState> {
    /// Its number, in the order of first packets.
    pub flow_id: u64,
    /// Its state.
    pub state: C,
    /// Why it leaves; it says nothing of one that is closed.
    pub reason: Option<C::Reason>,
    /// The capture's clock.
    pub now: Timestamp,
}

/// What happens to connections: the other side of the table.
pub trait Keeper<C: FlowState> {
    /// Makes the state of a new connection whose first segment this is; `since`: time since the last packet of the previous one on the same
    /// four-tuple, if it is remembered.
    fn open(&mut self, segment: &Segment, since: Option<Nanos>) -> C;
    /// Gives a segment to its connection, the `flow_id`th.
    fn feed(&mut self, flow_id: u64, state: &mut C, segment: &Segment);
    /// A late segment of a connection that has left.
    fn late(&mut self, ghost: &C::Ghost, segment: &Segment);
    /// Takes a connection that leaves.
    fn emit(&mut self, emitted: Emitted<C>);
}

#[derive(Debug)]
enum Occupant<C: FlowState> {
    Live { flow_id: u64, state: Box<C>, queued: Option<Timestamp> },
    Ghost { ghost: C::Ghost, until: Timestamp },
    Free,
}

#[derive(Debug)]
struct Slot<C: FlowState> {
    key: FlowKey,
    hash: u64,
    occupant: Occupant<C>,
}

/// Counts of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableStats {
    /// Connections opened.
    pub opened: u64,
    /// Late packets of connections whose rows had left.
    pub post_close: u64,
    /// Segments that belong to none.
    pub stray: u64,
}

/// Connections by four-tuple.
///
/// The hash is keyed at random, so that a flood of SYNs finds no collisions; no result depends on it.
#[derive(Debug)]
pub struct FlowTable<C: FlowState> {
    index: HashTable<u32>,
    slots: Vec<Slot<C>>,
    free: Vec<u32>,
    /// When closed connections and ghosts are due; an entry may be out of date, and is looked at again then.
    due: BinaryHeap<Reverse<(Timestamp, u64, u32)>>,
    next_id: u64,
    hasher: foldhash::fast::RandomState,
    stats: TableStats,
}

impl<C: FlowState> Default for FlowTable<C> {
    fn default() -> Self {
        Self {
            index: HashTable::new(),
            slots: Vec::new(),
            free: Vec::new(),
            due: BinaryHeap::new(),
            next_id: 0,
            hasher: foldhash::fast::RandomState::default(),
            stats: TableStats::default(),
        }
    }
}

impl<C: FlowState> FlowTable<C> {
    fn hash(&self, key: &FlowKey) -> u64 {
        self.hasher.hash_one(key)
    }

    fn find(&self, key: &FlowKey) -> Option<u32> {
        let hash = self.hash(key);
        self.index.find(hash, |&i| self.slots.get(i as usize).is_some_and(|s| s.key == *key)).copied()
    }

    /// The open connection of a four-tuple.
    pub fn get_mut(&mut self, key: &FlowKey) -> Option<&mut C> {
        let at = self.find(key)?;
        match &mut self.slots.get_mut(at as usize)?.occupant {
            Occupant::Live { state, .. } => Some(state),
            _ => None,
        }
    }

    /// Puts a segment where it belongs.
    pub fn on_segment(&mut self, segment: &Segment, keeper: &mut impl Keeper<C>) {
        let Some(at) = self.find(&segment.key) else {
            let state = keeper.open(segment, None);
            self.insert(segment, state, &[], keeper);
            return;
        };
        let Some(slot) = self.slots.get_mut(at as usize) else { return };
        match &mut slot.occupant {
            Occupant::Live { flow_id, state, .. } => match state.place(segment) {
                Placement::Same => {
                    keeper.feed(*flow_id, state, segment);
                    self.queue(at);
                }
                Placement::New(held) => self.supersede(at, segment, &held, keeper),
                Placement::Held => {}
                Placement::Stray => self.stats.stray += 1,
            },
            Occupant::Ghost { ghost, until } => {
                if segment.ts <= *until && C::haunts(ghost, segment) {
                    self.stats.post_close += 1;
                    keeper.late(ghost, segment);
                    return;
                }
                let since = segment.ts - C::last_of_ghost(ghost);
                self.release(at);
                let state = keeper.open(segment, Some(since));
                self.insert(segment, state, &[], keeper);
            }
            Occupant::Free => {}
        }
    }

    fn supersede(&mut self, at: u32, segment: &Segment, held: &[Segment], keeper: &mut impl Keeper<C>) {
        let first = held.first().unwrap_or(segment);
        let mut since = None;
        if let Some((flow_id, state)) = self.release(at) {
            since = Some(first.ts - state.last());
            let reason = Some(C::superseded());
            keeper.emit(Emitted { flow_id, state: *state, reason, now: segment.ts });
        }
        let state = keeper.open(first, since);
        self.insert(segment, state, held, keeper);
    }

    fn insert(&mut self, segment: &Segment, mut state: C, held: &[Segment], keeper: &mut impl Keeper<C>) {
        let flow_id = self.next_id;
        self.next_id += 1;
        self.stats.opened += 1;
        for earlier in held {
            keeper.feed(flow_id, &mut state, earlier);
        }
        keeper.feed(flow_id, &mut state, segment);
        let hash = self.hash(&segment.key);
        let occupant = Occupant::Live { flow_id, state: Box::new(state), queued: None };
        let slot = Slot { key: segment.key, hash, occupant };
        let at = match self.free.pop() {
            Some(at) => {
                if let Some(place) = self.slots.get_mut(at as usize) {
                    *place = slot;
                }
                at
            }
            None => {
                self.slots.push(slot);
                (self.slots.len() - 1) as u32
            }
        };
        let slots = &self.slots;
        self.index.insert_unique(hash, at, |&i| slots.get(i as usize).map_or(0, |s| s.hash));
        self.queue(at);
    }

    /// Takes a connection or a ghost out of the table; the state of a connection is given back.
    fn release(&mut self, at: u32) -> Option<(u64, Box<C>)> {
        let slot = self.slots.get_mut(at as usize)?;
        let occupant = std::mem::replace(&mut slot.occupant, Occupant::Free);
        if let Ok(entry) = self.index.find_entry(slot.hash, |&i| i == at) {
            entry.remove();
            self.free.push(at);
        }
        match occupant {
            Occupant::Live { flow_id, state, .. } => Some((flow_id, state)),
            _ => None,
        }
    }

    /// A connection that has a deadline stands in the queue with it, or with an earlier one that is looked at again then.
    fn queue(&mut self, at: u32) {
        let Some(slot) = self.slots.get_mut(at as usize) else { return };
        if let Occupant::Live { flow_id, state, queued } = &mut slot.occupant
            && let Some(deadline) = state.deadline()
            && queued.is_none_or(|due| deadline < due)
        {
            *queued = Some(deadline);
            self.due.push(Reverse((deadline, *flow_id, at)));
        }
    }

    /// Lets go of what is due before `now`.
    pub fn expire(&mut self, now: Timestamp, keeper: &mut impl Keeper<C>) {
        while let Some(&Reverse((due, flow_id, at))) = self.due.peek() {
            if due >= now {
                return;
            }
            self.due.pop();
            let Some(slot) = self.slots.get_mut(at as usize) else { continue };
            match &mut slot.occupant {
                Occupant::Live { flow_id: id, state, queued } if *id == flow_id && *queued == Some(due) => {
                    *queued = None;
                    match state.deadline() {
                        Some(deadline) if deadline < now && deadline <= due => self.retire(at, due, keeper),
                        _ => self.queue(at),
                    }
                }
                Occupant::Ghost { until, .. } if *until <= due => {
                    self.release(at);
                }
                _ => {}
            }
        }
    }

    /// Writes the row of a connection that is final, and leaves its ghost.
    fn retire(&mut self, at: u32, now: Timestamp, keeper: &mut impl Keeper<C>) {
        let Some(slot) = self.slots.get_mut(at as usize) else { return };
        let (ghost, until, reason) = match &slot.occupant {
            Occupant::Live { flow_id, state, .. } => {
                let (ghost, until) = state.ghost(*flow_id);
                (ghost, until, state.expired())
            }
            _ => return,
        };
        let occupant = std::mem::replace(&mut slot.occupant, Occupant::Ghost { ghost, until });
        if let Occupant::Live { flow_id, state, .. } = occupant {
            self.due.push(Reverse((until, u64::MAX, at)));
            keeper.emit(Emitted { flow_id, state: *state, reason, now });
        }
    }

    /// The capture is over: what is left leaves, in the order in which it began.
    pub fn finish(&mut self, now: Timestamp, keeper: &mut impl Keeper<C>) {
        self.expire(now, keeper);
        let mut rest = Vec::new();
        for slot in std::mem::take(&mut self.slots) {
            if let Occupant::Live { flow_id, state, .. } = slot.occupant {
                rest.push((flow_id, state));
            }
        }
        self.index.clear();
        self.free.clear();
        self.due.clear();
        rest.sort_unstable_by_key(|&(flow_id, _)| flow_id);
        let mut renewed = Vec::new();
        for (flow_id, mut state) in rest {
            let held = state.take_held();
            let mut reason = Some(C::at_end());
            if let Some(first) = held.first() {
                reason = Some(C::superseded());
                let mut next = keeper.open(first, Some(first.ts - state.last()));
                let id = self.next_id;
                self.next_id += 1;
                self.stats.opened += 1;
                for syn in &held {
                    keeper.feed(id, &mut next, syn);
                }
                renewed.push((id, next));
            }
            keeper.emit(Emitted { flow_id, state: *state, reason, now });
        }
        for (flow_id, state) in renewed {
            keeper.emit(Emitted { flow_id, state, reason: Some(C::at_end()), now });
        }
    }

    /// What happened so far.
    pub const fn stats(&self) -> TableStats {
        self.stats
    }
}
