//! What the contract with users promises of every row, whatever the capture: words come from closed lists, numbers have their form,
//! and columns that say the same thing twice agree.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod kit;

use std::collections::BTreeSet;
use std::fmt::Write;

use kit::table::Table;

const ENDS: [&str; 2] = ["client", "server"];

/// Columns and the words that they may hold, besides being empty.
const WORDS: &[(&str, &[&str])] = &[
    (
        "role_evidence",
        &[
            "syn",
            "syn_ack",
            "server_port_seen",
            "most_peers",
            "well_known_port",
            "port_order",
            "reset_target",
            "first_packet",
        ],
    ),
    (
        "handshake",
        &[
            "established",
            "established_partial",
            "midstream",
            "refused_rst",
            "refused_icmp",
            "unanswered",
            "one_way",
            "half_open",
            "client_reset",
            "server_reset",
            "challenged",
            "simultaneous_open",
        ],
    ),
    (
        "end",
        &[
            "fin",
            "fin_simultaneous",
            "fin_then_rst",
            "refused",
            "unanswered",
            "rst_client",
            "rst_server",
            "half_closed",
            "timeout",
            "superseded",
            "evicted",
            "open_at_end",
        ],
    ),
    ("closed_by", &["client", "server", "both"]),
    (
        "rst_kind",
        &[
            "refused",
            "no_socket",
            "data_after_close",
            "abort",
            "abort_after_fin",
            "idle_reset",
            "keepalive_reset",
            "keepalive_rejected",
            "half_open_discovery",
            "time_wait_collision",
            "overflow_reset",
            "injected_suspected",
        ],
    ),
    ("vantage", &["at_client", "near_client", "middle", "near_server", "at_server", "local", "unknown"]),
    ("zeek_conn_state", &["S0", "S1", "SF", "REJ", "S2", "S3", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR", "OTH"]),
    (
        "quality",
        &[
            "one_way",
            "no_handshake",
            "no_timestamps",
            "window_scale_unknown",
            "truncated",
            "options_truncated",
            "capture_loss",
            "duplicates_removed",
            "super_packets",
            "time_regress",
            "state_capped",
            "fragmented",
            "bad_checksums",
        ],
    ),
    ("sack", &["true", "false"]),
    ("timestamps", &["true", "false"]),
    ("mptcp", &["true", "false"]),
    ("ecn", &["classic", "accecn", "false"]),
    ("fast_open", &["requested", "accepted", "partial", "rejected", "blackholed", "false"]),
];

/// Columns that are never empty.
const ALWAYS: [&str; 18] = [
    "flow_id",
    "first_frame",
    "client_ip",
    "client_port",
    "server_ip",
    "server_port",
    "role_evidence",
    "community_id",
    "start_time",
    "end_time",
    "duration_s",
    "handshake",
    "end",
    "zeek_conn_state",
    "zeek_history",
    "vantage",
    "syn_packets",
    "syn_ack_packets",
];

/// Every row of every capture, judged by `judge`, which adds what is wrong.
fn every_row(judge: impl Fn(&Table, usize, &mut Wrong)) {
    let mut wrong = Wrong::default();
    let mut rows = 0;
    for behaviour in kit::behaviours() {
        for capture in &behaviour.captures {
            let ran = kit::program::run_in(&behaviour.folder, [capture, "--format", "csv"]);
            let table = Table::parse(&ran.out);
            for row in 0..table.rows.len() {
                rows += 1;
                wrong.place = format!("{}/{capture} flow {}", behaviour.name, table.cell(row, "flow_id"));
                judge(&table, row, &mut wrong);
            }
        }
    }
    assert!(rows > 50, "{rows} rows are too few to mean anything");
    assert!(wrong.said.is_empty(), "\n{}", wrong.said);
}

#[derive(Default)]
struct Wrong {
    place: String,
    said: String,
}

impl Wrong {
    fn unless(&mut self, right: bool, what: impl FnOnce() -> String) {
        if !right {
            writeln!(self.said, "{}: {}", self.place, what()).unwrap();
        }
    }
}

#[test]
fn words_come_from_closed_lists() {
    every_row(|table, row, wrong| {
        for (column, words) in WORDS {
            let cell = table.cell(row, column);
            let said: Vec<&str> = cell.split(';').filter(|word| !word.is_empty()).collect();
            wrong.unless(said.iter().all(|word| words.contains(word)), || format!("{column} is '{cell}'"));
            wrong.unless(said.iter().collect::<BTreeSet<_>>().len() == said.len(), || {
                format!("{column}: '{cell}' repeats")
            });
        }
        for column in ALWAYS {
            wrong.unless(!table.cell(row, column).is_empty(), || format!("{column} is empty"));
        }
    });
}

#[test]
fn numbers_have_their_form() {
    every_row(|table, row, wrong| {
        for (name, cell) in table.columns.iter().zip(&table.rows[row]) {
            wrong.unless(!cell.starts_with(['=', '+', '-', '@']), || format!("{name}: a spreadsheet runs '{cell}'"));
            wrong.unless(cell.trim() == cell, || format!("{name}: '{cell}' is padded"));
            let digits = match name.rsplit('_').next().unwrap() {
                "ms" => 6,
                "s" => 9,
                "pct" => 4,
                "bytes" | "packets" | "bps" | "acks" | "port" | "id" | "samples" | "isn" => 0,
                _ => continue,
            };
            if cell.is_empty() || name == "community_id" {
                continue;
            }
            let (whole, fraction) = cell.split_once('.').unwrap_or((cell, ""));
            let numeric = whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit());
            let right = numeric
                && !whole.is_empty()
                && fraction.len() <= digits
                && !fraction.ends_with('0')
                && !cell.ends_with('.');
            wrong.unless(right, || format!("{name}: '{cell}' has not the form of its unit"));
        }
    });
}

#[test]
fn flow_ids_count_from_0_in_the_order_of_first_frames() {
    for behaviour in kit::behaviours() {
        for capture in &behaviour.captures {
            let ran = kit::program::run_in(&behaviour.folder, [capture, "--format", "csv"]);
            let table = Table::parse(&ran.out).by_flow();
            let mut last = 0.0;
            for row in 0..table.rows.len() {
                assert_eq!(table.number(row, "flow_id"), Some(row as f64), "{}", behaviour.name);
                let first = table.number(row, "first_frame").unwrap();
                assert!(first > last, "{}/{capture}: first_frame {first} behind {last}", behaviour.name);
                last = first;
            }
        }
    }
}

#[test]
fn times_agree() {
    every_row(|table, row, wrong| {
        let nanos = |column| table.cell(row, column).parse::<jiff::Timestamp>().unwrap().as_nanosecond();
        let n = |column: &str| table.number(row, column);
        let duration = n("duration_s").unwrap();
        let span = (nanos("end_time") - nanos("start_time")) as f64 / 1e9;
        wrong.unless((span - duration).abs() < 2e-6, || {
            format!("duration_s {duration}, but the times are {span} s apart")
        });
        let ms = duration * 1e3 + 1e-5;
        let mut within = |column: &str| {
            let value = n(column).unwrap_or(0.0);
            wrong.unless(value <= ms, || format!("{column} is {value}, the connection's duration {ms}"));
        };
        for column in ["handshake_ms", "setup_delay_ms", "close_ms", "half_closed_ms"] {
            within(column);
        }
        for end in ENDS {
            for x in ["loss_recovery", "zero_window", "rwnd_limited", "stall", "first_data", "last_data", "rtt_max"] {
                within(&format!("{end}_{x}_ms"));
            }
        }
        let idle = n("idle_max_s").unwrap_or(0.0);
        wrong.unless(idle <= duration + 1e-9, || format!("idle_max_s is {idle}, duration_s {duration}"));
    });
}

#[test]
fn columns_of_an_endpoint_agree() {
    every_row(|table, row, wrong| {
        for end in ENDS {
            let n = |x: &str| table.number(row, &format!("{end}_{x}"));
            let mut ordered = |names: &[&str]| {
                let values: Vec<(&str, f64)> = names.iter().filter_map(|x| Some((*x, n(x)?))).collect();
                for pair in values.windows(2) {
                    // The last digit of either may be rounded.
                    wrong.unless(pair[0].1 <= pair[1].1 + 2e-6, || format!("{end}: not in order: {pair:?}"));
                }
            };
            ordered(&["rtt_min_ms", "rtt_p50_ms", "rtt_p95_ms", "rtt_p99_ms", "rtt_max_ms"]);
            ordered(&["rtt_min_ms", "rtt_mean_ms", "rtt_max_ms"]);
            ordered(&["window_min_bytes", "window_median_bytes", "window_max_bytes"]);
            ordered(&["segment_min_bytes", "segment_max_bytes"]);
            ordered(&["ttl_min", "ttl_max"]);
            ordered(&["first_data_ms", "last_data_ms"]);
            ordered(&["spurious_retrans_packets", "retrans_packets", "packets"]);
            ordered(&["retrans_bytes", "payload_bytes", "ip_bytes"]);
            ordered(&["unique_bytes", "payload_bytes"]);
            ordered(&["data_packets", "packets"]);
            ordered(&["pure_acks", "packets"]);
            let kinds: f64 =
                ["rto", "fast", "tlp", "unclear"].iter().filter_map(|k| n(&format!("{k}_retrans_packets"))).sum();
            let all = n("retrans_packets").unwrap_or(0.0);
            wrong.unless(kinds == all, || format!("{end}: {all} retransmissions, {kinds} by their kinds"));
            if let (Some(unique), Some(missing), Some(stream)) =
                (n("unique_bytes"), n("missing_bytes"), n("stream_bytes"))
            {
                wrong.unless(unique + missing == stream, || {
                    format!("{end}: {unique} unique and {missing} missing bytes in a stream of {stream}")
                });
            }
            if let (Some(again), Some(payload)) = (n("retrans_bytes"), n("payload_bytes")) {
                let share = (payload > 0.0).then(|| 100.0 * again / payload);
                let right = match (share, n("retrans_pct")) {
                    (Some(share), Some(said)) => (share - said).abs() <= 0.0001,
                    (None, None) => true,
                    _ => false,
                };
                wrong.unless(right, || format!("{end}: retrans_pct is {:?}, not {share:?}", n("retrans_pct")));
            }
            let none = n("rtt_samples").unwrap_or(0.0) == 0.0;
            for x in ["rtt_min_ms", "rtt_mean_ms", "rtt_p50_ms", "rtt_p95_ms", "rtt_p99_ms", "rtt_max_ms"] {
                wrong.unless(none == n(x).is_none(), || {
                    format!("{end}_{x} is {:?} of {:?} samples", n(x), n("rtt_samples"))
                });
            }
            if let (Some(stream), Some(first), Some(last)) = (n("stream_bytes"), n("first_data_ms"), n("last_data_ms"))
            {
                let rate = (last > first).then(|| stream * 8e3 / (last - first));
                let right = match (rate, n("throughput_bps")) {
                    (Some(rate), Some(said)) => (rate - said).abs() <= 1.0 + rate * 1e-3,
                    (None, None) => true,
                    _ => false,
                };
                wrong.unless(right, || format!("{end}: throughput_bps is {:?}, not {rate:?}", n("throughput_bps")));
            }
        }
    });
}

#[test]
fn both_endpoints_and_the_whole_agree() {
    every_row(|table, row, wrong| {
        let n = |column: &str| table.number(row, column);
        for (whole, half) in [("packets", "packets"), ("stream_bytes", "stream_bytes"), ("rtt_min_ms", "rtt_min_ms")] {
            let halves = ENDS.map(|end| n(&format!("{end}_{half}")));
            if let ([Some(client), Some(server)], Some(sum)) = (halves, n(whole)) {
                wrong.unless((client + server - sum).abs() < 2e-6, || {
                    format!("{whole} is {sum}, not {client} + {server}")
                });
            }
        }
        let cell = |column: &str| table.cell(row, column);
        let states = ENDS.map(|end| cell(&format!("{end}_state")));
        if !cell("rst_kind").is_empty() {
            wrong.unless(states == ["RESET"; 2], || format!("the states after a reset are {states:?}"));
        }
        for end in ENDS {
            if cell("end") == format!("rst_{end}") {
                let resets = n(&format!("{end}_rst_packets"));
                wrong.unless(resets > Some(0.0), || format!("{end} reset the connection with {resets:?} RSTs"));
                wrong.unless(cell("closed_by") == end, || format!("closed by {} instead of {end}", cell("closed_by")));
            }
        }
        if cell("end") == "fin" {
            for end in ENDS {
                wrong.unless(n(&format!("{end}_fin_packets")) > Some(0.0), || {
                    format!("closed by FIN, but not by one of {end}")
                });
            }
        }
        wrong.unless((cell("end") == "unanswered") == (cell("handshake") == "unanswered"), || {
            format!("handshake {}, end {}", cell("handshake"), cell("end"))
        });
        wrong.unless(cell("handshake") != "midstream" || cell("quality").contains("no_handshake"), || {
            format!("midstream, but quality is {}", cell("quality"))
        });
    });
}

#[test]
fn what_was_not_captured_is_empty() {
    // One direction is missing: nothing about it is zero.
    let folder = kit::testdata().join("only_one_direction");
    let table = Table::parse(&kit::program::run_in(&folder, ["flows.pcap", "--format", "csv"]).clean());
    for (name, cell) in table.columns.iter().zip(&table.rows[0]) {
        let named = ["server_ip", "server_port", "server_state", "server_rtt_samples"].contains(&name.as_str());
        assert!(!name.starts_with("server_") || named || cell.is_empty(), "{name} is '{cell}'");
    }
    for name in ["packets", "stream_bytes", "rtt_min_ms", "client_srtt_ms", "client_rto_ms", "client_window_max_bytes"]
    {
        assert_eq!(table.cell(0, name), "", "{name}");
    }
    assert_eq!(table.cell(0, "client_payload_bytes"), "120");
}
