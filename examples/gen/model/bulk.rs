//! Few connections that carry much.

use super::conversation::Conversation;
use super::interleave::{Arrivals, Interleaved};
use super::packet::{CLIENT, Ends, SERVER};
use super::plan::{Ending, Path, Plan, Stack, Turn};
use super::random::Random;
use super::{MICRO, MILLI, SECOND};

/// Enough for any number of packets.
const ENDLESS: u64 = 1 << 50;

/// What the transfers are like.
#[derive(Clone, Copy, Debug)]
pub struct Bulk {
    /// How many at a time.
    pub connections: u64,
    /// Bytes of each; [`ENDLESS`] for as many as are asked for.
    pub bytes: u64,
    /// Probability that a packet is lost, half of it before the tap.
    pub loss: f64,
    pub reorder: f64,
    /// Segments to an ACK: 2 by the book, more where the receiver's card joins segments.
    pub ack_every: u32,
    /// Server to client for every second one.
    pub both_ways: bool,
    pub v6: bool,
}

impl Bulk {
    /// Transfers with about one percent of loss, from which they recover by SACK.
    pub const LOSSY: Bulk =
        Bulk { connections: 64, bytes: ENDLESS, loss: 0.01, reorder: 0.002, ack_every: 2, both_ways: true, v6: false };
    /// Fast transfers of which next to nothing is lost.
    pub const CLEAN: Bulk = Bulk { connections: 8, loss: 0.000_2, reorder: 0.0, ack_every: 8, ..Bulk::LOSSY };
}

/// Makes the transfers.
pub struct Transfers {
    bulk: Bulk,
    seed: u64,
    made: u64,
}

/// All transfers at a time.
pub fn transfers(bulk: Bulk, seed: u64) -> Interleaved<Transfers> {
    Interleaved::new(Transfers { bulk, seed, made: 0 })
}

impl Arrivals for Transfers {
    fn next_start(&self) -> Option<u64> {
        (self.made < self.bulk.connections).then_some(self.made * MILLI)
    }

    fn begin(&mut self) -> Conversation {
        let number = self.made;
        self.made += 1;
        let mut random = Random::new(self.seed, self.made);
        let from = if self.bulk.both_ways && number % 2 == 1 { SERVER } else { CLIENT };
        let ends = self.ends(number, &mut random);
        Conversation::new(ends, self.plan(from, &mut random), number * MILLI, random)
    }
}

impl Transfers {
    fn ends(&self, number: u64, random: &mut Random) -> Ends {
        let mut address = [[0; 16]; 2];
        for (side, address) in address.iter_mut().enumerate() {
            let host = number as u8;
            if self.bulk.v6 {
                address.copy_from_slice(&[0x20, 1, 0x0d, 0xb8, 0, side as u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, host]);
            } else {
                address[..4].copy_from_slice(&[198, 18 + side as u8, 0, host]);
            }
        }
        Ends {
            v6: self.bulk.v6,
            address,
            port: [40_000 + number as u16, 443],
            ttl: [64, 57],
            isn: [random.bits() as u32, random.bits() as u32],
            ts_offset: [random.bits() as u32, random.bits() as u32],
            mss: if self.bulk.v6 { 1440 } else { 1460 },
            window_scale: [8, 9],
            timestamps: true,
            sack: true,
        }
    }

    fn plan(&self, from: usize, random: &mut Random) -> Plan {
        let round_trip = 10 * MILLI + random.below(40 * MILLI);
        let near = 1 + random.below(8);
        let delay = [round_trip * near / 18, round_trip * (9 - near) / 18];
        let loss = self.bulk.loss / 2.0;
        Plan {
            turns: vec![Turn { from, bytes: self.bulk.bytes, think: MICRO }],
            ending: Ending::Close { by: from, lag: 0 },
            idle: SECOND / 10,
            path: Path { delay, gap: 12 * MICRO, loss: [loss, loss], reorder: self.bulk.reorder, syn_loss: 0.0 },
            // A sender that keeps a window in spite of loss, as BBR does: every round trip has something to recover from.
            stack: Stack { ack_every: self.bulk.ack_every, quick: true, least_cwnd: 40, most_cwnd: 128 },
            ..Plan::default()
        }
    }
}
