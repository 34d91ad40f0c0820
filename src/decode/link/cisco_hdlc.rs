//! Cisco's framing of serial lines (RFC 1547 4.3.1).

use crate::decode::bytes::Bytes;
use crate::decode::skip::Skip;
use crate::decode::step::Step;

/// An address that tells unicast from broadcast, a control byte, the `EtherType`.
pub(super) fn parse(bytes: Bytes<'_>) -> Step<'_> {
    match bytes.split::<4>() {
        Some((&[_, _, high, low], rest)) => super::ether_type_only([high, low], rest),
        None => Step::Stop(Skip::TruncatedLink),
    }
}
