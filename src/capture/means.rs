//! What the inputs of a capture may take of the machine: memory and threads, shared among as many as there are.

use super::buffer::Buffer;
use super::read_ahead::{Blocks, Permits};

/// Up to so many inputs have large buffers, should they all be open at once.
const FEW: usize = 16;
/// So many threads read ahead at the same time. Others of the inputs that are open then are read where they are parsed.
const THREADS: usize = 8;
/// Blocks that go round between two threads: one that is parsed, one that is filled, and two between them.
const BLOCKS: usize = 4;

/// What one input may take.
#[derive(Clone, Debug)]
pub(super) struct Means {
    /// Size of its buffer, if it is read where it is parsed.
    pub buffer: usize,
    /// Size of its blocks, if a thread reads ahead.
    pub block: usize,
    /// A thread reads ahead also where nothing has to be decompressed.
    pub read_ahead: bool,
    /// The threads, shared by all inputs.
    pub permits: Permits,
    /// To decompress it, `1 << window` bytes of what came before may be kept.
    pub window: u32,
}

impl Means {
    /// What each of `inputs` inputs may take.
    pub fn of_each(inputs: usize, read_ahead: bool) -> Self {
        let alone = inputs <= 1;
        Self {
            buffer: if inputs <= FEW { Buffer::SIZE } else { Buffer::SMALL },
            block: if alone { 256 << 10 } else { 64 << 10 },
            read_ahead,
            permits: Permits::new(if alone { 1 } else { THREADS }),
            // 128 MiB is what the command zstd takes without being asked, and more than any usual level of xz;
            // 8 MiB is what the usual levels of both need.
            window: if inputs <= FEW { 27 } else { 23 },
        }
    }

    /// The same, to look at the beginning of a file: it is not worth a thread or a large buffer.
    pub fn for_a_look(&self) -> Self {
        Self { buffer: Buffer::SMALL, permits: Permits::new(0), ..self.clone() }
    }

    /// How it is read ahead. The next bytes of a file are never long in coming, those of a pipe may be.
    pub fn blocks(&self, is_file: bool) -> Blocks {
        Blocks { size: self.block, count: BLOCKS, full_only: is_file }
    }
}
