//! Standard output that may be a pipe whose reader has had enough.

use std::fmt;
use std::io::{ErrorKind, Write as _};

/// The exit code of a process that writes to a closed pipe, as the shell counts it: 128 + SIGPIPE.
const CLOSED_PIPE: i32 = 141;

/// Prints to standard output. A reader that has gone away ends the process quietly.
pub(super) fn print(text: fmt::Arguments<'_>) {
    let mut stdout = std::io::stdout().lock();
    if let Err(error) = stdout.write_fmt(text).and_then(|()| stdout.flush())
        && error.kind() == ErrorKind::BrokenPipe
    {
        std::process::exit(CLOSED_PIPE);
    }
}

/// Like `print!`, for an output that may be closed.
macro_rules! out {
    ($($text:tt)*) => { $crate::app::out::print(format_args!($($text)*)) };
}

/// Like `println!`, for an output that may be closed.
macro_rules! outln {
    () => { $crate::app::out::print(format_args!("\n")) };
    ($($text:tt)*) => { $crate::app::out::print(format_args!("{}\n", format_args!($($text)*))) };
}

pub(super) use {out, outln};
