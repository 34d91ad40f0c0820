//! What did the sender know when it sent this? (`semantics.md` 0.)
//!
//! The peer's ACKs pass the capture point before they reach the sender. Here they travel on: they wait until the sender can have had them,
//! which its timestamp echoes tell, or else the round trip between the capture point and the sender.

use std::collections::VecDeque;

use super::recovery::{AckEffect, Recovery};
use super::sent::{Marks, SentQueue};
use crate::base::{Nanos, Timestamp};

/// Turnaround inside a host: an ACK-triggered packet leaves 5–10 µs after its cause, clocks and queues jitter by more (`semantics.md` 0).
const JITTER: Nanos = Nanos::from_micros(200);
/// So many ACKs may be on their way at once; beyond it the oldest are taken as arrived.
const IN_TRANSIT: usize = 4096;

/// The time that must lie between a cause at the capture point and its effect there, when the round trip to where the effect comes from
/// takes at least `min_half`: nine tenths of it, less the jitter.
pub fn causal_lag(min_half: Option<Nanos>) -> Nanos {
    (min_half.unwrap_or(Nanos::ZERO).scale(9, 10) - JITTER).max(Nanos::ZERO)
}

/// What one packet of the peer tells the sender.
#[derive(Clone, Copy, Debug, Default)]
pub struct News {
    /// When it passed the capture point.
    pub t: Timestamp,
    /// What it acknowledges, as a position of the sender's stream.
    pub ack: u64,
    /// Right edge of the window that it offers; `None` where the scale is unknown or the window does not count.
    pub edge: Option<u64>,
    /// It closes the window.
    pub zero_window: bool,
    /// Its own `TSval`, if any.
    pub tsval: Option<u32>,
    /// Its `TSecr`, if any.
    pub echo: Option<u32>,
    /// Its own end, as a position of the peer's stream.
    pub seq_end: u64,
    /// It takes sequence space of its own.
    pub has_data: bool,
    /// It is a duplicate ACK (RFC 5681), or a selective one with news (RFC 6675).
    pub duplicate: bool,
    /// Its SACK blocks, as positions.
    pub sacks: [(u64, u64); 4],
    /// How many of them count.
    pub sack_len: u8,
}

/// What a packet of the sender shows of its knowledge.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// When it passed the capture point.
    pub t: Timestamp,
    /// Its `TSecr`, if any.
    pub echo: Option<u32>,
    /// Its own ACK field, as a position of the peer's stream.
    pub ack: u64,
}

/// What the sender knows, as of its last packet.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    transit: VecDeque<News>,
    echo: Option<u32>,
    una: u64,
    edge: Option<u64>,
    zero_window: bool,
    dup_acks: u32,
    dup_acks_since: Option<Timestamp>,
    /// Highest number of a transmission that is known to have been delivered, and the end of what it carried of that: a super-packet is one
    /// transmission of many segments.
    delivered: Option<(u32, u64)>,
    /// Highest position that is known to have been SACKed.
    sacked_to: u64,
    heard: Option<Timestamp>,
    reopened: Option<Timestamp>,
}

/// Round trips between the capture point and the two ends.
#[derive(Clone, Copy, Debug, Default)]
pub struct Halves {
    /// To the sender.
    pub sender: Option<Nanos>,
    /// To its peer.
    pub peer: Option<Nanos>,
}

impl Knowledge {
    /// Starts at the first byte of the stream.
    pub fn start(&mut self, position: u64) {
        self.una = self.una.max(position);
    }

    /// Everything below was acknowledged, as far as the sender knows.
    pub const fn una(&self) -> u64 {
        self.una
    }

    /// Right edge of the peer's window, if it can be known.
    pub const fn edge(&self) -> Option<u64> {
        self.edge
    }

    /// The last window that it heard of was closed.
    pub const fn zero_window(&self) -> bool {
        self.zero_window
    }

    /// When it can have heard of the window's reopening, if it was closed before.
    pub const fn reopened(&self) -> Option<Timestamp> {
        self.reopened
    }

    /// Duplicate ACKs since the last advance.
    pub const fn dup_acks(&self) -> u32 {
        self.dup_acks
    }

    /// Since when it has known of three of them (RFC 5681 3.2).
    pub const fn dup_acks_since(&self) -> Option<Timestamp> {
        self.dup_acks_since
    }

    /// Highest number of a transmission known to have been delivered, and where that ended.
    pub const fn delivered(&self) -> Option<(u32, u64)> {
        self.delivered
    }

    /// Something above the acknowledged bytes is known to have been delivered.
    pub const fn sacked(&self) -> bool {
        self.sacked_to > self.una
    }

    /// When it last heard from the peer, on the clock of the capture point.
    pub const fn heard(&self) -> Option<Timestamp> {
        self.heard
    }

    /// Bytes of memory that it takes beside its own size.
    pub fn heap(&self) -> usize {
        self.transit.capacity() * size_of::<News>()
    }

    /// A packet of the peer passed. Gives back what had to be taken as arrived for want of room.
    pub fn send(&mut self, news: News) -> Option<News> {
        let overflow = if self.transit.len() >= IN_TRANSIT { self.transit.pop_front() } else { None };
        self.transit.push_back(news);
        overflow
    }

    /// The next packet of the peer that the sender had when it sent `reader`, and when it got it.
    pub fn receive(&mut self, reader: &Reader, halves: Halves) -> Option<(News, Timestamp)> {
        if let Some(echo) = reader.echo
            && self.echo.is_none_or(|old| echo.wrapping_sub(old) as i32 > 0)
        {
            self.echo = Some(echo);
        }
        let news = *self.transit.front()?;
        if news.t + causal_lag(halves.sender) > reader.t {
            return None;
        }
        let acked = news.has_data && news.seq_end <= reader.ack;
        let beyond = news.seq_end > reader.ack;
        if let (Some(tsval), Some(echo), false, false) = (news.tsval, self.echo, acked, beyond)
            && tsval.wrapping_sub(echo) as i32 > 0
        {
            return None;
        }
        self.transit.pop_front();
        let arrival = news.t + halves.sender.unwrap_or(Nanos::ZERO);
        Some((news, arrival.min(reader.t)))
    }

    /// The rest of what is on its way, for the end of the connection.
    pub fn receive_all(&mut self, halves: Halves) -> Option<(News, Timestamp)> {
        let news = self.transit.pop_front()?;
        Some((news, news.t + halves.sender.unwrap_or(Nanos::ZERO)))
    }

    /// Takes in what a packet of the peer says, and tells loss recovery.
    pub fn learn(
        &mut self,
        news: &News,
        arrival: Timestamp,
        queue: &mut SentQueue,
        recovery: &mut Recovery,
        context: Context,
    ) {
        self.heard = Some(self.heard.map_or(arrival, |h| h.max(arrival)));
        let advanced = news.ack > self.una;
        let mut original = None;
        for &(lo, hi) in news.sacks.iter().take(usize::from(news.sack_len)) {
            self.deliver(lo, hi, news.t, queue, context.halves.peer, &mut original);
            self.sacked_to = self.sacked_to.max(hi);
        }
        if advanced {
            self.deliver(self.una, news.ack, news.t, queue, context.halves.peer, &mut original);
            self.una = news.ack;
            self.dup_acks = 0;
            self.dup_acks_since = None;
        } else if news.duplicate {
            self.dup_acks = self.dup_acks.saturating_add(1);
            if self.dup_acks == 3 {
                self.dup_acks_since = Some(arrival);
            }
        }
        if news.ack >= self.una {
            self.see_window(news, arrival);
        }
        let eifel = match (recovery.first_resend(), news.echo) {
            (Some(resend), Some(echo)) => (echo.wrapping_sub(resend) as i32) < 0,
            _ => false,
        };
        let effect = AckEffect {
            t: arrival,
            advanced,
            una: self.una,
            snd_max: context.snd_max,
            original,
            duplicate: news.duplicate,
            sack: context.sack,
            eifel,
        };
        recovery.on_ack(&effect, |hi| {
            let above = queue.index_above(hi);
            (above..queue.len()).filter_map(|i| queue.get(i)).any(|r| r.resent > 0 && !r.marks.has(Marks::DELIVERED))
        });
    }

    fn see_window(&mut self, news: &News, arrival: Timestamp) {
        if news.zero_window {
            self.zero_window = true;
            self.reopened = None;
        } else if news.edge.is_some() && self.zero_window {
            self.zero_window = false;
            self.reopened = Some(arrival);
        }
        if let Some(edge) = news.edge {
            self.edge = Some(self.edge.map_or(edge, |e| e.max(edge)));
        }
    }

    /// `[lo, hi)` is known to have been delivered by a packet that passed at `t`.
    fn deliver(
        &mut self,
        lo: u64,
        hi: u64,
        t: Timestamp,
        queue: &mut SentQueue,
        peer: Option<Nanos>,
        original: &mut Option<u64>,
    ) {
        for index in queue.cut(lo, hi) {
            let Some(range) = queue.get_mut(index) else { continue };
            if range.marks.has(Marks::DELIVERED) {
                continue;
            }
            range.marks.set(Marks::DELIVERED);
            if range.resent == 0 {
                *original = Some(original.map_or(range.hi, |o| o.max(range.hi)));
            }
            if range.copies == 0 {
                continue;
            }
            // The ACK proves the last copy only if it can have been caused by it.
            let last = range.resent == 0 || t.since(range.last_t) >= causal_lag(peer);
            let no = if last { range.last_no } else { range.first_no };
            self.delivered = self.delivered.max(Some((no, range.hi)));
        }
    }
}

/// What [`Knowledge::learn`] needs to know of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// Round trips to both ends.
    pub halves: Halves,
    /// Highest position sent.
    pub snd_max: u64,
    /// SACK was negotiated or seen.
    pub sack: bool,
}
