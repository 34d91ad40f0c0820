//! How a sender filled the path: its flight round by round, slow start and its end, what it made of loss, the rate at which its data
//! arrived, and how even that was (`semantics.md` 7 and 11).
//!
//! It looks at the segments of one connection from outside, with their verdicts, for those who ask for its story; no connection carries it.
//! What is told of a sender is told by its own clock: an ACK counts from when the sender can have had it, as its timestamp echoes show, or
//! else the round trip of the handshake between the capture point and it.

mod direction;

use self::direction::Direction;
use super::verdict::Verdict;
use crate::base::{Maybe, Nanos, Segment, TcpFlags, Timestamp};

/// So many rounds are told one by one.
pub const ROUNDS: usize = 12;
/// The delivery rate is measured over slices of four round trips, within these bounds (`semantics.md` 11).
const SLICES: (Nanos, Nanos) = (Nanos::from_millis(100), Nanos::from_secs(1));

/// Why slow start ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlowStartEnd {
    /// Something was lost.
    Loss,
    /// The network marked packets (ECN).
    Marked,
    /// The flight grew by less than a quarter in a round, though neither application nor window held it back.
    Levelled,
}

/// Where slow start ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlowStart {
    /// Why.
    pub end: SlowStartEnd,
    /// When.
    pub t: Timestamp,
    /// In which round, from 1.
    pub round: u64,
    /// The largest flight up to then, in bytes.
    pub flight: u64,
}

/// What a sender made of losses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reaction {
    /// Losses that later data told of, and after which it sent on.
    pub losses: u64,
    /// Median of the flight in the round after the recovery as a share of that before, in percent.
    pub kept_percent: Option<u64>,
}

/// The rate at which data was acknowledged, in bytes a second, over slices of the time in which some was outstanding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryRate {
    /// Length of a slice.
    pub slice: Nanos,
    /// How many there were.
    pub slices: u64,
    /// Over all of them.
    pub mean: u64,
    /// In the best of them.
    pub peak: u64,
    /// Standard deviation as a share of the mean, in percent.
    pub spread_percent: Option<u64>,
}

/// Time for which a receiver held data back from its application because something before it was missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeadOfLine {
    /// How often.
    pub times: u64,
    /// How long in all.
    pub total: Nanos,
    /// The longest, and the frame of the ACK that first told of it.
    pub worst: Option<(Nanos, u64)>,
}

/// How one endpoint, as a sender, filled the path.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CongestionSummary {
    /// Segments with new data.
    pub segments: u64,
    /// Rounds: each ends when its first segment is acknowledged.
    pub rounds: u64,
    /// Of these, how many the application did not fill.
    pub app_limited_rounds: u64,
    /// Largest flight of each of the first [`ROUNDS`] rounds, in bytes.
    pub flights: Vec<u64>,
    /// Median and largest of all rounds.
    pub flight: Option<[u64; 2]>,
    /// Where slow start ended, if it did.
    pub slow_start: Option<SlowStart>,
    /// What it made of losses.
    pub reaction: Reaction,
    /// How fast its data arrived.
    pub rate: Option<DeliveryRate>,
    /// Smallest, median and 95th percentile of the time that a round took, where neither application nor window held it back and nothing
    /// was lost: the round trip under load.
    pub round_time: Option<[Nanos; 3]>,
    /// Data held back at its peer.
    pub head_of_line: HeadOfLine,
}

/// Watches the segments of one connection.
#[derive(Clone, Debug, Default)]
pub struct CongestionView {
    /// The client as a sender, and the server.
    directions: [Direction; 2],
    /// When the last SYN and the last SYN-ACK passed.
    opening: [Maybe<Timestamp>; 2],
    /// Round trips of the handshake between the capture point and client and server.
    halves: [Maybe<Nanos>; 2],
    /// ECE and CWR are counters, not signals (RFC 9768).
    accurate_ecn: bool,
}

impl CongestionView {
    /// The next segment of the connection, with its verdict if it got that far.
    pub fn on_segment(&mut self, segment: &Segment, sender: usize, verdict: Option<&Verdict>) {
        let sender = sender.min(1);
        self.note_opening(segment, sender);
        let slice = self.slice();
        let lag = self.halves[sender].get().map_or(Nanos::ZERO, |half| half.scale(9, 10));
        let [client, server] = &mut self.directions;
        let (me, peer) = if sender == 0 { (client, server) } else { (server, client) };
        if let Some(verdict) = verdict {
            me.on_data(segment, verdict, lag);
        }
        if segment.flags.ack() && !segment.flags.rst() {
            let marked = segment.flags.has(TcpFlags::ECE) && !segment.flags.syn() && !self.accurate_ecn;
            peer.on_ack(segment, marked, slice);
        }
    }

    fn note_opening(&mut self, segment: &Segment, sender: usize) {
        let (syn, ack) = (segment.flags.syn(), segment.flags.ack());
        let [asked, answered] = &mut self.opening;
        match (syn, ack) {
            (true, false) => asked.set(segment.ts),
            (true, true) => {
                if let Some(asked) = asked.get() {
                    self.halves[sender].set_if_none(segment.ts - asked);
                }
                answered.set(segment.ts);
            }
            (false, true) => {
                if let Some(answered) = answered.get() {
                    self.halves[sender].set_if_none(segment.ts - answered);
                }
            }
            (false, false) => {}
        }
        if syn && !ack {
            self.accurate_ecn = segment.flags.has(TcpFlags::AE);
        } else if syn {
            // A server that answers with ECE alone knows the old way only (RFC 9768 3.1.1).
            let old = segment.flags.has(TcpFlags::ECE) && !segment.flags.any(TcpFlags::AE.with(TcpFlags::CWR));
            self.accurate_ecn &= !old;
        }
    }

    fn slice(&self) -> Nanos {
        let halves = self.halves.iter().filter_map(|half| half.get()).fold(Nanos::ZERO, |sum, half| sum + half);
        halves.scale(4, 1).max(SLICES.0).min(SLICES.1)
    }

    /// What it saw of client and server as senders.
    pub fn summary(&self) -> [CongestionSummary; 2] {
        let slice = self.slice();
        self.directions.each_ref().map(|direction| direction.summary(slice))
    }
}

#[cfg(test)]
mod tests;
