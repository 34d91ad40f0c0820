//! How each endpoint filled the path.

use super::{Story, after, roles, times};
use crate::base::{Nanos, Timestamp};
use crate::report::human::{bytes, counted, span};
use crate::report::record::FlowRecord;
use crate::tcp::{CongestionSummary, DeliveryRate, Ecn, HalfSummary, Reaction, SlowStart, SlowStartEnd};

/// Of less than this many segments there is nothing to tell.
const ENOUGH: u64 = 10;
/// So many rounds tell what the path is like under load.
const ROUNDS: u64 = 5;
/// A rate that varies by less than this share of it, in percent, is even (`semantics.md` 11).
const EVEN: u64 = 15;
/// A queue is worth a word from here on.
const QUEUE: Nanos = Nanos::from_millis(2);

/// A paragraph for each endpoint that sent enough.
pub(super) fn told(story: &Story, record: &FlowRecord) -> Vec<String> {
    let mut told = Vec::new();
    for (sender, seen) in story.congestion.iter().enumerate().filter(|(_, seen)| seen.segments >= ENOUGH) {
        let Some(half) = record.summary.halves.get(sender) else { continue };
        let sentences = [
            initial_window(sender, half),
            flights(sender, seen),
            seen.slow_start.map(|end| slow_start(&end, record.summary.span.0)),
            reaction(&seen.reaction),
            seen.rate.map(|rate| delivery(&rate)),
            queueing(seen, record.summary.rtt_min),
            marks(sender, record),
        ];
        told.push(sentences.into_iter().flatten().collect::<Vec<_>>().join(" "));
    }
    told
}

fn initial_window(sender: usize, half: &HalfSummary) -> Option<String> {
    let window = half.window.as_ref()?;
    let (size, packets) = window.initial_window_bytes.zip(window.initial_window_packets)?;
    let (who, _) = roles(sender);
    Some(format!("The {who} began with {} ({}) before the first ACK.", counted(packets, "segment"), bytes(size)))
}

fn flights(sender: usize, seen: &CongestionSummary) -> Option<String> {
    let [median, largest] = seen.flight?;
    let (who, _) = roles(sender);
    let rounds = counted(seen.rounds, "round trip");
    let mut told = if seen.flights.iter().all(|&flight| flight == largest) {
        format!("Flight of the {who} in {rounds}: {} at most.", bytes(largest))
    } else {
        let first: Vec<_> = seen.flights.iter().map(|&flight| bytes(flight)).collect();
        let more = if seen.rounds > seen.flights.len() as u64 { " …" } else { "" };
        let (first, median, largest) = (first.join(", "), bytes(median), bytes(largest));
        format!("Flight of the {who} in {rounds}: {first}{more}; {median} as a rule, {largest} at most.")
    };
    if seen.app_limited_rounds > 0 {
        let all = seen.app_limited_rounds == seen.rounds;
        let n = if all { "all".to_owned() } else { seen.app_limited_rounds.to_string() };
        told += &format!(" In {n} of them it had no more to send.");
    }
    Some(told)
}

fn slow_start(end: &SlowStart, start: Timestamp) -> String {
    let why = match end.end {
        SlowStartEnd::Loss => "something was lost",
        SlowStartEnd::Marked => "the network marked packets instead of dropping them",
        SlowStartEnd::Levelled => "the flight grew by less than a quarter in a round trip",
    };
    format!(
        "Slow start ended in round trip {}, at {}, with {} in flight: {why}.",
        end.round,
        after(end.t, start),
        bytes(end.flight)
    )
}

fn reaction(reaction: &Reaction) -> Option<String> {
    let kept = reaction.kept_percent?;
    let alike = match kept {
        40..60 => ", about as Reno does",
        60..80 => ", about as CUBIC does",
        80.. => ", as BBR does, or a sender that something else holds back",
        _ => "",
    };
    let of = if reaction.losses > 1 { format!(" (median of {} losses)", reaction.losses) } else { String::new() };
    Some(format!("After a loss it went on with {kept}% of its flight{of}{alike}."))
}

fn delivery(rate: &DeliveryRate) -> String {
    let mut told = format!("Its data arrived at {}/s", bytes(rate.mean));
    if rate.slices > 1 {
        told += &format!(", in the best {} at {}/s", span(rate.slice), bytes(rate.peak));
    }
    if let Some(spread) = rate.spread_percent.filter(|_| rate.slices >= ROUNDS) {
        let even = if spread < EVEN { "evenly" } else { "unevenly" };
        told += &format!(", {even}: the rate varied by {spread}%");
    }
    told + "."
}

/// The round trip under load against the smallest.
fn queueing(seen: &CongestionSummary, rtt_min: Option<Nanos>) -> Option<String> {
    let [least, p50, p95] = seen.round_time.filter(|_| seen.rounds >= ROUNDS)?;
    let min = rtt_min.map_or(least, |rtt| rtt.min(least));
    let queue = p50 - min;
    let told = format!(
        "Under its load a round trip took {} as a rule and {} at the 95th percentile, against {} at best",
        span(p50),
        span(p95),
        span(min)
    );
    let queued = queue >= QUEUE && queue.scale(2, 1) >= min;
    Some(if queued { format!("{told}: about {} were spent in queues.", span(queue)) } else { told + "." })
}

/// Marks of the network, and what came of them.
fn marks(sender: usize, record: &FlowRecord) -> Option<String> {
    let [me, peer] = [sender, 1 - sender.min(1)].map(|end| record.summary.halves.get(end));
    let (me, peer) = (&me?.volume, &peer?.volume);
    let ecn = record.summary.handshake.ecn;
    let mut told = Vec::new();
    if me.ce_packets > 0 {
        told.push(format!("{} arrived here marked as having met congestion", counted(me.ce_packets, "packet")));
    }
    // RFC 9768 makes a counter of these flags.
    if ecn == Some(Ecn::Classic) && peer.ece_packets > 0 {
        told.push(format!("its peer told it of marks in {}", counted(peer.ece_packets, "packet")));
        told.push(match me.cwr_packets {
            0 => "it never said that it slowed down".to_owned(),
            n => format!("it said {} that it slowed down", times(n)),
        });
    }
    (!told.is_empty()).then(|| format!("ECN: {}.", told.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn seen() -> CongestionSummary {
        let ms = Nanos::from_millis;
        CongestionSummary {
            segments: 400,
            rounds: 13,
            app_limited_rounds: 2,
            flights: vec![14_480, 28_960],
            flight: Some([28_960, 90_000]),
            slow_start: Some(SlowStart {
                end: SlowStartEnd::Loss,
                t: sample::START + ms(250),
                round: 5,
                flight: 90_000,
            }),
            reaction: Reaction { losses: 3, kept_percent: Some(70) },
            rate: Some(DeliveryRate {
                slice: ms(200),
                slices: 8,
                mean: 1_250_000,
                peak: 1_300_000,
                spread_percent: Some(4),
            }),
            round_time: Some([ms(41), ms(200), ms(230)]),
            ..CongestionSummary::default()
        }
    }

    #[test]
    fn a_sender_is_told_with_figures() {
        let mut record = sample::full();
        record.summary.rtt_min = Some(Nanos::from_millis(40));
        record.summary.handshake.ecn = Some(Ecn::Classic);
        let story = Story { congestion: [seen(), CongestionSummary::default()], ..Story::default() };
        assert_eq!(
            told(&story, &record),
            [concat!(
                "The client began with 10 segments (14 kB) before the first ACK. ",
                "Flight of the client in 13 round trips: 14 kB, 29 kB …; 29 kB as a rule, 90 kB at most. ",
                "In 2 of them it had no more to send. ",
                "Slow start ended in round trip 5, at +0.250000, with 90 kB in flight: something was lost. ",
                "After a loss it went on with 70% of its flight (median of 3 losses), about as CUBIC does. ",
                "Its data arrived at 1.3 MB/s, in the best 200 ms at 1.3 MB/s, evenly: the rate varied by 4%. ",
                "Under its load a round trip took 200 ms as a rule and 230 ms at the 95th percentile, against 40 ms at best: ",
                "about 160 ms were spent in queues. ",
                "ECN: 3 packets arrived here marked as having met congestion, its peer told it of marks in 8 packets, ",
                "it said 5 times that it slowed down."
            )]
        );
    }

    #[test]
    fn a_few_segments_are_not_worth_a_word() {
        let few = CongestionSummary { segments: 9, ..seen() };
        let story = Story { congestion: [few, CongestionSummary::default()], ..Story::default() };
        assert!(told(&story, &sample::full()).is_empty());
    }
}
