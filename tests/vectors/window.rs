//! Vectors 40 to 42: windows.

use super::script::{C, S, Script, ms};
use tcplens::tcp::{EventKind, Quality};

/// 40: C closes its window at 1000 ms and opens it at 1500 ms: once, for 500 ms.
#[test]
fn vector_40_zero_window() {
    let mut s = Script::setup();
    s.server_burst(989.0, 1..64_001);
    s.client_ack(1000.0, 64_001).window(0);
    s.client_ack(1500.0, 64_001);
    let run = s.run();
    assert_eq!((run.windows(C).zero_windows, run.windows(C).zero_window), (1, ms(500.0)));
    assert_eq!(run.times(C, EventKind::ZeroWindow), [1000.0]);
    assert_eq!(run.times(C, EventKind::WindowUpdate).last(), Some(&1500.0));
}

/// 41: at the client S sends 64 segments each round trip, to the very edge of the window, for it knows what C said 40 ms ago: the window is
/// full once in each round trip, although nothing is in flight where the capture was made.
#[test]
fn vector_41_window_full_at_the_receiver() {
    let mut s = Script::new().with_halves(0.1, 40.0).opened();
    let mut full = Vec::new();
    for round in 0..4 {
        let (t, start) = (100.0 + 41.0 * f64::from(round), 1 + 64_000 * round as u32);
        s.server_burst(t, start..start + 64_000);
        s.client_ack(t + 0.9, start + 64_000);
        full.push(t + 0.63);
    }
    let run = s.run();
    assert_eq!(run.times(S, EventKind::WindowFull), full);
    assert!(run.windows(S).rwnd_limited > Some(ms(3.0 * 38.0)), "{:?}", run.windows(S).rwnd_limited);
    assert_eq!(run.windows(S).max_in_flight, Some(64_000));
}

/// 42: picked up in its middle: the window field says 500, and 64 000 bytes are in flight. The scale is not known (7 at least, which is no
/// column), so that the window in bytes is not either.
#[test]
fn vector_42_window_scale_unknown() {
    let mut s = Script::new();
    s.client_acks(1);
    s.server_acks(1);
    s.client_ack(0.0, 1);
    s.server_burst(30.0, 1..64_001);
    s.client_ack(41.0, 64_001);
    let run = s.run();
    assert_eq!(run.row().handshake.window_scale, [None, None]);
    assert!(run.row().quality.has(Quality::WINDOW_SCALE_UNKNOWN));
    assert_eq!((run.windows(C).min, run.windows(C).max), (None, None));
    assert_eq!(run.times(S, EventKind::WindowFull), [0.0; 0]);
}
