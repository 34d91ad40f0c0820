//! Who talks to whom: endpoints, and the unordered pair of them that names a connection.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::packed::{Pack, Sink, Source, packed_names};

/// An address and a port. IPv4 addresses are kept IPv4-mapped (`::ffff:a.b.c.d`), a form that never appears on the wire itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// The address in network order, IPv4 mapped.
    pub addr: [u8; 16],
    /// The TCP port.
    pub port: u16,
}

const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/// An IPv4 address in the mapped form, in one piece: an address that was put together in memory from two pieces and is read as one a moment
/// later makes the processor wait.
#[inline]
const fn mapped(address: [u8; 4]) -> [u8; 16] {
    (0xffff_0000_0000 | u32::from_be_bytes(address) as u128).to_be_bytes()
}

impl Endpoint {
    /// An endpoint of IPv4.
    #[inline]
    pub const fn v4(addr: [u8; 4], port: u16) -> Self {
        Self { addr: mapped(addr), port }
    }

    /// An endpoint of IPv6.
    pub const fn v6(addr: [u8; 16], port: u16) -> Self {
        Self { addr, port }
    }

    /// It is an endpoint of IPv4.
    pub fn is_v4(&self) -> bool {
        self.addr[..12] == MAPPED
    }

    /// The address as the standard library has it.
    pub fn ip(&self) -> IpAddr {
        match self.addr {
            [.., a, b, c, d] if self.is_v4() => Ipv4Addr::new(a, b, c, d).into(),
            addr => Ipv6Addr::from(addr).into(),
        }
    }
}

/// In words, not byte by byte.
impl Hash for Endpoint {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(u128::from_ne_bytes(self.addr));
        state.write_u16(self.port);
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ip() {
            IpAddr::V4(ip) => write!(f, "{ip}:{}", self.port),
            IpAddr::V6(ip) => write!(f, "[{ip}]:{}", self.port),
        }
    }
}

/// Which endpoint of a [`FlowKey`]: the key knows no client and no server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Side {
    /// The lower endpoint.
    #[default]
    Lo = 0,
    /// The higher endpoint.
    Hi = 1,
}

packed_names! { Side { Lo, Hi } }

impl Side {
    /// The opposite endpoint.
    #[must_use]
    pub const fn other(self) -> Side {
        match self {
            Side::Lo => Side::Hi,
            Side::Hi => Side::Lo,
        }
    }
}

/// The unordered pair of endpoints: the same for both directions of a connection.
///
/// Tags (VLAN, VNI, GRE key …) are not part of it: they often differ between the directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowKey {
    lo: [u8; 16],
    hi: [u8; 16],
    lo_port: u16,
    hi_port: u16,
}

/// An address as two words; of one of IPv4, which is kept mapped, only its four bytes are not zero.
fn address_words(address: [u8; 16]) -> [u64; 2] {
    let number = u128::from_be_bytes(address) ^ u128::from_be_bytes(mapped([0; 4]));
    [(number >> u64::BITS) as u64, number as u64]
}

/// The address of which [`address_words`] made these.
fn address_of(upper: u64, lower: u64) -> [u8; 16] {
    let number = u128::from(upper) << u64::BITS | u128::from(lower);
    (number ^ u128::from_be_bytes(mapped([0; 4]))).to_be_bytes()
}

impl Pack for FlowKey {
    fn pack(&self, sink: &mut Sink<'_>) {
        let ([a, b], [c, d]) = (address_words(self.lo), address_words(self.hi));
        sink.group([a, c]);
        sink.put([b, d, u64::from(self.lo_port) | u64::from(self.hi_port) << 16]);
    }

    fn unpack(source: &mut Source<'_>) -> Self {
        let mut upper = source.group::<2>();
        let [b, d, ports] = source.take();
        let (lo, hi) = (address_of(upper.word(), b), address_of(upper.word(), d));
        Self { lo, hi, lo_port: ports as u16, hi_port: (ports >> 16) as u16 }
    }
}

/// In words, not byte by byte.
impl Hash for FlowKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(u128::from_ne_bytes(self.lo));
        state.write_u128(u128::from_ne_bytes(self.hi));
        state.write_u64(self.ports());
    }
}

impl FlowKey {
    /// The key of a packet from `src` to `dst`, and which of its sides `src` is. Where both are the same endpoint the source is `Lo`.
    #[inline]
    pub const fn of(src: Endpoint, dst: Endpoint) -> (FlowKey, Side) {
        let (a, b) = (u128::from_be_bytes(src.addr), u128::from_be_bytes(dst.addr));
        let swap = a > b || (a == b && src.port > dst.port);
        // The direction of the next packet is hard to guess, and a wrong guess costs more than all of this: no branches.
        let addr = (a ^ b) & (swap as u128).wrapping_neg();
        let port = (src.port ^ dst.port) & (swap as u16).wrapping_neg();
        let key = FlowKey {
            lo: (a ^ addr).to_be_bytes(),
            hi: (b ^ addr).to_be_bytes(),
            lo_port: src.port ^ port,
            hi_port: dst.port ^ port,
        };
        (key, if swap { Side::Hi } else { Side::Lo })
    }

    /// As [`FlowKey::of`], for addresses of IPv4: with its port each fits into a word.
    #[inline]
    pub fn of_v4(src: ([u8; 4], u16), dst: ([u8; 4], u16)) -> (FlowKey, Side) {
        let rank = |(addr, port)| u64::from(u32::from_be_bytes(addr)) << 16 | u64::from(port);
        let (a, b) = (rank(src), rank(dst));
        let (lo, hi) = (a.min(b), a.max(b));
        let addr = |rank: u64| mapped(((rank >> 16) as u32).to_be_bytes());
        let key = FlowKey { lo: addr(lo), hi: addr(hi), lo_port: lo as u16, hi_port: hi as u16 };
        (key, if a > b { Side::Hi } else { Side::Lo })
    }

    /// The address on `side` as two words, in the byte order of this machine: for hashes.
    #[inline]
    pub const fn words(&self, side: Side) -> [u64; 2] {
        let addr = match side {
            Side::Lo => self.lo,
            Side::Hi => self.hi,
        };
        let both = u128::from_ne_bytes(addr);
        [both as u64, (both >> 64) as u64]
    }

    /// Its packets are IPv4.
    #[inline]
    pub fn is_v4(&self) -> bool {
        self.lo[..12] == MAPPED
    }

    /// Both addresses as one word, of a key that was made of addresses of IPv4.
    #[inline]
    pub const fn v4_addresses(&self) -> u64 {
        let ([.., a, b, c, d], [.., e, f, g, h]) = (self.lo, self.hi);
        u64::from_ne_bytes([a, b, c, d, e, f, g, h])
    }

    /// Both ports as one word, in its lower half, in the order in which they lie in memory.
    #[inline]
    pub const fn ports(&self) -> u64 {
        self.lo_port as u64 | (self.hi_port as u64) << 16
    }

    /// The port on `side` as it lies in memory: for hashes.
    #[inline]
    pub const fn port(&self, side: Side) -> u64 {
        match side {
            Side::Lo => self.lo_port as u64,
            Side::Hi => self.hi_port as u64,
        }
    }

    /// The endpoint on `side`.
    pub fn endpoint(&self, side: Side) -> Endpoint {
        match side {
            Side::Lo => Endpoint { addr: self.lo, port: self.lo_port },
            Side::Hi => Endpoint { addr: self.hi, port: self.hi_port },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_have_one_key() {
        let a = Endpoint::v4([10, 0, 0, 1], 40000);
        let b = Endpoint::v4([10, 0, 0, 2], 80);
        let (k1, s1) = FlowKey::of(a, b);
        let (k2, s2) = FlowKey::of(b, a);
        assert_eq!(k1, k2);
        assert_eq!(s1, s2.other());
        assert_eq!(k1.endpoint(s1), a);
        assert_eq!(a.to_string(), "10.0.0.1:40000");
        assert!(a.is_v4());
    }

    #[test]
    fn keys_order_endpoints_as_endpoints_are_ordered() {
        let addresses = [[10, 0, 0, 1], [10, 0, 0, 2], [9, 255, 0, 0], [200, 0, 0, 1]];
        let ends = addresses.iter().flat_map(|&addr| [1, 255, 256, 65_535].map(|port| (addr, port)));
        let ends: Vec<_> = ends.collect();
        for &src in &ends {
            for &dst in &ends {
                let (a, b) = (Endpoint::v4(src.0, src.1), Endpoint::v4(dst.0, dst.1));
                let (key, side) = FlowKey::of(a, b);
                assert_eq!((key, side), FlowKey::of_v4(src, dst));
                assert_eq!(side == Side::Hi, a > b);
                assert!(key.endpoint(Side::Lo) <= key.endpoint(Side::Hi));
                let six = |end: Endpoint| Endpoint { addr: end.addr.map(|byte| byte.rotate_left(3)), ..end };
                assert_eq!(FlowKey::of(six(a), six(b)).1 == Side::Hi, six(a) > six(b));
            }
        }
    }
}
