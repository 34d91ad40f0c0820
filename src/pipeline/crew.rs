//! The stages in several threads: whoever is free takes the next piece of work that is ready, be it a part of a batch to analyse or what
//! was made of a batch to write. Only the thread that began the run reads; it lends a hand while enough batches wait.
//!
//! So there are as many threads as processors, none of which waits for a certain other one, and how the connections happen to fall to the
//! shards leaves no processor idle. No result depends on who does what.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{Scope, ScopedJoinHandle};

use super::back::Back;
use super::destination::Destination;
use super::gather::Batch;
use super::shard::{Output, Shard, ShardTotals};
use crate::report;
use crate::report::format::RowEncoder;

/// Batches that may be under way: enough that nobody runs out of work while the next one is read.
const UNDER_WAY: usize = 4;
/// Outputs with the last rows of a shard that may wait to be written.
const REST: usize = 2;

/// The number of the one that began the run. The others have those behind it.
const FIRST: usize = 0;

/// The work, and who does it.
pub struct Crew<'a, D: Destination> {
    board: Mutex<Board<'a, D>>,
    changed: Condvar,
    encoder: OnceLock<Arc<dyn RowEncoder>>,
}

/// What there is to do. Who works on a shard or at the last stage has taken it from here meanwhile.
struct Board<'a, D: Destination> {
    shards: Vec<Desk<D::Sink>>,
    back: Option<Box<Back<'a, D>>>,
    /// The batches under way, the oldest first, and the number of that one.
    batches: VecDeque<UnderWay>,
    oldest: u64,
    spare_batches: Vec<Batch>,
    spare_outputs: Vec<Output>,
    /// Rows written so far.
    rows: u64,
    /// How many wait for something to do.
    idle: usize,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Batches come.
    Batches,
    /// They are over: the rows that are left are made.
    Rest,
    /// There is nothing more to do, or somebody cannot go on.
    Over,
}

/// A shard, and how far it is.
struct Desk<S> {
    shard: Option<Box<Shard<S>>>,
    /// Who worked on it last: what it needs is near that one's processor, and its memory in that one's part of the heap.
    last: usize,
    /// The number of the batch that it takes next.
    next: u64,
    /// Its last rows, as far as they wait.
    rest: VecDeque<Output>,
    ending: Ending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// It has not been told that the capture is over.
    Open,
    /// Rows are left.
    Leaving,
    /// None is left.
    Left,
}

/// A batch, and what the shards made of it.
struct UnderWay {
    /// `None` once all shards have seen it.
    batch: Option<Arc<Batch>>,
    number: u64,
    time_digits: u8,
    outputs: Vec<Output>,
    /// So many shards have not seen it yet.
    missing: usize,
}

/// A piece of work.
enum Job<'a, D: Destination> {
    /// A shard takes a batch.
    Analyse(usize, Box<Shard<D::Sink>>, Arc<Batch>, Output),
    /// The last stage takes what was made of a batch.
    Write(Box<Back<'a, D>>, UnderWay),
    /// A shard gives its next few rows after the last batch.
    Leave(usize, Box<Shard<D::Sink>>, Output),
}

impl<'a, D: Destination> Board<'a, D> {
    /// The next piece of work for one of the crew: what is oldest first, but rather of the shards that it worked on before.
    fn next_job(&mut self, me: usize) -> Option<Job<'a, D>> {
        match self.phase {
            Phase::Batches => self.next_to_write().or_else(|| self.next_to_analyse(me)),
            Phase::Rest => {
                let waits = |desk: &Desk<_>| desk.rest.len() < REST && desk.ending != Ending::Left;
                let ready = self.shards.iter().enumerate().filter(|(_, desk)| desk.shard.is_some() && waits(desk));
                let (at, _) = ready.min_by_key(|(_, desk)| (desk.last != me, desk.rest.len()))?;
                self.leaving(at, me)
            }
            Phase::Over => None,
        }
    }

    fn next_to_write(&mut self) -> Option<Job<'a, D>> {
        if self.back.is_none() || self.batches.front()?.missing > 0 {
            return None;
        }
        self.oldest += 1;
        Some(Job::Write(self.back.take()?, self.batches.pop_front()?))
    }

    fn next_to_analyse(&mut self, me: usize) -> Option<Job<'a, D>> {
        let (oldest, known) = (self.oldest, self.batches.len() as u64);
        let ready = |desk: &Desk<_>| desk.shard.is_some() && desk.next - oldest < known;
        let ready = self.shards.iter().enumerate().filter(|(_, desk)| ready(desk));
        let (at, desk) = ready.min_by_key(|(_, desk)| (desk.last != me, desk.next))?;
        let batch = Arc::clone(self.batches.get((desk.next - oldest) as usize)?.batch.as_ref()?);
        Some(Job::Analyse(at, self.take(at, me)?, batch, self.output()))
    }

    /// The work of getting a shard's next rows at the end.
    fn leaving(&mut self, at: usize, me: usize) -> Option<Job<'a, D>> {
        Some(Job::Leave(at, self.take(at, me)?, self.output()))
    }

    fn take(&mut self, at: usize, me: usize) -> Option<Box<Shard<D::Sink>>> {
        let desk = self.shards.get_mut(at)?;
        desk.last = me;
        desk.shard.take()
    }

    fn output(&mut self) -> Output {
        let mut out = self.spare_outputs.pop().unwrap_or_default();
        out.clear();
        out
    }

    /// A shard has seen the batch that it was to take.
    fn analysed(&mut self, at: usize, shard: Box<Shard<D::Sink>>, out: Output) {
        let Some(desk) = self.shards.get_mut(at) else { return };
        desk.shard = Some(shard);
        let seen = desk.next - self.oldest;
        desk.next += 1;
        let Some(under_way) = self.batches.get_mut(seen as usize) else { return };
        if let Some(place) = under_way.outputs.get_mut(at) {
            *place = out;
        }
        under_way.missing -= 1;
        if under_way.missing == 0
            && let Some(batch) = under_way.batch.take().and_then(Arc::into_inner)
        {
            self.spare_batches.push(batch);
        }
    }

    /// All batches have been written.
    fn is_done(&self) -> bool {
        self.batches.is_empty() && self.back.is_some()
    }
}

impl<'a, D> Crew<'a, D>
where
    D: Destination + Send,
{
    /// These shards, and this last stage.
    pub fn new(shards: Vec<Shard<D::Sink>>, back: Back<'a, D>) -> Self {
        let desk = |shard| Desk {
            shard: Some(Box::new(shard)),
            last: FIRST,
            next: 0,
            rest: VecDeque::new(),
            ending: Ending::Open,
        };
        let board = Board {
            shards: shards.into_iter().map(desk).collect(),
            back: Some(Box::new(back)),
            batches: VecDeque::new(),
            oldest: 0,
            spare_batches: Vec::new(),
            spare_outputs: Vec::new(),
            rows: 0,
            idle: 0,
            phase: Phase::Batches,
        };
        Self { board: Mutex::new(board), changed: Condvar::new(), encoder: OnceLock::new() }
    }

    /// Whoever holds this leaves nobody waiting when it stops, for whatever reason.
    pub fn bell(&self) -> Bell<'_, 'a, D> {
        Bell(self)
    }

    /// Starts so many threads that help.
    pub fn hire<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>, helpers: usize) -> Helpers<'scope> {
        Helpers((1..=helpers).map(|me| scope.spawn(move || self.help(FIRST + me))).collect())
    }

    /// Works until there is nothing more to do.
    fn help(&self, me: usize) -> Result<(), report::Error> {
        let _bell = self.bell();
        while let Some(job) = self.wait(|board| match board.phase {
            Phase::Over => Some(None),
            _ => board.next_job(me).map(Some),
        }) {
            self.work(job)?;
        }
        Ok(())
    }

    /// An empty batch, as soon as there is room for another one; works until then. `None` if nobody can take it any more.
    ///
    /// # Errors
    /// The report cannot be written.
    pub fn batch(&self) -> Result<Option<Batch>, report::Error> {
        enum Next<J> {
            Fill,
            Work(J),
            Stop,
        }
        loop {
            let next = self.wait(|board| {
                if board.phase == Phase::Over {
                    Some(Next::Stop)
                } else if board.batches.len() < UNDER_WAY {
                    Some(Next::Fill)
                } else {
                    board.next_job(FIRST).map(Next::Work)
                }
            });
            match next {
                Next::Fill => {
                    let mut batch = self.board().spare_batches.pop().unwrap_or_default();
                    batch.clear();
                    return Ok(Some(batch));
                }
                Next::Work(job) => self.work(job)?,
                Next::Stop => return Ok(None),
            }
        }
    }

    /// A batch is to be worked on. Gives the number of rows written so far.
    pub fn hand_in(&self, batch: Batch) -> u64 {
        let mut board = self.board();
        let missing = board.shards.len();
        let outputs = std::iter::repeat_with(Output::default).take(missing).collect();
        let (number, time_digits) = (batch.number, batch.time_digits);
        board.batches.push_back(UnderWay { batch: Some(Arc::new(batch)), number, time_digits, outputs, missing });
        self.ring(&board);
        board.rows
    }

    /// There are no more batches: works until all is written.
    ///
    /// # Errors
    /// The report cannot be written.
    pub fn finish(&self, time_digits: u8) -> Result<(), report::Error> {
        let _bell = self.bell();
        enum Next<J, B> {
            Work(J),
            End(Option<B>),
        }
        let mut back = loop {
            let next = self.wait(|board| {
                if board.phase == Phase::Over {
                    Some(Next::End(None))
                } else if board.is_done() {
                    Some(Next::End(board.back.take()))
                } else {
                    board.next_job(FIRST).map(Next::Work)
                }
            });
            match next {
                Next::Work(job) => self.work(job)?,
                Next::End(Some(back)) => break back,
                Next::End(None) => return Ok(()),
            }
        };
        // From now on shards have to know how rows are written.
        back.begin(time_digits)?;
        self.share_encoder(&back);
        let shards = {
            let mut board = self.board();
            board.phase = Phase::Rest;
            self.ring(&board);
            board.shards.len()
        };
        back.take_rest(time_digits, shards, |shard, out| self.next_rest(shard, out))
    }

    /// The next of a shard's last rows; false when there are none left.
    fn next_rest(&self, at: usize, out: &mut Output) -> bool {
        enum Next<J> {
            Rows(Output),
            Work(J),
            End,
        }
        loop {
            let next = self.wait(|board| {
                let Some(desk) = board.shards.get_mut(at).filter(|_| board.phase == Phase::Rest) else {
                    return Some(Next::End);
                };
                if let Some(rows) = desk.rest.pop_front() {
                    Some(Next::Rows(rows))
                } else if desk.ending == Ending::Left {
                    Some(Next::End)
                } else {
                    // Somebody else may be at it.
                    board.leaving(at, FIRST).map(Next::Work)
                }
            });
            match next {
                Next::Rows(rows) => {
                    let mut board = self.board();
                    board.spare_outputs.push(std::mem::replace(out, rows));
                    self.ring(&board);
                    return true;
                }
                Next::Work(job) => {
                    if self.work(job).is_err() {
                        return false; // not of this kind of work
                    }
                }
                Next::End => return false,
            }
        }
    }

    /// Does a piece of work, and says so.
    fn work(&self, job: Job<'a, D>) -> Result<(), report::Error> {
        match job {
            Job::Analyse(at, mut shard, batch, mut out) => {
                self.tell_encoder(&mut shard);
                shard.on_batch(&batch, &mut out);
                drop(batch);
                let mut board = self.board();
                board.analysed(at, shard, out);
                self.ring(&board);
            }
            Job::Write(mut back, mut under_way) => {
                let written = back.take(under_way.number, under_way.time_digits, &mut under_way.outputs);
                self.share_encoder(&back);
                let mut board = self.board();
                board.rows = back.rows();
                board.back = Some(back);
                board.spare_outputs.append(&mut under_way.outputs);
                if written.is_err() {
                    board.phase = Phase::Over;
                }
                self.ring(&board);
                return written;
            }
            Job::Leave(at, mut shard, mut out) => {
                self.tell_encoder(&mut shard);
                let ending = self.board().shards.get(at).map(|desk| desk.ending);
                let more = if ending == Some(Ending::Open) {
                    shard.finish(&mut out);
                    true
                } else {
                    shard.leave_some(&mut out)
                };
                let mut board = self.board();
                if let Some(desk) = board.shards.get_mut(at) {
                    desk.shard = Some(shard);
                    desk.rest.push_back(out);
                    desk.ending = if more { Ending::Leaving } else { Ending::Left };
                }
                self.ring(&board);
            }
        }
        Ok(())
    }

    /// What all shards saw.
    pub fn totals(&self) -> ShardTotals {
        let board = self.board();
        let shards = board.shards.iter().filter_map(|desk| desk.shard.as_ref());
        shards.map(|shard| shard.totals()).fold(ShardTotals::default(), ShardTotals::plus)
    }

    /// Waits until there is something.
    fn wait<T>(&self, mut next: impl FnMut(&mut Board<'a, D>) -> Option<T>) -> T {
        let mut board = self.board();
        loop {
            if let Some(found) = next(&mut board) {
                return found;
            }
            board.idle += 1;
            board = self.changed.wait(board).unwrap_or_else(PoisonError::into_inner);
            board.idle -= 1;
        }
    }

    /// Something has changed.
    fn ring(&self, board: &Board<'a, D>) {
        if board.idle > 0 {
            self.changed.notify_all();
        }
    }

    fn board(&self) -> MutexGuard<'_, Board<'a, D>> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From the first row on, rows are written where they are made.
    fn share_encoder(&self, back: &Back<'a, D>) {
        if self.encoder.get().is_none()
            && let Some(encoder) = back.encoder()
        {
            let _ = self.encoder.set(encoder);
        }
    }

    fn tell_encoder(&self, shard: &mut Shard<D::Sink>) {
        if !shard.has_encoder()
            && let Some(encoder) = self.encoder.get()
        {
            shard.set_encoder(Arc::clone(encoder));
        }
    }
}

/// See [`Crew::bell`].
pub struct Bell<'c, 'a, D: Destination>(&'c Crew<'a, D>);

impl<D: Destination> Drop for Bell<'_, '_, D> {
    fn drop(&mut self) {
        let mut board = self.0.board.lock().unwrap_or_else(PoisonError::into_inner);
        board.phase = Phase::Over;
        self.0.changed.notify_all();
    }
}

/// The threads that help.
pub struct Helpers<'scope>(Vec<ScopedJoinHandle<'scope, Result<(), report::Error>>>);

impl Helpers<'_> {
    /// Waits until they have ended.
    ///
    /// # Errors
    /// One of them could not write the report.
    pub fn wait(self) -> Result<(), report::Error> {
        let join = |helper: ScopedJoinHandle<'_, _>| helper.join().unwrap_or_else(|p| std::panic::resume_unwind(p));
        let ends: Vec<Result<(), report::Error>> = self.0.into_iter().map(join).collect();
        ends.into_iter().collect()
    }
}
