//! Any number of capture files and standard input, as one capture in the order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::VecDeque;
use std::collections::binary_heap::PeekMut;
use std::io;
use std::path::PathBuf;

use super::error::{Error, ErrorKind, InputName};
use super::input::Input;
use super::means::Means;
use super::{Drops, Each, Frame, Pause, Polled, Progress, Source};
use crate::base::Timestamp;

#[cfg(feature = "live")]
use super::Filter;

/// How inputs are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// A thread reads ahead, up to a limit for each input that is open: worth it where a processor has nothing else to do.
    /// Compressed inputs are decompressed by such a thread in any case.
    pub read_ahead: bool,
}

/// [`open_with`] the default options.
pub fn open(inputs: &[PathBuf]) -> (Files, Vec<Error>) {
    open_with(inputs, OpenOptions::default())
}

/// Opens `inputs`, of which `-` is standard input, as one capture; and says which of them could not be opened.
///
/// Of several inputs, frames come in the order of their times, those of the same time in the order of the inputs. Within
/// one input its own order is kept, even where its time goes backwards. Regular files are open from their first
/// to their last frame only, so a long row of files that follow each other needs few at a time.
/// A pipe among several inputs is waited for until its first frame is there.
///
/// What is compressed with gzip, zstd, lz4 or xz is recognised by its first bytes, and read as what is in it.
pub fn open_with(inputs: &[PathBuf], options: OpenOptions) -> (Files, Vec<Error>) {
    let mut errors = Vec::new();
    let mut opened = Vec::new();
    let mut late = VecDeque::new();
    let mut heads = BinaryHeap::new();
    let alone = inputs.len() == 1;
    let means = Means::of_each(inputs.len(), options.read_ahead);
    let mut has_stdin = false;
    for path in inputs {
        let name = InputName::of(path);
        if name == InputName::Stdin && std::mem::replace(&mut has_stdin, true) {
            // Two readers would take each other's bytes.
            errors.push(Error::new(name, ErrorKind::Open(io::Error::other("it is named more than once"))));
            continue;
        }
        let mut input = match Input::open(path, means.clone(), !alone) {
            Ok(input) => input,
            Err(error) => {
                errors.push(error);
                continue;
            }
        };
        if !alone {
            match input.advance() {
                Ok(true) => heads.push(Reverse((input.time(), opened.len()))),
                Ok(false) => {}
                Err(error) => late.push_back(error),
            }
            input.rest();
        }
        opened.push(input);
    }
    let files = Files {
        inputs: opened,
        alone,
        heads,
        handed_out: false,
        late,
        number: 0,
        filtered_out: 0,
        #[cfg(feature = "live")]
        filter: None,
    };
    (files, errors)
}

/// Capture files as one [`Source`]; made by [`open`].
pub struct Files {
    inputs: Vec<Input>,
    /// There is nothing to merge: the only input is read straight through.
    alone: bool,
    /// Of each input that has one, the time of its next frame, and its place among the inputs.
    heads: BinaryHeap<Reverse<(Timestamp, usize)>>,
    /// The frame of the first of the heads was given away: that input has to go on.
    handed_out: bool,
    /// Problems of the first frames of inputs, met when the inputs were looked at.
    late: VecDeque<Error>,
    number: u64,
    filtered_out: u64,
    #[cfg(feature = "live")]
    filter: Option<Filter>,
}

impl Files {
    /// None of the inputs could be opened.
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// From now on only frames that pass `filter` are given out; the others are counted, and keep their numbers.
    #[cfg(feature = "live")]
    pub fn set_filter(&mut self, filter: Filter) {
        self.filter = Some(filter);
    }

    /// Goes to the next frame of all; none at the end, else the place of its input.
    #[inline]
    fn advance(&mut self) -> Result<Option<usize>, Error> {
        if !self.alone {
            return self.advance_merged();
        }
        match self.inputs.first_mut() {
            Some(only) => Ok(only.advance()?.then_some(0)),
            None => Ok(None),
        }
    }

    fn advance_merged(&mut self) -> Result<Option<usize>, Error> {
        if let Some(error) = self.late.pop_front() {
            return Err(error);
        }
        while let Some(mut first) = self.heads.peek_mut() {
            let Reverse((_, place)) = *first;
            let Some(input) = self.inputs.get_mut(place) else { return Ok(None) };
            let given_away = std::mem::take(&mut self.handed_out);
            if !given_away && !input.is_resting() {
                self.handed_out = true;
                return Ok(Some(place));
            }
            match input.advance() {
                Ok(true) => *first = Reverse((input.time(), place)),
                Ok(false) => {
                    PeekMut::pop(first);
                }
                Err(error) => {
                    PeekMut::pop(first);
                    return Err(error);
                }
            }
        }
        Ok(None)
    }

    #[cfg(feature = "live")]
    fn has_filter(&self) -> bool {
        self.filter.is_some()
    }

    #[cfg(not(feature = "live"))]
    fn has_filter(&self) -> bool {
        false
    }

    /// Whether the current frame of the input at `place` is to be kept back.
    #[cfg(feature = "live")]
    #[inline]
    fn is_kept_back(&mut self, place: usize) -> Result<bool, Error> {
        let Some(filter) = &mut self.filter else { return Ok(false) };
        let Some((record, data)) = self.inputs.get(place).and_then(Input::record) else { return Ok(false) };
        let passes = filter.passes(record.link, record.wire_len, data);
        if !matches!(passes, Ok(true)) {
            self.filtered_out += 1;
        }
        passes.map(|passes| !passes)
    }

    /// Without libpcap there are no filters.
    #[cfg(not(feature = "live"))]
    #[inline]
    fn is_kept_back(&mut self, _place: usize) -> Result<bool, Error> {
        Ok(false)
    }
}

impl Source for Files {
    #[inline]
    fn poll(&mut self) -> Result<Polled<'_>, Error> {
        let place = loop {
            let Some(place) = self.advance()? else { return Ok(Polled::End) };
            self.number += 1;
            if !self.is_kept_back(place)? {
                break place;
            }
        };
        let Some((record, data)) = self.inputs.get(place).and_then(Input::record) else { return Ok(Polled::End) };
        let (ts, link, wire_len) = (record.ts, record.link, record.wire_len);
        Ok(Polled::Frame(Frame { ts, number: self.number, link, wire_len, data }))
    }

    fn frames(&mut self, most: usize, each: &mut Each<'_>) -> Result<Pause, Error> {
        if self.alone
            && !self.has_filter()
            && let Some(only) = self.inputs.first_mut()
        {
            let last = self.number + most as u64;
            return Ok(if only.frames(&mut self.number, last, each)? { Pause::Enough } else { Pause::End });
        }
        for _ in 0..most {
            match self.poll()? {
                Polled::Frame(frame) => each(&[frame]),
                Polled::Idle(_) | Polled::End => return Ok(Pause::End),
            }
        }
        Ok(Pause::Enough)
    }

    fn time_digits(&self) -> u8 {
        self.inputs.iter().map(Input::time_digits).max().unwrap_or(6)
    }

    fn progress(&self) -> Progress {
        let none = Progress { bytes_read: 0, bytes_total: Some(0) };
        self.inputs.iter().map(Input::progress).fold(none, |sum, one| Progress {
            bytes_read: sum.bytes_read + one.bytes_read,
            bytes_total: sum.bytes_total.zip(one.bytes_total).map(|(a, b)| a + b),
        })
    }

    fn kernel_drops(&mut self) -> Option<Drops> {
        self.inputs.iter().filter_map(Input::drops).reduce(Drops::plus)
    }

    fn filtered_out(&self) -> u64 {
        self.filtered_out
    }
}

#[cfg(test)]
mod tests;
