//! Requests and responses, as far as the turns of the conversation show them.

use crate::report::schema::{Kind, columns};

columns!(
    connection!(
        "requests",
        Kind::Count,
        "Turns of the client that a turn of the server follows: requests and their responses, whatever the protocol.",
        |r| r.summary.turns.requests,
    ),
    connection!(
        "response_time_p50_ms",
        Kind::Millis,
        "Median time from the last byte of a request to the first of its response, at the server: without the network's \
         round trip.",
        |r| r.summary.turns.response.map(|[p50, _, _]| p50),
    ),
    connection!("response_time_p95_ms", Kind::Millis, "95th percentile of the response times.", |r| r
        .summary
        .turns
        .response
        .map(|[_, p95, _]| p95)),
    connection!("response_time_max_ms", Kind::Millis, "Largest of the response times.", |r| r
        .summary
        .turns
        .response
        .map(|[_, _, max]| max)),
    connection!(
        "client_think_p50_ms",
        Kind::Millis,
        "Median time from the end of a response to the client's next request, without the network's round trip.",
        |r| r.summary.turns.think_p50,
    ),
);
