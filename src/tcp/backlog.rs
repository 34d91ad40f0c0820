//! Was the server's accept queue full? Then its kernel drops the ACK that would complete the handshake, and all data with it, and repeats
//! its SYN-ACK (`semantics.md` 3; Linux with `tcp_abort_on_overflow=0`).

use super::connection::Connection;
use super::summary::OverflowSummary;
use super::verdict::AT_HOST;
use crate::base::{Nanos, Segment};

/// A SYN-ACK is repeated after 1 s (RFC 6298 2.1), less the jitter of the timer. What the client sent so long before was not merely late.
const TIMER: Nanos = Nanos::from_millis(900);
/// So many packets that go unheard are no single loss.
const NO_ACCIDENT: u64 = 2;

impl Connection {
    /// The server repeats its SYN-ACK. What the client has sent behind the handshake until now went unheard: the server says nothing else.
    pub(super) fn note_repeated_syn_ack(&mut self, segment: &Segment) {
        let [client, server] = &self.halves;
        let Some(first) = self.handshake.client_ack_time() else { return };
        let ignored = client.volume.packets().saturating_sub(self.handshake.syn_count().into());
        let trip = server.rtt.recent_min().unwrap_or(Nanos::ZERO);
        let at_server = server.rtt.recent_min().is_some_and(|trip| trip < AT_HOST)
            && client.rtt.recent_min().is_none_or(|trip| trip >= AT_HOST);
        // A single ACK may be lost on the way; and TCP_DEFER_ACCEPT repeats the SYN-ACK too, for a client that says nothing.
        let sure = ignored >= NO_ACCIDENT || at_server && client.volume.data_packets() > 0;
        if !server.went_on && sure && segment.ts - first >= trip + TIMER {
            self.handshake.on_overflow(OverflowSummary { ignored, frame: segment.frame });
        }
    }
}
