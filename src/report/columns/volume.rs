//! How much each endpoint sent: packets, bytes, its stream, its throughput.

use crate::base::Nanos;
use crate::report::schema::{Half, Kind, halves};

halves!(
    (
        "packets",
        Kind::Count,
        "All packets of the endpoint, those with a bad checksum and the network's duplicates included, the capture's \
         duplicates not.",
        |h| h.volume.map(|v| v.packets),
    ),
    (
        "ip_bytes",
        Kind::Bytes,
        "Sum of the total lengths of the endpoint's IP packets, super-packets as they were captured.",
        |h| h.volume.map(|v| v.ip_bytes),
    ),
    (
        "data_packets",
        Kind::Count,
        "Packets of the endpoint with payload, retransmissions and the network's duplicates included.",
        |h| h.volume.map(|v| v.data_packets),
    ),
    (
        "payload_bytes",
        Kind::Bytes,
        "Payload of the endpoint's packets, retransmissions and the network's duplicates included.",
        |h| h.volume.map(|v| v.payload_bytes),
    ),
    ("unique_bytes", Kind::Bytes, "Payload bytes of the endpoint that were seen at least once.", |h| h
        .stream()
        .map(|s| s.unique_bytes),),
    (
        "stream_bytes",
        Kind::Bytes,
        "True length of the endpoint's byte stream by its sequence numbers, even where the capture has gaps.",
        |h| h.stream().map(|s| s.stream_bytes),
    ),
    (
        "missing_bytes",
        Kind::Bytes,
        "Stream bytes that the capture never saw although the peer acknowledged them: loss of the capture, not of the \
         network.",
        |h| h.stream().and_then(|s| s.missing_bytes),
    ),
    (
        "pure_acks",
        Kind::Count,
        "Packets of the endpoint with ACK and neither payload nor SYN, FIN or RST, probes of that shape included.",
        |h| h.volume.map(|v| v.pure_acks),
    ),
    ("push_packets", Kind::Count, "Packets of the endpoint with PSH.", |h| h.volume.map(|v| v.push_packets));
    all zero if |h| h.volume.is_some_and(|v| v.urgent_packets | v.bad_checksum_packets == 0) =>
    ("urgent_packets", Kind::Count, "Packets of the endpoint with URG.", |h| h.volume.map(|v| v.urgent_packets)),
    ("bad_checksum_packets", Kind::Count, "Packets of the endpoint whose TCP checksum is wrong.", |h| h
        .volume
        .map(|v| v.bad_checksum_packets),);
    (
        "segment_max_bytes",
        Kind::Bytes,
        "Largest payload of a segment of the endpoint, super-packets left out; empty without data.",
        |h| h.summary().volume.segment_max,
    ),
    (
        "segment_min_bytes",
        Kind::Bytes,
        "Smallest payload of a segment of the endpoint that has any, super-packets left out; empty without data.",
        |h| h.summary().volume.segment_min,
    ),
    (
        "throughput_bps",
        Kind::BitsPerSecond,
        "stream_bytes, in bits, over the time from the endpoint's first to its last packet with payload; empty if they \
         are one.",
        |h| throughput(h),
    ),
);

fn throughput(half: Half<'_>) -> Option<u64> {
    let ((first, last), stream) = half.summary().volume.data_span.zip(half.stream())?;
    bits_per_second(stream.stream_bytes, last.since(first))
}

/// Whole bits per second, rounded to the nearest; no rate without a time.
fn bits_per_second(bytes: u64, span: Nanos) -> Option<u64> {
    let span = u64::try_from(span.0).ok().filter(|ns| *ns > 0)?;
    // Dividing 128 bits takes as long as writing twenty cells.
    if let Some(bits) = bytes.checked_mul(8 * 1_000_000_000).and_then(|bits| bits.checked_add(span / 2)) {
        return Some(bits / span);
    }
    let span = u128::from(span);
    let rate = (u128::from(bytes) * 8 * 1_000_000_000 + span / 2) / span;
    u64::try_from(rate).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throughput_needs_a_span() {
        assert_eq!(bits_per_second(1_000, Nanos::from_secs(1)), Some(8_000));
        assert_eq!(bits_per_second(1, Nanos::from_secs(3)), Some(3));
        assert_eq!(bits_per_second(1_000, Nanos::ZERO), None);
        assert_eq!(bits_per_second(1_000, Nanos(-1)), None);
        assert_eq!(bits_per_second(u64::MAX, Nanos(1)), None);
    }
}
