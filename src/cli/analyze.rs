//! `tcplens CAPTURE…`

use super::Status;
use super::args::{Analyze, Decoding};
use super::notice::Stderr;
use super::output::{self, Plan};
use crate::capture::{self, Error, Files};
use crate::decode::DecodeOptions;
use crate::pipeline::{Notice, Runner, Settings};

/// Analyses capture files.
pub fn run(args: &Analyze) -> anyhow::Result<Status> {
    #[cfg(feature = "live")]
    let filter = args.filter.as_deref().map(capture::Filter::compile).transpose()?;
    #[cfg(not(feature = "live"))]
    if args.filter.is_some() {
        anyhow::bail!(
            "this tcplens was built without libpcap, which compiles filters; build it with the default features"
        );
    }
    let (files, errors) = capture::open(&args.captures);
    let mut notice = Stderr::new(!args.output.quiet);
    for error in &errors {
        notice.problem(error);
    }
    if files.is_empty() {
        return Ok(Status::Failed);
    }
    #[cfg_attr(not(feature = "live"), allow(unused_mut, reason = "a filter is set with libpcap only"))]
    let mut files = files;
    #[cfg(feature = "live")]
    if let Some(filter) = filter {
        files.set_filter(filter);
    }
    analyze(args, files, errors, notice)
}

fn analyze(args: &Analyze, mut files: Files, errors: Vec<Error>, mut notice: Stderr) -> anyhow::Result<Status> {
    let Plan { reporter, columns, .. } = output::plan(&args.output)?;
    let settings = Settings { decode: decode_options(args.decoding), live: false };
    let inputs = args.captures.iter().map(|path| path.display().to_string()).collect();
    let outcome = Runner::new(settings, reporter, columns, &mut notice).run(&mut files, inputs, errors);
    notice.finish();
    let outcome = outcome?;
    Ok(match (outcome.problems.is_empty(), outcome.totals.frames) {
        (true, _) => Status::Complete,
        (false, 0) => Status::Failed,
        (false, _) => Status::Incomplete,
    })
}

/// What the decoder is told.
pub fn decode_options(decoding: Decoding) -> DecodeOptions {
    DecodeOptions { verify_checksums: !decoding.no_checksums, reassemble: !decoding.no_reassembly }
}
