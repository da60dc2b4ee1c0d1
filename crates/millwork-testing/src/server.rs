//! Servers of pages and the API in processes of their own.

use std::process::Command;

use crate::Lines;

/// A pipeline's `serve`, in a process that is killed when this is dropped.
pub struct PipelineServer {
    /// The process, whose lines are the service log.
    pub process: Lines,
    /// The address of its pages, without a slash at its end.
    pub url: String,
}

impl PipelineServer {
    /// Starts a pipeline's `serve`, and waits until it listens. The command has to choose a free port: `serve --address 127.0.0.1:0`.
    ///
    /// # Panics
    ///
    /// If it ends instead.
    #[track_caller]
    pub fn start(command: Command) -> Self {
        let process = Lines::of(command);
        let line = process.line("serving http://");
        let url = line.split_once("serving ").map(|(_, url)| url.to_owned()).unwrap_or_default();
        Self { process, url }
    }
}
