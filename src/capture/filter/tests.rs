//! Filters on frames built by hand, and against libpcap's own interpreter.

use super::*;
use proptest::prelude::*;

/// Ethernet, IPv4 without options, TCP from port 40000 to `port`.
fn segment(port: u16) -> Vec<u8> {
    let mut frame = vec![0; 54];
    frame[12..14].copy_from_slice(&[8, 0]);
    frame[14] = 0x45;
    frame[16..18].copy_from_slice(&[0, 40]);
    frame[23] = 6;
    frame[26..34].copy_from_slice(&[10, 0, 0, 1, 10, 0, 0, 2]);
    frame[34..36].copy_from_slice(&40_000u16.to_be_bytes());
    frame[36..38].copy_from_slice(&port.to_be_bytes());
    frame[46] = 0x50;
    frame[47] = 0x02;
    frame
}

fn passes(expression: &str, link: LinkType, wire_len: u32, data: &[u8]) -> bool {
    Filter::compile(expression).unwrap().passes(link, wire_len, data).unwrap()
}

#[test]
fn the_same_filter_works_on_every_link_type() {
    let frame = segment(443);
    let mut cooked = vec![0; 16];
    cooked[14] = 8;
    cooked.extend_from_slice(&frame[14..]);
    let mut filter = Filter::compile("tcp dst port 443 and src host 10.0.0.1").unwrap();
    assert_eq!(filter.expression(), "tcp dst port 443 and src host 10.0.0.1");
    for _ in 0..2 {
        assert!(filter.passes(LinkType::ETHERNET, 54, &frame).unwrap());
        assert!(filter.passes(LinkType::RAW, 40, &frame[14..]).unwrap());
        assert!(filter.passes(LinkType::LINUX_SLL, 56, &cooked).unwrap());
        assert!(!filter.passes(LinkType::ETHERNET, 54, &segment(80)).unwrap());
    }
    assert_eq!(filter.programs.len(), 3);
}

#[test]
fn lengths_are_those_of_the_wire_on_cut_packets_too() {
    let frame = segment(80);
    assert!(passes("greater 1000", LinkType::ETHERNET, 1514, &frame));
    assert!(!passes("less 1000", LinkType::ETHERNET, 1514, &frame));
    assert!(passes("len == 1514", LinkType::ETHERNET, 1514, &frame));
    assert!(passes("len <= 54", LinkType::ETHERNET, 54, &frame));
}

#[test]
fn what_is_cut_off_does_not_match() {
    assert!(passes("tcp[tcpflags] & tcp-syn != 0", LinkType::ETHERNET, 54, &segment(80)));
    assert!(!passes("tcp[tcpflags] & tcp-syn != 0", LinkType::ETHERNET, 54, &segment(80)[..47]));
    assert!(passes("", LinkType::ETHERNET, 54, &[]));
}

#[test]
fn a_wrong_expression_gives_the_message_of_libpcap() {
    let error = Filter::compile("tcp prot 443").unwrap_err().to_string();
    assert!(error.starts_with("filter 'tcp prot 443': "), "{error}");
    assert!(error.to_lowercase().contains("syntax"), "{error}");
    assert!(Filter::compile("port 99999999").is_err());
    assert!(Filter::compile("tcp\0").unwrap_err().to_string().contains("null character"));
}

#[test]
fn an_expression_for_another_link_layer_is_no_wrong_one() {
    let mut filter = Filter::compile("wlan type mgt").unwrap();
    assert!(filter.passes(LinkType::ETHERNET, 54, &segment(80)).is_err());
    assert!(!filter.passes(LinkType::ETHERNET, 54, &segment(80)).unwrap(), "it is said once");
    assert!(filter.passes(LinkType(105), 24, &[0; 24]).unwrap());
}

/// Expressions that use every kind of instruction that libpcap makes.
const EXPRESSIONS: &[&str] = &[
    "tcp",
    "tcp port 443",
    "udp or icmp6 or arp",
    "host 10.0.0.2 and not port 80",
    "vlan and tcp port 80",
    "net 10.0.0.0/8 and portrange 100-50000",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and tcp[((tcp[12] & 0xf0) >> 2)] = 0",
    "ip[2:2] - ((ip[0] & 0xf) << 2) - ((tcp[12] & 0xf0) >> 2) != 0",
    "ether[0] * 3 + ether[1] / 2 - ether[2] % 7 > 5 | ether[3]",
    "len % 7 > 2 and greater 20 and less 1500",
    "ip6 protochain 6",
    "ip protochain 6",
    "ether multicast or ip broadcast",
    "ip[ip[0] & 0xf] ^ 3 > 4",
    "mpls",
    "pppoes and tcp port 80",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// With nothing cut, libpcap's own interpreter is the oracle.
    #[test]
    fn decides_as_libpcap_does(noise in proptest::collection::vec(any::<(u8, u8)>(), 0..6), length in 0usize..90, port in any::<u16>()) {
        let mut frame = segment(port);
        frame.resize(90, 3);
        for (place, value) in noise {
            if let Some(byte) = frame.get_mut(usize::from(place) % 60) {
                *byte = value;
            }
        }
        frame.truncate(length);
        for expression in EXPRESSIONS {
            let handle = ::pcap::Capture::dead(::pcap::Linktype::ETHERNET).unwrap();
            let oracle = handle.compile(expression, true).unwrap();
            let ours = compile(expression, LinkType::ETHERNET).unwrap();
            prop_assert_eq!(ours.passes(&frame, length as u32), oracle.filter(&frame), "{}", expression);
        }
    }
}
