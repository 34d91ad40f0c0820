//! Many short connections at a time, as a busy link has them.

use std::collections::VecDeque;

use super::conversation::Conversation;
use super::interleave::{Arrivals, Interleaved};
use super::packet::{CLIENT, Ends, SERVER};
use super::plan::{Answer, Ending, Path, Plan, Stack, Turn};
use super::random::{Random, mix};
use super::{MICRO, MILLI, SECOND};

/// Connections begun per second: with the time that they live, this gives the number that is open at a time.
const RATE: f64 = 10_000.0;
const CLIENTS: u64 = 60_000;
const SERVERS: u64 = 4_000;
/// Linux's ephemeral ports.
const FIRST_PORT: u16 = 32_768;
const PORTS: u16 = 28_232;
const SERVICES: [u16; 16] = [443, 443, 443, 443, 443, 443, 80, 80, 80, 22, 25, 8080, 5432, 3306, 993, 6379];
/// The largest response.
const LARGEST: f64 = 1_200_000.0;
/// No connection idles longer before its end, so that the number of open ones stops growing after this time.
const LONGEST_IDLE: u64 = 16 * SECOND;
/// When the ports of a connection that nobody ended are used again: they do not pile up, however long the capture is.
const REUSE_AFTER: u64 = 8 * SECOND;

/// The four-tuple of a connection.
#[derive(Clone, Copy)]
struct Tuple {
    v6: bool,
    address: [[u8; 16]; 2],
    port: [u16; 2],
}

/// Makes the connections one by one; none depends on how many there will be.
pub struct Many {
    seed: u64,
    random: Random,
    left: u64,
    made: u64,
    start: u64,
    /// Of each client, how many ports it has used.
    ports: Vec<u16>,
    /// Four-tuples of connections that nobody ended, and from when they are used again.
    abandoned: VecDeque<(u64, Tuple)>,
}

/// `count` connections.
pub fn many(count: u64, seed: u64) -> Interleaved<Many> {
    Interleaved::new(Many {
        seed,
        random: Random::new(seed, 0),
        left: count,
        made: 0,
        start: 0,
        ports: vec![0; CLIENTS as usize],
        abandoned: VecDeque::new(),
    })
}

impl Arrivals for Many {
    fn next_start(&self) -> Option<u64> {
        (self.left > 0).then_some(self.start)
    }

    fn begin(&mut self) -> Conversation {
        let start = self.start;
        self.left -= 1;
        self.made += 1;
        self.start += (self.random.exponential(1.0 / RATE) * SECOND as f64) as u64;
        let mut random = Random::new(self.seed, self.made);
        let tuple = self.tuple(start);
        let plan = plan(&mut random);
        let ends = ends(tuple, &plan, start, &mut random);
        Conversation::new(ends, plan, start, random)
    }

    fn abandoned(&mut self, &Ends { v6, address, port, .. }: &Ends, at: u64) {
        self.abandoned.push_back((at + REUSE_AFTER, Tuple { v6, address, port }));
    }
}

impl Many {
    fn tuple(&mut self, now: u64) -> Tuple {
        if let Some(&(from, tuple)) = self.abandoned.front()
            && from <= now
        {
            self.abandoned.pop_front();
            return tuple;
        }
        let random = &mut self.random;
        let v6 = random.chance(0.2);
        let (client, server) = (random.zipf(CLIENTS), random.zipf(SERVERS));
        let used = &mut self.ports[client as usize];
        *used = (*used + 1) % PORTS;
        let port = FIRST_PORT + (u32::from(*used) * 7 % u32::from(PORTS)) as u16;
        Tuple {
            v6,
            address: [address(v6, CLIENT, client), address(v6, SERVER, server)],
            port: [port, random.pick(&SERVICES)],
        }
    }
}

/// Of the blocks that are set aside for documentation, benchmarks and private use.
fn address(v6: bool, side: usize, host: u64) -> [u8; 16] {
    let mut address = [0; 16];
    let [.., high, middle, low] = host.to_be_bytes();
    if v6 {
        address[..6].copy_from_slice(&[0x20, 1, 0x0d, 0xb8, 0, side as u8]);
        address[8..].copy_from_slice(&(mix(host + 1) << 24 | host).to_be_bytes());
    } else if side == CLIENT {
        address[..4].copy_from_slice(&[10, high, middle, low]);
    } else {
        address[..4].copy_from_slice(&[198, 18 + high % 2, middle, low]);
    }
    address
}

/// A number of the two hosts' own.
fn of_pair(tuple: &Tuple) -> u64 {
    tuple.address.iter().flatten().fold(0, |number, byte| mix(number ^ u64::from(*byte)))
}

/// RFC 6528: a clock and a number of the four-tuple's own, so that a connection's numbers lie beyond those of the last one on it.
fn isn(tuple: &Tuple, side: usize, now: u64) -> u32 {
    let ports = u64::from(tuple.port[0]) << 17 | u64::from(tuple.port[1]) << 1 | side as u64;
    mix(of_pair(tuple) ^ ports).wrapping_add(now >> 6) as u32
}

/// As on Linux, the timestamps of two hosts go on from connection to connection.
fn ts_offset(tuple: &Tuple, side: usize) -> u32 {
    mix(of_pair(tuple) ^ side as u64) as u32
}

fn ends(tuple: Tuple, plan: &Plan, now: u64, random: &mut Random) -> Ends {
    // A RST for a SYN has sequence number 0 (RFC 9293 3.5.2).
    let server_isn = if plan.answer == Answer::Refuse { 0 } else { isn(&tuple, SERVER, now) };
    let client_isn = isn(&tuple, CLIENT, now);
    let ts_offset = [CLIENT, SERVER].map(|side| ts_offset(&tuple, side));
    let Tuple { v6, address, port } = tuple;
    Ends {
        v6,
        address,
        port,
        ttl: [52 + random.below(12) as u8, 50 + random.below(14) as u8],
        isn: [client_isn, server_isn],
        ts_offset,
        mss: random.pick(&[1460, 1460, 1460, 1400, 1380]) - if v6 { 20 } else { 0 },
        window_scale: [7 + random.below(2) as u8, 6 + random.below(4) as u8],
        timestamps: random.chance(0.88),
        sack: random.chance(0.97),
    }
}

fn plan(random: &mut Random) -> Plan {
    let round_trip = 4 * MILLI + seconds(random.exponential(0.06)).min(2 * SECOND);
    let lossy = random.chance(0.2);
    let loss = if lossy { 0.03 } else { 0.001 };
    let path = Path {
        // The tap is near the clients, as at the edge of a site.
        delay: [round_trip / 20, round_trip * 9 / 20],
        gap: 12 * MICRO + random.below(60 * MICRO),
        loss: [loss, loss],
        reorder: if lossy { 0.006 } else { 0.0002 },
        syn_loss: 0.005,
    };
    let (answer, syn_retries, ending) = fate(random);
    let idle = 100 * MILLI + random.below(LONGEST_IDLE);
    let stack = Stack { quick: random.chance(0.9), ..Plan::default().stack };
    Plan { answer, syn_retries, turns: turns(random), ending, idle, path, stack }
}

/// How it begins and ends, in the shares of a busy link with a few scanners and dead servers.
fn fate(random: &mut Random) -> (Answer, u32, Ending) {
    let by = random.pick(&[CLIENT, SERVER]);
    let lag = if random.chance(0.3) { MILLI } else { 0 };
    match random.below(1000) {
        0..40 => (Answer::Ignore, random.below(4) as u32, Ending::Abandoned),
        40..65 => (Answer::Refuse, 6, Ending::Abandoned),
        65..95 => (Answer::Accept, 6, Ending::Reset { by: CLIENT, with_ack: true }),
        95..110 => (Answer::Accept, 6, Ending::Reset { by, with_ack: false }),
        110..130 => (Answer::Accept, 6, Ending::Abandoned),
        130..145 => (Answer::Accept, 6, Ending::HalfClosed { by: CLIENT }),
        _ => (Answer::Accept, 6, Ending::Close { by, lag }),
    }
}

/// Requests and their responses: most are small, a few are very large.
fn turns(random: &mut Random) -> Vec<Turn> {
    let exchanges = 1 + if random.chance(0.12) { random.below(4) } else { 0 };
    let mut turns = Vec::with_capacity(2 * exchanges as usize);
    for exchange in 0..exchanges {
        let pause = if exchange == 0 { 0.002 } else { 2.5 };
        turns.push(Turn {
            from: CLIENT,
            bytes: 60 + random.exponential(450.0) as u64,
            think: seconds(random.exponential(pause)).min(6 * SECOND),
        });
        turns.push(Turn {
            from: SERVER,
            bytes: random.pareto(190.0, 0.92).min(LARGEST) as u64,
            think: seconds(random.exponential(0.03)),
        });
    }
    turns
}

fn seconds(seconds: f64) -> u64 {
    (seconds * SECOND as f64) as u64
}
