//! Servers, by the hashes of their endpoints alone.

use std::num::NonZeroU32;

use crate::flow::places::Places;

/// Servers by the hashes of their endpoints, which are compared alone: two endpoints with the same 63 bits, of some hundred thousand, are as
/// likely as one in 10^9 captures.
#[derive(Debug, Default)]
pub(super) struct Servers(Places);

impl Servers {
    /// By the lower half of a hash stands the upper one.
    #[inline]
    fn halves(hash: u64) -> (NonZeroU32, u32) {
        (NonZeroU32::MIN | hash as u32, (hash >> 32) as u32)
    }

    #[inline]
    pub fn has(&self, hash: u64) -> bool {
        let (lower, upper) = Self::halves(hash);
        self.0.find(lower, |other| other == upper).is_some()
    }

    /// Adds one that is not there; false if there are too many.
    pub fn add(&mut self, hash: u64) -> bool {
        let has_room = self.0.len() < super::MOST;
        if has_room {
            let (lower, upper) = Self::halves(hash);
            self.0.insert(lower, upper);
        }
        has_room
    }

    #[inline]
    pub fn prefetch(&self, hash: u64) {
        self.0.prefetch(Self::halves(hash).0);
    }
}
