//! What the peer's ACKs say of a sender's data as they pass the capture point: advance, SACK, D-SACK, round trips, and
//! retransmissions that prove unneeded (`semantics.md` 4.1, 5.3 and 5.6).

use super::event::Evidence;
use super::rtt::{Sample, SampleClass};
use super::scoreboard::{Piece, Pieces};
use super::sender::{FAR, Sender};
use super::sent::{Marks, SentRange, Transmission};
use super::trouble::Trouble;
use crate::base::{Maybe, Nanos, SackBlock, Segment, Timestamp};

/// What an ACK did for the sender whose data it is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AckMove {
    /// The position that it acknowledges.
    pub ack: u64,
    /// It acknowledges more than any before.
    pub advanced: bool,
    /// It acknowledges less: it was overtaken, or is stale.
    pub old: bool,
    /// It acknowledges bytes that never came by.
    pub covers_hole: bool,
    /// Data was outstanding before it.
    pub outstanding: bool,
    /// It carries SACK information that is new.
    pub sacked: bool,
    /// It carries a D-SACK (RFC 2883).
    pub dsack: bool,
    /// It acknowledges something that was never sent, far away.
    pub absurd: bool,
}

/// A retransmission whose bytes are acknowledged sooner than this after the causal bound was not the cause (`semantics.md` 5.3).
const CAUSALITY_SLACK: Nanos = Nanos::from_millis(1);

impl Sender {
    /// An ACK of the peer passes; gives the round trip that it measures. `half`: smallest round trip between the capture point and the peer.
    #[inline(always)]
    pub fn on_ack(
        &mut self,
        segment: &Segment,
        sacks: &[SackBlock],
        half: Option<Nanos>,
        segment_size: u32,
        moved: &mut AckMove,
    ) -> Option<Sample> {
        moved.ack = self.ack_position(segment.ack);
        moved.outstanding = self.snd_max > self.una;
        if moved.ack.abs_diff(self.una) > FAR {
            moved.absurd = true;
            return None;
        }
        moved.advanced = moved.ack > self.una;
        moved.old = moved.ack < self.una;
        let mut sample = None;
        if moved.advanced {
            sample = self.advance(segment, half, segment_size, moved);
        }
        if !sacks.is_empty() {
            sample = sample.or(self.on_sacks(segment, sacks, moved, half));
        }
        sample
    }

    /// An ACK of this is believed, and acknowledges more than before.
    #[inline(always)]
    pub(super) fn advances_to(&self, ack: u64) -> bool {
        ack > self.una && ack - self.una <= FAR
    }

    /// More is acknowledged than before. Gives the round trip that this measures.
    #[inline(never)]
    pub(super) fn advance(
        &mut self,
        segment: &Segment,
        half: Option<Nanos>,
        segment_size: u32,
        moved: &mut AckMove,
    ) -> Option<Sample> {
        let ack = moved.ack;
        if ack > self.snd_max {
            self.acknowledged_unseen(segment, ack);
        }
        let covered = self.covered(ack);
        let sample = self.sample(segment, ack, &covered, segment_size);
        if covered.resent {
            self.find_unneeded(segment, ack, covered.start, half);
        }
        self.queue.note_passed(covered.end);
        moved.covers_hole = covered.hole;
        self.una = ack;
        if let Some(trouble) = &mut self.trouble {
            trouble.hole_exposed = Maybe::NONE;
        }
        sample
    }

    /// The ACK was a duplicate: the peer lacks what begins at `una`. The third one makes a sender believe it (RFC 5681 3.2).
    pub fn on_duplicate_ack(&mut self, t: Timestamp) {
        let una = self.una;
        self.trouble().on_duplicate_ack(t, una);
    }

    /// Bytes were acknowledged that never came by: the capture missed them, or they are still to come.
    #[cold]
    fn acknowledged_unseen(&mut self, segment: &Segment, ack: u64) {
        let probed = self.trouble.as_mut().and_then(|trouble| trouble.take_probe_byte());
        let range = if probed == Some(self.snd_max) && ack == self.snd_max + 1 {
            self.unique += 1;
            SentRange::sent(self.snd_max, ack, Transmission::default(), Marks::LATE)
        } else {
            let no = self.queue.last().map_or(0, |r| r.no);
            let shown = Transmission { t: segment.ts, no, ..Transmission::default() };
            SentRange::hole(self.snd_max, ack, shown)
        };
        self.queue.push(range);
        self.snd_max = ack;
    }

    /// What is newly acknowledged by an advance to `ack`.
    fn covered(&self, ack: u64) -> Covered {
        let start = self.queue.first_unpassed(self.una);
        let mut covered = Covered { start, end: start, clean: true, ..Covered::default() };
        let mut next = start;
        while let Some(range) = self.queue.get(next).filter(|r| r.lo < ack) {
            if range.sent_once() {
                covered.clean &= !range.marks.any(Marks::LATE.with(Marks::SACKED));
                covered.newest.raise(range.t);
            } else {
                covered.clean = false;
                covered.newest.raise(range.last_t());
                covered.hole |= range.is_hole();
                covered.resent |= range.may_be_spurious();
            }
            let whole = range.hi() <= ack;
            covered.end += usize::from(whole);
            let first_of_super = range.marks.has(Marks::SUPER) && self.una <= range.lo;
            if whole || first_of_super {
                covered.last = Some(next);
            }
            next += 1;
        }
        covered
    }

    /// The round trip that an advance to `ack` measures, if it measures one (Karn over the whole range; `semantics.md` 4.1 A and C).
    fn sample(&self, segment: &Segment, ack: u64, covered: &Covered, segment_size: u32) -> Option<Sample> {
        let last = self.queue.get(covered.last?)?;
        let new_bytes = ack - self.una;
        let class = if segment.payload_len > 0 && new_bytes < 2 * u64::from(segment_size) {
            SampleClass::Piggyback
        } else if new_bytes >= 2 * u64::from(segment_size) || self.recovering() {
            SampleClass::Immediate
        } else {
            SampleClass::MaybeDelayed
        };
        if covered.clean && covered.newest.get() == Some(last.t) {
            let already = last.marks.has(Marks::SUPER) && last.lo < self.una;
            let bare = segment.payload_len == 0;
            return (!already).then(|| Sample { t: segment.ts, rtt: segment.ts - last.t, class, bare });
        }
        self.sample_by_timestamp(segment, ack, covered.start)
    }

    fn recovering(&self) -> bool {
        self.trouble.as_ref().is_some_and(|trouble| trouble.recovery.active())
    }

    /// RFC 7323 4.3: the echo names the copy that moved the left edge, if only one of the range's copies bears it.
    #[inline(never)]
    fn sample_by_timestamp(&self, segment: &Segment, ack: u64, start: usize) -> Option<Sample> {
        let echo = segment.echo()?;
        let head = self.queue.get(start)?;
        let whole = head.hi() <= ack && !head.marks.has(Marks::LATE) && !head.marks.has(Marks::SACKED);
        let (first, last) = (head.first(), head.last());
        let last_only = head.resent() > 0 && last.stamp.timed && last.stamp.tsval == echo;
        let ambiguous = head.copies > 1 && first.stamp.tsval == last.stamp.tsval;
        (whole && last_only && !ambiguous).then(|| Sample {
            t: segment.ts,
            rtt: segment.ts - last.t,
            class: SampleClass::Immediate,
            bare: segment.payload_len == 0,
        })
    }

    /// Retransmissions below `ack`, from the range at `start` on, that cannot have caused it.
    #[inline(never)]
    fn find_unneeded(&mut self, segment: &Segment, ack: u64, start: usize, half: Option<Nanos>) {
        let mut index = start;
        while let Some(range) = self.queue.get(index).filter(|r| r.lo < ack) {
            if range.may_be_spurious() && range.copies > 0 && range.hi() <= ack {
                let (first, last) = (range.first(), range.last());
                let too_soon = half.is_some_and(|h| segment.ts - last.t < h.scale(9, 10) - CAUSALITY_SLACK);
                let told = index == start
                    && range.copies > 1
                    && first.stamp.timed
                    && segment.echo() == Some(first.stamp.tsval)
                    && first.stamp.tsval != last.stamp.tsval;
                if range.copies > 1 && too_soon || told {
                    let evidence = if told { Evidence::EIFEL } else { Evidence::CAUSALITY };
                    self.revise_as_spurious(index, evidence);
                }
            }
            index += 1;
        }
    }

    fn revise_as_spurious(&mut self, index: usize, evidence: Evidence) {
        let trouble = Trouble::of(&mut self.trouble);
        trouble.loss.revise_as_spurious(&mut self.queue, index, evidence);
    }

    /// Takes in the SACK blocks; a block that is news gives a round trip of its own, without delayed ACK (`semantics.md` 4.1 B).
    #[inline(never)]
    fn on_sacks(
        &mut self,
        segment: &Segment,
        sacks: &[SackBlock],
        moved: &mut AckMove,
        half: Option<Nanos>,
    ) -> Option<Sample> {
        if self.sacks_are_rewritten() {
            return None;
        }
        let (mut sample, mut top) = (None, None);
        let mut pieces = Pieces::default();
        for (i, block) in sacks.iter().enumerate() {
            let (lo, hi) = (self.ack_position(block.left), self.ack_position(block.right));
            if hi <= lo || hi - lo > FAR || lo.abs_diff(self.una) > FAR {
                self.trouble().sack_blocks.1 += 1;
                continue;
            }
            if i == 0 && self.is_dsack(lo, hi, moved.ack, sacks) {
                moved.dsack = true;
                self.on_dsack(lo, hi);
                continue;
            }
            if lo < self.una || hi > self.snd_max {
                self.trouble().sack_blocks.1 += 1;
                continue;
            }
            top = top.max(Some(hi));
            let una = self.una;
            let trouble = self.trouble();
            trouble.sack_blocks.0 += 1;
            if let Some(piece) = trouble.scoreboard.add((lo, hi), una) {
                let (news, rtt) = self.mark_sacked(segment, piece, hi, half);
                moved.sacked |= news;
                sample = sample.or(rtt);
                if let Some(slot) = pieces.get_mut(i) {
                    *slot = piece;
                }
            }
        }
        self.sacks_rewritten = self.trouble.as_ref().is_some_and(|trouble| trouble.sacks_are_rewritten());
        if let Some(top) = top {
            let trouble = self.trouble();
            trouble.exposed.add(moved.ack, top);
            trouble.hole_exposed.set_if_none(segment.ts);
            trouble.sacked = (pieces != Pieces::default()).then_some(pieces);
        }
        sample
    }

    /// RFC 2883 4: the first block lies below the ACK, or inside the second block.
    fn is_dsack(&self, lo: u64, hi: u64, ack: u64, sacks: &[SackBlock]) -> bool {
        if hi <= ack {
            return true;
        }
        sacks.get(1).is_some_and(|b| self.ack_position(b.left) <= lo && hi <= self.ack_position(b.right))
    }

    fn on_dsack(&mut self, lo: u64, hi: u64) {
        if self.trouble().take_copy(lo, hi) {
            return; // it is for the copy that the network made
        }
        let mut index = self.queue.index_above(lo);
        while let Some(range) = self.queue.get(index).filter(|r| r.lo < hi) {
            if range.may_be_spurious() {
                self.revise_as_spurious(index, Evidence::DSACK);
            }
            index += 1;
        }
    }

    /// Marks a piece of a block that ends at `end`. Was any of it news, and what round trip does it give?
    fn mark_sacked(
        &mut self,
        segment: &Segment,
        (lo, hi): Piece,
        end: u64,
        half: Option<Nanos>,
    ) -> (bool, Option<Sample>) {
        let (mut news, mut sample) = (false, None);
        for index in self.queue.cut(lo, hi) {
            let Some(range) = self.queue.get_mut(index).filter(|r| !r.marks.has(Marks::SACKED)) else { continue };
            range.marks.set(Marks::SACKED);
            news = true;
            let timed = range.sent_once()
                && range.hi() == end
                && range.marks.has(Marks::SEGMENT_END)
                && !range.marks.has(Marks::LATE);
            if timed {
                let rtt = segment.ts - range.t;
                sample =
                    Some(Sample { t: segment.ts, rtt, class: SampleClass::Immediate, bare: segment.payload_len == 0 });
            }
            if range.may_be_spurious() && range.copies > 1 {
                let since = segment.ts - range.last_t();
                if half.is_some_and(|h| since < h.scale(9, 10) - CAUSALITY_SLACK) {
                    self.revise_as_spurious(index, Evidence::CAUSALITY);
                }
            }
        }
        (news, sample)
    }
}

/// What an ACK newly acknowledges.
#[derive(Clone, Copy, Debug, Default)]
struct Covered {
    /// Index of the first range.
    start: usize,
    /// Index of the first range that is not acknowledged as a whole.
    end: usize,
    /// Index of the last range whose segment has arrived.
    last: Option<usize>,
    /// All of it was sent once, and nothing of it was told of before.
    clean: bool,
    /// When the last of it was sent.
    newest: Maybe<Timestamp>,
    /// Some of it never came by.
    hole: bool,
    /// Some of it was sent again, and was not known to be unneeded.
    resent: bool,
}
