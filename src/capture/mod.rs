//! Bytes in, with their capture time and link type.

/// The link layer of a frame: the `LINKTYPE_` value of a capture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: a 4-byte protocol family in the byte order of the machine that captured.
    pub const NULL: LinkType = LinkType(0);
    /// Ethernet.
    pub const ETHERNET: LinkType = LinkType(1);
    /// Raw IP, IPv4 or IPv6 by its version field.
    pub const RAW: LinkType = LinkType(101);
    /// OpenBSD loopback: a 4-byte protocol family in network byte order.
    pub const LOOP: LinkType = LinkType(108);
    /// Linux cooked capture.
    pub const LINUX_SLL: LinkType = LinkType(113);
    /// Raw IPv4.
    pub const IPV4: LinkType = LinkType(228);
    /// Raw IPv6.
    pub const IPV6: LinkType = LinkType(229);
    /// Linux cooked capture v2.
    pub const LINUX_SLL2: LinkType = LinkType(276);
}

/// One captured frame; its bytes are borrowed from the reader.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Capture time.
    pub ts: crate::base::Timestamp,
    /// Its number in the capture, from 1.
    pub number: u64,
    /// Link layer of `data`.
    pub link: LinkType,
    /// Length on the wire; at least as long as `data`.
    pub wire_len: u32,
    /// The bytes that were captured.
    pub data: &'a [u8],
}
