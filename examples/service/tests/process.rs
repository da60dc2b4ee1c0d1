//! What a pipeline's process owes to those around it: the reader of its output, whoever signals it, whoever asks it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod process {
    mod arguments;
    mod hosts;
    mod output;
    mod signals;
}
mod support;
