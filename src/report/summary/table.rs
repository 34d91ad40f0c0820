//! The summary as a table for people.

use super::columns::Row;
use crate::base::Nanos;
use crate::base::Quantiles;
use crate::findings::{Severity, Subject};
use crate::report::format::terminal::table::{self, Cell, TableColumn};
use crate::report::human;
use crate::report::listing::tone;
use crate::report::text::{Paint, Tone, elide_end, elide_middle};
use crate::report::value::Percent;

/// The rows with the most connections, in lines of at most `columns` columns.
pub fn lines(rows: &[Row<'_>], top: usize, columns: usize, paint: Paint) -> Vec<String> {
    let rows = rows.get(..top.min(rows.len())).unwrap_or_default();
    table::lines(&table(rows), columns, paint)
}

fn median(quantiles: &Quantiles) -> Option<String> {
    Some(human::span(Nanos(i64::try_from(quantiles.percentile(50)?).ok()?)))
}

fn table(rows: &[Row<'_>]) -> Vec<TableColumn> {
    let number = |title, importance, text: &dyn Fn(&Row<'_>) -> Option<String>| TableColumn {
        title,
        right: true,
        importance,
        least: usize::MAX,
        enough: usize::MAX,
        full: 0,
        cut: elide_end,
        cells: rows.iter().map(|row| text(row).map_or_else(unknown, Cell::from)).collect(),
    };
    let some = |n: u64| Some(if n == 0 { "–".to_owned() } else { human::count(n) });
    let name = TableColumn {
        title: match rows.first().map(|row| row.subject) {
            Some(Subject::Host(_)) => "host",
            Some(Subject::Pair { .. }) => "client and service",
            _ => "service",
        },
        right: false,
        importance: 0,
        least: 12,
        enough: 22,
        full: 7,
        cut: elide_middle,
        cells: rows.iter().map(|row| row.subject.to_string().into()).collect(),
    };
    let codes = TableColumn {
        title: "findings",
        right: false,
        importance: 0,
        least: 8,
        enough: 20,
        full: 3,
        cut: elide_end,
        cells: rows.iter().map(findings).collect(),
    };
    vec![
        name,
        number("connections", 0, &|r| Some(human::count(r.account.connections))),
        number("failed", 1, &|r| some(r.account.failed())),
        number("at once", 7, &|r| Some(human::count(r.account.at_once.most()))),
        number("bytes", 3, &|r| Some(human::bytes(r.account.bytes.iter().copied().fold(0, u64::saturating_add)))),
        number("rtt", 2, &|r| median(&r.account.rtt)),
        number("resent", 4, &|r| Percent::of(r.account.resent, r.account.payload).map(human::percent)),
        number("response", 5, &|r| median(&r.account.response_p50)),
        number("requests", 6, &|r| (r.account.countable > 0).then(|| human::count(r.account.requests))),
        codes,
    ]
}

fn unknown() -> Cell {
    Cell { text: "–".to_owned(), tone: Tone::Quiet }
}

/// What is wrong, the worst first; what is merely worth knowing is left to CSV.
fn findings(row: &Row<'_>) -> Cell {
    let told: Vec<_> = row.codes.iter().filter(|code| code.severity() > Severity::Info).collect();
    match told.first() {
        Some(worst) => {
            let words: Vec<_> = told.iter().map(|code| code.word()).collect();
            Cell { text: words.join(", "), tone: tone(worst.severity()) }
        }
        None => unknown(),
    }
}
