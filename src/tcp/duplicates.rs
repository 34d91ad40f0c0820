//! Copies of a datagram: made by the capture (a SPAN port, the `any` device) or by the network (`semantics.md` 5.5).

use super::volume::Volume;
use crate::base::{Nanos, Segment, SegmentBits, Timestamp};

/// A segment whose fingerprint was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Time since the first one.
    pub age: Nanos,
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

/// Is it the same datagram, or one that looks the same? `constant_ids`: this sender's IP ID identifies nothing.
pub fn is_same_datagram(segment: &Segment, copy: Copy, constant_ids: bool, round_trip: Option<Nanos>) -> bool {
    if copy.age > REACH {
        return false;
    }
    if segment.ip_ident().is_some() && !constant_ids {
        return true;
    }
    let quarter = round_trip.map(|r| r.scale(1, 4));
    if segment.flags.syn() {
        return true; // a SYN is repeated after 1 s (RFC 6298 2.1)
    }
    if segment.bits.has(SegmentBits::TIMESTAMPS) {
        let slow_path = round_trip.is_some_and(|r| r > WEAK_IDENTITY);
        return segment.seq_len() > 0 && slow_path
            || copy.age <= quarter.map_or(WEAK_IDENTITY, |q| q.min(WEAK_IDENTITY));
    }
    let limit = if segment.seq_len() > 0 { quarter.unwrap_or(NO_IDENTITY) } else { NO_IDENTITY };
    copy.age <= limit
}

/// Copies of one direction, set aside until it is clear who made them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Duplicates {
    volume: Volume,
    at_once: u32,
    soon: u32,
    syns: u32,
    syn_acks: u32,
    last: Option<Timestamp>,
}

/// Who made the copies of a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The capture: they are in no count.
    Capture,
    /// The network: they are packets like others.
    Network,
}

impl Duplicates {
    /// Sets a copy aside.
    pub fn set_aside(&mut self, segment: &Segment, copy: Copy, segment_size: u32) {
        self.volume.count(segment, segment_size);
        self.last = Some(segment.ts);
        self.at_once += u32::from(copy.age <= AT_ONCE);
        self.soon += u32::from(copy.age <= SOON);
        self.syns += u32::from(segment.flags.is_syn_only());
        self.syn_acks += u32::from(segment.flags.is_syn_ack());
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

    /// Who made them, the connection's `copies` of `originals` packets considered. A capture copies every packet of a path, the network a few.
    pub fn origin(&self, copies: u64, originals: u64) -> Origin {
        let n = self.count();
        let soon = 2 * u64::from(self.soon) > n;
        let many = 10 * copies >= originals && soon || 2 * copies >= originals && copies > 2;
        let at_once = 2 * u64::from(self.at_once) > n;
        if many || at_once { Origin::Capture } else { Origin::Network }
    }
}
