//! The report for a person on a bad day: what went wrong, what the capture holds, how far it can be trusted, and the
//! connections that matter most.
//!
//! It keeps counts and the few connections that it shows, so its memory does not grow with the capture. It chooses its own
//! columns, those for which the terminal has room, and its own order; the selection of columns is for files.

use crate::report::human;
use std::io::Write;

use super::{BoxedReporter, Options, Output, Reporter, RunMeta};
use crate::findings::Survey;
use crate::report::error::Error;
use crate::report::record::{FlowRecord, RunTotals};
use crate::report::schema::Column;
use crate::report::summary::{By, Ledger};
use crate::report::text::{Paint, Tone, wrap};

mod found;
mod interest;
mod picks;
mod rows;
mod summary;
pub(in crate::report) mod table;

use picks::Picks;
use summary::Outcomes;

/// A terminal narrower than this is treated as if it had so many columns: less does not hold two addresses.
pub const NARROWEST: usize = 60;

/// Services with the most connections that are told.
const SERVICES: usize = 5;

/// How the terminal report is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalOptions {
    /// Columns of the terminal.
    pub width: usize,
    /// Colours are wanted.
    pub color: bool,
    /// So many connections are shown at most; `None` for all of them, which takes memory for each.
    pub top: Option<usize>,
}

impl Default for TerminalOptions {
    fn default() -> Self {
        Self { width: 80, color: false, top: Some(20) }
    }
}

/// Begins a report for the terminal.
pub(super) fn open(output: Output, options: &Options) -> BoxedReporter {
    Box::new(Terminal {
        output,
        width: options.terminal.width.max(NARROWEST),
        paint: Paint { color: options.terminal.color },
        outcomes: Outcomes::default(),
        survey: Survey::default(),
        ledger: Ledger::of_services(),
        picks: Picks::new(options.terminal.top),
    })
}

struct Terminal {
    output: Output,
    width: usize,
    paint: Paint,
    outcomes: Outcomes,
    survey: Survey,
    /// By service.
    ledger: Ledger,
    picks: Picks,
}

impl Terminal {
    /// The table, and how to get what is not in it.
    fn connections(&mut self, totals: &RunTotals) -> Vec<String> {
        let picks = std::mem::replace(&mut self.picks, Picks::new(Some(0))).into_best();
        if picks.is_empty() {
            return match self.outcomes.connections {
                0 => vec!["No TCP connections.".to_owned()],
                _ => Vec::new(),
            };
        }
        let start = totals.span.map_or(picks.iter().map(|p| p.record.summary.span.0).min(), |(first, _)| Some(first));
        let mut lines = table::lines(&rows::table(&picks, start.unwrap_or_default()), self.width, self.paint);
        let hidden = self.outcomes.connections.saturating_sub(picks.len() as u64);
        if hidden > 0 {
            let hint = format!(
                "… and {} more: show them all with --all, or write them with -o flows.csv",
                human::count(hidden)
            );
            lines.extend(wrap(&hint, self.width).iter().map(|line| self.paint.paint(Tone::Quiet, line)));
        }
        lines
    }
}

impl Reporter for Terminal {
    fn begin(&mut self, _meta: &RunMeta, _columns: &[&'static Column]) -> Result<(), Error> {
        Ok(())
    }

    fn flow(&mut self, record: &FlowRecord) -> Result<(), Error> {
        let symptoms = interest::symptoms(record);
        self.outcomes.add(record, &symptoms);
        self.survey.add(&record.sighting());
        self.ledger.add(record);
        self.picks.offer(record, symptoms);
        Ok(())
    }

    fn finish(&mut self, totals: &RunTotals) -> Result<(), Error> {
        let mut lines = summary::names(totals, self.width, self.paint);
        let findings = self.survey.findings();
        if self.outcomes.connections > 0 {
            lines.extend(found::lines(&findings, self.width, self.paint));
        }
        lines.extend(summary::lines(totals, &self.outcomes, self.width, self.paint));
        // One service is what the connections show anyway.
        if self.ledger.len(By::Service) > 1 {
            lines.push(String::new());
            lines.extend(self.ledger.table(By::Service, SERVICES, &findings, self.width, self.paint));
        }
        lines.push(String::new());
        lines.extend(self.connections(totals));
        let mut text = lines.join("\n");
        text.push('\n');
        self.output.write_all(text.as_bytes())?;
        Ok(self.output.flush()?)
    }
}

#[cfg(test)]
mod tests;
