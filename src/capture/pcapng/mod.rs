//! The pcapng format: blocks, in sections that each have their own byte order and interfaces,
//! where every interface has its own link type and clock.
//!
//! Blocks that carry no packets are skipped, malformed options are ignored;
//! a block whose two lengths differ, or whose fields contradict them, is damage.

mod block;
mod clock;

use self::block::{Interface, Parsed};
use super::buffer::{Buffer, ByteOrder};
use super::error::ErrorKind;
use super::record::{MAX_CAPTURED, Record, cut, give_rows, read_failure};
use super::{Drops, Each};

/// Type and length before the body of a block.
const BLOCK_HEADER: usize = 8;
/// The smallest block: type, length, length.
const EMPTY_BLOCK: usize = 12;
/// A block longer than this is damage; a packet of [`MAX_CAPTURED`] bytes leaves 1 MiB for its options.
const MAX_BLOCK: u32 = MAX_CAPTURED + (1 << 20);
/// In what order the numbers of a section are.
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;

/// Reads the packets of one file.
pub(super) struct PcapngReader {
    buffer: Buffer,
    order: ByteOrder,
    /// The interfaces of the current section.
    interfaces: Vec<Interface>,
    digits: u8,
    /// Statistics of the interfaces of earlier sections.
    drops: Option<Drops>,
    frames: u64,
    record: Record,
}

impl PcapngReader {
    /// Reads the first section header.
    ///
    /// # Errors
    /// It is cut, contradicts itself, or is of an unknown version.
    pub fn open(buffer: Buffer) -> Result<Self, ErrorKind> {
        let mut reader = Self {
            buffer,
            order: ByteOrder::Little,
            interfaces: Vec::new(),
            digits: 6,
            drops: None,
            frames: 0,
            record: Record::NONE,
        };
        match reader.next_block() {
            Ok(_) => Ok(reader),
            Err(ErrorKind::Cut { have, need, .. }) => Err(ErrorKind::HeaderCut { have, need }),
            Err(ErrorKind::Damaged { what, .. }) => Err(ErrorKind::Unsupported(what)),
            Err(ErrorKind::Io { cause, .. }) => Err(ErrorKind::Open(cause)),
            Err(other) => Err(other),
        }
    }

    /// Goes to the next packet; false at the end of the file.
    ///
    /// # Errors
    /// The file is cut or damaged here, or cannot be read further. Nothing can be read behind that.
    #[inline]
    pub fn advance(&mut self) -> Result<bool, ErrorKind> {
        loop {
            match self.next_block()? {
                None => return Ok(false),
                Some(false) => {}
                Some(true) => return Ok(true),
            }
        }
    }

    /// Gives to `each` the enhanced packets that are whole in the buffer, up to the one with the number `last`; the next block is for
    /// [`PcapngReader::advance`], whatever it is. `number` is that of the packet before.
    pub fn frames_at_hand(&mut self, number: &mut u64, last: u64, each: &mut Each<'_>) {
        let (mut rest, before) = (self.buffer.bytes(), *number);
        let interfaces = &*self.interfaces;
        let mut ts = self.record.ts;
        match self.order {
            ByteOrder::Little => give_rows(number, last, each, |number| {
                block::enhanced(&mut rest, u32::from_le_bytes, interfaces, number).inspect(|frame| ts = frame.ts)
            }),
            ByteOrder::Big => give_rows(number, last, each, |number| {
                block::enhanced(&mut rest, u32::from_be_bytes, interfaces, number).inspect(|frame| ts = frame.ts)
            }),
        }
        let done = self.buffer.bytes().len() - rest.len();
        self.frames += *number - before;
        // A simple packet has the time of the packet before.
        self.record.ts = ts;
        self.buffer.consume(done);
    }

    /// The packet that [`PcapngReader::advance`] went to.
    #[inline]
    pub fn record(&self) -> (&Record, &[u8]) {
        (&self.record, self.buffer.slice(self.record.at, self.record.captured))
    }

    /// Fractional digits of its times, as far as its interfaces are known by now.
    pub fn time_digits(&self) -> u8 {
        self.digits
    }

    /// Bytes read so far.
    pub fn position(&self) -> u64 {
        self.buffer.consumed()
    }

    /// The last statistics of all its interfaces together, if it has any.
    pub fn drops(&self) -> Option<Drops> {
        let own = self.interfaces.iter().filter_map(|interface| interface.drops);
        own.chain(self.drops).reduce(Drops::plus)
    }

    /// Consumes one block and says whether it was a packet; none at the end of the file.
    fn next_block(&mut self) -> Result<Option<bool>, ErrorKind> {
        if self.buffer.bytes().len() < EMPTY_BLOCK && !self.fill(EMPTY_BLOCK)? {
            return Ok(None);
        }
        let Some(&head) = self.buffer.bytes().first_chunk::<EMPTY_BLOCK>() else { return Ok(None) };
        let kind = self.order.u32(&head, 0);
        if kind == block::SECTION_HEADER {
            self.order = self.order_of_section(&head)?;
        }
        let length = self.order.u32(&head, 4);
        if !(EMPTY_BLOCK as u32..=MAX_BLOCK).contains(&length) {
            return Err(self.damaged(format!("a block of type {kind:#x} claims to be {length} bytes long")));
        }
        // Some writers do not count the padding; it is there all the same.
        let whole = length.next_multiple_of(4) as usize;
        if self.buffer.bytes().len() < whole {
            self.fill(whole)?;
        }
        let bytes = self.buffer.bytes();
        let again = self.order.u32(bytes, whole - 4);
        if again != length {
            let what = format!("a block of type {kind:#x} is {length} bytes long by its head, {again} by its tail");
            return Err(self.damaged(what));
        }
        let body = bytes.get(BLOCK_HEADER..whole - 4).unwrap_or(&[]);
        let parsed = match block::parse(kind, body, self.order, &self.interfaces, &mut self.record) {
            Ok(parsed) => parsed,
            Err(what) => return Err(self.damaged(what)),
        };
        let is_packet = match parsed {
            Parsed::Packet => {
                self.record.at = self.buffer.mark(BLOCK_HEADER + self.record.at);
                self.frames += 1;
                true
            }
            other => {
                self.take(other);
                false
            }
        };
        self.buffer.consume(whole);
        Ok(Some(is_packet))
    }

    /// The byte order that begins with a section header: it stands behind the length, which cannot be understood without it.
    #[cold]
    fn order_of_section(&self, head: &[u8; EMPTY_BLOCK]) -> Result<ByteOrder, ErrorKind> {
        let orders = [ByteOrder::Little, ByteOrder::Big];
        let found = orders.into_iter().find(|order| order.u32(head, BLOCK_HEADER) == BYTE_ORDER_MAGIC);
        found.ok_or_else(|| self.damaged("a section header without a valid byte-order magic".to_owned()))
    }

    /// Notes what a block without a packet said.
    #[cold]
    fn take(&mut self, parsed: Parsed) {
        match parsed {
            Parsed::Section => {
                self.drops = self.drops();
                self.interfaces.clear();
            }
            Parsed::Interface(interface) => {
                self.digits = self.digits.max(interface.clock.digits());
                self.interfaces.push(interface);
            }
            Parsed::Statistics(id, drops) => {
                // They count from the start of the capture: later ones replace earlier ones.
                if let Some(interface) = self.interfaces.get_mut(id as usize) {
                    interface.drops = Some(drops);
                }
            }
            Parsed::Packet | Parsed::Other => {}
        }
    }

    #[cold]
    fn damaged(&self, what: String) -> ErrorKind {
        ErrorKind::Damaged { frames: self.frames, offset: self.buffer.consumed(), what }
    }

    /// Makes `need` bytes of the next block available; false at the end of the file.
    #[cold]
    fn fill(&mut self, need: usize) -> Result<bool, ErrorKind> {
        let have = self.buffer.fill(need).map_err(|cause| read_failure(&self.buffer, self.frames, cause))?;
        match have {
            0 => Ok(false),
            have if have < need => Err(cut(&self.buffer, self.frames, have, need)),
            _ => Ok(true),
        }
    }
}

#[cfg(test)]
mod tests;
