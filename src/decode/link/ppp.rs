//! PPP (RFC 1661), with or without the address and control fields of HDLC-like framing (RFC 1662).

use crate::decode::bytes::Bytes;
use crate::decode::skip::Skip;
use crate::decode::step::Step;

/// `All-Stations` and `Unnumbered Information` (RFC 1662 3.1), which links may agree to leave out.
const ADDRESS_AND_CONTROL: [u8; 2] = [0xff, 0x03];

/// A frame of a PPP link.
pub(super) fn parse(bytes: Bytes<'_>) -> Step<'_> {
    match bytes.split::<2>() {
        Some((&ADDRESS_AND_CONTROL, rest)) => protocol(rest),
        _ => protocol(bytes),
    }
}

/// The protocol field: an odd byte ends it, so that one byte may do where it is compressed (RFC 1661 2 and 6.5).
pub(crate) fn protocol(bytes: Bytes<'_>) -> Step<'_> {
    match (bytes.split::<2>(), bytes.split::<1>()) {
        (_, Some((&[0x21 | 0x57], rest))) => Step::Ip(rest),
        (Some((&[0x00, 0x21 | 0x57], rest)), _) => Step::Ip(rest),
        // MPLS (RFC 3032 4.1), by the `EtherType` that leads to the same place.
        (Some((&[0x02, 0x81 | 0x83], rest)), _) => Step::Ether(0x8847, rest),
        (Some(_), _) => Step::Stop(Skip::OtherNetwork),
        (None, _) => Step::Stop(Skip::TruncatedLink),
    }
}
