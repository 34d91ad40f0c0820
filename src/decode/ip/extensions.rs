//! The headers between IP and what it carries: IPv6 extension headers (RFC 8200 4), and the authentication header (RFC 4302), which
//! IPv4 has too.

use super::{Fragment, Packet, protocol};
use crate::decode::MAX_LAYERS;
use crate::decode::bytes::Bytes;
use crate::decode::skip::Skip;

/// Options of the hop-by-hop and the destination options header (RFC 8200 4.2).
pub(super) mod option {
    /// Padding of a single byte; every other option has a length.
    const PAD1: u8 = 0;
    /// Jumbo payload (RFC 2675 2).
    pub(in super::super) const JUMBO_PAYLOAD: u8 = 0xc2;
    /// Home address of a mobile node (RFC 6275 6.3).
    pub(super) const HOME_ADDRESS: u8 = 0xc9;

    /// The data of the first option of this type.
    pub(in super::super) fn find(mut options: &[u8], wanted: u8) -> Option<&[u8]> {
        loop {
            let (&kind, rest) = options.split_first()?;
            if kind == PAD1 {
                options = rest;
                continue;
            }
            let (&length, rest) = rest.split_first()?;
            let (data, next) = rest.split_at_checked(usize::from(length))?;
            if kind == wanted {
                return Some(data);
            }
            options = next;
        }
    }
}

/// Follows the chain of headers to the payload, or to a fragment of it.
pub(crate) fn follow(mut packet: Packet<'_>) -> Result<Packet<'_>, Skip> {
    for _ in 0..MAX_LAYERS {
        // What all of them have in common: the next header, and a length in one unit or the other.
        let length = match (packet.protocol, packet.payload.captured()) {
            (protocol::FRAGMENT, _) => 8,
            (protocol::AUTHENTICATION, &[_, length, ..]) => (usize::from(length) + 2) * 4,
            (kind, &[_, length, ..]) if is_extension(kind) => (usize::from(length) + 1) * 8,
            (kind, _) if is_extension(kind) || kind == protocol::AUTHENTICATION => 8,
            _ => return Ok(packet),
        };
        if packet.payload.wire_len() < length {
            return Err(Skip::MalformedIp);
        }
        let (Some(rest), Some((fixed, _))) = (packet.payload.skip(length), packet.payload.split::<8>()) else {
            return Err(Skip::TruncatedIp);
        };
        let (kind, header) = (packet.protocol, packet.payload);
        packet.protocol = fixed[0];
        packet.payload = rest;
        if kind == protocol::FRAGMENT {
            packet.fragment = fragment(fixed);
            if packet.fragment.is_some() {
                // The header is not part of the reassembled packet, and so no part of its length.
                return Ok(packet);
            }
        }
        packet.has_final_addresses &= keeps_addresses(kind, fixed, header);
        packet.header_len += length;
    }
    Err(Skip::TooDeep)
}

/// The options in the hop-by-hop or destination options header that these bytes begin with.
pub(super) fn options_of(header: Bytes<'_>) -> Option<&[u8]> {
    let length = (usize::from(*header.captured().get(1)?) + 1) * 8;
    header.captured().get(2..length)
}

/// Headers of the common form: next header, and length in units of 8 bytes without the first.
fn is_extension(kind: u8) -> bool {
    use protocol::{DESTINATION_OPTIONS, HOP_BY_HOP, HOST_IDENTITY, MOBILITY, ROUTING, SHIM6};
    matches!(kind, HOP_BY_HOP | ROUTING | DESTINATION_OPTIONS | MOBILITY | HOST_IDENTITY | SHIM6)
}

/// Identification, offset in units of 8 bytes, and the flag "more fragments" (RFC 8200 4.5). An "atomic fragment" is all of its
/// packet (RFC 6946).
fn fragment(header: &[u8; 8]) -> Option<Fragment> {
    let &[_, _, offset_high, offset_low, a, b, c, d] = header;
    let field = u16::from_be_bytes([offset_high, offset_low]);
    let fragment = Fragment {
        identification: u32::from_be_bytes([a, b, c, d]),
        offset: usize::from(field & !0x7),
        more: field & 1 != 0,
    };
    (fragment.more || fragment.offset > 0).then_some(fragment)
}

/// The checksum of what follows covers the addresses of the IP header (RFC 8200 8.1): no router is left to visit, and the sender
/// is not away from home.
fn keeps_addresses(kind: u8, fixed: &[u8; 8], header: Bytes<'_>) -> bool {
    match kind {
        protocol::ROUTING => fixed[3] == 0,
        protocol::DESTINATION_OPTIONS => {
            options_of(header).and_then(|options| option::find(options, option::HOME_ADDRESS)).is_none()
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_found_and_their_lengths_believed() {
        let options = [0, 1, 2, 0, 0, 0xc2, 4, 0, 1, 0, 0];
        assert_eq!(option::find(&options, option::JUMBO_PAYLOAD), Some(&[0, 1, 0, 0][..]));
        assert_eq!(option::find(&options, option::HOME_ADDRESS), None);
        assert_eq!(option::find(&options[..9], option::JUMBO_PAYLOAD), None);
        assert_eq!(option::find(&[1], 1), None);
    }
}
