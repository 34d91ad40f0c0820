//! One connection: two hosts and the way between them, as the tap sees it.

use super::events::{Agenda, Event};
use super::host::Host;
use super::packet::{ACK, CLIENT, Ends, FIN, Packet, RST, SERVER, SYN};
use super::plan::{Answer, Ending, Plan};
use super::random::Random;
use super::receiver::{AckWhen, DELAYED_ACK};
use super::sender::Outgoing;
use super::{MICRO, MILLI, SECOND};

/// The shortest retransmission timeout that comes on top of a round trip, as on Linux.
const LEAST_TIMEOUT: u64 = 200 * MILLI;
/// The first wait for the answer to a SYN.
const SYN_TIMEOUT: u64 = SECOND;
/// How long a host takes to answer.
const TURNAROUND: u64 = 20 * MICRO;

/// A connection that makes its packets as they are asked for.
#[derive(Clone, Debug)]
pub struct Conversation {
    pub ends: Ends,
    plan: Plan,
    hosts: [Host; 2],
    agenda: Agenda,
    random: Random,
    syns: u32,
    /// The turn that comes next, and what has to arrive before: where, and up to which sequence number.
    turn: usize,
    awaited: Option<(usize, u64)>,
}

impl Conversation {
    /// The client sends its SYN at `start`.
    pub fn new(ends: Ends, plan: Plan, start: u64, mut random: Random) -> Self {
        let hosts = [CLIENT, SERVER].map(|side| Host::new(side, &ends, &plan.stack, &mut random));
        let mut conversation =
            Self { ends, plan, hosts, agenda: Agenda::default(), random, syns: 0, turn: 0, awaited: None };
        conversation.send_syn(start);
        conversation
    }

    /// The next packet that comes by the tap.
    pub fn next(&mut self) -> Option<Packet> {
        loop {
            let (now, event) = self.agenda.pop()?;
            match event {
                Event::Tap(packet) => {
                    if let Some(seen) = self.on_tap(now, packet) {
                        return Some(seen);
                    }
                }
                Event::Arrive(packet) => self.on_arrival(now, &packet),
                Event::SynTimer => self.on_syn_timer(now),
                Event::Timeout(side) => self.on_timeout(now, side),
                Event::DelayedAck(side) => self.on_delayed_ack(now, side),
                Event::Turn => self.begin_turn(now),
                Event::End => self.end(now),
                Event::Close(side) => {
                    self.hosts[side].sender.close();
                    self.pump(now, side);
                }
            }
        }
    }

    /// The hosts have left something behind that only a new connection on the same four-tuple ends for whoever listens.
    pub fn lingers(&self) -> bool {
        self.plan.answer == Answer::Ignore
            || self.plan.answer == Answer::Accept
                && matches!(self.plan.ending, Ending::Abandoned | Ending::HalfClosed { .. })
    }

    fn send_syn(&mut self, now: u64) {
        let wait = SYN_TIMEOUT << self.syns;
        self.syns += 1;
        let syn = self.hosts[CLIENT].syn(now, 0);
        self.transmit(now, syn);
        if self.syns <= self.plan.syn_retries {
            self.agenda.add(now + wait, Event::SynTimer);
        }
    }

    fn on_syn_timer(&mut self, now: u64) {
        if !self.hosts[CLIENT].open && self.syns <= self.plan.syn_retries {
            self.send_syn(now);
        }
    }

    /// A host's packet sets out for the tap; a packet that is overtaken takes longer there.
    fn transmit(&mut self, now: u64, packet: Packet) {
        let side = packet.sender();
        let (delay, gap) = (self.plan.path.delay[side], self.plan.path.gap);
        let jitter = self.random.below(delay / 16 + 1);
        let overtaken = packet.len > 0 && self.random.chance(self.plan.path.reorder);
        let host = &mut self.hosts[side];
        let leaves = now.max(host.idle_from);
        host.idle_from = leaves + gap;
        let mut at = (leaves + delay + jitter).max(host.last_tap + gap / 2);
        host.last_tap = at;
        if overtaken {
            at += gap * (1 + self.random.below(3));
        }
        self.agenda.add(at, Event::Tap(packet));
    }

    /// The tap sees the packet, unless it was lost before; behind the tap it may be lost too.
    fn on_tap(&mut self, now: u64, packet: Packet) -> Option<Packet> {
        let path = self.plan.path;
        let syn = packet.any(SYN);
        let share = if packet.len > 0 || packet.any(FIN) { 1.0 } else { 0.25 };
        if !syn && self.random.chance(path.loss[0] * share) {
            return None;
        }
        let lost = self.random.chance(if syn { path.syn_loss } else { path.loss[1] * share });
        if !lost {
            let delay = path.delay[1 - packet.sender()];
            let jitter = self.random.below(delay / 16 + 1);
            let host = &mut self.hosts[packet.sender()];
            let at = (now + delay + jitter).max(host.last_arrival + path.gap / 4);
            host.last_arrival = at;
            self.agenda.add(at, Event::Arrive(packet));
        }
        Some(Packet { at: now, ..packet })
    }

    fn on_arrival(&mut self, now: u64, packet: &Packet) {
        let side = 1 - packet.sender();
        if packet.any(RST) {
            self.drop_host(side);
        } else if packet.any(SYN) {
            self.hosts[side].receiver.note_timestamp(0, packet.tsval);
            self.on_syn(now, side, packet);
        } else if self.hosts[side].open {
            self.on_segment(now, side, packet);
        }
    }

    fn on_syn(&mut self, now: u64, side: usize, packet: &Packet) {
        let edge = 1 + u64::from(packet.window);
        if side == SERVER {
            match self.plan.answer {
                Answer::Ignore => {}
                Answer::Refuse => {
                    let reset = self.hosts[SERVER].reset(now, RST | ACK, false);
                    self.transmit(now + TURNAROUND, reset);
                }
                Answer::Accept => {
                    self.hosts[SERVER].open = true;
                    self.hosts[SERVER].sender.on_ack(1, &packet.sacks, edge, false);
                    let syn_ack = self.hosts[SERVER].syn(now, ACK);
                    self.transmit(now + TURNAROUND, syn_ack);
                }
            }
            return;
        }
        let first = !self.hosts[CLIENT].open;
        self.hosts[CLIENT].open = true;
        self.hosts[CLIENT].sender.on_ack(1, &packet.sacks, edge, false);
        self.acknowledge(now, CLIENT);
        if first {
            self.schedule_turn(now + TURNAROUND);
        }
    }

    fn on_segment(&mut self, now: u64, side: usize, packet: &Packet) {
        let scale = self.ends.window_scale[1 - side];
        let host = &mut self.hosts[side];
        host.receiver.note_timestamp(packet.seq, packet.tsval);
        let edge = packet.ack + (u64::from(packet.window) << scale);
        let bare = packet.len == 0 && !packet.any(FIN);
        if host.sender.on_ack(packet.ack, &packet.sacks, edge, bare) {
            host.sender.timeout_at = None;
        }
        if !bare {
            let when = host.receiver.arrive(packet.seq, packet.end(), self.plan.stack.ack_every);
            self.answer(now, side, packet, when);
        }
        self.pump(now, side);
    }

    /// Something with data or a FIN has come in.
    fn answer(&mut self, now: u64, side: usize, packet: &Packet, when: AckWhen) {
        let host = &self.hosts[side];
        let all = host.receiver.next >= packet.end();
        let fin = all && packet.any(FIN);
        let closes = fin && !host.sender.is_closed();
        let lag = match self.plan.ending {
            Ending::Close { lag, .. } if closes => Some(lag),
            _ => None,
        };
        let pushed = self.plan.stack.quick && packet.any(super::packet::PSH);
        let now_or_never = when == AckWhen::Now || pushed || fin && lag != Some(0);
        if now_or_never {
            self.acknowledge(now, side);
        } else if self.hosts[side].receiver.ack_due.is_none() {
            self.hosts[side].receiver.ack_due = Some(now + DELAYED_ACK);
            self.queue_delayed_ack(now + DELAYED_ACK, side);
        }
        if let Some(lag) = lag {
            self.agenda.add(now + lag + TURNAROUND, Event::Close(side));
        }
        if let Some((receiver, until)) = self.awaited
            && receiver == side
            && self.hosts[side].receiver.next >= until
        {
            self.awaited = None;
            self.schedule_turn(now);
        }
    }

    fn acknowledge(&mut self, now: u64, side: usize) {
        let ack = self.hosts[side].pure_ack(now, &self.ends);
        self.transmit(now + TURNAROUND / 5, ack);
    }

    fn queue_delayed_ack(&mut self, at: u64, side: usize) {
        if !std::mem::replace(&mut self.hosts[side].ack_queued, true) {
            self.agenda.add(at, Event::DelayedAck(side));
        }
    }

    fn on_delayed_ack(&mut self, now: u64, side: usize) {
        let host = &mut self.hosts[side];
        host.ack_queued = false;
        match host.receiver.ack_due {
            Some(due) if due > now => self.queue_delayed_ack(due, side),
            Some(_) if host.open => self.acknowledge(now, side),
            _ => {}
        }
    }

    /// Sends what the windows allow.
    fn pump(&mut self, now: u64, side: usize) {
        if !self.hosts[side].open {
            return;
        }
        while let Some(outgoing) = self.hosts[side].sender.next_segment() {
            self.send(now, side, outgoing);
        }
        let timeout = (self.plan.path.round_trip() + LEAST_TIMEOUT) << self.hosts[side].sender.backoff;
        let host = &mut self.hosts[side];
        if !host.sender.outstanding() {
            host.sender.timeout_at = None;
        } else if host.sender.timeout_at.is_none() {
            host.sender.timeout_at = Some(now + timeout);
            if !std::mem::replace(&mut host.timeout_queued, true) {
                self.agenda.add(now + timeout, Event::Timeout(side));
            }
        }
    }

    fn send(&mut self, now: u64, side: usize, outgoing: Outgoing) {
        let leaves = now.max(self.hosts[side].idle_from);
        let packet = self.hosts[side].segment(leaves, &self.ends, outgoing);
        self.transmit(now, packet);
    }

    fn on_timeout(&mut self, now: u64, side: usize) {
        let host = &mut self.hosts[side];
        host.timeout_queued = false;
        match host.sender.timeout_at {
            Some(due) if due > now => {
                host.timeout_queued = true;
                self.agenda.add(due, Event::Timeout(side));
            }
            Some(_) => {
                host.sender.on_timeout();
                host.sender.timeout_at = None;
                self.pump(now, side);
            }
            None => {}
        }
    }

    fn schedule_turn(&mut self, now: u64) {
        match self.plan.turns.get(self.turn) {
            Some(turn) => self.agenda.add(now + turn.think, Event::Turn),
            None => self.agenda.add(now + self.plan.idle, Event::End),
        }
    }

    fn begin_turn(&mut self, now: u64) {
        if let Some(&turn) = self.plan.turns.get(self.turn) {
            self.turn += 1;
            let until = self.hosts[turn.from].sender.write(turn.bytes);
            self.awaited = Some((1 - turn.from, until));
            self.pump(now, turn.from);
        }
    }

    fn end(&mut self, now: u64) {
        match self.plan.ending {
            Ending::Abandoned => {}
            Ending::Close { by, .. } | Ending::HalfClosed { by } => {
                self.hosts[by].sender.close();
                self.pump(now, by);
            }
            Ending::Reset { by, with_ack } => {
                let reset = self.hosts[by].reset(now, if with_ack { RST | ACK } else { RST }, true);
                self.transmit(now, reset);
                self.drop_host(by);
            }
        }
    }

    fn drop_host(&mut self, side: usize) {
        let host = &mut self.hosts[side];
        host.open = false;
        host.sender.timeout_at = None;
        host.receiver.ack_due = None;
        if side == CLIENT {
            // No more SYNs after a refusal.
            self.syns = self.plan.syn_retries + 1;
        }
    }
}
