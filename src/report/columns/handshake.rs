//! The handshake: how long it took, and what it settled.

use crate::report::schema::{Kind, columns};
use crate::report::words;

columns!(
    connection!(
        "syn_packets",
        Kind::Count,
        "SYNs without ACK, retransmissions and the network's duplicates included.",
        |r| r.summary.handshake.syn_packets,
    ),
    connection!(
        "syn_ack_packets",
        Kind::Count,
        "SYN-ACKs, retransmissions and the network's duplicates included.",
        |r| r.summary.handshake.syn_ack_packets,
    ),
    connection!(
        "handshake_ms",
        Kind::Millis,
        "Time from the SYN that was answered to the client's first ACK; a round trip only if SYN and SYN-ACK were sent \
         once.",
        |r| r.summary.handshake.round_trip,
    ),
    connection!(
        "handshake_client_rtt_ms",
        Kind::Millis,
        "Time from the SYN-ACK to the client's ACK, the round trip between the capture point and the client; empty where \
         a retransmission makes it ambiguous.",
        |r| {
            let [client, _] = r.summary.handshake.half_rtt;
            client
        },
    ),
    connection!(
        "handshake_server_rtt_ms",
        Kind::Millis,
        "Time from the SYN to the SYN-ACK, the round trip between the capture point and the server; empty where a \
         retransmission makes it ambiguous.",
        |r| {
            let [_, server] = r.summary.handshake.half_rtt;
            server
        },
    ),
    connection!(
        "setup_delay_ms",
        Kind::Millis,
        "Time lost to repeated SYNs and SYN-ACKs: from the first SYN to the client's first ACK, less rtt_min_ms; 0 if \
         neither was repeated.",
        |r| r.summary.handshake.setup_delay,
    ),
    half!(
        "mss_bytes",
        Kind::Bytes,
        "Maximum segment size that the endpoint announced: the largest payload it takes in a segment.",
        |h| *h.pick(&h.connection().handshake.mss),
    ),
    half!(
        "window_scale",
        Kind::Count,
        "Shift that was negotiated for the endpoint's window field; empty if none was, or if the handshake was not seen.",
        |h| *h.pick(&h.connection().handshake.window_scale),
    ),
    connection!("sack", Kind::Flag, "Selective acknowledgements (RFC 2018) were negotiated.", |r| {
        r.summary.handshake.sack
    }),
    connection!("timestamps", Kind::Flag, "Timestamps (RFC 7323) were negotiated.", |r| {
        r.summary.handshake.timestamps
    }),
    connection!(
        "ecn",
        Kind::Text,
        "Explicit congestion notification that was negotiated: classic (RFC 3168), accecn (RFC 9768) or false.",
        |r| r.summary.handshake.ecn.map(words::ecn),
    ),
    connection!(
        "fast_open",
        Kind::Text,
        "What became of TCP Fast Open (RFC 7413): requested if a cookie was asked for, accepted, partial or rejected for \
         the data of the SYN, blackholed, or false if the SYN had no such option.",
        |r| r.summary.handshake.fast_open.map(words::fast_open),
    ),
    connection!("mptcp", Kind::Flag, "Multipath TCP (RFC 8684) was negotiated.", |r| r.summary.handshake.mptcp),
);
