//! A row an event: what `tcplens events` writes, as CSV or as one JSON object a line.

use std::io::Write;

use super::error::Error;
use super::format::Output;
use super::number::push_integer;
use super::time::{Precision, TimeFormat, push_time};
use crate::tcp::Event;

/// The fields of a row, and what each is.
pub const FIELDS: [(&str, &str); 11] = [
    ("time", "Capture time of the packet"),
    ("frame", "Its number in the capture, from 1"),
    ("flow_id", "Its connection, as in the report"),
    ("sender", "Who sent it: client or server"),
    ("event", "What it was"),
    (
        "stream_offset",
        "Offset of its first byte in the sender's stream; for an ACK, what it acknowledges in the peer's; the SYN is at -1",
    ),
    ("bytes", "Bytes that it is about"),
    ("original_frame", "The frame that it repeats, or that came in its stead"),
    ("evidence", "On what the verdict rests; words separated by semicolons"),
    ("confidence", "certain, likely or guess"),
    ("detail", "For a change of state: whose, and to what"),
];

/// How rows of events are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EventFormat {
    /// RFC 4180.
    #[default]
    Csv,
    /// One JSON object a line.
    Ndjson,
}

/// Writes rows of events.
pub struct EventWriter {
    out: Output,
    format: EventFormat,
    time: TimeFormat,
    precision: Precision,
    line: Vec<u8>,
}

/// A cell of a row, in the order of [`FIELDS`].
enum Cell {
    Time,
    Unsigned(u64),
    Signed(i64),
    Word(&'static str),
    Words(crate::tcp::Evidence),
    Empty,
}

impl EventWriter {
    /// Writes to `out`.
    pub fn new(out: Output, format: EventFormat, time: TimeFormat) -> Self {
        Self { out, format, time, precision: Precision::Micros, line: Vec::with_capacity(256) }
    }

    /// The header, where the format has one.
    ///
    /// # Errors
    /// The output fails.
    pub fn begin(&mut self, precision: Precision) -> Result<(), Error> {
        self.precision = precision;
        if self.format == EventFormat::Csv {
            let names: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
            writeln!(self.out, "{}", names.join(","))?;
        }
        Ok(())
    }

    /// One row.
    ///
    /// # Errors
    /// The output fails.
    pub fn event(&mut self, flow_id: u64, event: &Event) -> Result<(), Error> {
        let cells = [
            Cell::Time,
            Cell::Unsigned(event.frame),
            Cell::Unsigned(flow_id),
            Cell::Word(if event.sender == 0 { "client" } else { "server" }),
            Cell::Word(event.kind.word()),
            Cell::Signed(event.offset),
            Cell::Unsigned(event.bytes),
            event.original.map_or(Cell::Empty, Cell::Unsigned),
            Cell::Words(event.evidence),
            Cell::Word(event.confidence.word()),
            if event.note.is_empty() { Cell::Empty } else { Cell::Word(event.note) },
        ];
        self.line.clear();
        match self.format {
            EventFormat::Csv => self.push_csv(event, &cells),
            EventFormat::Ndjson => self.push_json(event, &cells),
        }
        self.line.push(b'\n');
        Ok(self.out.write_all(&self.line)?)
    }

    /// Everything is on its way to the reader.
    ///
    /// # Errors
    /// The output fails.
    pub fn flush(&mut self) -> Result<(), Error> {
        Ok(self.out.flush()?)
    }

    /// No cell needs quotes: numbers, times, and words of ours without commas.
    fn push_csv(&mut self, event: &Event, cells: &[Cell]) {
        for (i, cell) in cells.iter().enumerate() {
            if i > 0 {
                self.line.push(b',');
            }
            self.push(event, cell);
        }
    }

    fn push_json(&mut self, event: &Event, cells: &[Cell]) {
        for (i, (cell, (name, _))) in cells.iter().zip(FIELDS).enumerate() {
            self.line.push(if i == 0 { b'{' } else { b',' });
            self.line.push(b'"');
            self.line.extend_from_slice(name.as_bytes());
            self.line.extend_from_slice(b"\":");
            match cell {
                Cell::Empty => self.line.extend_from_slice(b"null"),
                Cell::Unsigned(_) | Cell::Signed(_) => self.push(event, cell),
                Cell::Time | Cell::Word(_) | Cell::Words(_) => {
                    self.line.push(b'"');
                    self.push(event, cell);
                    self.line.push(b'"');
                }
            }
        }
        self.line.push(b'}');
    }

    fn push(&mut self, event: &Event, cell: &Cell) {
        let line = &mut self.line;
        match cell {
            Cell::Time => push_time(line, event.t, self.time, self.precision),
            Cell::Unsigned(n) => push_integer(line, *n),
            Cell::Signed(n) => {
                if *n < 0 {
                    line.push(b'-');
                }
                push_integer(line, n.unsigned_abs());
            }
            Cell::Word(word) => line.extend_from_slice(word.as_bytes()),
            Cell::Words(set) => {
                for (i, word) in set.words().enumerate() {
                    if i > 0 {
                        line.push(b';');
                    }
                    line.extend_from_slice(word.as_bytes());
                }
            }
            Cell::Empty => {}
        }
    }
}
