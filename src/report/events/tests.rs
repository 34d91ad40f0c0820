use std::io;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::*;
use crate::base::{Nanos, Timestamp};
use crate::report::reference;
use crate::tcp::{Confidence, EventKind};

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const KINDS: [EventKind; 4] = [EventKind::Rto, EventKind::SynRetransmit, EventKind::ZeroWindowProbe, EventKind::State];
const NOTES: [&str; 3] = ["", "client ESTABLISHED", "server CLOSE_WAIT"];

fn write(format: EventFormat, time: TimeFormat, precision: Precision, give: impl FnOnce(&mut EventWriter)) -> String {
    let shared = Shared::default();
    let mut writer = EventWriter::new(Box::new(shared.clone()), format, time);
    writer.begin(precision).unwrap();
    give(&mut writer);
    writer.flush().unwrap();
    let bytes = shared.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

/// The cells of a row, with what they are in JSON: `None` is no value, `true` a text.
fn cells(flow_id: u64, event: &Event, time: TimeFormat, precision: Precision) -> [(Option<String>, bool); 12] {
    let text = |text: &str| (Some(text.to_owned()), true);
    let number = |n: i128| (Some(n.to_string()), false);
    [
        text(&reference::time(event.t, time, precision)),
        number(event.frame.into()),
        number(flow_id.into()),
        text(["client", "server"][event.sender]),
        text(event.kind.word()),
        number(event.offset.into()),
        number(event.bytes.into()),
        (event.original.map(|frame| frame.to_string()), false),
        text(&event.evidence.words().collect::<Vec<_>>().join(";")),
        text(event.confidence.word()),
        (Some(event.note.to_owned()).filter(|note| !note.is_empty()), true),
        (event.duration.map(|span| reference::decimal(span.0.into(), 6)), false),
    ]
}

fn csv_of(events: &[(u64, Event)], time: TimeFormat, precision: Precision) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(FIELDS.map(|(name, _)| name)).unwrap();
    for (flow_id, event) in events {
        writer.write_record(cells(*flow_id, event, time, precision).map(|(cell, _)| cell.unwrap_or_default())).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

fn json_of(events: &[(u64, Event)], time: TimeFormat, precision: Precision) -> String {
    let mut text = String::new();
    for (flow_id, event) in events {
        let cells = cells(*flow_id, event, time, precision);
        let fields = FIELDS.iter().zip(cells).map(|((name, _), cell)| match cell {
            (None, _) => format!("{name:?}:null"),
            (Some(text), true) => format!("{name:?}:{text:?}"),
            (Some(number), false) => format!("{name:?}:{number}"),
        });
        text += &format!("{{{}}}\n", fields.collect::<Vec<_>>().join(","));
    }
    text
}

fn event() -> impl Strategy<Value = (u64, Event)> {
    let what = (any::<i64>(), any::<u64>(), 0..2usize, 0..KINDS.len(), any::<i64>(), any::<u64>());
    let why =
        (any::<Option<u64>>(), 0..1u16 << 12, 0..NOTES.len(), 0..3usize, any::<u64>(), 0..64u32, any::<Option<i64>>());
    (what, why).prop_map(
        |((t, frame, sender, kind, offset, bytes), (original, evidence, note, sure, flow_id, shift, lasted))| {
            let event = Event {
                t: Timestamp(t),
                frame: frame >> shift,
                sender,
                kind: KINDS[kind],
                offset: offset >> shift,
                bytes: bytes >> shift,
                original: original.map(|frame| frame >> shift),
                evidence: Evidence(evidence),
                confidence: [Confidence::Guess, Confidence::Likely, Confidence::Certain][sure],
                note: NOTES[note],
                duration: lasted.map(Nanos),
            };
            (flow_id >> shift, event)
        },
    )
}

proptest! {
    #[test]
    fn rows_are_what_the_reference_says(events in prop::collection::vec(event(), 0..4), time in 0usize..3, nanos: bool) {
        let time = TimeFormat::ALL[time].1;
        let precision = if nanos { Precision::Nanos } else { Precision::Micros };
        for (format, want) in [
            (EventFormat::Csv, csv_of(&events, time, precision)),
            (EventFormat::Ndjson, json_of(&events, time, precision)),
        ] {
            let found = write(format, time, precision, |writer| {
                events.iter().for_each(|(flow_id, event)| writer.event(*flow_id, event).unwrap());
            });
            prop_assert_eq!(&found, &want);
            let encoded = write(format, time, precision, |writer| {
                let mut rows = RowBuffer::default();
                let encoder = writer.encoder();
                let spans: Vec<RowSpan> = events.iter().map(|(_, event)| encoder.encode(event, &mut rows)).collect();
                for ((flow_id, _), span) in events.iter().zip(spans) {
                    writer.encoded(*flow_id, rows.row(span)).unwrap();
                }
            });
            prop_assert_eq!(&encoded, &want);
        }
    }
}
