//! The numbered test vectors of the project's reference of semantics (`semantics.md` 13), one test each or more.
//!
//! Unless a test says otherwise the capture point lies between client C and server S, 10 ms (there and back) from C and 30 ms from S, so that
//! the full round trip is 40 ms; the MSS is 1000; SACK, timestamps (1000 Hz), a window scale of 7, and one counter of IPv4 IDs for each
//! socket. Times are in milliseconds at the capture point; sequence numbers are relative, the SYN is number 0 and the data begins at 1.
//! Vectors 93 to 95 are about many connections, and stand beside the survey in `src/findings`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod ack;
mod app;
mod capture;
mod close;
mod handshake;
mod identity;
mod probe;
mod reorder;
mod retrans;
mod rtt;
mod script;
mod stall;
mod window;
