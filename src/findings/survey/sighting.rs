//! A connection as the survey sees it.

use crate::base::{Endpoint, Nanos, Timestamp};
use crate::findings::finding::{Finding, Proof};
use crate::tcp::{ConnectionSummary, HandshakeOutcome};

/// A connection whose row has left, and who it was.
#[derive(Clone, Copy, Debug)]
pub struct Sighting<'a> {
    /// Its number.
    pub flow_id: u64,
    /// Its first frame.
    pub first_frame: u64,
    /// The client.
    pub client: Endpoint,
    /// The server.
    pub server: Endpoint,
    /// What happened.
    pub summary: &'a ConnectionSummary,
}

/// What came of an attempt to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// It stood.
    Succeeded,
    /// It was refused.
    Refused,
    /// Nothing answered.
    Unanswered,
    /// The server answered, and the client did not finish, or took it back.
    Abandoned,
    /// Something else went wrong.
    Failed,
    /// The attempt was not captured.
    Unseen,
}

impl Sighting<'_> {
    /// What came of the attempt.
    pub const fn attempt(&self) -> Attempt {
        match self.summary.handshake.outcome {
            HandshakeOutcome::Established
            | HandshakeOutcome::EstablishedPartial
            | HandshakeOutcome::OneWay
            | HandshakeOutcome::SimultaneousOpen => Attempt::Succeeded,
            HandshakeOutcome::RefusedRst | HandshakeOutcome::RefusedIcmp => Attempt::Refused,
            HandshakeOutcome::Unanswered => Attempt::Unanswered,
            HandshakeOutcome::HalfOpen | HandshakeOutcome::ClientReset => Attempt::Abandoned,
            HandshakeOutcome::ServerReset | HandshakeOutcome::Challenged => Attempt::Failed,
            HandshakeOutcome::Midstream => Attempt::Unseen,
        }
    }

    /// Its first packet.
    pub const fn start(&self) -> Timestamp {
        self.summary.span.0
    }

    /// Its last packet.
    pub const fn end(&self) -> Timestamp {
        self.summary.span.1
    }

    /// How long it lasted.
    pub fn lifetime(&self) -> Nanos {
        self.end().since(self.start())
    }

    /// Either side sent payload.
    pub fn has_payload(&self) -> bool {
        self.summary.halves.iter().any(|half| half.volume.payload_bytes > 0)
    }
}

/// The connections that show something: how many, when, and the first of them as evidence.
#[derive(Clone, Debug, Default)]
pub struct Cases {
    /// How many.
    pub count: u64,
    span: Option<(Timestamp, Timestamp)>,
    shown: Vec<Proof>,
}

impl Cases {
    /// Takes one; `note` says what it shows.
    pub fn add(&mut self, sighting: &Sighting<'_>, note: impl FnOnce() -> String) {
        self.add_at(sighting, sighting.first_frame, note);
    }

    /// The same, with the frame that shows it.
    pub fn add_at(&mut self, sighting: &Sighting<'_>, frame: u64, note: impl FnOnce() -> String) {
        self.count += 1;
        let (first, last) = self.span.unwrap_or(sighting.summary.span);
        self.span = Some((first.min(sighting.start()), last.max(sighting.end())));
        if self.shown.len() < Finding::PROOFS {
            self.shown.push(Proof { flow_id: sighting.flow_id, frame, t: sighting.start(), note: note() });
        }
    }

    /// From the start of the first to the end of the last.
    pub fn span(&self) -> (Timestamp, Timestamp) {
        self.span.unwrap_or_default()
    }

    /// Them, in the order of their numbers.
    pub fn evidence(&self) -> Vec<Proof> {
        let mut shown = self.shown.clone();
        shown.sort();
        shown
    }
}
