//! What may change about a capture without changing what it says: sequence numbers, times, file format, link layer, copies, a small snaplen,
//! frames of other kinds. Every capture of `testdata` is changed so.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod kit;

use std::fmt::Write;
use std::sync::LazyLock;

use kit::capture::{self, ETHERNET, Frame, Interface, Order};
use kit::change::{
    self, Chance, IPV4, IPV6, Known, cut, doubled, seen_of_copies, seen_of_shift, seen_of_time, shifted,
};
use kit::packet::{self, ACK, SYN};
use kit::program::run;
use kit::table::Table;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

static CAPTURES: LazyLock<Vec<Known>> = LazyLock::new(|| change::captures_of(&kit::testdata()));

/// Changes every capture that `fits`, and fails with all that `change` finds wrong.
fn all(fits: impl Fn(&Known) -> bool, change: impl Fn(&Known) -> String) {
    let chosen: Vec<&Known> = CAPTURES.iter().filter(|known| fits(known)).collect();
    assert!(chosen.len() > 30, "{} captures are too few to mean anything", chosen.len());
    let mut wrong = String::new();
    for known in chosen {
        wrong += &change(known);
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// The same cases in every run: a test that fails only at times teaches nobody.
fn cases(cases: u32) -> Config {
    let rng_seed = RngSeed::Fixed(0x7463_706c);
    Config { cases, rng_seed, max_shrink_iters: 0, failure_persistence: None, ..Config::default() }
}

#[test]
fn sequence_numbers_may_wrap_anywhere() {
    all(
        |known| known.holds_only(&[IPV4, IPV6]),
        |known| {
            // The first of each direction's numbers comes to stand on 2^32, just below it, and some way below.
            let first = |upwards| {
                known.frames.iter().find_map(|f| {
                    let place = packet::locate(&f.data).filter(|p| !p.quoted && p.upwards == upwards)?;
                    Some(u32::from_be_bytes(f.data[place.tcp + 4..place.tcp + 8].try_into().unwrap()))
                })
            };
            let (up, down) = (first(true).unwrap_or(0), first(false).unwrap_or(0));
            [0, u32::MAX, u32::MAX - 1, u32::MAX - 600, u32::MAX - 5000, 1 << 31]
                .into_iter()
                .map(|start| seen_of_shift(known, start.wrapping_sub(up), start.wrapping_sub(down)))
                .collect()
        },
    );
}

proptest! {
    #![proptest_config(cases(6))]

    #[test]
    fn sequence_numbers_may_be_any(up: u32, down: u32) {
        all(|known| known.holds_only(&[IPV4, IPV6]), |known| seen_of_shift(known, up, down));
    }

    #[test]
    fn times_may_be_any(by in -1_500_000_000_000_000_000i64..1_500_000_000_000_000_000) {
        all(|_| true, |known| seen_of_time(known, by));
    }

    #[test]
    fn frames_of_other_kinds_change_no_row(seed: u64) {
        all(|_| true, |known| seen_of_noise(known, &mut Chance(seed | 1)));
    }
}

/// A mirror port that is up to half a millisecond late with each copy.
#[test]
fn every_packet_may_come_twice() {
    let fits = |known: &Known| known.holds_only(&[IPV4]) && !has_copies_of_the_network(known);
    all(fits, |known| {
        let mut chance = Chance(0x7463_706c);
        (0..6).map(|_| seen_of_copies(known, &doubled(&known.frames, &mut chance))).collect()
    });
}

/// Copies of copies: who made which cannot be told.
fn has_copies_of_the_network(known: &Known) -> bool {
    known.name.starts_with("synack_dup/")
}

fn seen_of_noise(known: &Known, chance: &mut Chance) -> String {
    let mut mixed = Vec::new();
    for frame in &known.frames {
        while chance.below(3) == 0 {
            mixed.push(Frame::whole(frame.ns, frame.link, noise(chance, frame.link)));
        }
        mixed.push(frame.clone());
    }
    let after = Table::of(&mixed, true).by_flow();
    let numbers = ["first_frame"];
    known.table.without(&numbers).unlike(&after.without(&numbers), &format!("{}: with other frames", known.name))
}

/// Copies at the same moment need no identification to be told: IPv6 too.
#[test]
fn every_packet_may_come_twice_at_once() {
    all(
        |known| known.holds_only(&[IPV4, IPV6]) && !has_copies_of_the_network(known),
        |known| {
            let twice: Vec<Frame> = known.frames.iter().flat_map(|f| [f.clone(), f.clone()]).collect();
            seen_of_copies(known, &twice)
        },
    );
}

/// A frame that holds no TCP.
fn noise(chance: &mut Chance, link: u16) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..chance.below(120)).map(|_| chance.below(256) as u8).collect();
    // Where a type or a version may say IP, and where IP says what it carries: nothing that leads to TCP by chance.
    let ip = match link {
        ETHERNET => {
            let kind = [[0x08, 0x06], IPV4, IPV6, [0x88, 0xcc], [0x00, 0x26]][chance.below(5) as usize];
            bytes.iter_mut().skip(12).zip(kind).for_each(|(byte, is)| *byte = is);
            14
        }
        capture::RAW => 0,
        capture::COOKED_V2 => {
            bytes.iter_mut().zip([0x08, 0x06]).for_each(|(byte, is)| *byte = is);
            20
        }
        other => panic!("no noise for link type {other}"),
    };
    for protocol in [ip + 6, ip + 9] {
        if let Some(byte) = bytes.get_mut(protocol) {
            *byte = 253; // for experiments (RFC 3692)
        }
    }
    bytes
}

#[test]
fn a_file_may_be_pcap_or_pcapng_in_either_byte_order() {
    let folder = tempfile::tempdir().unwrap();
    let report = |name: &str, file: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, file).unwrap();
        Table::parse(&run([path.as_os_str(), "--format".as_ref(), "csv".as_ref()]).clean())
    };
    all(
        |known| !known.name.starts_with("cut_file/"),
        |known| {
            let before = report("as_it_is", &known.file);
            let nanos = known.frames.iter().any(|f| f.ns % 1_000 != 0);
            let mut links: Vec<u16> = known.frames.iter().map(|f| f.link).collect();
            links.sort_unstable();
            links.dedup();
            let tsresol = if nanos { 9 } else { 6 };
            let interfaces: Vec<Interface> = links.iter().map(|&link| Interface { link, tsresol }).collect();
            let mut wrong = String::new();
            for order in Order::BOTH {
                let mut files = vec![("x.pcapng", capture::pcapng(&known.frames, &interfaces, order))];
                if links.len() < 2 {
                    files.push(("x.pcap", capture::pcap(&known.frames, order, nanos)));
                }
                for (name, file) in files {
                    let what = format!("{} as {name}, {order:?} endian", known.name);
                    wrong += &before.unlike(&report(name, &file), &what);
                }
            }
            wrong
        },
    );
}

fn is_ethernet(known: &Known) -> bool {
    known.frames.iter().all(|f| f.link == ETHERNET)
}

#[test]
fn a_vlan_tag_shows_in_encapsulation_alone() {
    all(is_ethernet, change::seen_of_tag);
}

#[test]
fn linux_cooked_capture_shows_nowhere() {
    all(is_ethernet, change::seen_of_cooking);
}

/// Headers only: at 96 bytes those of IPv4 are always whole.
#[test]
fn a_snaplen_of_96_changes_nothing() {
    all(
        |known| known.holds_only(&[IPV4]),
        |known| {
            let before = Table::of(&known.frames, false).by_flow();
            before.unlike(
                &Table::of(&cut(&known.frames, 96), false).by_flow(),
                &format!("{}: cut to 96 bytes", known.name),
            )
        },
    );
}

/// At 54 bytes the options are gone. What the fixed headers say stays, or becomes empty where the options have a part in it.
#[test]
fn a_snaplen_of_54_leaves_what_the_fixed_headers_say() {
    const FIXED: [&str; 33] = [
        "flow_id",
        "first_frame",
        "role_evidence",
        "start_time",
        "end_time",
        "duration_s",
        "handshake",
        "end",
        "closed_by",
        "rst_kind",
        "client_state",
        "server_state",
        "vantage",
        "syn_packets",
        "syn_ack_packets",
        "client_packets",
        "server_packets",
        "client_ip_bytes",
        "server_ip_bytes",
        "client_data_packets",
        "server_data_packets",
        "client_payload_bytes",
        "server_payload_bytes",
        "client_stream_bytes",
        "server_stream_bytes",
        "client_pure_acks",
        "server_pure_acks",
        "client_isn",
        "server_isn",
        "client_keepalives",
        "server_keepalives",
        "idle_max_s",
        "reused_after_s",
    ];
    let quotes = |known: &Known| known.name.starts_with("icmp_"); // the quote is gone as well
    all(
        |known| known.holds_only(&[IPV4]) && !quotes(known),
        |known| {
            let before = Table::of(&known.frames, false).by_flow();
            let mut wrong = String::new();
            for snaplen in [66, 54] {
                let after = Table::of(&cut(&known.frames, snaplen), false).by_flow();
                if before.rows.len() != after.rows.len() {
                    writeln!(wrong, "{}, {snaplen} bytes: {} rows", known.name, after.rows.len()).unwrap();
                    continue;
                }
                for (row, name) in (0..before.rows.len()).flat_map(|row| FIXED.map(|name| (row, name))) {
                    let (old, new) = (before.cell(row, name), after.cell(row, name));
                    if !new.is_empty() && old != new {
                        writeln!(wrong, "{}, {snaplen} bytes: row {row} {name} {old} → {new}", known.name).unwrap();
                    }
                }
            }
            wrong
        },
    );
}

/// The rewriting itself, held against the builder: a packet built with other numbers is the packet rewritten.
#[test]
fn rewritten_packets_are_what_would_have_been_built() {
    let build = |seq: u32, ack: u32, edge: u32| {
        let mut options = vec![1, 1, 5, 10];
        options.extend(edge.to_be_bytes());
        options.extend(edge.wrapping_add(100).to_be_bytes());
        let segment = packet::Segment {
            from: "10.0.0.9:1234".parse().unwrap(),
            to: "10.0.0.2:80".parse().unwrap(),
            ip_id: 1,
            ttl: 64,
            seq,
            ack,
            flags: ACK | SYN,
            window: 100,
            options,
            payload: vec![7; 33],
            extensions: Vec::new(),
        };
        Frame::whole(0, ETHERNET, packet::ethernet(&[], &segment.ip()))
    };
    let (up, down) = (0xffff_0001, 0x1234_5678);
    let before = build(10, 4_294_967_000, 4_294_967_200);
    // From 10.0.0.9 to 10.0.0.2: downwards.
    let after = build(10u32.wrapping_add(down), 4_294_967_000u32.wrapping_add(up), 4_294_967_200u32.wrapping_add(up));
    assert_eq!(shifted(&[before], up, down), [after]);
}
