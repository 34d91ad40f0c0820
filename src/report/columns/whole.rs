//! Both directions together.

use crate::report::record::FlowRecord;
use crate::report::schema::{Half, Kind, Role, columns};

columns!(
    connection!(
        "rtt_min_ms",
        Kind::Millis,
        "Full round trip: the smallest of the client's half and the smallest of the server's together; empty if one is \
         missing.",
        |r| r.summary.rtt_min,
    ),
    connection!("packets", Kind::Count, "Packets of both endpoints; empty if one direction was not captured.", |r| {
        packets(r)
    },),
    connection!(
        "stream_bytes",
        Kind::Bytes,
        "Length of both byte streams together; empty if one direction was not captured.",
        |r| stream_bytes(r),
    ),
    connection!("idle_max_s", Kind::Seconds, "Longest silence of both endpoints.", |r| r.summary.idle_max),
    connection!("close_ms", Kind::Millis, "Time from the first FIN to the first ACK of the later FIN.", |r| r
        .summary
        .teardown
        .close,),
    connection!(
        "half_closed_ms",
        Kind::Millis,
        "Time from the first FIN to the other endpoint's first FIN or RST.",
        |r| r.summary.teardown.half_closed,
    ),
    connection!(
        "reused_after_s",
        Kind::Seconds,
        "Time since the last packet of the previous connection on the same four-tuple; empty for the first.",
        |r| r.summary.reused_after,
    ),
);

fn packets(record: &FlowRecord) -> Option<u64> {
    both(record, |half| half.volume.map(|v| v.packets))
}

/// Length of both byte streams, as far as it can be known.
pub(in crate::report) fn stream_bytes(record: &FlowRecord) -> Option<u64> {
    both(record, |half| match half.stream() {
        Some(stream) => Some(stream.stream_bytes),
        // Nothing of it was captured: nothing was sent, unless the capture could not see that direction.
        None => half.volume.map(|_| 0),
    })
}

fn both(record: &FlowRecord, of: impl Fn(Half<'_>) -> Option<u64>) -> Option<u64> {
    let [client, server] = Role::BOTH.map(|role| of(Half::of(record, role)));
    Some(client?.saturating_add(server?))
}
