//! The readers against any bytes at all, and against another reader on good files.

use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{Block, PcapBlockOwned, PcapNGSlice, parse_pcap_frame, parse_pcap_frame_be};
use proptest::prelude::*;

use super::super::buffer::ByteOrder;
use super::super::samples::{Bytes, Seen, read, read_from};

/// Gives its bytes in pieces of changing length.
struct Pieces(Vec<u8>, usize);

impl std::io::Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.1 = self.1 % 97 + 5;
        let n = self.0.len().min(self.1).min(into.len());
        into[..n].copy_from_slice(&self.0[..n]);
        self.0.drain(..n);
        Ok(n)
    }
}

/// A frame to write: seconds, fraction, captured bytes, and how many more were on the wire.
type Frame = (u32, u32, Vec<u8>, u32);

fn frames() -> impl Strategy<Value = Vec<Frame>> {
    let data = proptest::collection::vec(any::<u8>(), 0..200);
    proptest::collection::vec((any::<u32>(), 0u32..1_000_000, data, 0u32..2_000), 0..12)
}

fn order() -> impl Strategy<Value = ByteOrder> {
    prop_oneof![Just(ByteOrder::Little), Just(ByteOrder::Big)]
}

fn pcap(order: ByteOrder, magic: u32, frames: &[Frame]) -> Vec<u8> {
    let start = Bytes::new(order).pcap_header(magic, 113);
    let record = |file: Bytes, (seconds, fraction, data, more): &Frame| {
        file.pcap_record(*seconds, *fraction, data.len() as u32 + more, data)
    };
    frames.iter().fold(start, record).bytes
}

/// Three interfaces with clocks of the given resolutions and offsets take turns.
fn pcapng(order: ByteOrder, clocks: &[(u8, u32)], frames: &[Frame]) -> Vec<u8> {
    let mut file = Bytes::new(order).section();
    for (i, &(resolution, offset)) in clocks.iter().enumerate() {
        let offset = Bytes::new(order).u64(u64::from(offset)).bytes;
        file = file.interface(i as u16, 0, |b| b.option(9, &[resolution]).option(14, &offset).option(0, &[]));
    }
    for (i, (seconds, fraction, data, more)) in frames.iter().enumerate() {
        // No more than what pcap-parser can hold in 32 bits of seconds.
        let ticks = (u64::from(*seconds & 0xfff_ffff) << 20) + u64::from(*fraction);
        file = file.enhanced((i % clocks.len()) as u32, ticks, data.len() as u32 + more, data);
    }
    file.bytes
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic_or_go_on_for_ever(
        start in prop_oneof![
            Just(vec![]),
            Just(vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0]),
            Just(vec![0xa1, 0xb2, 0xcd, 0x34, 0, 2, 0, 4]),
            Just(Bytes::new(ByteOrder::Big).section().bytes),
            Just(Bytes::new(ByteOrder::Little).section().interface(1, 0, |b| b).bytes),
        ],
        rest in proptest::collection::vec(prop_oneof![3 => Just(0), 1 => 1u8..12, 2 => any::<u8>()], 0..400),
    ) {
        let bytes = [start, rest].concat();
        let (frames, _) = read(&bytes);
        prop_assert!(frames.len() <= bytes.len() / 12);
    }

    #[test]
    fn a_flipped_byte_never_makes_more_frames_than_bytes_allow(order in order(), frames in frames(), place in any::<usize>(), flip in 1u8..) {
        for mut bytes in [pcap(order, 0xa1b2_c3d4, &frames), pcapng(order, &[(6, 0)], &frames)] {
            let place = place % bytes.len();
            bytes[place] ^= flip;
            let (seen, _) = read(&bytes);
            let data: usize = seen.iter().map(|frame| frame.3.len()).sum();
            prop_assert!(data <= bytes.len());
        }
    }

    #[test]
    fn it_does_not_matter_in_what_pieces_the_bytes_come(order in order(), frames in frames(), size in 0usize..300) {
        for bytes in [pcap(order, 0xa1b2_3c4d, &frames), pcapng(order, &[(9, 3), (0x94, 0)], &frames)] {
            let (whole, none) = read(&bytes);
            prop_assert!(none.is_none());
            prop_assert_eq!(whole.len(), frames.len());
            let (pieces, none) = read_from(Box::new(Pieces(bytes, size)), size);
            prop_assert!(none.is_none());
            prop_assert_eq!(pieces, whole);
        }
    }

    #[test]
    fn pcap_files_read_as_pcap_parser_reads_them(order in order(), nanos in any::<bool>(), frames in frames()) {
        let bytes = pcap(order, if nanos { 0xa1b2_3c4d } else { 0xa1b2_c3d4 }, &frames);
        let unit = if nanos { 1 } else { 1_000 };
        let mut theirs: Vec<Seen> = Vec::new();
        // Its iterator over a slice takes every file for a little-endian one; its parser for one record can do both.
        let parse = if order == ByteOrder::Big { parse_pcap_frame_be } else { parse_pcap_frame };
        let mut rest = &bytes[24..];
        while !rest.is_empty() {
            let (behind, block) = parse(rest).unwrap();
            rest = behind;
            let time = i64::from(block.ts_sec) * 1_000_000_000 + i64::from(block.ts_usec) * unit;
            theirs.push((time, 113, block.origlen, block.data.to_vec()));
        }
        prop_assert_eq!(read(&bytes).0, theirs);
    }

    #[test]
    fn pcapng_files_read_as_pcap_parser_reads_them(
        order in order(),
        clocks in proptest::collection::vec((5u8..=9, 0u32..1_000_000), 1..4),
        frames in frames(),
    ) {
        let bytes = pcapng(order, &clocks, &frames);
        let mut theirs: Vec<Seen> = Vec::new();
        for block in PcapNGSlice::from_slice(&bytes).unwrap() {
            if let PcapBlockOwned::NG(Block::EnhancedPacket(block)) = block.unwrap() {
                let (resolution, offset) = clocks[block.if_id as usize];
                let (seconds, fraction) = block.decode_ts(0, 10u64.pow(u32::from(resolution)));
                let seconds = i64::from(seconds) + i64::from(offset);
                let time = seconds * 1_000_000_000 + i64::from(fraction) * 10i64.pow(u32::from(9 - resolution));
                theirs.push((time, block.if_id as u16, block.origlen, block.packet_data().to_vec()));
            }
        }
        prop_assert_eq!(read(&bytes).0, theirs);
    }
}
