//! What did the sender know when it sent this? (`semantics.md` 0.)
//!
//! The peer's ACKs pass the capture point before they reach the sender. Here they travel on: they wait until the sender can have had them,
//! which its timestamp echoes tell, or else the round trip between the capture point and the sender.

use std::collections::VecDeque;
use std::ops::Range;

use super::letters::{Arrived, Letter, News, Reader, Says, Signs};
use super::recovery::AckEffect;
use super::sent::{Marks, SentQueue, SentRange, make_room, release, take_room};
use super::trouble::Trouble;
use crate::base::packed::packed;
use crate::base::{Maybe, Nanos, Timestamp};

/// Turnaround inside a host: an ACK-triggered packet leaves 5–10 µs after its cause, clocks and queues jitter by more (`semantics.md` 0).
const JITTER: Nanos = Nanos::from_micros(200);
/// So many ACKs may be on their way at once; beyond it the oldest are taken as arrived.
const IN_TRANSIT: usize = 4096;
/// To nearly every sender some are on their way at a time: there is room for so many at once, which is 120 bytes.
const LETTERS: usize = 3;

/// The time that must lie between a cause at the capture point and its effect there, when the round trip to where the effect comes from
/// takes at least `min_half`: nine tenths of it, less the jitter.
#[inline]
pub fn causal_lag(min_half: Option<Nanos>) -> Nanos {
    let half = min_half.map_or(0, |half| half.0.max(0) as u64);
    // Without a tenth, rounded up: it is asked for nearly every segment, and unsigned numbers are divided sooner.
    let lag = (half - half.div_ceil(10)).saturating_sub(JITTER.0 as u64);
    Nanos(lag as i64)
}

/// What the sender knows, as of its last packet; what it knows of its losses is in [`Trouble`].
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    transit: VecDeque<Letter>,
    una: u64,
    edge: Maybe<u64>,
    heard: Maybe<Timestamp>,
    /// Of the transmission with the highest number of which something is known to have been delivered: the end of that, and its number. A
    /// super-packet is one transmission of many segments. Nothing yet if the end is 0.
    delivered_to: u64,
    delivered_no: u32,
    echo: Option<u32>,
    zero_window: bool,
}

packed! { Knowledge { {una, edge} [heard, echo] [delivered_to] [; zero_window, delivered_no] transit } }

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
        (self.delivered_no, self.delivered_to)
    }

    /// When it last heard from the peer, on the clock of the capture point.
    pub fn heard(&self) -> Option<Timestamp> {
        self.heard.get()
    }

    /// Bytes of memory that it takes beside its own size.
    pub fn heap(&self) -> usize {
        self.transit.capacity() * size_of::<Letter>()
    }

    /// The room for what is on its way, as [`SentQueue::take_room`] has it.
    pub fn take_room(&mut self) -> VecDeque<Letter> {
        take_room(&mut self.transit)
    }

    /// Takes the room of another one, where nothing has been on its way yet.
    pub fn give_room(&mut self, room: VecDeque<Letter>) {
        self.transit = room;
    }

    /// A packet of the peer passed. Gives back what had to be taken as arrived for want of room.
    #[inline(always)]
    pub fn send(&mut self, mut news: News) -> Option<Box<News>> {
        let quiet = !news.says.any(Says::LOUD) && self.is_known(news.ack, news.room);
        if quiet && news.has_data && self.sign(news.t, news.ack, news.room) {
            return None;
        }
        news.says = news.says.with_if(Says::QUIET, quiet);
        let overflow = if self.transit.len() == self.transit.capacity() { self.make_room() } else { None };
        self.transit.push_back(Letter::News(news));
        overflow
    }

    /// A packet of the peer passed that bears data of its own, and acknowledges and offers what is written here. False if that is news, or
    /// there is no room; then nothing has happened.
    #[inline(always)]
    pub fn sign(&mut self, t: Timestamp, ack: u64, room: Maybe<u32>) -> bool {
        if let Some(Letter::Signs(signs)) = self.transit.back_mut()
            && (signs.ack, signs.room) == (ack, room)
            && signs.add(t)
        {
            return true;
        }
        self.begin_signs(t, ack, room)
    }

    #[inline(never)]
    fn begin_signs(&mut self, t: Timestamp, ack: u64, room: Maybe<u32>) -> bool {
        if !self.is_known(ack, room) || self.transit.len() >= IN_TRANSIT {
            return false;
        }
        make_room(&mut self.transit, LETTERS);
        self.transit.push_back(Letter::Signs(Signs::new(t, ack, room)));
        true
    }

    /// Once the sender knows all that is on its way to it, this adds nothing to that.
    fn is_known(&self, ack: u64, room: Maybe<u32>) -> bool {
        match self.transit.back() {
            Some(Letter::News(last)) => (last.ack, last.room) == (ack, room) && !last.says.any(Says::ZERO_WINDOW),
            Some(Letter::Signs(last)) => (last.ack, last.room) == (ack, room),
            None => {
                let wide = room.get().is_none_or(|room| {
                    !self.zero_window && self.edge.get().is_some_and(|edge| edge >= ack + u64::from(room))
                });
                ack <= self.una && wide
            }
        }
    }

    #[cold]
    fn make_room(&mut self) -> Option<Box<News>> {
        if self.transit.len() < IN_TRANSIT {
            make_room(&mut self.transit, LETTERS);
            return None;
        }
        match self.transit.pop_front()? {
            Letter::News(news) => Some(Box::new(news)),
            Letter::Signs(signs) => {
                signs.times().for_each(|t| self.heard.raise(t));
                None
            }
        }
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

    /// When that passed which has been on its way to the sender for longest.
    #[inline]
    pub fn next(&self) -> Option<Timestamp> {
        self.transit.front().map(Letter::next)
    }

    /// The next packet of the peer that the sender had when it sent `reader`, and when that arrived.
    #[inline]
    pub fn receive(&mut self, reader: &Reader) -> Option<(Arrived, Timestamp)> {
        let arrived = match self.transit.front_mut() {
            Some(Letter::Signs(signs)) if signs.next() <= reader.latest() => {
                let t = signs.next();
                if signs.take() {
                    self.transit.pop_front();
                }
                Some((Arrived::Sign, t))
            }
            Some(Letter::News(news)) if news.has_arrived(self.echo, reader) => Some((Arrived::News, news.t)),
            _ => None,
        };
        if arrived.is_none() {
            release(&mut self.transit);
        }
        arrived.map(|(what, t)| (what, reader.arrival(t)))
    }

    /// Something may have reached it.
    #[inline(always)]
    pub fn has_mail(&self, reader: &Reader) -> bool {
        self.next().is_some_and(|next| next <= reader.latest())
    }

    /// Lets a sender that is calm, so that signs of life need not be told of, have what says no more than that its peer is alive. True if
    /// nothing else has reached it.
    #[inline(always)]
    pub fn skim(&mut self, reader: &Reader) -> bool {
        let latest = reader.latest();
        while let Some(letter) = self.transit.front_mut() {
            let t = match letter {
                Letter::Signs(signs) => match signs.take_to(latest) {
                    Some(t) => t,
                    None => break,
                },
                Letter::News(news) if !news.has_arrived(self.echo, reader) => break,
                Letter::News(news) if news.says.any(Says::QUIET) => news.t,
                Letter::News(_) => return false,
            };
            self.heard.raise(reader.arrival(t));
            if !matches!(letter, Letter::Signs(signs) if signs.is_left()) {
                self.transit.pop_front();
            }
        }
        release(&mut self.transit);
        true
    }

    /// Lets a calm sender have an ACK that says nothing of losses or of a closed window, if that is what has reached it first, as it nearly always
    /// is. Whether it acknowledges more than any before; `None` if it is not so, and then nothing has happened. `peer`: the smallest round
    /// trip to the peer.
    ///
    /// What comes of it is what [`Knowledge::learn`] would make of it, where nothing is under way.
    #[inline(always)]
    pub fn take_ack(&mut self, reader: &Reader, queue: &mut SentQueue, peer: Option<Nanos>) -> Option<bool> {
        let Some(Letter::News(news)) = self.transit.front() else { return None };
        let plain = news.says.says_nothing() && news.ack >= self.una && !self.zero_window;
        if !plain || !news.has_arrived(self.echo, reader) {
            return None;
        }
        let (t, ack, edge) = (news.t, news.ack, news.edge());
        self.transit.pop_front();
        self.heard.raise(reader.arrival(t));
        let advanced = ack > self.una;
        if advanced {
            self.deliver_up_to(ack, t, queue, peer);
            self.una = ack;
        }
        if let Some(edge) = edge {
            self.edge.raise(edge);
        }
        Some(advanced)
    }

    /// Lets a calm sender have signs of life, if nothing else is on its way to it, and they passed up to `latest`; `arrival`: when what passed then
    /// arrives. False if it is not so, and then nothing has happened.
    #[inline(always)]
    pub fn take_signs(&mut self, latest: Timestamp, arrival: impl FnOnce(Timestamp) -> Timestamp) -> bool {
        let (Some(Letter::Signs(signs)), 1) = (self.transit.front(), self.transit.len()) else { return false };
        let Some(newest) = signs.all_to(latest) else { return false };
        self.heard.raise(arrival(newest));
        self.transit.pop_front();
        release(&mut self.transit);
        true
    }

    /// Something is on its way.
    pub fn is_expecting(&self) -> bool {
        !self.transit.is_empty()
    }

    /// The rest of what is on its way, for the end of the connection, and when it passed.
    pub fn receive_any(&mut self) -> Option<(Arrived, Timestamp)> {
        match self.transit.front_mut()? {
            Letter::News(news) => Some((Arrived::News, news.t)),
            Letter::Signs(signs) => {
                let t = signs.next();
                if signs.take() {
                    self.transit.pop_front();
                }
                Some((Arrived::Sign, t))
            }
        }
    }

    /// The news that have arrived.
    #[inline]
    pub fn open(&mut self) -> Option<News> {
        match self.transit.pop_front() {
            Some(Letter::News(news)) => Some(news),
            _ => None,
        }
    }

    /// A sign of life that arrives says nothing but that time has passed.
    pub fn learn_sign(
        &mut self,
        arrival: Timestamp,
        queue: &SentQueue,
        trouble: &mut Option<Box<Trouble>>,
        context: Context,
    ) {
        self.heard.raise(arrival);
        if let Some(trouble) = trouble
            && !trouble.recovery.idle()
        {
            let effect = AckEffect {
                t: arrival,
                una: self.una,
                snd_max: context.snd_max,
                sack: context.sack,
                ..AckEffect::default()
            };
            tell(trouble, &effect, None, queue);
        }
    }

    /// Takes in what a packet of the peer says, and tells loss recovery.
    #[inline(always)]
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
        if news.says.any(Says::SACKS) {
            original = self.learn_sacks(news.t, queue, trouble, peer);
        }
        let advanced = news.ack > self.una;
        if advanced {
            original = original.max(self.deliver_up_to(news.ack, news.t, queue, peer));
            self.una = news.ack;
        }
        if news.ack >= self.una {
            self.see_window(news, arrival, trouble);
        }
        let duplicate = news.says.any(Says::DUPLICATE);
        if duplicate || trouble.is_some() {
            let effect = AckEffect {
                t: arrival,
                advanced,
                una: self.una,
                snd_max: context.snd_max,
                original,
                duplicate,
                sack: context.sack,
                eifel: false,
            };
            tell_in_trouble(Trouble::of(trouble), &effect, news.echo(), queue);
        }
    }

    /// The SACK blocks of the packet that passed at `t`. The end of what they prove, as [`Knowledge::deliver`] has it.
    #[cold]
    #[inline(never)]
    fn learn_sacks(
        &mut self,
        t: Timestamp,
        queue: &mut SentQueue,
        trouble: &mut Option<Box<Trouble>>,
        peer: Option<Nanos>,
    ) -> Option<u64> {
        let Trouble { heard, sacks_on_way, .. } = Trouble::of(trouble);
        let mut original = None;
        for (lo, hi) in sacks_on_way.pop_front().into_iter().flatten().filter(|(lo, hi)| lo < hi) {
            let pieces = queue.cut(lo, hi);
            original = original.max(self.deliver(pieces, t, queue, peer));
            heard.sacked_to = heard.sacked_to.max(hi);
        }
        original
    }

    #[inline(always)]
    fn see_window(&mut self, news: &News, arrival: Timestamp, trouble: &mut Option<Box<Trouble>>) {
        if news.says.any(Says::ZERO_WINDOW) || self.zero_window {
            self.see_zero_window(news, arrival, trouble);
        }
        if let Some(edge) = news.edge() {
            self.edge.raise(edge);
        }
    }

    /// The window is closed, or was so before.
    #[cold]
    #[inline(never)]
    fn see_zero_window(&mut self, news: &News, arrival: Timestamp, trouble: &mut Option<Box<Trouble>>) {
        if news.says.any(Says::ZERO_WINDOW) {
            self.zero_window = true;
            Trouble::of(trouble).heard.reopened = Maybe::NONE;
        } else if news.room.is_some() {
            self.zero_window = false;
            Trouble::of(trouble).heard.reopened.set(arrival);
        }
    }

    /// These ranges are known to have been delivered by a packet that passed at `t`. The end of the highest of them that was sent once and was
    /// not known to be there.
    #[inline(never)]
    fn deliver(
        &mut self,
        ranges: Range<usize>,
        t: Timestamp,
        queue: &mut SentQueue,
        peer: Option<Nanos>,
    ) -> Option<u64> {
        queue.range_mut(ranges).filter_map(|range| self.deliver_one(range, t, peer)).last()
    }

    /// The same of everything up to `ack`, from where the sender's knowledge ends so far.
    #[inline(always)]
    fn deliver_up_to(&mut self, ack: u64, t: Timestamp, queue: &mut SentQueue, peer: Option<Nanos>) -> Option<u64> {
        let start = queue.first_unheard(self.una);
        let (mut original, mut end, mut is_cut) = (None, start, false);
        while let Some(range) = queue.mark(end) {
            if range.hi() > ack {
                is_cut = range.lo < ack;
                break;
            }
            end += 1;
            original = self.deliver_one(range, t, peer).or(original);
        }
        if is_cut {
            let lower = end;
            end = queue.split(ack, lower);
            original = self.deliver(lower..end, t, queue, peer).or(original);
        }
        queue.note_arrived(end);
        original
    }

    #[inline]
    fn deliver_one(&mut self, range: &mut SentRange, t: Timestamp, peer: Option<Nanos>) -> Option<u64> {
        if range.marks.has(Marks::DELIVERED) {
            return None;
        }
        range.marks.set(Marks::DELIVERED);
        if range.resent() > 0 {
            self.deliver_again(range, t, peer);
            return None;
        }
        if range.copies > 0 {
            self.raise_delivered(range.no, range.hi());
        }
        Some(range.hi())
    }

    /// The same of a range that was sent again. The ACK proves the last copy only if it can have been caused by it.
    #[cold]
    fn deliver_again(&mut self, range: &SentRange, t: Timestamp, peer: Option<Nanos>) {
        let last = t.since(range.last_t()) >= causal_lag(peer);
        if range.copies > 0 {
            self.raise_delivered(if last { range.last().no } else { range.no }, range.hi());
        }
    }

    #[inline]
    fn raise_delivered(&mut self, no: u32, to: u64) {
        if no > self.delivered_no || no == self.delivered_no && to > self.delivered_to {
            (self.delivered_no, self.delivered_to) = (no, to);
        }
    }
}

/// Tells a sender in trouble of an ACK that arrived.
#[inline(never)]
fn tell_in_trouble(trouble: &mut Trouble, effect: &AckEffect, echo: Option<u32>, queue: &SentQueue) {
    trouble.heard.on_ack(effect.t, effect.advanced, effect.duplicate);
    if effect.advanced {
        trouble.recovery.on_advance();
    }
    if !trouble.recovery.idle() {
        tell(trouble, effect, echo, queue);
    }
}

/// Tells loss recovery, which is under way, of an ACK that arrived.
#[inline(never)]
fn tell(trouble: &mut Trouble, effect: &AckEffect, echo: Option<u32>, queue: &SentQueue) {
    let recovery = &mut trouble.recovery;
    let eifel = match (recovery.first_resend(), echo) {
        (Some(resend), Some(echo)) => (echo.wrapping_sub(resend) as i32) < 0,
        _ => false,
    };
    let ended = recovery.on_ack(&AckEffect { eifel, ..*effect }, |hi| {
        queue.iter_from(queue.index_above(hi)).any(|r| r.resent() > 0 && !r.marks.has(Marks::DELIVERED))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: i64) -> Timestamp {
        Timestamp(ms * 1_000_000)
    }

    #[test]
    fn a_calm_sender_skims_signs_and_quiet_news_and_leaves_what_says_something() {
        let mut knowledge = Knowledge::default();
        knowledge.start(100);
        let said = |t: i64, ack: u64| News { t: ms(t), ack, room: Maybe::some(800), ..News::default() };
        knowledge.send(said(0, 100)); // the window is news
        assert!(!knowledge.skim(&Reader { t: ms(50), half: None, lag: Nanos::ZERO, ack: 0 }));
        assert!(knowledge.open().is_some());
        for t in [1, 3, 2, 4, 60] {
            assert!(knowledge.sign(ms(t), 100, Maybe::NONE));
        }
        knowledge.send(said(61, 200));
        let reader = |t| Reader { t: ms(t), half: Some(Nanos::from_millis(10)), lag: Nanos::from_millis(5), ack: 0 };
        assert!(knowledge.skim(&reader(8)));
        assert_eq!(knowledge.heard(), Some(ms(8)));
        assert_eq!(knowledge.next(), Some(ms(4)));
        assert!(knowledge.skim(&reader(40)));
        assert_eq!((knowledge.heard(), knowledge.next()), (Some(ms(14)), Some(ms(60))));
        assert!(!knowledge.skim(&reader(80)));
        assert_eq!((knowledge.heard(), knowledge.next()), (Some(ms(70)), Some(ms(61))));
        let (arrived, t) = knowledge.receive(&reader(80)).unwrap();
        assert_eq!((arrived, t), (Arrived::News, ms(71)));
    }
}
