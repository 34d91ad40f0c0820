//! xz, with any number of streams.

use liblzma::stream::{Action, CONCATENATED, Error, Status, Stream};

use super::Fault;
use super::unpack::{Decode, Step, Then};

/// What the decompressor takes besides its dictionary.
const OWN: u64 = 2 << 20;

/// Decompresses xz.
pub(super) struct Xz(Stream);

impl Xz {
    /// For dictionaries of `1 << window` bytes at most.
    ///
    /// # Errors
    /// The library could not be set up.
    pub fn new(window: u32) -> Result<Self, Fault> {
        Stream::new_stream_decoder((1 << window) + OWN, CONCATENATED).map(Xz).map_err(fault_of)
    }
}

impl Decode for Xz {
    fn step(&mut self, input: &[u8], output: &mut [u8], last: bool) -> Step {
        let (taken, given) = (self.0.total_in(), self.0.total_out());
        // Only with the end in sight does it say whether the last stream was whole.
        let action = if last { Action::Finish } else { Action::Run };
        let then = match self.0.process(input, output, action) {
            Ok(Status::StreamEnd) => Ok(Then::Whole),
            Ok(_) => Ok(Then::More),
            Err(error) => Err(fault_of(error)),
        };
        let (taken, given) = (self.0.total_in() - taken, self.0.total_out() - given);
        Step { taken: taken as usize, given: given as usize, then }
    }
}

fn fault_of(error: Error) -> Fault {
    match error {
        Error::MemLimit | Error::Mem => Fault::Memory,
        Error::Data => Fault::Damaged("invalid data".to_owned()),
        other => Fault::Damaged(other.to_string()),
    }
}
