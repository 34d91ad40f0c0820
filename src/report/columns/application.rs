//! Requests and responses, as far as the turns of the conversation show them.

use crate::base::Nanos;
use crate::report::schema::{Declaration, Kind, connection};

// needs: ConnectionSummary with the application's turns (semantics, section 10); until then these columns are empty.
pub(super) const COLUMNS: &[Declaration] = &[
    connection!(
        "requests",
        Kind::Count,
        "Turns of the client that a turn of the server follows: requests and their responses, whatever the protocol.",
        |_| None::<u64>,
    ),
    connection!(
        "response_time_p50_ms",
        Kind::Millis,
        "Median time from the last byte of a request to the first of its response, at the server: without the network's \
         round trip.",
        |_| None::<Nanos>,
    ),
    connection!("response_time_p95_ms", Kind::Millis, "95th percentile of the response times.", |_| None::<Nanos>),
    connection!("response_time_max_ms", Kind::Millis, "Largest of the response times.", |_| None::<Nanos>),
    connection!(
        "client_think_p50_ms",
        Kind::Millis,
        "Median time from the end of a response to the client's next request, without the network's round trip.",
        |_| None::<Nanos>,
    ),
];
