//! Frames in, segments out: link layers, tunnels, IP, fragments, TCP.
//!
//! Decoding never fails. A frame gives a segment, or an ICMP error about one, or a counted reason why not ([`Skip`]). Each layer is a
//! function that says what the bytes behind it are, and the loop of the [`Decoder`] follows from one to the next, so that tags and
//! tunnels nest as they like. Common frames take a shorter way (`fast`) to the same result, and the most usual ones the shortest (`usual`).
//!
//! Lengths are those of the headers, never those of the capture: padding is no payload, and a frame that was cut behind its headers says
//! as much as the whole one.

mod bytes;
mod checksum;
mod encapsulation;
mod fast;
mod fragments;
mod icmp;
mod ip;
mod link;
mod skip;
mod step;
mod tcp;
#[cfg(test)]
mod tests;
mod tunnel;
mod usual;

pub use checksum::ChecksumCounts;
pub use skip::Skip;

use crate::base::{SegmentBatch, SegmentBits};
use crate::capture::Frame;
use bytes::Bytes;
use encapsulation::{Encapsulations, LayerStack};
use fragments::{Added, Datagram, Fragments};
use ip::{Fragment, Packet, protocol};
use skip::SkipCounts;
use step::Step;

/// So many layers, and so many extension headers, are followed in one packet: real ones have less than half of it.
const MAX_LAYERS: usize = 16;
/// So often a reassembled datagram may be a fragment of another, as it is where a tunnel and its payload were both fragmented.
const MAX_REASSEMBLIES: usize = 4;

/// What the decoder does beyond reading headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeOptions {
    /// Verify the TCP checksum of segments that were captured whole.
    pub verify_checksums: bool,
    /// Put IP fragments together. Without that, and where it cannot be done, the first fragment of a segment stands for it, with a
    /// length that is a lower bound.
    pub reassemble: bool,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self { verify_checksums: true, reassemble: true }
    }
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// The batch has one more segment.
    Segment,
    /// The batch has one more ICMP error.
    IcmpError,
    /// Nothing, for this reason. A fragment is skipped as [`Skip::Fragment`] until the last one is there.
    Skipped(Skip),
}

/// Turns frames into segments, and counts those that give none.
pub struct Decoder {
    options: DecodeOptions,
    layers: LayerStack,
    encapsulations: Encapsulations,
    fragments: Fragments,
    skipped: SkipCounts,
    checksums: ChecksumCounts,
    cut_frames: u64,
    joined_frames: u64,
}

impl Decoder {
    /// A decoder that has seen nothing yet.
    pub fn new(options: DecodeOptions) -> Self {
        Self {
            options,
            layers: LayerStack::default(),
            encapsulations: Encapsulations::default(),
            fragments: Fragments::default(),
            skipped: SkipCounts::default(),
            checksums: ChecksumCounts::default(),
            cut_frames: 0,
            joined_frames: 0,
        }
    }

    /// Reads a frame, and adds what it holds to the batch.
    ///
    /// A segment that came in fragments has the time and the number of the frame that completed it.
    #[inline]
    pub fn decode(&mut self, frame: &Frame<'_>, batch: &mut SegmentBatch) -> Decoded {
        self.cut_frames += u64::from(frame.data.len() < frame.wire_len as usize);
        if self.decode_usual(frame, batch) { Decoded::Segment } else { self.decode_other(frame, batch) }
    }

    /// A frame that is not of the most usual kind.
    #[inline(never)]
    fn decode_other(&mut self, frame: &Frame<'_>, batch: &mut SegmentBatch) -> Decoded {
        match self.decode_common(frame, batch) {
            Some(decoded) => decoded,
            None => self.decode_any(frame, batch),
        }
    }

    /// The general path, which any frame may take.
    #[inline(never)]
    fn decode_any(&mut self, frame: &Frame<'_>, batch: &mut SegmentBatch) -> Decoded {
        self.layers.clear();
        let decoded = match self.walk(link::start(frame.link, Bytes::of(frame)), frame, batch) {
            Arrival::Decoded(decoded) => decoded,
            Arrival::Reassembled(datagram) => self.walk_reassembled(datagram, frame, batch),
        };
        if let Decoded::Skipped(skip) = decoded {
            self.skipped.add(skip);
        }
        decoded
    }

    /// What a segment's `encapsulation` stands for: the layers around its IP packet, outermost first, as `vlan:12/mpls:7`;
    /// empty for none.
    pub fn encapsulation(&self, number: u16) -> &str {
        self.encapsulations.name(number)
    }

    /// The highest number that a segment's `encapsulation` has had or may have next.
    pub fn encapsulations(&self) -> u16 {
        self.encapsulations.highest()
    }

    /// Why frames gave no segment, and how many, the most frequent reason first.
    pub fn skipped(&self) -> Vec<(&'static str, u64)> {
        self.skipped.sorted().into_iter().map(|(skip, frames)| (skip.phrase(), frames)).collect()
    }

    /// How many frames gave no segment for this reason.
    pub fn skipped_for(&self, reason: Skip) -> u64 {
        self.skipped.of(reason)
    }

    /// Frames of which the capture kept only the beginning.
    pub fn cut_frames(&self) -> u64 {
        self.cut_frames
    }

    /// Frames that are part of a reassembled packet without having completed it: neither skipped nor a segment of their own.
    pub fn joined_frames(&self) -> u64 {
        self.joined_frames
    }

    /// What the verification of checksums found.
    pub fn checksums(&self) -> ChecksumCounts {
        self.checksums
    }

    /// Follows the layers of a frame, or of a reassembled packet, to their end.
    fn walk(&mut self, first: Step<'_>, frame: &Frame<'_>, batch: &mut SegmentBatch) -> Arrival {
        let mut step = first;
        for _ in 0..MAX_LAYERS {
            let parsed = match step {
                Step::Ether(ether_type, bytes) => {
                    step = link::ether_type(ether_type, bytes, &mut self.layers);
                    continue;
                }
                Step::Ip(bytes) => ip::parse(bytes),
                Step::Datagram(datagram) => datagram.packet(),
                Step::Stop(skip) => Err(skip),
            };
            // By reference from here on: a packet is large enough for its copies to be noticed, and reading as one what was written in
            // pieces a moment before makes the processor wait.
            let packet = match &parsed {
                Ok(packet) => packet,
                Err(skip) => return Arrival::skipped(*skip),
            };
            let alone;
            let packet = match packet.fragment {
                None => packet,
                Some(fragment) => match self.join(*packet, fragment, frame) {
                    Ok(packet) => {
                        alone = packet;
                        &alone
                    }
                    Err(arrival) => return arrival,
                },
            };
            step = match packet.protocol {
                protocol::TCP => return Arrival::Decoded(self.segment(packet, frame, batch)),
                protocol::IPV4 | protocol::IPV6 => tunnel::ip_in_ip::parse(packet, &mut self.layers),
                _ => return Arrival::Decoded(other_protocol(packet, frame, batch)),
            };
        }
        Arrival::skipped(Skip::TooDeep)
    }

    /// Follows a reassembled packet, whose payload may be a fragment in turn.
    #[cold]
    fn walk_reassembled(&mut self, first: Box<Datagram>, frame: &Frame<'_>, batch: &mut SegmentBatch) -> Decoded {
        let mut datagram = first;
        for _ in 0..MAX_REASSEMBLIES {
            // The others were taken for lost while they waited.
            let joined = datagram.frames.saturating_sub(1);
            self.skipped.take_back(Skip::Fragment, joined);
            self.joined_frames += joined;
            match self.walk(Step::Datagram(&datagram), frame, batch) {
                Arrival::Decoded(decoded) => return decoded,
                Arrival::Reassembled(inner) => datagram = inner,
            }
        }
        Decoded::Skipped(Skip::TooDeep)
    }

    /// Keeps a fragment until the others are there, or returns it if it says enough by itself, or all that will ever be said.
    #[cold]
    fn join<'a>(
        &mut self,
        mut packet: Packet<'a>,
        fragment: Fragment,
        frame: &Frame<'_>,
    ) -> Result<Packet<'a>, Arrival> {
        let is_first = fragment.offset == 0;
        if !may_hold_tcp(packet.protocol) {
            // The first fragment of anything else says what it is as well as the whole does; in others its header is not to be found.
            if !is_first {
                packet.payload = packet.payload.limit(0);
            }
            return Ok(packet);
        }
        let undeliverable = is_first && fragment.fits_nowhere(packet.payload.wire_len());
        if !self.options.reassemble || undeliverable {
            // The first fragment stands for the segment; its length is a lower bound.
            packet.is_undeliverable = undeliverable;
            packet.is_lone_fragment = true;
            packet.bits.set(SegmentBits::FRAGMENTED);
            return match ip::follow_extensions(packet) {
                Ok(packet) if is_first => Ok(packet),
                _ => Err(Arrival::skipped(Skip::Fragment)),
            };
        }
        match self.fragments.add(&packet, fragment, frame.ts) {
            Added::Waiting => Err(Arrival::skipped(Skip::Fragment)),
            Added::Refused(skip) => Err(Arrival::skipped(skip)),
            Added::Complete(datagram) => Err(Arrival::Reassembled(Box::new(datagram))),
        }
    }

    /// Verifies the checksum of a segment that was captured whole, and counts what came of it. `addresses`: the sum of both.
    #[inline(never)]
    fn verify(&mut self, addresses: u64, whole: &[u8], field: u16) -> SegmentBits {
        let found = checksum::verify(addresses, whole, field);
        self.checksums.add(found);
        found
    }

    #[inline]
    fn segment(&mut self, packet: &Packet<'_>, frame: &Frame<'_>, batch: &mut SegmentBatch) -> Decoded {
        let header = match tcp::Header::parse(packet) {
            Ok(header) => header,
            Err(skip) => return Decoded::Skipped(skip),
        };
        let mut found = SegmentBits::default();
        if self.options.verify_checksums && packet.can_be_verified() {
            let addresses = [packet.source, packet.destination];
            let addresses = checksum::sum_of_few(addresses.as_flattened().as_chunks().0);
            found = self.verify(addresses, packet.payload.captured(), header.checksum);
        }
        let encapsulation = self.encapsulations.number(self.layers.as_slice());
        let segment = header.segment(packet, frame, found, encapsulation, &mut batch.sacks);
        batch.push(segment);
        Decoded::Segment
    }
}

/// Where a walk through the layers ended.
enum Arrival {
    Decoded(Decoded),
    /// At the last fragment of a packet, which is to be walked through itself.
    Reassembled(Box<Datagram>),
}

impl Arrival {
    fn skipped(skip: Skip) -> Self {
        Arrival::Decoded(Decoded::Skipped(skip))
    }
}

/// A protocol whose fragments are worth keeping.
fn may_hold_tcp(protocol: u8) -> bool {
    use protocol::{AUTHENTICATION, DESTINATION_OPTIONS, HOP_BY_HOP, IPV4, IPV6, ROUTING, TCP};
    matches!(protocol, TCP | IPV4 | IPV6 | AUTHENTICATION | HOP_BY_HOP | ROUTING | DESTINATION_OPTIONS)
}

/// What is over IP and is neither TCP nor IP again.
#[cold]
fn other_protocol(packet: &Packet<'_>, frame: &Frame<'_>, batch: &mut SegmentBatch) -> Decoded {
    Decoded::Skipped(match packet.protocol {
        protocol::ICMP | protocol::ICMPV6 => match icmp::parse(packet, frame) {
            Ok(error) => {
                batch.errors.push((batch.segments.len(), error));
                return Decoded::IcmpError;
            }
            Err(skip) => skip,
        },
        protocol::UDP => tunnel::of_udp(packet),
        protocol::GRE => Skip::Gre,
        protocol::ESP => Skip::Esp,
        _ => Skip::OtherProtocol,
    })
}
