//! Several files as one capture.

use std::io::Write;
use std::path::Path;

use super::super::Severity;
use super::super::buffer::ByteOrder::{Big, Little};
use super::super::samples::Bytes;
use super::*;

/// A directory with the given files in it, and their paths.
fn directory(files: &[Vec<u8>]) -> (tempfile::TempDir, Vec<PathBuf>) {
    let directory = tempfile::tempdir().unwrap();
    let paths = files.iter().enumerate().map(|(i, bytes)| {
        let path = directory.path().join(format!("{i}.pcap"));
        std::fs::write(&path, bytes).unwrap();
        path
    });
    let paths = paths.collect();
    (directory, paths)
}

/// A file with a frame at each of the given microseconds, which holds `name` and its number in the file.
fn file(name: u8, times: &[u32]) -> Vec<u8> {
    let start = Bytes::new(Little).pcap_header(0xa1b2_c3d4, 1);
    let records = times.iter().enumerate();
    records.fold(start, |file, (i, &time)| file.pcap_record(0, time, 60, &[name, i as u8])).bytes
}

/// What came out: number, microseconds and bytes of the frames; and the errors with the count of frames before each.
type Merged = (Vec<(u64, i64, Vec<u8>)>, Vec<(usize, String)>);

fn drain(files: &mut Files) -> Merged {
    let (mut frames, mut errors) = (Vec::new(), Vec::new());
    loop {
        match files.poll() {
            Ok(Polled::Frame(frame)) => frames.push((frame.number, frame.ts.0 / 1_000, frame.data.to_vec())),
            Ok(Polled::Idle(_)) => panic!("a file is never idle"),
            Ok(Polled::End) => break,
            Err(error) => errors.push((frames.len(), error.to_string())),
        }
    }
    assert!(matches!(files.poll(), Ok(Polled::End)), "the end stays the end");
    (frames, errors)
}

#[test]
fn one_file_is_read_as_it_is() {
    let (_directory, paths) = directory(&[file(b'a', &[5, 3, 9])]);
    let (mut files, errors) = open(&paths);
    assert!(errors.is_empty());
    let total = std::fs::metadata(&paths[0]).unwrap().len();
    assert_eq!(files.progress(), Progress { bytes_read: 24, bytes_total: Some(total) });
    let (frames, errors) = drain(&mut files);
    assert!(errors.is_empty());
    assert_eq!(frames, [(1, 5, b"a\0".to_vec()), (2, 3, b"a\x01".to_vec()), (3, 9, b"a\x02".to_vec())]);
    assert_eq!(files.progress().bytes_read, total);
    assert_eq!((files.time_digits(), files.kernel_drops(), files.filtered_out()), (6, None, 0));
}

#[test]
fn several_files_come_in_order_of_time_and_ties_in_order_of_the_files() {
    let contents = [file(b'a', &[2, 4, 4, 9]), file(b'b', &[1, 4, 10]), file(b'c', &[]), file(b'd', &[4])];
    let (_directory, paths) = directory(&contents);
    let (mut files, errors) = open(&paths);
    assert!(errors.is_empty());
    let (frames, errors) = drain(&mut files);
    assert!(errors.is_empty());
    let seen: Vec<_> = frames.iter().map(|(number, time, data)| (*number, *time, data[0] as char, data[1])).collect();
    let wanted = [
        (1, 1, 'b', 0),
        (2, 2, 'a', 0),
        (3, 4, 'a', 1),
        (4, 4, 'a', 2),
        (5, 4, 'b', 1),
        (6, 4, 'd', 0),
        (7, 9, 'a', 3),
        (8, 10, 'b', 2),
    ];
    assert_eq!(seen, wanted);
    let sizes: usize = contents.iter().map(Vec::len).sum();
    assert_eq!(files.progress(), Progress { bytes_read: sizes as u64, bytes_total: Some(sizes as u64) });
}

#[test]
fn within_a_file_its_own_order_is_kept() {
    let (_directory, paths) = directory(&[file(b'a', &[5, 2, 6]), file(b'b', &[1, 3, 7])]);
    let (frames, _) = drain(&mut open(&paths).0);
    let seen: Vec<_> = frames.iter().map(|(_, time, data)| (*time, data[0] as char)).collect();
    assert_eq!(seen, [(1, 'b'), (3, 'b'), (5, 'a'), (2, 'a'), (6, 'a'), (7, 'b')]);
}

#[test]
fn a_problem_of_one_file_does_not_end_the_others() {
    let mut cut = file(b'a', &[1, 4, 6]);
    cut.truncate(cut.len() - 1);
    let mut cut_at_once = file(b'c', &[2]);
    cut_at_once.truncate(30);
    let (directory, mut paths) = directory(&[cut, file(b'b', &[3, 5, 7]), cut_at_once, b"BZh91AY&SY".to_vec()]);
    paths.push(directory.path().join("absent.pcap"));
    paths.push(directory.path().to_owned());
    let (mut files, errors) = open(&paths);
    let messages: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors.len(), 3, "{messages:?}");
    assert!(errors.iter().all(|error| error.severity() == Severity::Unusable));
    assert!(messages[0].contains("3.pcap: compressed with bzip2"), "{messages:?}");
    assert!(messages[1].contains("absent.pcap: cannot be opened: No such file"), "{messages:?}");
    assert!(messages[2].contains("found a directory; name the capture files in it"), "{messages:?}");

    let (frames, errors) = drain(&mut files);
    let seen: Vec<_> = frames.iter().map(|(number, time, data)| (*number, *time, data[0] as char)).collect();
    assert_eq!(seen, [(1, 1, 'a'), (2, 3, 'b'), (3, 4, 'a'), (4, 5, 'b'), (5, 7, 'b')]);
    let wanted = [(0, "2.pcap: cut short after frame 0"), (3, "0.pcap: cut short after frame 2")];
    assert_eq!(errors.len(), 2);
    for ((at, message), (wanted_at, part)) in errors.iter().zip(wanted) {
        assert_eq!(*at, wanted_at);
        assert!(message.contains(part), "{message}");
    }
    let progress = files.progress();
    assert_eq!(Some(progress.bytes_read), progress.bytes_total, "nothing is left to read");
}

#[test]
fn a_file_that_vanishes_before_its_turn_is_an_error_of_its_own() {
    let (_directory, paths) = directory(&[file(b'a', &[1, 2]), file(b'b', &[5])]);
    let (mut files, _) = open(&paths);
    std::fs::remove_file(&paths[1]).unwrap();
    let (frames, errors) = drain(&mut files);
    assert_eq!((frames.len(), errors.len()), (2, 1));
    assert!(errors[0].1.contains("1.pcap: cannot be opened"), "{errors:?}");
}

#[test]
fn formats_mix_and_the_finest_clock_counts() {
    let nanos = Bytes::new(Big).section().interface(101, 0, |b| b.option(9, &[9])).enhanced(0, 1_500, 40, b"n");
    let (_directory, paths) = directory(&[file(b'a', &[1, 2]), nanos.bytes]);
    let (mut files, _) = open(&paths);
    assert_eq!(files.time_digits(), 9);
    let mut links = Vec::new();
    while let Polled::Frame(frame) = files.poll().unwrap() {
        links.push((frame.ts.0, frame.link.0, frame.wire_len));
    }
    assert_eq!(links, [(1_000, 1, 60), (1_500, 101, 40), (2_000, 1, 60)]);
}

#[test]
fn a_thousand_files_that_follow_each_other_need_few_open_at_a_time() {
    let contents: Vec<_> = (0..1_000u32).map(|i| file(b'a', &[2 * i, 2 * i + 1])).collect();
    let (_directory, paths) = directory(&contents);
    let (mut files, errors) = open(&paths);
    assert!(errors.is_empty());
    let mut frames = 0;
    while let Polled::Frame(frame) = files.poll().unwrap() {
        assert_eq!((frame.ts.0, frame.number), (frames as i64 * 1_000, frames + 1));
        frames += 1;
        assert!(files.inputs.iter().filter(|input| input.record().is_some()).count() <= 1);
    }
    assert_eq!(frames, 2_000);
}

#[cfg(unix)]
#[test]
fn a_pipe_among_files_is_read_once() {
    let (directory, mut paths) = directory(&[file(b'a', &[1, 4])]);
    let pipe = directory.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if !made.is_ok_and(|status| status.success()) {
        return;
    }
    paths.push(pipe.clone());
    let writer = std::thread::spawn(move || {
        let mut pipe = std::fs::OpenOptions::new().write(true).open(pipe).unwrap();
        for piece in file(b'p', &[2, 3, 5]).chunks(7) {
            pipe.write_all(piece).unwrap();
        }
    });
    let (mut files, errors) = open(&paths);
    assert!(errors.is_empty());
    let (frames, errors) = drain(&mut files);
    writer.join().unwrap();
    assert!(errors.is_empty());
    let seen: Vec<_> = frames.iter().map(|(_, time, data)| (*time, data[0] as char)).collect();
    assert_eq!(seen, [(1, 'a'), (2, 'p'), (3, 'p'), (4, 'a'), (5, 'p')]);
    assert_eq!(files.progress().bytes_total, None);
}

#[test]
fn no_inputs_are_at_their_end() {
    let (mut files, errors) = open(&[]);
    assert!(files.is_empty() && errors.is_empty());
    assert!(matches!(files.poll(), Ok(Polled::End)));

    let (mut files, errors) = open(&[Path::new("/absent/file.pcap").to_owned()]);
    assert!(files.is_empty());
    assert!(matches!(errors[0].kind(), ErrorKind::Open(_)));
    assert!(matches!(files.poll(), Ok(Polled::End)));
}

#[cfg(feature = "live")]
#[test]
fn frames_that_are_filtered_out_keep_their_numbers() {
    let (_directory, paths) = directory(&[file(b'a', &[1, 3, 5]), file(b'b', &[2, 4])]);
    for inputs in [&paths[..], &paths[..1]] {
        let (mut files, _) = open(inputs);
        files.set_filter(Filter::compile("ether[0] == 0x61 and ether[1] > 0").unwrap());
        let (frames, errors) = drain(&mut files);
        assert!(errors.is_empty());
        let numbers: Vec<_> = frames.iter().map(|(number, time, _)| (*number, *time)).collect();
        let wanted = if inputs.len() == 2 { [(3, 3), (5, 5)] } else { [(2, 3), (3, 5)] };
        assert_eq!(numbers, wanted);
        assert_eq!(files.filtered_out(), if inputs.len() == 2 { 3 } else { 1 });
    }
}

#[cfg(feature = "live")]
#[test]
fn a_link_type_that_the_filter_cannot_know_is_said_once() {
    let other = Bytes::new(Little).section().interface(1, 0, |b| b).interface(101, 0, |b| b);
    let other = other.enhanced(1, 1, 1, b"x").enhanced(1, 2, 1, b"x").enhanced(0, 3, 60, &[0xff; 14]);
    let (_directory, paths) = directory(&[other.bytes]);
    let (mut files, _) = open(&paths);
    files.set_filter(Filter::compile("ether dst ff:ff:ff:ff:ff:ff").unwrap());
    let (frames, errors) = drain(&mut files);
    assert_eq!(frames.iter().map(|frame| frame.0).collect::<Vec<_>>(), [3]);
    assert_eq!(files.filtered_out(), 2);
    assert_eq!(errors.len(), 1);
    assert!(errors[0].1.starts_with("filter 'ether dst ff:ff:ff:ff:ff:ff' cannot be used on link type 101"));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ::zstd::encode_all(bytes, 1).unwrap()
}

/// As [`drain`], by [`Source::frames`], in helpings of `count`.
fn drain_in_helpings(files: &mut Files, count: usize) -> Merged {
    let (mut frames, mut errors) = (Vec::new(), Vec::new());
    loop {
        let before = frames.len();
        let paused = files.frames(count, &mut |row| {
            frames.extend(row.iter().map(|frame| (frame.number, frame.ts.0 / 1_000, frame.data.to_vec())));
        });
        match paused {
            Ok(Pause::Enough) => assert_eq!(frames.len(), before + count),
            Ok(Pause::Idle(_)) => panic!("a file is never idle"),
            Ok(Pause::End) => break,
            Err(error) => errors.push((frames.len(), error.to_string())),
        }
    }
    assert_eq!(files.frames(count, &mut |row| panic!("{row:?} behind the end")).unwrap(), Pause::End);
    (frames, errors)
}

#[test]
fn it_does_not_matter_how_the_frames_are_asked_for_nor_whether_a_thread_reads_ahead() {
    let times: Vec<u32> = (0..20_000).map(|i| i / 3).collect();
    let mut cut = file(b'c', &times);
    cut.truncate(cut.len() - 1);
    let mut damaged = gzip(&file(b'd', &times[..9_999]));
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    let contents = [file(b'a', &times), gzip(&file(b'b', &times[7..])), cut, damaged, zstd(&file(b'e', &times))];
    let (_directory, paths) = directory(&contents);
    for inputs in [&paths[..], &paths[..1], &paths[1..2], &paths[2..3], &paths[3..4], &paths[4..5], &paths[..2]] {
        let expected = drain(&mut open(inputs).0);
        assert!(expected.0.len() > 100);
        for read_ahead in [false, true] {
            for count in [1, 7, 100_000] {
                let seen = drain_in_helpings(&mut open_with(inputs, OpenOptions { read_ahead }).0, count);
                assert!(seen == expected, "{inputs:?} {read_ahead} {count}");
            }
        }
    }
}

#[test]
fn compressed_files_merge_with_others() {
    let contents =
        [gzip(&file(b'a', &[2, 4, 9])), file(b'b', &[1, 4, 10]), zstd(&file(b'c', &[3])), gzip(&file(b'd', &[]))];
    let (_directory, paths) = directory(&contents);
    let (mut files, errors) = open(&paths);
    assert!(errors.is_empty());
    let (frames, errors) = drain(&mut files);
    assert!(errors.is_empty());
    let seen: Vec<_> = frames.iter().map(|(_, time, data)| (*time, data[0] as char)).collect();
    assert_eq!(seen, [(1, 'b'), (2, 'a'), (3, 'c'), (4, 'a'), (4, 'b'), (9, 'a'), (10, 'b')]);
    let sizes: usize = contents.iter().map(Vec::len).sum();
    assert_eq!(files.progress(), Progress { bytes_read: sizes as u64, bytes_total: Some(sizes as u64) });
}

#[test]
fn progress_counts_the_bytes_of_the_compressed_file() {
    let times: Vec<u32> = (0..300_000).collect();
    let packed = gzip(&file(b'a', &times));
    let size = packed.len() as u64;
    let (_directory, paths) = directory(&[packed]);
    let (mut files, _) = open(&paths);
    let mut seen = Vec::new();
    while let Polled::Frame(frame) = files.poll().unwrap() {
        if frame.number.is_multiple_of(50_000) {
            seen.push(files.progress().bytes_read);
        }
    }
    seen.push(files.progress().bytes_read);
    assert!(seen.is_sorted() && seen[0] < size && seen.last() == Some(&size), "{seen:?} of {size}");
}

#[test]
fn many_compressed_files_at_once_are_read_with_few_threads() {
    let contents: Vec<_> = (0..100u32).map(|i| gzip(&file(i as u8, &[i, 1_000 - i]))).collect();
    let (_directory, paths) = directory(&contents);
    let (frames, errors) = drain(&mut open_with(&paths, OpenOptions { read_ahead: true }).0);
    assert!(errors.is_empty());
    assert_eq!(frames.len(), 200);
    assert!(frames.iter().map(|frame| frame.1).is_sorted());
}

#[test]
fn a_compressed_pipe_hands_on_what_has_come() {
    let frames = [(1, b"one"), (2, b"two"), (3, b"3rd")];
    let (reader, mut writer) = io::pipe().unwrap();
    let (proceed, wait) = std::sync::mpsc::channel::<()>();
    let feeder = std::thread::spawn(move || {
        let mut out = ::zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        out.write_all(&Bytes::new(Little).pcap_header(0xa1b2_c3d4, 1).bytes).unwrap();
        for (time, data) in frames {
            out.write_all(&Bytes::new(Little).pcap_record(time, 0, 60, data).bytes).unwrap();
            out.flush().unwrap();
            writer.write_all(&std::mem::take(out.get_mut())).unwrap();
            wait.recv().unwrap();
        }
    });
    let means = Means::of_each(1, true);
    let mut stream =
        super::super::stream::Stream::open(Box::new(reader), &InputName::Stdin, &means, false).map_err(drop).unwrap();
    for (_, data) in frames {
        // The writer waits until this frame is here: it would wait for ever if more than that were wanted.
        assert!(stream.reader.advance().unwrap());
        assert_eq!(stream.reader.record().1, data);
        proceed.send(()).unwrap();
    }
    feeder.join().unwrap();
}
