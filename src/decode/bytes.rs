//! A view of a packet that knows how much of it the capture left out.

use crate::capture::Frame;

/// The rest of a packet, as a layer finds it: the bytes that were captured, and how many more were on the wire behind them.
///
/// Lengths come from headers, so every layer asks [`Bytes::wire_len`] how long something is, and only reads from what was captured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'a> {
    captured: &'a [u8],
    cut: usize,
}

impl<'a> Bytes<'a> {
    /// All of a frame.
    pub(crate) fn of(frame: &Frame<'a>) -> Self {
        Self::with_length(frame.data, frame.wire_len as usize)
    }

    /// Captured bytes of something that was `wire_len` long (or as long as they are, if that is longer).
    pub(crate) fn with_length(captured: &'a [u8], wire_len: usize) -> Self {
        Self { captured, cut: wire_len.saturating_sub(captured.len()) }
    }

    /// The bytes that were captured.
    pub(crate) fn captured(&self) -> &'a [u8] {
        self.captured
    }

    /// The length on the wire.
    pub(crate) fn wire_len(&self) -> usize {
        self.captured.len().saturating_add(self.cut)
    }

    /// Nothing is missing.
    pub(crate) fn is_whole(&self) -> bool {
        self.cut == 0
    }

    /// The first `N` bytes and what follows them, if so many were captured.
    pub(crate) fn split<const N: usize>(&self) -> Option<(&'a [u8; N], Self)> {
        let (head, rest) = self.captured.split_first_chunk::<N>()?;
        Some((head, Self { captured: rest, cut: self.cut }))
    }

    /// What follows the first `length` bytes, if these were captured.
    pub(crate) fn skip(&self, length: usize) -> Option<Self> {
        let captured = self.captured.get(length..)?;
        Some(Self { captured, cut: self.cut })
    }

    /// The first `length` bytes on the word of a header: what is behind them is padding or a trailer. Where the header says more
    /// than there was on the wire, the header is believed, and the difference counts as cut.
    pub(crate) fn limit(&self, length: usize) -> Self {
        Self::with_length(self.captured.get(..length).unwrap_or(self.captured), length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_cuts_padding_and_leaves_the_cut_to_the_header() {
        let data = [0u8; 60];
        let bytes = Bytes::with_length(&data, 100);
        assert_eq!((bytes.wire_len(), bytes.is_whole()), (100, false));
        let inner = bytes.limit(40);
        assert_eq!((inner.captured().len(), inner.wire_len(), inner.is_whole()), (40, 40, true));
        let longer = bytes.limit(80);
        assert_eq!((longer.captured().len(), longer.wire_len(), longer.is_whole()), (60, 80, false));
        assert!(bytes.skip(61).is_none());
        assert_eq!(bytes.skip(60).map(|rest| rest.wire_len()), Some(40));
    }
}
