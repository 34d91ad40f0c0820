//! What is wrong, for machines: one JSON document at the end of a run.

use std::io::Write;
use std::net::IpAddr;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{BoxedReporter, Options, Output, Reporter, RunMeta};
use crate::base::Timestamp;
use crate::findings::{Amount, Figure, Finding, Proof, Subject, Survey};
use crate::report::error::Error;
use crate::report::record::{FlowRecord, RunTotals};
use crate::report::schema::Column;
use crate::report::time::{Precision, TimeFormat, time_text};

/// Begins a document.
pub(super) fn open(output: Output, options: &Options) -> BoxedReporter {
    let clock = Clock { format: options.time, precision: Precision::default() };
    Box::new(Findings { output, clock, survey: Survey::default() })
}

struct Findings {
    output: Output,
    clock: Clock,
    survey: Survey,
}

/// How times are written.
#[derive(Clone, Copy)]
struct Clock {
    format: TimeFormat,
    precision: Precision,
}

impl Clock {
    fn text(self, t: Timestamp) -> String {
        time_text(t, self.format, self.precision)
    }
}

/// The document, in the order in which it is read.
#[derive(Serialize)]
struct Document<'a> {
    inputs: &'a [String],
    span: Option<Span>,
    totals: Totals,
    problems: &'a [String],
    findings: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct Span {
    first: String,
    last: String,
}

#[derive(Serialize)]
struct Totals {
    frames: u64,
    segments: u64,
    connections: u64,
    missing_bytes: u64,
    kernel_drops: Option<u64>,
    /// Services, pairs and hosts that there was no room for: nothing is said of them.
    subjects_left_out: u64,
}

#[derive(Serialize)]
struct Found<'a> {
    code: &'static str,
    severity: &'static str,
    title: &'static str,
    subject: Value,
    connections: u64,
    first: String,
    last: String,
    sentence: &'a str,
    figures: Map<String, Value>,
    meaning: &'static str,
    remedy: &'static str,
    reference: &'static str,
    evidence: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    flow_id: u64,
    frame: u64,
    time: String,
    note: &'a str,
}

fn found(finding: &Finding, clock: Clock) -> Found<'_> {
    let entry = finding.code.entry();
    Found {
        code: entry.word,
        severity: entry.severity.word(),
        title: entry.title,
        subject: subject(&finding.subject),
        connections: finding.connections,
        first: clock.text(finding.first),
        last: clock.text(finding.last),
        sentence: &finding.sentence,
        figures: finding.figures.iter().map(figure).collect(),
        meaning: entry.meaning,
        remedy: entry.remedy,
        reference: entry.reference,
        evidence: finding.evidence.iter().map(|proof| shown(proof, clock)).collect(),
    }
}

fn figure(figure: &Figure) -> (String, Value) {
    let value = match figure.amount {
        Amount::Whole(n) => json!(n),
        Amount::Decimal(x) => json!(x),
    };
    (figure.name.to_owned(), value)
}

fn shown(proof: &Proof, clock: Clock) -> Shown<'_> {
    Shown { flow_id: proof.flow_id, frame: proof.frame, time: clock.text(proof.t), note: &proof.note }
}

fn subject(subject: &Subject) -> Value {
    let kind = subject.word();
    let ip = |ip: &IpAddr| ip.to_string();
    match subject {
        Subject::Service(s) => json!({"kind": kind, "server_ip": ip(&s.ip()), "server_port": s.port}),
        Subject::Pair { client, service: s } => {
            json!({"kind": kind, "client_ip": ip(client), "server_ip": ip(&s.ip()), "server_port": s.port})
        }
        Subject::Host(host) => json!({"kind": kind, "ip": ip(host)}),
        Subject::Connection { flow_id, client: c, server: s } => json!({
            "kind": kind, "flow_id": flow_id, "client_ip": ip(&c.ip()), "client_port": c.port,
            "server_ip": ip(&s.ip()), "server_port": s.port,
        }),
    }
}

impl Reporter for Findings {
    fn begin(&mut self, meta: &RunMeta, _: &[&'static Column]) -> Result<(), Error> {
        self.clock.precision = meta.precision;
        Ok(())
    }

    fn flow(&mut self, record: &FlowRecord) -> Result<(), Error> {
        self.survey.add(&record.sighting());
        Ok(())
    }

    fn finish(&mut self, totals: &RunTotals) -> Result<(), Error> {
        let (findings, clock) = (self.survey.findings(), self.clock);
        let document = Document {
            inputs: &totals.inputs,
            span: totals.span.map(|(first, last)| Span { first: clock.text(first), last: clock.text(last) }),
            totals: Totals {
                frames: totals.frames,
                segments: totals.segments,
                connections: totals.connections,
                missing_bytes: totals.missing_bytes,
                kernel_drops: totals.kernel_drops,
                subjects_left_out: self.survey.forgotten(),
            },
            problems: &totals.problems,
            findings: findings.iter().map(|f| found(f, clock)).collect(),
        };
        let mut text = serde_json::to_vec_pretty(&document).map_err(std::io::Error::from)?;
        text.push(b'\n');
        self.output.write_all(&text)?;
        Ok(self.output.flush()?)
    }
}
