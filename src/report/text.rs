//! Text for a terminal: how wide it is, how it is cut, wrapped and coloured.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

/// What a piece of text is to the reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Ordinary text.
    #[default]
    Plain,
    /// A heading.
    Title,
    /// What can be passed over: labels, and that nothing is wrong.
    Quiet,
    /// Worth a look.
    Warning,
    /// It did not work.
    Failure,
}

/// Colours text, or leaves it as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Paint {
    /// Colours are wanted.
    pub color: bool,
}

impl Paint {
    /// `text` in the colour of `tone`.
    pub fn paint(self, tone: Tone, text: &str) -> String {
        let style = match tone {
            Tone::Plain => Style::new(),
            Tone::Title => Style::new().bold(),
            Tone::Quiet => Style::new().dimmed(),
            Tone::Warning => AnsiColor::Yellow.on_default(),
            Tone::Failure => AnsiColor::Red.on_default(),
        };
        if self.color && tone != Tone::Plain && !text.is_empty() {
            format!("{}{text}{}", style.render(), style.render_reset())
        } else {
            text.to_owned()
        }
    }
}

/// Columns that `text` takes on a terminal.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// `text` without what would move the cursor or turn the direction of writing: names and messages come from elsewhere.
pub fn printable(text: &str) -> String {
    let harmful = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if harmful(c) { '\u{fffd}' } else { c }).collect()
}

/// `text` in at most `max` columns, its end cut off.
pub fn elide_end(text: &str, max: usize) -> String {
    if width(text) <= max {
        return text.to_owned();
    }
    match max {
        0 => String::new(),
        _ => head(text, max - 1) + "…",
    }
}

/// `text` in at most `max` columns, its middle cut out.
pub fn elide_middle(text: &str, max: usize) -> String {
    if width(text) <= max {
        return text.to_owned();
    }
    let Some(room) = max.checked_sub(1) else {
        return String::new();
    };
    let start = head(text, room.div_ceil(2));
    let backwards: String = text.chars().rev().collect();
    let end: String = head(&backwards, room / 2).chars().rev().collect();
    let cut = format!("{start}…{end}");
    // A mark that modifies its neighbour may be wider in its new company.
    if width(&cut) <= max { cut } else { elide_end(text, max) }
}

/// As many characters from the start as fit into `max` columns.
fn head(text: &str, max: usize) -> String {
    let mut taken = String::new();
    for c in text.chars() {
        taken.push(c);
        if width(&taken) > max {
            taken.pop();
            break;
        }
    }
    taken
}

/// `text` with spaces behind it, or before it if `right`, up to `columns` columns.
pub fn pad(text: &str, columns: usize, right: bool) -> String {
    let spaces = " ".repeat(columns.saturating_sub(width(text)));
    if right { spaces + text } else { text.to_owned() + &spaces }
}

/// Pieces of text, in lines of at most `max` columns, with `between` between pieces of a line.
/// A piece that is longer than a line loses its middle.
pub fn flow<'a>(pieces: impl IntoIterator<Item = &'a str>, between: &str, max: usize) -> Vec<Vec<String>> {
    let mut lines: Vec<Vec<String>> = Vec::new();
    let mut used = 0;
    for piece in pieces {
        let piece = elide_middle(piece, max);
        let needed = width(&piece);
        match lines.last_mut() {
            Some(line) if used + width(between) + needed <= max => {
                used += width(between) + needed;
                line.push(piece);
            }
            _ => {
                used = needed;
                lines.push(vec![piece]);
            }
        }
    }
    lines
}

/// A sentence in lines of at most `max` columns.
pub fn wrap(sentence: &str, max: usize) -> Vec<String> {
    flow(sentence.split_whitespace(), " ", max).into_iter().map(|line| line.join(" ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cutting_keeps_the_ends_that_matter() {
        assert_eq!(elide_end("capture.pcap", 8), "capture…");
        assert_eq!(elide_middle("2001:db8::8a2e:7334", 9), "2001…7334");
        assert_eq!(elide_middle("short", 9), "short");
        assert_eq!(elide_middle("long", 1), "…");
    }

    #[test]
    fn wrapping_breaks_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghijklm n", 7), ["abc…klm", "n"]);
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(printable("a\x1b[2Jb\n\u{202e}"), "a\u{fffd}[2Jb\u{fffd}\u{fffd}");
    }

    #[test]
    fn plain_text_has_no_escapes() {
        assert_eq!(Paint { color: false }.paint(Tone::Failure, "x"), "x");
        assert!(Paint { color: true }.paint(Tone::Failure, "x").contains("\x1b["));
    }

    proptest! {
        #[test]
        fn cut_text_fits(text in "\\PC{0,30}", max in 0usize..20) {
            prop_assert!(width(&elide_end(&text, max)) <= max);
            prop_assert!(width(&elide_middle(&text, max)) <= max);
        }
    }
}
