//! What is going to happen on a connection, apart from chance.

use super::MICRO;

/// What the server does about a SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Accept,
    /// A RST: nobody listens.
    Refuse,
    /// Nothing at all.
    Ignore,
}

/// One side sends so much, some time after the last turn was received.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    pub from: usize,
    pub bytes: u64,
    /// Nanoseconds that its application takes first.
    pub think: u64,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// `by` closes, and the other one so many nanoseconds after it has heard of it.
    Close { by: usize, lag: u64 },
    /// `by` closes, the other one never.
    HalfClosed { by: usize },
    /// `by` resets it.
    Reset { by: usize, with_ack: bool },
    /// Nobody says anything.
    Abandoned,
}

/// What is going to happen on a connection.
#[derive(Clone, Debug)]
pub struct Plan {
    pub answer: Answer,
    /// How often the client repeats a SYN.
    pub syn_retries: u32,
    pub turns: Vec<Turn>,
    pub ending: Ending,
    /// Nanoseconds of silence before it.
    pub idle: u64,
    pub path: Path,
    pub stack: Stack,
}

/// The way between the hosts; the tap is on it.
#[derive(Clone, Copy, Debug)]
pub struct Path {
    /// Nanoseconds from the client to the tap, and from the server.
    pub delay: [u64; 2],
    /// Nanoseconds between two packets that follow each other.
    pub gap: u64,
    /// Probability that a packet with data is lost before the tap, and behind it.
    pub loss: [f64; 2],
    /// Probability that one is overtaken.
    pub reorder: f64,
    /// Probability that a SYN or SYN-ACK is lost behind the tap.
    pub syn_loss: f64,
}

impl Path {
    /// Round trip without queues.
    pub fn round_trip(&self) -> u64 {
        2 * (self.delay[0] + self.delay[1])
    }
}

/// How the hosts' TCP behaves.
#[derive(Clone, Copy, Debug)]
pub struct Stack {
    /// Segments that a receiver acknowledges at once with one ACK.
    pub ack_every: u32,
    /// It acknowledges what was pushed at once.
    pub quick: bool,
    /// A loss never takes the congestion window below so many segments; 2 for a sender by the book.
    pub least_cwnd: u32,
    pub most_cwnd: u32,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            answer: Answer::Accept,
            syn_retries: 6,
            turns: Vec::new(),
            ending: Ending::Abandoned,
            idle: 0,
            path: Path {
                delay: [2_000 * MICRO, 8_000 * MICRO],
                gap: 12 * MICRO,
                loss: [0.0; 2],
                reorder: 0.0,
                syn_loss: 0.0,
            },
            stack: Stack { ack_every: 2, quick: true, least_cwnd: 2, most_cwnd: 256 },
        }
    }
}
