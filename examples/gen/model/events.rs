//! What is going to happen on one connection, in the order of time.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::packet::Packet;

/// Something happens.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// A packet comes by the tap.
    Tap(Packet),
    /// A packet arrives at the other host.
    Arrive(Packet),
    /// The client has no answer to its SYN yet.
    SynTimer,
    /// A retransmission timer may be due.
    Timeout(usize),
    /// A delayed ACK may be due.
    DelayedAck(usize),
    /// The next turn begins.
    Turn,
    /// The connection comes to its end.
    End,
    /// This side closes.
    Close(usize),
}

#[derive(Clone, Copy, Debug)]
struct Due {
    at: u64,
    /// In the order of being scheduled, where the time is the same.
    serial: u32,
    event: Event,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.serial).cmp(&(other.at, other.serial))
    }
}

/// The agenda of a connection.
#[derive(Clone, Debug, Default)]
pub struct Agenda {
    due: BinaryHeap<Reverse<Due>>,
    serial: u32,
}

impl Agenda {
    pub fn add(&mut self, at: u64, event: Event) {
        self.serial = self.serial.wrapping_add(1);
        self.due.push(Reverse(Due { at, serial: self.serial, event }));
    }

    pub fn pop(&mut self) -> Option<(u64, Event)> {
        let Reverse(due) = self.due.pop()?;
        // Tens of thousands of connections idle at a time: none keeps the memory of its busiest moment.
        if self.due.len() <= 2 && self.due.capacity() > 16 {
            self.due.shrink_to(4);
        }
        Some((due.at, due.event))
    }
}
