//! JSON documents (RFC 8259): small ones, put together in memory in the order in which they are read.

use std::fmt::Write;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// Nothing.
    Null,
    /// A whole number.
    Whole(u64),
    /// Any number; what is none is written as `null`.
    Number(f64),
    /// A text.
    Text(String),
    /// Values.
    List(Vec<Json>),
    /// Values with names.
    Object(Vec<(&'static str, Json)>),
}

impl From<u64> for Json {
    fn from(n: u64) -> Self {
        Self::Whole(n)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Json>> FromIterator<T> for Json {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl Json {
    /// The document in lines, indented.
    pub fn pretty(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, 0);
        text
    }

    fn write(&self, out: &mut String, depth: usize) {
        // Writing to a String cannot fail.
        let _ = match self {
            Self::Whole(n) => write!(out, "{n}"),
            Self::Number(x) if x.is_finite() => write!(out, "{x}"),
            Self::Null | Self::Number(_) => write!(out, "null"),
            Self::Text(text) => {
                write_text(out, text);
                Ok(())
            }
            Self::List(values) => {
                write_lines(out, depth, ["[", "]"], values, |out, value| value.write(out, depth + 1));
                Ok(())
            }
            Self::Object(members) => {
                write_lines(out, depth, ["{", "}"], members, |out, (name, value)| {
                    write_text(out, name);
                    out.push_str(": ");
                    value.write(out, depth + 1);
                });
                Ok(())
            }
        };
    }
}

fn write_lines<T>(out: &mut String, depth: usize, ends: [&str; 2], items: &[T], item: impl Fn(&mut String, &T)) {
    let [begin, end] = ends;
    out.push_str(begin);
    for (i, one) in items.iter().enumerate() {
        out.push_str(if i > 0 { ",\n" } else { "\n" });
        out.push_str(&"  ".repeat(depth + 1));
        item(out, one);
    }
    if !items.is_empty() {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    }
    out.push_str(end);
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {
                // Control characters all lie in the plane that four digits reach.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_written_in_its_order() {
        let document = Json::Object(vec![
            ("b", Json::from(1)),
            ("a", ["x\"\\\n\u{1}é"].into_iter().collect()),
            ("none", Json::from(None::<u64>)),
            ("empty", Json::List(Vec::new())),
            ("x", Json::List(vec![Json::Number(0.5), Json::Number(f64::NAN)])),
        ]);
        let want = "{\n  \"b\": 1,\n  \"a\": [\n    \"x\\\"\\\\\\n\\u0001é\"\n  ],\n  \"none\": null,\n  \"empty\": [],\n  \"x\": [\n    0.5,\n    null\n  ]\n}";
        assert_eq!(document.pretty(), want);
    }
}
