//! Escaping of text for a terminal: user data may hold escape sequences, and characters that move the cursor or
//! turn the direction of what follows.

use std::borrow::Cow;

use millwork_draw::markup::is_control_or_bidi;

use super::style::{RESET, mark, read_mark};

/// A text in which control characters and escape sequences are written out as `\u001b`, except line breaks and tabs. Our own styles
/// become escape sequences with `colors`, and are left out without. Inside of a JSON string the result means the same as before, so JSON
/// can be printed like anything else.
pub(super) fn printable(text: &str, colors: bool) -> Cow<'_, str> {
    written_out(text, |code| if colors { format!("\u{1b}[{code}m") } else { String::new() })
}

/// A text in which control characters and escape sequences are written out, and the marks of our own styles are kept.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    written_out(text, mark)
}

fn written_out(text: &str, styled: impl Fn(u8) -> String) -> Cow<'_, str> {
    let is_shown = |character: char| matches!(character, '\n' | '\t') || !is_control_or_bidi(character);
    if text.chars().all(is_shown) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len());
    let mut is_styled = false;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let mut length = character.len_utf8();
        if let Some((code, behind)) = read_mark(rest) {
            length = rest.len() - behind.len();
            cleaned.push_str(&styled(code));
            is_styled = code != RESET;
        } else if character == '\n' || rest.starts_with("\r\n") {
            // A style that was left open ends with its line.
            if is_styled {
                cleaned.push_str(&styled(RESET));
            }
            cleaned.push('\n');
            is_styled = false;
            length = if character == '\n' { 1 } else { 2 };
        } else if is_shown(character) {
            cleaned.push(character);
        } else {
            cleaned.push_str(&format!("\\u{:04x}", u32::from(character)));
        }
        rest = &rest[length..];
    }
    if is_styled {
        cleaned.push_str(&styled(RESET));
    }
    Cow::Owned(cleaned)
}

/// The key of a partition in one line: its control characters are written as commands read them.
pub(super) fn key_in_line(key: &str) -> String {
    let mut shown = String::with_capacity(key.len());
    for character in key.chars() {
        if character.is_control() {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                shown.push_str(&format!("%{byte:02X}"));
            }
        } else {
            shown.push(character);
        }
    }
    shown
}

/// A number of things, such as `1 run` or `2 runs`.
pub(super) fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// The first line of the text, with the number of further lines.
pub(super) fn in_one_line(text: &str) -> String {
    let text = text.trim_end();
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default().replace('\t', " ");
    match lines.count() {
        0 => first,
        1 => format!("{first} (+1 line)"),
        more => format!("{first} (+{more} lines)"),
    }
}

/// The text, cut to a number of characters.
pub(super) fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The text with every line but the first indented, so that none is taken for the beginning of something else.
pub(super) fn indented(text: &str, by: usize) -> String {
    text.trim_end().replace('\n', &format!("\n{:by$}", ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::style::style;

    fn check(text: &str, plain: &str, colored: &str) {
        assert_eq!(printable(text, false), plain, "{text:?} without colours");
        assert_eq!(printable(text, true), colored, "{text:?} with colours");
    }

    #[test]
    fn nothing_is_obeyed() {
        for (text, cleaned) in [
            ("größe 訓練 🚀\ttab\nline", "größe 訓練 🚀\ttab\nline"),
            ("\u{1b}]0;title\u{7}", "\\u001b]0;title\\u0007"),
            ("\u{1b}[2Jgone", "\\u001b[2Jgone"),
            ("\u{1b}[1;31", "\\u001b[1;31"),
            ("a\u{202e}txt.exe\u{2066}", "a\\u202etxt.exe\\u2066"),
            ("\u{9b}31mred\u{7f}", "\\u009b31mred\\u007f"),
            ("over\rwritten\r\nnext", "over\\u000dwritten\nnext"),
            ("\u{1b}[8mhidden\u{1b}[38;5;8m", "\\u001b[8mhidden\\u001b[38;5;8m"),
            ("A\u{1b}[31mB\u{1b}[0m", "A\\u001b[31mB\\u001b[0m"),
            ("\u{1b}0000000000000000:31mB", "\\u001b0000000000000000:31mB"),
        ] {
            check(text, cleaned, cleaned);
        }
    }

    #[test]
    fn styles_are_for_terminals_and_end_with_their_line() {
        check(&style("red").red().to_string(), "red", "\u{1b}[31mred\u{1b}[0m");
        let two_lines = style("bold\nnext\u{1b}[31m").bold().to_string();
        check(&two_lines, "bold\nnext\\u001b[31m", "\u{1b}[1mbold\u{1b}[0m\nnext\\u001b[31m\u{1b}[0m");
        check(&mark(2), "", "\u{1b}[2m\u{1b}[0m");
        assert_eq!(escaped(&style("\u{9b}").red().to_string()), style("\\u009b").red().to_string());
    }

    #[test]
    fn json_means_the_same() {
        let value = serde_json::json!({ "a\u{202e}b": ["\u{1b}[31m", "\u{9b}2J\u{7f}\\", "line\nbreak"] });
        let written = value.to_string();
        for colors in [false, true] {
            let read: serde_json::Value = serde_json::from_str(&printable(&written, colors)).expect("JSON");
            assert_eq!(read, value);
        }
    }

    #[test]
    fn several_lines_in_one() {
        for (text, line) in [
            ("one", "one"),
            ("one\n", "one"),
            ("one\ntwo", "one (+1 line)"),
            ("a\tb\n\nc\n", "a b (+2 lines)"),
            ("", ""),
        ] {
            assert_eq!(in_one_line(text), line);
        }
        assert_eq!((cut("größe", 3), cut("größe", 5)), ("grö…".to_owned(), "größe".to_owned()));
        assert_eq!(indented("one\ntwo\n", 2), "one\n  two");
    }

    #[test]
    fn a_key_is_written_in_one_line() {
        for (key, expected) in
            [("de", "de"), ("two\nlines", "two%0Alines"), ("a\tb", "a%09b"), ("ü|,%", "ü|,%")]
        {
            assert_eq!(key_in_line(key), expected);
        }
    }
}
