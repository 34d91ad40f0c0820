use super::*;
use crate::report::sample;
use crate::report::value::Percent;
use crate::tcp::{RoleEvidence, RstKind, TcpState};

const GOLDEN: &str = include_str!("../../../testdata/columns.golden");

fn value<'a>(name: &str, record: &'a FlowRecord) -> Value<'a> {
    find(name).unwrap().value(record)
}

#[test]
fn names_and_order_are_those_of_the_contract() {
    let names: Vec<&str> = columns().iter().map(|c| c.name.as_ref()).collect();
    let golden: Vec<&str> = GOLDEN.lines().collect();
    assert_eq!(names, golden);
}

#[test]
fn names_are_unique_and_in_snake_case() {
    let mut names: Vec<&str> = columns().iter().map(|c| c.name.as_ref()).collect();
    for name in &names {
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{name}");
        assert!(!name.starts_with('_') && !name.ends_with('_') && !name.contains("__"), "{name}");
    }
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn a_name_ends_in_its_unit() {
    let suffixes = [
        ("_ms", Unit::Millis),
        ("_s", Unit::Seconds),
        ("_bytes", Unit::Bytes),
        ("_bps", Unit::BitsPerSecond),
        ("_pct", Unit::Percent),
    ];
    for column in columns() {
        let unit = suffixes.iter().find(|(s, _)| column.name.ends_with(s)).map_or(Unit::None, |(_, u)| *u);
        assert_eq!(column.kind.unit(), unit, "{}", column.name);
    }
}

#[test]
fn every_doc_is_one_sentence() {
    for column in columns() {
        let doc = column.doc;
        assert!(doc.ends_with('.') && !doc.contains(". "), "{}: {doc}", column.name);
        assert!(!doc.contains("  ") && doc.len() < 300, "{}: {doc}", column.name);
    }
}

#[test]
fn groups_stand_in_their_order() {
    let order = |g: Group| Group::ALL.iter().position(|x| *x == g);
    assert!(columns().windows(2).all(|pair| order(pair[0].group) <= order(pair[1].group)));
}

#[test]
fn every_getter_yields_its_type_on_a_full_record() {
    let record = sample::full();
    for column in columns() {
        let value = column.value(&record);
        assert!(column.kind.admits(&value), "{}: {value:?}", column.name);
        assert!(!value.is_null(), "{}", column.name);
    }
}

#[test]
fn both_endpoints_read_their_own_half() {
    let record = sample::full();
    assert_eq!(value("client_packets", &record), Value::Integer(100));
    assert_eq!(value("server_packets", &record), Value::Integer(200));
    assert_eq!(value("server_mss_bytes", &record), Value::Integer(1_400));
    assert_eq!(value("client_window_scale", &record), Value::Integer(7));
    assert_eq!(value("client_state", &record), Value::Text("TIME_WAIT"));
    assert_eq!(value("handshake_client_rtt_ms", &record), Value::Span(crate::base::Nanos(500_000)));
    assert_eq!(value("handshake_server_rtt_ms", &record), Value::Span(crate::base::Nanos(20_000_000)));
}

#[test]
fn derived_columns_are_derived_right() {
    let record = sample::full();
    assert_eq!(value("client_retrans_pct", &record), Value::Percent(Percent(31_250)));
    // 47,000 bytes in 10.975 s.
    assert_eq!(value("client_throughput_bps", &record), Value::Integer(34_260));
    assert_eq!(value("packets", &record), Value::Integer(300));
    assert_eq!(value("stream_bytes", &record), Value::Integer(141_000));
    assert_eq!(value("server_first_data_ms", &record), Value::Span(crate::base::Nanos::from_millis(25)));
    assert_eq!(value("duration_s", &record), Value::Span(crate::base::Nanos(12_345_678_901)));
}

#[test]
fn a_direction_that_was_not_captured_is_empty_and_never_zero() {
    let mut record = sample::bare();
    let of_server = |c: &&Column| c.role == Some(Role::Server) && c.group == Group::Endpoint && c.stem != "rtt_samples";
    for column in columns().iter().filter(of_server) {
        assert!(column.value(&record).is_null(), "{}", column.name);
    }
    assert!(value("packets", &record).is_null() && value("stream_bytes", &record).is_null());
    assert_eq!(value("client_packets", &record), Value::Integer(1));
    // The same where the capture would have seen an answer: then nothing is what was sent.
    record.summary.quality = Quality::default();
    assert_eq!(value("server_packets", &record), Value::Integer(0));
    assert_eq!(value("packets", &record), Value::Integer(1));
    assert!(value("server_segment_max_bytes", &record).is_null() && value("server_ttl_min", &record).is_null());
}

#[test]
fn words_are_those_of_the_contract() {
    let mut record = sample::full();
    record.summary.role_evidence = RoleEvidence::ServerPortSeen;
    record.summary.teardown.rst_kind = Some(RstKind::HalfOpenDiscovery);
    record.summary.teardown.states = [TcpState::FinWait2, TcpState::SynRcvd];
    assert_eq!(value("role_evidence", &record), Value::Text("server_port_seen"));
    assert_eq!(value("rst_kind", &record), Value::Text("half_open_discovery"));
    assert_eq!(value("client_state", &record), Value::Text("FIN_WAIT_2"));
    assert_eq!(value("server_state", &record), Value::Text("SYN_RCVD"));
    assert_eq!(value("ecn", &record), Value::Text("accecn"));
    // A column's doc lists its words.
    for (column, words) in [
        ("handshake", sample::HANDSHAKES.map(crate::report::words::handshake)),
        ("end", sample::ENDS.map(crate::report::words::end)),
    ] {
        let doc = find(column).unwrap().doc;
        assert!(words.iter().all(|w| doc.contains(w.as_str())), "{column}");
    }
    assert!(Quality::WORDS.iter().all(|w| find("quality").unwrap().doc.contains(w)));
}

#[test]
fn selection_is_by_name_and_in_the_order_asked_for() {
    let names: Vec<_> =
        select("server_ip, flow_id,client_rtt_min_ms").unwrap().iter().map(|c| c.name.as_ref()).collect();
    assert_eq!(names, ["server_ip", "flow_id", "client_rtt_min_ms"]);
}

#[test]
fn an_unknown_name_brings_its_neighbours() {
    let near_of = |name: &str| match find(name) {
        Err(Error::UnknownColumn { near, .. }) => near,
        other => panic!("{other:?}"),
    };
    assert_eq!(near_of("retrans_pct")[..2], ["client_retrans_pct", "server_retrans_pct"]);
    assert_eq!(near_of("client_rtt_min")[0], "client_rtt_min_ms");
    assert_eq!(near_of("duraton_s")[0], "duration_s");
    assert_eq!(near_of("Client-IP")[0], "client_ip");
    assert!(near_of("zzzz").is_empty());
    let message = select("flow_id,retrans_pct").unwrap_err().to_string();
    assert!(message.starts_with("there is no column 'retrans_pct'; did you mean client_retrans_pct"), "{message}");
}
