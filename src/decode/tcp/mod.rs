//! The TCP header (RFC 9293 3.1).

mod options;

use super::ip::Packet;
use super::skip::Skip;
use crate::base::{FlowKey, SackBlock, Segment, SegmentBits, Seq, Side, TcpFlags};
use crate::capture::Frame;

/// The header without options.
const FIXED_LEN: usize = 20;
/// Up to the flags: below that there is nothing to say of a segment.
const LEAST_LEN: usize = 14;

/// The segment in an IP packet; its SACK blocks go into the arena of the batch.
#[inline]
pub(crate) fn parse(packet: &Packet<'_>, frame: &Frame<'_>, sacks: &mut Vec<SackBlock>) -> Result<Segment, Skip> {
    let captured = packet.payload.captured();
    let length = packet.payload.wire_len();
    let mut bits = packet.bits;
    let (header, options) = match captured.split_first_chunk::<FIXED_LEN>() {
        Some((header, rest)) => (*header, rest),
        None => {
            if length < FIXED_LEN && !packet.is_lone_fragment {
                return Err(Skip::MalformedTcp);
            }
            bits.set(SegmentBits::HEADER_TRUNCATED);
            (cut_header(captured)?, &[][..])
        }
    };
    let header_len = usize::from(header[12] >> 4) * 4;
    if header_len < FIXED_LEN || (header_len > length && !packet.is_lone_fragment) {
        return Err(Skip::MalformedTcp);
    }

    let [source_port, destination_port] = [[header[0], header[1]], [header[2], header[3]]].map(u16::from_be_bytes);
    let (source, destination) = packet.endpoints(source_port, destination_port);
    let (key, side) = FlowKey::of(source, destination);
    bits.set_if(SegmentBits::FROM_HI, side == Side::Hi);
    let all_options = options.get(..header_len - FIXED_LEN);
    bits.set_if(SegmentBits::OPTIONS_TRUNCATED, all_options.is_none() || bits.has(SegmentBits::HEADER_TRUNCATED));
    let mut segment = Segment {
        ts: frame.ts,
        frame: frame.number,
        key,
        seq: Seq(u32::from_be_bytes([header[4], header[5], header[6], header[7]])),
        ack: Seq(u32::from_be_bytes([header[8], header[9], header[10], header[11]])),
        payload_len: u32::try_from(length.saturating_sub(header_len)).unwrap_or(u32::MAX),
        window: u16::from_be_bytes([header[14], header[15]]),
        ip_id: packet.ip_id,
        flags: TcpFlags(u16::from_be_bytes([header[12] & 0x01, header[13]])),
        header_len: u16::try_from(packet.header_len + header_len).unwrap_or(u16::MAX),
        checksum: u16::from_be_bytes([header[16], header[17]]),
        bits,
        ttl: packet.ttl,
        ..Segment::default()
    };
    options::parse(all_options.unwrap_or(options), &mut segment, sacks);
    Ok(segment)
}

/// The header as far as it was captured, if that is up to the flags; window and checksum are zero then, as nobody may read them.
fn cut_header(captured: &[u8]) -> Result<[u8; FIXED_LEN], Skip> {
    let known = captured.first_chunk::<LEAST_LEN>().ok_or(Skip::TruncatedTcp)?;
    let mut header = [0; FIXED_LEN];
    for (place, &byte) in header.iter_mut().zip(known) {
        *place = byte;
    }
    Ok(header)
}
