//! The table of stalls and the loss episodes (`semantics.md` 6): what each pause was spent on, and how each recovery ended.

use super::script::{C, Run, S, Script, ms};
use tcplens::base::Nanos;
use tcplens::tcp::EventKind;

/// The stalls of an endpoint: when each ended, how long it was, and its cause.
fn stalls(run: &Run, of: usize) -> Vec<(f64, Option<Nanos>, &'static str)> {
    told(run, of, EventKind::Stall)
}

fn told(run: &Run, of: usize, kind: EventKind) -> Vec<(f64, Option<Nanos>, &'static str)> {
    let times = run.times(of, kind);
    let events = run.events.iter().map(|(_, e)| e).filter(|e| e.kind == kind && e.sender == of);
    let told: Vec<_> = times.into_iter().zip(events).map(|(t, e)| (t, e.duration, e.note)).collect();
    if kind == EventKind::Stall {
        let column = run.half(of).stalls.unwrap();
        let total = told.iter().fold(Nanos::ZERO, |sum, (_, length, _)| sum + length.unwrap());
        assert_eq!((column.stalls, column.time), (told.len() as u64, total), "the events are the columns");
    }
    told
}

/// The segments are lost, and the first comes again after 240 ms, by a timer.
fn timed_out(segments: &[std::ops::Range<u32>]) -> &'static str {
    let mut s = Script::setup();
    for segment in segments {
        s.server_data(100.0, segment.clone()).lost();
    }
    s.server_data(340.0, segments[0].clone());
    s.client_ack(350.0, segments[0].end);
    let run = s.run();
    let [(340.0, Some(length), cause)] = stalls(&run, S)[..] else { panic!("{:?}", stalls(&run, S)) };
    assert_eq!(length, ms(240.0));
    cause
}

#[test]
fn a_repeated_syn_is_a_stall_of_the_client() {
    let mut s = Script::new();
    s.syn(0.0).lost();
    s.syn(1000.0);
    s.syn_ack(1030.0);
    s.ack(1040.0);
    assert_eq!(stalls(&s.run(), C), [(1000.0, Some(ms(1000.0)), "handshake_retry")]);
}

#[test]
fn what_a_timer_sends_again_tells_by_how_much_was_lost() {
    assert_eq!(timed_out(&[1..1001, 1001..2001]), "small_cwnd");
    assert_eq!(timed_out(&[1..1001, 1001..1501]), "tail_retrans");
    assert_eq!(timed_out(&[1..1001, 1001..2001, 2001..3001, 3001..4001]), "burst_loss");
}

#[test]
fn what_is_sent_again_and_lost_again_waits_for_a_timer() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..501).lost();
    s.server_data(340.0, 1..501).lost();
    s.server_data(820.0, 1..501);
    s.client_ack(830.0, 501);
    let expected = [(340.0, Some(ms(240.0)), "tail_retrans"), (820.0, Some(ms(480.0)), "double_retrans")];
    assert_eq!(stalls(&s.run(), S), expected);
}

#[test]
fn an_ack_that_was_lost_is_no_loss_of_data() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..1001);
    s.client_ack(200.0, 1001).lost();
    s.server_data(340.0, 1..1001);
    s.client_ack(350.0, 1001);
    let stalls = stalls(&s.run(), S);
    assert_eq!(stalls.last(), Some(&(340.0, Some(ms(140.0)), "ack_delay_or_loss")), "{stalls:?}");
}

#[test]
fn a_window_that_is_shut_and_one_that_is_small_are_told_apart() {
    let mut s = Script::new();
    s.syn(0.0).window(1024);
    s.syn_ack(30.0);
    s.ack(40.0).window(1024);
    s.server_data(100.0, 1..1001);
    s.client_ack(300.0, 1001).window(1024);
    s.server_data(331.0, 1001..2001);
    s.client_ack(341.0, 2001).raw_window(0);
    s.probe(S, 600.0, 2000);
    s.client_ack(610.0, 2001).window(64_000);
    let expected = [(300.0, Some(ms(200.0)), "small_rwnd"), (600.0, Some(ms(259.0)), "zero_window")];
    assert_eq!(stalls(&s.run(), S), expected);
}

#[test]
fn a_late_ack_is_a_delayed_one_where_a_receivers_timer_fits() {
    for (at, cause) in [(150.0, None), (211.0, Some("delayed_ack")), (260.0, Some("network_delay"))] {
        let mut s = Script::setup();
        s.server_data(100.0, 1..501);
        s.client_ack(at, 501);
        let stalls = stalls(&s.run(), S);
        assert_eq!(stalls.first().map(|stall| stall.2), cause, "{stalls:?}");
    }
    let mut s = Script::setup();
    s.server_burst(100.0, 1..5001);
    s.client_ack(211.0, 5001);
    assert_eq!(stalls(&s.run(), S)[0].2, "network_delay", "a receiver does not delay the ACK of more than a segment");
}

#[test]
fn a_pause_of_the_application_is_no_stall() {
    let mut s = Script::setup();
    s.client_data(100.0, 1..101);
    s.server_ack(130.0, 101);
    s.server_data(900.0, 1..501);
    s.client_ack(910.0, 501);
    s.client_data(3000.0, 101..201);
    s.server_ack(3030.0, 201);
    let run = s.run();
    assert_eq!((stalls(&run, C), stalls(&run, S)), (vec![], vec![]));
}

#[test]
fn a_recovery_that_ends_is_told_with_the_packet_that_shows_it() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..1001).lost();
    s.server_burst(100.01, 1001..6001);
    s.client_ack(110.1, 1).sack(&[(1001, 2001)]);
    s.client_ack(110.2, 1).sack(&[(1001, 6001)]);
    s.server_data(142.0, 1..1001);
    s.client_ack(152.0, 6001);
    s.server_data(190.0, 6001..7001);
    s.client_ack(200.0, 7001);
    let run = s.run();
    assert_eq!(told(&run, S, EventKind::RecoveryEnd), [(190.0, Some(ms(40.0)), "fast")]);
    let event = run.event(S, EventKind::RecoveryEnd);
    assert_eq!((event.offset, event.bytes, event.original), (0, 1000, Some(event.frame - 2)));
}

#[test]
fn a_recovery_by_a_timer_that_the_capture_does_not_see_the_end_of_is_open() {
    let mut s = Script::setup();
    for segment in [1..1001, 1001..2001] {
        s.server_data(100.0, segment).lost();
    }
    s.server_data(340.0, 1..1001);
    s.client_ack(350.0, 1001);
    let run = s.run();
    assert_eq!(told(&run, S, EventKind::RecoveryEnd), [(340.0, Some(ms(10.0)), "open")]);
    assert_eq!(run.loss(S).episodes, Some(1));
}
