//! IP fragments, put together or not.

use super::*;
use crate::base::SegmentBits;
use crate::decode::{ChecksumCounts, Skip};

const SECOND: u64 = 1000;

/// Splits an IPv4 packet into fragments of `size` bytes of payload.
fn fragments_v4(packet: &[u8], size: usize) -> Vec<Vec<u8>> {
    let (header, payload) = packet.split_at(20);
    let pieces: Vec<&[u8]> = payload.chunks(size).collect();
    let make = |(index, piece): (usize, &&[u8])| {
        let mut fragment = [header, piece].concat();
        let more = if index + 1 < pieces.len() { 0x2000 } else { 0 };
        let field = (index * size / 8) as u16 | more;
        fragment[4..6].copy_from_slice(&[0xab, 0xcd]);
        fragment[6..8].copy_from_slice(&field.to_be_bytes());
        set_ipv4_length(&mut fragment);
        fragment
    };
    pieces.iter().enumerate().map(make).collect()
}

/// The same for IPv6, where the fragmentable part begins behind `unfragmented` bytes.
fn fragments_v6(packet: &[u8], unfragmented: usize, next_header_at: usize, size: usize) -> Vec<Vec<u8>> {
    let (header, payload) = packet.split_at(unfragmented);
    let pieces: Vec<&[u8]> = payload.chunks(size).collect();
    let make = |(index, piece): (usize, &&[u8])| {
        let field = (index * size) as u16 | u16::from(index + 1 < pieces.len());
        let [high, low] = field.to_be_bytes();
        let extension = [header[next_header_at], 0, high, low, 1, 2, 3, 4];
        let mut fragment = [header, &extension, piece].concat();
        fragment[next_header_at] = 44;
        set_ipv6_length(&mut fragment);
        fragment
    };
    pieces.iter().enumerate().map(make).collect()
}

/// Feeds frames one by one and returns the results.
fn feed(decoder: &mut Decoder, frames: &[&[u8]]) -> Vec<Result> {
    (1..).zip(frames).map(|(n, data)| decode_with(decoder, LinkType::RAW, data, data.len(), n)).collect()
}

fn new() -> Decoder {
    Decoder::new(DecodeOptions::default())
}

/// The segment is that of the whole packet, but for what tells how it came.
fn assert_whole(found: &Result, packet: &[u8], frame: u64) {
    let mut expected = decode_ip(packet).segment();
    expected.bits.set(SegmentBits::FRAGMENTED);
    expected.frame = frame;
    expected.ts = Timestamp(frame as i64 * 1_000_000);
    expected.ip_id = found.segment().ip_id;
    assert_eq!(found.segment(), expected);
}

#[test]
fn fragments_in_any_order_make_the_packet() {
    let packet = ipv4(&TIMESTAMP_OPTIONS, &(0..100).collect::<Vec<u8>>());
    let pieces = fragments_v4(&packet, 48);
    assert_eq!(pieces.len(), 3);
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut decoder = new();
        let found = feed(&mut decoder, &order.map(|index| pieces[index].as_slice()));
        assert_eq!([found[0].decoded, found[1].decoded], [Decoded::Skipped(Skip::Fragment); 2]);
        assert_whole(&found[2], &packet, 3);
        assert_eq!((decoder.skipped(), decoder.joined_frames()), (vec![], 2));
        assert_eq!(decoder.checksums().right, 1);
    }
}

#[test]
fn tiny_fragments_of_ipv6_behind_extension_headers() {
    let packet = ipv6_with(60, &[6, 0, 1, 4, 0, 0, 0, 0], &[3; 100]);
    for (unfragmented, next_header_at) in [(40, 6), (48, 40)] {
        let pieces = fragments_v6(&packet, unfragmented, next_header_at, 8);
        let found = feed(&mut new(), &pieces.iter().rev().map(Vec::as_slice).collect::<Vec<_>>());
        assert_whole(found.last().unwrap(), &packet, pieces.len() as u64);
    }
}

#[test]
fn the_checksum_covers_the_reassembled_payload() {
    let packet = ipv4(&[], &[1; 100]);
    let mut pieces = fragments_v4(&packet, 56);
    pieces[1][25] ^= 1;
    let found = feed(&mut new(), &[&pieces[0], &pieces[1], &pieces[2]]);
    assert!(found[2].segment().bits.has(SegmentBits::BAD_CHECKSUM));
}

#[test]
fn congestion_met_by_one_fragment_marks_the_packet() {
    let mut pieces = fragments_v4(&ipv4(&[], &[1; 60]), 48);
    pieces[1][1] |= 3;
    let found = feed(&mut new(), &[&pieces[0], &pieces[1]]);
    assert!(found[1].segment().bits.has(SegmentBits::CE));
}

#[test]
fn cut_fragments_still_give_the_length() {
    let packet = ipv4(&TIMESTAMP_OPTIONS, &[9; 2000]);
    let pieces = fragments_v4(&packet, 800);
    for kept in [20 + 32, 60, 100] {
        let mut decoder = new();
        let mut last = None;
        for (number, piece) in (1..).zip(&pieces) {
            let data = &piece[..kept.min(piece.len())];
            last = Some(decode_with(&mut decoder, LinkType::RAW, data, piece.len(), number));
        }
        assert_whole(&last.unwrap(), &packet, 3);
        assert_eq!(decoder.checksums().right, 0);
    }
    // Within the header it is cut like any other.
    let mut decoder = new();
    decode_with(&mut decoder, LinkType::RAW, &pieces[0][..44], pieces[0].len(), 1);
    decode_with(&mut decoder, LinkType::RAW, &pieces[2], pieces[2].len(), 2);
    let found = decode_with(&mut decoder, LinkType::RAW, &pieces[1], pieces[1].len(), 3).segment();
    assert!(found.bits.has(SegmentBits::OPTIONS_TRUNCATED) && !found.bits.has(SegmentBits::TIMESTAMPS));
    assert_eq!(found.payload_len, 2000);
}

#[test]
fn overlaps_keep_what_came_first() {
    let packet = ipv4(&[], &(0..100).collect::<Vec<u8>>());
    let pieces = fragments_v4(&packet, 40);
    let mut liar = fragments_v4(&packet, 80)[0].clone();
    liar[20 + 40..].fill(0xff);
    let mut repeated = pieces[0].clone();
    repeated[20..].fill(0xff);
    let mut decoder = new();
    let found = feed(&mut decoder, &[&pieces[1], &pieces[0], &repeated, &liar, &pieces[2]]);
    assert_whole(&found[4], &packet, 5);
    assert_eq!(decoder.checksums().right, 1);
    // The repeated ones were no part of it.
    assert_eq!((decoder.skipped_for(Skip::Fragment), decoder.joined_frames()), (2, 2));
    // A fragment that fills a gap and overlaps on both sides.
    let found = feed(&mut new(), &[&pieces[2], &pieces[0], &liar]);
    assert!(found[2].segment().bits.has(SegmentBits::BAD_CHECKSUM));
}

#[test]
fn contradicting_ends_are_refused() {
    let packet = ipv4(&[], &[5; 100]);
    let pieces = fragments_v4(&packet, 40);
    let mut shorter = pieces[1].clone();
    shorter[6] = 0;
    let mut longer = pieces[2].clone();
    longer[7] += 1;
    let mut decoder = new();
    let found = feed(&mut decoder, &[&pieces[2], &longer, &shorter, &pieces[0], &pieces[1]]);
    assert_whole(&found[4], &packet, 5);
    let mut beyond = pieces[2].clone();
    beyond[6..8].copy_from_slice(&0x1fffu16.to_be_bytes());
    let mut odd = pieces[1].clone();
    odd.pop();
    set_ipv4_length(&mut odd);
    for malformed in [beyond, odd] {
        assert_eq!(decode_ip(&malformed).decoded, Decoded::Skipped(Skip::MalformedIp));
    }
}

#[test]
fn what_waits_too_long_is_given_up() {
    let pieces = fragments_v4(&ipv4(&[], &[5; 60]), 48);
    for (wait, is_complete) in [(30 * SECOND, true), (30 * SECOND + 1, false)] {
        let mut decoder = new();
        decode_with(&mut decoder, LinkType::RAW, &pieces[0], pieces[0].len(), 1);
        let found = decode_with(&mut decoder, LinkType::RAW, &pieces[1], pieces[1].len(), 1 + wait);
        assert_eq!(found.decoded == Decoded::Segment, is_complete);
        assert_eq!(decoder.skipped_for(Skip::Fragment), if is_complete { 0 } else { 2 });
    }
}

#[test]
fn memory_is_bounded_and_the_oldest_gives_way() {
    let pieces = fragments_v4(&ipv4(&[], &[5; 60_000]), 56_000);
    let mut decoder = new();
    let mut send = |identification: u16, piece: usize| {
        let mut fragment = pieces[piece].clone();
        fragment[4..6].copy_from_slice(&identification.to_be_bytes());
        decode_with(&mut decoder, LinkType::RAW, &fragment, fragment.len(), 1).decoded
    };
    for identification in 0..100 {
        send(identification, 0);
    }
    assert_eq!((send(99, 1), send(40, 1)), (Decoded::Segment, Decoded::Segment));
    assert_eq!(send(0, 1), Decoded::Skipped(Skip::Fragment));
}

#[test]
fn without_reassembly_the_first_fragment_stands_for_the_segment() {
    let pieces = fragments_v4(&ipv4(&TIMESTAMP_OPTIONS, &[5; 100]), 80);
    let mut decoder = Decoder::new(DecodeOptions { reassemble: false, ..DecodeOptions::default() });
    let found = feed(&mut decoder, &[&pieces[0], &pieces[1]]);
    let segment = found[0].segment();
    assert_eq!((segment.payload_len, segment.timestamp()), (48, Some(1000)));
    assert!(segment.bits.has(SegmentBits::FRAGMENTED) && !segment.bits.has(SegmentBits::BAD_CHECKSUM));
    assert_eq!(found[1].decoded, Decoded::Skipped(Skip::Fragment));
    // Less than a header is not enough, less than its options is.
    let tiny = fragments_v4(&ipv4(&TIMESTAMP_OPTIONS, &[5; 100]), 8);
    assert_eq!(feed(&mut decoder, &[&tiny[0]])[0].decoded, Decoded::Skipped(Skip::TruncatedTcp));
    let small = fragments_v4(&ipv4(&TIMESTAMP_OPTIONS, &[5; 100]), 24);
    let segment = feed(&mut decoder, &[&small[0]])[0].segment();
    assert!(segment.bits.has(SegmentBits::OPTIONS_TRUNCATED));
    assert_eq!((segment.payload_len, segment.ip_len()), (0, small[0].len() as u64));
}

#[test]
fn a_first_fragment_that_fits_nowhere_stands_for_the_segment() {
    let (four, six) = (ipv4(&TIMESTAMP_OPTIONS, &[5; 100]), ipv6(&TIMESTAMP_OPTIONS, &[5; 100]));
    let (mut first4, mut first6) = (fragments_v4(&four, 80)[0].clone(), fragments_v6(&six, 40, 6, 80)[0].clone());
    first4.pop();
    set_ipv4_length(&mut first4);
    first6.pop();
    set_ipv6_length(&mut first6);
    for (first, headers) in [(first4, 20 + 32), (first6, 40 + 8 + 32)] {
        for kept in [headers, headers + 10, first.len()] {
            let mut decoder = new();
            let segment = decode_with(&mut decoder, LinkType::RAW, &first[..kept], first.len(), 1).segment();
            // Its bytes never reach TCP; its length is in the packet's.
            assert_eq!((segment.payload_len, segment.timestamp()), (0, Some(1000)));
            let fragment_header = if headers > 52 { 8 } else { 0 };
            assert_eq!(segment.ip_len(), first.len() as u64 - fragment_header);
            assert!(segment.bits.has(SegmentBits::FRAGMENTED) && !segment.bits.has(SegmentBits::BAD_CHECKSUM));
            assert_eq!((decoder.skipped(), decoder.checksums()), (vec![], ChecksumCounts::default()));
        }
        let found = decode_with(&mut new(), LinkType::RAW, &first[..headers - 19], first.len(), 1);
        assert_eq!(found.decoded, Decoded::Skipped(Skip::TruncatedTcp));
    }
}

#[test]
fn a_tunnel_may_be_fragmented_inside_and_out() {
    let inner = ipv4(&[], &[7; 400]);
    let mut frames = Vec::new();
    for (index, piece) in fragments_v4(&inner, 208).into_iter().enumerate() {
        let mut outer = ipv4(&[], &[])[..20].to_vec();
        outer[9] = 4;
        outer.extend(piece);
        set_ipv4_length(&mut outer);
        for mut fragment in fragments_v4(&outer, 96) {
            fragment[4..6].copy_from_slice(&(index as u16 + 1).to_be_bytes());
            frames.push(fragment);
        }
    }
    let mut decoder = new();
    let found = feed(&mut decoder, &frames.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let last = found.last().unwrap();
    assert_eq!((last.segment().payload_len, last.encapsulation.as_str()), (400, "4in4"));
    assert!(!last.segment().bits.has(SegmentBits::BAD_CHECKSUM));
    let skipped = decoder.skipped_for(Skip::Fragment);
    assert_eq!(skipped + decoder.joined_frames() + 1, frames.len() as u64);
    assert_eq!(skipped, 0);
}

#[test]
fn fragments_of_others_are_counted_as_theirs() {
    let mut pieces = fragments_v4(&ipv4(&[], &[5; 100]), 48);
    for piece in &mut pieces {
        piece[9] = 17;
    }
    let found = feed(&mut new(), &[&pieces[0], &pieces[1]]);
    assert_eq!([found[0].decoded, found[1].decoded], [Decoded::Skipped(Skip::Udp); 2]);
}
