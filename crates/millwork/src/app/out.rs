//! The one way in which commands write. Standard output may be a full disk, or a pipe whose reader has had enough: a command
//! whose result can't be written fails, and says so. What is shown is cleaned here, whatever users' data holds.

use std::fmt;
use std::io::{self, ErrorKind, Write as _};

use super::printable::printable;

/// The exit code of a process that writes to a closed pipe, as the shell counts it: 128 + SIGPIPE.
const CLOSED_PIPE: i32 = 141;
/// The exit code of a command whose result can't be written for another reason.
const NOT_WRITTEN: i32 = 5;

/// Prints to standard output, or ends the process if that can't be done.
pub(super) fn print(text: fmt::Arguments<'_>) {
    let text = text.to_string();
    print_bytes(printable(&text, console::colors_enabled()).as_bytes());
}

/// Writes bytes to standard output as they are, or ends the process if that can't be done.
pub(super) fn print_bytes(bytes: &[u8]) {
    let mut stdout = io::stdout().lock();
    let Err(error) = stdout.write_all(bytes).and_then(|()| stdout.flush()) else { return };
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(CLOSED_PIPE);
    }
    let label = console::style("error").red().bold().for_stderr();
    print_error(&format!("{label}: failed to write to standard output: {error}\n"));
    std::process::exit(NOT_WRITTEN);
}

/// Prints to standard output, where it doesn't matter if that can't be done.
pub(super) fn print_if_possible(text: &str) {
    let mut stdout = io::stdout().lock();
    let text = printable(text, console::colors_enabled());
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Prints to standard error. There is nowhere to say that it can't be written.
pub(super) fn print_error(text: &str) {
    let _ = io::stderr().write_all(printable(text, console::colors_enabled_stderr()).as_bytes());
}

/// Like `print!`, for text that people or programs read.
macro_rules! out {
    ($($text:tt)*) => { $crate::app::out::print(format_args!($($text)*)) };
}

/// Like `println!`, for text that people or programs read.
macro_rules! outln {
    () => { $crate::app::out::print(format_args!("\n")) };
    ($($text:tt)*) => { $crate::app::out::print(format_args!("{}\n", format_args!($($text)*))) };
}

pub(super) use {out, outln};
