use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::*;
use crate::report::sample;
use crate::report::schema;
use crate::report::time::{Precision, TimeFormat};

/// Memory that a report can be written to and that the test still reads afterwards.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct ClosedPipe;

impl Write for ClosedPipe {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

type Open = fn(Output, &Options) -> BoxedReporter;

fn write(open: Open, options: &Options, columns: &[&'static Column], records: &[FlowRecord]) -> String {
    let shared = Shared::default();
    let mut report = open(Box::new(shared.clone()), options);
    report.begin(&RunMeta { precision: Precision::Nanos }, columns).unwrap();
    for record in records {
        report.flow(record).unwrap();
    }
    report.finish(&RunTotals::default()).unwrap();
    let bytes = shared.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn read(text: &str, separator: u8) -> Vec<Vec<String>> {
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).delimiter(separator).from_reader(text.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn cells(record: &FlowRecord, columns: &[&'static Column]) -> Vec<String> {
    let format = CellFormat { precision: Precision::Nanos, ..CellFormat::default() };
    let cell = |column: &&'static Column| {
        let mut out = Vec::new();
        format.push(&mut out, &column.value(record), column.kind);
        String::from_utf8(out).unwrap()
    };
    columns.iter().map(cell).collect()
}

#[test]
fn a_full_record_survives_the_round_trip() {
    let records = [sample::full(), sample::bare()];
    let text = write(open_csv, &Options::default(), &schema::all(), &records);
    let rows = read(&text, b',');
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0], schema::columns().iter().map(|c| c.name.to_string()).collect::<Vec<_>>());
    assert_eq!(rows[1], cells(&records[0], &schema::all()));
    assert_eq!(rows[2], cells(&records[1], &schema::all()));
}

#[test]
fn a_row_looks_as_the_contract_says() {
    let columns = schema::select(
        "flow_id,client_ip,start_time,duration_s,sack,timestamps,quality,client_rtt_min_ms,client_retrans_pct,\
         client_throughput_bps,findings,encapsulation",
    )
    .unwrap();
    let mut record = sample::full();
    record.summary.quality = crate::tcp::Quality(0b101);
    let text = write(open_csv, &Options::default(), &columns, &[record]);
    let (header, row) = text.split_once('\n').unwrap();
    assert!(header.starts_with("flow_id,client_ip,start_time,"));
    assert_eq!(
        row,
        "17,192.168.1.10,2024-05-01T12:00:00.000000000Z,12.345678901,true,false,one_way;no_timestamps,20.000001,3.125,\
         34260,,vlan:12/vxlan:77\n"
    );
}

#[test]
fn line_ends_separators_and_times_are_options() {
    let columns = schema::select("flow_id,start_time").unwrap();
    let options = Options { crlf: true, time: TimeFormat::Excel, ..Options::default() };
    let text = write(open_csv, &options, &columns, &[sample::full()]);
    assert_eq!(text, "flow_id,start_time\r\n17,2024-05-01 12:00:00.000\r\n");
    let options = Options { time: TimeFormat::Epoch, ..Options::default() };
    let text = write(open_tsv, &options, &columns, &[sample::full()]);
    assert_eq!(text, "flow_id\tstart_time\n17\t1714564800.000000000\n");
}

#[test]
fn a_run_without_connections_still_has_its_header() {
    let text = write(open_csv, &Options::default(), &schema::select("flow_id").unwrap(), &[]);
    assert_eq!(text, "flow_id\n");
}

#[test]
fn a_closed_pipe_is_told_from_other_failures() {
    let mut report = open_csv(Box::new(ClosedPipe), &Options::default());
    report.begin(&RunMeta::default(), &schema::all()).unwrap();
    assert!(report.finish(&RunTotals::default()).unwrap_err().is_broken_pipe());
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(seed: u64, layers in "\\PC{0,20}|[\",;\r\n\t=+@-]{0,6}", history in ".{0,12}") {
        let mut record = sample::arbitrary(seed);
        record.encapsulation = layers;
        record.summary.teardown.zeek_history = history;
        let columns = schema::all();
        let want = cells(&record, &columns);
        for cell in &want {
            let number = cell.strip_prefix('-').is_some_and(|c| c.starts_with(|c: char| c.is_ascii_digit()));
            prop_assert!(number || !cell.starts_with(['=', '+', '-', '@']));
        }
        for (open, separator, crlf) in [(open_csv as Open, b',', false), (open_csv, b',', true), (open_tsv, b'\t', false)] {
            let options = Options { crlf, ..Options::default() };
            let text = write(open, &options, &columns, std::slice::from_ref(&record));
            prop_assert_eq!(&read(&text, separator)[1], &want);
        }
    }
}
