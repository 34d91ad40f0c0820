//! Nagle's algorithm against delayed ACK: small data waits until all before it is acknowledged (RFC 896), and that ACK is delayed (RFC 9293
//! 3.8.6.3). The sign is data that leaves just when the delayed ACK of a small segment has arrived (`semantics.md` 11).

use super::summary::NagleSummary;
use crate::base::packed::packed;
use crate::base::{Maybe, Nanos, Segment, Timestamp};

/// An ACK so much later than the round trip was delayed: Linux's shortest delay is 40 ms.
const DELAYED: Nanos = Nanos::from_millis(30);
/// The longest delay that a receiver may choose (RFC 9293 3.8.6.3).
const LONGEST: Nanos = Nanos::from_millis(500);
/// Data that the ACK sets free comes this much of a round trip later at most, and [`SLACK`].
const AT_MOST: (i64, i64) = (5, 4);
/// And at least this much of it.
const AT_LEAST: (i64, i64) = (9, 10);
/// See [`AT_MOST`].
const SLACK: Nanos = Nanos::from_millis(2);

/// Data that passes so long after an ACK was sent when the ACK had come. `trip`: smallest round trip to its sender.
pub fn sets_free(after: Nanos, trip: Nanos) -> bool {
    after >= trip.scale(AT_LEAST.0, AT_LEAST.1) && after <= trip.scale(AT_MOST.0, AT_MOST.1) + SLACK
}

/// The waits of both senders: hardly a connection has any.
#[derive(Clone, Debug, Default)]
pub struct Nagle {
    seen: Option<Box<Seen>>,
}

packed! { Nagle { seen } }

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// When the delayed ACK of a small segment passed, which left nothing in flight; and how long it was delayed.
    freed: Maybe<Timestamp>,
    delay: Nanos,
    waits: [NagleSummary; 2],
}

packed! { Seen { [freed, delay] waits } }

impl Nagle {
    /// A bare ACK acknowledges everything, a small segment of `sent` last. `trip`: smallest round trip to who acknowledges.
    pub fn on_all_acked(&mut self, t: Timestamp, sent: Timestamp, trip: Option<Nanos>) {
        let delay = trip.map_or(Nanos::ZERO, |trip| t - sent - trip);
        if delay >= DELAYED && delay <= LONGEST {
            let seen = self.seen.get_or_insert_default();
            seen.freed.set(t);
            seen.delay = delay;
        }
    }

    /// The next payload. `goes_on`: it is of the sender of the small segment. `trip`: smallest round trip to it. True if it had waited.
    #[inline]
    pub fn on_payload(&mut self, segment: &Segment, from: usize, goes_on: bool, trip: Option<Nanos>) -> bool {
        let Some(seen) = &mut self.seen else { return false };
        let Some(freed) = seen.freed.take() else { return false };
        let waited = goes_on && sets_free(segment.ts - freed, trip.unwrap_or(Nanos::ZERO));
        if waited {
            let told = &mut seen.waits[from];
            told.waits += 1;
            told.cost += seen.delay;
            told.frame.get_or_insert(segment.frame);
        }
        waited
    }

    /// What is reported of one sender.
    pub fn summary(&self, sender: usize) -> NagleSummary {
        self.seen.as_ref().map_or_else(NagleSummary::default, |seen| seen.waits[sender])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp(ms * 1_000_000)
    }

    /// Vector 88: a at 100, its ACK at 170 (30 of round trip and 40 of delay), b at 180.
    fn waited(ack: i64, next: i64, goes_on: bool) -> NagleSummary {
        let mut nagle = Nagle::default();
        nagle.on_all_acked(at(ack), at(100), Some(Nanos::from_millis(30)));
        let b = Segment { ts: at(next), frame: 7, ..Segment::default() };
        nagle.on_payload(&b, 0, goes_on, Some(Nanos::from_millis(10)));
        nagle.summary(0)
    }

    #[test]
    fn data_that_leaves_with_the_delayed_ack_had_waited_for_it() {
        assert_eq!(waited(170, 180, true), NagleSummary { waits: 1, cost: Nanos::from_millis(40), frame: Some(7) });
    }

    #[test]
    fn neither_a_prompt_ack_nor_later_data_nor_an_answer_is_a_wait() {
        for (ack, next, goes_on) in
            [(131, 141, true), (170, 230, true), (170, 172, true), (170, 180, false), (900, 910, true)]
        {
            assert_eq!(waited(ack, next, goes_on).waits, 0, "{ack} {next} {goes_on}");
        }
    }
}
