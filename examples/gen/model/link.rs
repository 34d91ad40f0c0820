//! Link layers that a capture can have.

use super::packet::CLIENT;

/// The link layer of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Ethernet,
    /// Ethernet with an 802.1Q tag.
    Vlan,
    /// Linux cooked capture, and its second version.
    Sll,
    Sll2,
    /// Nothing below IP.
    Raw,
    /// BSD loopback.
    Null,
}

const IPV4: [u8; 2] = [0x08, 0x00];
const IPV6: [u8; 2] = [0x86, 0xdd];
const MAC: [[u8; 6]; 2] = [[2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]];

impl Link {
    /// All of them.
    pub const ALL: [Link; 6] = [Link::Ethernet, Link::Vlan, Link::Sll, Link::Sll2, Link::Raw, Link::Null];

    /// Its number in capture files (`LINKTYPE_`).
    pub fn number(self) -> u16 {
        match self {
            Link::Ethernet | Link::Vlan => 1,
            Link::Sll => 113,
            Link::Sll2 => 276,
            Link::Raw => 101,
            Link::Null => 0,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Link::Ethernet => "ethernet",
            Link::Vlan => "vlan",
            Link::Sll => "sll",
            Link::Sll2 => "sll2",
            Link::Raw => "raw",
            Link::Null => "null",
        }
    }

    /// Appends the header of a packet that `from` sends.
    pub fn write_header(self, out: &mut Vec<u8>, from: usize, v6: bool) {
        let protocol = if v6 { IPV6 } else { IPV4 };
        // Captured by a host next to the client: what comes from there is for somebody else.
        let packet_type = if from == CLIENT { 3 } else { 0 };
        match self {
            Link::Ethernet => {
                out.extend_from_slice(&MAC[1 - from]);
                out.extend_from_slice(&MAC[from]);
                out.extend_from_slice(&protocol);
            }
            Link::Vlan => {
                out.extend_from_slice(&MAC[1 - from]);
                out.extend_from_slice(&MAC[from]);
                out.extend_from_slice(&[0x81, 0, 0, 12]);
                out.extend_from_slice(&protocol);
            }
            Link::Sll => {
                out.extend_from_slice(&[0, packet_type, 0, 1, 0, 6]);
                out.extend_from_slice(&MAC[from]);
                out.extend_from_slice(&[0, 0]);
                out.extend_from_slice(&protocol);
            }
            Link::Sll2 => {
                out.extend_from_slice(&protocol);
                out.extend_from_slice(&[0, 0, 0, 0, 0, 2, 0, 1, packet_type, 6]);
                out.extend_from_slice(&MAC[from]);
                out.extend_from_slice(&[0, 0]);
            }
            Link::Raw => {}
            // The protocol family in the byte order of the machine: AF_INET, and FreeBSD's AF_INET6.
            Link::Null => out.extend_from_slice(&[if v6 { 28 } else { 2 }, 0, 0, 0]),
        }
    }
}
