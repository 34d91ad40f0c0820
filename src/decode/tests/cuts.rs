//! Frames cut by the snaplen, at every byte.

use super::*;
use crate::base::SegmentBits;
use crate::decode::Skip;

/// What a cut may change.
const MAY_DIFFER: u32 = SegmentBits::BAD_CHECKSUM.0 | SegmentBits::CHECKSUM_OFFLOAD.0;

fn without(segment: Segment, bits: u32) -> Segment {
    Segment { bits: SegmentBits(segment.bits.0 & !bits), ..segment }
}

/// Decodes all beginnings of a frame and hands each result to `check` with the number of bytes of TCP header that it still has.
fn cut_everywhere(frame: &[u8], tcp_at: usize, check: impl Fn(usize, Result)) {
    for kept in 0..=frame.len() {
        let data = &frame[..kept];
        let found = decode_with(&mut Decoder::new(DecodeOptions::default()), LinkType::ETHERNET, data, frame.len(), 1);
        check(kept.saturating_sub(tcp_at), found);
    }
}

#[test]
fn a_cut_behind_the_headers_changes_nothing() {
    let mut options = TIMESTAMP_OPTIONS.to_vec();
    options.extend([1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7]);
    let tagged = [&[0x81, 0x00, 0, 5][..], &IPV4_TYPE].concat();
    let with_extension = ipv6_with(60, &[6, 0, 1, 4, 0, 0, 0, 0], b"some payload");
    for (frame, tcp_at, header_len) in [
        (ethernet(&tagged, &ipv4(&options, b"some payload")), 38, 48),
        (ethernet(&IPV6_TYPE, &ipv6(&options, b"some payload")), 54, 48),
        (ethernet(&IPV6_TYPE, &with_extension), 62, 20),
    ] {
        let whole = decode(LinkType::ETHERNET, &frame);
        let segment = whole.segment();
        assert_eq!(segment.payload_len, 12);
        cut_everywhere(&frame, tcp_at, |kept, found| match kept {
            0..14 => assert!(
                matches!(found.decoded, Decoded::Skipped(Skip::TruncatedLink | Skip::TruncatedIp | Skip::TruncatedTcp)),
                "{kept} bytes: {:?}",
                found.decoded
            ),
            14..20 => {
                let cut = found.segment();
                assert!(cut.bits.has(SegmentBits::HEADER_TRUNCATED) && cut.bits.has(SegmentBits::OPTIONS_TRUNCATED));
                assert_eq!((cut.seq, cut.ack, cut.flags), (segment.seq, segment.ack, segment.flags));
                assert_eq!((cut.payload_len, cut.header_len), (12, segment.header_len));
                assert_eq!((cut.window, cut.checksum, cut.timestamp()), (0, 0, None));
            }
            _ if kept < header_len => {
                let cut = found.segment();
                assert!(cut.bits.has(SegmentBits::OPTIONS_TRUNCATED) && !cut.bits.has(SegmentBits::HEADER_TRUNCATED));
                assert_eq!((cut.window, cut.payload_len), (segment.window, 12));
                assert_eq!(cut.timestamp().is_some(), kept >= 32, "{kept} bytes");
                assert_eq!(found.sacks.len(), usize::from(kept >= 44));
            }
            _ => {
                assert_eq!(without(found.segment(), MAY_DIFFER), without(segment, MAY_DIFFER));
                assert_eq!(found.sacks, whole.sacks);
            }
        });
    }
}

#[test]
fn fewer_than_14_bytes_of_tcp_are_counted_apart() {
    let frame = ethernet(&IPV4_TYPE, &ipv4(&[], b""));
    let mut decoder = Decoder::new(DecodeOptions::default());
    for kept in [34, 40, 47] {
        decode_with(&mut decoder, LinkType::ETHERNET, &frame[..kept], frame.len(), 1);
    }
    decode_with(&mut decoder, LinkType::ETHERNET, &frame[..20], frame.len(), 1);
    decode_with(&mut decoder, LinkType::ETHERNET, &frame[..10], frame.len(), 1);
    assert_eq!(decoder.cut_frames(), 5);
    assert_eq!(decoder.skipped_for(Skip::TruncatedTcp), 3);
    assert_eq!((decoder.skipped_for(Skip::TruncatedIp), decoder.skipped_for(Skip::TruncatedLink)), (1, 1));
}

#[test]
fn cut_tunnels_do_not_get_far() {
    let mpls = [0x88, 0x47, 0x00, 0x01, 0x01, 0x40];
    let pppoe = [0x88, 0x64, 0x11, 0x00, 0x00, 0x2a, 0, 65, 0x00, 0x21];
    let snap = [0, 80, 0xaa, 0xaa, 0x03, 0, 0, 0, 8, 0];
    for types in [&mpls[..], &pppoe, &snap] {
        let packet = ipv4(&TIMESTAMP_OPTIONS, b"abc");
        let frame = ethernet(types, &packet);
        let tcp_at = 12 + types.len() + 20;
        cut_everywhere(&frame, tcp_at, |kept, found| {
            assert_eq!(found.decoded == Decoded::Segment, kept >= 14, "{kept}: {:?}", found.decoded);
        });
    }
}
