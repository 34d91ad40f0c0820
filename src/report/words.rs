//! The words of the report for what the analysis holds as enums. A word never changes its meaning: users match on them.

use crate::tcp::{
    Bottleneck, ClosedBy, Ecn, End, FastOpen, HandshakeOutcome, RoleEvidence, RstKind, TcpState, Vantage,
};

/// Column `role_evidence`.
pub const fn role_evidence(evidence: RoleEvidence) -> &'static str {
    match evidence {
        RoleEvidence::Syn => "syn",
        RoleEvidence::SynAck => "syn_ack",
        RoleEvidence::ServerPortSeen => "server_port_seen",
        RoleEvidence::MostPeers => "most_peers",
        RoleEvidence::WellKnownPort => "well_known_port",
        RoleEvidence::PortOrder => "port_order",
        RoleEvidence::ResetTarget => "reset_target",
        RoleEvidence::FirstPacket => "first_packet",
    }
}

/// Column `handshake`.
pub const fn handshake(outcome: HandshakeOutcome) -> &'static str {
    match outcome {
        HandshakeOutcome::Established => "established",
        HandshakeOutcome::EstablishedPartial => "established_partial",
        HandshakeOutcome::Midstream => "midstream",
        HandshakeOutcome::RefusedRst => "refused_rst",
        HandshakeOutcome::RefusedIcmp => "refused_icmp",
        HandshakeOutcome::Unanswered => "unanswered",
        HandshakeOutcome::OneWay => "one_way",
        HandshakeOutcome::HalfOpen => "half_open",
        HandshakeOutcome::ClientReset => "client_reset",
        HandshakeOutcome::ServerReset => "server_reset",
        HandshakeOutcome::Challenged => "challenged",
        HandshakeOutcome::SimultaneousOpen => "simultaneous_open",
    }
}

/// Column `end`.
pub const fn end(end: End) -> &'static str {
    match end {
        End::Fin => "fin",
        End::FinSimultaneous => "fin_simultaneous",
        End::FinThenRst => "fin_then_rst",
        End::Refused => "refused",
        End::Unanswered => "unanswered",
        End::RstClient => "rst_client",
        End::RstServer => "rst_server",
        End::HalfClosed => "half_closed",
        End::Timeout => "timeout",
        End::Superseded => "superseded",
        End::Evicted => "evicted",
        End::OpenAtEnd => "open_at_end",
    }
}

/// Column `closed_by`.
pub const fn closed_by(who: ClosedBy) -> &'static str {
    match who {
        ClosedBy::Client => "client",
        ClosedBy::Server => "server",
        ClosedBy::Both => "both",
    }
}

/// Column `rst_kind`.
pub const fn rst_kind(kind: RstKind) -> &'static str {
    match kind {
        RstKind::Refused => "refused",
        RstKind::NoSocket => "no_socket",
        RstKind::DataAfterClose => "data_after_close",
        RstKind::Abort => "abort",
        RstKind::AbortAfterFin => "abort_after_fin",
        RstKind::IdleReset => "idle_reset",
        RstKind::KeepaliveReset => "keepalive_reset",
        RstKind::KeepaliveRejected => "keepalive_rejected",
        RstKind::HalfOpenDiscovery => "half_open_discovery",
        RstKind::TimeWaitCollision => "time_wait_collision",
        RstKind::OverflowReset => "overflow_reset",
        RstKind::InjectedSuspected => "injected_suspected",
    }
}

/// Columns `client_state` and `server_state`: the names of RFC 9293.
pub const fn state(state: TcpState) -> &'static str {
    match state {
        TcpState::Closed => "CLOSED",
        TcpState::Listen => "LISTEN",
        TcpState::SynSent => "SYN_SENT",
        TcpState::SynRcvd => "SYN_RCVD",
        TcpState::Established => "ESTABLISHED",
        TcpState::FinWait1 => "FIN_WAIT_1",
        TcpState::FinWait2 => "FIN_WAIT_2",
        TcpState::CloseWait => "CLOSE_WAIT",
        TcpState::Closing => "CLOSING",
        TcpState::LastAck => "LAST_ACK",
        TcpState::TimeWait => "TIME_WAIT",
        TcpState::Reset => "RESET",
    }
}

/// Column `vantage`.
pub const fn vantage(vantage: Vantage) -> &'static str {
    match vantage {
        Vantage::AtClient => "at_client",
        Vantage::NearClient => "near_client",
        Vantage::Middle => "middle",
        Vantage::NearServer => "near_server",
        Vantage::AtServer => "at_server",
        Vantage::Local => "local",
        Vantage::Unknown => "unknown",
    }
}

/// Column `fast_open`.
pub const fn fast_open(outcome: FastOpen) -> &'static str {
    match outcome {
        FastOpen::False => "false",
        FastOpen::Requested => "requested",
        FastOpen::Accepted => "accepted",
        FastOpen::Partial => "partial",
        FastOpen::Rejected => "rejected",
        FastOpen::Blackholed => "blackholed",
    }
}

/// Column `ecn`.
pub const fn ecn(negotiated: Ecn) -> &'static str {
    match negotiated {
        Ecn::False => "false",
        Ecn::Classic => "classic",
        Ecn::Accurate => "accecn",
    }
}

/// Column `bottleneck`.
pub const fn bottleneck(cause: Bottleneck) -> &'static str {
    match cause {
        Bottleneck::ClientApp => "client_app",
        Bottleneck::ServerApp => "server_app",
        Bottleneck::ClientWindow => "client_window",
        Bottleneck::ServerWindow => "server_window",
        Bottleneck::NetworkLoss => "network_loss",
        Bottleneck::NetworkRate => "network_rate",
        Bottleneck::NetworkRtt => "network_rtt",
        Bottleneck::None => "none",
    }
}
