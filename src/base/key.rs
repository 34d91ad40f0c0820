//! Who talks to whom: endpoints, and the unordered pair of them that names a connection.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// An address and a port. IPv4 addresses are kept IPv4-mapped (`::ffff:a.b.c.d`), a form that never appears on the wire itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// The address in network order, IPv4 mapped.
    pub addr: [u8; 16],
    /// The TCP port.
    pub port: u16,
}

const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

impl Endpoint {
    /// An endpoint of IPv4.
    pub fn v4(addr: [u8; 4], port: u16) -> Self {
        let mut mapped = [0; 16];
        mapped[..12].copy_from_slice(&MAPPED);
        mapped[12..].copy_from_slice(&addr);
        Self { addr: mapped, port }
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
        Ipv6Addr::from(self.addr).to_canonical()
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The lower endpoint.
    Lo = 0,
    /// The higher endpoint.
    Hi = 1,
}

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FlowKey {
    lo: [u8; 16],
    hi: [u8; 16],
    lo_port: u16,
    hi_port: u16,
}

impl FlowKey {
    /// The key of a packet from `src` to `dst`, and which of its sides `src` is. Where both are the same endpoint the source is `Lo`.
    pub fn of(src: Endpoint, dst: Endpoint) -> (FlowKey, Side) {
        let swap = src > dst;
        let (lo, hi) = if swap { (dst, src) } else { (src, dst) };
        let key = FlowKey { lo: lo.addr, hi: hi.addr, lo_port: lo.port, hi_port: hi.port };
        (key, if swap { Side::Hi } else { Side::Lo })
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
    }
}
