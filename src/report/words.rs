//! The words of the report for what the analysis holds as enums. A word never changes its meaning: users match on them.

use super::value::{Letters, Word};
use crate::tcp::{
    Bottleneck, ClosedBy, Ecn, End, FastOpen, HandshakeOutcome, RoleEvidence, RstKind, TcpState, Vantage,
};

macro_rules! word {
    ($word:literal) => {
        Word(const { &Letters::of($word) })
    };
}

/// Column `role_evidence`.
pub const fn role_evidence(evidence: RoleEvidence) -> Word {
    match evidence {
        RoleEvidence::Syn => word!("syn"),
        RoleEvidence::SynAck => word!("syn_ack"),
        RoleEvidence::ServerPortSeen => word!("server_port_seen"),
        RoleEvidence::MostPeers => word!("most_peers"),
        RoleEvidence::WellKnownPort => word!("well_known_port"),
        RoleEvidence::PortOrder => word!("port_order"),
        RoleEvidence::ResetTarget => word!("reset_target"),
        RoleEvidence::FirstPacket => word!("first_packet"),
    }
}

/// Column `handshake`.
pub const fn handshake(outcome: HandshakeOutcome) -> Word {
    match outcome {
        HandshakeOutcome::Established => word!("established"),
        HandshakeOutcome::EstablishedPartial => word!("established_partial"),
        HandshakeOutcome::Midstream => word!("midstream"),
        HandshakeOutcome::RefusedRst => word!("refused_rst"),
        HandshakeOutcome::RefusedIcmp => word!("refused_icmp"),
        HandshakeOutcome::Unanswered => word!("unanswered"),
        HandshakeOutcome::OneWay => word!("one_way"),
        HandshakeOutcome::HalfOpen => word!("half_open"),
        HandshakeOutcome::ClientReset => word!("client_reset"),
        HandshakeOutcome::ServerReset => word!("server_reset"),
        HandshakeOutcome::Challenged => word!("challenged"),
        HandshakeOutcome::SimultaneousOpen => word!("simultaneous_open"),
    }
}

/// Column `end`.
pub const fn end(end: End) -> Word {
    match end {
        End::Fin => word!("fin"),
        End::FinSimultaneous => word!("fin_simultaneous"),
        End::FinThenRst => word!("fin_then_rst"),
        End::Refused => word!("refused"),
        End::Unanswered => word!("unanswered"),
        End::RstClient => word!("rst_client"),
        End::RstServer => word!("rst_server"),
        End::HalfClosed => word!("half_closed"),
        End::Timeout => word!("timeout"),
        End::Superseded => word!("superseded"),
        End::Evicted => word!("evicted"),
        End::OpenAtEnd => word!("open_at_end"),
    }
}

/// Column `closed_by`.
pub const fn closed_by(who: ClosedBy) -> Word {
    match who {
        ClosedBy::Client => word!("client"),
        ClosedBy::Server => word!("server"),
        ClosedBy::Both => word!("both"),
    }
}

/// Column `rst_kind`.
pub const fn rst_kind(kind: RstKind) -> Word {
    match kind {
        RstKind::Refused => word!("refused"),
        RstKind::NoSocket => word!("no_socket"),
        RstKind::DataAfterClose => word!("data_after_close"),
        RstKind::Abort => word!("abort"),
        RstKind::AbortAfterFin => word!("abort_after_fin"),
        RstKind::IdleReset => word!("idle_reset"),
        RstKind::KeepaliveReset => word!("keepalive_reset"),
        RstKind::KeepaliveRejected => word!("keepalive_rejected"),
        RstKind::HalfOpenDiscovery => word!("half_open_discovery"),
        RstKind::TimeWaitCollision => word!("time_wait_collision"),
        RstKind::OverflowReset => word!("overflow_reset"),
        RstKind::InjectedSuspected => word!("injected_suspected"),
    }
}

/// Columns `client_state` and `server_state`: the names of RFC 9293.
pub const fn state(state: TcpState) -> Word {
    match state {
        TcpState::Closed => word!("CLOSED"),
        TcpState::Listen => word!("LISTEN"),
        TcpState::SynSent => word!("SYN_SENT"),
        TcpState::SynRcvd => word!("SYN_RCVD"),
        TcpState::Established => word!("ESTABLISHED"),
        TcpState::FinWait1 => word!("FIN_WAIT_1"),
        TcpState::FinWait2 => word!("FIN_WAIT_2"),
        TcpState::CloseWait => word!("CLOSE_WAIT"),
        TcpState::Closing => word!("CLOSING"),
        TcpState::LastAck => word!("LAST_ACK"),
        TcpState::TimeWait => word!("TIME_WAIT"),
        TcpState::Reset => word!("RESET"),
    }
}

/// Column `vantage`.
pub const fn vantage(vantage: Vantage) -> Word {
    match vantage {
        Vantage::AtClient => word!("at_client"),
        Vantage::NearClient => word!("near_client"),
        Vantage::Middle => word!("middle"),
        Vantage::NearServer => word!("near_server"),
        Vantage::AtServer => word!("at_server"),
        Vantage::Local => word!("local"),
        Vantage::Unknown => word!("unknown"),
    }
}

/// Column `fast_open`.
pub const fn fast_open(outcome: FastOpen) -> Word {
    match outcome {
        FastOpen::False => word!("false"),
        FastOpen::Requested => word!("requested"),
        FastOpen::Accepted => word!("accepted"),
        FastOpen::Partial => word!("partial"),
        FastOpen::Rejected => word!("rejected"),
        FastOpen::Blackholed => word!("blackholed"),
    }
}

/// Column `ecn`.
pub const fn ecn(negotiated: Ecn) -> Word {
    match negotiated {
        Ecn::False => word!("false"),
        Ecn::Classic => word!("classic"),
        Ecn::Accurate => word!("accecn"),
    }
}

/// Column `bottleneck`.
pub const fn bottleneck(cause: Bottleneck) -> Word {
    match cause {
        Bottleneck::ClientApp => word!("client_app"),
        Bottleneck::ServerApp => word!("server_app"),
        Bottleneck::ClientWindow => word!("client_window"),
        Bottleneck::ServerWindow => word!("server_window"),
        Bottleneck::NetworkLoss => word!("network_loss"),
        Bottleneck::NetworkRate => word!("network_rate"),
        Bottleneck::NetworkRtt => word!("network_rtt"),
        Bottleneck::None => word!("none"),
    }
}
