//! Round trips between the capture point and one endpoint (`semantics.md` 4).

use super::summary::RttSummary;
use crate::base::moments::of_few;
use crate::base::packed::{Pack, Sink, Source, packed};
use crate::base::{Maybe, Moments, Nanos, Quantiles, Timestamp, Words};

/// How a sample came about, as far as it matters for what may be in it besides the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleClass {
    /// The ACK was sent at once: handshake, SACK, two segments or more, FIN, recovery.
    Immediate,
    /// A pure ACK of less than two segments: it may have been delayed (RFC 9293 3.8.6.3).
    MaybeDelayed,
    /// The ACK came with data: the application may have thought meanwhile.
    Piggyback,
}

/// One sample.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// When the ACK passed.
    pub t: Timestamp,
    /// The round trip.
    pub rtt: Nanos,
    /// See [`SampleClass`].
    pub class: SampleClass,
    /// The ACK came without payload: no application can have had a part in it.
    pub bare: bool,
}

/// An excess of so much over the reference is put down to delayed ACK (Linux's shortest is 40 ms) or to the application.
const SUSPICIOUS_EXCESS: Nanos = Nanos::from_millis(20);
/// So many immediate samples give a better reference than the minimum.
const REFERENCE_SAMPLES: u64 = 3;
/// A queue of the path fills or drains within about this time.
const FRESH: Nanos = Nanos::from_secs(1);
/// The windowed minimum looks back so far.
const WINDOW: Nanos = Nanos::from_secs(60);

/// The samples of one half of the path.
#[derive(Clone, Debug, Default)]
pub struct RoundTrips {
    /// Those that measure the network.
    store: Store,
    reference: Maybe<Nanos>,
    newest: Maybe<Nanos>,
    /// The newest immediate sample, and its time.
    fresh: Maybe<Nanos>,
    fresh_at: Timestamp,
    /// The newest immediate one of a bare ACK, and its time.
    bare: Maybe<Nanos>,
    bare_at: Timestamp,
    /// Minimum of the last and of the current window.
    recent: Maybe<Nanos>,
    /// When the current window began.
    window_start: Timestamp,
    /// What not all connections have.
    more: Option<Box<More>>,
}

const _: () = assert!(size_of::<RoundTrips>() <= 96);

packed! { RoundTrips { [newest, fresh ~ bare ~ recent, window_start ~ fresh_at ~ bare_at] [reference] store, more } }

/// Of a path with delayed ACKs, or one that was measured for longer than a window.
#[derive(Clone, Copy, Debug, Default)]
struct More {
    ack_delay_max: Maybe<Nanos>,
    /// Once the first window is over.
    windows: Option<Windows>,
}

packed! { More { [ack_delay_max] windows } }

/// Minima of a path; in the first window all of them are the same.
#[derive(Clone, Copy, Debug)]
struct Windows {
    /// Of all samples.
    min: Nanos,
    /// Of the last window.
    last: Nanos,
    /// Of the current window.
    current: Nanos,
}

packed! { Windows { [min, last, current] } }

/// Samples that are few are kept as they are.
#[derive(Clone, Debug)]
enum Store {
    Few(Words),
    Many(Box<Many>),
}

impl Default for Store {
    fn default() -> Self {
        Self::Few(Words::default())
    }
}

impl Pack for Store {
    fn pack(&self, sink: &mut Sink<'_>) {
        sink.mark(matches!(self, Self::Many(_)));
        match self {
            Self::Few(few) => few.pack(sink),
            Self::Many(many) => many.pack(sink),
        }
    }

    fn unpack(source: &mut Source<'_>) -> Self {
        if source.mark() { Self::Many(Pack::unpack(source)) } else { Self::Few(Pack::unpack(source)) }
    }
}

/// A round trip as it was, with a mark in the lowest bit: it is an immediate one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kept(u64);

impl Kept {
    fn new(rtt: Nanos, immediate: bool) -> Self {
        Self(rtt.0.unsigned_abs() << 1 | u64::from(immediate))
    }

    const fn is_immediate(self) -> bool {
        self.0 & 1 != 0
    }

    const fn value(self) -> u64 {
        self.0 >> 1
    }
}

/// Samples that are too many to be kept.
#[derive(Clone, Debug, Default)]
struct Many {
    moments: Moments,
    /// Of the immediate ones, and of the others.
    immediate: Quantiles,
    others: Quantiles,
}

packed! { Many { moments, immediate, others } }

impl Many {
    /// Of samples that have become too many.
    fn of(few: &Words) -> Self {
        let mut many = Self::default();
        samples(few).for_each(|kept| many.add(kept));
        many
    }

    /// Quantiles of all of them.
    fn all(&self) -> Quantiles {
        self.immediate.together(&self.others)
    }

    /// A percentile; a bucket's representative may lie outside what was seen.
    fn within(&self, percentile: Option<u64>) -> Option<Nanos> {
        let (min, max) = (self.moments.min()?, self.moments.max()?);
        percentile.map(|value| Nanos((value as i64).clamp(min, max)))
    }

    fn add(&mut self, kept: Kept) {
        self.moments.add(kept.value() as i64);
        let series = if kept.is_immediate() { &mut self.immediate } else { &mut self.others };
        series.add(kept.value());
    }
}

/// The samples that are kept as they are.
fn samples(few: &Words) -> impl Iterator<Item = Kept> {
    few.as_slice().iter().map(|&word| Kept(word))
}

/// The immediate ones among them.
fn immediate(few: &Words) -> impl Iterator<Item = u64> {
    samples(few).filter(|kept| kept.is_immediate()).map(|kept| kept.value())
}

impl RoundTrips {
    /// Takes a sample.
    pub fn add(&mut self, sample: Sample) {
        let rtt = sample.rtt;
        if rtt < Nanos::ZERO {
            return; // the capture's clock stepped back: that measures nothing
        }
        self.see_minimum(sample.t, rtt);
        self.newest.set(rtt);
        let immediate = sample.class == SampleClass::Immediate;
        if immediate {
            self.fresh.set(rtt);
            self.fresh_at = sample.t;
            if sample.bare {
                self.bare.set(rtt);
                self.bare_at = sample.t;
            }
        } else {
            let excess = rtt - self.reference_at(sample.t).unwrap_or(rtt);
            if excess > SUSPICIOUS_EXCESS {
                self.note_delay(excess);
                return;
            }
        }
        self.keep(Kept::new(rtt, immediate));
        if immediate {
            self.refresh_reference();
        }
    }

    /// An ACK was delayed by so much.
    #[inline(never)]
    fn note_delay(&mut self, excess: Nanos) {
        self.more.get_or_insert_default().ack_delay_max.raise(excess);
    }

    #[inline]
    fn keep(&mut self, kept: Kept) {
        match &mut self.store {
            Store::Many(many) => many.add(kept),
            Store::Few(few) if few.as_slice().len() < Quantiles::EXACT => few.push(kept.0),
            Store::Few(_) => self.keep_many(kept),
        }
    }

    /// With this one they are too many.
    #[cold]
    fn keep_many(&mut self, kept: Kept) {
        let Store::Few(few) = &self.store else { return };
        let mut many = Box::new(Many::of(few));
        many.add(kept);
        self.store = Store::Many(many);
    }

    /// An immediate sample was added.
    #[inline]
    fn refresh_reference(&mut self) {
        let n = match &self.store {
            Store::Many(many) => many.immediate.count_all(),
            Store::Few(few) if few.as_slice().len() < REFERENCE_SAMPLES as usize => return,
            Store::Few(few) => immediate(few).count() as u64,
        };
        if n >= REFERENCE_SAMPLES && (n <= 8 || n.is_multiple_of(32)) {
            self.find_reference();
        }
    }

    #[inline(never)]
    fn find_reference(&mut self) {
        let [quarter] = match &self.store {
            Store::Many(many) => many.immediate.percentiles([25]),
            Store::Few(few) => of_few(few.as_slice().len(), immediate(few), [25]),
        };
        self.reference = quarter.map(|p| Nanos(p as i64)).into();
    }

    /// What the round trip would be without a delay at the end host: the lower quartile of the immediate samples, or the last one of them
    /// where that is higher and not old, for a queue on the path lets all of them grow.
    fn reference_at(&self, t: Timestamp) -> Option<Nanos> {
        let usual = self.reference.get().or_else(|| self.min());
        match self.fresh.get() {
            Some(rtt) if t - self.fresh_at <= FRESH => usual.max(Some(rtt)),
            _ => usual,
        }
    }

    #[inline]
    fn see_minimum(&mut self, t: Timestamp, rtt: Nanos) {
        let over = t - self.window_start > WINDOW;
        let current = self.windows().map_or(self.recent.get(), |windows| Some(windows.current));
        if over || current.is_none_or(|least| rtt < least) {
            self.lower_minimum(t, rtt, over);
        }
    }

    #[inline]
    fn windows(&self) -> Option<&Windows> {
        self.more.as_ref().and_then(|more| more.windows.as_ref())
    }

    /// It is the smallest of the current window, or that is over.
    #[inline(never)]
    fn lower_minimum(&mut self, t: Timestamp, rtt: Nanos, over: bool) {
        let Some(recent) = self.recent.get() else {
            self.recent.set(rtt);
            if over {
                self.window_start = t;
            }
            return;
        };
        if over {
            let before = self.windows().copied().unwrap_or(Windows { min: recent, last: recent, current: recent });
            let windows = Windows { min: before.min.min(rtt), last: before.current, current: rtt };
            self.more.get_or_insert_default().windows = Some(windows);
            self.window_start = t;
            self.recent.set(rtt.min(windows.last));
        } else {
            if let Some(windows) = self.more.as_mut().and_then(|more| more.windows.as_mut()) {
                windows.min = windows.min.min(rtt);
                windows.current = windows.current.min(rtt);
            }
            self.recent.set(recent.min(rtt));
        }
    }

    /// The smallest of all.
    pub fn min(&self) -> Option<Nanos> {
        self.windows().map_or(self.recent.get(), |windows| Some(windows.min))
    }

    /// The smallest of the last one to two minutes, or else of all: a path may become longer.
    #[inline]
    pub fn recent_min(&self) -> Option<Nanos> {
        self.recent.get()
    }

    /// The one that is nearest in time to `t`, of those that measure the network alone: the newest immediate one of a bare ACK if it is not old,
    /// or the smallest of late.
    pub fn nearest(&self, t: Timestamp) -> Option<Nanos> {
        let bare = self.bare.get().filter(|_| t - self.bare_at <= FRESH);
        bare.or_else(|| self.recent_min())
    }

    /// The newest sample.
    pub fn newest(&self) -> Option<Nanos> {
        self.newest.get()
    }

    /// Bytes of memory that it takes beside its own size.
    pub fn heap(&self) -> usize {
        match &self.store {
            Store::Few(few) => few.heap(),
            Store::Many(many) => size_of::<Many>() + many.immediate.heap() + many.others.heap(),
        }
    }

    /// The median.
    pub fn median(&self) -> Option<Nanos> {
        match &self.store {
            Store::Many(many) => many.within(many.all().percentile(50)),
            Store::Few(few) => {
                let [median] = of_few(few.as_slice().len(), samples(few).map(|kept| kept.value()), [50]);
                median.map(|value| Nanos(value as i64))
            }
        }
    }

    /// Says in `summary` what is reported.
    pub fn sum_up(&self, summary: &mut RttSummary) {
        const WANTED: [u64; 3] = [50, 95, 99];
        let ack_delay_max = self.more.as_ref().and_then(|more| more.ack_delay_max.get());
        let (moments, [p50, p95, p99]) = match &self.store {
            Store::Many(many) => (many.moments, many.all().percentiles(WANTED).map(|p| many.within(p))),
            Store::Few(few) if few.as_slice().is_empty() => {
                *summary = RttSummary { ack_delay_max, ..RttSummary::default() };
                return;
            }
            Store::Few(few) => {
                let values = || samples(few).map(|kept| kept.value());
                let mut moments = Moments::default();
                values().for_each(|value| moments.add(value as i64));
                let wanted = of_few(few.as_slice().len(), values(), WANTED);
                (moments, wanted.map(|p| p.map(|value| Nanos(value as i64))))
            }
        };
        *summary = RttSummary {
            samples: moments.count(),
            min: moments.min().map(Nanos),
            mean: moments.mean().map(nearest),
            p50,
            p95,
            p99,
            max: moments.max().map(Nanos),
            stddev: moments.stddev().map(nearest),
            ack_delay_max,
        };
    }
}

/// The nearest whole number of nanoseconds, of a number that is not negative; as [`f64::round`] has it, but without a call.
fn nearest(nanos: f64) -> Nanos {
    let whole = nanos as i64;
    Nanos(whole + i64::from(nanos - whole as f64 >= 0.5))
}

/// The sender's own estimate of the full round trip, and the timer that follows from it (RFC 6298; Linux's floor).
#[derive(Clone, Copy, Debug, Default)]
pub struct SenderTimer {
    srtt: Maybe<Nanos>,
    rttvar: Nanos,
}

packed! { SenderTimer { [srtt, rttvar] } }

/// Linux: the variance term of the timer is at least 200 ms (`TCP_RTO_MIN`).
const RTO_VARIANCE_FLOOR: Nanos = Nanos::from_millis(200);

impl SenderTimer {
    /// Takes a sample of the full round trip (RFC 6298 2.2 and 2.3).
    #[inline(always)]
    pub fn add(&mut self, rtt: Nanos) {
        match self.srtt.get() {
            None => {
                self.srtt.set(rtt);
                self.rttvar = rtt.scale(1, 2);
            }
            Some(srtt) => {
                self.rttvar = self.rttvar.scale(3, 4) + (srtt - rtt).abs().scale(1, 4);
                self.srtt.set(srtt.scale(7, 8) + rtt.scale(1, 8));
            }
        }
    }

    /// Smoothed round trip.
    pub fn srtt(&self) -> Option<Nanos> {
        self.srtt.get()
    }

    /// The retransmission timer as Linux computes it; `None` before the first sample (it is 1 s then).
    pub fn rto(&self) -> Option<Nanos> {
        self.srtt.get().map(|srtt| srtt + self.rttvar.scale(4, 1).max(RTO_VARIANCE_FLOOR))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(ms: i64, class: SampleClass) -> Sample {
        Sample { t: Timestamp(0), rtt: Nanos::from_millis(ms), class, bare: true }
    }

    #[test]
    fn a_delayed_ack_is_no_network_round_trip() {
        let mut half = RoundTrips::default();
        half.add(sample(10, SampleClass::Immediate));
        half.add(sample(50, SampleClass::MaybeDelayed));
        half.add(sample(12, SampleClass::MaybeDelayed));
        let mut summary = RttSummary::default();
        half.sum_up(&mut summary);
        assert_eq!(summary.samples, 2);
        assert_eq!(summary.max, Some(Nanos::from_millis(12)));
        assert_eq!(summary.ack_delay_max, Some(Nanos::from_millis(40)));
    }

    #[test]
    fn halves_are_rounded_up() {
        for nanos in
            [0.0, 0.49999999999999994, 0.5, 1.5, 2.5, 2.4999, 1e9 + 0.5, 4503599627370495.5, 9007199254740993.0]
        {
            assert_eq!(nearest(nanos).0, nanos.round() as i64, "{nanos}");
        }
    }

    #[test]
    fn the_timer_has_the_floor_of_linux() {
        let mut timer = SenderTimer::default();
        assert_eq!(timer.rto(), None);
        timer.add(Nanos::from_millis(40));
        assert_eq!(timer.rto(), Some(Nanos::from_millis(240)));
        timer.add(Nanos::from_millis(400));
        assert!(timer.rto() > Some(Nanos::from_millis(400)));
    }
}
