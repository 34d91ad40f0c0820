//! What can go wrong with a report.

use std::io;

/// Why a report could not be written, or not be begun.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Writing failed. The kind of the cause is kept, so that a broken pipe can be told from a full disk.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// No column has this name.
    #[error("there is no column '{name}'{}", meant(near))]
    UnknownColumn {
        /// The name.
        name: String,
        /// Names that may have been meant, likeliest first.
        near: Vec<&'static str>,
    },
    /// No format has this name or goes with this file name.
    #[error("cannot tell the format of '{name}'; known formats: {}", known.join(", "))]
    UnknownFormat {
        /// The name as given.
        name: String,
        /// The names and extensions that are known.
        known: Vec<String>,
    },
    /// The order is neither `asc` nor `desc`.
    #[error("cannot sort by '{0}': write COLUMN, COLUMN:asc or COLUMN:desc")]
    BadOrder(String),
}

impl Error {
    /// The reader of the output went away: no reason to complain.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Error::Io(e) if e.kind() == io::ErrorKind::BrokenPipe)
    }
}

fn meant(near: &[&str]) -> String {
    match near {
        [] => "; 'tcplens columns' lists them all".to_owned(),
        [names @ .., last] if !names.is_empty() => format!("; did you mean {} or {last}?", names.join(", ")),
        [name, ..] => format!("; did you mean {name}?"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_pipe_stays_one() {
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(Error::from(broken()).is_broken_pipe());
        assert!(!Error::from(io::Error::other("full")).is_broken_pipe());
    }

    #[test]
    fn suggestions_read_as_a_sentence() {
        assert_eq!(meant(&["a"]), "; did you mean a?");
        assert_eq!(meant(&["a", "b", "c"]), "; did you mean a, b or c?");
        assert!(meant(&[]).contains("tcplens columns"));
    }
}
