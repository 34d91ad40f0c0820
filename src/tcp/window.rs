//! The windows that one endpoint advertises (`semantics.md` 7).

use crate::base::packed::{Origin, Word, packed};
use crate::base::{Maybe, Nanos, Quantiles, Segment, Timestamp};

/// How its window field is to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// The handshake was not seen, or its options were cut: at least this shift, as the peer's flight shows; it cannot be told exactly.
    #[default]
    Unknown,
    /// So many bits to the left (RFC 7323 2.2); 0 where scaling was not negotiated.
    Known(u8),
}

impl Word for Scale {
    const BITS: u32 = Option::<u8>::BITS;

    #[inline(always)]
    fn word(&self, origin: Origin) -> u64 {
        match *self {
            Self::Unknown => None,
            Self::Known(shift) => Some(shift),
        }
        .word(origin)
    }

    #[inline(always)]
    fn of(word: u64, origin: Origin) -> Self {
        Option::of(word, origin).map_or(Self::Unknown, Self::Known)
    }
}

impl Scale {
    /// How much a window offers beyond its ACK, if it can be known: less than 2^30 (RFC 7323 2.3).
    #[inline(always)]
    pub fn room(self, window: u16) -> Maybe<u32> {
        match self {
            Self::Known(shift) => Maybe::some(u32::from(window) << shift),
            Self::Unknown => Maybe::NONE,
        }
    }
}

/// The advertised windows of one endpoint.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// Those before the last.
    raw: Quantiles,
    /// Smallest and largest of them; of none it means nothing.
    range: (u16, u16),
    /// The last one, and how often it came in a row: windows stay what they are for long.
    last: u16,
    times: u16,
    zero: Option<Box<Zero>>,
}

packed! { Window { [; range, last, times] raw, zero } }

/// The times at which it was closed.
#[derive(Clone, Copy, Debug, Default)]
struct Zero {
    times: u32,
    since: Maybe<Timestamp>,
    total: Nanos,
    last_seen: Timestamp,
}

packed! { Zero { [times, since, total, last_seen] } }

impl Window {
    /// A segment with the ACK flag and neither SYN nor RST. `counts`: the window still means something, the peer's FIN is not acknowledged.
    /// True if it closes the window.
    #[inline]
    pub fn on_segment(&mut self, segment: &Segment, counts: bool) -> bool {
        let raw = segment.window;
        self.count(raw);
        (raw == 0 || self.zero.is_some()) && self.note_zero(segment, counts)
    }

    /// A segment with the window of the last one, which was open.
    #[inline(always)]
    pub fn on_same(&mut self, segment: &Segment) {
        self.count(segment.window);
        if self.zero.is_some() {
            self.note_zero(segment, true);
        }
    }

    #[inline(always)]
    fn count(&mut self, raw: u16) {
        if raw != self.last || self.times == u16::MAX {
            self.put_away();
            self.last = raw;
        }
        self.times += 1;
    }

    /// There are no more. If it never was another, there is nothing to be put away.
    pub fn finish(&mut self) {
        if !self.raw.is_empty() {
            self.put_away();
        }
    }

    /// The last one is to be counted: there is another, or there are no more.
    #[inline(never)]
    fn put_away(&mut self) {
        let (last, times) = (self.last, std::mem::take(&mut self.times));
        if times > 0 {
            let (low, high) = if self.raw.is_empty() { (last, last) } else { self.range };
            self.range = (low.min(last), high.max(last));
            self.raw.add_times(last.into(), times.into());
        }
    }

    /// It is closed, or was so before.
    #[inline(never)]
    fn note_zero(&mut self, segment: &Segment, counts: bool) -> bool {
        let (t, raw) = (segment.ts, segment.window);
        if self.zero.is_none() && !counts {
            return false;
        }
        let zero = self.zero.get_or_insert_default();
        zero.last_seen = t;
        match zero.since.get() {
            None if raw == 0 && counts => {
                zero.times += 1;
                zero.since.set(t);
                return true;
            }
            Some(since) if raw > 0 => {
                zero.total += t.since(since).max(Nanos::ZERO);
                zero.since = Maybe::NONE;
            }
            _ => {}
        }
        false
    }

    /// Times it was closed, and for how long; one that is still closed counts up to the last packet of this endpoint.
    pub fn zero(&self) -> (u32, Nanos) {
        let Some(zero) = &self.zero else { return (0, Nanos::ZERO) };
        let open = zero.since.get().map_or(Nanos::ZERO, |since| zero.last_seen.since(since).max(Nanos::ZERO));
        (zero.times, zero.total + open)
    }

    /// It is closed, as far as the last segment of its endpoint says.
    pub fn closed(&self) -> bool {
        self.zero.as_ref().is_some_and(|zero| zero.since.is_some())
    }

    /// Bytes of memory that it takes beside its own size.
    pub fn heap(&self) -> usize {
        self.raw.heap()
    }

    /// Smallest, median and largest window in bytes, where the scale is known; after [`Window::finish`].
    pub fn bytes(&self, scale: Scale) -> Option<(u64, u64, u64)> {
        let Scale::Known(shift) = scale else { return None };
        if self.raw.is_empty() {
            let always = u64::from(self.last) << shift;
            return (self.times > 0).then_some((always, always, always));
        }
        let (low, high) = self.range;
        let median = self.raw.percentile(50)?.clamp(low.into(), high.into());
        Some((u64::from(low) << shift, median << shift, u64::from(high) << shift))
    }
}
