//! Where the lifetime of a connection went: each instant has one cause (`semantics.md` 11).
//!
//! Nothing is done for a segment that changes no cause. What passed since the last change is settled when somebody says something new after
//! a pause or a turn, with the first FIN, and at the end; only then is it known whose application had been waited for.

use super::summary::{Bottleneck, BudgetSummary};
use super::teardown::{CLIENT, SERVER};
use crate::base::packed::packed;
use crate::base::{Maybe, Nanos, Timestamp};

/// The times that other analyzers account for, up to some instant: in loss recovery, and held back by the window of client and server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// In the recovery of either side.
    pub loss: Nanos,
    /// By the window of client and server.
    pub window: [Nanos; 2],
}

packed! { Accounts { [loss] window } }

/// Whose doing a pause was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Of an application's doing was the time in which nothing was on its way.
    Own(usize),
    /// It answers the other side, and has had the question for so long.
    Answer(usize, Nanos),
    /// The network's: data was held back until an ACK came.
    Network,
    /// Nobody's: nothing was said any more.
    Nobody,
}

/// The accounts of one connection.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    /// The handshake was over.
    opened: Maybe<Timestamp>,
    /// The first FIN.
    closed: Maybe<Timestamp>,
    /// Settled up to here.
    since: Timestamp,
    /// Since when nothing is on its way.
    pub(super) quiet: Maybe<Timestamp>,
    app: [Nanos; 2],
    rare: Option<Box<Rare>>,
}

packed! { Budget { [opened, since, quiet] [closed] app, rare } }

/// The accounts that most connections have nothing in.
#[derive(Clone, Copy, Debug)]
struct Rare {
    known: Accounts,
    /// Window and loss at the same time: it is put down to the loss.
    overlap: Nanos,
    idle: Nanos,
    starved: [Nanos; 2],
    /// Silence that a timer ended.
    timer: Nanos,
}

packed! { Rare { [overlap, idle, timer] known, starved } }

impl Rare {
    const NOTHING: Self = Self {
        known: Accounts { loss: Nanos::ZERO, window: [Nanos::ZERO; 2] },
        overlap: Nanos::ZERO,
        idle: Nanos::ZERO,
        starved: [Nanos::ZERO; 2],
        timer: Nanos::ZERO,
    };
}

impl Budget {
    fn rare(&self) -> &Rare {
        self.rare.as_deref().unwrap_or(&Rare::NOTHING)
    }

    #[inline(never)]
    fn note(&mut self) -> &mut Rare {
        self.rare.get_or_insert_with(|| Box::new(Rare::NOTHING))
    }

    /// The handshake is over, or was before the capture.
    pub fn open(&mut self, t: Timestamp, quiet: bool) {
        if self.opened.is_none() {
            self.opened.set(t);
            self.since = t;
            if quiet {
                self.quiet.set(t);
            }
        }
    }

    /// It was opened and is not closed yet.
    pub fn is_open(&self) -> bool {
        self.opened.is_some() && self.closed.is_none()
    }

    /// All that was sent is acknowledged now.
    #[inline]
    pub fn on_quiet(&mut self, t: Timestamp) {
        if self.is_open() {
            self.quiet.set(t);
        }
    }

    /// The pause up to now, since the last one, is put down to `pause`.
    #[inline]
    pub fn settle(&mut self, t: Timestamp, pause: Pause, accounts: Accounts) {
        if !self.is_open() {
            return;
        }
        let whole = (t - self.since).max(Nanos::ZERO);
        let rest = if accounts == self.rare().known { whole } else { self.account_for(accounts, whole) };
        let still = self.quiet.take().map_or(Nanos::ZERO, |quiet| t - quiet).max(Nanos::ZERO).min(rest);
        match pause {
            Pause::Own(of) => self.app[of] += still,
            Pause::Answer(of, had) => self.app[of] += had.min(rest),
            Pause::Network => {}
            Pause::Nobody if still > Nanos::ZERO => self.note().idle += still,
            Pause::Nobody => {}
        }
        self.since = self.since.max(t);
    }

    /// Others account for more than before: what is left of the pause, which was `whole`.
    #[cold]
    fn account_for(&mut self, accounts: Accounts, whole: Nanos) -> Nanos {
        let rare = self.note();
        let known = std::mem::replace(&mut rare.known, accounts);
        let loss = accounts.loss - known.loss;
        let [client, server] = accounts.window;
        let window = client + server - known.window[CLIENT] - known.window[SERVER];
        let rest = whole - loss - window;
        if rest < Nanos::ZERO {
            rare.overlap += Nanos::ZERO - rest;
        }
        rest.max(Nanos::ZERO)
    }

    /// Data of `of` was on its way for so long, but its application had nothing more to send.
    pub fn starve(&mut self, of: usize, time: Nanos) {
        if self.is_open() && time > Nanos::ZERO {
            self.note().starved[of] += time;
        }
    }

    /// A timer ended a silence.
    pub fn on_timer(&mut self, silence: Nanos) {
        if self.is_open() && silence > Nanos::ZERO {
            self.note().timer += silence;
        }
    }

    /// The first FIN; the pause before it is settled.
    pub fn close(&mut self, t: Timestamp) {
        if self.opened.is_none() {
            self.open(t, true);
        }
        self.closed.set_if_none(t);
    }

    /// What is reported, of a connection that lasted from `first` to `end`, and is settled. `rate`: the path's rate held it back, by other signs.
    pub fn summary(&self, (first, end): (Timestamp, Timestamp), rate: bool) -> BudgetSummary {
        let lasted = (end - first).max(Nanos::ZERO);
        let opened = self.opened.get().map_or(lasted, |t| (t - first).max(Nanos::ZERO).min(lasted));
        let close = self.closed.get().map_or(Nanos::ZERO, |t| (end - t).max(Nanos::ZERO)).min(lasted - opened);
        let rare = self.rare();
        let [client, server] = rare.known.window;
        let mut rest = Rest(lasted - opened - close);
        // In the order in which one cause has precedence over another; what is left is the network's.
        let loss_recovery = rest.take(rare.known.loss);
        let windows = (client + server - rare.overlap).max(Nanos::ZERO);
        let window = match client.0.max(0).checked_add(server.0.max(0)) {
            Some(sum) if sum > 0 => {
                let of_client = client.max(Nanos::ZERO).min(windows);
                [rest.take(of_client), rest.take(windows - of_client)]
            }
            _ => [Nanos::ZERO; 2],
        };
        let app = self.app.map(|time| rest.take(time));
        let idle = rest.take(rare.idle);
        let network = rest.0;
        let mut hidden = Rest(network);
        let timer = hidden.take(rare.timer);
        let starved = rare.starved.map(|time| hidden.take(time));
        let budget = BudgetSummary {
            handshake: opened,
            app,
            window,
            network,
            loss_recovery,
            idle,
            close,
            starved,
            bottleneck: None,
        };
        let bottleneck = self.opened.is_some().then(|| bottleneck(&budget, timer, hidden.0, rate));
        BudgetSummary { bottleneck, ..budget }
    }
}

/// Time that is still to be given away.
struct Rest(Nanos);

impl Rest {
    fn take(&mut self, wanted: Nanos) -> Nanos {
        let given = wanted.max(Nanos::ZERO).min(self.0);
        self.0 = self.0 - given;
        given
    }
}

/// The largest cause. `timer`: of the network's time, silence that a timer ended; `path`: what is the network's own.
fn bottleneck(budget: &BudgetSummary, timer: Nanos, path: Nanos, rate: bool) -> Bottleneck {
    let network = if rate { Bottleneck::NetworkRate } else { Bottleneck::NetworkRtt };
    let causes = [
        (network, path + budget.handshake + budget.close),
        (Bottleneck::NetworkLoss, budget.loss_recovery + timer),
        (Bottleneck::ClientWindow, budget.window[CLIENT]),
        (Bottleneck::ServerWindow, budget.window[SERVER]),
        (Bottleneck::ServerApp, budget.app[SERVER] + budget.starved[SERVER]),
        (Bottleneck::ClientApp, budget.app[CLIENT] + budget.starved[CLIENT]),
        (Bottleneck::None, budget.idle),
    ];
    let largest = causes.into_iter().reduce(|best, next| if next.1 > best.1 { next } else { best });
    largest.filter(|(_, time)| *time > Nanos::ZERO).map_or(Bottleneck::None, |(cause, _)| cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp(ms * 1_000_000)
    }

    const MS: fn(i64) -> Nanos = Nanos::from_millis;

    fn sum(b: &BudgetSummary) -> Nanos {
        let parts =
            [b.handshake, b.app[0], b.app[1], b.window[0], b.window[1], b.network, b.loss_recovery, b.idle, b.close];
        assert!(parts.iter().all(|part| *part >= Nanos::ZERO), "{b:?}");
        parts.into_iter().fold(Nanos::ZERO, |sum, part| sum + part)
    }

    #[test]
    fn the_parts_add_up_to_the_lifetime() {
        let mut budget = Budget::default();
        budget.open(at(40), true);
        budget.settle(at(100), Pause::Own(CLIENT), Accounts::default());
        budget.settle(at(230), Pause::Answer(SERVER, MS(100)), Accounts::default());
        budget.on_quiet(at(240));
        let accounts = Accounts { loss: MS(50), window: [MS(0), MS(20)] };
        budget.settle(at(400), Pause::Own(SERVER), accounts);
        budget.close(at(450));
        let summary = budget.summary((at(0), at(500)), false);
        assert_eq!(sum(&summary), MS(500));
        assert_eq!(summary.app, [MS(60), MS(100) + MS(100)]); // of the 160 ms without anything on its way, 60 were loss and window
        assert_eq!((summary.handshake, summary.close), (MS(40), MS(50)));
        assert_eq!((summary.loss_recovery, summary.window), (MS(50), [MS(0), MS(20)]));
        assert_eq!(summary.bottleneck, Some(Bottleneck::ServerApp));
    }

    #[test]
    fn a_window_that_was_shut_during_recovery_is_counted_once() {
        let mut budget = Budget::default();
        budget.open(at(0), false);
        budget.settle(at(100), Pause::Own(CLIENT), Accounts { loss: MS(80), window: [MS(0), MS(60)] });
        budget.close(at(100));
        let summary = budget.summary((at(0), at(100)), false);
        assert_eq!((summary.loss_recovery, summary.window), (MS(80), [MS(0), MS(20)]));
        assert_eq!(sum(&summary), MS(100));
    }

    #[test]
    fn what_was_never_opened_is_all_handshake_and_has_no_bottleneck() {
        let summary = Budget::default().summary((at(0), at(7_000)), false);
        assert_eq!(summary.handshake, MS(7_000));
        assert_eq!(summary.bottleneck, None);
    }

    #[test]
    fn a_clock_that_steps_back_leaves_no_negative_time() {
        let mut budget = Budget::default();
        budget.open(at(50), true);
        budget.settle(at(20), Pause::Own(CLIENT), Accounts::default());
        budget.close(at(10));
        assert_eq!(sum(&budget.summary((at(0), at(30)), false)), MS(30));
        assert_eq!(sum(&budget.summary((at(40), at(30)), false)), MS(0));
    }
}
