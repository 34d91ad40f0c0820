//! Four-tuples of which nothing more is to be learned.

use crate::base::{Side, prefetch};

/// Four-tuples that need no second look: several times as many as are open at a time, so that hardly any two take turns in one place. A power of
/// two, in 4 MiB of which few connections touch little.
const SETTLED: usize = 1 << 19;

/// Hashes of four-tuples, each in the place that its lowest bits name. A hit changes nothing but the time that it takes; that a hash stands for
/// another four-tuple is as unlikely as two hashes of 62 bits being the same.
#[derive(Debug)]
pub(super) struct Settled(Box<[u64]>);

impl Default for Settled {
    fn default() -> Self {
        Self(vec![0; SETTLED].into_boxed_slice())
    }
}

/// The two lowest bits of a word do not tell hashes apart, for its place does: they tell which of the two endpoints are known to be servers.
const SERVERS: u64 = 3;

/// The bit of a side.
pub(super) const fn bit(side: Side) -> u64 {
    1 << side as u64
}

impl Settled {
    /// Has fetched from memory what is known of the four-tuple with this hash.
    #[inline(always)]
    pub fn prefetch(&self, hash: u64) {
        self.0.get(Self::place(hash)).into_iter().for_each(prefetch);
    }

    fn place(hash: u64) -> usize {
        hash as usize & (SETTLED - 1)
    }

    /// The bits of the endpoints that are known to be servers, if nothing but a SYN can teach more of the four-tuple with this hash.
    #[inline]
    pub fn servers(&self, hash: u64) -> Option<u64> {
        let &word = self.0.get(Self::place(hash))?;
        ((word ^ hash) & !SERVERS == 0).then_some(word & SERVERS)
    }

    /// Nothing but a SYN can teach more of a four-tuple, these endpoints of which are known to be servers.
    pub fn add(&mut self, hash: u64, servers: u64) {
        let known = self.servers(hash).unwrap_or(0);
        if let Some(word) = self.0.get_mut(Self::place(hash)) {
            *word = hash & !SERVERS | known | servers;
        }
    }
}
