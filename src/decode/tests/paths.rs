//! The path of common frames says exactly what the general path says.

use proptest::prelude::*;

use super::*;
use crate::base::FlowKey;

const LINKS: [LinkType; 8] = [
    LinkType::ETHERNET,
    LinkType::RAW,
    LinkType::IPV4,
    LinkType::IPV6,
    LinkType::LINUX_SLL,
    LinkType::LINUX_SLL2,
    LinkType::NULL,
    LinkType(9),
];
const TAG: [u8; 4] = [0x81, 0x00, 0x60, 0x05];

/// Both paths, each with a decoder of its own, since some of what they say depends on what came before.
struct Pair {
    either: Decoder,
    general: Decoder,
    /// How many frames were common ones.
    common: usize,
}

impl Pair {
    fn new(options: DecodeOptions) -> Self {
        let either = Decoder::new(options);
        let mut general = Decoder::new(options);
        general.hasher = either.hasher;
        Self { either, general, common: 0 }
    }

    /// Whether the frame was a common one.
    fn check(&mut self, frame: &Frame<'_>) -> bool {
        let (mut one, mut other) = (SegmentBatch::default(), SegmentBatch::default());
        // Blocks of an earlier segment, so that indices into the arena are not all zero.
        one.sacks.push(SackBlock::default());
        other.sacks.push(SackBlock::default());
        let found = self.either.decode_common(frame, &mut one);
        let is_common = found.is_some();
        if !is_common {
            assert_eq!((one.segments.len(), one.hashes.len(), one.sacks.len()), (0, 0, 1), "something was left");
        }
        let found = found.unwrap_or_else(|| self.either.decode_any(frame, &mut one));
        let expected = self.general.decode_any(frame, &mut other);
        let what = || format!("{:?} {} of {} {:02x?}", frame.link, frame.data.len(), frame.wire_len, frame.data);
        assert_eq!(found, expected, "{}", what());
        assert_eq!(one.segments, other.segments, "{}", what());
        assert_eq!((&one.sacks, &one.errors, &one.hashes), (&other.sacks, &other.errors, &other.hashes), "{}", what());
        assert_eq!(one.hashes.len(), one.segments.len());
        for (segment, &hash) in one.segments.iter().zip(&one.hashes) {
            assert_eq!(hash, self.either.hasher().hash(&segment.key));
            let number = segment.encapsulation;
            assert_eq!(self.either.encapsulation(number), self.general.encapsulation(number));
        }
        assert_eq!(self.either.checksums(), self.general.checksums(), "{}", what());
        assert_eq!(self.either.skipped(), self.general.skipped());
        assert_eq!(self.either.joined_frames(), self.general.joined_frames());
        self.common += usize::from(is_common);
        is_common
    }

    fn check_bytes(&mut self, link: LinkType, data: &[u8], wire_len: usize) -> bool {
        self.check(&Frame { ts: Timestamp(7_000_000_000), number: 9, link, wire_len: wire_len as u32, data })
    }
}

/// A packet on a link; `tagged`: behind a VLAN tag, where the link has room for one.
fn framed(link: LinkType, tagged: bool, packet: &[u8]) -> Vec<u8> {
    let ether_type = if packet.first().is_some_and(|byte| byte >> 4 == 6) { IPV6_TYPE } else { IPV4_TYPE };
    let tag = if tagged { &TAG[..] } else { &[] };
    let types = [tag, &ether_type[..]].concat();
    match link {
        LinkType::ETHERNET => ethernet(&types, packet),
        LinkType::LINUX_SLL => [&[0; 14], &ether_type[..], packet].concat(),
        LinkType::LINUX_SLL2 => [&ether_type[..], &[0; 18], packet].concat(),
        LinkType::NULL => [&[2, 0, 0, 0], packet].concat(),
        LinkType(9) => [&[0x00, 0x21], packet].concat(),
        _ => packet.to_vec(),
    }
}

/// Options in the layouts that are known, and in others.
fn layouts() -> Vec<Vec<u8>> {
    let sack = |n: u8| [&[1, 1, 5, 2 + 8 * n], &vec![n; usize::from(n) * 8][..]].concat();
    let timestamps = TIMESTAMP_OPTIONS.to_vec();
    vec![
        vec![],
        timestamps.clone(),
        [&timestamps[..], &sack(1)].concat(),
        [&timestamps[..], &sack(3)].concat(),
        sack(2),
        vec![2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7],
        vec![8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1],
        vec![0; 8],
    ]
}

/// All packets that the paths are tried with: both versions, all layouts of options, with and without payload.
fn packets() -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    for options in layouts() {
        for payload in [&[][..], &[0x5a; 37]] {
            packets.push(ipv4(&options, payload));
            packets.push(ipv6(&options, payload));
        }
    }
    packets
}

#[test]
fn the_common_path_takes_what_is_common() {
    for packet in packets() {
        for link in LINKS {
            for tagged in [false, true] {
                let frame = framed(link, tagged, &packet);
                let is_common = Pair::new(DecodeOptions::default()).check_bytes(link, &frame, frame.len());
                assert_eq!(is_common, link != LinkType::NULL && link != LinkType(9), "{link:?}");
            }
        }
    }
}

#[test]
fn every_cut_gives_the_same() {
    for packet in packets() {
        for link in LINKS {
            for tagged in [false, true] {
                let frame = framed(link, tagged, &packet);
                let mut pair = Pair::new(DecodeOptions::default());
                for kept in 0..=frame.len() {
                    // Cut by the snaplen; cut by a packet broker that says nothing of it; padded.
                    pair.check_bytes(link, &frame[..kept], frame.len());
                    pair.check_bytes(link, &frame[..kept], kept);
                    pair.check_bytes(link, &frame[..kept], frame.len() + 9);
                }
                let padded = [&frame[..], &[0xaa; 7]].concat();
                pair.check_bytes(link, &padded, padded.len());
            }
        }
    }
}

#[test]
fn every_value_of_every_header_byte_gives_the_same() {
    for options in [&[][..], &TIMESTAMP_OPTIONS] {
        for packet in [ipv4(options, &[0x5a; 9]), ipv6(options, &[0x5a; 9])] {
            let frame = framed(LinkType::ETHERNET, true, &packet);
            let mut pair = Pair::new(DecodeOptions::default());
            for at in 12..frame.len() - 9 {
                for value in 0..=255 {
                    let mut changed = frame.clone();
                    changed[at] = value;
                    pair.check_bytes(LinkType::ETHERNET, &changed, changed.len());
                    pair.check_bytes(LinkType::ETHERNET, &changed[..changed.len() - 5], changed.len());
                }
            }
            assert!(pair.common > 1000);
        }
    }
}

#[test]
fn checksums_that_were_left_to_the_card_are_the_same() {
    for packet in [ipv4(&[], &[1, 2, 3]), ipv6(&[], &[1, 2, 3])] {
        let at = packet.len() - 3 - 4;
        let mut pair = Pair::new(DecodeOptions::default());
        for field in 0..=u16::MAX {
            let mut changed = packet.clone();
            changed[at..at + 2].copy_from_slice(&field.to_be_bytes());
            assert!(pair.check_bytes(LinkType::RAW, &changed, changed.len()));
        }
        let counts = pair.either.checksums();
        // The sum of the pseudo-header with the length, and without.
        assert_eq!((counts.right, counts.offloaded), (1, 2));
        assert_ne!(FlowKey::default(), decode_ip(&packet).segment().key);
    }
}

/// A frame of a common form, in which some fields, mostly headers, were changed, and which was cut.
fn nearly_common() -> impl Strategy<Value = (LinkType, Vec<u8>, usize)> {
    let packet = prop::sample::select(packets());
    let link = prop::sample::select(&LINKS[..]);
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 1usize..80), 0..4);
    (link, any::<bool>(), packet, changes, any::<prop::sample::Index>(), 0usize..3).prop_map(
        |(link, tagged, packet, changes, cut, kind)| {
            let mut frame = framed(link, tagged, &packet);
            for (at, byte, within) in changes {
                let index = at.index(within.min(frame.len()));
                frame[index] = byte;
            }
            let wire_len = frame.len();
            match kind {
                0 => {}
                1 => frame.truncate(cut.index(frame.len() + 1)),
                _ => frame.resize(wire_len + cut.index(20), 0x11),
            }
            let wire_len = wire_len.max(frame.len());
            (link, frame, wire_len)
        },
    )
}

proptest! {
    #[test]
    fn noise_gives_the_same(
        link in prop::sample::select(&LINKS[..]),
        frames in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..200), 0usize..100), 1..8),
    ) {
        let mut pair = Pair::new(DecodeOptions::default());
        for (data, missing) in &frames {
            pair.check_bytes(link, data, data.len() + missing);
        }
    }

    #[test]
    fn frames_that_are_nearly_common_give_the_same(
        verify_checksums in any::<bool>(),
        reassemble in any::<bool>(),
        frames in prop::collection::vec(nearly_common(), 1..12),
    ) {
        let mut pair = Pair::new(DecodeOptions { verify_checksums, reassemble });
        for (link, data, wire_len) in &frames {
            pair.check_bytes(*link, data, *wire_len);
        }
    }
}
