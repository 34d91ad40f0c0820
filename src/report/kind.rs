//! What a column may hold: types, and the units that their names end in.

use super::value::Value;

/// The type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A whole number, never negative.
    Integer,
    /// A decimal number.
    Decimal,
    /// `true` or `false`.
    Boolean,
    /// A word or a text.
    Text,
    /// Words with `;` between them.
    Words,
    /// A moment of capture time.
    Time,
    /// An IP address.
    Address,
}

impl Type {
    /// Its name in listings.
    pub const fn name(self) -> &'static str {
        match self {
            Type::Integer => "integer",
            Type::Decimal => "decimal",
            Type::Boolean => "boolean",
            Type::Text => "text",
            Type::Words => "words",
            Type::Time => "time",
            Type::Address => "address",
        }
    }
}

/// The unit of a column's values. The column's name ends in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A count, or no quantity at all.
    None,
    /// Bytes.
    Bytes,
    /// Bits per second.
    BitsPerSecond,
    /// Hundredths.
    Percent,
    /// Milliseconds.
    Millis,
    /// Seconds.
    Seconds,
}

impl Unit {
    /// Its symbol in listings.
    pub const fn symbol(self) -> &'static str {
        match self {
            Unit::None => "",
            Unit::Bytes => "bytes",
            Unit::BitsPerSecond => "bit/s",
            Unit::Percent => "%",
            Unit::Millis => "ms",
            Unit::Seconds => "s",
        }
    }
}

/// What a column holds: its type and its unit, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number of things, or a number that names one.
    Count,
    /// Bytes.
    Bytes,
    /// Whole bits per second.
    BitsPerSecond,
    /// A share in percent.
    Percent,
    /// A span, written in milliseconds.
    Millis,
    /// A span, written in seconds.
    Seconds,
    /// True or false.
    Flag,
    /// A word or a text.
    Text,
    /// A list of words.
    Words,
    /// A moment.
    Time,
    /// An IP address.
    Address,
}

impl Kind {
    /// The type of its values.
    pub const fn ty(self) -> Type {
        match self {
            Kind::Count | Kind::Bytes | Kind::BitsPerSecond => Type::Integer,
            Kind::Percent | Kind::Millis | Kind::Seconds => Type::Decimal,
            Kind::Flag => Type::Boolean,
            Kind::Text => Type::Text,
            Kind::Words => Type::Words,
            Kind::Time => Type::Time,
            Kind::Address => Type::Address,
        }
    }

    /// The unit of its values.
    pub const fn unit(self) -> Unit {
        match self {
            Kind::Bytes => Unit::Bytes,
            Kind::BitsPerSecond => Unit::BitsPerSecond,
            Kind::Percent => Unit::Percent,
            Kind::Millis => Unit::Millis,
            Kind::Seconds => Unit::Seconds,
            _ => Unit::None,
        }
    }

    /// `value` is what a column of this kind may hold.
    pub const fn admits(self, value: &Value<'_>) -> bool {
        match value {
            Value::Null => true,
            Value::Boolean(_) => matches!(self, Kind::Flag),
            Value::Integer(_) => matches!(self.ty(), Type::Integer),
            Value::Span(_) => matches!(self, Kind::Millis | Kind::Seconds),
            Value::Time(_) => matches!(self, Kind::Time),
            Value::Percent(_) => matches!(self, Kind::Percent),
            Value::Address(_) => matches!(self, Kind::Address),
            Value::Text(_) | Value::Short(_) => matches!(self, Kind::Text),
            Value::Words(_) => matches!(self, Kind::Words),
        }
    }
}
