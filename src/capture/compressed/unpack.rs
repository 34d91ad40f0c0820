//! A stream of what is in compressed bytes, with any decompressor that takes and gives bytes step by step.

use std::io::{self, Read};

use super::{Fault, Method};

/// Compressed bytes that are read at once.
const INPUT: usize = 64 << 10;

/// A decompressor.
pub(super) trait Decode: Send {
    /// Goes on. `last`: behind `input` there is no more of it.
    fn step(&mut self, input: &[u8], output: &mut [u8], last: bool) -> Step;
}

/// What a decompressor has done.
#[derive(Debug)]
pub(super) struct Step {
    /// Bytes of the input that it is done with.
    pub taken: usize,
    /// Bytes that it has put into the output; they are good, also when there is a fault behind them.
    pub given: usize,
    /// What it wants.
    pub then: Result<Then, Fault>,
}

/// What a decompressor wants to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Whatever it can have: input, or room for output.
    More,
    /// Nothing: here may be the end, and may be another member.
    Whole,
}

/// The stream.
pub(super) struct Unpack<D> {
    method: Method,
    input: Box<dyn Read + Send>,
    decode: D,
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
    at_end: bool,
    /// The last member is whole.
    whole: bool,
    /// What comes behind the bytes that were given out.
    fault: Option<Fault>,
}

impl<D: Decode> Unpack<D> {
    pub fn new(method: Method, input: Box<dyn Read + Send>, decode: D) -> Self {
        let bytes = vec![0; INPUT].into_boxed_slice();
        Self { method, input, decode, bytes, start: 0, end: 0, at_end: false, whole: false, fault: None }
    }

    fn refill(&mut self) -> io::Result<()> {
        loop {
            match self.input.read(&mut self.bytes) {
                Ok(n) => {
                    (self.start, self.end, self.at_end) = (0, n, n == 0);
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl<D: Decode> Read for Unpack<D> {
    /// Gives what it has as soon as it has something: the compressed bytes may come from a pipe.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(fault) = &self.fault {
                return Err(fault.clone().of(self.method));
            }
            if self.start == self.end && !self.at_end {
                self.refill()?;
            }
            if self.start == self.end && self.at_end && self.whole {
                return Ok(0);
            }
            let input = self.bytes.get(self.start..self.end).unwrap_or(&[]);
            let step = self.decode.step(input, into, self.at_end);
            self.start = (self.start + step.taken).min(self.end);
            match step.then {
                Ok(then) => self.whole = then == Then::Whole,
                Err(fault) => self.fault = Some(fault),
            }
            let stuck = step.taken == 0 && step.given == 0 && self.fault.is_none() && !self.whole;
            if stuck && self.at_end {
                self.fault = Some(Fault::Cut);
            } else if stuck && self.start < self.end {
                // It has input and room and does nothing: without this, it would go on for ever.
                self.fault = Some(Fault::Damaged("the decompressor makes no progress".to_owned()));
            }
            if step.given > 0 {
                return Ok(step.given.min(into.len()));
            }
        }
    }
}
