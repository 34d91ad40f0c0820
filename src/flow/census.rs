//! Which ports are servers', as far as the whole capture shows: for connections whose beginning was not captured (`semantics.md` 1).

use hashbrown::{HashMap, HashSet};

use crate::base::{Endpoint, RoleEvidence, Segment, Side};

/// Server ports of this capture, and peers of endpoints whose connections were picked up in their middle.
#[derive(Debug, Default)]
pub struct Census {
    servers: HashSet<Endpoint>,
    peers: HashMap<Endpoint, u32>,
}

/// IANA: system ports.
const SYSTEM_PORTS: u16 = 1024;
/// Where the ephemeral ports of common systems begin (Linux; IANA's own range begins at 49152).
const EPHEMERAL: u16 = 32768;
/// Registered ports above the system range that servers commonly use.
const COMMON: [u16; 20] = [
    1080, 1433, 1521, 1883, 2049, 2181, 3128, 3306, 3389, 5060, 5201, 5222, 5432, 5672, 6379, 8080, 8443, 9092, 9200,
    27017,
];
/// Memory: no more endpoints than this are remembered.
const MOST: usize = 1 << 20;

impl Census {
    /// Learns from a segment with SYN.
    pub fn learn(&mut self, segment: &Segment) {
        if !segment.flags.syn() || self.servers.len() >= MOST {
            return;
        }
        let server = if segment.flags.ack() { segment.from() } else { segment.from().other() };
        let server = segment.key.endpoint(server);
        if !self.servers.contains(&server) {
            self.servers.insert(server);
        }
    }

    /// Who is the client of the connection that this segment opens?
    pub fn client(&mut self, segment: &Segment) -> (Side, RoleEvidence) {
        let (from, flags) = (segment.from(), segment.flags);
        if flags.is_syn_only() {
            return (from, RoleEvidence::Syn);
        }
        if flags.is_syn_ack() {
            return (from.other(), RoleEvidence::SynAck);
        }
        let lo = segment.key.endpoint(Side::Lo);
        let hi = segment.key.endpoint(Side::Hi);
        let by = |lo_serves: bool, hi_serves: bool| match (lo_serves, hi_serves) {
            (true, false) => Some(Side::Hi),
            (false, true) => Some(Side::Lo),
            _ => None,
        };
        if let Some(client) = by(self.servers.contains(&lo), self.servers.contains(&hi)) {
            return (client, RoleEvidence::ServerPortSeen);
        }
        if flags.rst() {
            return (from.other(), RoleEvidence::ResetTarget);
        }
        let (lo_peers, hi_peers) = (self.met(lo), self.met(hi));
        if let Some(client) = by(lo_peers > hi_peers + 1, hi_peers > lo_peers + 1) {
            return (client, RoleEvidence::MostPeers);
        }
        if let Some(client) = by(lo.port < SYSTEM_PORTS, hi.port < SYSTEM_PORTS)
            .or_else(|| by(COMMON.contains(&lo.port), COMMON.contains(&hi.port)))
        {
            return (client, RoleEvidence::WellKnownPort);
        }
        if let Some(client) = by(lo.port < EPHEMERAL, hi.port < EPHEMERAL) {
            return (client, RoleEvidence::PortOrder);
        }
        (from, RoleEvidence::FirstPacket)
    }

    /// Connections of this endpoint that were picked up in their middle, this one included: each is another peer.
    fn met(&mut self, endpoint: Endpoint) -> u32 {
        if self.peers.len() >= MOST && !self.peers.contains_key(&endpoint) {
            return 0;
        }
        let n = self.peers.entry(endpoint).or_default();
        *n += 1;
        *n
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{FlowKey, TcpFlags};

    fn segment(src: (u8, u16), dst: (u8, u16), flags: TcpFlags) -> Segment {
        let end = |(host, port)| Endpoint::v4([10, 0, 0, host], port);
        let (key, side) = FlowKey::of(end(src), end(dst));
        let mut s = Segment { key, flags, ..Segment::default() };
        s.bits.set_if(crate::base::SegmentBits::FROM_HI, side == Side::Hi);
        s
    }

    #[test]
    fn a_port_that_was_called_before_is_the_server_even_when_it_speaks_first() {
        let mut census = Census::default();
        census.learn(&segment((1, 5000), (2, 40000), TcpFlags::SYN));
        let s = segment((2, 40000), (3, 6000), TcpFlags::ACK);
        assert_eq!(census.client(&s), (s.from().other(), RoleEvidence::ServerPortSeen));
    }

    #[test]
    fn ports_decide_where_nothing_else_does() {
        let mut census = Census::default();
        let s = segment((2, 443), (3, 50000), TcpFlags::ACK);
        assert_eq!(census.client(&s), (s.from().other(), RoleEvidence::WellKnownPort));
        let s = segment((2, 5000), (3, 50000), TcpFlags::ACK);
        assert_eq!(census.client(&s), (s.from().other(), RoleEvidence::PortOrder));
        let s = segment((2, 50001), (3, 50002), TcpFlags::ACK);
        assert_eq!(census.client(&s), (s.from(), RoleEvidence::FirstPacket));
    }
}
