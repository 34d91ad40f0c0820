//! One connection as a person reads it: what `tcplens explain` prints.

use std::io::{self, Write};

use super::human::{bytes, count, counted, percent, span};
use super::record::FlowRecord;
use super::text::{Paint, Tone, pad, wrap};
use super::time::{Precision, TimeFormat, time_text};
use super::value::Percent;
use super::words;
use crate::base::{Nanos, TcpFlags, Timestamp};
use crate::tcp::{Confidence, Event, EventKind, Evidence, HalfSummary};

/// A packet of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    /// When it passed.
    pub t: Timestamp,
    /// Its frame.
    pub frame: u64,
    /// Who sent it: 0 the client, 1 the server.
    pub sender: usize,
    /// Its flags.
    pub flags: TcpFlags,
    /// Its payload in bytes.
    pub payload: u32,
    /// Its window field as it stands.
    pub window: u16,
}

/// Everything that is told.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// The connection, once it is final.
    pub record: Option<FlowRecord>,
    /// Packets of the handshake and of the close.
    pub ladder: Vec<Rung>,
    /// What happened, in the order of the capture.
    pub events: Vec<Event>,
}

const ROLES: [&str; 2] = ["client", "server"];
/// Indentation of what stands below a heading.
const INDENT: &str = "  ";

/// Writes the story of one connection, at most `width` columns wide; of the events at most `most`.
///
/// # Errors
/// The output fails.
pub fn write(out: &mut dyn Write, story: &Story, width: usize, paint: Paint, most: usize) -> io::Result<()> {
    let Some(record) = &story.record else { return Ok(()) };
    let title = format!("Connection {}: {} → {}", record.flow_id, record.client, record.server);
    writeln!(out, "{}", paint.paint(Tone::Title, &title))?;
    let mut teller = Teller { out, width, paint };
    for sentence in opening(record) {
        teller.sentence(&sentence)?;
    }
    teller.heading("Path")?;
    for sentence in path(record) {
        teller.sentence(&sentence)?;
    }
    teller.heading("Data")?;
    for (half, role) in record.summary.halves.iter().zip(ROLES) {
        teller.sentence(&data(half, role))?;
    }
    teller.heading("Handshake and close")?;
    teller.ladder(story, record.summary.span.0)?;
    teller.heading("What happened")?;
    teller.events(story, record.summary.span.0, most)
}

fn opening(record: &FlowRecord) -> Vec<String> {
    let summary = &record.summary;
    let when = time_text(summary.span.0, TimeFormat::Rfc3339, Precision::Micros);
    let lasted = span(summary.span.1 - summary.span.0);
    let mut told = vec![format!(
        "It began at {when}, in frame {}, and lasted {lasted}. Handshake: {}. End: {}{}.",
        record.first_frame,
        words::handshake(summary.handshake.outcome),
        words::end(summary.teardown.end),
        summary.teardown.rst_kind.map_or(String::new(), |kind| format!(" ({})", words::rst_kind(kind))),
    )];
    if let Some(delay) = summary.handshake.setup_delay.filter(|d| *d > Nanos::ZERO) {
        told.push(format!("Repeated SYNs or SYN-ACKs cost {} before it was open.", span(delay)));
    }
    if let Some(since) = summary.reused_after {
        told.push(format!("Another connection had used the same ports until {} before.", span(since)));
    }
    let quality: Vec<_> = summary.quality.words().collect();
    if !quality.is_empty() {
        told.push(format!("What the capture cannot tell, or tells with doubt: {}.", quality.join(", ")));
    }
    told
}

fn path(record: &FlowRecord) -> Vec<String> {
    let summary = &record.summary;
    let place = words::vantage(summary.vantage).replace('_', " ");
    let mut told = vec![match summary.rtt_min {
        Some(rtt) => format!("Captured {place}. The round trip is {} at best.", span(rtt)),
        None => "Where it was captured cannot be told: one half of the path was not measured.".to_owned(),
    }];
    for (half, role) in summary.halves.iter().zip(ROLES) {
        let rtt = &half.rtt;
        if let (Some(min), Some(p50), Some(max)) = (rtt.min, rtt.p50, rtt.max) {
            told.push(format!(
                "Between the capture point and the {role}: {} at best, {} as a rule, {} at worst, in {}.",
                span(min),
                span(p50),
                span(max),
                counted(rtt.samples, "sample"),
            ));
        }
    }
    told
}

fn data(half: &HalfSummary, role: &str) -> String {
    let (Some(stream), Some(loss)) = (&half.stream, &half.loss) else {
        return format!("Nothing that the {role} sent was captured.");
    };
    let mut told =
        format!("The {role} sent {} in {}.", bytes(stream.stream_bytes), counted(half.volume.data_packets, "segment"));
    if loss.retrans_packets > 0 {
        let share = Percent::of(loss.retrans_bytes, half.volume.payload_bytes);
        let share = share.map_or(String::new(), |p| format!(" ({} of its bytes)", percent(p)));
        let kinds = [
            (loss.rto_packets, "by a timer"),
            (loss.fast_packets, "because later data arrived"),
            (loss.tlp_packets, "as a tail loss probe"),
            (loss.unclear_packets, "for no clear reason"),
        ];
        let kinds: Vec<_> =
            kinds.iter().filter(|(n, _)| *n > 0).map(|(n, why)| format!("{} {why}", count(*n))).collect();
        told += &format!(" It sent {} again{share}: {}.", counted(loss.retrans_packets, "packet"), kinds.join(", "));
    }
    if loss.spurious_packets > 0 {
        told += &format!(" {} of these were not needed.", count(loss.spurious_packets));
    }
    if loss.out_of_order_packets > 0 {
        told += &format!(" {} came out of order.", counted(loss.out_of_order_packets, "packet"));
    }
    if let Some(window) = &half.window {
        if window.zero_windows > 0 {
            told += &format!(
                " It shut its window {}, for {} in all.",
                times(window.zero_windows),
                span(window.zero_window)
            );
        }
        if let Some(limited) = window.rwnd_limited.filter(|l| *l > Nanos::from_millis(1)) {
            told += &format!(" Its peer's window held it back for {}.", span(limited));
        }
    }
    told
}

fn times(n: u64) -> String {
    if n == 1 { "once".to_owned() } else { format!("{} times", count(n)) }
}

struct Teller<'a> {
    out: &'a mut dyn Write,
    width: usize,
    paint: Paint,
}

impl Teller<'_> {
    fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "\n{}", self.paint.paint(Tone::Title, text))
    }

    fn sentence(&mut self, text: &str) -> io::Result<()> {
        for line in wrap(text, self.width.saturating_sub(INDENT.len())) {
            writeln!(self.out, "{INDENT}{line}")?;
        }
        Ok(())
    }

    fn ladder(&mut self, story: &Story, start: Timestamp) -> io::Result<()> {
        if story.ladder.is_empty() {
            return self.sentence("Nothing of them was captured.");
        }
        let mut before: Option<&Rung> = None;
        for rung in &story.ladder {
            if before.is_some_and(|b| rung.frame > b.frame + 1 && rung.t - b.t > Nanos::ZERO) {
                writeln!(self.out, "{INDENT}{}", self.paint.paint(Tone::Quiet, "…"))?;
            }
            before = Some(rung);
            let what = format!("{}{}", flags(rung.flags), payload(rung));
            let arrow = if rung.sender == 0 {
                format!("{} ──▶", pad(&what, 24, false))
            } else {
                format!("{} ◀── {what}", pad("", 20, false))
            };
            let frame = pad(&count(rung.frame), 9, true);
            writeln!(self.out, "{INDENT}{frame}  {}  {arrow}", pad(&after(rung.t, start), 12, true))?;
        }
        Ok(())
    }

    fn events(&mut self, story: &Story, start: Timestamp, most: usize) -> io::Result<()> {
        let mut shown = 0;
        let mut rest = story.events.as_slice();
        while let Some((first, more)) = rest.split_first() {
            // Duplicate ACKs come in rows, of which only the length is of interest.
            let same = if first.kind == EventKind::DupAck {
                more.iter().take_while(|e| e.kind == EventKind::DupAck && e.sender == first.sender).count()
            } else {
                0
            };
            rest = more.get(same..).unwrap_or(&[]);
            if shown == most {
                let left = counted(1 + same as u64 + rest.len() as u64, "more event");
                return writeln!(
                    self.out,
                    "{INDENT}… and {left}: tcplens events has them all, --events N shows more here"
                );
            }
            shown += 1;
            self.event(first, same, start)?;
        }
        if shown == 0 { self.sentence("Nothing out of the ordinary.") } else { Ok(()) }
    }

    fn event(&mut self, event: &Event, same: usize, start: Timestamp) -> io::Result<()> {
        let tone = match event.kind {
            EventKind::Rto | EventKind::Rst | EventKind::ZeroWindow => Tone::Failure,
            EventKind::State | EventKind::DupAck | EventKind::WindowUpdate => Tone::Quiet,
            _ => Tone::Plain,
        };
        let head = format!("{}  {}  ", pad(&count(event.frame), 9, true), pad(&after(event.t, start), 12, true));
        let text = sentence(event, same);
        let room = self.width.saturating_sub(INDENT.len() + 25).max(30);
        for (i, line) in wrap(&text, room).iter().enumerate() {
            let head = if i == 0 { head.clone() } else { pad("", 25, false) };
            writeln!(self.out, "{INDENT}{head}{}", self.paint.paint(tone, line))?;
        }
        Ok(())
    }
}

/// Time since the connection began, to the microsecond: events are told apart by it.
fn after(t: Timestamp, start: Timestamp) -> String {
    let us = (t - start).0 / 1000;
    let sign = if us < 0 { '-' } else { '+' };
    format!("{sign}{}.{:06}", us.unsigned_abs() / 1_000_000, us.unsigned_abs() % 1_000_000)
}

fn flags(flags: TcpFlags) -> String {
    const NAMES: [(TcpFlags, &str); 5] = [
        (TcpFlags::SYN, "SYN"),
        (TcpFlags::FIN, "FIN"),
        (TcpFlags::RST, "RST"),
        (TcpFlags::PSH, "PSH"),
        (TcpFlags::ACK, "ACK"),
    ];
    let names: Vec<_> = NAMES.iter().filter(|(flag, _)| flags.has(*flag)).map(|(_, name)| *name).collect();
    names.join("+")
}

fn payload(rung: &Rung) -> String {
    if rung.payload == 0 { String::new() } else { format!(" {}", bytes(rung.payload.into())) }
}

/// An event and its reason.
fn sentence(event: &Event, same: usize) -> String {
    let who = ROLES.get(event.sender).copied().unwrap_or("");
    let peer = ROLES.get(1 - event.sender.min(1)).copied().unwrap_or("");
    let range = format!("{} at offset {}", bytes(event.bytes), event.offset.max(0));
    let origin = event.original.map_or(String::new(), |frame| format!(", last seen in frame {frame}"));
    let what = match event.kind {
        EventKind::Rto => format!("The {who}'s timer ran out: it sent {range} again{origin}."),
        EventKind::RtoRecovery => format!("The {who} went on sending again after its timeout: {range}{origin}."),
        EventKind::FastRetransmit => {
            format!("The {who} sent {range} again{origin}: it knew that something sent later had arrived.")
        }
        EventKind::Tlp => {
            format!("The {who} heard nothing of its last bytes and probed with {range}{origin}.")
        }
        EventKind::SynRetransmit => format!("The {who} got no answer in time and repeated its SYN."),
        EventKind::UnclearRetransmit => {
            format!("The {who} sent {range} again{origin}; what made it do so cannot be told.")
        }
        EventKind::Spurious => {
            format!("That the {who} sent {range} again was not needed: {}.", why_unneeded(event.evidence))
        }
        EventKind::OutOfOrder => format!("{range} of the {who} came late, overtaken by what was sent after it."),
        EventKind::NetworkDuplicate => format!("The network delivered a packet of the {who} twice."),
        EventKind::CaptureDuplicate => format!("The capture holds a packet of the {who} twice."),
        EventKind::Keepalive => format!("The {who} asked whether the {peer} is still there."),
        EventKind::ZeroWindowProbe => format!("The {who} asked whether the {peer}'s window is open again."),
        EventKind::ZeroWindow => format!("The {who} shut its window: its application does not read."),
        EventKind::WindowFull => format!("The {who} filled the {peer}'s window and has to wait."),
        EventKind::WindowUpdate => format!("The {who} told of another window."),
        EventKind::DupAck if same > 0 => {
            format!(
                "{} of the {who}: it lacks what begins at offset {}.",
                counted(1 + same as u64, "duplicate ACK"),
                event.offset
            )
        }
        EventKind::DupAck => format!("Duplicate ACK of the {who}: it lacks what begins at offset {}.", event.offset),
        EventKind::Gap => format!("{range} of the {who} had not come by before this packet."),
        EventKind::Stall => {
            format!("The {who} had to wait for {}: {}.", span(event.duration.unwrap_or_default()), event.note)
        }
        EventKind::RecoveryEnd => format!("The {who} had recovered from loss."),
        EventKind::Rst => format!("The {who} reset the connection."),
        EventKind::Fin => format!("The {who} closed its side."),
        EventKind::State => format!("State: {}.", event.note),
        EventKind::PostClose => format!("A packet of the {who} long after the close."),
    };
    doubt(what, event)
}

fn why_unneeded(evidence: Evidence) -> &'static str {
    let has = |e| evidence.has(e);
    if has(Evidence::DSACK) {
        "the receiver said that it got it twice (D-SACK)"
    } else if has(Evidence::EIFEL) {
        "the ACK answers an earlier copy, as its timestamp shows"
    } else if has(Evidence::CAUSALITY) {
        "the ACK came too soon to be an answer to it"
    } else if has(Evidence::ACKNOWLEDGED) {
        "it had been acknowledged"
    } else {
        "both copies arrived"
    }
}

fn doubt(what: String, event: &Event) -> String {
    let counts = !matches!(event.kind, EventKind::State | EventKind::Fin | EventKind::Rst | EventKind::DupAck);
    match event.confidence {
        Confidence::Guess if counts => format!("{what} (a guess)"),
        _ => what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_story_fits_its_width_and_counts_what_it_leaves_out() {
        let record = sample::full();
        let t = record.summary.span.0 + Nanos::from_millis(7);
        let event = Event { t, frame: 7, ..Event::of(&crate::base::Segment::default(), 0, EventKind::Rto) };
        let story = Story { record: Some(record), ladder: Vec::new(), events: vec![event; 5] };
        let mut out = Vec::new();
        write(&mut out, &story, 80, Paint::default(), 3).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("… and 2 more events"), "{text}");
        assert!(text.lines().all(|line| crate::report::text::width(line) <= 80), "{text}");
    }

    #[test]
    fn duplicate_acks_in_a_row_are_one_line() {
        let event = Event::of(&crate::base::Segment::default(), 1, EventKind::DupAck);
        assert_eq!(sentence(&event, 4), "5 duplicate ACKs of the server: it lacks what begins at offset 0.");
    }
}
