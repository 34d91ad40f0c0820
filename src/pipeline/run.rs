//! One run: a source is read to its end, rows go to the reporter as they become final.

use crate::base::{SegmentBatch, Timestamp};
use crate::capture::{self, Polled, Source};
use crate::decode::{DecodeOptions, Decoder};
use crate::report::format::{BoxedReporter, RunMeta};
use crate::report::schema::Column;
use crate::report::{self, FlowRecord, Precision, RunTotals};

use super::worker::{FlowSink, Worker};

/// How a run behaves.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What the decoder does.
    pub decode: DecodeOptions,
    /// The source never ends by itself: silent connections are given up, and rows are flushed as they come.
    pub live: bool,
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

/// Where the results of a run go.
pub trait Destination {
    /// Who hears of events on its behalf; `()` where it wants none.
    type Sink: FlowSink;

    /// The sink to be driven.
    fn sink(&self) -> Self::Sink;

    /// The first result is about to come; `meta` says what the capture is like.
    ///
    /// # Errors
    /// The report cannot be written.
    fn begin(&mut self, meta: &RunMeta) -> Result<(), report::Error>;

    /// A connection is final.
    ///
    /// # Errors
    /// The report cannot be written.
    fn row(&mut self, record: FlowRecord) -> Result<(), report::Error>;

    /// Events have been heard.
    ///
    /// # Errors
    /// The report cannot be written.
    fn heard(&mut self, sink: &mut Self::Sink) -> Result<(), report::Error> {
        let _ = sink;
        Ok(())
    }

    /// What was given has to reach its readers now: more may be long in coming.
    ///
    /// # Errors
    /// The report cannot be written.
    fn flush(&mut self) -> Result<(), report::Error>;

    /// The run is over.
    ///
    /// # Errors
    /// The report cannot be written.
    fn finish(&mut self, totals: &RunTotals) -> Result<(), report::Error>;
}

/// A row a connection, in some format.
pub struct Rows {
    /// Writes them.
    pub reporter: BoxedReporter,
    /// What of them.
    pub columns: Vec<&'static Column>,
}

impl Destination for Rows {
    type Sink = ();

    fn sink(&self) {}

    fn begin(&mut self, meta: &RunMeta) -> Result<(), report::Error> {
        self.reporter.begin(meta, &self.columns)
    }

    fn row(&mut self, record: FlowRecord) -> Result<(), report::Error> {
        self.reporter.flow(&record)
    }

    fn flush(&mut self) -> Result<(), report::Error> {
        self.reporter.flush()
    }

    fn finish(&mut self, totals: &RunTotals) -> Result<(), report::Error> {
        self.reporter.finish(totals)
    }
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

struct Pass<S> {
    decoder: Decoder,
    worker: Worker<S>,
    batch: SegmentBatch,
    frames: u64,
    wire_bytes: u64,
    span: Option<(Timestamp, Timestamp)>,
}

impl<'a, D: Destination> Runner<'a, D> {
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
        let mut pass = Pass {
            decoder: Decoder::new(self.settings.decode),
            worker: Worker::new(self.settings.live, self.destination.sink()),
            batch: SegmentBatch::default(),
            frames: 0,
            wire_bytes: 0,
            span: None,
        };
        let mut begun = false;
        let mut batches = 0u64;
        loop {
            let now = match source.poll() {
                Ok(Polled::Frame(frame)) => {
                    pass.on_frame(&frame);
                    if !pass.batch.is_full() {
                        continue;
                    }
                    None
                }
                Ok(Polled::Idle(now)) => Some(now),
                Ok(Polled::End) => break,
                Err(error) => {
                    self.notice.problem(&error);
                    problems.push(error);
                    continue;
                }
            };
            pass.hand_over(now);
            self.write_rows(&mut pass, source, &mut begun)?;
            batches += 1;
            if now.is_some() || batches.is_multiple_of(PROGRESS_EVERY) {
                self.notice.progress(pass.progress(source));
            }
        }
        pass.hand_over(None);
        pass.worker.finish();
        self.write_rows(&mut pass, source, &mut begun)?;
        self.begin(source, &mut begun)?;
        let totals = pass.totals(source, inputs, &problems);
        self.destination.finish(&totals)?;
        Ok(Outcome { totals, problems })
    }

    fn begin(&mut self, source: &dyn Source, begun: &mut bool) -> Result<(), report::Error> {
        if !std::mem::replace(begun, true) {
            let precision = if source.time_digits() > 6 { Precision::Nanos } else { Precision::Micros };
            self.destination.begin(&RunMeta { precision })?;
        }
        Ok(())
    }

    fn write_rows(
        &mut self,
        pass: &mut Pass<D::Sink>,
        source: &dyn Source,
        begun: &mut bool,
    ) -> Result<(), report::Error> {
        let mut wrote = false;
        let Pass { decoder, worker, .. } = pass;
        if D::Sink::LISTENS {
            self.begin(source, begun)?;
            self.destination.heard(worker.sink())?;
        }
        for row in worker.drain_rows() {
            self.begin(source, begun)?;
            let record = FlowRecord {
                flow_id: row.flow_id,
                first_frame: row.first_frame,
                client: row.ends.0,
                server: row.ends.1,
                encapsulation: decoder.encapsulation(row.encapsulation).into(),
                summary: row.summary,
            };
            self.destination.row(record)?;
            wrote = true;
        }
        if wrote && self.settings.live {
            self.destination.flush()?;
        }
        Ok(())
    }
}

impl<S: FlowSink> Pass<S> {
    fn on_frame(&mut self, frame: &capture::Frame<'_>) {
        self.frames += 1;
        self.wire_bytes += u64::from(frame.wire_len);
        let (first, last) = self.span.unwrap_or((frame.ts, frame.ts));
        self.span = Some((first.min(frame.ts), last.max(frame.ts)));
        self.decoder.decode(frame, &mut self.batch);
    }

    /// Analyses what has been decoded. `now`: the capture's clock, where no frame tells it.
    fn hand_over(&mut self, now: Option<Timestamp>) {
        self.worker.on_batch(&self.batch);
        self.batch.clear();
        if let Some(now) = now {
            self.worker.on_time(now);
        }
    }

    fn progress(&self, source: &dyn Source) -> Progress {
        let connections = self.worker.totals().connections;
        Progress { source: source.progress(), frames: self.frames, connections }
    }

    fn totals(&self, source: &mut dyn Source, inputs: Vec<String>, problems: &[capture::Error]) -> RunTotals {
        let sums = self.worker.totals();
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
            capture_duplicates: sums.capture_duplicates,
            bad_checksums: sums.bad_checksums,
            missing_bytes: sums.missing_bytes,
            time_regress: sums.time_regress,
            kernel_drops: source.kernel_drops().map(|d| d.dropped + d.if_dropped),
            problems: problems.iter().map(ToString::to_string).collect(),
        }
    }
}
