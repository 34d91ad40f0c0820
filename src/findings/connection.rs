//! What is wrong with one connection, by what was measured on it.

use super::registry::{Code, Codes};
use crate::tcp::{ConnectionSummary, End, HandshakeOutcome, RstKind};

/// Everything that is wrong with it.
pub fn of(summary: &ConnectionSummary) -> Codes {
    let mut codes = Codes::default();
    let rst = |kind| summary.teardown.rst_kind == Some(kind);
    codes.add(Code::Refused, summary.teardown.end == End::Refused);
    codes.add(Code::SynUnanswered, summary.handshake.outcome == HandshakeOutcome::Unanswered);
    codes.add(Code::AcceptQueueOverflow, summary.handshake.overflow.is_some() || rst(RstKind::OverflowReset));
    codes
}
