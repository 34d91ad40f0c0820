//! Vectors 63 to 70: what the capture missed, doubled, or cut.

use super::script::{C, Packet, Run, S, Script, ms};
use tcplens::base::{SegmentBatch, SegmentBits, Timestamp};
use tcplens::capture::{Frame, LinkType};
use tcplens::decode::{DecodeOptions, Decoded, Decoder};
use tcplens::pipeline::Worker;
use tcplens::tcp::{ConnectionSummary, EventKind, HandshakeOutcome, Quality};

/// 63: C acknowledges bytes that never came by, and there is no duplicate ACK: the capture missed them, and nothing was lost.
#[test]
fn vector_63_hole_acknowledged() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..1001).id(1);
    s.server_data(100.1, 2001..3001).id(3);
    s.client_ack(110.1, 3001);
    let run = s.run();
    let stream = run.half(S).stream.as_ref().unwrap();
    assert_eq!((stream.unique_bytes, stream.missing_bytes, stream.stream_bytes), (2000, Some(1000), 3000));
    assert!(run.row().quality.has(Quality::CAPTURE_LOSS));
    run.assert_clean(S);
}

/// 64: C acknowledges 2000 bytes more than came by, and S sends nothing more: the capture missed them.
#[test]
fn vector_64_acknowledged_unseen() {
    let mut s = Script::setup();
    s.server_burst(100.0, 1..3001);
    s.client_ack(112.0, 5001);
    let run = s.run();
    let stream = run.half(S).stream.as_ref().unwrap();
    assert_eq!((stream.unique_bytes, stream.missing_bytes, stream.stream_bytes), (3000, Some(2000), 5000));
    assert!(run.row().quality.has(Quality::CAPTURE_LOSS));
    run.assert_clean(S);
}

/// A connection with a request, a response of which a segment is lost and sent again, and a close.
fn ordinary() -> Script {
    let mut s = Script::setup();
    s.client_data(41.0, 1..101);
    s.server_acks(101);
    s.server_data(100.0, 1..1001);
    s.server_data(100.1, 1001..2001).lost();
    s.server_data(100.2, 2001..3001);
    s.client_ack(110.0, 1001);
    s.client_ack(110.2, 1001).sack(&[(2001, 3001)]);
    s.server_data(150.0, 1001..2001);
    s.client_ack(160.0, 3001);
    s.fin(C, 200.0);
    s.server_acks(102).fin(S, 230.0);
    s.client_ack(240.0, 3002);
    s
}

/// Asserts that a capture with every packet twice tells the same as without the copies.
fn assert_same_without_copies(run: &Run) {
    let packets = |row: &ConnectionSummary| [C, S].map(|e| row.halves[e].volume.packets);
    let copies = [C, S].map(|e| run.loss(e).capture_duplicate_packets);
    assert_eq!(copies, packets(run.row()));
    assert!(run.row().quality.has(Quality::DUPLICATES_REMOVED));
    let mut row = run.row().clone();
    row.quality.0 &= !Quality::DUPLICATES_REMOVED.0;
    for half in &mut row.halves {
        half.loss.as_mut().unwrap().capture_duplicate_packets = 0;
    }
    assert_eq!(row, *ordinary().run().row());
}

/// 65: every packet comes twice, 5 µs apart and with the same ID: capture duplicates; nothing was sent again, and no ACK is a duplicate
/// that was none without them.
#[test]
fn vector_65_every_packet_twice() {
    assert_same_without_copies(&ordinary().doubled(0.005, |_| {}).run());
}

/// 66: the same, and a router lies between the two places: the copies have another VLAN and a TTL that is lower by one.
#[test]
fn vector_66_every_packet_twice_routed() {
    let routed = |copy: &mut Packet| {
        copy.ttl(59).encapsulation(1);
    };
    assert_same_without_copies(&ordinary().doubled(0.005, routed).run());
}

/// 67: one segment of many comes again after 8 ms with the same ID, and C tells of it with a D-SACK: the network doubled it, nobody sent it
/// again.
#[test]
fn vector_67_network_duplicate() {
    let mut s = Script::setup();
    for i in 0..10 {
        let (t, start) = (100.0 + 50.0 * f64::from(i), 1 + 1000 * i as u32);
        s.server_data(t, start..start + 1000);
        if i == 4 {
            s.copy(t + 8.0);
        }
        s.client_ack(t + 10.0, start + 1000);
        if i == 4 {
            s.client_ack(t + 18.0, start + 1000).sack(&[(start, start + 1000)]);
        }
    }
    let run = s.run();
    let loss = run.loss(S);
    assert_eq!((loss.network_duplicate_packets, loss.capture_duplicate_packets), (1, 0));
    assert_eq!((loss.retrans_packets, loss.spurious_packets, loss.lost_downstream_bytes), (0, 0, Some(0)));
    assert_eq!(run.verdicts(S), [(308.0, "network_duplicate")]);
    assert_eq!((run.acks(C).dsacks, run.acks(C).dup_acks), (Some(1), 0));
    assert_eq!(run.unique_bytes(S), 10_000);
}

/// A request and a response of which a segment comes again, captured from S to C only.
fn one_way() -> Run {
    let mut s = Script::setup();
    s.client_data(41.0, 1..101);
    s.server_acks(101);
    s.server_burst(100.0, 1..2001);
    s.client_ack(111.0, 1001);
    s.server_data(340.0, 1001..2001);
    s.client_ack(350.0, 2001);
    s.server_data(400.0, 2001..3001);
    s.only(S)
}

/// 68: only the packets from S to C were captured: `one_way`, nothing is said of what C sent, and what S sent again is found all the same.
#[test]
fn vector_68_one_way() {
    let run = one_way();
    assert!(run.row().quality.has(Quality::ONE_WAY));
    let client = run.half(C);
    assert_eq!((client.volume.packets, &client.loss, &client.stalls), (0, &None, &None));
    assert_eq!((client.acks, client.window), (None, None));
    assert_eq!((client.rtt.samples, run.row().rtt_min), (0, None));
    let loss = run.loss(S);
    assert_eq!((loss.retrans_packets, loss.retrans_bytes, run.unique_bytes(S)), (1, 1000, 3000));
}

/// 68: whether it was needed cannot be known (5.3), and so neither can what was lost behind the capture point.
#[test]
fn vector_68_one_way_loss_is_unknown() {
    assert_eq!(one_way().loss(S).lost_downstream_bytes, None);
}

/// 68: what S acknowledges proves that C answered it: neither `unanswered` nor `half_open`.
#[test]
fn vector_68_one_way_is_not_unanswered() {
    assert_eq!(one_way().row().handshake.outcome, HandshakeOutcome::EstablishedPartial);
}

/// 69: the capture cut the options: what the SYNs offered is unknown, and not absent.
#[test]
fn vector_69_options_cut() {
    let mut s = Script::new().with_options_cut().opened();
    s.client_data(41.0, 1..101);
    s.server_ack(71.0, 101);
    let run = s.run();
    let handshake = &run.row().handshake;
    assert_eq!(handshake.outcome, HandshakeOutcome::Established);
    assert_eq!((handshake.sack, handshake.timestamps, handshake.mptcp), (None, None, None));
    assert_eq!((handshake.window_scale, handshake.mss, handshake.fast_open), ([None; 2], [None; 2], None));
    assert_eq!((run.windows(C).min, run.windows(S).max), (None, None));
    assert!(run.row().quality.has(Quality::OPTIONS_TRUNCATED));
    assert!(run.row().quality.has(Quality::WINDOW_SCALE_UNKNOWN));
    assert!(!run.row().quality.has(Quality::NO_TIMESTAMPS));
}

/// 70: a frame of 5054 bytes whose IP header says that the length is 0, as segmentation offload leaves it: 5000 bytes of payload, a
/// super-packet.
#[test]
fn vector_70_length_from_the_frame() {
    let mut frame = vec![0; 5054];
    frame[12..14].copy_from_slice(&[0x08, 0x00]);
    frame[14..34].copy_from_slice(&[0x45, 0, 0, 0, 0, 7, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1]);
    frame[34..54].copy_from_slice(&[0, 80, 0x9c, 0x40, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x18, 1, 244, 0, 0, 0, 0]);
    let frame = Frame { ts: Timestamp(0), number: 1, link: LinkType(1), wire_len: 5054, data: &frame };
    let mut batch = SegmentBatch::default();
    let mut decoder = Decoder::new(DecodeOptions { verify_checksums: false, reassemble: true });
    assert_eq!(decoder.decode(&frame, &mut batch), Decoded::Segment);
    assert_eq!(batch.segments[0].payload_len, 5000);
    assert!(batch.segments[0].bits.has(SegmentBits::LEN_FROM_FRAME));

    let mut worker = Worker::new(false, Vec::new());
    worker.on_batch(&batch);
    worker.finish();
    let run = Run { rows: worker.drain_rows().collect(), events: Vec::new() };
    assert!(run.row().quality.has(Quality::SUPER_PACKETS));
    assert_eq!((run.unique_bytes(S), run.half(S).volume.ip_bytes), (5000, 5040));
}

/// 63 and 64 tell the gaps as they are seen: before the segment behind the first, and never of the second.
#[test]
fn vector_63_gap_is_told() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..1001);
    s.server_data(100.1, 2001..3001);
    s.client_ack(110.1, 3001);
    let run = s.run();
    assert_eq!(run.times(S, EventKind::Gap), [100.1]);
    assert_eq!(run.event(S, EventKind::Gap).bytes, 1000);
    assert_eq!(run.half(C).rtt.min, Some(ms(10.0)));
}
