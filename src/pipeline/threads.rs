//! The stages in threads of their own, with batches between them that come back to be used again.

use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError, channel, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::Scope;

use super::back::Back;
use super::gather::Batch;
use super::run::Destination;
use super::shard::{Output, Shard, ShardTotals};
use super::sink::FlowSink;
use crate::report;
use crate::report::format::RowEncoder;

/// Batches that may wait between two stages: enough that a stage which was held up does not hold up the others.
const WAITING: usize = 3;

/// What a shard says to the last stage.
enum Message {
    /// Its part of a batch. The last shard that lets go of the batch gives it back.
    Batch(Arc<Batch>, Output),
    /// Rows that were left at the end.
    Rest(Output),
}

/// The ends of the channels that the first stage holds.
pub struct Front {
    shards: Vec<SyncSender<Arc<Batch>>>,
    used: Receiver<Batch>,
}

impl Front {
    /// An empty batch.
    pub fn batch(&self) -> Batch {
        match self.used.try_recv() {
            Ok(mut batch) => {
                batch.clear();
                batch
            }
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => Batch::default(),
        }
    }

    /// Hands a batch on. False if nobody is there any more to take it: the report cannot be written.
    pub fn send(&self, batch: Batch) -> bool {
        let batch = Arc::new(batch);
        self.shards.iter().all(|shard| shard.send(Arc::clone(&batch)).is_ok())
    }
}

/// Starts a thread for each shard, and one for the last stage.
pub fn start<'scope, 'env, D>(
    scope: &'scope Scope<'scope, 'env>,
    shards: Vec<Shard<D::Sink>>,
    back: Back<'env, D>,
    on_rows: impl Fn(u64) + Send + 'scope,
) -> (Front, Joined<'scope>)
where
    D: Destination + Send,
    D::Sink: 'scope,
{
    let (give_back, used) = channel();
    let encoder = Arc::new(OnceLock::new());
    let mut inputs = Vec::new();
    let mut ends = Vec::new();
    let mut totals = Vec::new();
    for shard in shards {
        let (to_shard, batches) = sync_channel(WAITING);
        let (to_back, messages) = sync_channel(WAITING);
        let (give_back, outputs) = channel();
        inputs.push(to_shard);
        ends.push(ShardEnd { messages, give_back });
        let encoder = Arc::clone(&encoder);
        totals.push(scope.spawn(move || Worker { shard, outputs, to_back, encoder }.run(&batches)));
    }
    let written = scope.spawn(move || Last { back, ends, give_back, encoder, digits: 6 }.run(&on_rows));
    (Front { shards: inputs, used }, Joined { totals, written })
}

/// The threads that were started.
pub struct Joined<'scope> {
    totals: Vec<std::thread::ScopedJoinHandle<'scope, ShardTotals>>,
    written: std::thread::ScopedJoinHandle<'scope, Result<(), report::Error>>,
}

impl Joined<'_> {
    /// Waits until everything is written. The first stage must have let go of its [`Front`].
    ///
    /// # Errors
    /// The report cannot be written.
    pub fn wait(self) -> Result<ShardTotals, report::Error> {
        let written = self.written.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let sums = self.totals.into_iter().map(|shard| shard.join().unwrap_or_else(|p| std::panic::resume_unwind(p)));
        let totals = sums.fold(ShardTotals::default(), ShardTotals::plus);
        written.map(|()| totals)
    }
}

/// A shard in its thread.
struct Worker<S> {
    shard: Shard<S>,
    outputs: Receiver<Output>,
    to_back: SyncSender<Message>,
    encoder: Arc<OnceLock<Arc<dyn RowEncoder>>>,
}

impl<S: FlowSink> Worker<S> {
    fn run(mut self, batches: &Receiver<Arc<Batch>>) -> ShardTotals {
        while let Ok(batch) = batches.recv() {
            let mut out = self.output();
            self.shard.on_batch(&batch, &mut out);
            if self.to_back.send(Message::Batch(batch, out)).is_err() {
                return self.shard.totals();
            }
        }
        let mut out = self.output();
        self.shard.finish(&mut out);
        let mut more = true;
        // The first has no rows: it tells the last stage to begin the report, which settles how rows are written.
        while self.to_back.send(Message::Rest(out)).is_ok() && more {
            out = self.output();
            more = self.shard.leave_some(&mut out);
        }
        self.shard.totals()
    }

    fn output(&mut self) -> Output {
        if !self.shard.has_encoder()
            && let Some(encoder) = self.encoder.get()
        {
            self.shard.set_encoder(Arc::clone(encoder));
        }
        let mut out = self.outputs.try_recv().unwrap_or_default();
        out.clear();
        out
    }
}

/// What the last stage holds of a shard.
struct ShardEnd {
    messages: Receiver<Message>,
    give_back: Sender<Output>,
}

/// The last stage in its thread.
struct Last<'a, D> {
    back: Back<'a, D>,
    ends: Vec<ShardEnd>,
    give_back: Sender<Batch>,
    encoder: Arc<OnceLock<Arc<dyn RowEncoder>>>,
    digits: u8,
}

impl<D: Destination> Last<'_, D> {
    fn run(mut self, on_rows: &impl Fn(u64)) -> Result<(), report::Error> {
        let mut outputs = Vec::with_capacity(self.ends.len());
        // What each shard had to say when its batches were over.
        let mut rest = Vec::with_capacity(self.ends.len());
        loop {
            let mut number = 0;
            for end in &self.ends {
                match end.messages.recv() {
                    Ok(Message::Batch(batch, out)) => {
                        (number, self.digits) = (batch.number, batch.time_digits);
                        outputs.push(out);
                        if let Some(batch) = Arc::into_inner(batch) {
                            let _ = self.give_back.send(batch); // the first stage may have ended
                        }
                    }
                    Ok(Message::Rest(out)) => rest.push(Some(out)),
                    Err(_) => return Ok(()), // it panicked: that is what the run will say
                }
            }
            if !rest.is_empty() {
                break;
            }
            self.back.take(number, self.digits, &mut outputs)?;
            on_rows(self.back.rows());
            self.share_encoder();
            for (end, out) in self.ends.iter().zip(outputs.drain(..)) {
                let _ = end.give_back.send(out); // the shard may have ended
            }
        }
        self.back.begin(self.digits)?;
        self.share_encoder();
        let ends = &self.ends;
        self.back.take_rest(self.digits, ends.len(), |shard, out| {
            let (Some(end), Some(first)) = (ends.get(shard), rest.get_mut(shard)) else { return false };
            let next = match first.take() {
                Some(next) => next,
                None => match end.messages.recv() {
                    Ok(Message::Rest(next)) => next,
                    _ => return false,
                },
            };
            let used = std::mem::replace(out, next);
            let _ = end.give_back.send(used);
            true
        })
    }

    /// From the first row on, rows are written where they are made.
    fn share_encoder(&self) {
        if self.encoder.get().is_none()
            && let Some(encoder) = self.back.encoder()
        {
            let _ = self.encoder.set(encoder);
        }
    }
}
