//! IP of both versions, up to the header of what it carries.

mod extensions;
pub(crate) mod protocol;
mod v4;
mod v6;

pub(crate) use extensions::follow as follow_extensions;

use super::bytes::Bytes;
use super::skip::Skip;
use crate::base::{Endpoint, SegmentBits};

/// An IP packet behind its headers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet<'a> {
    /// The sender as [`Endpoint`] keeps addresses, IPv4 mapped.
    pub(crate) source: [u8; 16],
    /// The receiver.
    pub(crate) destination: [u8; 16],
    /// Bytes of IP headers, extensions included.
    pub(crate) header_len: usize,
    /// What the payload is, see [`protocol`].
    pub(crate) protocol: u8,
    /// Time to live or hop limit.
    pub(crate) ttl: u8,
    /// The IPv4 identification.
    pub(crate) ip_id: u16,
    /// What is known of the segment so far: `IPV4`, `CE`, `LEN_FROM_FRAME`, `FRAGMENTED`.
    pub(crate) bits: SegmentBits,
    /// The addresses are those that the checksum of the payload covers. Not so where a packet with a routing header is under way, or a
    /// mobile node writes its care-of address (RFC 8200 8.1, RFC 6275 11.3.1).
    pub(crate) has_final_addresses: bool,
    /// It is the first fragment of a datagram that is not reassembled: the payload is only the beginning of what was sent.
    pub(crate) is_lone_fragment: bool,
    /// It is a first fragment that no host can put together with others.
    pub(crate) is_undeliverable: bool,
    /// It is a part of a packet, and what `payload` holds is a part of the payload.
    pub(crate) fragment: Option<Fragment>,
    /// The payload, of the length that the IP header says.
    pub(crate) payload: Bytes<'a>,
}

impl Packet<'_> {
    /// Everything that the checksum of its payload covers is known.
    #[inline]
    pub(crate) fn can_be_verified(&self) -> bool {
        self.payload.is_whole()
            && self.has_final_addresses
            && !self.is_lone_fragment
            && !self.bits.has(SegmentBits::LEN_FROM_FRAME)
    }

    /// It is IPv4.
    #[inline]
    pub(crate) fn is_v4(&self) -> bool {
        self.bits.has(SegmentBits::IPV4)
    }

    /// The sender and the receiver with these ports.
    #[inline]
    pub(crate) fn endpoints(&self, source_port: u16, destination_port: u16) -> (Endpoint, Endpoint) {
        (Endpoint { addr: self.source, port: source_port }, Endpoint { addr: self.destination, port: destination_port })
    }
}

/// Which part of a datagram a fragment is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fragment {
    /// The datagram, among those between the same addresses.
    pub(crate) identification: u32,
    /// Where the payload of the fragment belongs, in bytes.
    pub(crate) offset: usize,
    /// It is not the last one.
    pub(crate) more: bool,
}

impl Fragment {
    /// No datagram can be made of it: more is to follow a payload of this length, but fragments only begin at multiples of 8
    /// (RFC 791 3.2, RFC 8200 4.5).
    pub(crate) fn fits_nowhere(&self, length: usize) -> bool {
        self.more && !length.is_multiple_of(8)
    }
}

/// A packet of the version that its first nibble says.
pub(crate) fn parse(bytes: Bytes<'_>) -> Result<Packet<'_>, Skip> {
    match bytes.captured().first().map(|byte| byte >> 4) {
        Some(4) => v4::parse(bytes),
        Some(6) => v6::parse(bytes),
        Some(_) => Err(Skip::MalformedIp),
        None => Err(Skip::TruncatedIp),
    }
}

/// A packet as an ICMP error quotes it: cut short, and with a length field that routers and hosts are known to have altered
/// (RFC 1812 4.3.2.3 asks for the original, old BSD stacks swap or reduce it). Only the payload's beginning means anything.
pub(crate) fn parse_quote(bytes: Bytes<'_>) -> Result<Packet<'_>, Skip> {
    match bytes.captured().first().map(|byte| byte >> 4) {
        Some(4) => v4::parse_quote(bytes),
        Some(6) => v6::parse(bytes),
        _ => Err(Skip::Icmp),
    }
}

/// A header of `length` bytes that is not there: cut by the capture, or by the packet's own length.
fn short_of(length: usize, bytes: Bytes<'_>) -> Skip {
    if bytes.wire_len() < length { Skip::MalformedIp } else { Skip::TruncatedIp }
}
