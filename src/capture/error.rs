//! What can be wrong with an input, said so that the user can act on it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// One input has a problem. It names the input, and says what could still be read of it.
#[derive(Debug)]
pub struct Error(Box<Details>);

#[derive(Debug)]
struct Details {
    input: InputName,
    kind: ErrorKind,
}

impl Error {
    /// The problem `kind` of `input`.
    pub fn new(input: InputName, kind: ErrorKind) -> Self {
        Self(Box::new(Details { input, kind }))
    }

    /// The input that has the problem.
    pub fn input(&self) -> &InputName {
        &self.0.input
    }

    /// What the problem is.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// How much of the input is lost by it.
    pub fn severity(&self) -> Severity {
        self.0.kind.severity()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.input {
            InputName::All => self.0.kind.fmt(f),
            input => write!(f, "{input}: {}", self.0.kind),
        }
    }
}

impl std::error::Error for Error {}

/// How much of an input an [`Error`] costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing of the input could be read.
    Unusable,
    /// The frames before the problem were delivered; what lies behind it, or is concerned by it, is missing.
    Incomplete,
}

/// Kinds of problems of an input. The message of each names the cause and, where there is one, the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file cannot be opened, or its first bytes cannot be read.
    #[error("cannot be opened: {0}")]
    Open(io::Error),
    /// What it holds is no pcap and no pcapng.
    #[error("not a capture file: expected pcap or pcapng, found {found}{}", remedy_behind(.remedy))]
    NotACapture {
        /// What it seems to be, for example `a directory` or `a snoop capture`.
        found: String,
        /// What to do about it; may be empty.
        remedy: String,
    },
    /// A file that is compressed with a method that cannot be read, or twice.
    #[error("compressed with {method}: decompress it first, e.g. {remedy}")]
    Compressed {
        /// Name of the compression, for example `bzip2`.
        method: String,
        /// A command line that decompresses it.
        remedy: String,
    },
    /// It begins like a capture file and ends before its header does.
    #[error("cut in the file header: {have} of {need} bytes are there")]
    HeaderCut {
        /// Bytes that are there.
        have: u64,
        /// Bytes that the header has.
        need: u64,
    },
    /// A capture file whose header says something that no reader could follow.
    #[error("not a readable capture file: {0}")]
    Unsupported(String),
    /// The file ends in the middle of a record.
    #[error(
        "cut short after frame {frames} of the file: of the record that starts at byte {offset}, \
         {have} of at least {need} bytes are there"
    )]
    Cut {
        /// Frames of this file before the cut.
        frames: u64,
        /// Where the record starts that is not whole, in bytes from the start of the file.
        offset: u64,
        /// Bytes of it that are there.
        have: u64,
        /// Bytes that it has, as far as its beginning tells.
        need: u64,
    },
    /// A compressed file ends in the middle of its compression.
    #[error(
        "cut short: its {method} compression ends too early, after frame {frames} of the file; \
         copy it again, or wait until it is written"
    )]
    CompressionCut {
        /// Name of the compression.
        method: &'static str,
        /// Frames of this file before the cut.
        frames: u64,
    },
    /// A compressed file is damaged.
    #[error("damaged: its {method} compression cannot be read further after frame {frames} of the file: {what}")]
    CompressionDamaged {
        /// Name of the compression.
        method: &'static str,
        /// Frames of this file before the damage.
        frames: u64,
        /// What is wrong with it.
        what: String,
    },
    /// A file is compressed in a way that takes much memory to read.
    #[error("compressed with {method} for more memory than is given to an input: decompress it first, e.g. {remedy}")]
    CompressionMemory {
        /// Name of the compression.
        method: &'static str,
        /// A command line that decompresses it.
        remedy: String,
    },
    /// A record contradicts itself or the file; where the next one starts is unknown.
    #[error("damaged after frame {frames} of the file, in the record that starts at byte {offset}: {what}")]
    Damaged {
        /// Frames of this file before the damage.
        frames: u64,
        /// Where the damaged record starts, in bytes from the start of the file.
        offset: u64,
        /// What is wrong with it.
        what: String,
    },
    /// The system failed to read on.
    #[error("cannot be read further after frame {frames} of the file, at byte {offset}: {cause}")]
    Io {
        /// Frames of this file before the failure.
        frames: u64,
        /// Bytes that had been read.
        offset: u64,
        /// What the system said.
        cause: io::Error,
    },
    /// The filter expression is wrong. Nothing was read.
    #[error("filter '{expression}': {message}")]
    Filter {
        /// The expression as given.
        expression: String,
        /// What libpcap said.
        message: String,
    },
    /// The filter expression is right, but means nothing on this link type: none of its frames passes.
    #[error("filter '{expression}' cannot be used on link type {link}, whose frames are all left out: {message}")]
    FilterLink {
        /// The expression as given.
        expression: String,
        /// The `LINKTYPE_` value.
        link: u16,
        /// What libpcap said.
        message: String,
    },
    /// The user may not capture.
    #[error("no permission to capture: run as root, or once {remedy} ({message})")]
    Permission {
        /// What libpcap said.
        message: String,
        /// The command that grants the permission.
        remedy: &'static str,
    },
    /// There is no such interface.
    #[error("no such interface; {}", available(.known))]
    NoSuchInterface {
        /// The interfaces that there are.
        known: Vec<String>,
    },
    /// The interface cannot be opened, for another reason than permission.
    #[error("cannot capture: {0}")]
    Live(String),
    /// A running live capture failed, for example because the interface went away.
    #[error("the capture ended after frame {frames}: {message}")]
    LiveEnded {
        /// Frames before the failure.
        frames: u64,
        /// What libpcap said.
        message: String,
    },
}

impl ErrorKind {
    /// How much of the input is lost by it.
    pub fn severity(&self) -> Severity {
        match self {
            ErrorKind::Open(_)
            | ErrorKind::NotACapture { .. }
            | ErrorKind::Compressed { .. }
            | ErrorKind::CompressionCut { frames: 0, .. }
            | ErrorKind::CompressionDamaged { frames: 0, .. }
            | ErrorKind::HeaderCut { .. }
            | ErrorKind::Unsupported(_)
            | ErrorKind::Filter { .. }
            | ErrorKind::Permission { .. }
            | ErrorKind::NoSuchInterface { .. }
            | ErrorKind::Live(_) => Severity::Unusable,
            ErrorKind::Cut { .. }
            | ErrorKind::CompressionCut { .. }
            | ErrorKind::CompressionDamaged { .. }
            | ErrorKind::CompressionMemory { .. }
            | ErrorKind::Damaged { .. }
            | ErrorKind::Io { .. }
            | ErrorKind::FilterLink { .. }
            | ErrorKind::LiveEnded { .. } => Severity::Incomplete,
        }
    }
}

fn remedy_behind(remedy: &str) -> String {
    if remedy.is_empty() { String::new() } else { format!("; {remedy}") }
}

fn available(known: &[String]) -> String {
    if known.is_empty() {
        "`tcplens interfaces` lists those that may be captured from".to_owned()
    } else {
        format!("there are {} (`tcplens interfaces` says more)", known.join(", "))
    }
}

/// Where frames come from, as messages name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputName {
    /// A file.
    File(PathBuf),
    /// Standard input, on the command line `-`.
    Stdin,
    /// A network interface.
    Interface(String),
    /// No single one: the input as a whole.
    All,
}

impl InputName {
    /// The name that a path on the command line stands for: `-` is standard input.
    pub fn of(path: &Path) -> Self {
        if path.as_os_str() == "-" { InputName::Stdin } else { InputName::File(path.to_owned()) }
    }
}

impl fmt::Display for InputName {
    /// Control characters are escaped: a file name must not be able to steer the terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            InputName::File(path) => path.to_string_lossy().into_owned(),
            InputName::Stdin => return f.write_str("standard input"),
            InputName::Interface(name) => format!("interface {name}"),
            InputName::All => return f.write_str("input"),
        };
        for c in name.chars() {
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { write!(f, "{c}")? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_the_input_the_place_and_what_is_missing() {
        let kind = ErrorKind::Cut { frames: 16, offset: 1234, have: 40, need: 96 };
        let error = Error::new(InputName::of(Path::new("a.pcap")), kind);
        let text = error.to_string();
        assert_eq!(
            text,
            "a.pcap: cut short after frame 16 of the file: of the record that starts at byte 1234, \
             40 of at least 96 bytes are there"
        );
        assert_eq!(error.severity(), Severity::Incomplete);
    }

    #[test]
    fn a_file_name_cannot_steer_the_terminal() {
        assert_eq!(InputName::of(Path::new("a\u{1b}[2J.pcap")).to_string(), "a\\u{1b}[2J.pcap");
        assert_eq!(InputName::of(Path::new("-")).to_string(), "standard input");
    }
}
