//! Capture files to frames.

use std::path::Path;

use tcplens::capture::{self, Polled, Source};

/// Reads a file to its end; returns the number of frames.
pub fn read(path: &Path) -> usize {
    let (mut files, problems) = capture::open(&[path.to_owned()]);
    assert!(problems.is_empty(), "{problems:?}");
    let mut frames = 0;
    while let Polled::Frame(frame) = files.poll().unwrap() {
        frames += 1;
        std::hint::black_box(frame);
    }
    frames
}
