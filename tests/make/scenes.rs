//! The scripts.

use super::Made;
use super::talk::{Client, NEW_YEAR, Server, Talk};
use crate::kit::capture::{COOKED_V2, ETHERNET, Frame, Interface, Order, RAW, pcap, pcapng};
use crate::kit::packet::{ACK, PSH, RST, SYN, cooked_v2, ethernet, icmp_error};

const SECOND: i64 = 1_000_000;

pub(super) fn all() -> Vec<Made> {
    let made = |folder, file, bytes| Made { folder, file, bytes };
    vec![
        made("vlan_qinq", "flows.pcap", vlan_qinq()),
        made("linux_cooked_v2", "flows.pcap", linux_cooked_v2()),
        made("pcapng_two_interfaces", "flows.pcapng", pcapng_two_interfaces()),
        made("nanosecond_pcap", "flows.pcap", nanosecond_pcap()),
        made("ipv6_extension_headers", "flows.pcap", ipv6_extension_headers()),
        made("port_reuse_after_1s", "flows.pcap", port_reuse_after_1s()),
        made("idle_301s", "flows.pcap", idle_301s()),
        made("every_packet_twice", "flows.pcap", every_packet_twice()),
        made("keepalives_of_1_byte", "flows.pcap", keepalives_of_1_byte()),
        made("icmp_refuses_syn", "flows.pcap", icmp_refuses_syn()),
        made("midstream", "flows.pcap", midstream()),
        made("cut_file", "flows.pcap", cut_file()),
        made("wrapped_sequence_numbers", "flows.pcap", wrapped_sequence_numbers()),
        made("ethernet_padding", "flows.pcap", ethernet_padding()),
        made("bad_checksum", "flows.pcap", bad_checksum()),
        made("only_one_direction", "flows.pcap", only_one_direction()),
        made("no_tcp_at_all", "flows.pcap", no_tcp_at_all()),
    ]
}

fn talk() -> Talk {
    Talk::new("192.0.2.10:40000", "198.51.100.20:80")
}

/// Handshake at 0, a request and its response, close: 11 packets in 0.24 s.
fn whole(mut talk: Talk) -> Talk {
    talk.handshake(0);
    talk.exchange(100_000);
    talk.close(200_000);
    talk
}

fn micros(frames: &[Frame]) -> Vec<u8> {
    pcap(frames, Order::Little, false)
}

fn vlan_qinq() -> Vec<u8> {
    let tags = [(0x88a8, 100), (0x8100, 0x6000 | 200)]; // the inner one with priority 3
    micros(&whole(talk()).frames(ETHERNET, |ip| ethernet(&tags, ip)))
}

fn linux_cooked_v2() -> Vec<u8> {
    pcap(&whole(talk()).frames(COOKED_V2, cooked_v2), Order::Big, false)
}

fn pcapng_two_interfaces() -> Vec<u8> {
    let talk = whole(talk());
    let mut frames = talk.ethernet();
    for (frame, (_, ip)) in frames.iter_mut().zip(&talk.packets) {
        if !talk.is_from_client(ip) {
            *frame = Frame::whole(frame.ns, RAW, ip.clone());
        }
    }
    // Clocks of 2^-20 s and of 1 ns.
    let interfaces = [Interface { link: ETHERNET, tsresol: 0x80 | 20 }, Interface { link: RAW, tsresol: 9 }];
    pcapng(&frames, &interfaces, Order::Little)
}

fn nanosecond_pcap() -> Vec<u8> {
    let mut frames = whole(talk()).ethernet();
    for (frame, i) in frames.iter_mut().zip(1..) {
        frame.ns += 111 * i; // 111, 222 … ns beyond the microsecond
    }
    pcap(&frames, Order::Big, true)
}

fn ipv6_extension_headers() -> Vec<u8> {
    let mut talk = Talk::new("[2001:db8::10]:40000", "[2001:db8:0:1::20]:80");
    // Hop-by-hop options with padding only, then destination options of 16 bytes with padding only.
    talk.extensions = vec![(0, vec![1, 4, 0, 0, 0, 0]), (60, [&[1, 12][..], &[0; 12]].concat())];
    micros(&whole(talk).ethernet())
}

fn port_reuse_after_1s() -> Vec<u8> {
    let mut talk = whole(talk());
    talk.renew(500, 9_000_000); // below the old numbers: its timestamps, not its number, say that it is newer
    talk.handshake(240_000 + SECOND);
    talk.exchange(340_000 + SECOND);
    talk.close(440_000 + SECOND);
    micros(&talk.ethernet())
}

fn idle_301s() -> Vec<u8> {
    let mut talk = talk();
    talk.handshake(0);
    talk.exchange(100_000);
    talk.exchange(150_100 + 301 * SECOND);
    talk.close(250_100 + 301 * SECOND);
    micros(&talk.ethernet())
}

fn every_packet_twice() -> Vec<u8> {
    let frames = whole(talk()).ethernet();
    let twice: Vec<Frame> = frames.iter().flat_map(|f| [f.clone(), Frame { ns: f.ns + 5_000, ..f.clone() }]).collect();
    micros(&twice)
}

/// Idle for 60 s, then a keep-alive a second: the last byte again, answered with a D-SACK for it.
fn keepalives_of_1_byte() -> Vec<u8> {
    let mut talk = talk();
    talk.handshake(0);
    talk.exchange(100_000);
    for i in 0..3 {
        let at = 60 * SECOND + i * SECOND;
        talk.send_changed(at, Client, ACK, b"q", |s| s.seq -= 1);
        talk.send_changed(at + 30_000, Server, ACK, b"", |s| {
            let end = s.ack;
            s.options.extend([1, 1, 5, 10]);
            s.options.extend((end - 1).to_be_bytes());
            s.options.extend(end.to_be_bytes());
        });
    }
    talk.close(70 * SECOND);
    micros(&talk.ethernet())
}

fn icmp_refuses_syn() -> Vec<u8> {
    let mut talk = talk();
    talk.send(0, Client, SYN, b"");
    let mut frames = talk.ethernet();
    let error = icmp_error("203.0.113.1".parse().unwrap(), 3, 1, &talk.packets[0].1);
    frames.push(Frame::whole(NEW_YEAR + 8_000_000, ETHERNET, ethernet(&[], &error)));
    micros(&frames)
}

fn midstream() -> Vec<u8> {
    let mut talk = talk();
    talk.exchange(100_000);
    talk.exchange(200_000);
    talk.close(300_000);
    micros(&talk.ethernet())
}

fn cut_file() -> Vec<u8> {
    let mut bytes = micros(&whole(talk()).ethernet());
    bytes.truncate(bytes.len() - 30); // in the last of the 11 packets
    bytes
}

fn wrapped_sequence_numbers() -> Vec<u8> {
    let mut talk = talk();
    talk.renew(u32::MAX - 60, u32::MAX - 700); // both wrap inside a segment
    micros(&whole(talk).ethernet())
}

/// Ethernet fills frames up to 60 bytes: zeros that are no payload, behind packets without timestamps as behind any other.
fn ethernet_padding() -> Vec<u8> {
    let mut talk = talk();
    let plain = |s: &mut crate::kit::packet::Segment| s.options.clear();
    talk.send_changed(0, Client, SYN, b"", plain);
    talk.send_changed(30_000, Server, SYN | ACK, b"", plain);
    talk.send_changed(40_000, Client, ACK, b"", plain);
    talk.send_changed(100_000, Client, ACK | PSH, b"hi", plain);
    talk.send_changed(130_000, Server, ACK, b"", plain);
    talk.send_changed(200_000, Client, RST | ACK, b"", plain);
    let mut frames = talk.ethernet();
    for frame in &mut frames {
        frame.data.resize(frame.data.len().max(60), 0);
        frame.wire_len = frame.data.len() as u32;
    }
    micros(&frames)
}

/// The first copy of the request was damaged on the way here: the server drops it, the client sends it again after its timer ran out.
fn bad_checksum() -> Vec<u8> {
    let mut talk = talk();
    talk.handshake(0);
    talk.send(100_000, Client, ACK | PSH, &[b'q'; 120]);
    let damaged = talk.packets.len() - 1;
    if let Some(last) = talk.packets[damaged].1.last_mut() {
        *last ^= 1;
    }
    talk.send_changed(340_000, Client, ACK | PSH, &[b'q'; 120], |s| s.seq -= 120);
    talk.send(370_000, Server, ACK, b"");
    talk.close(500_000);
    micros(&talk.ethernet())
}

/// Only what the client sent was captured.
fn only_one_direction() -> Vec<u8> {
    let mut talk = whole(talk());
    let (client, all) = (talk.clone(), std::mem::take(&mut talk.packets));
    talk.packets = all.into_iter().filter(|(_, ip)| client.is_from_client(ip)).collect();
    micros(&talk.ethernet())
}

/// An ARP request and a UDP datagram: a header and no rows.
fn no_tcp_at_all() -> Vec<u8> {
    let mut arp = vec![0xff; 6];
    arp.extend([2, 0, 0, 0, 0, 2, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 2, 192, 0, 2, 10]);
    arp.extend([0, 0, 0, 0, 0, 0, 192, 0, 2, 1]);
    let mut udp = vec![0x45, 0, 0, 32, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 10, 192, 0, 2, 1];
    udp.extend([0x9c, 0x40, 0, 53, 0, 12, 0, 0, 1, 2, 3, 4]);
    let frames =
        [Frame::whole(NEW_YEAR, ETHERNET, arp), Frame::whole(NEW_YEAR + 1_000_000, ETHERNET, ethernet(&[], &udp))];
    micros(&frames)
}
