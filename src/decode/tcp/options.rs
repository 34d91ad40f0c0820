//! TCP options.

use crate::base::{SackBlock, SegmentBits, Seq};

/// End of the list (RFC 9293 3.1).
const END: u8 = 0;
/// A byte of padding (RFC 9293 3.1).
const NO_OPERATION: u8 = 1;
/// Maximum segment size (RFC 9293 3.7.1).
const MSS: u8 = 2;
/// Window scale (RFC 7323 2).
const WINDOW_SCALE: u8 = 3;
/// Selective acknowledgement permitted (RFC 2018 2).
const SACK_PERMITTED: u8 = 4;
/// Selective acknowledgement (RFC 2018 3).
const SACK: u8 = 5;
/// Timestamps (RFC 7323 3).
const TIMESTAMPS: u8 = 8;
/// Multipath TCP (RFC 8684 3).
const MPTCP: u8 = 30;
/// Fast Open (RFC 7413 4.1.1).
const FAST_OPEN: u8 = 34;
/// Shared by experiments (RFC 6994), which have a number of 16 bits at the beginning of the data …
const EXPERIMENTS: [u8; 2] = [253, 254];
/// … and this is that of Fast Open before it had a kind of its own (RFC 7413 appendix A).
const FAST_OPEN_EXPERIMENT: [u8; 2] = [0xf9, 0x89];

/// What nearly every segment with timestamps begins with (RFC 7323 appendix A): two bytes of padding, kind and length of the option.
const ALIGNED_TIMESTAMPS: [u8; 4] = [NO_OPERATION, NO_OPERATION, TIMESTAMPS, 10];

/// What the options of a segment say, in the fields of [`Segment`](crate::base::Segment).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) bits: SegmentBits,
    /// `TSval` in the lower half, `TSecr` in the upper one: a processor waits long for a word of which both halves were written just before.
    stamps: u64,
    pub(crate) mss: u16,
    pub(crate) sack_at: u16,
    pub(crate) sack_len: u8,
    pub(crate) window_scale: u8,
    pub(crate) digest: u8,
}

impl Options {
    /// Reads options. What stands in a segment where it means nothing (a window scale without SYN) is passed on as it is.
    ///
    /// Nearly all segments have none, or the aligned timestamps; and then those that report losses a SACK option behind, which is aligned too.
    #[inline]
    pub(crate) fn parse(options: &[u8], sacks: &mut Vec<SackBlock>) -> Self {
        if options.is_empty() {
            return Self::default();
        }
        if let Some(found) = <&[u8; 12]>::try_from(options).ok().and_then(Self::aligned_timestamps) {
            return found;
        }
        let mut found = Self::default();
        found.parse_more(options, sacks);
        // Field by field: as a whole it would pass through memory, and so would what is common.
        let Self { bits, stamps, mss, sack_at, sack_len, window_scale, digest } = found;
        Self { bits, stamps, mss, sack_at, sack_len, window_scale, digest }
    }

    /// The value of the timestamps option.
    #[inline]
    pub(crate) const fn tsval(&self) -> u32 {
        self.stamps as u32
    }

    /// What it echoes.
    #[inline]
    pub(crate) const fn tsecr(&self) -> u32 {
        (self.stamps >> 32) as u32
    }

    /// The aligned timestamps, if these are what they are.
    #[inline]
    pub(crate) fn aligned_timestamps(options: &[u8; 12]) -> Option<Self> {
        let &[_, _, _, _, a, b, c, d, e, f, g, h] = options;
        let digest = digest([ALIGNED_TIMESTAMPS, [a, b, c, d], [e, f, g, h]].as_flattened());
        let stamps = stamps([a, b, c, d, e, f, g, h]);
        let found = Self { bits: SegmentBits::TIMESTAMPS, stamps, digest, ..Self::default() };
        options.starts_with(&ALIGNED_TIMESTAMPS).then_some(found)
    }

    /// The same of all others, where nothing is known yet.
    #[inline(never)]
    fn parse_more(&mut self, options: &[u8], sacks: &mut Vec<SackBlock>) {
        self.digest = digest(options);
        if self.set_linux_syn(options) {
            return;
        }
        match options.split_first_chunk::<4>() {
            Some((&ALIGNED_TIMESTAMPS, values)) if values.len() >= 8 => {
                let (values, behind) = values.split_at(8);
                self.set_timestamps(values);
                self.parse_behind_timestamps(behind, sacks);
            }
            _ => self.parse_behind_timestamps(options, sacks),
        }
    }

    /// What Linux opens a connection with: MSS, SACK permitted, timestamps and window scale. False if it is something else.
    #[inline]
    fn set_linux_syn(&mut self, options: &[u8]) -> bool {
        let (words, []) = options.as_chunks::<4>() else { return false };
        let &[
            [MSS, 4, mss @ ..],
            [SACK_PERMITTED, 2, TIMESTAMPS, 10],
            [a, b, c, d],
            [e, f, g, h],
            [NO_OPERATION, WINDOW_SCALE, 3, shift],
        ] = words
        else {
            return false;
        };
        let bits = SegmentBits::MSS.with(SegmentBits::SACK_PERMITTED).with(SegmentBits::TIMESTAMPS);
        self.bits = bits.with(SegmentBits::WINDOW_SCALE);
        self.stamps = stamps([a, b, c, d, e, f, g, h]);
        self.mss = u16::from_be_bytes(mss);
        self.window_scale = shift;
        true
    }

    /// A single aligned SACK option, or a list.
    #[inline]
    fn parse_behind_timestamps(&mut self, options: &[u8], sacks: &mut Vec<SackBlock>) {
        match options {
            &[NO_OPERATION, NO_OPERATION, SACK, length, ref blocks @ ..] if usize::from(length) == blocks.len() + 2 => {
                self.set_sack(blocks, sacks);
            }
            _ => self.parse_list(options, sacks),
        }
    }

    /// An option of a length that its kind cannot have is passed over, as hosts do; a length that leads nowhere ends the list.
    #[inline(never)]
    fn parse_list(&mut self, options: &[u8], sacks: &mut Vec<SackBlock>) {
        let mut rest = options;
        while let Some((&kind, behind)) = rest.split_first() {
            match kind {
                END => break,
                NO_OPERATION => rest = behind,
                _ => {
                    // The length counts both its own byte and that of the kind.
                    let Some((&length, behind)) = behind.split_first() else { break };
                    let Some(length) = usize::from(length).checked_sub(2) else { break };
                    let Some((data, next)) = behind.split_at_checked(length) else { break };
                    self.set(kind, data, sacks);
                    rest = next;
                }
            }
        }
    }

    /// One option.
    fn set(&mut self, kind: u8, data: &[u8], sacks: &mut Vec<SackBlock>) {
        match (kind, data) {
            (MSS, &[high, low]) => {
                self.mss = u16::from_be_bytes([high, low]);
                self.bits.set(SegmentBits::MSS);
            }
            (WINDOW_SCALE, &[shift]) => {
                self.window_scale = shift;
                self.bits.set(SegmentBits::WINDOW_SCALE);
            }
            (SACK_PERMITTED, []) => self.bits.set(SegmentBits::SACK_PERMITTED),
            (SACK, blocks) if self.sack_len == 0 => self.set_sack(blocks, sacks),
            (TIMESTAMPS, values) => self.set_timestamps(values),
            (MPTCP, _) => self.bits.set(SegmentBits::MPTCP),
            (FAST_OPEN, cookie) => self.set_fast_open(cookie),
            (kind, data) if EXPERIMENTS.contains(&kind) => {
                if let Some((&FAST_OPEN_EXPERIMENT, cookie)) = data.split_first_chunk::<2>() {
                    self.set_fast_open(cookie);
                }
            }
            _ => {}
        }
    }

    /// Two values of four bytes.
    #[inline]
    fn set_timestamps(&mut self, values: &[u8]) {
        if let Ok(values) = values.try_into() {
            self.stamps = stamps(values);
            self.bits.set(SegmentBits::TIMESTAMPS);
        }
    }

    /// One to four blocks of two sequence numbers; a list that is not made of whole blocks is none.
    fn set_sack(&mut self, data: &[u8], sacks: &mut Vec<SackBlock>) {
        let (blocks, []) = data.as_chunks::<8>() else { return };
        let Ok(len @ 1..=4) = u8::try_from(blocks.len()) else { return };
        let Ok(at) = u16::try_from(sacks.len()) else {
            // The arena is full: whoever did not hand the batch on in time does not learn that there was nothing.
            self.bits.set(SegmentBits::OPTIONS_TRUNCATED);
            return;
        };
        self.sack_at = at;
        self.sack_len = len;
        sacks.extend(blocks.iter().map(|&[a, b, c, d, right @ ..]| SackBlock {
            left: Seq(u32::from_be_bytes([a, b, c, d])),
            right: Seq(u32::from_be_bytes(right)),
        }));
    }

    fn set_fast_open(&mut self, cookie: &[u8]) {
        self.bits.set(if cookie.is_empty() { SegmentBits::FAST_OPEN_REQUEST } else { SegmentBits::FAST_OPEN_COOKIE });
    }
}

/// Two values as they stand in the option.
#[inline]
const fn stamps(values: [u8; 8]) -> u64 {
    u64::from_be_bytes(values).rotate_left(32)
}

/// Tells option lists apart with 8 bits: multiplication by an odd constant (2^32 over the golden ratio) spreads a difference upwards.
#[inline]
fn digest(options: &[u8]) -> u8 {
    const SPREAD: u32 = 0x9e37_79b1;
    let (words, rest) = options.as_chunks::<4>();
    let mut mixed = 0u32;
    for &word in words {
        mixed = (mixed ^ u32::from_be_bytes(word)).wrapping_mul(SPREAD);
    }
    for &byte in rest {
        mixed = (mixed ^ u32::from(byte)).wrapping_mul(SPREAD);
    }
    (mixed >> 24) as u8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Pieces of which lists that are nearly right are made.
    fn piece() -> impl Strategy<Value = Vec<u8>> {
        let of = |kind: u8, data: Vec<u8>| [&[kind, data.len() as u8 + 2], &data[..]].concat();
        let bytes = |lengths: std::ops::Range<usize>| prop::collection::vec(any::<u8>(), lengths);
        prop_oneof![
            Just(vec![NO_OPERATION, NO_OPERATION]),
            Just(vec![NO_OPERATION]),
            Just(vec![END]),
            bytes(8..9).prop_map(move |data| of(TIMESTAMPS, data)),
            bytes(8..9).prop_map(move |data| [&[NO_OPERATION, NO_OPERATION], &of(TIMESTAMPS, data)[..]].concat()),
            (1..5usize)
                .prop_map(move |n| [&[NO_OPERATION, NO_OPERATION], &of(SACK, vec![n as u8; n * 8])[..]].concat()),
            bytes(0..20).prop_map(move |data| of(SACK, data)),
            bytes(12..13).prop_map(|data| {
                let (mss, times, shift) = (&data[..2], &data[2..10], &data[10..11]);
                [&[MSS, 4], mss, &[SACK_PERMITTED, 2, TIMESTAMPS, 10], times, &[NO_OPERATION, WINDOW_SCALE, 3], shift]
                    .concat()
            }),
            bytes(0..6),
        ]
    }

    proptest! {
        #[test]
        fn the_layouts_that_are_known_say_what_the_list_says(pieces in prop::collection::vec(piece(), 0..5)) {
            let options = pieces.concat();
            let (mut sacks, mut expected_sacks) = (Vec::new(), Vec::new());
            let found = Options::parse(&options, &mut sacks);
            let mut expected = Options { digest: digest(&options), ..Options::default() };
            expected.parse_list(&options, &mut expected_sacks);
            prop_assert_eq!(found, expected);
            prop_assert_eq!(sacks, expected_sacks);
        }
    }
}
