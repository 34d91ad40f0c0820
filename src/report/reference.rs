//! How cells have to look, written the slow and obvious way with the standard library and `jiff`: what the tests hold the report to.

use super::kind::Kind;
use super::time::{Precision, TimeFormat};
use super::value::Value;
use crate::base::Timestamp;

/// A value as the text of a cell, before anything is quoted.
pub fn cell(value: &Value<'_>, kind: Kind, format: TimeFormat, precision: Precision) -> String {
    match value {
        Value::Null => String::new(),
        Value::Boolean(b) => b.to_string(),
        Value::Integer(n) => n.to_string(),
        Value::Span(span) => decimal(i128::from(span.0), if kind == Kind::Seconds { 9 } else { 6 }),
        Value::Time(t) => time(*t, format, precision),
        Value::Percent(share) => decimal(i128::from(share.0), 4),
        Value::Address(ip) => ip.to_string(),
        Value::Text(text) => no_formula(text),
        Value::Short(text) => no_formula(text.as_str()),
        Value::Words(words) => words.iter().collect::<Vec<_>>().join(";"),
    }
}

/// `value` / 10^`decimals`, without trailing zeros.
pub fn decimal(value: i128, decimals: usize) -> String {
    let unit = 10u128.pow(decimals as u32);
    let magnitude = value.unsigned_abs();
    let text = format!("{}.{:0decimals$}", magnitude / unit, magnitude % unit);
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A moment, with the digits that the capture's clock has.
pub fn time(time: Timestamp, format: TimeFormat, precision: Precision) -> String {
    let instant = jiff::Timestamp::from_nanosecond(time.0.into()).unwrap();
    let civil = jiff::tz::Offset::UTC.to_datetime(instant);
    let digits = match precision {
        Precision::Micros => 6,
        Precision::Nanos => 9,
    };
    let fraction = format!("{:09}", civil.subsec_nanosecond());
    match format {
        TimeFormat::Rfc3339 => format!("{}.{}Z", civil.strftime("%Y-%m-%dT%H:%M:%S"), &fraction[..digits]),
        TimeFormat::Excel => format!("{}.{}", civil.strftime("%Y-%m-%d %H:%M:%S"), &fraction[..3]),
        TimeFormat::Epoch => {
            let sign = if time.0 < 0 { "-" } else { "" };
            let magnitude = time.0.unsigned_abs();
            let fraction = format!("{:09}", magnitude % 1_000_000_000);
            format!("{sign}{}.{}", magnitude / 1_000_000_000, &fraction[..digits])
        }
    }
}

/// A spreadsheet would run a text that begins like this.
fn no_formula(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if formula { format!("'{text}") } else { text.to_owned() }
}
