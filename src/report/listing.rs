//! What columns and what findings there are, for people: on a terminal, line by line for `grep`, and as Markdown for the README.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::schema::{Column, Group, Role, columns};
use super::text::{Paint, Tone, pad, width, wrap};
use crate::findings::{ENTRIES, Severity};

/// Lines wider than this are hard to read.
const WIDEST: usize = 110;
/// How far a meaning is indented under its column.
const INDENT: usize = 6;

/// A column, or the two that one declaration makes: the same but for the endpoint.
type Entry = Vec<&'static Column>;

/// Columns of a group in their order, those of both endpoints together.
fn entries(group: Group) -> impl Iterator<Item = Entry> {
    let of_group = move || columns().iter().filter(move |c| c.group == group);
    let twin = move |column: &Column| {
        let stem = column.stem;
        of_group().find(move |c| c.role == Some(Role::Server) && c.stem == stem)
    };
    of_group().filter(|c| c.role != Some(Role::Server)).map(move |column| match column.role {
        Some(_) => std::iter::once(column).chain(twin(column)).collect(),
        None => vec![column],
    })
}

/// Type and unit, such as `decimal, ms`.
fn quantity(column: &Column) -> String {
    match (column.kind.ty().name(), column.kind.unit().symbol()) {
        (ty, "") => ty.to_owned(),
        (ty, unit) => format!("{ty}, {unit}"),
    }
}

/// Writes all columns with type, unit and meaning: for a terminal of `width` columns, or without one a line for each.
///
/// # Errors
/// Those of `out`.
pub fn write_columns(out: &mut dyn Write, terminal: Option<usize>, color: bool) -> io::Result<()> {
    match terminal {
        Some(width) => write_chapters(out, width.clamp(40, WIDEST), Paint { color }),
        None => write_lines(out),
    }
}

fn write_chapters(out: &mut dyn Write, columns: usize, paint: Paint) -> io::Result<()> {
    for (i, group) in Group::ALL.into_iter().enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", paint.paint(Tone::Title, group.title()))?;
        for entry in entries(group) {
            write_entry(out, &entry, columns, paint)?;
        }
    }
    Ok(())
}

fn write_entry(out: &mut dyn Write, entry: &Entry, columns: usize, paint: Paint) -> io::Result<()> {
    let Some(first) = entry.first() else {
        return Ok(());
    };
    let quantity = quantity(first);
    let names = entry.iter().map(|c| c.name.as_ref()).collect::<Vec<_>>().join(", ");
    if 2 + width(&names) + 2 + width(&quantity) <= columns {
        writeln!(out, "  {names}  {}", paint.paint(Tone::Quiet, &quantity))?;
    } else {
        for (i, column) in entry.iter().enumerate() {
            let comma = if i + 1 < entry.len() { "," } else { "" };
            writeln!(out, "  {}{comma}", column.name)?;
        }
        writeln!(out, "{:INDENT$}{}", "", paint.paint(Tone::Quiet, &quantity))?;
    }
    for line in wrap(first.doc, columns - INDENT) {
        writeln!(out, "{:INDENT$}{line}", "")?;
    }
    Ok(())
}

fn write_lines(out: &mut dyn Write) -> io::Result<()> {
    let longest = |of: &dyn Fn(&Column) -> usize| columns().iter().map(of).max().unwrap_or(0);
    let name = longest(&|c| width(&c.name));
    let ty = longest(&|c| width(c.kind.ty().name()));
    let unit = longest(&|c| width(c.kind.unit().symbol()));
    for column in columns() {
        let cells = [
            pad(&column.name, name, false),
            pad(column.kind.ty().name(), ty, false),
            pad(column.kind.unit().symbol(), unit, false),
        ];
        writeln!(out, "{}  {}", cells.join("  "), column.doc)?;
    }
    Ok(())
}

/// Writes all findings with what they mean and what to do: for a terminal of `width` columns, or without one a line for each.
///
/// # Errors
/// Those of `out`.
pub fn write_findings(out: &mut dyn Write, terminal: Option<usize>, color: bool) -> io::Result<()> {
    let Some(columns) = terminal.map(|width| width.clamp(40, WIDEST)) else {
        let word = ENTRIES.iter().map(|entry| width(entry.word)).max().unwrap_or(0);
        let severity = ENTRIES.iter().map(|entry| width(entry.severity.word())).max().unwrap_or(0);
        for entry in &ENTRIES {
            let cells = [pad(entry.word, word, false), pad(entry.severity.word(), severity, false)];
            writeln!(
                out,
                "{}  {}: {} {} [{}]",
                cells.join("  "),
                entry.title,
                entry.meaning,
                entry.remedy,
                entry.reference
            )?;
        }
        return Ok(());
    };
    let paint = Paint { color };
    for (i, entry) in ENTRIES.iter().enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        write_finding(out, entry, columns, paint)?;
    }
    Ok(())
}

/// The colour of a severity.
pub(super) const fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Critical => Tone::Failure,
        Severity::Warning => Tone::Warning,
        Severity::Notice => Tone::Plain,
        Severity::Info => Tone::Quiet,
    }
}

fn write_finding(out: &mut dyn Write, entry: &crate::findings::Entry, columns: usize, paint: Paint) -> io::Result<()> {
    let severity = paint.paint(tone(entry.severity), entry.severity.word());
    writeln!(out, "{}  {severity}", paint.paint(Tone::Title, entry.word))?;
    for line in wrap(entry.meaning, columns - 2) {
        writeln!(out, "  {line}")?;
    }
    for (label, text) in [("To do", entry.remedy), ("See", entry.reference)] {
        for (i, line) in wrap(&format!("{label}: {text}"), columns - 2).iter().enumerate() {
            // The label is a part of the first line, so that its words wrap with the others.
            let line = match line.strip_prefix(label).filter(|_| i == 0) {
                Some(rest) => paint.paint(Tone::Quiet, label) + rest,
                None => line.clone(),
            };
            writeln!(out, "  {line}")?;
        }
    }
    Ok(())
}

/// All columns as Markdown: a heading and a table for each group.
pub fn markdown() -> String {
    let mut text = String::new();
    for group in Group::ALL {
        // Writing to a String cannot fail.
        let _ = write!(text, "### {}\n\n| column | type | unit | meaning |\n|---|---|---|---|\n", group.title());
        for entry in entries(group) {
            let names = entry.iter().map(|c| format!("`{}`", c.name)).collect::<Vec<_>>().join("<br>");
            if let Some(column) = entry.first() {
                let (ty, unit) = (column.kind.ty().name(), column.kind.unit().symbol());
                let _ = writeln!(text, "| {names} | {ty} | {unit} | {} |", column.doc.replace('|', "\\|"));
            }
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(terminal: Option<usize>) -> String {
        let mut out = Vec::new();
        write_columns(&mut out, terminal, false).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_column_is_listed_with_its_meaning() {
        let (chapters, lines, markdown) = (listing(Some(80)), listing(None), markdown());
        assert_eq!(lines.lines().count(), columns().len());
        for column in columns() {
            assert!(chapters.split([' ', ',', '\n']).any(|word| word == column.name), "{}", column.name);
            assert!(lines.lines().any(|l| l.starts_with(&*column.name) && l.ends_with(column.doc)), "{}", column.name);
            assert!(markdown.contains(&format!("`{}`", column.name)), "{}", column.name);
        }
    }

    #[test]
    fn the_listing_fits_the_terminal() {
        for terminal in [40, 60, 80, 132, 400] {
            for line in listing(Some(terminal)).lines() {
                assert!(width(line) <= terminal, "{terminal}: {line}");
            }
        }
    }

    #[test]
    fn every_finding_is_listed_and_fits() {
        let listing = |terminal| {
            let mut out = Vec::new();
            write_findings(&mut out, terminal, false).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(listing(None).lines().count(), ENTRIES.len());
        for entry in &ENTRIES {
            assert!(listing(None).lines().any(|l| l.starts_with(entry.word) && l.contains(entry.remedy)));
            assert!(listing(Some(80)).lines().any(|l| l.starts_with(entry.word)), "{}", entry.word);
        }
        for terminal in [40, 80, 400] {
            assert!(listing(Some(terminal)).lines().all(|line| width(line) <= terminal), "{terminal}");
        }
    }

    #[test]
    fn both_endpoints_share_an_entry() {
        let text = listing(Some(80));
        assert!(text.contains("  client_rtt_min_ms, server_rtt_min_ms  decimal, ms\n      Smallest round"), "{text}");
    }
}
