//! Rows that are written before their number is known: by whichever thread has the record, in any order.

use std::ops::Range;

use super::number::put_integer;
use super::room::{fits, put_bytes};

/// What a row is expected to take at most; more is found out by trying.
const ROW: usize = 4 * 1024;

/// Rows, one behind the other. Its memory is used again after [`RowBuffer::clear`], and it is written in place: a row costs neither an
/// allocation nor a copy.
#[derive(Clone, Debug, Default)]
pub struct RowBuffer {
    /// All of it may be written to.
    bytes: Vec<u8>,
    used: usize,
}

/// Where a row stands in its [`RowBuffer`], and where in it the flow id belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowSpan {
    start: usize,
    /// The flow id's place; `None` if the row has none.
    number: Option<usize>,
    end: usize,
}

/// A row in which the flow id is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodedRow<'a> {
    /// Up to the flow id.
    pub before: &'a [u8],
    /// The flow id belongs between the two.
    pub numbered: bool,
    /// Behind the flow id.
    pub after: &'a [u8],
}

impl RowBuffer {
    /// Room for about so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: vec![0; bytes + ROW], used: 0 }
    }

    /// Bytes that it holds.
    pub const fn len(&self) -> usize {
        self.used
    }

    /// It holds nothing.
    pub const fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// What it holds.
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.used).unwrap_or_default()
    }

    /// Holds nothing any more, but keeps its memory.
    pub const fn clear(&mut self) {
        self.used = 0;
    }

    /// The row that stands there.
    pub fn row(&self, span: RowSpan) -> EncodedRow<'_> {
        let get = |range: Range<usize>| self.bytes.get(range).unwrap_or_default();
        let at = span.number.unwrap_or(span.end);
        EncodedRow { before: get(span.start..at), numbered: span.number.is_some(), after: get(at..span.end) }
    }

    /// Appends bytes.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.write(|room| (put_bytes(room, 0, bytes), None));
    }

    /// Appends the row with its flow id.
    pub(super) fn append_row(&mut self, flow_id: u64, row: EncodedRow<'_>) {
        self.write(|room| {
            let at = put_bytes(room, 0, row.before);
            let at = if row.numbered { put_integer(room, at, flow_id) } else { at };
            (put_bytes(room, at, row.after), None)
        });
    }

    /// Appends what `put` puts, which says where it ends and where in it the flow id belongs. It is called again if the room did not do.
    #[inline]
    pub(super) fn write(&mut self, mut put: impl FnMut(&mut [u8]) -> (usize, Option<usize>)) -> RowSpan {
        loop {
            let start = self.used;
            let room = self.bytes.get_mut(start..).unwrap_or_default();
            let (len, number) = put(room);
            if fits(room, len) {
                self.used = start + len;
                return RowSpan { start, number: number.map(|at| start + at), end: self.used };
            }
            let wanted = start + len + ROW;
            self.bytes.resize(wanted.max(2 * self.bytes.len()), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::room::put_all;

    #[test]
    fn the_number_is_put_where_it_belongs() {
        let mut rows = RowBuffer::default();
        let first = rows.write(|room| (put_all(room, 0, b"ab,,cd\n"), Some(3)));
        let second = rows.write(|room| (put_all(room, 0, b"ef\n"), None));
        let mut out = RowBuffer::with_capacity(10);
        out.append_row(1234, rows.row(first));
        out.append_row(5, rows.row(second));
        assert_eq!(out.as_slice(), b"ab,1234,cd\nef\n");
        out.clear();
        assert!(out.is_empty() && out.as_slice().is_empty());
    }

    #[test]
    fn it_grows() {
        let mut rows = RowBuffer::default();
        let text = "x".repeat(3 * ROW);
        let spans: Vec<RowSpan> =
            (0..20).map(|_| rows.write(|room| (put_bytes(room, 0, text.as_bytes()), None))).collect();
        assert_eq!(rows.len(), 20 * text.len());
        assert!(spans.iter().all(|span| rows.row(*span).before == text.as_bytes()));
    }
}
