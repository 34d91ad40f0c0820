//! One capture file of either format, read record by record.

use std::io;

use super::buffer::Buffer;
use super::compressed::Method;
use super::error::{ErrorKind, InputName};
use super::format::{self, Format};
use super::pcap::PcapReader;
use super::pcapng::PcapngReader;
use super::{Drops, Each, Frame, LinkType};
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

/// Reads a capture file of either format.
pub(super) enum Reader {
    Pcap(PcapReader),
    Pcapng(PcapngReader),
}

impl Reader {
    /// Recognises the format of what is in `buffer` and reads the header. `packed`: what `buffer` has is what was compressed so.
    ///
    /// # Errors
    /// It is no capture file, or its header cannot be read.
    pub fn open(mut buffer: Buffer, name: &InputName, packed: Option<Method>) -> Result<Self, ErrorKind> {
        buffer.fill(24).map_err(ErrorKind::Open)?;
        match format::recognise(buffer.bytes(), name, packed)? {
            Format::Pcap => PcapReader::open(buffer).map(Reader::Pcap),
            Format::Pcapng => PcapngReader::open(buffer).map(Reader::Pcapng),
        }
    }

    /// Goes to the next packet; false at the end of the file.
    ///
    /// # Errors
    /// The file is cut or damaged here, or cannot be read further. Nothing can be read behind that.
    #[inline]
    pub fn advance(&mut self) -> Result<bool, ErrorKind> {
        match self {
            Reader::Pcap(reader) => reader.advance(),
            Reader::Pcapng(reader) => reader.advance(),
        }
    }

    /// Gives the packets up to the one with the number `last` to `each`; false: the file ended before. `number` is that of the packet
    /// before.
    ///
    /// # Errors
    /// As [`Reader::advance`].
    pub fn frames(&mut self, number: &mut u64, last: u64, each: &mut Each<'_>) -> Result<bool, ErrorKind> {
        while *number < last {
            match self {
                Reader::Pcap(reader) => reader.frames_at_hand(number, last, each),
                Reader::Pcapng(reader) => reader.frames_at_hand(number, last, each),
            }
            if *number >= last {
                break;
            }
            if !self.advance()? {
                return Ok(false);
            }
            *number += 1;
            let (&Record { ts, link, wire_len, .. }, data) = self.record();
            each(&[Frame { ts, number: *number, link, wire_len, data }]);
        }
        Ok(true)
    }

    /// The packet that [`Reader::advance`] went to.
    #[inline]
    pub fn record(&self) -> (&Record, &[u8]) {
        match self {
            Reader::Pcap(reader) => reader.record(),
            Reader::Pcapng(reader) => reader.record(),
        }
    }

    /// Fractional digits of its times, as far as known by now.
    pub fn time_digits(&self) -> u8 {
        match self {
            Reader::Pcap(reader) => reader.time_digits(),
            Reader::Pcapng(reader) => reader.time_digits(),
        }
    }

    /// Bytes read so far.
    pub fn position(&self) -> u64 {
        match self {
            Reader::Pcap(reader) => reader.position(),
            Reader::Pcapng(reader) => reader.position(),
        }
    }

    /// What the file says of packets that were lost while it was written.
    pub fn drops(&self) -> Option<Drops> {
        match self {
            Reader::Pcap(_) => None,
            Reader::Pcapng(reader) => reader.drops(),
        }
    }
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

#[cfg(test)]
mod tests;
