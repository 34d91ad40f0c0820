//! A packet as the bytes of a frame, with the checksums of the whole packet.

use super::link::Link;
use super::packet::{ACK, Ends, Packet, RST, SYN};
use super::random::mix;

/// How frames are written.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    pub link: Link,
    /// Bytes of each frame that the capture holds.
    pub snaplen: usize,
    /// What the payload is: zeros, or bytes that look encrypted and depend on their place in the stream.
    pub payload: bool,
}

/// Writes frames into a buffer that is used again.
pub struct FrameWriter {
    layout: Layout,
    bytes: Vec<u8>,
}

/// What the capture holds of a packet.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    pub captured: &'a [u8],
    /// Length on the wire.
    pub wire_len: usize,
}

impl FrameWriter {
    pub fn new(layout: Layout) -> Self {
        Self { layout, bytes: Vec::with_capacity(2048) }
    }

    /// The frame of a packet.
    pub fn write(&mut self, ends: &Ends, packet: &Packet) -> Written<'_> {
        let mut options = Options { room: [0; 40], len: 0 };
        options.fill(ends, packet);
        let tcp_len = 20 + options.len + usize::from(packet.len);
        self.bytes.clear();
        self.layout.link.write_header(&mut self.bytes, packet.sender(), ends.v6);
        let ip_at = self.bytes.len();
        if ends.v6 {
            self.write_ipv6(ends, packet, tcp_len);
        } else {
            self.write_ipv4(ends, packet, tcp_len);
        }
        let tcp_at = self.bytes.len();
        let wire_len = tcp_at + tcp_len;
        self.write_tcp(ends, packet, options.bytes());
        if self.layout.payload {
            write_payload(&mut self.bytes, stream_of(ends, packet.sender()), packet.seq, usize::from(packet.len));
        }
        // Addresses stand at the end of the IP header, next to what is summed; a payload of zeros adds nothing.
        let addresses = if ends.v6 { ip_at + 8 } else { ip_at + 12 };
        let sum = checksum(&self.bytes[addresses..], 6 + tcp_len as u64);
        self.bytes[tcp_at + 16..tcp_at + 18].copy_from_slice(&sum.to_be_bytes());
        self.bytes.resize(wire_len.min(self.layout.snaplen), 0);
        Written { captured: &self.bytes, wire_len }
    }

    fn write_ipv4(&mut self, ends: &Ends, packet: &Packet, tcp_len: usize) {
        let at = self.bytes.len();
        let [len_high, len_low] = (20 + tcp_len as u16).to_be_bytes();
        let [id_high, id_low] = packet.ip_id.to_be_bytes();
        let from = packet.sender();
        self.bytes.extend_from_slice(&[0x45, 0, len_high, len_low, id_high, id_low, 0x40, 0, ends.ttl[from], 6, 0, 0]);
        self.bytes.extend_from_slice(&ends.address[from][..4]);
        self.bytes.extend_from_slice(&ends.address[1 - from][..4]);
        let sum = checksum(&self.bytes[at..], 0);
        self.bytes[at + 10..at + 12].copy_from_slice(&sum.to_be_bytes());
    }

    fn write_ipv6(&mut self, ends: &Ends, packet: &Packet, tcp_len: usize) {
        let [len_high, len_low] = (tcp_len as u16).to_be_bytes();
        let from = packet.sender();
        self.bytes.extend_from_slice(&[0x60, 0, 0, 0, len_high, len_low, 6, ends.ttl[from]]);
        self.bytes.extend_from_slice(&ends.address[from]);
        self.bytes.extend_from_slice(&ends.address[1 - from]);
    }

    fn write_tcp(&mut self, ends: &Ends, packet: &Packet, options: &[u8]) {
        let from = packet.sender();
        let out = &mut self.bytes;
        out.extend_from_slice(&ends.port[from].to_be_bytes());
        out.extend_from_slice(&ends.port[1 - from].to_be_bytes());
        out.extend_from_slice(&ends.isn[from].wrapping_add(packet.seq as u32).to_be_bytes());
        let ack = if packet.any(ACK) { acknowledgement(ends, packet) } else { 0 };
        out.extend_from_slice(&ack.to_be_bytes());
        out.extend_from_slice(&[(5 + options.len() as u8 / 4) << 4, packet.flags]);
        out.extend_from_slice(&packet.window.to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(options);
    }
}

fn acknowledgement(ends: &Ends, packet: &Packet) -> u32 {
    ends.isn[1 - packet.sender()].wrapping_add(packet.ack as u32)
}

/// Options in the order of Linux.
struct Options {
    room: [u8; 40],
    len: usize,
}

impl Options {
    fn bytes(&self) -> &[u8] {
        &self.room[..self.len]
    }

    fn push(&mut self, bytes: &[u8]) {
        self.room[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn fill(&mut self, ends: &Ends, packet: &Packet) {
        if packet.any(SYN) {
            let [high, low] = ends.mss.to_be_bytes();
            self.push(&[2, 4, high, low]);
            self.push(if ends.sack { &[4, 2] } else { &[1, 1] });
            if ends.timestamps {
                self.push_timestamps(packet);
            } else {
                self.push(&[1, 1]);
            }
            self.push(&[1, 3, 3, ends.window_scale[packet.sender()]]);
        } else if !packet.any(RST) {
            if ends.timestamps {
                self.push(&[1, 1]);
                self.push_timestamps(packet);
            }
            self.push_sacks(ends, packet);
        }
    }

    fn push_timestamps(&mut self, packet: &Packet) {
        self.push(&[8, 10]);
        self.push(&packet.tsval.to_be_bytes());
        self.push(&packet.tsecr.to_be_bytes());
    }

    fn push_sacks(&mut self, ends: &Ends, packet: &Packet) {
        if packet.sacks.count == 0 {
            return;
        }
        self.push(&[1, 1, 5, 2 + 8 * packet.sacks.count]);
        let ack = acknowledgement(ends, packet);
        for (left, right) in packet.sacks.iter() {
            self.push(&ack.wrapping_add_signed(left).to_be_bytes());
            self.push(&ack.wrapping_add_signed(right).to_be_bytes());
        }
    }
}

/// Tells the byte streams of a workload apart.
fn stream_of(ends: &Ends, from: usize) -> u64 {
    mix(u64::from(ends.isn[from]) << 32 | u64::from(ends.port[0]) << 16 | u64::from(ends.port[1]))
}

/// Bytes that depend on their place in the stream only, so that what is sent again is the same.
fn write_payload(out: &mut Vec<u8>, stream: u64, seq: u64, len: usize) {
    let end = out.len() + len;
    let mut word = seq / 8;
    let skip = (seq % 8) as usize;
    out.extend_from_slice(&mix(stream.wrapping_add(word)).to_le_bytes()[skip..]);
    while out.len() < end {
        word += 1;
        out.extend_from_slice(&mix(stream.wrapping_add(word)).to_le_bytes());
    }
    out.truncate(end);
}

/// The Internet checksum (RFC 1071) of `bytes` and what is already summed.
fn checksum(bytes: &[u8], summed: u64) -> u16 {
    let mut words = bytes.chunks_exact(2);
    let mut sum: u64 = words.by_ref().map(|word| u64::from(u16::from_be_bytes([word[0], word[1]]))).sum();
    sum += words.remainder().first().map_or(0, |&last| u64::from(last) << 8) + summed;
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
