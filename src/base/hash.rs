//! The hash of a connection's key: made once for each segment, and used by whatever finds or distributes connections.

use std::hash::{BuildHasher, RandomState};

use super::{FlowKey, Side};

/// Hashes [`FlowKey`]s with secrets of this run, so that a flood of SYNs finds no collisions. No result may depend on the hash.
///
/// Copies share the secrets: all stages of one run have to use copies of one hasher.
#[derive(Clone, Copy, Debug)]
pub struct FlowHasher {
    secrets: [u64; 5],
}

impl Default for FlowHasher {
    /// Secrets that the operating system's random numbers are behind.
    fn default() -> Self {
        let random = RandomState::new();
        Self { secrets: std::array::from_fn(|i| random.hash_one(i)) }
    }
}

impl FlowHasher {
    /// The hash of a connection, the same for both directions. All its bits are of equal worth.
    #[inline]
    pub fn hash(&self, key: &FlowKey) -> u64 {
        let [a, b, c, d, e] = self.secrets;
        let ([lo_high, lo_low], [hi_high, hi_low]) = (key.words(Side::Lo), key.words(Side::Hi));
        let (lo, hi) = (fold(lo_high ^ a, lo_low ^ b), fold(hi_high ^ c, hi_low ^ d));
        // Ports that follow each other would differ in a few low bits only, and with one in a hundred secrets would stay close together.
        fold(lo ^ key.ports().wrapping_mul(SPREAD), hi ^ e)
    }

    /// The hash of the endpoint on one side of a connection, the same on either side.
    #[inline]
    pub fn hash_end(&self, key: &FlowKey, side: Side) -> u64 {
        let [a, b, c, ..] = self.secrets;
        let [high, low] = key.words(side);
        fold(fold(high ^ a, low ^ b) ^ key.port(side).wrapping_mul(SPREAD), c)
    }
}

/// 2^64 divided by the golden ratio: neighbours that are multiplied by it lie far from each other (Knuth, volume 3, 6.4).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Both halves of the product of two words: every bit of the result depends on all bits of both (as in wyhash and foldhash).
#[inline]
pub const fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::base::Endpoint;

    #[test]
    fn keys_that_differ_little_have_hashes_of_their_own() {
        // Whatever the secrets are.
        for _ in 0..40 {
            assert_spread(FlowHasher::default());
        }
    }

    fn assert_spread(hasher: FlowHasher) {
        let server = Endpoint::v4([192, 0, 2, 1], 443);
        let (mut seen, mut ends) = (HashSet::new(), HashSet::new());
        for host in 0..64 {
            for port in 0..64 {
                let client = Endpoint::v4([10, 0, 0, host], 40_000 + port);
                let (there, back) = (FlowKey::of(client, server).0, FlowKey::of(server, client).0);
                assert_eq!(hasher.hash(&there), hasher.hash(&back));
                assert_eq!(hasher.hash_end(&there, Side::Lo), hasher.hash_end(&back, Side::Lo));
                assert!(seen.insert(hasher.hash(&there)));
                ends.insert([Side::Lo, Side::Hi].map(|side| hasher.hash_end(&there, side)));
            }
        }
        assert_eq!(ends.iter().flatten().collect::<HashSet<_>>().len(), 4096 + 1);
        // The bits that a table takes are well spread: of 4096 keys in 4096 places, about 1 - 1/e of the places are taken.
        for shift in [0, 26, 52] {
            let places: HashSet<u64> = seen.iter().map(|hash| hash >> shift & 0xfff).collect();
            assert!((2400..2800).contains(&places.len()), "{} places at {shift}", places.len());
        }
    }

    #[test]
    fn two_runs_differ_and_copies_do_not() {
        let (one, other) = (FlowHasher::default(), FlowHasher::default());
        let copy = one;
        let key = FlowKey::of(Endpoint::v4([1, 2, 3, 4], 5), Endpoint::v6([7; 16], 6)).0;
        assert_eq!(one.hash(&key), copy.hash(&key));
        assert_ne!(one.hash(&key), other.hash(&key));
    }
}
