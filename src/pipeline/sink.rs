//! Who hears of what happens on connections.

use crate::base::{Segment, Timestamp};
use crate::tcp::{Event, EventSink, Verdict};

/// When something was decided, in an order that does not depend on who decided it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Index of the segment of the batch that led to it; `u32::MAX` for what the end of the batch, or of the capture, led to.
    pub index: u32,
    /// Then: when the connection became final whose leaving led to it,
    pub final_at: Timestamp,
    /// and its number.
    pub leaving: u64,
}

/// Something that happened on a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    /// When that was decided.
    pub moment: Moment,
    /// The connection.
    pub flow_id: u64,
    /// What happened.
    pub event: Event,
}

/// Who wants to know what happens on which connection.
pub trait FlowSink: Send {
    /// Whether anybody listens.
    const LISTENS: bool = true;
    /// Whether it has to hear of everything in its order, so that no two shards may work for it.
    const ALONE: bool = true;

    /// Something happened on connection `flow_id`.
    fn event(&mut self, moment: Moment, flow_id: u64, event: Event);

    /// A segment of connection `flow_id` was looked at.
    fn segment(&mut self, flow_id: u64, segment: &Segment, sender: usize, verdict: Option<&Verdict>) {
        let _ = (flow_id, segment, sender, verdict);
    }

    /// Gives up what it has collected for [`Destination::events`](super::Destination::events).
    fn hand_over(&mut self, heard: &mut Vec<Heard>) {
        let _ = heard;
    }
}

/// Nobody.
impl FlowSink for () {
    const LISTENS: bool = false;
    const ALONE: bool = false;

    fn event(&mut self, _: Moment, _: u64, _: Event) {}
}

/// All of them, in the order in which they were decided.
impl FlowSink for Vec<(u64, Event)> {
    fn event(&mut self, _: Moment, flow_id: u64, event: Event) {
        self.push((flow_id, event));
    }
}

/// Collects events for a destination that writes them.
#[derive(Debug, Default)]
pub struct Collector {
    heard: Vec<Heard>,
}

impl FlowSink for Collector {
    const ALONE: bool = false;

    fn event(&mut self, moment: Moment, flow_id: u64, event: Event) {
        self.heard.push(Heard { moment, flow_id, event });
    }

    fn hand_over(&mut self, heard: &mut Vec<Heard>) {
        std::mem::swap(&mut self.heard, heard);
        self.heard.clear();
    }
}

/// The events of one connection on their way to those who want those of all.
pub struct Of<'a, S> {
    pub moment: Moment,
    pub flow_id: u64,
    pub sink: &'a mut S,
}

impl<S: FlowSink> EventSink for Of<'_, S> {
    const LISTENS: bool = S::LISTENS;

    fn event(&mut self, event: Event) {
        self.sink.event(self.moment, self.flow_id, event);
    }

    fn segment(&mut self, segment: &Segment, sender: usize, verdict: Option<&Verdict>) {
        self.sink.segment(self.flow_id, segment, sender, verdict);
    }
}
