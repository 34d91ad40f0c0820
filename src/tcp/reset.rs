//! Is a RST valid, and what does it mean? (`semantics.md` 8.2.)

use super::connection::Connection;
use super::event::{EventKind, EventSink};
use super::half::{Half, ends_mut};
use super::handshake::{Handshake, HandshakeSample};
use super::order::SendOrder;
use super::rtt::{Sample, SampleClass};
use super::summary::RstKind;
use super::teardown::{CLIENT, Reset, SERVER, Teardown};
use crate::base::{Nanos, Segment, Seq, Timestamp};

/// Silence of both sides before a reset that makes it one of an idle connection.
const IDLE: Nanos = Nanos::from_secs(10);
/// A server whose accept queue is full resets so soon after the client's ACK (plus its half of the round trip).
const OVERFLOW: Nanos = Nanos::from_millis(5);

/// What a RST is judged by.
pub struct Scene<'a> {
    /// The sender of the RST.
    pub me: &'a Half,
    /// Its peer.
    pub peer: &'a Half,
    /// Role of the sender.
    pub from: usize,
    /// The handshake so far.
    pub handshake: &'a Handshake,
    /// The close so far.
    pub teardown: &'a Teardown,
    /// Time of the connection's last packet before it.
    pub last: Timestamp,
}

/// What a RST means, or why it means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The peer obeys it.
    Effective(RstKind),
    /// In the window, but not where the peer expects it: it answers with a challenge ACK (RFC 5961 3.2) and goes on.
    Challenged,
    /// Outside the window.
    Ignored,
}

/// Judges a RST.
pub fn judge(segment: &Segment, scene: &Scene<'_>) -> Judgement {
    if scene.from == SERVER && scene.handshake.syn_seen() && !scene.handshake.syn_ack_seen() && !scene.me.went_on {
        return Judgement::Effective(RstKind::Refused);
    }
    match validity(segment, scene) {
        Judgement::Effective(_) => Judgement::Effective(kind(segment, scene)),
        other => other,
    }
}

/// RFC 5961 3.2: exactly what the peer expects next, as far as the capture point knows it.
fn validity(segment: &Segment, scene: &Scene<'_>) -> Judgement {
    let sender = &scene.me.sender;
    if !sender.started() {
        return Judgement::Effective(RstKind::NoSocket);
    }
    let seq = sender.position(segment.seq);
    let (una, max) = (sender.una(), sender.snd_max());
    // A host without a socket takes the ACK field of what it answers: any that its peer sent.
    let answers =
        scene.peer.last_ack == Some(segment.seq.0) || !segment.flags.ack() && seq <= max && una <= seq + (1 << 16);
    if seq == una || seq == max || answers || una <= seq && seq <= max {
        Judgement::Effective(RstKind::Abort)
    } else if seq > max && seq - max < 1 << 24 {
        Judgement::Challenged
    } else {
        Judgement::Ignored
    }
}

fn kind(segment: &Segment, scene: &Scene<'_>) -> RstKind {
    if looks_injected(segment, scene.me) {
        return RstKind::InjectedSuspected;
    }
    if !segment.flags.ack() {
        if is_overflow(segment, scene) {
            return RstKind::OverflowReset;
        }
        return if scene.teardown.fin(scene.from).is_some() {
            RstKind::DataAfterClose
        } else if scene.peer.probed_last {
            RstKind::KeepaliveRejected
        } else {
            RstKind::NoSocket
        };
    }
    if scene.me.unanswered_probes >= 2 {
        RstKind::KeepaliveReset
    } else if scene.teardown.fin(scene.from).is_some() {
        RstKind::AbortAfterFin
    } else if scene.peer.probed_last {
        RstKind::KeepaliveRejected
    } else if segment.ts - scene.last >= IDLE {
        RstKind::IdleReset
    } else {
        RstKind::Abort
    }
}

/// `tcp_abort_on_overflow`: the server has answered the SYN and nothing else, and resets at once when the handshake is complete.
fn is_overflow(segment: &Segment, scene: &Scene<'_>) -> bool {
    let half = scene.me.rtt.min().unwrap_or(Nanos::ZERO);
    scene.from == SERVER
        && scene.handshake.syn_ack_seen()
        && !scene.me.went_on
        && scene.peer.last_ack == Some(segment.seq.0)
        && scene.handshake.client_ack_time().is_some_and(|t| segment.ts - t <= half.scale(3, 2) + OVERFLOW)
}

/// Two signs of a third party at least: its distance, and an IP ID that is not the endpoint's counter. Linux resets without a socket
/// with the default TTL and ID 0, so neither alone says anything.
fn looks_injected(segment: &Segment, me: &Half) -> bool {
    let distance = me.ttl.is_some_and(|ttl| ttl.abs_diff(segment.ttl) >= 2);
    distance && me.sender.is_foreign_id(SendOrder::stamp(segment))
}

/// The first sequence number of a stream whose SYN was not captured, from what its peer acknowledges first.
pub fn isn_before(ack: Seq) -> Seq {
    Seq(ack.0.wrapping_sub(1))
}

impl Connection {
    /// A RST.
    pub(super) fn on_rst<E: EventSink>(&mut self, segment: &Segment, from: usize, events: &mut E) {
        self.tell(segment, from, EventKind::Rst, events);
        let scene = Scene {
            me: &self.halves[from],
            peer: &self.halves[1 - from],
            from,
            handshake: &self.handshake,
            teardown: &self.teardown,
            last: self.previous,
        };
        let mut judgement = judge(segment, &scene);
        if self.is_discovery(segment, from) {
            let waiting = self.teardown.any_fin();
            let kind = if waiting { RstKind::TimeWaitCollision } else { RstKind::HalfOpenDiscovery };
            judgement = Judgement::Effective(kind);
        }
        let Judgement::Effective(kind) = judgement else { return };
        if kind == RstKind::Refused
            && let Some(HandshakeSample { t, rtt, .. }) = self.handshake.on_refusal(segment.ts)
        {
            let (client, server) = ends_mut(&mut self.halves, CLIENT);
            server.on_sample(client, Sample { t, rtt, class: SampleClass::Immediate, bare: true });
        }
        let ack = segment.flags.ack().then(|| self.halves[1 - from].sender.ack_position(segment.ack));
        let me = &self.halves[from];
        let distant = me.ttl.is_some_and(|ttl| ttl.abs_diff(segment.ttl) >= 2);
        let snd_max = me.sender.snd_max();
        self.teardown.on_reset(Reset { from, t: segment.ts, kind, ack, late: false, distant, snd_max });
    }
}
