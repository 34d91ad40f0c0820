//! A table that fits: which columns a terminal has room for, and how wide each may be.

use crate::report::text::{Paint, Tone, width};

/// Spaces between columns.
const GAP: usize = 2;

/// One cell.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// Its text.
    pub text: String,
    /// Its colour.
    pub tone: Tone,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, tone: Tone::Plain }
    }
}

/// A column with all its cells.
#[derive(Debug)]
pub struct TableColumn {
    /// Its heading.
    pub title: &'static str,
    /// Numbers stand right.
    pub right: bool,
    /// 0: always shown; the others come in this order as far as there is room.
    pub importance: u8,
    /// It is never narrower than this, if its cells are wider.
    pub least: usize,
    /// It need not be wider than this while other columns want room.
    pub enough: usize,
    /// Before optional columns of a higher importance than this come, it gets all the width it wants.
    pub full: u8,
    /// How a cell that is too wide is cut.
    pub cut: fn(&str, usize) -> String,
    /// Its cells.
    pub cells: Vec<Cell>,
}

impl TableColumn {
    fn natural(&self) -> usize {
        self.cells.iter().map(|c| width(&c.text)).max().unwrap_or(0).max(width(self.title))
    }
}

/// The width of each column, `None` for those that stay out. Together with the gaps they take at most `total`.
fn widths(columns: &[TableColumn], total: usize) -> Vec<Option<usize>> {
    let natural: Vec<usize> = columns.iter().map(TableColumn::natural).collect();
    let shown = columns.iter().zip(&natural);
    let mut widths: Vec<Option<usize>> = shown.map(|(c, n)| (c.importance == 0).then(|| (*n).min(c.least))).collect();
    while used(&widths) > total {
        let Some(widest) = widths.iter_mut().flatten().max().filter(|w| **w > 1) else { break };
        *widest -= 1;
    }
    let natural_of = |i: usize| natural.get(i).copied().unwrap_or(0);
    let of = |i: usize| columns.get(i);
    grow(&mut widths, total, |i| of(i).map_or(0, |c| natural_of(i).min(c.enough)));
    let mut optional: Vec<(u8, usize)> =
        columns.iter().enumerate().filter(|(_, c)| c.importance > 0).map(|(i, c)| (c.importance, i)).collect();
    optional.sort_unstable();
    for (importance, i) in optional {
        grow(&mut widths, total, |i| of(i).filter(|c| c.full < importance).map_or(0, |_| natural_of(i)));
        if used(&widths) + GAP + natural_of(i) > total {
            break;
        }
        if let Some(slot) = widths.get_mut(i) {
            *slot = Some(natural_of(i));
        }
    }
    grow(&mut widths, total, natural_of);
    widths
}

/// Widens columns up to what each wants, a step at a time so that they share what room there is.
fn grow(widths: &mut [Option<usize>], total: usize, wanted: impl Fn(usize) -> usize) {
    let mut room = total.saturating_sub(used(widths));
    let mut grown = true;
    while grown {
        grown = false;
        for (i, slot) in widths.iter_mut().enumerate() {
            if let Some(w) = slot
                && room > 0
                && *w < wanted(i)
            {
                *w += 1;
                room -= 1;
                grown = true;
            }
        }
    }
}

fn used(widths: &[Option<usize>]) -> usize {
    let columns = widths.iter().flatten().count();
    widths.iter().flatten().sum::<usize>() + GAP * columns.saturating_sub(1)
}

/// The lines of the table, headings first, none wider than `total`.
pub fn lines(columns: &[TableColumn], total: usize, paint: Paint) -> Vec<String> {
    let widths = widths(columns, total);
    let shown: Vec<(&TableColumn, usize)> = columns.iter().zip(widths).filter_map(|(c, w)| Some((c, w?))).collect();
    let rows = columns.iter().map(|c| c.cells.len()).max().unwrap_or(0);
    let heading = |c: &TableColumn| Cell { text: c.title.to_owned(), tone: Tone::Title };
    let mut lines = vec![line(shown.iter().map(|(c, w)| (*c, *w, heading(c))), paint)];
    for row in 0..rows {
        let cell = |c: &TableColumn| c.cells.get(row).cloned().unwrap_or_default();
        lines.push(line(shown.iter().map(|(c, w)| (*c, *w, cell(c))), paint));
    }
    lines
}

fn line<'a>(cells: impl Iterator<Item = (&'a TableColumn, usize, Cell)>, paint: Paint) -> String {
    let mut text = String::new();
    let mut pending = 0;
    for (i, (column, columns, cell)) in cells.enumerate() {
        let cut = (column.cut)(&cell.text, columns);
        let slack = columns.saturating_sub(width(&cut));
        let (before, after) = if column.right { (slack, 0) } else { (0, slack) };
        // Spaces wait for something to their right: no line ends in them.
        pending += before + if i > 0 { GAP } else { 0 };
        if !cut.is_empty() {
            text.extend(std::iter::repeat_n(' ', pending));
            text += &paint.paint(cell.tone, &cut);
            pending = 0;
        }
        pending += after;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::text::elide_end;

    fn column(title: &'static str, importance: u8, text: &str) -> TableColumn {
        let cells = vec![Cell::from(text.to_owned()), Cell::default()];
        TableColumn { title, right: importance > 0, importance, least: 4, enough: 8, full: 2, cut: elide_end, cells }
    }

    #[test]
    fn columns_come_as_there_is_room() {
        let columns = [column("a", 0, "0123456789"), column("b", 2, "bbbb"), column("c", 1, "cccc")];
        let at = |total| lines(&columns, total, Paint::default());
        assert_eq!(at(3), ["a", "01…", ""]);
        assert_eq!(at(8), ["a", "0123456…", ""]);
        assert_eq!(at(14), ["a            c", "0123456…  cccc", ""]);
        assert_eq!(at(20), ["a            b     c", "0123456…  bbbb  cccc", ""]);
        assert_eq!(at(80), ["a              b     c", "0123456789  bbbb  cccc", ""]);
    }
}
