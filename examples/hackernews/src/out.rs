//! What the commands print: where standard output is a pipe whose reader has closed it, they end as Millwork's own do.

/// Like `print!`, but ends the process instead of panicking if that can't be done.
macro_rules! out {
    ($($text:tt)*) => { millwork::print(format_args!($($text)*)) };
}

/// Like `println!`, but ends the process instead of panicking if that can't be done.
macro_rules! outln {
    ($($text:tt)*) => { millwork::print(format_args!("{}\n", format_args!($($text)*))) };
}

pub(crate) use {out, outln};
