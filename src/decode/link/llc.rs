//! IEEE 802.2 LLC and the SNAP extension (RFC 1042).

use crate::decode::bytes::Bytes;
use crate::decode::skip::Skip;
use crate::decode::step::Step;

/// Unnumbered information, the control field of everything that carries IP.
const UNNUMBERED: u8 = 0x03;
/// The service access point of SNAP.
const SNAP: u8 = 0xaa;
/// The service access point of IP (RFC 948).
const IP: u8 = 0x06;

/// Both service access points and the control field.
pub(super) fn parse(bytes: Bytes<'_>) -> Step<'_> {
    match bytes.split::<3>() {
        None => Step::Stop(Skip::TruncatedLink),
        Some(([SNAP, SNAP, UNNUMBERED], rest)) => snap(rest),
        Some(([IP, IP, UNNUMBERED], rest)) => Step::Ip(rest),
        Some(_) => Step::Stop(Skip::Llc),
    }
}

/// The organization and its protocol: an `EtherType` for organization 0 (RFC 1042) and for bridged frames (0000f8, IEEE 802.1H).
fn snap(bytes: Bytes<'_>) -> Step<'_> {
    match bytes.split::<5>() {
        None => Step::Stop(Skip::TruncatedLink),
        Some((&[0, 0, 0 | 0xf8, high, low], rest)) if high >= 0x06 => {
            Step::Ether(u16::from_be_bytes([high, low]), rest)
        }
        Some(_) => Step::Stop(Skip::Llc),
    }
}
