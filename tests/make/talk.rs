//! Two hosts that talk TCP, as somebody half-way between them captures it.

use std::net::SocketAddr;

use crate::kit::capture::Frame;
use crate::kit::packet::{ACK, FIN, PSH, SYN, Segment};

/// 2026-01-01 00:00:00 UTC in nanoseconds.
pub const NEW_YEAR: i64 = 1_767_225_600_000_000_000;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Client,
    Server,
}
pub use Who::{Client, Server};

/// One of the two hosts.
#[derive(Clone, Debug)]
struct Host {
    address: SocketAddr,
    /// Sequence number of its next new byte.
    next: u32,
    ip_id: u16,
    /// Its timestamp clock at time 0, in milliseconds.
    clock: u32,
    /// Its latest timestamp, for the other to echo.
    tsval: u32,
    /// As in the header: to be shifted by 7.
    window: u16,
}

/// A conversation: packets in the order of the capture, times in microseconds.
///
/// The capture point is 5 ms from the client and 15 ms from the server; scripts keep to that. Both acknowledge all that passed it before.
#[derive(Clone, Debug)]
pub struct Talk {
    hosts: [Host; 2],
    /// IPv6 extension headers of all packets.
    pub extensions: Vec<(u8, Vec<u8>)>,
    /// Time in nanoseconds since 1970, and the IP packet.
    pub packets: Vec<(i64, Vec<u8>)>,
}

impl Talk {
    /// Nobody has said anything yet.
    pub fn new(client: &str, server: &str) -> Self {
        let host = |address: &str, isn, ip_id, clock| Host {
            address: address.parse().unwrap(),
            next: isn,
            ip_id,
            clock,
            tsval: 0,
            window: 512,
        };
        Talk {
            hosts: [host(client, 1_000_000, 100, 50_000), host(server, 7_000_000, 40_000, 900_000)],
            extensions: Vec::new(),
            packets: Vec::new(),
        }
    }

    /// Both begin anew with these initial sequence numbers; packets and clocks stay.
    pub fn renew(&mut self, client_isn: u32, server_isn: u32) {
        self.hosts[0].next = client_isn;
        self.hosts[1].next = server_isn;
    }

    /// What the next packet of `who` is like.
    pub fn segment(&mut self, at: i64, who: Who, flags: u8, payload: &[u8]) -> Segment {
        let (me, peer) = (who as usize, 1 - who as usize);
        let (ack, echo, to) = (self.hosts[peer].next, self.hosts[peer].tsval, self.hosts[peer].address);
        let host = &mut self.hosts[me];
        host.ip_id = host.ip_id.wrapping_add(1);
        host.tsval = host.clock.wrapping_add((at / 1000) as u32);
        let acks = flags & ACK != 0;
        let mut options = if flags & SYN == 0 {
            vec![1, 1, 8, 10]
        } else {
            vec![2, 4, 0x05, 0xb4, 4, 2, 1, 3, 3, 7, 1, 1, 8, 10] // MSS 1460, SACK permitted, window scale 7, timestamps
        };
        options.extend(host.tsval.to_be_bytes());
        options.extend((if acks { echo } else { 0 }).to_be_bytes());
        options.resize(options.len().next_multiple_of(4), 1);
        Segment {
            from: host.address,
            to,
            ip_id: host.ip_id,
            ttl: if who == Client { 63 } else { 61 },
            seq: host.next,
            ack: if acks { ack } else { 0 },
            flags,
            window: if flags & SYN == 0 { host.window } else { 64_240 },
            options,
            payload: payload.to_vec(),
            extensions: self.extensions.clone(),
        }
    }

    /// A packet passes the capture point, changed by `change`; it takes its place in the sequence numbers.
    pub fn send_changed(&mut self, at: i64, who: Who, flags: u8, payload: &[u8], change: impl FnOnce(&mut Segment)) {
        let mut segment = self.segment(at, who, flags, payload);
        let new = payload.len() as u32 + u32::from(flags & SYN != 0) + u32::from(flags & FIN != 0);
        change(&mut segment);
        let host = &mut self.hosts[who as usize];
        let end = segment.seq.wrapping_add(new);
        if end.wrapping_sub(host.next) as i32 > 0 {
            host.next = end; // serial order: it passes 2^32
        }
        self.packets.push((NEW_YEAR + at * 1000, segment.ip()));
    }

    /// A packet passes the capture point.
    pub fn send(&mut self, at: i64, who: Who, flags: u8, payload: &[u8]) {
        self.send_changed(at, who, flags, payload, |_| ());
    }

    /// SYN, SYN-ACK and ACK: 15 ms to the server and back to here twice over, 5 ms to the client.
    pub fn handshake(&mut self, at: i64) {
        self.send(at, Client, SYN, b"");
        self.send(at + 30_000, Server, SYN | ACK, b"");
        self.send(at + 40_000, Client, ACK, b"");
    }

    /// A request of 120 bytes, its acknowledgement, the response of 2000 bytes in two segments 10 ms later, its acknowledgement. 90 ms in all.
    pub fn exchange(&mut self, at: i64) {
        self.send(at, Client, ACK | PSH, &[b'q'; 120]);
        self.send(at + 30_000, Server, ACK, b"");
        self.send(at + 40_000, Server, ACK, &[b'r'; 1448]);
        self.send(at + 40_100, Server, ACK | PSH, &[b'r'; 552]);
        self.send(at + 50_100, Client, ACK, b"");
    }

    /// The client closes, the server follows at once. 40 ms in all.
    pub fn close(&mut self, at: i64) {
        self.send(at, Client, FIN | ACK, b"");
        self.send(at + 30_000, Server, FIN | ACK, b"");
        self.send(at + 40_000, Client, ACK, b"");
    }

    /// The capture as frames of this link type.
    pub fn frames(&self, link: u16, wrap: impl Fn(&[u8]) -> Vec<u8>) -> Vec<Frame> {
        self.packets.iter().map(|(ns, ip)| Frame::whole(*ns, link, wrap(ip))).collect()
    }

    /// The capture as untagged Ethernet frames.
    pub fn ethernet(&self) -> Vec<Frame> {
        self.frames(crate::kit::capture::ETHERNET, |ip| crate::kit::packet::ethernet(&[], ip))
    }

    /// From the client?
    pub fn is_from_client(&self, ip: &[u8]) -> bool {
        match self.hosts[0].address.ip() {
            std::net::IpAddr::V4(v4) => ip[12..16] == v4.octets(),
            std::net::IpAddr::V6(v6) => ip[8..24] == v6.octets(),
        }
    }
}
