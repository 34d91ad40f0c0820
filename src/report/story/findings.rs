//! What is wrong with the connection, and what to do about it.

use std::io;

use super::{Teller, capital};
use crate::findings::{self, Entry, Severity};
use crate::report::text::Tone;
use crate::tcp::ConnectionSummary;

impl Teller<'_> {
    /// Each finding, the worst first.
    pub(super) fn findings(&mut self, summary: &ConnectionSummary) -> io::Result<()> {
        let codes = findings::of(summary);
        if codes.is_empty() {
            return Ok(());
        }
        self.heading("Findings")?;
        for code in codes.iter() {
            let entry = code.entry();
            let tone = match entry.severity {
                Severity::Critical => Tone::Failure,
                Severity::Warning => Tone::Warning,
                Severity::Notice | Severity::Info => Tone::Plain,
            };
            self.painted(tone, &title(entry))?;
            for text in [entry.meaning, entry.remedy].into_iter().filter(|text| !text.is_empty()) {
                self.below(&ended(text))?;
            }
            if !entry.reference.is_empty() {
                self.below(&ended(&format!("See {}", entry.reference)))?;
            }
        }
        Ok(())
    }
}

/// `Warning: packet loss (packet_loss)`.
fn title(entry: &Entry) -> String {
    format!("{}: {} ({})", capital(entry.severity.word()), entry.title, entry.word)
}

/// The text as a sentence: with a full stop.
fn ended(text: &str) -> String {
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::Code;

    #[test]
    fn a_finding_begins_with_how_bad_it_is() {
        assert!(title(Code::Refused.entry()).starts_with("Warning: "));
        assert_eq!((ended("See RFC 1"), ended("Do so.")), ("See RFC 1.".to_owned(), "Do so.".to_owned()));
    }
}
