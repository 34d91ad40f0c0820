//! What a connection does with the packets of its handshake.

use super::connection::Connection;
use super::event::{EventSink, Evidence};
use super::handshake::HandshakeSample;
use super::recovery::Trigger;
use super::reset::isn_before;
use super::rtt::{Sample, SampleClass};
use super::stalls::StallCause;
use super::teardown::{CLIENT, SERVER};
use super::verdict::{Kind, Verdict};
use crate::base::{SackBlock, Segment, SegmentBits};

impl Connection {
    /// A segment with SYN.
    pub(super) fn on_syn<E: EventSink>(&mut self, segment: &Segment, sacks: &[SackBlock], from: usize, events: &mut E) {
        if segment.bits.has(SegmentBits::MSS) {
            self.halves[1 - from].peer_mss = Some(segment.mss);
        }
        let repeated = match (from, segment.flags.ack()) {
            (CLIENT, false) => {
                let again = self.handshake.syn_seen();
                self.handshake.on_syn(segment);
                again
            }
            (SERVER, false) => {
                let again = self.handshake.simultaneous();
                self.handshake.on_server_syn(segment);
                again
            }
            (SERVER, true) => {
                let again = self.handshake.syn_ack_seen() && !self.handshake.simultaneous();
                self.handshake.on_syn_ack(segment);
                self.note_needless_syns(segment, events);
                again
            }
            _ => {
                self.handshake.on_client_syn_ack(); // it repeats its SYN, and is no retransmission of it
                false
            }
        };
        let start = self.halves[from].sender.snd_max() == self.halves[from].sender.first();
        if start && self.halves[from].sender.isn() != Some(segment.seq) {
            self.halves[from].sender.start_at(segment.seq);
        }
        if repeated {
            self.on_opening_again(segment, from, events);
        } else if segment.payload_len > 0 {
            let lo = self.halves[from].sender.first();
            let around = self.surroundings(segment, from);
            let verdict = self.halves[from].sender.on_segment(segment, lo, &around);
            self.tell_verdict(segment, from, &verdict, events);
        }
        if segment.flags.ack() {
            self.on_syn_acknowledges(segment, sacks, from, events);
        }
    }

    /// A SYN or SYN-ACK comes again: by a timer, for nothing else repeats it.
    #[inline(never)]
    fn on_opening_again<E: EventSink>(&mut self, segment: &Segment, from: usize, events: &mut E) {
        let arrived = match from {
            CLIENT => self.handshake.syn_ack_seen(),
            _ => self.handshake.client_ack_time().is_some(),
        };
        let previous = self.previous;
        let me = &mut self.halves[from];
        me.sender.loss().on_retransmission(Trigger::Rto, segment.payload_len.into());
        let stall = me.stalls.on_silence(previous, segment.ts, me.timer.srtt(), me.timer.rto());
        if from == SERVER {
            self.note_repeated_syn_ack(segment);
        }
        self.tell_opening_again(segment, from, events);
        if let Some(length) = stall {
            self.tell_stall(segment, from, (StallCause::HandshakeRetry, length), events);
        }
        if arrived {
            // The peer had answered an earlier copy.
            self.halves[from].sender.loss().on_spurious_opening();
            self.tell_spurious_opening(from, (segment.ts, segment.frame), Evidence::ACKNOWLEDGED, events);
        }
    }

    /// The SYN-ACK echoes an earlier SYN than the last: the later ones were not needed.
    fn note_needless_syns<E: EventSink>(&mut self, syn_ack: &Segment, events: &mut E) {
        for again in self.handshake.needless_syns(syn_ack) {
            self.halves[CLIENT].sender.loss().on_spurious_opening();
            self.tell_spurious_opening(CLIENT, again, Evidence::EIFEL, events);
        }
    }

    fn on_syn_acknowledges<E: EventSink>(
        &mut self,
        segment: &Segment,
        sacks: &[SackBlock],
        from: usize,
        events: &mut E,
    ) {
        let peer = 1 - from;
        if !self.halves[peer].sender.started() {
            self.halves[peer].sender.start_at(isn_before(segment.ack));
        }
        let verdict = Verdict::plain(Kind::Empty, 0, 0);
        self.on_ack_field(segment, sacks, from, &verdict, events);
        let sender = &mut self.halves[peer].sender;
        if from == SERVER && self.handshake.syn_payload() > 0 && sender.una() < sender.snd_max() {
            sender.fast_open_refused(self.handshake.syn_count() == 1);
        }
    }

    /// A segment of the client with an ACK: it may complete the handshake.
    pub(super) fn note_client_ack(&mut self, segment: &Segment) {
        if self.handshake.client_ack_time().is_some() {
            return;
        }
        let answered = match self.handshake.server_isn() {
            Some(isn) => segment.ack.distance(isn.plus(1)) >= 0,
            None => self.handshake.syn_seen(),
        };
        if !answered {
            return;
        }
        self.begin_talk(segment.ts);
        // Both halves are known before either makes a full round trip.
        let samples = self.handshake.on_client_ack(segment);
        for HandshakeSample { of_client, t, rtt } in samples.into_iter().flatten() {
            let of = if of_client { CLIENT } else { SERVER };
            self.halves[of].rtt.add(Sample { t, rtt, class: SampleClass::Immediate, bare: true });
        }
        if let [Some(client), Some(server)] = samples {
            for half in &mut self.halves {
                half.timer.add(client.rtt + server.rtt);
            }
        }
    }
}
