//! `tcplens CAPTURE…`, and what all commands that read capture files share.

use super::Status;
use super::args::{Analyze, Decoding, Input};
use super::notice::Stderr;
use super::output;
use super::resources::Resources;
use crate::capture::{self, OpenOptions};
use crate::decode::DecodeOptions;
use crate::pipeline::{Destination, Notice, Outcome, Runner, Settings};

/// With more processors than this, one of them may read ahead: it is time that decoding does not have to spend.
const READ_AHEAD: usize = 3;

/// Analyses capture files.
pub fn run(args: &Analyze) -> anyhow::Result<Status> {
    with_files(&args.input, |_| Ok(output::plan(&args.output)?.rows)).map(|(outcome, _)| status_of(outcome.as_ref()))
}

/// Runs over capture files, to where `destination` says; `None` if none of them could be opened.
pub fn with_files<D: Destination + Send>(
    input: &Input,
    destination: impl FnOnce(&Input) -> anyhow::Result<D>,
) -> anyhow::Result<(Option<Outcome>, Option<D>)> {
    #[cfg(feature = "live")]
    let filter = input.filter.as_deref().map(capture::Filter::compile).transpose()?;
    #[cfg(not(feature = "live"))]
    if input.filter.is_some() {
        anyhow::bail!(
            "this tcplens was built without libpcap, which compiles filters; build it with the default features"
        );
    }
    #[cfg_attr(not(feature = "live"), allow(unused_mut, reason = "a filter is set with libpcap only"))]
    let read_ahead = input.resources.threads() > READ_AHEAD;
    let (mut files, errors) = capture::open_with(&input.captures, OpenOptions { read_ahead });
    let mut notice = Stderr::new(!input.quiet);
    for error in &errors {
        notice.problem(error);
    }
    if files.is_empty() {
        return Ok((None, None));
    }
    #[cfg(feature = "live")]
    if let Some(filter) = filter {
        files.set_filter(filter);
    }
    let mut destination = destination(input)?;
    let settings = settings(input.decoding, input.resources, false);
    let names = input.captures.iter().map(|path| path.display().to_string()).collect();
    let outcome = Runner::new(settings, &mut destination, &mut notice).run(&mut files, names, errors);
    notice.finish();
    Ok((Some(outcome?), Some(destination)))
}

/// How a run over files ended.
pub fn status_of(outcome: Option<&Outcome>) -> Status {
    match outcome {
        None => Status::Failed,
        Some(outcome) if outcome.problems.is_empty() => Status::Complete,
        Some(outcome) if outcome.totals.frames == 0 => Status::Failed,
        Some(_) => Status::Incomplete,
    }
}

/// How a run behaves.
pub fn settings(decoding: Decoding, resources: Resources, live: bool) -> Settings {
    let memory = resources.max_memory.map(|memory| memory.for_connections(resources.threads()));
    Settings { decode: decode_options(decoding), live, threads: resources.threads(), memory }
}

/// What the decoder is told.
fn decode_options(decoding: Decoding) -> DecodeOptions {
    DecodeOptions { verify_checksums: !decoding.no_checksums, reassemble: !decoding.no_reassembly }
}
