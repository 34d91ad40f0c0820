//! The sending half of a host: congestion window, scoreboard, fast retransmit and retransmission timer.

use std::collections::VecDeque;

use super::packet::Sacks;

/// Segments that have to arrive beyond a hole before it is taken for lost (RFC 6675).
const DUP_THRESHOLD: u32 = 3;
/// Initial window in segments (RFC 6928).
const INITIAL_CWND: u32 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Flying,
    Sacked,
    Lost,
    Resent,
}

/// A segment that is not acknowledged yet.
#[derive(Clone, Copy, Debug)]
struct Unacked {
    segment: Outgoing,
    state: State,
}

/// What to send.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing {
    pub seq: u64,
    pub len: u16,
    pub push: bool,
    pub fin: bool,
}

impl Outgoing {
    fn end(&self) -> u64 {
        self.seq + u64::from(self.len) + u64::from(self.fin)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Recovery {
    None,
    /// Until this much is acknowledged.
    Fast(u64),
    Timeout(u64),
}

/// What a host has sent.
#[derive(Clone, Debug)]
pub struct Sender {
    full: u64,
    sack: bool,
    /// The first sequence number that is not acknowledged.
    una: u64,
    next: u64,
    /// Behind what the application has written.
    limit: u64,
    closed: bool,
    fin_sent: bool,
    unacked: VecDeque<Unacked>,
    /// Of them, those that are thought to be on their way.
    flying: u32,
    /// Those that are thought to be lost, and have not been sent again.
    lost: u32,
    /// Duplicate ACKs without SACK: each tells of a segment that has left the network.
    dup_acks: u32,
    cwnd: u32,
    /// Segments acknowledged towards the next step of the congestion window.
    credit: u32,
    ssthresh: u32,
    least_cwnd: u32,
    most_cwnd: u32,
    /// Behind what the peer's window takes.
    edge: u64,
    recovery: Recovery,
    /// When the timer fires.
    pub timeout_at: Option<u64>,
    /// How often it has fired in a row.
    pub backoff: u32,
}

impl Sender {
    pub fn new(full: u64, sack: bool, (least_cwnd, most_cwnd): (u32, u32)) -> Self {
        Self {
            full,
            sack,
            una: 1,
            next: 1,
            limit: 1,
            closed: false,
            fin_sent: false,
            unacked: VecDeque::new(),
            flying: 0,
            lost: 0,
            dup_acks: 0,
            cwnd: INITIAL_CWND,
            credit: 0,
            ssthresh: u32::MAX,
            least_cwnd,
            most_cwnd,
            edge: 1,
            recovery: Recovery::None,
            timeout_at: None,
            backoff: 0,
        }
    }

    /// The application writes; returns where that ends.
    pub fn write(&mut self, bytes: u64) -> u64 {
        self.limit += bytes;
        self.limit
    }

    /// The application closes: a FIN follows the data.
    pub fn close(&mut self) {
        self.closed = true;
    }

    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// The next sequence number.
    pub fn next_seq(&self) -> u64 {
        self.next
    }

    /// Something is not acknowledged yet.
    pub fn outstanding(&self) -> bool {
        !self.unacked.is_empty()
    }

    /// The segment to be sent now, if the windows allow one.
    pub fn next_segment(&mut self) -> Option<Outgoing> {
        if self.flying.saturating_sub(self.dup_acks) >= self.cwnd {
            return None;
        }
        if self.lost > 0
            && let Some(lost) = self.unacked.iter_mut().find(|u| u.state == State::Lost)
        {
            lost.state = State::Resent;
            self.lost -= 1;
            self.flying += 1;
            return Some(lost.segment);
        }
        if self.fin_sent {
            return None;
        }
        let len = (self.limit - self.next).min(self.full);
        let fin = self.closed && self.next + len == self.limit;
        if len == 0 && !fin || self.next + len > self.edge {
            return None;
        }
        let push = len > 0 && self.next + len == self.limit;
        let segment = Outgoing { seq: self.next, len: len as u16, push, fin };
        self.fin_sent |= fin;
        self.next = segment.end();
        self.unacked.push_back(Unacked { segment, state: State::Flying });
        self.flying += 1;
        Some(segment)
    }

    /// An ACK arrives; `edge`: behind what its window takes; `bare`: it carries nothing else. True if it acknowledges something new.
    pub fn on_ack(&mut self, ack: u64, sacks: &Sacks, edge: u64, bare: bool) -> bool {
        let same_window = edge == self.edge;
        self.edge = self.edge.max(edge);
        let advanced = ack > self.una;
        if advanced {
            self.advance(ack);
        } else if bare && !self.sack && ack == self.una && same_window && self.outstanding() {
            self.dup_acks += 1;
            if self.dup_acks == DUP_THRESHOLD && self.recovery == Recovery::None {
                self.lose_first();
                self.enter_recovery();
            }
        }
        if self.mark_sacked(ack, sacks) && self.mark_lost() && self.recovery == Recovery::None {
            self.enter_recovery();
        }
        advanced
    }

    fn advance(&mut self, ack: u64) {
        let mut acked = 0;
        while let Some(first) = self.unacked.front()
            && first.segment.end() <= ack
        {
            self.flying -= u32::from(matches!(first.state, State::Flying | State::Resent));
            self.lost -= u32::from(first.state == State::Lost);
            self.unacked.pop_front();
            acked += 1;
        }
        self.una = ack;
        self.backoff = 0;
        self.dup_acks = self.dup_acks.saturating_sub(acked);
        match self.recovery {
            Recovery::Fast(until) | Recovery::Timeout(until) if ack >= until => {
                self.recovery = Recovery::None;
                self.dup_acks = 0;
            }
            // RFC 6582: a partial ACK says that the next one is lost too.
            Recovery::Fast(_) if !self.sack => self.lose_first(),
            Recovery::Fast(_) => {}
            Recovery::None | Recovery::Timeout(_) => self.grow(acked),
        }
    }

    fn grow(&mut self, acked: u32) {
        if self.cwnd < self.ssthresh {
            self.cwnd += acked;
        } else {
            self.credit += acked;
            if self.credit >= self.cwnd {
                self.credit = 0;
                self.cwnd += 1;
            }
        }
        self.cwnd = self.cwnd.min(self.most_cwnd);
    }

    /// Marks what the blocks report; true if anything is new.
    fn mark_sacked(&mut self, ack: u64, sacks: &Sacks) -> bool {
        let mut news = false;
        for (left, right) in sacks.iter().filter(|&(left, _)| left > 0) {
            let (left, right) = (ack + left as u64, ack + right as u64);
            let first = self.unacked.partition_point(|u| u.segment.seq < left);
            for unacked in self.unacked.range_mut(first..).take_while(|u| u.segment.end() <= right) {
                if unacked.state != State::Sacked {
                    let lost = unacked.state == State::Lost;
                    self.lost -= u32::from(lost);
                    self.flying -= u32::from(!lost);
                    unacked.state = State::Sacked;
                    news = true;
                }
            }
        }
        news
    }

    /// What has enough SACKed segments above it is lost; true if there is any. What was sent again is left to the timer.
    fn mark_lost(&mut self) -> bool {
        let (mut above, mut any) = (0, false);
        for unacked in self.unacked.iter_mut().rev() {
            match unacked.state {
                State::Sacked => above += 1,
                State::Flying if above >= DUP_THRESHOLD => {
                    unacked.state = State::Lost;
                    self.flying -= 1;
                    self.lost += 1;
                    any = true;
                }
                _ => {}
            }
        }
        any
    }

    fn lose_first(&mut self) {
        if let Some(first) = self.unacked.front_mut()
            && first.state == State::Flying
        {
            first.state = State::Lost;
            self.flying -= 1;
            self.lost += 1;
        }
    }

    fn enter_recovery(&mut self) {
        self.ssthresh = (self.cwnd * 7 / 10).max(self.least_cwnd);
        self.cwnd = self.ssthresh;
        self.recovery = Recovery::Fast(self.next);
    }

    /// The retransmission timer fires: all that was not reported as received is taken for lost.
    pub fn on_timeout(&mut self) {
        self.ssthresh = (self.cwnd / 2).max(self.least_cwnd);
        self.cwnd = 1;
        self.flying = 0;
        self.dup_acks = 0;
        for unacked in self.unacked.iter_mut().filter(|u| u.state != State::Sacked) {
            unacked.state = State::Lost;
        }
        self.lost = self.unacked.iter().filter(|u| u.state == State::Lost).count() as u32;
        self.recovery = Recovery::Timeout(self.next);
        self.backoff = (self.backoff + 1).min(6);
    }
}
