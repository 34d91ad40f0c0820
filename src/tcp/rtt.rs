//! Round trips between the capture point and one endpoint (`semantics.md` 4).

use super::summary::RttSummary;
use crate::base::{Moments, Nanos, Quantiles, Timestamp};

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
    net: Moments,
    net_quantiles: Quantiles,
    immediate: Quantiles,
    reference: Option<Nanos>,
    newest: Option<Nanos>,
    /// The newest immediate sample, and its time.
    fresh: Option<(Timestamp, Nanos)>,
    min: Option<Nanos>,
    /// Minimum of the last and of the current window.
    windows: [Option<Nanos>; 2],
    window_start: Timestamp,
    ack_delay_max: Option<Nanos>,
}

impl RoundTrips {
    /// Takes a sample.
    pub fn add(&mut self, sample: Sample) {
        let rtt = sample.rtt;
        if rtt < Nanos::ZERO {
            return; // the capture's clock stepped back: that measures nothing
        }
        self.see_minimum(sample.t, rtt);
        self.newest = Some(rtt);
        if sample.class == SampleClass::Immediate {
            self.fresh = Some((sample.t, rtt));
            self.immediate.add(rtt.0.unsigned_abs());
            let n = self.immediate.count_all();
            if n >= REFERENCE_SAMPLES && (n <= 8 || n.is_multiple_of(32)) {
                self.reference = self.immediate.percentile(25).map(|p| Nanos(p as i64));
            }
        } else {
            let reference = self.reference_at(sample.t).unwrap_or(rtt);
            if rtt - reference > SUSPICIOUS_EXCESS {
                let excess = rtt - reference;
                self.ack_delay_max = Some(self.ack_delay_max.map_or(excess, |d| d.max(excess)));
                return;
            }
        }
        self.net.add(rtt.0);
        self.net_quantiles.add(rtt.0.unsigned_abs());
    }

    /// What the round trip would be without a delay at the end host: the lower quartile of the immediate samples, or the last one of them
    /// where that is higher and not old, for a queue on the path lets all of them grow.
    fn reference_at(&self, t: Timestamp) -> Option<Nanos> {
        let usual = self.reference.or(self.min);
        match self.fresh {
            Some((at, rtt)) if t - at <= FRESH => usual.max(Some(rtt)),
            _ => usual,
        }
    }

    fn see_minimum(&mut self, t: Timestamp, rtt: Nanos) {
        let smaller = |m: Option<Nanos>| Some(m.map_or(rtt, |m| m.min(rtt)));
        self.min = smaller(self.min);
        if t - self.window_start > WINDOW {
            self.windows = [self.windows[1], None];
            self.window_start = t;
        }
        self.windows[1] = smaller(self.windows[1]);
    }

    /// The smallest of all.
    pub const fn min(&self) -> Option<Nanos> {
        self.min
    }

    /// The smallest of the last one to two minutes, or else of all: a path may become longer.
    pub fn recent_min(&self) -> Option<Nanos> {
        match self.windows {
            [Some(a), Some(b)] => Some(a.min(b)),
            [a, b] => a.or(b).or(self.min),
        }
    }

    /// The newest sample.
    pub const fn newest(&self) -> Option<Nanos> {
        self.newest
    }

    /// Bytes of memory that it takes beside its own size.
    pub fn heap(&self) -> usize {
        self.net_quantiles.heap() + self.immediate.heap()
    }

    /// What is reported.
    pub fn summary(&self) -> RttSummary {
        let percentiles = self.net_quantiles.percentiles([50, 95, 99]).map(|v| v.map(|v| Nanos(v as i64)));
        // A bucket's representative may lie outside what was seen.
        let within = |v: Nanos| match (self.net.min(), self.net.max()) {
            (Some(min), Some(max)) => Nanos(v.0.clamp(min, max)),
            _ => v,
        };
        RttSummary {
            samples: self.net.count(),
            min: self.net.min().map(Nanos),
            mean: self.net.mean().map(|m| Nanos(m.round() as i64)),
            p50: percentiles[0].map(within),
            p95: percentiles[1].map(within),
            p99: percentiles[2].map(within),
            max: self.net.max().map(Nanos),
            stddev: self.net.stddev().map(|s| Nanos(s.round() as i64)),
            ack_delay_max: self.ack_delay_max,
        }
    }
}

/// The sender's own estimate of the full round trip, and the timer that follows from it (RFC 6298; Linux's floor).
#[derive(Clone, Copy, Debug, Default)]
pub struct SenderTimer {
    srtt: Option<Nanos>,
    rttvar: Nanos,
}

/// Linux: the variance term of the timer is at least 200 ms (`TCP_RTO_MIN`).
const RTO_VARIANCE_FLOOR: Nanos = Nanos::from_millis(200);

impl SenderTimer {
    /// Takes a sample of the full round trip (RFC 6298 2.2 and 2.3).
    pub fn add(&mut self, rtt: Nanos) {
        match self.srtt {
            None => {
                self.srtt = Some(rtt);
                self.rttvar = rtt.scale(1, 2);
            }
            Some(srtt) => {
                self.rttvar = self.rttvar.scale(3, 4) + (srtt - rtt).abs().scale(1, 4);
                self.srtt = Some(srtt.scale(7, 8) + rtt.scale(1, 8));
            }
        }
    }

    /// Smoothed round trip.
    pub const fn srtt(&self) -> Option<Nanos> {
        self.srtt
    }

    /// The retransmission timer as Linux computes it; `None` before the first sample (it is 1 s then).
    pub fn rto(&self) -> Option<Nanos> {
        self.srtt.map(|srtt| srtt + self.rttvar.scale(4, 1).max(RTO_VARIANCE_FLOOR))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(ms: i64, class: SampleClass) -> Sample {
        Sample { t: Timestamp(0), rtt: Nanos::from_millis(ms), class }
    }

    #[test]
    fn a_delayed_ack_is_no_network_round_trip() {
        let mut half = RoundTrips::default();
        half.add(sample(10, SampleClass::Immediate));
        half.add(sample(50, SampleClass::MaybeDelayed));
        half.add(sample(12, SampleClass::MaybeDelayed));
        let summary = half.summary();
        assert_eq!(summary.samples, 2);
        assert_eq!(summary.max, Some(Nanos::from_millis(12)));
        assert_eq!(summary.ack_delay_max, Some(Nanos::from_millis(40)));
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
