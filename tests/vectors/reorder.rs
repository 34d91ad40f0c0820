//! Vectors 58 to 62: late, or sent again?

use super::script::{C, S, Script};
use tcplens::tcp::{Confidence, EventKind};

/// 58: the second of three segments comes last, 0.5 ms late, with an IP ID between those of the others: out of order, and that is certain.
#[test]
fn vector_58_late_by_its_id() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..1001).id(10);
    s.server_data(100.1, 2001..3001).id(12);
    s.server_data(100.6, 1001..2001).id(11);
    s.client_ack(110.6, 3001);
    let run = s.run();
    assert_eq!(run.verdicts(S), [(100.6, "out_of_order")]);
    assert_eq!(run.event(S, EventKind::OutOfOrder).confidence, Confidence::Certain);
    let loss = run.loss(S);
    assert_eq!((loss.out_of_order_packets, loss.retrans_packets), (1, 0));
    assert_eq!((loss.lost_upstream_bytes, loss.lost_downstream_bytes), (Some(0), Some(0)));
    assert_eq!(run.unique_bytes(S), 3000);
}

/// 59: the second of five segments is lost before the capture point: its bytes come after duplicate ACKs and with the newest IP ID, a fast
/// retransmission; 1000 bytes lost on the way here.
#[test]
fn vector_59_lost_upstream() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..1001).id(10);
    for (i, start) in [2001, 3001, 4001].into_iter().enumerate() {
        s.server_data(100.0 + 0.1 * i as f64, start..start + 1000).id(12 + i as u16);
    }
    s.client_ack(110.0, 1001);
    for (i, end) in [3001, 4001, 5001].into_iter().enumerate() {
        s.client_ack(110.05 + 0.1 * i as f64, 1001).sack(&[(2001, end)]);
    }
    s.server_data(142.0, 1001..2001).id(15);
    s.client_ack(152.0, 5001);
    let run = s.run();
    assert_eq!(run.verdicts(S), [(142.0, "fast_retransmit")]);
    let loss = run.loss(S);
    assert_eq!((loss.lost_upstream_bytes, loss.lost_downstream_bytes), (Some(1000), Some(0)));
    assert_eq!((loss.out_of_order_packets, run.unique_bytes(S)), (0, 5000));
    assert_eq!(run.acks(C).dup_acks, 3);
}

/// 60: IPv6 without timestamps, and the hole is filled after 5 ms: nobody can have told S of it in that time, so it is out of order, likely.
#[test]
fn vector_60_too_soon_for_a_retransmission() {
    let mut s = Script::new().over_ipv6().without_timestamps().opened();
    s.server_data(100.0, 1..1001);
    s.server_data(100.1, 2001..3001);
    s.server_data(105.1, 1001..2001);
    s.client_ack(115.1, 3001);
    let run = s.run();
    assert_eq!(run.verdicts(S), [(105.1, "out_of_order")]);
    assert_eq!(run.event(S, EventKind::OutOfOrder).confidence, Confidence::Likely);
    assert_eq!((run.loss(S).retrans_packets, run.loss(S).lost_upstream_bytes), (0, Some(0)));
}

/// 61: the same, but the hole is filled 260 ms after the last segment of S, and no duplicate ACK came by: the timer's, a guess; lost on the way
/// here.
#[test]
fn vector_61_late_enough_for_the_timer() {
    let mut s = Script::new().over_ipv6().without_timestamps().opened();
    s.server_data(100.0, 1..1001);
    s.server_data(100.1, 2001..3001).lost();
    s.client_ack(110.0, 1001);
    s.server_data(360.1, 1001..2001);
    s.client_ack(370.1, 2001);
    let run = s.run();
    assert_eq!(run.verdicts(S), [(360.1, "rto")]);
    assert_eq!(run.event(S, EventKind::Rto).confidence, Confidence::Guess);
    assert_eq!((run.loss(S).lost_upstream_bytes, run.loss(S).out_of_order_packets), (Some(1000), 0));
}

/// 62: the hole is filled after 60 ms, more than a round trip, but the IP ID says that it was sent in its turn: out of order, and that is certain.
#[test]
fn vector_62_ids_beat_time() {
    let mut s = Script::new().without_timestamps().opened();
    s.server_data(100.0, 1..1001).id(10);
    s.server_data(100.1, 2001..3001).id(12);
    s.client_ack(110.0, 1001);
    s.client_ack(110.1, 1001).sack(&[(2001, 3001)]);
    s.server_data(160.1, 1001..2001).id(11);
    s.client_ack(170.1, 3001);
    let run = s.run();
    assert_eq!(run.verdicts(S), [(160.1, "out_of_order")]);
    assert_eq!(run.event(S, EventKind::OutOfOrder).confidence, Confidence::Certain);
    assert_eq!((run.loss(S).retrans_packets, run.loss(S).lost_upstream_bytes), (0, Some(0)));
}

/// 0: where the capture's own clock steps back by 50 ms, a hole that is filled 42 ms later is no sign of loss, whatever the ACKs say. (With a
/// clock that does not, this is 59 without an ID: sent again.)
#[test]
fn a_clock_that_steps_back_explains_what_comes_late() {
    let hole = |steps_back: bool| {
        let mut s = Script::new().over_ipv6().without_timestamps().opened();
        s.client_data(90.0, 1..101);
        s.server_ack(if steps_back { 40.0 } else { 95.0 }, 101);
        s.server_data(100.0, 1..1001);
        s.server_data(100.1, 2001..3001);
        s.client_ack(110.1, 1001).sack(&[(2001, 3001)]);
        s.server_data(142.0, 1001..2001);
        s.client_ack(152.0, 3001);
        s.run()
    };
    assert_eq!(hole(true).verdicts(S), [(142.0, "out_of_order")]);
    assert_eq!(hole(false).verdicts(S), [(142.0, "fast_retransmit")]);
}
