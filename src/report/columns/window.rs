//! The windows that each endpoint advertised, and how far the peer's window let it send.

use crate::report::schema::{Kind, halves};
use crate::tcp::WindowSummary;

halves!(
    (
        "window_min_bytes",
        Kind::Bytes,
        "Smallest window that the endpoint advertised, scaled, SYN and RST left out; empty if the scale is unknown.",
        |h| h.window().and_then(|w| w.min),
    ),
    (
        "window_max_bytes",
        Kind::Bytes,
        "Largest window that the endpoint advertised, scaled, SYN and RST left out; empty if the scale is unknown.",
        |h| h.window().and_then(|w| w.max),
    ),
    (
        "window_median_bytes",
        Kind::Bytes,
        "Median of the windows that the endpoint advertised, scaled, SYN and RST left out; empty if the scale is unknown.",
        |h| h.window().and_then(|w| w.median),
    );
    all zero if |h| h.window().is_some_and(WindowSummary::held_nobody_back) =>
    ("zero_windows", Kind::Count, "Times that the endpoint closed its window, each run of zeros counted once.", |h| h
        .window()
        .map(|w| w.zero_windows),),
    (
        "zero_window_ms",
        Kind::Millis,
        "How long the endpoint's window was closed in all, each time until its next segment with an open one.",
        |h| h.window().map(|w| w.zero_window),
    ),
    ("rwnd_limited_ms", Kind::Millis, "How long the peer's window held the endpoint back as a sender.", |h| h
        .window()
        .and_then(|w| w.rwnd_limited),);
    (
        "max_in_flight_bytes",
        Kind::Bytes,
        "Most sequence space that the endpoint had sent and not seen acknowledged, corrected for the capture point.",
        |h| h.window().and_then(|w| w.max_in_flight),
    ),
    (
        "initial_window_bytes",
        Kind::Bytes,
        "What the endpoint sent before its first data was acknowledged, by sequence numbers.",
        |h| h.window().and_then(|w| w.initial_window_bytes),
    ),
    ("initial_window_packets", Kind::Count, "The endpoint's initial window in segments.", |h| {
        h.window().and_then(|w| w.initial_window_packets)
    }),
);
