//! Rows that are written before their number is known: by whichever thread has the record, in any order.

use std::ops::Range;

use super::number::put_integer;
use super::room::{CAPACITY, Room, put_all};
use crate::base::prefetch;

/// Rows, one behind the other. Its memory is used again after [`RowBuffer::clear`], and it is written in place: a row costs neither an
/// allocation nor a copy.
#[derive(Clone, Debug, Default)]
pub struct RowBuffer {
    /// All of it may be written to.
    bytes: Vec<u8>,
    used: usize,
}

/// Where a row stands in its [`RowBuffer`], and where in it the flow id belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
        Self { bytes: vec![0; bytes + size_of::<Room>()], used: 0 }
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

    /// Has a row fetched, which another processor may have written.
    pub fn prefetch(&self, span: RowSpan) {
        let lines = self.bytes.get(span.start..span.end).unwrap_or_default().chunks(64);
        lines.filter_map(<[u8]>::first).for_each(prefetch);
    }

    /// The row that begins at `start`, with its flow id's place, and is now complete.
    pub(super) const fn row_from(&self, start: usize, number: Option<usize>) -> RowSpan {
        RowSpan { start, number, end: self.used }
    }

    /// Appends what `put` puts, which says how long it is.
    #[inline]
    pub(super) fn write(&mut self, put: impl FnOnce(&mut Room) -> usize) {
        if self.bytes.len() < self.used + size_of::<Room>() {
            self.grow(size_of::<Room>());
        }
        if let Some(room) = self.bytes.get_mut(self.used..).and_then(<[u8]>::first_chunk_mut) {
            let len = put(room);
            debug_assert!(len <= CAPACITY, "more was put at a time than there is room for");
            self.used += len.min(CAPACITY);
        }
    }

    /// Puts bytes in the place of the last one.
    #[inline]
    pub(super) fn replace_last<const N: usize>(&mut self, bytes: &[u8; N]) {
        self.used = self.used.saturating_sub(1);
        self.write(|room| put_all(room, 0, bytes));
    }

    /// Appends as many bytes as there are.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        let end = self.used + bytes.len();
        if self.bytes.len() < end {
            self.grow(bytes.len());
        }
        if let Some(place) = self.bytes.get_mut(self.used..end) {
            place.copy_from_slice(bytes);
            self.used = end;
        }
    }

    /// Appends the row with its flow id.
    pub(super) fn append_row(&mut self, flow_id: u64, row: EncodedRow<'_>) {
        self.append(row.before);
        if row.numbered {
            self.write(|room| put_integer(room, 0, flow_id));
        }
        self.append(row.after);
    }

    #[cold]
    fn grow(&mut self, wanted: usize) {
        let wanted = self.used + wanted;
        self.bytes.resize(wanted.max(2 * self.bytes.len()), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_put_where_it_belongs() {
        let mut rows = RowBuffer::default();
        rows.append(b"ab,");
        rows.write(|room| put_all(room, 0, b",cd;"));
        rows.replace_last(b"\r\n");
        let first = rows.row_from(0, Some(3));
        let start = rows.len();
        rows.append(b"ef\n");
        let second = rows.row_from(start, None);
        let mut out = RowBuffer::with_capacity(10);
        out.append_row(1234, rows.row(first));
        out.append_row(5, rows.row(second));
        assert_eq!(out.as_slice(), b"ab,1234,cd\r\nef\n");
        out.clear();
        assert!(out.is_empty() && out.as_slice().is_empty());
    }

    #[test]
    fn it_grows() {
        let mut rows = RowBuffer::default();
        let text = "x".repeat(3 * CAPACITY);
        let spans: Vec<RowSpan> = (0..20)
            .map(|_| {
                let start = rows.len();
                rows.append(text.as_bytes());
                rows.write(|room| put_all(room, 0, b"y"));
                rows.row_from(start, None)
            })
            .collect();
        assert_eq!(rows.len(), 20 * (text.len() + 1));
        assert!(spans.iter().all(|span| rows.row(*span).before.strip_suffix(b"y") == Some(text.as_bytes())));
    }
}
