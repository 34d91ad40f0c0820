//! Where the results of a run go.

use std::sync::Arc;

use super::sink::{FlowSink, Heard};
use crate::report::format::{BoxedReporter, RowEncoder, RunMeta};
use crate::report::rows::EncodedRow;
use crate::report::schema::Column;
use crate::report::{self, FlowRecord, RunTotals};

/// Takes the results of a run, in their order.
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
    fn row(&mut self, record: &FlowRecord) -> Result<(), report::Error>;

    /// What writes rows in other threads, for [`Destination::written`]; `None` if the destination has to see the records themselves. It is
    /// there from [`Destination::begin`] on.
    fn encoder(&self) -> Option<Arc<dyn RowEncoder>> {
        None
    }

    /// A connection is final, and its row is written already.
    ///
    /// # Errors
    /// The report cannot be written.
    fn written(&mut self, flow_id: u64, row: EncodedRow<'_>) -> Result<(), report::Error> {
        let _ = (flow_id, row);
        Ok(())
    }

    /// Something has happened, on a connection whose row is still to come unless it is a late packet.
    ///
    /// # Errors
    /// The report cannot be written.
    fn event(&mut self, heard: &Heard) -> Result<(), report::Error> {
        let _ = heard;
        Ok(())
    }

    /// A sink that has to hear of everything in order has done so, as far as the capture was read.
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

    fn row(&mut self, record: &FlowRecord) -> Result<(), report::Error> {
        self.reporter.flow(record)
    }

    fn encoder(&self) -> Option<Arc<dyn RowEncoder>> {
        self.reporter.encoder()
    }

    fn written(&mut self, flow_id: u64, row: EncodedRow<'_>) -> Result<(), report::Error> {
        self.reporter.encoded(flow_id, row)
    }

    fn flush(&mut self) -> Result<(), report::Error> {
        self.reporter.flush()
    }

    fn finish(&mut self, totals: &RunTotals) -> Result<(), report::Error> {
        self.reporter.finish(totals)
    }
}
