//! One sender, as [`CongestionView`](super::CongestionView) sees it.

use std::collections::VecDeque;

use super::{CongestionSummary, DeliveryRate, HeadOfLine, ROUNDS, Reaction, SlowStart, SlowStartEnd};
use crate::base::{Maybe, Moments, Nanos, Quantiles, Segment, Timestamp};
use crate::tcp::recovery::Trigger;
use crate::tcp::verdict::{Kind, Verdict};

/// So many ACKs may be on their way to a sender; beyond it the oldest are taken as arrived.
const IN_TRANSIT: usize = 4096;
/// A sender that has something to send does so within this time.
const AT_ONCE: Nanos = Nanos::from_millis(2);
/// A round in which the flight grows by less than this (quarters) ends slow start.
const GROWTH: u64 = 5;
/// A flight that shrinks to less than this (quarters) without a loss is the application's choice.
const SHRINKS: u64 = 3;

/// An ACK on its way to the sender.
#[derive(Clone, Copy, Debug)]
struct News {
    t: Timestamp,
    ack: u64,
    tsval: Option<u32>,
    marked: bool,
}

/// A round that is under way.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    /// It ends when this is acknowledged.
    end: u64,
    begun: Timestamp,
    flight: u64,
    /// The peer's window held it back.
    window: bool,
}

/// One sender.
#[derive(Clone, Debug, Default)]
pub(super) struct Direction {
    snd_max: Maybe<u64>,
    /// What was acknowledged, as the ACKs pass the capture point, and as the sender knows.
    una: u64,
    known: u64,
    transit: VecDeque<News>,
    /// When the last ACK reached it that acknowledged more, on the clock of the capture point.
    heard: Timestamp,
    segments: u64,
    round: Option<Round>,
    rounds: u64,
    app_limited: u64,
    flights: Vec<u64>,
    all_flights: Quantiles,
    round_times: Quantiles,
    round_min: Maybe<Nanos>,
    /// Flight of the last round that nothing but the path held back.
    free: Option<u64>,
    largest_flight: u64,
    slow_start: Option<SlowStart>,
    recovery: Option<LossSeen>,
    kept: Quantiles,
    losses: u64,
    slices: Slices,
    head_of_line: HeadOfLine,
    held_since: Option<(Timestamp, u64)>,
}

/// A loss to which a sender reacts.
#[derive(Clone, Copy, Debug)]
struct LossSeen {
    /// All that was sent before it lies below.
    hi: u64,
    before: u64,
    timer: bool,
    /// It is over.
    over: bool,
    /// A round ended since: the next one shows what came of it.
    settled: bool,
}

impl Direction {
    /// A segment of it. `lag`: the time that must lie between an ACK and what it causes, where no timestamp tells.
    pub(super) fn on_data(&mut self, segment: &Segment, verdict: &Verdict, lag: Nanos) {
        self.hear(segment, lag);
        match verdict.kind {
            Kind::New | Kind::NewAfterGap | Kind::Overtaken if segment.payload_len > 0 => {
                self.on_new(segment, verdict, lag);
            }
            Kind::Retransmission(trigger) if !verdict.unneeded => self.on_resend(segment, trigger),
            _ => {}
        }
    }

    /// Lets the sender have the ACKs that it can have had.
    fn hear(&mut self, segment: &Segment, lag: Nanos) {
        let echo = segment.echo();
        while let Some(&news) = self.transit.front() {
            let arrived = match (news.tsval, echo) {
                (Some(tsval), Some(echo)) => echo.wrapping_sub(tsval) as i32 >= 0,
                _ => news.t + lag <= segment.ts,
            };
            if !arrived {
                return;
            }
            self.transit.pop_front();
            self.learn(news, lag);
        }
    }

    fn learn(&mut self, news: News, lag: Nanos) {
        if news.ack > self.known {
            (self.known, self.heard) = (news.ack, news.t + lag);
        }
        if news.marked {
            self.leave_slow_start(SlowStartEnd::Marked, news.t);
        }
        if let Some(loss) = &mut self.recovery {
            loss.over |= self.known >= loss.hi;
        }
    }

    fn on_new(&mut self, segment: &Segment, verdict: &Verdict, lag: Nanos) {
        let before = self.snd_max.get().unwrap_or(verdict.lo);
        if self.snd_max.is_none() {
            (self.una, self.known) = (self.una.max(verdict.lo), self.known.max(verdict.lo));
        }
        self.segments += 1;
        if let Some(round) = self.round.filter(|round| self.known >= round.end) {
            // An ACK for all of it makes it send on at once, if it has anything to send (`semantics.md` 11).
            let silent = segment.ts - self.heard > lag.scale(1, 4) + AT_ONCE;
            self.end_round(round, segment.ts, self.known >= before && silent);
        }
        let round = self.round.get_or_insert(Round { end: verdict.hi, begun: segment.ts, ..Round::default() });
        let flight = verdict.hi.saturating_sub(self.known);
        round.flight = round.flight.max(flight);
        round.window |= verdict.fills_window;
        self.largest_flight = self.largest_flight.max(flight);
        self.snd_max.raise(verdict.hi);
    }

    /// A round is over. `starved`: all was acknowledged, and the application had had no more.
    fn end_round(&mut self, round: Round, t: Timestamp, starved: bool) {
        self.round = None;
        self.rounds += 1;
        self.app_limited += u64::from(starved);
        if self.flights.len() < ROUNDS {
            self.flights.push(round.flight);
        }
        self.all_flights.add(round.flight);
        let settled = match &mut self.recovery {
            Some(loss) if loss.over => std::mem::replace(&mut loss.settled, true),
            _ => false,
        };
        if starved || round.window {
            return;
        }
        if settled || self.recovery.is_none() {
            let time = (t - round.begun).max(Nanos::ZERO);
            self.round_times.add(time.0.unsigned_abs());
            self.round_min.set(self.round_min.get().map_or(time, |min| min.min(time)));
        }
        if let Some(loss) = self.recovery.take_if(|_| settled)
            && !loss.timer
            && loss.before > 0
        {
            self.losses += 1;
            self.kept.add(100 * round.flight / loss.before);
        }
        let levelled = self.free.is_some_and(|last| (SHRINKS * last..GROWTH * last).contains(&(4 * round.flight)));
        if levelled && self.recovery.is_none() {
            self.leave_slow_start(SlowStartEnd::Levelled, t);
        }
        self.free = Some(round.flight);
    }

    fn leave_slow_start(&mut self, end: SlowStartEnd, t: Timestamp) {
        if self.slow_start.is_none() && self.segments > 0 {
            let round = self.rounds + u64::from(self.round.is_some());
            self.slow_start = Some(SlowStart { end, t, round, flight: self.largest_flight });
        }
    }

    fn on_resend(&mut self, segment: &Segment, trigger: Trigger) {
        if !matches!(trigger, Trigger::Fast | Trigger::Rto) {
            return;
        }
        self.leave_slow_start(SlowStartEnd::Loss, segment.ts);
        let Some(snd_max) = self.snd_max.get() else { return };
        let timer = trigger == Trigger::Rto;
        match &mut self.recovery {
            Some(loss) if !loss.over => loss.timer |= timer,
            _ => {
                let before = self.round.map_or(0, |round| round.flight).max(self.free.unwrap_or(0));
                self.recovery = Some(LossSeen { hi: snd_max, before, timer, over: false, settled: false });
            }
        }
    }

    /// An ACK of the peer passes on its way to the sender.
    pub(super) fn on_ack(&mut self, segment: &Segment, marked: bool, slice: Nanos) {
        let Some(snd_max) = self.snd_max.get() else { return };
        let ack = segment.ack.near(self.una);
        if ack > snd_max.saturating_add(1) {
            return; // it acknowledges what never came by: nothing is known of it
        }
        let advanced = ack > self.una;
        self.slices.on_ack(segment.ts, ack.saturating_sub(self.una), snd_max > self.una, slice);
        self.una = self.una.max(ack);
        self.note_held_back(segment, ack, advanced);
        if self.transit.len() >= IN_TRANSIT
            && let Some(oldest) = self.transit.pop_front()
        {
            self.learn(oldest, Nanos::ZERO);
        }
        self.transit.push_back(News { t: segment.ts, ack, tsval: segment.timestamp(), marked });
    }

    /// SACK blocks above what is acknowledged: the receiver holds data back until the hole is filled.
    fn note_held_back(&mut self, segment: &Segment, ack: u64, advanced: bool) {
        match self.held_since {
            None if segment.sack_len > 0 && !advanced && ack == self.una && self.snd_max.get() > Some(ack) => {
                self.held_since = Some((segment.ts, segment.frame));
            }
            Some((since, frame)) if advanced && segment.sack_len == 0 => {
                self.held_since = None;
                let length = (segment.ts - since).max(Nanos::ZERO);
                let held = &mut self.head_of_line;
                held.times += 1;
                held.total += length;
                held.worst = held.worst.max(Some((length, frame)));
            }
            _ => {}
        }
    }

    pub(super) fn summary(&self, slice: Nanos) -> CongestionSummary {
        let [median, largest] = self.all_flights.percentiles([50, 100]);
        let [p50, p95] = self.round_times.percentiles([50, 95]).map(|time| time.map(|ns| Nanos(ns as i64)));
        CongestionSummary {
            segments: self.segments,
            rounds: self.rounds,
            app_limited_rounds: self.app_limited,
            flights: self.flights.clone(),
            flight: median.zip(largest).map(|(median, largest)| [median, largest]),
            slow_start: self.slow_start,
            reaction: Reaction { losses: self.losses, kept_percent: self.kept.percentile(50) },
            rate: self.slices.summary(slice),
            round_time: self.round_min.get().zip(p50).zip(p95).map(|((min, p50), p95)| [min, p50, p95]),
            head_of_line: self.head_of_line,
        }
    }
}

/// What was acknowledged in each slice of the time in which something was outstanding.
#[derive(Clone, Debug, Default)]
struct Slices {
    since: Option<Timestamp>,
    bytes: u64,
    rates: Moments,
}

impl Slices {
    /// An ACK of `bytes` more; `outstanding`: there was something to acknowledge.
    fn on_ack(&mut self, t: Timestamp, bytes: u64, outstanding: bool, slice: Nanos) {
        if !outstanding {
            (self.since, self.bytes) = (None, 0); // a pause of the application: begin anew behind it
            return;
        }
        let Some(since) = self.since else {
            self.since = Some(t);
            return;
        };
        self.bytes += bytes;
        let length = t - since;
        if length >= slice {
            let rate = i128::from(self.bytes) * 1_000_000_000 / i128::from(length.0.max(1));
            self.rates.add(i64::try_from(rate).unwrap_or(i64::MAX));
            (self.since, self.bytes) = (Some(t), 0);
        }
    }

    fn summary(&self, slice: Nanos) -> Option<DeliveryRate> {
        let (mean, peak) = (self.rates.mean()?, self.rates.max()?);
        let spread = self.rates.stddev().filter(|_| mean > 0.0).map(|deviation| (100.0 * deviation / mean) as u64);
        Some(DeliveryRate {
            slice,
            slices: self.rates.count(),
            mean: mean as u64,
            peak: peak.unsigned_abs(),
            spread_percent: spread,
        })
    }
}
