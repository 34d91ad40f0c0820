//! The windows that one endpoint advertises (`semantics.md` 7).

use crate::base::{Nanos, Quantiles, Segment, Timestamp};

/// How its window field is to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// The handshake was not seen, or its options were cut: at least this shift, as the peer's flight shows; it cannot be told exactly.
    #[default]
    Unknown,
    /// So many bits to the left (RFC 7323 2.2); 0 where scaling was not negotiated.
    Known(u8),
}

/// The advertised windows of one endpoint.
#[derive(Clone, Debug, Default)]
pub struct Window {
    raw: Quantiles,
    range: Option<(u16, u16)>,
    zeros: u32,
    zero_since: Option<Timestamp>,
    zero_time: Nanos,
    last_seen: Timestamp,
}

impl Window {
    /// A segment with the ACK flag and neither SYN nor RST. `counts`: the window still means something, the peer's FIN is not acknowledged.
    /// True if it closes the window.
    pub fn on_segment(&mut self, segment: &Segment, counts: bool) -> bool {
        let raw = segment.window;
        self.last_seen = segment.ts;
        self.raw.add(raw.into());
        let (low, high) = self.range.unwrap_or((raw, raw));
        self.range = Some((low.min(raw), high.max(raw)));
        match self.zero_since {
            None if raw == 0 && counts => {
                self.zeros += 1;
                self.zero_since = Some(segment.ts);
                return true;
            }
            Some(since) if raw > 0 => {
                self.zero_time += segment.ts.since(since).max(Nanos::ZERO);
                self.zero_since = None;
            }
            _ => {}
        }
        false
    }

    /// Times it was closed, and for how long; one that is still closed counts up to the last packet of this endpoint.
    pub fn zero(&self) -> (u32, Nanos) {
        let open = self.zero_since.map_or(Nanos::ZERO, |since| self.last_seen.since(since).max(Nanos::ZERO));
        (self.zeros, self.zero_time + open)
    }

    /// Bytes of memory that it takes beside its own size.
    pub fn heap(&self) -> usize {
        self.raw.heap()
    }

    /// Smallest, median and largest window in bytes, where the scale is known.
    pub fn bytes(&self, scale: Scale) -> Option<(u64, u64, u64)> {
        let Scale::Known(shift) = scale else { return None };
        let (low, high) = self.range?;
        let median = self.raw.percentile(50)?.clamp(low.into(), high.into());
        Some((u64::from(low) << shift, median << shift, u64::from(high) << shift))
    }
}
