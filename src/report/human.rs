//! Quantities as people read them.

pub use crate::base::human::{bytes, count, counted, span};

use crate::report::value::Percent;

/// `0.05%`, `3.2%`, `34%`.
pub fn percent(share: Percent) -> String {
    // A percent is 10,000 of them.
    match share.0 {
        0 => "0%".to_owned(),
        1..50 => "<0.01%".to_owned(),
        n @ 50..950 => format!("0.0{}%", (n + 50) / 100),
        n @ 950..99_500 => format!("{}.{}%", (n + 500) / 10_000, (n + 500) / 1_000 % 10),
        n => format!("{}%", count(n.saturating_add(5_000) / 10_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_short() {
        let texts = [0, 1, 600, 9_949, 32_000, 99_499, 99_500, 1_000_000].map(|p| percent(Percent(p)));
        assert_eq!(texts, ["0%", "<0.01%", "0.06%", "1.0%", "3.2%", "9.9%", "10%", "100%"]);
    }
}
