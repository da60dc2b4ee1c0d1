//! Processes whose output is read line by line.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use crate::PATIENCE;

/// A process whose standard output is read line by line. It is killed when this is dropped.
pub struct Lines {
    /// The process.
    pub process: Child,
    lines: Receiver<String>,
}

impl Lines {
    /// Starts a command; its standard error is discarded.
    ///
    /// # Panics
    ///
    /// If it can't be started.
    pub fn of(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("the command starts");
        let (sender, lines) = channel();
        let output = BufReader::new(process.stdout.take().expect("it is piped"));
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)).ok();
        });
        Self { process, lines }
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Kills the process and waits for its end.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Waits for a line that contains a text, and returns it. The lines before it are skipped.
    ///
    /// # Panics
    ///
    /// If the process ends without such a line, or after [`PATIENCE`].
    #[track_caller]
    pub fn line(&self, text: &str) -> String {
        self.until(text).pop().unwrap_or_default()
    }

    /// Waits for a line that contains a text, and returns the lines up to it.
    ///
    /// # Panics
    ///
    /// If the process ends without such a line, or after [`PATIENCE`].
    #[track_caller]
    pub fn until(&self, text: &str) -> Vec<String> {
        let mut seen = Vec::new();
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                panic!("no line with `{text}` among {seen:#?}");
            };
            let is_last = line.contains(text);
            seen.push(line);
            if is_last {
                return seen;
            }
        }
    }

    /// The lines that have been read so far and weren't returned yet.
    pub fn so_far(&self) -> Vec<String> {
        self.lines.try_iter().collect()
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.kill();
    }
}
