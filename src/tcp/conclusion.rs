//! What is said of a connection when its row is written.

use super::connection::Connection;
use super::duplicates::Origin;
use super::event::EventSink;
use super::half::Seen;
use super::outcome::OutcomeFacts;
use super::summary::{ConnectionSummary, End, HandshakeOutcome, HandshakeSummary, Quality, TcpState, Vantage};
use super::teardown::{CLIENT, EndFacts, SERVER};
use super::verdict::AT_HOST;
use super::window::Scale;
use crate::base::{Nanos, Timestamp};

/// No progress for so long although data was outstanding, or six timeouts: given up (`semantics.md` 8.2).
const GIVEN_UP: Nanos = Nanos::from_secs(60);
/// See [`GIVEN_UP`].
const GIVEN_UP_TIMEOUTS: u8 = 6;

impl Connection {
    /// Sums the connection up in `summary`, which may be used again and again: these are two kilobytes that need not be moved.
    /// `reason`: why the table lets go of it, where it is not closed. `now`: the capture's clock. `events` hears of what could not be
    /// decided before.
    pub fn sum_up<E: EventSink>(
        &mut self,
        reason: Option<End>,
        now: Timestamp,
        events: &mut E,
        summary: &mut ConnectionSummary,
    ) {
        self.finish();
        self.tell_last_recoveries(events);
        let origins = self.copies_by(events);
        let scales = self.handshake.scales();
        #[rustfmt::skip]
        let ConnectionSummary {
            span, idle_max, role_evidence, handshake, teardown, halves, rtt_min, reused_after, vantage, quality, turns, budget,
        } = summary;
        *rtt_min = self.rtt_min();
        self.sum_up_handshake(origins, *rtt_min, handshake);
        let facts = self.end_facts(handshake.outcome, reason, now);
        let empty = self.halves.iter().all(|h| h.sender.stream_bytes() == 0);
        self.teardown.sum_up(&facts, teardown);
        (teardown.zeek_conn_state, teardown.zeek_history) = (self.zeek.conn_state(empty), self.zeek.history());
        let copies_end = [CLIENT, SERVER].into_iter().filter(|&e| origins[e] == Origin::Network);
        let span_end =
            copies_end.filter_map(|e| self.halves[e].duplicates.as_ref()?.last()).fold(self.end, Timestamp::max);
        *span = (self.first, span_end);
        self.sum_up_conversation(span_end, turns, budget);
        (*idle_max, *role_evidence, *reused_after) = (self.idle_max, self.role_evidence, self.reused_after.get());
        let missing = self.halves.each_ref().map(|half| half.sender.missing_bytes());
        (*vantage, *quality) = (self.vantage(), self.quality_summary(handshake, scales, origins, missing));
        for (end, half) in halves.iter_mut().enumerate() {
            let seen = self.seen(end, scales, missing);
            self.halves[end].sum_up(origins[end], &seen, self.last, half);
        }
    }

    /// The same in a summary of its own, for those who want but one.
    pub fn summary<E: EventSink>(&mut self, reason: Option<End>, now: Timestamp, events: &mut E) -> ConnectionSummary {
        let mut summary = ConnectionSummary::default();
        self.sum_up(reason, now, events, &mut summary);
        summary
    }

    fn seen(&self, end: usize, scales: [Scale; 2], missing: [u64; 2]) -> Seen {
        Seen {
            scale: scales[end],
            peer_scale: scales[1 - end],
            peer: self.halves[1 - end].volume.packets() > 0,
            options_cut: self.quality.has(Quality::OPTIONS_TRUNCATED),
            missing: missing[end],
            nagle: self.conversation.waits(end),
        }
    }

    /// Lets both senders learn what was still on its way, and counts the last window of each.
    fn finish(&mut self) {
        for end in [CLIENT, SERVER] {
            if self.halves[end].sender.is_expecting() {
                let (halves, sack) = (self.halves_of(end), self.sack());
                let size = self.halves[end].segment_size();
                self.halves[end].sender.finish(halves, sack, size);
            }
            self.halves[end].window.finish();
        }
    }

    /// Copies and other packets of both sides so far.
    pub(super) fn copies(&self) -> (u64, u64) {
        let copies = self.halves.iter().map(|h| h.copies()).sum();
        let originals = self.halves.iter().map(|h| h.volume.packets()).sum();
        (copies, originals)
    }

    fn copies_by<E: EventSink>(&mut self, events: &mut E) -> [Origin; 2] {
        let (copies, originals) = self.copies();
        [CLIENT, SERVER].map(|e| {
            if let Some(duplicates) = &mut self.halves[e].duplicates {
                let held = duplicates.finish(copies, originals);
                self.tell_copies(e, &held, events);
            }
            self.halves[e].copies_by()
        })
    }

    fn outcome_facts(&self) -> OutcomeFacts {
        let reset = self.teardown.reset();
        let early = self.handshake.client_ack_time().is_none();
        OutcomeFacts {
            server_packets: self.halves[SERVER].volume.packets(),
            client_went_on: self.halves[CLIENT].went_on,
            server_went_on: self.halves[SERVER].volume.data_packets() > 0 && self.halves[SERVER].went_on,
            both_went_on: self.halves.iter().all(|h| h.went_on),
            client_reset: early && reset.is_some_and(|r| r.from == CLIENT),
            server_reset: early && reset.is_some_and(|r| r.from == SERVER),
        }
    }

    fn handshake_outcome(&self) -> HandshakeOutcome {
        self.handshake.outcome(&self.outcome_facts())
    }

    #[inline]
    fn sum_up_handshake(&self, origins: [Origin; 2], rtt_min: Option<Nanos>, summary: &mut HandshakeSummary) {
        *summary = self.handshake.summary(&self.outcome_facts(), rtt_min);
        for (half, origin) in self.halves.iter().zip(origins) {
            if let Some(duplicates) = half.duplicates.as_ref().filter(|_| origin == Origin::Network) {
                let (syns, syn_acks) = duplicates.openings();
                summary.syn_packets += syns;
                summary.syn_ack_packets += syn_acks;
            }
        }
    }

    fn end_facts(&self, outcome: HandshakeOutcome, reason: Option<End>, now: Timestamp) -> EndFacts {
        use HandshakeOutcome as O;
        let both = self.halves.iter().all(|h| h.volume.packets() > 0);
        let gave_up = both
            && self.halves.iter().any(|h| {
                let stuck = now.min(self.last) - h.last_progress >= GIVEN_UP;
                h.sender.is_waiting() && h.went_on && (h.timeouts >= GIVEN_UP_TIMEOUTS || stuck)
            });
        let established = self.halves[CLIENT].went_on || matches!(outcome, O::Midstream | O::EstablishedPartial);
        EndFacts {
            refused: matches!(outcome, O::RefusedRst | O::RefusedIcmp),
            unanswered: outcome == O::Unanswered,
            gave_up,
            reason,
            fin_end: [CLIENT, SERVER].map(|e| self.halves[e].sender.fin_end()),
            opened: [self.handshake.syn_seen(), self.handshake.syn_ack_seen(), established],
        }
    }

    /// The states of both endpoints now.
    pub(super) fn states_now(&self) -> [TcpState; 2] {
        let summary = self.handshake_outcome();
        let facts = self.end_facts(summary, None, self.last);
        self.teardown.states(&facts)
    }

    /// Where the capture point lies, by the share of the client's half in the round trip (`semantics.md` 0).
    fn vantage(&self) -> Vantage {
        let (Some(c), Some(s)) = (self.halves[CLIENT].rtt.min(), self.halves[SERVER].rtt.min()) else {
            return Vantage::Unknown;
        };
        let total = (c + s).0.max(1);
        let (share_c, share_s) = (100 * c.0 / total, 100 * s.0 / total);
        let offload = |e: usize| self.halves[e].volume.packets() > 0 && self.quality.has(Quality::SUPER_PACKETS);
        match () {
            () if c < AT_HOST && s < AT_HOST => Vantage::Local,
            () if c < AT_HOST && (share_c < 5 || offload(CLIENT)) => Vantage::AtClient,
            () if s < AT_HOST && (share_s < 5 || offload(SERVER)) => Vantage::AtServer,
            () if share_c < 20 => Vantage::NearClient,
            () if share_s < 20 => Vantage::NearServer,
            () => Vantage::Middle,
        }
    }

    fn quality_summary(
        &self,
        handshake: &HandshakeSummary,
        scales: [Scale; 2],
        origins: [Origin; 2],
        missing: [u64; 2],
    ) -> Quality {
        let mut quality = self.quality;
        let mut note = |word: Quality, holds: bool| {
            if holds {
                quality.set(word);
            }
        };
        let halves = &self.halves;
        let answered = !matches!(handshake.outcome, HandshakeOutcome::Unanswered | HandshakeOutcome::RefusedIcmp);
        let went_on = halves.iter().any(|h| h.went_on);
        note(Quality::ONE_WAY, answered && halves.iter().any(|h| h.volume.packets() == 0));
        note(Quality::NO_HANDSHAKE, handshake.outcome == HandshakeOutcome::Midstream);
        note(Quality::NO_TIMESTAMPS, went_on && handshake.timestamps == Some(false));
        note(Quality::WINDOW_SCALE_UNKNOWN, went_on && scales.contains(&Scale::Unknown));
        note(
            Quality::CAPTURE_LOSS,
            halves.iter().zip(missing).any(|(h, missing)| h.volume.packets() > 0 && missing > 0),
        );
        let copies = |e: usize| halves[e].copies() > 0 && origins[e] == Origin::Capture;
        note(Quality::DUPLICATES_REMOVED, copies(CLIENT) || copies(SERVER));
        note(Quality::STATE_CAPPED, halves.iter().any(|h| h.sender.capped()));
        note(Quality::BAD_CHECKSUMS, halves.iter().any(|h| h.volume.bad_checksums() > 0));
        quality
    }
}
