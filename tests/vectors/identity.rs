//! Vectors 19 to 25: which packets are one connection, and who is its client.

use super::script::{C, S, Script, ms};
use tcplens::base::{Endpoint, RoleEvidence};
use tcplens::tcp::{End, EventKind, HandshakeOutcome, Quality, RstKind};

/// 19: the first packet is the SYN-ACK: `established_partial`, its receiver is the client, and there is no half of the server from the SYN.
#[test]
fn vector_19_syn_not_captured() {
    let mut s = Script::new();
    s.server_acks(1).syn_ack(30.0);
    s.ack(40.0);
    s.client_data(41.0, 1..101);
    let run = s.run();
    let row = run.row();
    assert_eq!(row.handshake.outcome, HandshakeOutcome::EstablishedPartial);
    assert_eq!(row.role_evidence, RoleEvidence::SynAck);
    assert_eq!(run.rows[0].record.client, Endpoint::v4([10, 0, 0, 1], 40000));
    assert_eq!(row.handshake.half_rtt, [Some(ms(10.0)), None]);
    assert_eq!(row.handshake.syn_packets, 0);
    run.assert_clean(C);
}

/// 20: the first packet is data from port 50000 to port 443: `midstream`, the client by the ports, the window scale unknown, and what was
/// before is neither a hole nor sent again.
#[test]
fn vector_20_midstream() {
    let mut s = Script::new().with_ports(50000, 443);
    s.client_acks(7000).client_data(0.0, 5000..5100);
    let run = s.run();
    let row = run.row();
    assert_eq!(row.handshake.outcome, HandshakeOutcome::Midstream);
    assert_eq!(run.rows[0].record.client.port, 50000);
    assert_eq!(row.role_evidence, RoleEvidence::WellKnownPort);
    assert_eq!(row.handshake.window_scale, [None, None]);
    assert!(row.quality.has(Quality::NO_HANDSHAKE));
    assert!(row.quality.has(Quality::WINDOW_SCALE_UNKNOWN));
    assert_eq!((run.unique_bytes(C), run.windows(C).max), (100, None));
    assert_eq!(run.times(C, EventKind::Gap), [0.0; 0]);
    assert_eq!(run.loss(C).retrans_packets, 0);
}

/// 21: closed at 10 s, and a SYN with another number at 15 s: two connections, the second reuses the ports after 5 s.
#[test]
fn vector_21_ports_reused() {
    let mut s = Script::setup();
    s.fin(C, 9960.0);
    s.server_acks(2).fin(S, 9990.0);
    s.client_ack(10_000.0, 2);
    s.client_isn(77_000_000).server_isn(5_000).open_at(15_000.0);
    let run = s.run();
    let flows = run.flows();
    assert_eq!(flows.len(), 2);
    assert_eq!((flows[0].teardown.end, flows[0].reused_after), (End::Fin, None));
    assert_eq!(flows[1].reused_after, Some(ms(5000.0)));
    assert_eq!(flows[1].handshake.outcome, HandshakeOutcome::Established);
}

/// 22: a SYN with another number comes amid an established connection, the server answers it with an ACK of what it expects (RFC 5961), and
/// the client's data goes on: an old duplicate; it splits nothing.
#[test]
fn vector_22_stray_syn() {
    let mut s = Script::setup();
    s.client_data(50.0, 1..101);
    s.server_ack(80.0, 101);
    let now = s.client_isn_for_a_moment(400_000);
    s.syn(1000.0).tsval(1);
    s.back_to(now);
    s.server_ack(1030.0, 101);
    s.client_data(1100.0, 101..201);
    s.server_ack(1130.0, 201);
    let run = s.run();
    let row = run.row();
    assert_eq!((row.handshake.outcome, row.handshake.syn_packets), (HandshakeOutcome::Established, 1));
    assert_eq!((row.teardown.end, run.unique_bytes(C)), (End::OpenAtEnd, 200));
    assert_eq!((run.acks(S).dup_acks, run.half(C).volume.packets), (0, 5));
    run.assert_clean(C);
}

/// 23: the client has forgotten an idle connection and sends a new SYN; the server acknowledges the old one, the client resets that, and
/// its SYN comes again after 1 s: the old connection ends as `half_open_discovery`, and the new one begins with the first new SYN.
#[test]
fn vector_23_half_open_discovery() {
    let mut s = Script::setup();
    s.client_data(50.0, 1..101);
    s.server_ack(80.0, 101);
    let old = s.client_isn_for_a_moment(900_000_000);
    s.syn(60_000.0);
    let new = s.back_to(old);
    s.server_ack(60_030.0, 101);
    s.rst(C, 60_040.0, 101);
    s.back_to(new);
    s.server_isn(40_000);
    s.syn(61_000.0);
    s.syn_ack(61_030.0);
    s.ack(61_040.0);
    let run = s.run();
    let flows = run.flows();
    assert_eq!(flows.len(), 2);
    assert_eq!(flows[0].teardown.rst_kind, Some(RstKind::HalfOpenDiscovery));
    assert_eq!(flows[0].teardown.end, End::RstClient);
    assert_eq!(flows[1].span.0 - flows[0].span.0, ms(60_000.0));
    assert_eq!((flows[1].handshake.outcome, flows[1].handshake.syn_packets), (HandshakeOutcome::Established, 2));
    assert_eq!(flows[1].halves[C].loss.as_ref().unwrap().rto_packets, 1);
}

/// 24: the sequence numbers wrap between two segments: no hole, and 1296 bytes in all.
#[test]
fn vector_24_sequence_numbers_wrap() {
    let mut s = Script::new();
    s.client_isn(4_294_966_999);
    let mut s = s.opened();
    s.client_data(50.0, 1..297);
    s.client_data(51.0, 297..1297);
    s.server_ack(81.0, 1297);
    let run = s.run();
    assert_eq!(run.unique_bytes(C), 1296);
    assert_eq!(run.half(C).stream.as_ref().unwrap().stream_bytes, 1296);
    assert_eq!(run.times(C, EventKind::Gap), [0.0; 0]);
    run.assert_clean(C);
}

/// 25: after two idle hours the data goes on where it was: the same connection.
#[test]
fn vector_25_idle_for_two_hours() {
    let mut s = Script::setup();
    s.client_data(50.0, 1..101);
    s.server_ack(80.0, 101);
    s.client_data(7_200_080.0, 101..201);
    s.server_ack(7_200_110.0, 201);
    let run = s.run();
    assert_eq!(run.row().idle_max, ms(7_200_000.0));
    assert_eq!(run.unique_bytes(C), 200);
    run.assert_clean(C);
}

/// Section 1, "SYN, seq != isn_c, SYN_SENT": a SYN with another number and a timestamp a little older comes after one that nobody answered:
/// an old duplicate that took the longer way.
#[test]
fn an_older_syn_that_comes_late_is_no_attempt() {
    let mut s = Script::new();
    s.syn(0.0);
    let now = s.client_isn_for_a_moment(400_000);
    let older = s.clock(C, 0.0) - 2000;
    s.syn(5.0).tsval(older);
    s.back_to(now);
    s.syn(1000.0);
    let run = s.run();
    assert_eq!((run.flows().len(), run.row().handshake.syn_packets), (1, 2));
}

/// The same with a clock that is days behind: another host behind the same NAT, or one that was restarted. It is an attempt of its own,
/// and it succeeds.
#[test]
fn a_syn_of_another_clock_is_an_attempt_of_its_own() {
    let mut s = Script::new();
    s.syn(0.0);
    s.client_isn(400_000);
    let other = s.clock(C, 0.0).wrapping_sub(400_000_000);
    s.syn(5000.0).tsval(other);
    s.syn_ack(5030.0);
    s.ack(5040.0).tsval(other + 40);
    s.client_data(5041.0, 1..101).tsval(other + 41);
    let run = s.run();
    let flows = run.flows();
    assert_eq!(flows.len(), 2);
    assert_eq!(flows[0].handshake.outcome, HandshakeOutcome::Unanswered);
    assert_eq!((flows[1].handshake.outcome, flows[1].handshake.syn_packets), (HandshakeOutcome::Established, 1));
}

/// Section 1, pending SYNs: two with different numbers are held back, and the server answers the second: that begins the new connection,
/// and the first was an old duplicate.
#[test]
fn of_two_syns_held_back_the_one_that_is_answered_begins_the_connection() {
    let mut s = Script::setup();
    s.client_data(50.0, 1..101);
    s.server_ack(80.0, 101);
    s.client_isn_for_a_moment(700_000_000);
    s.syn(60_000.0);
    s.client_isn(900_000_000);
    s.syn(61_000.0);
    s.server_isn(40_000);
    s.syn_ack(61_030.0);
    s.ack(61_040.0);
    s.client_data(61_041.0, 1..101);
    let run = s.run();
    let flows = run.flows();
    assert_eq!(flows.len(), 2);
    assert_eq!((flows[0].teardown.end, flows[0].halves[C].volume.packets), (End::Superseded, 4));
    assert_eq!((flows[1].handshake.outcome, flows[1].handshake.syn_packets), (HandshakeOutcome::Established, 1));
    assert_eq!(flows[1].span.0 - flows[0].span.0, ms(61_000.0));
}

/// Where the capture ends before an answer, the last one is taken for an attempt.
#[test]
fn of_two_syns_held_back_at_the_end_the_last_is_an_attempt() {
    let mut s = Script::setup();
    s.client_isn_for_a_moment(700_000_000);
    s.syn(60_000.0);
    s.client_isn(900_000_000);
    s.syn(61_000.0);
    s.syn(62_000.0);
    let run = s.run();
    let flows = run.flows();
    assert_eq!(flows.len(), 2);
    assert_eq!((flows[1].handshake.outcome, flows[1].handshake.syn_packets), (HandshakeOutcome::Unanswered, 2));
    assert_eq!(flows[1].handshake.syn_packets + flows[0].handshake.syn_packets, 3);
}
