//! Who is the client, and how that is known.

use super::packed::packed_names;

/// How it was decided who is the client, best first (`semantics.md` 1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RoleEvidence {
    /// A SYN: certain.
    Syn,
    /// A SYN-ACK.
    SynAck,
    /// The port received a SYN or sent a SYN-ACK elsewhere in this capture.
    ServerPortSeen,
    /// The endpoint with more distinct peers.
    MostPeers,
    /// A well-known port.
    WellKnownPort,
    /// The other port is an ephemeral one.
    PortOrder,
    /// The one that a RST or ICMP error answers is the client.
    ResetTarget,
    /// Who sent the first packet.
    #[default]
    FirstPacket,
}

packed_names! { RoleEvidence { Syn, SynAck, ServerPortSeen, MostPeers, WellKnownPort, PortOrder, ResetTarget, FirstPacket } }
