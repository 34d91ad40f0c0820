//! What is said of one connection when its row is written: plain values, one group an analyzer.
//!
//! `None` means "not measurable from this capture", and the connection's [`Quality`] says why; it is never zero.
//! Arrays of two are `[client, server]`.

use crate::base::packed::{packed, packed_names, packed_number};
use crate::base::{Nanos, Seq, Timestamp};

pub use super::congestion::{CongestionSummary, DeliveryRate, HeadOfLine, Reaction, SlowStart, SlowStartEnd};
pub use super::history::HistoryText;
pub use crate::base::RoleEvidence;

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

/// Why columns are empty or uncertain (`quality`); a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quality(pub u16);

packed_number! { Quality(u16) }

impl Quality {
    /// All words, in the order of their bits.
    pub const WORDS: [&'static str; 13] = [
        "one_way",
        "no_handshake",
        "no_timestamps",
        "window_scale_unknown",
        "truncated",
        "options_truncated",
        "capture_loss",
        "duplicates_removed",
        "super_packets",
        "time_regress",
        "state_capped",
        "fragmented",
        "bad_checksums",
    ];
    /// Only one direction was captured.
    pub const ONE_WAY: Quality = Quality(1 << 0);
    /// The connection was older than the capture.
    pub const NO_HANDSHAKE: Quality = Quality(1 << 1);
    /// No timestamps option.
    pub const NO_TIMESTAMPS: Quality = Quality(1 << 2);
    /// The window scale is not known.
    pub const WINDOW_SCALE_UNKNOWN: Quality = Quality(1 << 3);
    /// A header was cut.
    pub const TRUNCATED: Quality = Quality(1 << 4);
    /// TCP options were cut.
    pub const OPTIONS_TRUNCATED: Quality = Quality(1 << 5);
    /// Bytes were acknowledged that the capture never saw.
    pub const CAPTURE_LOSS: Quality = Quality(1 << 6);
    /// Capture duplicates were left out.
    pub const DUPLICATES_REMOVED: Quality = Quality(1 << 7);
    /// Segments larger than the path carries: offload.
    pub const SUPER_PACKETS: Quality = Quality(1 << 8);
    /// Capture time went backwards.
    pub const TIME_REGRESS: Quality = Quality(1 << 9);
    /// Per-connection memory hit its bound.
    pub const STATE_CAPPED: Quality = Quality(1 << 10);
    /// IP fragments.
    pub const FRAGMENTED: Quality = Quality(1 << 11);
    /// Segments with a wrong checksum.
    pub const BAD_CHECKSUMS: Quality = Quality(1 << 12);

    /// Sets the bits of `more`.
    pub const fn set(&mut self, more: Quality) {
        self.0 |= more.0;
    }

    /// All bits of `wanted` are set.
    pub const fn has(self, wanted: Quality) -> bool {
        self.0 & wanted.0 == wanted.0
    }

    /// The words of the set.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Self::WORDS.into_iter().enumerate().filter(move |(i, _)| self.0 & (1 << i) != 0).map(|(_, w)| w)
    }
}

/// Group "Handshake".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HandshakeSummary {
    /// The outcome.
    pub outcome: HandshakeOutcome,
    /// SYNs, retransmissions and network duplicates included.
    pub syn_packets: u32,
    /// SYN-ACKs, likewise.
    pub syn_ack_packets: u32,
    /// The answered SYN to the first ACK of the client.
    pub round_trip: Option<Nanos>,
    /// Handshake round trip between the capture point and each endpoint.
    pub half_rtt: [Option<Nanos>; 2],
    /// Time lost to repeated SYNs and SYN-ACKs.
    pub setup_delay: Option<Nanos>,
    /// Announced maximum segment size.
    pub mss: [Option<u16>; 2],
    /// Negotiated window scale.
    pub window_scale: [Option<u8>; 2],
    /// SACK negotiated.
    pub sack: Option<bool>,
    /// Timestamps negotiated.
    pub timestamps: Option<bool>,
    /// ECN negotiated.
    pub ecn: Option<Ecn>,
    /// Fast Open.
    pub fast_open: Option<FastOpen>,
    /// MPTCP negotiated.
    pub mptcp: Option<bool>,
    /// The server's accept queue was full.
    pub overflow: Option<OverflowSummary>,
}

/// What one endpoint sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VolumeSummary {
    /// All packets but capture duplicates.
    pub packets: u64,
    /// Sum of IP total lengths.
    pub ip_bytes: u64,
    /// Packets with payload.
    pub data_packets: u64,
    /// Their payload.
    pub payload_bytes: u64,
    /// ACKs without payload, SYN, FIN or RST.
    pub pure_acks: u64,
    /// Packets with PSH.
    pub push_packets: u64,
    /// Packets with URG.
    pub urgent_packets: u64,
    /// Packets with a wrong checksum.
    pub bad_checksum_packets: u64,
    /// Largest payload, super-packets left out.
    pub segment_max: Option<u32>,
    /// Smallest payload.
    pub segment_min: Option<u32>,
    /// Packets with FIN.
    pub fin_packets: u64,
    /// Packets with RST.
    pub rst_packets: u64,
    /// Packets marked "congestion experienced".
    pub ce_packets: u64,
    /// Packets with ECE, SYNs left out.
    pub ece_packets: u64,
    /// Packets with CWR, SYNs left out.
    pub cwr_packets: u64,
    /// Smallest and largest time to live.
    pub ttl: Option<(u8, u8)>,
    /// Time of its first and of its last packet with payload.
    pub data_span: Option<(Timestamp, Timestamp)>,
}

impl VolumeSummary {
    /// No packet was marked, and no mark was echoed or answered.
    pub const fn met_no_congestion(&self) -> bool {
        self.ce_packets | self.ece_packets | self.cwr_packets == 0
    }
}

/// One endpoint's byte stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamSummary {
    /// Initial sequence number.
    pub isn: Option<Seq>,
    /// Payload bytes seen at least once.
    pub unique_bytes: u64,
    /// True length of the stream.
    pub stream_bytes: u64,
    /// Acknowledged, but never seen.
    pub missing_bytes: Option<u64>,
}

/// Retransmissions, reordering and duplicates of what one endpoint sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LossSummary {
    /// Retransmitted segments: SYN, data and FIN.
    pub retrans_packets: u64,
    /// Their payload.
    pub retrans_bytes: u64,
    /// By a timer.
    pub rto_packets: u64,
    /// By duplicate ACKs, SACK or RACK.
    pub fast_packets: u64,
    /// Tail loss probes.
    pub tlp_packets: u64,
    /// Undecidable.
    pub unclear_packets: u64,
    /// Of all these, unnecessary.
    pub spurious_packets: u64,
    /// Late originals.
    pub out_of_order_packets: u64,
    /// Copies made by the network.
    pub network_duplicate_packets: u64,
    /// Copies made by the capture.
    pub capture_duplicate_packets: u64,
    /// Lost between the sender and the capture point.
    pub lost_upstream_bytes: Option<u64>,
    /// Lost behind it.
    pub lost_downstream_bytes: Option<u64>,
    /// Recoveries.
    pub episodes: Option<u64>,
    /// Time spent in them.
    pub recovery: Option<Nanos>,
}

impl LossSummary {
    /// Nothing was sent again, lost, reordered or doubled, and all of that can be told.
    pub fn is_nothing(&self) -> bool {
        let resent = self.retrans_packets | self.retrans_bytes;
        let triggers = self.rto_packets | self.fast_packets | self.tlp_packets | self.unclear_packets;
        let copies = self.spurious_packets | self.network_duplicate_packets | self.capture_duplicate_packets;
        resent | triggers | copies | self.out_of_order_packets == 0
            && self.lost_upstream_bytes == Some(0)
            && self.lost_downstream_bytes == Some(0)
            && self.episodes == Some(0)
            && self.recovery == Some(Nanos::ZERO)
    }
}

/// ACKs and probes that one endpoint sent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AckSummary {
    /// Duplicate ACKs (RFC 5681).
    pub dup_acks: u64,
    /// ACKs with new SACK information.
    pub sack_acks: Option<u64>,
    /// ACKs with a D-SACK (RFC 2883).
    pub dsacks: Option<u64>,
    /// Keep-alives.
    pub keepalives: u64,
    /// Zero-window probes.
    pub zero_window_probes: u64,
    /// Keep-alives since the peer was last heard.
    pub unanswered_keepalives: u64,
    /// The shortest silence of the connection before a keep-alive of it: its idle timer, where they were answered.
    pub keepalive_interval: Option<Nanos>,
}

impl AckSummary {
    /// It sent neither duplicate ACKs nor SACK blocks nor probes, and all of that can be told.
    pub fn none_marked(&self) -> bool {
        let Self { dup_acks, sack_acks, dsacks, keepalives, zero_window_probes, .. } = *self;
        dup_acks == 0 && sack_acks == Some(0) && dsacks == Some(0) && keepalives == 0 && zero_window_probes == 0
    }
}

/// Round trips between the capture point and one endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RttSummary {
    /// Valid samples.
    pub samples: u64,
    /// Smallest.
    pub min: Option<Nanos>,
    /// Mean.
    pub mean: Option<Nanos>,
    /// 50th percentile.
    pub p50: Option<Nanos>,
    /// 95th percentile.
    pub p95: Option<Nanos>,
    /// 99th percentile.
    pub p99: Option<Nanos>,
    /// Largest.
    pub max: Option<Nanos>,
    /// Standard deviation.
    pub stddev: Option<Nanos>,
    /// Largest excess of an ACK that is put down to delayed ACK or the application.
    pub ack_delay_max: Option<Nanos>,
}

/// Windows that one endpoint advertised, and its own flight as a sender.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WindowSummary {
    /// Smallest, in bytes; empty where the scale is unknown.
    pub min: Option<u64>,
    /// Largest.
    pub max: Option<u64>,
    /// Median.
    pub median: Option<u64>,
    /// Times it closed its window.
    pub zero_windows: u64,
    /// For how long in all.
    pub zero_window: Nanos,
    /// Time for which it as sender was held back by the peer's window.
    pub rwnd_limited: Option<Nanos>,
    /// Most sequence space in flight, as it knew it.
    pub max_in_flight: Option<u64>,
    /// Initial window in bytes.
    pub initial_window_bytes: Option<u64>,
    /// The same in segments.
    pub initial_window_packets: Option<u64>,
    /// Smoothed round trip of it as a sender (RFC 6298).
    pub srtt: Option<Nanos>,
    /// Its retransmission timer as Linux computes it.
    pub rto: Option<Nanos>,
}

impl WindowSummary {
    /// It was never closed and its peer's never full, and that can be told.
    pub fn held_nobody_back(&self) -> bool {
        self.zero_windows == 0 && self.zero_window == Nanos::ZERO && self.rwnd_limited == Some(Nanos::ZERO)
    }
}

/// Pauses in sending that were not the application's choice.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StallSummary {
    /// How many.
    pub stalls: u64,
    /// How long in all.
    pub time: Nanos,
}

impl StallSummary {
    /// There was none.
    pub fn is_nothing(&self) -> bool {
        self.stalls == 0 && self.time == Nanos::ZERO
    }
}

/// Small segments that waited for a delayed ACK (`semantics.md` 11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NagleSummary {
    /// How often.
    pub waits: u64,
    /// What the delays of the ACKs add up to.
    pub cost: Nanos,
    /// The first frame that had waited.
    pub frame: Option<u64>,
}

packed! { NagleSummary { [waits, cost] frame } }

/// The accept queue was full (`semantics.md` 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverflowSummary {
    /// Packets of the client that the server took no notice of before it repeated its SYN-ACK.
    pub ignored: u64,
    /// The frame of that SYN-ACK, or of the RST that took its place.
    pub frame: u64,
}

packed! { OverflowSummary { [ignored, frame] } }

/// The turns of the conversation (`semantics.md` 10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TurnSummary {
    /// Turns of the client that a turn of the server follows; `None` where both talk at once, so that there are no turns.
    pub requests: Option<u64>,
    /// Median, 95th percentile and largest of the response times at the server.
    pub response: Option<[Nanos; 3]>,
    /// Median of the client's think times.
    pub think_p50: Option<Nanos>,
    /// Turns that cannot be an answer to the one before: pipelined, or both talking at once.
    pub overlaps: u64,
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

/// Where the lifetime went (`semantics.md` 11): the parts but `starved` exclude each other and add up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BudgetSummary {
    /// Up to the client's first ACK.
    pub handshake: Nanos,
    /// Waiting for the application of client and server.
    pub app: [Nanos; 2],
    /// Held back by the window of client and server.
    pub window: [Nanos; 2],
    /// Data or its acknowledgement on its way.
    pub network: Nanos,
    /// Recovering from loss.
    pub loss_recovery: Nanos,
    /// Nobody owed anything.
    pub idle: Nanos,
    /// From the first FIN on.
    pub close: Nanos,
    /// Of `network`: data was on its way, but the application of client or server had given nothing more to send.
    pub starved: [Nanos; 2],
    /// The largest cause; `None` if it cannot be told.
    pub bottleneck: Option<Bottleneck>,
}

/// How it ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TeardownSummary {
    /// The end.
    pub end: End,
    /// Who closed.
    pub closed_by: Option<ClosedBy>,
    /// Kind of the effective RST.
    pub rst_kind: Option<RstKind>,
    /// Inferred states.
    pub states: [TcpState; 2],
    /// First FIN to the first ACK of the later FIN.
    pub close: Option<Nanos>,
    /// First FIN to the other side's first FIN or RST.
    pub half_closed: Option<Nanos>,
    /// Zeek's `conn_state`.
    pub zeek_conn_state: &'static str,
    /// Zeek's `history`.
    pub zeek_history: HistoryText,
}

/// One endpoint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HalfSummary {
    /// Volume and marks.
    pub volume: VolumeSummary,
    /// Its stream; `None` if nothing of it was captured.
    pub stream: Option<StreamSummary>,
    /// Retransmissions and the like; `None` if this direction was not captured.
    pub loss: Option<LossSummary>,
    /// ACKs and probes; `None` likewise.
    pub acks: Option<AckSummary>,
    /// Round trips between the capture point and this endpoint.
    pub rtt: RttSummary,
    /// Windows and flight; `None` likewise.
    pub window: Option<WindowSummary>,
    /// Stalls; `None` likewise.
    pub stalls: Option<StallSummary>,
    /// Small segments that waited for its peer's delayed ACKs.
    pub nagle: NagleSummary,
    /// TCP options were cut: what rests on SACK and timestamps cannot be told.
    pub options_cut: bool,
}

/// All of one connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConnectionSummary {
    /// First and last packet.
    pub span: (Timestamp, Timestamp),
    /// Longest silence.
    pub idle_max: Nanos,
    /// How the roles were decided.
    pub role_evidence: RoleEvidence,
    /// The handshake.
    pub handshake: HandshakeSummary,
    /// The close.
    pub teardown: TeardownSummary,
    /// Client and server.
    pub halves: [HalfSummary; 2],
    /// Full round trip: both smallest halves together.
    pub rtt_min: Option<Nanos>,
    /// Time since the last packet of the previous connection on this four-tuple.
    pub reused_after: Option<Nanos>,
    /// Where the capture point lies.
    pub vantage: Vantage,
    /// Why columns are empty or uncertain.
    pub quality: Quality,
    /// Requests and responses.
    pub turns: TurnSummary,
    /// Where the time went.
    pub budget: BudgetSummary,
}
