//! A connection of which nothing but its first SYN is known: what a scan or a flood makes millions of.

use super::ShortHash;
use super::room::INDEX_ENTRY;
use crate::base::{FlowKey, Segment, SegmentBits, Seq, TcpFlags, Timestamp};

/// A bit that no segment has: see [`Attempt::is_told`].
const TOLD: SegmentBits = SegmentBits(1 << 31);

/// The SYN, without what no ordinary SYN has, and its place in the table.
#[derive(Debug)]
pub(super) struct Attempt {
    ts: Timestamp,
    frame: u64,
    pub flow_id: u64,
    key: FlowKey,
    seq: Seq,
    payload_len: u32,
    tsval: u32,
    bits: SegmentBits,
    pub hash: ShortHash,
    window: u16,
    ip_id: u16,
    flags: TcpFlags,
    mss: u16,
    checksum: u16,
    encapsulation: u16,
    header_len: u8,
    window_scale: u8,
    ttl: u8,
    options_digest: u8,
}

const _: () = assert!(size_of::<Option<Attempt>>() + INDEX_ENTRY <= 128, "what a lone SYN may cost");

impl Attempt {
    /// An attempt that began with this SYN; `None` if there is more to it than an attempt can hold.
    pub fn new(syn: &Segment, flow_id: u64, hash: ShortHash) -> Option<Self> {
        let header_len = u8::try_from(syn.header_len).ok()?;
        (syn.ack == Seq(0) && syn.tsecr == 0 && syn.sack_len == 0 && !syn.bits.any(TOLD)).then_some(Self {
            ts: syn.ts,
            frame: syn.frame,
            flow_id,
            key: syn.key,
            seq: syn.seq,
            payload_len: syn.payload_len,
            tsval: syn.tsval,
            bits: syn.bits,
            hash,
            window: syn.window,
            ip_id: syn.ip_id,
            flags: syn.flags,
            mss: syn.mss,
            checksum: syn.checksum,
            encapsulation: syn.encapsulation,
            header_len,
            window_scale: syn.window_scale,
            ttl: syn.ttl,
            options_digest: syn.options_digest,
        })
    }

    /// The SYN.
    pub fn syn(&self) -> Segment {
        Segment {
            ts: self.ts,
            frame: self.frame,
            key: self.key,
            seq: self.seq,
            ack: Seq(0),
            payload_len: self.payload_len,
            tsval: self.tsval,
            tsecr: 0,
            window: self.window,
            ip_id: self.ip_id,
            flags: self.flags,
            mss: self.mss,
            header_len: self.header_len.into(),
            checksum: self.checksum,
            bits: SegmentBits(self.bits.0 & !TOLD.0),
            sack_at: 0,
            encapsulation: self.encapsulation,
            sack_len: 0,
            window_scale: self.window_scale,
            ttl: self.ttl,
            options_digest: self.options_digest,
        }
    }

    /// What comes of the SYN was heard of.
    pub const fn is_told(&self) -> bool {
        self.bits.has(TOLD)
    }

    /// What comes of the SYN was heard of now.
    pub const fn set_told(&mut self) {
        self.bits.set(TOLD);
    }

    /// The four-tuple.
    pub const fn key(&self) -> &FlowKey {
        &self.key
    }

    /// When the SYN passed.
    pub const fn time(&self) -> Timestamp {
        self.ts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Endpoint;

    #[test]
    fn the_syn_is_what_it_was() {
        let syn = Segment {
            ts: Timestamp(1_700_000_000_123_456_789),
            frame: 1 << 40,
            key: FlowKey::of(Endpoint::v6([7; 16], 40_000), Endpoint::v4([10, 0, 0, 2], 443)).0,
            seq: Seq(0xdead_beef),
            payload_len: 70_000,
            tsval: 77,
            window: 64_240,
            ip_id: 3,
            flags: TcpFlags(0x0c2),
            mss: 1460,
            header_len: 60,
            checksum: 0xabcd,
            bits: SegmentBits::TIMESTAMPS.with(SegmentBits::MSS),
            encapsulation: 12,
            window_scale: 7,
            ttl: 63,
            options_digest: 99,
            ..Segment::default()
        };
        let attempt = |syn: &Segment| Attempt::new(syn, 5, ShortHash::MIN);
        let mut whole = attempt(&syn).unwrap();
        assert_eq!((whole.syn(), whole.is_told()), (syn, false));
        whole.set_told();
        assert_eq!((whole.syn(), whole.is_told()), (syn, true));
        let odd = [
            Segment { ack: Seq(1), ..syn },
            Segment { tsecr: 1, ..syn },
            Segment { sack_len: 1, ..syn },
            Segment { header_len: 300, ..syn },
        ];
        assert!(odd.iter().all(|syn| attempt(syn).is_none()));
    }
}
