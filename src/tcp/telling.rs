//! What the verdicts look like as events. Nothing here decides anything.

use super::acknowledged::AckMove;
use super::acks::AckClass;
use super::connection::Connection;
use super::duplicates::{HeldCopy, Origin};
use super::event::{Confidence, Event, EventKind, EventSink, Evidence};
use super::recovery::Trigger;
use super::stalls::StallCause;
use super::summary::TcpState;
use super::teardown::{CLIENT, SERVER};
use super::verdict::{Kind, Verdict};
use crate::base::{Nanos, Segment, Timestamp};

impl Connection {
    /// Something about a segment that needs no more words.
    pub(super) fn tell<E: EventSink>(&self, segment: &Segment, from: usize, kind: EventKind, events: &mut E) {
        if E::LISTENS {
            let offset = self.offset(from, self.halves[from].sender.position(segment.seq));
            events.event(Event { offset, ..Event::of(segment, from, kind) });
        }
    }

    fn offset(&self, of: usize, position: u64) -> i64 {
        position.wrapping_sub(self.halves[of].sender.first()) as i64
    }

    /// What a segment was as data, and what it changed of earlier verdicts.
    pub(super) fn tell_verdict<E: EventSink>(&mut self, segment: &Segment, from: usize, v: &Verdict, events: &mut E) {
        if !E::LISTENS {
            return;
        }
        let base = Event {
            offset: self.offset(from, v.lo),
            original: v.original,
            evidence: v.evidence,
            confidence: v.confidence,
            ..Event::of(segment, from, EventKind::Gap)
        };
        if v.gap > 0 {
            let offset = base.offset - v.gap as i64;
            events.event(Event { offset, bytes: v.gap, original: None, confidence: Confidence::Certain, ..base });
        }
        if let Some(kind) = kind_of(v, segment.payload_len) {
            events.event(Event { kind, ..base });
        }
        if v.unneeded {
            events.event(Event { kind: EventKind::Spurious, ..base });
        }
        if v.fills_window {
            events.event(Event { kind: EventKind::WindowFull, evidence: Evidence::default(), original: None, ..base });
        }
        self.tell_revisions(Some(segment), from, events);
    }

    /// Verdicts on earlier packets of `of` that have changed, and recoveries that `segment` shows to be over.
    pub(super) fn tell_revisions<E: EventSink>(&mut self, segment: Option<&Segment>, of: usize, events: &mut E) {
        if !self.halves[of].sender.has_revisions() {
            return;
        }
        let revisions = self.halves[of].sender.take_revisions();
        for r in revisions.into_iter().filter(|_| E::LISTENS) {
            let ends = r.kind == EventKind::RecoveryEnd;
            let (t, frame) = segment.filter(|_| ends).map_or((r.t, r.frame), |shows| (shows.ts, shows.frame));
            let likely = ends || r.evidence == Evidence::CAUSALITY;
            events.event(Event {
                t,
                frame,
                sender: of,
                kind: r.kind,
                offset: self.offset(of, r.bytes.0),
                bytes: r.bytes.1 - r.bytes.0,
                original: Some(r.original),
                evidence: r.evidence,
                confidence: if likely { Confidence::Likely } else { Confidence::Certain },
                note: r.note,
                duration: r.duration,
            });
        }
    }

    /// The capture of the connection is over: recoveries that ended with the last ACKs, and one that has not.
    pub(super) fn tell_last_recoveries<E: EventSink>(&mut self, events: &mut E) {
        for end in [CLIENT, SERVER] {
            self.tell_revisions(None, end, events);
            let Some((episode, length)) = self.halves[end].sender.open_episode(self.last).filter(|_| E::LISTENS) else {
                continue;
            };
            let (t, frame) = episode.last;
            events.event(Event {
                t,
                frame,
                sender: end,
                kind: EventKind::RecoveryEnd,
                offset: self.offset(end, episode.first.0),
                bytes: episode.bytes,
                original: Some(episode.first.1),
                evidence: Evidence::default(),
                confidence: Confidence::Likely,
                note: "open",
                duration: Some(length),
            });
        }
    }

    /// What an ACK was, and what it proved.
    pub(super) fn tell_ack<E: EventSink>(
        &mut self,
        segment: &Segment,
        from: usize,
        moved: &AckMove,
        class: AckClass,
        closes: bool,
        events: &mut E,
    ) {
        self.tell_revisions(Some(segment), 1 - from, events);
        if !E::LISTENS {
            return;
        }
        let base =
            Event { offset: self.offset(1 - from, moved.ack), bytes: 0, ..Event::of(segment, from, EventKind::DupAck) };
        match class {
            AckClass::Selective => events.event(Event { evidence: Evidence::SACK, ..base }),
            AckClass::Duplicate => events.event(base),
            AckClass::WindowUpdate if !closes => events.event(Event { kind: EventKind::WindowUpdate, ..base }),
            _ => {}
        }
        if closes {
            events.event(Event { kind: EventKind::ZeroWindow, ..base });
        }
    }

    /// Copies whose origin is known now.
    pub(super) fn tell_copies<E: EventSink>(&self, from: usize, copies: &[HeldCopy], events: &mut E) {
        if !E::LISTENS {
            return;
        }
        let kind = match self.halves[from].copies_by() {
            Origin::Capture => EventKind::CaptureDuplicate,
            Origin::Network => EventKind::NetworkDuplicate,
        };
        for copy in copies {
            events.event(Event {
                t: copy.t,
                frame: copy.frame,
                sender: from,
                kind,
                offset: self.offset(from, copy.lo),
                bytes: copy.bytes,
                original: None,
                evidence: Evidence::default(),
                confidence: Confidence::Likely,
                note: "",
                duration: None,
            });
        }
    }

    /// A SYN or SYN-ACK came again.
    pub(super) fn tell_opening_again<E: EventSink>(&self, segment: &Segment, from: usize, events: &mut E) {
        if E::LISTENS {
            let evidence = Evidence::SEEN_BEFORE.with(Evidence::TIMER);
            events.event(Event { offset: -1, evidence, ..Event::of(segment, from, EventKind::SynRetransmit) });
        }
    }

    /// A repetition of a SYN or SYN-ACK was not needed.
    pub(super) fn tell_spurious_opening<E: EventSink>(
        &self,
        from: usize,
        (t, frame): (Timestamp, u64),
        evidence: Evidence,
        events: &mut E,
    ) {
        if E::LISTENS {
            events.event(Event {
                t,
                frame,
                sender: from,
                kind: EventKind::Spurious,
                offset: -1,
                bytes: 0,
                original: None,
                evidence,
                confidence: Confidence::Likely,
                note: "",
                duration: None,
            });
        }
    }

    /// A pause of `sender` that was not its application's choice ended with this segment.
    pub(super) fn tell_stall<E: EventSink>(
        &self,
        segment: &Segment,
        sender: usize,
        (cause, length): (StallCause, Nanos),
        events: &mut E,
    ) {
        if E::LISTENS {
            let stalled = &self.halves[sender].sender;
            let una = stalled.una();
            events.event(Event {
                sender,
                offset: if stalled.started() { self.offset(sender, una) } else { -1 },
                bytes: stalled.snd_max().saturating_sub(una),
                confidence: Confidence::Likely,
                note: cause.word(),
                duration: Some(length),
                ..Event::of(segment, sender, EventKind::Stall)
            });
        }
    }

    /// Endpoints that reached another state.
    pub(super) fn tell_states<E: EventSink>(&mut self, segment: &Segment, from: usize, events: &mut E) {
        let states = self.states_now();
        for end in [CLIENT, SERVER] {
            if self.told[end] != states[end] {
                self.told[end] = states[end];
                let note = state_note(end, states[end]);
                events.event(Event { note, bytes: 0, ..Event::of(segment, from, EventKind::State) });
            }
        }
    }
}

/// The event that a verdict is, if it is one.
const fn kind_of(v: &Verdict, payload: u32) -> Option<EventKind> {
    Some(match v.kind {
        Kind::Retransmission(Trigger::Rto) if v.goes_back => EventKind::RtoRecovery,
        Kind::Retransmission(Trigger::Rto) => EventKind::Rto,
        Kind::Retransmission(Trigger::Fast) => EventKind::FastRetransmit,
        Kind::Retransmission(Trigger::Tlp) => EventKind::Tlp,
        Kind::Retransmission(Trigger::Unclear) => EventKind::UnclearRetransmit,
        Kind::OutOfOrder | Kind::Overtaken if payload > 0 => EventKind::OutOfOrder,
        Kind::Keepalive => EventKind::Keepalive,
        Kind::ZeroWindowProbe => EventKind::ZeroWindowProbe,
        Kind::Empty | Kind::New | Kind::NewAfterGap | Kind::OutOfOrder | Kind::Overtaken | Kind::Stray => return None,
    })
}

/// `client ESTABLISHED` and so on.
const fn state_note(end: usize, state: TcpState) -> &'static str {
    macro_rules! of_both {
        ($($state:ident $word:literal),*) => {
            match (end == CLIENT, state) {
                $((true, TcpState::$state) => concat!("client ", $word),
                  (false, TcpState::$state) => concat!("server ", $word),)*
            }
        };
    }
    of_both!(
        Closed "CLOSED", Listen "LISTEN", SynSent "SYN_SENT", SynRcvd "SYN_RCVD", Established "ESTABLISHED",
        FinWait1 "FIN_WAIT_1", FinWait2 "FIN_WAIT_2", CloseWait "CLOSE_WAIT", Closing "CLOSING", LastAck "LAST_ACK",
        TimeWait "TIME_WAIT", Reset "RESET"
    )
}
