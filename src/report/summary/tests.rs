use super::columns::{CLIENT, COLUMNS, HOST, SERVICE};
use super::*;
use crate::base::Nanos;
use crate::report::sample;
use crate::report::text::width;

/// Eleven connections of two clients to one service, and one that another refuses.
fn ledger() -> Ledger {
    let mut ledger = Ledger::new(&By::ALL.map(|(_, by)| by));
    for n in 0..11u16 {
        let mut record = sample::healthy();
        record.flow_id = n.into();
        record.client = Endpoint::v4([10, 0, 0, 1 + (n % 2) as u8], 40_000 + n);
        let start = sample::START + Nanos::from_secs(n.into());
        record.summary.span = (start, start + Nanos::from_millis(1_500));
        ledger.add(&record);
    }
    let mut refused = sample::bare();
    refused.summary.handshake.outcome = crate::tcp::HandshakeOutcome::RefusedRst;
    refused.summary.teardown.end = crate::tcp::End::Refused;
    (refused.client, refused.server) = (Endpoint::v4([10, 0, 0, 1], 1), Endpoint::v4([10, 0, 0, 9], 99));
    ledger.add(&refused);
    ledger
}

fn text(by: By, format: SummaryFormat, top: Option<usize>) -> String {
    let mut out = Vec::new();
    write(&mut out, &ledger(), &[by], format, top).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn rows_have_the_sums_of_their_connections() {
    let rows = text(By::Service, SummaryFormat::Csv, None);
    let lines: Vec<Vec<&str>> = rows.lines().map(|line| line.split(',').collect()).collect();
    let cell = |row: usize, name: &str| lines[row][lines[0].iter().position(|n| *n == name).unwrap()];
    assert_eq!(lines.len(), 3);
    assert_eq!((cell(1, "server_ip"), cell(1, "connections"), cell(1, "most_at_once")), ("93.184.216.34", "11", "2"));
    assert_eq!(
        (cell(1, "requests"), cell(1, "requests_per_connection"), cell(1, "persistent_pct")),
        ("231", "21", "100")
    );
    assert_eq!((cell(1, "response_time_p50_ms"), cell(1, "client_bytes")), ("22", "440000"));
    assert_eq!((cell(2, "server_port"), cell(2, "refused"), cell(2, "rtt_p50_ms")), ("99", "1", ""));
    assert_eq!(cell(2, "findings"), "refused");
    assert_eq!(text(By::Pair, SummaryFormat::Csv, None).lines().count(), 4);
    assert_eq!(text(By::Host, SummaryFormat::Csv, Some(2)).lines().count(), 3);
}

#[test]
fn json_says_the_same() {
    let first = text(By::Pair, SummaryFormat::Ndjson, Some(1));
    assert!(
        first.starts_with(r#"{"client_ip":"10.0.0.1","server_ip":"93.184.216.34","server_port":443,"connections":6,"#)
    );
    assert!(first.contains(r#""rtt_p50_ms":44."#) && first.trim_end().ends_with("]}"), "{first}");
}

#[test]
fn tables_fit() {
    for columns in [60, 80, 120, 200] {
        for (_, by) in By::ALL {
            let table = text(by, SummaryFormat::Table { width: columns, paint: Paint::default() }, Some(1));
            assert!(table.contains("… and"), "{table}");
            assert!(table.lines().all(|line| width(line) <= columns), "{columns}\n{table}");
        }
    }
}

#[test]
fn columns_are_named_and_explained() {
    let all: Vec<_> = [HOST, CLIENT, SERVICE, COLUMNS].into_iter().flatten().collect();
    let mut names: Vec<_> = all.iter().map(|column| column.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all.len());
    assert!(all.iter().all(|column| column.doc.ends_with('.')));
}
