//! The checksums of TCP (RFC 9293 3.1, RFC 1071) and of IPv4, and what network cards that compute that of TCP leave in its place.

use super::ip::{Packet, protocol};
use crate::base::SegmentBits;

/// How many checksums were verified, and what was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChecksumCounts {
    /// They are right.
    pub right: u64,
    /// They were left to the network card: the capture was made on the host that sent them.
    pub offloaded: u64,
    /// They are wrong.
    pub wrong: u64,
}

impl ChecksumCounts {
    /// Counts the result of [`verify`].
    pub(crate) fn add(&mut self, found: SegmentBits) {
        if found.has(SegmentBits::BAD_CHECKSUM) {
            self.wrong += 1;
        } else if found.has(SegmentBits::CHECKSUM_OFFLOAD) {
            self.offloaded += 1;
        } else {
            self.right += 1;
        }
    }
}

/// Everything that the checksum covers is known.
#[inline]
pub(crate) fn can_verify(packet: &Packet<'_>) -> bool {
    packet.payload.is_whole()
        && packet.has_final_addresses
        && !packet.is_lone_fragment
        && !packet.bits.has(SegmentBits::LEN_FROM_FRAME)
}

/// What the checksum field of a segment that was captured whole says: nothing if it is right.
///
/// A kernel that leaves the sum to the card writes the sum of the pseudo-header into the field, not complemented, with the length or,
/// for large sends to be cut into segments, with length 0.
#[inline]
pub(crate) fn verify(packet: &Packet<'_>, field: u16) -> SegmentBits {
    let length = packet.payload.wire_len() as u64;
    // IPv4 addresses are kept mapped: `::ffff:` adds 0xffff, which is zero in ones' complement.
    let addresses = sum(&packet.source) + sum(&packet.destination);
    let pseudo_header = addresses + swapped(length) + swapped(u64::from(protocol::TCP));
    if is_zero(fold(pseudo_header + sum(packet.payload.captured()))) {
        return SegmentBits::default();
    }
    let field = u64::from(field.to_be());
    let is_sum = |of: u64| is_zero(fold(of + (0xffff - field)));
    if is_sum(pseudo_header) || is_sum(addresses + swapped(u64::from(protocol::TCP))) {
        SegmentBits::CHECKSUM_OFFLOAD
    } else {
        SegmentBits::BAD_CHECKSUM
    }
}

/// The checksum of an IPv4 header (RFC 791 3.1) is right.
pub(crate) fn is_right(header: &[u8]) -> bool {
    is_zero(fold(sum(header)))
}

/// Sums 16-bit words in the byte order of this machine, eight bytes at a time, and folds to 32 bits: ones' complement does not care for
/// byte order nor for the width (RFC 1071 2 B, C). The carries gather in the upper half of the 128 bits.
#[inline]
fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    for (place, &byte) in last.iter_mut().zip(rest) {
        *place = byte;
    }
    let total = words
        .iter()
        .fold(u128::from(u64::from_ne_bytes(last)), |total, &word| total + u128::from(u64::from_ne_bytes(word)));
    let (low, carries) = (total as u64, (total >> 64) as u64);
    (low & 0xffff_ffff) + (low >> 32) + carries
}

/// A number as [`sum`] would see its bytes in network order.
fn swapped(number: u64) -> u64 {
    u64::from((number as u32).to_be())
}

/// The sum in 16 bits, with the carries added at the other end.
fn fold(sum: u64) -> u16 {
    let halves = |sum: u64, bits: u32| (sum & ((1 << bits) - 1)) + (sum >> bits);
    halves(halves(halves(halves(sum, 32), 32), 16), 16) as u16
}

/// Ones' complement has two zeros.
fn is_zero(sum: u16) -> bool {
    sum == 0 || sum == 0xffff
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 1071 3, its numerical example.
    #[test]
    fn the_example_of_rfc_1071() {
        assert_eq!(fold(sum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7])), 0xddf2u16.to_be());
    }

    #[test]
    fn an_odd_byte_counts_as_the_high_one() {
        assert_eq!(fold(sum(&[0, 0, 0, 0, 0x12])), 0x1200u16.to_be());
        assert_eq!(fold(sum(&[0x12, 0x34, 0x56])), (0x1234u16 + 0x5600).to_be());
    }
}
