//! The talk of two applications over a connection: turns, pauses, and whose time they took (`semantics.md` 10 and 11).

use super::budget::{Accounts, Budget, Pause};
use super::connection::Connection;
use super::nagle::{Nagle, sets_free};
use super::rate::{Rate, slice};
use super::recovery::Trigger;
use super::summary::{BudgetSummary, NagleSummary, TurnSummary};
use super::teardown::{CLIENT, SERVER};
use super::turns::{Speaker, Trips, Turn, Turns};
use super::verdict::{Kind, Verdict};
use crate::base::packed::packed;
use crate::base::{Nanos, Segment, TcpFlags, Timestamp};

/// A sender whose application has nothing to send pauses for longer than this.
const PAUSE: Nanos = Nanos::from_millis(2);
/// A push with less is the end of a message, even where all segments are as small. An estimate: it lies below the 536 bytes of RFC 9293 3.7.1,
/// and errs on a path whose full segments are smaller still.
const SMALL: u32 = 400;
/// The pace of shorter streams says nothing of the path.
const LONG: u64 = 1 << 16;
/// A queue: the median round trip is twice the smallest, or so much above it.
const QUEUE: Nanos = Nanos::from_millis(20);

/// The talk so far.
#[derive(Clone, Debug, Default)]
pub struct Conversation {
    turns: Turns,
    budget: Budget,
    nagle: Nagle,
    /// When the slice of the speaker's pace ends.
    slice_end: Timestamp,
    rates: [Option<Box<Rate>>; 2],
}

packed! { Conversation { [slice_end] turns, budget, nagle, rates } }

impl Conversation {
    /// The speaker goes on without a pause: nothing else changes. False if it has to be looked at.
    #[inline(always)]
    fn goes_on(&mut self, from: usize, t: Timestamp, ends: bool) -> bool {
        let usual = self.turns.speaker == Speaker::of(from)
            && !self.turns.ended
            && self.budget.quiet.is_none()
            && t < self.slice_end;
        if usual {
            self.turns.goes_on(t);
            self.turns.ended = ends;
        }
        usual
    }

    /// Bytes of memory that it takes beside its own size.
    pub fn heap(&self) -> usize {
        self.turns.heap() + self.rates.iter().flatten().count() * size_of::<Rate>()
    }

    /// All that was sent is acknowledged, with this segment of `from`. `trip`: smallest round trip to it.
    pub fn on_all_acked(&mut self, segment: &Segment, from: usize, trip: Option<Nanos>) {
        self.budget.on_quiet(segment.ts);
        if self.turns.ended && self.turns.speaker == Speaker::of(1 - from) && segment.payload_len == 0 {
            self.nagle.on_all_acked(segment.ts, self.turns.tail, trip);
        }
    }

    /// Small segments of a sender that waited for delayed ACKs.
    pub fn waits(&self, sender: usize) -> NagleSummary {
        self.nagle.summary(sender)
    }
}

impl Connection {
    /// New payload. `size`: of a full segment of its sender, as far as it has sent any.
    #[inline(always)]
    pub(super) fn note_payload(&mut self, segment: &Segment, from: usize, size: u32) {
        let ends = segment.flags.has(TcpFlags::PSH) && segment.payload_len < size.max(SMALL);
        if !self.conversation.goes_on(from, segment.ts, ends) {
            self.note_turn(segment, from, ends);
        }
    }

    /// New payload after a pause, or after the other side's.
    #[inline(never)]
    fn note_turn(&mut self, segment: &Segment, from: usize, ends: bool) {
        let t = segment.ts;
        self.open_talk(from);
        let Trips { min, nearest } = self.trips(from, t);
        let before = (self.conversation.turns.tail, self.conversation.turns.ended);
        let began = self.conversation.turns.mute;
        let turn = self.conversation.turns.on_payload(from, t, Trips { min, nearest });
        let waited = self.conversation.nagle.on_payload(segment, from, turn == Turn::Continues, min);
        match turn {
            Turn::Overlaps if from == SERVER => return,
            Turn::Answers(Some(had)) => self.settle(t, Pause::Answer(from, had)),
            Turn::Continues if began => self.settle(t, Pause::Own(from)),
            Turn::Continues if waited => self.settle(t, Pause::Network),
            Turn::Continues => self.note_pause(t, from, before, min),
            Turn::First | Turn::Answers(None) | Turn::Overlaps => self.settle(t, Pause::Own(from)),
        }
        self.conversation.turns.ended = ends;
        self.note_pace(t, from, turn == Turn::Continues);
    }

    /// The speaker goes on after a message that was all it had, or after everything was acknowledged. `before`: its last payload, and whether
    /// that ended a message.
    fn note_pause(&mut self, t: Timestamp, from: usize, before: (Timestamp, bool), trip: Option<Nanos>) {
        let (tail, ended) = before;
        let (trip, quiet) = (trip.unwrap_or(Nanos::ZERO), self.conversation.budget.quiet.get());
        // Its sender knows of the ACK, and its data comes by, a round trip to it later at the least.
        let idle = quiet.map_or(Nanos::ZERO, |quiet| (t - quiet - trip).max(Nanos::ZERO));
        let held = quiet.is_some_and(|quiet| sets_free(t - quiet, trip));
        if ended && t - tail > PAUSE && !held {
            self.conversation.budget.starve(from, t - tail - idle);
        }
        if quiet.is_some() {
            self.settle(t, Pause::Answer(from, idle));
        }
    }

    /// Slices of the speaker's pace.
    fn note_pace(&mut self, t: Timestamp, from: usize, goes_on: bool) {
        let bytes = self.halves[from].sender.unique_bytes();
        if bytes < LONG {
            self.conversation.slice_end = t + slice(self.rtt_min());
        } else {
            self.measure_pace(t, from, goes_on, bytes);
        }
    }

    /// The same of a stream that is long enough: so many bytes of it have come by.
    #[inline(never)]
    fn measure_pace(&mut self, t: Timestamp, from: usize, goes_on: bool, bytes: u64) {
        let over = t >= self.conversation.slice_end;
        let begun = self.conversation.rates[from].is_some();
        let rate = self.conversation.rates[from].get_or_insert_default();
        if goes_on && begun && over && t - self.conversation.slice_end < slice(None) {
            rate.end_slice(t, bytes);
        } else if !goes_on || !begun || over {
            rate.begin(t, bytes);
        } else {
            return;
        }
        self.conversation.slice_end = t + slice(self.rtt_min());
    }

    /// Data was sent again.
    pub(super) fn note_resend(&mut self, segment: &Segment, from: usize, verdict: &Verdict) {
        if verdict.hi >= self.halves[from].sender.snd_max() {
            self.conversation.turns.on_resend(from, segment.ts);
        }
        if matches!(verdict.kind, Kind::Retransmission(Trigger::Rto | Trigger::Tlp)) && !verdict.goes_back {
            self.conversation.budget.on_timer(segment.ts - self.previous);
        }
    }

    /// The first FIN ends the talk.
    pub(super) fn note_farewell(&mut self, segment: &Segment, from: usize) {
        let turns = &self.conversation.turns;
        let (t, other) = (segment.ts, turns.speaker == Speaker::of(1 - from));
        let answer = self.trips(from, t).nearest.filter(|_| other).map(|trip| (t - turns.tail - trip).max(Nanos::ZERO));
        self.open_talk(from);
        self.settle(t, answer.map_or(Pause::Own(from), |had| Pause::Answer(from, had)));
        self.conversation.budget.close(t);
    }

    /// The handshake is over at `t`.
    pub(super) fn begin_talk(&mut self, t: Timestamp) {
        let quiet = !self.in_flight();
        self.conversation.budget.open(t, quiet);
        if self.conversation.turns.speaker == Speaker::Nobody {
            self.conversation.turns.give_word(CLIENT, t);
        }
    }

    /// The talk begins without a handshake, where none was seen, or the client's part of it was not.
    fn open_talk(&mut self, from: usize) {
        let budget = &mut self.conversation.budget;
        if !self.handshake.syn_seen() && !self.handshake.syn_ack_seen() {
            budget.open(self.first, true);
        } else if from == SERVER && self.handshake.syn_ack_seen() && self.handshake.client_ack_time().is_none() {
            budget.open(self.previous, true);
        }
    }

    fn trips(&self, to: usize, t: Timestamp) -> Trips {
        let rtt = &self.halves[to].rtt;
        Trips { min: rtt.recent_min(), nearest: rtt.nearest(t) }
    }

    /// Something was sent and is not acknowledged.
    #[inline]
    pub(super) fn in_flight(&self) -> bool {
        self.halves.iter().any(|half| half.sender.is_waiting())
    }

    fn settle(&mut self, t: Timestamp, pause: Pause) {
        if !self.conversation.budget.is_open() {
            return;
        }
        let held_back = self.halves.iter().any(|half| half.sender.was_held_back());
        let accounts = if held_back { self.accounts(t) } else { Accounts::default() };
        self.conversation.budget.settle(t, pause, accounts);
    }

    /// The times that are accounted for up to now, where there are any.
    #[cold]
    fn accounts(&self, t: Timestamp) -> Accounts {
        let of = |end: usize| self.halves[end].sender.limit.total(t).unwrap_or(Nanos::ZERO);
        let loss = self.halves.iter().map(|half| half.sender.episodes(t).1).max().unwrap_or(Nanos::ZERO);
        // A sender is held back by the window of its peer.
        Accounts { loss, window: [of(SERVER), of(CLIENT)] }
    }

    /// Says in `turns` and `budget` what is reported of them; the connection's last packet passed at `end`.
    pub(super) fn sum_up_conversation(&mut self, end: Timestamp, turns: &mut TurnSummary, budget: &mut BudgetSummary) {
        self.settle(end, Pause::Nobody);
        let both = self.halves.iter().all(|half| half.volume.packets() > 0);
        *turns = self.conversation.turns.summary(both);
        *budget = self.conversation.budget.summary((self.first, end), self.is_rate_bound());
        budget.bottleneck = budget.bottleneck.filter(|_| both);
    }

    /// Signs that the path's rate held the larger stream back: a queue that its round trips show, or an even pace.
    fn is_rate_bound(&self) -> bool {
        let [client, server] = [CLIENT, SERVER].map(|end| self.halves[end].sender.unique_bytes());
        let sender = if client >= server { CLIENT } else { SERVER };
        if client.max(server) < LONG {
            return false;
        }
        let even = self.conversation.rates[sender].as_ref().is_some_and(|rate| rate.is_even());
        let median = self.halves[1 - sender].rtt.median();
        let queued =
            median.zip(self.rtt_min()).is_some_and(|(usual, least)| usual > least.scale(2, 1).max(least + QUEUE));
        even || queued
    }
}
