//! The connection in a few sentences: when, between whom, over which path, and how much.

use super::{ROLES, times};
use crate::base::Nanos;
use crate::report::human::{bytes, count, counted, percent, span};
use crate::report::record::FlowRecord;
use crate::report::time::{Precision, TimeFormat, time_text};
use crate::report::value::Percent;
use crate::report::words;
use crate::tcp::HalfSummary;

/// When it was, and how it began and ended.
pub(super) fn opening(record: &FlowRecord) -> Vec<String> {
    let summary = &record.summary;
    let when = time_text(summary.span.0, TimeFormat::Rfc3339, Precision::Micros);
    let lasted = span(summary.span.1 - summary.span.0);
    let mut told = vec![format!(
        "It began at {when}, in frame {}, and lasted {lasted}. Handshake: {}. End: {}{}.",
        record.first_frame,
        words::handshake(summary.handshake.outcome).as_str(),
        words::end(summary.teardown.end).as_str(),
        summary.teardown.rst_kind.map_or(String::new(), |kind| format!(" ({})", words::rst_kind(kind).as_str())),
    )];
    if let Some(delay) = summary.handshake.setup_delay.filter(|d| *d > Nanos::ZERO) {
        told.push(format!("Repeated SYNs or SYN-ACKs cost {} before it was open.", span(delay)));
    }
    if let Some(overflow) = summary.handshake.overflow {
        told.push(format!(
            "The server's accept queue was full: it took no notice of {} of the client, as frame {} shows.",
            counted(overflow.ignored, "packet"),
            overflow.frame
        ));
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

/// The path, and where on it the capture was made.
pub(super) fn path(record: &FlowRecord) -> Vec<String> {
    let summary = &record.summary;
    let place = words::vantage(summary.vantage).as_str().replace('_', " ");
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

/// What each endpoint sent.
pub(super) fn data(record: &FlowRecord) -> Vec<String> {
    record.summary.halves.iter().zip(ROLES).map(|(half, role)| data_of(half, role)).collect()
}

fn data_of(half: &HalfSummary, role: &str) -> String {
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
