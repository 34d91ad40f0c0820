//! The pauses that were not the application's choice, by cause.

use std::collections::{BTreeMap, HashSet};

use super::{capital, recovery, roles, times};
use crate::base::Nanos;
use crate::report::human::span;
use crate::tcp::{Event, EventKind, HalfSummary, NagleSummary, StallCause};

/// Stalls of one cause.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    times: u64,
    total: Nanos,
}

/// For each endpoint that had to wait: how often, for how long, and why; and its small segments that waited for ACKs.
pub(super) fn told(events: &[Event], halves: &[HalfSummary; 2]) -> Vec<String> {
    let needless = recovery::needless(events);
    let of = |sender: usize, half: &HalfSummary| [told_of(events, sender, &needless), nagle(sender, &half.nagle)];
    halves.iter().enumerate().flat_map(|(sender, half)| of(sender, half)).flatten().collect()
}

/// Small segments that were held back until a delayed ACK came.
fn nagle(sender: usize, nagle: &NagleSummary) -> Option<String> {
    let (who, peer) = roles(sender);
    let from = nagle.frame.map_or(String::new(), |frame| format!(", from frame {frame} on"));
    (nagle.waits > 0).then(|| {
        format!(
            "{} the {who} held a small segment back until the {peer}'s delayed ACK came (Nagle's algorithm){from}: {} in all.",
            capital(&times(nagle.waits)),
            span(nagle.cost)
        )
    })
}

fn told_of(events: &[Event], sender: usize, needless: &HashSet<(usize, u64)>) -> Option<String> {
    let (who, peer) = roles(sender);
    let (mut sums, mut all) = (BTreeMap::<StallCause, Sum>::new(), Sum::default());
    let mut worst: Option<(Nanos, u64)> = None;
    for stall in events.iter().filter(|e| e.kind == EventKind::Stall && e.sender == sender) {
        // What ended it may have proved needless later.
        let needless = needless.contains(&(sender, stall.frame));
        let Some(cause) = cause(stall.note).map(|cause| if needless { StallCause::AckLost } else { cause }) else {
            continue;
        };
        let length = stall.duration.unwrap_or_default();
        for sum in [sums.entry(cause).or_default(), &mut all] {
            sum.times += 1;
            sum.total += length;
        }
        if worst.is_none_or(|(longest, _)| longest < length) {
            worst = Some((length, stall.frame));
        }
    }
    let (longest, frame) = worst?;
    let mut causes: Vec<_> = sums.into_iter().collect();
    causes.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.total));
    if let [(cause, _)] = causes[..] {
        let longest = if all.times == 1 { "It" } else { &format!("The longest took {} and", span(longest)) };
        return Some(format!(
            "The {who} had to wait {}, for {}{}: {}. {longest} ended with frame {frame}.",
            times(all.times),
            span(all.total),
            if all.times == 1 { "" } else { " in all" },
            phrase(cause, peer)
        ));
    }
    let causes: Vec<_> = causes
        .iter()
        .map(|(cause, sum)| format!("{} ({}) because {}", times(sum.times), span(sum.total), phrase(*cause, peer)))
        .collect();
    Some(format!(
        "The {who} had to wait {}, for {} in all: {}. The longest took {} and ended with frame {frame}.",
        times(all.times),
        span(all.total),
        causes.join("; "),
        span(longest)
    ))
}

fn cause(word: &str) -> Option<StallCause> {
    StallCause::ALL.into_iter().find(|cause| cause.word() == word)
}

/// Why a sender had to wait, by the word of the cause.
pub(super) fn reason(word: &str, peer: &str) -> String {
    cause(word).map_or_else(|| word.to_owned(), |cause| phrase(cause, peer))
}

fn phrase(cause: StallCause, peer: &str) -> String {
    match cause {
        StallCause::HandshakeRetry => "nothing answered its SYN or SYN-ACK".to_owned(),
        StallCause::ZeroWindow => format!("the {peer}'s window was shut"),
        StallCause::SmallWindow => format!("the {peer}'s window had no room for a full segment"),
        StallCause::DoubleRetransmission => "what it had sent again was lost again".to_owned(),
        StallCause::TailRetransmission => {
            "the last segments before a pause were lost, and nothing came behind them that would have told".to_owned()
        }
        StallCause::SmallFlight => "too little was on its way for ACKs to tell of the loss".to_owned(),
        StallCause::BurstLoss => "all or nearly all that was on its way was lost".to_owned(),
        StallCause::AckLost => "an ACK was late or lost, and what it sent again had arrived".to_owned(),
        StallCause::DelayedAck => format!("the {peer} delayed its ACK"),
        StallCause::NetworkDelay => "an ACK was late, though nothing had to be sent again".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Segment;
    use crate::report::sample;

    fn stall(frame: u64, ms: i64, cause: StallCause) -> Event {
        let event = Event::of(&Segment { frame, ..Segment::default() }, 0, EventKind::Stall);
        Event { note: cause.word(), duration: Some(Nanos::from_millis(ms)), ..event }
    }

    #[test]
    fn stalls_are_told_by_cause_the_costliest_first() {
        let events = [
            stall(5, 40, StallCause::DelayedAck),
            stall(9, 300, StallCause::BurstLoss),
            stall(12, 500, StallCause::ZeroWindow),
            stall(14, 41, StallCause::DelayedAck),
            Event { kind: EventKind::Spurious, ..stall(9, 0, StallCause::BurstLoss) },
        ];
        let text = "The client had to wait 4 times, for 881 ms in all: once (500 ms) because the server's window was shut; \
                    once (300 ms) because an ACK was late or lost, and what it sent again had arrived; \
                    2 times (81 ms) because the server delayed its ACK. The longest took 500 ms and ended with frame 12.";
        let halves = sample::healthy().summary.halves;
        assert_eq!(told(&events, &halves), [text]);
        assert!(told(&[], &halves).is_empty());
    }

    #[test]
    fn one_stall_is_told_in_short() {
        let text = "The client had to wait once, for 500 ms: the server's window was shut. It ended with frame 12.";
        let halves = sample::healthy().summary.halves;
        assert_eq!(told(&[stall(12, 500, StallCause::ZeroWindow)], &halves), [text]);
    }

    #[test]
    fn what_waited_for_a_delayed_ack_is_told_with_its_cost() {
        let nagle = NagleSummary { waits: 2, cost: Nanos::from_millis(80), frame: Some(30) };
        let text = "2 times the server held a small segment back until the client's delayed ACK came (Nagle's algorithm), \
                    from frame 30 on: 80 ms in all.";
        assert_eq!(super::nagle(1, &nagle).as_deref(), Some(text));
    }
}
