//! The most usual frames of all, with every field at a place that is known when this is compiled: Ethernet, IPv4 without options, and TCP
//! without options or with 12 bytes of them, as timestamps take (RFC 7323 appendix A).
//!
//! Said is what the other paths would say (`tests/paths.rs`). What those find out step by step is here a handful of comparisons.

use super::ip::protocol;
use super::tcp::{Options, data_offset};
use super::{Decoder, checksum};
use crate::base::{FlowKey, Segment, SegmentBatch, SegmentBits, Seq, Side, TcpFlags};
use crate::capture::{Frame, LinkType};

/// Where the headers of IPv4 and TCP begin in a frame, and where TCP's options do.
const IP: usize = 14;
const TCP: usize = IP + 20;
const OPTIONS: usize = TCP + 20;
/// Where what follows 12 bytes of options begins.
const TIMESTAMPED: usize = OPTIONS + 12;

/// "Congestion experienced" (RFC 3168 5).
const CONGESTION_EXPERIENCED: u8 = 3;

impl Decoder {
    /// The segment of a usual frame is added to the batch; false: it is another frame, and nothing has changed.
    #[inline]
    pub(super) fn decode_usual(&mut self, frame: &Frame<'_>, batch: &mut SegmentBatch) -> bool {
        self.decode_timestamped(frame, batch) || self.decode_plain(frame, batch)
    }

    /// A header with the aligned timestamps.
    #[inline]
    fn decode_timestamped(&mut self, frame: &Frame<'_>, batch: &mut SegmentBatch) -> bool {
        let Some(head) = frame.data.first_chunk::<TIMESTAMPED>() else { return false };
        let Some(options) = Options::aligned_timestamps(&bytes_at(head, OPTIONS)) else { return false };
        self.decode_fixed(frame, head, options, batch)
    }

    /// A header without options.
    #[inline]
    fn decode_plain(&mut self, frame: &Frame<'_>, batch: &mut SegmentBatch) -> bool {
        let Some(head) = frame.data.first_chunk::<OPTIONS>() else { return false };
        self.decode_fixed(frame, head, Options::default(), batch)
    }

    /// A frame whose headers have `LEN` bytes, if it is a usual one; `options`: what those say that it has then.
    #[inline]
    fn decode_fixed<const LEN: usize>(
        &mut self,
        frame: &Frame<'_>,
        head: &[u8; LEN],
        options: Options,
        batch: &mut SegmentBatch,
    ) -> bool {
        let end = IP + usize::from(u16_at(head, IP + 2));
        if !has_usual_layers(frame.link, head) || end < LEN || end > frame.data.len().max(frame.wire_len as usize) {
            return false;
        }
        // Before anything else: nothing has to be kept while another function runs.
        let checksum = u16_at(head, TCP + 16);
        let found = match frame.data.get(TCP..end) {
            Some(whole) if self.options.verify_checksums => {
                self.verify(checksum::sum_of_few(&[bytes_at(head, IP + 12)]), whole, checksum)
            }
            _ => SegmentBits::default(),
        };
        let source = (bytes_at(head, IP + 12), u16_at(head, TCP));
        let destination = (bytes_at(head, IP + 16), u16_at(head, TCP + 2));
        let (key, side) = FlowKey::of_v4(source, destination);
        let mut bits = found.with(options.bits).with(SegmentBits::IPV4);
        bits.set_if(SegmentBits::FROM_HI, side == Side::Hi);
        bits.set_if(SegmentBits::CE, head[IP + 1] & 3 == CONGESTION_EXPERIENCED);
        let segment = Segment {
            ts: frame.ts,
            frame: frame.number,
            key,
            seq: Seq(u32::from_be_bytes(bytes_at(head, TCP + 4))),
            ack: Seq(u32::from_be_bytes(bytes_at(head, TCP + 8))),
            payload_len: (end - LEN) as u32,
            tsval: options.tsval(),
            tsecr: options.tsecr(),
            window: u16_at(head, TCP + 14),
            ip_id: u16_at(head, IP + 4),
            flags: TcpFlags(u16_at(head, TCP + 12) & 0x01ff),
            mss: options.mss,
            header_len: (LEN - IP) as u16,
            checksum,
            bits,
            sack_at: options.sack_at,
            encapsulation: 0,
            sack_len: options.sack_len,
            window_scale: options.window_scale,
            ttl: head[IP + 8],
            options_digest: options.digest,
        };
        batch.push(segment);
        true
    }
}

/// Ethernet that holds IPv4 without options, no fragment, that holds TCP with a header that ends where the array does.
#[inline]
fn has_usual_layers<const LEN: usize>(link: LinkType, head: &[u8; LEN]) -> bool {
    /// The type of Ethernet, the version and length of the IPv4 header; of its type of service, nothing.
    const IPV4: (u32, u32) = (0x0800_4500, 0xffff_ff00);
    /// "More fragments" and the offset are zero, and the protocol is TCP (RFC 791 3.1); of the time to live, nothing.
    const WHOLE_TCP: (u32, u32) = (protocol::TCP as u32, 0x3fff_00ff);
    let is_like = |(wanted, mask): (u32, u32), at| u32::from_be_bytes(bytes_at(head, at)) & mask == wanted;
    link == LinkType::ETHERNET
        && is_like(IPV4, IP - 2)
        && is_like(WHOLE_TCP, IP + 6)
        && data_offset(head[TCP + 12]) == LEN - TCP
}

/// Bytes of a header; zeros where it ends before, which a place that is known when this is compiled rules out.
#[inline]
fn bytes_at<const LEN: usize, const N: usize>(head: &[u8; LEN], at: usize) -> [u8; N] {
    head.get(at..).and_then(|bytes| bytes.first_chunk()).copied().unwrap_or([0; N])
}

#[inline]
fn u16_at<const LEN: usize>(head: &[u8; LEN], at: usize) -> u16 {
    u16::from_be_bytes(bytes_at(head, at))
}
