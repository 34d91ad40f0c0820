//! Does a segment belong to this connection, or to the next one on the same four-tuple? (`semantics.md` 1.)

use super::connection::Connection;
use super::sender::FAR;
use super::teardown::{CLIENT, SERVER};
use crate::base::packed::packed;
use crate::base::{Nanos, Segment, Seq, TcpFlags, Timestamp};

/// Where a segment belongs.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// To this connection.
    Same,
    /// To a new one on the same four-tuple, together with the SYNs that were held back before it.
    New(Vec<Segment>),
    /// It cannot be told yet: it is held back.
    Held,
    /// To none.
    Stray,
}

/// Windows sends the same SYN again twice, half a second apart, when it was refused.
const REFUSED_RETRY: Nanos = Nanos::from_secs(3);
/// A SYN that waits for the server's word is decided by then.
const HOLD: Nanos = Nanos::from_secs(3);
/// A SYN-ACK out of the blue opens a new connection if the old one was silent for so long.
const SILENT: Nanos = Nanos::from_secs(1);

/// SYNs held back until the server's answer tells whether they are old duplicates or a new connection.
#[derive(Clone, Debug, Default)]
pub struct Pending {
    syns: Vec<Segment>,
}

packed! { Pending { syns } }

/// A SYN that comes late was sent no longer ago than a segment lives, two minutes (RFC 9293 3.4.2), of which a clock makes at most a tick in
/// every millisecond (RFC 7323 5.4). Whose clock lies further back has another clock: a host behind the same NAT, or one that was restarted.
const OLDEST_TICKS: u32 = 120_000;
/// No more SYNs are held back than this.
const MOST_HELD: usize = 16;

impl Pending {
    /// The first one, which has waited for longest.
    fn first(&self) -> Option<&Segment> {
        self.syns.first()
    }

    /// The last one of which this is true.
    fn find(&self, wanted: impl Fn(&Segment) -> bool) -> Option<&Segment> {
        self.syns.iter().rev().find(|syn| wanted(syn))
    }

    fn hold(&mut self, segment: &Segment) {
        if self.syns.len() < MOST_HELD {
            self.syns.push(*segment);
        }
    }

    /// Takes them out.
    pub fn take(&mut self) -> Vec<Segment> {
        std::mem::take(&mut self.syns)
    }
}

impl Connection {
    /// Where a segment of this connection's four-tuple belongs.
    #[inline]
    pub fn fate(&mut self, segment: &Segment) -> Fate {
        if self.is_at_hand(segment) {
            return Fate::Same;
        }
        let fate = self.fate_in_doubt(segment);
        self.look_ahead();
        fate
    }

    /// It belongs here beyond doubt: its sequence number is near the last one, and nothing else is on the way.
    #[inline(always)]
    pub fn is_at_hand(&self, segment: &Segment) -> bool {
        let from = self.role(segment.from());
        let reached = Seq(self.halves[from].sender.snd_max() as u32);
        !segment.flags.any(TcpFlags::SYN.with(TcpFlags::RST))
            && self.pending.is_none()
            && u64::from(segment.seq.distance(reached).unsigned_abs()) <= FAR
    }

    fn fate_in_doubt(&mut self, segment: &Segment) -> Fate {
        let from = self.role(segment.from());
        if segment.flags.rst() {
            return Fate::Same;
        }
        if segment.flags.is_syn_ack() {
            return self.fate_of_syn_ack(segment, from);
        }
        if segment.flags.syn() {
            return self.fate_of_syn(segment, from);
        }
        self.fate_of_other(segment, from)
    }

    /// The last SYN that is held back of which this is true.
    fn held(&self, wanted: impl Fn(&Segment) -> bool) -> Option<Segment> {
        self.pending.as_ref().and_then(|pending| pending.find(wanted).copied())
    }

    /// A new connection begins with this SYN, which was held back, and those like it.
    fn new_with(&mut self, held: &Segment) -> Fate {
        Fate::New(self.take_like(held))
    }

    /// Takes out what is held back: SYNs like this one, which are given back, and others, which were old duplicates.
    fn take_like(&mut self, held: &Segment) -> Vec<Segment> {
        let (new, old) = self.take_pending().into_iter().partition(|syn| is_same_syn(syn, held));
        self.count_as_old(old);
        new
    }

    fn take_pending(&mut self) -> Vec<Segment> {
        self.pending.take().map(|mut pending| pending.take()).unwrap_or_default()
    }

    fn fate_of_syn(&mut self, segment: &Segment, from: usize) -> Fate {
        let known = if from == CLIENT { self.handshake.client_isn() } else { self.handshake.server_isn() };
        if known == Some(segment.seq) {
            return self.fate_of_known_syn(segment, from);
        }
        if let Some(held) = self.held(|held| is_same_syn(held, segment)) {
            return if self.teardown.closed() { self.new_with(&held) } else { self.hold(segment) };
        }
        if self.teardown.closed() {
            return Fate::New(Vec::new());
        }
        let nothing_back = self.halves[1 - from].volume.packets() == 0;
        match (from, self.handshake.syn_seen()) {
            (CLIENT, true) if nothing_back && !self.halves[CLIENT].went_on => self.fate_of_new_attempt(segment),
            (SERVER, true) if !self.handshake.syn_ack_seen() && !self.halves[SERVER].went_on => Fate::Same, // simultaneous open
            (_, false) if self.is_reordered_syn(segment, from) => Fate::Same,
            (CLIENT, _) if self.teardown.any_fin() && self.is_newer(segment, from) => Fate::New(Vec::new()),
            _ => self.hold(segment),
        }
    }

    /// The same SYN again.
    fn fate_of_known_syn(&self, segment: &Segment, from: usize) -> Fate {
        let Some(reset) = self.teardown.reset() else {
            return if self.teardown.any_fin() { Fate::New(Vec::new()) } else { Fate::Same };
        };
        let refused = from == CLIENT && !self.handshake.syn_ack_seen() && segment.ts - reset.t < REFUSED_RETRY;
        if refused { Fate::Same } else { Fate::New(Vec::new()) }
    }

    /// A SYN with another number where the first was not answered: a new attempt, or an older one that comes late.
    fn fate_of_new_attempt(&self, segment: &Segment) -> Fate {
        match (self.handshake.last_syn_tsval(), segment.timestamp()) {
            (Some(last), Some(this)) if (1..=OLDEST_TICKS).contains(&last.wrapping_sub(this)) => Fate::Stray,
            _ => Fate::New(Vec::new()),
        }
    }

    /// The SYN of a stream that was picked up behind it: the capture has them in the wrong order.
    fn is_reordered_syn(&self, segment: &Segment, from: usize) -> bool {
        let sender = &self.halves[from].sender;
        sender.started() && sender.first() as u32 == segment.seq.plus(1).0
    }

    /// RFC 1122 4.2.2.13 and RFC 6191: a higher sequence number or a newer timestamp than all of the old connection.
    fn is_newer(&self, segment: &Segment, from: usize) -> bool {
        let half = &self.halves[from];
        let above = half.sender.position(segment.seq) > half.sender.snd_max();
        let later = match (half.last_tsval, segment.timestamp()) {
            (Some(last), Some(this)) => this.wrapping_sub(last) as i32 > 0,
            _ => false,
        };
        above || later
    }

    fn hold(&mut self, segment: &Segment) -> Fate {
        self.pending.get_or_insert_default().hold(segment);
        Fate::Held
    }

    fn fate_of_syn_ack(&mut self, segment: &Segment, from: usize) -> Fate {
        let answered = |held: &Segment| held.from() != segment.from() && answers(segment.ack, held);
        if let Some(held) = self.held(answered) {
            return self.new_with(&held);
        }
        let isn = if from == SERVER { self.handshake.client_isn() } else { self.handshake.server_isn() };
        let known = if from == SERVER { self.handshake.server_isn() } else { self.handshake.client_isn() };
        match isn {
            Some(isn) if acknowledges(segment.ack, isn, self.handshake.syn_payload()) => Fate::Same,
            _ if known == Some(segment.seq) => Fate::Same,
            None if self.is_reordered_syn(segment, from) => Fate::Same,
            _ if self.teardown.closed() && segment.ts - self.last > SILENT => Fate::New(Vec::new()),
            None if self.teardown.closed() => Fate::New(Vec::new()),
            _ => Fate::Stray,
        }
    }

    fn fate_of_other(&mut self, segment: &Segment, from: usize) -> Fate {
        let Some(first) = self.pending.as_ref().and_then(|pending| pending.first().copied()) else {
            return self.fate_of_far(segment, from);
        };
        let begun = |held: &Segment| held.from() == segment.from() && near(segment.seq, held.seq);
        if !self.is_near(segment.seq, from)
            && let Some(held) = self.held(begun)
        {
            return self.new_with(&held);
        }
        let goes_on = segment.payload_len > 0 && self.held(|held| held.from() == segment.from()).is_some();
        if segment.ts - first.ts > HOLD || goes_on {
            let old = self.take_pending();
            self.count_as_old(old);
        }
        self.fate_of_far(segment, from)
    }

    /// Both numbers far from both spaces, twice: another connection whose beginning was not captured.
    fn fate_of_far(&mut self, segment: &Segment, from: usize) -> Fate {
        let (me, peer) = (&self.halves[from].sender, &self.halves[1 - from].sender);
        let far_seq = me.started() && me.position(segment.seq).abs_diff(me.snd_max()) > FAR;
        let far_ack =
            segment.flags.ack() && peer.started() && peer.ack_position(segment.ack).abs_diff(peer.una()) > FAR;
        if !(far_seq && (far_ack || !segment.flags.ack())) {
            return Fate::Same;
        }
        self.far_packets += 1;
        if self.far_packets >= 2 { Fate::New(Vec::new()) } else { Fate::Stray }
    }

    fn is_near(&self, seq: Seq, from: usize) -> bool {
        let sender = &self.halves[from].sender;
        sender.started() && sender.position(seq).abs_diff(sender.snd_max()) < 1 << 20
    }

    /// SYNs that were held back turn out to be old duplicates: they are packets of this connection, and nothing else.
    fn count_as_old(&mut self, syns: Vec<Segment>) {
        for syn in syns {
            let from = self.role(syn.from());
            self.halves[from].count(&syn);
        }
    }

    /// The end of the capture came before the answer: a SYN is a new attempt until something says otherwise, the last one where they differ.
    pub fn take_held(&mut self) -> Vec<Segment> {
        self.held(|_| true).map(|last| self.take_like(&last)).unwrap_or_default()
    }

    /// A RST answers the challenge ACK that the held SYN provoked (RFC 5961 4).
    pub(super) fn is_discovery(&self, segment: &Segment, from: usize) -> bool {
        self.held(|held| held.from() == segment.from()).is_some()
            && !segment.flags.ack()
            && self.halves[1 - from].last_ack == Some(segment.seq.0)
    }

    /// Time since the connection's last packet.
    pub fn idle(&self, now: Timestamp) -> Nanos {
        now - self.last
    }
}

/// The same SYN, sent again.
fn is_same_syn(a: &Segment, b: &Segment) -> bool {
    a.seq == b.seq && a.from() == b.from()
}

fn answers(ack: Seq, syn: &Segment) -> bool {
    acknowledges(ack, syn.seq, syn.payload_len)
}

/// `ack` acknowledges the SYN, and no more than its payload.
fn acknowledges(ack: Seq, isn: Seq, payload: u32) -> bool {
    let beyond = ack.distance(isn.plus(1));
    beyond >= 0 && beyond.unsigned_abs() <= payload
}

fn near(a: Seq, b: Seq) -> bool {
    a.distance(b).unsigned_abs() < 1 << 20
}
