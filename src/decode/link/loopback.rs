//! The loopback interface of BSD systems (`LINKTYPE_NULL`, `LINKTYPE_LOOP`): four bytes of protocol family.

use crate::decode::bytes::Bytes;
use crate::decode::skip::Skip;
use crate::decode::step::Step;

/// `AF_INET`, everywhere.
const INET: u32 = 2;
/// `AF_INET6` of Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS.
const INET6: [u32; 5] = [10, 23, 24, 28, 30];

/// The family in the byte order of the machine that captured, which is unknown here: families are small numbers.
pub(super) fn parse_null(bytes: Bytes<'_>) -> Step<'_> {
    match bytes.split::<4>() {
        Some((&field, rest)) => family(u32::from_le_bytes(field).min(u32::from_be_bytes(field)), rest),
        None => Step::Stop(Skip::TruncatedLink),
    }
}

/// The family in network byte order.
pub(super) fn parse_loop(bytes: Bytes<'_>) -> Step<'_> {
    match bytes.split::<4>() {
        Some((&field, rest)) => family(u32::from_be_bytes(field), rest),
        None => Step::Stop(Skip::TruncatedLink),
    }
}

fn family(family: u32, rest: Bytes<'_>) -> Step<'_> {
    if family == INET || INET6.contains(&family) { Step::Ip(rest) } else { Step::Stop(Skip::OtherNetwork) }
}
