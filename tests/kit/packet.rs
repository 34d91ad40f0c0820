//! Packets, built and rewritten by the tests' own code.

use std::net::{IpAddr, SocketAddr};

pub const FIN: u8 = 0x01;
pub const SYN: u8 = 0x02;
pub const RST: u8 = 0x04;
pub const PSH: u8 = 0x08;
pub const ACK: u8 = 0x10;

const TCP: u8 = 6;

/// A TCP segment in an IP packet.
#[derive(Clone, Debug)]
pub struct Segment {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub ip_id: u16,
    pub ttl: u8,
    pub seq: u32,
    pub ack: u32,
    pub flags: u8,
    /// As in the header.
    pub window: u16,
    /// A multiple of four bytes.
    pub options: Vec<u8>,
    pub payload: Vec<u8>,
    /// IPv6 extension headers, by number, with their bodies (6, 14 … bytes).
    pub extensions: Vec<(u8, Vec<u8>)>,
}

impl Segment {
    /// The IP packet.
    pub fn ip(&self) -> Vec<u8> {
        let mut tcp = Vec::new();
        tcp.extend(self.from.port().to_be_bytes());
        tcp.extend(self.to.port().to_be_bytes());
        tcp.extend(self.seq.to_be_bytes());
        tcp.extend(self.ack.to_be_bytes());
        tcp.extend([((20 + self.options.len() as u8) / 4) << 4, self.flags]);
        tcp.extend(self.window.to_be_bytes());
        tcp.extend([0; 4]);
        tcp.extend(&self.options);
        tcp.extend(&self.payload);
        let sum = !fold(pseudo_sum(self.from.ip(), self.to.ip(), tcp.len()) + sum(&tcp));
        tcp[16..18].copy_from_slice(&sum.to_be_bytes());
        self.wrap(TCP, &tcp)
    }

    fn wrap(&self, protocol: u8, payload: &[u8]) -> Vec<u8> {
        match (self.from.ip(), self.to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let mut ip = vec![0x45, 0];
                ip.extend((20 + payload.len() as u16).to_be_bytes());
                ip.extend(self.ip_id.to_be_bytes());
                ip.extend([0x40, 0, self.ttl, protocol, 0, 0]); // do not fragment
                ip.extend(from.octets());
                ip.extend(to.octets());
                let sum = !fold(sum(&ip));
                ip[10..12].copy_from_slice(&sum.to_be_bytes());
                ip.extend(payload);
                ip
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                let mut behind = Vec::new();
                for (i, (_, body)) in self.extensions.iter().enumerate() {
                    let next = self.extensions.get(i + 1).map_or(protocol, |(number, _)| *number);
                    behind.extend([next, (body.len() as u8 + 2) / 8 - 1]);
                    behind.extend(body);
                }
                behind.extend(payload);
                let mut ip = vec![0x60, 0, 0, 0];
                ip.extend((behind.len() as u16).to_be_bytes());
                ip.extend([self.extensions.first().map_or(protocol, |(number, _)| *number), self.ttl]);
                ip.extend(from.octets());
                ip.extend(to.octets());
                ip.extend(behind);
                ip
            }
            _ => panic!("one address family"),
        }
    }
}

/// An ICMP message of `kind` and `code` from `router` about the packet `quoted` (RFC 792: its header and 8 bytes).
pub fn icmp_error(router: IpAddr, kind: u8, code: u8, quoted: &[u8]) -> Vec<u8> {
    let back = IpAddr::from([quoted[12], quoted[13], quoted[14], quoted[15]]);
    let mut message = vec![kind, code, 0, 0, 0, 0, 0, 0];
    message.extend(&quoted[..28]);
    let sum = !fold(sum(&message));
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    let carrier = Segment {
        from: SocketAddr::new(router, 0),
        to: SocketAddr::new(back, 0),
        ip_id: 77,
        ttl: 255,
        seq: 0,
        ack: 0,
        flags: 0,
        window: 0,
        options: Vec::new(),
        payload: Vec::new(),
        extensions: Vec::new(),
    };
    carrier.wrap(1, &message)
}

/// `IPv4` or `IPv6` as an `EtherType`.
pub fn ether_type(ip: &[u8]) -> [u8; 2] {
    if ip[0] >> 4 == 4 { [0x08, 0x00] } else { [0x86, 0xdd] }
}

/// An Ethernet frame with the tags (tag protocol, VLAN) outermost first.
pub fn ethernet(tags: &[(u16, u16)], ip: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    for (protocol, vlan) in tags {
        frame.extend(protocol.to_be_bytes());
        frame.extend(vlan.to_be_bytes());
    }
    frame.extend(ether_type(ip));
    frame.extend(ip);
    frame
}

/// A frame of Linux cooked capture, version 1.
pub fn cooked(ip: &[u8]) -> Vec<u8> {
    let mut frame = vec![0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 2, 0, 0];
    frame.extend(ether_type(ip));
    frame.extend(ip);
    frame
}

/// A frame of Linux cooked capture, version 2.
pub fn cooked_v2(ip: &[u8]) -> Vec<u8> {
    let mut frame = ether_type(ip).to_vec();
    frame.extend([0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 2, 0, 0]);
    frame.extend(ip);
    frame
}

/// A TCP header in a frame, and who sends it.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Where the header begins.
    pub tcp: usize,
    /// It is only quoted by an ICMP error: its first 8 bytes are all that is there.
    pub quoted: bool,
    /// From the endpoint with the smaller address and port to the other.
    pub upwards: bool,
}

/// Finds the TCP header of an untagged Ethernet frame, or the one that an ICMP error in it quotes. `None` for anything else.
pub fn locate(frame: &[u8]) -> Option<Place> {
    let (ip, kind) = (14, frame.get(12..14)?);
    let (mut protocol, mut next, addresses) = match kind {
        [0x08, 0x00] => (*frame.get(ip + 9)?, ip + usize::from(frame[ip] & 15) * 4, ip + 12..ip + 20),
        [0x86, 0xdd] => (*frame.get(ip + 6)?, ip + 40, ip + 8..ip + 40),
        _ => return None,
    };
    while let (0 | 43 | 60, [0x86, 0xdd]) = (protocol, kind) {
        let header = frame.get(next..next + 2)?;
        (protocol, next) = (header[0], next + 8 * (usize::from(header[1]) + 1));
    }
    let place = |tcp: usize, addresses: std::ops::Range<usize>, quoted| {
        let ends = frame.get(addresses)?;
        let ports = frame.get(tcp..tcp + 4)?;
        let (from, to) = ends.split_at(ends.len() / 2);
        Some(Place { tcp, quoted, upwards: (from, &ports[..2]) < (to, &ports[2..]) })
    };
    match protocol {
        TCP => place(next, addresses, false),
        1 if frame.get(next) == Some(&3) => {
            let inner = next + 8;
            place(inner + usize::from(*frame.get(inner)? & 15) * 4, inner + 12..inner + 20, true)
        }
        _ => None,
    }
}

/// Adds `by` to the 32-bit number at `at`, and keeps the checksum at `sum` as right or wrong as it was (RFC 1624).
pub fn add(frame: &mut [u8], at: usize, by: u32, sum: Option<usize>) {
    let word = |frame: &[u8], at: usize| u16::from_be_bytes([frame[at], frame[at + 1]]);
    let old = [word(frame, at), word(frame, at + 2)];
    let value = u32::from_be_bytes([frame[at], frame[at + 1], frame[at + 2], frame[at + 3]]).wrapping_add(by);
    frame[at..at + 4].copy_from_slice(&value.to_be_bytes());
    let Some(place) = sum else { return };
    // A number that stands at an odd place would be summed with its bytes swapped.
    assert_eq!(at % 2, place % 2, "numbers stand at even places");
    let mut total = u64::from(!word(frame, place));
    for (i, before) in old.into_iter().enumerate() {
        total += u64::from(!before) + u64::from(word(frame, at + 2 * i));
    }
    frame[place..place + 2].copy_from_slice(&(!fold(total)).to_be_bytes());
}

/// Whether the checksum of the TCP header at `tcp` of an untagged Ethernet frame was left to the network card: the field then holds the sum of the
/// pseudo-header, with the length or without.
pub fn is_offloaded(frame: &[u8], tcp: usize) -> bool {
    let word = |at: usize| u16::from_be_bytes([frame[at], frame[at + 1]]);
    let (addresses, len) = match frame[12..14] {
        [0x08, 0x00] => (&frame[26..34], usize::from(word(16)) + 14 - tcp),
        _ => (&frame[22..54], usize::from(word(18)) + 54 - tcp),
    };
    let pseudo = sum(addresses) + u64::from(TCP);
    frame.len() >= tcp + 18 && [fold(pseudo), fold(pseudo + len as u64)].contains(&word(tcp + 16))
}

/// Corrects the checksum of the TCP header at `tcp` for what the addresses have more than those it was made for.
pub fn readdress(frame: &mut [u8], tcp: usize, was_offloaded: bool, more: &[u16]) {
    let Some(field) = frame.get(tcp + 16..tcp + 18) else { return };
    let field = u16::from_be_bytes([field[0], field[1]]);
    let more: u64 = more.iter().copied().map(u64::from).sum();
    let new = if was_offloaded { fold(u64::from(field) + more) } else { !fold(u64::from(!field) + more) };
    frame[tcp + 16..tcp + 18].copy_from_slice(&new.to_be_bytes());
}

/// Options of a TCP header: (kind, where its data begins, length of the data), as far as they were captured.
pub fn options(frame: &[u8], tcp: usize) -> Vec<(u8, usize, usize)> {
    let end = (tcp + usize::from(frame[tcp + 12] >> 4) * 4).min(frame.len());
    let (mut found, mut at) = (Vec::new(), tcp + 20);
    while at < end && frame[at] != 0 {
        if frame[at] == 1 {
            at += 1;
            continue;
        }
        let Some(&len) = frame.get(at + 1) else { break };
        let len = usize::from(len);
        if len < 2 || at + len > end {
            break;
        }
        found.push((frame[at], at + 2, len - 2));
        at += len;
    }
    found
}

fn sum(bytes: &[u8]) -> u64 {
    bytes.chunks(2).map(|pair| u64::from(pair[0]) << 8 | u64::from(*pair.get(1).unwrap_or(&0))).sum()
}

fn pseudo_sum(from: IpAddr, to: IpAddr, len: usize) -> u64 {
    let octets = |ip| match ip {
        IpAddr::V4(ip) => sum(&ip.octets()),
        IpAddr::V6(ip) => sum(&ip.octets()),
    };
    octets(from) + octets(to) + u64::from(TCP) + len as u64
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    sum as u16
}
