//! A pipeline's process in its environment: readers of its output, signals, requests.

mod arguments;
mod hosts;
mod output;
mod signals;
