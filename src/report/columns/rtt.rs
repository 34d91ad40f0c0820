//! Round trips between the capture point and each endpoint, and the estimates that each endpoint makes of the full one.

use crate::report::schema::{Kind, halves};

halves!(
    (
        "rtt_samples",
        Kind::Count,
        "Valid samples of the round trip between the capture point and the endpoint, suspects of delayed ACK left out.",
        |h| h.summary().rtt.samples,
    ),
    ("rtt_min_ms", Kind::Millis, "Smallest round trip between the capture point and the endpoint.", |h| h
        .summary()
        .rtt
        .min,),
    ("rtt_mean_ms", Kind::Millis, "Mean round trip between the capture point and the endpoint.", |h| h
        .summary()
        .rtt
        .mean,),
    ("rtt_p50_ms", Kind::Millis, "Median round trip between the capture point and the endpoint.", |h| h
        .summary()
        .rtt
        .p50,),
    (
        "rtt_p95_ms",
        Kind::Millis,
        "95th percentile of the round trip between the capture point and the endpoint.",
        |h| h.summary().rtt.p95,
    ),
    (
        "rtt_p99_ms",
        Kind::Millis,
        "99th percentile of the round trip between the capture point and the endpoint.",
        |h| h.summary().rtt.p99,
    ),
    ("rtt_max_ms", Kind::Millis, "Largest round trip between the capture point and the endpoint.", |h| h
        .summary()
        .rtt
        .max,),
    (
        "rtt_stddev_ms",
        Kind::Millis,
        "Standard deviation of the round trip between the capture point and the endpoint.",
        |h| h.summary().rtt.stddev,
    ),
    (
        "srtt_ms",
        Kind::Millis,
        "The endpoint's own smoothed estimate of the full round trip, as a sender, at the end (RFC 6298).",
        |h| h.window().and_then(|w| w.srtt),
    ),
    ("rto_ms", Kind::Millis, "The endpoint's retransmission timeout at the end, as Linux computes it.", |h| h
        .window()
        .and_then(|w| w.rto),),
    (
        "ack_delay_max_ms",
        Kind::Millis,
        "Largest excess of an ACK of the endpoint that is put down to delayed ACK or the application.",
        |h| h.summary().rtt.ack_delay_max,
    ),
);
