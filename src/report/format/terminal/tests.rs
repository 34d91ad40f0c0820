use std::sync::{Arc, Mutex};

use super::*;
use crate::base::{Endpoint, Nanos, Timestamp};
use crate::report::sample;
use crate::report::text::width;
use crate::tcp::{End, HandshakeOutcome, LossSummary, Quality, StreamSummary, WindowSummary};

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn report(options: TerminalOptions, totals: &RunTotals, records: &[FlowRecord]) -> String {
    let shared = Shared::default();
    let mut reporter = open(Box::new(shared.clone()), &Options { terminal: options, ..Options::default() });
    reporter.begin(&RunMeta::default(), &[]).unwrap();
    for record in records {
        reporter.flow(record).unwrap();
    }
    reporter.finish(totals).unwrap();
    let bytes = shared.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

/// Text without escape sequences.
fn without_colors(text: &str) -> String {
    let mut plain = String::new();
    let mut pieces = text.split("\x1b[");
    plain.push_str(pieces.next().unwrap());
    for piece in pieces {
        plain.push_str(piece.split_once('m').unwrap().1);
    }
    plain
}

fn totals() -> RunTotals {
    RunTotals {
        inputs: vec!["bad-day.pcapng".to_owned()],
        span: Some((sample::START, sample::START + Nanos(331_221_000_000))),
        frames: 1_234_567,
        wire_bytes: 1_187_654_321,
        cut_frames: 120,
        segments: 1_199_990,
        icmp_errors: 12,
        skipped: vec![("UDP", 30_000), ("ARP", 4_000), ("ICMP", 567)],
        connections: 8_231,
        post_close: 7,
        stray: 3,
        evicted: 0,
        capture_duplicates: 34,
        bad_checksums: 2,
        missing_bytes: 1_234_567,
        time_regress: Nanos::from_micros(15),
        kernel_drops: Some(99),
        problems: vec!["the last frame is cut: the file ends within it".to_owned()],
    }
}

/// A small bad day.
fn bad_day() -> Vec<FlowRecord> {
    let with = |id: u64, change: &dyn Fn(&mut FlowRecord)| {
        let mut record = sample::healthy();
        record.flow_id = id;
        record.client.port = 50_000 + id as u16;
        record.summary.span =
            (sample::START + Nanos::from_secs(id as i64), sample::START + Nanos::from_secs(id as i64 * 3));
        change(&mut record);
        record
    };
    let v6 = |last| {
        Endpoint::v6([0x20, 1, 0xd, 0xb8, 0x85, 0xa3, 8, 0xd3, 0x13, 0x19, 0x8a, 0x2e, 3, 0x70, 0x73, last], 443)
    };
    let mut records: Vec<FlowRecord> = (0..6).map(|id| with(id, &|_| ())).collect();
    records.push(with(6, &|r| r.summary.teardown.end = End::OpenAtEnd));
    records.push(with(7, &|r| {
        *r = FlowRecord { flow_id: 7, client: r.client, ..sample::bare() };
        r.summary.quality = Quality::default();
    }));
    records.push(with(8, &|r| {
        *r = FlowRecord { flow_id: 8, client: r.client, ..sample::bare() };
        r.summary.handshake.outcome = HandshakeOutcome::RefusedRst;
        r.summary.teardown.end = End::Refused;
    }));
    records.push(with(9, &|r| {
        (r.summary.teardown.end, r.summary.teardown.rst_kind) = (End::RstServer, None);
        r.client = Endpoint::v4([192, 168, 100, 200], 65_535);
        r.server = Endpoint::v4([203, 0, 113, 250], 8_443);
        let lossy =
            LossSummary { retrans_packets: 31, retrans_bytes: 1_536, spurious_packets: 3, ..LossSummary::default() };
        r.summary.halves[0].loss = Some(lossy);
    }));
    records.push(with(10, &|r| {
        (r.client, r.server) = (v6(0x34), v6(0x35));
        r.summary.halves[1].loss =
            Some(LossSummary { retrans_packets: 900, retrans_bytes: 11_000, ..LossSummary::default() });
        r.summary.halves[1].stream = Some(StreamSummary { stream_bytes: 734_003_200, ..StreamSummary::default() });
    }));
    records.push(with(11, &|r| {
        let shut = WindowSummary { zero_windows: 3, zero_window: Nanos(1_234_000_000), ..WindowSummary::default() };
        r.summary.halves[0].window = Some(shut);
    }));
    records.push(with(12, &|r| r.summary.handshake.setup_delay = Some(Nanos::from_secs(3))));
    records
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let mut totals = totals();
    totals.inputs =
        (0..20).map(|i| format!("/very/long/path/名前/to/a/capture/{}/{i}.pcapng.zst", "x".repeat(i * 9))).collect();
    totals.problems.push("a problem with \x1b[31m an escape and ".to_owned() + &"words ".repeat(40));
    let records: Vec<FlowRecord> = (0..300).map(sample::arbitrary).chain(bad_day()).collect();
    for columns in 60..=200 {
        for (color, top) in [(false, Some(20)), (true, None)] {
            let text = report(TerminalOptions { width: columns, color, top }, &totals, &records);
            assert_eq!(text.contains("\x1b["), color);
            for line in without_colors(&text).lines() {
                assert!(width(line) <= columns, "{columns}: {line}");
                assert_eq!(line, line.trim_end(), "{columns}");
            }
        }
    }
}

#[test]
fn colors_change_no_letter() {
    let options = TerminalOptions { width: 100, color: true, top: Some(5) };
    let colored = report(options, &totals(), &bad_day());
    let plain = report(TerminalOptions { color: false, ..options }, &totals(), &bad_day());
    assert_eq!(without_colors(&colored), plain);
}

#[test]
fn the_report_at_80_columns() {
    let totals = RunTotals { connections: 13, ..totals() };
    let text = report(TerminalOptions { top: Some(8), ..TerminalOptions::default() }, &totals, &bad_day());
    let (head, rest) = text.split_at(text.find("time  ").unwrap());
    assert!(head.starts_with("bad-day.pcapng\n  warning     "), "{head}");
    assert!(
        head.contains("Connection refused: 192.168.1.10:50008 → 93.184.216.34:443.\n              (explain 8)\n"),
        "{head}"
    );
    // The busiest services have a table of their own before that of the connections.
    let (before, services) = rest.split_at(rest.find("service ").unwrap());
    let (services, table) = services.split_at(services.find("\n\n").unwrap() + 2);
    assert!(services.contains("\n93.184.216.34:443 ") && services.lines().count() == 5, "{services}");
    let rest = before.to_owned() + table;
    let want = "\
time        2024-05-01 12:00:00.000 to 12:05:31.221 UTC · 5m31s
  frames      1,234,567 · 1.2 GB on the wire
  TCP         1,199,990 segments · 13 connections · 12 ICMP errors
              7 packets long after a close · 3 stray packets
  skipped     UDP 30,000 · ARP 4,000 · ICMP 567
  capture     99 packets dropped by the kernel
              1.2 MB were acknowledged but never captured · 120 frames cut short
              34 packets captured twice · 2 bad checksums
              clock steps back by up to 15 µs
  handshakes  established 11 · refused 1 · unanswered 1
  ends        closed 9 · reset by server 1 · still open 1
  trouble     2 with retransmissions · 1 with a slow connect
              1 with zero windows
  problems    the last frame is cut: the file ends within it

 #  client                 server                  bytes  what happened
 7  192.168.1.10:50007     93.184.216.34:443         0 B  no answer
 8  192.168.1.10:50008     93.184.216.34:443           –  refused
 9  192.168.100.200:65535  203.0.113.250:8443      80 kB  reset by server, …
12  192.168.1.10:50012     93.184.216.34:443       80 kB  connect +3.0 s
10  [2001:db…70:7334]:443  [2001:db…70:7335]:443  734 MB  11% resent
11  192.168.1.10:50011     93.184.216.34:443       80 kB  window shut 1.2 s
 0  192.168.1.10:50000     93.184.216.34:443       80 kB  closed
 1  192.168.1.10:50001     93.184.216.34:443       80 kB  closed
… and 5 more: show them all with --all, or write them with -o flows.csv
";
    assert_eq!(rest, want, "\n{text}");
}

#[test]
fn a_quiet_capture_says_so() {
    let totals = RunTotals { inputs: vec!["-".to_owned()], frames: 1, ..RunTotals::default() };
    let text = report(TerminalOptions::default(), &totals, &[]);
    assert!(text.contains("complete: nothing cut") && text.ends_with("No TCP connections.\n"), "{text}");
    let one = report(TerminalOptions::default(), &totals, &[sample::healthy()]);
    assert!(!one.contains("trouble") && !one.contains("more") && one.contains("closed"), "{one}");
}

#[test]
fn what_is_not_shown_is_counted() {
    let records: Vec<FlowRecord> = (0..1_234).map(sample::arbitrary).collect();
    let text = report(TerminalOptions { top: Some(4), ..TerminalOptions::default() }, &totals(), &records);
    assert!(text.contains("… and 1,230 more"), "{text}");
    let all = report(TerminalOptions { top: None, ..TerminalOptions::default() }, &totals(), &records);
    assert!(!all.contains("… and") && all.lines().count() > 1_234);
}

#[test]
fn an_empty_span_needs_no_capture() {
    let record = FlowRecord { first_frame: 1, ..sample::healthy() };
    let totals = RunTotals { span: Some((Timestamp(0), Timestamp(0))), ..RunTotals::default() };
    assert!(
        report(TerminalOptions::default(), &totals, &[record])
            .contains("1970-01-01 00:00:00.000 to 00:00:00.000 UTC · 0 s")
    );
}
