//! The connection's lifetime, split by cause: the parts exclude each other and add up to `duration_s`.

use crate::base::Nanos;
use crate::report::schema::{Declaration, Kind, connection};
use crate::report::value::Word;

// needs: ConnectionSummary with the time budget (semantics, section 11); until then these columns are empty.
pub(super) const COLUMNS: &[Declaration] = &[
    connection!("time_handshake_ms", Kind::Millis, "Time of the handshake, up to the client's first ACK.", |_| None::<
        Nanos,
    >,),
    connection!(
        "time_client_app_ms",
        Kind::Millis,
        "Time spent waiting for the client's application, with nothing of it on its way or held back.",
        |_| None::<Nanos>,
    ),
    connection!(
        "time_server_app_ms",
        Kind::Millis,
        "Time spent waiting for the server's application, with nothing of it on its way or held back.",
        |_| None::<Nanos>,
    ),
    connection!(
        "time_rwnd_limited_ms",
        Kind::Millis,
        "Time for which a receiver's window held the sender back.",
        |_| None::<Nanos>,
    ),
    connection!(
        "time_network_ms",
        Kind::Millis,
        "Time for which data or its acknowledgement was on its way, or the congestion window was growing.",
        |_| None::<Nanos>,
    ),
    connection!("time_loss_recovery_ms", Kind::Millis, "Time spent recovering from loss.", |_| None::<Nanos>),
    connection!("time_idle_ms", Kind::Millis, "Time in which nobody owed anything.", |_| None::<Nanos>),
    connection!("time_close_ms", Kind::Millis, "Time of closing, from the first FIN.", |_| None::<Nanos>),
    connection!(
        "bottleneck",
        Kind::Text,
        "The largest cause in a word: client_app, server_app, client_window, server_window, network_loss, network_rate, \
         network_rtt or none; empty if it cannot be told.",
        |_| None::<Word>,
    ),
];
