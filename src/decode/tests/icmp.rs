//! ICMP errors about TCP segments.

use super::*;
use crate::base::{Endpoint, FlowKey, IcmpKind, Seq};
use crate::decode::Skip;

/// An ICMP message from a router to the client.
fn icmp_v4(kind: u8, code: u8, quote: &[u8]) -> Vec<u8> {
    let mut packet = ipv4(&[], &[])[..20].to_vec();
    packet[9] = 1;
    packet[12..16].copy_from_slice(&[203, 0, 113, 1]);
    packet[16..20].copy_from_slice(&CLIENT);
    packet.extend([kind, code, 0, 0, 0, 0, 0, 0]);
    packet.extend(quote);
    set_ipv4_length(&mut packet);
    packet
}

fn icmp_v6(kind: u8, code: u8, quote: &[u8]) -> Vec<u8> {
    let mut packet = ipv6(&[], &[])[..40].to_vec();
    packet[6] = 58;
    packet.extend([kind, code, 0, 0, 0, 0, 0, 0]);
    packet.extend(quote);
    set_ipv6_length(&mut packet);
    packet
}

#[test]
fn the_quoted_segment_names_the_connection() {
    let sent = ipv4(&TIMESTAMP_OPTIONS, &[0; 1400]);
    let error = decode_ip(&icmp_v4(3, 4, &sent[..28])).error.unwrap();
    let (key, from) = FlowKey::of(Endpoint::v4(CLIENT, PORTS.0), Endpoint::v4(SERVER, PORTS.1));
    assert_eq!((error.key, error.from, error.seq), (key, from, Seq(0x1122_3344)));
    assert_eq!((error.kind, error.frame), (IcmpKind::TooBig, 1));

    let sent = ipv6(&TIMESTAMP_OPTIONS, &[0; 1400]);
    let error = decode_ip(&icmp_v6(2, 0, &sent[..100])).error.unwrap();
    let (key, from) = FlowKey::of(Endpoint::v6(CLIENT6, PORTS.0), Endpoint::v6(SERVER6, PORTS.1));
    assert_eq!((error.key, error.from, error.seq, error.kind), (key, from, Seq(0x1122_3344), IcmpKind::TooBig));
}

#[test]
fn kinds_of_errors() {
    let quote = ipv4(&[], b"");
    let kind = |kind: u8, code: u8| decode_ip(&icmp_v4(kind, code, &quote)).error.map(|error| error.kind);
    for code in [0, 1, 2, 3, 9, 10, 13] {
        assert_eq!(kind(3, code), Some(IcmpKind::Unreachable));
    }
    assert_eq!(
        (kind(11, 0), kind(3, 6), kind(12, 0)),
        (Some(IcmpKind::TimeExceeded), Some(IcmpKind::Other), Some(IcmpKind::Other))
    );
    assert_eq!((kind(8, 0), kind(0, 0)), (None, None));
    let quote = ipv6(&[], b"");
    let kind = |kind: u8| decode_ip(&icmp_v6(kind, 0, &quote)).error.map(|error| error.kind);
    assert_eq!(
        [1, 3, 4, 128].map(kind),
        [Some(IcmpKind::Unreachable), Some(IcmpKind::TimeExceeded), Some(IcmpKind::Other), None]
    );
}

#[test]
fn altered_lengths_in_the_quote_do_not_matter() {
    for length in [[0, 0], [0, 5], [0x28, 0x00], [0xff, 0xff]] {
        let mut quote = ipv4(&[], &[0; 100]);
        quote[2..4].copy_from_slice(&length);
        assert_eq!(decode_ip(&icmp_v4(11, 0, &quote[..28])).decoded, Decoded::IcmpError);
    }
}

#[test]
fn errors_stand_between_segments() {
    let mut decoder = Decoder::new(DecodeOptions::default());
    let mut batch = SegmentBatch::default();
    let segment = ipv4(&[], b"");
    let error = icmp_v4(3, 1, &segment);
    for data in [&segment, &error, &segment] {
        let frame = Frame { ts: Timestamp(0), number: 1, link: LinkType::RAW, wire_len: data.len() as u32, data };
        decoder.decode(&frame, &mut batch);
    }
    assert_eq!((batch.segments.len(), batch.errors[0].0), (2, 1));
}

#[test]
fn what_quotes_no_tcp_is_skipped() {
    let quote = ipv4(&[], b"");
    let mut udp = quote.clone();
    udp[9] = 17;
    let mut later_fragment = quote.clone();
    later_fragment[7] = 8;
    for quote in [&udp[..], &later_fragment, &quote[..10], &[]] {
        assert_eq!(decode_ip(&icmp_v4(3, 3, quote)).decoded, Decoded::Skipped(Skip::Icmp));
    }
    assert_eq!(decode_ip(&icmp_v4(3, 3, &quote[..27])).decoded, Decoded::Skipped(Skip::TruncatedTcp));
    let mut first_fragment = quote.clone();
    first_fragment[6] = 0x20;
    assert_eq!(decode_ip(&icmp_v4(3, 3, &first_fragment)).decoded, Decoded::IcmpError);
    let with_extension = ipv6_with(60, &[6, 0, 1, 4, 0, 0, 0, 0], b"");
    assert_eq!(decode_ip(&icmp_v6(1, 4, &with_extension)).decoded, Decoded::IcmpError);
}
