//! What the peer's ACKs say of a sender's data as they pass the capture point: advance, SACK, D-SACK, round trips, and
//! retransmissions that prove unneeded (`semantics.md` 4.1, 5.3 and 5.6).

use super::event::Evidence;
use super::rtt::{Sample, SampleClass};
use super::sender::{FAR, Sender};
use super::sent::{Marks, SentRange};
use crate::base::{Nanos, SackBlock, Segment, Timestamp};

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
    /// Its SACK blocks as positions, as far as they make sense.
    pub blocks: [(u64, u64); 4],
    /// How many of them.
    pub block_count: u8,
}

/// A retransmission whose bytes are acknowledged sooner than this after the causal bound was not the cause (`semantics.md` 5.3).
const CAUSALITY_SLACK: Nanos = Nanos::from_millis(1);

impl Sender {
    /// An ACK of the peer passes. `half`: smallest round trip between the capture point and the peer.
    pub fn on_ack(
        &mut self,
        segment: &Segment,
        sacks: &[SackBlock],
        half: Option<Nanos>,
        segment_size: u32,
    ) -> (AckMove, Option<Sample>) {
        let ack = self.ack_position(segment.ack);
        let mut moved = AckMove { ack, outstanding: self.snd_max > self.una, ..AckMove::default() };
        if ack.abs_diff(self.una) > FAR {
            moved.absurd = true;
            return (moved, None);
        }
        if ack > self.snd_max {
            self.acknowledged_unseen(segment, ack);
        }
        let mut sample = None;
        if ack > self.una {
            moved.advanced = true;
            sample = self.sample(segment, ack, segment_size);
            moved.covers_hole = self.find_unneeded(segment, ack, half);
            self.una = ack;
            self.hole_exposed = None;
        } else {
            moved.old = ack < self.una;
        }
        if !sacks.is_empty() && !self.sacks_are_rewritten() {
            let sacked = self.on_sacks(segment, sacks, &mut moved, half);
            sample = sample.or(sacked);
        }
        (moved, sample)
    }

    /// The ACK was a duplicate: the peer lacks what begins at `una`. The third one makes a sender believe it (RFC 5681 3.2).
    pub fn on_duplicate_ack(&mut self, t: Timestamp) {
        self.hole_exposed.get_or_insert(t);
        self.duplicates = if self.duplicates.0 == self.una { (self.una, self.duplicates.1 + 1) } else { (self.una, 1) };
        if self.duplicates.1 == 3 {
            self.exposed.add(self.una, self.una + 1);
        }
    }

    /// Bytes were acknowledged that never came by: the capture missed them, or they are still to come.
    fn acknowledged_unseen(&mut self, segment: &Segment, ack: u64) {
        if self.probe_byte.take() == Some(self.snd_max) && ack == self.snd_max + 1 {
            self.unique += 1;
            self.queue.push(SentRange {
                lo: self.snd_max,
                hi: ack,
                copies: 1,
                marks: Marks::LATE,
                ..SentRange::default()
            });
        } else {
            let mut hole = SentRange {
                lo: self.snd_max,
                hi: ack,
                first_t: segment.ts,
                last_t: segment.ts,
                ..SentRange::default()
            };
            hole.first_no = self.queue.iter().next_back().map_or(0, |r| r.first_no);
            hole.last_no = hole.first_no;
            self.queue.push(hole);
        }
        self.snd_max = ack;
    }

    /// The round trip that an advance to `ack` measures, if it measures one (Karn over the whole range; `semantics.md` 4.1 A and C).
    fn sample(&self, segment: &Segment, ack: u64, segment_size: u32) -> Option<Sample> {
        let start = self.queue.index_above(self.una);
        let mut last: Option<&SentRange> = None;
        let mut clean = true;
        let mut newest = None;
        for range in self.queue.iter().skip(start).take_while(|r| r.lo < ack) {
            let soiled = Marks::LATE.with(Marks::SACKED);
            clean &= range.copies == 1 && range.resent == 0 && !range.marks.any(soiled);
            newest = newest.max(Some(range.last_t));
            let whole = range.hi <= ack;
            let first_of_super = range.marks.has(Marks::SUPER) && self.una <= range.lo;
            if whole || first_of_super {
                last = Some(range);
            }
        }
        let last = last?;
        let new_bytes = ack - self.una;
        let class = if segment.payload_len > 0 && new_bytes < 2 * u64::from(segment_size) {
            SampleClass::Piggyback
        } else if new_bytes >= 2 * u64::from(segment_size) || self.recovery.active() {
            SampleClass::Immediate
        } else {
            SampleClass::MaybeDelayed
        };
        if clean && newest == Some(last.last_t) {
            let already = last.marks.has(Marks::SUPER) && last.lo < self.una;
            return (!already).then(|| Sample { t: segment.ts, rtt: segment.ts - last.first_t, class });
        }
        self.sample_by_timestamp(segment, ack, start)
    }

    /// RFC 7323 4.3: the echo names the copy that moved the left edge, if only one of the range's copies bears it.
    fn sample_by_timestamp(&self, segment: &Segment, ack: u64, start: usize) -> Option<Sample> {
        let echo = segment.echo()?;
        let head = self.queue.get(start)?;
        let whole = head.hi <= ack && !head.marks.has(Marks::LATE) && !head.marks.has(Marks::SACKED);
        let last_only = head.resent > 0 && head.last.timed && head.last.tsval == echo;
        let ambiguous = head.copies > 1 && head.first.tsval == head.last.tsval;
        (whole && last_only && !ambiguous).then(|| Sample {
            t: segment.ts,
            rtt: segment.ts - head.last_t,
            class: SampleClass::Immediate,
        })
    }

    /// Retransmissions below `ack` that cannot have caused it. True if there is something below it that never came by.
    fn find_unneeded(&mut self, segment: &Segment, ack: u64, half: Option<Nanos>) -> bool {
        let mut hole = false;
        let start = self.queue.index_above(self.una);
        let mut index = start;
        while let Some(range) = self.queue.get(index).filter(|r| r.lo < ack) {
            hole |= range.is_hole();
            if range.resent > range.spurious && range.copies > 0 && range.hi <= ack {
                let too_soon = half.is_some_and(|h| segment.ts - range.last_t < h.scale(9, 10) - CAUSALITY_SLACK);
                let told = index == start
                    && range.copies > 1
                    && range.first.timed
                    && segment.echo() == Some(range.first.tsval)
                    && range.first.tsval != range.last.tsval;
                if range.copies > 1 && too_soon || told {
                    let evidence = if told { Evidence::EIFEL } else { Evidence::CAUSALITY };
                    self.loss.revise_as_spurious(&mut self.queue, index, evidence);
                }
            }
            index += 1;
        }
        hole
    }

    /// Takes in the SACK blocks; a block that is news gives a round trip of its own, without delayed ACK (`semantics.md` 4.1 B).
    fn on_sacks(
        &mut self,
        segment: &Segment,
        sacks: &[SackBlock],
        moved: &mut AckMove,
        half: Option<Nanos>,
    ) -> Option<Sample> {
        let mut sample = None;
        for (i, block) in sacks.iter().enumerate() {
            let (lo, hi) = (self.ack_position(block.left), self.ack_position(block.right));
            if hi <= lo || hi - lo > FAR || lo.abs_diff(self.una) > FAR {
                self.sack_blocks.1 += 1;
                continue;
            }
            if i == 0 && self.is_dsack(lo, hi, moved.ack, sacks) {
                moved.dsack = true;
                self.on_dsack(lo, hi);
                continue;
            }
            if lo < self.una || hi > self.snd_max {
                self.sack_blocks.1 += 1;
                continue;
            }
            self.sack_blocks.0 += 1;
            if let Some(slot) = moved.blocks.get_mut(usize::from(moved.block_count)) {
                *slot = (lo, hi);
                moved.block_count += 1;
            }
            let (news, rtt) = self.mark_sacked(segment, lo, hi, half);
            moved.sacked |= news;
            sample = sample.or(rtt);
        }
        if let Some(top) = moved.blocks.iter().take(usize::from(moved.block_count)).map(|b| b.1).max() {
            self.exposed.add(moved.ack, top);
            self.hole_exposed.get_or_insert(segment.ts);
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
        if let Some(copy) = self.copied.iter().position(|&(l, h)| l <= lo && hi <= h) {
            self.copied.remove(copy); // it is for the copy that the network made
            return;
        }
        let mut index = self.queue.index_above(lo);
        while let Some(range) = self.queue.get(index).filter(|r| r.lo < hi) {
            if range.resent > range.spurious {
                self.loss.revise_as_spurious(&mut self.queue, index, Evidence::DSACK);
            }
            index += 1;
        }
    }

    fn mark_sacked(&mut self, segment: &Segment, lo: u64, hi: u64, half: Option<Nanos>) -> (bool, Option<Sample>) {
        let (mut news, mut sample) = (false, None);
        // What was SACKed before is mostly the lower part of the block: look only at what is not.
        for index in self.queue.cut(lo, hi) {
            let Some(range) = self.queue.get_mut(index) else { continue };
            if range.marks.has(Marks::SACKED) {
                continue;
            }
            range.marks.set(Marks::SACKED);
            news = true;
            let (resent, once) = (range.resent > range.spurious, range.copies == 1 && range.resent == 0);
            let timed = once && range.hi == hi && range.marks.has(Marks::SEGMENT_END) && !range.marks.has(Marks::LATE);
            let rtt = segment.ts - range.first_t;
            let too_soon = half.is_some_and(|h| segment.ts - range.last_t < h.scale(9, 10) - CAUSALITY_SLACK);
            if timed {
                sample = Some(Sample { t: segment.ts, rtt, class: SampleClass::Immediate });
            }
            if resent && range.copies > 1 && too_soon {
                self.loss.revise_as_spurious(&mut self.queue, index, Evidence::CAUSALITY);
            }
        }
        (news, sample)
    }
}
