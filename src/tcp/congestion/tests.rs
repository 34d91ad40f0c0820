use proptest::prelude::*;

use super::*;
use crate::base::Seq;
use crate::tcp::recovery::Trigger;
use crate::tcp::verdict::Kind;

/// Payload of a segment.
const MSS: u32 = 1000;
/// The capture is at the client, which sends; a round trip takes so long.
const RTT: i64 = 50;

fn at(ms: i64) -> Timestamp {
    Timestamp(0) + Nanos::from_millis(ms)
}

fn data(view: &mut CongestionView, ms: i64, segment: u32, kind: Kind) {
    let seq = Seq(1 + segment * MSS);
    let lo = seq.first_position();
    let sent = Segment { ts: at(ms), seq, payload_len: MSS, flags: TcpFlags::ACK, ..Segment::default() };
    view.on_segment(&sent, 0, Some(&Verdict::plain(kind, lo, lo + u64::from(MSS))));
}

/// The server acknowledges all below the segment with this number.
fn ack(view: &mut CongestionView, ms: i64, segment: u32, flags: TcpFlags, blocks: u8) {
    let ack = Seq(1 + segment * MSS);
    let flags = TcpFlags::ACK.with(flags);
    let segment = Segment { ts: at(ms), frame: ms as u64, ack, flags, sack_len: blocks, ..Segment::default() };
    view.on_segment(&segment, 1, Some(&Verdict::plain(Kind::Empty, 0, 0)));
}

/// Rounds of so many segments each, every one sent and acknowledged as a whole; gives what comes next.
fn rounds(view: &mut CongestionView, from: (i64, u32), sizes: &[u32]) -> (i64, u32) {
    let (mut ms, mut next) = from;
    for &size in sizes {
        (next..next + size).for_each(|segment| data(view, ms, segment, Kind::New));
        next += size;
        ms += RTT;
        ack(view, ms, next, TcpFlags::default(), 0);
    }
    (ms, next)
}

fn of_client(view: &CongestionView) -> CongestionSummary {
    let [client, _] = view.summary();
    client
}

#[test]
fn slow_start_ends_where_the_flight_stops_growing() {
    let mut view = CongestionView::default();
    let (ms, next) = rounds(&mut view, (0, 0), &[10, 20, 40, 44]);
    data(&mut view, ms, next, Kind::New);
    let seen = of_client(&view);
    assert_eq!((seen.segments, seen.rounds, seen.app_limited_rounds), (115, 4, 0));
    assert_eq!(seen.flights, [10_000, 20_000, 40_000, 44_000]);
    assert_eq!(seen.flight, Some([20_000, 44_000]));
    let end = seen.slow_start.unwrap();
    assert_eq!((end.end, end.round, end.flight, end.t), (SlowStartEnd::Levelled, 4, 44_000, at(4 * RTT)));
    assert_eq!(seen.round_time, Some([Nanos::from_millis(RTT); 3]));
}

#[test]
fn an_application_that_pauses_ends_no_slow_start() {
    let mut view = CongestionView::default();
    let mut from = (0, 0);
    for _ in 0..5 {
        let (ms, next) = rounds(&mut view, from, &[10]);
        from = (ms + 100, next);
    }
    rounds(&mut view, from, &[10]);
    let seen = of_client(&view);
    assert_eq!((seen.rounds, seen.app_limited_rounds, seen.slow_start), (5, 5, None));
    assert_eq!(seen.round_time, None);
}

#[test]
fn a_loss_ends_slow_start_and_halves_the_flight() {
    let mut view = CongestionView::default();
    let (ms, next) = rounds(&mut view, (0, 0), &[10, 20, 40]);
    (next..next + 80).for_each(|segment| data(&mut view, ms, segment, Kind::New));
    ack(&mut view, ms + 20, next, TcpFlags::default(), 1);
    data(&mut view, ms + 21, next, Kind::Retransmission(Trigger::Fast));
    ack(&mut view, ms + 71, next + 80, TcpFlags::default(), 0);
    let (ms, next) = rounds(&mut view, (ms + 71, next + 80), &[40, 41]);
    data(&mut view, ms, next, Kind::New);
    let seen = of_client(&view);
    let end = seen.slow_start.unwrap();
    assert_eq!((end.end, end.round, end.flight), (SlowStartEnd::Loss, 4, 80_000));
    assert_eq!(seen.reaction, Reaction { losses: 1, kept_percent: Some(50) });
    let held = HeadOfLine { times: 1, total: Nanos::from_millis(51), worst: Some((Nanos::from_millis(51), 170)) };
    assert_eq!(seen.head_of_line, held);
}

#[test]
fn marks_end_slow_start_unless_they_are_counters() {
    for accurate in [false, true] {
        let mut view = CongestionView::default();
        let flags = TcpFlags::SYN.with(TcpFlags::ECE).with(TcpFlags::CWR);
        let flags = if accurate { flags.with(TcpFlags::AE) } else { flags };
        view.on_segment(&Segment { ts: at(0), flags, ..Segment::default() }, 0, None);
        let answer = if accurate { TcpFlags::CWR } else { TcpFlags::ECE };
        let flags = TcpFlags::SYN.with(TcpFlags::ACK).with(answer);
        view.on_segment(&Segment { ts: at(RTT), flags, ..Segment::default() }, 1, None);
        let (ms, next) = rounds(&mut view, (RTT, 0), &[10]);
        data(&mut view, ms, next, Kind::New);
        ack(&mut view, ms + RTT, next + 1, TcpFlags::ECE, 0);
        data(&mut view, ms + RTT, next + 1, Kind::New);
        let end = of_client(&view).slow_start.map(|end| end.end);
        assert_eq!(end, (!accurate).then_some(SlowStartEnd::Marked));
    }
}

#[test]
fn a_steady_stream_has_an_even_rate() {
    let mut view = CongestionView::default();
    for ms in 0..2000u32 {
        data(&mut view, ms.into(), ms, Kind::New);
        if i64::from(ms) >= RTT {
            ack(&mut view, ms.into(), ms + 1 - RTT as u32, TcpFlags::default(), 0);
        }
    }
    let rate = of_client(&view).rate.unwrap();
    assert_eq!(rate.slice, Nanos::from_millis(100));
    assert!(rate.slices >= 18 && rate.mean.abs_diff(1_000_000) < 20_000 && rate.peak < 1_020_000, "{rate:?}");
    assert!(rate.spread_percent.unwrap() <= 2, "{rate:?}");
}

#[test]
fn behind_the_path_an_echo_tells_what_the_sender_knew() {
    let mut view = CongestionView::default();
    let bits = crate::base::SegmentBits::TIMESTAMPS;
    let send = |view: &mut CongestionView, ms: i64, n: u32, tsecr: u32| {
        let seq = Seq(1 + n * MSS);
        let lo = seq.first_position();
        let flags = TcpFlags::ACK;
        let segment = Segment { ts: at(ms), seq, payload_len: MSS, flags, tsecr, bits, ..Segment::default() };
        view.on_segment(&segment, 0, Some(&Verdict::plain(Kind::New, lo, lo + u64::from(MSS))));
        // At the receiver each segment is acknowledged as it comes by.
        let answer = Segment { ack: Seq(1 + (n + 1) * MSS), tsval: ms as u32, ..segment };
        view.on_segment(&Segment { payload_len: 0, ..answer }, 1, Some(&Verdict::plain(Kind::Empty, 0, 0)));
    };
    (0..10).for_each(|n| send(&mut view, 100, n, 50));
    (10..30).for_each(|n| send(&mut view, 150, n, 100));
    send(&mut view, 200, 30, 150);
    assert_eq!(of_client(&view).flights, [10_000, 20_000]);
}

const KINDS: [Kind; 6] = [
    Kind::Empty,
    Kind::New,
    Kind::NewAfterGap,
    Kind::OutOfOrder,
    Kind::Retransmission(Trigger::Fast),
    Kind::Retransmission(Trigger::Rto),
];

proptest! {
    /// Whatever comes by, figures stay within what was sent.
    #[test]
    fn no_segments_are_too_strange(packets in prop::collection::vec(
        (0..2usize, any::<i64>(), any::<u32>(), 0u32..70_000, 0..KINDS.len(), 0u16..512, any::<bool>()), 0..60,
    )) {
        let mut view = CongestionView::default();
        for (sender, t, number, len, kind, flags, near) in packets {
            let number = if near { number % 100_000 } else { number };
            let segment = Segment {
                ts: Timestamp(t),
                seq: Seq(number),
                ack: Seq(number),
                payload_len: len,
                flags: TcpFlags(flags),
                sack_len: (flags % 3) as u8,
                ..Segment::default()
            };
            let lo = segment.seq.first_position();
            let verdict = Verdict::plain(KINDS[kind], lo, lo + u64::from(len));
            view.on_segment(&segment, sender, (!segment.flags.syn()).then_some(&verdict));
        }
        for seen in view.summary() {
            prop_assert!(seen.rounds <= seen.segments && seen.app_limited_rounds <= seen.rounds);
            prop_assert!(seen.flights.len() <= ROUNDS && seen.flights.len() as u64 <= seen.rounds);
        }
    }
}
