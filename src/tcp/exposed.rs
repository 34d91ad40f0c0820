//! Where has the peer told of a hole in what it received? A fast retransmission answers that, and nothing else does.

use crate::base::packed::packed;

/// So many separate stretches are remembered; the oldest is forgotten first.
const STRETCHES: usize = 16;

/// Positions that lay at or above an ACK and below a SACK block of the same packet, or at an ACK that came three times over.
#[derive(Clone, Debug, Default)]
pub struct Exposed {
    stretches: Vec<(u64, u64)>,
}

packed! { Exposed { stretches } }

impl Exposed {
    /// An ACK of `ack` came with a SACK block that ends at `sacked_to`.
    pub fn add(&mut self, ack: u64, sacked_to: u64) {
        if sacked_to <= ack {
            return;
        }
        if let Some((lo, hi)) = self.stretches.last_mut()
            && ack <= *hi
            && *lo <= sacked_to
        {
            *lo = ack.min(*lo);
            *hi = sacked_to.max(*hi);
            return;
        }
        if self.stretches.len() >= STRETCHES {
            self.stretches.remove(0);
        }
        self.stretches.push((ack, sacked_to));
    }

    /// The peer has told of a hole there.
    pub fn contains(&self, position: u64) -> bool {
        self.stretches.iter().any(|&(lo, hi)| lo <= position && position < hi)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_grow_and_are_kept_apart() {
        let mut exposed = Exposed::default();
        exposed.add(100, 200);
        exposed.add(100, 300);
        exposed.add(1000, 1100);
        assert!(exposed.contains(100) && exposed.contains(299) && exposed.contains(1000));
        assert!(!exposed.contains(99) && !exposed.contains(300) && !exposed.contains(1100));
    }
}
