//! The command line: arguments in, a run out, and what it has to say about it.
//!
//! Data goes to standard output, everything else to standard error. Exit status: 0 all was read; 1 rows were written, but some input was cut,
//! damaged or unreadable; 2 wrong usage, nothing readable, or the output failed.

mod analyze;
mod args;
mod events;
mod explain;
#[cfg(feature = "live")]
mod live;
mod notice;
mod output;
mod resources;
mod summary;
#[cfg(feature = "live")]
mod watch;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::report::listing;
use args::{Args, Command};

/// How a run ended, as the shell sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// All was read.
    Complete,
    /// Rows were written, but some input was not read to its end.
    Incomplete,
    /// Nothing was readable, or the output failed.
    Failed,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(status as u8)
    }
}

/// Parses the arguments, runs, and says what went wrong.
pub fn main() -> ExitCode {
    let args = Args::parse(); // clap itself exits with 2 on wrong usage
    let result = match &args.command {
        None => analyze::run(&args.analyze),
        Some(Command::Events(events)) => events::run(events),
        Some(Command::Explain(explain)) => explain::run(explain),
        Some(Command::Summary(summary)) => summary::run(summary),
        Some(Command::Columns) => list(listing::write_columns),
        Some(Command::Findings) => list(listing::write_findings),
        #[cfg(feature = "live")]
        Some(Command::Live(live)) => live::run(live),
        #[cfg(feature = "live")]
        Some(Command::Interfaces) => live::list_interfaces(),
        #[cfg(not(feature = "live"))]
        Some(Command::Live(_) | Command::Interfaces) => Err(anyhow::anyhow!(
            "this tcplens was built without live capture; build it with the default features, on a machine with libpcap's headers"
        )),
    };
    match result {
        Ok(status) => status.into(),
        Err(error) if is_broken_pipe(&error) => Status::Complete.into(), // who reads our output has seen enough
        Err(error) => {
            complain(format_args!("{error:#}"));
            Status::Failed.into()
        }
    }
}

/// Writes a line to standard error. Where that is closed, there is nobody to tell.
fn complain(message: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "tcplens: {message}");
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
            || cause.downcast_ref::<crate::report::Error>().is_some_and(crate::report::Error::is_broken_pipe)
    })
}

/// Writes a list: who the reader is decides what it looks like.
fn list(write: fn(&mut dyn Write, Option<usize>, bool) -> io::Result<()>) -> anyhow::Result<Status> {
    let stdout = io::stdout();
    let width = stdout.is_terminal().then(output::terminal_width);
    let color = output::use_color(args::ColorChoice::Auto, &stdout);
    let mut out = stdout.lock();
    write(&mut out, width, color)?;
    out.flush()?;
    Ok(Status::Complete)
}
