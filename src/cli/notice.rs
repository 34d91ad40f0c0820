//! What is said on standard error while a run goes on: problems at once, progress on long work.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::capture;
use crate::pipeline::{Notice, Progress};

/// Short runs end before anything is drawn.
const PATIENCE: Duration = Duration::from_millis(800);

/// Standard error.
pub struct Stderr {
    bar: Option<ProgressBar>,
    started: std::time::Instant,
    wanted: bool,
}

impl Stderr {
    /// `progress`: it may be drawn, if standard error is a terminal.
    pub fn new(progress: bool) -> Self {
        let wanted = progress && std::io::stderr().is_terminal();
        Self { bar: None, started: std::time::Instant::now(), wanted }
    }

    fn bar(&mut self, total: Option<u64>) -> Option<&ProgressBar> {
        if !self.wanted || self.bar.is_none() && self.started.elapsed() < PATIENCE {
            return None;
        }
        Some(self.bar.get_or_insert_with(|| {
            let target = ProgressDrawTarget::stderr_with_hz(5);
            let (bar, template) = match total {
                Some(total) => {
                    let template = "{wide_bar} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta} {msg}";
                    (ProgressBar::with_draw_target(Some(total), target), template)
                }
                None => (ProgressBar::with_draw_target(None, target), "{spinner} {bytes} {elapsed} {msg}"),
            };
            match ProgressStyle::with_template(template) {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            }
        }))
    }

    /// Takes the progress away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Notice for Stderr {
    fn problem(&mut self, error: &capture::Error) {
        let say = || super::complain(format_args!("{error}"));
        match &self.bar {
            Some(bar) => bar.suspend(say),
            None => say(),
        }
    }

    fn progress(&mut self, progress: Progress) {
        if let Some(bar) = self.bar(progress.source.bytes_total) {
            bar.set_position(progress.source.bytes_read);
            bar.set_message(format!("{} frames, {} connections", progress.frames, progress.connections));
        }
    }
}
