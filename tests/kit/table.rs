//! Rows of the report, and how two sets of them differ, column by column.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::{Arc, Mutex};

use tcplens::base::Timestamp;
use tcplens::capture::{self, Drops, Frame as CapturedFrame, LinkType, Polled, Source};
use tcplens::decode::DecodeOptions;
use tcplens::pipeline::{Notice, Progress, Rows, Runner, Settings};
use tcplens::report::{Options, format, schema};

use super::capture::Frame;

/// A report: its header and its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Cells, row by row.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads CSV.
    pub fn parse(text: &str) -> Self {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let mut lines = reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect());
        let columns = lines.next().unwrap_or_default();
        Table { columns, rows: lines.collect() }
    }

    /// What the library says of these frames. `digits`: of their times.
    pub fn of(frames: &[Frame], verify_checksums: bool) -> Self {
        let out = Shared::default();
        let reporter = (format::by_name("csv").unwrap().open)(Box::new(out.clone()), &Options::default());
        let settings = Settings { decode: DecodeOptions { verify_checksums, reassemble: true }, ..Settings::default() };
        let mut source = Frames { frames, next: 0 };
        let mut rows = Rows { reporter, columns: schema::all() };
        Runner::new(settings, &mut rows, &mut Silent).run(&mut source, Vec::new(), Vec::new()).unwrap();
        let bytes = out.0.lock().unwrap();
        Table::parse(std::str::from_utf8(&bytes).unwrap())
    }

    /// Where a column is.
    pub fn position(&self, column: &str) -> usize {
        self.columns.iter().position(|c| c == column).unwrap_or_else(|| panic!("there is a column {column}"))
    }

    /// A cell; empty if it has no value.
    pub fn cell(&self, row: usize, column: &str) -> &str {
        &self.rows[row][self.position(column)]
    }

    /// A cell as a number; none if it is empty.
    pub fn number(&self, row: usize, column: &str) -> Option<f64> {
        let text = self.cell(row, column);
        (!text.is_empty()).then(|| text.parse().unwrap_or_else(|_| panic!("{column}: '{text}' is a number")))
    }

    /// The same rows in the order of `flow_id`.
    pub fn by_flow(mut self) -> Self {
        let id = self.position("flow_id");
        self.rows.sort_by_key(|row| row[id].parse::<u64>().unwrap());
        self
    }

    /// The same without the columns that `leave_out` names.
    pub fn without(&self, leave_out: &[&str]) -> Self {
        for name in leave_out {
            self.position(name); // a name that is misspelt would leave out nothing
        }
        let keep: Vec<usize> =
            (0..self.columns.len()).filter(|&i| !leave_out.contains(&self.columns[i].as_str())).collect();
        let pick = |cells: &Vec<String>| keep.iter().map(|&i| cells[i].clone()).collect();
        Table { columns: pick(&self.columns), rows: self.rows.iter().map(pick).collect() }
    }

    /// How `new` differs from this one: a line a cell; empty if it does not.
    pub fn difference(&self, new: &Table) -> String {
        let mut out = String::new();
        if self.columns != new.columns {
            let names = |t: &Table| t.columns.iter().cloned().collect::<BTreeSet<_>>();
            let (old, now) = (names(self), names(new));
            writeln!(
                out,
                "  columns: gone {:?}, new {:?}{}",
                old.difference(&now).collect::<Vec<_>>(),
                now.difference(&old).collect::<Vec<_>>(),
                if old == now { ", same names in another order" } else { "" }
            )
            .unwrap();
        }
        if self.rows.len() != new.rows.len() {
            writeln!(out, "  rows: {} before, {} now", self.rows.len(), new.rows.len()).unwrap();
        }
        for (i, (old_row, new_row)) in self.rows.iter().zip(&new.rows).enumerate() {
            for (name, old) in self.columns.iter().zip(old_row) {
                let Some(now) = new.columns.iter().position(|c| c == name).and_then(|at| new_row.get(at)) else {
                    continue;
                };
                if old != now {
                    writeln!(out, "  row {i:<3} {name:<34} {old:>24} → {now}").unwrap();
                }
            }
        }
        out
    }

    /// What is wrong, where `new` ought to say the same: nothing, or the difference under a heading.
    pub fn unlike(&self, new: &Table, what: &str) -> String {
        let difference = self.difference(new);
        if difference.is_empty() { difference } else { format!("{what}:\n{difference}") }
    }
}

/// Memory that can be read after the report, which owns its output, is gone.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Silent;

impl Notice for Silent {
    fn problem(&mut self, error: &capture::Error) {
        panic!("{error}");
    }

    fn progress(&mut self, _: Progress) {}
}

/// Frames in memory as a source.
struct Frames<'a> {
    frames: &'a [Frame],
    next: usize,
}

impl Source for Frames<'_> {
    fn poll(&mut self) -> Result<Polled<'_>, capture::Error> {
        let Some(frame) = self.frames.get(self.next) else { return Ok(Polled::End) };
        self.next += 1;
        Ok(Polled::Frame(CapturedFrame {
            ts: Timestamp(frame.ns),
            number: self.next as u64,
            link: LinkType(frame.link),
            wire_len: frame.wire_len,
            data: &frame.data,
        }))
    }

    fn time_digits(&self) -> u8 {
        9
    }

    fn progress(&self) -> capture::Progress {
        capture::Progress::default()
    }

    fn kernel_drops(&mut self) -> Option<Drops> {
        None
    }
}
