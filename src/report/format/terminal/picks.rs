//! The connections that the terminal report shows: the most interesting ones, in bounded memory.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::interest::{Cause, Symptom, score};
use crate::report::columns::whole::stream_bytes;
use crate::report::record::FlowRecord;

/// A connection that may be shown.
#[derive(Clone, Debug)]
pub struct Pick {
    /// It.
    pub record: FlowRecord,
    /// What is wrong with it, worst first.
    pub symptoms: Vec<Symptom>,
    rank: Rank,
}

/// The order: by score, then by bytes, then as they began.
type Rank = (u64, u64, Reverse<u64>);

impl Pick {
    fn cause(&self) -> Cause {
        self.symptoms.first().map_or(Cause::None, |s| s.cause())
    }
}

impl PartialEq for Pick {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}

impl Eq for Pick {}

impl PartialOrd for Pick {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Pick {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank.cmp(&other.rank)
    }
}

/// Keeps the best of each cause, so that ten thousand refused connections do not hide the one that stalled.
#[derive(Debug)]
pub struct Picks {
    limit: Option<usize>,
    by_cause: Vec<(Cause, BinaryHeap<Reverse<Pick>>)>,
}

impl Picks {
    /// Room for `limit` connections, or for all.
    pub fn new(limit: Option<usize>) -> Self {
        Self { limit, by_cause: Cause::ALL.into_iter().map(|c| (c, BinaryHeap::new())).collect() }
    }

    /// Offers a connection with its symptoms, worst first; it is copied only if it gets a place.
    pub fn offer(&mut self, record: &FlowRecord, symptoms: Vec<Symptom>) {
        let rank = (score(&symptoms), stream_bytes(record).unwrap_or(0), Reverse(record.flow_id));
        let cause = symptoms.first().map_or(Cause::None, |s| s.cause());
        let Some((_, heap)) = self.by_cause.iter_mut().find(|(c, _)| *c == cause) else {
            return;
        };
        if let Some(limit) = self.limit
            && heap.len() >= limit
        {
            if heap.peek().is_none_or(|worst| worst.0.rank >= rank) {
                return;
            }
            heap.pop();
        }
        heap.push(Reverse(Pick { record: record.clone(), symptoms, rank }));
    }

    /// The connections to show, most interesting first. One cause takes more than half of the places only if the others leave them.
    pub fn into_best(self) -> Vec<Pick> {
        let mut all: Vec<Pick> = self.by_cause.into_iter().flat_map(|(_, heap)| heap).map(|Reverse(p)| p).collect();
        all.sort_by(|a, b| b.cmp(a));
        let Some(limit) = self.limit.filter(|limit| *limit < all.len()) else {
            return all;
        };
        let mut taken: Vec<(Cause, usize)> = Cause::ALL.map(|c| (c, 0)).to_vec();
        let (mut chosen, rest): (Vec<Pick>, Vec<Pick>) = all.into_iter().partition(|pick| {
            let Some((_, n)) = taken.iter_mut().find(|(c, _)| *c == pick.cause()) else {
                return false;
            };
            *n += 1;
            *n <= limit.div_ceil(2)
        });
        chosen.truncate(limit);
        let free = limit - chosen.len();
        chosen.extend(rest.into_iter().take(free));
        chosen.sort_by(|a, b| b.cmp(a));
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::format::terminal::interest::symptoms;
    use crate::report::sample;

    fn shown(limit: Option<usize>, records: &[FlowRecord]) -> Vec<u64> {
        let mut picks = Picks::new(limit);
        for record in records {
            picks.offer(record, symptoms(record));
        }
        picks.into_best().into_iter().map(|p| p.record.flow_id).collect()
    }

    fn numbered(id: u64, mut record: FlowRecord) -> FlowRecord {
        record.flow_id = id;
        record
    }

    #[test]
    fn one_trouble_does_not_hide_the_others() {
        let mut records: Vec<_> = (0..50).map(|id| numbered(id, sample::bare())).collect();
        records.push(numbered(50, sample::full()));
        records.push(numbered(51, sample::healthy()));
        assert_eq!(shown(Some(6), &records), [0, 1, 2, 3, 50, 51]);
        assert_eq!(shown(Some(1), &records), [0]);
        assert_eq!(shown(Some(0), &records), []);
        assert_eq!(shown(None, &records).len(), 52);
    }

    #[test]
    fn healthy_ones_are_ordered_by_bytes() {
        let records: Vec<_> = (0..9)
            .map(|id| {
                let mut record = numbered(id, sample::healthy());
                record.summary.halves[0].stream.as_mut().unwrap().stream_bytes = id * 1_000;
                record
            })
            .collect();
        assert_eq!(shown(Some(3), &records), [8, 7, 6]);
    }
}
