//! The summary as CSV, as NDJSON, and as tables.

use std::io::Write;

use super::columns::{CLIENT, COLUMNS, Cell, Column, HOST, Row, SERVICE};
use super::{By, Ledger};
use crate::report::error::Error;
use crate::report::human;
use crate::report::text::{Paint, Tone, wrap};

/// How the summary is written.
#[derive(Clone, Copy, Debug)]
pub enum SummaryFormat {
    /// For people, so many columns wide.
    Table {
        /// Columns of the terminal.
        width: usize,
        /// Colours are wanted.
        paint: Paint,
    },
    /// A header and a row each (RFC 4180).
    Csv,
    /// A JSON object each.
    Ndjson,
}

fn columns(by: By) -> impl Iterator<Item = &'static Column> + Clone {
    let key: [&[Column]; 2] = match by {
        By::Host => [HOST, &[]],
        By::Service => [&[], SERVICE],
        By::Pair => [CLIENT, SERVICE],
    };
    key.into_iter().flatten().chain(COLUMNS)
}

/// What the columns mean, a line each.
pub fn listing() -> String {
    let all = [HOST, CLIENT, SERVICE, COLUMNS].into_iter().flatten();
    all.map(|column| format!("  {:<24}{}\n", column.name, column.doc)).collect()
}

/// Writes the rows of each of `by`, of each at most `top`.
///
/// # Errors
/// The output fails.
pub fn write(
    out: &mut dyn Write,
    ledger: &Ledger,
    by: &[By],
    format: SummaryFormat,
    top: Option<usize>,
) -> Result<(), Error> {
    let findings = ledger.findings();
    let top = top.unwrap_or(usize::MAX);
    for (i, &by) in by.iter().enumerate() {
        match format {
            SummaryFormat::Csv => csv(out, &shown(ledger.rows(by, &findings), top), by)?,
            SummaryFormat::Ndjson => ndjson(out, &shown(ledger.rows(by, &findings), top), by)?,
            SummaryFormat::Table { width, paint } => {
                if i > 0 {
                    writeln!(out)?;
                }
                let all = ledger.len(by);
                writeln!(out, "{}", paint.paint(Tone::Title, by.title()))?;
                for line in ledger.table(by, top, &findings, width, paint) {
                    writeln!(out, "{line}")?;
                }
                let hidden = all.saturating_sub(top) as u64 + ledger.forgotten(by);
                if hidden > 0 {
                    let hint = format!("… and {} with fewer connections", human::count(hidden));
                    for line in wrap(&hint, width) {
                        writeln!(out, "{}", paint.paint(Tone::Quiet, &line))?;
                    }
                }
            }
        }
    }
    Ok(out.flush()?)
}

fn shown(mut rows: Vec<Row<'_>>, top: usize) -> Vec<Row<'_>> {
    rows.truncate(top);
    rows
}

/// No cell needs quotes: there are numbers, addresses and words only.
fn csv(out: &mut dyn Write, rows: &[Row<'_>], by: By) -> Result<(), Error> {
    let names: Vec<_> = columns(by).map(|column| column.name).collect();
    writeln!(out, "{}", names.join(","))?;
    for row in rows {
        let cells: Vec<_> = columns(by).map(|column| (column.get)(row).text()).collect();
        writeln!(out, "{}", cells.join(","))?;
    }
    Ok(())
}

fn ndjson(out: &mut dyn Write, rows: &[Row<'_>], by: By) -> Result<(), Error> {
    for row in rows {
        let cells: Vec<_> =
            columns(by).map(|column| format!("\"{}\":{}", column.name, json(&(column.get)(row)))).collect();
        writeln!(out, "{{{}}}", cells.join(","))?;
    }
    Ok(())
}

/// Addresses and words have nothing in them that JSON would have to escape.
fn json(cell: &Cell) -> String {
    match cell {
        Cell::Null => "null".to_owned(),
        Cell::Count(_) | Cell::Millis(_) | Cell::Share(_) | Cell::Ratio(_) => cell.text(),
        Cell::Address(_) => format!("\"{}\"", cell.text()),
        Cell::Codes(codes) => {
            let words: Vec<_> = codes.iter().map(|code| format!("\"{}\"", code.word())).collect();
            format!("[{}]", words.join(","))
        }
    }
}
