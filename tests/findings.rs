//! What is found, and what is summed up, as a user sees it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod kit;

use std::path::PathBuf;

use kit::program::run;
use kit::table::Table;
use serde_json::Value;

fn file(path: &str) -> PathBuf {
    let path = kit::testdata().join(path);
    assert!(path.is_file(), "{} is part of the repository", path.display());
    path
}

fn output(arguments: &[&str], capture: &str) -> String {
    let path = file(capture);
    let mut all = arguments.to_vec();
    all.push(path.to_str().unwrap());
    run(all).clean()
}

fn json(capture: &str) -> Value {
    serde_json::from_str(&output(&["--format", "findings-json"], capture)).unwrap()
}

/// Codes of the findings, in their order.
fn codes(document: &Value) -> Vec<&str> {
    document["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect()
}

#[test]
fn the_list_of_findings_explains_each() {
    let listed = run(["findings"]).clean();
    assert!(listed.lines().count() > 30);
    for word in
        ["net.core.somaxconn", "tcp_max_syn_backlog", "tcp_tw_reuse", "ip_local_port_range", "tcp_keepalive_time"]
    {
        assert!(listed.contains(word), "{word} is named");
    }
    let first = listed.lines().next().unwrap();
    assert!(first.starts_with("accept_queue_overflow") && first.contains("critical"), "the worst comes first: {first}");
}

#[test]
fn a_finding_has_its_evidence() {
    let document = json("refused/client.pcap");
    let refused = document["findings"].as_array().unwrap().iter().find(|f| f["code"] == "refused").unwrap();
    for text in ["severity", "title", "sentence", "meaning", "remedy", "reference", "first", "last"] {
        assert!(!refused[text].as_str().unwrap().is_empty(), "{text}");
    }
    let evidence = refused["evidence"].as_array().unwrap();
    assert_eq!(refused["connections"].as_u64().unwrap(), evidence.len() as u64);
    assert!(evidence.iter().all(|proof| proof["frame"].as_u64() > Some(0) && proof["flow_id"].is_u64()));
    assert!(refused["figures"].is_object() && document["totals"]["connections"].is_u64());
}

#[test]
fn a_json_file_is_findings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("found.json");
    output(&["-o", path.to_str().unwrap()], "refused/client.pcap");
    let document: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(codes(&document).contains(&"refused"));
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    for capture in ["half_close/client.pcap", "no_tcp_at_all/flows.pcap", "keepalives_of_1_byte/flows.pcap"] {
        let document = json(capture);
        let severe = |f: &&Value| f["severity"] == "warning" || f["severity"] == "critical";
        let found: Vec<_> = document["findings"].as_array().unwrap().iter().filter(severe).collect();
        assert!(found.is_empty(), "{capture}: {found:?}");
    }
}

#[test]
fn the_report_opens_with_what_is_wrong() {
    let report = output(&[], "refused/client.pcap");
    let second = report.lines().nth(1).unwrap();
    assert!(second.starts_with("  warning     Connection refused: 3 connections to "), "{report}");
    let clean = output(&[], "half_close/client.pcap");
    assert!(clean.lines().nth(1).unwrap().contains("nothing that calls for action"), "{clean}");
}

#[test]
fn the_summary_counts_every_connection_once() {
    let flows = Table::parse(&output(&["--format", "csv"], "accept_overflow_2/client.pcap"));
    for by in ["host", "service", "pair"] {
        let rows = Table::parse(&output(&["summary", "--format", "csv", "--by", by], "accept_overflow_2/client.pcap"));
        let sum: f64 = (0..rows.rows.len()).filter_map(|row| rows.number(row, "connections")).sum();
        let times = if by == "host" { 2.0 } else { 1.0 };
        assert_eq!(sum, times * flows.rows.len() as f64, "{by}");
        let lines = output(&["summary", "--format", "ndjson", "--by", by], "accept_overflow_2/client.pcap");
        for (row, line) in lines.lines().enumerate() {
            let object: Value = serde_json::from_str(line).unwrap();
            assert_eq!(object["connections"].as_f64(), rows.number(row, "connections"));
            assert_eq!(object.as_object().unwrap().len(), rows.columns.len());
        }
    }
    let tables = output(&["summary"], "accept_overflow_2/client.pcap");
    for heading in ["hosts", "services", "clients and services"] {
        assert!(tables.lines().any(|line| line == heading), "{tables}");
    }
}

#[test]
fn the_summary_explains_its_columns() {
    let help = run(["summary", "--help"]).clean();
    let header = output(&["summary", "--format", "csv"], "refused/client.pcap");
    for name in header.lines().next().unwrap().split(',') {
        assert!(help.contains(name), "{name} is explained");
    }
}

#[test]
fn threads_change_nothing() {
    for capture in ["accept_overflow_2/client.pcap", "tuple_reuse/client.pcap", "refused/client.pcap"] {
        for arguments in
            [&["--format", "findings-json"][..], &["summary", "--format", "csv", "--by", "pair"], &["summary"]]
        {
            let of = |threads: &str| output(&[arguments, &["--threads", threads]].concat(), capture);
            assert_eq!(of("1"), of("3"), "{capture}: {arguments:?}");
        }
    }
}

#[test]
fn a_summary_of_an_unknown_format_is_wrong_usage() {
    run(["summary", "x.pcap", "-o", "sums.xlsx"]).complains(2, &["sums.xlsx", ".csv"]);
    run(["summary", "x.pcap", "--by", "port"]).complains(2, &["host", "service", "pair"]);
}
