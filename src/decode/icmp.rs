//! ICMP (RFC 792) and `ICMPv6` (RFC 4443) errors that quote a TCP segment.

use super::bytes::Bytes;
use super::ip::{self, Packet, protocol};
use super::skip::Skip;
use crate::base::{FlowKey, IcmpError, IcmpKind, Seq};
use crate::capture::Frame;

/// The error, if the message is one and quotes at least the ports and the sequence number of a segment: RFC 792 promises no more
/// than these 8 bytes.
pub(crate) fn parse(packet: &Packet<'_>, frame: &Frame<'_>) -> Result<IcmpError, Skip> {
    let Some((&[kind, code, ..], quote)) = packet.payload.split::<8>() else {
        return Err(Skip::Icmp);
    };
    let kind = match (packet.protocol, packet.is_v4()) {
        (protocol::ICMP, true) => kind_of_v4(kind, code),
        (protocol::ICMPV6, false) => kind_of_v6(kind),
        _ => None,
    };
    let error = kind.and_then(|kind| Some((kind, quoted_tcp(quote)?)));
    let Some((kind, quoted)) = error else {
        return Err(Skip::Icmp);
    };
    let Some((&[sp, sp_low, dp, dp_low, seq @ ..], _)) = quoted.payload.split::<8>() else {
        return Err(Skip::TruncatedTcp);
    };
    let (source, destination) = quoted.endpoints(u16::from_be_bytes([sp, sp_low]), u16::from_be_bytes([dp, dp_low]));
    let (key, from) = FlowKey::of(source, destination);
    Ok(IcmpError { ts: frame.ts, frame: frame.number, key, from, seq: Seq(u32::from_be_bytes(seq)), kind })
}

/// The packet in the quote, if it is the beginning of a TCP segment.
fn quoted_tcp(quote: Bytes<'_>) -> Option<Packet<'_>> {
    let packet = ip::parse_quote(quote).ok()?;
    let is_beginning = packet.fragment.is_none_or(|fragment| fragment.offset == 0);
    (packet.protocol == protocol::TCP && is_beginning).then_some(packet)
}

/// Types and codes of RFC 792 and RFC 1122 3.2.2.1; `None` for what is no error message and quotes nothing.
fn kind_of_v4(kind: u8, code: u8) -> Option<IcmpKind> {
    match (kind, code) {
        (3, 0..=3 | 9 | 10 | 13) => Some(IcmpKind::Unreachable),
        (3, 4) => Some(IcmpKind::TooBig),
        (11, _) => Some(IcmpKind::TimeExceeded),
        // Other unreachables, source quench, redirect, parameter problem.
        (3 | 4 | 5 | 12, _) => Some(IcmpKind::Other),
        _ => None,
    }
}

/// Types of RFC 4443: below 128 are the errors, and all of them quote.
fn kind_of_v6(kind: u8) -> Option<IcmpKind> {
    match kind {
        1 => Some(IcmpKind::Unreachable),
        2 => Some(IcmpKind::TooBig),
        3 => Some(IcmpKind::TimeExceeded),
        4..128 => Some(IcmpKind::Other),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_and_messages_are_told_apart() {
        assert_eq!(kind_of_v4(3, 1), Some(IcmpKind::Unreachable));
        assert_eq!(kind_of_v4(3, 4), Some(IcmpKind::TooBig));
        assert_eq!(kind_of_v4(3, 5), Some(IcmpKind::Other));
        assert_eq!(kind_of_v4(11, 1), Some(IcmpKind::TimeExceeded));
        assert_eq!(kind_of_v4(12, 0), Some(IcmpKind::Other));
        assert_eq!(kind_of_v4(8, 0), None);
        assert_eq!(kind_of_v6(2), Some(IcmpKind::TooBig));
        assert_eq!(kind_of_v6(128), None);
        assert_eq!(kind_of_v6(0), None);
    }
}
