//! Writes capture files to measure with: always the same ones for a seed, and never committed.
//!
//! `cargo run --release --example gen -- many many.pcap`

mod model;
mod output;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::builder::PossibleValue;
use clap::{Parser, ValueEnum};

use model::Workload;
use model::bulk::{Bulk, transfers};
use model::frame::{FrameWriter, Layout};
use model::link::Link;
use model::many::many;
use model::scan::scan;
use output::CaptureWriter;

/// Enough for all of a packet.
const WHOLE: usize = 262_144;
/// Holds the headers, and of IPv4 all options.
const HEADERS: usize = 96;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// COUNT (1,000,000) short connections, 10,000 begun a second: requests and responses with loss, reordering, resets, refusals
    Many,
    /// COUNT (5,000,000) SYNs, each on a connection of its own
    Scan,
    /// COUNT (10,000,000) packets of 64 transfers with 1 % of loss and recovery by SACK
    Few,
    /// COUNT (1,200,000) packets of 8 fast transfers, with all their payload
    Payload,
}

impl Kind {
    fn default_count(self) -> u64 {
        match self {
            Kind::Many => 1_000_000,
            Kind::Scan => 5_000_000,
            Kind::Few => 10_000_000,
            Kind::Payload => 1_200_000,
        }
    }
}

impl ValueEnum for Link {
    fn value_variants<'a>() -> &'a [Self] {
        &Link::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

/// Writes a capture file to measure with. The same options give the same bytes.
#[derive(Debug, Parser)]
#[command(name = "gen")]
struct Args {
    /// What it holds
    workload: Kind,
    /// Where it goes: NAME.pcap or NAME.pcapng, with .zst or .gz behind it to be compressed; - for a pcap on standard output
    output: PathBuf,
    /// How many connections, SYNs or packets
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Another seed gives another file of the same kind
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Bytes that are kept of each frame; 96, or all of it for `payload`
    #[arg(long)]
    snaplen: Option<usize>,
    /// Times in nanoseconds instead of microseconds
    #[arg(long)]
    nanos: bool,
    /// The link layer
    #[arg(long, default_value = "ethernet")]
    link: Link,
}

fn main() -> ExitCode {
    let Err(error) = run(&Args::parse()) else { return ExitCode::SUCCESS };
    let broken_pipe = error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe);
    if !broken_pipe {
        // Nobody can be told where even this fails.
        let _ = writeln!(io::stderr(), "gen: {error:#}");
    }
    ExitCode::FAILURE
}

fn run(args: &Args) -> anyhow::Result<()> {
    let count = args.count.unwrap_or(args.workload.default_count());
    let (frames, connections) = match args.workload {
        Kind::Many => {
            let mut connections = many(count, args.seed);
            let frames = write(args, &mut connections, u64::MAX)?;
            (frames, Some(connections.counts()))
        }
        Kind::Scan => (write(args, &mut scan(count, args.seed), u64::MAX)?, None),
        Kind::Few => (write(args, &mut transfers(Bulk::LOSSY, args.seed), count)?, None),
        Kind::Payload => (write(args, &mut transfers(Bulk::CLEAN, args.seed), count)?, None),
    };
    let mut told = format!("{}: {frames} frames", args.output.display());
    if let Some((connections, peak)) = connections {
        told += &format!(", {connections} connections, at most {peak} at a time");
    }
    writeln!(io::stderr(), "{told}").context("cannot write to standard error")
}

/// Writes the file, up to so many frames; returns how many there are.
fn write(args: &Args, workload: &mut dyn Workload, limit: u64) -> anyhow::Result<u64> {
    let payload = args.workload == Kind::Payload;
    let snaplen = args.snaplen.unwrap_or(if payload { WHOLE } else { HEADERS });
    ensure!((1..=WHOLE).contains(&snaplen), "--snaplen has to be between 1 and {WHOLE}");
    let mut writer = CaptureWriter::create(&args.output, args.link, snaplen, args.nanos)?;
    let mut frames = FrameWriter::new(Layout { link: args.link, snaplen, payload });
    let written = || format!("cannot write {}", args.output.display());
    for _ in 0..limit {
        let Some((ends, packet)) = workload.next() else { break };
        let frame = frames.write(ends, packet);
        writer.write(packet.at, frame).with_context(written)?;
    }
    writer.finish().with_context(written)
}
