//! What else the headers of each endpoint show, when its data came, and when it stalled.

use crate::base::{Nanos, Timestamp};
use crate::report::schema::{Half, Kind, halves};
use crate::tcp::{StallSummary, VolumeSummary};

halves!(
    (
        "isn",
        Kind::Count,
        "Initial sequence number of the endpoint, from the SYN or else inferred; it joins two captures of one connection.",
        |h| h.stream().and_then(|s| s.isn).map(|isn| isn.0),
    ),
    ("fin_packets", Kind::Count, "Packets of the endpoint with FIN.", |h| h.volume.map(|v| v.fin_packets)),
    ("rst_packets", Kind::Count, "Packets of the endpoint with RST.", |h| h.volume.map(|v| v.rst_packets));
    all zero if |h| h.volume.is_some_and(VolumeSummary::met_no_congestion) =>
    (
        "ce_packets",
        Kind::Count,
        "Packets of the endpoint that arrived here marked as having met congestion (CE, RFC 3168).",
        |h| h.volume.map(|v| v.ce_packets),
    ),
    (
        "ece_packets",
        Kind::Count,
        "Packets, SYNs left out, by which the endpoint echoed congestion (ECE, RFC 3168).",
        |h| h.volume.map(|v| v.ece_packets),
    ),
    (
        "cwr_packets",
        Kind::Count,
        "Packets, SYNs left out, by which the endpoint said that it had slowed down (CWR, RFC 3168).",
        |h| h.volume.map(|v| v.cwr_packets),
    );
    ("ttl_min", Kind::Count, "Smallest time to live or hop limit of the endpoint's packets.", |h| {
        h.summary().volume.ttl.map(|(min, _)| min)
    }),
    ("ttl_max", Kind::Count, "Largest time to live or hop limit of the endpoint's packets.", |h| {
        h.summary().volume.ttl.map(|(_, max)| max)
    }),
    (
        "first_data_ms",
        Kind::Millis,
        "When the endpoint's first packet with payload came, counted from start_time; empty without data.",
        |h| h.summary().volume.data_span.map(|(first, _)| since_start(h, first)),
    ),
    (
        "last_data_ms",
        Kind::Millis,
        "When the endpoint's last packet with payload came, counted from start_time; empty without data.",
        |h| h.summary().volume.data_span.map(|(_, last)| since_start(h, last)),
    );
    all zero if |h| h.stalls().is_some_and(StallSummary::is_nothing) =>
    ("stalls", Kind::Count, "Pauses of the endpoint in sending that were not its application's choice.", |h| h
        .stalls()
        .map(|s| s.stalls),),
    ("stall_ms", Kind::Millis, "How long the endpoint's stalls were in all.", |h| h.stalls().map(|s| s.time)),
);

fn since_start(half: Half<'_>, time: Timestamp) -> Nanos {
    time.since(half.connection().span.0)
}
