//! VLAN tags (IEEE 802.1Q), any number of them.

use crate::decode::bytes::Bytes;
use crate::decode::encapsulation::{Layer, LayerStack};
use crate::decode::skip::Skip;
use crate::decode::step::Step;

/// One tag behind its `EtherType`: priority and identifier, and the `EtherType` of what follows.
pub(super) fn parse<'a>(bytes: Bytes<'a>, layers: &mut LayerStack) -> Step<'a> {
    let Some((&[control_high, control_low, type_high, type_low], rest)) = bytes.split::<4>() else {
        return Step::Stop(Skip::TruncatedLink);
    };
    layers.push(Layer::Vlan(u16::from_be_bytes([control_high, control_low]) & 0x0fff));
    Step::Ether(u16::from_be_bytes([type_high, type_low]), rest)
}
