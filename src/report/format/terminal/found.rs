//! What was found, worst first, in a handful of lines.

use super::summary::{INDENT, labelled};
use crate::findings::{Finding, Severity};
use crate::report::human::counted;
use crate::report::listing::tone;
use crate::report::text::{Paint, Tone, wrap};

/// So many findings are told.
const MOST: usize = 6;

/// The findings, in lines of at most `columns` columns: those that are worth the reader's time, with a connection to look at.
pub fn lines(findings: &[Finding], columns: usize, paint: Paint) -> Vec<String> {
    let told: Vec<&Finding> = findings.iter().filter(|f| f.code.severity() > Severity::Info).collect();
    let room = columns.saturating_sub(INDENT);
    let mut lines = Vec::new();
    for finding in told.iter().take(MOST) {
        let severity = finding.code.severity();
        let look = finding.evidence.first().map_or(String::new(), |proof| format!(" (explain {})", proof.flow_id));
        let text = wrap(&format!("{}{look}", finding.sentence), room);
        lines.extend(labelled(severity.word(), text.iter().map(|l| paint.paint(tone(severity), l)).collect(), paint));
    }
    let quiet = |text: &str| wrap(text, room).iter().map(|line| paint.paint(Tone::Quiet, line)).collect();
    if told.is_empty() {
        lines.extend(labelled("findings", quiet("nothing that calls for action"), paint));
    } else if told.len() > MOST {
        let more = counted((told.len() - MOST) as u64, "more finding");
        lines.extend(labelled("…", quiet(&format!("{more}: --format findings-json has them all")), paint));
    }
    lines
}
