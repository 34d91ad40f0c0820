//! What its peer tells a sender, from the moment at which it can have heard of it (`semantics.md` 0): what is on its way to it stands in
//! [`Knowledge`](super::knowledge::Knowledge).

use super::knowledge::{Context, Halves, causal_lag};
use super::letters::{Arrived, News, Reader, arrival};
use super::sender::Sender;
use super::verdict::Surroundings;
use crate::base::{Nanos, Segment, Timestamp};

impl Sender {
    /// Lets the sender have what it can have had when it sent this segment.
    #[inline]
    pub(super) fn catch_up(&mut self, segment: &Segment, around: &Surroundings) {
        self.knowledge.note_echo(segment.echo());
        let half = around.halves.sender;
        if let Some(lag) = self.mail(segment.ts, half) {
            let reader = Reader { t: segment.ts, half, lag, ack: around.ack };
            self.receive(&reader, around.halves, around.sack, around.segment_size);
        }
    }

    /// If something has reached it when it sends a segment that passes at `t`: how long before that it has passed at least. `half`: the
    /// smallest round trip between it and the capture point.
    #[inline(always)]
    pub(super) fn mail(&self, t: Timestamp, half: Option<Nanos>) -> Option<Nanos> {
        let next = self.knowledge.next()?;
        let lag = causal_lag(half);
        (next <= t - lag).then_some(lag)
    }

    /// Lets it have that, if it is no more than signs of life. False if it is more, and then nothing has happened.
    #[inline(always)]
    pub(super) fn take_signs(&mut self, t: Timestamp, half: Option<Nanos>, lag: Nanos) -> bool {
        self.is_calm() && self.knowledge.take_signs(t - lag, |passed| arrival(passed, half, t))
    }

    /// Something else may have reached it.
    #[inline(always)]
    pub(super) fn has_mail(&self, reader: &Reader) -> bool {
        self.knowledge.has_mail(reader)
    }

    /// Lets it have an ordinary ACK, if that has reached it first. False if it is not so, and then nothing has happened. `peer`: the smallest
    /// round trip to its peer.
    #[inline(always)]
    pub(super) fn take_ack(&mut self, reader: &Reader, peer: Option<Nanos>) -> bool {
        let taken = if self.is_calm() { self.knowledge.take_ack(reader, &mut self.queue, peer) } else { None };
        if taken == Some(true)
            && let Some(trouble) = &mut self.trouble
        {
            trouble.on_advance();
        }
        taken.is_some()
    }

    /// Lets it have what says no more than that its peer is alive. True if that is all that has reached it; what else there is is left for
    /// [`Sender::receive`].
    #[inline(always)]
    pub(super) fn skim(&mut self, reader: &Reader) -> bool {
        self.is_calm() && self.knowledge.skim(reader)
    }

    /// Lets it have what else has reached it.
    #[inline(never)]
    pub(super) fn receive(&mut self, reader: &Reader, halves: Halves, sack: bool, segment_size: u32) {
        while let Some((arrived, arrival)) = self.knowledge.receive(reader) {
            match arrived {
                Arrived::News => {
                    if let Some(news) = self.knowledge.open() {
                        self.learn(&news, arrival, halves, sack, segment_size);
                    }
                }
                Arrived::Sign => self.learn_sign(arrival, halves, sack, segment_size),
            }
            if !self.knowledge.has_mail(reader) || self.skim(reader) {
                break;
            }
        }
    }

    /// An ACK that acknowledges nothing changes nothing for it.
    #[inline]
    fn is_calm(&self) -> bool {
        !self.limit.active() && self.trouble.as_ref().is_none_or(|trouble| trouble.recovery.idle())
    }

    /// What a packet of the peer says arrives.
    #[inline(always)]
    pub(super) fn learn(&mut self, news: &News, arrival: Timestamp, halves: Halves, sack: bool, segment_size: u32) {
        let context = Context { halves, snd_max: self.snd_max, sack };
        let was_closed = self.knowledge.zero_window();
        self.knowledge.learn(news, arrival, &mut self.queue, &mut self.trouble, context);
        if was_closed && !self.knowledge.zero_window() {
            self.new_since_reopened = false;
        }
        self.limit.on_edge(arrival, self.knowledge.edge(), self.snd_max, segment_size);
    }

    /// A sign of life of the peer arrives.
    #[cold]
    fn learn_sign(&mut self, arrival: Timestamp, halves: Halves, sack: bool, segment_size: u32) {
        let context = Context { halves, snd_max: self.snd_max, sack };
        self.knowledge.learn_sign(arrival, &self.queue, &mut self.trouble, context);
        self.limit.on_edge(arrival, self.knowledge.edge(), self.snd_max, segment_size);
    }

    /// The end of the capture: what was still on its way arrives.
    pub fn finish(&mut self, halves: Halves, sack: bool, segment_size: u32) {
        while let Some((arrived, t)) = self.knowledge.receive_any() {
            let arrival = t + halves.sender.unwrap_or(Nanos::ZERO);
            match arrived {
                Arrived::News => {
                    if let Some(news) = self.knowledge.open() {
                        self.learn(&news, arrival, halves, sack, segment_size);
                    }
                }
                Arrived::Sign => self.learn_sign(arrival, halves, sack, segment_size),
            }
        }
    }
}
