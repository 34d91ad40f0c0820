//! The arguments as they are typed.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use super::resources::Resources;

use crate::report::summary::By;
use crate::report::{FORMATS, SortKey, TimeFormat};

/// Reads packet captures and says what TCP did on every connection: handshake, round trips, retransmissions and what caused them,
/// windows, and how it ended.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  tcplens capture.pcapng                      a report on the terminal
  tcplens a.pcap b.pcap -o flows.csv          two captures as one, a row for each connection
  tcpdump -w - … | tcplens -                  from standard input
  tcplens capture.pcap --filter 'port 443' --format csv | head
  tcplens events capture.pcap                 every retransmission, its cause and its evidence
  tcplens explain capture.pcap 17             one connection as a story
  tcplens summary capture.pcap --by pair      sums by host, by service, by client and service
  tcplens findings                            what can be found, what it means, what to do
  tcplens live -i eth0 -o flows.csv           as connections end, until Ctrl-C

Exit status: 0 all was read; 1 rows were written, but some input was cut, damaged or unreadable;
2 wrong usage, nothing readable, or the output failed."
)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub analyze: Analyze,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Capture on an interface until interrupted, write rows as connections end, and say on standard error what is found to be wrong
    Live(Live),
    /// Write a row for every event: each retransmission with its cause, its evidence and the frame of the original
    Events(Events),
    /// Sum up by host, by service, and by client and service: connections, failures, round trips, response times, findings
    Summary(Summary),
    /// Tell the story of one connection: who, when, path, handshake, close, and each event with its reason
    Explain(Explain),
    /// List the interfaces that can be captured from
    Interfaces,
    /// List every column of the report: name, type, unit, meaning
    Columns,
    /// List every finding: code, severity, what it means, what to do about it, and the kernel parameter or RFC behind it
    Findings,
}

/// `tcplens CAPTURE…`
#[derive(Debug, ClapArgs)]
pub struct Analyze {
    #[command(flatten)]
    pub input: Input,
    #[command(flatten)]
    pub output: Output,
}

/// What is read.
#[derive(Debug, ClapArgs)]
pub struct Input {
    /// Capture files, pcap or pcapng; several are one capture in the order of time; `-` is standard input
    #[arg(required = true, value_name = "CAPTURE")]
    pub captures: Vec<PathBuf>,
    /// Analyse only packets that this filter selects, in the language of tcpdump
    #[arg(long, value_name = "EXPRESSION")]
    pub filter: Option<String>,
    #[command(flatten)]
    pub decoding: Decoding,
    #[command(flatten)]
    pub resources: Resources,
    /// No progress on standard error
    #[arg(short, long)]
    pub quiet: bool,
}

/// `tcplens explain`
#[derive(Debug, ClapArgs)]
pub struct Explain {
    /// Capture file, pcap or pcapng; `-` is standard input
    #[arg(value_name = "CAPTURE")]
    pub capture: PathBuf,
    /// The connection: its flow_id, or CLIENT:PORT-SERVER:PORT (IPv6 addresses in brackets)
    #[arg(value_name = "CONNECTION", required_unless_present = "stream")]
    pub connection: Option<String>,
    /// The connection, by the number that Wireshark calls tcp.stream
    #[arg(long, value_name = "N", conflicts_with = "connection")]
    pub stream: Option<u64>,
    /// Analyse only packets that this filter selects, in the language of tcpdump
    #[arg(long, value_name = "EXPRESSION")]
    pub filter: Option<String>,
    /// Events that are told
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub events: usize,
    /// Colours
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    #[command(flatten)]
    pub decoding: Decoding,
    #[command(flatten)]
    pub resources: Resources,
    /// No progress on standard error
    #[arg(short, long)]
    pub quiet: bool,
}

impl Explain {
    /// What it reads.
    pub fn input(&self) -> Input {
        Input {
            captures: vec![self.capture.clone()],
            filter: self.filter.clone(),
            decoding: self.decoding,
            resources: self.resources,
            quiet: self.quiet,
        }
    }
}

/// `tcplens events`
#[derive(Debug, ClapArgs)]
pub struct Events {
    #[command(flatten)]
    pub input: Input,
    /// Write to this file; its extension tells the format; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Format, where no extension tells it
    #[arg(long, value_name = "FORMAT", value_parser = ["csv", "ndjson"])]
    pub format: Option<String>,
    /// How times are written
    #[arg(long, value_name = "FORMAT", default_value = "rfc3339", value_parser = time_format())]
    pub time_format: TimeFormat,
    /// Only the events of this connection, by its flow_id
    #[arg(long, value_name = "FLOW_ID")]
    pub flow: Option<u64>,
}

/// `tcplens summary`
#[derive(Debug, ClapArgs)]
#[command(after_long_help = format!("Columns of CSV and NDJSON:\n{}", crate::report::summary::listing()))]
pub struct Summary {
    #[command(flatten)]
    pub input: Input,
    /// What a row is about; without it tables show all three, and rows are services
    #[arg(long, value_name = "SUBJECT", value_parser = by())]
    pub by: Option<By>,
    /// Write to this file; its extension tells the format; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Format, where no extension tells it
    #[arg(long, value_name = "FORMAT", value_parser = ["table", "csv", "ndjson"])]
    pub format: Option<String>,
    /// Rows, those with the most connections first; without it ten of each table, and all in the other formats
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
    /// Colours in the tables
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
}

/// `tcplens live`
#[derive(Debug, ClapArgs)]
pub struct Live {
    /// Interface to capture on; `tcplens interfaces` lists them
    #[arg(short, long, value_name = "NAME")]
    pub interface: String,
    #[command(flatten)]
    pub output: Output,
    /// Capture only packets that this filter selects, in the language of tcpdump
    #[arg(long, value_name = "EXPRESSION")]
    pub filter: Option<String>,
    /// Bytes captured of each packet; the headers are enough
    #[arg(long, value_name = "BYTES", default_value_t = 256, value_parser = clap::value_parser!(u32).range(68..=262_144))]
    pub snaplen: u32,
    /// Capture only packets from and for this machine
    #[arg(long)]
    pub no_promiscuous: bool,
    #[command(flatten)]
    pub decoding: Decoding,
    #[command(flatten)]
    pub resources: Resources,
    /// No progress on standard error
    #[arg(short, long)]
    pub quiet: bool,
}

/// Where the report goes, and what it looks like.
#[derive(Debug, ClapArgs)]
pub struct Output {
    /// Write rows to this file; its extension tells the format; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Format of the report, where no extension tells it
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(FORMATS.iter().map(|f| f.name)))]
    pub format: Option<String>,
    /// Only these columns, in this order, separated by commas
    #[arg(long, value_name = "NAMES")]
    pub columns: Option<String>,
    /// Order the rows by a column; they are held in memory until the end
    #[arg(long, value_name = "COLUMN[:desc]")]
    pub sort: Option<SortKey>,
    /// How times are written
    #[arg(long, value_name = "FORMAT", default_value = "rfc3339", value_parser = time_format())]
    pub time_format: TimeFormat,
    /// End lines with CR LF, as the letter of RFC 4180 has it
    #[arg(long)]
    pub crlf: bool,
    /// Connections that the terminal report shows, most interesting first
    #[arg(long, value_name = "N", default_value_t = 20, conflicts_with = "all")]
    pub top: usize,
    /// Show all connections in the terminal report
    #[arg(long)]
    pub all: bool,
    /// Colours in the terminal report
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
}

/// What is believed of the packets.
#[derive(Clone, Copy, Debug, ClapArgs)]
pub struct Decoding {
    /// Do not verify TCP checksums
    #[arg(long)]
    pub no_checksums: bool,
    /// Do not put IP fragments together
    #[arg(long)]
    pub no_reassembly: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// If standard output is a terminal
    Auto,
    Always,
    Never,
}

fn by() -> impl clap::builder::TypedValueParser<Value = By> {
    use clap::builder::TypedValueParser;
    PossibleValuesParser::new(By::ALL.iter().map(|(word, _)| *word))
        .map(|word| By::ALL.iter().find(|(known, _)| *known == word).map_or(By::Service, |&(_, by)| by))
}

fn time_format() -> impl clap::builder::TypedValueParser<Value = TimeFormat> {
    use clap::builder::TypedValueParser;
    PossibleValuesParser::new(TimeFormat::ALL.iter().map(|(word, _)| *word)).map(|word| {
        TimeFormat::ALL.iter().find(|(known, _)| *known == word).map(|&(_, format)| format).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn captures_and_subcommands_do_not_mix() {
        assert!(Args::try_parse_from(["tcplens", "a.pcap", "b.pcap", "-o", "x.csv"]).is_ok());
        assert!(Args::try_parse_from(["tcplens", "columns"]).is_ok());
        assert!(Args::try_parse_from(["tcplens"]).is_err());
    }
}
