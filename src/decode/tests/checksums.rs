//! The TCP checksum: right, wrong, left to the card, not known.

use super::*;
use crate::base::SegmentBits;
use crate::decode::ChecksumCounts;

const CHECKSUM_AT_V4: usize = 36;
const CHECKSUM_AT_V6: usize = 56;

fn found(bits: SegmentBits) -> (bool, bool) {
    (bits.has(SegmentBits::BAD_CHECKSUM), bits.has(SegmentBits::CHECKSUM_OFFLOAD))
}

/// The sum of the pseudo-header, as a kernel leaves it in the field.
fn pseudo_sum(source: &[u8], destination: &[u8], length: u16) -> [u8; 2] {
    let mut sum = u32::from(length) + 6;
    for pair in source.chunks(2).chain(destination.chunks(2)) {
        sum += u32::from(u16::from_be_bytes([pair[0], pair[1]]));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (sum as u16).to_be_bytes()
}

#[test]
fn right_sums_of_all_lengths() {
    for length in 0..70 {
        let payload: Vec<u8> = (0..length).map(|n| 0xff - n * 3).collect();
        for packet in [ipv4(&[], &payload), ipv6(&TIMESTAMP_OPTIONS, &payload)] {
            assert_eq!(found(decode_ip(&packet).segment().bits), (false, false), "{length} bytes");
        }
    }
}

#[test]
fn any_wrong_byte_is_found() {
    let packet = ipv4(&TIMESTAMP_OPTIONS, b"some payload.");
    for at in 34..packet.len() {
        // The flags and the data offset are the decoder's business, the checksum is compared itself.
        let mut wrong = packet.clone();
        wrong[at] ^= 0x10;
        if let Some(segment) = decode_ip(&wrong).segment {
            assert_eq!(found(segment.bits), (true, false), "byte {at}");
        }
    }
}

#[test]
fn sums_left_to_the_card_are_not_wrong() {
    let mut four = ipv4(&TIMESTAMP_OPTIONS, &[5; 100]);
    let mut six = ipv6(&[], &[5; 101]);
    for lengths in [(132, 121), (0, 0)] {
        four[CHECKSUM_AT_V4..][..2].copy_from_slice(&pseudo_sum(&CLIENT, &SERVER, lengths.0));
        six[CHECKSUM_AT_V6..][..2].copy_from_slice(&pseudo_sum(&CLIENT6, &SERVER6, lengths.1));
        assert_eq!(found(decode_ip(&four).segment().bits), (false, true));
        assert_eq!(found(decode_ip(&six).segment().bits), (false, true));
    }
}

#[test]
fn only_whole_segments_are_verified() {
    let mut packet = ipv4(&[], &[9; 50]);
    packet[CHECKSUM_AT_V4] ^= 1;
    let mut decoder = Decoder::new(DecodeOptions::default());
    let cut = decode_with(&mut decoder, LinkType::RAW, &packet[..89], packet.len(), 1);
    assert_eq!(found(cut.segment().bits), (false, false));
    assert_eq!(decoder.checksums(), ChecksumCounts::default());
    decode_with(&mut decoder, LinkType::RAW, &packet, packet.len(), 2);
    decode_with(&mut decoder, LinkType::RAW, &ipv4(&[], b""), 40, 3);
    assert_eq!(decoder.checksums(), ChecksumCounts { right: 1, offloaded: 0, wrong: 1 });

    let mut trusting = Decoder::new(DecodeOptions { verify_checksums: false, ..DecodeOptions::default() });
    let unverified = decode_with(&mut trusting, LinkType::RAW, &packet, packet.len(), 1);
    assert_eq!(found(unverified.segment().bits), (false, false));
}

#[test]
fn addresses_under_way_do_not_spoil_the_sum() {
    // A routing header with a segment left: the checksum covers the last address, not the next one.
    let routing = [6, 2, 4, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
    let mut packet = ipv6_with(43, &routing, b"abc");
    packet[39] ^= 0xff;
    assert_eq!(found(decode_ip(&packet).segment().bits), (false, false));
    // A mobile node's home address (RFC 6275 6.3).
    let home = [6, 2, 1, 2, 0, 0, 0xc9, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
    let mut packet = ipv6_with(60, &home, b"abc");
    packet[23] ^= 0xff;
    assert_eq!(found(decode_ip(&packet).segment().bits), (false, false));
    // A loose source route (RFC 791 3.1).
    let mut packet = ipv4(&[], b"abc");
    packet[0] = 0x47;
    packet[19] ^= 0xff;
    packet.splice(20..20, [1, 131, 7, 4, 10, 0, 0, 1]);
    set_ipv4_length(&mut packet);
    assert_eq!(found(decode_ip(&packet).segment().bits), (false, false));
}
