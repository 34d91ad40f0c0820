//! Connections on their way out: what is said of each, and its row.
//!
//! What sums a connection up and what writes its row do not fit together into the processor's nearest cache for instructions: where each
//! connection takes both steps in turn, either step finds the other's instructions there. So several wait for each other, and take one step
//! after the other together.

use super::{Desk, Row, WrittenRow};
use crate::base::{Timestamp, prefetch};
use crate::flow::Emitted;
use crate::pipeline::sink::{FlowSink, Of};
use crate::pipeline::tracked::Tracked;
use crate::report::FlowRecord;
use crate::report::rows::RowSpan;

/// So many leave together: more need hardly fewer instructions to be fetched, and more room for records.
const TOGETHER: usize = 16;

/// Connections that wait for others to leave with, and room for what is said of them.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    waiting: Vec<Emitted<Tracked>>,
    /// Two kilobytes each, used again and again: as many as ever left together.
    records: Vec<FlowRecord>,
    /// When each of them became final.
    final_at: Vec<Timestamp>,
    /// Where their rows stand.
    spans: Vec<RowSpan>,
    /// States of connections that have just left, as good as new: their memory is still at hand.
    #[expect(clippy::vec_box, reason = "what the table takes over, and gives back, stays in its place")]
    spare: Vec<Box<Tracked>>,
}

impl Leaving {
    /// A state of which nothing is known.
    #[inline]
    pub fn state(&mut self) -> Box<Tracked> {
        self.spare.pop().unwrap_or_default()
    }
}

impl<S: FlowSink> Desk<'_, S> {
    /// Lets a connection leave: soon, with others.
    pub(super) fn take_leave(&mut self, emitted: Emitted<Tracked>) {
        self.leaving.waiting.push(emitted);
        // Whoever listens is to hear of everything in its order.
        if S::LISTENS || self.leaving.waiting.len() == TOGETHER {
            self.see_off();
        }
    }

    /// Lets all leave that wait for others.
    pub(super) fn see_off(&mut self) {
        let mut leaving = std::mem::take(self.leaving);
        let Leaving { waiting, records, final_at, spans, spare } = &mut leaving;
        if records.len() < waiting.len() {
            records.resize_with(waiting.len(), FlowRecord::default);
        }
        // Those that were silent for long are far away.
        waiting.iter().for_each(|emitted| prefetch(&*emitted.state));
        final_at.clear();
        for (emitted, record) in waiting.drain(..).zip(&mut *records) {
            final_at.push(emitted.now);
            let mut state = self.sum_up(emitted, record);
            if spare.len() < TOGETHER {
                state.reset();
                spare.push(state);
            }
        }
        self.write(records.get(..final_at.len()).unwrap_or_default(), final_at, spans);
        *self.leaving = leaving;
    }

    /// Writes their rows, if it knows how rows are written, or else leaves that to others.
    fn write(&mut self, records: &[FlowRecord], final_at: &[Timestamp], spans: &mut Vec<RowSpan>) {
        let finals = records.iter().zip(final_at.iter().copied());
        let Some(encoder) = self.encoder else {
            self.out.rows.extend(finals.map(|(record, final_at)| Row { final_at, record: record.clone() }));
            return;
        };
        spans.clear();
        encoder.encode(records, &mut self.out.text, spans);
        let rows = finals.zip(spans.iter().copied());
        let rows = rows.map(|((record, final_at), span)| WrittenRow { final_at, flow_id: record.flow_id, span });
        self.out.written.extend(rows);
    }

    /// Says in `record` what is reported of a connection, and gives back its state, which nobody needs any more.
    #[inline]
    fn sum_up(&mut self, emitted: Emitted<Tracked>, record: &mut FlowRecord) -> Box<Tracked> {
        let Emitted { flow_id, mut state, reason, now } = emitted;
        let key = *state.connection.key();
        let client = state.connection.client_side();
        let layers = usize::from(state.encapsulation).checked_sub(1).and_then(|at| self.layers.get(at));
        let FlowRecord { flow_id: id, first_frame, client: client_end, server, encapsulation, summary } = record;
        (*id, *first_frame) = (flow_id, state.first_frame);
        (*client_end, *server) = (key.endpoint(client), key.endpoint(client.other()));
        *encapsulation = layers.cloned().unwrap_or_default();
        state.connection.sum_up(
            reason,
            now,
            &mut Of { moment: self.moment, flow_id, told: false, sink: self.sink },
            summary,
        );
        self.totals.connections += 1;
        for half in &summary.halves {
            self.totals.bad_checksums += half.volume.bad_checksum_packets;
            self.totals.capture_duplicates += half.loss.as_ref().map_or(0, |l| l.capture_duplicate_packets);
            self.totals.missing_bytes += half.stream.as_ref().and_then(|s| s.missing_bytes).unwrap_or(0);
        }
        state
    }
}
