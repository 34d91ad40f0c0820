//! Zstandard (RFC 8878), with any number of frames.

use zstd::zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer, get_error_name};

use super::Fault;
use super::unpack::{Decode, Step, Then};

/// What a frame header takes at least, with its magic number: where the decompressor begins.
const START: usize = 5;

/// Decompresses zstd.
pub(super) struct Zstd {
    context: DCtx<'static>,
    /// It gets so much at a time: what it asks for is the rest of a block and the header of the next. With more it might
    /// meet damage while the good bytes of the block before are still in its hands, and lose them.
    wanted: usize,
    /// The output was too small: the rest of the block has to be out before more goes in, for the same reason.
    holds_back: bool,
}

impl Zstd {
    /// For frames that look back `1 << window` bytes at most.
    ///
    /// # Errors
    /// The library could not be set up.
    pub fn new(window: u32) -> Result<Self, Fault> {
        let mut context = DCtx::try_create().ok_or(Fault::Memory)?;
        context.set_parameter(DParameter::WindowLogMax(window)).map_err(fault_of)?;
        Ok(Self { context, wanted: START, holds_back: false })
    }
}

impl Decode for Zstd {
    fn step(&mut self, input: &[u8], output: &mut [u8], _last: bool) -> Step {
        if self.holds_back {
            let step = self.run(&[], output);
            if step.given > 0 || step.then != Ok(Then::More) {
                return step;
            }
        }
        self.run(input.get(..self.wanted).unwrap_or(input), output)
    }
}

impl Zstd {
    fn run(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let room = output.len();
        let (mut from, mut to) = (InBuffer::around(input), OutBuffer::around(output));
        let then = match self.context.decompress_stream(&mut to, &mut from) {
            Ok(0) => {
                self.wanted = START;
                Ok(Then::Whole)
            }
            Ok(wanted) => {
                self.wanted = wanted;
                Ok(Then::More)
            }
            Err(code) => Err(fault_of(code)),
        };
        self.holds_back = to.pos() == room && then == Ok(Then::More);
        Step { taken: from.pos(), given: to.pos(), then }
    }
}

fn fault_of(code: usize) -> Fault {
    let name = get_error_name(code);
    if name.contains("memory") { Fault::Memory } else { Fault::Damaged(name.to_owned()) }
}
