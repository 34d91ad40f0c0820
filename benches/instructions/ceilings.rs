//! The most instructions that the analysis of a segment may take: a file of names and numbers.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions/ceilings.txt");
const HEAD: &str = "\
# Instructions that the analysis of one segment may take; `cargo bench --bench instructions -- --update` lowers them.
# What raises one has to be worth it, and is done by hand.
";
/// Room for what another compiler makes of the same code.
const MARGIN: f64 = 1.05;

/// A ceiling for each kind of stream.
pub struct Ceilings(BTreeMap<String, u64>);

impl Ceilings {
    pub fn read() -> Self {
        let text = fs::read_to_string(PATH).unwrap_or_default();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self(lines.filter_map(|line| line.split_once(' ')).map(|(k, v)| (k.to_owned(), v.parse().unwrap())).collect())
    }

    pub fn of(&self, stream: &str) -> Option<u64> {
        self.0.get(stream).copied()
    }

    /// Ceilings only fall.
    pub fn lower(&mut self, stream: &str, measured: f64) {
        let wanted = (measured * MARGIN).ceil() as u64;
        let ceiling = self.0.entry(stream.to_owned()).or_insert(wanted);
        *ceiling = wanted.min(*ceiling);
    }

    pub fn write(&self) {
        let mut text = HEAD.to_owned();
        for (stream, ceiling) in &self.0 {
            writeln!(text, "{stream} {ceiling}").unwrap();
        }
        fs::write(PATH, text).unwrap();
    }
}
