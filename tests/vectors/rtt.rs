//! Vectors 26 to 33: round trips. The handshake gives each half its first sample.

use super::script::{C, Run, S, Script, ms};
use tcplens::base::Nanos;

/// The samples of the client's half, and the largest of them.
fn of_client(run: &Run) -> (u64, Option<Nanos>) {
    (run.half(C).rtt.samples, run.half(C).rtt.max)
}

/// 26: two full segments of S, 0.1 ms apart, and one ACK of both 10 ms behind the second: one sample of 10 ms.
#[test]
fn vector_26_one_ack_of_two_segments() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..1001);
    s.server_data(100.1, 1001..2001);
    s.client_ack(110.1, 2001);
    assert_eq!(of_client(&s.run()), (2, Some(ms(10.0))));
}

/// 27: an ACK of half a segment comes after 50 ms: 40 ms of it are the delay of the ACK; the network's round trip is not touched, but
/// what the sender measures is.
#[test]
fn vector_27_delayed_ack() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..501);
    s.client_ack(150.0, 501);
    let run = s.run();
    assert_eq!(of_client(&run), (1, Some(ms(10.0))));
    assert_eq!(run.half(C).rtt.ack_delay_max, Some(ms(40.0)));
}

/// 27, what the sender measures (4.3): 80 ms after the 40 of the handshake.
#[test]
fn vector_27_the_sender_measures_the_delay() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..501);
    s.client_ack(150.0, 501);
    assert_eq!(s.run().windows(S).srtt, Some(ms(45.0)));
}

/// 28: the segment was sent twice, and no timestamp tells which one was acknowledged: no sample (Karn).
#[test]
fn vector_28_karn() {
    let mut s = Script::new().without_timestamps().opened();
    s.server_data(100.0, 1..1001).lost();
    s.server_data(340.0, 1..1001);
    s.client_ack(350.0, 1001);
    assert_eq!(of_client(&s.run()), (1, Some(ms(10.0))));
}

/// 29: the same with the echo of the second one's timestamp: one sample of 10 ms.
#[test]
fn vector_29_timestamps_resolve_karn() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..1001).lost();
    s.server_data(340.0, 1..1001);
    s.client_ack(350.0, 1001);
    assert_eq!(of_client(&s.run()), (2, Some(ms(10.0))));
}

/// 30: the first of four segments is lost behind the capture point. The SACKs of the others are samples of 10 ms each; the ACK of all is one
/// of the resent segment by its timestamp, 10 ms, and never one of 52.
#[test]
fn vector_30_sack_samples() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..1001).lost();
    for i in 1..4 {
        s.server_data(100.0 + f64::from(i), 1 + 1000 * i as u32..1001 + 1000 * i as u32);
    }
    for i in 2..5 {
        s.client_ack(109.0 + f64::from(i), 1).sack(&[(1001, 1 + 1000 * i as u32)]);
    }
    s.server_data(142.0, 1..1001);
    s.client_ack(152.0, 4001);
    assert_eq!(of_client(&s.run()), (5, Some(ms(10.0))));
}

/// 31: a super-packet of ten segments and three ACKs: only the first of them is a sample.
#[test]
fn vector_31_super_packet() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..10_001);
    s.client_ack(110.0, 2001);
    s.client_ack(110.3, 4001);
    s.client_ack(111.0, 10_001);
    assert_eq!(of_client(&s.run()), (2, Some(ms(10.0))));
}

/// 32: S sends data 2 s after a pure ACK of C and echoes its timestamp: no sample, for nothing was acknowledged.
#[test]
fn vector_32_pure_acks_start_no_sample() {
    let mut s = Script::setup();
    s.client_ack(100.0, 1);
    let echo = s.clock(C, 100.0);
    s.server_data(2100.0, 1..1001).tsecr(echo);
    let run = s.run();
    assert_eq!((run.half(S).rtt.samples, run.half(S).rtt.max), (1, Some(ms(30.0))));
}

/// 33: the response itself acknowledges the request, 300 ms after it: the application's time is in it, so it is no round trip of the network.
/// (That the server took 270 ms is a column that comes later.)
#[test]
fn vector_33_application_in_the_round_trip() {
    let mut s = Script::setup();
    s.client_data(100.0, 1..101);
    s.server_acks(101).server_data(400.0, 1..1001);
    let run = s.run();
    assert_eq!((run.half(S).rtt.samples, run.half(S).rtt.max), (1, Some(ms(30.0))));
    assert_eq!(run.half(S).rtt.ack_delay_max, Some(ms(270.0)));
}
