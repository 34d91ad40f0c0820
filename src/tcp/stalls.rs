//! Pauses in sending that were not the application's choice (`semantics.md` 6).

use super::connection::Connection;
use super::summary::StallSummary;
use super::verdict::{Kind, Verdict};
use crate::base::{Nanos, Segment, Timestamp};

/// The stalls of one endpoint as a sender.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stalls {
    count: u32,
    time: Nanos,
}

/// The least pause that is one.
const SHORTEST: Nanos = Nanos::from_millis(20);
/// Before the first round trip is known (RFC 6298 2.1).
const FIRST_RTO: Nanos = Nanos::from_secs(1);

impl Stalls {
    /// A silence of the whole connection ended now, and this sender was the one that waited for the network or its peer.
    pub fn on_silence(&mut self, last: Timestamp, now: Timestamp, srtt: Option<Nanos>, rto: Option<Nanos>) {
        let silence = now - last;
        let limit = match srtt {
            Some(srtt) => srtt.scale(2, 1).min(rto.unwrap_or(FIRST_RTO)).max(SHORTEST),
            None => FIRST_RTO.scale(9, 10),
        };
        if silence > limit {
            self.count += 1;
            self.time += silence;
        }
    }

    /// What is reported.
    pub fn summary(&self) -> StallSummary {
        StallSummary { stalls: self.count.into(), time: self.time }
    }
}

impl Connection {
    /// A silence that ends now: whose stall was it? (`semantics.md` 6.)
    #[inline]
    pub(super) fn note_stall(&mut self, segment: &Segment, from: usize, verdict: &Verdict) {
        if segment.ts - self.previous >= SHORTEST {
            self.end_silence(segment, from, verdict);
        }
    }

    #[inline(never)]
    fn end_silence(&mut self, segment: &Segment, from: usize, verdict: &Verdict) {
        let sender = match verdict.kind {
            Kind::Retransmission(_) | Kind::ZeroWindowProbe => Some(from),
            Kind::New | Kind::NewAfterGap if self.halves[from].sender.limit.active() => Some(from),
            Kind::Empty if self.halves[1 - from].sender.is_waiting() => Some(1 - from),
            _ => None,
        };
        if let Some(sender) = sender {
            let half = &mut self.halves[sender];
            half.stalls.on_silence(self.previous, segment.ts, half.timer.srtt(), half.timer.rto());
        }
    }
}
