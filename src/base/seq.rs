//! TCP sequence numbers (RFC 9293 3.4).

use super::packed::packed_number;

/// A 32-bit sequence number.
///
/// It has no `Ord` on purpose: serial order is not transitive. [`Seq::near`] unwraps it to a 64-bit position,
/// and everything after that works on positions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seq(pub u32);

packed_number! { Seq(u32) }

impl Seq {
    /// Where the count of positions starts: far enough above zero that a stream can also be followed downwards.
    pub const FIRST_LAP: u64 = 1 << 32;

    /// Signed distance from `origin` to `self`, right as long as they are less than 2^31 apart.
    pub fn distance(self, origin: Seq) -> i32 {
        self.0.wrapping_sub(origin.0) as i32
    }

    /// The sequence number `n` bytes further on.
    #[must_use]
    pub fn plus(self, n: u32) -> Seq {
        Seq(self.0.wrapping_add(n))
    }

    /// The position of the first number of a stream.
    pub fn first_position(self) -> u64 {
        Self::FIRST_LAP | u64::from(self.0)
    }

    /// The position of this number that lies nearest to the position `reference` of the same stream.
    /// A position's low 32 bits are always the sequence number on the wire.
    pub fn near(self, reference: u64) -> u64 {
        let step = self.distance(Seq(reference as u32));
        reference.wrapping_add_signed(i64::from(step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_go_on_across_the_wrap() {
        let first = Seq(4_294_967_000).first_position();
        let next = Seq(704).near(first);
        assert_eq!(next - first, 1000);
        assert_eq!(Seq(4_294_967_000).near(next), first);
    }

    #[test]
    fn serial_order_is_not_transitive() {
        let (a, b, c) = (Seq(0), Seq(0x6000_0000), Seq(0xC000_0000));
        assert!(b.distance(a) > 0 && c.distance(b) > 0 && a.distance(c) > 0);
    }
}
