//! The one-way street through the modules: `capture → decode → flow → tcp → findings → report`, driven by `pipeline`, parsed and planned by `cli`.
//! Every path in `src` that leaves its own module is held against what that module may see. Test code is free.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A module, and the names in it that may be used; none: all that it makes public.
type May = (&'static str, &'static [&'static str]);

/// What each module may use.
const MAY_USE: &[(&str, &[May])] = &[
    ("base", &[]),
    ("capture", &[("base", &[])]),
    ("flow", &[("base", &[])]),
    ("tcp", &[("base", &[])]),
    ("decode", &[("base", &[]), ("capture", &["Frame", "LinkType"])]),
    // Of `tcp` what is declared or re-exported in its files `summary.rs` and `event.rs`: see `plain_types`.
    ("findings", &[("base", &[]), ("tcp", &[])]),
    ("report", &[("base", &[]), ("tcp", &[]), ("flow", &[]), ("findings", &[])]),
    ("pipeline", &[("base", &[]), ("capture", &[]), ("decode", &[]), ("flow", &[]), ("tcp", &[]), ("report", &[])]),
    (
        "cli",
        &[
            ("base", &[]),
            ("capture", &[]),
            ("decode", &["DecodeOptions"]),
            ("findings", &[]),
            ("pipeline", &[]),
            ("report", &[]),
        ],
    ),
];

/// A use of a name of another module: the module, and the name; the name is empty where all of the module is taken.
type Use = (String, String);

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The path of the module that a file is, below the crate.
fn module_of(file: &Path) -> Vec<String> {
    let mut parts: Vec<String> = file.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

/// The source without comments, texts, and items that are compiled for tests only.
fn code_of(source: &str) -> String {
    without_tests(&without_comments(source))
}

fn without_comments(source: &str) -> String {
    let (mut out, mut rest) = (String::new(), source);
    while let Some(c) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(fence) = raw_text(rest) {
            out.push_str("\"\"");
            fence
        } else if c == '"' {
            out.push_str("\"\"");
            text(rest)
        } else if rest.starts_with("'\"'") {
            3
        } else {
            out.push(c);
            c.len_utf8()
        };
        rest = &rest[skip..];
    }
    out
}

/// Length of the text that begins here.
fn text(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Length of the raw text that begins here, if one does.
fn raw_text(rest: &str) -> Option<usize> {
    let hashes = rest.strip_prefix('r')?.bytes().take_while(|&b| b == b'#').count();
    let body = rest[1 + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(1 + hashes + 1 + body.find(&end).map_or(body.len(), |at| at + end.len()))
}

fn without_tests(code: &str) -> String {
    let mut out = String::new();
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        // The item ends with its first semicolon outside braces, or with its closing brace.
        let (mut depth, mut end) = (0, rest.len());
        for (i, c) in rest.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 1 => {
                    end = i + 1;
                    break;
                }
                '}' => depth -= 1,
                ';' if depth == 0 => {
                    end = i + 1;
                    break;
                }
                _ => {}
            }
        }
        rest = &rest[end..];
    }
    out + rest
}

/// What a file of `module` uses of other modules at the root of the crate.
fn uses(code: &str, module: &[String]) -> BTreeSet<Use> {
    let mut found = BTreeSet::new();
    for (start, prefix) in [("crate::", 0), ("super::", 1)] {
        for (at, _) in code.match_indices(start) {
            if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                continue; // the middle of a path
            }
            let mut path = &code[at + start.len()..];
            let mut climbed = prefix;
            while let Some(further) = path.strip_prefix("super::") {
                path = further;
                climbed += 1;
            }
            if prefix == 1 && climbed < module.len() {
                continue; // stays in the module
            }
            names(path, &mut Vec::new(), &mut found);
        }
    }
    found.retain(|(root, _)| *root != module[0]);
    found
}

/// Reads a path or a tree of paths: its first two names. Returns what is behind it.
fn names<'a>(path: &'a str, so_far: &mut Vec<String>, found: &mut BTreeSet<Use>) -> &'a str {
    let path = path.trim_start();
    let depth = so_far.len();
    let mut rest = path;
    if let Some(tree) = path.strip_prefix('{') {
        rest = tree;
        loop {
            rest = names(rest, so_far, found).trim_start();
            match rest.chars().next() {
                Some(',') => rest = &rest[1..],
                Some('}') => return &rest[1..],
                _ => return rest,
            }
        }
    }
    let len = path.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '*')).unwrap_or(path.len());
    if len > 0 {
        so_far.push(path[..len].to_owned());
        rest = &path[len..];
        if let Some(further) = rest.strip_prefix("::")
            && so_far.len() < 2
            && !further.starts_with('<')
        {
            rest = names(further, so_far, found);
        } else {
            let name = so_far.get(1).filter(|name| *name != "self").cloned().unwrap_or_default();
            found.insert((so_far[0].clone(), name));
            // Whatever is behind belongs to this path.
            while let Some(further) = rest.strip_prefix("::") {
                rest = names(further, &mut vec![String::new(); 2], &mut BTreeSet::new());
            }
        }
        if let Some(alias) = rest.trim_start().strip_prefix("as ") {
            rest = alias.trim_start().trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
        }
    }
    so_far.truncate(depth);
    rest
}

/// The types that `tcp/summary.rs` and `tcp/event.rs` declare or re-export: plain data.
fn plain_types() -> BTreeSet<String> {
    let files = ["tcp/summary.rs", "tcp/event.rs"].map(|f| std::fs::read_to_string(src().join(f)).unwrap());
    let code = code_of(&files.concat());
    let mut plain = BTreeSet::new();
    for line in code.lines().map(str::trim_start) {
        for keyword in ["pub struct ", "pub enum ", "pub const ", "pub type "] {
            if let Some(name) = line.strip_prefix(keyword) {
                plain.insert(name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
            }
        }
    }
    for (at, start) in code.match_indices("pub use ") {
        let path = code[at + start.len()..].split(';').next().unwrap();
        let words = path.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
        plain.extend(words.map(str::to_owned));
    }
    plain
}

#[test]
fn nothing_points_backwards() {
    let rules: BTreeMap<&str, BTreeMap<&str, &[&str]>> =
        MAY_USE.iter().map(|(module, may)| (*module, may.iter().copied().collect())).collect();
    let plain = plain_types();
    assert!(plain.contains("ConnectionSummary") && !plain.contains("Connection"), "{plain:?}");
    let (mut wrong, mut seen) = (String::new(), BTreeSet::new());
    for file in rust_files(&src()) {
        let name = file.strip_prefix(src()).unwrap();
        let module = module_of(name);
        if ["lib", "main"].contains(&module[0].as_str()) || module.iter().any(|part| part == "tests") {
            continue;
        }
        let Some(may) = rules.get(module[0].as_str()) else {
            writeln!(wrong, "{}: the module {} has no rule in this test", name.display(), module[0]).unwrap();
            continue;
        };
        if is_for_tests(&file) {
            continue;
        }
        for (root, used) in uses(&code_of(&std::fs::read_to_string(&file).unwrap()), &module) {
            let right = match may.get(root.as_str()) {
                None => false,
                Some(_) if ["findings", "report"].contains(&module[0].as_str()) && root == "tcp" => {
                    plain.contains(&used)
                }
                Some(names) => names.is_empty() || names.contains(&used.as_str()),
            };
            if !right {
                writeln!(wrong, "{}: {} must not use crate::{root}::{used}", name.display(), module[0]).unwrap();
            }
            seen.insert((module[0].clone(), root));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    // The street as it is: were these not found, the reading of the sources would be broken.
    for (from, to) in
        [("tcp", "base"), ("decode", "capture"), ("report", "tcp"), ("pipeline", "tcp"), ("cli", "pipeline")]
    {
        assert!(seen.contains(&(from.to_owned(), to.to_owned())), "{from} uses {to}, but that was not seen");
    }
}

/// The file is a module that its parent declares for tests only.
fn is_for_tests(file: &Path) -> bool {
    let name = file.file_stem().unwrap().to_str().unwrap();
    let folder = file.parent().unwrap();
    let parents = [folder.join("mod.rs"), folder.with_extension("rs")];
    let source: String = parents.iter().filter_map(|parent| std::fs::read_to_string(parent).ok()).collect();
    let declared = [format!("mod {name};"), format!("pub(crate) mod {name};"), format!("pub(super) mod {name};")];
    declared.iter().any(|declaration| source.contains(&format!("#[cfg(test)]\n{declaration}")))
}

#[test]
fn the_program_is_the_command_line() {
    let code = code_of(&std::fs::read_to_string(src().join("main.rs")).unwrap());
    let used: Vec<&str> = code.match_indices("tcplens::").map(|(at, _)| &code[at..at + 12]).collect();
    assert_eq!(used, ["tcplens::cli"]);
}

#[test]
fn uses_are_found_however_they_are_written() {
    let used = |code: &str, module: &[&str]| -> Vec<String> {
        let module: Vec<String> = module.iter().map(|part| (*part).to_owned()).collect();
        uses(&code_of(code), &module).into_iter().map(|(root, name)| format!("{root}/{name}")).collect()
    };
    assert_eq!(used("use crate::tcp::Connection;", &["flow", "table"]), ["tcp/Connection"]);
    assert_eq!(used("use crate::{base::Seq, tcp::{self, End as E}};", &["flow"]), ["base/Seq", "tcp/", "tcp/End"]);
    assert_eq!(
        used("use crate::{\n    report::format::{csv, tsv},\n    cli,\n};", &["flow"]),
        ["cli/", "report/format"]
    );
    assert_eq!(
        used("fn f(x: crate::tcp::Connection) -> crate::base::Seq {}", &["flow"]),
        ["base/Seq", "tcp/Connection"]
    );
    assert_eq!(used("use super::super::tcp::Connection;", &["flow", "table"]), ["tcp/Connection"]);
    assert_eq!(used("use super::table;", &["flow", "table", "deep"]), [""; 0]);
    assert_eq!(used("use super::tcp::End;", &["flow"]), ["tcp/End"]);
    assert_eq!(used("use crate::flow::Census;", &["flow"]), [""; 0]);
    assert_eq!(used("// use crate::tcp::End;\n/* crate::tcp::End */ let x = \"crate::tcp::End\";", &["flow"]), [""; 0]);
    assert_eq!(used("let x = r#\"crate::tcp::\"End\"#; let y = '\"'; use crate::cli::Args;", &["flow"]), ["cli/Args"]);
    assert_eq!(
        used("#[cfg(test)]\nmod tests { use crate::tcp::End; fn f() {} }\nuse crate::cli::X;", &["flow"]),
        ["cli/X"]
    );
    assert_eq!(used("#[cfg(test)]\nmod tests;\nuse crate::cli::X;", &["flow"]), ["cli/X"]);
    assert_eq!(used("pub use crate::tcp::*;", &["flow"]), ["tcp/*"]);
}
