//! What was SACKed before? Each ACK repeats the blocks of the ones before it, and only the newest piece of them is news.

use crate::base::packed::packed;

/// A stretch `[lo, hi)` of the stream.
pub type Piece = (u64, u64);
/// The pieces that one ACK tells of; the empty ones are none.
pub type Pieces = [Piece; 4];

/// So many blocks are remembered: more than a receiver can tell of at once.
const BLOCKS: usize = 8;

/// The blocks that were told of lately, and do not touch each other.
#[derive(Clone, Debug, Default)]
pub struct Scoreboard {
    blocks: Vec<Piece>,
}

packed! { Scoreboard { blocks } }

impl Scoreboard {
    /// An ACK tells of a block: the piece of it that was not told of before. Everything below `una` is acknowledged.
    pub fn add(&mut self, (lo, hi): Piece, una: u64) -> Option<Piece> {
        let (mut new_lo, mut new_hi) = (lo, hi);
        let (mut all_lo, mut all_hi) = (lo, hi);
        self.blocks.retain(|&(l, h)| {
            if h < lo || hi < l {
                return h > una;
            }
            if l <= new_lo {
                new_lo = new_lo.max(h);
            }
            if new_hi <= h {
                new_hi = new_hi.min(l);
            }
            (all_lo, all_hi) = (all_lo.min(l), all_hi.max(h));
            false
        });
        if self.blocks.len() >= BLOCKS {
            self.blocks.remove(0);
        }
        self.blocks.push((all_lo, all_hi));
        (new_lo < new_hi).then_some((new_lo, new_hi))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_new_piece_is_news() {
        let mut board = Scoreboard::default();
        assert_eq!(board.add((100, 200), 0), Some((100, 200)));
        assert_eq!(board.add((100, 300), 0), Some((200, 300)));
        assert_eq!(board.add((100, 300), 0), None);
        assert_eq!(board.add((400, 500), 0), Some((400, 500)));
        assert_eq!(board.add((100, 500), 0), Some((300, 400)));
        assert_eq!(board.add((50, 600), 0), Some((50, 600))); // what lies on both sides is told of as one
    }

    #[test]
    fn what_is_acknowledged_is_forgotten() {
        let mut board = Scoreboard::default();
        board.add((100, 200), 0);
        board.add((300, 400), 250);
        assert_eq!(board.blocks, [(300, 400)]);
    }
}
