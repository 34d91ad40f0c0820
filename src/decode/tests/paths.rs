//! The paths of common and of usual frames say exactly what the general path says.

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

/// All paths, each with a decoder of its own, since some of what they say depends on what came before.
struct Paths {
    general: Decoder,
    common: Decoder,
    usual: Decoder,
    /// How many frames were common ones, and usual ones.
    counts: [usize; 2],
}

impl Paths {
    fn new(options: DecodeOptions) -> Self {
        let [general, common, usual] = [(); 3].map(|()| Decoder::new(options));
        Self { general, common, usual, counts: [0; 2] }
    }

    /// Whether the frame was a common one, and whether a usual one.
    fn check(&mut self, frame: &Frame<'_>) -> [bool; 2] {
        let mut batch = batch();
        let decoded = self.general.decode_any(frame, &mut batch);
        let expected = Said { decoder: &self.general, decoded, batch };
        let is_common = expected.is_said_by(&mut self.common, frame, Decoder::decode_common);
        let usual = |decoder: &mut Decoder, frame: &Frame<'_>, batch: &mut SegmentBatch| {
            decoder.decode_usual(frame, batch).then_some(Decoded::Segment)
        };
        let is_usual = expected.is_said_by(&mut self.usual, frame, usual);
        self.counts[0] += usize::from(is_common);
        self.counts[1] += usize::from(is_usual);
        [is_common, is_usual]
    }

    fn check_bytes(&mut self, link: LinkType, data: &[u8], wire_len: usize) -> [bool; 2] {
        self.check(&Frame { ts: Timestamp(7_000_000_000), number: 9, link, wire_len: wire_len as u32, data })
    }
}

/// A batch with blocks of an earlier segment, so that indices into the arena are not all zero.
fn batch() -> SegmentBatch {
    SegmentBatch { sacks: vec![SackBlock::default()], ..SegmentBatch::default() }
}

/// What the general path says of a frame.
struct Said<'a> {
    decoder: &'a Decoder,
    decoded: Decoded,
    batch: SegmentBatch,
}

impl Said<'_> {
    /// A path says the same, or nothing, which is returned, and leaves the frame to the general path.
    fn is_said_by(
        &self,
        decoder: &mut Decoder,
        frame: &Frame<'_>,
        path: impl Fn(&mut Decoder, &Frame<'_>, &mut SegmentBatch) -> Option<Decoded>,
    ) -> bool {
        let mut batch = batch();
        let found = path(decoder, frame, &mut batch);
        if found.is_none() {
            assert_eq!((batch.segments.len(), batch.sacks.len()), (0, 1), "something was left");
        }
        let decoded = found.unwrap_or_else(|| decoder.decode_any(frame, &mut batch));
        let what = || format!("{:?} {} of {} {:02x?}", frame.link, frame.data.len(), frame.wire_len, frame.data);
        assert_eq!(decoded, self.decoded, "{}", what());
        assert_eq!(batch.segments, self.batch.segments, "{}", what());
        assert_eq!((&batch.sacks, &batch.errors), (&self.batch.sacks, &self.batch.errors), "{}", what());
        for &Segment { encapsulation, .. } in &batch.segments {
            assert_eq!(decoder.encapsulation(encapsulation), self.decoder.encapsulation(encapsulation));
        }
        assert_eq!(decoder.checksums(), self.decoder.checksums(), "{}", what());
        assert_eq!(decoder.skipped(), self.decoder.skipped());
        assert_eq!(decoder.joined_frames(), self.decoder.joined_frames());
        found.is_some()
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
                let [is_common, is_usual] = Paths::new(DecodeOptions::default()).check_bytes(link, &frame, frame.len());
                assert_eq!(is_common, link != LinkType::NULL && link != LinkType(9), "{link:?}");
                assert!(!is_usual || link == LinkType::ETHERNET && !tagged, "{link:?} {tagged}");
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
                let mut paths = Paths::new(DecodeOptions::default());
                for kept in 0..=frame.len() {
                    // Cut by the snaplen; cut by a packet broker that says nothing of it; padded.
                    paths.check_bytes(link, &frame[..kept], frame.len());
                    paths.check_bytes(link, &frame[..kept], kept);
                    paths.check_bytes(link, &frame[..kept], frame.len() + 9);
                }
                let padded = [&frame[..], &[0xaa; 7]].concat();
                paths.check_bytes(link, &padded, padded.len());
            }
        }
    }
}

#[test]
fn every_value_of_every_header_byte_gives_the_same() {
    for options in [&[][..], &TIMESTAMP_OPTIONS] {
        for (tagged, packet) in [(true, ipv4 as fn(_, _) -> _), (true, ipv6), (false, ipv4)] {
            let packet: Vec<u8> = packet(options, &[0x5a; 9]);
            let frame = framed(LinkType::ETHERNET, tagged, &packet);
            let mut paths = Paths::new(DecodeOptions::default());
            for at in 12..frame.len() - 9 {
                for value in 0..=255 {
                    let mut changed = frame.clone();
                    changed[at] = value;
                    paths.check_bytes(LinkType::ETHERNET, &changed, changed.len());
                    paths.check_bytes(LinkType::ETHERNET, &changed[..changed.len() - 5], changed.len());
                }
            }
            assert!(paths.counts[0] > 1000);
            assert_eq!(paths.counts[1] > 1000, !tagged);
        }
    }
}

#[test]
fn checksums_that_were_left_to_the_card_are_the_same() {
    for packet in [ipv4(&[], &[1, 2, 3]), ipv6(&[], &[1, 2, 3])] {
        let at = packet.len() - 3 - 4;
        let mut paths = Paths::new(DecodeOptions::default());
        for field in 0..=u16::MAX {
            let mut changed = packet.clone();
            changed[at..at + 2].copy_from_slice(&field.to_be_bytes());
            assert_eq!(paths.check_bytes(LinkType::RAW, &changed, changed.len()), [true, false]);
        }
        let counts = paths.common.checksums();
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
        let mut paths = Paths::new(DecodeOptions::default());
        for (data, missing) in &frames {
            paths.check_bytes(link, data, data.len() + missing);
        }
    }

    #[test]
    fn frames_that_are_nearly_common_give_the_same(
        verify_checksums in any::<bool>(),
        reassemble in any::<bool>(),
        frames in prop::collection::vec(nearly_common(), 1..12),
    ) {
        let mut paths = Paths::new(DecodeOptions { verify_checksums, reassemble });
        for (link, data, wire_len) in &frames {
            paths.check_bytes(*link, data, *wire_len);
        }
    }
}
