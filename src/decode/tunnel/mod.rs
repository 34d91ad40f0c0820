//! What lies between the link layer and the innermost IP packet.
//!
//! A tunnel is a file with a `parse` and an arm where its number stands: an `EtherType` in [`super::link::ether_type`], an IP protocol in
//! the loop of the decoder, a UDP port in [`of_udp`].

pub(crate) mod ip_in_ip;
pub(crate) mod mpls;
pub(crate) mod pppoe;

use super::ip::Packet;
use super::skip::Skip;

/// What a UDP datagram is, by its destination port: none of the tunnels is followed yet.
pub(crate) fn of_udp(packet: &Packet<'_>) -> Skip {
    match packet.payload.split::<4>() {
        Some((&[_, _, high, low], _)) => match u16::from_be_bytes([high, low]) {
            4789 => Skip::Vxlan,
            6081 => Skip::Geneve,
            2152 => Skip::GtpU,
            _ => Skip::Udp,
        },
        None => Skip::Udp,
    }
}
