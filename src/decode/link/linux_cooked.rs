//! Linux cooked captures (`LINKTYPE_LINUX_SLL`, `LINKTYPE_LINUX_SLL2`): what libpcap writes for the device `any`.

use crate::decode::bytes::Bytes;
use crate::decode::skip::Skip;
use crate::decode::step::Step;

/// `ETH_P_802_2` of Linux: an LLC header follows.
const LLC: u16 = 0x0004;

/// Version 1, 16 bytes: packet type, hardware type, address length, address, protocol.
pub(super) fn parse_v1(bytes: Bytes<'_>) -> Step<'_> {
    match bytes.split::<16>() {
        Some((header, rest)) => protocol([header[14], header[15]], rest),
        None => Step::Stop(Skip::TruncatedLink),
    }
}

/// Version 2, 20 bytes: protocol, reserved, interface, hardware type, packet type, address length, address.
pub(super) fn parse_v2(bytes: Bytes<'_>) -> Step<'_> {
    match bytes.split::<20>() {
        Some((header, rest)) => protocol([header[0], header[1]], rest),
        None => Step::Stop(Skip::TruncatedLink),
    }
}

/// What Linux has below the `EtherType`s are names of its own: LLC, CAN, PPP, AX.25 …
fn protocol(field: [u8; 2], rest: Bytes<'_>) -> Step<'_> {
    if u16::from_be_bytes(field) == LLC { Step::Ether(LLC, rest) } else { super::ether_type_only(field, rest) }
}
