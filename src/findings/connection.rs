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

/// Everything that is wrong with it.
pub fn of(summary: &ConnectionSummary) -> Codes {
    let mut codes = Codes::default();
    opening(summary, &mut codes);
    ending(summary, &mut codes);
    flow(summary, &mut codes);
    path(summary, &mut codes);
    codes
}

/// How it began.
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
    let small = handshake.mss.iter().flatten().any(|&mss| mss < SMALL_MSS);
    codes.add(Code::SmallMss, established && streamed && small);
}

/// How it ended.
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

/// Something had been sent again by a timer and was not acknowledged.
fn waiting(summary: &ConnectionSummary) -> bool {
    summary.halves.iter().filter_map(|half| half.loss.as_ref()).any(|loss| loss.rto_packets > 0)
}

/// What held it back.
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
    needed >= packets && needed * 1_000 >= half.volume.packets * per_mille
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
