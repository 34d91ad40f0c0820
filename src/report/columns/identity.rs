//! Which connection it is: number, endpoints, the layers around it, its time.

use crate::report::community_id::community_id;
use crate::report::schema::{Kind, Part, columns, connection};
use crate::report::words;

/// The number stands alone: it is known last.
pub(super) const NUMBER: Part = &[connection!(
    "flow_id",
    Kind::Count,
    "Number of the connection, counted from 0 in the order of the connections' first packets.",
    |r| r.flow_id,
)];

columns!(
    connection!(
        "first_frame",
        Kind::Count,
        "Number of its first packet in the capture, counted from 1 as Wireshark counts frames.",
        |r| r.first_frame,
    ),
    connection!("client_ip", Kind::Address, "Address of the client, of the innermost IP header.", |r| {
        r.client.ip()
    }),
    connection!("client_port", Kind::Count, "TCP port of the client.", |r| r.client.port),
    connection!("server_ip", Kind::Address, "Address of the server, of the innermost IP header.", |r| {
        r.server.ip()
    }),
    connection!("server_port", Kind::Count, "TCP port of the server.", |r| r.server.port),
    connection!(
        "role_evidence",
        Kind::Text,
        "What decided which endpoint is the client: syn, syn_ack, server_port_seen, most_peers, well_known_port, \
         port_order, reset_target or first_packet.",
        |r| words::role_evidence(r.summary.role_evidence),
    ),
    connection!(
        "community_id",
        Kind::Text,
        "Community ID v1 with seed 0, by which Zeek, Suricata and Arkime name the same connection.",
        |r| community_id(r.client, r.server),
    ),
    connection!(
        "encapsulation",
        Kind::Text,
        "Layers between the link and the innermost IP header, outermost first, such as vlan:12/vxlan:77; empty if there \
         are none.",
        |r| r.encapsulation.as_str(),
    ),
    connection!("start_time", Kind::Time, "Capture time of the first packet.", |r| r.summary.span.0),
    connection!("end_time", Kind::Time, "Capture time of the last packet.", |r| r.summary.span.1),
    connection!("duration_s", Kind::Seconds, "Time from the first packet to the last.", |r| {
        r.summary.span.1.since(r.summary.span.0)
    }),
);
