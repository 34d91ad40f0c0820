//! As much of a connection as it takes to say that a segment belongs to it beyond doubt, so that it may wait to be looked at.
//!
//! It errs on one side only: what it takes, [`Connection::fate`] would give to the connection, whatever the segments that wait before it do.

use super::connection::{Connection, LINGER, UNUSUAL};
use super::sender::FAR;
use crate::base::{Nanos, Segment, Seq, Side, TcpFlags};

/// A segment is near if it lies no further from where its stream was known to be. Not all that is taken may count as data in the end; but as
/// many segments as may wait, each of which lies no further beyond the last one, cannot lead as far as where a segment's connection is in doubt
/// (see [`Connection::is_at_hand`]).
const NEAR: u32 = 1 << 24;
/// No segment is longer.
const LONGEST: u32 = 1 << 20;

/// What is known without looking at the state of a connection.
///
/// It is small enough to be worked on in registers, and so it has to be: what is written to memory piece by piece takes long to be copied from
/// there. So a side is always asked for by its name, and no part of it is smaller than a word.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outline {
    /// About where the streams of both sides of the key are.
    lo: u32,
    hi: u32,
    facts: u32,
}

const _: () = assert!(size_of::<Outline>() <= 12, "with it a record of the table fills two cache lines");

/// The stream of the lower side was picked up; that of the upper one was, with the bit above.
const STARTED: u32 = 1 << 0;
/// There was nothing but SYNs and SYN-ACKs.
const OPENING: u32 = 1 << 2;
/// There was a FIN or a reset, or the acknowledgement of a FIN.
const CLOSING: u32 = 1 << 3;
/// The client is the upper side of the key.
const CLIENT_IS_HI: u32 = 1 << 4;

impl Outline {
    /// A segment that is taken leads no further than so many bytes from where the last one led.
    pub const STEP: u64 = NEAR as u64 + LONGEST as u64 + 2; // and SYN and FIN
    /// However many of those that are taken count for nothing, the stream must not be further away than this from where it is thought to be.
    pub const MOST: u64 = FAR;

    /// Of a connection of which there is nothing but this SYN.
    pub fn of_syn(syn: &Segment) -> Self {
        if !syn.flags.is_syn_only() || syn.flags.any(TcpFlags::FIN.with(TcpFlags::RST)) || syn.bits.any(UNUSUAL) {
            return Self::default();
        }
        let from = syn.from();
        let mut outline = Self { facts: OPENING, ..Self::default() };
        if from == Side::Hi {
            outline.facts |= CLIENT_IS_HI;
        }
        outline.start(from, syn.seq.plus(1));
        outline
    }

    /// Of a connection of which everything was looked at.
    pub fn of(connection: &Connection) -> Self {
        let mut outline = Self::default();
        if connection.pending.is_some() || !connection.halves.iter().all(|half| half.sender.started()) {
            return outline;
        }
        for side in [Side::Lo, Side::Hi] {
            let half = &connection.halves[connection.role(side)];
            outline.start(side, Seq(half.sender.snd_max() as u32));
        }
        if connection.is_closing() {
            outline.facts |= CLOSING;
        }
        outline
    }

    /// Where the stream of a side is.
    #[inline(always)]
    const fn reached(&self, side: Side) -> u32 {
        match side {
            Side::Lo => self.lo,
            Side::Hi => self.hi,
        }
    }

    #[inline(always)]
    const fn reaches(&mut self, side: Side, to: u32) {
        match side {
            Side::Lo => self.lo = to,
            Side::Hi => self.hi = to,
        }
    }

    #[inline(always)]
    const fn start(&mut self, side: Side, at: Seq) {
        self.facts |= STARTED << side as u8;
        self.reaches(side, at.0);
    }

    const fn started(&self, side: Side) -> bool {
        self.facts & STARTED << side as u8 != 0
    }

    /// When the connection has been silent for so long it may be final; `None` if it is open.
    pub const fn linger(&self) -> Option<Nanos> {
        if self.facts & CLOSING == 0 { None } else { Some(LINGER) }
    }

    /// The next segment, if it belongs to the connection whatever the state of that is; false if that cannot be told.
    #[inline(always)]
    pub fn takes(&mut self, segment: &Segment) -> bool {
        let from = segment.from();
        if segment.flags.any(TcpFlags::SYN.with(TcpFlags::RST)) {
            let taken = self.with_rare(segment, from);
            *self = taken.unwrap_or(*self);
            return taken.is_some();
        }
        let peer = from.other();
        let taken = self.started(from)
            && self.is_near(from, segment.seq)
            && segment.payload_len <= LONGEST
            && (!segment.flags.ack() || (self.started(peer) && self.is_near(peer, segment.ack)));
        if taken {
            self.goes_on(from, segment.seq.plus(segment.seq_len()));
            if segment.flags.ack() {
                self.goes_on(peer, segment.ack);
            }
            self.facts &= !OPENING;
            if segment.flags.fin() {
                self.facts |= CLOSING;
            }
        }
        taken
    }

    /// A reset says nothing of where streams are, and belongs to whatever connection there is. A SYN is the first one again, and a SYN-ACK
    /// answers it.
    #[inline(never)]
    fn with_rare(mut self, segment: &Segment, from: Side) -> Option<Self> {
        if !segment.flags.syn() {
            self.facts = (self.facts & !OPENING) | CLOSING;
            return Some(self);
        }
        let client = if self.facts & CLIENT_IS_HI == 0 { Side::Lo } else { Side::Hi };
        let next = segment.seq.plus(1).0;
        if self.facts & OPENING == 0
            || segment.flags.any(TcpFlags::FIN.with(TcpFlags::RST))
            || segment.bits.any(UNUSUAL)
            || segment.payload_len > LONGEST
        {
            return None;
        }
        if segment.flags.is_syn_only() {
            return (from == client && next == self.reached(client)).then_some(self);
        }
        let answers = segment.flags.is_syn_ack() && from != client && segment.ack.0 == self.reached(client);
        if !answers || (self.started(from) && next != self.reached(from)) {
            return None;
        }
        self.start(from, Seq(next));
        Some(self)
    }

    #[inline]
    fn is_near(&self, side: Side, at: Seq) -> bool {
        at.distance(Seq(self.reached(side))).unsigned_abs() <= NEAR
    }

    #[inline]
    fn goes_on(&mut self, side: Side, to: Seq) {
        if to.distance(Seq(self.reached(side))) > 0 {
            self.reaches(side, to.0);
        }
    }
}
