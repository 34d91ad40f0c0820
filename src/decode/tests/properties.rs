//! What holds for every frame.

use etherparse::{NetSlice, SlicedPacket, TcpOptionElement, TransportSlice};
use proptest::prelude::*;

use super::*;
use crate::base::{Endpoint, FlowKey, SegmentBits, Seq, TcpFlags};

const LINKS: [u16; 16] = [0, 1, 9, 12, 14, 50, 101, 104, 108, 113, 129, 228, 229, 242, 276, 147];

/// A well-formed packet that some bytes were changed in, so that the noise gets further than the first header.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let bases = prop_oneof![
        Just(ethernet(&[0x81, 0x00, 0, 5, 0x88, 0x47, 0, 1, 1, 64], &ipv4(&TIMESTAMP_OPTIONS, &[1; 40]))),
        Just(ethernet(&IPV4_TYPE, &ipv4(&TIMESTAMP_OPTIONS, &[1; 40]))),
        Just(ethernet(&IPV6_TYPE, &ipv6(&TIMESTAMP_OPTIONS, &[1; 40]))),
        Just(ethernet(&IPV6_TYPE, &ipv6_with(0, &[44, 0, 0xc2, 4, 0, 1, 0, 0, 6, 0, 0, 9, 1, 2, 3, 4], &[1; 40]))),
    ];
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8);
    (bases, changes).prop_map(|(mut frame, changes)| {
        for (at, byte) in changes {
            let index = at.index(frame.len());
            frame[index] = byte;
        }
        frame
    })
}

/// A frame sequence of one decoder, so that fragments meet.
fn check_frames(link: LinkType, frames: &[(Vec<u8>, usize)]) {
    let mut decoder = Decoder::new(DecodeOptions::default());
    let (mut given, mut frames_in) = (0, 0);
    for (number, (data, missing)) in (1..).zip(frames) {
        let found = decode_with(&mut decoder, link, data, data.len() + missing, number);
        frames_in += 1;
        given += u64::from(found.segment.is_some() || found.error.is_some());
    }
    let skipped: u64 = decoder.skipped().iter().map(|(_, frames)| frames).sum();
    assert_eq!(frames_in, given + skipped + decoder.joined_frames());
}

proptest! {
    #[test]
    fn noise_never_panics(
        link in prop::sample::select(&LINKS[..]),
        frames in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..200), 0usize..100), 1..8),
    ) {
        check_frames(LinkType(link), &frames);
    }

    #[test]
    fn damage_never_panics(frames in prop::collection::vec((damaged(), 0usize..100), 1..20)) {
        check_frames(LinkType::ETHERNET, &frames);
    }

    #[test]
    fn overlapping_fragments_never_panic_and_are_all_counted(
        parts in prop::collection::vec((0u16..12, 1usize..40, any::<bool>(), 0usize..40), 1..40)
    ) {
        let frames: Vec<(Vec<u8>, usize)> = parts
            .into_iter()
            .map(|(offset, length, more, cut)| {
                let mut packet = ipv4(&[], &[])[..20].to_vec();
                packet.extend(vec![0x55; if more { length * 8 } else { length }]);
                packet[6..8].copy_from_slice(&(offset | u16::from(more) << 13).to_be_bytes());
                set_ipv4_length(&mut packet);
                let cut = cut.min(packet.len() - 20);
                packet.truncate(packet.len() - cut);
                (packet, cut)
            })
            .collect();
        check_frames(LinkType::RAW, &frames);
    }

    #[test]
    fn fragments_of_any_cut_in_any_order_give_the_whole_packet(
        payload in prop::collection::vec(any::<u8>(), 0..600),
        cuts in prop::collection::btree_set(1usize..70, 0..10),
        order in any::<u64>(),
    ) {
        let packet = ipv4(&TIMESTAMP_OPTIONS, &payload);
        let body = &packet[20..];
        let mut bounds: Vec<usize> = cuts.into_iter().map(|cut| cut * 8).filter(|&cut| cut < body.len()).collect();
        bounds.insert(0, 0);
        bounds.push(body.len());
        let mut pieces: Vec<Vec<u8>> = bounds
            .windows(2)
            .map(|bound| {
                let mut piece = [&packet[..20], &body[bound[0]..bound[1]]].concat();
                let more = u16::from(bound[1] < body.len()) << 13;
                piece[6..8].copy_from_slice(&((bound[0] / 8) as u16 | more).to_be_bytes());
                set_ipv4_length(&mut piece);
                piece
            })
            .collect();
        pieces.sort_by_key(|piece| u64::from(u16::from_be_bytes([piece[6], piece[7]])).wrapping_mul(order | 1));
        let mut decoder = Decoder::new(DecodeOptions::default());
        let mut last = None;
        for (number, piece) in (1..).zip(&pieces) {
            last = Some(decode_with(&mut decoder, LinkType::RAW, piece, piece.len(), number));
        }
        let found = last.unwrap().segment();
        let mut expected = decode_ip(&packet).segment();
        expected.bits.set_if(SegmentBits::FRAGMENTED, pieces.len() > 1);
        (expected.ts, expected.frame) = (found.ts, found.frame);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn well_formed_segments_are_what_etherparse_says(
        is_v6 in any::<bool>(),
        fields in any::<(u16, u16, u32, u32, u16, u8, u8)>(),
        flags in 0u16..512,
        options in prop::collection::vec(
            prop_oneof![
                Just(TcpOptionElement::Noop),
                any::<u16>().prop_map(TcpOptionElement::MaximumSegmentSize),
                any::<u8>().prop_map(TcpOptionElement::WindowScale),
                Just(TcpOptionElement::SelectiveAcknowledgementPermitted),
                any::<(u32, u32)>().prop_map(|(value, echo)| TcpOptionElement::Timestamp(value, echo)),
                any::<((u32, u32), Option<(u32, u32)>)>()
                    .prop_map(|(first, second)| TcpOptionElement::SelectiveAcknowledgement(first, [second, None, None])),
            ],
            0..4,
        ),
        payload in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let (source_port, destination_port, seq, ack, window, ttl, ecn) = fields;
        let mut header = TcpHeader::new(source_port, destination_port, seq, window);
        header.acknowledgment_number = ack;
        prop_assume!(header.set_options(&options).is_ok());
        let bit = |n: u16| flags & (1 << n) != 0;
        (header.fin, header.syn, header.rst, header.psh, header.ack) = (bit(0), bit(1), bit(2), bit(3), bit(4));
        (header.urg, header.ece, header.cwr, header.ns) = (bit(5), bit(6), bit(7), bit(8));
        let mut frame = Vec::new();
        let builder = PacketBuilder::ethernet2([2; 6], [4; 6]);
        if is_v6 {
            builder.ipv6(CLIENT6, SERVER6, ttl).tcp_header(header).write(&mut frame, &payload).unwrap();
            frame[15] |= (ecn & 3) << 4;
        } else {
            builder.ipv4(CLIENT, SERVER, ttl).tcp_header(header).write(&mut frame, &payload).unwrap();
            frame[15] |= ecn & 3;
        }
        compare(&frame)?;
    }
}

/// Our reading of a frame against that of etherparse.
fn compare(frame: &[u8]) -> std::result::Result<(), TestCaseError> {
    let found = decode(LinkType::ETHERNET, frame);
    let segment = found.segment();
    let sliced = SlicedPacket::from_ethernet(frame).unwrap();
    let Some(TransportSlice::Tcp(tcp)) = &sliced.transport else { panic!("etherparse finds no TCP") };
    let (source, destination, ttl, congestion, total_len) = match sliced.net.as_ref().unwrap() {
        NetSlice::Ipv4(ip) => {
            let header = ip.header();
            prop_assert_eq!(segment.ip_id, header.identification());
            let endpoints = (
                Endpoint::v4(header.source(), tcp.source_port()),
                Endpoint::v4(header.destination(), tcp.destination_port()),
            );
            (endpoints.0, endpoints.1, header.ttl(), header.ecn().value() == 3, u64::from(header.total_len()))
        }
        NetSlice::Ipv6(ip) => {
            let header = ip.header();
            let endpoints = (
                Endpoint::v6(header.source(), tcp.source_port()),
                Endpoint::v6(header.destination(), tcp.destination_port()),
            );
            let total_len = 40 + u64::from(header.payload_length());
            (endpoints.0, endpoints.1, header.hop_limit(), header.ecn().value() == 3, total_len)
        }
        NetSlice::Arp(_) => panic!("etherparse finds ARP"),
    };
    prop_assert_eq!((segment.key, segment.from()), FlowKey::of(source, destination));
    prop_assert_eq!((segment.ttl, segment.ip_len()), (ttl, total_len));
    prop_assert_eq!(segment.bits.has(SegmentBits::CE), congestion);
    let expected = [tcp.fin(), tcp.syn(), tcp.rst(), tcp.psh(), tcp.ack(), tcp.urg(), tcp.ece(), tcp.cwr(), tcp.ns()];
    let flags = expected.iter().enumerate().fold(0, |flags, (n, &set)| flags | u16::from(set) << n);
    prop_assert_eq!(segment.flags, TcpFlags(flags));
    prop_assert_eq!((segment.seq.0, segment.ack.0), (tcp.sequence_number(), tcp.acknowledgment_number()));
    prop_assert_eq!((segment.window, segment.checksum), (tcp.window_size(), tcp.checksum()));
    prop_assert_eq!(segment.payload_len as usize, tcp.payload().len());
    let (mut timestamp, mut mss, mut scale, mut permitted, mut sacks) = (None, None, None, false, vec![]);
    for option in tcp.options_iterator() {
        match option.unwrap() {
            TcpOptionElement::Timestamp(value, echo) => timestamp = Some((value, echo)),
            TcpOptionElement::MaximumSegmentSize(value) => mss = Some(value),
            TcpOptionElement::WindowScale(value) => scale = Some(value),
            TcpOptionElement::SelectiveAcknowledgementPermitted => permitted = true,
            TcpOptionElement::SelectiveAcknowledgement(first, more) if sacks.is_empty() => {
                sacks = [Some(first), more[0], more[1], more[2]].into_iter().flatten().collect();
            }
            TcpOptionElement::SelectiveAcknowledgement(..) | TcpOptionElement::Noop => {}
        }
    }
    let bits = segment.bits;
    prop_assert_eq!(segment.timestamp().map(|value| (value, segment.tsecr)), timestamp);
    prop_assert_eq!(bits.has(SegmentBits::MSS).then_some(segment.mss), mss);
    prop_assert_eq!(bits.has(SegmentBits::WINDOW_SCALE).then_some(segment.window_scale), scale);
    prop_assert_eq!(bits.has(SegmentBits::SACK_PERMITTED), permitted);
    let blocks = sacks.iter().map(|&(left, right)| SackBlock { left: Seq(left), right: Seq(right) });
    prop_assert_eq!(found.sacks, blocks.collect::<Vec<_>>());
    Ok(())
}
