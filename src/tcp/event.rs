//! What happened, one thing at a time: for those who want to see each retransmission and its reason.
//!
//! Events are a by-product of the verdicts. Who does not want them passes `()`, and they cost nothing.

use super::verdict::Verdict;
use crate::base::{Nanos, Segment, Timestamp};

pub use super::stalls::StallCause;

/// What an event is. The sums of these are the columns of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventKind {
    /// Sent again by the retransmission timer.
    Rto,
    /// Sent again in the recovery that followed a timeout.
    RtoRecovery,
    /// Sent again because later data arrived: duplicate ACKs, SACK, RACK.
    FastRetransmit,
    /// A tail loss probe.
    Tlp,
    /// A SYN or SYN-ACK sent again.
    SynRetransmit,
    /// Sent again, and it cannot be told why.
    UnclearRetransmit,
    /// A retransmission proves unneeded; the frame is that of the retransmission.
    Spurious,
    /// A late original.
    OutOfOrder,
    /// A copy that the network made.
    NetworkDuplicate,
    /// A copy that the capture made.
    CaptureDuplicate,
    /// A keep-alive.
    Keepalive,
    /// A zero-window probe.
    ZeroWindowProbe,
    /// The window was closed.
    ZeroWindow,
    /// The sender filled the peer's window, as it knew it.
    WindowFull,
    /// An ACK that only changes the window.
    WindowUpdate,
    /// A duplicate ACK.
    DupAck,
    /// Bytes before this segment have not come by.
    Gap,
    /// A pause that was not the application's choice ended with this packet; the sender is the endpoint that had to wait, the note the cause
    /// ([`StallCause`]), the bytes what it had outstanding.
    Stall,
    /// A recovery from loss is over, as this packet shows: all that was sent before its first resend is acknowledged. The note says how it
    /// was repaired; the original is the first resend, the bytes are what was sent again.
    RecoveryEnd,
    /// A RST.
    Rst,
    /// A FIN.
    Fin,
    /// The connection reached another state.
    State,
    /// A packet of a connection whose row has left.
    PostClose,
}

impl EventKind {
    /// Its word in the output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rto => "rto",
            Self::RtoRecovery => "rto_recovery",
            Self::FastRetransmit => "fast_retransmit",
            Self::Tlp => "tlp",
            Self::SynRetransmit => "syn_retransmit",
            Self::UnclearRetransmit => "unclear_retransmit",
            Self::Spurious => "spurious",
            Self::OutOfOrder => "out_of_order",
            Self::NetworkDuplicate => "network_duplicate",
            Self::CaptureDuplicate => "capture_duplicate",
            Self::Keepalive => "keepalive",
            Self::ZeroWindowProbe => "zero_window_probe",
            Self::ZeroWindow => "zero_window",
            Self::WindowFull => "window_full",
            Self::WindowUpdate => "window_update",
            Self::DupAck => "dup_ack",
            Self::Gap => "gap",
            Self::Stall => "stall",
            Self::RecoveryEnd => "recovery_end",
            Self::Rst => "rst",
            Self::Fin => "fin",
            Self::State => "state",
            Self::PostClose => "post_close",
        }
    }
}

/// On what a verdict rests; a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence(pub u16);

impl Evidence {
    /// The words, in the order of the bits.
    pub const WORDS: [&'static str; 12] = [
        "seen_before",
        "ip_id",
        "timestamp",
        "sack",
        "dsack",
        "dup_acks",
        "eifel",
        "causality",
        "acknowledged",
        "timer",
        "both_copies",
        "capture_order",
    ];
    /// The bytes had come by before.
    pub const SEEN_BEFORE: Evidence = Evidence(1 << 0);
    /// The order of the IP IDs.
    pub const IP_ID: Evidence = Evidence(1 << 1);
    /// The order of the timestamps.
    pub const TIMESTAMP: Evidence = Evidence(1 << 2);
    /// Something sent later was known to have been delivered.
    pub const SACK: Evidence = Evidence(1 << 3);
    /// A D-SACK.
    pub const DSACK: Evidence = Evidence(1 << 4);
    /// Duplicate ACKs.
    pub const DUP_ACKS: Evidence = Evidence(1 << 5);
    /// The echo of an earlier timestamp (RFC 3522).
    pub const EIFEL: Evidence = Evidence(1 << 6);
    /// The ACK came too soon to have been caused by it.
    pub const CAUSALITY: Evidence = Evidence(1 << 7);
    /// The bytes had been acknowledged or SACKed before.
    pub const ACKNOWLEDGED: Evidence = Evidence(1 << 8);
    /// Sender and peer had been silent for as long as a timer.
    pub const TIMER: Evidence = Evidence(1 << 9);
    /// At the receiver, both copies came by.
    pub const BOTH_COPIES: Evidence = Evidence(1 << 10);
    /// At the sender, the order of the capture is that of sending.
    pub const CAPTURE_ORDER: Evidence = Evidence(1 << 11);

    /// Both sets together.
    #[must_use]
    pub const fn with(self, more: Evidence) -> Evidence {
        Evidence(self.0 | more.0)
    }

    /// `more` too, if `condition` holds.
    #[must_use]
    pub const fn with_if(self, more: Evidence, condition: bool) -> Evidence {
        if condition { self.with(more) } else { self }
    }

    /// Something of `wanted` is in it.
    pub const fn has(self, wanted: Evidence) -> bool {
        self.0 & wanted.0 != 0
    }

    /// The words of the set.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Self::WORDS.into_iter().enumerate().filter(move |(i, _)| self.0 & (1 << i) != 0).map(|(_, w)| w)
    }
}

/// How sure a verdict is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Better than nothing.
    Guess,
    /// There is hardly another explanation.
    #[default]
    Likely,
    /// The packets prove it.
    Certain,
}

impl Confidence {
    /// Its word in the output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Guess => "guess",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Capture time of the packet.
    pub t: Timestamp,
    /// Its frame.
    pub frame: u64,
    /// Who sent it: 0 the client, 1 the server.
    pub sender: usize,
    /// What it was.
    pub kind: EventKind,
    /// Offset of its first byte in the sender's stream, from 0; for an ACK, of what it acknowledges in the peer's. The SYN is at -1.
    pub offset: i64,
    /// How many bytes it is about.
    pub bytes: u64,
    /// The frame that it repeats, answers or revises.
    pub original: Option<u64>,
    /// On what the verdict rests.
    pub evidence: Evidence,
    /// How sure it is.
    pub confidence: Confidence,
    /// For a change of state: of which endpoint to what; for a stall: its cause; for a recovery: what repaired it, `fast` or `rto`,
    /// or `open` if nothing has.
    pub note: &'static str,
    /// How long it took, where it is about a time.
    pub duration: Option<Nanos>,
}

impl Event {
    /// An event about this segment.
    pub const fn of(segment: &Segment, sender: usize, kind: EventKind) -> Self {
        Self {
            t: segment.ts,
            frame: segment.frame,
            sender,
            kind,
            offset: 0,
            bytes: segment.payload_len as u64,
            original: None,
            evidence: Evidence(0),
            confidence: Confidence::Certain,
            note: "",
            duration: None,
        }
    }
}

/// Who wants to know of events.
pub trait EventSink {
    /// Whether anybody listens: what only serves events is left out where nobody does.
    const LISTENS: bool = true;

    /// Something happened.
    fn event(&mut self, event: Event);

    /// A segment was looked at, with its verdict if it got that far. Called after its events.
    fn segment(&mut self, segment: &Segment, sender: usize, verdict: Option<&Verdict>) {
        let _ = (segment, sender, verdict);
    }
}

/// Nobody listens.
impl EventSink for () {
    const LISTENS: bool = false;

    fn event(&mut self, _: Event) {}
}

impl<S: EventSink> EventSink for &mut S {
    const LISTENS: bool = S::LISTENS;

    fn event(&mut self, event: Event) {
        (**self).event(event);
    }

    fn segment(&mut self, segment: &Segment, sender: usize, verdict: Option<&Verdict>) {
        (**self).segment(segment, sender, verdict);
    }
}
