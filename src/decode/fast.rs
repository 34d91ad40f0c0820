//! The common frames, read at fixed offsets.
//!
//! Nearly every TCP packet is IPv4 without options or IPv6 without extension headers, whole enough for its TCP header, and on a link that
//! says little. Of these, this path says what the general one would say, at a fraction of its cost; all others it leaves to it. A property
//! holds the two equal (`tests/paths.rs`).

use super::checksum;
use super::encapsulation::Layer;
use super::ip::protocol;
use super::tcp::{Options, data_offset};
use super::{Decoded, Decoder};
use crate::base::{Endpoint, FlowKey, Segment, SegmentBatch, SegmentBits, Seq, Side, TcpFlags};
use crate::capture::{Frame, LinkType};

/// The fixed header of IPv4, and that of IPv6.
const V4: usize = 20;
const V6: usize = 40;
/// The TCP header without options.
const TCP: usize = 20;

/// "Congestion experienced" (RFC 3168 5).
const CONGESTION_EXPERIENCED: u8 = 3;

const IPV4_TYPE: u16 = 0x0800;
const IPV6_TYPE: u16 = 0x86dd;
const VLAN_TYPE: u16 = 0x8100;

impl Decoder {
    /// The segment of a common frame is added to the batch; `None`: it is another frame, and nothing has changed.
    ///
    /// All of it is one function in the end, so that the segment is put together in registers and written once, to its place in the batch.
    #[inline]
    pub(super) fn decode_common(&mut self, frame: &Frame<'_>, batch: &mut SegmentBatch) -> Option<Decoded> {
        let Start { packet, vlan } = start(frame)?;
        let ip = match packet.first()? {
            // Readers promise a wire length of at least what they captured; the general path does not rely on it.
            0x45 => v4(packet, (frame.wire_len as usize).saturating_sub(frame.data.len()))?,
            0x60..=0x6f => v6(packet)?,
            _ => return None,
        };
        let Tcp { head, header_len, options } = ip.tcp()?;
        // From here on it is a segment.
        let encapsulation = match vlan {
            None => 0,
            Some(id) => self.encapsulations.number(&[Layer::Vlan(id)]),
        };
        let checksum = u16_at::<16, _>(head);
        let mut bits = ip.bits;
        if self.options.verify_checksums
            && let Some(whole) = ip.payload.get(..ip.length)
        {
            bits.set(self.verify(ip.addresses, whole, checksum));
        }
        let options = Options::parse(options, &mut batch.sacks);
        bits.set(options.bits);
        let (key, side) = ip.key;
        bits.set_if(SegmentBits::FROM_HI, side == Side::Hi);
        let segment = Segment {
            ts: frame.ts,
            frame: frame.number,
            key,
            seq: Seq(u32_at::<4, _>(head)),
            ack: Seq(u32_at::<8, _>(head)),
            payload_len: (ip.length - header_len) as u32,
            tsval: options.tsval(),
            tsecr: options.tsecr(),
            window: u16_at::<14, _>(head),
            ip_id: ip.ip_id,
            flags: TcpFlags(u16_at::<12, _>(head) & 0x01ff),
            mss: options.mss,
            header_len: (ip.header_len + header_len) as u16,
            checksum,
            bits,
            sack_at: options.sack_at,
            encapsulation,
            sack_len: options.sack_len,
            window_scale: options.window_scale,
            ttl: ip.ttl,
            options_digest: options.digest,
        };
        batch.push(segment);
        Some(Decoded::Segment)
    }
}

/// Where the IP packet of a frame begins.
struct Start<'a> {
    packet: &'a [u8],
    vlan: Option<u16>,
}

#[inline]
fn start<'a>(frame: &Frame<'a>) -> Option<Start<'a>> {
    /// What stands before the packet; even the shortest common one makes the frame longer than the longest of these.
    const LONGEST: usize = 20;
    let head = frame.data.first_chunk::<LONGEST>()?;
    let is_ip = |ether_type: u16| ether_type == IPV4_TYPE || ether_type == IPV6_TYPE;
    let (length, vlan, ether_type) = match frame.link {
        LinkType::ETHERNET => match u16_at::<12, LONGEST>(head) {
            VLAN_TYPE => (18, Some(u16_at::<14, LONGEST>(head) & 0x0fff), u16_at::<16, LONGEST>(head)),
            ether_type => (14, None, ether_type),
        },
        LinkType::RAW | LinkType::IPV4 | LinkType::IPV6 => (0, None, IPV4_TYPE),
        LinkType::LINUX_SLL => (16, None, u16_at::<14, LONGEST>(head)),
        LinkType::LINUX_SLL2 => (20, None, u16_at::<0, LONGEST>(head)),
        _ => return None,
    };
    // Which version it is, the packet says itself.
    let packet = if is_ip(ether_type) { frame.data.get(length..)? } else { return None };
    Some(Start { packet, vlan })
}

/// IPv4 without options, no fragment, of a length that the frame has room for; `cut`: bytes that were not captured.
#[inline]
fn v4(packet: &[u8], cut: usize) -> Option<Ip<'_>> {
    /// "More fragments" and the offset: everything but the reserved bit and "don't fragment" (RFC 791 3.1).
    const FRAGMENTING: u16 = 0x3fff;
    let (head, _) = packet.split_first_chunk::<{ V4 + TCP }>()?;
    let total_len = usize::from(u16_at::<2, _>(head));
    let is_common = u16_at::<6, _>(head) & FRAGMENTING == 0
        && head[9] == protocol::TCP
        && total_len >= V4 + TCP
        && total_len <= packet.len() + cut;
    if !is_common {
        return None;
    }
    let source = ([head[12], head[13], head[14], head[15]], u16_at::<20, _>(head));
    let destination = ([head[16], head[17], head[18], head[19]], u16_at::<22, _>(head));
    Some(Ip {
        key: FlowKey::of_v4(source, destination),
        header_len: V4,
        ttl: head[8],
        ip_id: u16_at::<4, _>(head),
        bits: bits(SegmentBits::IPV4, head[1] & 3),
        addresses: checksum::sum_of_few(head.get(12..20)?.as_chunks().0),
        length: total_len - V4,
        payload: packet.get(V4..)?,
    })
}

/// IPv6 with TCP directly behind the fixed header.
#[inline]
fn v6(packet: &[u8]) -> Option<Ip<'_>> {
    let (head, _) = packet.split_first_chunk::<{ V6 + TCP }>()?;
    let length = usize::from(u16_at::<4, _>(head));
    if head[6] != protocol::TCP || length < TCP {
        return None;
    }
    let source = Endpoint::v6(*head.get(8..24)?.first_chunk()?, u16_at::<40, _>(head));
    let destination = Endpoint::v6(*head.get(24..40)?.first_chunk()?, u16_at::<42, _>(head));
    Some(Ip {
        key: FlowKey::of(source, destination),
        header_len: V6,
        ttl: head[7],
        ip_id: 0,
        bits: bits(SegmentBits::default(), head[1] >> 4 & 3),
        addresses: checksum::sum_of_few(head.get(8..40)?.as_chunks().0),
        length,
        payload: packet.get(V6..)?,
    })
}

#[inline]
fn bits(mut bits: SegmentBits, ecn: u8) -> SegmentBits {
    bits.set_if(SegmentBits::CE, ecn == CONGESTION_EXPERIENCED);
    bits
}

/// An IP packet that holds TCP, with the key that both headers make.
struct Ip<'a> {
    key: (FlowKey, Side),
    header_len: usize,
    ttl: u8,
    ip_id: u16,
    bits: SegmentBits,
    /// The sum of both, for the checksum.
    addresses: u64,
    /// Length of the payload on the wire.
    length: usize,
    /// What was captured of the payload, perhaps with padding behind.
    payload: &'a [u8],
}

/// A TCP header with options, all there.
struct Tcp<'a> {
    head: &'a [u8; TCP],
    /// With options.
    header_len: usize,
    options: &'a [u8],
}

impl<'a> Ip<'a> {
    #[inline]
    fn tcp(&self) -> Option<Tcp<'a>> {
        let (head, behind) = self.payload.split_first_chunk::<TCP>()?;
        let header_len = data_offset(head[12]);
        if header_len > self.length {
            return None;
        }
        let options = behind.get(..header_len.checked_sub(TCP)?)?;
        Some(Tcp { head, header_len, options })
    }
}

#[inline]
fn u16_at<const AT: usize, const N: usize>(bytes: &[u8; N]) -> u16 {
    u16::from_be_bytes([bytes[AT], bytes[AT + 1]])
}

#[inline]
fn u32_at<const AT: usize, const N: usize>(bytes: &[u8; N]) -> u32 {
    u32::from_be_bytes([bytes[AT], bytes[AT + 1], bytes[AT + 2], bytes[AT + 3]])
}
