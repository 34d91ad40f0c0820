//! IPv6 (RFC 8200).

use etherparse::err::ipv6::HeaderSliceError;
use etherparse::{Ipv6Header, Ipv6HeaderSlice};

use super::extensions::{self, option};
use super::{Packet, protocol};
use crate::base::SegmentBits;
use crate::decode::bytes::Bytes;
use crate::decode::skip::Skip;

/// The length of the fixed header.
const HEADER_LEN: usize = Ipv6Header::LEN;

/// "Congestion experienced" (RFC 3168 5).
const CONGESTION_EXPERIENCED: u8 = 3;

/// The fixed header, the extension headers behind it, and the payload length, or that of the jumbo payload option (RFC 2675).
///
/// A payload length of 0 without the option is what segmentation offload leaves: then the frame has it.
pub(super) fn parse(bytes: Bytes<'_>) -> Result<Packet<'_>, Skip> {
    let header = match Ipv6HeaderSlice::from_slice(bytes.captured()) {
        Ok(header) => header,
        Err(HeaderSliceError::Len(_)) => return Err(super::short_of(HEADER_LEN, bytes)),
        Err(HeaderSliceError::Content(_)) => return Err(Skip::MalformedIp),
    };
    let rest = bytes.skip(HEADER_LEN).ok_or(Skip::TruncatedIp)?;
    let next_header = header.next_header().0;
    let mut bits = SegmentBits::default();
    let payload = match usize::from(header.payload_length()) {
        0 => match jumbo_payload_length(next_header, rest) {
            Some(length) => rest.limit(length),
            None => {
                bits.set(SegmentBits::LEN_FROM_FRAME);
                rest
            }
        },
        length => rest.limit(length),
    };
    bits.set_if(SegmentBits::CE, header.ecn().value() == CONGESTION_EXPERIENCED);
    let packet = || Packet {
        source: header.source(),
        destination: header.destination(),
        header_len: HEADER_LEN,
        protocol: next_header,
        ttl: header.hop_limit(),
        ip_id: 0,
        bits,
        has_final_addresses: true,
        is_lone_fragment: false,
        is_undeliverable: false,
        fragment: None,
        payload,
    };
    if next_header == protocol::TCP { Ok(packet()) } else { extensions::follow(packet()) }
}

/// The length that the jumbo payload option gives; it counts the extension headers, and can only be more than 65535 (RFC 2675 2).
fn jumbo_payload_length(next_header: u8, rest: Bytes<'_>) -> Option<usize> {
    if next_header != protocol::HOP_BY_HOP {
        return None;
    }
    let data = option::find(extensions::options_of(rest)?, option::JUMBO_PAYLOAD)?;
    let length = u32::from_be_bytes(data.try_into().ok()?);
    usize::try_from(length).ok().filter(|&length| length > usize::from(u16::MAX))
}
