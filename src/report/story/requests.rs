//! Requests and responses.

use super::times;
use crate::report::human::{counted, span};
use crate::tcp::TurnSummary;

/// How many requests there were, and how long the server took to answer them.
pub(super) fn told(turns: &TurnSummary) -> Vec<String> {
    let mut told = Vec::new();
    match turns.requests {
        Some(0) => {}
        Some(n) => told.push(answered(n, turns)),
        None if turns.overlaps > 0 => {
            told.push("Both sides talked at once: what answers what cannot be told.".to_owned());
        }
        None => {}
    }
    if let Some(think) = turns.think_p50 {
        told.push(format!("Between a response and its next request the client took {} as a rule.", span(think)));
    }
    if turns.overlaps > 0 && turns.requests.is_some() {
        told.push(format!(
            "It happened {} that an endpoint spoke before it can have heard what it would have answered.",
            times(turns.overlaps)
        ));
    }
    told
}

fn answered(n: u64, turns: &TurnSummary) -> String {
    let requests = counted(n, "request");
    match turns.response {
        Some([p50, ..]) if n == 1 => format!("{requests}: the server answered after {}.", span(p50)),
        Some([p50, p95, max]) => format!(
            "{requests}. The server took {} to answer as a rule, {} at the 95th percentile, and {} at worst.",
            span(p50),
            span(p95),
            span(max)
        ),
        None => format!("{requests}; how long the server took cannot be told from here."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Nanos;

    #[test]
    fn nothing_is_said_of_what_was_not_measured() {
        assert!(told(&TurnSummary::default()).is_empty());
        let response = Some([12, 30, 450].map(Nanos::from_millis));
        let turns = TurnSummary { requests: Some(8), response, ..TurnSummary::default() };
        let text =
            "8 requests. The server took 12 ms to answer as a rule, 30 ms at the 95th percentile, and 450 ms at worst.";
        assert_eq!(told(&turns), [text]);
    }
}
