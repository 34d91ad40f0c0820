//! Every capture of `testdata` gives exactly the rows beside it.
//!
//! `x.pcap` gives `x.csv`, and what is said on standard error `x.stderr` (without that file: nothing, and exit status 0). A golden is a claim
//! about what is true. A cell `?` makes none: what the program says there is known to be wrong.
//!
//! After a wanted change: `BLESS=1 cargo test --test golden`, then read the difference before you believe it. That keeps each `?`;
//! `BLESS=all` writes what the program says there too.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod kit;
mod make;

use std::fmt::Write;

use kit::program::run_in;
use kit::table::Table;

/// What is to be written instead of compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bless {
    Nothing,
    /// All cells but those without a claim.
    Claims,
    All,
}

fn bless() -> Bless {
    match std::env::var("BLESS").as_deref() {
        Ok("1") => Bless::Claims,
        Ok("all") => Bless::All,
        _ => Bless::Nothing,
    }
}

/// Captures that are made are what their scripts make.
fn check_made() -> String {
    let mut wrong = String::new();
    for made in make::all() {
        let path = kit::testdata().join(made.folder).join(made.file);
        if bless() != Bless::Nothing {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &made.bytes).unwrap();
        }
        if std::fs::read(&path).ok() != Some(made.bytes) {
            writeln!(wrong, "{}/{}:\n  is not what tests/make makes", made.folder, made.file).unwrap();
        }
    }
    wrong
}

#[test]
fn every_capture_gives_its_rows() {
    let mut wrong = check_made();
    let mut captures = 0;
    for behaviour in kit::behaviours() {
        assert!(behaviour.folder.join("why.md").is_file(), "{} says what it shows in why.md", behaviour.name);
        assert!(!behaviour.captures.is_empty(), "{} has a capture", behaviour.name);
        for capture in &behaviour.captures {
            captures += 1;
            let said = check(&behaviour, capture);
            if !said.is_empty() {
                writeln!(wrong, "{}/{capture}:\n{said}", behaviour.name).unwrap();
            }
        }
    }
    assert!(captures > 30, "{captures} captures are too few to mean anything");
    assert!(wrong.is_empty(), "\n{wrong}(row, column, golden → now; BLESS=1 writes what is said now)");
}

/// What is not as it should be.
fn check(behaviour: &kit::Behaviour, capture: &str) -> String {
    // In its folder, so that messages name the file and no path.
    let ran = run_in(&behaviour.folder, [capture, "--format", "csv"]);
    let (rows, complaint) = (behaviour.beside(capture, "csv"), behaviour.beside(capture, "stderr"));
    if bless() != Bless::Nothing {
        let old = std::fs::read_to_string(&rows).unwrap_or_default();
        let keep = if bless() == Bless::Claims { old.as_str() } else { "" };
        std::fs::write(&rows, without_claims_of(keep, &ran.out)).unwrap();
        if ran.err.is_empty() {
            let _ = std::fs::remove_file(&complaint);
        } else {
            std::fs::write(&complaint, &ran.err).unwrap();
        }
    }
    let golden = std::fs::read_to_string(&rows).unwrap_or_default();
    let expected = std::fs::read_to_string(&complaint).unwrap_or_default();
    let status = if expected.is_empty() { 0 } else { 1 };
    let mut said = String::new();
    if ran.status != Some(status) || ran.err != expected {
        writeln!(
            said,
            "  exit status {:?} instead of {status}; said {:?} instead of {expected:?}",
            ran.status, ran.err
        )
        .unwrap();
    }
    let now = without_claims_of(&golden, &ran.out);
    said += &Table::parse(&golden).difference(&Table::parse(&now));
    if said.is_empty() && golden != now {
        said += "  the same cells, but not the same bytes: quoting or line ends\n";
    }
    said
}

/// The report `now`, with `?` where `golden` has it in the same row and column.
fn without_claims_of(golden: &str, now: &str) -> String {
    if !golden.contains('?') {
        return now.to_owned();
    }
    let (golden, table) = (Table::parse(golden), Table::parse(now));
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).has_headers(false).from_writer(Vec::new());
    writer.write_record(&table.columns).unwrap();
    for (row, cells) in table.rows.iter().enumerate() {
        let unclaimed =
            |name: &String| golden.columns.contains(name) && row < golden.rows.len() && golden.cell(row, name) == "?";
        let cells = table.columns.iter().zip(cells).map(|(name, cell)| if unclaimed(name) { "?" } else { cell });
        writer.write_record(cells).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}
