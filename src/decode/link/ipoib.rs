//! IP over `InfiniBand` (RFC 4391).

use crate::decode::bytes::Bytes;
use crate::decode::skip::Skip;
use crate::decode::step::Step;

/// A global routing header of 40 bytes, or what the system puts in its place; then the `EtherType` and two reserved bytes (RFC 4391 6).
pub(super) fn parse(bytes: Bytes<'_>) -> Step<'_> {
    match bytes.split::<44>() {
        Some((&[.., high, low, _, _], rest)) => super::ether_type_only([high, low], rest),
        None => Step::Stop(Skip::TruncatedLink),
    }
}
