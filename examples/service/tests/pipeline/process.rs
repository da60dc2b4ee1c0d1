//! What a pipeline's process owes to those around it: the reader of its output, whoever signals it, whoever asks it.

mod arguments;
mod hosts;
mod output;
mod signals;
