//! One endpoint of a connection: its stream as a sender, and what else it put on the wire.

use super::acks::Acks;
use super::duplicates::{Duplicates, Origin};
use super::rtt::{RoundTrips, Sample, SenderTimer};
use super::sender::Sender;
use super::stalls::Stalls;
use super::summary::{AckSummary, HalfSummary, LossSummary, NagleSummary, StreamSummary, WindowSummary};
use super::teardown::CLIENT;
use super::volume::Volume;
use super::window::{Scale, Window};
use crate::base::packed::packed;
use crate::base::{Segment, Timestamp};

/// RFC 9293 3.7.1: without the option a host sends segments of 536 bytes; but where the option was not seen, Ethernet's is likelier.
const LIKELY_MSS: u32 = 1460;
/// A payload above this is a super-packet even where no MSS was seen: jumbo frames end at 9000 bytes.
const JUMBO_MSS: u32 = 8960;
/// So many data segments show how large they are.
const ENOUGH_SEGMENTS: u64 = 3;

/// What the capture shows besides the endpoint's own packets; without it some columns cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How its windows are to be read.
    pub scale: Scale,
    /// How its peer's are.
    pub peer_scale: Scale,
    /// Packets of its peer were captured: without its ACKs nothing is known of flight, loss of the capture, and need.
    pub peer: bool,
    /// Options were cut from its packets: SACK blocks may be missing.
    pub options_cut: bool,
    /// Bytes of its stream that were acknowledged and never came by.
    pub missing: u64,
    /// Its waits for delayed ACKs.
    pub nagle: NagleSummary,
}

/// The state kept for one endpoint.
#[derive(Clone, Debug, Default)]
pub struct Half {
    /// Its stream, as a sender.
    pub sender: Sender,
    /// Its packets.
    pub volume: Volume,
    /// Its ACKs and probes.
    pub acks: Acks,
    /// The windows that it advertises.
    pub window: Window,
    /// Round trips between the capture point and it.
    pub rtt: RoundTrips,
    /// Its retransmission timer, as a sender.
    pub timer: SenderTimer,
    /// Its stalls, as a sender.
    pub stalls: Stalls,
    /// Copies of its packets, once there is one.
    pub duplicates: Option<Box<Duplicates>>,
    /// Maximum segment size that its peer announced.
    pub peer_mss: Option<u16>,
    /// Time to live of its last ordinary packet.
    pub ttl: Option<u8>,
    /// Timeouts since its data was last acknowledged.
    pub timeouts: u8,
    /// Keep-alives since the peer was last heard.
    pub unanswered_probes: u8,
    /// When its data was last acknowledged, or first sent after all had been.
    pub last_progress: Timestamp,
    /// Its last packet was a keep-alive.
    pub probed_last: bool,
    /// It sent something besides SYN and RST.
    pub went_on: bool,
    /// Its next segment is to be data or a bare ACK, and nothing else is going on: see `Connection::look_ahead`.
    pub steady: bool,
    /// Its last acknowledgement number.
    pub last_ack: Option<u32>,
    /// `TSval` of its last packet that had one.
    pub last_tsval: Option<u32>,
}

packed! {
    Half {
        [last_progress, last_ack, last_tsval; went_on, steady, probed_last, ttl, peer_mss, timeouts, unanswered_probes]
        sender, volume, acks, window, rtt, timer, stalls, duplicates
    }
}

/// Of `[client, server]` the endpoint `from` and its peer.
#[inline]
pub const fn ends(halves: &[Half; 2], from: usize) -> (&Half, &Half) {
    let [client, server] = halves;
    if from == CLIENT { (client, server) } else { (server, client) }
}

/// The same, to change them.
#[inline]
pub const fn ends_mut(halves: &mut [Half; 2], from: usize) -> (&mut Half, &mut Half) {
    let [client, server] = halves;
    if from == CLIENT { (client, server) } else { (server, client) }
}

impl Half {
    /// A packet whose payload is larger is a super-packet.
    #[inline]
    pub fn largest_segment(&self) -> u32 {
        self.peer_mss.map_or(JUMBO_MSS, u32::from)
    }

    /// The payload of a full segment.
    #[inline]
    pub fn segment_size(&self) -> u32 {
        if self.volume.data_packets() >= ENOUGH_SEGMENTS && self.volume.segment_max() > 0 {
            self.volume.segment_max()
        } else {
            self.peer_mss.map_or(LIKELY_MSS, u32::from).min(LIKELY_MSS)
        }
    }

    /// Bytes of memory that it takes beside its own size, about.
    pub fn heap(&self) -> usize {
        self.sender.heap() + self.rtt.heap() + self.window.heap()
    }

    /// Counts a packet of it.
    #[inline]
    pub fn count(&mut self, segment: &Segment) {
        let largest = self.largest_segment();
        self.volume.count(segment, largest);
    }

    /// Notes the time to live of one of its ordinary packets that stands in no count yet.
    #[inline(always)]
    pub fn note_ttl(&mut self, ttl: u8) {
        if self.ttl != Some(ttl) {
            self.volume.note_ttl(ttl);
            self.ttl = Some(ttl);
        }
    }

    /// A round trip between the capture point and it; with the other half it is one of `peer` as a sender.
    #[inline]
    pub fn on_sample(&mut self, peer: &mut Half, sample: Sample) {
        self.rtt.add(sample);
        if let Some(half) = peer.rtt.newest() {
            peer.timer.add(sample.rtt + half);
        }
    }

    /// Its data was retransmitted by a timer.
    pub fn on_timeout(&mut self) {
        self.timeouts = self.timeouts.saturating_add(1);
    }

    /// How many copies of its packets there were.
    pub fn copies(&self) -> u64 {
        self.duplicates.as_ref().map_or(0, |duplicates| duplicates.count())
    }

    /// Who made them.
    pub fn copies_by(&self) -> Origin {
        self.duplicates.as_ref().map_or(Origin::Network, |duplicates| duplicates.origin())
    }

    /// Says in `summary` what is reported; nothing that stood there stays. `copies_by`: who made the copies of its packets.
    pub fn sum_up(&self, copies_by: Origin, seen: &Seen, end: Timestamp, summary: &mut HalfSummary) {
        let captured = self.volume.packets() > 0;
        let copies = self.duplicates.as_ref().filter(|_| copies_by == Origin::Network);
        let HalfSummary { volume, stream, loss, acks, rtt, window, stalls, nagle, options_cut } = summary;
        *volume = self.volume.summary();
        if let Some(copies) = copies {
            volume.add(&copies.volume().summary());
        }
        *stream = (captured && self.sender.started()).then(|| self.stream(seen));
        *loss = captured.then(|| self.loss(copies_by, seen, end));
        *acks = captured.then(|| AckSummary {
            unanswered_keepalives: self.unanswered_probes.into(),
            ..self.acks.summary(seen.options_cut)
        });
        self.rtt.sum_up(rtt);
        *window = captured.then(|| self.windows(seen, end));
        *stalls = captured.then(|| self.stalls.summary());
        (*nagle, *options_cut) = (seen.nagle, seen.options_cut);
    }

    fn stream(&self, seen: &Seen) -> StreamSummary {
        StreamSummary {
            isn: self.sender.isn(),
            unique_bytes: self.sender.unique_bytes(),
            stream_bytes: self.sender.stream_bytes(),
            missing_bytes: seen.peer.then_some(seen.missing),
        }
    }

    fn loss(&self, copies_by: Origin, seen: &Seen, end: Timestamp) -> LossSummary {
        let (episodes, recovery) = self.sender.episodes(end);
        let copies = self.copies();
        let loss = self.sender.loss_summary();
        LossSummary {
            network_duplicate_packets: if copies_by == Origin::Network { copies } else { 0 },
            capture_duplicate_packets: if copies_by == Origin::Capture { copies } else { 0 },
            episodes: seen.peer.then_some(episodes),
            recovery: seen.peer.then_some(recovery),
            lost_downstream_bytes: loss.lost_downstream_bytes.filter(|_| seen.peer),
            ..loss
        }
    }

    fn windows(&self, seen: &Seen, end: Timestamp) -> WindowSummary {
        let (zero_windows, zero_window) = self.window.zero();
        let bytes = self.window.bytes(seen.scale);
        // A stream that was picked up in its middle has no beginning.
        let initial = self.sender.flight.initial().filter(|_| self.sender.isn().is_some());
        WindowSummary {
            min: bytes.map(|b| b.0),
            median: bytes.map(|b| b.1),
            max: bytes.map(|b| b.2),
            zero_windows: zero_windows.into(),
            zero_window,
            rwnd_limited: self.sender.limit.total(end).filter(|_| seen.peer_scale != Scale::Unknown),
            max_in_flight: self.sender.flight.max().filter(|_| seen.peer),
            initial_window_bytes: initial,
            initial_window_packets: initial.map(|bytes| bytes.div_ceil(u64::from(self.segment_size().max(1)))),
            srtt: self.timer.srtt(),
            rto: self.timer.rto(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tcp::Connection;

    /// A million connections that are silent cost what they are.
    #[test]
    fn a_connection_is_small() {
        let (half, whole) = (size_of::<Half>(), size_of::<Connection>());
        assert!(half <= 632 && whole <= 1752, "{half} of a half, {whole} in all");
    }
}
