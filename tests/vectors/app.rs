//! Vectors 86 to 92: the applications' turns, and where the time went (`semantics.md` 10 and 11).

use super::script::{C, Run, S, Script, ms};
use tcplens::base::Nanos;
use tcplens::findings::{self, Code};
use tcplens::tcp::{Bottleneck, BudgetSummary};

fn budget(run: &Run) -> &BudgetSummary {
    let row = run.row();
    let b = &row.budget;
    let parts =
        [b.handshake, b.app[C], b.app[S], b.window[C], b.window[S], b.network, b.loss_recovery, b.idle, b.close];
    assert!(parts.iter().all(|part| *part >= Nanos::ZERO), "{b:?}");
    assert_eq!(parts.into_iter().fold(Nanos::ZERO, |sum, part| sum + part), row.span.1 - row.span.0, "{b:?}");
    b
}

fn has(run: &Run, code: Code) -> bool {
    findings::of(run.row()).has(code)
}

/// 86: request at 100, its ACK at 130, response at 230: the server had the request for 100 ms.
#[test]
fn vector_86_the_response_time_is_the_servers() {
    let mut s = Script::setup();
    s.client_data(100.0, 1..101);
    s.server_ack(130.0, 101);
    s.server_data(230.0, 1..501);
    s.client_ack(240.0, 501);
    let run = s.run();
    let turns = run.row().turns;
    assert_eq!((turns.requests, turns.response, turns.overlaps), (Some(1), Some([ms(100.0); 3]), 0));
    assert_eq!(budget(&run).app, [ms(60.0), ms(100.0)]);
    assert_eq!(budget(&run).bottleneck, Some(Bottleneck::ServerApp));
}

/// 86 with the ACK on the response: the same.
#[test]
fn vector_86_without_an_ack_of_its_own() {
    let mut s = Script::setup();
    s.client_data(100.0, 1..101);
    s.server_acks(101);
    s.server_data(230.0, 1..501);
    s.client_ack(240.0, 501);
    let run = s.run();
    assert_eq!(run.row().turns.response, Some([ms(100.0); 3]));
    assert_eq!(budget(&run).app[S], ms(100.0));
}

/// 87: what comes 10 ms after the request, where the server is 30 ms away, is no response to it.
#[test]
fn vector_87_too_soon_to_be_the_response() {
    let mut s = Script::setup();
    s.client_data(100.0, 1..101);
    s.server_data(110.0, 1..501);
    s.client_ack(120.0, 501);
    let run = s.run();
    let turns = run.row().turns;
    assert_eq!((turns.response, turns.overlaps), (None, 1));
    assert_eq!(budget(&run).app[S], Nanos::ZERO);
}

/// C writes a message in two pieces `times` times; S acknowledges the first `delay` ms late.
fn write_write(times: u32, delay: f64) -> Run {
    let mut s = Script::setup();
    for i in 0..times {
        let (t, at) = (100.0 + 400.0 * f64::from(i), 1 + 150 * i);
        s.client_data(t, at..at + 100);
        s.server_ack(t + 30.0 + delay, at + 100);
        s.client_data(t + 40.0 + delay, at + 100..at + 150);
        s.server_ack(t + 70.0 + delay, at + 150);
    }
    s.run()
}

/// 88: the second piece leaves with the ACK of the first, which was 40 ms late: twice is enough.
#[test]
fn vector_88_nagle_against_delayed_ack() {
    let run = write_write(3, 40.0);
    let nagle = run.half(C).nagle;
    assert_eq!((nagle.waits, nagle.cost), (3, ms(120.0)));
    assert!(has(&run, Code::NagleDelayedAck));
}

/// The innocent neighbours of 88: the ACK is prompt; or it happened once.
#[test]
fn vector_88_prompt_acks_and_a_single_wait_are_no_finding() {
    assert_eq!(write_write(3, 0.0).half(C).nagle.waits, 0);
    assert!(!has(&write_write(1, 40.0), Code::NagleDelayedAck));
}

/// 89: S has more to send than C's window lets it: two segments each round trip.
#[test]
fn vector_89_held_back_by_the_window() {
    let mut s = Script::new();
    s.syn(0.0).window(2_048);
    s.syn_ack(30.0);
    s.ack(40.0).window(2_048);
    s.client_data(50.0, 1..101).window(2_048);
    s.server_ack(80.0, 101);
    for i in 0..25 {
        let (t, at) = (90.0 + 41.0 * f64::from(i), 1 + 2_000 * i as u32);
        s.server_burst(t, at..at + 2_000);
        s.client_ack(t + 10.1, at + 2_000).window(2_048);
    }
    let run = s.run();
    let budget = budget(&run);
    assert_eq!(budget.bottleneck, Some(Bottleneck::ClientWindow), "{budget:?}");
    assert!(budget.window[C] > ms(800.0) && budget.window[S] == Nanos::ZERO, "{budget:?}");
    assert!(has(&run, Code::WindowLimited) && !has(&run, Code::ZeroWindow));
}

/// 90: 20 kB each 100 ms, and nothing on its way between: the server's application is what one waits for.
#[test]
fn vector_90_chunks_with_pauses() {
    let mut s = Script::setup();
    for i in 0..10 {
        let (t, at) = (100.0 + 100.0 * f64::from(i), 1 + 20_000 * i as u32);
        s.server_burst(t, at..at + 20_000);
        s.client_ack(t + 10.2, at + 20_000);
    }
    let run = s.run();
    assert_eq!(budget(&run).bottleneck, Some(Bottleneck::ServerApp), "{:?}", budget(&run));
}

/// S sends two segments each 10 ms, and the round trip to C grows from 10 ms to `most`.
fn growing_queue(most: f64) -> Run {
    let mut s = Script::setup();
    s.client_data(45.0, 1..101);
    s.server_acks(101);
    let mut packets = Vec::new();
    for i in 0..150 {
        let (t, at) = (100.0 + 10.0 * f64::from(i), 1 + 2_000 * i as u32);
        let queued = (f64::from(i) * 8.0).min(most - 10.0);
        packets.extend([(t, at, false), (t + 10.1 + queued, at + 2_000, true)]);
    }
    packets.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (t, at, is_ack) in packets {
        if is_ack {
            s.client_ack(t, at).window(1_000_000);
        } else {
            s.server_data(t, at..at + 1_000);
            s.server_data(t + 0.1, at + 1_000..at + 2_000);
        }
    }
    s.run()
}

/// 91: the round trip grows from 40 to 200 ms, the rate is even, and nothing is lost: a queue stands before the bottleneck.
#[test]
fn vector_91_a_queue_on_the_path() {
    let run = growing_queue(170.0);
    assert_eq!(budget(&run).bottleneck, Some(Bottleneck::NetworkRate), "{:?}", budget(&run));
    assert!(has(&run, Code::Bufferbloat));
    let added = run.half(C).rtt.p50.unwrap() - run.half(C).rtt.min.unwrap();
    assert!(added > ms(150.0) && added < ms(165.0), "{added:?}");
}

/// The innocent neighbour of 91: the queue adds 20 ms.
#[test]
fn vector_91_a_short_queue_is_no_finding() {
    assert!(!has(&growing_queue(30.0), Code::Bufferbloat));
}

/// 92: 30 kB in two flights: the round trips of slow start are what it took.
#[test]
fn vector_92_a_short_transfer() {
    let mut s = Script::setup();
    s.client_data(45.0, 1..101);
    s.server_acks(101);
    s.server_burst(76.0, 1..10_001);
    s.client_ack(86.1, 10_001);
    s.server_burst(116.2, 10_001..30_001);
    s.client_ack(126.4, 30_001);
    let run = s.run();
    assert_eq!(run.windows(S).initial_window_packets, Some(10));
    assert_eq!(budget(&run).bottleneck, Some(Bottleneck::NetworkRtt), "{:?}", budget(&run));
    assert!(findings::of(run.row()).warnings().is_empty());
}
