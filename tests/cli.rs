//! The program as a shell sees it: exit statuses, what goes to which stream, and every option.
//!
//! Data goes to standard output, everything else to standard error. 0: all was read; 1: rows, but some input was not read to its end;
//! 2: wrong usage, nothing readable, or the output failed.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod kit;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use kit::capture::{self, Order};
use kit::program::{command, run, run_fed, run_in};
use kit::table::Table;

fn file(path: &str) -> PathBuf {
    let path = kit::testdata().join(path);
    assert!(path.is_file(), "{} is part of the repository", path.display());
    path
}

/// A capture of three connections.
fn three() -> PathBuf {
    file("tuple_reuse/client.pcap")
}

/// Runs the program on a capture, with these options.
fn report(capture: &Path, options: &[&str]) -> String {
    let mut arguments = vec![capture.to_str().unwrap()];
    arguments.extend(options);
    run(arguments).clean()
}

fn csv(capture: &Path) -> String {
    report(capture, &["--format", "csv"])
}

fn header() -> Vec<String> {
    Table::parse(&csv(&three())).columns
}

// What is given.

#[test]
fn a_cut_file_gives_its_rows_and_status_1() {
    for format in ["csv", "table"] {
        let ran = run_in(&kit::testdata().join("cut_file"), ["flows.pcap", "--format", format]);
        ran.complains(1, &["flows.pcap", "cut", "10"]);
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
        assert!(ran.out.contains("192.0.2.10"), "the connection is reported as {format}: {}", ran.out);
    }
}

#[test]
fn a_cut_file_costs_nothing_of_the_others() {
    let whole = Table::parse(&csv(&three()));
    let ran = run([file("cut_file/flows.pcap"), three(), "--format".into(), "csv".into()]);
    ran.complains(1, &["flows.pcap", "cut"]);
    assert_eq!(Table::parse(&ran.out).rows.len(), whole.rows.len() + 1);
}

#[test]
fn what_is_no_capture_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.pcap");
    std::fs::write(&text, "These are my notes, and no capture at all.\n").unwrap();
    let ran = run([&text]);
    ran.complains(2, &["notes.pcap", "expected pcap or pcapng"]);
    assert_eq!((ran.err.lines().count(), ran.out.as_str()), (1, ""), "{}", ran.err);

    let empty = folder.path().join("empty.pcap");
    std::fs::write(&empty, "").unwrap();
    let ran = run([&empty]);
    ran.complains(2, &["empty.pcap"]);
    assert_eq!((ran.err.lines().count(), ran.out.as_str()), (1, ""), "{}", ran.err);

    let ran = run([folder.path().join("there_is_none.pcap")]);
    ran.complains(2, &["there_is_none.pcap"]);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);

    run([folder.path()]).complains(2, &["directory"]);
}

#[test]
fn a_capture_in_an_unknown_compression_names_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap.bz2");
    std::fs::write(&path, b"BZh91AY&SY and so on").unwrap();
    run([&path]).complains(2, &["a.pcap.bz2", "bzip2", "bzcat"]);
}

#[test]
fn one_unreadable_input_among_good_ones_is_status_1() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "no capture").unwrap();
    let ran = run([text, three(), "--format".into(), "csv".into()]);
    ran.complains(1, &["notes.txt"]);
    assert_eq!(ran.out, csv(&three()));
}

#[test]
fn wrong_usage_is_status_2() {
    let none: [&str; 0] = [];
    run(none).complains(2, &["CAPTURE", "Usage"]);
    run(["--no-such-option", "x.pcap"]).complains(2, &["--no-such-option"]);
    let three = three();
    let with = |options: &[&str]| {
        let mut arguments = vec![three.to_str().unwrap()];
        arguments.extend(options);
        let ran = run(arguments);
        assert_eq!(ran.out, "", "no data after a mistake: {options:?}");
        ran
    };
    with(&["--columns", "client_retrans_packtes"]).complains(2, &["client_retrans_packtes", "client_retrans_packets"]);
    with(&["--columns", "flow_id,nonsense_xyzzy"]).complains(2, &["nonsense_xyzzy", "tcplens columns"]);
    with(&["--sort", "durations_s"]).complains(2, &["durations_s", "duration_s"]);
    with(&["--sort", "duration_s:up"]).complains(2, &["up", "desc"]);
    with(&["--format", "xlsx"]).complains(2, &["xlsx", "csv"]);
    with(&["--time-format", "roman"]).complains(2, &["roman", "rfc3339"]);
    with(&["-o", "flows.xlsx"]).complains(2, &["flows.xlsx", ".csv", ".tsv"]);
    assert!(!Path::new("flows.xlsx").exists());
}

#[test]
fn an_output_that_cannot_be_written_is_status_2_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no_such_folder").join("flows.csv");
    let ran = run([three().as_os_str(), "-o".as_ref(), path.as_os_str()]);
    ran.complains(2, &["no_such_folder", "cannot be written"]);
    assert_eq!(ran.out, "");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_status_2() {
    let ran = run([three().as_os_str(), "--format".as_ref(), "csv".as_ref(), "-o".as_ref(), "/dev/full".as_ref()]);
    ran.complains(2, &["/dev/full: cannot be written", "space"]);
}

#[test]
fn standard_input_is_a_capture_like_any_other() {
    for path in ["tuple_reuse/client.pcap", "interactive_loss/client.pcapng", "no_tcp_at_all/flows.pcap"] {
        let ran = run_fed(&["-", "--format", "csv"], std::fs::read(file(path)).unwrap());
        assert_eq!(ran.clean(), csv(&file(path)), "{path}");
    }
    let ran = run_fed(&["-", "--format", "csv"], b"no capture".to_vec());
    ran.complains(2, &["standard input", "expected pcap or pcapng"]);
    let cut = std::fs::read(file("cut_file/flows.pcap")).unwrap();
    run_fed(&["-"], cut).complains(1, &["standard input", "cut"]);
}

#[test]
fn several_files_are_one_capture_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["tuple_reuse/client.pcap", "half_close/client.pcap", "interactive_loss/client.pcapng"] {
        let frames = capture::read(&std::fs::read(file(path)).unwrap());
        let whole = csv(&file(path));
        // Every third frame, one after the other, and as rings of files are cut: in time.
        let dealt: Vec<Vec<_>> = (0..3).map(|i| frames.iter().skip(i).step_by(3).cloned().collect()).collect();
        let rung: Vec<Vec<_>> = frames.chunks(frames.len() / 3 + 1).map(<[_]>::to_vec).collect();
        for (how, parts) in [("dealt", dealt), ("rung", rung)] {
            let names: Vec<PathBuf> = parts
                .iter()
                .enumerate()
                .map(|(i, part)| {
                    let name = folder.path().join(format!("{how}{i}.pcap"));
                    std::fs::write(&name, capture::pcap(part, Order::BOTH[i % 2], true)).unwrap();
                    name
                })
                .collect();
            for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
                let mut arguments: Vec<PathBuf> = order.iter().map(|&i| names[i].clone()).collect();
                arguments.extend(["--format".into(), "csv".into()]);
                let now = Table::parse(&run(arguments).clean());
                let difference = Table::parse(&whole).difference(&now);
                assert!(difference.is_empty(), "{path} {how}, files in the order {order:?}:\n{difference}");
            }
        }
    }
}

// What comes out.

#[test]
fn the_extension_tells_the_format() {
    let folder = tempfile::tempdir().unwrap();
    let expected = csv(&three());
    let written = |name: &str, options: &[&str]| {
        let path = folder.path().join(name);
        let out = report(&three(), &[&["-o", path.to_str().unwrap()], options].concat());
        assert_eq!(out, "", "data went to {name}");
        std::fs::read_to_string(path).unwrap()
    };
    assert_eq!(written("x.csv", &[]), expected);
    assert_eq!(written("x.CSV", &[]), expected);
    assert_eq!(written("rows", &["--format", "csv"]), expected);
    let tsv = written("x.tsv", &[]);
    assert_eq!(written("x.csv", &["--format", "tsv"]), tsv, "the option goes before the extension");
    assert!(!tsv.contains(','));
    assert_eq!(tsv.replace('\t', ","), expected);
}

#[test]
fn an_existing_output_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    std::fs::write(&path, "x".repeat(1_000_000)).unwrap();
    report(&three(), &["-o", path.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(path).unwrap(), csv(&three()));
}

#[test]
fn rows_for_standard_output_are_csv() {
    assert_eq!(report(&three(), &["-o", "-", "--format", "csv"]), csv(&three()));
    assert_eq!(report(&three(), &["-o", "-"]), csv(&three()));
    assert!(report(&three(), &["-o", "-", "--format", "tsv"]).starts_with("flow_id\tfirst_frame\t"));
}

#[test]
fn columns_come_as_chosen() {
    let chosen = report(&three(), &["-o", "-", "--columns", "server_port,flow_id,end,client_isn"]);
    let lines: Vec<&str> = chosen.lines().collect();
    assert_eq!(lines[0], "server_port,flow_id,end,client_isn");
    assert_eq!(lines[1], "5001,0,fin,4059383805");
    assert_eq!(lines.len(), 4);
    let all = Table::parse(&csv(&three()));
    let some = Table::parse(&chosen);
    for row in 0..3 {
        for name in &some.columns {
            assert_eq!(some.cell(row, name), all.cell(row, name));
        }
    }
}

#[test]
fn sorting_orders_rows_and_changes_nothing_else() {
    let whole = Table::parse(&csv(&file("accept_overflow_2/client.pcap")));
    let sorted = |key: &str| {
        let table = Table::parse(&report(&file("accept_overflow_2/client.pcap"), &["-o", "-", "--sort", key]));
        assert_eq!(table.columns, whole.columns);
        let (mut a, mut b) = (table.rows.clone(), whole.rows.clone());
        a.sort();
        b.sort();
        assert_eq!(a, b, "the same rows");
        table
    };
    let numbers = |table: &Table, name| -> Vec<f64> {
        (0..table.rows.len()).map(|row| table.number(row, name).unwrap()).collect()
    };
    let up = numbers(&sorted("duration_s"), "duration_s");
    assert!(up.is_sorted(), "{up:?}");
    assert!(up.first() < up.last(), "there is something to sort");
    let down = numbers(&sorted("duration_s:desc"), "duration_s");
    assert!(down.is_sorted_by(|a, b| a >= b), "{down:?}");
    assert_eq!(numbers(&sorted("flow_id"), "flow_id"), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_ne!(numbers(&whole, "flow_id"), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0], "unsorted, rows leave as connections end");
    assert_eq!(numbers(&sorted("flow_id:asc"), "flow_id"), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    // A column need not be written to be sorted by.
    let ports = report(
        &file("accept_overflow_2/client.pcap"),
        &["-o", "-", "--sort", "flow_id:desc", "--columns", "client_port"],
    );
    assert!(ports.lines().skip(1).collect::<Vec<_>>().is_sorted_by(|a, b| a >= b), "{ports}");
}

#[test]
fn line_ends_are_those_that_were_asked_for() {
    let plain = csv(&three());
    assert!(!plain.contains('\r') && plain.ends_with('\n'));
    assert_eq!(report(&three(), &["-o", "-", "--crlf"]), plain.replace('\n', "\r\n"));
}

#[test]
fn times_are_written_as_asked_for() {
    let times = |options: &[&str]| {
        let out = report(&three(), &[&["-o", "-", "--columns", "start_time,end_time"], options].concat());
        out.lines().nth(1).unwrap().to_owned()
    };
    assert_eq!(times(&[]), "2026-11-22T14:44:52.027883867Z,2026-11-22T14:44:52.120640065Z");
    assert_eq!(times(&["--time-format", "rfc3339"]), times(&[]));
    assert_eq!(times(&["--time-format", "epoch"]), "1795358692.027883867,1795358692.120640065");
    assert_eq!(times(&["--time-format", "excel"]), "2026-11-22 14:44:52.027,2026-11-22 14:44:52.120");
}

#[test]
fn a_filter_selects_packets() {
    let capture = file("accept_overflow_2/client.pcap");
    let port = Table::parse(&csv(&capture)).cell(0, "client_port").to_owned();
    if cfg!(not(feature = "live")) {
        println!("skipped: filters are compiled by libpcap, which this build is without");
        run([capture.as_os_str(), "--filter".as_ref(), "tcp".as_ref()]).complains(2, &["libpcap"]);
        return;
    }
    let rows = |filter: &str| Table::parse(&report(&capture, &["-o", "-", "--filter", filter]));
    let one = rows(&format!("tcp port {port}"));
    assert_eq!(one.rows.len(), 1);
    assert_eq!(one.cell(0, "client_port"), port);
    // Frames keep their numbers.
    let all = Table::parse(&csv(&capture));
    assert_eq!(one.cell(0, "first_frame"), all.cell(0, "first_frame"));
    assert_eq!(rows("udp").rows.len(), 0);
    assert_eq!(rows("tcp"), all);
    let ran = run([capture.as_os_str(), "--filter".as_ref(), "tcp and and".as_ref()]);
    ran.complains(2, &["tcp and and"]);
    assert_eq!(ran.out, "");
}

#[test]
fn a_closed_pipe_of_the_column_list_is_no_fault() {
    let mut child = command().arg("columns").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let status = child.wait().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
}

#[test]
fn the_list_of_columns_is_the_header() {
    let listed = run(["columns"]).clean();
    let mut missing = Vec::new();
    for name in header() {
        let endpoint = name.strip_prefix("client_").or_else(|| name.strip_prefix("server_"));
        let is_listed = |wanted: &str| listed.split_whitespace().any(|word| word.trim_matches(',') == wanted);
        let both = |x: &str| {
            ["{client,server}_", "client|server_", "client_, server_", "*_", "…_"]
                .iter()
                .any(|p| is_listed(&format!("{p}{x}")))
        };
        if !is_listed(&name) && !endpoint.is_some_and(both) {
            missing.push(name);
        }
    }
    assert!(missing.is_empty(), "not listed: {missing:?}");
    assert!(header().len() > 180);
}

#[test]
fn the_header_is_the_contract() {
    let golden = std::fs::read_to_string(kit::testdata().join("columns.golden")).unwrap();
    assert_eq!(header(), golden.lines().collect::<Vec<_>>());
}

#[test]
fn the_terminal_report_keeps_to_the_width() {
    for behaviour in kit::behaviours() {
        for capture in &behaviour.captures {
            for width in [80, 40, 200] {
                let output = command()
                    .current_dir(&behaviour.folder)
                    .env("COLUMNS", width.to_string())
                    .args([capture, "--color", "never", "--all"])
                    .output()
                    .unwrap();
                let out = String::from_utf8(output.stdout).unwrap();
                assert!(!out.is_empty(), "{}/{capture}", behaviour.name);
                assert!(!out.contains('\u{1b}'), "no colours were asked for");
                if width < 80 {
                    continue; // it need not fit, but it must not fail
                }
                for line in out.lines() {
                    let columns = unicode_width::UnicodeWidthStr::width(line);
                    assert!(columns <= width, "{}/{capture}: {columns} columns: {line}", behaviour.name);
                    assert_eq!(line.trim_end(), line, "{}/{capture}: blanks at the end", behaviour.name);
                }
            }
        }
    }
}

#[test]
fn the_terminal_report_names_the_connections() {
    let out = report(&file("accept_overflow_2/client.pcap"), &[]);
    assert!(out.contains("10.9.0.2") && out.contains('6'), "{out}");
    let one = report(&file("accept_overflow_2/client.pcap"), &["--top", "1"]);
    assert!(one.lines().count() < out.lines().count());
    let colourful = report(&three(), &["--color", "always"]);
    assert!(colourful.contains('\u{1b}'));
    assert!(!report(&three(), &[]).contains('\u{1b}'), "no colours for a pipe");
}

#[test]
fn standard_error_is_silent_when_nothing_is_wrong() {
    for path in
        ["tuple_reuse/client.pcap", "no_tcp_at_all/flows.pcap", "bad_checksum/flows.pcap", "syn_blackhole/server.pcap"]
    {
        for format in ["csv", "tsv", "table"] {
            report(&file(path), &["--format", format]); // asserts it
        }
    }
}

#[test]
fn a_capture_without_connections_gives_a_header() {
    let table = Table::parse(&csv(&file("no_tcp_at_all/flows.pcap")));
    assert_eq!((table.columns, table.rows.len()), (header(), 0));
}

#[test]
fn help_and_version_go_to_standard_output() {
    let version = run(["--version"]).clean();
    assert_eq!(version.trim(), format!("tcplens {}", env!("CARGO_PKG_VERSION")));
    let help = run(["--help"]).clean();
    for word in ["live", "columns", "--filter", "--sort", "Exit status"] {
        assert!(help.contains(word), "{word} is explained");
    }
    assert!(help.lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn checksums_are_believed_when_asked() {
    let bad = |options: &[&str]| {
        let out = report(&file("bad_checksum/flows.pcap"), &[&["-o", "-"], options].concat());
        Table::parse(&out).cell(0, "client_bad_checksum_packets").to_owned()
    };
    assert_eq!(bad(&[]), "1");
    assert_ne!(bad(&["--no-checksums"]), "1");
}
