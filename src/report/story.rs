//! One connection as a person reads it: what `tcplens explain` prints. Each subject has a file; nothing is said of what was not measured.

mod budget;
mod congestion;
mod findings;
mod happened;
mod ladder;
mod outline;
mod recovery;
mod requests;
mod stalls;

use std::io::{self, Write};

pub use self::ladder::Rung;
use super::human::count;
use super::record::FlowRecord;
use super::text::{Paint, Tone, wrap};
use crate::base::Timestamp;
use crate::tcp::{CongestionSummary, Event};

/// Everything that is told.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// The connection, once it is final.
    pub record: Option<FlowRecord>,
    /// Packets of the handshake and of the close.
    pub ladder: Vec<Rung>,
    /// What happened, in the order of the capture.
    pub events: Vec<Event>,
    /// How client and server filled the path.
    pub congestion: [CongestionSummary; 2],
}

const ROLES: [&str; 2] = ["client", "server"];
/// Indentation of what stands below a heading.
const INDENT: &str = "  ";

/// Writes the story of one connection, at most `width` columns wide; of the events at most `most`.
///
/// # Errors
/// The output fails.
pub fn write(out: &mut dyn Write, story: &Story, width: usize, paint: Paint, most: usize) -> io::Result<()> {
    let Some(record) = &story.record else { return Ok(()) };
    let title = format!("Connection {}: {} → {}", record.flow_id, record.client, record.server);
    writeln!(out, "{}", paint.paint(Tone::Title, &title))?;
    let mut teller = Teller { out, width, paint };
    teller.sentences(&outline::opening(record))?;
    teller.findings(&record.summary)?;
    teller.section("Path", &outline::path(record))?;
    teller.section("Data", &outline::data(record))?;
    teller.budget(&record.summary.budget)?;
    teller.section("Requests", &requests::told(&record.summary.turns))?;
    teller.section("Stalls", &stalls::told(&story.events, &record.summary.halves))?;
    teller.section("Recovery from loss", &recovery::told(story))?;
    teller.section("Congestion", &congestion::told(story, record))?;
    teller.heading("Handshake and close")?;
    teller.ladder(story, record.summary.span.0)?;
    teller.heading("What happened")?;
    teller.events(story, record.summary.span.0, most)
}

/// `once`, `3 times`.
fn times(n: u64) -> String {
    if n == 1 { "once".to_owned() } else { format!("{} times", count(n)) }
}

/// The text with its first letter in upper case.
fn capital(text: &str) -> String {
    let mut rest = text.chars();
    let first: String = rest.next().into_iter().flat_map(char::to_uppercase).collect();
    first + rest.as_str()
}

/// The endpoint that sent, and its peer.
fn roles(sender: usize) -> (&'static str, &'static str) {
    if sender == 0 { ("client", "server") } else { ("server", "client") }
}

struct Teller<'a> {
    out: &'a mut dyn Write,
    width: usize,
    paint: Paint,
}

impl Teller<'_> {
    fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "\n{}", self.paint.paint(Tone::Title, text))
    }

    fn sentence(&mut self, text: &str) -> io::Result<()> {
        self.painted(Tone::Plain, text)
    }

    fn painted(&mut self, tone: Tone, text: &str) -> io::Result<()> {
        for line in wrap(text, self.width.saturating_sub(INDENT.len())) {
            writeln!(self.out, "{INDENT}{}", self.paint.paint(tone, &line))?;
        }
        Ok(())
    }

    /// A sentence one step further in.
    fn below(&mut self, text: &str) -> io::Result<()> {
        for line in wrap(text, self.width.saturating_sub(2 * INDENT.len())) {
            writeln!(self.out, "{INDENT}{INDENT}{line}")?;
        }
        Ok(())
    }

    fn sentences(&mut self, told: &[String]) -> io::Result<()> {
        told.iter().try_for_each(|sentence| self.sentence(sentence))
    }

    /// A heading and sentences, if there are any.
    fn section(&mut self, heading: &str, told: &[String]) -> io::Result<()> {
        if told.is_empty() {
            return Ok(());
        }
        self.heading(heading)?;
        self.sentences(told)
    }
}

/// Time since the connection began, to the microsecond: events are told apart by it.
fn after(t: Timestamp, start: Timestamp) -> String {
    let us = (t - start).0 / 1000;
    let sign = if us < 0 { '-' } else { '+' };
    format!("{sign}{}.{:06}", us.unsigned_abs() / 1_000_000, us.unsigned_abs() % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Nanos;
    use crate::report::sample;
    use crate::tcp::EventKind;

    #[test]
    fn a_story_fits_its_width_and_counts_what_it_leaves_out() {
        let record = sample::full();
        let t = record.summary.span.0 + Nanos::from_millis(7);
        let event = Event { t, frame: 7, ..Event::of(&crate::base::Segment::default(), 0, EventKind::Rto) };
        let story = Story { record: Some(record), events: vec![event; 5], ..Story::default() };
        let mut out = Vec::new();
        write(&mut out, &story, 80, Paint::default(), 3).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("… and 2 more events"), "{text}");
        assert!(text.lines().all(|line| crate::report::text::width(line) <= 80), "{text}");
    }
}
