//! Who hears of what happens on connections.

use crate::base::{Segment, Timestamp};
use crate::tcp::{Event, EventSink, Verdict};

/// When something was decided, in an order that does not depend on who decided it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Twice the number of the frame that led to it, and one more for what came behind that frame: at the end of a batch, or of the capture.
    at: u64,
    /// Then: when the connection became final whose leaving led to it,
    pub final_at: Timestamp,
    /// and its number.
    pub leaving: u64,
}

impl Moment {
    /// When this frame was looked at.
    #[inline]
    pub fn of(frame: u64) -> Self {
        Self { at: frame << 1, ..Self::default() }
    }

    /// When connection `leaving` left, which was final since `final_at`, behind this frame.
    pub const fn behind(frame: u64, final_at: Timestamp, leaving: u64) -> Self {
        Self { at: frame << 1 | 1, final_at, leaving }
    }

    /// The frame that led to it, or the one before.
    pub const fn frame(&self) -> u64 {
        self.at >> 1
    }

    /// How long after this frame it was, in a measure of its own: alike for those that differ in who left.
    pub const fn since(&self, frame: u64) -> u64 {
        self.at.saturating_sub(frame << 1)
    }

    /// No segment led to it, but the leaving of a connection.
    pub const fn is_behind(&self) -> bool {
        self.at & 1 != 0
    }
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

    /// Gives up what it has collected for [`Destination::event`](super::Destination::event).
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
        if heard.is_empty() {
            std::mem::swap(&mut self.heard, heard);
        } else {
            heard.append(&mut self.heard);
        }
    }
}

/// The events of one connection on their way to those who want those of all.
pub struct Of<'a, S> {
    pub moment: Moment,
    pub flow_id: u64,
    /// They were heard before.
    pub told: bool,
    pub sink: &'a mut S,
}

impl<S: FlowSink> EventSink for Of<'_, S> {
    const LISTENS: bool = S::LISTENS;

    fn event(&mut self, event: Event) {
        if !self.told {
            self.sink.event(self.moment, self.flow_id, event);
        }
    }

    fn segment(&mut self, segment: &Segment, sender: usize, verdict: Option<&Verdict>) {
        if !self.told {
            self.sink.segment(self.flow_id, segment, sender, verdict);
        }
    }
}
