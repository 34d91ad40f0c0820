//! ARCNET as Linux hands it out (`LINKTYPE_ARCNET_LINUX`).

use crate::decode::bytes::Bytes;
use crate::decode::skip::Skip;
use crate::decode::step::Step;

/// IPv4 (RFC 1201) and IPv6 (RFC 2497).
const IP: [u8; 2] = [212, 196];
/// ARP and RARP (RFC 1201).
const ARP: [u8; 2] = [213, 214];
/// IPv4 as it was before, when packets could not be split (RFC 1051).
const OLD_IP: u8 = 240;
/// ARP as it was before (RFC 1051).
const OLD_ARP: u8 = 241;

/// Source, destination, a hardware offset of two bytes and the protocol; where packets can be split, the split flag and a sequence
/// number follow. Linux hands out whole packets only.
pub(super) fn parse(bytes: Bytes<'_>) -> Step<'_> {
    match (bytes.split::<5>(), bytes.split::<8>()) {
        (Some((&[.., OLD_IP], rest)), _) => Step::Ip(rest),
        (_, Some((&[_, _, _, _, protocol, 0, _, _], rest))) if IP.contains(&protocol) => Step::Ip(rest),
        (Some((&[.., protocol], _)), _) if protocol == OLD_ARP || ARP.contains(&protocol) => Step::Stop(Skip::Arp),
        (Some(_), Some(_)) => Step::Stop(Skip::OtherNetwork),
        _ => Step::Stop(Skip::TruncatedLink),
    }
}
