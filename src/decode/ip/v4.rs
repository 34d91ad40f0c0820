//! IPv4 (RFC 791).

use etherparse::err::ipv4::HeaderSliceError;
use etherparse::{Ipv4Header, Ipv4HeaderSlice};

use super::{Fragment, Packet, extensions, protocol};
use crate::base::{Endpoint, SegmentBits};
use crate::decode::bytes::Bytes;
use crate::decode::checksum;
use crate::decode::skip::Skip;

/// "Congestion experienced" (RFC 3168 5).
const CONGESTION_EXPERIENCED: u8 = 3;

/// The options that make the destination field the next hop only: loose and strict source route (RFC 791 3.1).
const SOURCE_ROUTES: [u8; 2] = [131, 137];

/// Header, options and total length.
///
/// A total length of 0 is what segmentation offload leaves, and Linux for packets beyond 65535 bytes ("BIG TCP"): then the frame has it,
/// as where the total length is more than the frame has and the header is damaged.
pub(super) fn parse(bytes: Bytes<'_>) -> Result<Packet<'_>, Skip> {
    let header = match Ipv4HeaderSlice::from_slice(bytes.captured()) {
        Ok(header) => header,
        Err(HeaderSliceError::Len(_)) => return Err(super::short_of(Ipv4Header::MIN_LEN, bytes)),
        Err(HeaderSliceError::Content(_)) => return Err(Skip::MalformedIp),
    };
    let total_len = usize::from(header.total_len());
    if total_len == 0 {
        return packet(&header, bytes, SegmentBits::LEN_FROM_FRAME);
    }
    if total_len < header.slice().len() {
        return Err(Skip::MalformedIp);
    }
    if total_len > bytes.wire_len() && is_damaged(&header) {
        return packet(&header, bytes, SegmentBits::LEN_FROM_FRAME);
    }
    packet(&header, bytes.limit(total_len), SegmentBits::default())
}

/// The header checksum is wrong. Asked where the frame is shorter than the header says, which is no proof of damage by itself: packet
/// brokers slice frames and give the length of the slice for that on the wire. A checksum of 0 was never computed (offload,
/// anonymization) and tells nothing.
#[cold]
fn is_damaged(header: &Ipv4HeaderSlice<'_>) -> bool {
    header.header_checksum() != 0 && !checksum::is_right(header.slice())
}

/// The header in the quote of an ICMP error, whatever its total length says.
pub(super) fn parse_quote(bytes: Bytes<'_>) -> Result<Packet<'_>, Skip> {
    match Ipv4HeaderSlice::from_slice(bytes.captured()) {
        Ok(header) => packet(&header, bytes, SegmentBits::default()),
        Err(_) => Err(Skip::Icmp),
    }
}

#[inline]
fn packet<'a>(header: &Ipv4HeaderSlice<'_>, bytes: Bytes<'a>, mut bits: SegmentBits) -> Result<Packet<'a>, Skip> {
    let header_len = header.slice().len();
    let payload = bytes.skip(header_len).ok_or(Skip::TruncatedIp)?;
    bits.set(SegmentBits::IPV4);
    bits.set_if(SegmentBits::CE, header.ecn().value() == CONGESTION_EXPERIENCED);
    // Made where it is needed, not passed around: see the decoder's loop.
    let packet = |fragment| Packet {
        source: Endpoint::v4(header.source(), 0).addr,
        destination: Endpoint::v4(header.destination(), 0).addr,
        header_len,
        protocol: header.protocol().0,
        ttl: header.ttl(),
        ip_id: header.identification(),
        bits,
        has_final_addresses: header_len == Ipv4Header::MIN_LEN || !is_source_routed(header.options()),
        is_lone_fragment: false,
        is_undeliverable: false,
        fragment,
        payload,
    };
    if header.is_fragmenting_payload() {
        return Ok(packet(Some(Fragment {
            identification: u32::from(header.identification()),
            offset: usize::from(header.fragments_offset().byte_offset()),
            more: header.more_fragments(),
        })));
    }
    if header.protocol().0 == protocol::AUTHENTICATION {
        return extensions::follow(packet(None));
    }
    Ok(packet(None))
}

/// A source route is among the options (RFC 791 3.1: kind, length, data; 0 ends the list, 1 is a single byte).
fn is_source_routed(mut options: &[u8]) -> bool {
    while let Some((&kind, rest)) = options.split_first() {
        let length = match kind {
            0 => return false,
            1 => 1,
            kind if SOURCE_ROUTES.contains(&kind) => return true,
            _ => rest.first().map_or(0, |&length| usize::from(length)),
        };
        match options.get(length..) {
            Some(next) if length > 0 => options = next,
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_routes_are_found_behind_other_options() {
        assert!(is_source_routed(&[1, 148, 4, 0, 0, 131, 3, 4]));
        assert!(!is_source_routed(&[148, 4, 0, 0]));
        assert!(!is_source_routed(&[0, 131, 3, 4]));
        assert!(!is_source_routed(&[148, 0, 131, 3]));
        assert!(!is_source_routed(&[148]));
    }
}
