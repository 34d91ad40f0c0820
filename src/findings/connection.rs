//! What is wrong with one connection, by what was measured on it.

use super::registry::{Code, Codes};
use crate::base::Nanos;
use crate::tcp::{ConnectionSummary, End, HalfSummary, HandshakeOutcome, LossSummary, Quality, RstKind};

/// Linux repeats a keep-alive nine times; three in a row that go unanswered are no accident.
const PROBES: u64 = 3;
/// A window that is shut for less is a receiver that was busy for a moment.
const SHUT: Nanos = Nanos::from_millis(100);
/// A lesser share of the lifetime, in percent, is no trouble.
const SHUT_SHARE: i64 = 10;
/// So often is no accident (`semantics.md` 11).
const WAITS: u64 = 2;
/// A queue that adds less is not felt.
const QUEUE: Nanos = Nanos::from_millis(50);
/// So many samples show what is usual.
const SAMPLES: u64 = 20;
/// Shorter streams put no load on the path.
const LOAD: u64 = 100_000;
/// So many retransmissions in vain, and so many in a hundred of all.
const NEEDLESS: (u64, u64) = (3, 10);
/// Loss that slows TCP down: so many packets, and so many in a thousand.
const LOSS: (u64, u64) = (5, 10);
/// A handshake that took so much longer had to be repeated.
const SLOW_SETUP: Nanos = Nanos::from_millis(500);
/// A silence before a reset that makes a timeout on the way likely (`semantics.md` 8.2 knows of 10 s and more).
const IDLE: Nanos = Nanos::from_secs(30);
/// Responses that people wait for.
const SLOW_RESPONSE: Nanos = Nanos::from_secs(1);
/// Without scaling a window holds 64 KiB: on a path as long as this that is felt.
const LONG_PATH: Nanos = Nanos::from_millis(20);
/// Segments below hold so little that headers are felt; an IPv6 minimum path has 1,220.
const SMALL_MSS: u16 = 1_200;

/// What of severity warning and above is wrong with it: each row says so, and what is no warning is not even looked for.
#[inline(never)]
pub fn warnings_of(summary: &ConnectionSummary) -> Codes {
    of(summary).warnings()
}

/// Everything that is wrong with it.
#[inline(always)]
pub fn of(summary: &ConnectionSummary) -> Codes {
    let mut codes = Codes::default();
    opening(summary, &mut codes);
    ending(summary, &mut codes);
    flow(summary, &mut codes);
    path(summary, &mut codes);
    codes
}

/// How it began.
#[inline(always)]
fn opening(summary: &ConnectionSummary, codes: &mut Codes) {
    let handshake = &summary.handshake;
    let overflow = handshake.overflow.is_some() || summary.teardown.rst_kind == Some(RstKind::OverflowReset);
    codes.add(Code::AcceptQueueOverflow, overflow);
    codes.add(Code::Refused, summary.teardown.end == End::Refused);
    codes.add(Code::SynUnanswered, handshake.outcome == HandshakeOutcome::Unanswered);
    codes.add(Code::HalfOpen, handshake.outcome == HandshakeOutcome::HalfOpen);
    codes.add(Code::SlowConnect, handshake.setup_delay.is_some_and(|delay| delay >= SLOW_SETUP));
    let established = handshake.outcome == HandshakeOutcome::Established;
    let streamed = summary.halves.iter().any(|half| stream_bytes(half) >= LOAD);
    let long = summary.rtt_min.is_some_and(|rtt| rtt >= LONG_PATH);
    codes.add(Code::NoWindowScaling, established && streamed && long && handshake.window_scale == [None; 2]);
    codes.add(Code::NoSack, established && streamed && handshake.sack == Some(false));
    // Every stack sends the option. Where it is missing it was taken away, and RFC 9293 3.7.1 leaves 536 bytes.
    let whole = !summary.quality.has(Quality::OPTIONS_TRUNCATED);
    let small = handshake.mss.iter().any(|mss| mss.map_or(whole, |mss| mss < SMALL_MSS));
    codes.add(Code::SmallMss, established && streamed && small);
}

/// How it ended.
#[inline(always)]
fn ending(summary: &ConnectionSummary, codes: &mut Codes) {
    let rst = summary.teardown.rst_kind;
    let probed = summary.halves.iter().filter_map(|half| half.acks.as_ref()).any(|a| a.unanswered_keepalives >= PROBES);
    let gave_up = summary.teardown.end == End::Timeout && summary.handshake.outcome != HandshakeOutcome::HalfOpen;
    codes.add(Code::PeerDead, rst == Some(RstKind::KeepaliveReset) || probed || gave_up && waiting(summary));
    let silent = summary.idle_max >= IDLE;
    let killed = matches!(rst, Some(RstKind::IdleReset | RstKind::NoSocket | RstKind::KeepaliveRejected));
    codes.add(Code::IdleReset, silent && killed);
    codes.add(Code::RstInjected, rst == Some(RstKind::InjectedSuspected));
    codes.add(Code::TimeWaitCollision, rst == Some(RstKind::TimeWaitCollision));
    let kept = summary.halves.iter().filter_map(|half| half.acks.as_ref()).any(|acks| acks.keepalives > 0);
    codes.add(Code::KeptAlive, kept);
}

/// Data had been sent again by a timer, so often, and was not acknowledged.
fn waiting(summary: &ConnectionSummary) -> bool {
    summary.halves.iter().filter_map(|half| half.loss.as_ref()).any(|loss| loss.rto_packets >= PROBES)
}

/// What held it back.
#[inline(always)]
fn flow(summary: &ConnectionSummary, codes: &mut Codes) {
    let lasted = summary.span.1 - summary.span.0;
    let windows = || summary.halves.iter().filter_map(|half| half.window.as_ref());
    let shut = |time: Nanos| time >= SHUT || time.0 >= 1 && time.scale(100, 1) >= lasted.scale(SHUT_SHARE, 1);
    codes.add(Code::ZeroWindow, windows().any(|w| w.zero_windows > 0 && shut(w.zero_window)));
    let limited: Nanos = windows().filter_map(|w| w.rwnd_limited).fold(Nanos::ZERO, Nanos::max);
    codes.add(Code::WindowLimited, lasted > SHUT && limited.scale(2, 1) > lasted);
    codes.add(Code::NagleDelayedAck, summary.halves.iter().any(|half| half.nagle.waits >= WAITS));
    let slow = summary.turns.response.is_some_and(|[_, p95, _]| p95 >= SLOW_RESPONSE);
    codes.add(Code::SlowResponse, slow);
}

/// What the network did to it.
#[inline(always)]
fn path(summary: &ConnectionSummary, codes: &mut Codes) {
    let losses = || summary.halves.iter().filter_map(|half| Some((half, half.loss.as_ref()?)));
    codes.add(Code::PacketLoss, losses().any(|(half, loss)| loses(half, loss)));
    codes.add(Code::SpuriousRetransmission, losses().any(|(_, loss)| repeats_in_vain(loss)));
    codes.add(Code::Bufferbloat, queues(summary));
    codes.add(Code::CaptureLoss, summary.quality.has(Quality::CAPTURE_LOSS));
}

fn stream_bytes(half: &HalfSummary) -> u64 {
    half.stream.as_ref().map_or(0, |stream| stream.stream_bytes)
}

fn loses(half: &HalfSummary, loss: &LossSummary) -> bool {
    let needed = loss.retrans_packets.saturating_sub(loss.spurious_packets);
    let (packets, per_mille) = LOSS;
    // SYNs that nobody answers say nothing of the path.
    half.volume.data_packets > 0 && needed >= packets && needed * 1_000 >= half.volume.packets * per_mille
}

/// A timer that fires in vain shrinks the congestion window to nothing; of other resends a few do no harm.
fn repeats_in_vain(loss: &LossSummary) -> bool {
    let (packets, percent) = NEEDLESS;
    let many = loss.spurious_packets >= packets && loss.spurious_packets * 100 >= loss.retrans_packets * percent;
    many || loss.spurious_packets > 0 && loss.rto_packets > 0
}

/// Under load the round trip is usually twice as long as it can be, and the queue is felt.
fn queues(summary: &ConnectionSummary) -> bool {
    let Some(least) = summary.rtt_min else { return false };
    let [client, server] = &summary.halves;
    [(client, server), (server, client)].into_iter().any(|(sender, receiver)| {
        let rtt = &receiver.rtt;
        let (Some(min), Some(p50)) = (rtt.min, rtt.p50) else { return false };
        let added = p50 - min;
        stream_bytes(sender) >= LOAD && rtt.samples >= SAMPLES && added >= QUEUE && added >= least
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::tcp::{AckSummary, NagleSummary, OverflowSummary, RttSummary, StreamSummary, WindowSummary};

    /// A healthy connection of 12.3 s with 40 kB each way and a round trip of 20 ms, changed by the test.
    fn codes(change: impl FnOnce(&mut ConnectionSummary)) -> Codes {
        let mut summary = sample::healthy().summary;
        summary.idle_max = Nanos::from_secs(1);
        for half in &mut summary.halves {
            half.acks = Some(AckSummary::default());
            half.volume.packets = 1_000;
        }
        change(&mut summary);
        of(&summary)
    }

    /// `guilty` raises it, and its nearest neighbour does not.
    fn told_apart(
        code: Code,
        guilty: impl FnOnce(&mut ConnectionSummary),
        innocent: impl FnOnce(&mut ConnectionSummary),
    ) {
        assert!(codes(guilty).has(code), "{code:?} is not raised");
        assert!(!codes(innocent).has(code), "{code:?} is raised for an innocent");
    }

    fn loss(retrans: u64, spurious: u64, rto: u64) -> impl FnOnce(&mut ConnectionSummary) {
        move |s| {
            s.halves[0].loss = Some(LossSummary {
                retrans_packets: retrans,
                spurious_packets: spurious,
                rto_packets: rto,
                ..LossSummary::default()
            });
        }
    }

    fn reset(kind: RstKind, idle: i64) -> impl FnOnce(&mut ConnectionSummary) {
        move |s| {
            s.teardown.rst_kind = Some(kind);
            s.idle_max = Nanos::from_secs(idle);
        }
    }

    fn shut(times: u64, ms: i64) -> impl FnOnce(&mut ConnectionSummary) {
        move |s| {
            let zero_window = Nanos::from_millis(ms);
            s.halves[1].window = Some(WindowSummary { zero_windows: times, zero_window, ..WindowSummary::default() });
        }
    }

    fn queued(p50: i64, bytes: u64) -> impl FnOnce(&mut ConnectionSummary) {
        move |s| {
            let ms = |ms| Some(Nanos::from_millis(ms));
            s.halves[0].stream = Some(StreamSummary { stream_bytes: bytes, ..StreamSummary::default() });
            s.halves[1].rtt = RttSummary { samples: 50, min: ms(20), p50: ms(p50), ..RttSummary::default() };
        }
    }

    #[test]
    fn a_healthy_connection_has_no_finding() {
        assert!(codes(|_| ()).is_empty(), "{:?}", codes(|_| ()).iter().collect::<Vec<_>>());
    }

    #[test]
    fn failed_handshakes_are_told_apart() {
        let outcome = |o| move |s: &mut ConnectionSummary| s.handshake.outcome = o;
        told_apart(Code::SynUnanswered, outcome(HandshakeOutcome::Unanswered), outcome(HandshakeOutcome::OneWay));
        told_apart(Code::HalfOpen, outcome(HandshakeOutcome::HalfOpen), outcome(HandshakeOutcome::ClientReset));
        told_apart(Code::Refused, |s| s.teardown.end = End::Refused, |s| s.teardown.end = End::RstServer);
        let delayed = |ms| move |s: &mut ConnectionSummary| s.handshake.setup_delay = Some(Nanos::from_millis(ms));
        told_apart(Code::SlowConnect, delayed(1_000), delayed(40));
    }

    #[test]
    fn a_full_accept_queue_is_no_lost_ack() {
        let overflow =
            |s: &mut ConnectionSummary| s.handshake.overflow = Some(OverflowSummary { ignored: 3, frame: 9 });
        told_apart(Code::AcceptQueueOverflow, overflow, |s| s.handshake.syn_ack_packets = 2);
        told_apart(Code::AcceptQueueOverflow, reset(RstKind::OverflowReset, 0), reset(RstKind::Abort, 0));
    }

    #[test]
    fn dead_peers_and_idle_resets() {
        let probes = |n| {
            move |s: &mut ConnectionSummary| {
                s.halves[0].acks =
                    Some(AckSummary { keepalives: 9, unanswered_keepalives: n, ..AckSummary::default() });
            }
        };
        told_apart(Code::PeerDead, probes(3), probes(1));
        told_apart(Code::PeerDead, reset(RstKind::KeepaliveReset, 9), reset(RstKind::KeepaliveRejected, 9));
        told_apart(Code::IdleReset, reset(RstKind::IdleReset, 350), reset(RstKind::IdleReset, 11));
        told_apart(Code::IdleReset, reset(RstKind::NoSocket, 60), reset(RstKind::NoSocket, 0));
        told_apart(Code::RstInjected, reset(RstKind::InjectedSuspected, 0), reset(RstKind::Abort, 0));
        told_apart(Code::TimeWaitCollision, reset(RstKind::TimeWaitCollision, 0), reset(RstKind::HalfOpenDiscovery, 0));
        assert!(codes(probes(0)).has(Code::KeptAlive) && !codes(|_| ()).has(Code::KeptAlive));
    }

    #[test]
    fn loss_and_needless_resends() {
        told_apart(Code::PacketLoss, loss(20, 0, 0), loss(4, 0, 0));
        told_apart(Code::PacketLoss, loss(20, 2, 0), loss(20, 18, 0));
        told_apart(Code::SpuriousRetransmission, loss(1, 1, 1), loss(1, 1, 0));
        told_apart(Code::SpuriousRetransmission, loss(20, 5, 0), loss(200, 5, 0));
    }

    #[test]
    fn windows_and_small_writes() {
        told_apart(Code::ZeroWindow, shut(1, 200), shut(1, 20));
        told_apart(Code::ZeroWindow, shut(1, 200), shut(0, 0));
        let limited = |s: i64| {
            move |c: &mut ConnectionSummary| {
                c.halves[0].window =
                    Some(WindowSummary { rwnd_limited: Some(Nanos::from_secs(s)), ..WindowSummary::default() });
            }
        };
        told_apart(Code::WindowLimited, limited(8), limited(2));
        let waits = |n| {
            move |s: &mut ConnectionSummary| s.halves[0].nagle = NagleSummary { waits: n, ..NagleSummary::default() }
        };
        told_apart(Code::NagleDelayedAck, waits(2), waits(1));
        let slow = |ms| move |s: &mut ConnectionSummary| s.turns.response = Some([Nanos::from_millis(ms); 3]);
        told_apart(Code::SlowResponse, slow(1_500), slow(300));
    }

    #[test]
    fn a_queue_needs_load() {
        told_apart(Code::Bufferbloat, queued(120, 2_000_000), queued(120, 20_000));
        told_apart(Code::Bufferbloat, queued(120, 2_000_000), queued(45, 2_000_000));
    }

    #[test]
    fn options_that_are_missing_matter_where_much_is_sent() {
        let stream = |s: &mut ConnectionSummary| {
            s.halves[0].stream = Some(StreamSummary { stream_bytes: 1_000_000, ..StreamSummary::default() });
        };
        let unscaled = |s: &mut ConnectionSummary| s.handshake.window_scale = [None; 2];
        told_apart(
            Code::NoWindowScaling,
            |s| {
                stream(s);
                unscaled(s);
            },
            unscaled,
        );
        let no_sack = |s: &mut ConnectionSummary| s.handshake.sack = Some(false);
        told_apart(
            Code::NoSack,
            |s| {
                stream(s);
                no_sack(s);
            },
            no_sack,
        );
        let small = |s: &mut ConnectionSummary| s.handshake.mss = [Some(536), Some(1_460)];
        told_apart(
            Code::SmallMss,
            |s| {
                stream(s);
                small(s);
            },
            small,
        );
        let stripped = |s: &mut ConnectionSummary| s.handshake.mss = [None, Some(1_460)];
        let cut = |s: &mut ConnectionSummary| s.quality = Quality::OPTIONS_TRUNCATED;
        told_apart(
            Code::SmallMss,
            |s| {
                stream(s);
                stripped(s);
            },
            |s| {
                stream(s);
                stripped(s);
                cut(s);
            },
        );
        told_apart(Code::CaptureLoss, |s| s.quality = Quality::CAPTURE_LOSS, |s| s.quality = Quality::NO_HANDSHAKE);
    }
}
