//! Segments that wait: where connections are many, each segment is written down first, and its connection looks at it together with others
//! ([`Journals`]). A short connection is looked at but once, when it is final. No result depends on who waits, and for how long.

use std::iter::Peekable;

use super::sleep::{SILENT, patience_after};
use super::state::State;
use super::{
    Ahead, FlowState, FlowTable, Journal, Journals, Keeper, Kind, Live, Next, Outline, Records, ShortHash, Slot, short,
};
use crate::base::packed::Room;
use crate::base::{FlowKey, Maybe, Segment, Timestamp};

/// From so many connections of a table on. There are a few tables: a thousand states are more than the nearest caches of a processor hold, and
/// few enough that nobody notices that their segments do not wait.
pub(super) const MANY: usize = 256;

impl<C: FlowState> Live<C> {
    /// A connection of which nothing is known but this.
    pub(super) fn new(key: FlowKey, hash: ShortHash, state: State<C>, flow_id: u64, heard: Timestamp) -> Self {
        Self {
            key,
            hash,
            state,
            flow_id,
            deadline: Maybe::NONE,
            queued: Maybe::NONE,
            heard,
            journal: Journal::default(),
            outline: C::Outline::default(),
            footprint: 0,
            patience: SILENT,
            encapsulation: 0,
        }
    }

    /// The same of one whose SYN is to be written down.
    fn unread(syn: &Segment, hash: ShortHash, flow_id: u64) -> Self {
        let (outline, encapsulation) = (C::Outline::of_syn(syn), syn.encapsulation);
        Self { outline, encapsulation, ..Self::new(syn.key, hash, State::Unread, flow_id, syn.ts) }
    }

    /// When it may be final at the earliest.
    fn earliest(&self, keeper: &impl Keeper<C>) -> Maybe<Timestamp> {
        match self.outline.linger() {
            Some(linger) => Maybe::some(self.heard + linger),
            None => keeper.patience(self.heard).into(),
        }
    }

    /// It has a deadline, and does not stand in the agenda with an earlier one.
    #[inline]
    fn is_to_queue(&self) -> bool {
        let sooner = |deadline| self.queued.get().is_none_or(|queued| deadline < queued);
        self.deadline.get().is_some_and(sooner)
    }

    /// The state of one that was not opened yet.
    fn open(&self, journals: &Journals, keeper: &mut impl Keeper<C>) -> Option<Box<C>> {
        let first = journals.first(&self.journal, &self.key)?;
        Some(keeper.open(&Segment { encapsulation: self.encapsulation, ..first }, None))
    }

    /// Reads what waits, with a state that is made for that alone.
    pub(super) fn read_through(&mut self, journals: &Journals, keeper: &mut impl Keeper<C>) {
        let Some(mut state) = self.open(journals, keeper) else { return };
        let flow_id = self.flow_id;
        journals.read(&self.journal, &self.key, |segment, sacks, told| {
            keeper.feed_late(flow_id, &mut state, (segment, sacks), told);
        });
        self.journal.set_told();
    }

    /// Reads what waits, so that the state, which is at hand from now on, is all that there is to know.
    pub(super) fn read_up(&mut self, journals: &mut Journals, room: &mut Room, keeper: &mut impl Keeper<C>) {
        if self.state.is_unread()
            && let Some(state) = self.open(journals, keeper)
        {
            self.state = State::Awake(state);
        }
        let slept = self.state.is_asleep();
        let Some(state) = self.state.wake(room) else { return };
        if self.journal.is_empty() {
            return;
        }
        if slept && let Some(first) = journals.first(&self.journal, &self.key) {
            self.patience = patience_after(first.ts - state.last());
        }
        let flow_id = self.flow_id;
        journals.read(&self.journal, &self.key, |segment, sacks, told| {
            keeper.feed_late(flow_id, state, (segment, sacks), told);
        });
        journals.clear(&mut self.journal);
        self.deadline = state.deadline().into();
        self.outline = state.outline();
        self.heard = state.last();
    }
}

impl<C: FlowState> FlowTable<C> {
    /// Puts segments where they belong, each of which comes with its index and its hash: into journals, as far as that can be.
    #[inline(never)]
    pub(super) fn write_down<'s>(
        &mut self,
        next: impl Iterator<Item = Next<'s>>,
        ahead: &mut Ahead,
        keeper: &mut impl Keeper<C>,
    ) {
        let mut next = next.peekable();
        while let Some((index, first, hash)) = next.next() {
            keeper.turn_to(index);
            let likely = ahead.next(hash).filter(|&slot| self.records.has_key(slot, &first.key));
            let rest = match likely.or_else(|| self.find(&first.key, short(hash))) {
                Some(slot) if keeper.may_wait() => self.put_off(slot, first, hash, &mut next, keeper),
                Some(_) => Some(first),
                None => {
                    self.begin(first, short(hash), None, keeper);
                    None
                }
            };
            if let Some(segment) = rest {
                self.place(segment, short(hash), keeper.clock(segment), keeper);
            }
        }
    }

    /// Writes the first segment, and as many of those behind it as are of the same connection (see [`FlowTable::feed_expected`]), into the
    /// journal of that, which is under `slot`: so it is looked for once for all of them. The first segment that may not wait, if there is one.
    #[inline(always)]
    fn put_off<'s>(
        &mut self,
        slot: Slot,
        first: &'s Segment,
        hash: u64,
        next: &mut Peekable<impl Iterator<Item = Next<'s>>>,
        keeper: &mut impl Keeper<C>,
    ) -> Option<&'s Segment> {
        match slot.kind() {
            Kind::Live => self.add_to_journal(slot.number(), first, hash, next, keeper),
            Kind::Attempt => {
                let Some(live) = self.begin_journal(slot, first, keeper) else { return Some(first) };
                let (index, segment, _) = next.next_if(|(_, _, other)| *other == hash)?;
                keeper.turn_to(index);
                self.add_to_journal(live.number(), segment, hash, next, keeper)
            }
            Kind::Ghost => Some(first),
        }
    }

    /// The same for the connection under this number, which reads its journal when that is full.
    #[inline(always)]
    fn add_to_journal<'s>(
        &mut self,
        number: u32,
        first: &'s Segment,
        hash: u64,
        next: &mut Peekable<impl Iterator<Item = Next<'s>>>,
        keeper: &mut impl Keeper<C>,
    ) -> Option<&'s Segment> {
        let segment = self.add_while_usual(number, first, hash, next, keeper)?;
        if !self.is_full(number) {
            return Some(segment);
        }
        self.settle(number, keeper);
        self.add_while_usual(number, segment, hash, next, keeper)
    }

    /// The same, up to the first segment that does not belong there beyond doubt, or for which there is no room.
    #[inline(never)]
    fn add_while_usual<'s>(
        &mut self,
        number: u32,
        first: &'s Segment,
        hash: u64,
        next: &mut Peekable<impl Iterator<Item = Next<'s>>>,
        keeper: &mut impl Keeper<C>,
    ) -> Option<&'s Segment> {
        let Records { live, journals, .. } = &mut self.records;
        let Some(live) = live.get_mut(number) else { return Some(first) };
        let (before, begins) = (live.journal.len(), live.journal.is_told());
        let (mut segment, mut rest) = (first, None);
        loop {
            let mut outline = live.outline;
            if !keeper.may_wait()
                || live.deadline.get().is_some_and(|deadline| deadline < keeper.clock(segment))
                || !outline.takes(segment)
                || !journals.push(&mut live.journal, segment, keeper.sacks_of(segment))
            {
                rest = Some(segment);
                break;
            }
            live.outline = outline;
            live.heard = live.heard.max(segment.ts);
            live.deadline = live.earliest(keeper);
            let Some((index, behind, _)) = next.next_if(|(_, _, other)| *other == hash) else { break };
            keeper.turn_to(index);
            segment = behind;
        }
        let (queues, grew) = (live.is_to_queue(), live.journal.len() > before);
        if begins && grew {
            self.waiting.add(Slot::new(Kind::Live, number));
        }
        if queues && grew {
            self.queue(number);
        }
        rest
    }

    /// There is no room left in the journal of this connection.
    fn is_full(&self, number: u32) -> bool {
        self.records.live.get(number).is_some_and(|live| live.journal.is_full())
    }

    /// A segment follows the SYN of an attempt: both are written down, and it says where. `None` if it may not wait, and then nothing has
    /// happened.
    #[inline(never)]
    fn begin_journal(&mut self, slot: Slot, segment: &Segment, keeper: &mut impl Keeper<C>) -> Option<Slot> {
        let Records { attempts, live, journals, .. } = &mut self.records;
        let attempt = attempts.get(slot.number())?;
        if keeper.patience(attempt.time()).is_some_and(|patience| patience < keeper.clock(segment)) {
            return None;
        }
        let (flow_id, hash) = (attempt.flow_id, attempt.hash);
        let syn = attempt.syn();
        let mut record: Live<C> = Live::unread(&syn, hash, flow_id);
        if !record.outline.takes(segment) {
            return None;
        }
        let mut written = journals.push(&mut record.journal, &syn, &[]);
        let told = attempt.is_told();
        if told {
            record.journal.set_told();
        }
        written = written && journals.push(&mut record.journal, segment, keeper.sacks_of(segment));
        if !written {
            journals.clear(&mut record.journal);
            return None;
        }
        record.heard = syn.ts.max(segment.ts);
        record.deadline = record.earliest(keeper);
        let new = Slot::new(Kind::Live, live.insert(record));
        attempts.remove(slot.number());
        self.waiting.add_since(new, if told { segment.frame } else { syn.frame });
        self.index.replace(slot, new, hash);
        self.queue(new.number());
        Some(new)
    }

    /// Segments wait from now on however few connections there are.
    pub const fn put_all_off(&mut self) {
        self.many = 0;
    }

    /// Has a connection look at all that waits for it; its state is at hand from now on.
    #[inline(never)]
    pub(super) fn settle(&mut self, number: u32, keeper: &mut impl Keeper<C>) {
        let Records { live, journals, .. } = &mut self.records;
        let Some(live) = live.get_mut(number) else { return };
        if live.journal.is_empty() && live.state.is_awake() {
            return;
        }
        self.awake += usize::from(!live.state.is_awake());
        live.read_up(journals, &mut self.room, keeper);
        if live.deadline.is_some() {
            self.queue(number);
        }
        self.weigh_one(number);
    }

    /// When this record is final: when something waits for it, it has to be looked at before that can be told.
    pub(super) fn deadline_of(
        &mut self,
        number: u32,
        now: Timestamp,
        keeper: &mut impl Keeper<C>,
    ) -> Option<Timestamp> {
        let live = self.records.live.get(number)?;
        if live.deadline.get()? < now && !live.journal.is_empty() {
            self.settle(number, keeper);
        }
        self.records.live.get(number)?.deadline.get()
    }
}
