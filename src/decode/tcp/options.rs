//! TCP options.

use crate::base::{SackBlock, Segment, SegmentBits, Seq};

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

/// Reads options into the segment. What stands in a segment where it means nothing (a window scale without SYN) is passed on as it is.
///
/// An option of a length that its kind cannot have is passed over, as hosts do; a length that leads nowhere ends the list.
#[inline]
pub(super) fn parse(options: &[u8], segment: &mut Segment, sacks: &mut Vec<SackBlock>) {
    segment.options_digest = digest(options);
    if let Some((&ALIGNED_TIMESTAMPS, values)) = options.split_first_chunk::<4>()
        && let Ok(&values) = values.try_into()
    {
        set_timestamps(values, segment);
        return;
    }
    let mut rest = options;
    while let Some((&kind, behind)) = rest.split_first() {
        match kind {
            END => return,
            NO_OPERATION => rest = behind,
            _ => {
                // The length counts both its own byte and that of the kind.
                let Some((&length, behind)) = behind.split_first() else { return };
                let Some(length) = usize::from(length).checked_sub(2) else { return };
                let Some((data, next)) = behind.split_at_checked(length) else { return };
                set(kind, data, segment, sacks);
                rest = next;
            }
        }
    }
}

/// One option.
fn set(kind: u8, data: &[u8], segment: &mut Segment, sacks: &mut Vec<SackBlock>) {
    match (kind, data) {
        (MSS, &[high, low]) => {
            segment.mss = u16::from_be_bytes([high, low]);
            segment.bits.set(SegmentBits::MSS);
        }
        (WINDOW_SCALE, &[shift]) => {
            segment.window_scale = shift;
            segment.bits.set(SegmentBits::WINDOW_SCALE);
        }
        (SACK_PERMITTED, []) => segment.bits.set(SegmentBits::SACK_PERMITTED),
        (SACK, blocks) if segment.sack_len == 0 => set_sack(blocks, segment, sacks),
        (TIMESTAMPS, values) => {
            if let Ok(&values) = values.try_into() {
                set_timestamps(values, segment);
            }
        }
        (MPTCP, _) => segment.bits.set(SegmentBits::MPTCP),
        (FAST_OPEN, cookie) => set_fast_open(cookie, segment),
        (kind, data) if EXPERIMENTS.contains(&kind) => {
            if let Some((&FAST_OPEN_EXPERIMENT, cookie)) = data.split_first_chunk::<2>() {
                set_fast_open(cookie, segment);
            }
        }
        _ => {}
    }
}

fn set_timestamps(values: [u8; 8], segment: &mut Segment) {
    let [a, b, c, d, echo @ ..] = values;
    segment.tsval = u32::from_be_bytes([a, b, c, d]);
    segment.tsecr = u32::from_be_bytes(echo);
    segment.bits.set(SegmentBits::TIMESTAMPS);
}

/// One to four blocks of two sequence numbers; a list that is not made of whole blocks is none.
fn set_sack(data: &[u8], segment: &mut Segment, sacks: &mut Vec<SackBlock>) {
    let (blocks, []) = data.as_chunks::<8>() else { return };
    let (Ok(at), Ok(len @ 1..=4)) = (u16::try_from(sacks.len()), u8::try_from(blocks.len())) else {
        // The arena is full: whoever did not hand the batch on in time does not learn that there was nothing.
        segment.bits.set_if(SegmentBits::OPTIONS_TRUNCATED, !blocks.is_empty() && blocks.len() <= 4);
        return;
    };
    segment.sack_at = at;
    segment.sack_len = len;
    sacks.extend(blocks.iter().map(|&[a, b, c, d, right @ ..]| SackBlock {
        left: Seq(u32::from_be_bytes([a, b, c, d])),
        right: Seq(u32::from_be_bytes(right)),
    }));
}

fn set_fast_open(cookie: &[u8], segment: &mut Segment) {
    segment.bits.set(if cookie.is_empty() { SegmentBits::FAST_OPEN_REQUEST } else { SegmentBits::FAST_OPEN_COOKIE });
}

/// Tells option lists apart with 8 bits: multiplication by an odd constant (2^32 over the golden ratio) spreads a difference upwards.
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
