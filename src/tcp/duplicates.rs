//! Copies of a datagram: made by the capture (a SPAN port, the `any` device) or by the network (`semantics.md` 5.5).

use super::connection::Connection;
use super::event::EventSink;
use super::teardown::SERVER;
use super::volume::Volume;
use crate::base::packed::{packed, packed_names};
use crate::base::{Nanos, Segment, SegmentBits, Timestamp};

/// A segment whose fingerprint was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Time since that.
    pub age: Nanos,
    /// The capture holds many of its packets twice.
    pub common: bool,
    /// It is the second of its pair.
    pub second: bool,
}

/// No copy is looked for after this time.
pub const REACH: Nanos = Nanos::from_millis(50);
/// Without identification or timestamp only what comes so soon is a copy: no host answers and asks again so fast.
const NO_IDENTITY: Nanos = Nanos::from_micros(100);
/// With a timestamp: a retransmission of the same tick is possible on the fastest paths only.
const WEAK_IDENTITY: Nanos = Nanos::from_millis(2);
/// A capture makes its copies at once.
const AT_ONCE: Nanos = Nanos::from_micros(50);
/// A capture that makes copies of a tenth makes them soon.
const SOON: Nanos = Nanos::from_millis(1);

/// What a segment that looks like another is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The same datagram.
    Same,
    /// Another one.
    Other,
    /// Nothing in it identifies it: duplicate ACKs, and resets that answer a burst, look alike.
    None,
}

/// Is it the same datagram, or one that looks the same? `constant_ids`: this sender's IP ID identifies nothing.
pub fn identity(segment: &Segment, copy: Copy, constant_ids: bool, round_trip: Option<Nanos>) -> Identity {
    let within = |limit: Nanos| if copy.age <= limit { Identity::Same } else { Identity::Other };
    if copy.age > REACH {
        return Identity::Other;
    }
    if segment.ip_ident().is_some() && !constant_ids {
        return Identity::Same;
    }
    if segment.flags.syn() {
        return Identity::Same; // a SYN is repeated after 1 s (RFC 6298 2.1)
    }
    let quarter = round_trip.map(|r| r.scale(1, 4));
    if segment.bits.has(SegmentBits::TIMESTAMPS) && segment.seq_len() > 0 {
        let slow_path = round_trip.is_some_and(|r| r > WEAK_IDENTITY);
        return within(if slow_path { REACH } else { quarter.map_or(WEAK_IDENTITY, |q| q.min(WEAK_IDENTITY)) });
    }
    if segment.seq_len() > 0 {
        return within(quarter.unwrap_or(NO_IDENTITY));
    }
    if copy.age <= SOON { Identity::None } else { Identity::Other }
}

/// So many copies are held back before it is decided who makes them.
const HELD: usize = 8;

/// Who made a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The capture: it is in no count.
    Capture,
    /// The network: it is a packet like others.
    Network,
}

packed_names! { Origin { Capture, Network } }

/// What is kept of a copy until its origin is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldCopy {
    /// When it passed.
    pub t: Timestamp,
    /// Its frame.
    pub frame: u64,
    /// Its first byte, as a position of the stream.
    pub lo: u64,
    /// Its payload.
    pub bytes: u64,
}

packed! { HeldCopy { [t, frame, lo, bytes] } }

/// Copies of one direction, set aside: the first few until it is clear who makes them, then one by one.
#[derive(Clone, Debug, Default)]
pub struct Duplicates {
    held: Vec<HeldCopy>,
    origin: Option<Origin>,
    volume: Volume,
    at_once: u32,
    soon: u32,
    syns: u32,
    syn_acks: u32,
    last: Option<Timestamp>,
}

packed! { Duplicates { [at_once, soon, syns, syn_acks; origin] held, volume, last } }

impl Duplicates {
    /// Sets a copy aside. `copies`, `originals`: of the connection so far. Gives the copies whose origin is known now.
    pub fn set_aside(
        &mut self,
        segment: &Segment,
        copy: Copy,
        lo: u64,
        segment_size: u32,
        (copies, originals): (u64, u64),
    ) -> Vec<HeldCopy> {
        self.volume.count(segment, segment_size);
        self.last = Some(segment.ts);
        self.at_once += u32::from(copy.age <= AT_ONCE);
        self.soon += u32::from(copy.age <= SOON);
        self.syns += u32::from(segment.flags.is_syn_only());
        self.syn_acks += u32::from(segment.flags.is_syn_ack());
        self.held.push(HeldCopy { t: segment.ts, frame: segment.frame, lo, bytes: segment.payload_len.into() });
        if self.origin.is_none() && self.held.len() < HELD {
            return Vec::new();
        }
        self.decide(copies + 1, originals);
        std::mem::take(&mut self.held)
    }

    /// How many.
    pub const fn count(&self) -> u64 {
        self.volume.packets()
    }

    /// Time of the last one.
    pub const fn last(&self) -> Option<Timestamp> {
        self.last
    }

    /// What they would add to the counts.
    pub const fn volume(&self) -> &Volume {
        &self.volume
    }

    /// SYNs and SYN-ACKs among them.
    pub const fn openings(&self) -> (u32, u32) {
        (self.syns, self.syn_acks)
    }

    /// Who made them, once that is decided.
    pub fn origin(&self) -> Origin {
        self.origin.unwrap_or(Origin::Network)
    }

    /// The end: the copies that were still held back.
    pub fn finish(&mut self, copies: u64, originals: u64) -> Vec<HeldCopy> {
        if self.count() > 0 {
            self.decide(copies, originals);
        }
        std::mem::take(&mut self.held)
    }

    /// A capture copies every packet of a path, at once or soon; the network copies a few.
    fn decide(&mut self, copies: u64, originals: u64) {
        let n = self.count();
        let soon = 2 * u64::from(self.soon) > n;
        let many = 10 * copies >= originals && soon || 2 * copies >= originals && copies > 2;
        let at_once = 2 * u64::from(self.at_once) > n;
        let origin = if many || at_once { Origin::Capture } else { Origin::Network };
        self.origin.get_or_insert(origin);
    }
}

impl Connection {
    /// A copy is set aside: it is no segment for the analyzers.
    #[inline(never)]
    pub(super) fn is_copy<E: EventSink>(&mut self, segment: &Segment, from: usize, copy: Copy, events: &mut E) -> bool {
        if segment.bits.has(SegmentBits::MALFORMED) {
            return false;
        }
        let (round_trip, counts) = (self.rtt_min(), self.copies());
        let copied = counts.0 > 0 || copy.common || self.answers_no_syn(segment, from);
        let me = &mut self.halves[from];
        match identity(segment, copy, me.sender.constant_ids(), round_trip) {
            Identity::Same => {}
            Identity::None if copied && copy.second => {}
            Identity::None | Identity::Other => return false,
        }
        let lo = me.sender.position(segment.seq);
        let largest = me.largest_segment();
        let duplicates = me.duplicates.get_or_insert_default();
        let known = duplicates.set_aside(segment, copy, lo, largest, counts);
        if copy.common || duplicates.origin() == Origin::Capture {
            me.sender.forget_copies();
        } else {
            me.sender.on_copy(segment);
        }
        self.tell_copies(from, &known, events);
        true
    }

    /// A refusal too many: each SYN gets one.
    fn answers_no_syn(&self, segment: &Segment, from: usize) -> bool {
        let refuses = from == SERVER && segment.flags.rst() && segment.flags.ack() && !self.handshake.syn_ack_seen();
        refuses && self.halves[SERVER].volume.rsts() >= self.handshake.syn_count()
    }
}
