//! Finds segments that the capture holds more than once.
//!
//! A fixed table of fingerprints, looked up by what identifies a datagram: in a burst the copy comes behind a whole flight, so a ring of the
//! last packets would miss it. Memory is bounded; an old entry gives way to a new one in its place, which costs an unrecognised copy at worst.

use std::hash::{BuildHasher, Hasher};

use crate::base::{Nanos, Segment, SegmentBits, Timestamp};

/// Sets of the table, of [`WAYS`] places each: 50 ms at more than a million packets a second, and 1 MiB.
const SETS: usize = 1 << 14;
/// Places of a set.
const WAYS: usize = 4;

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    fingerprint: u64,
    t: Timestamp,
    /// The last one like it was the second of a pair.
    second: bool,
}

/// The fingerprints of the last segments.
#[derive(Debug)]
pub struct CopyFinder {
    sets: Box<[[Entry; WAYS]]>,
    hasher: foldhash::fast::FixedState,
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
    /// Copies are looked for up to `reach` back.
    pub fn new(reach: Nanos) -> Self {
        let hasher = foldhash::fast::FixedState::with_seed(0x0074_6370_6c65_6e73);
        Self { sets: vec![[Entry::default(); WAYS]; SETS].into_boxed_slice(), hasher, reach, looked: 0, found: 0 }
    }

    /// Takes the next segment; if one like it was seen within reach, says so.
    ///
    /// What a router or a bridge changes (TTL, MAC addresses, tags, the IP checksum) is no part of the fingerprint, and the TCP checksum is none
    /// where the network card still had to fill it in.
    pub fn find(&mut self, segment: &Segment) -> Option<LookAlike> {
        // Pure ACKs without IP ID are often alike; they say nothing of the capture.
        let identified = segment.ip_ident().is_some() || segment.seq_len() > 0;
        self.looked += u64::from(identified);
        let fingerprint = self.fingerprint(segment);
        let set = self.sets.get_mut((fingerprint >> 32) as usize & (SETS - 1))?;
        let found = set.iter().position(|entry| entry.fingerprint == fingerprint);
        let before = found.and_then(|i| set.get(i)).copied();
        let before = before.filter(|entry| (segment.ts - entry.t).abs() <= self.reach);
        let second = before.is_some_and(|entry| !entry.second);
        // The newest stands first, and the oldest falls out.
        set.get_mut(..=found.unwrap_or(WAYS - 1))?.rotate_right(1);
        *set.first_mut()? = Entry { fingerprint, t: segment.ts, second };
        let age = (segment.ts - before?.t).max(Nanos::ZERO);
        self.found += u64::from(identified);
        Some(LookAlike { age, common: 10 * self.found >= self.looked.max(1), second })
    }

    fn fingerprint(&self, segment: &Segment) -> u64 {
        let mut hash = self.hasher.build_hasher();
        let offload = segment.bits.has(SegmentBits::CHECKSUM_OFFLOAD) || segment.bits.has(SegmentBits::LEN_FROM_FRAME);
        let checksum = if offload { 0 } else { segment.checksum };
        let (lo, hi) = (segment.key.endpoint(crate::base::Side::Lo), segment.key.endpoint(crate::base::Side::Hi));
        for end in [lo, hi] {
            hash.write_u128(u128::from_ne_bytes(end.addr));
        }
        hash.write_u64(u64::from(lo.port) << 48 | u64::from(hi.port) << 32 | u64::from(segment.seq.0));
        hash.write_u64(u64::from(segment.ack.0) << 32 | u64::from(segment.payload_len));
        let from = segment.bits.has(SegmentBits::FROM_HI);
        hash.write_u64(
            u64::from(segment.ip_id) << 48
                | u64::from(segment.window) << 32
                | u64::from(segment.flags.0) << 16
                | u64::from(checksum),
        );
        hash.write_u64(u64::from(segment.tsval) << 32 | u64::from(segment.tsecr));
        hash.write_u16(u16::from(segment.options_digest) << 8 | u16::from(from));
        // Zero is the empty place.
        hash.finish() | 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Seq, TcpFlags};

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
}
