//! `tcplens events` and `tcplens explain`: the events add up to the columns, in every format, for every capture.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod kit;

use std::collections::HashMap;
use std::path::Path;

use kit::captures::readable;
use kit::program::run;
use kit::table::Table;

/// For each column of an endpoint, the events of which it is the sum.
const SUMS: [(&str, &[&str]); 16] = [
    ("retrans_packets", &["rto", "rto_recovery", "syn_retransmit", "fast_retransmit", "tlp", "unclear_retransmit"]),
    ("rto_retrans_packets", &["rto", "rto_recovery", "syn_retransmit"]),
    ("fast_retrans_packets", &["fast_retransmit"]),
    ("tlp_retrans_packets", &["tlp"]),
    ("unclear_retrans_packets", &["unclear_retransmit"]),
    ("spurious_retrans_packets", &["spurious"]),
    ("out_of_order_packets", &["out_of_order"]),
    ("network_duplicate_packets", &["network_duplicate"]),
    ("capture_duplicate_packets", &["capture_duplicate"]),
    ("dup_acks", &["dup_ack"]),
    ("keepalives", &["keepalive"]),
    ("zero_window_probes", &["zero_window_probe"]),
    ("zero_windows", &["zero_window"]),
    ("rst_packets", &["rst"]),
    ("stalls", &["stall"]),
    ("loss_episodes", &["recovery_end"]),
];

fn table(arguments: &[&str], capture: &Path) -> Table {
    let mut all: Vec<&str> = arguments.to_vec();
    let capture = capture.to_str().unwrap();
    all.push(capture);
    Table::parse(&run(all).clean())
}

/// How many events of each kind each endpoint of each connection has.
fn counts(events: &Table) -> HashMap<(String, String, String), u64> {
    let [flow, sender, kind] = ["flow_id", "sender", "event"].map(|c| events.position(c));
    let mut counts = HashMap::new();
    for row in &events.rows {
        *counts.entry((row[flow].clone(), row[sender].clone(), row[kind].clone())).or_default() += 1;
    }
    counts
}

#[test]
fn the_events_add_up_to_the_columns() {
    let (mut wrong, mut cells, mut events_seen) = (String::new(), 0, 0);
    for capture in readable() {
        let rows = table(&["--format", "csv"], &capture);
        let events = table(&["events"], &capture);
        events_seen += events.rows.len();
        let counts = counts(&events);
        for row in 0..rows.rows.len() {
            for sender in ["client", "server"] {
                for (column, kinds) in SUMS {
                    let column = format!("{sender}_{column}");
                    let Some(said) = rows.number(row, &column) else { continue };
                    let key = |kind: &&str| (rows.cell(row, "flow_id").into(), sender.into(), (*kind).into());
                    let sum: u64 = kinds.iter().filter_map(|kind| counts.get(&key(kind))).sum();
                    cells += 1;
                    if sum as f64 != said {
                        wrong += &format!("{} row {row} {column}: {said}, but {sum} events\n", capture.display());
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(cells > 1000 && events_seen > 100, "{cells} cells and {events_seen} events are too few to mean anything");
}

#[test]
fn every_format_says_the_same() {
    let capture = kit::testdata().join("zero_window/client.pcap");
    let csv = table(&["events"], &capture);
    let json = run(["events", "--format", "ndjson", capture.to_str().unwrap()]).clean();
    let lines: Vec<&str> = json.lines().collect();
    assert_eq!(lines.len(), csv.rows.len());
    for (line, row) in lines.iter().zip(&csv.rows) {
        let cells: Vec<String> = csv
            .columns
            .iter()
            .zip(row)
            .map(|(name, cell)| {
                let number = !cell.is_empty() && cell.parse::<f64>().is_ok();
                let value = if cell.is_empty() && name != "evidence" {
                    "null".into()
                } else if number {
                    cell.clone()
                } else {
                    format!("\"{cell}\"")
                };
                format!("\"{name}\":{value}")
            })
            .collect();
        assert_eq!(*line, format!("{{{}}}", cells.join(",")));
    }
}

#[test]
fn one_connection_can_be_asked_for_by_any_of_its_names() {
    let capture = kit::testdata().join("tuple_reuse/client.pcap");
    let capture = capture.to_str().unwrap();
    let rows = Table::parse(&run([capture, "--format", "csv"]).clean()).by_flow();
    let ends = format!(
        "{}:{}-{}:{}",
        rows.cell(0, "client_ip"),
        rows.cell(0, "client_port"),
        rows.cell(0, "server_ip"),
        rows.cell(0, "server_port")
    );
    let by_id = run(["explain", capture, "0"]).clean();
    assert_eq!(run(["explain", capture, &ends]).clean(), by_id);
    assert_eq!(run(["explain", capture, "--stream", "0"]).clean(), by_id);
    assert_ne!(run(["explain", capture, "1"]).clean(), by_id);
    assert!(by_id.starts_with(&format!("Connection 0: {}", &ends.replace('-', " → "))), "{by_id}");
    run(["explain", capture, "99"]).complains(2, &["no such connection"]);
    run(["explain", capture, "here"]).complains(2, &["neither a flow_id nor"]);
    run(["explain", capture]).complains(2, &["CONNECTION"]);
}

#[test]
fn a_story_keeps_to_the_width_of_the_terminal() {
    for capture in readable().iter().filter(|path| path.starts_with(kit::testdata())) {
        let arguments = ["explain", capture.to_str().unwrap(), "0"];
        let ran = kit::program::command().args(arguments).env("COLUMNS", "80").output().unwrap();
        if !ran.status.success() {
            continue; // there is no TCP in it
        }
        let text = String::from_utf8(ran.stdout).unwrap();
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{}: {line}", capture.display());
        }
    }
}
