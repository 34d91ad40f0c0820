//! Where the time went.

use std::io;

use super::{INDENT, Teller};
use crate::base::Nanos;
use crate::report::human::{percent, span};
use crate::report::text::{Tone, pad};
use crate::report::value::Percent;
use crate::tcp::{Bottleneck, BudgetSummary};

/// The parts of the lifetime, in the order in which they are told.
fn parts(budget: &BudgetSummary) -> [(&'static str, Nanos); 9] {
    let [client_app, server_app] = budget.app;
    let [client_window, server_window] = budget.window;
    [
        ("handshake", budget.handshake),
        ("waiting for the client's application", client_app),
        ("waiting for the server's application", server_app),
        ("waiting for room in the client's window", client_window),
        ("waiting for room in the server's window", server_window),
        ("data and acknowledgements on their way", budget.network),
        ("recovery from loss", budget.loss_recovery),
        ("nobody had anything to say", budget.idle),
        ("close", budget.close),
    ]
}

fn share(part: Nanos, total: Nanos) -> Option<Percent> {
    Percent::of(part.0.max(0).unsigned_abs(), total.0.max(0).unsigned_abs())
}

impl Teller<'_> {
    /// Each part with its share, and what held the connection back most.
    pub(super) fn budget(&mut self, budget: &BudgetSummary) -> io::Result<()> {
        let parts = parts(budget);
        let total = parts.iter().fold(Nanos::ZERO, |sum, (_, part)| sum + *part);
        if total <= Nanos::ZERO {
            return Ok(());
        }
        self.heading("Where the time went")?;
        for (what, part) in parts.into_iter().filter(|(_, part)| *part > Nanos::ZERO) {
            let share = share(part, total).map_or(String::new(), percent);
            let figures = format!("{}  {}", pad(&span(part), 7, true), pad(&share, 6, true));
            writeln!(self.out, "{INDENT}{}  {what}", self.paint.paint(Tone::Plain, &figures))?;
        }
        self.sentences(&told(budget, total))
    }
}

fn told(budget: &BudgetSummary, total: Nanos) -> Vec<String> {
    let mut told = Vec::new();
    for (starved, role) in budget.starved.into_iter().zip(super::ROLES) {
        if starved > Nanos::ZERO {
            told.push(format!(
                "For {} of the time on the way the {role}'s application had given nothing more to send.",
                span(starved)
            ));
        }
    }
    told.extend(budget.bottleneck.map(|bottleneck| verdict(bottleneck, budget, total)));
    told
}

/// The largest cause in a sentence.
fn verdict(bottleneck: Bottleneck, budget: &BudgetSummary, total: Nanos) -> String {
    let [client_starved, server_starved] = budget.starved;
    let on_the_way = budget.network - client_starved - server_starved;
    let (cost, what) = match bottleneck {
        Bottleneck::ClientApp => (budget.app[0] + client_starved, "waiting for the client's application"),
        Bottleneck::ServerApp => (budget.app[1] + server_starved, "waiting for the server's application"),
        Bottleneck::ClientWindow => (budget.window[0], "waiting for room in the client's window"),
        Bottleneck::ServerWindow => (budget.window[1], "waiting for room in the server's window"),
        Bottleneck::NetworkLoss => (budget.loss_recovery, "recovering from loss"),
        Bottleneck::NetworkRate => (on_the_way, "the rate of the path, before which a queue stood"),
        Bottleneck::NetworkRtt => (on_the_way, "round trips"),
        Bottleneck::None => {
            return "Nothing held it back: for most of the time nobody had anything to say.".to_owned();
        }
    };
    let most = if cost.scale(2, 1) >= total { "Most of it" } else { "The largest part" };
    format!("{most}, {} of {}, went into {what}.", span(cost.max(Nanos::ZERO)), span(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_cause_is_named_with_its_share() {
        let ms = Nanos::from_millis;
        let budget = BudgetSummary {
            window: [Nanos::ZERO, ms(2_100)],
            network: ms(200),
            starved: [ms(40), Nanos::ZERO],
            bottleneck: Some(Bottleneck::ServerWindow),
            ..BudgetSummary::default()
        };
        assert_eq!(
            told(&budget, ms(2_300)),
            [
                "For 40 ms of the time on the way the client's application had given nothing more to send.",
                "Most of it, 2.1 s of 2.3 s, went into waiting for room in the server's window."
            ]
        );
        let budget = BudgetSummary { bottleneck: Some(Bottleneck::ClientApp), ..budget };
        assert!(verdict(Bottleneck::ClientApp, &budget, ms(2_300)).starts_with("The largest part, 40 ms of 2.3 s"));
    }
}
