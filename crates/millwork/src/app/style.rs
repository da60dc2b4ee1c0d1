//! Styles of the output. A style is written as a mark, which holds a number that the process has drawn, and only
//! [`printable`](super::printable) makes escape sequences of marks. So users' text can't hold a style, whatever escape sequences are in it.

use std::fmt::{self, Display};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::LazyLock;

use console::measure_text_width;

/// The beginning of a mark; the code of a style and `m` follow.
static MARK: LazyLock<String> =
    LazyLock::new(|| format!("\u{1b}{:016x}:", RandomState::new().build_hasher().finish()));

const BOLD: u8 = 1;
const DIM: u8 = 2;
const RED: u8 = 31;
const GREEN: u8 = 32;
const YELLOW: u8 = 33;
const MAGENTA: u8 = 35;
const CYAN: u8 = 36;
/// The code that ends all styles.
pub(super) const RESET: u8 = 0;

/// A text with a style. Line breaks in it end the style.
#[derive(Debug)]
pub(super) struct Styled<D> {
    content: D,
    codes: Vec<u8>,
}

/// A text that can be given a style.
pub(super) fn style<D: Display>(content: D) -> Styled<D> {
    Styled { content, codes: Vec::new() }
}

impl<D> Styled<D> {
    pub(super) fn bold(self) -> Self {
        self.with(BOLD)
    }

    pub(super) fn dim(self) -> Self {
        self.with(DIM)
    }

    pub(super) fn red(self) -> Self {
        self.with(RED)
    }

    pub(super) fn green(self) -> Self {
        self.with(GREEN)
    }

    pub(super) fn yellow(self) -> Self {
        self.with(YELLOW)
    }

    pub(super) fn magenta(self) -> Self {
        self.with(MAGENTA)
    }

    pub(super) fn cyan(self) -> Self {
        self.with(CYAN)
    }

    fn with(mut self, code: u8) -> Self {
        self.codes.push(code);
        self
    }
}

impl<D: Display> Display for Styled<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for code in &self.codes {
            f.write_str(&mark(*code))?;
        }
        write!(f, "{}{}", self.content, mark(RESET))
    }
}

/// A text of ours in which styles are written as escape sequences, with marks in place of them.
pub(super) fn marked(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut marked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('m').and_then(|(code, rest)| Some((code.parse().ok()?, rest))) {
            Some((code, rest)) => {
                marked.push_str(&mark(code));
                marked.push_str(rest);
            }
            None => {
                marked.push_str("\u{1b}[");
                marked.push_str(part);
            }
        }
    }
    marked
}

/// The code of the mark at the beginning of a text, if there is one, and the text behind it.
pub(super) fn read_mark(text: &str) -> Option<(u8, &str)> {
    let (code, rest) = text.strip_prefix(&**MARK)?.split_once('m')?;
    Some((code.parse().ok()?, rest))
}

/// The mark of a code.
pub(super) fn mark(code: u8) -> String {
    format!("{}{code}m", *MARK)
}

/// The number of columns that a text takes, in which control characters are written out already.
pub(super) fn width(text: &str) -> usize {
    let mut parts = text.split(&**MARK);
    let first = parts.next().map_or(0, measure_text_width);
    first
        + parts
            .map(|part| measure_text_width(part.split_once('m').map_or(part, |(_, rest)| rest)))
            .sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_as_they_are_written() {
        let text = style("訓練").green().bold().to_string();
        assert_eq!(width(&text), 4);
        let (code, rest) = read_mark(&text).expect("a mark");
        assert_eq!((code, read_mark(rest).map(|(code, _)| code)), (GREEN, Some(BOLD)));
        assert_eq!(read_mark("\u{1b}[31mred"), None);
        assert_eq!(marked("\u{1b}[31mred\u{1b}[0m \u{1b}[2J"), format!("{} \u{1b}[2J", style("red").red()));
    }
}
