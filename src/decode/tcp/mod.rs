//! The TCP header (RFC 9293 3.1).

mod options;

use super::ip::Packet;
use super::skip::Skip;
use crate::base::{FlowKey, SackBlock, Segment, SegmentBits, Seq, Side, TcpFlags};
use crate::capture::Frame;
pub(crate) use options::Options;

/// The header without options.
const FIXED_LEN: usize = 20;
/// Up to the flags: below that there is nothing to say of a segment.
const LEAST_LEN: usize = 14;

/// The length of the header in bytes, from the byte that has it in its upper half in units of 4 bytes.
#[inline]
pub(crate) const fn data_offset(byte: u8) -> usize {
    (byte >> 4) as usize * 4
}

/// A TCP header that is there at least up to the flags.
#[derive(Clone, Copy)]
pub(crate) struct Header<'a> {
    source_port: u16,
    destination_port: u16,
    seq: u32,
    ack: u32,
    flags: u16,
    /// Zero with `HEADER_TRUNCATED`.
    window: u16,
    /// Zero with `HEADER_TRUNCATED`.
    pub(crate) checksum: u16,
    /// As many bytes of options as were captured.
    options: &'a [u8],
    /// Its length with options, on the wire, as far as the segment goes.
    length: usize,
    /// `HEADER_TRUNCATED`, `OPTIONS_TRUNCATED`.
    bits: SegmentBits,
}

impl<'a> Header<'a> {
    /// The header at the beginning of an IP payload.
    #[inline]
    pub(crate) fn parse(packet: &Packet<'a>) -> Result<Self, Skip> {
        match packet.payload.captured().split_first_chunk::<FIXED_LEN>() {
            Some((fixed, options)) => Self::of(fixed, options, packet),
            None => Self::parse_cut(packet),
        }
    }

    /// A header that was cut within its first 20 bytes, behind the flags; window and checksum are zero then, as nobody may read them.
    #[cold]
    fn parse_cut(packet: &Packet<'a>) -> Result<Self, Skip> {
        if packet.payload.wire_len() < FIXED_LEN && !packet.is_lone_fragment {
            return Err(Skip::MalformedTcp);
        }
        let known = packet.payload.captured().first_chunk::<LEAST_LEN>().ok_or(Skip::TruncatedTcp)?;
        let mut fixed = [0; FIXED_LEN];
        for (place, &byte) in fixed.iter_mut().zip(known) {
            *place = byte;
        }
        let mut header = Self::of(&fixed, &[], packet)?;
        header.bits.set(SegmentBits::HEADER_TRUNCATED);
        header.bits.set(SegmentBits::OPTIONS_TRUNCATED);
        Ok(header)
    }

    /// The header of these bytes, followed by these options (and perhaps payload).
    #[inline]
    fn of(fixed: &[u8; FIXED_LEN], options: &'a [u8], packet: &Packet<'_>) -> Result<Self, Skip> {
        let &[s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, offset, flags, w0, w1, c0, c1, _, _] = fixed;
        let data_offset = data_offset(offset);
        let room = packet.payload.wire_len();
        let options_len = data_offset.checked_sub(FIXED_LEN).ok_or(Skip::MalformedTcp)?;
        // A data offset beyond the segment says nothing of where the options end. Of a lone fragment it does: they go on in the next.
        let malformed = data_offset > room && !packet.is_lone_fragment;
        let options = if malformed { &[] } else { options };
        let all_options = options.get(..options_len);
        let mut bits = SegmentBits::default();
        bits.set_if(SegmentBits::MALFORMED, malformed);
        bits.set_if(SegmentBits::OPTIONS_TRUNCATED, all_options.is_none());
        Ok(Self {
            source_port: u16::from_be_bytes([s0, s1]),
            destination_port: u16::from_be_bytes([d0, d1]),
            seq: u32::from_be_bytes([q0, q1, q2, q3]),
            ack: u32::from_be_bytes([a0, a1, a2, a3]),
            flags: u16::from_be_bytes([offset & 0x01, flags]),
            window: u16::from_be_bytes([w0, w1]),
            checksum: u16::from_be_bytes([c0, c1]),
            options: all_options.unwrap_or(options),
            length: data_offset.min(room),
            bits,
        })
    }

    /// The segment, in one piece; its SACK blocks go into the arena of the batch. `more` is what else is known of it.
    #[inline]
    pub(crate) fn segment(
        &self,
        packet: &Packet<'_>,
        frame: &Frame<'_>,
        more: SegmentBits,
        encapsulation: u16,
        sacks: &mut Vec<SackBlock>,
    ) -> Segment {
        let (source, destination) = packet.endpoints(self.source_port, self.destination_port);
        let (key, side) = FlowKey::of(source, destination);
        let options = Options::parse(self.options, sacks);
        let mut bits = packet.bits;
        bits.set(self.bits);
        bits.set(options.bits);
        bits.set(more);
        bits.set_if(SegmentBits::FROM_HI, side == Side::Hi);
        let behind = packet.payload.wire_len().saturating_sub(self.length);
        // What no host can put together never reaches TCP: only the header says something.
        let (payload, rest) = if packet.is_undeliverable { (0, behind) } else { (behind, 0) };
        Segment {
            ts: frame.ts,
            frame: frame.number,
            key,
            seq: Seq(self.seq),
            ack: Seq(self.ack),
            payload_len: u32::try_from(payload).unwrap_or(u32::MAX),
            tsval: options.tsval(),
            tsecr: options.tsecr(),
            window: self.window,
            ip_id: packet.ip_id,
            flags: TcpFlags(self.flags),
            mss: options.mss,
            header_len: u16::try_from(packet.header_len + self.length + rest).unwrap_or(u16::MAX),
            checksum: self.checksum,
            bits,
            sack_at: options.sack_at,
            encapsulation,
            sack_len: options.sack_len,
            window_scale: options.window_scale,
            ttl: packet.ttl,
            options_digest: options.digest,
        }
    }
}
