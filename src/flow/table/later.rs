//! Segments that wait: where connections are many, each segment is written down first, and its connection looks at it together with others
//! ([`Journals`]). A short connection is looked at but once, when it is final. No result depends on who waits, and for how long.

use std::collections::VecDeque;

use super::sleep::{SILENT, patience_after};
use super::state::State;
use super::{
    FEW, FlowState, FlowTable, Journal, Journals, Keeper, Kind, Live, Next, Outline, Records, ShortHash, Slot, short,
};
use crate::base::packed::Room;
use crate::base::{FlowKey, Maybe, Segment, Timestamp};

/// From so many live connections on: fewer of them stay in the processor's caches by themselves.
pub(super) const MANY: usize = 2048;

/// Whose segments wait, where nobody may wait for long.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// For so many batches. `None`: for as long as it likes.
    most: Option<usize>,
    /// Those that began to wait in each of the last batches, the oldest first; some of them wait no more.
    batches: VecDeque<Began>,
    /// Buffers of batches that are over.
    spare: Vec<Vec<u32>>,
}

/// Who began to wait in a batch.
#[derive(Debug)]
struct Began {
    /// The first frame of the batch.
    frame: u64,
    numbers: Vec<u32>,
}

impl Waiting {
    fn begin_batch(&mut self, frame: u64) {
        if self.most.is_some() {
            let numbers = self.spare.pop().unwrap_or_default();
            self.batches.push_back(Began { frame, numbers });
        }
    }

    /// The segments of this record wait from now on.
    #[inline]
    fn add(&mut self, number: u32) {
        if let Some(last) = self.batches.back_mut() {
            last.numbers.push(number);
        }
    }

    /// Those who have waited for long enough: all of them, where there is to be nobody left.
    fn next_due(&mut self, all: bool) -> Option<Vec<u32>> {
        let most = if all { 0 } else { self.most? };
        let due = self.batches.len() > most || self.batches.front().is_some_and(|began| began.numbers.is_empty());
        if due { self.batches.pop_front().map(|began| began.numbers) } else { None }
    }
}

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

    /// Reads a little of both ends of the record; the number means nothing.
    #[inline]
    pub(super) fn warm(&self) -> usize {
        self.heard.0 as usize ^ self.hash.get() as usize ^ self.key.ports() as usize ^ usize::from(self.patience)
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
    fn read_through(&mut self, journals: &Journals, keeper: &mut impl Keeper<C>) {
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
    pub(super) fn write_down<'s>(&mut self, next: impl Iterator<Item = Next<'s>>, keeper: &mut impl Keeper<C>) {
        // The hash of the last segment, and where its connection is: those of a connection follow each other (see `feed_expected`).
        let mut last = None;
        for (index, segment, hash) in next {
            keeper.turn_to(index);
            let clock = keeper.clock(segment);
            if keeper.may_wait() {
                let known = last.filter(|&(before, _)| before == hash).map(|(_, slot)| slot);
                if let Some(slot) = known.or_else(|| self.find(&segment.key, short(hash)))
                    && let Some(slot) = self.put_off(slot, segment, clock, keeper)
                {
                    last = Some((hash, slot));
                    continue;
                }
            }
            last = None;
            self.place(segment, short(hash), clock, keeper);
        }
    }

    /// Writes a segment into the journal of its connection, and says where that is then. `None` if it may not wait, and then nothing has
    /// happened.
    #[inline(always)]
    fn put_off(
        &mut self,
        slot: Slot,
        segment: &Segment,
        clock: Timestamp,
        keeper: &mut impl Keeper<C>,
    ) -> Option<Slot> {
        match slot.kind() {
            Kind::Live if self.add_to_journal(slot.number(), segment, clock, keeper) => Some(slot),
            Kind::Live => self.add_to_full(slot, segment, clock, keeper),
            Kind::Attempt => self.begin_journal(slot, segment, clock, keeper),
            Kind::Ghost => None,
        }
    }

    /// The same where the journal may be full.
    #[inline(never)]
    fn add_to_full(
        &mut self,
        slot: Slot,
        segment: &Segment,
        clock: Timestamp,
        keeper: &mut impl Keeper<C>,
    ) -> Option<Slot> {
        let number = slot.number();
        if !self.is_full(number) {
            return None;
        }
        self.settle(number, keeper);
        self.add_to_journal(number, segment, clock, keeper).then_some(slot)
    }

    /// There is no room left in the journal of this connection.
    fn is_full(&self, number: u32) -> bool {
        self.records.live.get(number).is_some_and(|live| live.journal.is_full())
    }

    #[inline(always)]
    fn add_to_journal(
        &mut self,
        number: u32,
        segment: &Segment,
        clock: Timestamp,
        keeper: &mut impl Keeper<C>,
    ) -> bool {
        let Records { live, journals, .. } = &mut self.records;
        let Some(live) = live.get_mut(number) else { return false };
        let (mut outline, begins) = (live.outline, live.journal.is_told());
        if live.deadline.get().is_some_and(|deadline| deadline < clock)
            || !outline.takes(segment)
            || !journals.push(&mut live.journal, segment, keeper.sacks_of(segment))
        {
            return false;
        }
        if begins {
            self.waiting.add(number);
        }
        live.outline = outline;
        live.heard = live.heard.max(segment.ts);
        live.deadline = live.earliest(keeper);
        if live.is_to_queue() {
            self.queue(number);
        }
        true
    }

    /// A segment follows the SYN of an attempt: both are written down.
    #[inline(never)]
    fn begin_journal(
        &mut self,
        slot: Slot,
        segment: &Segment,
        clock: Timestamp,
        keeper: &mut impl Keeper<C>,
    ) -> Option<Slot> {
        let Records { attempts, live, journals, .. } = &mut self.records;
        let attempt = attempts.get(slot.number())?;
        if keeper.patience(attempt.time()).is_some_and(|patience| patience < clock) {
            return None;
        }
        let (flow_id, hash) = (attempt.flow_id, attempt.hash);
        let syn = attempt.syn();
        let mut record: Live<C> = Live::unread(&syn, hash, flow_id);
        if !record.outline.takes(segment) {
            return None;
        }
        let written = journals.push(&mut record.journal, &syn, &[])
            && journals.push(&mut record.journal, segment, keeper.sacks_of(segment));
        if !written {
            journals.clear(&mut record.journal);
            return None;
        }
        record.heard = syn.ts.max(segment.ts);
        record.deadline = record.earliest(keeper);
        let new = Slot::new(Kind::Live, live.insert(record));
        attempts.remove(slot.number());
        self.waiting.add(new.number());
        self.replace_in_index(slot, new, hash);
        self.queue(new.number());
        Some(new)
    }

    /// A connection begins with a SYN that may wait. False if it has to be looked at now.
    pub(super) fn begin_unread(
        &mut self,
        syn: &Segment,
        hash: ShortHash,
        flow_id: u64,
        keeper: &mut impl Keeper<C>,
    ) -> bool {
        let Records { live, journals, .. } = &mut self.records;
        if live.len() < self.many || !keeper.may_wait() {
            return false;
        }
        let mut record: Live<C> = Live::unread(syn, hash, flow_id);
        // What is taken again begins a connection.
        if !record.outline.takes(syn) || !journals.push(&mut record.journal, syn, keeper.sacks_of(syn)) {
            return false;
        }
        record.deadline = record.earliest(keeper);
        let slot = Slot::new(Kind::Live, live.insert(record));
        self.stats.opened += 1;
        self.waiting.add(slot.number());
        self.add_to_index(slot, hash);
        self.queue(slot.number());
        true
    }

    /// Segments wait from now on however few connections there are.
    pub const fn put_all_off(&mut self) {
        self.many = 0;
    }

    /// Nobody waits for longer than so many batches from now on.
    pub fn hurry(&mut self, batches: usize) {
        self.waiting.most = Some(batches);
    }

    /// A batch begins with this frame.
    pub fn begin_batch(&mut self, frame: u64) {
        self.waiting.begin_batch(frame);
    }

    /// A batch is over: whoever has waited for long enough is looked at, or all are.
    pub fn end_batch(&mut self, all: bool, keeper: &mut impl Keeper<C>) {
        while let Some(mut due) = self.waiting.next_due(all) {
            for few in due.chunks(FEW) {
                std::hint::black_box(self.warm_waiting(few));
                for &number in few {
                    self.tell(number, keeper);
                }
            }
            due.clear();
            self.waiting.spare.push(due);
        }
    }

    /// Somebody has to hear now of all that waits for a connection. Where all that is known of it still is in its journal that is read now
    /// and, when it goes on, once more: a state that hardly anything comes of would be a burden until then.
    fn tell(&mut self, number: u32, keeper: &mut impl Keeper<C>) {
        let Records { live, journals, .. } = &mut self.records;
        let Some(live) = live.get_mut(number) else { return };
        if !live.state.is_unread() || live.journal.is_well_known() {
            return self.settle(number, keeper);
        }
        if !live.journal.is_told() {
            live.read_through(journals, keeper);
        }
    }

    /// Reads a little of all that it takes to look at these: see [`FlowTable::warm`].
    fn warm_waiting(&self, numbers: &[u32]) -> usize {
        let live = || numbers.iter().filter_map(|&number| self.records.live.get(number));
        let records = live().fold(0, |sum, live| sum ^ live.warm());
        live().fold(records, |sum, live| sum ^ self.records.journals.warm_all(&live.journal) ^ live.state.warm())
    }

    /// No segment waits that came before this frame. `None`: none waits at all, as far as is known.
    pub fn waits_since(&self) -> Option<u64> {
        self.waiting.batches.front().map(|began| began.frame)
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
