//! Finds segments that the capture holds more than once.
//!
//! A fixed table of fingerprints, looked up by what identifies a datagram: in a burst the copy comes behind a whole flight, so a ring of the
//! last packets would miss it. Memory is bounded; an old entry gives way to a new one in its place, which costs an unrecognised copy at worst.

use std::hash::{BuildHasher, Hasher};

use crate::base::{Nanos, Segment, SegmentBits, Timestamp};

/// Places in the table: 50 ms at a million packets a second, and 1 MiB.
const PLACES: usize = 1 << 16;

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    fingerprint: u64,
    t: Timestamp,
}

/// The fingerprints of the last segments.
#[derive(Debug)]
pub struct CopyFinder {
    entries: Box<[Entry]>,
    hasher: foldhash::fast::FixedState,
    reach: Nanos,
}

impl CopyFinder {
    /// Copies are looked for up to `reach` back.
    pub fn new(reach: Nanos) -> Self {
        let hasher = foldhash::fast::FixedState::with_seed(0x0074_6370_6c65_6e73);
        Self { entries: vec![Entry::default(); PLACES].into_boxed_slice(), hasher, reach }
    }

    /// Takes the next segment; if one like it was seen within reach, the time since.
    ///
    /// What a router or a bridge changes (TTL, MAC addresses, tags, the IP checksum) is no part of the fingerprint, and the TCP checksum is none
    /// where the network card still had to fill it in.
    pub fn find(&mut self, segment: &Segment) -> Option<Nanos> {
        let fingerprint = self.fingerprint(segment);
        let place = fingerprint as usize & (PLACES - 1);
        let entry = self.entries.get_mut(place)?;
        let age = segment.ts - entry.t;
        let seen = entry.fingerprint == fingerprint && age.abs() <= self.reach;
        if seen {
            return Some(age.max(Nanos::ZERO));
        }
        *entry = Entry { fingerprint, t: segment.ts };
        None
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
        assert_eq!(finder.find(&segment(7, 1007)), Some(Nanos::from_micros(1000)));
        assert_eq!(finder.find(&segment(7, 90_000)), None);
    }
}
