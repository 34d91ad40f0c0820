//! How much of the machine a run may take.

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

use clap::Args as ClapArgs;

/// Processors and memory.
#[derive(Clone, Copy, Debug, Default, ClapArgs)]
pub struct Resources {
    /// Processors to use [default: all that help]; the output is the same with any number
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Memory to stay within, as 500M or 4G; where that is too little, the connections that have been silent for longest leave early
    #[arg(long, value_name = "SIZE")]
    pub max_memory: Option<Memory>,
}

impl Resources {
    /// Processors to use: those that this process may run on, unless it was told.
    pub fn threads(&self) -> usize {
        let allowed = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.threads.map_or_else(allowed, NonZeroUsize::get)
    }
}

/// An amount of memory in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory(u64);

/// What buffers, tables of fixed size and the program itself take.
const FIXED: u64 = 40 << 20;
/// What waits between threads.
const PER_THREAD: u64 = 20 << 20;
/// More do not help.
const MOST_THREADS: usize = 8;
/// Less makes no sense: hardly anything would be left for connections.
const LEAST: u64 = 128 << 20;

impl Memory {
    /// The part of it that connections may take. The allocator's own needs and what lies between the pieces is a third.
    pub fn for_connections(self, threads: usize) -> usize {
        let fixed = FIXED + PER_THREAD * threads.min(MOST_THREADS) as u64;
        let rest = self.0.saturating_sub(fixed).max(LEAST / 8);
        usize::try_from(rest / 3 * 2).unwrap_or(usize::MAX)
    }
}

impl FromStr for Memory {
    type Err = NotAnAmount;

    fn from_str(text: &str) -> Result<Self, NotAnAmount> {
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let unit = match text.get(digits.len()..).unwrap_or_default().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kb" | "kib" => 1 << 10,
            "m" | "mb" | "mib" => 1 << 20,
            "g" | "gb" | "gib" => 1 << 30,
            "t" | "tb" | "tib" => 1u64 << 40,
            _ => return Err(NotAnAmount::Malformed),
        };
        let amount: u64 = digits.parse().map_err(|_| NotAnAmount::Malformed)?;
        let bytes = amount.checked_mul(unit).ok_or(NotAnAmount::Malformed)?;
        if bytes < LEAST { Err(NotAnAmount::TooLittle) } else { Ok(Self(bytes)) }
    }
}

/// Why a text is no amount of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAnAmount {
    /// It is no number with a unit.
    Malformed,
    /// It does not do.
    TooLittle,
}

impl fmt::Display for NotAnAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("give bytes, or a number with K, M, G or T, as 500M or 4G (units of 1024)"),
            Self::TooLittle => write!(f, "at least {}M are needed", LEAST >> 20),
        }
    }
}

impl std::error::Error for NotAnAmount {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_units_of_1024() {
        assert_eq!("500M".parse(), Ok(Memory(500 << 20)));
        assert_eq!("2gib".parse(), Ok(Memory(2 << 30)));
        assert_eq!("268435456".parse(), Ok(Memory(256 << 20)));
        assert_eq!("1M".parse::<Memory>(), Err(NotAnAmount::TooLittle));
        for text in ["", "G", "12X", "-1G", "99999999999T"] {
            assert_eq!(text.parse::<Memory>(), Err(NotAnAmount::Malformed), "{text}");
        }
    }
}
