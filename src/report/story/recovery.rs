//! Loss episodes, how they ended, and what they made the receiver hold back.

use std::collections::HashSet;

use super::{Story, roles, times};
use crate::base::Nanos;
use crate::report::human::{count, counted, span};
use crate::tcp::{Event, EventKind, HeadOfLine};

/// For each endpoint that lost something: its recoveries, and what its peer could not give to its application meanwhile.
pub(super) fn told(story: &Story) -> Vec<String> {
    let mut told = Vec::new();
    let needless = needless(&story.events);
    for (sender, seen) in story.congestion.iter().enumerate() {
        let episodes = story.events.iter().filter(|e| e.kind == EventKind::RecoveryEnd && e.sender == sender);
        told.extend(episodes_of(sender, &episodes.collect::<Vec<_>>(), &needless));
        told.extend(held_back(sender, &seen.head_of_line));
    }
    told
}

/// The retransmissions that were not needed: who sent each, and its frame.
pub(super) fn needless(events: &[Event]) -> HashSet<(usize, u64)> {
    events.iter().filter(|e| e.kind == EventKind::Spurious).map(|e| (e.sender, e.frame)).collect()
}

fn episodes_of(sender: usize, episodes: &[&Event], needless: &HashSet<(usize, u64)>) -> Option<String> {
    let (who, _) = roles(sender);
    let longest = episodes.iter().max_by_key(|e| e.duration)?;
    let total = episodes.iter().fold(Nanos::ZERO, |sum, e| sum + e.duration.unwrap_or_default());
    let kinds = [("fast", "because ACKs told of it"), ("rto", "by a timer"), ("open", "not to the end of the capture")];
    let mut ways = Vec::new();
    for (note, how) in kinds {
        let n = episodes.iter().filter(|e| e.note == note).count() as u64;
        if n > 0 {
            ways.push(if n == episodes.len() as u64 { how.to_owned() } else { format!("{} {how}", count(n)) });
        }
    }
    let mut told = format!(
        "The {who} had {} to repair, which took {}: {}.",
        counted(episodes.len() as u64, "loss episode"),
        span(total),
        ways.join(", ")
    );
    if episodes.len() > 1 {
        told += &format!(" The longest took {}", span(longest.duration.unwrap_or_default()));
        told += &longest.original.map_or(".".to_owned(), |frame| format!(" from frame {frame} on."));
    }
    let needless = episodes.iter().filter(|e| e.original.is_some_and(|frame| needless.contains(&(sender, frame))));
    match (needless.count(), episodes.len()) {
        (0, _) => {}
        (1, 1) => told += " It began with a resend that was not needed.",
        (n, _) => told += &format!(" {n} of them began with a resend that was not needed."),
    }
    Some(told)
}

fn held_back(sender: usize, held: &HeadOfLine) -> Option<String> {
    let (who, peer) = roles(sender);
    let (longest, frame) = held.worst?;
    let mut told = format!(
        "The {peer} held back {} what had arrived of the {who}'s data, for {}, because something before it was missing",
        times(held.times),
        span(held.total)
    );
    told += &if held.times > 1 {
        format!("; the longest time was {}, from frame {frame} on.", span(longest))
    } else {
        format!(", from frame {frame} on.")
    };
    Some(told)
}

/// How a loss was repaired, by the word of the event.
pub(super) fn repair(word: &str) -> &'static str {
    if word == "rto" { "a timer had to run out" } else { "ACKs had told of it" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Segment;
    use crate::tcp::CongestionSummary;

    #[test]
    fn episodes_are_told_with_what_repaired_them() {
        let event = Event::of(&Segment { frame: 9, ..Segment::default() }, 1, EventKind::RecoveryEnd);
        let of =
            |note, ms, frame| Event { note, duration: Some(Nanos::from_millis(ms)), original: Some(frame), ..event };
        let head_of_line =
            HeadOfLine { times: 2, total: Nanos::from_millis(70), worst: Some((Nanos::from_millis(40), 8)) };
        let seen = CongestionSummary { head_of_line, ..CongestionSummary::default() };
        let events = vec![of("fast", 30, 7), of("rto", 300, 20), of("fast", 31, 40)];
        let story = Story { events, congestion: [CongestionSummary::default(), seen], ..Story::default() };
        let [episodes, held] = told(&story).try_into().unwrap();
        assert_eq!(
            episodes,
            "The server had 3 loss episodes to repair, which took 361 ms: 2 because ACKs told of it, 1 by a timer. \
             The longest took 300 ms from frame 20 on."
        );
        assert!(held.starts_with("The client held back 2 times what had arrived of the server's data, for 70 ms"));
        let needless = Event { kind: EventKind::Spurious, frame: 7, ..event };
        let story = Story { events: vec![of("rto", 30, 7), needless], ..Story::default() };
        assert!(told(&story)[0].ends_with("It began with a resend that was not needed."), "{:?}", told(&story));
        let story = Story { events: vec![of("open", 30, 7)], ..Story::default() };
        assert!(told(&story)[0].ends_with("which took 30 ms: not to the end of the capture."), "{:?}", told(&story));
    }
}
