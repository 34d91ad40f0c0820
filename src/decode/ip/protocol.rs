//! Protocol numbers (IANA), which IPv6 calls next headers.

/// IPv6 hop-by-hop options (RFC 8200 4.3).
pub(crate) const HOP_BY_HOP: u8 = 0;
/// ICMP.
pub(crate) const ICMP: u8 = 1;
/// IPv4 inside IP.
pub(crate) const IPV4: u8 = 4;
/// TCP.
pub(crate) const TCP: u8 = 6;
/// UDP.
pub(crate) const UDP: u8 = 17;
/// IPv6 inside IP.
pub(crate) const IPV6: u8 = 41;
/// IPv6 routing header (RFC 8200 4.4).
pub(crate) const ROUTING: u8 = 43;
/// IPv6 fragment header (RFC 8200 4.5).
pub(crate) const FRAGMENT: u8 = 44;
/// GRE.
pub(crate) const GRE: u8 = 47;
/// Encapsulating security payload (RFC 4303).
pub(crate) const ESP: u8 = 50;
/// Authentication header (RFC 4302).
pub(crate) const AUTHENTICATION: u8 = 51;
/// `ICMPv6`.
pub(crate) const ICMPV6: u8 = 58;
/// IPv6 destination options (RFC 8200 4.6).
pub(crate) const DESTINATION_OPTIONS: u8 = 60;
/// Mobility header (RFC 6275).
pub(crate) const MOBILITY: u8 = 135;
/// Host identity protocol (RFC 7401).
pub(crate) const HOST_IDENTITY: u8 = 139;
/// Shim6 (RFC 5533).
pub(crate) const SHIM6: u8 = 140;
