//! What a column says in a word: outcomes, ends, states, and what held a connection back.

use crate::base::packed::packed_names;

/// How the handshake went (`handshake`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HandshakeOutcome {
    /// SYN, SYN-ACK and the client's ACK were seen.
    Established,
    /// One of the three was not captured, but later packets prove it.
    EstablishedPartial,
    /// No packet of the handshake was seen.
    #[default]
    Midstream,
    /// The server answered the SYN with RST.
    RefusedRst,
    /// A router or the server answered it with ICMP.
    RefusedIcmp,
    /// Nothing answered.
    Unanswered,
    /// Only the client's packets were captured, but they prove an answer.
    OneWay,
    /// SYN-ACK, and no ACK of the client.
    HalfOpen,
    /// The client reset it after the SYN-ACK.
    ClientReset,
    /// The server reset it after its SYN-ACK and before the client's ACK.
    ServerReset,
    /// The server answered the SYN with a challenge ACK.
    Challenged,
    /// Both sides sent a SYN.
    SimultaneousOpen,
}

/// How the connection ended (`end`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// Both FINs acknowledged.
    Fin,
    /// The same, but neither FIN acknowledges the other.
    FinSimultaneous,
    /// An effective RST after a FIN and before both were acknowledged.
    FinThenRst,
    /// The SYN was answered by RST or ICMP.
    Refused,
    /// The SYN was answered by nothing.
    Unanswered,
    /// An effective RST of the client, without any FIN.
    RstClient,
    /// An effective RST of the server, without any FIN.
    RstServer,
    /// One FIN only.
    HalfClosed,
    /// Given up: six RTOs or 60 s without progress, or the idle limit of a live run.
    Timeout,
    /// A new connection took the four-tuple.
    Superseded,
    /// Taken out of the table to save memory.
    Evicted,
    /// Still open when the capture ended.
    #[default]
    OpenAtEnd,
}

/// Who closed (`closed_by`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosedBy {
    /// The client.
    Client,
    /// The server.
    Server,
    /// Both at once.
    Both,
}

/// What the effective RST meant (`rst_kind`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RstKind {
    /// It answers the SYN.
    Refused,
    /// No socket for the packet that it answers.
    NoSocket,
    /// The socket had been closed before the data came.
    DataAfterClose,
    /// The application aborted.
    Abort,
    /// It aborted after it had sent a FIN.
    AbortAfterFin,
    /// After a long silence of both sides.
    IdleReset,
    /// After unanswered keep-alives.
    KeepaliveReset,
    /// It answers a keep-alive.
    KeepaliveRejected,
    /// A challenge ACK met a host that knew nothing of the connection.
    HalfOpenDiscovery,
    /// The same against a TIME_WAIT.
    TimeWaitCollision,
    /// The accept queue was full (`tcp_abort_on_overflow`).
    OverflowReset,
    /// By someone else than the endpoint whose address it bears.
    InjectedSuspected,
}

packed_names! { RstKind { Refused, NoSocket, DataAfterClose, Abort, AbortAfterFin, IdleReset, KeepaliveReset, KeepaliveRejected, HalfOpenDiscovery, TimeWaitCollision, OverflowReset, InjectedSuspected } }

/// State of an endpoint as inferred (RFC 9293 3.3.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the RFC's names")]
pub enum TcpState {
    #[default]
    Closed,
    Listen,
    SynSent,
    SynRcvd,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
    /// Not of the RFC: an effective RST ended it.
    Reset,
}

packed_names! { TcpState { Closed, Listen, SynSent, SynRcvd, Established, FinWait1, FinWait2, CloseWait, Closing, LastAck, TimeWait, Reset } }

/// Where the capture point lies between client and server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Vantage {
    AtClient,
    NearClient,
    Middle,
    NearServer,
    AtServer,
    Local,
    #[default]
    Unknown,
}

/// Fast Open (`fast_open`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FastOpen {
    /// The SYN had no such option.
    False,
    /// It asked for a cookie.
    Requested,
    /// All data of the SYN was acknowledged.
    Accepted,
    /// Some of it was.
    Partial,
    /// None of it was.
    Rejected,
    /// Only a SYN without it got an answer.
    Blackholed,
}

/// Explicit congestion notification (`ecn`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ecn {
    /// Not negotiated.
    False,
    /// RFC 3168.
    Classic,
    /// RFC 9768.
    Accurate,
}

/// What took most of the lifetime (`bottleneck`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bottleneck {
    /// The client's application.
    ClientApp,
    /// The server's application.
    ServerApp,
    /// The window that the client offers.
    ClientWindow,
    /// The window that the server offers.
    ServerWindow,
    /// Recovery from loss.
    NetworkLoss,
    /// The rate of the path: a queue stands before it.
    NetworkRate,
    /// The round trips.
    NetworkRtt,
    /// Nothing held it back: nobody had anything to say.
    None,
}
