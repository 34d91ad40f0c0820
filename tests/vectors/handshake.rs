//! Vectors 1 to 18: the handshake.

use super::script::{C, Run, S, Script, ms};
use tcplens::base::{IcmpKind, Nanos, SegmentBits};
use tcplens::tcp::{ClosedBy, End, EventKind, FastOpen, HandshakeOutcome, RstKind};

/// 1: SYN at 0, SYN-ACK at 30, ACK at 40: `established`, the server's half is 30, the client's 10, the round trip 40.
#[test]
fn vector_01_handshake() {
    let run = Script::setup().run();
    let handshake = &run.row().handshake;
    assert_eq!(handshake.outcome, HandshakeOutcome::Established);
    assert_eq!(handshake.half_rtt, [Some(ms(10.0)), Some(ms(30.0))]);
    assert_eq!(handshake.round_trip, Some(ms(40.0)));
    assert_eq!(handshake.setup_delay, Some(Nanos::ZERO));
    assert_eq!(run.row().rtt_min, Some(ms(40.0)));
    assert_eq!(run.row().teardown.zeek_conn_state, "S1");
}

/// The set-up of all vectors: the estimated timer of both senders is 240 ms, for the handshake is a valid sample of the full round trip.
#[test]
fn vector_01_timers() {
    let run = Script::setup().run();
    for end in [C, S] {
        assert_eq!(run.windows(end).srtt, Some(ms(40.0)));
        assert_eq!(run.windows(end).rto, Some(ms(240.0)));
    }
}

/// The ACK of the handshake acknowledges the SYN of S, which takes a sequence number: an advance (5.6), and no mere update of the window.
#[test]
fn vector_01_last_ack_is_no_window_update() {
    assert_eq!(Script::setup().run().times(C, EventKind::WindowUpdate), [0.0; 0]);
}

/// 2: the SYN is repeated after 1 s and answered with the echo of the second one's timestamp: one SYN retransmission, the server's half is
/// exactly 30, 1000 ms were lost, and the loss of data is none of it.
#[test]
fn vector_02_syn_lost_with_timestamps() {
    let mut s = Script::new();
    s.syn(0.0).lost();
    s.syn(1000.0);
    s.syn_ack(1030.0);
    s.ack(1040.0);
    let run = s.run();
    let handshake = &run.row().handshake;
    assert_eq!((handshake.syn_packets, handshake.syn_ack_packets), (2, 1));
    assert_eq!(handshake.half_rtt, [Some(ms(10.0)), Some(ms(30.0))]);
    assert_eq!(handshake.round_trip, Some(ms(40.0)));
    assert_eq!(handshake.setup_delay, Some(ms(1000.0)));
    assert_eq!(run.verdicts(C), [(1000.0, "syn_retransmit")]);
    let loss = run.loss(C);
    assert_eq!((loss.retrans_packets, loss.rto_packets, loss.retrans_bytes), (1, 1, 0));
    assert_eq!((loss.spurious_packets, loss.lost_downstream_bytes), (0, Some(0)));
}

/// 3: the same without timestamps: which SYN was answered cannot be told (Karn), so the server's half is empty; the client's is valid.
/// The bounds of 30 and 1030 ms are no column.
#[test]
fn vector_03_syn_lost_without_timestamps() {
    let mut s = Script::new().without_timestamps();
    s.syn(0.0).lost();
    s.syn(1000.0);
    s.syn_ack(1030.0);
    s.ack(1040.0);
    let run = s.run();
    assert_eq!(run.row().handshake.half_rtt, [Some(ms(10.0)), None]);
    assert_eq!((run.half(S).rtt.samples, run.half(C).rtt.samples), (0, 1));
    assert_eq!(run.row().rtt_min, None);
}

/// 4: the SYN is repeated after 1 s, but the SYN-ACK of 1005 echoes the first one: the server's half is 1005, a slow first answer, not 5.
/// The repetition was not needed.
#[test]
fn vector_04_slow_first_answer() {
    let mut s = Script::new();
    s.syn(0.0);
    s.syn(1000.0);
    s.syn_ack(1005.0);
    s.ack(1015.0);
    let run = s.run();
    assert_eq!(run.row().handshake.half_rtt, [Some(ms(10.0)), Some(ms(1005.0))]);
    assert_eq!(run.loss(C).retrans_packets, 1);
}

/// 4, what follows from it by 5.3: the answer echoes an earlier transmission (Eifel) and came too soon to be for the second one.
#[test]
fn vector_04_repetition_was_unneeded() {
    let mut s = Script::new();
    s.syn(0.0);
    s.syn(1000.0);
    s.syn_ack(1005.0);
    s.ack(1015.0);
    assert_eq!(s.run().loss(C).spurious_packets, 1);
}

/// 5: the SYN-ACK is repeated after 1 s, and the ACK of 1040 echoes the second one: one SYN-ACK retransmission, the client's half is
/// exactly 10. No overflow of the accept queue, for the client had not acknowledged the first.
#[test]
fn vector_05_syn_ack_lost() {
    let mut s = Script::new();
    s.syn(0.0);
    s.syn_ack(30.0).lost();
    s.syn_ack(1030.0);
    s.ack(1040.0);
    let run = s.run();
    let handshake = &run.row().handshake;
    assert_eq!((handshake.syn_packets, handshake.syn_ack_packets), (1, 2));
    assert_eq!(handshake.half_rtt, [Some(ms(10.0)), Some(ms(30.0))]);
    assert_eq!(handshake.setup_delay, Some(ms(1000.0)));
    assert_eq!(run.verdicts(S), [(1030.0, "syn_retransmit")]);
    assert_eq!((run.loss(S).rto_packets, run.loss(S).spurious_packets), (1, 0));
}

/// 6: the SYN is answered with RST and ACK of 1 after 30 ms: `refused_rst`, the server's half is 30; Zeek has REJ and `Sr`.
#[test]
fn vector_06_refused() {
    let mut s = Script::new();
    s.syn(0.0);
    s.rst_ack(S, 30.0, 0).acks(1);
    let run = s.run();
    let row = run.row();
    assert_eq!(row.handshake.outcome, HandshakeOutcome::RefusedRst);
    assert_eq!(row.handshake.half_rtt, [None, Some(ms(30.0))]);
    assert_eq!((row.teardown.end, row.teardown.rst_kind), (End::Refused, Some(RstKind::Refused)));
    assert_eq!(row.teardown.closed_by, Some(ClosedBy::Server));
    assert_eq!((row.teardown.zeek_conn_state, row.teardown.zeek_history.as_str()), ("REJ", "Sr"));
}

/// 7: Windows repeats a refused SYN with the same number after half a second: one connection, `refused_rst`.
#[test]
fn vector_07_refused_twice() {
    let mut s = Script::new();
    for t in [0.0, 530.0] {
        s.syn(t);
        s.rst_ack(S, t + 30.0, 0).acks(1);
    }
    let run = s.run();
    assert_eq!(run.row().handshake.outcome, HandshakeOutcome::RefusedRst);
    assert_eq!(run.row().handshake.syn_packets, 2);
    assert_eq!(run.row().teardown.end, End::Refused);
    assert_eq!(run.half(S).volume.rst_packets, 2);
}

/// 8: nothing but SYNs at 0, 1, 3 and 7 s: `unanswered`, four SYNs; Zeek has S0.
#[test]
fn vector_08_unanswered() {
    let mut s = Script::new();
    for t in [0.0, 1000.0, 3000.0, 7000.0] {
        s.syn(t).lost();
    }
    let run = s.run();
    let row = run.row();
    assert_eq!(row.handshake.outcome, HandshakeOutcome::Unanswered);
    assert_eq!((row.handshake.syn_packets, row.handshake.syn_ack_packets), (4, 0));
    assert_eq!((row.teardown.end, row.teardown.zeek_conn_state), (End::Unanswered, "S0"));
    assert_eq!(run.loss(C).rto_packets, 3);
}

/// 9: an ICMP error (port unreachable) quotes the SYN: `refused_icmp`.
#[test]
fn vector_09_refused_by_icmp() {
    let mut s = Script::new();
    s.syn(0.0);
    s.icmp(30.0, IcmpKind::Unreachable, C, 0);
    let run = s.run();
    assert_eq!(run.row().handshake.outcome, HandshakeOutcome::RefusedIcmp);
    assert_eq!(run.row().teardown.end, End::Refused);
}

/// 10: the SYN-ACK is repeated, and no ACK comes: `half_open`.
#[test]
fn vector_10_half_open() {
    let mut s = Script::new();
    s.syn(0.0);
    for t in [30.0, 1030.0, 3030.0] {
        s.syn_ack(t);
    }
    let run = s.run();
    assert_eq!(run.row().handshake.outcome, HandshakeOutcome::HalfOpen);
    assert_eq!(run.row().handshake.syn_ack_packets, 3);
    assert_eq!(run.row().teardown.end, End::OpenAtEnd);
}

/// 11: the client answers the SYN-ACK with a RST without ACK: `client_reset`, the shape of a half-open scan.
#[test]
fn vector_11_half_open_scan() {
    let mut s = Script::new();
    s.syn(0.0);
    s.syn_ack(30.0);
    s.rst(C, 40.0, 1);
    let run = s.run();
    let row = run.row();
    assert_eq!(row.handshake.outcome, HandshakeOutcome::ClientReset);
    assert_eq!((row.teardown.end, row.teardown.rst_kind), (End::RstClient, Some(RstKind::NoSocket)));
    assert_eq!((row.teardown.zeek_conn_state, row.teardown.zeek_history.as_str()), ("RSTO", "ShR"));
}

/// 12: the server ignores the client's ACK and data and repeats its SYN-ACK. The client's resends are a tail loss probe or a timer's, and
/// then a timer's. (That the accept queue is suspected is a finding.)
#[test]
fn vector_12_accept_queue_overflow() {
    let mut s = Script::setup();
    for t in [41.0, 283.0, 770.0] {
        s.client_data(t, 1..101).lost();
    }
    s.syn_ack(1030.0);
    s.ack(1040.0);
    let run = s.run();
    let verdicts = run.verdicts(C);
    assert_eq!(verdicts.len(), 2);
    assert!(matches!(verdicts[0], (283.0, "tlp" | "rto")), "{verdicts:?}");
    assert_eq!(verdicts[1], (770.0, "rto"));
    assert_eq!(run.verdicts(S), [(1030.0, "syn_retransmit")]);
    assert_eq!(run.row().handshake.syn_ack_packets, 2);
    assert_eq!(run.row().handshake.half_rtt, [Some(ms(10.0)), Some(ms(30.0))]);
}

/// 13: the server repeats its SYN-ACK although the ACK had come by, and all is well after that: the ACK was lost, or ignored.
/// (Which of both is a finding.) The handshake's times are those of the first round.
#[test]
fn vector_13_final_ack_lost_or_ignored() {
    let mut s = Script::setup();
    s.syn_ack(1030.0);
    s.ack(1040.0);
    s.client_data(1100.0, 1..101);
    s.server_acks(101).server_data(1130.0, 1..1001);
    s.client_ack(1140.0, 1001);
    let run = s.run();
    let handshake = &run.row().handshake;
    assert_eq!((handshake.outcome, handshake.syn_ack_packets), (HandshakeOutcome::Established, 2));
    assert_eq!(handshake.half_rtt, [Some(ms(10.0)), Some(ms(30.0))]);
    assert_eq!((handshake.round_trip, handshake.setup_delay), (Some(ms(40.0)), Some(Nanos::ZERO)));
    assert_eq!(run.verdicts(S), [(1030.0, "syn_retransmit")]);
    run.assert_clean(C);
}

/// 14: a RST without ACK right after the handshake: `overflow_reset`; with ACK it is an `abort`.
#[test]
fn vector_14_reset_on_overflow() {
    let mut s = Script::setup();
    s.rst(S, 70.0, 1);
    let run = s.run();
    assert_eq!(run.row().handshake.outcome, HandshakeOutcome::Established);
    assert_eq!(run.row().teardown.end, End::RstServer);
    assert_eq!(run.row().teardown.rst_kind, Some(RstKind::OverflowReset));

    let mut s = Script::setup();
    s.rst_ack(S, 70.0, 1);
    assert_eq!(s.run().row().teardown.rst_kind, Some(RstKind::Abort));
}

/// 15: the SYN bears a Fast Open cookie and 100 bytes, and the SYN-ACK acknowledges all: accepted, and the request begins with the SYN.
#[test]
fn vector_15_fast_open_accepted() {
    let mut s = Script::new();
    s.syn(0.0).payload(100).bits(SegmentBits::FAST_OPEN_COOKIE);
    s.syn_ack(30.0).acks(101);
    s.client_acks(1).client_data(40.0, 101..201);
    let run = s.run();
    let row = run.row();
    assert_eq!(row.handshake.fast_open, Some(FastOpen::Accepted));
    assert_eq!(row.handshake.outcome, HandshakeOutcome::Established);
    assert_eq!(run.half(C).volume.data_span.map(|(first, _)| first), Some(row.span.0));
    assert_eq!(run.unique_bytes(C), 200);
    run.assert_clean(C);
}

/// A Fast Open SYN with 100 bytes, of which the SYN-ACK acknowledges nothing, so that the client sends them again behind its ACK.
fn fast_open_rejected() -> Run {
    let mut s = Script::new();
    s.syn(0.0).payload(100).bits(SegmentBits::FAST_OPEN_COOKIE);
    s.syn_ack(30.0);
    s.client_acks(1).client_data(40.0, 1..101);
    s.server_ack(70.0, 101);
    s.run()
}

/// 16: the SYN's data is not acknowledged and goes out again: rejected. Linux does that in its Loss state, and counts a retransmission.
#[test]
fn vector_16_fast_open_rejected() {
    let run = fast_open_rejected();
    assert_eq!(run.row().handshake.fast_open, Some(FastOpen::Rejected));
    assert_eq!(run.unique_bytes(C), 100);
    let loss = run.loss(C);
    assert_eq!((loss.retrans_packets, loss.rto_packets, loss.retrans_bytes), (1, 1, 100));
}

/// 16: but nothing was lost: no retransmission was needed for a loss (3, 6).
#[test]
fn vector_16_rejected_data_is_no_loss() {
    let run = fast_open_rejected();
    assert_eq!((run.loss(C).lost_upstream_bytes, run.loss(C).lost_downstream_bytes), (Some(0), Some(0)));
}

/// 17: only the SYN offers to scale windows: neither does, and a window field of 500 is 500 bytes.
#[test]
fn vector_17_no_window_scale() {
    let mut s = Script::new();
    s.syn(0.0);
    s.syn_ack(30.0).unscaled();
    s.ack(40.0).raw_window(500);
    let run = s.run();
    assert_eq!(run.row().handshake.window_scale, [None, None]);
    assert_eq!((run.windows(C).min, run.windows(C).max), (Some(500), Some(500)));
}

/// 18: both send a SYN, and then a SYN-ACK: `simultaneous_open`, and the client is the one whose SYN came by first.
#[test]
fn vector_18_simultaneous_open() {
    let mut s = Script::new();
    s.syn(0.0);
    s.server_syn(5.0);
    s.syn_ack_of(C, 15.0);
    s.syn_ack_of(S, 30.0);
    s.client_acks(1).server_acks(1);
    s.client_data(50.0, 1..101);
    let run = s.run();
    assert_eq!(run.row().handshake.outcome, HandshakeOutcome::SimultaneousOpen);
    assert_eq!(run.rows[0].record.client.port, 40000);
    assert_eq!(run.times(C, EventKind::Spurious), [0.0; 0]);
    assert_eq!((run.loss(C).retrans_packets, run.loss(S).retrans_packets), (0, 0));
}
