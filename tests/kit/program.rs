//! The program as a user runs it.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// What a run said and how it ended.
pub struct Ran {
    /// Exit status; none if a signal ended it.
    pub status: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Ran {
            status: output.status.code(),
            out: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            err: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
        }
    }
}

impl Ran {
    /// It ended well and had nothing to complain of; its standard output.
    #[track_caller]
    pub fn clean(self) -> String {
        assert_eq!((self.status, self.err.as_str()), (Some(0), ""), "standard output:\n{}", self.out);
        self.out
    }

    /// It ended with `status`, wrote no data, and said in one line (`error: …` of clap may have more) all of `words`.
    #[track_caller]
    pub fn complains(&self, status: i32, words: &[&str]) {
        assert_eq!(self.status, Some(status), "{}", self.err);
        for word in words {
            assert!(self.err.contains(word), "'{word}' is not said in: {}", self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
    }
}

/// The program, with an environment in which nothing depends on the machine.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tcplens"));
    command.env_remove("COLUMNS").env_remove("NO_COLOR").env("TZ", "UTC").stdin(Stdio::null());
    command
}

/// Runs it with these arguments.
pub fn run(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
    command().args(arguments).output().expect("the program starts").into()
}

/// Runs it in a folder.
pub fn run_in(folder: &Path, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
    command().current_dir(folder).args(arguments).output().expect("the program starts").into()
}

/// Runs it with these bytes on standard input, which is a pipe.
pub fn run_fed(arguments: &[&str], input: Vec<u8>) -> Ran {
    let mut child = command()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || {
        let _ = stdin.write_all(&input); // it may leave before it has read all
    });
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    output.into()
}
