//! The README tells the truth: its column table and its outputs are the program's, and its command lines work.
//!
//! `BLESS=1 cargo test --test readme` writes the table and the outputs anew.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const BLESS: &str = "run: BLESS=1 cargo test --test readme";

fn readme() -> String {
    fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap()
}

/// A header of a pcap file with nothing behind it.
const EMPTY_CAPTURE: [u8; 24] = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];

/// The text with what is between `begin` and the next end marker replaced.
fn filled(text: &str, begin: &str, content: &str) -> String {
    let (head, rest) = text.split_once(begin).unwrap_or_else(|| panic!("README.md has no {begin}"));
    let (_, tail) = rest.split_once("<!-- end -->").unwrap_or_else(|| panic!("{begin} has no end"));
    format!("{head}{begin}\n{content}<!-- end -->{tail}")
}

/// Arguments that begin with these markers, such as the captures of `<!-- output: x.pcap -->`.
fn markers<'a>(text: &'a str, kind: &str) -> Vec<&'a str> {
    text.lines().filter_map(|line| line.strip_prefix(kind)?.strip_suffix(" -->")).collect()
}

fn tcplens(folder: &Path, args: &[String]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tcplens"));
    command.args(args).current_dir(folder).env("COLUMNS", "100").env_remove("NO_COLOR").stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Who reads no standard input has closed it by now.
    let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), &EMPTY_CAPTURE);
    child.wait_with_output().unwrap()
}

#[test]
fn the_columns_and_the_outputs_are_those_of_the_program() {
    let text = readme();
    let mut fresh = filled(&text, "<!-- columns -->", &format!("\n{}\n", tcplens::report::listing::markdown()));
    for capture in markers(&text, "<!-- output: ") {
        assert!(
            Path::new(ROOT).join(capture).is_file(),
            "README.md shows the output for {capture}, which is not there"
        );
        let output = tcplens(Path::new(ROOT), &[capture.to_owned()]);
        assert!(output.status.success(), "{capture}: {}", String::from_utf8_lossy(&output.stderr));
        let output = String::from_utf8(output.stdout).unwrap();
        let shown = format!("```text\n$ tcplens {capture}\n{}\n```\n", output.trim_end());
        fresh = filled(&fresh, &format!("<!-- output: {capture} -->"), &shown);
    }
    if std::env::var_os("BLESS").is_some() {
        fs::write(Path::new(ROOT).join("README.md"), fresh).unwrap();
    } else if let Some((shown, true_one)) = text.lines().zip(fresh.lines()).find(|(a, b)| a != b) {
        panic!("README.md is out of date; {BLESS}\n  it says   {shown}\n  should be {true_one}");
    } else {
        assert!(text == fresh, "README.md is out of date; {BLESS}");
    }
}

/// The lines in blocks of shell commands.
fn commands(text: &str) -> Vec<&str> {
    let blocks = text.split("```sh\n").skip(1).filter_map(|block| block.split("```").next());
    blocks.flat_map(str::lines).collect()
}

/// The arguments of the tcplens of a command line, up to the pipe or the redirection behind it.
fn arguments(line: &str) -> Option<Vec<String>> {
    let own = if let Some(own) = line.strip_prefix("tcplens ") { own } else { line.split_once("| tcplens ")?.1 };
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in own.chars() {
        match letter {
            '\'' => quoted = !quoted,
            '|' | '>' | '#' if !quoted => break,
            ' ' if !quoted => words.push(String::new()),
            letter => words.last_mut().unwrap().push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    Some(words)
}

/// A folder that is gone afterwards.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_command_lines_work() {
    let text = readme();
    let folder = Folder(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("readme-{}", std::process::id())));
    fs::create_dir_all(&folder.0).unwrap();
    let mut seen = 0;
    for line in commands(&text) {
        let Some(mut args) = arguments(line) else { continue };
        seen += 1;
        if matches!(args[0].as_str(), "live" | "interfaces" | "explain") {
            args.push("--help".to_owned()); // the arguments are read; there is nothing to capture or to explain
        }
        if args.iter().any(|a| a == "--filter") && !cfg!(feature = "live") {
            continue;
        }
        // What a capture is like is seen from its content: these are not compressed.
        let endings = [".pcap", ".pcapng", ".pcap.zst", ".pcap.gz"];
        for name in args.iter().filter(|a| endings.iter().any(|ending| a.ends_with(ending))) {
            fs::write(folder.0.join(name), EMPTY_CAPTURE).unwrap();
        }
        let output = tcplens(&folder.0, &args);
        assert!(output.status.success(), "{line}\n{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(seen >= 10, "only {seen} command lines were found");
}

#[test]
fn the_toolchain_is_the_one_that_the_package_asks_for() {
    assert!(readme().contains(&format!("Rust {} or newer", env!("CARGO_PKG_RUST_VERSION"))));
}
