//! Compressed captures through the program: read as what is in them, wherever they come from; cut and damaged ones give
//! the rows that they still have.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod kit;

use std::io::Write;
use std::path::PathBuf;

use kit::program::{run, run_fed};

/// Captures of both formats.
const CAPTURES: [&str; 3] = ["tuple_reuse/client.pcap", "interactive_loss/client.pcapng", "half_close/client.pcap"];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut out = lz4_flex::frame::FrameEncoder::new(Vec::new());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut out = liblzma::write::XzEncoder::new(Vec::new(), 1);
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

type Pack = fn(&[u8]) -> Vec<u8>;
const METHODS: [(&str, Pack); 4] = [("gzip", gzip), ("zstd", zstd), ("lz4", lz4), ("xz", xz)];

fn file(path: &str) -> PathBuf {
    kit::testdata().join(path)
}

fn csv(path: PathBuf) -> String {
    run([path, "--format".into(), "csv".into()]).clean()
}

/// A file with these bytes, whose name says nothing of them.
fn written(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_compressed_capture_gives_the_rows_of_the_plain_one() {
    let folder = tempfile::tempdir().unwrap();
    for path in CAPTURES {
        let expected = csv(file(path));
        let plain = std::fs::read(file(path)).unwrap();
        for (method, pack) in METHODS {
            let packed = pack(&plain);
            assert_eq!(csv(written(&folder, "capture", &packed)), expected, "{path} {method}");
            assert_eq!(run_fed(&["-", "--format", "csv"], packed).clean(), expected, "{path} {method} through a pipe");
            let members: Vec<u8> = plain.chunks(plain.len() / 3 + 1).flat_map(pack).collect();
            assert_eq!(csv(written(&folder, "capture", &members)), expected, "{path} {method} in three members");
        }
    }
}

#[test]
fn compressed_and_plain_captures_are_merged() {
    let folder = tempfile::tempdir().unwrap();
    let paths = CAPTURES.map(file);
    let expected = run(paths.iter().map(|path| path.as_os_str()).chain(["--format".as_ref(), "csv".as_ref()])).clean();
    for (i, (method, pack)) in METHODS.iter().enumerate() {
        let mut mixed = paths.clone();
        mixed[0] = written(&folder, "first", &pack(&std::fs::read(&paths[0]).unwrap()));
        let other = METHODS[(i + 1) % 4].1;
        mixed[1] = written(&folder, "second", &other(&std::fs::read(&paths[1]).unwrap()));
        let seen = run(mixed.iter().map(|path| path.as_os_str()).chain(["--format".as_ref(), "csv".as_ref()])).clean();
        assert_eq!(seen, expected, "{method}");
    }
}

#[test]
fn a_cut_or_damaged_one_gives_what_it_has_and_status_1() {
    let folder = tempfile::tempdir().unwrap();
    let plain = std::fs::read(file("tuple_reuse/client.pcap")).unwrap();
    for (method, pack) in METHODS {
        // In members, so that something is whole also of methods that work in large blocks.
        let packed: Vec<u8> = plain.chunks(plain.len() / 10 + 1).flat_map(pack).collect();
        for part in 1..16 {
            let place = packed.len() * part / 16;
            for (what, bytes) in [
                ("cut", packed[..place].to_vec()),
                ("damaged", {
                    let mut damaged = packed.clone();
                    damaged[place] ^= 0x55;
                    damaged
                }),
            ] {
                let ran = run([written(&folder, "capture", &bytes), "--format".into(), "csv".into()]);
                // A flipped bit in a field that does not matter, such as the time in a gzip header, is no damage;
                // a cut between two members leaves no trace but a cut record.
                if what == "damaged" && ran.status == Some(0) {
                    continue;
                }
                ran.complains(if part > 3 { 1 } else { ran.status.unwrap() }, &["capture"]);
                assert!([Some(1), Some(2)].contains(&ran.status), "{method} {what} {place}: {}", ran.err);
                let named = ran.err.contains(method) || ran.err.contains("cut") || ran.err.contains("damaged");
                assert!(named, "{method} {what} {place}: {}", ran.err);
                let fed = run_fed(&["-", "--format", "csv"], bytes);
                assert_eq!((fed.status, &fed.out), (ran.status, &ran.out), "{method} {what} {place} through a pipe");
            }
        }
    }
}

#[test]
fn what_is_no_capture_is_named_with_its_compression() {
    let folder = tempfile::tempdir().unwrap();
    let twice = written(&folder, "twice.gz", &gzip(&zstd(&std::fs::read(file(CAPTURES[0])).unwrap())));
    run([&twice]).complains(2, &["twice.gz: compressed with zstd, and once more with gzip", "| zstdcat | tcplens -"]);
    let text = written(&folder, "notes.gz", &gzip(b"These are my notes."));
    run([&text]).complains(2, &["notes.gz", "expected pcap or pcapng", "in the gzip compression text"]);
    let nothing = written(&folder, "nothing.gz", &gzip(b""));
    run([&nothing]).complains(2, &["nothing.gz", "it is empty"]);
    let cut = written(&folder, "cut.gz", &gzip(b"")[..12]);
    run([&cut]).complains(2, &["cut.gz: cut short: its gzip compression ends too early"]);
}

#[test]
fn a_frame_that_takes_too_much_memory_names_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let plain = std::fs::read(file(CAPTURES[0])).unwrap();
    let mut out = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    out.long_distance_matching(true).unwrap();
    out.window_log(28).unwrap();
    out.write_all(&plain).unwrap();
    let long = written(&folder, "long.zst", &out.finish().unwrap());
    run([&long]).complains(2, &["long.zst: compressed with zstd for more memory", "zstdcat --long=31 ", "| tcplens -"]);
}
