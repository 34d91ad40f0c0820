//! Ethernet: DIX frames, and IEEE 802.3 frames by the length in place of the `EtherType`.

use crate::decode::bytes::Bytes;
use crate::decode::skip::Skip;
use crate::decode::step::Step;

/// Both addresses and the `EtherType`.
#[inline]
pub(super) fn parse(bytes: Bytes<'_>) -> Step<'_> {
    match bytes.split::<14>() {
        Some((&[.., high, low], rest)) => Step::Ether(u16::from_be_bytes([high, low]), rest),
        None => Step::Stop(Skip::TruncatedLink),
    }
}
