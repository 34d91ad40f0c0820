//! Compressed capture files: recognised by their first bytes, and read as what is in them.
//!
//! Several members or frames one after the other are one file, as the tools that decompress them have it. Of a file that is
//! cut or damaged, everything before that place is given out first.

mod gzip;
mod lz4;
mod unpack;
mod xz;
mod zstd;

use std::io::{self, Read};

use self::unpack::Unpack;

/// The methods that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Gzip,
    Zstd,
    Lz4,
    Xz,
}

impl Method {
    /// The method of an input that begins with `bytes`.
    pub fn of(bytes: &[u8]) -> Option<Method> {
        match bytes {
            [0x1f, 0x8b, ..] => Some(Method::Gzip),
            // A frame, or one that is to be skipped: parallel compressors begin with it.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Method::Zstd),
            [0x04, 0x22, 0x4d, 0x18, ..] => Some(Method::Lz4),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Method::Xz),
            _ => None,
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Method::Gzip => "gzip",
            Method::Zstd => "zstd",
            Method::Lz4 => "lz4",
            Method::Xz => "xz",
        }
    }

    /// The command that decompresses a file to a pipe.
    pub fn command(self) -> &'static str {
        match self {
            Method::Gzip => "zcat",
            Method::Zstd => "zstdcat",
            Method::Lz4 => "lz4cat",
            Method::Xz => "xzcat",
        }
    }

    /// The same, for files that need more memory than is given to them here.
    pub fn command_for_large(self) -> &'static str {
        match self {
            Method::Zstd => "zstdcat --long=31",
            other => other.command(),
        }
    }

    /// What is in `input`. It may keep `1 << window` bytes of what it gave out, and little more memory.
    pub fn unpack(self, input: Box<dyn Read + Send>, window: u32) -> Box<dyn Read + Send> {
        match self {
            Method::Gzip => Box::new(Unpack::new(self, input, gzip::Gzip::new())),
            Method::Zstd => match zstd::Zstd::new(window) {
                Ok(zstd) => Box::new(Unpack::new(self, input, zstd)),
                Err(fault) => Box::new(Broken(Some(fault.of(self)))),
            },
            Method::Xz => match xz::Xz::new(window) {
                Ok(xz) => Box::new(Unpack::new(self, input, xz)),
                Err(fault) => Box::new(Broken(Some(fault.of(self)))),
            },
            Method::Lz4 => Box::new(lz4::Lz4::new(input)),
        }
    }
}

/// A stream that fails at once.
struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _into: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// What is wrong with compressed bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// They end too early.
    #[error("it ends too early")]
    Cut,
    /// They contradict themselves.
    #[error("{0}")]
    Damaged(String),
    /// To read them takes more memory than this input may have.
    #[error("it needs too much memory")]
    Memory,
}

impl Fault {
    /// As an error of the stream that has it.
    fn of(self, method: Method) -> io::Error {
        io::Error::other(Faulty { method, fault: self })
    }
}

/// A [`Fault`] on its way through a stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} compression: {fault}", .method.name())]
pub(super) struct Faulty {
    pub method: Method,
    pub fault: Fault,
}

impl Faulty {
    /// The fault behind an error of reading, if it is one of the compression.
    pub fn behind(error: &io::Error) -> Option<&Faulty> {
        error.get_ref()?.downcast_ref()
    }
}

#[cfg(test)]
mod tests;
