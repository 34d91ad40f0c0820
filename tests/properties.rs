//! What may change about a capture without changing what it says: sequence numbers, times, file format, link layer, copies, a small snaplen,
//! frames of other kinds. Every capture of `testdata` is changed so.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod kit;

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::LazyLock;

use kit::capture::{self, COOKED, ETHERNET, Frame, Interface, Order};
use kit::packet::{self, ACK, RST, SYN};
use kit::program::run;
use kit::table::Table;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

/// A capture and what is said of it.
struct Known {
    name: String,
    file: Vec<u8>,
    frames: Vec<Frame>,
    table: Table,
}

impl Known {
    /// All its frames are untagged Ethernet of this type of packet.
    fn holds_only(&self, ether_types: &[[u8; 2]]) -> bool {
        let fits = |f: &Frame| f.link == ETHERNET && ether_types.iter().any(|kind| f.data.get(12..14) == Some(kind));
        !self.frames.is_empty() && self.frames.iter().all(fits)
    }
}

const IPV4: [u8; 2] = [0x08, 0x00];
const IPV6: [u8; 2] = [0x86, 0xdd];

static CAPTURES: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let mut found = Vec::new();
    for behaviour in kit::behaviours() {
        for name in &behaviour.captures {
            let file = std::fs::read(behaviour.folder.join(name)).unwrap();
            let frames = capture::read(&file);
            let table = Table::of(&frames, true).by_flow();
            found.push(Known { name: format!("{}/{name}", behaviour.name), file, frames, table });
        }
    }
    found
});

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

/// Adds `up` to the sequence numbers of those who send to the larger endpoint and `down` to the others', wherever they are written.
fn shifted(frames: &[Frame], up: u32, down: u32) -> Vec<Frame> {
    let mut frames = frames.to_vec();
    for data in frames.iter_mut().map(|f| &mut f.data) {
        let Some(place) = packet::locate(data) else { continue };
        let (own, others) = if place.upwards { (up, down) } else { (down, up) };
        let tcp = place.tcp;
        if place.quoted {
            packet::add(data, tcp + 4, own, None);
            continue;
        }
        let (sum, flags) = (Some(tcp + 16), data[tcp + 13]);
        // The RST that answers a SYN has no number of its own: it is zero.
        if flags & (RST | ACK) != RST | ACK || data[tcp + 4..tcp + 8] != [0; 4] {
            packet::add(data, tcp + 4, own, sum);
        }
        if flags & ACK != 0 {
            packet::add(data, tcp + 8, others, sum);
        }
        for (kind, at, len) in packet::options(data, tcp) {
            if kind == 5 {
                (at..at + len).step_by(4).for_each(|edge| packet::add(data, edge, others, sum));
            }
        }
    }
    frames
}

fn seen_of_shift(known: &Known, up: u32, down: u32) -> String {
    let after = Table::of(&shifted(&known.frames, up, down), true).by_flow();
    let what = format!("{}: sequence numbers + {up} and + {down}", known.name);
    let isns = ["client_isn", "server_isn"];
    let mut wrong = known.table.without(&isns).unlike(&after.without(&isns), &what);
    for row in 0..after.rows.len().min(known.table.rows.len()) {
        let end = |who: &str| {
            let cell = |x| after.cell(row, &format!("{who}_{x}"));
            SocketAddr::new(cell("ip").parse::<IpAddr>().unwrap(), cell("port").parse().unwrap())
        };
        let upwards = end("client") < end("server");
        for (isn, by) in isns.into_iter().zip(if upwards { [up, down] } else { [down, up] }) {
            let moved = known.table.cell(row, isn).parse::<u32>().map(|old| old.wrapping_add(by).to_string());
            let (now, expected) = (after.cell(row, isn), moved.unwrap_or_default());
            if now != expected {
                writeln!(wrong, "{what}: {isn} of row {row} is {now} instead of {expected}").unwrap();
            }
        }
    }
    wrong
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
        all(|_| true, |known| seen_of_noise(known, Noise(seed | 1)));
    }
}

/// A mirror port that is up to half a millisecond late with each copy.
#[test]
fn every_packet_may_come_twice() {
    let fits = |known: &Known| known.holds_only(&[IPV4]) && !has_copies_of_the_network(known);
    all(fits, |known| {
        let mut noise = Noise(0x7463_706c);
        let mut late = || {
            let copy = |f: &Frame| {
                // What has neither identification nor timestamp is known for a copy within 100 µs only (`semantics.md` 5.5).
                let limit = if f.data.get(18..20) == Some(&[0, 0]) { 90_000 } else { 500_000 };
                Frame { ns: f.ns + noise.below(limit) as i64, ..f.clone() }
            };
            let mut twice = known.frames.clone();
            twice.extend(known.frames.iter().map(copy));
            twice.sort_by_key(|f| f.ns); // stable: the copy behind its original
            seen_of_copies(known, &twice)
        };
        (0..6).map(|_| late()).collect()
    });
}

/// Copies of copies: who made which cannot be told.
fn has_copies_of_the_network(known: &Known) -> bool {
    known.name.starts_with("synack_dup/")
}

fn seen_of_time(known: &Known, by: i64) -> String {
    let frames: Vec<Frame> = known.frames.iter().map(|f| Frame { ns: f.ns + by, ..f.clone() }).collect();
    let after = Table::of(&frames, true).by_flow();
    let times = ["start_time", "end_time"];
    let what = format!("{}: {by} ns later", known.name);
    let mut wrong = known.table.without(&times).unlike(&after.without(&times), &what);
    for row in 0..after.rows.len().min(known.table.rows.len()) {
        for time in times {
            let ns = |table: &Table| table.cell(row, time).parse::<jiff::Timestamp>().unwrap().as_nanosecond();
            if ns(&after) - ns(&known.table) != i128::from(by) {
                writeln!(wrong, "{what}: {time} of row {row} is {}", after.cell(row, time)).unwrap();
            }
        }
    }
    wrong
}

fn seen_of_noise(known: &Known, mut noise: Noise) -> String {
    let mut mixed = Vec::new();
    for frame in &known.frames {
        while noise.below(3) == 0 {
            mixed.push(Frame::whole(frame.ns, frame.link, noise.frame(frame.link)));
        }
        mixed.push(frame.clone());
    }
    let after = Table::of(&mixed, true).by_flow();
    let numbers = ["first_frame"];
    known.table.without(&numbers).unlike(&after.without(&numbers), &format!("{}: with other frames", known.name))
}

fn seen_of_copies(known: &Known, twice: &[Frame]) -> String {
    let after = Table::of(twice, true).by_flow();
    let copies = ["client_capture_duplicate_packets", "server_capture_duplicate_packets"];
    let changing = ["first_frame", "quality", copies[0], copies[1]];
    let what = format!("{}: every packet twice", known.name);
    let mut wrong = known.table.without(&changing).unlike(&after.without(&changing), &what);
    for row in 0..after.rows.len().min(known.table.rows.len()) {
        if !after.cell(row, "quality").contains("duplicates_removed") {
            writeln!(wrong, "{what}: quality of row {row} is '{}'", after.cell(row, "quality")).unwrap();
        }
        for (end, copies) in ["client", "server"].into_iter().zip(copies) {
            let before = |x: &str| known.table.number(row, &format!("{end}_{x}")).unwrap_or(0.0);
            let expected = before("packets") + 2.0 * before("capture_duplicate_packets");
            let now = after.number(row, copies).unwrap_or(0.0);
            if now != expected {
                writeln!(wrong, "{what}: {copies} of row {row} is {now} instead of {expected}").unwrap();
            }
        }
    }
    wrong
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

/// Frames that hold no TCP, always the same for the same seed.
struct Noise(u64);

impl Noise {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }

    fn frame(&mut self, link: u16) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..self.below(120)).map(|_| self.below(256) as u8).collect();
        // Where a type or a version may say IP, and where IP says what it carries: nothing that leads to TCP by chance.
        let ip = match link {
            ETHERNET => {
                let kind = [[0x08, 0x06], IPV4, IPV6, [0x88, 0xcc], [0x00, 0x26]][self.below(5) as usize];
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
    all(is_ethernet, |known| {
        let tag = |f: &Frame| {
            let mut data = f.data.clone();
            data.splice(12..12, [0x81, 0x00, 0x00, 77]);
            Frame { wire_len: f.wire_len + 4, data, ..*f }
        };
        let after = Table::of(&known.frames.iter().map(tag).collect::<Vec<_>>(), true).by_flow();
        let mut expected = known.table.clone();
        let place = expected.position("encapsulation");
        for row in &mut expected.rows {
            row[place] = if row[place].is_empty() { "vlan:77".to_owned() } else { format!("vlan:77/{}", row[place]) };
        }
        expected.unlike(&after, &format!("{} in VLAN 77", known.name))
    });
}

#[test]
fn linux_cooked_capture_shows_nowhere() {
    all(is_ethernet, |known| {
        let cook = |f: &Frame| {
            let mut data = vec![0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 2, 0, 0];
            data.extend(&f.data[12..]);
            Frame { link: COOKED, wire_len: f.wire_len + 2, data, ..*f }
        };
        let after = Table::of(&known.frames.iter().map(cook).collect::<Vec<_>>(), true).by_flow();
        known.table.unlike(&after, &format!("{}, cooked", known.name))
    });
}

/// Headers only: at 96 bytes those of IPv4 are always whole.
#[test]
fn a_snaplen_of_96_changes_nothing() {
    all(
        |known| known.holds_only(&[IPV4]),
        |known| {
            let before = Table::of(&known.frames, false).by_flow();
            before.unlike(&cut(known, 96), &format!("{}: cut to 96 bytes", known.name))
        },
    );
}

fn cut(known: &Known, snaplen: usize) -> Table {
    let cut = |f: &Frame| Frame { data: f.data[..f.data.len().min(snaplen)].to_vec(), ..f.clone() };
    Table::of(&known.frames.iter().map(cut).collect::<Vec<_>>(), false).by_flow()
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
                let after = cut(known, snaplen);
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
