//! The last stage: what the shards made of each batch, brought into one order and written.

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
    heard: Vec<Heard>,
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
        Self { destination, live, numbers, begun: false, order: Vec::new(), heard: Vec::new(), rows: 0 }
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
            if let Some(&place) = self.order.get(i)
                && let Some(out) = outputs.get(place.shard)
            {
                self.hand_on(out, place.index, place.flow_id)?;
            }
        }
        self.flush()
    }

    /// Brings what all shards heard in one order.
    fn take_events(&mut self, time_digits: u8, outputs: &mut [Output]) -> Result<(), report::Error> {
        if outputs.iter().all(|out| out.heard.is_empty()) {
            return Ok(());
        }
        self.begin(time_digits)?;
        let mut heard = std::mem::take(&mut self.heard);
        heard.clear();
        for out in outputs {
            heard.append(&mut out.heard);
        }
        self.name(&mut heard);
        heard.sort_by_key(|heard| heard.moment);
        self.destination.events(&heard)?;
        self.heard = heard;
        Ok(())
    }

    /// Puts numbers for places.
    fn name(&mut self, heard: &mut [Heard]) {
        let Some(numbers) = &mut self.numbers else { return };
        for heard in heard {
            heard.flow_id = numbers.take(heard.flow_id);
            if heard.moment.index == u32::MAX {
                heard.moment.leaving = numbers.take(heard.moment.leaving);
            }
        }
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
        self.name(heard);
        self.destination.events(heard)
    }

    /// Hands on the row with this index among those of an output; its number is known.
    fn hand_on(&mut self, out: &Output, index: usize, flow_id: u64) -> Result<(), report::Error> {
        self.rows += 1;
        if let Some(row) = out.rows.get(index) {
            return self.destination.row(&row.record);
        }
        match out.written.get(index - out.rows.len()) {
            Some(row) => self.destination.written(flow_id, out.text.row(row.span)),
            None => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<(), report::Error> {
        if self.live { self.destination.flush() } else { Ok(()) }
    }

    /// The rows that were left at the end of the capture: those of each shard are in the order of their numbers. `next` gives the next few of
    /// a shard into an output that it first has to clear; false when there are no more.
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
            head.refill(|out| next(shard, out));
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

fn number(numbers: &mut Option<Numbers>, place: u64) -> u64 {
    numbers.as_mut().map_or(place, |numbers| numbers.take(place))
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
