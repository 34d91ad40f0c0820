//! What the tests share: the folders of `testdata`, the program, its rows, and captures that can be read, changed and written.

#![allow(dead_code, reason = "each test program uses its part")]

pub mod capture;
pub mod captures;
pub mod change;
pub mod packet;
pub mod program;
pub mod table;

use std::path::{Path, PathBuf};

/// The folder of captures and what they must say.
pub fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

/// A folder of `testdata`.
pub struct Behaviour {
    /// What it shows.
    pub name: String,
    /// Where it is.
    pub folder: PathBuf,
    /// Names of its captures.
    pub captures: Vec<String>,
}

impl Behaviour {
    /// The file beside a capture that has its name and this extension.
    pub fn beside(&self, capture: &str, extension: &str) -> PathBuf {
        self.folder.join(capture).with_extension(extension)
    }
}

/// Every folder of `testdata`, by name.
pub fn behaviours() -> Vec<Behaviour> {
    let mut found: Vec<Behaviour> = std::fs::read_dir(testdata())
        .expect("testdata is part of the repository")
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|folder| {
            let mut captures: Vec<String> = std::fs::read_dir(&folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .filter(|name| name.ends_with(".pcap") || name.ends_with(".pcapng"))
                .collect();
            captures.sort();
            Behaviour { name: folder.file_name().unwrap().to_str().unwrap().to_owned(), folder, captures }
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}
