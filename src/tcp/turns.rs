//! The turns of a conversation, whatever its protocol: who spoke last, and how long the other took to answer (`semantics.md` 10).

use super::summary::TurnSummary;
use super::teardown::SERVER;
use crate::base::packed::{packed, packed_names};
use crate::base::{Maybe, Nanos, Quantiles, Timestamp};

/// Payload that comes sooner after the other side's than this share of a round trip to its sender is no answer to it.
const CAUSAL: (i64, i64) = (9, 10);
/// With more overlaps than one in five turns both talk at once, and turns mean nothing.
const DUPLEX: u64 = 5;

/// Round trips between the capture point and the endpoint that speaks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trips {
    /// The smallest one of late.
    pub min: Option<Nanos>,
    /// The nearest one in time.
    pub nearest: Option<Nanos>,
}

/// What new payload is to the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The first of all.
    First,
    /// Its sender goes on.
    Continues,
    /// The other side had spoken, and this answers it: so long after the last of it had come to its reader; `None` where no round trip is known.
    Answers(Option<Nanos>),
    /// The other side had spoken, and this is too soon to be the answer.
    Overlaps,
}

/// Who spoke last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speaker {
    /// Nobody has.
    #[default]
    Nobody,
    /// The client.
    Client,
    /// The server.
    Server,
}

packed_names! { Speaker { Nobody, Client, Server } }

impl Speaker {
    /// This end.
    #[inline]
    pub const fn of(end: usize) -> Self {
        if end == SERVER { Self::Server } else { Self::Client }
    }
}

/// The turns so far.
#[derive(Clone, Debug, Default)]
pub struct Turns {
    /// See [`Speaker`].
    pub(super) speaker: Speaker,
    /// The last payload ended its writer's message: a push, and less than a full segment.
    pub(super) ended: bool,
    /// Who has the word has not said anything.
    pub(super) mute: bool,
    /// A request or a response was already said to overlap this turn.
    overlapping: bool,
    /// When the last new payload passed.
    pub(super) tail: Timestamp,
    /// When the end of it was sent again.
    again: Maybe<Timestamp>,
    requests: u32,
    changes: u32,
    overlaps: u32,
    slowest: Nanos,
    responses: Quantiles,
    /// Most connections have one request, and no thoughts before a second.
    thinks: Option<Box<Quantiles>>,
}

const _: () = assert!(size_of::<Turns>() <= 72);

packed! {
    Turns {
        <requests, changes, overlaps>
        [tail, slowest; speaker, ended, mute, overlapping]
        [again]
        responses, thinks
    }
}

impl Turns {
    /// `who` has the word, though it has not said anything yet.
    pub const fn give_word(&mut self, who: usize, t: Timestamp) {
        self.speaker = Speaker::of(who);
        self.tail = t;
        self.mute = true;
    }

    /// The speaker goes on.
    #[inline]
    pub fn goes_on(&mut self, t: Timestamp) {
        self.tail = t;
        self.again = Maybe::NONE;
    }

    /// The speaker sent the end of its turn again.
    pub fn on_resend(&mut self, from: usize, t: Timestamp) {
        if self.speaker == Speaker::of(from) {
            self.again.set(t);
        }
    }

    /// New payload of `from`, of which the next turn may be the answer. `trips`: to `from`.
    #[inline]
    pub fn on_payload(&mut self, from: usize, t: Timestamp, trips: Trips) -> Turn {
        let turn = match self.speaker {
            Speaker::Nobody => Turn::First,
            speaker if speaker == Speaker::of(from) => Turn::Continues,
            _ => self.change(from, t, trips),
        };
        if turn == Turn::Overlaps && from == SERVER {
            return turn; // it goes on with what it had to say before
        }
        self.speaker = Speaker::of(from);
        self.mute = false;
        self.tail = t;
        self.again = Maybe::NONE;
        if turn != Turn::Continues {
            self.overlapping = false;
        }
        turn
    }

    fn change(&mut self, from: usize, t: Timestamp, trips: Trips) -> Turn {
        let Some(heard) = self.cause(t, trips.min) else {
            self.overlaps += u32::from(!std::mem::replace(&mut self.overlapping, true));
            return Turn::Overlaps;
        };
        let waited = trips.nearest.map(|trip| (t - heard - trip).max(Nanos::ZERO));
        if self.mute {
            return Turn::Answers(waited); // a greeting: nobody asked
        }
        self.changes += 1;
        if from == SERVER {
            self.requests += 1;
            if let Some(waited) = waited {
                self.responses.add(waited.0.unsigned_abs());
                self.slowest = self.slowest.max(waited);
            }
        } else if let Some(waited) = waited {
            self.thinks.get_or_insert_default().add(waited.0.unsigned_abs());
        }
        Turn::Answers(waited)
    }

    /// When that passed which payload at `t` can be an answer to: the last copy of the turn's end that is old enough.
    fn cause(&self, t: Timestamp, trip: Option<Nanos>) -> Option<Timestamp> {
        let least = trip.map_or(Nanos::ZERO, |trip| trip.scale(CAUSAL.0, CAUSAL.1));
        [self.again.get(), Some(self.tail)].into_iter().flatten().find(|&heard| t - heard >= least)
    }

    /// What is reported. `both`: both directions were captured.
    pub fn summary(&self, both: bool) -> TurnSummary {
        let duplex = u64::from(self.overlaps) * DUPLEX > u64::from(self.changes + self.overlaps);
        if !both || duplex {
            return TurnSummary { overlaps: self.overlaps.into(), ..TurnSummary::default() };
        }
        let nanos = |value: u64| Nanos(value as i64).min(self.slowest);
        let response = match self.responses.percentiles([50, 95]) {
            [Some(p50), Some(p95)] => Some([nanos(p50), nanos(p95), self.slowest]),
            _ => None,
        };
        TurnSummary {
            requests: Some(self.requests.into()),
            response,
            think_p50: self.thinks.as_ref().and_then(|thinks| thinks.percentile(50)).map(|value| Nanos(value as i64)),
            overlaps: self.overlaps.into(),
        }
    }

    /// Bytes of memory that it takes beside its own size.
    pub fn heap(&self) -> usize {
        self.responses.heap() + self.thinks.as_ref().map_or(0, |thinks| size_of::<Quantiles>() + thinks.heap())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tcp::teardown::CLIENT;

    fn at(ms: i64) -> Timestamp {
        Timestamp(ms * 1_000_000)
    }

    fn trips(ms: i64) -> Trips {
        let trip = Some(Nanos::from_millis(ms));
        Trips { min: trip, nearest: trip }
    }

    #[test]
    fn the_network_is_taken_out_of_response_and_think_times() {
        let mut turns = Turns::default();
        turns.on_payload(CLIENT, at(100), trips(10));
        assert_eq!(turns.on_payload(SERVER, at(230), trips(30)), Turn::Answers(Some(Nanos::from_millis(100))));
        assert_eq!(turns.on_payload(SERVER, at(231), trips(30)), Turn::Continues);
        assert_eq!(turns.on_payload(CLIENT, at(291), trips(10)), Turn::Answers(Some(Nanos::from_millis(50))));
        let summary = turns.summary(true);
        assert_eq!(summary.requests, Some(1));
        assert_eq!(summary.response, Some([Nanos::from_millis(100); 3]));
        assert_eq!(summary.think_p50, Some(Nanos::from_millis(50)));
    }

    #[test]
    fn an_answer_counts_from_the_copy_that_arrived() {
        let mut turns = Turns::default();
        turns.on_payload(CLIENT, at(0), trips(10));
        turns.on_resend(CLIENT, at(300));
        assert_eq!(turns.on_payload(SERVER, at(350), trips(30)), Turn::Answers(Some(Nanos::from_millis(20))));
        // The copy was needless: the response came too soon after it.
        turns.on_payload(CLIENT, at(1_000), trips(10));
        turns.on_resend(CLIENT, at(1_200));
        assert_eq!(turns.on_payload(SERVER, at(1_205), trips(30)), Turn::Answers(Some(Nanos::from_millis(175))));
    }

    #[test]
    fn where_both_talk_at_once_there_are_no_turns() {
        let mut turns = Turns::default();
        for i in 0..20 {
            turns.on_payload(usize::from(i % 2 == 0), at(i), trips(30));
        }
        assert_eq!(turns.summary(true).requests, None);
        assert!(turns.summary(true).overlaps > 0);
    }

    #[test]
    fn nothing_is_said_of_a_capture_of_one_direction() {
        let mut turns = Turns::default();
        turns.on_payload(CLIENT, at(0), trips(10));
        assert_eq!(turns.summary(false).requests, None);
        assert_eq!(turns.summary(true).requests, Some(0));
    }
}
