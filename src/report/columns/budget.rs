//! The connection's lifetime, split by cause: the parts exclude each other and add up to `duration_s`.

use crate::report::schema::{Kind, columns};
use crate::report::words;

/// Index of the client in what there is of both.
const CLIENT: usize = 0;
/// See [`CLIENT`].
const SERVER: usize = 1;

columns!(
    connection!("time_handshake_ms", Kind::Millis, "Time of the handshake, up to the client's first ACK.", |r| r
        .summary
        .budget
        .handshake),
    connection!(
        "time_client_app_ms",
        Kind::Millis,
        "Time spent waiting for the client's application, with nothing of it on its way or held back.",
        |r| r.summary.budget.app[CLIENT],
    ),
    connection!(
        "time_server_app_ms",
        Kind::Millis,
        "Time spent waiting for the server's application, with nothing of it on its way or held back.",
        |r| r.summary.budget.app[SERVER],
    ),
    connection!(
        "time_rwnd_limited_ms",
        Kind::Millis,
        "Time for which a receiver's window held the sender back.",
        |r| r.summary.budget.window[CLIENT] + r.summary.budget.window[SERVER],
    ),
    connection!(
        "time_network_ms",
        Kind::Millis,
        "Time for which data or its acknowledgement was on its way, or the congestion window was growing.",
        |r| r.summary.budget.network,
    ),
    connection!("time_loss_recovery_ms", Kind::Millis, "Time spent recovering from loss.", |r| r
        .summary
        .budget
        .loss_recovery),
    connection!("time_idle_ms", Kind::Millis, "Time in which nobody owed anything.", |r| r.summary.budget.idle),
    connection!("time_close_ms", Kind::Millis, "Time of closing, from the first FIN.", |r| r.summary.budget.close),
    connection!(
        "bottleneck",
        Kind::Text,
        "The largest cause in a word: client_app, server_app, client_window, server_window, network_loss, network_rate, \
         network_rtt or none; empty if it cannot be told.",
        |r| r.summary.budget.bottleneck.map(words::bottleneck),
    ),
);
