//! The connections as a table for people.

use super::interest::{Symptom, ending, resent_share};
use super::picks::Pick;
use super::table::{Cell, TableColumn};
use crate::base::{Endpoint, Timestamp};
use crate::report::columns::whole::stream_bytes;
use crate::report::human;
use crate::report::record::FlowRecord;
use crate::report::text::{Tone, elide_end, elide_middle, width};

/// An endpoint of IPv4 always fits: `255.255.255.255:65535`.
const ENDPOINT: usize = 21;
/// Between the symptoms of a connection.
const COMMA: &str = ", ";

/// The table of these connections; `start` is the capture's first frame.
pub fn table(picks: &[Pick], start: Timestamp) -> Vec<TableColumn> {
    let number = |title, importance, text: &dyn Fn(&FlowRecord) -> Option<String>| {
        let cells = picks.iter().map(|p| known(text(&p.record))).collect();
        TableColumn {
            title,
            right: true,
            importance,
            least: usize::MAX,
            enough: usize::MAX,
            full: 0,
            cut: elide_end,
            cells,
        }
    };
    let endpoint = |title, of: fn(&FlowRecord) -> Endpoint| {
        let cells = picks.iter().map(|p| of(&p.record).to_string().into()).collect();
        TableColumn {
            title,
            right: false,
            importance: 0,
            least: 12,
            enough: ENDPOINT,
            full: 4,
            cut: cut_endpoint,
            cells,
        }
    };
    let story = TableColumn {
        title: "what happened",
        right: false,
        importance: 0,
        least: 10,
        enough: 22,
        full: 2,
        cut: cut_list,
        cells: picks.iter().map(what_happened).collect(),
    };
    let stream =
        |i: usize| move |r: &FlowRecord| Some(human::bytes(r.summary.halves.get(i)?.stream.as_ref()?.stream_bytes));
    let packets = |r: &FlowRecord| r.summary.halves.iter().map(|h| h.volume.packets).sum();
    vec![
        number("#", 0, &|r| Some(r.flow_id.to_string())),
        number("after", 7, &|r| Some(human::span(r.summary.span.0.since(start)))),
        endpoint("client", |r| r.client),
        endpoint("server", |r| r.server),
        number("packets", 6, &|r| Some(human::count(packets(r)))),
        number("bytes", 0, &|r| stream_bytes(r).map(human::bytes)),
        number("up", 5, &stream(0)),
        number("down", 5, &stream(1)),
        number("time", 1, &|r| Some(human::span(r.summary.span.1.since(r.summary.span.0)))),
        number("rtt", 2, &|r| r.summary.rtt_min.map(human::span)),
        number("resent", 3, &|r| resent_share(&r.summary.halves).map(human::percent)),
        story,
    ]
}

/// What could not be measured is a dash.
fn known(text: Option<String>) -> Cell {
    match text {
        Some(text) => text.into(),
        None => Cell { text: "–".to_owned(), tone: Tone::Quiet },
    }
}

fn what_happened(pick: &Pick) -> Cell {
    match pick.symptoms.first() {
        Some(worst) => {
            let texts: Vec<String> = pick.symptoms.iter().copied().map(Symptom::text).collect();
            Cell { text: texts.join(COMMA), tone: worst.tone() }
        }
        None => Cell { text: ending(pick.record.summary.teardown.end).to_owned(), tone: Tone::Quiet },
    }
}

/// Cuts an address in its middle and keeps the port: `[2001:db8…7334]:443`.
fn cut_endpoint(text: &str, max: usize) -> String {
    let Some(at) = text.rfind(']').or_else(|| text.rfind(':')) else {
        return elide_middle(text, max);
    };
    let (address, port) = text.split_at(at);
    match max.checked_sub(width(port)) {
        Some(room) if room >= 4 => elide_middle(address, room) + port,
        _ => elide_middle(text, max),
    }
}

/// Drops the last entries of a list until it fits.
fn cut_list(text: &str, max: usize) -> String {
    if width(text) <= max {
        return text.to_owned();
    }
    let ends = text.rmatch_indices(COMMA).map(|(at, _)| text.split_at(at).0);
    let fitting = ends.map(|kept| format!("{kept}, …")).find(|shorter| width(shorter) <= max);
    fitting.unwrap_or_else(|| elide_end(text, max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_middle_and_keep_their_port() {
        let text = "[2001:db8:85a3::8a2e:370:7334]:443";
        assert_eq!(cut_endpoint(text, 21), "[2001:db…70:7334]:443");
        assert_eq!(cut_endpoint(text, 40), text);
        assert_eq!(cut_endpoint("192.168.100.200:65535", 18), "192.16…0.200:65535");
        assert!(width(&cut_endpoint(text, 7)) <= 7);
    }

    #[test]
    fn lists_lose_their_end() {
        assert_eq!(cut_list("reset by server, 3.2% resent, stalled 4 s", 33), "reset by server, 3.2% resent, …");
        assert_eq!(cut_list("reset by server, 3.2% resent", 12), "reset by se…");
    }
}
