//! Who hears of what happens on connections.

use crate::base::Segment;
use crate::tcp::{Event, EventSink, Verdict};

/// Who wants to know what happens on which connection.
pub trait FlowSink {
    /// Whether anybody listens.
    const LISTENS: bool = true;

    /// Something happened on connection `flow_id`.
    fn event(&mut self, flow_id: u64, event: Event);

    /// A segment of connection `flow_id` was looked at.
    fn segment(&mut self, flow_id: u64, segment: &Segment, sender: usize, verdict: Option<&Verdict>) {
        let _ = (flow_id, segment, sender, verdict);
    }
}

/// Nobody.
impl FlowSink for () {
    const LISTENS: bool = false;

    fn event(&mut self, _: u64, _: Event) {}
}

/// All of them, in the order in which they were decided.
impl FlowSink for Vec<(u64, Event)> {
    fn event(&mut self, flow_id: u64, event: Event) {
        self.push((flow_id, event));
    }
}

/// The events of one connection on their way to those who want those of all.
pub struct Of<'a, S> {
    pub flow_id: u64,
    pub sink: &'a mut S,
}

impl<S: FlowSink> EventSink for Of<'_, S> {
    const LISTENS: bool = S::LISTENS;

    fn event(&mut self, event: Event) {
        self.sink.event(self.flow_id, event);
    }

    fn segment(&mut self, segment: &Segment, sender: usize, verdict: Option<&Verdict>) {
        self.sink.segment(self.flow_id, segment, sender, verdict);
    }
}
