//! The last stage: what the shards made of each batch, brought into one order and written.

use std::collections::VecDeque;
use std::sync::Arc;

use super::destination::Destination;
use super::numbers::Numbers;
use super::shard::Output;
use super::sink::{FlowSink, Heard};
use crate::base::Timestamp;
use crate::report::format::{RowEncoder, RunMeta};
use crate::report::{self, Precision};

/// Brings rows in order, gives them their numbers, and hands them on.
pub struct Back<'a, D> {
    destination: &'a mut D,
    /// Rows are flushed as they come.
    live: bool,
    /// Numbers of connections; `None` where the only shard there is gives them itself.
    numbers: Option<Numbers>,
    begun: bool,
    order: Vec<Place>,
    told: Telling,
    /// Rows handed on.
    rows: u64,
}

/// Where a row of the batch at hand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    final_at: Timestamp,
    flow_id: u64,
    shard: usize,
    index: usize,
}

impl<'a, D: Destination> Back<'a, D> {
    /// For the results of shards.
    pub fn new(destination: &'a mut D, live: bool) -> Self {
        let numbers = (!D::Sink::ALONE).then(|| if D::Sink::LISTENS { Numbers::lasting() } else { Numbers::default() });
        Self { destination, live, numbers, begun: false, order: Vec::new(), told: Telling::default(), rows: 0 }
    }

    /// The first result is about to come.
    ///
    /// # Errors
    /// The report cannot be written.
    pub fn begin(&mut self, time_digits: u8) -> Result<(), report::Error> {
        if !std::mem::replace(&mut self.begun, true) {
            let precision = if time_digits > 6 { Precision::Nanos } else { Precision::Micros };
            self.destination.begin(&RunMeta { precision })?;
        }
        Ok(())
    }

    /// What writes rows where they are made, once the report has begun.
    pub fn encoder(&self) -> Option<Arc<dyn RowEncoder>> {
        if self.begun { self.destination.encoder() } else { None }
    }

    /// Rows handed on.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// A sink that has to hear of everything in order has done so.
    ///
    /// # Errors
    /// The report cannot be written.
    pub fn hear(&mut self, time_digits: u8, sink: &mut D::Sink) -> Result<(), report::Error> {
        if D::Sink::LISTENS && D::Sink::ALONE {
            self.begin(time_digits)?;
            self.destination.heard(sink)?;
        }
        Ok(())
    }

    /// What the shards made of a batch.
    ///
    /// # Errors
    /// The report cannot be written.
    pub fn take(&mut self, batch: u64, time_digits: u8, outputs: &mut [Output]) -> Result<(), report::Error> {
        if let Some(numbers) = &mut self.numbers {
            numbers.open(batch, outputs.iter().map(|out| out.opened.as_slice()));
        }
        self.take_events(time_digits, outputs)?;
        if outputs.iter().all(|out| out.rows.is_empty() && out.written.is_empty()) {
            return Ok(());
        }
        self.begin(time_digits)?;
        self.order.clear();
        if let Some(numbers) = &self.numbers {
            let places = outputs.iter().flat_map(|out| out.written.iter().map(|row| row.flow_id));
            places.for_each(|place| numbers.prefetch(place));
        }
        for (shard, out) in outputs.iter_mut().enumerate() {
            for row in &mut out.rows {
                row.record.flow_id = number(&mut self.numbers, row.record.flow_id);
            }
            for row in &mut out.written {
                row.flow_id = number(&mut self.numbers, row.flow_id);
            }
            let rows = out.rows.iter().map(|row| (row.final_at, row.record.flow_id));
            let written = out.written.iter().map(|row| (row.final_at, row.flow_id));
            let places = rows.chain(written).enumerate();
            self.order.extend(places.map(|(index, (final_at, flow_id))| Place { final_at, flow_id, shard, index }));
        }
        self.order.sort_unstable();
        for i in 0..self.order.len() {
            if let Some(later) = self.order.get(i + 2)
                && let Some(out) = outputs.get(later.shard)
            {
                out.prefetch(later.index);
            }
            if let Some(&place) = self.order.get(i)
                && let Some(out) = outputs.get(place.shard)
            {
                self.hand_on(out, place.index, place.flow_id)?;
            }
        }
        self.flush()
    }

    /// Brings what all shards heard in one order, and hands on what none can hear of any more.
    fn take_events(&mut self, time_digits: u8, outputs: &mut [Output]) -> Result<(), report::Error> {
        if !D::Sink::LISTENS {
            return Ok(());
        }
        let waits = outputs.iter().filter_map(|out| out.waits_since).min();
        self.told.end_batch(outputs.iter().map(|out| out.heard_to).max().unwrap_or(0));
        for out in outputs {
            name(&mut self.numbers, &mut out.heard);
            self.told.hear(&mut out.heard);
        }
        self.tell(time_digits, waits.unwrap_or(u64::MAX))
    }

    /// Hands on what happened in the batches that ended before this frame.
    fn tell(&mut self, time_digits: u8, before: u64) -> Result<(), report::Error> {
        while let Some(heard) = self.told.next(before) {
            if !heard.is_empty() {
                self.begin(time_digits)?;
            }
            for heard in self.told.order(&heard) {
                self.destination.event(heard)?;
            }
            self.told.give_back(heard);
        }
        Ok(())
    }

    /// Hands on what was heard when the connection at this place left, which is the next there is.
    fn events_of(&mut self, out: &mut Output, told: &mut usize, place: u64) -> Result<(), report::Error> {
        let rest = out.heard.get_mut(*told..).unwrap_or_default();
        let count = rest.iter().take_while(|heard| heard.moment.leaving == place).count();
        let heard = rest.get_mut(..count).unwrap_or_default();
        *told += count;
        if heard.is_empty() {
            return Ok(());
        }
        name(&mut self.numbers, heard);
        heard.iter().try_for_each(|heard| self.destination.event(heard))
    }

    /// Hands on the row with this index among those of an output; its number is known.
    fn hand_on(&mut self, out: &Output, index: usize, flow_id: u64) -> Result<(), report::Error> {
        self.rows += 1;
        if let Some(row) = out.rows.get(index) {
            return self.destination.row(&row.record);
        }
        match out.written_row(index) {
            Some(row) => self.destination.written(flow_id, out.text.row(row.span)),
            None => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<(), report::Error> {
        if self.live { self.destination.flush() } else { Ok(()) }
    }

    /// The rows that were left at the end of the capture: those of each shard are in the order of their numbers. `next` gives the next few of
    /// a shard into an output that it first has to clear; false when there are no more. What it gives first comes of
    /// telling the shard that the capture is over.
    ///
    /// # Errors
    /// The report cannot be written.
    pub fn take_rest(
        &mut self,
        time_digits: u8,
        shards: usize,
        mut next: impl FnMut(usize, &mut Output) -> bool,
    ) -> Result<(), report::Error> {
        let mut heads: Vec<Head> = (0..shards).map(|_| Head::default()).collect();
        for (shard, head) in heads.iter_mut().enumerate() {
            // First each shard has everything looked at that waits.
            if next(shard, &mut head.out) {
                self.told.end_batch(head.out.heard_to);
                name(&mut self.numbers, &mut head.out.heard);
                self.told.hear(&mut head.out.heard);
            }
        }
        self.tell(time_digits, u64::MAX)?;
        for (shard, head) in heads.iter_mut().enumerate() {
            if head.place().is_none() {
                head.refill(|out| next(shard, out));
            }
        }
        loop {
            let first = heads.iter().enumerate().filter_map(|(shard, head)| Some((head.place()?, shard))).min();
            let Some((place, shard)) = first else { break };
            self.begin(time_digits)?;
            if let Some(head) = heads.get_mut(shard) {
                self.events_of(&mut head.out, &mut head.told, place)?;
                let flow_id = number(&mut self.numbers, place);
                if let Some(row) = head.out.rows.get_mut(head.at) {
                    row.record.flow_id = flow_id;
                }
                self.hand_on(&head.out, head.at, flow_id)?;
                head.at += 1;
                if head.place().is_none() {
                    head.refill(|out| next(shard, out));
                }
            }
        }
        self.begin(time_digits)?;
        self.flush()
    }
}

/// Puts numbers for places. What is heard of a connection mostly comes together.
fn name(numbers: &mut Option<Numbers>, heard: &mut [Heard]) {
    let Some(numbers) = numbers else { return };
    let mut last = None;
    for heard in heard {
        let place = heard.flow_id;
        heard.flow_id = match last {
            Some((before, number)) if before == place => number,
            _ => numbers.take(place),
        };
        last = Some((place, heard.flow_id));
        if heard.moment.is_behind() {
            heard.moment.leaving =
                if heard.moment.leaving == place { heard.flow_id } else { numbers.take(heard.moment.leaving) };
        }
    }
}

fn number(numbers: &mut Option<Numbers>, place: u64) -> u64 {
    numbers.as_mut().map_or(place, |numbers| numbers.take(place))
}

/// What was heard, by the batches in which it happened: some of it is heard of only batches later.
#[derive(Default)]
struct Telling {
    /// The last frame of each batch, the oldest first, and what happened until then.
    batches: VecDeque<(u64, Vec<Heard>)>,
    spare: Vec<Vec<Heard>>,
    order: Vec<u64>,
}

/// What happens in a batch is counted with so many bits.
const PLACE_BITS: u32 = 28;

impl Telling {
    /// A batch ends with this frame.
    fn end_batch(&mut self, frame: u64) {
        let heard = self.spare.pop().unwrap_or_default();
        self.batches.push_back((frame, heard));
    }

    /// Puts what was heard where it happened.
    fn hear(&mut self, heard: &mut Vec<Heard>) {
        // Most of it happened where the one before did.
        let (mut from, mut to, mut at) = (1, 0, 0);
        for heard in heard.drain(..) {
            let frame = heard.moment.frame();
            if !(from..=to).contains(&frame) {
                let last = self.batches.len().saturating_sub(1);
                at = self.batches.partition_point(|&(to, _)| to < frame).min(last);
                let end = |at: usize| self.batches.get(at).map_or(0, |&(to, _)| to);
                (from, to) = (if at > 0 { end(at - 1) + 1 } else { 0 }, end(at));
            }
            if let Some((_, batch)) = self.batches.get_mut(at) {
                batch.push(heard);
            }
        }
    }

    /// What happened in the next batch, if that ended before this frame.
    fn next(&mut self, before: u64) -> Option<Vec<Heard>> {
        let &(to, _) = self.batches.front()?;
        if to < before { self.batches.pop_front().map(|(_, heard)| heard) } else { None }
    }

    /// The order in which it happened: what one segment led to was heard in its order.
    fn order<'h>(&mut self, heard: &'h [Heard]) -> impl Iterator<Item = &'h Heard> {
        let first = heard.iter().map(|heard| heard.moment.frame()).min().unwrap_or(0);
        self.order.clear();
        // Frames of a batch are near each other: a moment, and its place among those that are alike, fit into a word.
        let places = heard.iter().zip(0u64..).map(|(heard, at)| (heard.moment.since(first) << PLACE_BITS) | at);
        self.order.extend(places);
        self.order.sort_unstable();
        let place = |at: &u64| (at & ((1 << PLACE_BITS) - 1)) as usize;
        for alike in self.order.chunk_by_mut(|a, b| a >> PLACE_BITS == b >> PLACE_BITS).filter(|alike| alike.len() > 1)
        {
            alike.sort_by_key(|at| heard.get(place(at)).map(|heard| heard.moment));
        }
        self.order.iter().filter_map(move |at| heard.get(place(at)))
    }

    /// Takes a buffer back.
    fn give_back(&mut self, mut heard: Vec<Heard>) {
        heard.clear();
        self.spare.push(heard);
    }
}

/// The next rows of a shard at the end.
#[derive(Default)]
struct Head {
    out: Output,
    at: usize,
    /// Events of it that were handed on.
    told: usize,
}

impl Head {
    fn place(&self) -> Option<u64> {
        if let Some(row) = self.out.rows.get(self.at) {
            return Some(row.record.flow_id);
        }
        self.out.written.get(self.at - self.out.rows.len()).map(|row| row.flow_id)
    }

    fn refill(&mut self, mut next: impl FnMut(&mut Output) -> bool) {
        (self.at, self.told) = (0, 0);
        while next(&mut self.out) {
            if self.place().is_some() {
                return;
            }
        }
        self.out.clear();
    }
}
