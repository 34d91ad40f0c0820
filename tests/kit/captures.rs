//! The captures that the tests read: those of `testdata` and, where they are, those of which the truth is known.
//!
//! `TCPLENS_TRUTH` names the folder of the latter; without it, it is one beside the repository. `TCPLENS_NO_SKIP=1` makes a missing folder a
//! failure.

#![allow(clippy::print_stderr, reason = "a test says what it skips")]

use std::path::{Path, PathBuf};

/// The folder of captures of which the truth is known. `None`, and a message, if there is none.
pub fn truth_folder() -> Option<PathBuf> {
    let folder = std::env::var_os("TCPLENS_TRUTH")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/truth"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("TCPLENS_NO_SKIP").is_none(), "there is no {}", folder.display());
    eprintln!("skipped: there are no captures of which the truth is known in {}", folder.display());
    None
}

/// Every capture in a folder of folders, by name.
pub fn in_folders_of(folder: &Path) -> Vec<PathBuf> {
    let is_capture = |path: &PathBuf| path.extension().is_some_and(|e| e == "pcap" || e == "pcapng");
    let folders = entries(folder).into_iter().filter(|path| path.is_dir());
    folders.flat_map(|folder| entries(&folder)).filter(is_capture).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// All that can be read to their end.
pub fn readable() -> Vec<PathBuf> {
    let mut found = in_folders_of(&super::testdata());
    found.retain(|path| !path.with_extension("stderr").exists());
    found.extend(truth_folder().iter().flat_map(|folder| in_folders_of(folder)));
    found
}
