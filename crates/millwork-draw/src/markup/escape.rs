//! Escapes of text, and the form of numbers, in XML and HTML.

use std::fmt;

/// The longest text that is written at one place, in characters: there may be a megabyte in one line of a log.
const LONGEST: usize = 20_000;

/// Writes text so that it means itself, in content and in attributes: no markup, no characters that XML doesn't allow, that
/// move a cursor, or that turn the direction of what follows. Very long texts are cut.
pub fn escape(to: &mut impl fmt::Write, text: &str) -> fmt::Result {
    let end = text.char_indices().nth(LONGEST).map_or(text.len(), |(end, _)| end);
    let mut rest = &text[..end];
    while let Some((place, character, instead)) =
        rest.char_indices().find_map(|(place, character)| Some((place, character, replacement(character)?)))
    {
        to.write_str(&rest[..place])?;
        to.write_str(instead)?;
        rest = &rest[place + character.len_utf8()..];
    }
    to.write_str(rest)?;
    if end == text.len() { Ok(()) } else { write!(to, "… and {} bytes more", text.len() - end) }
}

/// The escape of a character that has a meaning in markup.
fn replacement(character: char) -> Option<&'static str> {
    match character {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        '\n' | '\t' => None,
        '\u{fffe}' | '\u{ffff}' => Some("\u{fffd}"),
        _ => is_control_or_bidi(character).then_some("\u{fffd}"),
    }
}

/// Whether a character would move a cursor or turn the direction of what follows, wherever it is shown.
pub fn is_control_or_bidi(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The same as a string.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len().min(LONGEST));
    // Writing into a string doesn't fail.
    let _ = escape(&mut escaped, text);
    escaped
}

/// A length with at most one decimal, which is as much as a screen shows.
pub(crate) fn number(value: f64) -> Number {
    Number { tenths: (value * 10.0).round() as i64 }
}

/// A length as it is written. A large drawing has a hundred thousand, so they are written as whole numbers, without a string each.
#[derive(Clone, Copy)]
pub(crate) struct Number {
    tenths: i64,
}

impl fmt::Display for Number {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, tenth) = (self.tenths.unsigned_abs() / 10, self.tenths.unsigned_abs() % 10);
        if self.tenths < 0 {
            to.write_str("-")?;
        }
        match tenth {
            0 => write!(to, "{whole}"),
            _ => write!(to, "{whole}.{tenth}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(escaped(text), expected);
    }

    #[test]
    fn text_means_itself() {
        check("training_data", "training_data");
        check("a<b> & \"c\"", "a&lt;b&gt; &amp; &quot;c&quot;");
        check("&amp;", "&amp;amp;");
        check("\u{1b}[31m\u{0}", "\u{fffd}[31m\u{fffd}");
        check("'two\nlines' \u{202e}txt.exe", "&#39;two\nlines&#39; \u{fffd}txt.exe");
        check("größe 訓練 🚀", "größe 訓練 🚀");
        let long = escaped(&"ü".repeat(1 << 20));
        assert!(long.len() < 50_000 && long.ends_with("bytes more"), "{} bytes", long.len());
    }

    #[test]
    fn numbers_are_short() {
        for (value, expected) in
            [(0.0, "0"), (-0.01, "0"), (1.0, "1"), (1.25, "1.3"), (-2.5, "-2.5"), (1e6, "1000000")]
        {
            assert_eq!(number(value).to_string(), expected, "for {value}");
        }
    }
}
