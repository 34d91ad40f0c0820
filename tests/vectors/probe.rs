//! Vectors 34 to 39: keep-alives and zero-window probes.

use super::script::{C, Run, S, Script, ms};
use tcplens::tcp::EventKind;

/// A connection on which C has asked, S has answered, and both are silent since 90 ms.
fn idle() -> Script {
    let mut s = Script::setup();
    s.client_data(41.0, 1..101);
    s.server_acks(101).server_data(80.0, 1..101);
    s.client_ack(90.0, 101);
    s
}

/// The next byte of S on a connection on which C has closed its window: it has taken all that it had offered, and offers nothing more since
/// 111 ms.
const NEXT: u32 = 64_001;

/// See [`NEXT`].
fn closed_window() -> Script {
    let mut s = Script::setup();
    s.server_burst(100.0, 1..NEXT);
    s.client_ack(111.0, NEXT).window(0);
    s
}

/// 34: after 60 s C sends an empty segment one below what comes next, and S acknowledges it: a keep-alive and its answer.
#[test]
fn vector_34_keepalive() {
    let mut s = idle();
    s.probe(C, 60_000.0, 100);
    s.server_ack(60_030.0, 101);
    let run = s.run();
    assert_eq!(run.verdicts(C), [(60_000.0, "keepalive")]);
    assert_eq!((run.acks(C).keepalives, run.acks(S).dup_acks), (1, 0));
    assert!(run.acks(C).keepalive_interval > Some(ms(59_000.0)));
    run.assert_clean(C);
}

/// 34: a probe and its answer are a valid sample (9): the handshake's is one, that of the request another, this the third.
#[test]
fn vector_34_keepalive_gives_a_round_trip() {
    let before = idle().run().half(S).rtt.samples;
    let mut s = idle();
    s.probe(C, 60_000.0, 100);
    s.server_ack(60_030.0, 101);
    let run = s.run();
    assert_eq!((run.half(S).rtt.samples, run.half(S).rtt.min), (before + 1, Some(ms(30.0))));
}

/// 35: the same with one byte, as others than Linux do it, and a D-SACK for it: a keep-alive; nothing was sent again, nothing spurious.
#[test]
fn vector_35_keepalive_with_a_byte() {
    let mut s = idle();
    s.client_data(60_000.0, 100..101);
    s.server_ack(60_030.0, 101).sack(&[(100, 101)]);
    let run = s.run();
    assert_eq!(run.verdicts(C), [(60_000.0, "keepalive")]);
    assert_eq!((run.acks(C).keepalives, run.acks(S).dsacks), (1, Some(1)));
    assert_eq!(run.unique_bytes(C), 100);
    run.assert_clean(C);
}

/// 36: S sends its last byte again after 240 ms, while it is not acknowledged: a retransmission (the first one of a segment alone is Linux's
/// tail loss probe), and no keep-alive.
#[test]
fn vector_36_last_byte_again() {
    let mut s = Script::setup();
    s.server_data(50.0, 1..1000);
    s.client_ack(60.0, 1000);
    s.server_data(100.0, 1000..1001).lost();
    s.server_data(340.0, 1000..1001);
    s.client_ack(350.0, 1001);
    let run = s.run();
    assert_eq!(run.verdicts(S), [(340.0, "tlp")]);
    let loss = run.loss(S);
    assert_eq!((loss.retrans_packets, loss.retrans_bytes, loss.lost_downstream_bytes), (1, 1, Some(1)));
    assert_eq!(run.acks(S).keepalives, 0);
}

/// 37: C has closed its window; S sends an empty segment one below what comes next, twice, and C answers both: two zero-window probes.
#[test]
fn vector_37_zero_window_probes() {
    let mut s = closed_window();
    for t in [350.0, 830.0] {
        s.probe(S, t, NEXT - 1);
        s.client_ack(t + 10.0, NEXT).window(0);
    }
    let run = s.run();
    assert_eq!(run.verdicts(S), [(350.0, "zero_window_probe"), (830.0, "zero_window_probe")]);
    assert_eq!((run.acks(S).zero_window_probes, run.acks(S).keepalives), (2, 0));
    assert_eq!((run.acks(C).dup_acks, run.windows(C).zero_windows), (0, 1));
    run.assert_clean(S);
}

/// 38: S probes with the next byte, as others than Linux do it, and C does not take it. When the window opens S sends on from that byte:
/// new data, nothing sent again.
#[test]
fn vector_38_probe_with_a_byte_refused() {
    let mut s = closed_window();
    s.server_data(350.0, NEXT..NEXT + 1);
    s.client_ack(360.0, NEXT).window(0);
    s.client_ack(600.0, NEXT);
    s.server_data(630.0, NEXT..NEXT + 1000);
    s.client_ack(640.0, NEXT + 1000);
    let run = s.run();
    assert_eq!(run.verdicts(S), [(350.0, "zero_window_probe")]);
    assert_eq!(run.unique_bytes(S), 65_000);
    assert_eq!((run.windows(C).zero_windows, run.windows(C).zero_window), (1, ms(489.0)));
    run.assert_clean(S);
}

/// C takes the byte of the probe, and opens its window with that.
fn byte_taken() -> Run {
    let mut s = closed_window();
    s.server_data(350.0, NEXT..NEXT + 1);
    s.client_ack(360.0, NEXT + 1);
    s.server_data(400.0, NEXT + 1..NEXT + 1001);
    s.client_ack(410.0, NEXT + 1001);
    s.run()
}

/// 39: a probe whose byte C takes, opening its window with that: it is a probe, and belongs to the stream.
#[test]
fn vector_39_probe_with_a_byte_taken() {
    let run = byte_taken();
    assert_eq!(run.verdicts(S), [(350.0, "zero_window_probe")]);
    let stream = run.half(S).stream.as_ref().unwrap();
    assert_eq!((stream.stream_bytes, stream.missing_bytes), (65_001, Some(0)));
    assert_eq!((run.windows(C).zero_windows, run.windows(C).zero_window), (1, ms(249.0)));
    assert_eq!(run.times(S, EventKind::Gap), [0.0; 0]);
    run.assert_clean(S);
}

/// 39: the byte counts once: it came by, and so it is one of the bytes that were seen.
#[test]
fn vector_39_byte_of_the_probe_counts_once() {
    assert_eq!(byte_taken().unique_bytes(S), 65_001);
}

/// 5.2 c: C takes its window back although data is on its way; S sends the head again to probe. A retransmission, but no loss.
#[test]
fn the_head_sent_again_against_a_closed_window_is_no_loss() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..1001);
    s.client_ack(110.0, 1).window(0);
    s.server_data(340.0, 1..1001);
    s.client_ack(350.0, 1).window(0);
    s.client_ack(600.0, 1001);
    let run = s.run();
    assert_eq!(run.loss(S).retrans_packets, 1);
    assert_eq!(run.loss(S).lost_downstream_bytes, Some(0));
}
