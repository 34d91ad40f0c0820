//! Captures, changed in ways that leave what they say as it was, and what the program then says otherwise.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use super::capture::{self, COOKED, COOKED_V2, ETHERNET, Frame};
use super::captures;
use super::packet::{self, ACK, RST};
use super::table::Table;

/// A capture and what is said of it.
#[derive(Clone)]
pub struct Known {
    /// Its folder and its name.
    pub name: String,
    /// All of it.
    pub file: Vec<u8>,
    /// Its frames.
    pub frames: Vec<Frame>,
    /// What is said of it.
    pub table: Table,
}

impl Known {
    fn read(path: &Path) -> Self {
        let file = std::fs::read(path).unwrap();
        let frames = capture::read(&file);
        let table = Table::of(&frames, true).by_flow();
        let behind = path.parent().and_then(Path::parent).unwrap();
        let name = path.strip_prefix(behind).unwrap().to_str().unwrap().to_owned();
        Known { name, file, frames, table }
    }

    /// All its frames are untagged Ethernet of this type of packet.
    pub fn holds_only(&self, ether_types: &[[u8; 2]]) -> bool {
        let fits = |f: &Frame| f.link == ETHERNET && ether_types.iter().any(|kind| f.data.get(12..14) == Some(kind));
        !self.frames.is_empty() && self.frames.iter().all(fits)
    }
}

pub const IPV4: [u8; 2] = [0x08, 0x00];
pub const IPV6: [u8; 2] = [0x86, 0xdd];

/// Every capture in a folder of folders, by name.
pub fn captures_of(folder: &Path) -> Vec<Known> {
    captures::in_folders_of(folder).iter().map(|path| Known::read(path)).collect()
}

/// Numbers that look like chance, always the same for the same seed.
pub struct Chance(pub u64);

impl Chance {
    /// One below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

/// Adds `up` to the sequence numbers of those who send to the larger endpoint and `down` to the others', wherever they are written.
pub fn shifted(frames: &[Frame], up: u32, down: u32) -> Vec<Frame> {
    let mut frames = frames.to_vec();
    for data in frames.iter_mut().map(|f| &mut f.data) {
        let Some(place) = packet::locate(data) else { continue };
        let (own, others) = if place.upwards { (up, down) } else { (down, up) };
        let tcp = place.tcp;
        if place.quoted {
            packet::add(data, tcp + 4, own, None);
            continue;
        }
        let (sum, flags) = ((!packet::is_offloaded(data, tcp)).then_some(tcp + 16), data[tcp + 13]);
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

/// What changes with the sequence numbers, but the initial ones.
pub fn seen_of_shift(known: &Known, up: u32, down: u32) -> String {
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

/// What changes if everything happened `by` nanoseconds later, but the times themselves.
pub fn seen_of_time(known: &Known, by: i64) -> String {
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

/// What changes if every packet was captured twice, but the number of copies.
pub fn seen_of_copies(known: &Known, twice: &[Frame]) -> String {
    let after = Table::of(twice, true).by_flow();
    let copies = ["client_capture_duplicate_packets", "server_capture_duplicate_packets"];
    // These may differ by less than 0.1 ms: 30 ns were seen in one clean capture, of which the cause is not known, and 60 µs where the last
    // packet is one of many alike.
    let paused = ["time_client_app_ms", "time_server_app_ms", "time_network_ms"];
    let changing = ["first_frame", "quality", copies[0], copies[1], paused[0], paused[1], paused[2]];
    let what = format!("{}: every packet twice", known.name);
    let mut wrong = known.table.without(&changing).unlike(&after.without(&changing), &what);
    for row in 0..after.rows.len().min(known.table.rows.len()) {
        if !after.cell(row, "quality").contains("duplicates_removed") {
            writeln!(wrong, "{what}: quality of row {row} is '{}'", after.cell(row, "quality")).unwrap();
        }
        for column in paused {
            let (old, new) = (known.table.number(row, column), after.number(row, column));
            if old.zip(new).is_none_or(|(old, new)| (old - new).abs() > 0.1) {
                writeln!(wrong, "{what}: {column} of row {row} is {new:?} instead of {old:?}").unwrap();
            }
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

/// The frames in a VLAN.
pub fn tagged(frames: &[Frame], vlan: u8) -> Vec<Frame> {
    let tag = |f: &Frame| {
        let mut data = f.data.clone();
        data.splice(12..12, [0x81, 0x00, 0x00, vlan]);
        Frame { wire_len: f.wire_len + 4, data, ..*f }
    };
    frames.iter().map(tag).collect()
}

/// The Ethernet frames as Linux cooked capture, version 1, would have shown them.
pub fn cooked(frames: &[Frame]) -> Vec<Frame> {
    let cook = |f: &Frame| {
        let mut data = vec![0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 2, 0, 0];
        data.extend(&f.data[12..]);
        Frame { link: COOKED, wire_len: f.wire_len + 2, data, ..*f }
    };
    frames.iter().map(cook).collect()
}

/// The Ethernet frames as Linux cooked capture, version 2, would have shown them.
pub fn cooked_v2(frames: &[Frame]) -> Vec<Frame> {
    let cook = |f: &Frame| {
        let mut data = f.data[12..14].to_vec();
        data.extend([0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 2, 0, 0]);
        data.extend(&f.data[14..]);
        Frame { link: COOKED_V2, wire_len: f.wire_len + 6, data, ..*f }
    };
    frames.iter().map(cook).collect()
}

/// What changes in a VLAN, but `encapsulation`.
pub fn seen_of_tag(known: &Known) -> String {
    let after = Table::of(&tagged(&known.frames, 77), true).by_flow();
    let mut expected = known.table.clone();
    let place = expected.position("encapsulation");
    for row in &mut expected.rows {
        row[place] = if row[place].is_empty() { "vlan:77".to_owned() } else { format!("vlan:77/{}", row[place]) };
    }
    expected.unlike(&after, &format!("{} in VLAN 77", known.name))
}

/// What changes in Linux cooked capture of either version.
pub fn seen_of_cooking(known: &Known) -> String {
    [("1", cooked(&known.frames)), ("2", cooked_v2(&known.frames))]
        .iter()
        .map(|(version, frames)| {
            let after = Table::of(frames, true).by_flow();
            known.table.unlike(&after, &format!("{}, cooked, version {version}", known.name))
        })
        .collect()
}

/// The first bytes of each frame.
pub fn cut(frames: &[Frame], snaplen: usize) -> Vec<Frame> {
    frames.iter().map(|f| Frame { data: f.data[..f.data.len().min(snaplen)].to_vec(), ..f.clone() }).collect()
}

/// Every packet twice, the copy up to half a millisecond later, as a mirror port would show them.
pub fn doubled(frames: &[Frame], chance: &mut Chance) -> Vec<Frame> {
    let copy = |f: &Frame| {
        // What has neither identification nor timestamp is known for a copy within 100 µs only (`semantics.md` 5.5).
        let limit = if f.data.get(18..20) == Some(&[0, 0]) { 90_000 } else { 500_000 };
        Frame { ns: f.ns + chance.below(limit) as i64, ..f.clone() }
    };
    let mut twice = frames.to_vec();
    twice.extend(frames.iter().map(copy));
    twice.sort_by_key(|f| f.ns); // stable: the copy behind its original
    twice
}

/// An IPv4 packet that holds TCP and is no fragment, as IPv6: `a.b.c.d` becomes `fd00::a.b.c.d`, which keeps the order of addresses. The
/// checksum stays right, wrong, or left to the network card, whichever it was. `None` for any other packet.
pub fn as_ipv6(frame: &Frame) -> Option<Frame> {
    let data = &frame.data;
    let ip = data.get(14..34)?;
    let word = |at: usize| u16::from_be_bytes([ip[at], ip[at + 1]]);
    if data[12..14] != IPV4 || ip[0] != 0x45 || ip[9] != 6 || word(6) & 0x3fff != 0 || word(2) < 20 {
        return None;
    }
    let mut new = data[..12].to_vec();
    new.extend(IPV6);
    new.extend([0x60 | ip[1] >> 4, ip[1] << 4, 0, 0]);
    new.extend((word(2) - 20).to_be_bytes());
    new.extend([ip[9], ip[8]]);
    for end in [12, 16] {
        new.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        new.extend(&ip[end..end + 4]);
    }
    new.extend(&data[34..]);
    packet::readdress(&mut new, 54, packet::is_offloaded(data, 34), &[0xfd00, 0xfd00]);
    Some(Frame { wire_len: frame.wire_len + 20, data: new, ..*frame })
}
