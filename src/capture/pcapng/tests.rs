//! Captures built by hand, block by block.

use super::super::buffer::ByteOrder::{Big, Little};
use super::super::samples::{Bytes, digits, read};
use super::*;

/// No options.
fn none(bytes: Bytes) -> Bytes {
    bytes
}

/// The message of the error that reading `bytes` ends with, and how many frames come before.
fn damage(bytes: &[u8]) -> (usize, String) {
    let (frames, error) = read(bytes);
    (frames.len(), error.map(|error| error.to_string()).unwrap_or_default())
}

#[test]
fn both_byte_orders_read_the_same() {
    for order in [Little, Big] {
        let file = Bytes::new(order).section().interface(1, 0, none);
        let file = file.enhanced(0, 1_700_000_000_000_001, 60, b"abcde").enhanced(0, 5, 2, b"xyz");
        let (frames, error) = read(&file.bytes);
        assert!(error.is_none());
        assert_eq!(frames[0], (1_700_000_000_000_001_000, 1, 60, b"abcde".to_vec()));
        assert_eq!(frames[1], (5_000, 1, 3, b"xyz".to_vec()), "the wire has at least what was captured");
        assert_eq!(digits(&file.bytes), 6);
    }
}

#[test]
fn each_interface_has_its_own_link_type_and_clock() {
    let offset = |b: Bytes| b.option(2, b"eth0").option(9, &[9]).option(14, &7i64.to_le_bytes()).option(0, b"");
    let file = Bytes::new(Little).section().interface(1, 0, none).interface(101, 96, offset);
    let file = file.interface(113, 0, |b| b.option(9, &[0x80 | 10])).interface(0x70e, 0, none);
    let file = file.enhanced(1, 42, 1, b"a").enhanced(2, 1536, 1, b"b").enhanced(0, 3, 1, b"c").enhanced(3, 0, 1, b"d");
    let (frames, error) = read(&file.bytes);
    assert!(error.is_none());
    let seen: Vec<_> = frames.iter().map(|frame| (frame.0, frame.1)).collect();
    assert_eq!(seen, [(7_000_000_042, 101), (1_500_000_000, 113), (3_000, 1), (0, 0x70e)]);
    assert_eq!(digits(&file.bytes), 9);
}

#[test]
fn negative_offsets_and_raw_ip_under_its_old_number() {
    let file = Bytes::new(Big).section().interface(12, 0, |b| b.option(14, &(-2i64).to_be_bytes()));
    let (frames, _) = read(&file.enhanced(0, 500_000, 1, b"a").bytes);
    assert_eq!((frames[0].0, frames[0].1), (-1_500_000_000, 101));
}

#[test]
fn a_simple_packet_has_the_time_of_the_one_before_and_the_length_of_the_snaplen() {
    let file = Bytes::new(Little).section().interface(1, 6, none);
    let file =
        file.block(3, |b| b.u32(100).raw(b"123456")).enhanced(0, 9, 1, b"x").block(3, |b| b.u32(5).raw(b"12345"));
    let (frames, error) = read(&file.bytes);
    assert!(error.is_none());
    assert_eq!(frames[0], (0, 1, 100, b"123456".to_vec()));
    assert_eq!(frames[2], (9_000, 1, 5, b"12345".to_vec()), "the padding is no part of it");

    let unlimited = Bytes::new(Little).section().interface(1, 0, none).block(3, |b| b.u32(100).raw(b"12345678"));
    assert_eq!(read(&unlimited.bytes).0[0].3, b"12345678");
    let (_, message) = damage(&Bytes::new(Little).section().block(3, |b| b.u32(4).raw(b"1234")).bytes);
    assert!(message.contains("interface 0, which was not described"), "{message}");
}

#[test]
fn the_obsolete_packet_block_has_a_short_interface_number() {
    for order in [Little, Big] {
        let file = Bytes::new(order).section().interface(1, 0, none).interface(113, 0, none);
        let file = file.block(2, |b| b.u16(1).u16(77).u32(0).u32(9).u32(3).u32(60).raw(b"abc"));
        let (frames, error) = read(&file.bytes);
        assert!(error.is_none());
        assert_eq!(frames, [(9_000, 113, 60, b"abc".to_vec())]);
    }
}

#[test]
fn a_new_section_has_its_own_byte_order_and_interfaces() {
    let second = Bytes::new(Big).section().interface(101, 0, none).enhanced(0, 2, 1, b"b");
    let first = Bytes::new(Little).section().interface(1, 0, none).interface(9, 0, none).enhanced(1, 1, 1, b"a");
    let both = first.raw(&second.bytes);
    let (frames, error) = read(&both.bytes);
    assert!(error.is_none());
    assert_eq!(frames, [(1_000, 9, 1, b"a".to_vec()), (2_000, 101, 1, b"b".to_vec())]);

    let mut wrong = both;
    wrong.order = Big;
    let (frames, message) = damage(&wrong.enhanced(1, 3, 1, b"c").bytes);
    assert_eq!(frames, 2);
    assert!(message.contains("interface 1, which was not described"), "{message}");
}

#[test]
fn unknown_blocks_and_malformed_options_are_skipped() {
    let file = Bytes::new(Little)
        .section()
        .block(0x0bad, |b| b.raw(&[7; 1000]))
        .interface(1, 0, |b| b.option(9, &[]).option(14, &[1, 2]).option(9, &[9]).u16(5).u16(60_000).raw(b"cut"));
    let file = file.block(4, none).block(10, |b| b.raw(b"key")).enhanced(0, 1, 1, b"a");
    let (frames, error) = read(&file.bytes);
    assert!(error.is_none());
    assert_eq!(frames, [(1, 1, 1, b"a".to_vec())]);
}

#[test]
fn statistics_of_interfaces_add_up_over_sections() {
    let counted = |file: Bytes, interface: u32, received: u64, lost: u64| {
        file.block(5, |b| {
            let (a, c) = (received.to_le_bytes(), lost.to_le_bytes());
            b.u32(interface).u32(0).u32(0).option(4, &a).option(5, &c).option(7, &1u64.to_le_bytes())
        })
    };
    let file = Bytes::new(Little).section().interface(1, 0, none).interface(1, 0, none);
    let file = counted(counted(counted(file, 0, 10, 1), 1, 20, 2), 0, 100, 4);
    let file = counted(file.section().interface(1, 0, none), 0, 1_000, 8);
    let mut reader = PcapngReader::open(Buffer::new(Box::new(std::io::Cursor::new(file.bytes)), 64)).unwrap();
    assert_eq!(reader.drops(), None);
    while reader.advance().unwrap() {}
    assert_eq!(reader.drops(), Some(Drops { received: 1_120, dropped: 3, if_dropped: 14 }));
}

#[test]
fn contradictions_are_damage_and_name_the_place() {
    let start = || Bytes::new(Little).section().interface(1, 0, none).enhanced(0, 1, 1, b"abcd");
    let at = start().bytes.len();

    let mut tail = start().enhanced(0, 2, 1, b"efgh").bytes;
    let end = tail.len();
    tail[end - 4] ^= 4;
    let (frames, message) = damage(&tail);
    assert_eq!(frames, 1);
    assert_eq!(
        message,
        format!(
            "damaged after frame 1 of the file, in the record that starts at byte {at}: \
             a block of type 0x6 is 36 bytes long by its head, 32 by its tail"
        )
    );
    let (_, message) = damage(&start().u32(6).u32(8).u32(8).bytes);
    assert!(message.contains("claims to be 8 bytes long"), "{message}");
    let (_, message) = damage(&start().u32(6).u32(0xffff_fff0).u32(0).bytes);
    assert!(message.contains("claims to be 4294967280 bytes long"), "{message}");
    let (_, message) = damage(&start().block(6, |b| b.u32(0).u64(0).u32(5).u32(5).raw(b"abcd")).bytes);
    assert!(message.contains("claims 5 captured bytes and has room for 4"), "{message}");
    let (_, message) = damage(&start().block(6, |b| b.u32(0)).bytes);
    assert!(message.contains("too short"), "{message}");
    let (_, message) = damage(&start().block(0x0a0d_0d0a, |b| b.raw(&[9; 16])).bytes);
    assert!(message.contains("byte-order magic"), "{message}");
}

#[test]
fn a_length_without_its_padding_is_understood() {
    let body = Bytes::new(Little).u32(0).u64(1 << 32).u32(1).u32(1).raw(b"a").bytes;
    let file = Bytes::new(Little).section().interface(1, 0, none);
    let file = file.u32(6).u32(33).raw(&body).pad().u32(33).enhanced(0, 2, 1, b"b");
    let (frames, error) = read(&file.bytes);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(frames.len(), 2);
}

#[test]
fn an_unreadable_first_section_is_no_capture() {
    let version = Bytes::new(Little).block(0x0a0d_0d0a, |b| b.u32(0x1a2b_3c4d).u16(2).u16(0).u64(0));
    assert_eq!(damage(&version.bytes).1, "not a readable capture file: pcapng version 2.0 is unknown");
    let whole = Bytes::new(Big).section().bytes;
    for cut in 4..whole.len() {
        assert!(matches!(read(&whole[..cut]).1, Some(ErrorKind::HeaderCut { .. })), "{cut}");
    }
    assert!(read(&whole).1.is_none(), "a file without packets is a good one");
}

#[test]
fn a_file_cut_anywhere_gives_all_whole_packets_before() {
    let start = Bytes::new(Big).section().interface(1, 0, |b| b.option(9, &[9]));
    let header = start.bytes.len();
    let first = start.enhanced(0, 1, 9, b"abc");
    let after_first = first.bytes.len();
    let second = first.block(3, |b| b.u32(7).raw(b"abcdefg"));
    let after_second = second.bytes.len();
    let whole = second.block(5, |b| b.u32(0).u64(0)).bytes;
    for cut in 32..=whole.len() {
        let (frames, error) = read(&whole[..cut]);
        assert_eq!(frames.len(), usize::from(cut >= after_first) + usize::from(cut >= after_second), "{cut}");
        let at_a_block = [28, header, after_first, after_second, whole.len()].contains(&cut);
        assert_eq!(error.is_none(), at_a_block, "{cut}: {error:?}");
        assert!(at_a_block || matches!(error, Some(ErrorKind::Cut { .. })));
    }
}
