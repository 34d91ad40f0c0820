//! Hand-built captures for the tests.

use std::io::Read;
use std::path::PathBuf;

use super::buffer::{Buffer, ByteOrder};
use super::error::{ErrorKind, InputName};
use super::reader::Reader;

/// A frame as a reader gave it: time in nanoseconds, link type, length on the wire, bytes.
pub(super) type Seen = (i64, u16, u32, Vec<u8>);

/// Builds a file, number by number.
pub(super) struct Bytes {
    pub order: ByteOrder,
    pub bytes: Vec<u8>,
}

impl Bytes {
    pub fn new(order: ByteOrder) -> Self {
        Self { order, bytes: Vec::new() }
    }

    pub fn u16(mut self, value: u16) -> Self {
        self.bytes.extend(match self.order {
            ByteOrder::Little => value.to_le_bytes(),
            ByteOrder::Big => value.to_be_bytes(),
        });
        self
    }

    pub fn u32(mut self, value: u32) -> Self {
        self.bytes.extend(match self.order {
            ByteOrder::Little => value.to_le_bytes(),
            ByteOrder::Big => value.to_be_bytes(),
        });
        self
    }

    pub fn u64(mut self, value: u64) -> Self {
        self.bytes.extend(match self.order {
            ByteOrder::Little => value.to_le_bytes(),
            ByteOrder::Big => value.to_be_bytes(),
        });
        self
    }

    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Zeros up to a multiple of four bytes.
    pub fn pad(mut self) -> Self {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self
    }

    // The classic format.

    /// The file header of version 2.4.
    pub fn pcap_header(self, magic: u32, link: u32) -> Self {
        self.u32(magic).u16(2).u16(4).u32(0).u32(0).u32(0).u32(link)
    }

    /// A record; `fraction` in the unit of the file.
    pub fn pcap_record(self, seconds: u32, fraction: u32, wire: u32, data: &[u8]) -> Self {
        self.u32(seconds).u32(fraction).u32(data.len() as u32).u32(wire).raw(data)
    }

    // The block format.

    /// A block around `body`, which is padded.
    pub fn block(self, kind: u32, body: impl FnOnce(Bytes) -> Bytes) -> Self {
        let body = body(Bytes::new(self.order)).pad().bytes;
        let length = body.len() as u32 + 12;
        self.u32(kind).u32(length).raw(&body).u32(length)
    }

    /// A section header of unknown section length.
    pub fn section(self) -> Self {
        self.block(0x0a0d_0d0a, |b| b.u32(0x1a2b_3c4d).u16(1).u16(0).u64(u64::MAX))
    }

    /// An interface description with the given options.
    pub fn interface(self, link: u16, snaplen: u32, options: impl FnOnce(Bytes) -> Bytes) -> Self {
        self.block(1, |b| options(b.u16(link).u16(0).u32(snaplen)))
    }

    /// An option of any block.
    pub fn option(self, code: u16, value: &[u8]) -> Self {
        self.u16(code).u16(value.len() as u16).raw(value).pad()
    }

    /// An enhanced packet block.
    pub fn enhanced(self, interface: u32, ticks: u64, wire: u32, data: &[u8]) -> Self {
        let (high, low, length) = ((ticks >> 32) as u32, ticks as u32, data.len() as u32);
        self.block(6, |b| b.u32(interface).u32(high).u32(low).u32(length).u32(wire).raw(data))
    }
}

/// All that a reader makes of `bytes`: its frames, and the error that ended it. In rows it makes the same of them.
pub(super) fn read(bytes: &[u8]) -> (Vec<Seen>, Option<ErrorKind>) {
    let found = read_from(Box::new(std::io::Cursor::new(bytes.to_vec())), Buffer::SMALL);
    for most in [1, 3, 1_000] {
        let (frames, error) = read_in_rows(bytes, most);
        assert_eq!(frames, found.0, "{most} at a time");
        assert_eq!(error.map(|error| error.to_string()), found.1.as_ref().map(ToString::to_string), "{most} at a time");
    }
    found
}

/// The same where `most` frames are asked for at a time.
fn read_in_rows(bytes: &[u8], most: u64) -> (Vec<Seen>, Option<ErrorKind>) {
    let mut frames = Vec::new();
    let buffer = Buffer::new(Box::new(std::io::Cursor::new(bytes.to_vec())), Buffer::SMALL);
    let mut reader = match Reader::open(buffer, &InputName::File(PathBuf::from("test")), None) {
        Ok(reader) => reader,
        Err(error) => return (frames, Some(error)),
    };
    let mut number = 0;
    loop {
        let last = number + most;
        let given = reader.frames(&mut number, last, &mut |row| {
            frames.extend(row.iter().map(|frame| (frame.ts.0, frame.link.0, frame.wire_len, frame.data.to_vec())));
        });
        assert_eq!(number, frames.len() as u64);
        match given {
            Ok(true) => assert_eq!(number, last),
            Ok(false) => return (frames, None),
            Err(error) => return (frames, Some(error)),
        }
    }
}

/// The same of any stream of bytes, with a buffer of `size`.
pub(super) fn read_from(input: Box<dyn Read + Send>, size: usize) -> (Vec<Seen>, Option<ErrorKind>) {
    let mut frames = Vec::new();
    let name = InputName::File(PathBuf::from("test"));
    let mut reader = match Reader::open(Buffer::new(input, size), &name, None) {
        Ok(reader) => reader,
        Err(error) => return (frames, Some(error)),
    };
    loop {
        match reader.advance() {
            Ok(true) => {
                let (record, data) = reader.record();
                assert_eq!(record.captured, data.len());
                frames.push((record.ts.0, record.link.0, record.wire_len, data.to_vec()));
            }
            Ok(false) => return (frames, None),
            Err(error) => return (frames, Some(error)),
        }
    }
}

/// Fractional digits of the times of a whole file.
pub(super) fn digits(bytes: &[u8]) -> u8 {
    let input = Box::new(std::io::Cursor::new(bytes.to_vec()));
    let mut reader = Reader::open(Buffer::new(input, 64), &InputName::Stdin, None).unwrap();
    while reader.advance().unwrap() {}
    reader.time_digits()
}
