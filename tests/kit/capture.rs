//! Capture files, read and written by the tests' own code: it shares nothing with the readers under test.

/// Link types.
pub const ETHERNET: u16 = 1;
pub const RAW: u16 = 101;
pub const COOKED: u16 = 113;
pub const COOKED_V2: u16 = 276;

const SECOND: i64 = 1_000_000_000;

/// A captured frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Time since 1970 in nanoseconds.
    pub ns: i64,
    /// `LINKTYPE_` value.
    pub link: u16,
    /// Length on the wire.
    pub wire_len: u32,
    /// What was captured of it.
    pub data: Vec<u8>,
}

impl Frame {
    /// A frame that was captured whole.
    pub fn whole(ns: i64, link: u16, data: Vec<u8>) -> Self {
        Frame { ns, link, wire_len: data.len() as u32, data }
    }
}

/// Byte order of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Little,
    Big,
}

impl Order {
    pub const BOTH: [Order; 2] = [Order::Little, Order::Big];

    fn u16(self, out: &mut Vec<u8>, value: u16) {
        out.extend(if self == Order::Little { value.to_le_bytes() } else { value.to_be_bytes() });
    }

    fn u32(self, out: &mut Vec<u8>, value: u32) {
        out.extend(if self == Order::Little { value.to_le_bytes() } else { value.to_be_bytes() });
    }

    fn read16(self, bytes: &[u8], at: usize) -> u16 {
        let b = [bytes[at], bytes[at + 1]];
        if self == Order::Little { u16::from_le_bytes(b) } else { u16::from_be_bytes(b) }
    }

    fn read32(self, bytes: &[u8], at: usize) -> u32 {
        let b = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        if self == Order::Little { u32::from_le_bytes(b) } else { u32::from_be_bytes(b) }
    }
}

/// The frames of a capture file.
pub fn read(file: &[u8]) -> Vec<Frame> {
    match &file[..4] {
        [0x0a, 0x0d, 0x0d, 0x0a] => read_pcapng(file),
        [0xd4, 0xc3, 0xb2, 0xa1] => read_pcap(file, Order::Little, 1_000),
        [0xa1, 0xb2, 0xc3, 0xd4] => read_pcap(file, Order::Big, 1_000),
        [0x4d, 0x3c, 0xb2, 0xa1] => read_pcap(file, Order::Little, 1),
        [0xa1, 0xb2, 0x3c, 0x4d] => read_pcap(file, Order::Big, 1),
        other => panic!("no capture begins with {other:02x?}"),
    }
}

fn read_pcap(file: &[u8], order: Order, unit: i64) -> Vec<Frame> {
    let link = order.read32(file, 20) as u16;
    let mut frames = Vec::new();
    let mut at = 24;
    while at + 16 <= file.len() {
        let [seconds, fraction, captured, wire_len] = [0, 4, 8, 12].map(|i| order.read32(file, at + i));
        at += 16;
        let Some(data) = file.get(at..at + captured as usize) else { break };
        frames.push(Frame {
            ns: i64::from(seconds) * SECOND + i64::from(fraction) * unit,
            link,
            wire_len,
            data: data.to_vec(),
        });
        at += captured as usize;
    }
    frames
}

fn read_pcapng(file: &[u8]) -> Vec<Frame> {
    let order = if file[8..12] == [0x4d, 0x3c, 0x2b, 0x1a] { Order::Little } else { Order::Big };
    let (mut frames, mut interfaces, mut at) = (Vec::new(), Vec::new(), 0);
    while at + 12 <= file.len() {
        let (kind, len) = (order.read32(file, at), order.read32(file, at + 4) as usize);
        let body = &file[at + 8..at + len - 4];
        match kind {
            1 => interfaces.push((order.read16(body, 0), ticks_per_second(body, order))),
            6 => {
                let (link, per_second) = interfaces[order.read32(body, 0) as usize];
                let ticks = i128::from(order.read32(body, 4)) << 32 | i128::from(order.read32(body, 8));
                let captured = order.read32(body, 12) as usize;
                frames.push(Frame {
                    ns: (ticks * i128::from(SECOND) / per_second) as i64,
                    link,
                    wire_len: order.read32(body, 16),
                    data: body[20..20 + captured].to_vec(),
                });
            }
            _ => {}
        }
        at += len;
    }
    frames
}

fn ticks_per_second(interface: &[u8], order: Order) -> i128 {
    let mut at = 8;
    while at + 4 <= interface.len() {
        let (code, len) = (order.read16(interface, at), usize::from(order.read16(interface, at + 2)));
        match code {
            0 => break,
            9 => return resolution(interface[at + 4]),
            _ => at += 4 + len.next_multiple_of(4),
        }
    }
    1_000_000
}

fn resolution(tsresol: u8) -> i128 {
    let exponent = u32::from(tsresol & 0x7f);
    if tsresol & 0x80 == 0 { 10i128.pow(exponent) } else { 1 << exponent }
}

/// A pcap file. `nanos`: with nanoseconds; otherwise the times must be whole microseconds.
pub fn pcap(frames: &[Frame], order: Order, nanos: bool) -> Vec<u8> {
    let mut out = Vec::new();
    order.u32(&mut out, if nanos { 0xa1b2_3c4d } else { 0xa1b2_c3d4 });
    order.u16(&mut out, 2);
    order.u16(&mut out, 4);
    for value in [0, 0, 262_144, frames.first().map_or(ETHERNET, |f| f.link).into()] {
        order.u32(&mut out, value);
    }
    for frame in frames {
        assert_eq!(frame.link, frames[0].link, "a pcap file has one link type");
        let fraction = frame.ns.rem_euclid(SECOND);
        assert!(nanos || fraction % 1_000 == 0, "{fraction} ns are no whole microseconds");
        order.u32(&mut out, frame.ns.div_euclid(SECOND) as u32);
        order.u32(&mut out, (if nanos { fraction } else { fraction / 1_000 }) as u32);
        order.u32(&mut out, frame.data.len() as u32);
        order.u32(&mut out, frame.wire_len);
        out.extend(&frame.data);
    }
    out
}

/// An interface of a pcapng file.
#[derive(Clone, Copy, Debug)]
pub struct Interface {
    /// `LINKTYPE_` value of its frames.
    pub link: u16,
    /// Its clock, as `if_tsresol` gives it.
    pub tsresol: u8,
}

/// A pcapng file; each frame goes to the first interface of its link type. Times are cut off to the interface's clock.
pub fn pcapng(frames: &[Frame], interfaces: &[Interface], order: Order) -> Vec<u8> {
    let mut out = Vec::new();
    let mut section = Vec::new();
    order.u32(&mut section, 0x1a2b_3c4d);
    order.u16(&mut section, 1);
    order.u16(&mut section, 0);
    section.extend([0xff; 8]);
    block(&mut out, 0x0a0d_0d0a, &section, order);
    for interface in interfaces {
        let mut body = Vec::new();
        order.u16(&mut body, interface.link);
        order.u16(&mut body, 0);
        order.u32(&mut body, 262_144);
        order.u16(&mut body, 9);
        order.u16(&mut body, 1);
        body.extend([interface.tsresol, 0, 0, 0]);
        order.u32(&mut body, 0);
        block(&mut out, 1, &body, order);
    }
    for frame in frames {
        let number = interfaces.iter().position(|i| i.link == frame.link).expect("an interface of this link type");
        let ticks =
            (i128::from(frame.ns) * resolution(interfaces[number].tsresol)).div_euclid(i128::from(SECOND)) as u64;
        let mut body = Vec::new();
        let words = [number as u32, (ticks >> 32) as u32, ticks as u32, frame.data.len() as u32, frame.wire_len];
        words.into_iter().for_each(|word| order.u32(&mut body, word));
        body.extend(&frame.data);
        body.resize(body.len().next_multiple_of(4), 0);
        block(&mut out, 6, &body, order);
    }
    out
}

fn block(out: &mut Vec<u8>, kind: u32, body: &[u8], order: Order) {
    order.u32(out, kind);
    order.u32(out, body.len() as u32 + 12);
    out.extend(body);
    order.u32(out, body.len() as u32 + 12);
}
