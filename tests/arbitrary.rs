//! Whatever comes, nothing panics, and the sums hold. In the dev profile an overflow is a panic too.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

use proptest::prelude::*;
use tcplens::base::{
    Endpoint, FlowKey, IcmpError, IcmpKind, Nanos, SackBlock, Segment, SegmentBatch, SegmentBits, Seq, Side, TcpFlags,
    Timestamp,
};
use tcplens::pipeline::{Row, Worker};
use tcplens::tcp::{Event, EventKind};

/// A number near one of a few places: the beginning of a stream, the wrap, and anywhere.
fn number() -> impl Strategy<Value = u32> {
    prop_oneof![
        5 => (0u32..40).prop_map(|n| 1000 + n * 500),
        2 => (0u32..20).prop_map(|n| 1000 + n),
        2 => (0u32..20).prop_map(|n| (u32::MAX - 3000).wrapping_add(n * 500)),
        1 => any::<u32>(),
    ]
}

fn flags() -> impl Strategy<Value = u16> {
    prop_oneof![
        10 => Just(0x10u16),
        4 => Just(0x18),
        1 => Just(0x02),
        1 => Just(0x12),
        1 => Just(0x11),
        1 => Just(0x04),
        1 => Just(0x14),
        1 => 0u16..0x200,
    ]
}

fn length() -> impl Strategy<Value = u32> {
    prop_oneof![4 => Just(0u32), 4 => Just(500), 1 => Just(1), 1 => 0u32..3000, 1 => Just(65_000), 1 => any::<u32>()]
}

#[derive(Clone)]
struct Scripted {
    segment: Segment,
    sacks: Vec<SackBlock>,
    icmp: bool,
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let s = &self.segment;
        let from = s.key.endpoint(s.from()).port;
        write!(
            f,
            "+{} ns :{from} {} {}({}) ack {} win {}",
            s.ts.0, s.flags, s.seq.0, s.payload_len, s.ack.0, s.window
        )?;
        write!(
            f,
            " id {} ts {:?} bits {:x} sacks {:?}",
            s.ip_id,
            s.timestamp().zip(Some(s.tsecr)),
            s.bits.0,
            self.sacks
        )
    }
}

fn scripted() -> impl Strategy<Value = Scripted> {
    let head = (flags(), number(), number(), length(), prop_oneof![Just(0u16), Just(500), any::<u16>()], any::<bool>());
    let tail = (
        0u32..20,
        prop_oneof![3 => Just(None), 5 => (0u32..40, 0u32..40).prop_map(Some)],
        prop_oneof![8 => 0i64..60_000_000, 1 => -2_000_000i64..0, 1 => 0i64..100_000_000_000],
        proptest::collection::vec((number(), number()), 0..4),
        any::<u32>(),
        0u8..4,
    );
    (head, tail).prop_map(|((flags, seq, ack, payload_len, window, back), (ip_id, stamp, step, sacks, bits, port))| {
        let (a, b) = (Endpoint::v4([10, 0, 0, 1], 40_000 + u16::from(port / 3)), Endpoint::v4([10, 0, 0, 2], 80));
        let (key, side) = if back { FlowKey::of(b, a) } else { FlowKey::of(a, b) };
        // Mostly plain segments; now and then any of the bits.
        let mut bits = SegmentBits(if bits % 8 == 0 { bits >> 8 & 0x1_ffff & !1 } else { 0 });
        bits.set(SegmentBits::IPV4);
        bits.set_if(SegmentBits::FROM_HI, side == Side::Hi);
        bits.set_if(SegmentBits::TIMESTAMPS, stamp.is_some());
        let (tsval, tsecr) = stamp.unwrap_or_default();
        let sacks: Vec<_> = sacks.into_iter().map(|(l, r)| SackBlock { left: Seq(l), right: Seq(r) }).collect();
        let segment = Segment {
            ts: Timestamp(step),
            key,
            seq: Seq(seq),
            ack: Seq(ack),
            payload_len,
            tsval,
            tsecr,
            window,
            ip_id: ip_id as u16,
            flags: TcpFlags(flags),
            mss: 1460,
            header_len: 52,
            bits,
            window_scale: (ip_id % 16) as u8,
            ttl: 64,
            ..Segment::default()
        };
        Scripted { segment, sacks, icmp: payload_len == 1 && flags == 0x02 }
    })
}

/// Plays the script, each step so much later than the one before, and gives the rows and the events.
fn play(script: &[Scripted], live: bool) -> (Vec<Row>, Vec<(u64, Event)>) {
    let mut worker = Worker::new(live, Vec::new());
    let mut batch = SegmentBatch::default();
    let mut now = Timestamp(1_700_000_000_000_000_000);
    for (i, step) in script.iter().enumerate() {
        now = now + Nanos(step.segment.ts.0);
        let sack_at = batch.sacks.len() as u16;
        batch.sacks.extend(&step.sacks);
        let segment =
            Segment { ts: now, frame: i as u64 + 1, sack_at, sack_len: step.sacks.len() as u8, ..step.segment };
        if step.icmp {
            let from = segment.from();
            let kind = IcmpKind::TooBig;
            let error = IcmpError { ts: now, frame: segment.frame, key: segment.key, from, seq: segment.seq, kind };
            batch.errors.push((batch.segments.len(), error));
        }
        batch.push(segment);
    }
    worker.on_batch(&batch);
    worker.finish();
    let rows = worker.drain_rows().collect();
    (rows, std::mem::take(worker.sink()))
}

fn count(events: &[(u64, Event)], row: &Row, sender: usize, kinds: &[EventKind]) -> u64 {
    let of = |(flow, e): &&(u64, Event)| *flow == row.record.flow_id && e.sender == sender && kinds.contains(&e.kind);
    events.iter().filter(of).count() as u64
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_segments_give_rows_whose_sums_hold(script in proptest::collection::vec(scripted(), 1..120), live: bool) {
        let (rows, events) = play(&script, live);
        let mut ids: Vec<u64> = rows.iter().map(|row| row.record.flow_id).collect();
        ids.sort_unstable();
        prop_assert_eq!(ids, (0..rows.len() as u64).collect::<Vec<_>>());
        let packets: u64 = rows.iter().flat_map(|row| &row.record.summary.halves).map(|half| half.volume.packets).sum();
        prop_assert!(packets <= script.len() as u64);
        for row in &rows {
            for (sender, half) in row.record.summary.halves.iter().enumerate() {
                let Some(loss) = &half.loss else { continue };
                let kinds = loss.rto_packets + loss.fast_packets + loss.tlp_packets + loss.unclear_packets;
                prop_assert_eq!(loss.retrans_packets, kinds);
                prop_assert!(loss.spurious_packets <= loss.retrans_packets, "{:?}", loss);
                let timer = [EventKind::Rto, EventKind::RtoRecovery, EventKind::SynRetransmit];
                prop_assert_eq!(loss.rto_packets, count(&events, row, sender, &timer));
                prop_assert_eq!(loss.fast_packets, count(&events, row, sender, &[EventKind::FastRetransmit]));
                prop_assert_eq!(loss.tlp_packets, count(&events, row, sender, &[EventKind::Tlp]));
                prop_assert_eq!(loss.spurious_packets, count(&events, row, sender, &[EventKind::Spurious]));
                prop_assert_eq!(loss.out_of_order_packets, count(&events, row, sender, &[EventKind::OutOfOrder]));
            }
        }
    }
}
