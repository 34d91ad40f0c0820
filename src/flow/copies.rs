//! Finds segments that the capture holds more than once.
//!
//! The last segments are kept in the order in which they came, and found by what identifies a datagram: in a burst the copy comes behind a
//! whole flight, so looking through the last few would miss it. Memory is bounded; an old segment gives way to a new one, which costs an
//! unrecognised copy at worst.

use crate::base::hash::fold;
use crate::base::{Nanos, Segment, SegmentBits, Side, Timestamp, prefetch};

/// Segments that are kept: 50 ms at more than a million packets a second, in 1 MiB. They are written in their order, so the processor does
/// not wait for this memory.
const KEPT: usize = 1 << 16;
/// Sets of the index: the only memory that is visited at random, so it is small (256 KiB).
const SETS: usize = KEPT / WAYS;
/// Segments of a set.
const WAYS: usize = 4;

const _: () = assert!(KEPT - 1 == u16::MAX as usize, "a place is a number of 16 bits that wraps around");

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
const fn set_of(tag: u64) -> usize {
    (tag >> 32) as usize & (SETS - 1)
}

/// Where the last segments of a set are kept: four numbers of 16 bits in each word, the newest in the lowest bits.
///
/// A set says which entries are worth a look: hardly one in ten thousand segments that are like no other looks at any.
#[derive(Clone, Copy, Debug, Default)]
struct Set {
    /// The highest bits of their tags, which have no part in the choice of the set.
    pieces: u64,
    /// Their places among the entries; those of segments that are kept no more are other segments' now.
    places: u64,
}

impl Set {
    /// A bit in each of the four numbers.
    const ONES: u64 = 0x0001_0001_0001_0001;

    /// Of a tag, what the set knows.
    #[inline]
    const fn piece(tag: u64) -> u64 {
        tag >> 48
    }

    /// One of them may have this tag: a number is zero where the pieces are equal, and only the subtraction from such a one, or from one
    /// above it, borrows.
    #[inline]
    const fn may_have(self, tag: u64) -> bool {
        let differing = self.pieces ^ (Self::piece(tag) * Self::ONES);
        differing.wrapping_sub(Self::ONES) & !differing & (Self::ONES << 15) != 0
    }

    /// Which of them may have this tag, the newest first, and where they are kept.
    fn candidates(self, tag: u64) -> impl Iterator<Item = (u32, usize)> {
        let number = |word: u64, way: u32| word >> (16 * way) & 0xffff;
        let ways = (0..WAYS as u32).filter(move |&way| number(self.pieces, way) == Self::piece(tag));
        ways.map(move |way| (way, number(self.places, way) as usize))
    }

    /// Adds the newest; the oldest falls out.
    #[inline]
    const fn add(&mut self, tag: u64, place: u16) {
        self.pieces = self.pieces << 16 | Self::piece(tag);
        self.places = self.places << 16 | place as u64;
    }

    /// Takes one of them out; the oldest place is empty then.
    const fn remove(&mut self, way: u32) {
        let newer = (1u64 << (16 * way)) - 1;
        self.pieces = self.pieces & newer | self.pieces >> 16 & !newer;
        self.places = self.places & newer | self.places >> 16 & !newer;
    }
}

/// The fingerprints of the last segments.
#[derive(Debug)]
pub struct CopyFinder {
    entries: Box<[Entry]>,
    /// Where the next one will be kept.
    next: u16,
    sets: Box<[Set]>,
    reach: Nanos,
    /// Segments looked at, and how many of them looked like one before.
    looked: u64,
    found: u64,
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
    /// So many segments are looked at together: no more than the nearest cache holds.
    const ROW: usize = 64;

    /// Copies are looked for up to `reach` back.
    pub fn new(reach: Nanos) -> Self {
        Self {
            entries: vec![Entry::default(); KEPT].into_boxed_slice(),
            next: 0,
            sets: vec![Set::default(); SETS].into_boxed_slice(),
            reach,
            looked: 0,
            found: 0,
        }
    }

    /// Takes the next segment; if one like it was seen within reach, says so.
    ///
    /// What a router or a bridge changes (TTL, MAC addresses, tags, the IP checksum) is no part of the fingerprint, and the TCP checksum is none
    /// where the network card still had to fill it in.
    pub fn find(&mut self, segment: &Segment) -> Option<LookAlike> {
        self.find_tagged(segment, tag_of(segment))
    }

    /// The same for a row of segments; `found` hears of those that look like an earlier one, by their places in the row.
    ///
    /// First all tags, for each of which its set is fetched, then all the rest.
    #[inline]
    pub fn find_all(&mut self, row: &[Segment], mut found: impl FnMut(usize, LookAlike)) {
        let mut tags = [0; Self::ROW];
        for (first, row) in (0..).step_by(Self::ROW).zip(row.chunks(Self::ROW)) {
            for (tag, segment) in tags.iter_mut().zip(row) {
                *tag = tag_of(segment);
                self.sets.get(set_of(*tag)).into_iter().for_each(prefetch);
            }
            for (i, (segment, &tag)) in (first..).zip(row.iter().zip(&tags)) {
                if let Some(like) = self.find_tagged(segment, tag) {
                    found(i, like);
                }
            }
        }
    }

    #[inline]
    fn find_tagged(&mut self, segment: &Segment, tag: u64) -> Option<LookAlike> {
        // Pure ACKs without IP ID are often alike; they say nothing of the capture.
        let identified = segment.ip_ident().is_some() || segment.seq_len() > 0;
        self.looked += u64::from(identified);
        let set = self.sets.get_mut(set_of(tag))?;
        // Nearly always there is none.
        if set.may_have(tag) {
            return self.find_again(segment, tag, identified);
        }
        set.add(tag, self.next);
        self.keep(Entry { tag, t: segment.ts });
        None
    }

    #[inline]
    fn keep(&mut self, entry: Entry) {
        if let Some(place) = self.entries.get_mut(usize::from(self.next)) {
            *place = entry;
        }
        self.next = self.next.wrapping_add(1);
    }

    /// There seems to be one like it in its set.
    #[cold]
    fn find_again(&mut self, segment: &Segment, tag: u64, identified: bool) -> Option<LookAlike> {
        let set = self.sets.get_mut(set_of(tag))?;
        let entry = |(way, place): (u32, usize)| Some((way, *self.entries.get(place)?));
        let before = set.candidates(tag).filter_map(entry).find(|(_, entry)| entry.is_like(tag));
        if let Some((way, _)) = before {
            set.remove(way);
        }
        set.add(tag, self.next);
        let before = before.map(|(_, entry)| entry).filter(|entry| (segment.ts - entry.t).abs() <= self.reach);
        let second = before.is_some_and(|entry| entry.tag & Entry::SECOND == 0);
        self.keep(Entry { tag: if second { tag | Entry::SECOND } else { tag }, t: segment.ts });
        let age = (segment.ts - before?.t).max(Nanos::ZERO);
        self.found += u64::from(identified);
        Some(LookAlike { age, common: 10 * self.found >= self.looked.max(1), second })
    }
}

/// Secrets of no one: which segments fall out, and when, is the same in each run. Digits of pi (as in Blowfish).
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

/// What is kept of the fingerprint of a segment.
#[inline]
fn tag_of(segment: &Segment) -> u64 {
    fingerprint(segment) & !Entry::SECOND | Entry::TAKEN
}

/// What identifies a datagram, in 64 bits. The products do not wait for each other, but for IPv6 on those of its addresses.
///
/// What makes a word lies together in the segment, lowest bits first: it is read at once.
#[inline]
fn fingerprint(segment: &Segment) -> u64 {
    let words = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
    let pair = |i: usize, a: u64, b: u64| fold(a ^ MIX[i], b ^ MIX[i + 1]);
    let addresses = if segment.bits.has(SegmentBits::IPV4) {
        segment.key.v4_addresses()
    } else {
        let (lo, hi) = (segment.key.words(Side::Lo), segment.key.words(Side::Hi));
        pair(6, lo[0], lo[1]) ^ pair(8, hi[0], hi[1])
    };
    let ports_and_seq = segment.key.ports() | u64::from(segment.seq.0) << 32;
    let ack_and_length = words(segment.ack.0, segment.payload_len);
    let times = words(segment.tsval, segment.tsecr);
    let header = u64::from(segment.window)
        | u64::from(segment.ip_id) << 16
        | u64::from(segment.flags.0) << 32
        | u64::from(segment.checksum) << 48;
    let is_offload = segment.bits.any(SegmentBits::CHECKSUM_OFFLOAD.with(SegmentBits::LEN_FROM_FRAME));
    let header = if is_offload { header & (u64::MAX >> 16) } else { header };
    let from = u64::from(segment.bits.has(SegmentBits::FROM_HI));
    let rest = u64::from(segment.options_digest) << 8 | from;
    pair(0, addresses, ports_and_seq) ^ pair(2, ack_and_length, header) ^ pair(4, times, rest)
}

#[cfg(test)]
mod tests {
    use std::collections::{HashSet, VecDeque};

    use proptest::prelude::*;

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
        let v4 =
            |ends: [([u8; 4], u16); 2]| Segment { key: FlowKey::of_v4(ends[0], ends[1]).0, ..bits(SegmentBits::IPV4) };
        let v4s = [
            v4([([1, 2, 3, 4], 5), ([6, 7, 8, 9], 10)]),
            v4([([1, 2, 3, 9], 5), ([6, 7, 8, 9], 10)]),
            v4([([1, 2, 3, 4], 5), ([6, 7, 8, 4], 10)]),
            v4([([1, 2, 3, 4], 6), ([6, 7, 8, 9], 10)]),
            v4([([1, 2, 3, 4], 5), ([6, 7, 8, 9], 11)]),
        ];
        let all = others.iter().chain(&v4s).chain([&like]);
        let seen: HashSet<u64> = all.clone().map(fingerprint).collect();
        assert_eq!(seen.len(), all.count());
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
        let place = |s: &Segment| set_of(fingerprint(s));
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

    #[test]
    fn a_segment_is_found_until_as_many_others_came_as_are_kept() {
        let segment = |i: u32| Segment { seq: Seq(i), ..Segment::default() };
        let mut finder = CopyFinder::new(Nanos::from_millis(50));
        let first = segment(0);
        let own_set = set_of(fingerprint(&first));
        let mut others = (1..).map(segment).filter(|s| set_of(fingerprint(s)) != own_set);
        for kept in [KEPT - 1, KEPT] {
            finder.find(&first);
            for _ in 0..kept {
                finder.find(&others.next().unwrap());
            }
            assert_eq!(finder.find(&first).is_some(), kept < KEPT);
        }
    }

    proptest! {
        #[test]
        fn a_set_is_a_short_list(steps in prop::collection::vec((0u64..6, any::<bool>()), 0..40)) {
            let (mut set, mut list) = (Set::default(), VecDeque::from([(0, 0); WAYS]));
            for (place, &(piece, is_addition)) in (1..).zip(&steps) {
                // Pieces that differ by one are where a borrow might mislead.
                let tag = piece << 48 | 7;
                if is_addition {
                    set.add(tag, place);
                    list.push_front((piece, usize::from(place)));
                    list.truncate(WAYS);
                } else if let Some((way, _)) = set.candidates(tag).next() {
                    set.remove(way);
                    list.remove(way as usize);
                    list.push_back((0, 0));
                }
                for piece in 0..7 {
                    let expected = (0..).zip(&list).filter(|(_, entry)| entry.0 == piece);
                    let expected: Vec<_> = expected.map(|(way, &(_, place))| (way, place)).collect();
                    prop_assert_eq!(set.may_have(piece << 48), !expected.is_empty());
                    prop_assert_eq!(set.candidates(piece << 48).collect::<Vec<_>>(), expected);
                }
            }
        }
    }
}
