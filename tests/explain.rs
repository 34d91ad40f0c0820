//! `tcplens explain`: what it tells of a connection agrees with the row of the connection, and every subject has something below it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod kit;

use std::path::Path;

use kit::program::{command, run};
use kit::table::Table;

/// The headings, in the order in which they may come.
const HEADINGS: [&str; 10] = [
    "Findings",
    "Path",
    "Data",
    "Where the time went",
    "Requests",
    "Stalls",
    "Recovery from loss",
    "Congestion",
    "Handshake and close",
    "What happened",
];

/// The story of the first connection, on one line for each heading: its name, and all that is below it.
fn story(capture: &Path) -> Option<Vec<(String, String)>> {
    let arguments = ["explain", capture.to_str().unwrap(), "0"];
    let ran = command().args(arguments).env("COLUMNS", "100").output().unwrap();
    let text = String::from_utf8(ran.stdout).unwrap();
    let mut told: Vec<(String, String)> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("  ") {
            None => told.push((line.to_owned(), String::new())),
            Some(more) => {
                let below = &mut told.last_mut().unwrap().1;
                *below = format!("{below} {}", more.trim_start()).trim_start().to_owned();
            }
        }
    }
    ran.status.success().then_some(told)
}

fn of_testdata(folder: &str) -> Vec<(String, String)> {
    story(&kit::testdata().join(folder).join("client.pcap")).unwrap()
}

fn below<'a>(told: &'a [(String, String)], heading: &str) -> &'a str {
    told.iter().find(|(name, _)| name == heading).map_or("", |(_, text)| text)
}

#[test]
fn every_heading_has_something_below_it() {
    let mut stories = 0;
    for behaviour in kit::behaviours() {
        for capture in behaviour.captures.iter().map(|capture| behaviour.folder.join(capture)) {
            let Some(told) = story(&capture) else { continue }; // there is no TCP in it
            stories += 1;
            let mut left = HEADINGS.iter();
            for (heading, text) in &told[1..] {
                assert!(left.any(|h| h == heading), "{}: {heading} is not in its place", capture.display());
                assert!(!text.is_empty(), "{}: nothing below {heading}", capture.display());
            }
        }
    }
    assert!(stories > 20, "{stories} stories are too few to mean anything");
}

#[test]
fn stalls_and_recoveries_are_those_of_the_row() {
    let times = |n: u64| if n == 1 { "once".to_owned() } else { format!("{n} times") };
    let mut told_of = 0;
    for behaviour in kit::behaviours() {
        for capture in behaviour.captures.iter().map(|capture| behaviour.folder.join(capture)) {
            let Some(told) = story(&capture) else { continue };
            let rows = Table::parse(&run(["--format", "csv", capture.to_str().unwrap()]).out).by_flow();
            for role in ["client", "server"] {
                for (column, heading) in [("stalls", "Stalls"), ("loss_episodes", "Recovery from loss")] {
                    let n = rows.number(0, &format!("{role}_{column}")).unwrap_or(0.0) as u64;
                    let want = match (heading, n) {
                        (_, 0) => continue,
                        ("Stalls", n) => format!("The {role} had to wait {},", times(n)),
                        (_, 1) => format!("The {role} had 1 loss episode to repair"),
                        (_, n) => format!("The {role} had {n} loss episodes to repair"),
                    };
                    let text = below(&told, heading);
                    assert!(text.contains(&want), "{}: {want:?} is not in {text:?}", capture.display());
                    told_of += 1;
                }
            }
        }
    }
    assert!(told_of >= 5, "{told_of} stalls and recoveries are too few to mean anything");
}

#[test]
fn a_shut_window_is_told_with_its_cost() {
    let told = of_testdata("zero_window");
    assert!(below(&told, "Stalls").contains("the server's window was shut"), "{told:?}");
    let congestion = below(&told, "Congestion");
    assert!(congestion.starts_with("The client began with 10 segments"), "{congestion}");
    assert!(congestion.contains("Flight of the client in"), "{congestion}");
}

#[test]
fn nothing_is_told_of_a_connection_that_was_refused_but_that() {
    let told = of_testdata("refused");
    for heading in ["Stalls", "Recovery from loss", "Congestion", "Requests"] {
        assert_eq!(below(&told, heading), "", "{heading}");
    }
    assert!(below(&told, "Findings").contains("Warning: "), "{told:?}");
}
