//! How the connection began and ended, and how far the capture can be trusted about it.

use crate::findings::{self, Code};
use crate::report::schema::{Kind, columns};
use crate::report::value::{Plain, Words};
use crate::report::words;
use crate::tcp::Quality;

columns!(
    connection!(
        "handshake",
        Kind::Text,
        "Outcome of the handshake: established, established_partial, midstream, refused_rst, refused_icmp, unanswered, \
         one_way, half_open, client_reset, server_reset, challenged or simultaneous_open.",
        |r| words::handshake(r.summary.handshake.outcome),
    ),
    connection!(
        "end",
        Kind::Text,
        "How it ended: fin, fin_simultaneous, fin_then_rst, refused, unanswered, rst_client, rst_server, half_closed, \
         timeout, superseded, evicted or open_at_end.",
        |r| words::end(r.summary.teardown.end),
    ),
    connection!(
        "closed_by",
        Kind::Text,
        "Who sent the first FIN or the RST that took effect: client, server or both.",
        |r| r.summary.teardown.closed_by.map(words::closed_by),
    ),
    connection!(
        "rst_kind",
        Kind::Text,
        "What the RST that took effect meant: refused, no_socket, data_after_close, abort, abort_after_fin, idle_reset, \
         keepalive_reset, keepalive_rejected, half_open_discovery, time_wait_collision, overflow_reset or \
         injected_suspected; empty without one.",
        |r| r.summary.teardown.rst_kind.map(words::rst_kind),
    ),
    half!(
        "state",
        Kind::Text,
        "State of the endpoint when the row was written, as inferred, by its name in RFC 9293; RESET after a RST that \
         took effect.",
        |h| words::state(*h.pick(&h.connection().teardown.states)),
    ),
    connection!(
        "zeek_conn_state",
        Kind::Text,
        "The connection's state as Zeek's conn.log has it, such as SF, S0 or REJ.",
        |r| Plain(r.summary.teardown.zeek_conn_state),
    ),
    connection!(
        "zeek_history",
        Kind::Text,
        "The connection's history as Zeek's conn.log has it, such as ShADadFf.",
        |r| &r.summary.teardown.zeek_history,
    ),
    connection!(
        "vantage",
        Kind::Text,
        "Where the capture point lies: at_client, near_client, middle, near_server, at_server, local or unknown.",
        |r| words::vantage(r.summary.vantage),
    ),
    connection!(
        "quality",
        Kind::Words,
        "Why some columns are empty or uncertain: one_way, no_handshake, no_timestamps, window_scale_unknown, truncated, \
         options_truncated, capture_loss, duplicates_removed, super_packets, time_regress, state_capped, fragmented, \
         bad_checksums; empty if the capture is clean.",
        |r| Words { list: &Quality::WORDS, chosen: u64::from(r.summary.quality.0) },
    ),
    connection!(
        "findings",
        Kind::Words,
        "Codes of what is wrong with the connection, of severity warning and above, worst first; tcplens explain spells \
         them out.",
        |r| Words { list: &Code::WORDS, chosen: findings::warnings_of(&r.summary).bits() },
    ),
);
