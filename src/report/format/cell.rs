//! A value as the text of a cell in CSV and TSV.

use std::io::Write;

use crate::report::number::{push_fixed, push_integer, push_millis, push_seconds};
use crate::report::schema::Kind;
use crate::report::time::{Precision, TimeFormat, push_time};
use crate::report::value::{Percent, Value};

/// How cells are written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CellFormat {
    pub time: TimeFormat,
    pub precision: Precision,
}

impl CellFormat {
    /// Appends `value`, of a column of that kind. `Null` is an empty cell.
    pub fn push(&self, out: &mut Vec<u8>, value: &Value<'_>, kind: Kind) {
        match value {
            Value::Null => {}
            Value::Boolean(b) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
            Value::Integer(n) => push_integer(out, *n),
            Value::Span(span) if kind == Kind::Seconds => push_seconds(out, *span),
            Value::Span(span) => push_millis(out, *span),
            Value::Time(time) => push_time(out, *time, self.time, self.precision),
            Value::Percent(share) => push_fixed(out, i64::try_from(share.0).unwrap_or(i64::MAX), Percent::DECIMALS),
            Value::Address(ip) => {
                // Writing to memory cannot fail.
                let _ = write!(out, "{ip}");
            }
            Value::Text(text) => push_text(out, text),
            Value::Short(text) => push_text(out, text.as_str()),
            Value::Words(words) => {
                for (i, word) in words.iter().enumerate() {
                    if i > 0 {
                        out.push(b';');
                    }
                    out.extend_from_slice(word.as_bytes());
                }
            }
        }
    }
}

/// Appends a text. None of ours begins like a formula; should one ever, an apostrophe keeps spreadsheets from running it.
fn push_text(out: &mut Vec<u8>, text: &str) {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        out.push(b'\'');
    }
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Nanos, Timestamp};
    use crate::report::value::Words;

    fn cell(value: Value<'_>, kind: Kind) -> String {
        let mut out = Vec::new();
        CellFormat::default().push(&mut out, &value, kind);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_kind_of_value_has_its_form() {
        assert_eq!(cell(Value::Null, Kind::Count), "");
        assert_eq!(cell(Value::Boolean(false), Kind::Flag), "false");
        assert_eq!(cell(Value::Integer(65_535), Kind::Bytes), "65535");
        assert_eq!(cell(Value::Span(Nanos(1_234_567)), Kind::Millis), "1.234567");
        assert_eq!(cell(Value::Span(Nanos(1_234_567)), Kind::Seconds), "0.001234567");
        assert_eq!(cell(Value::Time(Timestamp(0)), Kind::Time), "1970-01-01T00:00:00.000000Z");
        assert_eq!(cell(Value::Percent(Percent(12_500)), Kind::Percent), "1.25");
        assert_eq!(cell(Value::Percent(Percent(333_333)), Kind::Percent), "33.3333");
        assert_eq!(cell(Value::Address("2001:DB8:0:0::1".parse().unwrap()), Kind::Address), "2001:db8::1");
        let words = Words { list: &["one_way", "truncated"], chosen: 3 };
        assert_eq!(cell(Value::Words(words), Kind::Words), "one_way;truncated");
    }

    #[test]
    fn no_text_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@sum", "\t=1"] {
            assert_eq!(cell(Value::Text(text), Kind::Text), format!("'{text}"));
        }
        assert_eq!(cell(Value::Text("vlan:12/vxlan:77"), Kind::Text), "vlan:12/vxlan:77");
    }
}
