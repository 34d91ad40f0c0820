//! Processors and memory: no result depends on how many there are of the first, and the second holds.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod kit;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use kit::captures;
use kit::packet::{SYN, Segment};
use kit::program::{command, run};
use kit::table::Table;

/// More shards than one, an odd number of them, and more than there are.
const THREADS: [&str; 4] = ["2", "3", "5", "64"];

/// All captures of `testdata` that can be read, and of the others those of one end: a large one of many connections in one run.
fn captures() -> Vec<String> {
    let mut found = captures::readable();
    found.retain(|path| path.starts_with(kit::testdata()) || path.ends_with("client.pcap"));
    found.iter().map(|path| path.to_str().unwrap().to_owned()).collect()
}

fn output(arguments: &[&str], captures: &[String], threads: &str) -> String {
    let mut all = arguments.to_vec();
    all.extend(captures.iter().map(String::as_str));
    all.extend(["--threads", threads, "-q"]);
    run(all).out
}

#[test]
fn the_output_is_the_same_with_any_number_of_threads() {
    let captures = captures();
    let commands: [&[&str]; 6] = [
        &["--format", "csv"],
        &["--format", "tsv", "--columns", "end,flow_id,client_port"],
        &["--format", "table", "--all"],
        &["--format", "csv", "--sort", "duration_s:desc"],
        &["events", "--format", "csv"],
        &["events", "--format", "ndjson"],
    ];
    for arguments in commands {
        let one = output(arguments, &captures, "1");
        assert!(one.lines().count() > 100, "{arguments:?} says little:\n{one}");
        for threads in THREADS {
            let many = output(arguments, &captures, threads);
            assert!(many == one, "{arguments:?} differs with {threads} threads: {}", first_difference(&one, &many));
        }
    }
}

#[test]
fn each_capture_alone_is_the_same_in_threads() {
    for capture in captures() {
        let capture = [capture];
        for arguments in [&["--format", "csv"][..], &["events", "--format", "csv"]] {
            let (one, many) = (output(arguments, &capture, "1"), output(arguments, &capture, "3"));
            assert!(many == one, "{capture:?} {arguments:?}: {}", first_difference(&one, &many));
        }
    }
}

fn first_difference(a: &str, b: &str) -> String {
    let pair = a.lines().zip(b.lines()).enumerate().find(|(_, (a, b))| a != b);
    pair.map_or_else(|| "one is longer".to_owned(), |(n, (a, b))| format!("line {n}:\n{a}\n{b}"))
}

/// A capture of so many SYNs, each of another four-tuple, ten microseconds apart.
fn scan(path: &Path, flows: u32) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    out.write_all(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0]).unwrap();
    for i in 0..flows {
        let segment = Segment {
            from: SocketAddr::new(Ipv4Addr::new(192, 0, 2, 1).into(), 20_000 + (i % 40_000) as u16),
            to: SocketAddr::new(Ipv4Addr::from(0x6440_0000 + i).into(), 443),
            ip_id: i as u16,
            ttl: 64,
            seq: i.wrapping_mul(2_654_435_761),
            ack: 0,
            flags: SYN,
            window: 64_240,
            options: vec![2, 4, 5, 180],
            payload: Vec::new(),
            extensions: Vec::new(),
        };
        let bytes = segment.ip();
        for field in [1_700_000_000 + i / 100_000, i % 100_000 * 10, bytes.len() as u32, bytes.len() as u32] {
            out.write_all(&field.to_le_bytes()).unwrap();
        }
        out.write_all(&bytes).unwrap();
    }
    out.flush().unwrap();
}

/// What a run wrote, and the most memory that it took, in bytes.
#[cfg(target_os = "linux")]
fn output_and_peak(arguments: &[&str]) -> (String, u64) {
    use std::io::Read;
    use std::process::Stdio;
    // While it waits for its output to be taken, what it took so far can be read.
    let mut child = command().args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    let (mut text, mut room, mut peak) = (Vec::new(), vec![0; 1 << 20], 0);
    loop {
        let n = out.read(&mut room).unwrap();
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|n| n.parse::<u64>().ok());
        peak = peak.max(kib.unwrap_or(0) * 1024);
        if n == 0 {
            break;
        }
        text.extend_from_slice(&room[..n]);
    }
    assert!(child.wait().unwrap().success());
    (String::from_utf8(text).unwrap(), peak)
}

#[test]
#[cfg(target_os = "linux")]
fn a_lone_syn_costs_little() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scan.pcap");
    let peak_of = |flows| {
        scan(&path, flows);
        let few = ["--format", "csv", "--columns", "flow_id,end", "-q", "--threads", "1"];
        output_and_peak(&[&few[..], &[path.to_str().unwrap()]].concat()).1
    };
    // More than the servers that are remembered, which are not of the connection.
    let (few, many) = (peak_of(150_000), peak_of(450_000));
    let each = (many - few) / 300_000;
    // Four bytes more are taken at the end, to bring them in order.
    assert!(each <= 128 + 4, "{each} bytes a connection of one SYN");
}

#[test]
#[cfg(target_os = "linux")]
fn a_bound_of_memory_holds_and_no_connection_is_lost() {
    const FLOWS: u32 = 800_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scan.pcap");
    scan(&path, FLOWS);
    let path = path.to_str().unwrap();
    let bound = ["--max-memory", "128M", "--threads", "2", "-q", path, "--format"];
    let (rows, peak) = output_and_peak(&[&bound[..], &["csv", "--columns", "flow_id,end"]].concat());
    assert!(peak < 128 << 20, "{peak} bytes");
    let mut ids: Vec<u32> = rows.lines().skip(1).map(|row| row.split(',').next().unwrap().parse().unwrap()).collect();
    ids.sort_unstable();
    assert!(ids.into_iter().eq(0..FLOWS), "each connection has one row");
    // What nobody answered has its own `end`: here the report says who left early.
    let report = run([&bound[..], &["table"]].concat()).clean();
    assert!(report.contains("connections left early for want of memory"), "{report}");
}

#[test]
fn what_is_asked_of_the_machine_has_to_make_sense() {
    run(["x.pcap", "--max-memory", "1M"]).complains(2, &["--max-memory", "at least 128M"]);
    run(["x.pcap", "--max-memory", "much"]).complains(2, &["--max-memory", "500M or 4G"]);
    run(["x.pcap", "--threads", "0"]).complains(2, &["--threads"]);
}

#[test]
fn ids_are_consecutive_in_threads() {
    let rows = Table::parse(&output(&["--format", "csv", "--columns", "flow_id"], &captures(), "3"));
    let mut ids: Vec<u64> = rows.rows.iter().map(|row| row[0].parse().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..ids.len() as u64).collect::<Vec<_>>());
}
