//! Why a frame gave no segment.

/// The reason for which a frame gave neither a segment nor an ICMP error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Skip {
    /// The link layer is none that is known here.
    UnknownLinkType,
    /// Address resolution: ARP or RARP.
    Arp,
    /// IEEE 802.2 LLC that carries no IP, as spanning tree does.
    Llc,
    /// A network protocol that is not IP, by its `EtherType`, address family or PPP protocol number.
    OtherNetwork,
    /// UDP.
    Udp,
    /// VXLAN (RFC 7348), by its UDP port; the tunnel is not followed.
    Vxlan,
    /// Geneve (RFC 8926), by its UDP port; the tunnel is not followed.
    Geneve,
    /// GTP-U (3GPP TS 29.281), by its UDP port; the tunnel is not followed.
    GtpU,
    /// GRE (RFC 2784); the tunnel is not followed.
    Gre,
    /// ESP (RFC 4303): what is inside is encrypted.
    Esp,
    /// An ICMP or `ICMPv6` message that quotes no TCP segment.
    Icmp,
    /// Another protocol over IP.
    OtherProtocol,
    /// An IP fragment whose rest is missing, or was given up waiting for.
    Fragment,
    /// The capture cut the frame before its IP header.
    TruncatedLink,
    /// The capture cut the frame within its IP headers.
    TruncatedIp,
    /// The capture cut the frame within the first 14 bytes of the TCP header, or the quote of an ICMP error.
    TruncatedTcp,
    /// An IP header that cannot be: version, header length, total length or fragment offset contradict each other.
    MalformedIp,
    /// A TCP header that cannot be: shorter than 20 bytes, by its own word or for want of room in the IP packet.
    MalformedTcp,
    /// More layers than anybody stacks on purpose.
    TooDeep,
}

impl Skip {
    /// All reasons, in the order of their declaration.
    pub const ALL: [Skip; 19] = [
        Skip::UnknownLinkType,
        Skip::Arp,
        Skip::Llc,
        Skip::OtherNetwork,
        Skip::Udp,
        Skip::Vxlan,
        Skip::Geneve,
        Skip::GtpU,
        Skip::Gre,
        Skip::Esp,
        Skip::Icmp,
        Skip::OtherProtocol,
        Skip::Fragment,
        Skip::TruncatedLink,
        Skip::TruncatedIp,
        Skip::TruncatedTcp,
        Skip::MalformedIp,
        Skip::MalformedTcp,
        Skip::TooDeep,
    ];

    /// A short phrase for people.
    pub const fn phrase(self) -> &'static str {
        match self {
            Skip::UnknownLinkType => "unknown link type",
            Skip::Arp => "ARP",
            Skip::Llc => "802.2 LLC without IP",
            Skip::OtherNetwork => "not IP",
            Skip::Udp => "UDP",
            Skip::Vxlan => "VXLAN tunnel, not followed",
            Skip::Geneve => "Geneve tunnel, not followed",
            Skip::GtpU => "GTP-U tunnel, not followed",
            Skip::Gre => "GRE tunnel, not followed",
            Skip::Esp => "encrypted (ESP)",
            Skip::Icmp => "ICMP without a quoted TCP segment",
            Skip::OtherProtocol => "other IP protocol",
            Skip::Fragment => "IP fragments, never completed",
            Skip::TruncatedLink => "cut before the IP header",
            Skip::TruncatedIp => "cut within the IP header",
            Skip::TruncatedTcp => "cut within the TCP header",
            Skip::MalformedIp => "malformed IP header",
            Skip::MalformedTcp => "malformed TCP header",
            Skip::TooDeep => "too many layers",
        }
    }
}

/// How many frames were skipped, by reason.
#[derive(Clone, Debug, Default)]
pub(crate) struct SkipCounts([u64; Skip::ALL.len()]);

impl SkipCounts {
    /// Counts one frame.
    pub(crate) fn add(&mut self, skip: Skip) {
        if let Some(count) = self.0.get_mut(skip as usize) {
            *count += 1;
        }
    }

    /// Takes back `frames` frames that were counted too early.
    pub(crate) fn take_back(&mut self, skip: Skip, frames: u64) {
        if let Some(count) = self.0.get_mut(skip as usize) {
            *count = count.saturating_sub(frames);
        }
    }

    /// Frames skipped for this reason.
    pub(crate) fn of(&self, skip: Skip) -> u64 {
        self.0.get(skip as usize).copied().unwrap_or(0)
    }

    /// The reasons that occurred, most frequent first.
    pub(crate) fn sorted(&self) -> Vec<(Skip, u64)> {
        let mut counts: Vec<_> = Skip::ALL.iter().map(|&skip| (skip, self.of(skip))).filter(|&(_, n)| n > 0).collect();
        counts.sort_by_key(|&(_, n)| std::cmp::Reverse(n));
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_place_and_phrase() {
        for (index, skip) in Skip::ALL.iter().enumerate() {
            assert_eq!(*skip as usize, index);
        }
        let mut phrases: Vec<_> = Skip::ALL.iter().map(|skip| skip.phrase()).collect();
        phrases.sort_unstable();
        phrases.dedup();
        assert_eq!(phrases.len(), Skip::ALL.len());
    }

    #[test]
    fn the_most_frequent_reason_comes_first() {
        let mut counts = SkipCounts::default();
        counts.add(Skip::Arp);
        counts.add(Skip::Fragment);
        counts.add(Skip::Fragment);
        counts.add(Skip::Udp);
        counts.take_back(Skip::Udp, 1);
        assert_eq!(counts.sorted(), [(Skip::Fragment, 2), (Skip::Arp, 1)]);
    }
}
