//! One capture file of either format, read record by record.

use super::buffer::Buffer;
use super::compressed::Method;
use super::error::{ErrorKind, InputName};
use super::format::{self, Format};
use super::pcap::PcapReader;
use super::pcapng::PcapngReader;
use super::record::Record;
use super::{Drops, Each, Frame};

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

#[cfg(test)]
mod tests;
