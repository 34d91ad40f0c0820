//! A scanner: one SYN per connection, and no answers.

use super::packet::{CLIENT, Ends, Packet, SERVER, SYN};
use super::random::Random;
use super::{MICRO, MILLI, Workload};

/// One SYN after the other.
pub struct Scan {
    random: Random,
    left: u64,
    sent: u64,
    ends: Ends,
    packet: Packet,
}

/// `count` SYNs.
pub fn scan(count: u64, seed: u64) -> Scan {
    let mut ends =
        Ends { ttl: [64; 2], mss: 1460, window_scale: [7; 2], timestamps: true, sack: true, ..Ends::default() };
    ends.address[CLIENT][..4].copy_from_slice(&[10, 0, 0, 7]);
    Scan { random: Random::new(seed, 0), left: count, sent: 0, ends, packet: Packet::default() }
}

impl Workload for Scan {
    fn next(&mut self) -> Option<(&Ends, &Packet)> {
        self.left = self.left.checked_sub(1)?;
        let n = self.sent;
        self.sent += 1;
        // Every target once before any comes again: an odd factor visits all addresses of 100.64.0.0/10.
        let target = 0x6440_0000 | (n as u32).wrapping_mul(0x9e37_79b1) & 0x003f_ffff;
        self.ends.address[SERVER][..4].copy_from_slice(&target.to_be_bytes());
        self.ends.port = [32_768 + (n % 28_232) as u16, 1 + (n >> 22) as u16 % 1024];
        self.ends.isn[CLIENT] = self.random.bits() as u32;
        let at = n * 20 * MICRO;
        // Sockets of their own begin with an ID of their own.
        let ip_id = self.random.bits() as u16 | 1;
        let tsval = self.random.bits() as u32 | 1;
        self.packet = Packet { at, flags: SYN, window: 64_240, ip_id, tsval, ..Packet::default() };
        debug_assert!(at < u64::MAX - MILLI, "the clock of the capture ends");
        Some((&self.ends, &self.packet))
    }
}
