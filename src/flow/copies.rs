//! Finds segments that the capture holds more than once.
//!
//! A fixed table of fingerprints, looked up by what identifies a datagram: in a burst the copy comes behind a whole flight, so a ring of the
//! last packets would miss it. Memory is bounded; an old entry gives way to a new one in its place, which costs an unrecognised copy at worst.

use crate::base::hash::fold;
use crate::base::{Nanos, Segment, SegmentBits, Side, Timestamp};

/// Sets of the table: 50 ms at more than a million packets a second, and 1 MiB.
const SETS: usize = 1 << 14;
/// Places of a set: they fill a cache line.
const WAYS: usize = 4;

/// What is kept of a segment. Of the fingerprint, 62 bits: no two different segments within reach have the same in practice.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// The fingerprint, with [`Entry::TAKEN`] set and [`Entry::SECOND`] where it applies.
    tag: u64,
    t: Timestamp,
}

impl Entry {
    /// The last one like it was the second of a pair.
    const SECOND: u64 = 1;
    /// It is no empty place.
    const TAKEN: u64 = 2;

    /// It is of a segment with this tag.
    #[inline]
    const fn is_like(self, tag: u64) -> bool {
        self.tag & !Self::SECOND == tag
    }
}

/// The set of a tag.
#[inline]
const fn place(tag: u64) -> usize {
    (tag >> 32) as usize & (SETS - 1)
}

/// The newest stands first.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Set([Entry; WAYS]);

const _: () = assert!(size_of::<Set>() == 64);

/// The fingerprints of the last segments.
#[derive(Debug)]
pub struct CopyFinder {
    sets: Box<[Set]>,
    reach: Nanos,
    /// Segments looked at, and how many of them looked like one before.
    looked: u64,
    found: u64,
    /// Those of the row at hand; its memory is used again.
    fingerprints: Vec<u64>,
}

/// A segment looks like an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookAlike {
    /// Time since that.
    pub age: Nanos,
    /// One in ten segments that can be told apart does so: the capture holds its packets twice.
    pub common: bool,
    /// It is the second of its pair, where all that look alike come in pairs.
    pub second: bool,
}

impl CopyFinder {
    /// Copies are looked for up to `reach` back.
    pub fn new(reach: Nanos) -> Self {
        Self {
            sets: vec![Set::default(); SETS].into_boxed_slice(),
            reach,
            looked: 0,
            found: 0,
            fingerprints: Vec::new(),
        }
    }

    /// Takes the next segment; if one like it was seen within reach, says so.
    ///
    /// What a router or a bridge changes (TTL, MAC addresses, tags, the IP checksum) is no part of the fingerprint, and the TCP checksum is none
    /// where the network card still had to fill it in.
    pub fn find(&mut self, segment: &Segment) -> Option<LookAlike> {
        self.find_tagged(segment, fingerprint(segment))
    }

    /// The same for a row of segments; `found` hears of those that look like an earlier one.
    ///
    /// First all fingerprints, then all looks into the table: so the processor can wait for many of its lines at a time.
    pub fn find_all(&mut self, segments: &[Segment], mut found: impl FnMut(usize, LookAlike)) {
        let mut fingerprints = std::mem::take(&mut self.fingerprints);
        fingerprints.clear();
        fingerprints.extend(segments.iter().map(fingerprint));
        for (i, (segment, &fingerprint)) in segments.iter().zip(&fingerprints).enumerate() {
            if let Some(like) = self.find_tagged(segment, fingerprint) {
                found(i, like);
            }
        }
        self.fingerprints = fingerprints;
    }

    #[inline(always)]
    fn find_tagged(&mut self, segment: &Segment, fingerprint: u64) -> Option<LookAlike> {
        // Pure ACKs without IP ID are often alike; they say nothing of the capture.
        let identified = segment.ip_ident().is_some() || segment.seq_len() > 0;
        self.looked += u64::from(identified);
        let tag = fingerprint & !Entry::SECOND | Entry::TAKEN;
        let set = &mut self.sets.get_mut(place(tag))?.0;
        let [a, b, c, d] = *set;
        // Nearly always there is none, and the oldest falls out.
        if !(a.is_like(tag) | b.is_like(tag) | c.is_like(tag) | d.is_like(tag)) {
            *set = [Entry { tag, t: segment.ts }, a, b, c];
            return None;
        }
        self.find_again(segment, tag, identified)
    }

    /// There is one like it in its set.
    #[cold]
    fn find_again(&mut self, segment: &Segment, tag: u64, identified: bool) -> Option<LookAlike> {
        let set = &mut self.sets.get_mut(place(tag))?.0;
        let at = set.iter().position(|entry| entry.is_like(tag))?;
        let before = *set.get(at)?;
        let before = Some(before).filter(|entry| (segment.ts - entry.t).abs() <= self.reach);
        let second = before.is_some_and(|entry| entry.tag & Entry::SECOND == 0);
        set.get_mut(..=at)?.rotate_right(1);
        *set.first_mut()? = Entry { tag: if second { tag | Entry::SECOND } else { tag }, t: segment.ts };
        let age = (segment.ts - before?.t).max(Nanos::ZERO);
        self.found += u64::from(identified);
        Some(LookAlike { age, common: 10 * self.found >= self.looked.max(1), second })
    }
}

/// Secrets of no one: places in the table, and so what falls out of it, are the same in each run. Digits of pi (as in Blowfish).
const MIX: [u64; 10] = [
    0x243f_6a88_85a3_08d3,
    0x1319_8a2e_0370_7344,
    0xa409_3822_299f_31d0,
    0x082e_fa98_ec4e_6c89,
    0x4528_21e6_38d0_1377,
    0xbe54_66cf_34e9_0c6c,
    0xc0ac_29b7_c97c_50dd,
    0x3f84_d5b5_b547_0917,
    0x9216_d5d9_8979_fb1b,
    0xd131_0ba6_98df_b5ac,
];

/// What identifies a datagram, in 64 bits. The products do not wait for each other.
#[inline]
fn fingerprint(segment: &Segment) -> u64 {
    let offload = segment.bits.has(SegmentBits::CHECKSUM_OFFLOAD) || segment.bits.has(SegmentBits::LEN_FROM_FRAME);
    let checksum = if offload { 0 } else { segment.checksum };
    let (lo, hi) = (segment.key.words(Side::Lo), segment.key.words(Side::Hi));
    let from = u64::from(segment.bits.has(SegmentBits::FROM_HI));
    let pair = |i: usize, a: u64, b: u64| fold(a ^ MIX[i], b ^ MIX[i + 1]);
    let header = u64::from(segment.ip_id) << 48
        | u64::from(segment.window) << 32
        | u64::from(segment.flags.0) << 16
        | u64::from(checksum);
    let numbers = u64::from(segment.seq.0) << 32 | u64::from(segment.ack.0);
    let length = u64::from(segment.payload_len) << 16 | u64::from(segment.options_digest) << 8 | from;
    let times = u64::from(segment.tsval) << 32 | u64::from(segment.tsecr);
    let ends = pair(0, lo[0], lo[1]) ^ pair(2, hi[0], hi[1]) ^ segment.key.ports();
    let rest = pair(4, length, numbers) ^ pair(6, header, times);
    fold(ends ^ MIX[8], rest ^ MIX[9])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Endpoint, FlowKey, Seq, TcpFlags};

    #[test]
    fn a_copy_is_found_behind_a_flight_and_not_after_its_time() {
        let mut finder = CopyFinder::new(Nanos::from_millis(50));
        let segment = |i: u32, us: i64| Segment {
            ts: Timestamp(us * 1000),
            seq: Seq(i * 1000),
            ip_id: i as u16,
            payload_len: 1000,
            flags: TcpFlags::ACK,
            ..Segment::default()
        };
        for i in 1..300 {
            assert_eq!(finder.find(&segment(i, i.into())), None);
        }
        let found = finder.find(&segment(7, 1007));
        assert_eq!(found, Some(LookAlike { age: Nanos::from_micros(1000), common: false, second: true }));
        assert_eq!(finder.find(&segment(7, 90_000)), None);
    }

    #[test]
    fn whatever_identifies_a_segment_is_in_its_fingerprint() {
        let ends = [Endpoint::v6([1; 16], 5), Endpoint::v6([9; 16], 7)];
        let like = Segment { key: FlowKey::of(ends[0], ends[1]).0, ..Segment::default() };
        let key = |at: usize, end: Endpoint| {
            let mut ends = ends;
            ends[at] = end;
            Segment { key: FlowKey::of(ends[0], ends[1]).0, ..like }
        };
        let bits = |bits| Segment { bits, ..like };
        let others = [
            key(0, Endpoint::v6([1; 16], 6)),
            key(1, Endpoint::v6([9; 16], 8)),
            key(0, Endpoint::v6([2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], 5)),
            key(0, Endpoint::v6([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2], 5)),
            key(1, Endpoint::v6([8, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9], 7)),
            key(1, Endpoint::v6([9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 8], 7)),
            bits(SegmentBits::FROM_HI),
            Segment { seq: Seq(1), ..like },
            Segment { ack: Seq(1), ..like },
            Segment { payload_len: 1, ..like },
            Segment { payload_len: 1 << 31, ..like },
            Segment { ip_id: 1, ..like },
            Segment { window: 1, ..like },
            Segment { flags: TcpFlags::FIN, ..like },
            Segment { checksum: 1, ..like },
            Segment { tsval: 1, ..like },
            Segment { tsecr: 1, ..like },
            Segment { options_digest: 1, ..like },
        ];
        let mut seen: Vec<u64> = others.iter().chain([&like]).map(fingerprint).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), others.len() + 1);
        // What is changed on the way, or not filled in yet, is not.
        assert_eq!(
            fingerprint(&Segment { ttl: 9, encapsulation: 3, frame: 7, ts: Timestamp(5), ..like }),
            fingerprint(&like)
        );
        let offloaded = bits(SegmentBits::CHECKSUM_OFFLOAD);
        assert_eq!(fingerprint(&Segment { checksum: 7, ..offloaded }), fingerprint(&like));
    }

    #[test]
    fn pairs_are_told_from_third_copies_and_the_oldest_of_a_set_falls_out() {
        let mut finder = CopyFinder::new(Nanos::from_millis(50));
        let segment = |i: u32| Segment { ts: Timestamp(i64::from(i)), seq: Seq(i), ..Segment::default() };
        let place = |s: &Segment| ((fingerprint(s) | Entry::TAKEN) >> 32) as usize & (SETS - 1);
        let first = segment(1);
        assert_eq!(finder.find(&first), None);
        let seconds: Vec<bool> = (0..3).filter_map(|_| finder.find(&first)).map(|like| like.second).collect();
        assert_eq!(seconds, [true, false, true]);
        let mut same = (2..).map(segment).filter(|s| place(s) == place(&first));
        for _ in 0..3 {
            assert_eq!(finder.find(&same.next().unwrap()), None);
        }
        assert!(finder.find(&first).is_some());
        for _ in 0..4 {
            assert_eq!(finder.find(&same.next().unwrap()), None);
        }
        assert_eq!(finder.find(&first), None);
    }
}
