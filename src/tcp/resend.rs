//! Bytes below the highest sent: were they sent again, or have they come late? And what made the sender send them again?
//! (`semantics.md` 5.3 and 5.4.)

use super::event::{Confidence, Evidence};
use super::knowledge::causal_lag;
use super::order::Order;
use super::recovery::{Resend, Trigger};
use super::sender::Sender;
use super::sent::{Marks, SentRange, Stamp, Transmission};
use super::trouble::Trouble;
use super::verdict::{Kind, Surroundings, Verdict};
use crate::base::{Nanos, Segment, Timestamp};

/// The tick of a timestamp clock is 1 ms at most everywhere today (RFC 7323 5.4 allows more); two of them are evidence.
const TICKS: Nanos = Nanos::from_millis(2);
/// Steps backwards of less than this are those of several receive queues (`semantics.md` 0).
const CLOCK_NOISE: Nanos = Nanos::from_millis(1);
/// Without a known round trip a gap filled so soon is reordering, and one filled so late is not (`semantics.md` 5.4 H7).
const SURELY_REORDERED: Nanos = Nanos::from_millis(3);

/// Whether a segment's bytes were sent before, and how that is known.
struct Past {
    again: bool,
    evidence: Evidence,
    confidence: Confidence,
}

impl Sender {
    /// Some of `[lo, hi)`, or all of it, lies below what was sent before.
    #[inline(never)]
    pub(super) fn old_data(
        &mut self,
        segment: &Segment,
        lo: u64,
        hi: u64,
        stamp: Stamp,
        around: &Surroundings,
    ) -> Verdict {
        let old_end = hi.min(self.snd_max);
        self.unique += self.queue.recover(lo, old_end);
        let past = self.was_sent_again(segment, lo, old_end, stamp, around);
        self.order.overtaken(stamp);
        let mut verdict = Verdict { evidence: past.evidence, ..Verdict::plain(Kind::OutOfOrder, lo, hi) };
        verdict.confidence = past.confidence;
        if past.again {
            self.resent(segment, stamp, around, &mut verdict);
        } else {
            verdict.original = self.came_late(segment, lo, hi, stamp);
        }
        if hi > self.snd_max {
            let fresh = self.snd_max;
            let data_end = hi - u64::from(segment.flags.fin());
            let bounds = (fresh, data_end, hi);
            verdict.fills_window = self.append(segment, bounds, stamp, around.sizes(), !past.again);
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
        for range in self.queue.iter_from(above).filter(|r| !r.is_hole()) {
            match self.order.compare(stamp, range.stamp(), ticks_decide && range.lo > lo, true) {
                Order::After => {
                    let seen = range.lo <= lo;
                    return Past { evidence: by_order.evidence.with_if(Evidence::SEEN_BEFORE, seen), ..by_order };
                }
                Order::Before => before_all = true,
                Order::Unknown => {
                    undecided.get_or_insert(range);
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
        let Some(opened) = self.queue.get(hole).map(|h| h.t) else {
            return past(false, Evidence::default(), Confidence::Guess);
        };
        let lag = t - opened;
        if around.regress > CLOCK_NOISE && lag <= around.regress {
            return past(false, Evidence::default(), Confidence::Guess); // the capture itself puts packets out of order
        }
        if self.hole_exposed().is_some_and(|at| at >= opened && t >= at + causal_lag(around.halves.sender)) {
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

    fn hole_exposed(&self) -> Option<Timestamp> {
        self.trouble.as_ref()?.hole_exposed.get()
    }

    /// Time since the sender last sent or heard anything.
    fn silence(&self, t: Timestamp) -> Nanos {
        let last = match (self.last_sent.get(), self.knowledge.heard()) {
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

    /// A full segment that went out three times in vain and now goes out in pieces was too big for the path, and no router said so
    /// (RFC 4821).
    fn note_black_hole(&mut self, segment: &Segment, lo: u64, end: u64, around: &Surroundings) {
        let whole = self.queue.get(self.queue.index_above(lo));
        let in_vain = |r: &SentRange| r.lo == lo && r.hi() > end && r.resent() >= 2 && !r.marks.has(Marks::SUPER);
        if whole.is_some_and(|r| in_vain(r) && r.length() >= u64::from(around.segment_size)) {
            self.on_too_big(segment.ts);
        }
    }

    /// Records a retransmission, and finds what triggered it.
    fn resent(&mut self, segment: &Segment, stamp: Stamp, around: &Surroundings, verdict: &mut Verdict) {
        let (lo, hi) = (verdict.lo, verdict.hi);
        let end = hi.min(self.snd_max);
        self.note_black_hole(segment, lo, end, around);
        let cut = self.queue.cut(lo, end);
        let ranges = || cut.clone().filter_map(|i| self.queue.get(i));
        let last_no = ranges().map(|r| r.last().no).max();
        let both_copies = around.at_peer() && ranges().all(|r| !r.is_hole());
        let arrived = self.una >= end || ranges().all(|r| r.marks.has(Marks::SACKED) || r.hi() <= self.una);
        let unneeded = arrived || both_copies;
        verdict.unneeded = unneeded;
        verdict.original = ranges().next().map(|r| r.last().frame);
        verdict.evidence = verdict.evidence.with_if(Evidence::ACKNOWLEDGED, arrived);
        verdict.evidence = verdict.evidence.with_if(Evidence::BOTH_COPIES, both_copies && !arrived);
        let silence = self.silence(segment.ts).max(self.silence_by_clock(segment));
        let una_known = self.knowledge.una();
        let trouble = Trouble::of(&mut self.trouble);
        let heard = &trouble.heard;
        let resend = Resend {
            lo,
            hi: end,
            t: segment.ts,
            frame: segment.frame,
            snd_max: self.snd_max,
            evidence: last_no.is_some_and(|last| self.knowledge.delivered() > (last, end)),
            silence,
            sack: around.sack,
            heard_peer: around.heard_peer,
            repeated: ranges().all(|r| r.resent() > 0),
            dup_acks: heard.dup_acks,
            dup_acks_for: heard.dup_acks_since.get().map_or(Nanos::ZERO, |since| segment.ts - since),
            sacked: heard.sacked_to > una_known,
            unheard: lo < una_known,
            exposed: !unneeded || trouble.exposed.contains(lo),
        };
        verdict.goes_back = trouble.recovery.goes_back(&resend);
        let trigger = trouble.recovery.on_resend(&resend, segment.timestamp());
        verdict.kind = Kind::Retransmission(trigger);
        verdict.evidence = match trigger {
            Trigger::Fast if around.sack => verdict.evidence.with(Evidence::SACK),
            Trigger::Fast => verdict.evidence.with(Evidence::DUP_ACKS),
            Trigger::Rto | Trigger::Tlp => verdict.evidence.with(Evidence::TIMER),
            Trigger::Unclear => verdict.evidence,
        };
        let fresh = hi.saturating_sub(self.snd_max.max(lo)); // what follows new behind it is no retransmission
        trouble.loss.on_retransmission(trigger, u64::from(segment.payload_len).saturating_sub(fresh));
        // Refused by the server, too big for a router, or sent against a closed window: that is not what loss is.
        let patience = around.round_trip().unwrap_or(Nanos::ZERO).max(Nanos::from_secs(1));
        let too_big = trouble.too_big.get().is_some_and(|t| segment.ts - t < patience);
        let closed = self.knowledge.zero_window() && lo == una_known;
        let turned_away = end <= trouble.refused_to || too_big || closed;
        let copy = Transmission::of(segment, self.sent, stamp);
        self.sent += 1;
        if unneeded {
            trouble.loss.on_spurious(copy.no);
        }
        for range in self.queue.range_mut(cut) {
            if segment.flags.fin() && range.hi() == hi {
                range.marks.set(Marks::FIN);
            }
            if range.is_hole() {
                self.unique += range.payload();
                trouble.loss.lost_upstream(range.payload());
                range.marks.set(Marks::LOST_UPSTREAM);
                range.stamp_first(stamp);
                range.no = copy.no;
            } else if !unneeded && !turned_away {
                trouble.loss.lost_downstream(range.payload());
            }
            range.send_again(copy);
            if unneeded {
                range.note_spurious();
            }
        }
    }

    /// Records a late original of `[lo, hi)`. A copy of it that came before was the retransmission. Gives the frame that had shown its lack, or
    /// that came in its stead.
    fn came_late(&mut self, segment: &Segment, lo: u64, hi: u64, stamp: Stamp) -> Option<u64> {
        let end = hi.min(self.snd_max);
        let loss = &mut Trouble::of(&mut self.trouble).loss;
        if segment.payload_len > 0 {
            loss.on_late_original();
        }
        let evidence = self.order.evidence(stamp);
        let mut replaced = None;
        let mut before = None;
        let cut = self.queue.cut(lo, end);
        for range in self.queue.range_mut(cut) {
            let last = range.last();
            before = before.or(Some(last.frame));
            if segment.flags.fin() && range.hi() == hi {
                range.marks.set(Marks::FIN);
            }
            if range.is_hole() {
                self.unique += range.payload();
                range.stamp_first(stamp);
                range.t = segment.ts;
            } else {
                if range.marks.has(Marks::LOST_UPSTREAM) {
                    loss.found_upstream(range.payload());
                    range.marks.clear(Marks::LOST_UPSTREAM);
                } else if range.resent() == 0 && replaced != Some(last.no) {
                    replaced = Some(last.no);
                    loss.on_replaced(range, evidence);
                }
                range.take_for_resent();
            }
            range.marks.set(Marks::LATE);
            range.copies = range.copies.saturating_add(1);
        }
        before
    }
}
