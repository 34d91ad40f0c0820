//! IP and the fixed TCP header: lengths above all.

use super::*;
use crate::base::{Endpoint, FlowKey, SegmentBits, Seq, TcpFlags};
use crate::decode::Skip;

#[test]
fn all_fields_of_an_ipv4_segment() {
    let mut packet = ipv4(&TIMESTAMP_OPTIONS, b"hello");
    packet[1] = 0x03;
    packet[4..6].copy_from_slice(&[0x12, 0x34]);
    packet[32] |= 0x01;
    let segment = decode_ip(&packet).segment();
    let (key, side) = FlowKey::of(Endpoint::v4(CLIENT, PORTS.0), Endpoint::v4(SERVER, PORTS.1));
    assert_eq!((segment.key, segment.from()), (key, side));
    assert_eq!((segment.frame, segment.ts), (1, Timestamp(1_000_000)));
    assert_eq!((segment.seq, segment.ack, segment.window), (Seq(0x1122_3344), Seq(0x5566_7788), 8192));
    assert_eq!(segment.flags, TcpFlags::ACK.with(TcpFlags::PSH).with(TcpFlags::AE));
    assert_eq!((segment.payload_len, segment.header_len, segment.ip_len()), (5, 52, 57));
    assert_eq!((segment.ip_id, segment.ttl), (0x1234, 64));
    assert_eq!((segment.timestamp(), segment.echo()), (Some(1000), Some(2000)));
    assert!(segment.bits.has(SegmentBits::CE) && segment.bits.has(SegmentBits::IPV4));
}

#[test]
fn the_answer_comes_from_the_other_side_of_the_key() {
    let there = decode_ip(&ipv4(&[], b"")).segment();
    let mut back = Vec::new();
    let mut header = tcp_header(&[]);
    (header.source_port, header.destination_port) = (PORTS.1, PORTS.0);
    PacketBuilder::ipv4(SERVER, CLIENT, 60).tcp_header(header).write(&mut back, b"").unwrap();
    let back = decode_ip(&back).segment();
    assert_eq!(there.key, back.key);
    assert_eq!(there.from(), back.from().other());
}

#[test]
fn padding_and_trailers_are_no_payload() {
    for packet in [ipv4(&[], b""), ipv6(&[], b"")] {
        let types = if packet[0] >> 4 == 4 { IPV4_TYPE } else { IPV6_TYPE };
        let mut frame = ethernet(&types, &packet);
        frame.extend([0xee; 20]);
        let found = decode(LinkType::ETHERNET, &frame).segment();
        assert_eq!(found, decode_ip(&packet).segment());
        assert_eq!(found.payload_len, 0);
        assert!(!found.bits.has(SegmentBits::BAD_CHECKSUM));
    }
}

#[test]
fn ipv4_options_count_as_header() {
    let mut packet = ipv4(&[], b"abc");
    packet[0] = 0x47;
    packet.splice(20..20, [1, 1, 1, 1, 0, 0, 0, 0]);
    set_ipv4_length(&mut packet);
    let segment = decode_ip(&packet).segment();
    assert_eq!((segment.payload_len, segment.header_len), (3, 48));
    assert!(!segment.bits.has(SegmentBits::BAD_CHECKSUM));
}

#[test]
fn a_zero_length_is_taken_from_the_frame() {
    let mut four = ipv4(&TIMESTAMP_OPTIONS, &[7; 3000]);
    four[2..4].copy_from_slice(&[0, 0]);
    let mut six = ipv6(&TIMESTAMP_OPTIONS, &[7; 3000]);
    six[4..6].copy_from_slice(&[0, 0]);
    for packet in [four, six] {
        // Cut to its headers: the wire length still says it all.
        let mut decoder = Decoder::new(DecodeOptions::default());
        let cut = decode_with(&mut decoder, LinkType::RAW, &packet[..100], packet.len(), 1).segment();
        assert_eq!((cut.payload_len, cut.ip_len()), (3000, packet.len() as u64));
        assert!(cut.bits.has(SegmentBits::LEN_FROM_FRAME));
        assert_eq!(cut, decode_ip(&packet).segment());
        assert_eq!(decoder.cut_frames(), 1);
    }
}

#[test]
fn big_tcp_lengths_go_beyond_16_bits() {
    let mut four = ipv4(&[], b"");
    four[2..4].copy_from_slice(&[0, 0]);
    let found = decode_with(&mut Decoder::new(DecodeOptions::default()), LinkType::RAW, &four, 180_040, 1).segment();
    assert_eq!((found.payload_len, found.ip_len()), (180_000, 180_040));

    // Hop-by-hop options: jumbo payload of 150000 bytes, which counts the options header (RFC 2675 2).
    let jumbo = [6, 0, 0xc2, 4, 0, 0x02, 0x49, 0xf0];
    let mut six = ipv6_with(0, &jumbo, b"abc");
    six[4..6].copy_from_slice(&[0, 0]);
    let found = decode_with(&mut Decoder::new(DecodeOptions::default()), LinkType::RAW, &six, 150_040, 1).segment();
    assert_eq!((found.payload_len, found.header_len, found.ip_len()), (150_000 - 28, 68, 150_040));
    assert!(!found.bits.has(SegmentBits::LEN_FROM_FRAME));
}

#[test]
fn ipv6_extension_headers_are_followed() {
    let hop_by_hop = [60, 0, 1, 4, 0, 0, 0, 0];
    let destination = [43, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let routing = [51, 0, 4, 0, 0, 0, 0, 0];
    let authentication = [44, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9];
    let atomic_fragment = [6, 0, 0, 0, 0, 0, 0, 1];
    let chain = [&hop_by_hop[..], &destination, &routing, &authentication, &atomic_fragment].concat();
    let packet = ipv6_with(0, &chain, b"abcd");
    let segment = decode_ip(&packet).segment();
    assert_eq!((segment.payload_len, segment.ip_len()), (4, packet.len() as u64));
    assert_eq!(segment.ttl, 63);
    assert!(!segment.bits.has(SegmentBits::BAD_CHECKSUM) && !segment.bits.has(SegmentBits::FRAGMENTED));
    assert!(!segment.bits.has(SegmentBits::IPV4));

    let skipped = |next_header: u8, extensions: &[u8]| decode_ip(&ipv6_with(next_header, extensions, b"")).decoded;
    assert_eq!(skipped(50, &[]), Decoded::Skipped(Skip::Esp));
    assert_eq!(skipped(59, &[]), Decoded::Skipped(Skip::OtherProtocol));
    assert_eq!(skipped(60, &[6, 200, 0, 0, 0, 0, 0, 0]), Decoded::Skipped(Skip::MalformedIp));
    assert_eq!(skipped(60, &[60, 0, 1, 4, 0, 0, 0, 0].repeat(40)), Decoded::Skipped(Skip::TooDeep));
}

#[test]
fn an_authentication_header_over_ipv4_is_followed() {
    let mut packet = ipv4(&[], b"abc");
    packet[9] = 51;
    packet.splice(20..20, [6, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
    set_ipv4_length(&mut packet);
    let segment = decode_ip(&packet).segment();
    assert_eq!((segment.payload_len, segment.header_len), (3, 52));
}

#[test]
fn contradictory_headers_are_malformed() {
    let skipped = |change: fn(&mut Vec<u8>)| {
        let mut packet = ipv4(&TIMESTAMP_OPTIONS, b"abc");
        change(&mut packet);
        decode_ip(&packet).decoded
    };
    assert_eq!(skipped(|packet| packet[0] = 0x44), Decoded::Skipped(Skip::MalformedIp));
    assert_eq!(skipped(|packet| packet[3] = 19), Decoded::Skipped(Skip::MalformedIp));
    assert_eq!(skipped(|packet| packet[3] = 39), Decoded::Skipped(Skip::MalformedTcp));
    assert_eq!(skipped(|packet| packet[32] = 0x40), Decoded::Skipped(Skip::MalformedTcp));
}

#[test]
fn a_data_offset_beyond_the_segment_leaves_the_fixed_header() {
    let whole = decode_ip(&ipv4(&TIMESTAMP_OPTIONS, b"abc")).segment();
    let (all, least) = (55, 20 + 20);
    for (total_len, data_offset) in [(all, 9), (all, 15), (51, 8), (least, 8), (least, 6)] {
        let mut packet = ipv4(&TIMESTAMP_OPTIONS, b"abc");
        packet[3] = total_len;
        packet[32] = data_offset << 4;
        let found = decode_ip(&packet);
        let segment = found.segment();
        assert_eq!((segment.payload_len, segment.ip_len()), (0, u64::from(total_len)));
        assert_eq!((segment.seq, segment.ack), (whole.seq, whole.ack));
        assert_eq!((segment.flags, segment.window, segment.checksum), (whole.flags, whole.window, whole.checksum));
        assert!(segment.bits.has(SegmentBits::OPTIONS_TRUNCATED) && !segment.bits.has(SegmentBits::HEADER_TRUNCATED));
        assert_eq!((segment.timestamp(), segment.options_digest), (None, 0));
        // Cut behind the flags it says as much.
        let mut decoder = Decoder::new(DecodeOptions::default());
        let cut = decode_with(&mut decoder, LinkType::RAW, &packet[..34], packet.len(), 1).segment();
        assert_eq!((cut.payload_len, cut.ip_len(), cut.flags), (0, u64::from(total_len), whole.flags));
    }
}

#[test]
fn the_ip_header_is_believed_where_the_frame_is_shorter() {
    // Some tools cut packets without leaving the length that they had on the wire.
    let packet = ipv4(&TIMESTAMP_OPTIONS, &[0; 1000]);
    let segment = decode_ip(&packet[..52]).segment();
    assert_eq!(segment.payload_len, 1000);
    assert!(!segment.bits.has(SegmentBits::BAD_CHECKSUM) && !segment.bits.has(SegmentBits::OPTIONS_TRUNCATED));
}

#[test]
fn the_frame_is_believed_where_the_ip_header_is_damaged() {
    let mut packet = ipv4(&TIMESTAMP_OPTIONS, &[0; 1000]);
    let decode_part = |packet: &[u8], kept: usize, wire_len: usize| {
        decode_with(&mut Decoder::new(DecodeOptions::default()), LinkType::RAW, &packet[..kept], wire_len, 1).segment()
    };
    packet[8] -= 1;
    for (kept, wire_len) in [(152, 152), (60, 152)] {
        let segment = decode_part(&packet, kept, wire_len);
        assert_eq!((segment.payload_len, segment.ip_len(), segment.timestamp()), (100, 152, Some(1000)));
        assert!(segment.bits.has(SegmentBits::LEN_FROM_FRAME) && !segment.bits.has(SegmentBits::BAD_CHECKSUM));
    }
    // What the frame has room for is not in doubt, damaged or not, nor is what was not damaged but never summed up.
    let segment = decode_part(&packet, 60, packet.len() + 4);
    assert_eq!((segment.payload_len, segment.bits.has(SegmentBits::LEN_FROM_FRAME)), (1000, false));
    packet[10..12].copy_from_slice(&[0, 0]);
    let segment = decode_part(&packet, 60, 60);
    assert_eq!((segment.payload_len, segment.bits.has(SegmentBits::LEN_FROM_FRAME)), (1000, false));
}
