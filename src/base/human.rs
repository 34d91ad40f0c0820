//! Quantities as people read them: two significant digits, and the unit that fits.

use super::Nanos;

/// `1,234,567`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `n` and the noun, in the plural unless it is one.
pub fn counted(n: u64, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(n))
}

/// `512 B`, `1.2 kB`, `34 MB`.
pub fn bytes(n: u64) -> String {
    scaled(n, &["B", "kB", "MB", "GB", "TB", "PB", "EB"])
}

/// `850 ns`, `1.2 ms`, `34 s`, `5m31s`, `3h12m`, `2d04h`.
pub fn span(span: Nanos) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let sign = if span.0 < 0 { "-" } else { "" };
    let ns = span.0.unsigned_abs();
    if ns == 0 {
        return "0 s".to_owned();
    }
    // From here on a minute would be rounded to "60 s".
    if ns < 59_500_000_000 {
        return sign.to_owned() + &scaled(ns, &["ns", "µs", "ms", "s"]);
    }
    let s = ns.saturating_add(500_000_000) / 1_000_000_000;
    if s < HOUR {
        format!("{sign}{}m{:02}s", s / MINUTE, s % MINUTE)
    } else if s < DAY {
        format!("{sign}{}h{:02}m", s / HOUR, s % HOUR / MINUTE)
    } else {
        format!("{sign}{}d{:02}h", s / DAY, s % DAY / HOUR)
    }
}

/// `n` in the unit, each a thousand of the one before, that leaves it below a thousand; one decimal below ten.
fn scaled(n: u64, units: &[&str]) -> String {
    let mut one: u128 = 1;
    let n = u128::from(n);
    for (i, unit) in units.iter().enumerate() {
        let tenths = (n * 10 + one / 2) / one;
        let whole = (n + one / 2) / one;
        if i == 0 && n < 1_000 {
            return format!("{n} {unit}");
        }
        if i > 0 && tenths < 100 {
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
        if whole < 1_000 || i + 1 == units.len() {
            return format!("{whole} {unit}");
        }
        one *= 1_000;
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!((counted(1, "frame"), counted(2, "frame")), ("1 frame".to_owned(), "2 frames".to_owned()));
    }

    #[test]
    fn bytes_have_two_digits_and_the_right_unit() {
        assert_eq!(
            [0, 999, 1_000, 1_249, 9_949, 9_950, 999_499, 999_500].map(bytes),
            ["0 B", "999 B", "1.0 kB", "1.2 kB", "9.9 kB", "10 kB", "999 kB", "1.0 MB"]
        );
        assert_eq!(bytes(u64::MAX), "18 EB");
    }

    #[test]
    fn spans_have_two_digits_and_the_right_unit() {
        let texts = [850, 1_500, 34_000_000, 999_600_000, 59_499_999_999, 59_600_000_000, 331_221_000_000]
            .map(|ns| span(Nanos(ns)));
        assert_eq!(texts, ["850 ns", "1.5 µs", "34 ms", "1.0 s", "59 s", "1m00s", "5m31s"]);
        assert_eq!(span(Nanos::from_secs(3 * 3600 + 12 * 60)), "3h12m");
        assert_eq!(span(Nanos::from_secs(2 * 86_400 + 4 * 3600)), "2d04h");
        assert_eq!((span(Nanos(0)), span(Nanos(-1_500_000))), ("0 s".to_owned(), "-1.5 ms".to_owned()));
    }
}
