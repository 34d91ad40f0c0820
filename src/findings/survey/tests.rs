//! Scenes: connections as the survey sees them, in the order in which a test tells them.

use super::*;
use crate::base::{Nanos, RoleEvidence, Timestamp};
use crate::tcp::*;

/// 2024-05-01 12:00:00 UTC.
const START: Timestamp = Timestamp(1_714_564_800_000_000_000);

/// A survey and how many connections it saw.
#[derive(Default)]
pub struct Scene {
    pub survey: Survey,
    seen: u64,
}

/// A connection that is about to be shown: an ordinary one of 20 ms until it is changed.
pub struct Shown<'a> {
    scene: &'a mut Scene,
    client: Endpoint,
    server: Endpoint,
    pub summary: ConnectionSummary,
}

impl Scene {
    pub fn client(&mut self, address: [u8; 4], port: u16) -> Shown<'_> {
        let server = Endpoint::v4([10, 0, 0, 2], 80);
        Shown { scene: self, client: Endpoint::v4(address, port), server, summary: ordinary() }
    }

    pub fn findings(&self) -> Vec<Finding> {
        self.survey.findings()
    }
}

/// The codes of findings, in their order.
pub fn codes(found: &[Finding]) -> Vec<Code> {
    found.iter().map(|f| f.code).collect()
}

impl Shown<'_> {
    pub fn to(mut self, address: [u8; 4], port: u16) -> Self {
        self.server = Endpoint::v4(address, port);
        self
    }

    /// So long after the scene began.
    pub fn at_ms(mut self, ms: i64) -> Self {
        let start = START + Nanos::from_millis(ms);
        self.summary.span = (start, start + Nanos::from_millis(20));
        self
    }

    /// With a request and a response, or as the test has made it.
    pub fn request(&mut self) {
        self.scene.seen += 1;
        self.scene.survey.add(&Sighting {
            flow_id: self.scene.seen - 1,
            first_frame: self.scene.seen * 10,
            client: self.client,
            server: self.server,
            summary: &self.summary,
        });
    }

    pub fn refused(&mut self) {
        self.failed(HandshakeOutcome::RefusedRst, End::Refused);
    }

    pub fn unanswered(&mut self) {
        self.failed(HandshakeOutcome::Unanswered, End::Unanswered);
    }

    pub fn half_open(&mut self) {
        self.failed(HandshakeOutcome::HalfOpen, End::OpenAtEnd);
    }

    fn failed(&mut self, outcome: HandshakeOutcome, end: End) {
        self.summary.handshake.outcome = outcome;
        self.summary.handshake.round_trip = None;
        (self.summary.handshake.sack, self.summary.handshake.timestamps) = (None, None);
        self.summary.teardown.end = end;
        self.summary.teardown.closed_by = None;
        self.summary.turns = TurnSummary::default();
        for half in &mut self.summary.halves {
            half.volume.payload_bytes = 0;
        }
        self.request();
    }
}

/// With which nothing is wrong.
pub fn ordinary() -> ConnectionSummary {
    let half = HalfSummary {
        volume: VolumeSummary { packets: 5, payload_bytes: 500, ..VolumeSummary::default() },
        stream: Some(StreamSummary { stream_bytes: 500, missing_bytes: Some(0), ..StreamSummary::default() }),
        loss: Some(LossSummary::default()),
        acks: Some(AckSummary::default()),
        rtt: RttSummary::default(),
        window: Some(WindowSummary::default()),
        stalls: Some(StallSummary::default()),
        nagle: NagleSummary::default(),
        options_cut: false,
    };
    ConnectionSummary {
        span: (START, START + Nanos::from_millis(20)),
        idle_max: Nanos::from_millis(5),
        role_evidence: RoleEvidence::Syn,
        handshake: HandshakeSummary {
            outcome: HandshakeOutcome::Established,
            syn_packets: 1,
            syn_ack_packets: 1,
            round_trip: Some(Nanos::from_millis(5)),
            half_rtt: [None; 2],
            setup_delay: Some(Nanos::ZERO),
            mss: [Some(1_460); 2],
            window_scale: [Some(7); 2],
            sack: Some(true),
            timestamps: Some(true),
            ecn: None,
            fast_open: None,
            mptcp: None,
            overflow: None,
        },
        teardown: TeardownSummary {
            end: End::Fin,
            closed_by: Some(ClosedBy::Client),
            rst_kind: None,
            states: [TcpState::TimeWait, TcpState::Closed],
            close: None,
            half_closed: None,
            zeek_conn_state: "SF",
            zeek_history: HistoryText::default(),
        },
        halves: [half.clone(), half],
        rtt_min: Some(Nanos::from_millis(5)),
        reused_after: None,
        vantage: Vantage::AtClient,
        quality: Quality::default(),
        turns: TurnSummary { requests: Some(3), ..TurnSummary::default() },
        budget: BudgetSummary::default(),
    }
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    let mut scene = Scene::default();
    for n in 0..1_000u16 {
        scene.client([10, 0, 1, (n % 200) as u8], 40_000 + n).at_ms(i64::from(n) * 20).request();
    }
    assert_eq!(scene.findings(), []);
    assert_eq!(scene.survey.forgotten(), 0);
}

#[test]
fn the_worst_comes_first_then_the_most_frequent() {
    let mut scene = Scene::default();
    for n in 0..12 {
        scene.client([10, 0, 0, 1], 40_000 + n).refused();
    }
    for n in 0..3 {
        scene.client([10, 0, 0, 1], 40_000 + n).to([10, 0, 0, 3], 81).refused();
    }
    scene.client([10, 0, 0, 1], 40_000).to([10, 0, 0, 4], 82).refused();
    let found = scene.findings();
    assert_eq!(codes(&found), [Code::ServiceDown, Code::Refused, Code::Refused]);
    assert!(found.is_sorted_by_key(|f| (Reverse(f.code.severity()), Reverse(f.connections))));
}
