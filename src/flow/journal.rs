//! Segments that wait to be looked at.
//!
//! The state of a connection is spread over dozens of cache lines, none of which is at hand where connections are many. What is said of a
//! segment fits into one of them. So segments are written down first, one behind the other, and read when there are several: then the state
//! is fetched, or made, once for all of them.

use crate::base::{FlowKey, SackBlock, Segment, SegmentBits, Seq, TcpFlags, Timestamp, prefetch};

/// A journal has no more cells than this, each for a segment at most; most connections take fewer from their first segment to their last.
pub const MOST: usize = 7 * CELLS;
/// Cells of a page.
const CELLS: usize = 5;
/// Pages of a block.
const BLOCK: usize = 1 << BITS;
const BITS: u32 = 10;
/// No page.
const NONE: u32 = u32::MAX;
/// SACK blocks that fit into a cell: as many as a TCP header can hold (RFC 2018 3).
const SACKS: usize = 4;

/// What is said of a segment, or its SACK blocks, which stand behind it.
type Cell = [u64; 6];

/// As many cells as fit into four cache lines, and where the journal goes on.
#[derive(Debug)]
#[repr(align(64))]
struct Page {
    cells: [Cell; CELLS],
    next: u32,
}

const _: () = assert!(size_of::<Page>() == 256, "four cache lines");

/// The segments of a connection that nobody has read yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Journal {
    first: u32,
    last: u32,
    cells: u8,
    /// So many of them were read before.
    told: u8,
    /// So many more fit into the last page.
    room: u8,
}

impl Default for Journal {
    fn default() -> Self {
        Self { first: NONE, last: NONE, cells: 0, told: 0, room: 0 }
    }
}

impl Journal {
    /// There is nothing in it.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.cells == 0
    }

    /// Its cells.
    #[inline]
    pub const fn len(&self) -> usize {
        self.cells as usize
    }

    /// It takes about as much room as a packed connection.
    pub const fn is_long(&self) -> bool {
        self.cells as usize > 2 * CELLS
    }

    /// All that stands in it was read before.
    #[inline]
    pub const fn is_told(&self) -> bool {
        self.told == self.cells
    }

    /// Enough of it was read before: it is not worth while to read it all once more.
    pub const fn is_well_known(&self) -> bool {
        self.told as usize >= MOST / 2
    }

    /// All that stands in it was read, and may be read once more.
    pub const fn set_told(&mut self) {
        self.told = self.cells;
    }

    /// A segment with SACK blocks does not fit into it.
    #[inline]
    pub const fn is_full(&self) -> bool {
        self.cells as usize + 2 > MOST
    }
}

/// The pages of all journals.
#[derive(Debug)]
pub(super) struct Journals {
    blocks: Vec<Vec<Page>>,
    /// The page that was given back last; the others follow from page to page.
    free: u32,
}

impl Default for Journals {
    fn default() -> Self {
        Self { blocks: Vec::new(), free: NONE }
    }
}

impl Journals {
    /// Writes a segment down. False if there is no room left in the journal, or it is of a kind that cannot be written down.
    #[inline(always)]
    pub fn push(&mut self, journal: &mut Journal, segment: &Segment, sacks: &[SackBlock]) -> bool {
        if journal.is_full() || !is_usual(segment) || sacks.len() != usize::from(segment.sack_len) {
            return false;
        }
        write(self.next_cell(journal), segment);
        if !sacks.is_empty() {
            write_sacks(self.next_cell(journal), sacks);
        }
        true
    }

    /// The cell behind the last one.
    #[inline(always)]
    fn next_cell(&mut self, journal: &mut Journal) -> Option<&mut Cell> {
        if journal.room == 0 {
            self.add_page(journal);
        }
        let at = CELLS.wrapping_sub(journal.room.into());
        journal.room -= 1;
        journal.cells += 1;
        self.page_mut(journal.last)?.cells.get_mut(at)
    }

    #[inline(never)]
    fn add_page(&mut self, journal: &mut Journal) {
        let new = self.take_page();
        match self.page_mut(journal.last) {
            Some(last) => last.next = new,
            None => journal.first = new,
        }
        journal.last = new;
        journal.room = CELLS as u8;
    }

    /// A page that nobody uses.
    fn take_page(&mut self) -> u32 {
        let free = self.free;
        if let Some(page) = self.page_mut(free) {
            let next = std::mem::replace(&mut page.next, NONE);
            self.free = next;
            if let Some(next) = self.page(next) {
                prefetch(next);
            }
            return free;
        }
        if self.blocks.last().is_none_or(|block| block.len() == BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        let blocks = self.blocks.len() - 1;
        let Some(last) = self.blocks.last_mut() else { return NONE };
        last.push(Page { cells: [[0; 6]; CELLS], next: NONE });
        ((blocks << BITS) + last.len() - 1) as u32
    }

    #[inline]
    fn page(&self, number: u32) -> Option<&Page> {
        self.blocks.get((number >> BITS) as usize)?.get(number as usize & (BLOCK - 1))
    }

    #[inline]
    fn page_mut(&mut self, number: u32) -> Option<&mut Page> {
        self.blocks.get_mut((number >> BITS) as usize)?.get_mut(number as usize & (BLOCK - 1))
    }

    /// Reads the segments of the connection with this key, one after the other, and says of each whether it was read before.
    ///
    /// Each is what it was but for what tells the network's and the capture's copies apart, and the layers around it: those of the first one
    /// are to be kept elsewhere.
    #[inline]
    pub fn read(&self, journal: &Journal, key: &FlowKey, mut each: impl FnMut(&Segment, &[SackBlock], bool)) {
        let mut segment = Segment { key: *key, ..Segment::default() };
        let (mut left, mut at) = (usize::from(journal.cells), 0);
        let mut number = journal.first;
        // The segment whose SACK blocks stand in the next cell.
        let mut sacked = false;
        while left > 0
            && let Some(page) = self.page(number)
        {
            if let Some(next) = self.page(page.next) {
                prefetch(next);
            }
            for cell in page.cells.iter().take(left) {
                if sacked {
                    let blocks = read_sacks(cell);
                    each(
                        &segment,
                        blocks.get(..segment.sack_len.into()).unwrap_or_default(),
                        at <= journal.told.into(),
                    );
                    sacked = false;
                } else {
                    read(cell, &mut segment);
                    sacked = segment.sack_len > 0;
                    if !sacked {
                        each(&segment, &[], at < journal.told.into());
                    }
                }
                at += 1;
            }
            left = left.saturating_sub(CELLS);
            number = page.next;
        }
    }

    /// The first segment.
    pub fn first(&self, journal: &Journal, key: &FlowKey) -> Option<Segment> {
        let cell = self.page(journal.first).filter(|_| !journal.is_empty())?.cells.first()?;
        let mut segment = Segment { key: *key, ..Segment::default() };
        read(cell, &mut segment);
        Some(segment)
    }

    /// Forgets what stands in a journal.
    pub fn clear(&mut self, journal: &mut Journal) {
        let Journal { first, last, .. } = std::mem::take(journal);
        let free = self.free;
        let mut at = first;
        while let Some(page) = self.page_mut(at) {
            let next = page.next;
            if at == last {
                page.next = free;
                self.free = first;
            }
            at = if at == last { NONE } else { next };
        }
    }

    /// Has fetched from memory where the next segments of a journal will stand.
    #[inline]
    pub fn prefetch(&self, journal: &Journal) {
        let Some(page) = self.page(journal.last) else { return };
        match page.cells.get(CELLS.wrapping_sub(journal.room.into())..) {
            Some([cell, next, ..]) => {
                prefetch(cell);
                prefetch(next);
            }
            Some([cell]) => prefetch(cell),
            _ => {}
        }
        prefetch(&page.next);
        // It may have to be read first.
        if journal.len() + CELLS > MOST {
            self.prefetch_first(journal);
        }
    }

    /// Has the first page of a journal fetched from memory; whoever reads it has the others fetched.
    #[inline]
    pub fn prefetch_first(&self, journal: &Journal) {
        if let Some(page) = self.page(journal.first) {
            prefetch(page);
        }
    }

    /// Bytes of memory that all journals take, with the pages that wait to be used again.
    pub const fn footprint(&self) -> usize {
        self.blocks.len() * BLOCK * size_of::<Page>()
    }

    /// Pages that are in use.
    #[cfg(test)]
    pub fn used(&self) -> usize {
        let free = std::iter::successors(self.page(self.free), |page| self.page(page.next)).count();
        self.blocks.iter().map(Vec::len).sum::<usize>() - free
    }
}

/// What may be said of a segment that waits; those of which anything else is said are few, and are looked at at once.
const USUAL: SegmentBits = SegmentBits::FROM_HI
    .with(SegmentBits::IPV4)
    .with(SegmentBits::OPTIONS_TRUNCATED)
    .with(SegmentBits::HEADER_TRUNCATED)
    .with(SegmentBits::BAD_CHECKSUM)
    .with(SegmentBits::CHECKSUM_OFFLOAD)
    .with(SegmentBits::TIMESTAMPS)
    .with(SegmentBits::MSS)
    .with(SegmentBits::WINDOW_SCALE)
    .with(SegmentBits::SACK_PERMITTED)
    .with(SegmentBits::MPTCP)
    .with(SegmentBits::CE);

/// It has nothing that a cell cannot tell.
#[inline(always)]
fn is_usual(segment: &Segment) -> bool {
    segment.bits.0 & !USUAL.0 == 0
        && segment.frame >> FRAME_BITS == 0
        && segment.header_len & !0x3fc == 0
        && segment.window_scale < 16
        && usize::from(segment.sack_len) <= SACKS
}

/// A cell has room for so many bits of the number of a frame: there are captures of a hundred billion.
const FRAME_BITS: u32 = 40;

/// Writes a segment into a cell.
///
/// The second word has, from its lowest bit on, the time to live (8 bits), the length of the headers in words of 32 bits (8), the number of SACK
/// blocks (4), the window scale (4) and the number of the frame (40). The others are two or four fields that lie beside each other in the segment,
/// so that they are copied at once; only the checksum, for which nobody asks any more, gives way to the maximum segment size.
#[inline(always)]
fn write(cell: Option<&mut Cell>, segment: &Segment) {
    if let Some(cell) = cell {
        *cell = [
            segment.ts.0 as u64,
            u64::from(segment.ttl)
                | u64::from(segment.header_len >> 2) << 8
                | u64::from(segment.sack_len) << 16
                | u64::from(segment.window_scale) << 20
                | segment.frame << 24,
            pair(segment.seq.0, segment.ack.0),
            pair(segment.payload_len, segment.tsval),
            pair(segment.tsecr, segment.bits.0),
            u64::from(segment.window)
                | u64::from(segment.ip_id) << 16
                | u64::from(segment.flags.0) << 32
                | u64::from(segment.mss) << 48,
        ];
    }
}

/// Makes `segment`, whose key is known, what stands in a cell; its SACK blocks stand in the next one.
#[inline(always)]
fn read(cell: &Cell, segment: &mut Segment) {
    let &[ts, header, numbers, length, answer, rest] = cell;
    segment.ts = Timestamp(ts as i64);
    segment.ttl = header as u8;
    segment.header_len = (header >> 8) as u8 as u16 * 4;
    segment.sack_len = (header >> 16) as u8 & 15;
    segment.window_scale = (header >> 20) as u8 & 15;
    segment.frame = header >> 24;
    (segment.seq, segment.ack) = (Seq(numbers as u32), Seq((numbers >> 32) as u32));
    (segment.payload_len, segment.tsval) = (length as u32, (length >> 32) as u32);
    (segment.tsecr, segment.bits) = (answer as u32, SegmentBits((answer >> 32) as u32));
    (segment.window, segment.ip_id) = (rest as u16, (rest >> 16) as u16);
    (segment.flags, segment.mss) = (TcpFlags((rest >> 32) as u16), (rest >> 48) as u16);
}

fn pair(lower: u32, upper: u32) -> u64 {
    u64::from(lower) | u64::from(upper) << 32
}

fn write_sacks(cell: Option<&mut Cell>, sacks: &[SackBlock]) {
    for (word, block) in cell.into_iter().flatten().zip(sacks) {
        *word = pair(block.left.0, block.right.0);
    }
}

fn read_sacks(cell: &Cell) -> [SackBlock; SACKS] {
    let mut sacks = [SackBlock::default(); SACKS];
    for (block, &word) in sacks.iter_mut().zip(cell) {
        *block = SackBlock { left: Seq(word as u32), right: Seq((word >> 32) as u32) };
    }
    sacks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Endpoint;

    fn key() -> FlowKey {
        FlowKey::of(Endpoint::v6([7; 16], 40_000), Endpoint::v6([9; 16], 443)).0
    }

    fn segment(n: u32) -> Segment {
        Segment {
            ts: Timestamp(1_700_000_000_123_456_789 + i64::from(n)),
            frame: (1 << 39) + u64::from(n),
            key: key(),
            seq: Seq(u32::MAX - n),
            ack: Seq(n),
            payload_len: 70_000 + n,
            tsval: !n,
            tsecr: n << 20,
            window: 64_240,
            ip_id: n as u16,
            flags: TcpFlags(0x1f8),
            header_len: 60,
            bits: SegmentBits(n & USUAL.0),
            ttl: 255,
            ..Segment::default()
        }
    }

    fn syn(n: u32) -> Segment {
        let bits = SegmentBits(!n & USUAL.0);
        let flags = TcpFlags::SYN.with(TcpFlags::ACK);
        Segment { flags, payload_len: n % 3, mss: !n as u16, window_scale: n as u8 & 15, bits, ..segment(n) }
    }

    fn sacks(n: u32) -> Vec<SackBlock> {
        (0..n % 5).map(|i| SackBlock { left: Seq(n << 8 | i), right: Seq(!i) }).collect()
    }

    fn read_all(journals: &Journals, journal: &Journal) -> Vec<(Segment, Vec<SackBlock>)> {
        let mut all = Vec::new();
        journals.read(journal, &key(), |segment, sacks, _| all.push((*segment, sacks.to_vec())));
        all
    }

    #[test]
    fn what_was_written_down_is_what_it_was() {
        let (mut journals, mut open) = (Journals::default(), vec![(Journal::default(), Vec::new()); 7]);
        // Their pages lie between each other, and those that were given back are used again.
        for n in 0..2_000 {
            let (journal, written) = &mut open[n as usize * 5 % 7];
            let sacks = if n % 3 == 0 { Vec::new() } else { sacks(n) };
            let segment = if n % 11 == 0 { syn(n) } else { segment(n) };
            let sacks = if segment.flags.syn() { Vec::new() } else { sacks };
            let segment = Segment { sack_len: sacks.len() as u8, ..segment };
            if !journals.push(journal, &segment, &sacks) {
                assert!(written.len() > MOST / 2 - 1, "{}", written.len());
                assert_eq!(&read_all(&journals, journal), written);
                assert_eq!(journals.first(journal, &key()), Some(written[0].0));
                journals.clear(journal);
                assert!(journal.is_empty() && journals.first(journal, &key()).is_none());
                assert!(read_all(&journals, journal).is_empty());
                written.clear();
                assert!(journals.push(journal, &segment, &sacks));
            }
            written.push((segment, sacks));
        }
        assert!(journals.blocks[0].len() <= 7 * MOST.div_ceil(CELLS), "{}", journals.blocks[0].len());
        open.iter_mut().for_each(|(journal, _)| journals.clear(journal));
        assert_eq!(journals.used(), 0);
    }

    #[test]
    fn what_does_not_fit_is_not_written_down() {
        let odd = [
            Segment { frame: 1 << FRAME_BITS, ..segment(1) },
            Segment { header_len: 1024, ..segment(1) },
            Segment { header_len: 53, ..segment(1) },
            Segment { bits: SegmentBits::MALFORMED, ..segment(1) },
            Segment { window_scale: 16, ..segment(1) },
            Segment { sack_len: 1, ..segment(1) },
            Segment { sack_len: 5, ..segment(1) },
        ];
        let (mut journals, mut journal) = (Journals::default(), Journal::default());
        assert!(odd.iter().all(|segment| !journals.push(&mut journal, segment, &[])));
        assert!(journal.is_empty() && journals.used() == 0);
    }
}
