//! Link layers, tags and tunnels.

use super::*;
use crate::decode::Skip;

/// The same segment, whatever lies around it.
fn assert_same(link: LinkType, frame: &[u8], packet: &[u8], encapsulation: &str) {
    let found = decode(link, frame);
    let expected = decode_ip(packet).segment();
    let encapsulated = Segment { encapsulation: u16::from(!encapsulation.is_empty()), ..expected };
    assert_eq!(found.segment(), encapsulated, "link type {}", link.0);
    assert_eq!(found.encapsulation, encapsulation);
}

#[test]
fn every_link_layer_leads_to_the_same_segment() {
    let (four, six) = (ipv4(&TIMESTAMP_OPTIONS, b"payload"), ipv6(&TIMESTAMP_OPTIONS, b"payload"));
    for link in [101, 12, 14, 228] {
        assert_same(LinkType(link), &four, &four, "");
    }
    for link in [101, 12, 14, 229] {
        assert_same(LinkType(link), &six, &six, "");
    }
    assert_same(LinkType::ETHERNET, &ethernet(&IPV4_TYPE, &four), &four, "");
    assert_same(LinkType::ETHERNET, &ethernet(&IPV6_TYPE, &six), &six, "");
    let cooked = [&[0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x86, 0xdd][..], &six].concat();
    assert_same(LinkType::LINUX_SLL, &cooked, &six, "");
    let cooked2 = [&[8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0][..], &four].concat();
    assert_same(LinkType::LINUX_SLL2, &cooked2, &four, "");
    assert_same(LinkType(9), &[&[0xff, 3, 0, 0x21][..], &four].concat(), &four, "");
    assert_same(LinkType(9), &[&[0, 0x57][..], &six].concat(), &six, "");
    assert_same(LinkType(50), &[&[0x21][..], &four].concat(), &four, "");
}

#[test]
fn cisco_hdlc_and_infiniband_have_ether_types_and_no_lengths() {
    let (four, six) = (ipv4(&TIMESTAMP_OPTIONS, b"payload"), ipv6(&TIMESTAMP_OPTIONS, b"payload"));
    let hdlc = |ether_type: [u8; 2]| [&[0x0f, 0][..], &ether_type].concat();
    let infiniband = |ether_type: [u8; 2]| [&[7; 40][..], &ether_type, &[0, 0]].concat();
    for (link, header) in [(104, &hdlc as &dyn Fn([u8; 2]) -> Vec<u8>), (242, &infiniband)] {
        let link = LinkType(link);
        assert_same(link, &[header(IPV4_TYPE), four.clone()].concat(), &four, "");
        assert_same(link, &[header(IPV6_TYPE), six.clone()].concat(), &six, "");
        let skipped = |data: &[u8]| decode(link, data).decoded;
        assert_eq!(
            skipped(&[header([0, 30]), vec![6, 6, 3], four.clone()].concat()),
            Decoded::Skipped(Skip::OtherNetwork)
        );
        assert_eq!(skipped(&header(IPV4_TYPE)[1..]), Decoded::Skipped(Skip::TruncatedLink));
    }
}

#[test]
fn arcnet_packets_that_are_not_split() {
    let (four, six) = (ipv4(&TIMESTAMP_OPTIONS, b"payload"), ipv6(&TIMESTAMP_OPTIONS, b"payload"));
    let link = LinkType(129);
    assert_same(link, &[&[0xbe, 0x50, 0xa8, 8, 212, 0, 1, 102][..], &four].concat(), &four, "");
    assert_same(link, &[&[0xbe, 0x50, 0xa8, 8, 196, 0, 1, 103][..], &six].concat(), &six, "");
    assert_same(link, &[&[0xbe, 0x50, 0xa8, 8, 240][..], &four].concat(), &four, "");
    let skipped = |header: &[u8]| decode(link, &[header, &four].concat()).decoded;
    assert_eq!(skipped(&[0xbe, 0x50, 0xa8, 8, 212, 1, 1, 102]), Decoded::Skipped(Skip::OtherNetwork));
    assert_eq!(skipped(&[0xbe, 0x50, 0xa8, 8, 250, 0, 1, 102]), Decoded::Skipped(Skip::OtherNetwork));
    for protocol in [213, 214, 241] {
        assert_eq!(skipped(&[0xbe, 0, 0xa8, 8, protocol]), Decoded::Skipped(Skip::Arp));
    }
    for cut in [&[0xbe, 0x50, 0xa8, 8][..], &[0xbe, 0x50, 0xa8, 8, 212, 0, 1]] {
        assert_eq!(decode(link, cut).decoded, Decoded::Skipped(Skip::TruncatedLink));
    }
}

#[test]
fn loopback_families_are_read_in_either_byte_order() {
    let (four, six) = (ipv4(&[], b"x"), ipv6(&[], b"x"));
    for family in [10u32, 23, 24, 28, 30] {
        for bytes in [family.to_le_bytes(), family.to_be_bytes()] {
            assert_same(LinkType::NULL, &[&bytes[..], &six].concat(), &six, "");
        }
        assert_same(LinkType::LOOP, &[&family.to_be_bytes()[..], &six].concat(), &six, "");
    }
    assert_same(LinkType::NULL, &[&[2, 0, 0, 0][..], &four].concat(), &four, "");
    assert_same(LinkType::LOOP, &[&[0, 0, 0, 2][..], &four].concat(), &four, "");
    let swapped = decode(LinkType::LOOP, &[&[2, 0, 0, 0][..], &four].concat());
    assert_eq!(swapped.decoded, Decoded::Skipped(Skip::OtherNetwork));
}

#[test]
fn vlan_tags_nest() {
    let packet = ipv4(&[], b"abc");
    for tag in [[0x81, 0x00], [0x88, 0xa8], [0x91, 0x00], [0x92, 0x00]] {
        let types = [&tag[..], &[0xe0, 100, 0x81, 0x00, 0x01, 0x05], &IPV4_TYPE].concat();
        assert_same(LinkType::ETHERNET, &ethernet(&types, &packet), &packet, "vlan:100/vlan:261");
    }
    let cooked = [&[0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x81, 0x00, 0x00, 12, 8, 0][..], &packet].concat();
    assert_same(LinkType::LINUX_SLL, &cooked, &packet, "vlan:12");
}

#[test]
fn tags_without_end_are_given_up() {
    let types = [0x81u8, 0x00, 0x00, 0x01].repeat(60);
    assert_eq!(decode(LinkType::ETHERNET, &ethernet(&types, &[])).decoded, Decoded::Skipped(Skip::TooDeep));
    let few = [[0x81, 0x00, 0x00, 0x01].repeat(12), IPV4_TYPE.to_vec()].concat();
    assert_eq!(decode(LinkType::ETHERNET, &ethernet(&few, &ipv4(&[], b""))).decoded, Decoded::Segment);
}

#[test]
fn ip_in_snap_is_followed_and_other_llc_is_not() {
    let packet = ipv4(&[], b"abc");
    let length = (packet.len() as u16 + 8).to_be_bytes();
    let snap = [&length[..], &[0xaa, 0xaa, 0x03, 0, 0, 0], &IPV4_TYPE].concat();
    assert_same(LinkType::ETHERNET, &ethernet(&snap, &packet), &packet, "");
    let spanning_tree = [0, 38, 0x42, 0x42, 0x03, 0, 0, 0, 0, 0];
    assert_eq!(decode(LinkType::ETHERNET, &ethernet(&spanning_tree, &[])).decoded, Decoded::Skipped(Skip::Llc));
    let cisco = [0, 38, 0xaa, 0xaa, 0x03, 0, 0, 0x0c, 0x20, 0x00];
    assert_eq!(decode(LinkType::ETHERNET, &ethernet(&cisco, &[0; 30])).decoded, Decoded::Skipped(Skip::Llc));
}

#[test]
fn tunnels_that_are_followed() {
    let (four, six) = (ipv4(&[], b"abc"), ipv6(&[], b"abc"));
    let mpls = [0x88, 0x47, 0x00, 0x01, 0x00, 0x40, 0x00, 0x01, 0x11, 0x40];
    assert_same(LinkType::ETHERNET, &ethernet(&mpls, &four), &four, "mpls:16/mpls:17");
    let pppoe = [0x88, 0x64, 0x11, 0x00, 0x00, 0x2a, 0, 65, 0x00, 0x57];
    assert_same(LinkType::ETHERNET, &ethernet(&pppoe, &six), &six, "pppoe:42");
    for (inner, protocol, over4, over6) in [(&four, 4, "4in4", "4in6"), (&six, 41, "6in4", "6in6")] {
        let mut outer = ipv4(&[], &[])[..20].to_vec();
        outer[9] = protocol;
        outer.extend_from_slice(inner);
        set_ipv4_length(&mut outer);
        assert_same(LinkType::RAW, &outer, inner, over4);
        let mut outer = ipv6(&[], &[])[..40].to_vec();
        outer[6] = protocol;
        outer.extend_from_slice(inner);
        set_ipv6_length(&mut outer);
        assert_same(LinkType::RAW, &outer, inner, over6);
    }
}

#[test]
fn what_is_no_tcp_is_counted_by_its_kind() {
    let mut decoder = Decoder::new(DecodeOptions::default());
    let mut skip = |link: u16, data: &[u8]| decode_with(&mut decoder, LinkType(link), data, data.len(), 1).decoded;
    let mut udp = |port: u16| {
        let mut packet = Vec::new();
        PacketBuilder::ipv4(CLIENT, SERVER, 64).udp(5353, port).write(&mut packet, b"x").unwrap();
        skip(101, &packet)
    };
    assert_eq!(
        [53, 53, 4789, 6081, 2152].map(&mut udp),
        [Skip::Udp, Skip::Udp, Skip::Vxlan, Skip::Geneve, Skip::GtpU].map(Decoded::Skipped)
    );
    let mut protocol = |number: u8| {
        let mut packet = ipv4(&[], &[]);
        packet[9] = number;
        skip(101, &packet)
    };
    assert_eq!(
        [47, 50, 132, 59].map(&mut protocol),
        [Skip::Gre, Skip::Esp, Skip::OtherProtocol, Skip::OtherProtocol].map(Decoded::Skipped)
    );
    assert_eq!(skip(1, &ethernet(&[0x08, 0x06], &[0; 46])), Decoded::Skipped(Skip::Arp));
    assert_eq!(skip(1, &ethernet(&[0x88, 0xcc], &[0; 46])), Decoded::Skipped(Skip::OtherNetwork));
    assert_eq!(skip(147, &[0; 60]), Decoded::Skipped(Skip::UnknownLinkType));
    assert_eq!(skip(101, &[0x50; 60]), Decoded::Skipped(Skip::MalformedIp));
    assert_eq!(decoder.skipped()[0], ("UDP", 2));
    assert_eq!(decoder.skipped().iter().map(|(_, frames)| frames).sum::<u64>(), 13);
    assert_eq!(decoder.skipped_for(Skip::OtherProtocol), 2);
}
