//! What the capture holds and how far it can be trusted, in a few lines.

use super::interest::{Cause, Symptom, ending};
use crate::base::{Nanos, Timestamp};
use crate::report::human::{bytes, count, counted, span};
use crate::report::record::{FlowRecord, RunTotals};
use crate::report::text::{Paint, Tone, elide_middle, flow, printable, width, wrap};
use crate::report::time::{Precision, TimeFormat, time_text};
use crate::tcp::{End, HandshakeOutcome};

/// Labels stand in a margin of this width.
pub const INDENT: usize = 14;
/// Between the items of a line.
const DOT: &str = " · ";
/// More names and problems than this are only counted.
const MOST: usize = 8;

/// How many there were of each, in the order of first appearance.
#[derive(Debug, Default)]
struct Tally(Vec<(&'static str, Tone, u64)>);

impl Tally {
    fn add(&mut self, word: &'static str, tone: Tone) {
        match self.0.iter_mut().find(|(w, ..)| *w == word) {
            Some((.., n)) => *n += 1,
            None => self.0.push((word, tone, 1)),
        }
    }

    /// Most frequent first, in the words that `text` has for a word and its count.
    fn items(&self, text: impl Fn(&str, String) -> String) -> Vec<Item> {
        let mut sorted = self.0.clone();
        sorted.sort_by_key(|(word, _, n)| (std::cmp::Reverse(*n), *word));
        sorted.into_iter().map(|(word, tone, n)| Item { text: text(word, count(n)), tone }).collect()
    }
}

/// Counts connections by how they began, how they ended and what was wrong with them.
#[derive(Debug, Default)]
pub struct Outcomes {
    /// Connections in all.
    pub connections: u64,
    began: Tally,
    ended: Tally,
    troubled: Tally,
}

impl Outcomes {
    /// Counts one connection, with all that is wrong with it.
    pub fn add(&mut self, record: &FlowRecord, symptoms: &[Symptom]) {
        self.connections += 1;
        let (word, tone) = beginning(record.summary.handshake.outcome);
        self.began.add(word, tone);
        let end = record.summary.teardown.end;
        // The line on handshakes has them already.
        if !matches!(end, End::Refused | End::Unanswered) {
            let failed = matches!(end, End::RstClient | End::RstServer | End::Timeout);
            self.ended.add(ending(end), if failed { Tone::Failure } else { Tone::Plain });
        }
        for cause in Cause::ALL {
            if let Some(noun) = cause.noun()
                && symptoms.iter().any(|s| s.cause() == cause)
            {
                self.troubled.add(noun, Tone::Warning);
            }
        }
    }
}

const fn beginning(outcome: HandshakeOutcome) -> (&'static str, Tone) {
    match outcome {
        HandshakeOutcome::Established => ("established", Tone::Plain),
        HandshakeOutcome::EstablishedPartial => ("established, partly seen", Tone::Plain),
        HandshakeOutcome::Midstream => ("older than the capture", Tone::Plain),
        HandshakeOutcome::SimultaneousOpen => ("opened by both at once", Tone::Plain),
        HandshakeOutcome::OneWay => ("only one direction seen", Tone::Warning),
        HandshakeOutcome::RefusedRst => ("refused", Tone::Failure),
        HandshakeOutcome::RefusedIcmp => ("refused by ICMP", Tone::Failure),
        HandshakeOutcome::Unanswered => ("unanswered", Tone::Failure),
        HandshakeOutcome::HalfOpen => ("not finished", Tone::Failure),
        HandshakeOutcome::ClientReset => ("reset by client", Tone::Failure),
        HandshakeOutcome::ServerReset => ("reset by server", Tone::Failure),
        HandshakeOutcome::Challenged => ("met an old connection", Tone::Failure),
    }
}

/// A piece of a line.
struct Item {
    text: String,
    tone: Tone,
}

fn plain(text: String) -> Item {
    Item { text, tone: Tone::Plain }
}

fn warning(text: String) -> Item {
    Item { text, tone: Tone::Warning }
}

/// The names of the captures.
pub fn names(totals: &RunTotals, columns: usize, paint: Paint) -> Vec<String> {
    let mut text = Vec::new();
    for name in totals.inputs.iter().take(MOST) {
        text.push(paint.paint(Tone::Title, &elide_middle(&printable(name), columns)));
    }
    if totals.inputs.len() > MOST {
        text.push(format!("and {} more captures", totals.inputs.len() - MOST));
    }
    text
}

/// The summary of a run, in lines of at most `columns` columns.
pub fn lines(totals: &RunTotals, outcomes: &Outcomes, columns: usize, paint: Paint) -> Vec<String> {
    let mut text = Vec::new();
    let mut section = |label: &str, items: Vec<Item>| text.extend(paragraph(label, &items, columns, paint));
    section("time", totals.span.map(when).unwrap_or_default());
    section("frames", vec![plain(count(totals.frames)), plain(format!("{} on the wire", bytes(totals.wire_bytes)))]);
    section("TCP", traffic(totals, outcomes));
    section("skipped", skipped(totals));
    section("capture", quality(totals));
    section("handshakes", outcomes.began.items(|word, n| format!("{word} {n}")));
    section("ends", outcomes.ended.items(|word, n| format!("{word} {n}")));
    section("trouble", outcomes.troubled.items(|noun, n| format!("{n} with {noun}")));
    text.extend(problems(totals, columns, paint));
    text
}

/// A label and what belongs to it; nothing at all if nothing does.
fn paragraph(label: &str, items: &[Item], columns: usize, paint: Paint) -> Vec<String> {
    let mut tones = items.iter().map(|i| i.tone);
    let broken = flow(items.iter().map(|i| i.text.as_str()), DOT, columns.saturating_sub(INDENT));
    let mut painted = |pieces: Vec<String>| -> Vec<String> {
        pieces.iter().zip(tones.by_ref()).map(|(piece, tone)| paint.paint(tone, piece)).collect()
    };
    labelled(label, broken.into_iter().map(|pieces| painted(pieces).join(DOT)).collect(), paint)
}

/// What was wrong with the inputs, in full sentences.
fn problems(totals: &RunTotals, columns: usize, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    for problem in totals.problems.iter().take(MOST) {
        lines.extend(wrap(&printable(problem), columns.saturating_sub(INDENT)));
    }
    if totals.problems.len() > MOST {
        lines.push(format!("and {} more", totals.problems.len() - MOST));
    }
    labelled("problems", lines.iter().map(|line| paint.paint(Tone::Failure, line)).collect(), paint)
}

/// Lines with a label before the first and as much room before the others.
pub fn labelled(label: &str, lines: Vec<String>, paint: Paint) -> Vec<String> {
    let before = |i: usize| match i {
        0 => format!("  {}{}", paint.paint(Tone::Quiet, label), " ".repeat((INDENT - 2).saturating_sub(width(label)))),
        _ => " ".repeat(INDENT),
    };
    lines.into_iter().enumerate().map(|(i, line)| before(i) + &line).collect()
}

/// `2024-05-01 12:00:00.000 to 12:05:31.221 UTC`, and how long that is.
fn when((first, last): (Timestamp, Timestamp)) -> Vec<Item> {
    let [first_text, last_text] = [first, last].map(clock);
    let day = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
    let until = match last_text.strip_prefix(&day(&first_text)) {
        Some(time_of_day) => time_of_day.trim_start(),
        None => &last_text,
    };
    vec![plain(format!("{first_text} to {until} UTC")), plain(span(last.since(first)))]
}

fn clock(time: Timestamp) -> String {
    time_text(time, TimeFormat::Excel, Precision::Micros)
}

/// `n` of something, unless there is none of it.
fn some(items: &mut Vec<Item>, n: u64, item: fn(String) -> Item, [one, many]: [&str; 2]) {
    if n > 0 {
        items.push(item(format!("{} {}", count(n), if n == 1 { one } else { many })));
    }
}

fn traffic(totals: &RunTotals, outcomes: &Outcomes) -> Vec<Item> {
    let mut items = vec![
        plain(counted(totals.segments, "segment")),
        plain(counted(totals.connections.max(outcomes.connections), "connection")),
    ];
    some(&mut items, totals.icmp_errors, warning, ["ICMP error", "ICMP errors"]);
    some(&mut items, totals.post_close, plain, ["packet long after a close", "packets long after a close"]);
    some(&mut items, totals.stray, plain, ["stray packet", "stray packets"]);
    items
}

fn skipped(totals: &RunTotals) -> Vec<Item> {
    let reasons = || totals.skipped.iter().filter(|(_, n)| *n > 0);
    let mut items: Vec<Item> = reasons().take(MOST).map(|(why, n)| plain(format!("{why} {}", count(*n)))).collect();
    let others: u64 = reasons().skip(MOST).map(|(_, n)| n).sum();
    some(&mut items, others, plain, ["for another reason", "for other reasons"]);
    items
}

/// Everything that makes the numbers below less certain, or that nothing does.
fn quality(totals: &RunTotals) -> Vec<Item> {
    let mut items = Vec::new();
    some(
        &mut items,
        totals.kernel_drops.unwrap_or(0),
        warning,
        ["packet dropped by the kernel", "packets dropped by the kernel"],
    );
    if totals.missing_bytes > 0 {
        items.push(warning(format!("{} were acknowledged but never captured", bytes(totals.missing_bytes))));
    }
    some(
        &mut items,
        totals.evicted,
        warning,
        ["connection left early for want of memory", "connections left early for want of memory"],
    );
    some(&mut items, totals.cut_frames, warning, ["frame cut short", "frames cut short"]);
    some(&mut items, totals.capture_duplicates, warning, ["packet captured twice", "packets captured twice"]);
    some(&mut items, totals.bad_checksums, warning, ["bad checksum", "bad checksums"]);
    if totals.time_regress > Nanos::ZERO {
        items.push(warning(format!("clock steps back by up to {}", span(totals.time_regress))));
    }
    if items.is_empty() && !totals.problems.is_empty() {
        items.push(warning("incomplete: see the problems".to_owned()));
    }
    if items.is_empty() {
        items.push(Item { text: "complete: nothing cut, missing or out of order".to_owned(), tone: Tone::Quiet });
    }
    items
}
