//! The decoder as a whole, on frames built for the purpose.

mod checksums;
mod cuts;
mod fragments;
mod headers;
mod icmp;
mod links;
mod options;
mod paths;
mod properties;

use etherparse::{PacketBuilder, TcpHeader};

use super::{DecodeOptions, Decoded, Decoder};
use crate::base::{IcmpError, SackBlock, Segment, SegmentBatch, Timestamp};
use crate::capture::{Frame, LinkType};

const CLIENT: [u8; 4] = [192, 0, 2, 1];
const SERVER: [u8; 4] = [198, 51, 100, 7];
const CLIENT6: [u8; 16] = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const SERVER6: [u8; 16] = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
const PORTS: (u16, u16) = (40_000, 443);
const IPV4_TYPE: [u8; 2] = [0x08, 0x00];
const IPV6_TYPE: [u8; 2] = [0x86, 0xdd];

/// NOP, NOP, timestamps 1000 and 2000.
const TIMESTAMP_OPTIONS: [u8; 12] = [1, 1, 8, 10, 0, 0, 0x03, 0xe8, 0, 0, 0x07, 0xd0];

/// What decoding one frame left in the batch.
#[derive(Debug, PartialEq)]
struct Result {
    decoded: Decoded,
    segment: Option<Segment>,
    sacks: Vec<SackBlock>,
    error: Option<IcmpError>,
    encapsulation: String,
}

impl Result {
    fn segment(&self) -> Segment {
        self.segment.unwrap_or_else(|| panic!("no segment but {:?}", self.decoded))
    }
}

/// Decodes frame `number`, captured `number` milliseconds after the epoch.
fn decode_with(decoder: &mut Decoder, link: LinkType, data: &[u8], wire_len: usize, number: u64) -> Result {
    let ts = Timestamp(number as i64 * 1_000_000);
    let mut batch = SegmentBatch::default();
    let frame = Frame { ts, number, link, wire_len: wire_len as u32, data };
    let decoded = decoder.decode(&frame, &mut batch);
    assert_eq!(batch.segments.len(), usize::from(decoded == Decoded::Segment));
    assert_eq!(batch.errors.len(), usize::from(decoded == Decoded::IcmpError));
    let segment = batch.segments.first().copied();
    Result {
        decoded,
        segment,
        sacks: segment.map(|segment| batch.sacks_of(&segment).to_vec()).unwrap_or_default(),
        error: batch.errors.first().map(|&(_, error)| error),
        encapsulation: decoder.encapsulation(segment.map_or(0, |segment| segment.encapsulation)).to_owned(),
    }
}

/// Decodes a frame that was captured whole.
fn decode(link: LinkType, data: &[u8]) -> Result {
    decode_with(&mut Decoder::new(DecodeOptions::default()), link, data, data.len(), 1)
}

/// Decodes a raw IP packet.
fn decode_ip(packet: &[u8]) -> Result {
    decode(LinkType::RAW, packet)
}

/// A TCP header from client to server with these options.
fn tcp_header(options: &[u8]) -> TcpHeader {
    let mut header = TcpHeader::new(PORTS.0, PORTS.1, 0x1122_3344, 8192);
    header.ack = true;
    header.psh = true;
    header.acknowledgment_number = 0x5566_7788;
    header.set_options_raw(options).unwrap();
    header
}

/// An IPv4 packet, its checksums right.
fn ipv4(options: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    PacketBuilder::ipv4(CLIENT, SERVER, 64).tcp_header(tcp_header(options)).write(&mut packet, payload).unwrap();
    packet
}

/// An IPv6 packet, its checksum right.
fn ipv6(options: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    PacketBuilder::ipv6(CLIENT6, SERVER6, 63).tcp_header(tcp_header(options)).write(&mut packet, payload).unwrap();
    packet
}

/// An IPv6 packet with these bytes between its header and TCP, the first of them of the type `next_header`.
fn ipv6_with(next_header: u8, extensions: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut packet = ipv6(&[], payload);
    packet[6] = next_header;
    packet.splice(40..40, extensions.iter().copied());
    set_ipv6_length(&mut packet);
    packet
}

fn set_ipv6_length(packet: &mut [u8]) {
    let length = (packet.len() - 40) as u16;
    packet[4..6].copy_from_slice(&length.to_be_bytes());
}

fn set_ipv4_length(packet: &mut [u8]) {
    let length = packet.len() as u16;
    packet[2..4].copy_from_slice(&length.to_be_bytes());
}

/// An Ethernet frame; `types` is what stands behind the addresses, tags included.
fn ethernet(types: &[u8], packet: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2][..], types, packet].concat()
}
