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
    /// One is over that nobody has ended for whoever listens; its last packet came by at `at`.
    fn abandoned(&mut self, ends: &Ends, at: u64) {
        let _ = (ends, at);
    }
}

/// So many packets of a connection are made at a time: most connections are gone through at once, while they are in the processor's cache.
const AHEAD: usize = 64;

struct Slot {
    ends: Ends,
    packets: Box<[Packet]>,
    next: usize,
    /// What makes the packets behind these.
    rest: Option<Box<Conversation>>,
    lingers: bool,
}

impl Slot {
    fn new(conversation: Conversation) -> Self {
        let (ends, lingers) = (conversation.ends.clone(), conversation.lingers());
        let mut slot = Self { ends, packets: Box::default(), next: 0, rest: Some(Box::new(conversation)), lingers };
        slot.refill();
        slot
    }

    fn refill(&mut self) {
        let Some(conversation) = &mut self.rest else { return };
        self.packets = std::iter::from_fn(|| conversation.next()).take(AHEAD).collect();
        self.next = 0;
        if self.packets.len() < AHEAD {
            self.rest = None;
        }
    }

    /// The packet that comes next.
    fn peek(&self) -> Option<Packet> {
        self.packets.get(self.next).copied()
    }

    fn advance(&mut self) {
        self.next += 1;
        if self.next == self.packets.len() {
            self.refill();
        }
    }
}

/// Merges the packets of all open connections. It holds what is open and nothing else.
pub struct Interleaved<A> {
    arrivals: A,
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    /// Time of the next packet of each open connection.
    due: BinaryHeap<Reverse<(u64, u32)>>,
    /// What was given out last; the ends only of a connection that is over.
    packet: Packet,
    last_ends: Ends,
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
            packet: Packet::default(),
            last_ends: Ends::default(),
            begun: 0,
            peak: 0,
        }
    }

    /// Connections begun so far, and the most that had packets to come at one time.
    pub fn counts(&self) -> (u64, usize) {
        (self.begun, self.peak)
    }

    fn begin(&mut self) {
        let slot = Slot::new(self.arrivals.begin());
        let Some(first) = slot.peek() else { return };
        self.begun += 1;
        let at = match self.free.pop() {
            Some(at) => at,
            None => {
                self.slots.push(None);
                (self.slots.len() - 1) as u32
            }
        };
        self.slots[at as usize] = Some(slot);
        self.due.push(Reverse((first.at, at)));
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
        self.packet = slot.peek()?;
        slot.advance();
        match slot.peek() {
            Some(next) => {
                first.0.0 = next.at;
                drop(first);
                Some((&self.slots[at].as_ref()?.ends, &self.packet))
            }
            None => {
                PeekMut::pop(first);
                let over = self.slots[at].take()?;
                self.free.push(at as u32);
                if over.lingers {
                    self.arrivals.abandoned(&over.ends, self.packet.at);
                }
                self.last_ends = over.ends;
                Some((&self.last_ends, &self.packet))
            }
        }
    }
}
