//! Where the report goes: a file, a pipe or a terminal, in a format and in columns.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anyhow::Context;

use super::args::{ColorChoice, Output};
use crate::pipeline::Rows;
use crate::report::format::{by_name, by_path};
use crate::report::{Format, Options, Sorted, TerminalOptions, schema};

/// Width of a report that goes to no terminal.
const DEFAULT_WIDTH: usize = 80;

/// A reporter ready to be driven.
pub struct Plan {
    /// Who writes the rows.
    pub rows: Rows,
    /// It writes to the terminal: progress would disturb it.
    #[cfg_attr(not(feature = "live"), allow(dead_code, reason = "only a live run asks"))]
    pub to_terminal: bool,
}

/// What goes where.
///
/// # Errors
/// An unknown column or format, or a file that cannot be written: nothing has been read then.
pub fn plan(output: &Output) -> anyhow::Result<Plan> {
    let columns = match &output.columns {
        Some(names) => schema::select(names)?,
        None => schema::all(),
    };
    let stdout = io::stdout();
    let path = output.output.as_deref().filter(|path| *path != Path::new("-"));
    let format = format(output, path)?;
    let options = Options {
        time: output.time_format,
        crlf: output.crlf,
        terminal: TerminalOptions {
            width: if path.is_none() { terminal_width() } else { DEFAULT_WIDTH },
            color: path.is_none() && use_color(output.color, &stdout),
            top: (!output.all).then_some(output.top),
        },
    };
    let out = open_output(path)?;
    let reporter = (format.open)(out, &options);
    let reporter = match &output.sort {
        Some(key) => Box::new(Sorted::new(reporter, *key)),
        None => reporter,
    };
    Ok(Plan { rows: Rows { reporter, columns }, to_terminal: path.is_none() && io::stdout().is_terminal() })
}

/// The file, or standard output where there is none. It is not buffered: reports buffer what they write.
///
/// # Errors
/// The file cannot be written.
pub fn open_output(path: Option<&Path>) -> anyhow::Result<crate::report::Output> {
    Ok(match path {
        Some(path) => {
            let name = path.display().to_string();
            let file = File::create(path).with_context(|| format!("{name}: cannot be written"))?;
            Box::new(Named { out: file, name })
        }
        None => Box::new(Named { out: io::stdout(), name: "standard output".to_owned() }),
    })
}

/// An output whose errors say which it is.
struct Named<W> {
    out: W,
    name: String,
}

impl<W> Named<W> {
    fn blame(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{}: cannot be written: {error}", self.name))
    }
}

impl<W: Write> Write for Named<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes).map_err(|error| self.blame(&error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush().map_err(|error| self.blame(&error))
    }
}

fn format(output: &Output, path: Option<&Path>) -> anyhow::Result<&'static Format> {
    Ok(match (&output.format, path) {
        (Some(name), _) => by_name(name)?,
        (None, Some(path)) => by_path(path)?,
        // Rows were asked for, and rows for a pipe are CSV.
        (None, None) if output.output.is_some() => by_name("csv")?,
        (None, None) => by_name("table")?,
    })
}

/// Columns of the terminal, or what `COLUMNS` says, or 80.
pub fn terminal_width() -> usize {
    let stated = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let measured = || terminal_size::terminal_size().map(|(terminal_size::Width(w), _)| usize::from(w));
    stated.or_else(measured).unwrap_or(DEFAULT_WIDTH)
}

/// Colours are wanted, or are right by themselves: on a terminal, unless `NO_COLOR` is set.
pub fn use_color(choice: ColorChoice, stdout: &io::Stdout) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            let unwanted = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
            let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
            stdout.is_terminal() && !unwanted && !dumb
        }
    }
}
