//! The receiving half of a host: what has arrived, and how that is acknowledged.

use super::MILLI;
use super::packet::{Ends, Sacks};

/// How long an ACK waits for company, as on Linux.
pub const DELAYED_ACK: u64 = 40 * MILLI;
/// The window that is offered at first, and the largest.
const FIRST_WINDOW: u64 = 65_535;
const LARGEST_WINDOW: u64 = 3 << 20;

/// When what arrived is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AckWhen {
    Now,
    Later,
}

/// What a host has received.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// The next sequence number that it expects.
    pub next: u64,
    /// What arrived beyond a hole, the newest first.
    islands: Vec<(u64, u64)>,
    /// It arrived twice, and has not been told.
    twice: Option<(u64, u64)>,
    /// Segments that wait for their ACK.
    waiting: u32,
    /// When they are acknowledged at the latest.
    pub ack_due: Option<u64>,
    ts_recent: u32,
    last_ack: u64,
}

impl Receiver {
    pub fn new() -> Self {
        Self { next: 1, islands: Vec::new(), twice: None, waiting: 0, ack_due: None, ts_recent: 0, last_ack: 1 }
    }

    /// RFC 7323 4.3: the timestamp to echo is that of the segment that an ACK is sent for.
    pub fn note_timestamp(&mut self, seq: u64, tsval: u32) {
        if seq <= self.last_ack && (tsval.wrapping_sub(self.ts_recent) as i32) >= 0 || self.ts_recent == 0 {
            self.ts_recent = tsval;
        }
    }

    /// The timestamp to echo.
    pub fn echo(&self) -> u32 {
        self.ts_recent
    }

    /// Sequence space arrived.
    pub fn arrive(&mut self, start: u64, end: u64, ack_every: u32) -> AckWhen {
        if end <= self.next || self.islands.iter().any(|island| island.0 <= start && end <= island.1) {
            self.twice = Some((start, end));
            return AckWhen::Now;
        }
        if start > self.next {
            self.add_island(start, end);
            return AckWhen::Now;
        }
        let had_hole = !self.islands.is_empty();
        self.next = end;
        self.join();
        self.waiting += 1;
        if had_hole || self.waiting >= ack_every { AckWhen::Now } else { AckWhen::Later }
    }

    fn add_island(&mut self, mut start: u64, mut end: u64) {
        self.islands.retain(|island| {
            let apart = island.1 < start || end < island.0;
            if !apart {
                start = start.min(island.0);
                end = end.max(island.1);
            }
            apart
        });
        self.islands.insert(0, (start, end));
    }

    /// Islands that the stream has reached are part of it.
    fn join(&mut self) {
        while let Some(i) = self.islands.iter().position(|island| island.0 <= self.next) {
            let island = self.islands.remove(i);
            self.next = self.next.max(island.1);
        }
    }

    /// An ACK leaves.
    pub fn acknowledged(&mut self) {
        self.waiting = 0;
        self.ack_due = None;
        self.last_ack = self.next;
    }

    /// The SACK option of the ACK that leaves now.
    pub fn take_sacks(&mut self, ends: &Ends) -> Sacks {
        let mut sacks = Sacks::default();
        if ends.sack {
            let limit = if ends.timestamps { 3 } else { 4 };
            let next = self.next as i64;
            let relative = |(start, end): (u64, u64)| ((start as i64 - next) as i32, (end as i64 - next) as i32);
            for block in self.twice.take().into_iter().chain(self.islands.iter().copied()) {
                sacks.push(limit, relative(block));
            }
        }
        sacks
    }

    /// The window field. The window grows with what has been received, as autotuning does it, and never shrinks.
    pub fn window_field(&self, scale: u8) -> u16 {
        let window = (FIRST_WINDOW + 2 * self.next).min(LARGEST_WINDOW) >> scale;
        window.min(65_535) as u16
    }
}
