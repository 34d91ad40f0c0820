//! One run: a source is read to its end, rows go to the reporter as they become final.

use std::sync::Arc;

use super::back::Back;
use super::crew::Crew;
use super::destination::Destination;
use super::gather::{Batch, Gatherer};
use super::shard::{Output, Shard, ShardSettings, ShardTotals, Share};
use super::sink::FlowSink;
use crate::base::Timestamp;
use crate::capture::{self, Frame, Pause, Source};
use crate::decode::{DecodeOptions, Decoder};
use crate::report::{self, Layers, RunTotals};

/// How a run behaves.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What the decoder does.
    pub decode: DecodeOptions,
    /// The source never ends by itself: silent connections are given up, and rows are flushed as they come.
    pub live: bool,
    /// Processors to use; 0 is taken for 1. No result depends on it.
    pub threads: usize,
    /// Bytes of memory for the connections that are kept; `None` for as much as it takes.
    pub memory: Option<usize>,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Of the source.
    pub source: capture::Progress,
    /// Frames read.
    pub frames: u64,
    /// Rows written.
    pub connections: u64,
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// Sums over the run.
    pub totals: RunTotals,
    /// Inputs of which something was cut, damaged or unreadable.
    pub problems: Vec<capture::Error>,
}

/// Drives one run.
pub struct Runner<'a, D> {
    settings: Settings,
    destination: &'a mut D,
    /// Problems of the inputs as they are met, and progress from time to time.
    notice: &'a mut dyn Notice,
}

/// Who is told while a run goes on.
pub trait Notice {
    /// An input has a problem; the rest is read on.
    fn problem(&mut self, error: &capture::Error);
    /// How far it is; called every few thousand frames.
    fn progress(&mut self, progress: Progress);
}

/// Progress is told after so many batches.
const PROGRESS_EVERY: u64 = 16;
/// More threads than this have nothing to do: reading and decoding is a fifth of the work, and is done in order.
const MOST_THREADS: usize = 8;
/// Shards for each thread: where one has more to do than another, there is always one that waits for somebody.
const SHARDS_A_THREAD: usize = 2;

/// The first stages: frames in, batches out.
struct Intake {
    decoder: Decoder,
    gatherer: Gatherer,
    layers: Arc<[Layers]>,
    frames: u64,
    wire_bytes: u64,
    span: Option<(Timestamp, Timestamp)>,
    batches: u64,
}

/// What came after a batch was filled.
enum Filled {
    /// More is to come.
    More,
    /// An input has a problem.
    Problem(capture::Error),
    /// A live source has been silent: that is a time to say how far it is.
    Idle,
    /// Nothing more comes.
    End,
}

impl Intake {
    /// `shards`: as [`Gatherer::new`] has it.
    fn new(decoder: Decoder, shards: usize) -> Self {
        let gatherer = Gatherer::new(shards);
        Self { decoder, gatherer, layers: Arc::default(), frames: 0, wire_bytes: 0, span: None, batches: 0 }
    }

    /// Fills a batch as far as it goes.
    fn fill(&mut self, source: &mut dyn Source, batch: &mut Batch) -> Filled {
        let (filled, now) = loop {
            match source.frames(batch.segments.room(), &mut |row| self.take(row, batch)) {
                Ok(Pause::Enough) if batch.segments.is_full() => break (Filled::More, None),
                Ok(Pause::Enough) => {}
                Ok(Pause::Idle(now)) => break (Filled::Idle, Some(now)),
                Ok(Pause::End) => break (Filled::End, None),
                Err(error) => break (Filled::Problem(error), None),
            }
        };
        self.gatherer.gather(batch, now);
        self.batches += 1;
        batch.time_digits = source.time_digits();
        let highest = self.decoder.encapsulations();
        if usize::from(highest) > self.layers.len() {
            self.layers = (1..=highest).map(|number| Layers::from(self.decoder.encapsulation(number))).collect();
        }
        if !Arc::ptr_eq(&batch.layers, &self.layers) {
            batch.layers = Arc::clone(&self.layers);
        }
        filled
    }

    /// Decodes frames that follow each other, and gathers from them.
    fn take(&mut self, row: &[Frame<'_>], batch: &mut Batch) {
        let Some(one) = row.first() else { return };
        self.frames += row.len() as u64;
        let (mut first, mut last) = self.span.unwrap_or((one.ts, one.ts));
        // In a loop of its own: the decoder needs all registers.
        for frame in row {
            self.wire_bytes += u64::from(frame.wire_len);
            first = frame.ts.min(first);
            last = frame.ts.max(last);
        }
        self.span = Some((first, last));
        for frame in row {
            self.decoder.decode(frame, &mut batch.segments);
        }
        self.gatherer.read(batch);
    }

    fn progress(&self, source: &dyn Source, connections: u64) -> Progress {
        Progress { source: source.progress(), frames: self.frames, connections }
    }

    fn totals(
        &self,
        source: &mut dyn Source,
        sums: &ShardTotals,
        inputs: Vec<String>,
        problems: &[capture::Error],
    ) -> RunTotals {
        let mut skipped = self.decoder.skipped();
        let filtered = source.filtered_out();
        if filtered > 0 {
            skipped.push(("not selected by the filter", filtered));
            skipped.sort_by_key(|&(_, n)| std::cmp::Reverse(n));
        }
        RunTotals {
            inputs,
            span: self.span,
            frames: self.frames + filtered,
            wire_bytes: self.wire_bytes,
            cut_frames: self.decoder.cut_frames(),
            segments: sums.segments,
            icmp_errors: sums.icmp_errors,
            skipped,
            connections: sums.connections,
            post_close: sums.post_close,
            stray: sums.stray,
            evicted: sums.evicted,
            capture_duplicates: sums.capture_duplicates,
            bad_checksums: sums.bad_checksums,
            missing_bytes: sums.missing_bytes,
            time_regress: self.gatherer.regress(),
            kernel_drops: source.kernel_drops().map(|d| d.dropped + d.if_dropped),
            problems: problems.iter().map(ToString::to_string).collect(),
        }
    }
}

impl<'a, D: Destination + Send> Runner<'a, D> {
    /// A run whose results go there.
    pub fn new(settings: Settings, destination: &'a mut D, notice: &'a mut dyn Notice) -> Self {
        Self { settings, destination, notice }
    }

    /// Reads the source to its end. `inputs`: their names; `problems`: inputs that could not even be opened.
    ///
    /// # Errors
    /// The report cannot be written; a closed pipe is among these, and is no fault ([`report::Error::is_broken_pipe`]).
    pub fn run(
        mut self,
        source: &mut dyn Source,
        inputs: Vec<String>,
        mut problems: Vec<capture::Error>,
    ) -> Result<Outcome, report::Error> {
        let threads = if D::Sink::ALONE { 1 } else { self.settings.threads.clamp(1, MOST_THREADS) };
        let shards = if threads == 1 { 1 } else { threads * SHARDS_A_THREAD };
        let parts = if D::Sink::ALONE { 0 } else { shards };
        let mut intake = Intake::new(Decoder::new(self.settings.decode), parts);
        let sums = if threads == 1 {
            self.run_alone(&mut intake, source, &mut problems)?
        } else {
            self.run_in_threads(&mut intake, source, &mut problems, (threads, shards))?
        };
        let totals = intake.totals(source, &sums, inputs, &problems);
        self.destination.finish(&totals)?;
        Ok(Outcome { totals, problems })
    }

    fn shard_settings(&self, shard: usize, shards: usize) -> ShardSettings {
        let memory = self.settings.memory.map(|bytes| bytes / shards);
        let share = if D::Sink::ALONE { Share::All } else { Share::Part(shard, shards) };
        ShardSettings { expires: self.settings.live, memory, share }
    }

    /// All stages in one thread.
    fn run_alone(
        &mut self,
        intake: &mut Intake,
        source: &mut dyn Source,
        problems: &mut Vec<capture::Error>,
    ) -> Result<ShardTotals, report::Error> {
        let settings = self.shard_settings(0, 1);
        let mut shard = Shard::new(settings, intake.gatherer.census(), self.destination.sink());
        let mut back = Back::new(&mut *self.destination, self.settings.live);
        let (mut batch, mut out) = (Batch::default(), [Output::default()]);
        loop {
            batch.clear();
            let filled = intake.fill(source, &mut batch);
            let [output] = &mut out;
            output.clear();
            shard.on_batch(&batch, output);
            back.hear(batch.time_digits, shard.sink())?;
            back.take(batch.number, batch.time_digits, &mut out)?;
            if !shard.has_encoder()
                && let Some(encoder) = back.encoder()
            {
                shard.set_encoder(encoder);
            }
            let idle = matches!(filled, Filled::Idle);
            if idle || intake.batches.is_multiple_of(PROGRESS_EVERY) {
                self.notice.progress(intake.progress(source, back.rows()));
            }
            match filled {
                Filled::More | Filled::Idle => {}
                Filled::Problem(error) => {
                    self.notice.problem(&error);
                    problems.push(error);
                }
                Filled::End => break,
            }
        }
        // Most rows of a short capture are still to come.
        back.begin(batch.time_digits)?;
        if let Some(encoder) = back.encoder() {
            shard.set_encoder(encoder);
        }
        let (mut over, mut more) = (false, true);
        back.take_rest(batch.time_digits, 1, |_, out| {
            out.clear();
            if !std::mem::replace(&mut over, true) {
                shard.finish(out);
                return true;
            }
            std::mem::replace(&mut more, false) && {
                more = shard.leave_some(out);
                true
            }
        })?;
        back.hear(batch.time_digits, shard.sink())?;
        Ok(shard.totals())
    }

    /// The stages in several threads.
    fn run_in_threads(
        &mut self,
        intake: &mut Intake,
        source: &mut dyn Source,
        problems: &mut Vec<capture::Error>,
        (threads, shards): (usize, usize),
    ) -> Result<ShardTotals, report::Error> {
        let census = intake.gatherer.census();
        let shard = |n| Shard::new(self.shard_settings(n, shards), census.clone(), self.destination.sink());
        let all = (0..shards).map(shard).collect();
        let crew = Crew::new(all, Back::new(&mut *self.destination, self.settings.live));
        let notice = &mut *self.notice;
        std::thread::scope(|scope| {
            let bell = crew.bell();
            let helpers = crew.hire(scope, threads - 1);
            let read = feed(&crew, intake, source, problems, notice);
            let ended = read.and_then(|time_digits| crew.finish(time_digits));
            drop(bell);
            helpers.wait().and(ended)
        })?;
        Ok(crew.totals())
    }
}

/// Reads the source to its end, for others to work on. Gives the fractional digits of the capture's times.
fn feed<D: Destination + Send>(
    crew: &Crew<'_, D>,
    intake: &mut Intake,
    source: &mut dyn Source,
    problems: &mut Vec<capture::Error>,
    notice: &mut dyn Notice,
) -> Result<u8, report::Error> {
    let mut time_digits = 0;
    while let Some(mut batch) = crew.batch()? {
        let filled = intake.fill(source, &mut batch);
        time_digits = batch.time_digits;
        let rows = crew.hand_in(batch);
        if matches!(filled, Filled::Idle) || intake.batches.is_multiple_of(PROGRESS_EVERY) {
            notice.progress(intake.progress(source, rows));
        }
        match filled {
            Filled::More | Filled::Idle => {}
            Filled::Problem(error) => {
                notice.problem(&error);
                problems.push(error);
            }
            Filled::End => break,
        }
    }
    Ok(time_digits)
}
