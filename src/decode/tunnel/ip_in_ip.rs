//! IP in IP: protocols 4 (RFC 2003) and 41 (RFC 2473, RFC 4213).

use crate::decode::encapsulation::{Layer, LayerStack};
use crate::decode::ip::{Packet, protocol};
use crate::decode::step::Step;

/// The inner packet, which is the whole payload of the outer one.
pub(crate) fn parse<'a>(packet: &Packet<'a>, layers: &mut LayerStack) -> Step<'a> {
    layers.push(match (packet.protocol == protocol::IPV4, packet.is_v4()) {
        (true, true) => Layer::FourInFour,
        (true, false) => Layer::FourInSix,
        (false, true) => Layer::SixInFour,
        (false, false) => Layer::SixInSix,
    });
    Step::Ip(packet.payload)
}
