//! The captures that nobody chose: whatever is in a file, the program ends by itself, with a status that it documents, and says why if that is not 0.
//!
//! `TCPLENS_CORPUS` names the folder; without it, one beside the repository. `TCPLENS_NO_SKIP=1` makes a missing folder a failure.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod kit;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// For the largest file, on a busy machine, without optimisation.
const PATIENCE: Duration = Duration::from_secs(60);

fn folder() -> PathBuf {
    std::env::var_os("TCPLENS_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"), PathBuf::from)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn every_file_ends_well_or_with_a_reason() {
    let folder = folder();
    if !folder.is_dir() {
        assert!(std::env::var_os("TCPLENS_NO_SKIP").is_none(), "there is no {}", folder.display());
        println!("skipped: there is no {}", folder.display());
        return;
    }
    let files = files(&folder);
    assert!(!files.is_empty(), "{} is empty", folder.display());
    let (next, wrong, read) = (AtomicUsize::new(0), Mutex::new(String::new()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                let scratch = tempfile::tempdir().unwrap();
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match check(file, scratch.path()) {
                        Ok(status) => {
                            read.fetch_add(usize::from(status == 0), Ordering::Relaxed);
                        }
                        Err(what) => *wrong.lock().unwrap() += &format!("{}: {what}\n", file.display()),
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "\n{wrong}");
    println!("{} of {} files were read to their end", read.into_inner(), files.len());
}

/// The exit status, or what is wrong.
fn check(file: &Path, scratch: &Path) -> Result<i32, String> {
    let (out, err) = (scratch.join("out.csv"), scratch.join("err"));
    let _ = std::fs::remove_file(&out);
    let mut child = kit::program::command()
        .arg(file)
        .arg("-o")
        .arg(&out)
        .stdout(File::create(scratch.join("stdout")).unwrap())
        .stderr(File::create(&err).unwrap())
        .spawn()
        .unwrap();
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("not done after {PATIENCE:?}"));
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let said = String::from_utf8_lossy(&std::fs::read(&err).unwrap()).into_owned();
    let Some(code) = status.code() else { return Err(format!("ended by a signal: {status}; {said}")) };
    if said.contains("panicked") {
        return Err(format!("panicked: {said}"));
    }
    if std::fs::metadata(scratch.join("stdout")).unwrap().len() > 0 {
        return Err("wrote to standard output, although the rows went to a file".to_owned());
    }
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let (said_why, wrote) = (said.contains(&name), out.exists());
    match code {
        0 if !said.is_empty() => Err(format!("status 0, but it said: {said}")),
        0 if !wrote => Err("status 0, but no rows".to_owned()),
        1 if !wrote => Err(format!("status 1, but no rows: {said}")),
        1 | 2 if !said_why => Err(format!("status {code} without a message that names the file: {said}")),
        0..=2 => Ok(code),
        _ => Err(format!("status {code}: {said}")),
    }
}
