//! What a layer says of the bytes behind it.

use super::bytes::Bytes;
use super::fragments::Datagram;
use super::skip::Skip;

/// Where the decoder goes from here: every layer is a function that returns one of these, and a loop follows them.
pub(crate) enum Step<'a> {
    /// The protocol of this `EtherType`.
    Ether(u16, Bytes<'a>),
    /// An IP packet of either version.
    Ip(Bytes<'a>),
    /// An IP packet that came in fragments.
    Datagram(&'a Datagram),
    /// There is no segment.
    Stop(Skip),
}
