//! How far what is said of a connection can be relied on.

use crate::base::packed::packed_number;

/// Why columns are empty or uncertain (`quality`); a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quality(pub u16);

packed_number! { Quality(u16) }

impl Quality {
    /// All words, in the order of their bits.
    pub const WORDS: [&'static str; 13] = [
        "one_way",
        "no_handshake",
        "no_timestamps",
        "window_scale_unknown",
        "truncated",
        "options_truncated",
        "capture_loss",
        "duplicates_removed",
        "super_packets",
        "time_regress",
        "state_capped",
        "fragmented",
        "bad_checksums",
    ];
    /// Only one direction was captured.
    pub const ONE_WAY: Quality = Quality(1 << 0);
    /// The connection was older than the capture.
    pub const NO_HANDSHAKE: Quality = Quality(1 << 1);
    /// No timestamps option.
    pub const NO_TIMESTAMPS: Quality = Quality(1 << 2);
    /// The window scale is not known.
    pub const WINDOW_SCALE_UNKNOWN: Quality = Quality(1 << 3);
    /// A header was cut.
    pub const TRUNCATED: Quality = Quality(1 << 4);
    /// TCP options were cut.
    pub const OPTIONS_TRUNCATED: Quality = Quality(1 << 5);
    /// Bytes were acknowledged that the capture never saw.
    pub const CAPTURE_LOSS: Quality = Quality(1 << 6);
    /// Capture duplicates were left out.
    pub const DUPLICATES_REMOVED: Quality = Quality(1 << 7);
    /// Segments larger than the path carries: offload.
    pub const SUPER_PACKETS: Quality = Quality(1 << 8);
    /// Capture time went backwards.
    pub const TIME_REGRESS: Quality = Quality(1 << 9);
    /// Per-connection memory hit its bound.
    pub const STATE_CAPPED: Quality = Quality(1 << 10);
    /// IP fragments.
    pub const FRAGMENTED: Quality = Quality(1 << 11);
    /// Segments with a wrong checksum.
    pub const BAD_CHECKSUMS: Quality = Quality(1 << 12);

    /// Sets the bits of `more`.
    pub const fn set(&mut self, more: Quality) {
        self.0 |= more.0;
    }

    /// All bits of `wanted` are set.
    pub const fn has(self, wanted: Quality) -> bool {
        self.0 & wanted.0 == wanted.0
    }

    /// The words of the set.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Self::WORDS.into_iter().enumerate().filter(move |(i, _)| self.0 & (1 << i) != 0).map(|(_, w)| w)
    }
}
