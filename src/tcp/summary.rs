//! What is said of one connection when its row is written: plain values, one group an analyzer.
//!
//! `None` means "not measurable from this capture", and the connection's [`Quality`] says why; it is never zero.
//! Arrays of two are `[client, server]`.

use crate::base::packed::packed;
use crate::base::{Nanos, Seq, Timestamp};

pub use super::congestion::{CongestionSummary, DeliveryRate, HeadOfLine, Reaction, SlowStart, SlowStartEnd};
pub use super::history::HistoryText;
pub use crate::base::RoleEvidence;
pub use names::{Bottleneck, ClosedBy, Ecn, End, FastOpen, HandshakeOutcome, RstKind, TcpState, Vantage};
pub use quality::Quality;

mod names;
mod quality;

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
