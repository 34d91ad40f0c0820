//! The record of a packet in a capture file, and what the readers of both formats do with it.

use std::io;

use super::buffer::Buffer;
use super::error::ErrorKind;
use super::{Each, Frame, LinkType};
use crate::base::Timestamp;

/// More captured bytes than this in one packet are taken for damage.
///
/// libpcap writes at most 256 KiB for every link type that can carry TCP; sixty-four times that leaves room for other writers,
/// and a random length, which is what damage brings, still exceeds it in 255 cases of 256.
pub(super) const MAX_CAPTURED: u32 = 16 << 20;

/// What the header of a record said, and where its bytes are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub ts: Timestamp,
    pub link: LinkType,
    pub wire_len: u32,
    /// Where the bytes lie in the reader's buffer.
    pub at: usize,
    /// How many there are.
    pub captured: usize,
}

impl Record {
    /// Before the first one.
    pub const NONE: Record = Record { ts: Timestamp(0), link: LinkType::NULL, wire_len: 0, at: 0, captured: 0 };
}

/// So many frames are given at a time: enough for the call not to count, and few enough to stay in the nearest cache.
const ROW: usize = 32;

/// Gives frames to `each` as long as `next` has one, which is told its number, up to the one with the number `last`. `number` is that of
/// the frame before.
#[inline]
pub(super) fn give_rows<'a>(
    number: &mut u64,
    last: u64,
    each: &mut Each<'_>,
    mut next: impl FnMut(u64) -> Option<Frame<'a>>,
) {
    let none = Frame { ts: Timestamp(0), number: 0, link: LinkType::NULL, wire_len: 0, data: &[] };
    let mut row = [none; ROW];
    loop {
        let wanted = usize::try_from(last - *number).unwrap_or(ROW);
        let mut count = 0;
        for place in row.iter_mut().take(wanted) {
            let Some(frame) = next(*number + 1) else { break };
            *place = frame;
            *number += 1;
            count += 1;
        }
        if let Some(given @ [_, ..]) = row.get(..count) {
            each(given);
        }
        if count < ROW {
            return;
        }
    }
}

/// The input ends in the middle of a record, of which `have` of `need` bytes are there.
#[cold]
pub(super) fn cut(buffer: &Buffer, frames: u64, have: usize, need: usize) -> ErrorKind {
    ErrorKind::Cut { frames, offset: buffer.consumed(), have: have as u64, need: need as u64 }
}

/// The system failed to read on.
#[cold]
pub(super) fn read_failure(buffer: &Buffer, frames: u64, cause: io::Error) -> ErrorKind {
    ErrorKind::Io { frames, offset: buffer.consumed(), cause }
}
