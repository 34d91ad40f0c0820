//! Every method: what is written is read, cut and damaged files give what is before the place, and pieces do not matter.

use std::io::Write;

use proptest::prelude::*;

use super::*;

const ALL: [Method; 4] = [Method::Gzip, Method::Zstd, Method::Lz4, Method::Xz];

/// The usual window.
const WINDOW: u32 = 23;

fn pack(method: Method, bytes: &[u8]) -> Vec<u8> {
    match method {
        Method::Gzip => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(4));
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        }
        Method::Zstd => {
            let mut out = ::zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
            out.include_checksum(true).unwrap();
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        }
        Method::Lz4 => {
            let info = lz4_flex::frame::FrameInfo::new().block_size(lz4_flex::frame::BlockSize::Max64KB);
            let info = info.block_checksums(true).content_checksum(true);
            let mut out = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        }
        Method::Xz => {
            let mut out = liblzma::write::XzEncoder::new(Vec::new(), 0);
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        }
    }
}

/// Bytes that every method compresses, to a third or so: sixteen words of eight bytes in no order.
fn sample(len: usize) -> Vec<u8> {
    let mut state = 1u32;
    let mut word = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u64::from(state >> 28).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()
    };
    let mut all: Vec<u8> = (0..len.div_ceil(8)).flat_map(|_| word()).collect();
    all.truncate(len);
    all
}

/// Gives its bytes in pieces of a length.
struct Pieces(io::Cursor<Vec<u8>>, usize);

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = into.len().min(self.1);
        self.0.read(&mut into[..n])
    }
}

/// All that comes out, read in pieces of one length from pieces of another; and the fault that it ends with.
fn unpack(method: Method, packed: &[u8], (input, output): (usize, usize)) -> (Vec<u8>, Option<Fault>) {
    let input = Pieces(io::Cursor::new(packed.to_vec()), input);
    let mut stream = method.unpack(Box::new(input), WINDOW);
    let (mut all, mut piece) = (Vec::new(), vec![0; output]);
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return (all, None),
            Ok(n) => all.extend_from_slice(&piece[..n]),
            Err(error) => {
                let fault = Faulty::behind(&error).expect("it is of the compression").fault.clone();
                let again = stream.read(&mut piece).map_err(|error| error.to_string());
                assert_eq!(again, Err(error.to_string()), "a fault stays");
                return (all, Some(fault));
            }
        }
    }
}

const LARGE: (usize, usize) = (1 << 20, 1 << 18);

#[test]
fn what_is_written_is_read_in_any_pieces() {
    let plain = sample(300_000);
    for method in ALL {
        let packed = pack(method, &plain);
        assert_eq!(Method::of(&packed), Some(method));
        assert!(packed.len() < plain.len());
        for pieces in [LARGE, (1, 100_000), (1_000, 1), (7, 13), (65_536, 65_536)] {
            let (seen, fault) = unpack(method, &packed, pieces);
            assert!(seen == plain && fault.is_none(), "{method:?} {pieces:?} {fault:?}");
        }
        assert_eq!(unpack(method, &pack(method, b""), LARGE), (vec![], None), "{method:?}: nothing");
    }
}

#[test]
fn members_one_after_another_are_one_file() {
    for method in ALL {
        let parts = [&sample(70_000)[..], b"", b"a", &sample(3_000)];
        let packed: Vec<u8> = parts.iter().flat_map(|part| pack(method, part)).collect();
        for pieces in [LARGE, (1, 1_000), (999, 7)] {
            let (seen, fault) = unpack(method, &packed, pieces);
            assert!(seen == parts.concat() && fault.is_none(), "{method:?} {pieces:?} {fault:?}");
        }
    }
}

#[test]
fn what_is_no_member_behind_the_last_one_is_said() {
    for method in ALL {
        let packed = [pack(method, b"all good"), b"\x01rubbish, and some more of it".to_vec()].concat();
        let (seen, fault) = unpack(method, &packed, LARGE);
        assert_eq!(seen, b"all good", "{method:?}");
        assert!(matches!(fault, Some(Fault::Damaged(_))), "{method:?} {fault:?}");
    }
    let padded = [pack(Method::Gzip, b"all good"), vec![0; 100_000]].concat();
    assert_eq!(unpack(Method::Gzip, &padded, LARGE), (b"all good".to_vec(), None));
}

#[test]
fn frames_to_be_skipped_are_skipped() {
    let skip = [0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4];
    let packed = [&skip[..], &pack(Method::Zstd, b"first"), &skip, &pack(Method::Zstd, b"second")].concat();
    assert_eq!(Method::of(&packed), Some(Method::Zstd));
    assert_eq!(unpack(Method::Zstd, &packed, LARGE), (b"firstsecond".to_vec(), None));
}

#[test]
fn a_cut_file_gives_what_is_before_the_cut() {
    let plain = sample(400_000);
    for method in ALL {
        let packed = pack(method, &plain);
        let mut before = 0;
        for cut in (8..packed.len()).step_by(packed.len() / 50).chain([packed.len() - 5, packed.len() - 1]) {
            let (seen, fault) = unpack(method, &packed[..cut], LARGE);
            assert_eq!(fault, Some(Fault::Cut), "{method:?} {cut}");
            assert!(plain.starts_with(&seen) && seen.len() >= before, "{method:?} {cut}");
            // A block of zstd is given out when it is whole.
            let expected = (plain.len() as f64 * cut as f64 / packed.len() as f64) as usize;
            assert!(seen.len() + 140_000 > expected, "{method:?} {cut}: {} of {expected}", seen.len());
            before = seen.len();
        }
    }
}

#[test]
fn a_damaged_file_gives_what_is_before_the_damage() {
    let plain = sample(400_000);
    for method in ALL {
        let packed = pack(method, &plain);
        for place in (100..packed.len() - 40).step_by(packed.len() / 50) {
            let mut damaged = packed.clone();
            damaged[place] ^= 0x55;
            let whole = unpack(method, &damaged, LARGE);
            assert!(whole.1.is_some(), "{method:?} {place}");
            let before = (plain.len() as f64 * place as f64 / packed.len() as f64) as usize;
            let good = before.saturating_sub(140_000).min(whole.0.len());
            assert!(good + 140_000 >= before, "{method:?} {place}: {} of {before}", whole.0.len());
            assert!(plain[..good] == whole.0[..good], "{method:?} {place}");
            let pieces = unpack(method, &damaged, (1_000, 777));
            assert!(pieces == whole, "{method:?} {place}: {} and {}", pieces.0.len(), whole.0.len());
        }
    }
}

#[test]
fn more_memory_than_allowed_is_refused() {
    let mut out = ::zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    out.window_log(24).unwrap();
    out.write_all(&sample(1_000)).unwrap();
    let long = out.finish().unwrap();
    assert_eq!(unpack(Method::Zstd, &long, LARGE), (vec![], Some(Fault::Memory)));
    let options = liblzma::stream::LzmaOptions::new_preset(9).unwrap();
    let mut filters = liblzma::stream::Filters::new();
    filters.lzma2(&options);
    let stream = liblzma::stream::Stream::new_stream_encoder(&filters, liblzma::stream::Check::Crc32).unwrap();
    let mut out = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
    out.write_all(&sample(1_000)).unwrap();
    assert_eq!(unpack(Method::Xz, &out.finish().unwrap(), LARGE), (vec![], Some(Fault::Memory)));
}

#[test]
fn a_failing_read_is_no_fault_of_the_compression() {
    struct Failing(io::Cursor<Vec<u8>>);
    impl Read for Failing {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            match self.0.read(into)? {
                0 => Err(io::Error::other("the disk is gone")),
                n => Ok(n),
            }
        }
    }
    for method in ALL {
        let mut packed = pack(method, &sample(100_000));
        packed.truncate(packed.len() - 20);
        let mut stream = method.unpack(Box::new(Failing(io::Cursor::new(packed))), WINDOW);
        let error = io::copy(&mut stream, &mut io::sink()).unwrap_err();
        assert!(Faulty::behind(&error).is_none() && error.to_string() == "the disk is gone", "{method:?} {error}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_decompressor_panic_or_go_on_for_ever(
        method in proptest::sample::select(&ALL[..]),
        plain in proptest::collection::vec(0u8..4, 0..3_000),
        changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 0..4),
        rest in proptest::collection::vec(any::<u8>(), 0..50),
        input in 1usize..200,
        output in 1usize..5_000,
    ) {
        let mut bytes = pack(method, &plain);
        let len = bytes.len();
        for (place, byte) in changes {
            bytes[place % len] = byte;
        }
        bytes.extend(rest);
        let (seen, fault) = unpack(method, &bytes, (input, output));
        let (again, same) = unpack(method, &bytes, LARGE);
        prop_assert_eq!(fault.is_some(), same.is_some(), "{:?} {:?}", fault, same);
        // How much of a damaged block comes out before the damage is met depends on the room that there is for it.
        let (short, long) = if seen.len() < again.len() { (&seen, &again) } else { (&again, &seen) };
        prop_assert!(long.starts_with(short) && (fault.is_some() || short.len() == long.len()));
    }
}
