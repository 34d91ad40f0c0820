//! What is wrong, for machines: one JSON document at the end of a run.

use std::io::Write;
use std::net::IpAddr;

use super::{BoxedReporter, Options, Output, Reporter, RunMeta};
use crate::base::Timestamp;
use crate::findings::{Amount, Figure, Finding, Proof, Subject, Survey};
use crate::report::error::Error;
use crate::report::json::Json;
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

fn found(finding: &Finding, clock: Clock) -> Json {
    let entry = finding.code.entry();
    Json::Object(vec![
        ("code", entry.word.into()),
        ("severity", entry.severity.word().into()),
        ("title", entry.title.into()),
        ("subject", subject(&finding.subject)),
        ("connections", finding.connections.into()),
        ("first", clock.text(finding.first).into()),
        ("last", clock.text(finding.last).into()),
        ("sentence", finding.sentence.as_str().into()),
        ("figures", Json::Object(finding.figures.iter().map(figure).collect())),
        ("meaning", entry.meaning.into()),
        ("remedy", entry.remedy.into()),
        ("reference", entry.reference.into()),
        ("evidence", finding.evidence.iter().map(|proof| shown(proof, clock)).collect()),
    ])
}

fn figure(figure: &Figure) -> (&'static str, Json) {
    let value = match figure.amount {
        Amount::Whole(n) => Json::Whole(n),
        Amount::Decimal(x) => Json::Number(x),
    };
    (figure.name, value)
}

fn shown(proof: &Proof, clock: Clock) -> Json {
    Json::Object(vec![
        ("flow_id", proof.flow_id.into()),
        ("frame", proof.frame.into()),
        ("time", clock.text(proof.t).into()),
        ("note", proof.note.as_str().into()),
    ])
}

fn subject(subject: &Subject) -> Json {
    let ip = |ip: IpAddr| Json::Text(ip.to_string());
    let port = |port: u16| Json::Whole(port.into());
    let mut members = vec![("kind", subject.word().into())];
    members.extend(match *subject {
        Subject::Service(service) => vec![("server_ip", ip(service.ip())), ("server_port", port(service.port))],
        Subject::Pair { client, service } => {
            vec![("client_ip", ip(client)), ("server_ip", ip(service.ip())), ("server_port", port(service.port))]
        }
        Subject::Host(host) => vec![("ip", ip(host))],
        Subject::Connection { flow_id, client, server } => vec![
            ("flow_id", flow_id.into()),
            ("client_ip", ip(client.ip())),
            ("client_port", port(client.port)),
            ("server_ip", ip(server.ip())),
            ("server_port", port(server.port)),
        ],
    });
    Json::Object(members)
}

fn totals_of(totals: &RunTotals, survey: &Survey) -> Json {
    Json::Object(vec![
        ("frames", totals.frames.into()),
        ("segments", totals.segments.into()),
        ("connections", totals.connections.into()),
        ("missing_bytes", totals.missing_bytes.into()),
        ("kernel_drops", totals.kernel_drops.into()),
        // Services, pairs and hosts that there was no room for: nothing is said of them.
        ("subjects_left_out", survey.forgotten().into()),
    ])
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
        let clock = self.clock;
        let span =
            |(first, last)| Json::Object(vec![("first", clock.text(first).into()), ("last", clock.text(last).into())]);
        let document = Json::Object(vec![
            ("inputs", totals.inputs.iter().map(String::as_str).collect()),
            ("span", totals.span.map(span).into()),
            ("totals", totals_of(totals, &self.survey)),
            ("problems", totals.problems.iter().map(String::as_str).collect()),
            ("findings", self.survey.findings().iter().map(|finding| found(finding, clock)).collect()),
        ]);
        self.output.write_all(document.pretty().as_bytes())?;
        self.output.write_all(b"\n")?;
        Ok(self.output.flush()?)
    }
}
