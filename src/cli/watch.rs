//! A live run says what is wrong while it goes on: who captures for months does not wait for the report at the end.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::findings::{Code, Finding, Severity, Subject, Survey};
use crate::pipeline::{Destination, Rows};
use crate::report::{Error, FlowRecord, RunMeta, RunTotals};

/// It looks at what it has seen so often.
const EVERY: Duration = Duration::from_secs(10);
/// So much that was told is remembered; then it may be told again.
const MOST: usize = 4_096;

/// Writes rows, and tells of each finding of severity warning and above once, when it first shows. Those of one connection alone are told in
/// its row.
pub struct Watch<T> {
    rows: Rows,
    survey: Survey,
    told: HashSet<(Code, Subject)>,
    looked: Instant,
    tell: T,
}

impl<T: FnMut(&Finding)> Watch<T> {
    /// Rows go there, and `tell` hears of what is found.
    pub fn new(rows: Rows, tell: T) -> Self {
        Self { rows, survey: Survey::default(), told: HashSet::new(), looked: Instant::now(), tell }
    }

    fn look(&mut self) {
        self.looked = Instant::now();
        for finding in self.survey.findings() {
            let single = matches!(finding.subject, Subject::Connection { .. });
            if finding.code.severity() < Severity::Warning || single {
                continue;
            }
            if self.told.len() >= MOST {
                self.told.clear();
            }
            if self.told.insert((finding.code, finding.subject)) {
                (self.tell)(&finding);
            }
        }
    }
}

impl<T: FnMut(&Finding) + Send> Destination for Watch<T> {
    type Sink = ();

    fn sink(&self) {}

    fn begin(&mut self, meta: &RunMeta) -> Result<(), Error> {
        self.rows.begin(meta)
    }

    fn row(&mut self, record: &FlowRecord) -> Result<(), Error> {
        self.survey.add(&record.sighting());
        self.rows.row(record)
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.looked.elapsed() >= EVERY {
            self.look();
        }
        self.rows.flush()
    }

    fn finish(&mut self, totals: &RunTotals) -> Result<(), Error> {
        self.look();
        self.rows.finish(totals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::format::by_name;
    use crate::report::{Options, sample, schema};
    use crate::tcp::{End, HandshakeOutcome};

    fn told(refused: u64) -> Vec<Code> {
        let format = by_name("csv").unwrap();
        let reporter = (format.open)(Box::new(std::io::sink()), &Options::default());
        let mut told = Vec::new();
        let mut watch =
            Watch::new(Rows { reporter, columns: schema::all() }, |finding: &Finding| told.push(finding.code));
        watch.begin(&RunMeta::default()).unwrap();
        for flow_id in 0..refused {
            let mut record = FlowRecord { flow_id, ..sample::bare() };
            record.summary.handshake.outcome = HandshakeOutcome::RefusedRst;
            record.summary.teardown.end = End::Refused;
            watch.row(&record).unwrap();
        }
        watch.look();
        watch.finish(&RunTotals::default()).unwrap();
        told
    }

    #[test]
    fn what_is_wrong_is_told_once() {
        assert_eq!(told(40), [Code::ServiceDown]);
    }

    #[test]
    fn a_single_refusal_is_no_alarm() {
        assert_eq!(told(1), []);
    }
}
