//! MPLS label stacks (RFC 3032).

use crate::decode::bytes::Bytes;
use crate::decode::encapsulation::{Layer, LayerStack};
use crate::decode::skip::Skip;
use crate::decode::step::Step;

/// The `EtherType` of MPLS unicast, which leads back here for the next label.
const ETHER_TYPE: u16 = 0x8847;

/// One label stack entry: label, traffic class, bottom of stack, time to live.
///
/// Nothing names what is below the bottom; the first nibble tells IP from a pseudowire (RFC 4928 3), which is not followed.
pub(crate) fn parse<'a>(bytes: Bytes<'a>, layers: &mut LayerStack) -> Step<'a> {
    let Some((&entry, rest)) = bytes.split::<4>() else {
        return Step::Stop(Skip::TruncatedLink);
    };
    let entry = u32::from_be_bytes(entry);
    layers.push(Layer::Mpls(entry >> 12));
    let is_bottom = entry & 0x100 != 0;
    match rest.captured().first().map(|byte| byte >> 4) {
        _ if !is_bottom => Step::Ether(ETHER_TYPE, rest),
        Some(4 | 6) => Step::Ip(rest),
        Some(_) => Step::Stop(Skip::OtherNetwork),
        None => Step::Stop(Skip::TruncatedLink),
    }
}
