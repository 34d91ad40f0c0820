use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::*;
use crate::report::record::Layers;
use crate::report::reference;
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

fn cells(record: &FlowRecord, columns: &[&'static Column], time: TimeFormat) -> Vec<String> {
    let cell = |column: &&'static Column| reference::cell(&column.value(record), column.kind, time, Precision::Nanos);
    columns.iter().map(cell).collect()
}

/// What the `csv` crate makes of the same cells.
fn expected(separator: u8, options: &Options, columns: &[&'static Column], records: &[FlowRecord]) -> String {
    let line_end = if options.crlf { ::csv::Terminator::CRLF } else { ::csv::Terminator::Any(b'\n') };
    let mut writer = ::csv::WriterBuilder::new().delimiter(separator).terminator(line_end).from_writer(Vec::new());
    writer.write_record(columns.iter().map(|c| c.name.as_bytes())).unwrap();
    for record in records {
        writer.write_record(cells(record, columns, options.time)).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

/// The same report from rows that were encoded before their numbers were known, last row first.
fn write_encoded(open: Open, options: &Options, columns: &[&'static Column], records: &[FlowRecord]) -> Option<String> {
    let shared = Shared::default();
    let mut report = open(Box::new(shared.clone()), options);
    assert!(report.encoder().is_none());
    report.begin(&RunMeta { precision: Precision::Nanos }, columns).unwrap();
    let encoder = report.encoder()?;
    let unnumbered = |record: &FlowRecord| FlowRecord { flow_id: u64::MAX, ..record.clone() };
    let (mut rows, mut spans) = (RowBuffer::default(), Vec::new());
    // One alone, and those before it together.
    let (last, others) = records.split_last()?;
    let others: Vec<FlowRecord> = others.iter().rev().map(unnumbered).collect();
    encoder.encode(&[unnumbered(last)], &mut rows, &mut spans);
    encoder.encode(&others, &mut rows, &mut spans);
    for (record, span) in records.iter().zip(spans.into_iter().rev()) {
        report.encoded(record.flow_id, rows.row(span)).unwrap();
    }
    report.finish(&RunTotals::default()).unwrap();
    let bytes = shared.0.lock().unwrap().clone();
    Some(String::from_utf8(bytes).unwrap())
}

#[test]
fn a_full_record_survives_the_round_trip() {
    let records = [sample::full(), sample::bare()];
    let text = write(open_csv, &Options::default(), &schema::all(), &records);
    let rows = read(&text, b',');
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0], schema::columns().iter().map(|c| c.name.to_string()).collect::<Vec<_>>());
    assert_eq!(rows[1], cells(&records[0], &schema::all(), TimeFormat::default()));
    assert_eq!(rows[2], cells(&records[1], &schema::all(), TimeFormat::default()));
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
         34260,accept_queue_overflow;slow_connect;packet_loss;zero_window;nagle_delayed_ack;spurious_retransmission,\
         vlan:12/vxlan:77\n"
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

#[test]
fn a_row_of_one_empty_cell_is_no_empty_line() {
    let columns = schema::select("findings").unwrap();
    let options = Options { crlf: true, ..Options::default() };
    assert_eq!(write(open_csv, &Options::default(), &columns, &[sample::healthy()]), "findings\n\"\"\n");
    assert_eq!(write(open_csv, &options, &columns, &[sample::healthy()]), "findings\r\n\"\"\r\n");
}

#[test]
fn a_number_that_stands_twice_needs_the_record() {
    let columns = schema::select("flow_id,client_port,flow_id").unwrap();
    assert_eq!(write_encoded(open_csv, &Options::default(), &columns, &[]), None);
    assert!(write(open_csv, &Options::default(), &columns, &[sample::healthy()]).ends_with("\n17,51234,17\n"));
}

#[test]
fn rows_reach_the_system_in_large_pieces() {
    #[derive(Clone, Default)]
    struct Calls(Arc<Mutex<Vec<usize>>>);
    impl Write for Calls {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().push(bytes.len());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let calls = Calls::default();
    let mut report = open_csv(Box::new(calls.clone()), &Options::default());
    report.begin(&RunMeta::default(), &schema::all()).unwrap();
    for _ in 0..2_000 {
        report.flow(&sample::full()).unwrap();
    }
    report.finish(&RunTotals::default()).unwrap();
    let calls = calls.0.lock().unwrap();
    assert!(calls.len() > 3 && calls[..calls.len() - 1].iter().all(|&bytes| bytes >= BUFFER), "{calls:?}");
}

/// A text for cells that nothing is known of: what needs quotes, what looks like a formula, and anything else.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "\\PC{0,20}", "[\",;\r\n\t=+@'a-]{0,6}", ".{0,200}", "[\"\n]{300}"]
}

proptest! {
    #[test]
    fn what_is_written_is_what_the_library_writes_and_reads(
        seeds in prop::collection::vec((any::<u64>(), text(), "[A-Za-z^]{0,70}"), 1..4),
        names in prop::collection::vec(0..schema::columns().len(), 1..5),
        kind in 0usize..12,
    ) {
        let record = |(seed, layers, history): &(u64, String, String)| {
            let mut record = sample::arbitrary(*seed);
            record.encapsulation = Layers::from(layers.as_str());
            record.summary.teardown.zeek_history = history.as_str().into();
            if layers.is_empty() {
                record.summary.halves.iter_mut().for_each(sample::lose_nothing);
            }
            record
        };
        let records: Vec<FlowRecord> = seeds.iter().map(record).collect();
        let (open, separator) = if kind % 2 == 0 { (open_csv as Open, b',') } else { (open_tsv as Open, b'\t') };
        let options = Options { crlf: kind / 2 % 2 == 0, time: TimeFormat::ALL[kind / 4].1, ..Options::default() };
        let chosen: Vec<&'static Column> = names.iter().map(|&n| &schema::columns()[n]).collect();
        for columns in [schema::all(), chosen] {
            let found = write(open, &options, &columns, &records);
            prop_assert_eq!(&found, &expected(separator, &options, &columns, &records));
            if let Some(encoded) = write_encoded(open, &options, &columns, &records) {
                prop_assert_eq!(&found, &encoded);
            }
            for (record, row) in records.iter().zip(&read(&found, separator)[1..]) {
                prop_assert_eq!(row, &cells(record, &columns, options.time));
                for cell in row {
                    let number = cell.strip_prefix('-').is_some_and(|c| c.starts_with(|c: char| c.is_ascii_digit()));
                    prop_assert!(number || !cell.starts_with(['=', '+', '-', '@']));
                }
            }
        }
    }
}
