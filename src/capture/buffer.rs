//! A large window over a stream of bytes, in which records are parsed in place.

use std::io::{self, Read};

use super::read_ahead::{Block, ReadAhead};

/// The bytes that were read and not yet consumed, over any [`Read`] or a thread that reads ahead.
///
/// A record that is not whole is moved to the front before more is read, so every record lies in one piece,
/// and the memory grows only for records that are larger than the buffer.
pub(super) struct Buffer {
    feed: Feed,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    consumed: u64,
    at_end: bool,
}

/// Where the bytes come from.
enum Feed {
    /// They are read into the buffer, behind those that are there.
    Direct(Box<dyn Read + Send>),
    /// They come in blocks, of which each takes the place of the buffer.
    Ahead(ReadAhead),
}

impl Buffer {
    /// What reads best from files and pipes: large enough that the system call does not count, small enough for the cache.
    pub const SIZE: usize = 256 * 1024;
    /// For many inputs at once, or a look at the beginning of one.
    pub const SMALL: usize = 64 * 1024;

    /// A buffer of `size` bytes over `input`.
    pub fn new(input: Box<dyn Read + Send>, size: usize) -> Self {
        Self { feed: Feed::Direct(input), bytes: vec![0; size], start: 0, end: 0, consumed: 0, at_end: false }
    }

    /// A buffer that gets its bytes from a thread.
    pub fn ahead(ahead: ReadAhead) -> Self {
        Self { feed: Feed::Ahead(ahead), bytes: Vec::new(), start: 0, end: 0, consumed: 0, at_end: false }
    }

    /// The bytes that are there and not consumed.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or(&[])
    }

    /// Where the byte `offset` bytes ahead lies, for [`Buffer::slice`].
    #[inline]
    pub fn mark(&self, offset: usize) -> usize {
        self.start + offset
    }

    /// `len` bytes from a mark, consumed or not; they are valid until the next [`Buffer::fill`].
    #[inline]
    pub fn slice(&self, mark: usize, len: usize) -> &[u8] {
        self.bytes.get(mark..).and_then(|bytes| bytes.get(..len)).unwrap_or(&[])
    }

    /// How many bytes were consumed since the start of the input.
    pub fn consumed(&self) -> u64 {
        self.consumed
    }

    /// Goes on by `n` bytes, which must be there.
    #[inline]
    pub fn consume(&mut self, n: usize) {
        let n = n.min(self.end - self.start);
        self.start += n;
        self.consumed += n as u64;
    }

    /// Reads until `need` bytes are there or the input ends; says how many are there.
    ///
    /// The memory doubles as the bytes come: a damaged length costs no more than the input has.
    pub fn fill(&mut self, need: usize) -> io::Result<usize> {
        while self.end - self.start < need && !self.at_end {
            let more = match &mut self.feed {
                Feed::Direct(_) => self.read()?,
                Feed::Ahead(ahead) => match ahead.next()? {
                    Some(block) => self.go_on_with(block),
                    None => false,
                },
            };
            self.at_end = !more;
        }
        Ok(self.end - self.start)
    }

    /// Reads what comes with one call; false at the end.
    fn read(&mut self) -> io::Result<bool> {
        let Feed::Direct(input) = &mut self.feed else { return Ok(false) };
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.bytes.len() {
            let size = (self.bytes.len() * 2).max(64);
            self.bytes.resize(size, 0);
        }
        loop {
            match input.read(self.bytes.get_mut(self.end..).unwrap_or(&mut [])) {
                Ok(n) => {
                    self.end += n;
                    return Ok(n > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Goes on with a block: what is left goes in front of it, or, if there is no room for that, the block behind what is left.
    /// True, for there is more now.
    fn go_on_with(&mut self, mut block: Block) -> bool {
        let left = self.bytes.get(self.start..self.end).unwrap_or(&[]);
        let front = block.start.checked_sub(left.len());
        if let Some(front) = front
            && let Some(room) = block.bytes.get_mut(front..block.start)
        {
            room.copy_from_slice(left);
            std::mem::swap(&mut self.bytes, &mut block.bytes);
            (self.start, self.end) = (front, block.end);
        } else {
            self.bytes.truncate(self.end);
            self.bytes.drain(..self.start);
            self.bytes.extend_from_slice(block.bytes.get(block.start..block.end).unwrap_or(&[]));
            (self.start, self.end) = (0, self.bytes.len());
        }
        if let Feed::Ahead(ahead) = &self.feed {
            ahead.give_back(block.bytes);
        }
        true
    }
}

/// The order of the bytes in the numbers of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    /// Lowest byte first.
    Little,
    /// Highest byte first.
    Big,
}

impl ByteOrder {
    /// The two bytes at `at` as a number; 0 where `bytes` ends before: callers have checked the length.
    #[inline]
    pub fn u16(self, bytes: &[u8], at: usize) -> u16 {
        let Some(&raw) = bytes.get(at..).and_then(<[u8]>::first_chunk) else { return 0 };
        match self {
            ByteOrder::Little => u16::from_le_bytes(raw),
            ByteOrder::Big => u16::from_be_bytes(raw),
        }
    }

    /// The four bytes at `at` as a number; 0 where `bytes` ends before.
    #[inline]
    pub fn u32(self, bytes: &[u8], at: usize) -> u32 {
        let Some(&raw) = bytes.get(at..).and_then(<[u8]>::first_chunk) else { return 0 };
        match self {
            ByteOrder::Little => u32::from_le_bytes(raw),
            ByteOrder::Big => u32::from_be_bytes(raw),
        }
    }

    /// The eight bytes at `at` as a number; 0 where `bytes` ends before.
    #[inline]
    pub fn u64(self, bytes: &[u8], at: usize) -> u64 {
        let Some(&raw) = bytes.get(at..).and_then(<[u8]>::first_chunk) else { return 0 };
        match self {
            ByteOrder::Little => u64::from_le_bytes(raw),
            ByteOrder::Big => u64::from_be_bytes(raw),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes in pieces of three, with an interruption before each.
    struct Dribble(Vec<u8>, bool);

    impl Read for Dribble {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let n = self.0.len().min(3).min(into.len());
            into[..n].copy_from_slice(&self.0[..n]);
            self.0.drain(..n);
            Ok(n)
        }
    }

    #[test]
    fn records_lie_in_one_piece_however_the_bytes_come() {
        let all: Vec<u8> = (0..=255).collect();
        let mut buffer = Buffer::new(Box::new(Dribble(all.clone(), false)), 8);
        for record in all.chunks(20) {
            assert!(buffer.fill(record.len()).unwrap() >= record.len());
            assert_eq!(&buffer.bytes()[..record.len()], record);
            let mark = buffer.mark(0);
            buffer.consume(record.len());
            assert_eq!(buffer.slice(mark, record.len()), record);
        }
        assert_eq!(buffer.fill(1).unwrap(), 0);
        assert_eq!(buffer.consumed(), 256);
    }

    #[test]
    fn records_lie_in_one_piece_across_blocks() {
        use super::super::read_ahead::{Blocks, Permits};
        let all: Vec<u8> = (0..2_000_000u32).map(|i| (i % 251) as u8).collect();
        // Records that fit into a block, into the room in front of one, and into neither.
        for record in [7, 1_000, 66_000, 70_000, 700_000] {
            for size in [10, 4_096, 100_000] {
                let blocks = Blocks { size, count: 3, full_only: true };
                let permit = Permits::new(1).take().unwrap();
                let input = Box::new(io::Cursor::new(all.clone()));
                let mut buffer = Buffer::ahead(ReadAhead::start(input, blocks, permit).ok().unwrap());
                for record in all.chunks(record) {
                    assert!(buffer.fill(record.len()).unwrap() >= record.len());
                    assert!(&buffer.bytes()[..record.len()] == record);
                    let mark = buffer.mark(0);
                    buffer.consume(record.len());
                    assert!(buffer.slice(mark, record.len()) == record);
                }
                assert_eq!(buffer.fill(1).unwrap(), 0);
                assert_eq!(buffer.consumed(), all.len() as u64);
            }
        }
    }

    #[test]
    fn numbers_follow_the_order_of_the_file() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(ByteOrder::Big.u32(&bytes, 2), 0x0304_0506);
        assert_eq!(ByteOrder::Little.u16(&bytes, 6), 0x0807);
        assert_eq!(ByteOrder::Big.u64(&bytes, 0), 0x0102_0304_0506_0708);
        assert_eq!(ByteOrder::Big.u32(&bytes, 5), 0);
    }
}
