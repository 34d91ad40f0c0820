//! One sending direction: what was each of its segments? (`semantics.md` 5.1 to 5.4.)
//!
//! The verdict is passed once, here; the analyzers read it.

use std::collections::VecDeque;

use super::flight::Flight;
use super::knowledge::Knowledge;
use super::letters::{Letter, News, Says};
use super::limits::WindowLimit;
use super::loss::{Loss, Revision};
use super::order::SendOrder;
use super::recovery::Episode;
use super::sent::{Marks, SentQueue, SentRange, Stamp, Transmission};
use super::summary::LossSummary;
use super::trouble::Trouble;
use super::verdict::{Kind, Sizes, Surroundings, Verdict};
use crate::base::packed::packed;
use crate::base::{Maybe, Nanos, Segment, SegmentBits, Seq, Timestamp};

/// Sequence numbers further away than this belong to something else (`semantics.md` 2).
pub const FAR: u64 = 1 << 30;
/// A pause of so much before a 1-byte probe makes it a keep-alive: Linux's smallest idle time is 1 s, less jitter.
const KEEPALIVE_IDLE: Nanos = Nanos::from_millis(900);

/// The model of one sender.
#[derive(Clone, Debug, Default)]
pub struct Sender {
    /// Position of the first byte of the stream, once anything is known of it.
    pub(super) first: Maybe<u64>,
    pub(super) snd_max: u64,
    pub(super) una: u64,
    pub(super) fin_end: Maybe<u64>,
    pub(super) queue: SentQueue,
    pub(super) order: SendOrder,
    pub(super) knowledge: Knowledge,
    pub(super) trouble: Option<Box<Trouble>>,
    /// Flight and initial window.
    pub flight: Flight,
    /// Time held back by the peer's window.
    pub limit: WindowLimit,
    pub(super) unique: u64,
    pub(super) last_sent: Maybe<Timestamp>,
    pub(super) sent: u32,
    /// `TSval` and `TSecr` of its last segment.
    pub(super) last_stamps: Option<(u32, u32)>,
    /// Its initial sequence number, one below `first`, is known.
    isn_known: bool,
    pub(super) new_since_reopened: bool,
    /// See [`Sender::sacks_are_rewritten`].
    pub(super) sacks_rewritten: bool,
    /// Its trouble waits for new data; without that, data that is expected need not look at it.
    awaits_data: bool,
}

packed! {
    Sender {
        @snd_max
        {una, first}
        [unique, last_sent; isn_known, new_since_reopened, sacks_rewritten, awaits_data, sent]
        [fin_end]
        queue, order, knowledge, trouble, flight, limit, last_stamps
    }
}

/// The room of a sender's queues, which a short stream asks the allocator for as often as it sends segments.
#[derive(Debug)]
pub struct QueueRoom {
    ranges: VecDeque<SentRange>,
    letters: VecDeque<Letter>,
}

/// A connection has two of them, and there are millions of connections.
const _: () = assert!(size_of::<Sender>() <= 304);

impl Sender {
    /// The stream begins behind this initial sequence number.
    pub fn start_at(&mut self, isn: Seq) {
        let first = isn.first_position() + 1;
        self.isn_known = true;
        self.restart(first);
    }

    /// The stream is picked up at this sequence number; its initial one is not known.
    pub fn pick_up(&mut self, seq: Seq) {
        self.restart(seq.first_position());
    }

    fn restart(&mut self, first: u64) {
        self.first.set(first);
        self.snd_max = first;
        self.una = first;
        self.knowledge.start(first);
    }

    /// Something is known of the stream.
    pub fn started(&self) -> bool {
        self.first.is_some()
    }

    /// Initial sequence number, if known.
    pub fn isn(&self) -> Option<Seq> {
        self.isn_known.then(|| Seq((self.first() - 1) as u32))
    }

    /// The position of a sequence number of this stream.
    pub fn position(&self, seq: Seq) -> u64 {
        seq.near(self.snd_max)
    }

    /// The position of an acknowledgement number for this stream.
    pub fn ack_position(&self, ack: Seq) -> u64 {
        ack.near(self.una)
    }

    /// Highest position sent.
    pub const fn snd_max(&self) -> u64 {
        self.snd_max
    }

    /// Everything below was acknowledged.
    pub const fn una(&self) -> u64 {
        self.una
    }

    /// Position of the first byte.
    pub fn first(&self) -> u64 {
        self.first.get().unwrap_or(0)
    }

    /// Position behind the FIN, once it was sent.
    pub fn fin_end(&self) -> Option<u64> {
        self.fin_end.get()
    }

    /// The FIN was acknowledged.
    pub fn fin_acked(&self) -> bool {
        self.fin_end.get().is_some_and(|end| self.una >= end)
    }

    /// Payload bytes that came by at least once.
    pub const fn unique_bytes(&self) -> u64 {
        self.unique
    }

    /// Length of the stream by sequence numbers.
    pub fn stream_bytes(&self) -> u64 {
        let end = self.snd_max.max(self.una);
        let fin = self.fin_end.get().is_some_and(|fin| fin <= end);
        end.saturating_sub(self.first()).saturating_sub(u64::from(fin))
    }

    /// Acknowledged bytes that never came by.
    pub fn missing_bytes(&self) -> u64 {
        self.queue.missing(self.una)
    }

    /// The bound of the queue was hit.
    pub const fn capped(&self) -> bool {
        self.queue.capped()
    }

    /// There may have been loss episodes, or time in which the peer's window held it back.
    #[inline]
    pub fn was_held_back(&self) -> bool {
        self.trouble.is_some() || self.limit.was_active()
    }

    /// Loss episodes and the time in them.
    pub fn episodes(&self, end: Timestamp) -> (u64, Nanos) {
        self.trouble.as_ref().map_or((0, Nanos::ZERO), |trouble| trouble.recovery.episodes(end))
    }

    /// The loss episode that is open, and how long it has been so at `end`.
    pub fn open_episode(&self, end: Timestamp) -> Option<(Episode, Nanos)> {
        self.trouble.as_ref().and_then(|trouble| trouble.recovery.open_episode(end))
    }

    /// The counters of its losses.
    pub fn loss(&mut self) -> &mut Loss {
        &mut self.trouble().loss
    }

    /// What is reported of them.
    pub fn loss_summary(&self) -> LossSummary {
        self.trouble.as_ref().map_or_else(|| Loss::default().summary(), |trouble| trouble.loss.summary())
    }

    /// The last segment changed earlier verdicts.
    #[inline]
    pub fn has_revisions(&self) -> bool {
        self.trouble.as_ref().is_some_and(|trouble| trouble.loss.has_revisions())
    }

    /// What the last segment changed of earlier verdicts.
    pub fn take_revisions(&mut self) -> Vec<Revision> {
        self.trouble.as_mut().map(|trouble| trouble.loss.take_revisions()).unwrap_or_default()
    }

    /// From now on it is in trouble.
    pub(super) fn trouble(&mut self) -> &mut Trouble {
        Trouble::of(&mut self.trouble)
    }

    /// Its IP ID identifies nothing.
    pub fn constant_ids(&self) -> bool {
        self.order.ids_constant()
    }

    /// An IP ID that is not of this sender's counter.
    pub fn is_foreign_id(&self, stamp: Stamp) -> bool {
        self.order.is_foreign(stamp)
    }

    /// Nearly all SACK blocks about its data make no sense: something on the path rewrites sequence numbers and not these.
    pub const fn sacks_are_rewritten(&self) -> bool {
        self.sacks_rewritten
    }

    /// Bytes of memory that it takes beside its own size, about.
    pub fn heap(&self) -> usize {
        self.queue.heap() + self.knowledge.heap()
    }

    /// The room of its queues, for another sender.
    pub fn take_room(&mut self) -> QueueRoom {
        QueueRoom { ranges: self.queue.take_room(), letters: self.knowledge.take_room() }
    }

    /// Takes the room of another sender, where nothing was sent yet.
    pub fn give_room(&mut self, room: QueueRoom) {
        self.queue.give_room(room.ranges);
        self.knowledge.give_room(room.letters);
    }

    /// It has sent something that is not acknowledged.
    pub const fn is_waiting(&self) -> bool {
        self.snd_max > self.una
    }

    /// The data of its Fast Open SYN was not taken: it goes out again (RFC 7413 4.2.1), and Linux does that in Loss. `arrived`: the SYN that
    /// carried it did, so that it was refused and not lost.
    pub fn fast_open_refused(&mut self, arrived: bool) {
        let end = self.snd_max;
        let trouble = self.trouble();
        trouble.recovery.on_fast_open_fallback(end);
        if arrived {
            trouble.refused_to = end;
        }
    }

    /// A router says that a packet of it was too big for the path (RFC 1191, RFC 8201): it goes out again in pieces.
    pub fn on_too_big(&mut self, t: Timestamp) {
        self.trouble().too_big.set(t);
    }

    /// A packet of the peer passed on its way to this sender. Gives back what is to be taken as arrived, for want of room.
    #[inline(always)]
    pub fn hear(&mut self, mut news: News) -> Option<Box<News>> {
        if let Some(trouble) = &mut self.trouble
            && let Some(pieces) = trouble.sacked.take()
        {
            trouble.sacks_on_way.push_back(pieces);
            news.says = news.says.with_if(Says::SACKS, true);
        }
        self.knowledge.send(news)
    }

    /// The same of a packet with data that repeats an ACK and a window; false if it does not, and then nothing has happened.
    #[inline(always)]
    pub fn hear_sign(&mut self, t: Timestamp, ack: u64, room: Maybe<u32>) -> bool {
        self.knowledge.sign(t, ack, room)
    }

    /// The copies that came by were made by the capture: its peer never got them, and no D-SACK is for them.
    pub fn forget_copies(&mut self) {
        if let Some(trouble) = &mut self.trouble {
            trouble.copied.clear();
        }
    }

    /// A copy of one of its segments came by.
    pub fn on_copy(&mut self, segment: &Segment) {
        if segment.payload_len > 0 && self.started() {
            let lo = self.position(segment.seq);
            self.trouble().on_copy(segment, lo);
        }
    }

    /// Something is on its way to it.
    pub fn is_expecting(&self) -> bool {
        self.knowledge.is_expecting()
    }

    /// A segment of this sender. `lo`: the position of its first byte of payload.
    pub fn on_segment(&mut self, segment: &Segment, lo: u64, around: &Surroundings) -> Verdict {
        self.catch_up(segment, around);
        self.order.learn(segment);
        let hi = lo + u64::from(segment.payload_len) + u64::from(segment.flags.fin());
        let verdict = self.classify(segment, lo, hi, around);
        if verdict.kind != Kind::Stray {
            self.note_sent(segment, segment.echo());
        }
        verdict
    }

    /// The segment that is expected: the next bytes of the stream, two at least. What has reached the sender was learned.
    #[inline(always)]
    pub(super) fn on_expected(
        &mut self,
        segment: &Segment,
        sizes: Sizes,
        round_trip: impl Fn() -> Option<Nanos>,
    ) -> Verdict {
        let echo = segment.bits.has(SegmentBits::TIMESTAMPS).then_some(segment.tsecr);
        self.knowledge.note_echo(echo);
        self.order.learn(segment);
        let lo = self.snd_max;
        let hi = lo + u64::from(segment.payload_len);
        let stamp = SendOrder::stamp(segment);
        let overtaken = self.order.overtaken(stamp);
        if self.awaits_data {
            self.tell_of_data();
        }
        let fills_window = self.append(segment, (lo, hi, hi), stamp, sizes, overtaken);
        self.unique += hi - lo;
        self.new_since_reopened = true;
        self.queue.prune(self.una.min(self.knowledge.una()), segment.ts, round_trip);
        self.note_sent(segment, echo);
        let mut verdict = Verdict { fills_window, ..Verdict::plain(Kind::New, lo, hi) };
        if overtaken {
            self.loss().on_late_original();
            verdict.kind = Kind::Overtaken;
            verdict.evidence = self.order.evidence(stamp);
        }
        verdict
    }

    /// A segment that was not expected may have changed what its trouble waits for.
    pub(super) fn look_ahead(&mut self) {
        self.awaits_data = self.trouble.as_ref().is_some_and(|trouble| trouble.awaits_data());
    }

    #[cold]
    fn tell_of_data(&mut self) {
        self.awaits_data = false;
        self.trouble().on_expected();
    }

    /// A bare ACK of it that stands behind all that it has sent. What has reached the sender was learned.
    #[inline(always)]
    pub(super) fn on_expected_ack(&mut self, segment: &Segment) -> Verdict {
        let echo = segment.bits.has(SegmentBits::TIMESTAMPS).then_some(segment.tsecr);
        self.knowledge.note_echo(echo);
        self.order.learn(segment);
        self.note_sent(segment, echo);
        Verdict::plain(Kind::Empty, self.snd_max, self.snd_max)
    }

    /// The segment shows what it has heard of.
    #[inline]
    pub(super) fn note_echo(&mut self, segment: &Segment) {
        self.knowledge.note_echo(segment.echo());
    }

    #[inline(always)]
    fn note_sent(&mut self, segment: &Segment, echo: Option<u32>) {
        self.last_sent.raise(segment.ts);
        self.last_stamps = echo.map(|echo| (segment.tsval, echo));
    }

    #[inline(never)]
    fn classify(&mut self, segment: &Segment, lo: u64, hi: u64, around: &Surroundings) -> Verdict {
        let plain = |kind| Verdict::plain(kind, lo, hi);
        if lo.abs_diff(self.snd_max) > FAR {
            return plain(Kind::Stray);
        }
        let payload = u64::from(segment.payload_len);
        if payload <= 1
            && around.plain
            && let Some(probe) = self.probe(segment, lo, payload, around)
        {
            return plain(probe);
        }
        if hi == lo {
            let gap = lo.saturating_sub(self.snd_max);
            self.open_hole(lo, segment);
            return Verdict { gap, ..plain(Kind::Empty) };
        }
        if segment.flags.fin() {
            self.fin_end.raise(hi);
        }
        if payload > 0
            && self.trouble.as_mut().is_some_and(|trouble| trouble.take_probe_byte().is_some())
            && lo >= self.snd_max
        {
            self.new_since_reopened = true;
        }
        let stamp = SendOrder::stamp(segment);
        let verdict = if lo >= self.snd_max {
            self.new_data(segment, lo, hi, stamp, around)
        } else {
            self.old_data(segment, lo, hi, stamp, around)
        };
        if around.heard_peer {
            self.queue.prune(self.una.min(self.knowledge.una()), segment.ts, || around.round_trip());
        } else {
            self.queue.prune_below(self.snd_max.saturating_sub(8 << 20)); // semantics.md 2, no ACK direction
        }
        verdict
    }

    /// Keep-alives and zero-window probes (`semantics.md` 5.2). Linux sends both without payload, one below what comes next.
    #[inline(never)]
    fn probe(&mut self, segment: &Segment, lo: u64, payload: u64, around: &Surroundings) -> Option<Kind> {
        if !segment.flags.ack() {
            return None;
        }
        let closed = self.knowledge.zero_window();
        let closed_itself = self.fin_end() == Some(self.snd_max); // then one below it is any ACK from before the FIN
        if lo + 1 == self.snd_max && !closed_itself && self.first.get().is_some_and(|f| lo >= f.saturating_sub(1)) {
            let all_acked = self.una >= self.snd_max || !around.heard_peer;
            if payload == 0 {
                // A sender that does not act on a window that opened has not heard of it.
                let reopened = self.trouble.as_ref().is_some_and(|trouble| trouble.heard.reopened.is_some());
                let deaf = reopened && !self.new_since_reopened;
                return Some(if closed || deaf { Kind::ZeroWindowProbe } else { Kind::Keepalive });
            }
            let idle = self.last_sent.get().is_none_or(|t| segment.ts - t >= KEEPALIVE_IDLE);
            return (all_acked && idle).then_some(if closed { Kind::ZeroWindowProbe } else { Kind::Keepalive });
        }
        if payload == 1 && lo == self.snd_max && closed && self.knowledge.edge().is_some_and(|edge| edge <= lo) {
            self.trouble().probe_byte.set(lo); // it counts as data once it is acknowledged or sent again
            return Some(Kind::ZeroWindowProbe);
        }
        None
    }

    /// Up to `end` nothing has come by, as this segment shows.
    #[inline]
    fn open_hole(&mut self, end: u64, segment: &Segment) {
        if end > self.snd_max {
            self.miss(end, segment);
        }
    }

    #[cold]
    fn miss(&mut self, end: u64, segment: &Segment) {
        // It was first sent right after the segment that ends where it begins.
        let below = self.queue.last().map_or(0, |r| r.no);
        let shown = Transmission::of(segment, below, Stamp::default());
        self.queue.push(SentRange::hole(self.snd_max, end, shown));
        self.snd_max = end;
    }

    fn new_data(&mut self, segment: &Segment, lo: u64, hi: u64, stamp: Stamp, around: &Surroundings) -> Verdict {
        let gap = lo - self.snd_max;
        self.open_hole(lo, segment);
        let overtaken = self.order.overtaken(stamp);
        let data_end = hi - u64::from(segment.flags.fin());
        let fills_window = self.append(segment, (lo, data_end, hi), stamp, around.sizes(), overtaken);
        self.unique += u64::from(segment.payload_len);
        if let Some(trouble) = &mut self.trouble {
            trouble.recovery.on_new_data();
        }
        self.new_since_reopened = true;
        let mut verdict = Verdict { gap, fills_window, ..Verdict::plain(Kind::New, lo, hi) };
        if overtaken && segment.payload_len > 0 {
            self.loss().on_late_original();
            verdict.kind = Kind::Overtaken;
            verdict.evidence = self.order.evidence(stamp);
        } else if gap > 0 {
            verdict.kind = Kind::NewAfterGap;
        }
        verdict
    }

    /// Adds `[lo, hi)` at the upper end, which is data up to `data_end` and a FIN behind that; the caller has made sure that it begins there.
    /// True if it filled the peer's window.
    #[inline(always)]
    pub(super) fn append(
        &mut self,
        segment: &Segment,
        (lo, data_end, hi): (u64, u64, u64),
        stamp: Stamp,
        sizes: Sizes,
        late: bool,
    ) -> bool {
        let mut marks = Marks::SEGMENT_END;
        if data_end < hi {
            marks.set(Marks::FIN);
        }
        if segment.payload_len > sizes.largest {
            marks.set(Marks::SUPER);
        }
        if late {
            marks.set(Marks::LATE);
        }
        let first = Transmission::of(segment, self.sent, stamp);
        self.sent += 1;
        self.queue.push(SentRange::sent(lo, hi, first, marks));
        self.snd_max = hi;
        self.flight.on_new(segment.ts, (lo, data_end, hi), self.knowledge.una(), sizes.usual);
        let usable = self.knowledge.edge().map(|edge| edge.saturating_sub(hi));
        self.limit.on_new(segment.ts, usable, sizes.usual)
    }
}
