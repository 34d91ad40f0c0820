//! What may change about a capture of real connections without changing what it says, and what the frames that a capture lost may change.
//!
//! The captures are those of `testdata` and, where they are, those of which the truth is known: `TCPLENS_TRUTH` names their folder; without it, one
//! beside the repository. `TCPLENS_NO_SKIP=1` makes a missing folder a failure.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod kit;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::IpAddr;
use std::sync::LazyLock;

use kit::capture::{ETHERNET, Frame};
use kit::captures;
use kit::change::{self, Chance, IPV4, IPV6, Known};
use kit::packet::{self, ACK, FIN, RST, SYN};
use kit::table::Table;

static CAPTURES: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let mut found = change::captures_of(&kit::testdata());
    found.extend(captures::truth_folder().iter().flat_map(|folder| change::captures_of(folder)));
    found
});

/// Changes every capture that `fits`, and fails with all that `change` finds wrong.
fn all(fits: impl Fn(&Known) -> bool, change: impl Fn(&Known) -> String) {
    let chosen: Vec<&Known> = CAPTURES.iter().filter(|known| fits(known)).collect();
    assert!(chosen.len() > 20, "{} captures are too few to mean anything", chosen.len());
    let mut wrong = String::new();
    for known in chosen {
        wrong += &change(known);
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn in_folder(known: &Known, folders: &[&str]) -> bool {
    folders.contains(&known.name.split_once('/').unwrap().0)
}

fn is_tcp(known: &Known) -> bool {
    known.holds_only(&[IPV4, IPV6])
}

/// Their network made copies of its own: of four alike, none says who made which.
const DOUBLED_BY_THE_NETWORK: [&str; 3] = ["net_dup", "dup_loss", "synack_dup"];

/// They have D-SACKs for needless retransmissions, which are not for the mirror port's copies: tested by themselves.
const D_SACK_FOR_A_COPY: [&str; 3] = ["mixed50", "outage", "reorder_late"];
/// Resets and ACKs of a closed socket have neither identification nor timestamp: of those that look alike every second one counts as a copy,
/// and the count starts anew where much time has passed. Tested by themselves.
const ALIKE_FOR_LONG: [&str; 3] = ["rst_data_after_close", "rst_mid_server", "spurious_rto_nofrto"];

fn seen_twice(known: &Known) -> String {
    (1..=3)
        .map(|seed| change::seen_of_copies(known, &change::doubled(&known.frames, &mut Chance(seed * 0x7463_706c))))
        .collect()
}

#[test]
fn every_packet_may_come_twice() {
    let fails = [D_SACK_FOR_A_COPY.as_slice(), &ALIKE_FOR_LONG].concat();
    all(|known| is_tcp(known) && !in_folder(known, &DOUBLED_BY_THE_NETWORK) && !in_folder(known, &fails), seen_twice);
}

const SNAPLENS: [usize; 3] = [96, 74, 60];

/// What a cut leaves of the frames, if it takes TCP options; nothing where it takes even what every TCP header has.
fn without_options(known: &Known, snaplen: usize) -> Option<Vec<Frame>> {
    let headers = known.frames.iter().filter_map(|f| {
        let tcp = packet::locate(&f.data).filter(|p| !p.quoted)?.tcp;
        Some((tcp + 20, tcp + usize::from(f.data[tcp + 12] >> 4) * 4))
    });
    let (fixed, whole) = headers.fold((0, 0), |max, end| (max.0.max(end.0), max.1.max(end.1)));
    (fixed <= snaplen && snaplen < whole).then(|| change::cut(&known.frames, snaplen))
}

/// The same with whole headers.
fn without_payload(known: &Known, snaplen: usize) -> Option<Vec<Frame>> {
    let whole = |f: &Frame| {
        packet::locate(&f.data).is_none_or(|p| !p.quoted && p.tcp + usize::from(f.data[p.tcp + 12] >> 4) * 4 <= snaplen)
    };
    known.frames.iter().all(whole).then(|| change::cut(&known.frames, snaplen))
}

#[test]
fn payload_is_not_looked_at() {
    all(is_tcp, |known| {
        let before = Table::of(&known.frames, false).by_flow();
        let mut wrong = String::new();
        for snaplen in SNAPLENS {
            let Some(frames) = without_payload(known, snaplen) else { continue };
            let after = Table::of(&frames, false).by_flow();
            wrong += &before.unlike(&after, &format!("{}: cut to {snaplen} bytes", known.name));
        }
        wrong
    });
}

/// Columns to which options contribute: without these, another number is the best there is. (Those of an endpoint, without its name.)
const SHARPENED_BY_OPTIONS: [&str; 28] = [
    // Timestamps tell which copy was acknowledged; without them Karn's rule leaves fewer samples.
    "rtt_samples",
    "rtt_min_ms",
    "rtt_mean_ms",
    "rtt_p50_ms",
    "rtt_p95_ms",
    "rtt_p99_ms",
    "rtt_max_ms",
    "rtt_stddev_ms",
    "srtt_ms",
    "rto_ms",
    "ack_delay_max_ms",
    // They tell what the sender had received when it sent.
    "max_in_flight_bytes",
    "initial_window_bytes",
    "initial_window_packets",
    // They tell a fast retransmission from a timer's, and so a pause.
    "stalls",
    "stall_ms",
    // The round trip that is taken out of them is known better.
    "response_time_p50_ms",
    "response_time_p95_ms",
    "response_time_max_ms",
    "think_p50_ms",
    "time_client_app_ms",
    "time_server_app_ms",
    "time_network_ms",
    "time_rwnd_limited_ms",
    "time_loss_recovery_ms",
    "time_idle_ms",
    "bottleneck",
    // Without D-SACK needless retransmissions pass for loss.
    "findings",
];

/// What changes with the options, but to nothing. `exempt`: where it may.
fn seen_without_options(known: &Known, exempt: &[&str]) -> String {
    let mut wrong = String::new();
    let before = Table::of(&known.frames, false).by_flow();
    for (snaplen, frames) in SNAPLENS.into_iter().filter_map(|s| Some((s, without_options(known, s)?))) {
        let after = Table::of(&frames, false).by_flow();
        let mut expected = before.clone();
        for (old, new) in expected.rows.iter_mut().zip(&after.rows) {
            for ((old, new), column) in old.iter_mut().zip(new).zip(&before.columns) {
                let end_less = column.trim_start_matches("client_").trim_start_matches("server_");
                // Of a vantage, `unknown` is what an empty cell is of a number.
                if new.is_empty() || new == "unknown" || exempt.contains(&end_less) {
                    old.clone_from(new);
                }
            }
        }
        wrong += &expected.unlike(&after, &format!("{}: cut to {snaplen} bytes", known.name));
    }
    wrong
}

#[test]
fn the_link_layer_shows_in_encapsulation_alone() {
    all(
        |known| known.frames.iter().all(|f| f.link == ETHERNET),
        |known| change::seen_of_tag(known) + &change::seen_of_cooking(known),
    );
}

#[test]
fn numbers_may_wrap_in_the_middle_of_a_transfer() {
    all(is_tcp, |known| {
        let middle = |upwards| {
            let mut numbers: Vec<u32> = Vec::new();
            for f in &known.frames {
                let Some(place) = packet::locate(&f.data).filter(|p| !p.quoted && p.upwards == upwards) else {
                    continue;
                };
                numbers.push(u32::from_be_bytes(f.data[place.tcp + 4..place.tcp + 8].try_into().unwrap()));
            }
            let first = *numbers.first()?;
            numbers.sort_unstable_by_key(|number| number.wrapping_sub(first) as i32);
            Some(numbers[numbers.len() / 2])
        };
        let (up, down) = (middle(true).unwrap_or(0), middle(false).unwrap_or(0));
        change::seen_of_shift(known, 0u32.wrapping_sub(up), 0u32.wrapping_sub(down))
            + &change::seen_of_shift(known, 77u32.wrapping_sub(up), 0)
    });
}

#[test]
fn times_may_be_any() {
    all(
        |_| true,
        |known| {
            [-1_400_000_000_123_456_789, -1, 1, 999_999_999, 5_000_000_000_000_000_003]
                .into_iter()
                .map(|by| change::seen_of_time(known, by))
                .collect()
        },
    );
}

/// Which packets the network doubled, 2 ms and more apart, cannot be told of all without the identification.
const TOLD_BY_THE_IDENTIFICATION: [&str; 1] = ["net_dup"];
/// They have many ACKs that look alike, with nothing to tell them apart: tested by themselves.
const ALIKE_IN_A_MILLISECOND: [&str; 3] = ["opt_bare", "opt_no_sack", "reorder_loss"];

fn seen_of_ipv6(known: &Known) -> String {
    let Some(frames) = known.frames.iter().map(change::as_ipv6).collect::<Option<Vec<Frame>>>() else {
        return String::new(); // fragments, or another protocol
    };
    let mut after = Table::of(&frames, true).by_flow();
    for row in 0..after.rows.len() {
        for end in ["client", "server"] {
            let place = after.position(&format!("{end}_ip_bytes"));
            let packets = after.number(row, &format!("{end}_packets")).unwrap_or(0.0);
            if let Ok(bytes) = after.rows[row][place].parse::<f64>() {
                after.rows[row][place] = (bytes - 20.0 * packets).to_string();
            }
        }
    }
    let other = ["client_ip", "server_ip", "community_id"];
    known.table.without(&other).unlike(&after.without(&other), &format!("{} as IPv6", known.name))
}

/// Where there are timestamps, nothing rests on the identification of IPv4 alone; at the sender's end nothing does in any case.
#[test]
fn ipv6_says_what_ipv4_says() {
    let exempt = [TOLD_BY_THE_IDENTIFICATION.as_slice(), &ALIKE_IN_A_MILLISECOND].concat();
    all(|known| known.holds_only(&[IPV4]) && !in_folder(known, &exempt), seen_of_ipv6);
}

/// A segment of TCP, as far as the tests have to know it.
struct Seen {
    ends: (IpAddr, u16, IpAddr, u16),
    seq: u32,
    ack: u32,
    flags: u8,
    payload: u32,
}

fn seen(frame: &Frame) -> Option<Seen> {
    let data = &frame.data;
    let tcp = packet::locate(data).filter(|p| !p.quoted)?.tcp;
    let word = |at: usize| u16::from_be_bytes([data[at], data[at + 1]]);
    let number = |at: usize| u32::from_be_bytes(data[at..at + 4].try_into().unwrap());
    let v6 = |at: usize| IpAddr::from(<[u8; 16]>::try_from(&data[at..at + 16]).unwrap());
    let v4 = |at: usize| IpAddr::from(<[u8; 4]>::try_from(&data[at..at + 4]).unwrap());
    let (from, to, end) = match data[12..14] {
        [0x08, 0x00] => (v4(26), v4(30), 14 + usize::from(word(16))),
        _ => (v6(22), v6(38), 54 + usize::from(word(18))),
    };
    Some(Seen {
        ends: (from, word(tcp), to, word(tcp + 2)),
        seq: number(tcp + 4),
        ack: number(tcp + 8),
        flags: data[tcp + 13],
        payload: (end - tcp - usize::from(data[tcp + 12] >> 4) * 4) as u32,
    })
}

/// What is acknowledged of the stream of `from`, and how much of that these frames do not hold.
fn acknowledged(frames: &[Frame], ends: (IpAddr, u16, IpAddr, u16), isn: u32) -> (u32, u32) {
    let back = (ends.2, ends.3, ends.0, ends.1);
    let (mut have, mut acknowledged, mut fin) = (Vec::new(), 0, u32::MAX);
    for s in frames.iter().filter_map(seen) {
        let offset = |number: u32| number.wrapping_sub(isn).wrapping_sub(1);
        if s.ends == ends {
            let first = offset(s.seq).wrapping_add(u32::from(s.flags & SYN != 0));
            if s.payload > 0 && first < 1 << 31 {
                have.push((first, first + s.payload));
            }
            if s.flags & FIN != 0 {
                fin = first + s.payload;
            }
        } else if s.ends == back && s.flags & ACK != 0 && offset(s.ack) < 1 << 31 {
            acknowledged = acknowledged.max(offset(s.ack));
        }
    }
    acknowledged = acknowledged.min(fin);
    have.sort_unstable();
    let (mut missing, mut next) = (0, 0);
    for (first, end) in have {
        missing += first.min(acknowledged).saturating_sub(next);
        next = next.max(end);
    }
    (acknowledged, missing + acknowledged.saturating_sub(next))
}

/// The endpoints' names, and each other's.
const ENDS: [(&str, &str); 2] = [("client", "server"), ("server", "client")];

/// A needless retransmission fills a hole long after it was acknowledged: tested by itself.
const FILLED_TOO_LATE: [&str; 1] = ["spurious_rto_nofrto"];
/// Without its only data, a direction that nobody was seen to acknowledge ends all the same: tested by itself.
const ENDED_WITHOUT_DATA: [&str; 1] = ["only_one_direction"];
/// The network's late copy of an ACK, the first of which was lost, may come when the FIN is out: tested by itself. (A late copy of data whose first was lost
/// is a late original, as it ought to be.)
const LATE_ACK_OF_A_COPY: [&str; 1] = ["net_dup"];

#[test]
fn lost_frames_are_missing_and_nothing_else() {
    all(
        |known| is_tcp(known) && !in_folder(known, &[FILLED_TOO_LATE, ENDED_WITHOUT_DATA, LATE_ACK_OF_A_COPY].concat()),
        |known| (1..=4).map(|seed| seen_of_loss(known, &mut Chance(seed * 0x7463_706c))).collect(),
    );
}

/// The frames whose loss ought to be missing bytes or nothing: neither SYN, FIN and RST, nor the only answer to a FIN.
fn dispensable(frames: &[Frame]) -> Vec<usize> {
    let all: Vec<Option<Seen>> = frames.iter().map(seen).collect();
    let ended: BTreeSet<_> = (all.iter().flatten().filter(|s| s.flags & FIN != 0))
        .map(|s| ((s.ends.2, s.ends.3, s.ends.0, s.ends.1), s.seq.wrapping_add(s.payload + 1)))
        .collect();
    let fits = |s: &Seen| s.flags & (SYN | FIN | RST) == 0 && !ended.contains(&(s.ends, s.ack));
    (0..all.len()).filter(|&i| all[i].as_ref().is_some_and(fits)).collect()
}

/// What is wrong without one in a hundred frames.
fn seen_of_loss(known: &Known, chance: &mut Chance) -> String {
    let dispensable = dispensable(&known.frames);
    if dispensable.is_empty() {
        return String::new();
    }
    let mut lost: BTreeSet<usize> = dispensable.iter().copied().filter(|_| chance.below(100) == 0).collect();
    lost.insert(dispensable[chance.below(dispensable.len() as u64) as usize]);
    let is_left = |i: &usize| !lost.contains(i);
    let frames: Vec<Frame> = (0..known.frames.len()).filter(is_left).map(|i| known.frames[i].clone()).collect();
    let (before, after) = (&known.table, Table::of(&frames, true).by_flow());
    let numbers: Vec<String> = lost.iter().map(|i| (i + 1).to_string()).collect();
    let what = format!("{}: without the frames {}", known.name, numbers.join(" "));
    if before.rows.len() != after.rows.len() {
        return format!("{what}: {} rows instead of {}\n", after.rows.len(), before.rows.len());
    }
    let mut wrong = String::new();
    for row in 0..after.rows.len() {
        for column in ["handshake", "end", "syn_packets", "syn_ack_packets", "client_isn", "server_isn"] {
            let (old, new) = (before.cell(row, column), after.cell(row, column));
            if old != new {
                writeln!(wrong, "{what}: {column} of row {row} {old} → {new}").unwrap();
            }
        }
        for (end, other) in ENDS {
            let cell = |table: &Table, x: &str| table.number(row, &format!("{end}_{x}"));
            let counts = ["retrans_packets", "out_of_order_packets", "keepalives", "zero_window_probes"];
            for x in counts.into_iter().chain(["network_duplicate_packets", "capture_duplicate_packets"]) {
                let (old, new) = (cell(before, x), cell(&after, x));
                if new > old {
                    writeln!(wrong, "{what}: {end}_{x} of row {row} {old:?} → {new:?}").unwrap();
                }
            }
            wrong += &seen_of_missing(&frames, &after, row, (end, other), &what);
        }
    }
    wrong
}

/// What is wrong with `missing_bytes` of this end.
fn seen_of_missing(frames: &[Frame], table: &Table, row: usize, (end, other): (&str, &str), what: &str) -> String {
    let names = ["client_ip", "client_port", "server_ip", "server_port"];
    let is_like = |r: &usize| names.iter().all(|name| table.cell(*r, name) == table.cell(row, name));
    if (0..table.rows.len()).filter(is_like).count() > 1 {
        return String::new(); // whose frames are whose is not for a test to find out
    }
    let address = |x: &str| table.cell(row, &format!("{x}_ip")).parse().unwrap();
    let port = |x: &str| table.cell(row, &format!("{x}_port")).parse().unwrap();
    let number = |x: &str| table.number(row, &format!("{end}_{x}"));
    let values = (number("isn"), number("unique_bytes"), number("stream_bytes"), number("missing_bytes"));
    let (Some(isn), Some(unique), Some(stream), Some(missing)) = values else { return String::new() };
    let ends = (address(end), port(end), address(other), port(other));
    let (acknowledged, expected) = acknowledged(frames, ends, isn as u32);
    let mut wrong = String::new();
    if stream <= f64::from(acknowledged) {
        if missing != f64::from(expected) {
            writeln!(wrong, "{what}: {end}_missing_bytes of row {row} is {missing} instead of {expected}").unwrap();
        }
        if unique + missing != stream {
            writeln!(wrong, "{what}: {end} of row {row}: unique {unique} + missing {missing} ≠ {stream}").unwrap();
        }
    }
    wrong
}

// The captures that are named above have tests of their own: each once failed in a way that its name tells.

fn only(folders: &[&str], change: impl Fn(&Known) -> String) {
    let wrong: String =
        CAPTURES.iter().filter(|known| is_tcp(known) && in_folder(known, folders)).map(change).collect();
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn a_d_sack_is_not_for_the_copy_of_a_mirror_port() {
    only(&D_SACK_FOR_A_COPY, |known| {
        // The last packet of mixed50 row 22 is one of many alike: which of two such is the copy cannot be told.
        let last = |line: &&str| !line.contains("row 22") || !line.contains("end_time") && !line.contains("duration_s");
        let seen = seen_twice(known);
        let lines: Vec<&str> = seen.lines().filter(last).collect();
        if lines.iter().any(|line| line.starts_with("  ")) { lines.join("\n") + "\n" } else { String::new() }
    });
}

#[test]
fn what_looks_alike_long_after_is_no_copy() {
    only(&ALIKE_FOR_LONG, seen_twice);
}

#[test]
fn duplicate_acks_are_not_copies_of_the_capture() {
    only(&ALIKE_IN_A_MILLISECOND, seen_of_ipv6);
}

#[test]
fn what_came_in_the_end_is_not_missing() {
    only(&FILLED_TOO_LATE, |known| (1..=4).map(|seed| seen_of_loss(known, &mut Chance(seed * 0x7463_706c))).collect());
}

#[test]
fn a_fin_without_the_data_before_it_is_no_timeout() {
    only(&ENDED_WITHOUT_DATA, |known| {
        (1..=4).map(|seed| seen_of_loss(known, &mut Chance(seed * 0x7463_706c))).collect()
    });
}

#[test]
fn a_late_ack_is_no_keepalive() {
    only(&LATE_ACK_OF_A_COPY, |known| {
        let seen: String = (1..=4).map(|seed| seen_of_loss(known, &mut Chance(seed * 0x7463_706c))).collect();
        seen.lines().filter(|line| line.contains("keepalives")).map(|line| format!("{line}\n")).collect()
    });
}

#[test]
fn no_measure_says_something_else_without_options() {
    let fits = |known: &Known| is_tcp(known) && !known.name.starts_with("icmp_");
    all(fits, |known| seen_without_options(known, &[["quality"].as_slice(), &SHARPENED_BY_OPTIONS].concat()));
}
