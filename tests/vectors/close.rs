//! Vectors 75 to 85: how it ended.

use super::script::{C, Run, S, Script, ms};
use tcplens::tcp::{ClosedBy, End, HandshakeOutcome, RstKind, TcpState};

/// A request and its answer, and silence since 90 ms.
fn idle() -> Script {
    let mut s = Script::setup();
    s.client_data(41.0, 1..101);
    s.server_acks(101).server_data(80.0, 1..101);
    s.client_ack(90.0, 101);
    s
}

/// How it ended, by whom, and the kind of the RST.
fn end(run: &Run) -> (End, Option<ClosedBy>, Option<RstKind>) {
    let teardown = &run.row().teardown;
    (teardown.end, teardown.closed_by, teardown.rst_kind)
}

/// 75: FIN of C, its ACK, FIN of S, its ACK: four segments, closed by the client, which holds TIME_WAIT; 41 ms; Zeek has SF.
#[test]
fn vector_75_four_segments() {
    let mut s = Script::setup();
    s.fin(C, 100.0);
    s.server_ack(130.0, 2);
    s.fin(S, 131.0);
    s.client_ack(141.0, 2);
    let run = s.run();
    assert_eq!(end(&run), (End::Fin, Some(ClosedBy::Client), None));
    let teardown = &run.row().teardown;
    assert_eq!(teardown.states, [TcpState::TimeWait, TcpState::Closed]);
    assert_eq!((teardown.close, teardown.half_closed), (Some(ms(41.0)), Some(ms(31.0))));
    assert_eq!(teardown.zeek_conn_state, "SF");
}

/// 76: the FIN of S acknowledges that of C: three segments.
#[test]
fn vector_76_three_segments() {
    let mut s = Script::setup();
    s.fin(C, 100.0);
    s.server_acks(2).fin(S, 130.0);
    s.client_ack(140.0, 2);
    let run = s.run();
    assert_eq!(end(&run), (End::Fin, Some(ClosedBy::Client), None));
    assert_eq!(run.row().teardown.states, [TcpState::TimeWait, TcpState::Closed]);
    assert_eq!(run.row().teardown.close, Some(ms(40.0)));
}

/// 77: neither FIN acknowledges the other: simultaneous, and both hold TIME_WAIT.
#[test]
fn vector_77_simultaneous_close() {
    let mut s = Script::setup();
    s.fin(C, 100.0);
    s.fin(S, 105.0);
    s.client_ack(115.0, 2);
    s.server_ack(130.0, 2);
    let run = s.run();
    assert_eq!(end(&run), (End::FinSimultaneous, Some(ClosedBy::Both), None));
    assert_eq!(run.row().teardown.states, [TcpState::TimeWait; 2]);
}

/// 78: S sends for 5 s after the FIN of C, and closes then: half closed for 5 s, and an orderly end.
#[test]
fn vector_78_half_closed() {
    let mut s = Script::setup();
    s.fin(C, 100.0);
    s.server_ack(130.0, 2);
    for i in 1..5 {
        let t = 100.0 + 1000.0 * f64::from(i);
        s.server_data(t, 1000 * i as u32 - 999..1000 * i as u32 + 1);
        s.client_ack(t + 10.0, 1000 * i as u32 + 1);
    }
    s.fin(S, 5100.0);
    s.client_ack(5110.0, 4002);
    let run = s.run();
    assert_eq!(end(&run), (End::Fin, Some(ClosedBy::Client), None));
    assert_eq!(run.row().teardown.half_closed, Some(ms(5000.0)));
    assert_eq!(run.unique_bytes(S), 4000);
    run.assert_clean(S);
}

/// 79: C resets with ACK, behind all that it sent: an abort by the client; Zeek has RSTO.
#[test]
fn vector_79_abort() {
    let mut s = idle();
    s.rst_ack(C, 200.0, 101);
    let run = s.run();
    assert_eq!(end(&run), (End::RstClient, Some(ClosedBy::Client), Some(RstKind::Abort)));
    assert_eq!(run.row().teardown.states, [TcpState::Reset; 2]);
    assert_eq!(run.row().teardown.zeek_conn_state, "RSTO");
}

/// 80: S closes, C sends data, and S resets without ACK where C's ACK was: data after the close.
#[test]
fn vector_80_data_after_close() {
    let mut s = Script::setup();
    s.fin(S, 100.0);
    s.client_ack(110.0, 2);
    s.client_data(200.0, 1..101);
    s.rst(S, 230.0, 2);
    let run = s.run();
    assert_eq!(end(&run), (End::FinThenRst, Some(ClosedBy::Server), Some(RstKind::DataAfterClose)));
}

/// 81: both FINs were acknowledged, and C resets after that: the end stays `fin`, the RST had no effect.
#[test]
fn vector_81_reset_after_the_end() {
    let mut s = Script::setup();
    s.fin(S, 100.0);
    s.client_acks(2).fin(C, 110.0);
    s.server_ack(140.0, 2);
    s.rst(C, 150.0, 2);
    let run = s.run();
    assert_eq!(end(&run), (End::Fin, Some(ClosedBy::Server), None));
    assert_eq!(run.half(C).volume.rst_packets, 1);
    assert_eq!(run.row().teardown.states, [TcpState::Closed, TcpState::TimeWait]);
}

/// 82: after 350 s of silence C sends data, and S resets without ACK: no socket. (That 350 s is a common idle limit is a finding.)
#[test]
fn vector_82_no_socket() {
    let mut s = idle();
    s.client_data(350_090.0, 101..201);
    s.rst(S, 350_120.0, 101);
    let run = s.run();
    assert_eq!(end(&run), (End::RstServer, Some(ClosedBy::Server), Some(RstKind::NoSocket)));
    assert_eq!(run.row().idle_max, ms(350_000.0));
}

/// 83: a RST in the window, but not where C expects it: C answers with an ACK (RFC 5961), the data goes on, and it stays open.
#[test]
fn vector_83_reset_challenged() {
    let mut s = idle();
    s.rst(S, 200.0, 1101);
    s.client_ack(210.0, 101);
    s.server_data(300.0, 101..201);
    s.client_ack(310.0, 201);
    let run = s.run();
    assert_eq!(end(&run), (End::OpenAtEnd, None, None));
    assert_eq!(run.row().teardown.states, [TcpState::Established; 2]);
    assert_eq!((run.half(S).volume.rst_packets, run.unique_bytes(S), run.acks(C).dup_acks), (1, 200, 0));
    run.assert_clean(S);
}

/// A RST with a foreign TTL in the name of S, and data of S after it. C obeys the RST, and resets what comes then.
fn injected(id: u16) -> Run {
    let mut s = idle();
    s.rst(S, 200.0, 101).ttl(48).id(id);
    s.server_data(250.0, 101..201);
    s.rst(C, 260.0, 101);
    s.run()
}

/// 84: the RST has a TTL that is 12 below that of S and an ID that is not of its counter, and S goes on: somebody else sent it, and C
/// obeyed.
#[test]
fn vector_84_injected() {
    assert_eq!(injected(40_000).row().teardown.rst_kind, Some(RstKind::InjectedSuspected));
}

/// 84: the TTL, and that S goes on, are signs enough without an ID.
#[test]
fn vector_84_injected_without_an_id() {
    assert_eq!(injected(0).row().teardown.rst_kind, Some(RstKind::InjectedSuspected));
}

/// 84: if C goes on too, the RST had no effect.
#[test]
fn vector_84_injected_in_vain() {
    let mut s = idle();
    s.rst(S, 200.0, 101).ttl(48).id(40_000);
    s.server_data(250.0, 101..201);
    s.client_ack(260.0, 201);
    s.client_data(300.0, 101..201);
    s.server_ack(330.0, 201);
    let run = s.run();
    assert_eq!(end(&run), (End::OpenAtEnd, None, None));
    assert_eq!(run.row().handshake.outcome, HandshakeOutcome::Established);
    assert_eq!((run.unique_bytes(C), run.unique_bytes(S)), (200, 200));
}

/// 85: nine keep-alives of C, 75 s apart, get no answer, and it resets: `keepalive_reset`. (That the peer is dead is a finding.)
#[test]
fn vector_85_keepalive_reset() {
    let mut s = idle();
    for i in 1..10 {
        s.probe(C, 75_000.0 * f64::from(i), 100).lost();
    }
    s.rst_ack(C, 750_000.0, 101);
    let run = s.run();
    assert_eq!(end(&run), (End::RstClient, Some(ClosedBy::Client), Some(RstKind::KeepaliveReset)));
    assert_eq!((run.acks(C).keepalives, run.loss(C).retrans_packets), (9, 0));
}
