//! What did the sender know when it sent this? (`semantics.md` 0.)
//!
//! The peer's ACKs pass the capture point before they reach the sender. Here they travel on: they wait until the sender can have had them,
//! which its timestamp echoes tell, or else the round trip between the capture point and the sender.

use std::collections::VecDeque;
use std::ops::Range;

use super::recovery::AckEffect;
use super::scoreboard::Pieces;
use super::sent::{Marks, SentQueue, make_room, release};
use super::trouble::Trouble;
use crate::base::{Maybe, Nanos, Timestamp};

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
#[derive(Clone, Debug, Default)]
pub struct News {
    /// When it passed the capture point.
    pub t: Timestamp,
    /// What it acknowledges, as a position of the sender's stream.
    pub ack: u64,
    /// Right edge of the window that it offers; none where the scale is unknown or the window does not count.
    pub edge: Maybe<u64>,
    /// Its own end, as a position of the peer's stream.
    pub seq_end: u64,
    /// What it SACKs that was not SACKed before, as positions.
    pub sacks: Option<Box<Pieces>>,
    /// Its `TSval` and `TSecr`, if any.
    pub stamps: Option<(u32, u32)>,
    /// It closes the window.
    pub zero_window: bool,
    /// It takes sequence space of its own.
    pub has_data: bool,
    /// It is a duplicate ACK (RFC 5681), or a selective one with news (RFC 6675).
    pub duplicate: bool,
}

const _: () = assert!(size_of::<News>() <= 56);

/// What a packet of the sender shows of its knowledge.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// When it passed the capture point.
    pub t: Timestamp,
    /// What passed the capture point so long before it, or longer, can have reached the sender.
    pub lag: Nanos,
    /// Its own ACK field, as a position of the peer's stream.
    pub ack: u64,
}

/// What the sender knows, as of its last packet; what it knows of its losses is in [`Trouble`].
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    transit: VecDeque<News>,
    una: u64,
    edge: Maybe<u64>,
    heard: Maybe<Timestamp>,
    /// Highest number of a transmission that is known to have been delivered, and the end of what it carried of that: a super-packet is one
    /// transmission of many segments. Nothing yet if the end is 0.
    delivered: (u32, u64),
    echo: Option<u32>,
    zero_window: bool,
}

/// Round trips between the capture point and the two ends.
#[derive(Clone, Copy, Debug, Default)]
pub struct Halves {
    /// To the sender.
    pub sender: Option<Nanos>,
    /// To its peer.
    pub peer: Option<Nanos>,
}

impl Halves {
    /// The full round trip, at least.
    pub fn round_trip(&self) -> Option<Nanos> {
        match (self.sender, self.peer) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        }
    }
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
    pub fn edge(&self) -> Option<u64> {
        self.edge.get()
    }

    /// The last window that it heard of was closed.
    pub const fn zero_window(&self) -> bool {
        self.zero_window
    }

    /// Highest number of a transmission known to have been delivered, and where that ended; of nothing, what is below all numbers and ends.
    pub const fn delivered(&self) -> (u32, u64) {
        self.delivered
    }

    /// When it last heard from the peer, on the clock of the capture point.
    pub fn heard(&self) -> Option<Timestamp> {
        self.heard.get()
    }

    /// Bytes of memory that it takes beside its own size.
    pub fn heap(&self) -> usize {
        self.transit.capacity() * size_of::<News>()
    }

    /// A packet of the peer passed. Gives back what had to be taken as arrived for want of room.
    #[inline]
    pub fn send(&mut self, news: News) -> Option<News> {
        let overflow = if self.transit.len() == self.transit.capacity() { self.make_room() } else { None };
        self.transit.push_back(news);
        overflow
    }

    #[cold]
    fn make_room(&mut self) -> Option<News> {
        if self.transit.len() >= IN_TRANSIT {
            return self.transit.pop_front();
        }
        make_room(&mut self.transit);
        None
    }

    /// The sender shows that it has heard of this.
    #[inline]
    pub fn note_echo(&mut self, echo: Option<u32>) {
        if let Some(echo) = echo
            && self.echo.is_none_or(|old| echo.wrapping_sub(old) as i32 > 0)
        {
            self.echo = Some(echo);
        }
    }

    /// The next packet of the peer that the sender had when it sent `reader`.
    #[inline]
    pub fn receive(&mut self, reader: &Reader) -> Option<News> {
        let news = self.transit.front()?;
        if news.t + reader.lag > reader.t {
            return None;
        }
        if let (Some((tsval, _)), Some(echo)) = (news.stamps, self.echo)
            && tsval.wrapping_sub(echo) as i32 > 0
            && !news.has_data
            && news.seq_end <= reader.ack
        {
            return None;
        }
        let news = self.transit.pop_front();
        release(&mut self.transit);
        news
    }

    /// The rest of what is on its way, for the end of the connection.
    pub fn receive_all(&mut self) -> Option<News> {
        self.transit.pop_front()
    }

    /// Takes in what a packet of the peer says, and tells loss recovery.
    #[inline]
    pub fn learn(
        &mut self,
        news: &News,
        arrival: Timestamp,
        queue: &mut SentQueue,
        trouble: &mut Option<Box<Trouble>>,
        context: Context,
    ) {
        self.heard.raise(arrival);
        let peer = context.halves.peer;
        let mut original = None;
        if let Some(sacks) = &news.sacks {
            let heard = &mut trouble.get_or_insert_default().heard;
            for &(lo, hi) in sacks.iter().filter(|(lo, hi)| lo < hi) {
                let pieces = queue.cut(lo, hi);
                original = original.max(self.deliver(pieces, news.t, queue, peer));
                heard.sacked_to = heard.sacked_to.max(hi);
            }
        }
        let advanced = news.ack > self.una;
        if advanced {
            let acked = queue.cut(self.una, news.ack);
            queue.note_arrived(acked.end);
            original = original.max(self.deliver(acked, news.t, queue, peer));
            self.una = news.ack;
        }
        if news.ack >= self.una {
            self.see_window(news, arrival, trouble);
        }
        if news.duplicate || trouble.is_some() {
            let trouble = trouble.get_or_insert_default();
            let effect = AckEffect {
                t: arrival,
                advanced,
                una: self.una,
                snd_max: context.snd_max,
                original,
                duplicate: news.duplicate,
                sack: context.sack,
                eifel: false,
            };
            tell(trouble, &effect, news, queue);
        }
    }

    #[inline]
    fn see_window(&mut self, news: &News, arrival: Timestamp, trouble: &mut Option<Box<Trouble>>) {
        if news.zero_window {
            self.zero_window = true;
            trouble.get_or_insert_default().heard.reopened = Maybe::NONE;
        } else if news.edge.is_some() && self.zero_window {
            self.zero_window = false;
            trouble.get_or_insert_default().heard.reopened.set(arrival);
        }
        if let Some(edge) = news.edge.get() {
            self.edge.raise(edge);
        }
    }

    /// These ranges are known to have been delivered by a packet that passed at `t`. The end of the highest of them that was sent once and was
    /// not known to be there.
    fn deliver(
        &mut self,
        ranges: Range<usize>,
        t: Timestamp,
        queue: &mut SentQueue,
        peer: Option<Nanos>,
    ) -> Option<u64> {
        let mut original = None;
        for range in queue.range_mut(ranges).filter(|r| !r.marks.has(Marks::DELIVERED)) {
            range.marks.set(Marks::DELIVERED);
            if range.resent == 0 {
                original = Some(range.hi);
            }
            if range.copies > 0 {
                // The ACK proves the last copy only if it can have been caused by it.
                let last = range.resent == 0 || t.since(range.last().t) >= causal_lag(peer);
                let no = if last { range.last().no } else { range.first.no };
                self.delivered = self.delivered.max((no, range.hi));
            }
        }
        original
    }
}

/// Tells loss recovery of an ACK that arrived.
fn tell(trouble: &mut Trouble, effect: &AckEffect, news: &News, queue: &SentQueue) {
    trouble.heard.on_ack(effect.t, effect.advanced, effect.duplicate);
    let recovery = &mut trouble.recovery;
    if effect.advanced {
        recovery.on_advance();
    }
    if recovery.idle() {
        return;
    }
    let eifel = match (recovery.first_resend(), news.stamps) {
        (Some(resend), Some((_, echo))) => (echo.wrapping_sub(resend) as i32) < 0,
        _ => false,
    };
    let ended = recovery.on_ack(&AckEffect { eifel, ..*effect }, |hi| {
        queue.iter_from(queue.index_above(hi)).any(|r| r.resent > 0 && !r.marks.has(Marks::DELIVERED))
    });
    if let Some((episode, length)) = ended {
        trouble.loss.on_recovered(&episode, length);
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
