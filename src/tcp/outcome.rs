//! What became of the handshake (`semantics.md` 3).

use super::handshake::Handshake;
use super::summary::HandshakeOutcome;

/// What the outcome depends on besides the handshake's own packets.
#[derive(Clone, Copy, Debug, Default)]
pub struct OutcomeFacts {
    /// Packets of the server.
    pub server_packets: u64,
    /// The client sent data or an ACK without SYN or RST: it was answered.
    pub client_went_on: bool,
    /// The server sent data behind its SYN-ACK: it had the client's ACK.
    pub server_went_on: bool,
    /// Both sides sent something that only an established connection sends.
    pub both_went_on: bool,
    /// The client sent an effective RST.
    pub client_reset: bool,
    /// The server did.
    pub server_reset: bool,
}

impl Handshake {
    /// What became of it; the first rule that holds.
    pub fn outcome(&self, facts: &OutcomeFacts) -> HandshakeOutcome {
        use HandshakeOutcome as O;
        let odd = self.odd();
        if self.simultaneous() && (self.client_ack.is_some() || facts.both_went_on || self.syn_ack.is_some()) {
            return O::SimultaneousOpen;
        }
        if self.syn.is_none() && self.syn_ack.is_none() && odd.is_none_or(|odd| odd.server_syn.is_none()) {
            return O::Midstream;
        }
        match (self.syn.is_some(), self.syn_ack.is_some(), self.client_ack.is_some()) {
            (true, true, true) => O::Established,
            _ if odd.is_some_and(|odd| odd.refused) && self.syn_ack.is_none() => O::RefusedRst,
            (false, true, true) => O::EstablishedPartial,
            (true, false, _) if facts.both_went_on => O::EstablishedPartial,
            (true, false, _) if odd.is_some_and(|odd| odd.unreachable) => O::RefusedIcmp,
            (true, false, _) if odd.is_some_and(|odd| odd.challenged) => O::Challenged,
            (true, false, _) if facts.client_went_on && facts.server_packets == 0 => O::OneWay,
            (true, false, _) if facts.server_packets > 0 && !facts.client_went_on => O::Challenged,
            (true, false, _) if facts.client_went_on => O::EstablishedPartial,
            (true, false, _) => O::Unanswered,
            (_, true, false) if facts.client_reset => O::ClientReset,
            (_, true, false) if facts.server_reset => O::ServerReset,
            (_, true, false) if facts.both_went_on || facts.server_went_on => O::EstablishedPartial,
            (_, true, false) => O::HalfOpen,
            (false, false, _) => O::Midstream,
        }
    }
}
