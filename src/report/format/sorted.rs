//! Any report, in the order of a column. It holds all records until the run is over: memory grows with the connections.

use std::cmp::Ordering;
use std::str::FromStr;

use super::{Reporter, RunMeta};
use crate::report::error::Error;
use crate::report::record::{FlowRecord, RunTotals};
use crate::report::schema::{self, Column};

/// What to sort by: `COLUMN`, `COLUMN:asc` or `COLUMN:desc`.
#[derive(Clone, Copy, Debug)]
pub struct SortKey {
    /// The column.
    pub column: &'static Column,
    /// Largest first.
    pub descending: bool,
}

impl SortKey {
    /// The order of two records. Where the column is empty comes last in either direction.
    fn compare(&self, a: &FlowRecord, b: &FlowRecord) -> Ordering {
        let (a, b) = (self.column.value(a), self.column.value(b));
        let order = a.compare(&b);
        if self.descending && !a.is_null() && !b.is_null() { order.reverse() } else { order }
    }
}

impl FromStr for SortKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (name, order) = text.split_once(':').unwrap_or((text, "asc"));
        let descending = match order {
            "asc" => false,
            "desc" => true,
            _ => return Err(Error::BadOrder(text.to_owned())),
        };
        Ok(SortKey { column: schema::find(name)?, descending })
    }
}

/// A reporter that puts the records in order before it hands them on. Those that are equal keep theirs.
#[derive(Debug)]
pub struct Sorted<R> {
    inner: R,
    key: SortKey,
    records: Vec<FlowRecord>,
}

impl<R: Reporter> Sorted<R> {
    /// `inner`, but sorted.
    pub const fn new(inner: R, key: SortKey) -> Self {
        Self { inner, key, records: Vec::new() }
    }
}

impl<R: Reporter> Reporter for Sorted<R> {
    fn begin(&mut self, meta: &RunMeta, columns: &[&'static Column]) -> Result<(), Error> {
        self.inner.begin(meta, columns)
    }

    fn flow(&mut self, record: &FlowRecord) -> Result<(), Error> {
        self.records.push(record.clone());
        Ok(())
    }

    fn finish(&mut self, totals: &RunTotals) -> Result<(), Error> {
        self.records.sort_by(|a, b| self.key.compare(a, b));
        for record in std::mem::take(&mut self.records) {
            self.inner.flow(&record)?;
        }
        self.inner.finish(totals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    struct Ids(Vec<u64>);

    impl Reporter for Ids {
        fn begin(&mut self, _: &RunMeta, _: &[&'static Column]) -> Result<(), Error> {
            Ok(())
        }
        fn flow(&mut self, record: &FlowRecord) -> Result<(), Error> {
            self.0.push(record.flow_id);
            Ok(())
        }
        fn finish(&mut self, _: &RunTotals) -> Result<(), Error> {
            Ok(())
        }
    }

    fn order(key: &str, rtts: &[Option<i64>]) -> Vec<u64> {
        let mut sorted = Sorted::new(Ids(Vec::new()), key.parse().unwrap());
        for (id, rtt) in (0..).zip(rtts) {
            let mut record = sample::full();
            record.flow_id = id;
            record.summary.rtt_min = rtt.map(crate::base::Nanos);
            sorted.flow(&record).unwrap();
        }
        sorted.finish(&RunTotals::default()).unwrap();
        sorted.inner.0
    }

    #[test]
    fn empty_cells_come_last_and_equals_keep_their_order() {
        let rtts = [Some(5), None, Some(9), Some(5)];
        assert_eq!(order("rtt_min_ms", &rtts), [0, 3, 2, 1]);
        assert_eq!(order("rtt_min_ms:asc", &rtts), [0, 3, 2, 1]);
        assert_eq!(order("rtt_min_ms:desc", &rtts), [2, 0, 3, 1]);
        assert_eq!(order("flow_id:desc", &rtts), [3, 2, 1, 0]);
    }

    #[test]
    fn the_key_is_checked() {
        assert!(matches!("rtt_min_ms:up".parse::<SortKey>(), Err(Error::BadOrder(_))));
        assert!(matches!("rtt_min".parse::<SortKey>(), Err(Error::UnknownColumn { .. })));
    }
}
