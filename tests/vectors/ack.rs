//! Vectors 71 to 74: the classes of ACKs.

use super::script::{C, S, Script};
use tcplens::tcp::EventKind;

/// 71: data is outstanding, and three equal pure ACKs come that acknowledge what was acknowledged before: three duplicates.
#[test]
fn vector_71_three_duplicates() {
    let mut s = Script::new().without_sack().opened();
    s.server_data(100.0, 1..1001).lost();
    s.server_burst(100.1, 1001..4001);
    for t in [110.1, 110.2, 110.3] {
        s.client_ack(t, 1);
    }
    let run = s.run();
    assert_eq!((run.acks(C).dup_acks, run.acks(C).sack_acks), (3, Some(0)));
    assert_eq!(run.times(C, EventKind::DupAck), [110.1, 110.2, 110.3]);
}

/// 71: if the first of the three was an advance there are two.
#[test]
fn vector_71_advance_and_two_duplicates() {
    let mut s = Script::new().without_sack().opened();
    s.server_data(100.0, 1..1001);
    s.server_data(100.1, 1001..2001).lost();
    s.server_burst(100.2, 2001..4001);
    for t in [110.1, 110.2, 110.3] {
        s.client_ack(t, 1001);
    }
    let run = s.run();
    assert_eq!(run.acks(C).dup_acks, 2);
    assert_eq!(run.times(C, EventKind::DupAck), [110.2, 110.3]);
}

/// 72: the same ACK with another window and a new SACK block: a duplicate, and not just an update of the window.
#[test]
fn vector_72_sack_with_another_window() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..1001).lost();
    s.server_data(100.1, 1001..2001);
    s.client_ack(110.1, 1).sack(&[(1001, 2001)]).window(62_976);
    let run = s.run();
    assert_eq!((run.acks(C).dup_acks, run.acks(C).sack_acks), (1, Some(1)));
    assert_eq!(run.times(C, EventKind::DupAck), [110.1]);
    assert!(!run.times(C, EventKind::WindowUpdate).contains(&110.1));
}

/// 73: nothing is outstanding, and the same ACK comes again: no duplicate ACK.
#[test]
fn vector_73_nothing_outstanding() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..1001);
    s.client_ack(110.0, 1001);
    s.client_ack(200.0, 1001);
    s.client_ack(300.0, 1001);
    let run = s.run();
    assert_eq!(run.acks(C).dup_acks, 0);
    assert_eq!(run.times(C, EventKind::DupAck), [0.0; 0]);
    assert_eq!(run.half(C).volume.pure_acks, 4);
}

/// 74: an ACK of 3001, and behind it one of 2001 that it overtook: neither what is acknowledged nor the window changes, so that S fills no
/// window with what it sends next, and has no more in flight than before.
#[test]
fn vector_74_overtaken_ack() {
    let mut s = Script::setup();
    let earlier = s.clock(C, 111.0);
    s.server_burst(100.0, 1..3001);
    s.client_ack(112.0, 3001).id(4);
    s.client_ack(113.0, 2001).id(3).tsval(earlier).window(3968);
    s.server_burst(145.0, 3001..6001);
    s.client_ack(156.0, 6001);
    let run = s.run();
    assert_eq!(run.acks(C).dup_acks, 0);
    assert!(!run.times(C, EventKind::WindowUpdate).contains(&113.0));
    assert_eq!(run.times(S, EventKind::WindowFull), [0.0; 0]);
    assert_eq!(run.windows(S).max_in_flight, Some(3000));
    run.assert_clean(S);
}
