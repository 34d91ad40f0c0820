//! `tcplens live` and `tcplens interfaces`

use std::io::{self, Write};

use super::Status;
use super::analyze::settings;
use super::args::Live as LiveArgs;
use super::notice::Stderr;
use super::output::{self, Plan};
use super::watch::Watch;
use crate::capture::Source;
use crate::capture::live::{Live, LiveOptions, install_stop_signals, interfaces};
use crate::pipeline::Runner;

/// Captures on an interface until a signal comes.
pub fn run(args: &LiveArgs) -> anyhow::Result<Status> {
    let options = LiveOptions {
        snaplen: args.snaplen,
        promiscuous: !args.no_promiscuous,
        filter: args.filter.clone(),
        ..LiveOptions::on(&args.interface)
    };
    let stop = install_stop_signals()?;
    let mut live = Live::open(&options, stop)?;
    let Plan { rows, to_terminal } = output::plan(&args.output)?;
    let quiet = args.quiet;
    let mut watch = Watch::new(rows, |finding| {
        if !quiet {
            super::complain(format_args!("{}: {}", finding.code.severity().word(), finding.sentence));
        }
    });
    let mut notice = Stderr::new(!args.quiet && !to_terminal);
    if !args.quiet {
        super::complain(format_args!("capturing on {}; Ctrl-C ends it", args.interface));
    }
    let settings = settings(args.decoding, args.resources, true);
    let outcome =
        Runner::new(settings, &mut watch, &mut notice).run(&mut live, vec![args.interface.clone()], Vec::new());
    notice.finish();
    if let Some(drops) = live.kernel_drops() {
        super::complain(format_args!(
            "{} packets received, {} dropped by the kernel, {} by the interface",
            drops.received, drops.dropped, drops.if_dropped
        ));
    }
    let outcome = outcome?;
    Ok(if outcome.problems.is_empty() { Status::Complete } else { Status::Incomplete })
}

/// Lists the interfaces.
pub fn list_interfaces() -> anyhow::Result<Status> {
    let mut out = io::stdout().lock();
    for interface in interfaces()? {
        let state = match (interface.is_up, interface.is_running) {
            (false, _) => "down",
            (true, false) => "up, not connected",
            (true, true) => "up",
        };
        let mut notes = vec![state.to_owned()];
        notes.extend(interface.is_loopback.then(|| "loopback".to_owned()));
        notes.extend(interface.addresses.iter().map(ToString::to_string));
        notes.extend(interface.description);
        writeln!(out, "{:<16} {}", interface.name, notes.join(", "))?;
    }
    out.flush()?;
    Ok(Status::Complete)
}
