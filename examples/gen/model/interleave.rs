//! Many connections at a time, in the order in which the tap sees their packets.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use super::Workload;
use super::conversation::Conversation;
use super::packet::{Ends, Packet};

/// Where the connections come from.
pub trait Arrivals {
    /// When the next one begins; `None` if there is none.
    fn next_start(&self) -> Option<u64>;
    /// Makes it.
    fn begin(&mut self) -> Conversation;
    /// One is over; its last packet came by at `at`.
    fn over(&mut self, conversation: &Conversation, at: u64) {
        let _ = (conversation, at);
    }
}

struct Slot {
    conversation: Box<Conversation>,
    pending: Packet,
}

/// Merges the packets of all open connections. It holds what is open and nothing else.
pub struct Interleaved<A> {
    arrivals: A,
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    /// Time of the next packet of each open connection.
    due: BinaryHeap<Reverse<(u64, u32)>>,
    current: (Ends, Packet),
    begun: u64,
    peak: usize,
}

impl<A: Arrivals> Interleaved<A> {
    pub fn new(arrivals: A) -> Self {
        Self {
            arrivals,
            slots: Vec::new(),
            free: Vec::new(),
            due: BinaryHeap::new(),
            current: Default::default(),
            begun: 0,
            peak: 0,
        }
    }

    /// Connections begun so far, and the most that had packets to come at one time.
    pub fn counts(&self) -> (u64, usize) {
        (self.begun, self.peak)
    }

    fn begin(&mut self) {
        let mut conversation = Box::new(self.arrivals.begin());
        let Some(pending) = conversation.next() else { return };
        self.begun += 1;
        let slot = Some(Slot { conversation, pending });
        let at = match self.free.pop() {
            Some(at) => at,
            None => {
                self.slots.push(None);
                (self.slots.len() - 1) as u32
            }
        };
        self.slots[at as usize] = slot;
        self.due.push(Reverse((pending.at, at)));
        self.peak = self.peak.max(self.due.len());
    }
}

impl<A: Arrivals> Workload for Interleaved<A> {
    fn next(&mut self) -> Option<(&Ends, &Packet)> {
        // Nobody's first packet comes earlier than its connection begins.
        while let Some(start) = self.arrivals.next_start()
            && self.due.peek().is_none_or(|Reverse((due, _))| *due >= start)
        {
            self.begin();
        }
        let mut first = self.due.peek_mut()?;
        let at = first.0.1 as usize;
        let slot = self.slots[at].as_mut()?;
        let packet = slot.pending;
        match slot.conversation.next() {
            Some(next) => {
                slot.pending = next;
                first.0.0 = next.at;
                drop(first);
                let ends = &self.slots[at].as_ref()?.conversation.ends;
                self.current.1 = packet;
                Some((ends, &self.current.1))
            }
            None => {
                PeekMut::pop(first);
                let over = self.slots[at].take()?;
                self.free.push(at as u32);
                self.arrivals.over(&over.conversation, packet.at);
                self.current = (over.conversation.ends, packet);
                Some((&self.current.0, &self.current.1))
            }
        }
    }
}
