//! Pauses in sending that were not the application's choice, and what each was spent on (`semantics.md` 6).

use super::connection::Connection;
use super::event::{EventSink, Evidence};
use super::half::ends;
use super::recovery::Trigger;
use super::sender::Sender;
use super::sent::Marks;
use super::summary::StallSummary;
use super::verdict::{Kind, Verdict};
use crate::base::packed::packed;
use crate::base::{Nanos, Segment, Timestamp};

/// What a stall was spent on. Pauses of the application are none: they are in the time budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StallCause {
    /// The SYN or SYN-ACK had to be repeated.
    HandshakeRetry,
    /// The receiver had shut its window.
    ZeroWindow,
    /// The receiver's window had no room for a full segment.
    SmallWindow,
    /// What had been sent again was lost again: only a timer notices that.
    DoubleRetransmission,
    /// The last segments before a pause were lost: nothing came behind them that would have told.
    TailRetransmission,
    /// Too little was on its way for the ACKs that tell of a loss (RFC 5681 3.2).
    SmallFlight,
    /// All or nearly all that was on its way was lost.
    BurstLoss,
    /// What was sent again had arrived: its ACK was late or lost.
    AckLost,
    /// The receiver waited with its ACK (RFC 9293 3.8.6.3).
    DelayedAck,
    /// The ACK came late, and no retransmission was needed.
    NetworkDelay,
}

impl StallCause {
    /// All of them, in the order in which they are told.
    pub const ALL: [StallCause; 10] = [
        Self::HandshakeRetry,
        Self::ZeroWindow,
        Self::SmallWindow,
        Self::DoubleRetransmission,
        Self::TailRetransmission,
        Self::SmallFlight,
        Self::BurstLoss,
        Self::AckLost,
        Self::DelayedAck,
        Self::NetworkDelay,
    ];

    /// Its word in the output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::HandshakeRetry => "handshake_retry",
            Self::ZeroWindow => "zero_window",
            Self::SmallWindow => "small_rwnd",
            Self::DoubleRetransmission => "double_retrans",
            Self::TailRetransmission => "tail_retrans",
            Self::SmallFlight => "small_cwnd",
            Self::BurstLoss => "burst_loss",
            Self::AckLost => "ack_delay_or_loss",
            Self::DelayedAck => "delayed_ack",
            Self::NetworkDelay => "network_delay",
        }
    }
}

/// The stalls of one endpoint as a sender.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stalls {
    count: u32,
    time: Nanos,
}

packed! { Stalls { [count, time] } }

/// The least pause that is one.
const SHORTEST: Nanos = Nanos::from_millis(20);
/// Before the first round trip is known (RFC 6298 2.1).
const FIRST_RTO: Nanos = Nanos::from_secs(1);
/// For so long do receivers delay their ACKs: Linux, others (50 and 100 ms), Windows and Linux at most.
const ACK_DELAYS: [Nanos; 4] =
    [Nanos::from_millis(40), Nanos::from_millis(50), Nanos::from_millis(100), Nanos::from_millis(200)];
/// A timer is late by so much at most.
const TIMER_JITTER: Nanos = Nanos::from_millis(5);
/// So many segments behind a lost one tell of it (RFC 5681 3.2: three duplicate ACKs).
const TELLING: u64 = 3;

impl Stalls {
    /// A silence of the whole connection ended now, and this sender was the one that waited for the network or its peer. Its length, if that
    /// makes it a stall.
    pub fn on_silence(
        &mut self,
        last: Timestamp,
        now: Timestamp,
        srtt: Option<Nanos>,
        rto: Option<Nanos>,
    ) -> Option<Nanos> {
        let silence = now - last;
        let limit = match srtt {
            Some(srtt) => srtt.scale(2, 1).min(rto.unwrap_or(FIRST_RTO)).max(SHORTEST),
            None => FIRST_RTO.scale(9, 10),
        };
        if silence <= limit {
            return None;
        }
        self.count += 1;
        self.time += silence;
        Some(silence)
    }

    /// What is reported.
    pub fn summary(&self) -> StallSummary {
        StallSummary { stalls: self.count.into(), time: self.time }
    }
}

impl Connection {
    /// A silence of the connection that ends now: whose stall was it? (`semantics.md` 6.)
    #[inline(always)]
    pub(super) fn note_stall<E: EventSink>(
        &mut self,
        segment: &Segment,
        from: usize,
        (silence, verdict): (Nanos, &Verdict),
        events: &mut E,
    ) {
        if silence >= SHORTEST {
            self.end_silence(segment, from, *verdict, events);
        }
    }

    /// The verdict comes as a copy: where there was no silence it need not lie in memory.
    #[inline(never)]
    fn end_silence<E: EventSink>(&mut self, segment: &Segment, from: usize, verdict: Verdict, events: &mut E) {
        let sender = match verdict.kind {
            Kind::Retransmission(_) | Kind::ZeroWindowProbe => Some(from),
            Kind::New | Kind::NewAfterGap if self.halves[from].sender.limit.active() => Some(from),
            Kind::Empty if self.halves[1 - from].sender.is_waiting() => Some(1 - from),
            _ => None,
        };
        let Some(sender) = sender else { return };
        let half = &mut self.halves[sender];
        let stall = half.stalls.on_silence(self.previous, segment.ts, half.timer.srtt(), half.timer.rto());
        if E::LISTENS
            && let Some(length) = stall
        {
            self.tell_stall(segment, sender, (self.stall_cause(sender, &verdict, length), length), events);
        }
    }

    /// What a stall of `sender` was spent on, by the state before and by what ended it (`semantics.md` 6, the table).
    fn stall_cause(&self, sender: usize, verdict: &Verdict, length: Nanos) -> StallCause {
        let (me, peer) = ends(&self.halves, sender);
        let size = u64::from(me.segment_size()).max(1);
        let closed = peer.window.closed() || me.sender.knowledge.zero_window();
        let window = if closed { StallCause::ZeroWindow } else { StallCause::SmallWindow };
        let limited = me.sender.limit.active();
        match verdict.kind {
            Kind::ZeroWindowProbe => StallCause::ZeroWindow,
            Kind::Retransmission(_) if closed => StallCause::ZeroWindow,
            Kind::Retransmission(trigger) => me.sender.retransmission_cause(verdict, trigger, size, limited),
            Kind::Empty if !limited && !closed => {
                let excess = length - peer.rtt.recent_min().unwrap_or(Nanos::ZERO);
                let few = me.sender.snd_max().saturating_sub(me.sender.una()) < 2 * size;
                if few && is_ack_delay(excess) { StallCause::DelayedAck } else { StallCause::NetworkDelay }
            }
            _ => window,
        }
    }
}

/// A receiver's timer for delayed ACKs would take so long.
fn is_ack_delay(excess: Nanos) -> bool {
    ACK_DELAYS.iter().any(|&timer| excess >= timer - TIMER_JITTER && excess <= timer.scale(11, 10) + TIMER_JITTER)
}

impl Sender {
    /// Why did it take a pause until this was sent again? `size`: of a full segment; `limited`: the peer's window held it back.
    fn retransmission_cause(&self, verdict: &Verdict, trigger: Trigger, size: u64, limited: bool) -> StallCause {
        let needless = verdict.unneeded && !verdict.evidence.has(Evidence::BOTH_COPIES);
        // A probe goes out with the last segment; what is missing begins where the acknowledged part ends.
        let head = if trigger == Trigger::Tlp { self.una().max(self.knowledge.una()) } else { verdict.lo };
        let flight = self.snd_max().saturating_sub(head);
        let again = self.queue.get(self.queue.index_above(verdict.lo)).is_some_and(|range| range.resent() > 1);
        let behind = flight.saturating_sub(size);
        match () {
            () if needless => StallCause::AckLost,
            () if again => StallCause::DoubleRetransmission,
            () if flight >= (TELLING + 1) * size => StallCause::BurstLoss,
            () if limited => StallCause::SmallWindow,
            () if behind < TELLING * size && self.ends_a_turn(size) => StallCause::TailRetransmission,
            () => StallCause::SmallFlight,
        }
    }

    /// What was sent last ends with a FIN or a segment that is not full: the application had no more.
    fn ends_a_turn(&self, size: u64) -> bool {
        self.queue.last().is_some_and(|range| range.marks.has(Marks::FIN) || !range.length().is_multiple_of(size))
    }
}
