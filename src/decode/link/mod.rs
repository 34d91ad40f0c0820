//! The link layers: from the first byte of a frame to its IP header.
//!
//! A link layer is a file with a `parse` and an arm in [`start`]; what an `EtherType` leads to stands in [`ether_type`].

mod arcnet;
mod cisco_hdlc;
mod ethernet;
mod ipoib;
mod linux_cooked;
mod llc;
mod loopback;
pub(crate) mod ppp;
mod vlan;

use super::bytes::Bytes;
use super::encapsulation::LayerStack;
use super::skip::Skip;
use super::step::Step;
use super::tunnel;
use crate::capture::LinkType;

/// The first layer of a frame.
#[inline]
pub(crate) fn start(link: LinkType, bytes: Bytes<'_>) -> Step<'_> {
    /// What BSD systems and some old files say for raw IP: their own `DLT_RAW`, which differs between systems.
    const DLT_RAW: [LinkType; 2] = [LinkType(12), LinkType(14)];
    /// PPP, and PPP in HDLC-like framing (RFC 1662).
    const PPP: [LinkType; 2] = [LinkType(9), LinkType(50)];
    const CISCO_HDLC: LinkType = LinkType(104);
    const ARCNET_LINUX: LinkType = LinkType(129);
    const IPOIB: LinkType = LinkType(242);

    match link {
        LinkType::ETHERNET => ethernet::parse(bytes),
        LinkType::LINUX_SLL => linux_cooked::parse_v1(bytes),
        LinkType::LINUX_SLL2 => linux_cooked::parse_v2(bytes),
        LinkType::NULL => loopback::parse_null(bytes),
        LinkType::LOOP => loopback::parse_loop(bytes),
        LinkType::RAW | LinkType::IPV4 | LinkType::IPV6 => Step::Ip(bytes),
        link if DLT_RAW.contains(&link) => Step::Ip(bytes),
        link if PPP.contains(&link) => ppp::parse(bytes),
        CISCO_HDLC => cisco_hdlc::parse(bytes),
        ARCNET_LINUX => arcnet::parse(bytes),
        IPOIB => ipoib::parse(bytes),
        _ => Step::Stop(Skip::UnknownLinkType),
    }
}

/// A field that is an `EtherType` and never a length.
fn ether_type_only(field: [u8; 2], rest: Bytes<'_>) -> Step<'_> {
    /// The smallest `EtherType` (IEEE 802.3 3.2.6).
    const FIRST: u16 = 0x0600;

    match u16::from_be_bytes(field) {
        ether_type @ FIRST.. => Step::Ether(ether_type, rest),
        _ => Step::Stop(Skip::OtherNetwork),
    }
}

/// What an `EtherType` (IEEE 802 numbers, IANA) says of the bytes behind it.
#[inline]
pub(crate) fn ether_type<'a>(ether_type: u16, bytes: Bytes<'a>, layers: &mut LayerStack) -> Step<'a> {
    match ether_type {
        0x0800 | 0x86dd => Step::Ip(bytes),
        // 802.1Q, 802.1ad, and what was used before that for the outer tag.
        0x8100 | 0x88a8 | 0x9100 | 0x9200 => vlan::parse(bytes, layers),
        0x8847 | 0x8848 => tunnel::mpls::parse(bytes, layers),
        0x8864 => tunnel::pppoe::parse(bytes, layers),
        // ARP and RARP.
        0x0806 | 0x8035 => Step::Stop(Skip::Arp),
        // Up to here it is the length of an 802.3 frame (IEEE 802.3 3.2.6); 0x8870 stands for one of a jumbo frame.
        0..=1500 | 0x8870 => llc::parse(bytes),
        _ => Step::Stop(Skip::OtherNetwork),
    }
}
