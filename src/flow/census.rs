//! Which ports are servers', as far as the whole capture shows: for connections whose beginning was not captured (`semantics.md` 1).
//!
//! The verdict on a connection draws on other connections, and these may be analysed by other threads, or earlier or later. So the stage that
//! sees all segments in their order gathers what there is to know ([`Census`]), and whoever opens a connection asks what was known when its
//! segment came ([`CensusView`]): the answer is the same however far the gathering is ahead.

use std::sync::{Arc, PoisonError, RwLock};

use hashbrown::hash_table::Entry;
use hashbrown::{HashMap, HashTable};

use self::servers::Servers;
use self::settled::{Settled, bit};
use crate::base::{Endpoint, FlowHasher, FlowKey, RoleEvidence, Segment, Side};

/// IANA: system ports.
const SYSTEM_PORTS: u16 = 1024;
/// Where the ephemeral ports of common systems begin (Linux; IANA's own range begins at 49152).
const EPHEMERAL: u16 = 32768;
/// Registered ports above the system range that servers commonly use.
const COMMON: [u16; 20] = [
    1080, 1433, 1521, 1883, 2049, 2181, 3128, 3306, 3389, 5060, 5201, 5222, 5432, 5672, 6379, 8080, 8443, 9092, 9200,
    27017,
];
/// Memory: no more servers than this are remembered, and no more four-tuples that were picked up in their middle. A scan calls on millions
/// of endpoints that serve nothing, and each costs a hundred bytes here.
const MOST: usize = 1 << 17;

/// What has been gathered, as those who ask see it.
#[derive(Debug, Default)]
struct Known {
    /// Endpoints that were called or answered a call, and the frame that showed it first.
    servers: HashMap<Endpoint, u64>,
    /// The client's side of four-tuples where the peers of both endpoints told it, on the first segment. Nobody asks of an earlier one.
    clients: HashMap<FlowKey, Side>,
}

/// Gathers what the capture shows of servers, segment by segment, in the order of the capture.
#[derive(Debug)]
pub struct Census {
    /// Makes the hashes of endpoints.
    hasher: FlowHasher,
    servers: Servers,
    /// Four-tuples that were first seen in their middle, neither endpoint being known for a server, each with its hash.
    met: HashTable<(u64, FlowKey)>,
    /// In how many of these an endpoint takes part: each is another peer.
    peers: HashMap<Endpoint, u32>,
    /// Four-tuples of which only a SYN can teach more.
    settled: Settled,
    /// What is still to be published.
    new_servers: Vec<(Endpoint, u64)>,
    new_clients: Vec<(FlowKey, Side)>,
    known: Arc<RwLock<Known>>,
}

impl Default for Census {
    fn default() -> Self {
        Self {
            hasher: FlowHasher::default(),
            servers: Servers::default(),
            met: HashTable::new(),
            peers: HashMap::new(),
            settled: Settled::default(),
            new_servers: Vec::new(),
            new_clients: Vec::new(),
            known: Arc::default(),
        }
    }
}

impl Census {
    /// Has fetched from memory what it takes to learn from a segment.
    #[inline(always)]
    pub fn prefetch(&self, segment: &Segment, hash: u64) {
        self.settled.prefetch(hash);
        if segment.flags.syn() {
            self.servers.prefetch(self.hasher.hash_end(&segment.key, called(segment)));
        }
    }

    /// Learns from a segment; `hash`: that of its key.
    #[inline]
    pub fn learn(&mut self, segment: &Segment, hash: u64) {
        let teaches = match self.settled.servers(hash) {
            Some(servers) => segment.flags.syn() && servers & bit(called(segment)) == 0,
            None => true,
        };
        if teaches {
            self.learn_anew(segment, hash);
        }
    }

    /// Lets the views see what was learned. It has to be called before the segments are handed to those who ask.
    pub fn publish(&mut self) {
        if self.new_servers.is_empty() && self.new_clients.is_empty() {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.servers.extend(self.new_servers.drain(..));
        known.clients.extend(self.new_clients.drain(..));
    }

    /// For those who ask.
    pub fn view(&self) -> CensusView {
        CensusView { known: Arc::clone(&self.known) }
    }

    #[inline(never)]
    fn learn_anew(&mut self, segment: &Segment, hash: u64) {
        if segment.flags.syn() {
            return self.learn_server(segment, hash);
        }
        // A reset may come from anybody; it is no peer.
        if segment.flags.rst() {
            return;
        }
        let sides = [Side::Lo, Side::Hi];
        if !sides.iter().any(|&side| self.servers.has(self.hasher.hash_end(&segment.key, side))) {
            self.meet(&segment.key, hash, sides.map(|side| segment.key.endpoint(side)));
        }
        self.settled.add(hash, 0);
    }

    fn learn_server(&mut self, segment: &Segment, hash: u64) {
        let side = called(segment);
        let server = self.hasher.hash_end(&segment.key, side);
        if !self.servers.has(server) {
            if !self.servers.add(server) {
                return;
            }
            self.new_servers.push((segment.key.endpoint(side), segment.frame));
        }
        self.settled.add(hash, bit(side));
    }

    /// A four-tuple without a server: if it is a new one, it makes each endpoint a peer of the other.
    fn meet(&mut self, key: &FlowKey, hash: u64, ends: [Endpoint; 2]) {
        if self.met.len() >= MOST {
            return;
        }
        let Entry::Vacant(place) = self.met.entry(hash, |(_, met)| met == key, |&(hash, _)| hash) else { return };
        place.insert((hash, *key));
        let [lo, hi] = ends.map(|end| {
            let peers = self.peers.entry(end).or_default();
            *peers += 1;
            *peers
        });
        if let Some(client) = client_where(lo > hi + 1, hi > lo + 1) {
            self.new_clients.push((*key, client));
        }
    }
}

/// The side of the server, as a segment with SYN tells it.
fn called(segment: &Segment) -> Side {
    let from = segment.from();
    if segment.flags.ack() { from } else { from.other() }
}

/// Answers who is the client.
#[derive(Clone, Debug)]
pub struct CensusView {
    known: Arc<RwLock<Known>>,
}

impl CensusView {
    /// Who is the client of the connection that this segment opens? By what had been seen up to this segment, itself included.
    pub fn client(&self, segment: &Segment) -> (Side, RoleEvidence) {
        let (from, flags) = (segment.from(), segment.flags);
        if flags.is_syn_only() {
            return (from, RoleEvidence::Syn);
        }
        if flags.is_syn_ack() {
            return (from.other(), RoleEvidence::SynAck);
        }
        let [lo, hi] = [Side::Lo, Side::Hi].map(|side| segment.key.endpoint(side));
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let serves = |end: &Endpoint| known.servers.get(end).is_some_and(|&first| first <= segment.frame);
        if let Some(client) = client_where(serves(&lo), serves(&hi)) {
            return (client, RoleEvidence::ServerPortSeen);
        }
        if flags.rst() {
            return (from.other(), RoleEvidence::ResetTarget);
        }
        if let Some(&client) = known.clients.get(&segment.key) {
            return (client, RoleEvidence::MostPeers);
        }
        by_ports(lo.port, hi.port).unwrap_or((from, RoleEvidence::FirstPacket))
    }
}

/// The side that is not the server, where only one of them seems to be one.
fn client_where(lo_serves: bool, hi_serves: bool) -> Option<Side> {
    match (lo_serves, hi_serves) {
        (true, false) => Some(Side::Hi),
        (false, true) => Some(Side::Lo),
        _ => None,
    }
}

/// Who is the client, by the numbers of the ports.
fn by_ports(lo: u16, hi: u16) -> Option<(Side, RoleEvidence)> {
    let well_known = client_where(lo < SYSTEM_PORTS, hi < SYSTEM_PORTS)
        .or_else(|| client_where(COMMON.contains(&lo), COMMON.contains(&hi)));
    if let Some(client) = well_known {
        return Some((client, RoleEvidence::WellKnownPort));
    }
    client_where(lo < EPHEMERAL, hi < EPHEMERAL).map(|client| (client, RoleEvidence::PortOrder))
}

mod servers;
mod settled;
#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::{SegmentBits, TcpFlags};

    fn segment(src: (u8, u16), dst: (u8, u16), flags: TcpFlags) -> Segment {
        let end = |(host, port)| Endpoint::v4([10, 0, 0, host], port);
        let (key, side) = FlowKey::of(end(src), end(dst));
        let mut s = Segment { key, flags, ..Segment::default() };
        s.bits.set_if(SegmentBits::FROM_HI, side == Side::Hi);
        s
    }

    /// Learns from segments in their order, numbering them from 1, and says what is known after the last.
    fn after(segments: &[Segment]) -> (CensusView, Vec<Segment>) {
        let (mut census, hasher) = (Census::default(), FlowHasher::default());
        let numbered: Vec<Segment> = (1..).zip(segments).map(|(frame, &s)| Segment { frame, ..s }).collect();
        for s in &numbered {
            census.learn(s, hasher.hash(&s.key));
        }
        census.publish();
        (census.view(), numbered)
    }

    #[test]
    fn a_port_that_was_called_before_is_the_server_even_when_it_speaks_first() {
        let call = segment((1, 5000), (2, 40000), TcpFlags::SYN);
        let (view, segments) = after(&[call, segment((2, 40000), (3, 6000), TcpFlags::ACK)]);
        assert_eq!(view.client(&segments[1]), (segments[1].from().other(), RoleEvidence::ServerPortSeen));
    }

    #[test]
    fn what_comes_later_says_nothing_of_what_came_before() {
        let middle = segment((2, 40000), (3, 6000), TcpFlags::ACK);
        let (view, segments) = after(&[middle, segment((1, 5000), (2, 40000), TcpFlags::SYN), middle]);
        assert_eq!(view.client(&segments[0]).1, RoleEvidence::PortOrder);
        assert_eq!(view.client(&segments[2]).1, RoleEvidence::ServerPortSeen);
    }

    #[test]
    fn ports_decide_where_nothing_else_does() {
        let view = Census::default().view();
        let s = segment((2, 443), (3, 50000), TcpFlags::ACK);
        assert_eq!(view.client(&s), (s.from().other(), RoleEvidence::WellKnownPort));
        let s = segment((2, 5000), (3, 50000), TcpFlags::ACK);
        assert_eq!(view.client(&s), (s.from().other(), RoleEvidence::PortOrder));
        let s = segment((2, 50001), (3, 50002), TcpFlags::ACK);
        assert_eq!(view.client(&s), (s.from(), RoleEvidence::FirstPacket));
        let s = segment((2, 50001), (3, 50002), TcpFlags::RST);
        assert_eq!(view.client(&s), (s.from().other(), RoleEvidence::ResetTarget));
    }

    #[test]
    fn who_has_most_peers_is_the_server_from_the_third_on() {
        let from = |port| segment((9, port), (3, 50000), TcpFlags::ACK);
        // Neither more packets of a peer nor resets make more peers of it.
        let again = [from(40001), from(40001), segment((9, 40009), (3, 50000), TcpFlags::RST)];
        let (view, segments) = after(&[&again[..], &[from(40002), from(40003)]].concat());
        let evidence: Vec<_> = segments.iter().map(|s| view.client(s)).collect();
        assert_eq!(evidence[0], (segments[0].from(), RoleEvidence::FirstPacket));
        assert_eq!(evidence[3], (segments[3].from(), RoleEvidence::FirstPacket));
        assert_eq!(evidence[4], (segments[4].from(), RoleEvidence::MostPeers));
    }

    /// Source, destination and flags.
    type Packet = ((u8, u16), (u8, u16), u16);

    /// Packets between a few endpoints.
    fn packets() -> impl Strategy<Value = Vec<Packet>> {
        let end = || (0u8..3, 50_000u16..50_003);
        let flags = prop::sample::select(vec![0x02, 0x12, 0x10, 0x10, 0x10, 0x04]);
        prop::collection::vec((end(), end(), flags), 1..60)
    }

    proptest! {
        /// What needs no second look would say nothing new.
        #[test]
        fn a_second_look_changes_nothing(packets in packets()) {
            let (mut short, mut long, hasher) = (Census::default(), Census::default(), FlowHasher::default());
            let mut asked = Vec::new();
            for (frame, &(src, dst, flags)) in (1..).zip(&packets) {
                let s = Segment { frame, ..segment(src, dst, TcpFlags(flags)) };
                short.learn(&s, hasher.hash(&s.key));
                long.settled = Settled::default();
                long.learn(&s, hasher.hash(&s.key));
                asked.push(s);
            }
            short.publish();
            long.publish();
            for s in asked {
                prop_assert_eq!(short.view().client(&s), long.view().client(&s));
            }
        }

        /// The order of the capture decides, not how far those who ask are behind those who gather.
        #[test]
        fn it_does_not_matter_when_one_asks(packets in packets()) {
            let (mut census, hasher) = (Census::default(), FlowHasher::default());
            let view = census.view();
            let mut at_once = Vec::new();
            for (frame, &(src, dst, flags)) in (1..).zip(&packets) {
                let s = Segment { frame, ..segment(src, dst, TcpFlags(flags)) };
                census.learn(&s, hasher.hash(&s.key));
                census.publish();
                at_once.push((s, view.client(&s)));
            }
            for (s, expected) in at_once {
                prop_assert_eq!(view.client(&s), expected);
            }
        }
    }
}
