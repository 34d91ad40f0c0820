//! What happened, one event a line.

use std::io;

use super::{INDENT, Story, Teller, after, recovery, roles, stalls};
use crate::base::Timestamp;
use crate::report::human::{bytes, count, counted, span};
use crate::report::text::{Tone, pad, wrap};
use crate::tcp::{Confidence, Event, EventKind, Evidence};

impl Teller<'_> {
    /// The events, at most `most` of them.
    pub(super) fn events(&mut self, story: &Story, start: Timestamp, most: usize) -> io::Result<()> {
        let mut shown = 0;
        let mut rest = story.events.as_slice();
        while let Some((first, more)) = rest.split_first() {
            // Duplicate ACKs and resets come in rows, of which only the length is of interest.
            let same = if matches!(first.kind, EventKind::DupAck | EventKind::Rst) {
                more.iter().take_while(|e| e.kind == first.kind && e.sender == first.sender).count()
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

/// An event and its reason.
fn sentence(event: &Event, same: usize) -> String {
    let (who, peer) = roles(event.sender);
    let lasted = span(event.duration.unwrap_or_default());
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
        EventKind::Stall => format!("The {who} had been waiting for {lasted}: {}.", stalls::reason(event.note, peer)),
        EventKind::RecoveryEnd if event.note == "open" => {
            format!("For {lasted} the {who} tried to repair this loss, and the capture does not show that it could.")
        }
        EventKind::RecoveryEnd => {
            let since = event.original.map_or(String::new(), |frame| format!(" since frame {frame}"));
            format!(
                "By now the {who}'s loss{since} is repaired: it took {lasted}, and {}.",
                recovery::repair(event.note)
            )
        }
        EventKind::Rst if same > 0 => {
            format!("The {who} reset the connection, with {}.", counted(1 + same as u64, "packet"))
        }
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

    #[test]
    fn what_comes_in_rows_is_one_line() {
        let event = Event::of(&crate::base::Segment::default(), 1, EventKind::DupAck);
        assert_eq!(sentence(&event, 4), "5 duplicate ACKs of the server: it lacks what begins at offset 0.");
        let reset = Event { kind: EventKind::Rst, ..event };
        assert_eq!(sentence(&reset, 1), "The server reset the connection, with 2 packets.");
    }
}
