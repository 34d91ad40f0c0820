//! What each endpoint sent again and why, what was lost, reordered and duplicated.

use crate::report::schema::{Kind, halves};
use crate::report::value::Percent;
use crate::tcp::LossSummary;

halves!(
    all zero if |h| h.causes().is_some_and(LossSummary::is_nothing) && h.volume.is_some_and(|v| v.payload_bytes > 0) =>
    (
        "retrans_packets",
        Kind::Count,
        "Segments with SYN, data or FIN that the endpoint retransmitted, as Linux counts TcpRetransSegs; neither probes nor duplicates.",
        |h| h.loss().map(|l| l.retrans_packets),
    ),
    ("retrans_bytes", Kind::Bytes, "Payload of the segments that the endpoint retransmitted.", |h| {
        h.loss().map(|l| l.retrans_bytes)
    }),
    ("retrans_pct", Kind::Percent, "retrans_bytes as a share of payload_bytes; empty without payload.", |h| h
        .loss()
        .zip(h.volume)
        .and_then(|(l, v)| Percent::of(l.retrans_bytes, v.payload_bytes)),),
    (
        "rto_retrans_packets",
        Kind::Count,
        "Of the retransmissions, those of a timer: its go-back-N recovery, repeated SYNs and SYN-ACKs, and data sent \
         again after a failed Fast Open or a too-big packet included.",
        |h| h.causes().map(|l| l.rto_packets),
    ),
    (
        "fast_retrans_packets",
        Kind::Count,
        "Of the retransmissions, those that duplicate ACKs, SACK or RACK triggered.",
        |h| h.causes().map(|l| l.fast_packets),
    ),
    ("tlp_retrans_packets", Kind::Count, "Of the retransmissions, tail loss probes.", |h| {
        h.causes().map(|l| l.tlp_packets)
    }),
    (
        "unclear_retrans_packets",
        Kind::Count,
        "Of the retransmissions, those whose trigger the capture does not show.",
        |h| h.causes().map(|l| l.unclear_packets),
    ),
    (
        "spurious_retrans_packets",
        Kind::Count,
        "Of all retransmissions, those that were unnecessary, by proof or likelihood, because an earlier copy arrived.",
        |h| h.causes().map(|l| l.spurious_packets),
    ),
    (
        "out_of_order_packets",
        Kind::Count,
        "Late originals: data packets that came after one sent later and are no retransmissions; reordering, not loss.",
        |h| h.loss().map(|l| l.out_of_order_packets),
    ),
    ("network_duplicate_packets", Kind::Count, "Copies of the endpoint's packets that the network made.", |h| h
        .loss()
        .map(|l| l.network_duplicate_packets),),
    (
        "capture_duplicate_packets",
        Kind::Count,
        "Copies of the endpoint's packets that the capture made, which count nowhere else.",
        |h| h.loss().map(|l| l.capture_duplicate_packets),
    ),
    (
        "lost_upstream_bytes",
        Kind::Bytes,
        "Lost between the endpoint and the capture point: payload whose first transmission never came by and a later one \
         did.",
        |h| h.loss().and_then(|l| l.lost_upstream_bytes),
    ),
    (
        "lost_downstream_bytes",
        Kind::Bytes,
        "Lost beyond the capture point: needed retransmissions of bytes that were seen here before.",
        |h| h.causes().and_then(|l| l.lost_downstream_bytes),
    ),
    (
        "loss_episodes",
        Kind::Count,
        "Recoveries of the endpoint from loss, each from the first resend until all that was sent before it is acknowledged.",
        |h| h.causes().and_then(|l| l.episodes),
    ),
    ("loss_recovery_ms", Kind::Millis, "Time that the endpoint spent in recoveries from loss.", |h| {
        h.causes().and_then(|l| l.recovery)
    }),
);
