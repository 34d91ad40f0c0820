//! Where somebody listens, nothing may wait for long: what happens has to be heard of in its order, and all that happened after it is kept until
//! then.

use std::collections::VecDeque;

use super::{FEW, FlowState, FlowTable, Keeper, Kind, Slot};

/// Who waits.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// For so many batches. `None`: for as long as it likes.
    most: Option<usize>,
    /// Those that began to wait in each of the last batches, the oldest first; some of them wait no more.
    batches: VecDeque<Began>,
    /// Buffers of batches that are over.
    spare: Vec<Vec<Slot>>,
}

/// Who began to wait in a batch.
#[derive(Debug)]
struct Began {
    /// The first frame of the batch.
    frame: u64,
    slots: Vec<Slot>,
}

impl Waiting {
    /// Nobody waits for long.
    pub const fn is_bounded(&self) -> bool {
        self.most.is_some()
    }

    fn begin_batch(&mut self, frame: u64) {
        if self.is_bounded() {
            let slots = self.spare.pop().unwrap_or_default();
            self.batches.push_back(Began { frame, slots });
        }
    }

    /// What comes of this record waits from now on.
    #[inline]
    pub fn add(&mut self, slot: Slot) {
        if let Some(last) = self.batches.back_mut() {
            last.slots.push(slot);
        }
    }

    /// What comes of this record waits since this frame came.
    pub fn add_since(&mut self, slot: Slot, frame: u64) {
        let behind = self.batches.partition_point(|began| began.frame <= frame);
        if let Some(began) = self.batches.get_mut(behind.saturating_sub(1)) {
            began.slots.push(slot);
        }
    }

    /// Those who have waited for long enough: all of them, where there is to be nobody left.
    fn next_due(&mut self, all: bool) -> Option<Vec<Slot>> {
        let most = if all { 0 } else { self.most? };
        let due = self.batches.len() > most || self.batches.front().is_some_and(|began| began.slots.is_empty());
        if due { self.batches.pop_front().map(|began| began.slots) } else { None }
    }
}

impl<C: FlowState> FlowTable<C> {
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
            for (i, &slot) in due.iter().enumerate() {
                if i % FEW == 0 {
                    self.fetch_behind(due.iter().skip(i));
                }
                match slot.kind() {
                    Kind::Live => self.tell(slot.number(), keeper),
                    Kind::Attempt => self.tell_attempt(slot.number(), keeper),
                    Kind::Ghost => {}
                }
            }
            due.clear();
            self.waiting.spare.push(due);
        }
    }

    /// No segment waits that came before this frame. `None`: none waits at all, as far as is known.
    pub fn waits_since(&self) -> Option<u64> {
        self.waiting.batches.front().map(|began| began.frame)
    }

    /// Somebody has to hear now of all that waits for a connection. Where all that is known of it still is in its journal, that is read now
    /// and, when it goes on, once more: a state that hardly anything comes of would be a burden until then.
    fn tell(&mut self, number: u32, keeper: &mut impl Keeper<C>) {
        let Some(live) = self.records.live.get_mut(number) else { return };
        if !live.state.is_unread() || live.journal.is_well_known() {
            return self.settle(number, keeper);
        }
        if !live.journal.is_told() {
            live.read_through(&self.records.journals, keeper);
        }
    }

    /// The same of an attempt.
    fn tell_attempt(&mut self, number: u32, keeper: &mut impl Keeper<C>) {
        if let Some(attempt) = self.records.attempts.get_mut(number).filter(|attempt| !attempt.is_told()) {
            super::begun(attempt, keeper);
            attempt.set_told();
        }
    }
}
