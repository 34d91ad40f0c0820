//! Whatever comes, nothing panics, and the sums hold. In the dev profile an overflow is a panic too.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

use proptest::prelude::*;
use tcplens::base::{
    Endpoint, FlowKey, IcmpError, IcmpKind, Nanos, SackBlock, Segment, SegmentBatch, SegmentBits, Seq, Side, TcpFlags,
    Timestamp,
};
use tcplens::pipeline::{Collector, Heard, Row, Worker};
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

/// What a host does next: which of three clients or its server, what, how much, how much of the peer's data it has not heard of yet, and how
/// long after the last step of anybody.
type Act = (u8, bool, u8, u32, u8, i64);

/// Clients that call on a server at the same time, again and again, and now and then do what nobody should.
fn conversations() -> impl Strategy<Value = Vec<Scripted>> {
    let pause = prop_oneof![6 => 0i64..30_000_000, 3 => 0i64..900_000_000, 1 => 0i64..20_000_000_000];
    let act = (0u8..3, any::<bool>(), 0u8..40, 1u32..3000, 0u8..4, pause);
    proptest::collection::vec(act, 1..200).prop_map(|acts| Hosts::default().play(&acts))
}

/// The hosts of [`conversations`].
#[derive(Default)]
struct Hosts {
    /// Of each client and of the server's side of it: the next sequence number; `None` where nothing has begun.
    next: [[Option<u32>; 2]; 3],
    began: u32,
    t: i64,
}

impl Hosts {
    fn play(mut self, acts: &[Act]) -> Vec<Scripted> {
        acts.iter().filter_map(|act| self.step(act)).collect()
    }

    fn step(&mut self, &(client, back, what, amount, lag, pause): &Act) -> Option<Scripted> {
        let me = usize::from(back);
        let next = &mut self.next[usize::from(client)];
        self.t += pause;
        let syn = match next[me] {
            // Whoever has not begun does so, the server only if somebody called.
            None => {
                if back && next[0].is_none() {
                    return None;
                }
                self.began += 1;
                next[me] = Some(self.began.wrapping_mul(0x3779_0000));
                true
            }
            // The same SYN once more.
            Some(_) => what == 0,
        };
        let seq = next[me]?;
        let heard = next[1 - me].map(|ack| ack.wrapping_sub(u32::from(lag) * 400));
        let (fin, rst) = (what == 1 || what == 2, what == 3);
        let payload_len = if syn || what > 20 { 0 } else { amount };
        let seq = match what {
            _ if syn && what == 0 => seq.wrapping_sub(1),
            4 => seq.wrapping_sub(amount),
            5 => seq.wrapping_add(amount),
            6 => seq.wrapping_add(1 << 25),
            _ => seq,
        };
        if syn && what != 0 {
            next[me] = Some(seq.wrapping_add(1));
        } else if !syn && (what > 6 || fin) {
            next[me] = Some(seq.wrapping_add(payload_len + u32::from(fin)));
        }
        if what == 2 || rst {
            // Its port is used again.
            self.next[usize::from(client)] = [None; 2];
        }
        let mut flags = if heard.is_some() { TcpFlags::ACK } else { TcpFlags::default() };
        for (flag, set) in [(TcpFlags::SYN, syn), (TcpFlags::FIN, fin && !syn), (TcpFlags::RST, rst && !syn)] {
            flags = if set { flags.with(flag) } else { flags };
        }
        let ends = [Endpoint::v4([10, 0, 0, 1], 40_000 + u16::from(client)), Endpoint::v4([10, 0, 0, 2], 80)];
        let (key, side) = FlowKey::of(ends[me], ends[1 - me]);
        let mut bits = SegmentBits::IPV4.with(SegmentBits::TIMESTAMPS);
        bits.set_if(SegmentBits::FROM_HI, side == Side::Hi);
        bits.set_if(SegmentBits::SACK_PERMITTED.with(SegmentBits::MSS).with(SegmentBits::WINDOW_SCALE), syn);
        let ack = heard.unwrap_or(0);
        let sacks = if what == 21 && lag > 1 {
            vec![SackBlock { left: Seq(ack.wrapping_add(400)), right: Seq(ack.wrapping_add(800)) }]
        } else {
            Vec::new()
        };
        let segment = Segment {
            ts: Timestamp(pause),
            key,
            seq: Seq(seq),
            ack: Seq(ack),
            payload_len,
            tsval: (self.t / 1_000_000) as u32,
            tsecr: heard.map_or(0, |_| (self.t / 1_000_000) as u32),
            window: if what == 22 { 0 } else { 500 },
            ip_id: self.began as u16 ^ amount as u16,
            flags,
            mss: if syn { 1460 } else { 0 },
            header_len: 52,
            bits,
            window_scale: if syn { 7 } else { 0 },
            ttl: 64,
            ..Segment::default()
        };
        Some(Scripted { segment, sacks, icmp: what == 23 })
    }
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

/// The segments of the script, each step so much later than the one before, a few in each batch.
fn batches(script: &[Scripted], few: usize) -> Vec<SegmentBatch> {
    let mut batches = Vec::new();
    let mut batch = SegmentBatch::default();
    let mut now = Timestamp(1_700_000_000_000_000_000);
    for (i, step) in script.iter().enumerate() {
        if batch.segments.len() == few {
            batches.push(std::mem::take(&mut batch));
        }
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
    batches.push(batch);
    batches
}

/// Plays the script, and gives the rows and the events.
fn play(script: &[Scripted], live: bool) -> (Vec<Row>, Vec<(u64, Event)>) {
    let mut worker = Worker::new(live, Vec::new());
    batches(script, usize::MAX).iter().for_each(|batch| worker.on_batch(batch));
    worker.finish();
    let rows = worker.drain_rows().collect();
    (rows, std::mem::take(worker.sink()))
}

/// The rows of the script, whose segments come a few at a time. `wait`: they wait until they are looked at.
fn rows_of(script: &[Scripted], few: usize, live: bool, wait: bool) -> Vec<String> {
    let mut worker = Worker::new(live, ());
    if wait {
        worker.put_all_off(0);
    }
    batches(script, few).iter().for_each(|batch| worker.on_batch(batch));
    worker.finish();
    worker.drain_rows().map(|row| format!("{row:?}")).collect()
}

/// What was heard of it, in the order in which it happened; segments wait for so many batches, or not at all.
fn heard_of(script: &[Scripted], few: usize, wait: Option<usize>) -> Vec<Heard> {
    let mut worker = Worker::new(false, Collector::default());
    if let Some(most) = wait {
        worker.put_all_off(most);
    }
    let mut heard = Vec::new();
    for (number, batch) in batches(script, few).iter().enumerate() {
        worker.on_batch(batch);
        let mut new = worker.take_heard();
        let oldest = number.saturating_sub(wait.unwrap_or(0)) * few + 1;
        assert!(new.iter().all(|heard| heard.moment.frame() >= oldest as u64), "batch {number} of {few}: {new:?}");
        heard.append(&mut new);
    }
    worker.finish();
    heard.append(&mut worker.take_heard());
    heard.sort_by_key(|heard| heard.moment);
    heard
}

fn count(events: &[(u64, Event)], row: &Row, sender: usize, kinds: &[EventKind]) -> u64 {
    let of = |(flow, e): &&(u64, Event)| *flow == row.record.flow_id && e.sender == sender && kinds.contains(&e.kind);
    events.iter().filter(of).count() as u64
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// Where connections are many, segments wait and are looked at together: nothing that is said of them changes.
    #[test]
    fn whatever_waits_is_looked_at_as_if_it_had_not(
        script in proptest::collection::vec(scripted(), 1..160), few in 1usize..20, most in 0usize..6, live: bool,
    ) {
        prop_assert_eq!(rows_of(&script, few, live, false), rows_of(&script, few, live, true));
        prop_assert_eq!(heard_of(&script, few, None), heard_of(&script, few, Some(most)));
    }

    /// The same of connections as hosts make them: they begin with a handshake, and end.
    #[test]
    fn conversations_that_wait_are_looked_at_as_if_they_had_not(
        script in conversations(), few in 1usize..40, most in 0usize..6, live: bool,
    ) {
        prop_assert_eq!(rows_of(&script, few, live, false), rows_of(&script, few, live, true));
        prop_assert_eq!(heard_of(&script, few, None), heard_of(&script, few, Some(most)));
    }

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
