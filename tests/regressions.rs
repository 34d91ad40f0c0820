//! What once was wrong, found by the goldens and the properties: each case by itself.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod kit;

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use kit::capture::{self, Frame, Order};
use kit::program::{command, run, run_in};
use kit::table::Table;

fn table(folder: &str, capture: &str) -> Table {
    Table::parse(&run_in(&kit::testdata().join(folder), [capture, "--format", "csv"]).clean()).by_flow()
}

#[test]
fn a_reader_that_has_seen_enough_is_no_fault() {
    let folder = tempfile::tempdir().unwrap();
    // More than fits into a pipe and into all buffers: the same connections again and again, on other ports.
    let frames = capture::read(&std::fs::read(kit::testdata().join("tuple_reuse/client.pcap")).unwrap());
    let mut many = Vec::new();
    for i in 0..600u16 {
        for frame in &frames {
            let mut frame = frame.clone();
            frame.ns += i64::from(i) * 10_000_000_000;
            for at in [34, 36] {
                let port = u16::from_be_bytes([frame.data[at], frame.data[at + 1]]);
                if port != 5001 {
                    frame.data[at..at + 2].copy_from_slice(&(20_000 + i).to_be_bytes());
                }
            }
            many.push(frame);
        }
    }
    let path = folder.path().join("many.pcap");
    std::fs::write(&path, capture::pcap(&many, Order::Little, true)).unwrap();
    let rows = run([path.to_str().unwrap(), "--no-checksums", "--format", "csv"]).clean();
    assert!(rows.len() > 500_000, "{} bytes would fit into the pipe", rows.len());
    let mut child = command()
        .arg(&path)
        .args(["--no-checksums", "--format", "csv"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("flow_id,first_frame,"), "{first}");
    // The pipe is closed now.
    let status = child.wait().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
}

/// To the goldens: `?` becomes 40 and 240 in all hand-made captures.
#[test]
fn the_senders_estimate_is_of_the_full_round_trip() {
    let said = table("vlan_qinq", "flows.pcap");
    let cells = ["client_srtt_ms", "client_rto_ms", "server_srtt_ms", "server_rto_ms"].map(|name| said.cell(0, name));
    assert_eq!(cells, ["40", "240", "40", "240"]);
}

#[test]
fn an_initial_window_is_of_data() {
    let said = table("bad_checksum", "flows.pcap");
    assert_eq!(said.cell(0, "server_data_packets"), "0");
    let cells = ["server_initial_window_bytes", "server_initial_window_packets"].map(|name| said.cell(0, name));
    assert_eq!(cells, ["", ""], "the server sent no data; its FIN is none");
    let said = table("tuple_reuse", "client.pcap");
    assert_eq!(said.cell(0, "server_initial_window_bytes"), "3000", "the FIN that follows is no byte of it");
}

#[test]
fn an_initial_window_needs_the_beginning() {
    assert_eq!(table("midstream", "flows.pcap").cell(0, "client_initial_window_bytes"), "");
}

#[test]
fn what_takes_acknowledgements_needs_them() {
    let said = table("only_one_direction", "flows.pcap");
    assert_eq!(said.cell(0, "client_max_in_flight_bytes"), "", "nothing was acknowledged, for nothing was captured");
    assert_eq!(said.cell(0, "client_missing_bytes"), "", "what the peer acknowledged is unknown");
}

#[test]
fn a_simultaneous_open_has_two_syn_acks() {
    let said = table("simultaneous_open", "client.pcap");
    let cells = ["syn_packets", "syn_ack_packets"].map(|name| said.cell(0, name));
    assert_eq!(cells, ["2", "2"], "tcpdump shows [S] and [S.] of both");
}

#[test]
fn a_server_that_was_never_heard_has_no_state() {
    let state = table("syn_blackhole", "client.pcap").cell(0, "server_state").to_owned();
    assert_ne!(state, "LISTEN", "no word of the contract");
}

/// A lone FIN is acknowledged late (Linux, 40 ms): that is no round trip of the network.
#[test]
fn the_acknowledgement_of_a_fin_may_be_delayed() {
    let said = table("rst_after_fin", "client.pcap");
    assert!(said.number(0, "server_rtt_max_ms").unwrap() < 41.0, "{}", said.cell(0, "server_rtt_max_ms"));
    assert!(said.number(0, "server_ack_delay_max_ms").unwrap() > 39.0);
}

/// `truth.json`: wire.s.retrans has one, spurious, delivered. The repeated SYN-ACK answers the duplicate of the SYN.
#[test]
fn a_repeated_syn_ack_that_was_not_needed_is_spurious() {
    let path = kit::testdata().join("synack_dup/client.pcap");
    let path = path.to_str().unwrap();
    let said = Table::parse(&run([path, "--format", "csv"]).clean());
    assert_eq!(said.cell(0, "server_spurious_retrans_packets"), "1");
}

fn cut(folder: &str, file: &str, snaplen: usize) -> Table {
    let frames = capture::read(&std::fs::read(kit::testdata().join(folder).join(file)).unwrap());
    let cut = |f: &Frame| Frame { data: f.data[..f.data.len().min(snaplen)].to_vec(), ..f.clone() };
    Table::of(&frames.iter().map(cut).collect::<Vec<_>>(), true).by_flow()
}

/// To `tests/properties.rs`: a value stays or becomes empty (`semantics.md` 14, 8).
#[test]
fn options_that_were_not_captured_are_unknown() {
    let said = cut("keepalives_of_1_byte", "flows.pcap", 54);
    let cells = ["server_dsacks", "server_sack_acks"].map(|name| said.cell(0, name));
    assert_eq!(cells, ["", ""], "whole, it is 3 D-SACKs");
}

#[test]
fn an_unknown_window_scale_limits_nobody() {
    let said = cut("zero_window", "client.pcap", 66);
    assert_eq!(said.cell(0, "client_window_scale"), "", "the SYN's options were cut");
    assert_eq!(said.cell(0, "client_rwnd_limited_ms"), "", "whole, it is 3001.666645");
}
