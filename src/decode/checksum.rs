//! The checksums of TCP (RFC 9293 3.1, RFC 1071) and of IPv4, and what network cards that compute that of TCP leave in its place.

use super::ip::protocol;
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

/// What the checksum field of a segment that was captured whole says: nothing if it is right.
///
/// A kernel that leaves the sum to the card writes the sum of the pseudo-header into the field, not complemented, with the length or,
/// for large sends to be cut into segments, with length 0.
///
/// `addresses`: the sum of both ([`sum_of_few`]).
#[inline]
pub(crate) fn verify(addresses: u64, segment: &[u8], field: u16) -> SegmentBits {
    let pseudo_header = addresses + swapped(segment.len() as u64) + swapped(u64::from(protocol::TCP));
    if is_zero(pseudo_header + sum(segment)) {
        return SegmentBits::default();
    }
    offloaded_or_wrong(addresses, pseudo_header, field)
}

/// What a checksum that is not right is: on the host that sends, nearly all are left to the card.
#[inline]
fn offloaded_or_wrong(addresses: u64, pseudo_header: u64, field: u16) -> SegmentBits {
    let field = u64::from(field.to_be());
    let is_sum = |of: u64| is_zero(of + (0xffff - field));
    if is_sum(pseudo_header) || is_sum(addresses + swapped(u64::from(protocol::TCP))) {
        SegmentBits::CHECKSUM_OFFLOAD
    } else {
        SegmentBits::BAD_CHECKSUM
    }
}

/// The checksum of an IPv4 header (RFC 791 3.1) is right.
pub(crate) fn is_right(header: &[u8]) -> bool {
    is_zero(sum(header))
}

/// Sums 16-bit words in the byte order of this machine, several at a time: ones' complement does not care for byte order nor for the width
/// (RFC 1071 2 B, C).
///
/// The halves of 64-bit words gather in lanes that are wide enough for all their carries, and independent of each other: the compiler makes
/// vector instructions of them, on every x86-64.
#[inline]
fn sum(bytes: &[u8]) -> u64 {
    const LANES: usize = 8;
    let (words, odd) = bytes.as_chunks::<8>();
    let (blocks, rest) = words.as_chunks::<LANES>();
    let mut total = sum_of_few(rest);
    if !odd.is_empty() {
        total += halves(padded(bytes, odd));
    }
    if !blocks.is_empty() {
        let mut lanes = [0u64; LANES];
        for block in blocks {
            for (lane, &word) in lanes.iter_mut().zip(block) {
                *lane += halves(u64::from_ne_bytes(word));
            }
        }
        total += lanes.iter().sum::<u64>();
    }
    total
}

/// The sum of a few words, which are sooner added one by one, their carries in the upper half of the 128 bits.
///
/// For addresses it does not matter whether those of IPv4 are mapped: `::ffff:` adds 0xffff, which is zero in ones' complement.
#[inline]
pub(crate) fn sum_of_few(words: &[[u8; 8]]) -> u64 {
    let total = words.iter().fold(0, |total, &word| total + u128::from(u64::from_ne_bytes(word)));
    halves(total as u64) + (total >> 64) as u64
}

/// Both halves of a word together.
#[inline]
fn halves(word: u64) -> u64 {
    (word & 0xffff_ffff) + (word >> 32)
}

/// The odd bytes at the end of these bytes as a word with zeros behind.
#[inline]
fn padded(bytes: &[u8], odd: &[u8]) -> u64 {
    let word = match bytes.last_chunk::<8>() {
        // Those before them, which have been summed, are shifted out.
        Some(&last) => u64::from_le_bytes(last) >> (64 - 8 * odd.len()),
        None => odd.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    };
    word.to_le()
}

/// A number as [`sum`] would see its bytes in network order.
fn swapped(number: u64) -> u64 {
    u64::from((number as u32).to_be())
}

/// The sum is zero in ones' complement of 16 bits, which has two zeros: the carries that go round make it a sum modulo 65,535.
#[inline]
const fn is_zero(sum: u64) -> bool {
    sum.is_multiple_of(0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum in 16 bits, with the carries added at the other end.
    fn fold(sum: u64) -> u16 {
        let parts = |sum: u64, bits: u32| (sum & ((1 << bits) - 1)) + (sum >> bits);
        parts(parts(parts(parts(sum, 32), 32), 16), 16) as u16
    }

    #[test]
    fn both_zeros_of_ones_complement_are_zero() {
        let sums = [0, 1, 0xfffe, 0xffff, 0x1_0000, 0x1_fffd, 0x1_fffe, 0xffff_0000_0000, u64::MAX - 1, u64::MAX];
        for sum in sums {
            assert_eq!(is_zero(sum), [0, 0xffff].contains(&fold(sum)), "{sum:x}");
        }
    }

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

    /// Word by word, with the carries at once.
    fn plain(bytes: &[u8]) -> u16 {
        bytes.chunks(2).fold(0u16, |sum, word| {
            let (sum, carry) = sum.overflowing_add(u16::from_ne_bytes([word[0], word.get(1).copied().unwrap_or(0)]));
            sum + u16::from(carry)
        })
    }

    #[test]
    fn every_length_gives_the_sum_of_its_words() {
        let mut noise = 1u32;
        let mut next = || {
            noise = noise.wrapping_mul(0x9e37_79b1).wrapping_add(1);
            (noise >> 24) as u8
        };
        let bytes: Vec<u8> = (0..2000).map(|_| next()).collect();
        for length in 0..=bytes.len() {
            assert_eq!(fold(sum(&bytes[..length])), plain(&bytes[..length]), "{length} bytes");
        }
        // All carries there are.
        let ones = vec![0xff; 65_536];
        assert_eq!(fold(sum(&ones)), 0xffff);
    }
}
