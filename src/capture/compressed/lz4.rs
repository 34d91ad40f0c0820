//! lz4, with any number of frames.

use std::io::{self, BufReader, Read};

use lz4_flex::frame::{Error as FrameError, FrameDecoder};

use super::{Fault, Method};

/// Compressed bytes that are read at once.
const INPUT: usize = 64 << 10;

/// What is in lz4 frames.
pub(super) struct Lz4 {
    decoder: FrameDecoder<Watched>,
    /// The last frame is whole, and no other has begun.
    whole: bool,
    fault: Option<Fault>,
}

/// The compressed bytes, with a note of how it went: to the decoder, the end of the input in front of a block is as good as
/// the end of the frame.
struct Watched {
    input: BufReader<Box<dyn Read + Send>>,
    taken: u64,
    at_end: bool,
    failure: Option<io::Error>,
}

impl Read for Watched {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = match self.input.read(into) {
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                // It is said as it is, and not as what the decoder makes of it.
                self.failure = Some(error);
                return Err(io::ErrorKind::Other.into());
            }
        };
        self.taken += n as u64;
        self.at_end |= n == 0 && !into.is_empty();
        Ok(n)
    }
}

impl Lz4 {
    pub fn new(input: Box<dyn Read + Send>) -> Self {
        let input = BufReader::with_capacity(INPUT, input);
        let watched = Watched { input, taken: 0, at_end: false, failure: None };
        Self { decoder: FrameDecoder::new(watched), whole: false, fault: None }
    }
}

impl Read for Lz4 {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.fault.is_none() && !into.is_empty() {
            let taken = self.decoder.get_ref().taken;
            let result = self.decoder.read(into);
            let input = self.decoder.get_mut();
            match result {
                Ok(0) if !input.at_end => self.whole = true,
                Ok(0) if self.whole && input.taken == taken => return Ok(0),
                Ok(0) => self.fault = Some(Fault::Cut),
                Ok(n) => {
                    self.whole = false;
                    return Ok(n);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => match input.failure.take() {
                    Some(failure) => return Err(failure),
                    None if input.at_end => self.fault = Some(Fault::Cut),
                    None => self.fault = Some(Fault::Damaged(message_of(&error))),
                },
            }
        }
        self.fault.clone().map_or(Ok(0), |fault| Err(fault.of(Method::Lz4)))
    }
}

/// What is wrong, in words: the decoder has names for programmers.
fn message_of(error: &io::Error) -> String {
    let known = error.get_ref().and_then(|inner| inner.downcast_ref::<FrameError>());
    let what = match known {
        Some(FrameError::HeaderChecksumError | FrameError::BlockChecksumError | FrameError::ContentChecksumError) => {
            "a checksum is wrong"
        }
        Some(FrameError::WrongMagicNumber) => "behind it is something that is not lz4",
        Some(FrameError::DictionaryNotSupported) => "it needs a dictionary",
        Some(FrameError::SkippableFrame(_)) => "it has a frame that is to be skipped",
        _ => "invalid data",
    };
    what.to_owned()
}
