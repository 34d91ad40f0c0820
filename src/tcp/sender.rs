//! One sending direction: what was each of its segments? (`semantics.md` 5.1 to 5.4.)
//!
//! The verdict is passed once, here; the analyzers read it.

use super::exposed::Exposed;
use super::flight::Flight;
use super::knowledge::{Context, Halves, Knowledge, News, Reader};
use super::limits::WindowLimit;
use super::loss::Loss;
use super::order::SendOrder;
use super::recovery::Recovery;
use super::sent::{Marks, SentQueue, SentRange, Stamp};
use super::verdict::{Kind, Surroundings, Verdict};
use crate::base::{Nanos, Segment, Seq, Timestamp};

/// Sequence numbers further away than this belong to something else (`semantics.md` 2).
pub const FAR: u64 = 1 << 30;
/// A pause of so much before a 1-byte probe makes it a keep-alive: Linux's smallest idle time is 1 s, less jitter.
const KEEPALIVE_IDLE: Nanos = Nanos::from_millis(900);
/// So many copies are remembered until their D-SACKs come.
const COPIES: usize = 16;

/// The model of one sender.
#[derive(Clone, Debug, Default)]
pub struct Sender {
    /// Position of the first byte of the stream, once anything is known of it.
    pub(super) first: Option<u64>,
    pub(super) isn: Option<Seq>,
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
    pub(super) sent: u32,
    pub(super) unique: u64,
    pub(super) last_sent: Option<Timestamp>,
    pub(super) probe_byte: Option<u64>,
    /// The first ACK that told the peer's view of a hole: a duplicate or SACK since the last advance.
    pub(super) hole_exposed: Option<Timestamp>,
    pub(super) new_since_reopened: bool,
    pub(super) exposed: Exposed,
    /// Ranges of copies that came by: a D-SACK may be for them.
    pub(super) copied: Vec<(u64, u64)>,
    /// `TSval` and `TSecr` of its last segment.
    pub(super) last_stamps: Option<(u32, u32)>,
    /// SACK blocks about its data that make sense, and that do not.
    pub(super) sack_blocks: (u32, u32),
    /// Data below was refused with its Fast Open SYN.
    pub(super) refused_to: u64,
    /// When a router said that a packet was too big.
    pub(super) too_big: Option<Timestamp>,
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

    /// Nearly all SACK blocks about its data make no sense: something on the path rewrites sequence numbers and not these.
    pub const fn sacks_are_rewritten(&self) -> bool {
        let (good, bad) = self.sack_blocks;
        bad >= 10 && bad >= 9 * good
    }

    /// Bytes of memory that it takes beside its own size, about.
    pub fn heap(&self) -> usize {
        self.queue.heap() + self.knowledge.heap()
    }

    /// It has sent something that is not acknowledged.
    pub const fn is_waiting(&self) -> bool {
        self.snd_max > self.una
    }

    /// The data of its Fast Open SYN was not taken: it goes out again (RFC 7413 4.2.1), and Linux does that in Loss. `arrived`: the SYN that
    /// carried it did, so that it was refused and not lost.
    pub fn fast_open_refused(&mut self, arrived: bool) {
        self.recovery.on_fast_open_fallback(self.snd_max);
        if arrived {
            self.refused_to = self.snd_max;
        }
    }

    /// A router says that a packet of it was too big for the path (RFC 1191, RFC 8201): it goes out again in pieces.
    pub fn on_too_big(&mut self, t: Timestamp) {
        self.too_big = Some(t);
    }

    /// A packet of the peer passed on its way to this sender.
    pub fn hear(&mut self, news: News, halves: Halves, sack: bool, segment_size: u32) {
        if let Some(oldest) = self.knowledge.send(news) {
            self.learn(&oldest, oldest.t, halves, sack, segment_size);
        }
    }

    /// The copies that came by were made by the capture: its peer never got them, and no D-SACK is for them.
    pub fn forget_copies(&mut self) {
        self.copied.clear();
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
        let closed_itself = self.fin_end == Some(self.snd_max); // then one below it is any ACK from before the FIN
        if lo + 1 == self.snd_max && !closed_itself && self.first.is_some_and(|f| lo >= f.saturating_sub(1)) {
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
    pub(super) fn append(
        &mut self,
        segment: &Segment,
        lo: u64,
        hi: u64,
        stamp: Stamp,
        around: &Surroundings,
        late: bool,
    ) -> bool {
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
}
