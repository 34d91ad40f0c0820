//! One sending direction: what was each of its segments? (`semantics.md` 5.1 to 5.4.)
//!
//! The verdict is passed once, here; the analyzers read it.

use super::event::{Confidence, Evidence};
use super::exposed::Exposed;
use super::flight::Flight;
use super::knowledge::{Context, Halves, Knowledge, News, Reader, causal_lag};
use super::limits::WindowLimit;
use super::loss::Loss;
use super::order::{Order, SendOrder};
use super::recovery::{Recovery, Resend, Trigger};
use super::sent::{Marks, SentQueue, SentRange, Stamp};
use crate::base::{Nanos, Segment, Seq, Timestamp};

/// What a segment was, as data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It takes no sequence space and is no probe.
    Empty,
    /// New data or a new FIN, next in order.
    New,
    /// The same behind a gap.
    NewAfterGap,
    /// New for the stream, but a packet that was sent later came by before.
    Overtaken,
    /// Sent again.
    Retransmission(Trigger),
    /// A late original.
    OutOfOrder,
    /// A keep-alive.
    Keepalive,
    /// A zero-window probe.
    ZeroWindowProbe,
    /// Too far from everything to belong to the stream.
    Stray,
}

/// The verdict on one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What it was.
    pub kind: Kind,
    /// Position of its first byte.
    pub lo: u64,
    /// Position behind its last byte, FIN included.
    pub hi: u64,
    /// It was known at once to be unneeded.
    pub unneeded: bool,
    /// A timer's retransmission that belongs to the recovery after a timeout.
    pub goes_back: bool,
    /// It filled the peer's window.
    pub fills_window: bool,
    /// Bytes before it that have not come by.
    pub gap: u64,
    /// The frame that it repeats, or that came before it out of order.
    pub original: Option<u64>,
    /// On what this rests.
    pub evidence: Evidence,
    /// How sure it is.
    pub confidence: Confidence,
}

impl Verdict {
    /// The verdict on a segment that is nothing but what it says.
    pub const fn plain(kind: Kind, lo: u64, hi: u64) -> Self {
        Self {
            kind,
            lo,
            hi,
            unneeded: false,
            goes_back: false,
            fills_window: false,
            gap: 0,
            original: None,
            evidence: Evidence(0),
            confidence: Confidence::Certain,
        }
    }

    /// It brought bytes that had never been sent.
    pub const fn is_new(&self) -> bool {
        matches!(self.kind, Kind::New | Kind::NewAfterGap | Kind::Overtaken)
    }
}

/// What the sender's model must be told of the rest of the connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Surroundings {
    /// Smallest round trips from the capture point to the sender and to its peer.
    pub halves: Halves,
    /// SACK was negotiated or seen.
    pub sack: bool,
    /// The peer's packets are in the capture.
    pub heard_peer: bool,
    /// The segment's ACK field as a position of the peer's stream.
    pub ack: u64,
    /// The segment may be a keep-alive or a probe by its flags: no SYN, FIN or RST.
    pub plain: bool,
    /// Payload of a full segment of the sender.
    pub segment_size: u32,
    /// A larger payload is a super-packet.
    pub largest_segment: u32,
}

impl Surroundings {
    /// The full round trip, at least.
    fn round_trip(&self) -> Option<Nanos> {
        match (self.halves.sender, self.halves.peer) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        }
    }

    /// The capture point is at the peer: its half is short in itself and next to the other.
    fn at_peer(&self) -> bool {
        matches!((self.halves.sender, self.halves.peer), (Some(s), Some(p)) if p < AT_HOST && s.0 > 9 * p.0)
    }

    fn at_sender(&self) -> bool {
        matches!((self.halves.sender, self.halves.peer), (Some(s), Some(p)) if s < AT_HOST && p.0 > 9 * s.0)
    }
}

/// Whether a segment's bytes were sent before, and how that is known.
struct Past {
    again: bool,
    evidence: Evidence,
    confidence: Confidence,
}

/// A host answers a capture point on itself within this time (`semantics.md` 0, vantage).
pub const AT_HOST: Nanos = Nanos::from_micros(300);
/// Sequence numbers further away than this belong to something else (`semantics.md` 2).
pub const FAR: u64 = 1 << 30;
/// The tick of a timestamp clock is 1 ms at most everywhere today (RFC 7323 5.4 allows more); two of them are evidence.
const TICKS: Nanos = Nanos::from_millis(2);
/// A pause of so much before a 1-byte probe makes it a keep-alive: Linux's smallest idle time is 1 s, less jitter.
const KEEPALIVE_IDLE: Nanos = Nanos::from_millis(900);
/// So many copies are remembered until their D-SACKs come.
const COPIES: usize = 16;
/// Without a known round trip a gap filled so soon is reordering, and one filled so late is not (`semantics.md` 5.4 H7).
const SURELY_REORDERED: Nanos = Nanos::from_millis(3);

/// The model of one sender.
#[derive(Clone, Debug, Default)]
pub struct Sender {
    /// Position of the first byte of the stream, once anything is known of it.
    first: Option<u64>,
    isn: Option<Seq>,
    pub(super) snd_max: u64,
    pub(super) una: u64,
    pub(super) fin_end: Option<u64>,
    pub(super) queue: SentQueue,
    pub(super) order: SendOrder,
    pub(super) knowledge: Knowledge,
    pub(super) recovery: Recovery,
    /// Retransmissions and the like.
    pub loss: Loss,
    /// Flight and initial window.
    pub flight: Flight,
    /// Time held back by the peer's window.
    pub limit: WindowLimit,
    sent: u32,
    unique: u64,
    last_sent: Option<Timestamp>,
    pub(super) probe_byte: Option<u64>,
    /// The first ACK that told the peer's view of a hole: a duplicate or SACK since the last advance.
    pub(super) hole_exposed: Option<Timestamp>,
    new_since_reopened: bool,
    pub(super) exposed: Exposed,
    /// Ranges of copies that came by: a D-SACK may be for them.
    pub(super) copied: Vec<(u64, u64)>,
    /// `TSval` and `TSecr` of its last segment.
    last_stamps: Option<(u32, u32)>,
    /// Duplicate ACKs in a row, and what they acknowledge.
    pub(super) duplicates: (u64, u32),
}

impl Sender {
    /// The stream begins behind this initial sequence number.
    pub fn start_at(&mut self, isn: Seq) {
        let first = isn.first_position() + 1;
        self.isn = Some(isn);
        self.restart(first);
    }

    /// The stream is picked up at this sequence number; its initial one is not known.
    pub fn pick_up(&mut self, seq: Seq) {
        self.restart(seq.first_position());
    }

    fn restart(&mut self, first: u64) {
        self.first = Some(first);
        self.snd_max = first;
        self.una = first;
        self.knowledge.start(first);
    }

    /// Something is known of the stream.
    pub const fn started(&self) -> bool {
        self.first.is_some()
    }

    /// Initial sequence number, if known.
    pub const fn isn(&self) -> Option<Seq> {
        self.isn
    }

    /// The position of a sequence number of this stream.
    pub fn position(&self, seq: Seq) -> u64 {
        seq.near(self.snd_max)
    }

    /// The position of an acknowledgement number for this stream.
    pub fn ack_position(&self, ack: Seq) -> u64 {
        ack.near(self.una.max(self.first.unwrap_or(0)))
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
        self.first.unwrap_or(0)
    }

    /// Position behind the FIN, once it was sent.
    pub const fn fin_end(&self) -> Option<u64> {
        self.fin_end
    }

    /// The FIN was acknowledged.
    pub fn fin_acked(&self) -> bool {
        self.fin_end.is_some_and(|end| self.una >= end)
    }

    /// Payload bytes that came by at least once.
    pub const fn unique_bytes(&self) -> u64 {
        self.unique
    }

    /// Length of the stream by sequence numbers.
    pub fn stream_bytes(&self) -> u64 {
        let end = self.snd_max.max(self.una);
        let fin = self.fin_end.is_some_and(|fin| fin <= end);
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

    /// Loss episodes and the time in them.
    pub fn episodes(&self, end: Timestamp) -> (u64, Nanos) {
        self.recovery.episodes(end)
    }

    /// Its IP ID identifies nothing.
    pub fn constant_ids(&self) -> bool {
        self.order.ids_constant()
    }

    /// An IP ID that is not of this sender's counter.
    pub fn is_foreign_id(&self, stamp: Stamp) -> bool {
        self.order.is_foreign(stamp)
    }

    /// It has sent something that is not acknowledged.
    pub const fn is_waiting(&self) -> bool {
        self.snd_max > self.una
    }

    /// The data of its Fast Open SYN was not taken: it goes out again (RFC 7413 4.2.1), and Linux does that in Loss.
    pub fn fast_open_refused(&mut self) {
        self.recovery.on_fast_open_fallback(self.snd_max);
    }

    /// A packet of the peer passed on its way to this sender.
    pub fn hear(&mut self, news: News, halves: Halves, sack: bool, segment_size: u32) {
        if let Some(oldest) = self.knowledge.send(news) {
            self.learn(&oldest, oldest.t, halves, sack, segment_size);
        }
    }

    /// A copy of one of its segments came by.
    pub fn on_copy(&mut self, segment: &Segment) {
        if segment.payload_len > 0 && self.started() {
            let lo = self.position(segment.seq);
            if self.copied.len() >= COPIES {
                self.copied.remove(0);
            }
            self.copied.push((lo, lo + u64::from(segment.payload_len)));
        }
    }

    /// The end of the capture: what was still on its way arrives.
    pub fn finish(&mut self, halves: Halves, sack: bool, segment_size: u32) {
        while let Some((news, arrival)) = self.knowledge.receive_all(halves) {
            self.learn(&news, arrival, halves, sack, segment_size);
        }
    }

    /// A segment of this sender. `lo`: the position of its first byte of payload.
    pub fn on_segment(&mut self, segment: &Segment, lo: u64, around: &Surroundings) -> Verdict {
        self.catch_up(segment, around);
        self.order.learn(segment);
        let hi = lo + u64::from(segment.payload_len) + u64::from(segment.flags.fin());
        let verdict = self.classify(segment, lo, hi, around);
        if verdict.kind != Kind::Stray {
            self.last_sent = Some(self.last_sent.map_or(segment.ts, |t| t.max(segment.ts)));
            self.last_stamps = segment.echo().map(|echo| (segment.tsval, echo));
        }
        verdict
    }

    /// Lets the sender have what it can have had when it sent this segment.
    fn catch_up(&mut self, segment: &Segment, around: &Surroundings) {
        let reader = Reader { t: segment.ts, echo: segment.echo(), ack: around.ack };
        while let Some((news, arrival)) = self.knowledge.receive(&reader, around.halves) {
            self.learn(&news, arrival, around.halves, around.sack, around.segment_size);
        }
    }

    pub(super) fn learn(&mut self, news: &News, arrival: Timestamp, halves: Halves, sack: bool, segment_size: u32) {
        let context = Context { halves, snd_max: self.snd_max, sack };
        let was_closed = self.knowledge.zero_window();
        self.knowledge.learn(news, arrival, &mut self.queue, &mut self.recovery, context);
        if was_closed && !self.knowledge.zero_window() {
            self.new_since_reopened = false;
        }
        self.limit.on_edge(arrival, self.knowledge.edge(), self.snd_max, segment_size);
    }

    fn classify(&mut self, segment: &Segment, lo: u64, hi: u64, around: &Surroundings) -> Verdict {
        let plain = |kind| Verdict::plain(kind, lo, hi);
        if lo.abs_diff(self.snd_max) > FAR {
            return plain(Kind::Stray);
        }
        let payload = u64::from(segment.payload_len);
        if let Some(probe) = self.probe(segment, lo, payload, around) {
            return plain(probe);
        }
        if hi == lo {
            let gap = lo.saturating_sub(self.snd_max);
            self.open_hole(lo, segment);
            return Verdict { gap, ..plain(Kind::Empty) };
        }
        if segment.flags.fin() {
            self.fin_end = Some(self.fin_end.map_or(hi, |end| end.max(hi)));
        }
        if payload > 0 && self.probe_byte.take().is_some() && lo >= self.snd_max {
            self.new_since_reopened = true;
        }
        let stamp = SendOrder::stamp(segment);
        let verdict = if lo >= self.snd_max {
            self.new_data(segment, lo, hi, stamp, around)
        } else {
            self.old_data(segment, lo, hi, stamp, around)
        };
        let keep = around.round_trip().unwrap_or(Nanos::ZERO).scale(2, 1).max(Nanos::from_secs(1));
        if around.heard_peer {
            self.queue.prune(self.una, self.knowledge.una(), segment.ts, keep);
        } else {
            self.queue.prune_below(self.snd_max.saturating_sub(8 << 20)); // semantics.md 2, no ACK direction
        }
        verdict
    }

    /// Keep-alives and zero-window probes (`semantics.md` 5.2). Linux sends both without payload, one below what comes next.
    fn probe(&mut self, segment: &Segment, lo: u64, payload: u64, around: &Surroundings) -> Option<Kind> {
        if !around.plain || payload > 1 || !segment.flags.ack() {
            return None;
        }
        let closed = self.knowledge.zero_window();
        if lo + 1 == self.snd_max && self.first.is_some_and(|f| lo >= f.saturating_sub(1)) {
            let all_acked = self.una >= self.snd_max || !around.heard_peer;
            if payload == 0 {
                // A sender that does not act on a window that opened has not heard of it.
                let deaf = self.knowledge.reopened().is_some() && !self.new_since_reopened;
                return Some(if closed || deaf { Kind::ZeroWindowProbe } else { Kind::Keepalive });
            }
            let idle = self.last_sent.is_none_or(|t| segment.ts - t >= KEEPALIVE_IDLE);
            return (all_acked && idle).then_some(if closed { Kind::ZeroWindowProbe } else { Kind::Keepalive });
        }
        if payload == 1 && lo == self.snd_max && closed && self.knowledge.edge().is_some_and(|edge| edge <= lo) {
            self.probe_byte = Some(lo); // it counts as data once it is acknowledged or sent again
            return Some(Kind::ZeroWindowProbe);
        }
        None
    }

    /// Up to `end` nothing has come by, as this segment shows.
    fn open_hole(&mut self, end: u64, segment: &Segment) {
        if end <= self.snd_max {
            return;
        }
        // It was first sent right after the segment that ends where it begins.
        let below = self.queue.iter().next_back().map_or(0, |r| r.first_no);
        self.queue.push(SentRange {
            lo: self.snd_max,
            hi: end,
            first_t: segment.ts,
            last_t: segment.ts,
            first_frame: segment.frame,
            last_frame: segment.frame,
            first_no: below,
            last_no: below,
            ..SentRange::default()
        });
        self.snd_max = end;
    }

    fn new_data(&mut self, segment: &Segment, lo: u64, hi: u64, stamp: Stamp, around: &Surroundings) -> Verdict {
        let gap = lo - self.snd_max;
        self.open_hole(lo, segment);
        let overtaken = self.order.overtaken(stamp, lo);
        let fills_window = self.append(segment, lo, hi, stamp, around, overtaken);
        self.unique += u64::from(segment.payload_len);
        self.recovery.on_new_data();
        self.new_since_reopened = true;
        let mut verdict = Verdict { gap, fills_window, ..Verdict::plain(Kind::New, lo, hi) };
        if overtaken && segment.payload_len > 0 {
            self.loss.on_late_original();
            verdict.kind = Kind::Overtaken;
            verdict.evidence = self.order.evidence(stamp);
        } else if gap > 0 {
            verdict.kind = Kind::NewAfterGap;
        }
        verdict
    }

    /// Adds `[lo, hi)` at the upper end; the caller has made sure that it begins there. True if it filled the peer's window.
    fn append(&mut self, segment: &Segment, lo: u64, hi: u64, stamp: Stamp, around: &Surroundings, late: bool) -> bool {
        let mut marks = Marks::SEGMENT_END;
        if segment.flags.fin() {
            marks.set(Marks::FIN);
        }
        if segment.payload_len > around.largest_segment {
            marks.set(Marks::SUPER);
        }
        if late {
            marks.set(Marks::LATE);
        }
        let no = self.sent;
        self.sent += 1;
        self.queue.push(SentRange {
            lo,
            hi,
            first_t: segment.ts,
            last_t: segment.ts,
            first_frame: segment.frame,
            last_frame: segment.frame,
            first_no: no,
            last_no: no,
            first: stamp,
            last: stamp,
            copies: 1,
            marks,
            ..SentRange::default()
        });
        self.snd_max = hi;
        let data_end = hi - u64::from(segment.flags.fin());
        self.flight.on_new(segment.ts, (lo, data_end, hi), self.knowledge.una(), around.segment_size);
        let usable = self.knowledge.edge().map(|edge| edge.saturating_sub(hi));
        self.limit.on_new(segment.ts, usable, around.segment_size)
    }

    fn old_data(&mut self, segment: &Segment, lo: u64, hi: u64, stamp: Stamp, around: &Surroundings) -> Verdict {
        let old_end = hi.min(self.snd_max);
        let past = self.was_sent_again(segment, lo, old_end, stamp, around);
        self.order.overtaken(stamp, lo);
        let mut verdict = Verdict { evidence: past.evidence, ..Verdict::plain(Kind::OutOfOrder, lo, hi) };
        verdict.confidence = past.confidence;
        if past.again {
            self.resent(segment, stamp, around, &mut verdict);
        } else {
            verdict.original = self.came_late(segment, lo, hi, stamp);
        }
        if hi > self.snd_max {
            let fresh = self.snd_max;
            verdict.fills_window = self.append(segment, fresh, hi, stamp, around, !past.again);
            self.unique += (hi - fresh).saturating_sub(u64::from(segment.flags.fin()));
        }
        verdict
    }

    /// Is it a retransmission? It is if it begins below the end of something that was sent before it (`semantics.md` 5.4).
    fn was_sent_again(&self, segment: &Segment, lo: u64, end: u64, stamp: Stamp, around: &Surroundings) -> Past {
        let ticks_decide = around.round_trip().is_some_and(|r| r >= TICKS);
        let above = self.queue.index_above(lo);
        let mut undecided = None;
        let mut before_all = false;
        let by_order = Past { again: true, evidence: self.order.evidence(stamp), confidence: Confidence::Certain };
        for range in self.queue.iter().skip(above).filter(|r| !r.is_hole()) {
            match self.order.compare(stamp, range.first, ticks_decide && range.lo > lo, true) {
                Order::After => {
                    let seen = range.lo <= lo;
                    return Past { evidence: by_order.evidence.with_if(Evidence::SEEN_BEFORE, seen), ..by_order };
                }
                Order::Before => before_all = true,
                Order::Unknown => {
                    undecided.get_or_insert(*range);
                }
            }
        }
        let Some(next) = undecided else {
            // All that it can be compared with was sent later; or nothing of it is known any more, and it was acknowledged long ago.
            let evidence = if before_all { by_order.evidence } else { Evidence::ACKNOWLEDGED };
            return Past { again: !before_all, evidence, ..by_order };
        };
        let hole = self.queue.get(above).is_some_and(SentRange::is_hole);
        if !hole || next.lo < end {
            return Past { evidence: Evidence::SEEN_BEFORE, ..by_order }; // bytes that came by are not new without evidence
        }
        if around.at_sender() {
            return Past { evidence: Evidence::CAPTURE_ORDER, ..by_order };
        }
        self.fills_by_time(segment.ts, above, around)
    }

    /// A hole is filled and neither IDs nor timestamps say by what: could the sender have known of the loss? (`semantics.md` 5.4 H4 to H8.)
    fn fills_by_time(&self, t: Timestamp, hole: usize, around: &Surroundings) -> Past {
        let past = |again, evidence, confidence| Past { again, evidence, confidence };
        let Some(opened) = self.queue.get(hole).map(|h| h.first_t) else {
            return past(false, Evidence::default(), Confidence::Guess);
        };
        let lag = t - opened;
        if self.hole_exposed.is_some_and(|at| at >= opened && t >= at + causal_lag(around.halves.sender)) {
            return past(true, Evidence::DUP_ACKS, Confidence::Likely);
        }
        if self.silence(t) >= Nanos::from_millis(180) {
            return past(true, Evidence::TIMER, Confidence::Guess);
        }
        match around.round_trip() {
            Some(r) if lag < r.scale(9, 10) => past(false, Evidence::CAUSALITY, Confidence::Likely),
            Some(_) => past(true, Evidence::default(), Confidence::Guess),
            None => past(lag > SURELY_REORDERED, Evidence::default(), Confidence::Guess),
        }
    }

    /// Time since the sender last sent or heard anything.
    fn silence(&self, t: Timestamp) -> Nanos {
        let last = match (self.last_sent, self.knowledge.heard()) {
            (Some(a), Some(b)) => a.max(b),
            (a, b) => a.or(b).unwrap_or(t),
        };
        t - last
    }

    /// The same by the sender's own clock, for packets that a stalled path delivers all at once: an unchanged echo means that nothing new
    /// was heard.
    fn silence_by_clock(&self, segment: &Segment) -> Nanos {
        match (self.last_stamps, segment.echo()) {
            (Some((tsval, echo)), Some(now)) if echo == now => {
                let ticks = i64::from((segment.tsval.wrapping_sub(tsval) as i32).max(0));
                self.order.ticks(ticks)
            }
            _ => Nanos::ZERO,
        }
    }

    /// Records a retransmission, and finds what triggered it.
    fn resent(&mut self, segment: &Segment, stamp: Stamp, around: &Surroundings, verdict: &mut Verdict) {
        let (lo, hi) = (verdict.lo, verdict.hi);
        let end = hi.min(self.snd_max);
        let cut = self.queue.cut(lo, end);
        let ranges = || cut.clone().filter_map(|i| self.queue.get(i));
        let last_no = ranges().map(|r| r.last_no).max();
        let both_copies = around.at_peer() && ranges().all(|r| !r.is_hole());
        let arrived = self.una >= end || ranges().all(|r| r.marks.has(Marks::SACKED) || r.hi <= self.una);
        let unneeded = arrived || both_copies;
        verdict.unneeded = unneeded;
        verdict.original = ranges().next().map(|r| r.last_frame);
        verdict.evidence = verdict.evidence.with_if(Evidence::ACKNOWLEDGED, arrived);
        verdict.evidence = verdict.evidence.with_if(Evidence::BOTH_COPIES, both_copies && !arrived);
        let resend = Resend {
            lo,
            hi: end,
            t: segment.ts,
            snd_max: self.snd_max,
            evidence: matches!((self.knowledge.delivered_no(), last_no), (Some(d), Some(n)) if d > n),
            silence: self.silence(segment.ts).max(self.silence_by_clock(segment)),
            sack: around.sack,
            heard_peer: around.heard_peer,
            repeated: ranges().all(|r| r.resent > 0),
            dup_acks: self.knowledge.dup_acks(),
            dup_acks_for: self.knowledge.dup_acks_since().map_or(Nanos::ZERO, |since| segment.ts - since),
            sacked: self.knowledge.sacked(),
            unheard: lo < self.knowledge.una(),
            exposed: !unneeded || self.exposed.contains(lo),
        };
        verdict.goes_back = self.recovery.goes_back(&resend);
        let trigger = self.recovery.on_resend(&resend, segment.timestamp());
        verdict.kind = Kind::Retransmission(trigger);
        verdict.evidence = match trigger {
            Trigger::Fast if around.sack => verdict.evidence.with(Evidence::SACK),
            Trigger::Fast => verdict.evidence.with(Evidence::DUP_ACKS),
            Trigger::Rto | Trigger::Tlp => verdict.evidence.with(Evidence::TIMER),
            Trigger::Unclear => verdict.evidence,
        };
        self.loss.on_retransmission(trigger, u64::from(segment.payload_len));
        if unneeded {
            self.loss.on_spurious();
        }
        let no = self.sent;
        self.sent += 1;
        for index in cut {
            let Some(range) = self.queue.get_mut(index) else { continue };
            if segment.flags.fin() && range.hi == hi {
                range.marks.set(Marks::FIN);
            }
            if range.is_hole() {
                self.unique += range.payload();
                self.loss.lost_upstream(range.payload());
                range.marks.set(Marks::LOST_UPSTREAM);
                range.first = stamp;
                range.first_no = no;
            } else if !unneeded {
                self.loss.lost_downstream(range.payload());
            }
            range.copies = range.copies.saturating_add(1);
            range.resent = range.resent.saturating_add(1);
            range.spurious += u8::from(unneeded && range.spurious < u8::MAX);
            range.last_t = segment.ts;
            range.last_frame = segment.frame;
            range.last_no = no;
            range.last = stamp;
        }
    }

    /// Records a late original of `[lo, hi)`. A copy of it that came before was the retransmission. Gives the frame that had shown its lack, or
    /// that came in its stead.
    fn came_late(&mut self, segment: &Segment, lo: u64, hi: u64, stamp: Stamp) -> Option<u64> {
        let end = hi.min(self.snd_max);
        if segment.payload_len > 0 {
            self.loss.on_late_original();
        }
        let evidence = self.order.evidence(stamp);
        let mut replaced = None;
        let mut before = None;
        for index in self.queue.cut(lo, end) {
            let Some(range) = self.queue.get_mut(index) else { continue };
            before = before.or(Some(range.last_frame));
            if segment.flags.fin() && range.hi == hi {
                range.marks.set(Marks::FIN);
            }
            if range.is_hole() {
                self.unique += range.payload();
                range.first = stamp;
                range.last = stamp;
                range.first_t = segment.ts;
                range.last_t = segment.ts;
            } else {
                if range.marks.has(Marks::LOST_UPSTREAM) {
                    self.loss.found_upstream(range.payload());
                    range.marks.clear(Marks::LOST_UPSTREAM);
                } else if range.resent == 0 && replaced != Some(range.last_no) {
                    replaced = Some(range.last_no);
                    self.loss.on_replaced(range, evidence);
                }
                range.resent = range.resent.max(1);
            }
            range.marks.set(Marks::LATE);
            range.copies = range.copies.saturating_add(1);
        }
        before
    }
}
