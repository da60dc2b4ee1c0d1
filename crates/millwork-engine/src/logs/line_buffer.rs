//! Splits printed bytes into lines, including progress bars and very long lines.
//!
//! A bar prints its states one after the other, each from the beginning of the same line. The last state of such a line counts; while it is
//! being printed, the first state is reported, the second, the fourth and so on, so that a bar of any speed and length can be followed and
//! takes few lines.

use std::collections::VecDeque;

/// Maximum bytes that are kept of a line's beginning.
const HEAD: usize = 47 * 1024;
/// Maximum bytes that are kept of its end.
const TAIL: usize = 16 * 1024;
/// From this state on, only multiples of it are reported.
const RARELY: u32 = 1024;

/// The part of a line that was printed so far.
#[derive(Debug, Default)]
pub(super) struct LineBuffer {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: u64,
    /// Whether the next text overwrites this one.
    has_returned: bool,
    /// The number of states that the line has had.
    states: u32,
    reported: Option<String>,
    /// The last state that wasn't reported.
    unreported: Option<String>,
}

impl LineBuffer {
    /// Takes printed bytes, and reports the lines that they complete.
    pub(super) fn take(&mut self, mut printed: &[u8], report: &mut impl FnMut(String)) {
        while let Some(&first) = printed.first() {
            if self.has_returned && !matches!(first, b'\n' | b'\r') {
                self.end_state(report);
            }
            let end = printed.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            self.push(&printed[..end.unwrap_or(printed.len())]);
            let Some(end) = end else { return };
            if printed[end] == b'\n' {
                self.end_line(report);
            } else {
                self.has_returned = true;
            }
            printed = &printed[end + 1..];
        }
    }

    /// Reports text that was printed without an end of its line.
    pub(super) fn flush(&mut self, report: &mut impl FnMut(String)) {
        if !self.is_empty() {
            self.end_line(report);
        }
    }

    /// Whether the last printed line is complete.
    pub(super) fn is_empty(&self) -> bool {
        self.head.is_empty() && self.states == 0
    }

    fn push(&mut self, bytes: &[u8]) {
        let (head, rest) = bytes.split_at(bytes.len().min(HEAD - self.head.len()));
        self.head.extend_from_slice(head);
        // Bytes that would be cut out needn't be added.
        let skipped = rest.len().saturating_sub(TAIL);
        self.tail.extend(&rest[skipped..]);
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
        self.left_out += (skipped + surplus) as u64;
    }

    fn end_state(&mut self, report: &mut impl FnMut(String)) {
        let text = self.take_text();
        if text.trim().is_empty() {
            return;
        }
        self.states += 1;
        if self.states.is_power_of_two() && self.states < RARELY || self.states.is_multiple_of(RARELY) {
            self.report_once(text, report);
        } else {
            self.unreported = Some(text);
        }
    }

    fn end_line(&mut self, report: &mut impl FnMut(String)) {
        let text = self.take_text();
        if self.states == 0 {
            report(text);
        } else if !text.trim().is_empty() {
            self.report_once(text, report);
        } else if let Some(text) = self.unreported.take() {
            // A bar that erases itself: its last state counts.
            self.report_once(text, report);
        }
        *self = Self::default();
    }

    fn report_once(&mut self, text: String, report: &mut impl FnMut(String)) {
        if self.reported.as_ref() != Some(&text) {
            report(text.clone());
        }
        (self.reported, self.unreported) = (Some(text), None);
    }

    fn take_text(&mut self) -> String {
        self.has_returned = false;
        let (mut head, tail) = (std::mem::take(&mut self.head), std::mem::take(&mut self.tail));
        let left_out = std::mem::take(&mut self.left_out);
        if left_out == 0 {
            head.extend(tail);
            return plain(&String::from_utf8_lossy(&head));
        }
        let tail: Vec<u8> = tail.into_iter().skip_while(|byte| (0x80..0xc0).contains(byte)).collect();
        let whole = head.utf8_chunks().map(|chunk| chunk.valid()).collect::<String>();
        plain(&format!("{whole}{}{}", left_out_note(left_out), String::from_utf8_lossy(&tail)))
    }
}

/// Replaces the middle of a text that was too long.
pub(super) fn left_out_note(bytes: u64) -> String {
    format!("… ({bytes} bytes left out) …")
}

/// A text without the escape sequences that move, colour or erase, and without what was erased by backspaces.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('\u{1b}', Some('[')) => {
                characters.next();
                // Parameters, up to the letter that names the command.
                while characters.next().is_some_and(|character| !('@'..='~').contains(&character)) {}
            }
            ('\u{1b}', Some(']')) => {
                // A string for the terminal itself, up to a bell or `ESC \`.
                while let Some(character) = characters.next() {
                    if character == '\u{7}' {
                        break;
                    }
                    if character == '\u{1b}' {
                        characters.next();
                        break;
                    }
                }
            }
            ('\u{1b}', _) => {
                characters.next();
            }
            ('\u{8}', _) => {
                plain.pop();
            }
            _ => plain.push(character),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares the lines of text that is printed in pieces and at once.
    fn check(printed: &str, expected: &[&str]) {
        for size in [1, 7, usize::MAX] {
            let (mut buffer, mut lines) = (LineBuffer::default(), Vec::new());
            let size = size.min(printed.len().max(1));
            printed
                .as_bytes()
                .chunks(size)
                .for_each(|piece| buffer.take(piece, &mut |line| lines.push(line)));
            buffer.flush(&mut |line| lines.push(line));
            assert_eq!(lines, expected, "{printed:?} in pieces of {size}");
            assert!(buffer.is_empty());
        }
    }

    #[test]
    fn lines() {
        check("", &[]);
        check("one\ntwo\r\n\nthree", &["one", "two", "", "three"]);
        check("größe 訓練 🚀\n", &["größe 訓練 🚀"]);
        check("\u{1b}[1;31mred\u{1b}[0m \u{1b}]0;title\u{7}plain\u{1b}]8;;x\u{1b}\\.\n", &["red plain."]);
        check("10%\u{8}\u{8}\u{8}20%\n", &["20%"]);
    }

    #[test]
    fn the_last_state_of_a_bar_counts() {
        check("\r 0%\r50%\r100%\nnext\n", &[" 0%", "50%", "100%", "next"]);
        check("1\r2\r3\r4\r5\r6\r7\r8\r9\n", &["1", "2", "4", "8", "9"]);
        check("1\r2\r3\r\u{1b}[2K\r", &["1", "2", "3"]);
        check("1\r2\r2\n", &["1", "2"]);
    }

    #[test]
    fn a_bar_of_any_length_takes_few_lines() {
        let (mut buffer, mut lines) = (LineBuffer::default(), 0);
        for state in 0..100_000 {
            buffer.take(format!("\r{state} of 100000").as_bytes(), &mut |_| lines += 1);
        }
        assert_eq!(lines, 10 + 99_999 / 1024);
    }

    #[test]
    fn a_long_line_keeps_its_beginning_and_its_end() {
        let long = format!("begin{}end", "ü".repeat(200_000));
        let (mut buffer, mut lines) = (LineBuffer::default(), Vec::new());
        for piece in long.as_bytes().chunks(1000) {
            buffer.take(piece, &mut |line| lines.push(line));
        }
        buffer.take(b"\nnext\n", &mut |line| lines.push(line));
        assert_eq!(lines.len(), 2);
        let line = &lines[0];
        assert!(
            line.starts_with("beginüü") && line.ends_with("üüend") && line.len() < 64 * 1024,
            "{}",
            line.len()
        );
        assert!(!line.contains('\u{fffd}') && line.contains("bytes left out) …"), "cut between letters");
    }
}
