//! One TCP segment as the analysis sees it: what the headers said, and nothing of the frame itself.

use super::packed::{packed, packed_number};
use super::{FlowKey, Seq, Side, TcpFlags, Timestamp, prefetch};

/// Facts about a [`Segment`] that are either true or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SegmentBits(pub u32);

packed_number! { SegmentBits(u32) }

impl SegmentBits {
    /// The sender is the higher endpoint of the key.
    pub const FROM_HI: SegmentBits = SegmentBits(1 << 0);
    /// The TCP header was cut, or its options were: what the options would have said is unknown, not absent.
    pub const OPTIONS_TRUNCATED: SegmentBits = SegmentBits(1 << 1);
    /// The fixed TCP header itself was cut behind the flags: the window and the checksum are unknown.
    pub const HEADER_TRUNCATED: SegmentBits = SegmentBits(1 << 2);
    /// The TCP checksum was verified and is wrong.
    pub const BAD_CHECKSUM: SegmentBits = SegmentBits(1 << 3);
    /// The checksum field holds the sum of the pseudo-header only: it was left to the network card, the capture is on the sender's host.
    pub const CHECKSUM_OFFLOAD: SegmentBits = SegmentBits(1 << 4);
    /// The IP header had no length (segmentation offload): the length was taken from the frame.
    pub const LEN_FROM_FRAME: SegmentBits = SegmentBits(1 << 5);
    /// It came in IP fragments, reassembled or, if the rest is missing, with a length that is a lower bound.
    pub const FRAGMENTED: SegmentBits = SegmentBits(1 << 6);
    /// Timestamps option (RFC 7323): `tsval` and `tsecr` are valid.
    pub const TIMESTAMPS: SegmentBits = SegmentBits(1 << 7);
    /// Maximum segment size option: `mss` is valid.
    pub const MSS: SegmentBits = SegmentBits(1 << 8);
    /// Window scale option: `window_scale` is valid.
    pub const WINDOW_SCALE: SegmentBits = SegmentBits(1 << 9);
    /// SACK permitted (RFC 2018).
    pub const SACK_PERMITTED: SegmentBits = SegmentBits(1 << 10);
    /// An MPTCP option (RFC 8684).
    pub const MPTCP: SegmentBits = SegmentBits(1 << 11);
    /// A Fast Open option (RFC 7413) without a cookie: a request for one.
    pub const FAST_OPEN_REQUEST: SegmentBits = SegmentBits(1 << 12);
    /// A Fast Open option with a cookie.
    pub const FAST_OPEN_COOKIE: SegmentBits = SegmentBits(1 << 13);
    /// The packet is IPv4: `ip_id` is valid.
    pub const IPV4: SegmentBits = SegmentBits(1 << 14);
    /// The IP packet is marked "congestion experienced" (RFC 3168).
    pub const CE: SegmentBits = SegmentBits(1 << 15);

    /// The TCP header contradicts the IP header, as no stack sends it: the packet is counted, and means nothing.
    pub const MALFORMED: SegmentBits = SegmentBits(1 << 16);

    /// All bits of `wanted` are set.
    pub const fn has(self, wanted: SegmentBits) -> bool {
        self.0 & wanted.0 == wanted.0
    }

    /// At least one bit of `wanted` is set.
    pub const fn any(self, wanted: SegmentBits) -> bool {
        self.0 & wanted.0 != 0
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: SegmentBits) -> SegmentBits {
        SegmentBits(self.0 | other.0)
    }

    /// Sets the bits of `more`.
    pub const fn set(&mut self, more: SegmentBits) {
        self.0 |= more.0;
    }

    /// Sets the bits of `more` if `condition` holds.
    pub const fn set_if(&mut self, more: SegmentBits, condition: bool) {
        if condition {
            self.set(more);
        }
    }
}

/// A block of a SACK option as it stood on the wire: `[left, right)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SackBlock {
    /// First sequence number of the block.
    pub left: Seq,
    /// The sequence number just behind the block.
    pub right: Seq,
}

/// One TCP segment. It owns no bytes of the frame; its SACK blocks live in the arena of its [`SegmentBatch`].
///
/// All lengths are those of the IP header, never those of the capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// Capture time.
    pub ts: Timestamp,
    /// Number of the frame in the capture, from 1.
    pub frame: u64,
    /// The connection's endpoints.
    pub key: FlowKey,
    /// Sequence number.
    pub seq: Seq,
    /// Acknowledgement number, valid with the ACK flag.
    pub ack: Seq,
    /// TCP payload in bytes.
    pub payload_len: u32,
    /// `TSval`, valid with [`SegmentBits::TIMESTAMPS`].
    pub tsval: u32,
    /// `TSecr`, valid with [`SegmentBits::TIMESTAMPS`] and the ACK flag.
    pub tsecr: u32,
    /// The window field, not scaled.
    pub window: u16,
    /// The IPv4 identification, valid with [`SegmentBits::IPV4`].
    pub ip_id: u16,
    /// Control bits.
    pub flags: TcpFlags,
    /// The TCP checksum field.
    pub checksum: u16,
    /// Maximum segment size, valid with [`SegmentBits::MSS`].
    pub mss: u16,
    /// IP total length less the payload: all headers of the innermost IP packet, in bytes.
    pub header_len: u16,
    /// See [`SegmentBits`].
    pub bits: SegmentBits,
    /// Index of the first SACK block in the batch's arena.
    pub sack_at: u16,
    /// Number of the layers around the innermost IP packet, as the decoder counts them; 0 for none.
    pub encapsulation: u16,
    /// Number of SACK blocks, at most 4.
    pub sack_len: u8,
    /// Window scale, valid with [`SegmentBits::WINDOW_SCALE`].
    pub window_scale: u8,
    /// Time to live or hop limit of the innermost IP packet.
    pub ttl: u8,
    /// Digest of the option bytes, to tell a copy from another segment.
    pub options_digest: u8,
}

const _: () = assert!(size_of::<Segment>() <= 96);

packed! {
    Segment {
        (key)
        [ts, frame, seq, ack, payload_len, tsval, tsecr, bits; window, ip_id, flags, checksum; mss, header_len, sack_at,
        encapsulation; sack_len, window_scale, ttl, options_digest]
    }
}

impl Segment {
    /// Which side of the key sent it.
    pub const fn from(&self) -> Side {
        if self.bits.has(SegmentBits::FROM_HI) { Side::Hi } else { Side::Lo }
    }

    /// Sequence space that it takes: payload, SYN and FIN.
    pub const fn seq_len(&self) -> u32 {
        self.payload_len.saturating_add(self.flags.syn() as u32).saturating_add(self.flags.fin() as u32)
    }

    /// Total length of the innermost IP packet in bytes.
    pub const fn ip_len(&self) -> u64 {
        self.payload_len as u64 + self.header_len as u64
    }

    /// `TSval`, if the option was there.
    pub const fn timestamp(&self) -> Option<u32> {
        if self.bits.has(SegmentBits::TIMESTAMPS) { Some(self.tsval) } else { None }
    }

    /// `TSecr`, if the option was there and the ACK flag makes it valid (RFC 7323 3.2).
    pub const fn echo(&self) -> Option<u32> {
        if self.bits.has(SegmentBits::TIMESTAMPS) && self.flags.ack() { Some(self.tsecr) } else { None }
    }

    /// The IPv4 identification, if it says anything: 0 is what Linux writes where no full socket sends.
    pub const fn ip_ident(&self) -> Option<u16> {
        if self.bits.has(SegmentBits::IPV4) && self.ip_id != 0 { Some(self.ip_id) } else { None }
    }

    /// Has it fetched from memory: its beginning, and its end.
    #[inline]
    pub fn prefetch(&self) {
        prefetch(&self.ts);
        prefetch(&self.bits);
    }

    /// An ACK that carries nothing else.
    pub const fn is_pure_ack(&self) -> bool {
        self.payload_len == 0 && self.flags.ack() && !self.flags.any(TcpFlags(0x07))
    }
}

/// What an ICMP error said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IcmpKind {
    /// Destination unreachable in a way that refuses a connection (ICMP 3/0,1,2,3,9,10,13; `ICMPv6` 1/x).
    Unreachable,
    /// The packet was too big for the path (ICMP 3/4; `ICMPv6` 2/0).
    TooBig,
    /// Time to live exceeded.
    TimeExceeded,
    /// Any other error.
    Other,
}

/// An ICMP or `ICMPv6` error that quotes a TCP segment; it belongs to the connection that it quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IcmpError {
    /// Capture time.
    pub ts: Timestamp,
    /// Number of the frame in the capture, from 1.
    pub frame: u64,
    /// The quoted connection.
    pub key: FlowKey,
    /// Which side of the key had sent the quoted segment.
    pub from: Side,
    /// Sequence number of the quoted segment.
    pub seq: Seq,
    /// What happened to it.
    pub kind: IcmpKind,
}

/// Segments in the order of the capture, with their SACK blocks and the ICMP errors between them. Reused from batch to batch.
#[derive(Debug, Default)]
pub struct SegmentBatch {
    /// The segments.
    pub segments: Vec<Segment>,
    /// SACK blocks of all of them.
    pub sacks: Vec<SackBlock>,
    /// ICMP errors: before which segment of the batch each came, and what it said.
    pub errors: Vec<(usize, IcmpError)>,
}

impl SegmentBatch {
    /// How many segments a batch holds before it is handed on: so many that threads seldom wait for each other, and so few that the arena of
    /// their SACK blocks stays within its 16-bit index.
    pub const CAPACITY: usize = 8192;

    /// Adds a segment.
    #[inline]
    pub fn push(&mut self, segment: Segment) {
        self.segments.push(segment);
    }

    /// The SACK blocks of one of its segments.
    pub fn sacks_of(&self, segment: &Segment) -> &[SackBlock] {
        let at = usize::from(segment.sack_at);
        self.sacks.get(at..at + usize::from(segment.sack_len)).unwrap_or(&[])
    }

    /// Makes it empty, and keeps its memory.
    pub fn clear(&mut self) {
        self.segments.clear();
        self.sacks.clear();
        self.errors.clear();
    }

    /// So many frames may be added before it is time to hand it on: each makes at most one segment or one error.
    pub fn room(&self) -> usize {
        Self::CAPACITY.saturating_sub(self.segments.len().max(self.errors.len()))
    }

    /// It is time to hand it on.
    pub fn is_full(&self) -> bool {
        self.room() == 0
    }

    /// There is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty() && self.errors.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tsecr_counts_only_with_ack() {
        let mut s = Segment { tsecr: 7, bits: SegmentBits::TIMESTAMPS, ..Segment::default() };
        assert_eq!(s.echo(), None);
        s.flags = TcpFlags::ACK;
        assert_eq!(s.echo(), Some(7));
        assert!(s.is_pure_ack());
    }
}
