//! ACKs and probes that each endpoint sent.

use crate::report::schema::{Kind, halves};
use crate::tcp::AckSummary;

halves!(
    all zero if |h| h.causes().is_some() && h.acks().is_some_and(AckSummary::none_marked) =>
    ("dup_acks", Kind::Count, "Duplicate ACKs (RFC 5681) that the endpoint sent.", |h| {
        h.acks().filter(|_| h.causes().is_some()).map(|a| a.dup_acks)
    }),
    ("sack_acks", Kind::Count, "ACKs that the endpoint sent with new selective acknowledgements (RFC 2018).", |h| h
        .acks()
        .and_then(|a| a.sack_acks),),
    (
        "dsacks",
        Kind::Count,
        "ACKs that the endpoint sent to report bytes that reached it twice (D-SACK, RFC 2883).",
        |h| h.acks().and_then(|a| a.dsacks),
    ),
    ("keepalives", Kind::Count, "Keep-alive probes that the endpoint sent.", |h| h.acks().map(|a| a.keepalives)),
    ("zero_window_probes", Kind::Count, "Probes that the endpoint sent because the peer's window was closed.", |h| h
        .acks()
        .map(|a| a.zero_window_probes),),
);
