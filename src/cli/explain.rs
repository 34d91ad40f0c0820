//! `tcplens explain CAPTURE CONNECTION`

use std::collections::HashMap;
use std::io::{self, Write};

use anyhow::bail;

use super::Status;
use super::analyze::{status_of, with_files};
use super::args::Explain;
use super::output;
use crate::base::{FlowKey, Segment, Seq};
use crate::pipeline::{CongestionView, Destination, Event, FlowSink, Moment, Verdict};
use crate::report::story::{self, Rung, Story};
use crate::report::{Error, FlowRecord, Paint, RunMeta, RunTotals};

/// Which connection is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    /// By its number in the report.
    FlowId(u64),
    /// By Wireshark's `tcp.stream`.
    Stream(u64),
    /// By `client:port-server:port`, either way round.
    Ends(String, String),
}

impl Wanted {
    fn parse(args: &Explain) -> anyhow::Result<Self> {
        let text = match (&args.connection, args.stream) {
            (_, Some(stream)) => return Ok(Self::Stream(stream)),
            (Some(text), None) => text,
            (None, None) => bail!("which connection? give its flow_id, --stream N or CLIENT:PORT-SERVER:PORT"),
        };
        if let Ok(id) = text.parse() {
            return Ok(Self::FlowId(id));
        }
        match text.split_once('-') {
            Some((a, b)) if a.contains(':') && b.contains(':') => Ok(Self::Ends(a.to_owned(), b.to_owned())),
            _ => bail!(
                "{text}: neither a flow_id nor CLIENT:PORT-SERVER:PORT; `tcplens CAPTURE --format csv` lists the connections"
            ),
        }
    }
}

/// Packets of the ladder at each end of the connection.
const RUNGS: usize = 400;

/// Collects what happens on one connection.
struct Listener {
    wanted: Wanted,
    found: Option<u64>,
    story: Story,
    congestion: CongestionView,
    /// Events of the segment whose connection is not known to be the wanted one yet.
    pending: Vec<(u64, Event)>,
    streams: Streams,
    seen: u64,
    /// The next packet belongs to the ladder too: it answers one that does.
    follows: u8,
}

/// Counts streams as Wireshark does: by the first packet of a four-tuple, and anew for a SYN with another sequence number.
#[derive(Default)]
struct Streams {
    known: HashMap<FlowKey, (u64, Option<Seq>)>,
    next: u64,
}

impl Streams {
    fn number(&mut self, segment: &Segment) -> u64 {
        let syn = segment.flags.is_syn_only().then_some(segment.seq);
        match self.known.get_mut(&segment.key) {
            Some((number, first)) if syn.is_none() || first.is_none() || *first == syn => {
                *first = first.or(syn);
                *number
            }
            _ => {
                let number = self.next;
                self.next += 1;
                self.known.insert(segment.key, (number, syn));
                number
            }
        }
    }
}

impl Listener {
    fn is_wanted(&mut self, flow_id: u64, segment: &Segment) -> bool {
        let stream = self.streams.number(segment);
        if let Some(found) = self.found {
            return found == flow_id;
        }
        let wanted = match &self.wanted {
            Wanted::FlowId(id) => *id == flow_id,
            Wanted::Stream(number) => *number == stream,
            Wanted::Ends(a, b) => {
                let ends = [crate::base::Side::Lo, crate::base::Side::Hi].map(|s| segment.key.endpoint(s).to_string());
                ends == [a.as_str(), b.as_str()] || ends == [b.as_str(), a.as_str()]
            }
        };
        if wanted {
            self.found = Some(flow_id);
        }
        wanted
    }

    fn climb(&mut self, segment: &Segment, sender: usize) {
        self.seen += 1;
        let control = segment.flags.any(crate::base::TcpFlags(0x07));
        if control {
            self.follows = 2;
        }
        let wanted = control || self.follows > 0;
        self.follows = self.follows.saturating_sub(1);
        if wanted && self.story.ladder.len() < RUNGS {
            self.story.ladder.push(Rung {
                t: segment.ts,
                frame: segment.frame,
                sender,
                flags: segment.flags,
                payload: segment.payload_len,
                window: segment.window,
            });
        }
    }
}

impl FlowSink for Listener {
    fn event(&mut self, _: Moment, flow_id: u64, event: Event) {
        match self.found {
            Some(found) if found == flow_id => self.story.events.push(event),
            Some(_) => {}
            None => self.pending.push((flow_id, event)),
        }
    }

    fn segment(&mut self, flow_id: u64, segment: &Segment, sender: usize, verdict: Option<&Verdict>) {
        if self.is_wanted(flow_id, segment) {
            let pending = self.pending.drain(..).filter(|(id, _)| *id == flow_id);
            self.story.events.extend(pending.map(|(_, event)| event));
            self.climb(segment, sender);
            self.congestion.on_segment(segment, sender, verdict);
        }
        self.pending.clear();
    }
}

/// Keeps the wanted connection's record, and tells its story at the end.
struct Telling {
    wanted: Wanted,
    heard: Option<Listener>,
    records: Vec<FlowRecord>,
}

impl Destination for Telling {
    type Sink = Listener;

    fn sink(&self) -> Listener {
        Listener {
            wanted: self.wanted.clone(),
            found: None,
            story: Story::default(),
            congestion: CongestionView::default(),
            pending: Vec::new(),
            streams: Streams::default(),
            seen: 0,
            follows: 0,
        }
    }

    fn begin(&mut self, _: &RunMeta) -> Result<(), Error> {
        Ok(())
    }

    fn row(&mut self, record: &FlowRecord) -> Result<(), Error> {
        if self.heard.as_ref().is_some_and(|l| l.found == Some(record.flow_id)) {
            self.records.push(record.clone());
        }
        Ok(())
    }

    fn heard(&mut self, listener: &mut Listener) -> Result<(), Error> {
        let known = self.heard.get_or_insert_with(|| Listener { story: Story::default(), ..copy_of(listener) });
        known.found = listener.found;
        known.story.events.append(&mut listener.story.events);
        known.story.ladder.append(&mut listener.story.ladder);
        known.story.congestion = listener.congestion.summary();
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn finish(&mut self, _: &RunTotals) -> Result<(), Error> {
        Ok(())
    }
}

fn copy_of(listener: &Listener) -> Listener {
    Listener {
        wanted: listener.wanted.clone(),
        found: listener.found,
        story: Story::default(),
        congestion: CongestionView::default(),
        pending: Vec::new(),
        streams: Streams::default(),
        seen: listener.seen,
        follows: 0,
    }
}

/// Tells the story of one connection.
pub fn run(args: &Explain) -> anyhow::Result<Status> {
    let wanted = Wanted::parse(args)?;
    let (outcome, telling) =
        with_files(&args.input(), |_| Ok(Telling { wanted: wanted.clone(), heard: None, records: Vec::new() }))?;
    let status = status_of(outcome.as_ref());
    let Some(telling) = telling else { return Ok(status) };
    let story = telling.heard.map(|l| l.story).unwrap_or_default();
    let Some(record) = telling.records.into_iter().next() else {
        let connections = outcome.map_or(0, |o| o.totals.connections);
        bail!("no such connection: the capture has {connections}, numbered from 0");
    };
    let mut story = Story { record: Some(record), ..story };
    story.events.sort_by_key(|event| event.frame);
    let stdout = io::stdout();
    let paint = Paint { color: output::use_color(args.color, &stdout) };
    let mut out = stdout.lock();
    story::write(&mut out, &story, output::terminal_width(), paint, args.events)?;
    out.flush()?;
    Ok(status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Endpoint, TcpFlags};

    #[test]
    fn streams_are_counted_as_wireshark_counts_them() {
        let segment = |port, seq, flags| {
            let (key, _) = FlowKey::of(Endpoint::v4([1, 1, 1, 1], port), Endpoint::v4([1, 1, 1, 2], 80));
            Segment { key, seq: Seq(seq), flags, ..Segment::default() }
        };
        let mut streams = Streams::default();
        assert_eq!(streams.number(&segment(1, 5, TcpFlags::SYN)), 0);
        assert_eq!(streams.number(&segment(2, 5, TcpFlags::ACK)), 1);
        assert_eq!(streams.number(&segment(1, 5, TcpFlags::SYN)), 0);
        assert_eq!(streams.number(&segment(1, 6, TcpFlags::ACK)), 0);
        assert_eq!(streams.number(&segment(1, 9, TcpFlags::SYN)), 2);
    }
}
