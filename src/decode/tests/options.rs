//! TCP options, through the whole decoder.

use super::*;
use crate::base::{SegmentBits, Seq};

/// The segment and its SACK blocks; the options are filled up with zeros to whole words.
fn with_options(options: &[u8]) -> (Segment, Vec<SackBlock>) {
    let found = decode_ip(&ipv4(options, b""));
    (found.segment(), found.sacks)
}

fn block(left: u32, right: u32) -> SackBlock {
    SackBlock { left: Seq(left), right: Seq(right) }
}

#[test]
fn the_options_of_a_syn() {
    let (segment, sacks) = with_options(&[2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 0, 5, 0, 0, 0, 0, 1, 3, 3, 15]);
    assert_eq!((segment.mss, segment.window_scale, segment.timestamp()), (1460, 15, Some(5)));
    for bit in [SegmentBits::MSS, SegmentBits::WINDOW_SCALE, SegmentBits::SACK_PERMITTED, SegmentBits::TIMESTAMPS] {
        assert!(segment.bits.has(bit));
    }
    assert!(!segment.bits.has(SegmentBits::OPTIONS_TRUNCATED) && sacks.is_empty());
}

#[test]
fn up_to_four_sack_blocks() {
    for count in 1..=4u8 {
        let mut options = vec![5, 2 + 8 * count];
        let mut expected = Vec::new();
        for n in 0..u32::from(count) {
            options.extend((n * 1000).to_be_bytes());
            options.extend((n * 1000 + 500).to_be_bytes());
            expected.push(block(n * 1000, n * 1000 + 500));
        }
        let (segment, sacks) = with_options(&options);
        assert_eq!((segment.sack_len, sacks), (count, expected));
    }
}

#[test]
fn timestamps_and_sack_together_and_the_arena_goes_on() {
    let mut options = TIMESTAMP_OPTIONS.to_vec();
    options.extend([1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2]);
    let packet = ipv4(&options, b"");
    let mut batch = SegmentBatch::default();
    let mut decoder = Decoder::new(DecodeOptions::default());
    for number in 1..=3 {
        let frame =
            Frame { ts: Timestamp(0), number, link: LinkType::RAW, wire_len: packet.len() as u32, data: &packet };
        decoder.decode(&frame, &mut batch);
    }
    assert_eq!(batch.segments.iter().map(|segment| segment.sack_at).collect::<Vec<_>>(), [0, 1, 2]);
    for segment in &batch.segments {
        assert_eq!((segment.timestamp(), batch.sacks_of(segment)), (Some(1000), &[block(1, 2)][..]));
    }
}

#[test]
fn fast_open_and_multipath() {
    let bits = |options: &[u8]| with_options(options).0.bits;
    assert!(bits(&[34, 2]).has(SegmentBits::FAST_OPEN_REQUEST));
    assert!(bits(&[34, 10, 1, 2, 3, 4, 5, 6, 7, 8]).has(SegmentBits::FAST_OPEN_COOKIE));
    for kind in [253, 254] {
        assert!(bits(&[kind, 4, 0xf9, 0x89]).has(SegmentBits::FAST_OPEN_REQUEST));
        assert!(bits(&[kind, 8, 0xf9, 0x89, 1, 2, 3, 4]).has(SegmentBits::FAST_OPEN_COOKIE));
        let other = bits(&[kind, 4, 0xf9, 0x88]);
        assert!(!other.has(SegmentBits::FAST_OPEN_REQUEST) && !other.has(SegmentBits::FAST_OPEN_COOKIE));
    }
    assert!(bits(&[30, 4, 0, 0]).has(SegmentBits::MPTCP));
}

#[test]
fn unknown_kinds_and_impossible_lengths_are_passed_over() {
    let (segment, _) = with_options(&[99, 6, 1, 2, 3, 4, 2, 4, 2, 0]);
    assert_eq!(segment.mss, 512);
    // A length that the kind cannot have.
    let (segment, sacks) = with_options(&[3, 4, 7, 7, 5, 9, 1, 2, 3, 4, 5, 6, 7, 2, 4, 2, 0]);
    assert_eq!((segment.mss, segment.bits.has(SegmentBits::WINDOW_SCALE), sacks.len()), (512, false, 0));
}

#[test]
fn a_length_that_leads_nowhere_ends_the_list() {
    for bad in [0, 1, 200] {
        let (segment, _) = with_options(&[3, 3, 7, 99, bad, 2, 4, 2]);
        assert!(segment.bits.has(SegmentBits::WINDOW_SCALE));
        assert!(!segment.bits.has(SegmentBits::MSS) && !segment.bits.has(SegmentBits::OPTIONS_TRUNCATED));
    }
    let (segment, _) = with_options(&[0, 2, 4, 2]);
    assert!(!segment.bits.has(SegmentBits::MSS));
    let (segment, _) = with_options(&[1, 1, 1, 2]);
    assert!(!segment.bits.has(SegmentBits::MSS));
}

#[test]
fn the_digest_tells_options_apart() {
    let digest = |options: &[u8]| with_options(options).0.options_digest;
    assert_eq!(digest(&[]), 0);
    assert_eq!(digest(&TIMESTAMP_OPTIONS), digest(&TIMESTAMP_OPTIONS));
    let mut later = TIMESTAMP_OPTIONS;
    let mut same = 0;
    for value in 0..=255 {
        later[7] = value;
        same += u32::from(digest(&later) == digest(&TIMESTAMP_OPTIONS));
    }
    assert!(same <= 8, "{same} of 256 neighbours have the same digest");
}
