//! What one endpoint sent, counted as it lies on the wire.

use super::summary::VolumeSummary;
use crate::base::{Segment, SegmentBits, TcpFlags, Timestamp};

/// The counters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Volume {
    packets: u64,
    ip_bytes: u64,
    data_packets: u64,
    payload_bytes: u64,
    pure_acks: u64,
    push: u64,
    urgent: u32,
    bad_checksums: u32,
    segment_max: u32,
    segment_min: u32,
    fins: u32,
    rsts: u32,
    ce: u32,
    ece: u32,
    cwr: u32,
    ttl: Option<(u8, u8)>,
    data_span: Option<(Timestamp, Timestamp)>,
}

impl Volume {
    /// Counts one packet; `segment_size`: what is larger is a super-packet.
    pub fn count(&mut self, segment: &Segment, segment_size: u32) {
        let flags = segment.flags;
        self.packets += 1;
        self.ip_bytes += segment.ip_len();
        self.pure_acks += u64::from(segment.is_pure_ack());
        self.push += u64::from(flags.has(TcpFlags::PSH));
        self.urgent += u32::from(flags.has(TcpFlags::URG));
        self.bad_checksums += u32::from(segment.bits.has(SegmentBits::BAD_CHECKSUM));
        self.fins += u32::from(flags.fin());
        self.rsts += u32::from(flags.rst());
        self.ce += u32::from(segment.bits.has(SegmentBits::CE));
        if !flags.syn() {
            self.ece += u32::from(flags.has(TcpFlags::ECE));
            self.cwr += u32::from(flags.has(TcpFlags::CWR));
        }
        let (low, high) = self.ttl.unwrap_or((segment.ttl, segment.ttl));
        self.ttl = Some((low.min(segment.ttl), high.max(segment.ttl)));
        if segment.payload_len > 0 {
            self.count_data(segment, segment_size);
        }
    }

    fn count_data(&mut self, segment: &Segment, segment_size: u32) {
        let len = segment.payload_len;
        self.data_packets += 1;
        self.payload_bytes += u64::from(len);
        if len <= segment_size {
            self.segment_max = self.segment_max.max(len);
        }
        self.segment_min = if self.segment_min == 0 { len } else { self.segment_min.min(len) };
        let (first, last) = self.data_span.unwrap_or((segment.ts, segment.ts));
        self.data_span = Some((first.min(segment.ts), last.max(segment.ts)));
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
    pub const fn bad_checksums(&self) -> u32 {
        self.bad_checksums
    }

    /// Largest payload of a packet that is no super-packet.
    pub const fn segment_max(&self) -> u32 {
        self.segment_max
    }

    /// Adds what was set aside as duplicates, once it is clear that they crossed the network.
    pub fn add(&mut self, other: &Volume) {
        self.packets += other.packets;
        self.ip_bytes += other.ip_bytes;
        self.data_packets += other.data_packets;
        self.payload_bytes += other.payload_bytes;
        self.pure_acks += other.pure_acks;
        self.push += other.push;
        self.urgent += other.urgent;
        self.fins += other.fins;
        self.rsts += other.rsts;
        self.ce += other.ce;
        self.ece += other.ece;
        self.cwr += other.cwr;
        if let (Some((_, last)), Some((_, later))) = (&mut self.data_span, other.data_span) {
            *last = (*last).max(later);
        }
    }

    /// What is reported.
    pub fn summary(&self) -> VolumeSummary {
        let sized = |n: u32| (n > 0).then_some(n);
        VolumeSummary {
            packets: self.packets,
            ip_bytes: self.ip_bytes,
            data_packets: self.data_packets,
            payload_bytes: self.payload_bytes,
            pure_acks: self.pure_acks,
            push_packets: self.push,
            urgent_packets: self.urgent.into(),
            bad_checksum_packets: self.bad_checksums.into(),
            segment_max: sized(self.segment_max),
            segment_min: sized(self.segment_min),
            fin_packets: self.fins.into(),
            rst_packets: self.rsts.into(),
            ce_packets: self.ce.into(),
            ece_packets: self.ece.into(),
            cwr_packets: self.cwr.into(),
            ttl: self.ttl,
            data_span: self.data_span,
        }
    }
}
