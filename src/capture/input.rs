//! One of the inputs that make up a capture: opened, put to rest, read to its end.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use super::error::{Error, ErrorKind, InputName};
use super::means::Means;
use super::record::Record;
use super::stream::{self, Stream};
use super::{Drops, Each, Progress};
use crate::base::Timestamp;

/// A capture file or standard input.
pub(super) struct Input {
    name: InputName,
    path: PathBuf,
    /// Size of a regular file. Anything else cannot be opened twice.
    size: Option<u64>,
    means: Means,
    state: State,
}

enum State {
    /// A regular file that is closed until its first frame is due.
    Resting { digits: u8 },
    /// It is being read.
    Open(Stream),
    /// Nothing more comes from it.
    Ended { digits: u8, position: u64, drops: Option<Drops> },
}

impl Input {
    /// Opens the file `path`, or standard input for `-`, and reads its header. `will_rest`: after this look
    /// at it [`Input::rest`] is called.
    ///
    /// # Errors
    /// It cannot be opened, or is no capture.
    pub fn open(path: &Path, means: Means, will_rest: bool) -> Result<Self, Error> {
        let name = InputName::of(path);
        match open(&name, path, &means, will_rest) {
            Ok((stream, size)) => Ok(Self { name, path: path.to_owned(), size, means, state: State::Open(stream) }),
            Err(kind) => Err(Error::new(name, kind)),
        }
    }

    /// Closes a regular file that has been looked at; the next [`Input::advance`] opens it again, at its first frame.
    pub fn rest(&mut self) {
        if let State::Open(stream) = &self.state
            && self.size.is_some()
        {
            self.state = State::Resting { digits: stream.reader.time_digits() };
        }
    }

    /// It was closed by [`Input::rest`] and not opened since.
    pub fn is_resting(&self) -> bool {
        matches!(self.state, State::Resting { .. })
    }

    /// Goes to the next frame; false at the end.
    ///
    /// # Errors
    /// The input has a problem. After that it is at its end.
    #[inline]
    pub fn advance(&mut self) -> Result<bool, Error> {
        let State::Open(stream) = &mut self.state else { return self.wake() };
        match stream.reader.advance() {
            Ok(true) => Ok(true),
            Ok(false) => {
                self.end();
                Ok(false)
            }
            Err(kind) => Err(self.fail(kind)),
        }
    }

    /// Gives its frames up to the one with the number `last` to `each`; false: it ended before. `number` is that of the frame before.
    ///
    /// # Errors
    /// As [`Input::advance`].
    pub fn frames(&mut self, number: &mut u64, last: u64, each: &mut Each<'_>) -> Result<bool, Error> {
        let State::Open(stream) = &mut self.state else { return Ok(false) };
        match stream.reader.frames(number, last, each) {
            Ok(true) => Ok(true),
            Ok(false) => {
                self.end();
                Ok(false)
            }
            Err(kind) => Err(self.fail(kind)),
        }
    }

    /// The frame that [`Input::advance`] went to.
    #[inline]
    pub fn record(&self) -> Option<(&Record, &[u8])> {
        match &self.state {
            State::Open(stream) => Some(stream.reader.record()),
            _ => None,
        }
    }

    /// Time of that frame.
    pub fn time(&self) -> Timestamp {
        self.record().map_or_else(Timestamp::default, |(record, _)| record.ts)
    }

    /// Fractional digits of its times, as far as known by now.
    pub fn time_digits(&self) -> u8 {
        match &self.state {
            State::Open(stream) => stream.reader.time_digits(),
            State::Resting { digits } | State::Ended { digits, .. } => *digits,
        }
    }

    /// How far it is. An input that has ended has no bytes left, also when it could not be read to its end.
    pub fn progress(&self) -> Progress {
        let bytes_read = match &self.state {
            State::Resting { .. } => 0,
            State::Open(stream) => stream.position(),
            State::Ended { position, .. } => self.size.unwrap_or(0).max(*position),
        };
        Progress { bytes_read, bytes_total: self.size }
    }

    /// What the file says of packets that were lost while it was written.
    pub fn drops(&self) -> Option<Drops> {
        match &self.state {
            State::Resting { .. } => None,
            State::Open(stream) => stream.reader.drops(),
            State::Ended { drops, .. } => *drops,
        }
    }

    #[cold]
    fn wake(&mut self) -> Result<bool, Error> {
        let State::Resting { digits } = self.state else { return Ok(false) };
        match open(&self.name, &self.path, &self.means, false) {
            Ok((stream, _)) => {
                self.state = State::Open(stream);
                self.advance()
            }
            Err(kind) => {
                self.state = State::Ended { digits, position: 0, drops: None };
                Err(Error::new(self.name.clone(), kind))
            }
        }
    }

    /// Ends it because of a problem.
    #[cold]
    fn fail(&mut self, kind: ErrorKind) -> Error {
        self.end();
        Error::new(self.name.clone(), stream::explain(kind, &self.name))
    }

    /// Gives back the buffer and the file.
    fn end(&mut self) {
        if let State::Open(stream) = &self.state {
            let Stream { reader, .. } = stream;
            let (digits, position, drops) = (reader.time_digits(), stream.position(), reader.drops());
            self.state = State::Ended { digits, position, drops };
        }
    }
}

/// An open input, and the size if it is a regular file.
fn open(name: &InputName, path: &Path, means: &Means, will_rest: bool) -> Result<(Stream, Option<u64>), ErrorKind> {
    if *name == InputName::Stdin {
        let stdin = io::stdin();
        if stdin.is_terminal() {
            let remedy = "pipe a capture into it, e.g. tcpdump -w - | tcplens -".to_owned();
            return Err(ErrorKind::NotACapture { found: "a terminal".to_owned(), remedy });
        }
        return Stream::open(Box::new(stdin), name, means, false).map(|stream| (stream, None));
    }
    let file = File::open(path).map_err(ErrorKind::Open)?;
    let metadata = file.metadata().map_err(ErrorKind::Open)?;
    if metadata.is_dir() {
        let remedy = "name the capture files in it".to_owned();
        return Err(ErrorKind::NotACapture { found: "a directory".to_owned(), remedy });
    }
    let size = metadata.is_file().then_some(metadata.len());
    let stream = if will_rest && size.is_some() {
        Stream::open(Box::new(file), name, &means.for_a_look(), true)
    } else {
        Stream::open(Box::new(file), name, means, size.is_some())
    };
    stream.map(|stream| (stream, size))
}
