//! A packet between two hosts, before it is bytes.

pub const FIN: u8 = 0x01;
pub const SYN: u8 = 0x02;
pub const RST: u8 = 0x04;
pub const PSH: u8 = 0x08;
pub const ACK: u8 = 0x10;

/// Which of the two hosts: an index.
pub const CLIENT: usize = 0;
pub const SERVER: usize = 1;

/// Who talks to whom, and what they agreed on. Pairs are of client and server.
#[derive(Clone, Debug, Default)]
pub struct Ends {
    /// IPv6; of IPv4 addresses the first four bytes count.
    pub v6: bool,
    pub address: [[u8; 16]; 2],
    pub port: [u16; 2],
    pub ttl: [u8; 2],
    /// Initial sequence numbers.
    pub isn: [u32; 2],
    /// What their timestamps count from.
    pub ts_offset: [u32; 2],
    /// What the MSS option of both says.
    pub mss: u16,
    pub window_scale: [u8; 2],
    pub timestamps: bool,
    pub sack: bool,
}

impl Ends {
    /// Payload of a full segment: what the MSS leaves next to the options of every segment.
    pub fn full_segment(&self) -> u64 {
        u64::from(self.mss) - if self.timestamps { 12 } else { 0 }
    }
}

/// Blocks of a SACK option, as offsets from the acknowledgement number; a D-SACK lies below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sacks {
    pub count: u8,
    pub blocks: [(i32, i32); 4],
}

impl Sacks {
    /// Adds a block if there is room for it.
    pub fn push(&mut self, limit: u8, block: (i32, i32)) {
        if self.count < limit {
            self.blocks[usize::from(self.count)] = block;
            self.count += 1;
        }
    }

    /// The blocks.
    pub fn iter(&self) -> impl Iterator<Item = (i32, i32)> {
        self.blocks.into_iter().take(usize::from(self.count))
    }
}

/// One packet. Sequence numbers count from the sender's SYN, which has number 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct Packet {
    /// When the tap sees it: nanoseconds since the capture began.
    pub at: u64,
    pub seq: u64,
    pub ack: u64,
    pub sacks: Sacks,
    pub tsval: u32,
    pub tsecr: u32,
    pub len: u16,
    pub window: u16,
    pub ip_id: u16,
    pub flags: u8,
    /// [`CLIENT`] or [`SERVER`].
    pub from: u8,
}

impl Packet {
    /// The sender as an index.
    pub fn sender(&self) -> usize {
        usize::from(self.from)
    }

    /// One of `flags` is set.
    pub fn any(&self, flags: u8) -> bool {
        self.flags & flags != 0
    }

    /// Behind its payload and its FIN.
    pub fn end(&self) -> u64 {
        self.seq + u64::from(self.len) + u64::from(self.any(FIN))
    }
}
