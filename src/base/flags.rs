//! The control bits of the TCP header (RFC 9293 3.1, RFC 3168 for ECE and CWR, RFC 9768 for AE).

use std::fmt;

use super::packed::packed_number;

/// The nine flag bits in the order of the header, FIN lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TcpFlags(pub u16);

packed_number! { TcpFlags(u16) }

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: TcpFlags = TcpFlags(0x001);
    /// Synchronize sequence numbers.
    pub const SYN: TcpFlags = TcpFlags(0x002);
    /// Reset the connection.
    pub const RST: TcpFlags = TcpFlags(0x004);
    /// Push function.
    pub const PSH: TcpFlags = TcpFlags(0x008);
    /// The acknowledgement field is significant.
    pub const ACK: TcpFlags = TcpFlags(0x010);
    /// The urgent pointer is significant.
    pub const URG: TcpFlags = TcpFlags(0x020);
    /// ECN echo.
    pub const ECE: TcpFlags = TcpFlags(0x040);
    /// Congestion window reduced.
    pub const CWR: TcpFlags = TcpFlags(0x080);
    /// Accurate ECN.
    pub const AE: TcpFlags = TcpFlags(0x100);

    /// All bits of `wanted` are set.
    pub const fn has(self, wanted: TcpFlags) -> bool {
        self.0 & wanted.0 == wanted.0
    }

    /// At least one bit of `wanted` is set.
    pub const fn any(self, wanted: TcpFlags) -> bool {
        self.0 & wanted.0 != 0
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: TcpFlags) -> TcpFlags {
        TcpFlags(self.0 | other.0)
    }

    /// SYN is set.
    pub const fn syn(self) -> bool {
        self.has(Self::SYN)
    }

    /// ACK is set.
    pub const fn ack(self) -> bool {
        self.has(Self::ACK)
    }

    /// FIN is set.
    pub const fn fin(self) -> bool {
        self.has(Self::FIN)
    }

    /// RST is set.
    pub const fn rst(self) -> bool {
        self.has(Self::RST)
    }

    /// A connection request: SYN without ACK.
    pub const fn is_syn_only(self) -> bool {
        self.syn() && !self.ack()
    }

    /// The answer to one: SYN and ACK.
    pub const fn is_syn_ack(self) -> bool {
        self.syn() && self.ack()
    }
}

impl fmt::Display for TcpFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, letter) in "FSRPAUECN".chars().enumerate() {
            if self.0 & (1 << i) != 0 {
                write!(f, "{letter}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_ack_is_no_syn_ack() {
        assert!(!TcpFlags::ACK.is_syn_ack());
        assert!(TcpFlags::SYN.with(TcpFlags::ACK).is_syn_ack());
        assert_eq!(TcpFlags::SYN.with(TcpFlags::ACK).to_string(), "SA");
    }
}
