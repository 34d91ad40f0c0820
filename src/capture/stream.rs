//! The bytes of an input on their way to a reader: decompressed if they are compressed, read ahead if that is worth it.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::buffer::Buffer;
use super::compressed::{Fault, Faulty, Method};
use super::error::{ErrorKind, InputName};
use super::format::piped;
use super::means::Means;
use super::read_ahead::ReadAhead;
use super::reader::Reader;

/// By so many bytes a compression is recognised.
const HEAD: usize = 8;

/// An input that is being read.
pub(super) struct Stream {
    /// What is read.
    pub reader: Reader,
    /// Of a compressed input, how many of its bytes were read.
    compressed: Option<Arc<AtomicU64>>,
}

impl Stream {
    /// Reads the header of a capture. `is_file`: it is a regular file.
    ///
    /// # Errors
    /// It is no capture, or its header cannot be read.
    pub fn open(
        mut input: Box<dyn Read + Send>,
        name: &InputName,
        means: &Means,
        is_file: bool,
    ) -> Result<Self, ErrorKind> {
        let head = head_of(&mut *input).map_err(ErrorKind::Open)?;
        let method = Method::of(&head);
        let input = io::Cursor::new(head).chain(input);
        let (input, compressed): (Box<dyn Read + Send>, _) = match method {
            None => (Box::new(input), None),
            Some(method) => {
                let count = Arc::new(AtomicU64::new(0));
                let counted = Counted { input: Box::new(input), count: Arc::clone(&count) };
                (method.unpack(Box::new(counted), means.window), Some(count))
            }
        };
        let permit = if method.is_some() || means.read_ahead { means.permits.take() } else { None };
        let started = match permit {
            Some(permit) => ReadAhead::start(input, means.blocks(is_file), permit),
            None => Err(input),
        };
        let buffer = match started {
            Ok(ahead) => Buffer::ahead(ahead),
            Err(input) => Buffer::new(input, means.buffer),
        };
        let reader = Reader::open(buffer, name, method).map_err(|kind| explain(kind, name))?;
        Ok(Self { reader, compressed })
    }

    /// Bytes of the input that are done with.
    pub fn position(&self) -> u64 {
        self.compressed.as_ref().map_or_else(|| self.reader.position(), |count| count.load(Ordering::Relaxed))
    }
}

/// The first bytes of an input, fewer only if it has no more.
fn head_of(input: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD);
    input.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// Counts what is read.
struct Counted {
    input: Box<dyn Read + Send>,
    count: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(into)?;
        self.count.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Says it by its name if a reading failed because of the compression.
pub(super) fn explain(kind: ErrorKind, name: &InputName) -> ErrorKind {
    let (frames, cause) = match &kind {
        ErrorKind::Open(cause) => (0, cause),
        ErrorKind::Io { frames, cause, .. } => (*frames, cause),
        _ => return kind,
    };
    let Some(Faulty { method, fault }) = Faulty::behind(cause) else { return kind };
    match fault {
        Fault::Cut => ErrorKind::CompressionCut { method: method.name(), frames },
        Fault::Damaged(what) => ErrorKind::CompressionDamaged { method: method.name(), frames, what: what.clone() },
        Fault::Memory => {
            ErrorKind::CompressionMemory { method: method.name(), remedy: piped(method.command_for_large(), name) }
        }
    }
}
