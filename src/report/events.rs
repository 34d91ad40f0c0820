//! A row an event: what `tcplens events` writes, as CSV or as one JSON object a line.

use std::io::Write;

use super::cell::put_words;
use super::error::Error;
use super::format::Output;
use super::format::csv::BUFFER;
use super::number::{put_integer, put_millis, put_signed};
use super::room::{Room, put_all, put_byte, put_bytes};
use super::rows::{EncodedRow, RowBuffer, RowSpan};
use super::time::{Precision, TimeFormat, put_time};
use super::value::Words;
use crate::tcp::{Event, Evidence};

/// The fields of a row, and what each is.
pub const FIELDS: [(&str, &str); 12] = [
    ("time", "Capture time of the packet"),
    ("frame", "Its number in the capture, from 1"),
    ("flow_id", "Its connection, as in the report"),
    ("sender", "Who sent it: client or server; for a stall, who had to wait; for a recovery, whose it was"),
    ("event", "What it was"),
    (
        "stream_offset",
        "Offset of its first byte in the sender's stream; for an ACK, what it acknowledges in the peer's; the SYN is at -1",
    ),
    ("bytes", "Bytes that it is about"),
    ("original_frame", "The frame that it repeats, or that came in its stead; of a recovery, the first resend"),
    ("evidence", "On what the verdict rests; words separated by semicolons"),
    ("confidence", "certain, likely or guess"),
    ("detail", "For a change of state: whose, and to what; for a stall: its cause; for a recovery: fast, rto or open"),
    ("duration_ms", "How long the stall or the recovery was, in milliseconds"),
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

/// Writes events as rows without their flow ids, in any thread.
#[derive(Clone, Copy, Debug)]
pub struct EventEncoder {
    format: EventFormat,
    time: TimeFormat,
    precision: Precision,
}

impl EventEncoder {
    /// Appends the row of `event`.
    pub fn encode(&self, event: &Event, rows: &mut RowBuffer) -> RowSpan {
        self.write(event, None, rows)
    }

    /// Appends a row, with a flow id or with a hole for it.
    #[inline]
    fn write(&self, event: &Event, flow_id: Option<u64>, rows: &mut RowBuffer) -> RowSpan {
        let (start, mut hole) = (rows.len(), 0);
        rows.write(|room| {
            let (end, at) = self.put(event, flow_id, room);
            hole = at;
            end
        });
        rows.row_from(start, Some(start + hole))
    }

    /// Puts a row. Returns where it ends, and where the flow id belongs.
    #[inline]
    fn put(&self, event: &Event, flow_id: Option<u64>, room: &mut Room) -> (usize, usize) {
        match self.format {
            EventFormat::Csv => self.put_csv(event, flow_id, room),
            EventFormat::Ndjson => self.put_json(event, flow_id, room),
        }
    }

    /// No cell needs quotes: numbers, times, and words of ours without commas.
    fn put_csv(&self, event: &Event, flow_id: Option<u64>, room: &mut Room) -> (usize, usize) {
        let at = put_time(room, 0, event.t, self.time, self.precision);
        let at = put_byte(room, at, b',');
        let at = put_integer(room, at, event.frame);
        let hole = put_byte(room, at, b',');
        let at = put_if(room, hole, flow_id);
        let at = put_all(room, at, if event.sender == 0 { b",client," } else { b",server," });
        let at = put_bytes(room, at, event.kind.word().as_bytes());
        let at = put_byte(room, at, b',');
        let at = put_signed(room, at, event.offset);
        let at = put_byte(room, at, b',');
        let at = put_integer(room, at, event.bytes);
        let at = put_byte(room, at, b',');
        let at = put_if(room, at, event.original);
        let at = put_byte(room, at, b',');
        let at = put_evidence(room, at, event.evidence);
        let at = put_byte(room, at, b',');
        let at = put_bytes(room, at, event.confidence.word().as_bytes());
        let at = put_byte(room, at, b',');
        let at = put_bytes(room, at, event.note.as_bytes());
        let at = put_byte(room, at, b',');
        let at = event.duration.map_or(at, |span| put_millis(room, at, span));
        (put_byte(room, at, b'\n'), hole)
    }

    /// Nor does any text need to be escaped.
    fn put_json(&self, event: &Event, flow_id: Option<u64>, room: &mut Room) -> (usize, usize) {
        let at = put_all(room, 0, b"{\"time\":\"");
        let at = put_time(room, at, event.t, self.time, self.precision);
        let at = put_all(room, at, b"\",\"frame\":");
        let at = put_integer(room, at, event.frame);
        let hole = put_all(room, at, b",\"flow_id\":");
        let at = put_if(room, hole, flow_id);
        let at = put_all(room, at, b",\"sender\":\"");
        let at = put_all(room, at, if event.sender == 0 { b"client" } else { b"server" });
        let at = put_all(room, at, b"\",\"event\":\"");
        let at = put_bytes(room, at, event.kind.word().as_bytes());
        let at = put_all(room, at, b"\",\"stream_offset\":");
        let at = put_signed(room, at, event.offset);
        let at = put_all(room, at, b",\"bytes\":");
        let at = put_integer(room, at, event.bytes);
        let at = put_all(room, at, b",\"original_frame\":");
        let at = match event.original {
            Some(frame) => put_integer(room, at, frame),
            None => put_all(room, at, b"null"),
        };
        let at = put_all(room, at, b",\"evidence\":\"");
        let at = put_evidence(room, at, event.evidence);
        let at = put_all(room, at, b"\",\"confidence\":\"");
        let at = put_bytes(room, at, event.confidence.word().as_bytes());
        let at = put_all(room, at, b"\",\"detail\":");
        let at = put_note(room, at, event.note);
        let at = put_all(room, at, b",\"duration_ms\":");
        let at = match event.duration {
            Some(span) => put_millis(room, at, span),
            None => put_all(room, at, b"null"),
        };
        (put_all(room, at, b"}\n"), hole)
    }
}

fn put_if(room: &mut Room, at: usize, n: Option<u64>) -> usize {
    n.map_or(at, |n| put_integer(room, at, n))
}

fn put_evidence(room: &mut Room, at: usize, evidence: Evidence) -> usize {
    put_words(room, at, Words { list: &Evidence::WORDS, chosen: evidence.0.into() })
}

fn put_note(room: &mut Room, at: usize, note: &str) -> usize {
    if note.is_empty() {
        return put_all(room, at, b"null");
    }
    let at = put_byte(room, at, b'"');
    let at = put_bytes(room, at, note.as_bytes());
    put_byte(room, at, b'"')
}

/// Writes rows of events.
pub struct EventWriter {
    out: Output,
    encoder: EventEncoder,
    rows: RowBuffer,
}

impl EventWriter {
    /// Writes to `out`.
    pub fn new(out: Output, format: EventFormat, time: TimeFormat) -> Self {
        let encoder = EventEncoder { format, time, precision: Precision::Micros };
        Self { out, encoder, rows: RowBuffer::with_capacity(BUFFER) }
    }

    /// The header, where the format has one.
    ///
    /// # Errors
    /// The output fails.
    pub fn begin(&mut self, precision: Precision) -> Result<(), Error> {
        self.encoder.precision = precision;
        if self.encoder.format == EventFormat::Csv {
            let names = FIELDS.map(|(name, _)| name);
            self.rows.append(names.join(",").as_bytes());
            self.rows.append(b"\n");
        }
        Ok(())
    }

    /// What encodes rows for [`EventWriter::encoded`]. It is right from [`EventWriter::begin`] on.
    pub const fn encoder(&self) -> EventEncoder {
        self.encoder
    }

    /// One row.
    ///
    /// # Errors
    /// The output fails.
    pub fn event(&mut self, flow_id: u64, event: &Event) -> Result<(), Error> {
        let encoder = self.encoder;
        encoder.write(event, Some(flow_id), &mut self.rows);
        self.write_if_full()
    }

    /// One row, as the [`EventEncoder`] of this writer wrote it: the same as [`EventWriter::event`].
    ///
    /// # Errors
    /// The output fails.
    pub fn encoded(&mut self, flow_id: u64, row: EncodedRow<'_>) -> Result<(), Error> {
        self.rows.append_row(flow_id, row);
        self.write_if_full()
    }

    /// Everything is on its way to the reader.
    ///
    /// # Errors
    /// The output fails.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.write()?;
        Ok(self.out.flush()?)
    }

    fn write_if_full(&mut self) -> Result<(), Error> {
        if self.rows.len() >= BUFFER { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), Error> {
        let written = self.out.write_all(self.rows.as_slice());
        self.rows.clear();
        Ok(written?)
    }
}

#[cfg(test)]
mod tests;
