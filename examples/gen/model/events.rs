//! What is going to happen on one connection, in the order of time.

use std::cmp::Reverse;
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

/// The agenda of a connection. The heap orders places, as events are too large to be moved around in it.
#[derive(Clone, Debug, Default)]
pub struct Agenda {
    /// When, in the order of being scheduled where the time is the same, and where the event lies.
    due: BinaryHeap<Reverse<(u64, u32, u32)>>,
    events: Vec<Event>,
    free: Vec<u32>,
    serial: u32,
}

impl Agenda {
    pub fn add(&mut self, at: u64, event: Event) {
        self.serial = self.serial.wrapping_add(1);
        let place = match self.free.pop() {
            Some(place) => {
                self.events[place as usize] = event;
                place
            }
            None => {
                self.events.push(event);
                (self.events.len() - 1) as u32
            }
        };
        self.due.push(Reverse((at, self.serial, place)));
    }

    pub fn pop(&mut self) -> Option<(u64, Event)> {
        let Reverse((at, _, place)) = self.due.pop()?;
        let event = self.events[place as usize];
        self.free.push(place);
        if self.due.len() <= 3 && self.events.len() > 16 {
            self.compact();
        }
        Some((at, event))
    }

    /// Tens of thousands of connections idle at a time: none keeps the memory of its busiest moment.
    fn compact(&mut self) {
        let due = std::mem::take(&mut self.due).into_vec();
        let events: Vec<Event> = due.iter().map(|Reverse((_, _, place))| self.events[*place as usize]).collect();
        self.due = (0..).zip(due).map(|(place, Reverse((at, serial, _)))| Reverse((at, serial, place))).collect();
        self.events = events;
        self.free = Vec::new();
    }
}
