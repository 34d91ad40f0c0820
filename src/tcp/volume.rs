//! What one endpoint sent, counted as it lies on the wire.

use super::summary::VolumeSummary;
use crate::base::packed::packed;
use crate::base::{Maybe, Segment, SegmentBits, TcpFlags, Timestamp};

/// The counters.
#[derive(Clone, Debug, Default)]
pub struct Volume {
    packets: u64,
    ip_bytes: u64,
    data_packets: u64,
    payload_bytes: u64,
    pure_acks: u64,
    push: u64,
    segment_max: u32,
    segment_min: u32,
    fins: u32,
    rsts: u32,
    first_data: Maybe<Timestamp>,
    last_data: Timestamp,
    /// Smallest and largest.
    ttl: (u8, u8),
    rare: Option<Box<Rare>>,
}

packed! {
    Volume {
        <packets, data_packets, pure_acks, push>
        [ip_bytes, payload_bytes ~ segment_max ~ segment_min, last_data ~ first_data; ttl]
        [fins, rsts]
        rare
    }
}

/// What hardly a connection has.
#[derive(Clone, Copy, Debug, Default)]
struct Rare {
    urgent: u32,
    bad_checksums: u32,
    ce: u32,
    ece: u32,
    cwr: u32,
}

packed! { Rare { [urgent, bad_checksums, ce, ece, cwr] } }

/// Flags that are counted one by one; PSH stands in so many packets that it is counted at once.
const COUNTED: TcpFlags = TcpFlags::FIN.with(TcpFlags::RST).with(RARE_FLAGS);
/// See [`Rare`].
const RARE_FLAGS: TcpFlags = TcpFlags::URG.with(TcpFlags::ECE).with(TcpFlags::CWR);
/// See [`Rare`].
const RARE_BITS: SegmentBits = SegmentBits::BAD_CHECKSUM.with(SegmentBits::CE);

impl Volume {
    /// Counts one packet; `segment_size`: what is larger is a super-packet.
    pub fn count(&mut self, segment: &Segment, segment_size: u32) {
        if segment.payload_len > 0 {
            self.count_data(segment, segment_size);
        } else {
            self.pure_acks += u64::from(segment.is_pure_ack());
        }
        self.count_packet(segment);
        self.note_ttl(segment.ttl);
        if segment.flags.any(COUNTED) {
            self.count_marks(segment);
        }
    }

    /// Counts one packet with data, which has no flags but ACK and PSH; its time to live is left to the caller.
    #[inline(always)]
    pub fn count_expected(&mut self, segment: &Segment, segment_size: u32) {
        self.count_data(segment, segment_size);
        self.count_packet(segment);
    }

    /// Counts one bare ACK, and its time to live is left to the caller.
    #[inline(always)]
    pub fn count_ack(&mut self, segment: &Segment) {
        self.pure_acks += 1;
        self.count_packet(segment);
    }

    #[inline(always)]
    fn count_packet(&mut self, segment: &Segment) {
        self.packets += 1;
        self.ip_bytes += segment.ip_len();
        self.push += u64::from(segment.flags.has(TcpFlags::PSH));
        if segment.bits.any(RARE_BITS) {
            self.count_bits(segment);
        }
    }

    #[inline(always)]
    fn count_data(&mut self, segment: &Segment, segment_size: u32) {
        let len = segment.payload_len;
        self.data_packets += 1;
        self.payload_bytes += u64::from(len);
        // One as large as the largest is no news.
        if len != self.segment_max {
            if len <= segment_size {
                self.segment_max = self.segment_max.max(len);
            }
            self.segment_min = if self.segment_min == 0 { len } else { self.segment_min.min(len) };
        }
        if self.first_data.is_some() && segment.ts >= self.last_data {
            self.last_data = segment.ts;
        } else {
            self.note_span(segment.ts);
        }
    }

    /// The first data, or data that comes by before what came before: the clock of the capture stepped back.
    #[cold]
    fn note_span(&mut self, t: Timestamp) {
        match self.first_data.get() {
            Some(first) if first <= t => {}
            Some(_) => self.first_data.set(t),
            None => {
                self.first_data.set(t);
                self.last_data = t;
            }
        }
    }

    /// The time to live of a packet that was counted.
    #[inline]
    pub fn note_ttl(&mut self, ttl: u8) {
        let (low, high) = if self.packets == 1 { (ttl, ttl) } else { self.ttl };
        self.ttl = (low.min(ttl), high.max(ttl));
    }

    #[cold]
    fn count_bits(&mut self, segment: &Segment) {
        let rare = self.rare.get_or_insert_default();
        rare.bad_checksums += u32::from(segment.bits.has(SegmentBits::BAD_CHECKSUM));
        rare.ce += u32::from(segment.bits.has(SegmentBits::CE));
    }

    #[cold]
    fn count_marks(&mut self, segment: &Segment) {
        let flags = segment.flags;
        self.fins += u32::from(flags.fin());
        self.rsts += u32::from(flags.rst());
        if !flags.any(RARE_FLAGS) {
            return;
        }
        let rare = self.rare.get_or_insert_default();
        rare.urgent += u32::from(flags.has(TcpFlags::URG));
        if !flags.syn() {
            rare.ece += u32::from(flags.has(TcpFlags::ECE));
            rare.cwr += u32::from(flags.has(TcpFlags::CWR));
        }
    }

    fn rare(&self) -> Rare {
        self.rare.as_deref().copied().unwrap_or_default()
    }

    /// Packets counted.
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// Those with payload.
    pub const fn data_packets(&self) -> u64 {
        self.data_packets
    }

    /// Those with RST.
    pub const fn rsts(&self) -> u32 {
        self.rsts
    }

    /// Those with a wrong checksum.
    pub fn bad_checksums(&self) -> u32 {
        self.rare().bad_checksums
    }

    /// Largest payload of a packet that is no super-packet.
    pub const fn segment_max(&self) -> u32 {
        self.segment_max
    }

    /// What is reported.
    #[inline]
    pub fn summary(&self) -> VolumeSummary {
        let sized = |n: u32| (n > 0).then_some(n);
        let rare = self.rare();
        VolumeSummary {
            packets: self.packets,
            ip_bytes: self.ip_bytes,
            data_packets: self.data_packets,
            payload_bytes: self.payload_bytes,
            pure_acks: self.pure_acks,
            push_packets: self.push,
            urgent_packets: rare.urgent.into(),
            bad_checksum_packets: rare.bad_checksums.into(),
            segment_max: sized(self.segment_max),
            segment_min: sized(self.segment_min),
            fin_packets: self.fins.into(),
            rst_packets: self.rsts.into(),
            ce_packets: rare.ce.into(),
            ece_packets: rare.ece.into(),
            cwr_packets: rare.cwr.into(),
            ttl: (self.packets > 0).then_some(self.ttl),
            data_span: self.first_data.get().map(|first| (first, self.last_data)),
        }
    }
}

impl VolumeSummary {
    /// Counts what was set aside as duplicates, where it is clear that they crossed the network; they say nothing of sizes, and are not
    /// checked.
    pub fn add(&mut self, copies: &Self) {
        self.packets += copies.packets;
        self.ip_bytes += copies.ip_bytes;
        self.data_packets += copies.data_packets;
        self.payload_bytes += copies.payload_bytes;
        self.pure_acks += copies.pure_acks;
        self.push_packets += copies.push_packets;
        self.urgent_packets += copies.urgent_packets;
        self.fin_packets += copies.fin_packets;
        self.rst_packets += copies.rst_packets;
        self.ce_packets += copies.ce_packets;
        self.ece_packets += copies.ece_packets;
        self.cwr_packets += copies.cwr_packets;
        if let (Some((_, last)), Some((_, later))) = (&mut self.data_span, copies.data_span) {
            *last = (*last).max(later);
        }
    }
}
