//! What two stacks send each other, as a capture at the client has it. Nothing is random: every run measures the same packets.

use std::cmp::Ordering;

use super::packet::{ACK, CLIENT, FIN, SERVER, SYN, Step};

/// Payload of a full segment next to timestamps.
pub const MSS: u32 = 1448;
const BURST: u32 = 16;
const ROUND_TRIP: i64 = 20_000_000;
/// Nanoseconds between packets that follow each other.
const GAP: i64 = 12_000;

/// The packets of a connection in their order.
#[derive(Default)]
pub struct Script {
    pub steps: Vec<Step>,
    clock: i64,
    /// Sequence number that each side sends next.
    next: [u32; 2],
}

impl Script {
    /// `bursts` of full segments in order, every second one acknowledged.
    pub fn bulk(bursts: u32) -> Self {
        let mut script = Self::opened();
        for _ in 0..bursts {
            let first = script.burst(CLIENT, BURST);
            script.clock += ROUND_TRIP;
            for acknowledged in (2..=BURST).step_by(2) {
                script.acknowledge(SERVER, first + acknowledged * MSS, None);
            }
        }
        script.closed()
    }

    /// The same, but one segment of each burst is lost behind the capture point: SACK says so, and it is sent again.
    pub fn lossy(bursts: u32) -> Self {
        let mut script = Self::opened();
        for n in 0..bursts {
            let first = script.burst(CLIENT, BURST);
            script.clock += ROUND_TRIP;
            let lost = 1 + n % (BURST - 4);
            let hole = first + lost * MSS;
            for segment in 0..BURST {
                let end = first + (segment + 1) * MSS;
                match segment.cmp(&lost) {
                    Ordering::Less => script.acknowledge(SERVER, end, None),
                    Ordering::Equal => {}
                    Ordering::Greater => script.acknowledge(SERVER, hole, Some((hole + MSS, end))),
                }
            }
            script.push(Step { from: CLIENT, flags: ACK, seq: hole, ack: 1, len: MSS, ..Step::default() });
            script.clock += ROUND_TRIP;
            script.acknowledge(SERVER, first + BURST * MSS, None);
        }
        script.closed()
    }

    /// A request and its response on a connection of their own: 13 packets.
    pub fn exchange() -> Self {
        let mut script = Self::opened();
        script.send(CLIENT, ACK, 300);
        script.clock += ROUND_TRIP;
        script.burst(SERVER, 4);
        script.acknowledge(CLIENT, 1 + 2 * MSS, None);
        script.acknowledge(CLIENT, 1 + 4 * MSS, None);
        script.closed()
    }

    fn opened() -> Self {
        let mut script = Self::default();
        script.send(CLIENT, SYN, 0);
        script.clock += ROUND_TRIP;
        script.send(SERVER, SYN | ACK, 0);
        script.acknowledge(CLIENT, 1, None);
        script
    }

    fn closed(mut self) -> Self {
        self.send(CLIENT, FIN | ACK, 0);
        self.clock += ROUND_TRIP;
        self.send(SERVER, FIN | ACK, 0);
        self.acknowledge(CLIENT, self.next[SERVER], None);
        self
    }

    /// New segments; returns where the first begins.
    fn burst(&mut self, from: usize, segments: u32) -> u32 {
        let first = self.next[from];
        (0..segments).for_each(|_| self.send(from, ACK, MSS));
        first
    }

    fn send(&mut self, from: usize, flags: u8, len: u32) {
        let (seq, ack) = (self.next[from], self.next[1 - from]);
        self.next[from] = seq + len + u32::from(flags & (SYN | FIN) != 0);
        self.push(Step { from, flags, seq, ack, len, ..Step::default() });
    }

    fn acknowledge(&mut self, from: usize, ack: u32, sack: Option<(u32, u32)>) {
        self.push(Step { from, flags: ACK, seq: self.next[from], ack, sack, ..Step::default() });
    }

    fn push(&mut self, step: Step) {
        self.clock += GAP;
        let answer = self.steps.iter().rev().find(|earlier| earlier.from == SERVER).map(|earlier| earlier.at);
        let echo = if step.from == CLIENT { answer } else { Some(self.clock - ROUND_TRIP) };
        self.steps.push(Step { at: self.clock, echo, ..step });
    }
}
