//! The classic capture format of tcpdump: a file header, then one header and the bytes for every packet.
//!
//! Read are the variants with microseconds and with nanoseconds, in both byte orders, and Alexey Kuznetsov's
//! with longer record headers. The length limit in the file header is not believed: it is wrong often enough.

use super::buffer::{Buffer, ByteOrder};
use super::error::ErrorKind;
use super::record::{MAX_CAPTURED, Record, cut, give_rows, read_failure};
use super::{Each, Frame, LinkType};
use crate::base::Timestamp;

/// Length of the file header.
const FILE_HEADER: usize = 24;
/// Length of the fixed part of every record header.
const RECORD_HEADER: usize = 16;

/// Which of its two lengths a record header has first. Old writers had the length on the wire first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lengths {
    CapturedFirst,
    WireFirst,
    /// Version 2.3 was written both ways: the captured length is the smaller one.
    Smaller,
}

/// Reads the records of one file.
pub(super) struct PcapReader {
    buffer: Buffer,
    order: ByteOrder,
    /// Nanoseconds in a unit of the fraction field.
    fraction: i64,
    /// Length of a record header.
    header: usize,
    lengths: Lengths,
    link: LinkType,
    frames: u64,
    record: Record,
}

impl PcapReader {
    /// Reads the file header.
    ///
    /// # Errors
    /// The header is cut, or of a version whose layout is unknown.
    pub fn open(mut buffer: Buffer) -> Result<Self, ErrorKind> {
        let have = buffer.fill(FILE_HEADER).map_err(ErrorKind::Open)?;
        let Some(header) = buffer.bytes().first_chunk::<FILE_HEADER>() else {
            return Err(ErrorKind::HeaderCut { have: have as u64, need: FILE_HEADER as u64 });
        };
        let order = if header[0] == 0xa1 { ByteOrder::Big } else { ByteOrder::Little };
        let (fraction, modified) = match order.u32(header, 0) {
            0xa1b2_3c4d => (1, false),
            0xa1b2_cd34 => (1_000, true),
            _ => (1_000, false),
        };
        // Version 543.0 is what DG/UX wrote.
        let lengths = match (order.u16(header, 4), order.u16(header, 6)) {
            (2, 0..=2) | (543, _) => Lengths::WireFirst,
            (2, 3) => Lengths::Smaller,
            (2, _) => Lengths::CapturedFirst,
            (major, minor) => return Err(ErrorKind::Unsupported(format!("pcap version {major}.{minor} is unknown"))),
        };
        let link = LinkType::of_file(order.u32(header, 20));
        buffer.consume(FILE_HEADER);
        let header = if modified { RECORD_HEADER + 8 } else { RECORD_HEADER };
        Ok(Self { buffer, order, fraction, header, lengths, link, frames: 0, record: Record::NONE })
    }

    /// Goes to the next record; false at the end of the file.
    ///
    /// # Errors
    /// The file is cut or damaged here, or cannot be read further. Nothing can be read behind that.
    #[inline]
    pub fn advance(&mut self) -> Result<bool, ErrorKind> {
        if self.buffer.bytes().len() < self.header && !self.fill(self.header)? {
            return Ok(false);
        }
        let bytes = self.buffer.bytes();
        let order = self.order;
        let Some(header) = bytes.first_chunk::<RECORD_HEADER>() else { return Ok(false) };
        let (seconds, fraction) = (order.u32(header, 0), order.u32(header, 4));
        let (mut captured, mut wire) = (order.u32(header, 8), order.u32(header, 12));
        if self.lengths != Lengths::CapturedFirst && (self.lengths == Lengths::WireFirst || captured > wire) {
            (captured, wire) = (wire, captured);
        }
        if captured > MAX_CAPTURED {
            let what = format!("it claims {captured} captured bytes, more than any capture has");
            return Err(ErrorKind::Damaged { frames: self.frames, offset: self.buffer.consumed(), what });
        }
        let whole = self.header + captured as usize;
        if bytes.len() < whole {
            self.fill(whole)?;
        }
        self.frames += 1;
        self.record = Record {
            ts: time(seconds, fraction, self.fraction),
            link: self.link,
            wire_len: wire.max(captured),
            at: self.buffer.mark(self.header),
            captured: captured as usize,
        };
        self.buffer.consume(whole);
        Ok(true)
    }

    /// Gives to `each` the records that are whole in the buffer and of the usual layout, up to the one with the number `last`; the next
    /// one is for [`PcapReader::advance`], whatever it is. `number` is that of the record before.
    ///
    /// This is where the time of reading goes: what the loop needs stays in registers, and the reader hears of it at the end.
    pub fn frames_at_hand(&mut self, number: &mut u64, last: u64, each: &mut Each<'_>) {
        if self.header != RECORD_HEADER || self.lengths != Lengths::CapturedFirst {
            return;
        }
        let (mut rest, before) = (self.buffer.bytes(), *number);
        let (unit, link) = (self.fraction, self.link);
        match self.order {
            ByteOrder::Little => {
                give_rows(number, last, each, |number| usual(&mut rest, u32::from_le_bytes, unit, link, number));
            }
            ByteOrder::Big => {
                give_rows(number, last, each, |number| usual(&mut rest, u32::from_be_bytes, unit, link, number));
            }
        }
        let done = self.buffer.bytes().len() - rest.len();
        self.frames += *number - before;
        self.buffer.consume(done);
    }

    /// The record that [`PcapReader::advance`] went to.
    #[inline]
    pub fn record(&self) -> (&Record, &[u8]) {
        (&self.record, self.buffer.slice(self.record.at, self.record.captured))
    }

    /// Fractional digits of its times.
    pub fn time_digits(&self) -> u8 {
        if self.fraction == 1 { 9 } else { 6 }
    }

    /// Bytes read so far.
    pub fn position(&self) -> u64 {
        self.buffer.consumed()
    }

    /// Makes `need` bytes of the next record available; false at the end of the file.
    #[cold]
    fn fill(&mut self, need: usize) -> Result<bool, ErrorKind> {
        let have = self.buffer.fill(need).map_err(|cause| read_failure(&self.buffer, self.frames, cause))?;
        match have {
            0 => Ok(false),
            have if have < need => Err(cut(&self.buffer, self.frames, have, need)),
            _ => Ok(true),
        }
    }
}

/// The time in a record header. A fraction of a second and more is damage: it would put the frame up to an hour too late.
#[inline]
fn time(seconds: u32, fraction: u32, unit: i64) -> Timestamp {
    let nanos = Some(i64::from(fraction) * unit).filter(|&n| n <= 1_000_000_000).unwrap_or(0);
    Timestamp::from_parts(i64::from(seconds), nanos)
}

/// Takes a record of the usual layout from the front of `rest`, if it is all there.
#[inline]
fn usual<'a>(
    rest: &mut &'a [u8],
    word: impl Fn([u8; 4]) -> u32,
    unit: i64,
    link: LinkType,
    number: u64,
) -> Option<Frame<'a>> {
    let (head, behind) = rest.split_first_chunk::<RECORD_HEADER>()?;
    let &[a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = head;
    let captured = word([i, j, k, l]);
    if captured > MAX_CAPTURED {
        return None;
    }
    let (data, behind) = behind.split_at_checked(captured as usize)?;
    *rest = behind;
    let ts = time(word([a, b, c, d]), word([e, f, g, h]), unit);
    Some(Frame { ts, number, link, wire_len: word([m, n, o, p]).max(captured), data })
}

#[cfg(test)]
mod tests {
    use super::super::buffer::ByteOrder::{Big, Little};
    use super::super::samples::{Bytes, digits, read, read_from};
    use super::*;

    #[test]
    fn every_magic_number_is_read_in_both_byte_orders() {
        for order in [Little, Big] {
            for (magic, nanos, precision) in [(0xa1b2_c3d4, 5_000, 6), (0xa1b2_3c4d, 5, 9)] {
                let file = Bytes::new(order).pcap_header(magic, 1).pcap_record(4_000_000_000, 5, 1514, b"abc");
                let (frames, error) = read(&file.bytes);
                assert!(error.is_none());
                assert_eq!(frames, [(4_000_000_000_000_000_000 + nanos, 1, 1514, b"abc".to_vec())]);
                assert_eq!(digits(&file.bytes), precision);
            }
            let file = Bytes::new(order).pcap_header(0xa1b2_cd34, 113);
            let file = file.u32(1).u32(2).u32(3).u32(60).raw(&[9; 8]).raw(b"abc");
            assert_eq!(read(&file.bytes).0, [(1_000_002_000, 113, 60, b"abc".to_vec())], "modified by Kuznetzov");
        }
    }

    #[test]
    fn check_sequence_bits_and_snaplen_of_the_header_do_not_matter() {
        let file = Bytes::new(Little).pcap_header(0xa1b2_c3d4, 0x2400_0001).pcap_record(1, 0, 0, &[7; 70_000]);
        let (frames, error) = read(&file.bytes);
        assert!(error.is_none());
        assert_eq!((frames[0].1, frames[0].2, frames[0].3.len()), (1, 70_000, 70_000));
    }

    #[test]
    fn old_versions_had_the_lengths_the_other_way_round() {
        let version = |minor, lengths: (u32, u32)| {
            let file = Bytes::new(Big).u32(0xa1b2_c3d4).u16(2).u16(minor).u64(0).u32(96).u32(1);
            read(&file.u32(1).u32(0).u32(lengths.0).u32(lengths.1).raw(b"abc").bytes).0
        };
        for (minor, lengths) in [(2, (60, 3)), (3, (60, 3)), (3, (3, 60)), (4, (3, 60))] {
            assert_eq!(version(minor, lengths), [(1_000_000_000, 1, 60, b"abc".to_vec())]);
        }
    }

    #[test]
    fn an_unknown_version_is_refused() {
        let file = Bytes::new(Big).u32(0xa1b2_c3d4).u16(7).u16(1).raw(&[0; 16]);
        assert_eq!(
            read(&file.bytes).1.unwrap().to_string(),
            "not a readable capture file: pcap version 7.1 is unknown"
        );
    }

    #[test]
    fn an_absurd_length_is_damage_and_names_the_place() {
        let file = Bytes::new(Little).pcap_header(0xa1b2_c3d4, 1).pcap_record(1, 0, 3, b"abc");
        let file = file.u32(2).u32(0).u32(0x0100_0001).u32(60).raw(b"whatever");
        let (frames, error) = read(&file.bytes);
        assert_eq!(frames.len(), 1);
        assert_eq!(
            error.unwrap().to_string(),
            "damaged after frame 1 of the file, in the record that starts at byte 43: \
             it claims 16777217 captured bytes, more than any capture has"
        );
    }

    #[test]
    fn a_file_cut_anywhere_gives_all_whole_frames_before() {
        for magic in [0xa1b2_c3d4, 0xa1b2_3c4d] {
            let file = Bytes::new(Big).pcap_header(magic, 1).pcap_record(1, 0, 3, b"abc");
            let whole = file.pcap_record(2, 0, 0, b"").pcap_record(3, 0, 9, b"abcdefg").bytes;
            let ends = [24, 43, 59, 82];
            for cut in 0..=whole.len() {
                let (frames, error) = read(&whole[..cut]);
                assert_eq!(frames.len(), ends.iter().skip(1).filter(|&&end| cut >= end).count(), "{cut}");
                match (cut, error) {
                    (0..4, Some(ErrorKind::NotACapture { .. })) | (4..24, Some(ErrorKind::HeaderCut { .. })) => {}
                    (_, None) => assert!(ends.contains(&cut)),
                    (_, Some(ErrorKind::Cut { frames: before, offset, have, .. })) => {
                        assert_eq!(before as usize, frames.len());
                        assert_eq!(offset + have, cut as u64);
                    }
                    (_, error) => panic!("{cut}: {error:?}"),
                }
            }
        }
    }

    #[test]
    fn a_failing_read_is_said_with_what_came_before() {
        struct Failing(std::io::Cursor<Vec<u8>>);
        impl std::io::Read for Failing {
            fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
                let n = self.0.read(into)?;
                if n == 0 { Err(std::io::Error::other("the disk is gone")) } else { Ok(n) }
            }
        }
        let file = Bytes::new(Little).pcap_header(0xa1b2_c3d4, 1).pcap_record(1, 0, 3, b"abc");
        let (frames, error) = read_from(Box::new(Failing(std::io::Cursor::new(file.bytes))), 64);
        assert_eq!(frames.len(), 1);
        let text = error.unwrap().to_string();
        assert_eq!(text, "cannot be read further after frame 1 of the file, at byte 43: the disk is gone");
    }
}
