//! The packets of the handshake and of the close, one a line.

use std::io;

use super::{INDENT, Story, Teller, after};
use crate::base::{Nanos, TcpFlags, Timestamp};
use crate::report::human::{bytes, count};
use crate::report::text::{Tone, pad};

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

impl Teller<'_> {
    /// The ladder.
    pub(super) fn ladder(&mut self, story: &Story, start: Timestamp) -> io::Result<()> {
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
