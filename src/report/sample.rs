//! Records for tests: one with everything in it, one with nothing, and as many arbitrary ones as a test wants.

use super::record::{FlowRecord, Layers};
use crate::base::{Endpoint, Nanos, Seq, Timestamp};
use crate::tcp::*;

/// 2024-05-01 12:00:00 UTC.
pub const START: Timestamp = Timestamp(1_714_564_800_000_000_000);

/// A record in which everything was measured and no two neighbours are equal.
pub fn full() -> FlowRecord {
    FlowRecord {
        flow_id: 17,
        first_frame: 4_711,
        client: Endpoint::v4([192, 168, 1, 10], 51_234),
        server: Endpoint::v4([93, 184, 216, 34], 443),
        encapsulation: "vlan:12/vxlan:77".into(),
        summary: ConnectionSummary {
            span: (START, START + Nanos(12_345_678_901)),
            idle_max: Nanos(1_234_567_891),
            role_evidence: RoleEvidence::Syn,
            handshake: handshake(),
            teardown: teardown(),
            halves: [half(1), half(2)],
            rtt_min: Some(Nanos(20_000_001)),
            reused_after: Some(Nanos::from_secs(61)),
            vantage: Vantage::NearClient,
            quality: Quality(0x1fff),
            turns: TurnSummary {
                requests: Some(21),
                response: Some([22, 23, 24].map(Nanos::from_millis)),
                think_p50: Some(Nanos::from_millis(25)),
                overlaps: 1,
            },
            budget: budget(),
        },
    }
}

/// An ordinary connection with which nothing is wrong.
pub fn healthy() -> FlowRecord {
    let mut record = full();
    record.summary.quality = Quality::default();
    record.summary.handshake.setup_delay = Some(Nanos::ZERO);
    record.summary.handshake.overflow = None;
    record.summary.teardown.rst_kind = None;
    for half in &mut record.summary.halves {
        half.nagle = NagleSummary::default();
        half.loss = Some(LossSummary::default());
        half.window = Some(WindowSummary::default());
        half.stalls = Some(StallSummary::default());
        half.stream = Some(StreamSummary { stream_bytes: 40_000, missing_bytes: Some(0), ..StreamSummary::default() });
        half.volume.bad_checksum_packets = 0;
    }
    record
}

/// Nothing was lost or sent again, and all of that can be told.
pub fn lose_nothing(half: &mut HalfSummary) {
    half.options_cut = false;
    half.loss = Some(LossSummary {
        lost_upstream_bytes: Some(0),
        lost_downstream_bytes: Some(0),
        episodes: Some(0),
        recovery: Some(Nanos::ZERO),
        ..LossSummary::default()
    });
    half.acks = Some(AckSummary { sack_acks: Some(0), dsacks: Some(0), ..AckSummary::default() });
    assert!(half.loss.as_ref().is_some_and(LossSummary::is_nothing));
    assert!(half.acks.as_ref().is_some_and(AckSummary::none_marked));
}

/// A record of which only the client's one packet is known.
pub fn bare() -> FlowRecord {
    let mut record = full();
    record.encapsulation = Layers::default();
    let s = &mut record.summary;
    s.span = (START, START);
    s.rtt_min = None;
    s.turns = TurnSummary::default();
    s.budget = BudgetSummary::default();
    s.reused_after = None;
    s.quality = Quality::ONE_WAY;
    s.handshake = HandshakeSummary {
        outcome: HandshakeOutcome::Unanswered,
        syn_packets: 1,
        syn_ack_packets: 0,
        round_trip: None,
        half_rtt: [None; 2],
        setup_delay: None,
        mss: [None; 2],
        window_scale: [None; 2],
        sack: None,
        timestamps: None,
        ecn: None,
        fast_open: None,
        mptcp: None,
        overflow: None,
    };
    s.teardown = TeardownSummary {
        end: End::Unanswered,
        closed_by: None,
        rst_kind: None,
        states: [TcpState::SynSent, TcpState::Closed],
        close: None,
        half_closed: None,
        zeek_conn_state: "S0",
        zeek_history: HistoryText::default(),
    };
    let nothing = HalfSummary {
        volume: VolumeSummary::default(),
        stream: None,
        loss: None,
        acks: None,
        rtt: RttSummary::default(),
        window: None,
        stalls: None,
        nagle: NagleSummary::default(),
        options_cut: false,
    };
    let syn = VolumeSummary { packets: 1, ip_bytes: 60, ttl: Some((64, 64)), ..VolumeSummary::default() };
    s.halves = [HalfSummary { volume: syn, ..nothing.clone() }, nothing];
    record
}

/// A record that depends on `seed` in everything that the reports branch on.
pub fn arbitrary(seed: u64) -> FlowRecord {
    let mut state = seed;
    // SplitMix64: enough to shuffle cases.
    let mut next = |bound: u64| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) % bound
    };
    let mut record = if next(8) == 0 { bare() } else { full() };
    record.flow_id = next(1_000_000);
    if next(3) == 0 {
        record.client = Endpoint::v6(std::array::from_fn(|_| next(256) as u8), next(65_536) as u16);
        record.server = Endpoint::v6([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, next(256) as u8], 443);
    } else {
        record.client = Endpoint::v4([10, next(256) as u8, next(256) as u8, 255], next(65_536) as u16);
    }
    let s = &mut record.summary;
    s.span = (START + Nanos(next(1 << 45) as i64), START + Nanos(next(1 << 50) as i64));
    s.handshake.outcome = HANDSHAKES[next(HANDSHAKES.len() as u64) as usize];
    s.teardown.end = ENDS[next(ENDS.len() as u64) as usize];
    s.handshake.setup_delay = (next(3) > 0).then_some(Nanos(next(1 << 35) as i64));
    s.quality = Quality(next(1 << 13) as u16);
    for half in &mut s.halves {
        let magnitude = next(50) + 1;
        let bytes = next(1 << magnitude);
        half.volume.payload_bytes = bytes;
        half.stream = (next(4) > 0).then(|| StreamSummary {
            stream_bytes: bytes,
            missing_bytes: Some(next(1_000_000)),
            ..StreamSummary::default()
        });
        if let Some(loss) = &mut half.loss {
            let some = next(2);
            loss.retrans_bytes = some * next(bytes + 1);
            loss.retrans_packets = some * next(100_000);
            loss.spurious_packets = some * next(100);
        }
        if let Some(window) = &mut half.window {
            window.zero_windows = next(10);
            window.zero_window = Nanos(next(1 << 38) as i64);
        }
    }
    record
}

pub const HANDSHAKES: [HandshakeOutcome; 12] = [
    HandshakeOutcome::Established,
    HandshakeOutcome::EstablishedPartial,
    HandshakeOutcome::Midstream,
    HandshakeOutcome::RefusedRst,
    HandshakeOutcome::RefusedIcmp,
    HandshakeOutcome::Unanswered,
    HandshakeOutcome::OneWay,
    HandshakeOutcome::HalfOpen,
    HandshakeOutcome::ClientReset,
    HandshakeOutcome::ServerReset,
    HandshakeOutcome::Challenged,
    HandshakeOutcome::SimultaneousOpen,
];

pub const ENDS: [End; 12] = [
    End::Fin,
    End::FinSimultaneous,
    End::FinThenRst,
    End::Refused,
    End::Unanswered,
    End::RstClient,
    End::RstServer,
    End::HalfClosed,
    End::Timeout,
    End::Superseded,
    End::Evicted,
    End::OpenAtEnd,
];

fn handshake() -> HandshakeSummary {
    HandshakeSummary {
        outcome: HandshakeOutcome::Established,
        syn_packets: 2,
        syn_ack_packets: 1,
        round_trip: Some(Nanos(20_500_000)),
        half_rtt: [Some(Nanos(500_000)), Some(Nanos(20_000_000))],
        setup_delay: Some(Nanos::from_secs(1)),
        mss: [Some(1_460), Some(1_400)],
        window_scale: [Some(7), Some(8)],
        sack: Some(true),
        timestamps: Some(false),
        ecn: Some(Ecn::Accurate),
        fast_open: Some(FastOpen::Accepted),
        mptcp: Some(false),
        overflow: Some(OverflowSummary { ignored: 2, frame: 4_720 }),
    }
}

/// The parts add up to the lifetime of [`full`].
fn budget() -> BudgetSummary {
    let ms = Nanos::from_millis;
    BudgetSummary {
        handshake: ms(1_020),
        app: [ms(2_001), ms(3_002)],
        window: [ms(160), Nanos(678_901)],
        network: ms(5_003),
        loss_recovery: ms(504),
        idle: ms(605),
        close: ms(50),
        starved: [ms(7), ms(8)],
        bottleneck: Some(Bottleneck::NetworkRtt),
    }
}

fn teardown() -> TeardownSummary {
    TeardownSummary {
        end: End::Fin,
        closed_by: Some(ClosedBy::Client),
        rst_kind: Some(RstKind::Abort),
        states: [TcpState::TimeWait, TcpState::Closed],
        close: Some(Nanos(21_000_000)),
        half_closed: Some(Nanos(20_250_000)),
        zeek_conn_state: "SF",
        zeek_history: "ShADadFf".into(),
    }
}

/// Everything of an endpoint; `k` tells the two apart.
fn half(k: u64) -> HalfSummary {
    let ms = |n: i64| Some(Nanos(n * 1_000_000 + k as i64));
    HalfSummary {
        volume: VolumeSummary {
            packets: 100 * k,
            ip_bytes: 52_000 * k,
            data_packets: 60 * k,
            payload_bytes: 48_000 * k,
            pure_acks: 30 * k,
            push_packets: 9 * k,
            urgent_packets: k,
            bad_checksum_packets: 2 * k,
            segment_max: Some(1_448),
            segment_min: Some(1),
            fin_packets: 1,
            rst_packets: k - 1,
            ce_packets: 3 * k,
            ece_packets: 4 * k,
            cwr_packets: 5 * k,
            ttl: Some((57, 64)),
            data_span: Some((START + Nanos::from_millis(25), START + Nanos::from_secs(11))),
        },
        stream: Some(StreamSummary {
            isn: Some(Seq(u32::MAX - 1)),
            unique_bytes: 46_000 * k,
            stream_bytes: 47_000 * k,
            missing_bytes: Some(1_000 * k),
        }),
        loss: Some(LossSummary {
            retrans_packets: 10 * k,
            retrans_bytes: 1_500 * k,
            rto_packets: k,
            fast_packets: 6 * k,
            tlp_packets: 2 * k,
            unclear_packets: k,
            spurious_packets: 2 * k,
            out_of_order_packets: 7 * k,
            network_duplicate_packets: 8 * k,
            capture_duplicate_packets: 9 * k,
            lost_upstream_bytes: Some(500 * k),
            lost_downstream_bytes: Some(1_000 * k),
            episodes: Some(3 * k),
            recovery: ms(250),
        }),
        acks: Some(AckSummary {
            dup_acks: 5,
            sack_acks: Some(4),
            dsacks: Some(3),
            keepalives: 2,
            zero_window_probes: 1,
            unanswered_keepalives: 0,
            keepalive_interval: ms(60_000),
        }),
        rtt: RttSummary {
            samples: 40,
            min: ms(20),
            mean: ms(23),
            p50: ms(22),
            p95: ms(30),
            p99: ms(35),
            max: ms(41),
            stddev: ms(4),
            ack_delay_max: ms(38),
        },
        window: Some(WindowSummary {
            min: Some(0),
            max: Some(262_144),
            median: Some(131_072),
            zero_windows: k,
            zero_window: Nanos::from_millis(120),
            rwnd_limited: ms(80),
            max_in_flight: Some(65_000),
            initial_window_bytes: Some(14_480),
            initial_window_packets: Some(10),
            srtt: ms(24),
            rto: ms(224),
        }),
        stalls: Some(StallSummary { stalls: 2, time: Nanos::from_millis(1_700) }),
        nagle: NagleSummary { waits: 2, cost: Nanos::from_millis(80), frame: Some(4_730) },
        options_cut: false,
    }
}
