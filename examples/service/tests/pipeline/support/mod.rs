//! The binary in a home of its own, with daemons that can be killed.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use millwork_testing::PATIENCE;
pub(crate) use millwork_testing::eventually;
use serde_json::Value;
use tempfile::TempDir;

/// A folder for a home.
pub(crate) struct Home(TempDir);

/// A process whose lines are read, and that is killed when it is dropped.
pub(crate) struct Lines {
    pub(crate) process: Child,
    lines: Receiver<String>,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("home")
    }

    /// The command with these arguments, written as in a shell without quotes.
    pub(crate) fn command(&self, line: &str) -> Command {
        self.command_of(Command::new(env!("CARGO_BIN_EXE_service")), line)
    }

    /// A long-running command with these arguments, in this home.
    pub(crate) fn command_of(&self, mut command: Command, line: &str) -> Command {
        command.args(line.split_whitespace()).current_dir(self.0.path());
        command.env("MILLWORK_HOME", self.path()).env("TZ", "UTC").env("NO_COLOR", "1");
        command.env_remove("SERVICE_INBOX");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// A daemon that is killed leaves its write-ahead log behind, and in it a run.
    pub(crate) fn left_by_a_killed_daemon(&self) -> String {
        self.succeeds("materialize work");
        let mut daemon = self.daemon("");
        daemon.line("daemon started");
        let run = self.queue("work");
        self.becomes(&run, "succeeded");
        daemon.kill();
        assert!(std::fs::metadata(self.path().join("millwork.db-wal")).unwrap().len() > 0);
        run
    }

    pub(crate) fn succeeds(&self, line: &str) -> String {
        let output = self.command(line).output().unwrap();
        assert!(output.status.success(), "`{line}`: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.succeeds(line)).unwrap()
    }

    pub(crate) fn daemon(&self, arguments: &str) -> Lines {
        self.daemon_with(arguments, &[])
    }

    pub(crate) fn daemon_with(&self, arguments: &str, variables: &[(&str, &str)]) -> Lines {
        let mut command = self.command(&format!("daemon {arguments}"));
        command.envs(variables.iter().copied());
        Lines::of(command)
    }

    /// Enqueues a run for the daemon.
    pub(crate) fn queue(&self, arguments: &str) -> String {
        let queued = self.json(&format!("materialize --queue --json {arguments}"));
        queued["run"].as_str().unwrap().to_owned()
    }

    pub(crate) fn run(&self, id: &str) -> Value {
        self.json(&format!("runs show {id} --json"))
    }

    /// The runs with a tag.
    pub(crate) fn runs_of(&self, key: &str, value: &str) -> Vec<Value> {
        self.json(&format!("runs list --json --tag {key}={value}")).as_array().unwrap().clone()
    }

    /// All events of a run.
    pub(crate) fn log(&self, id: &str) -> Vec<Value> {
        let lines = self.succeeds(&format!("runs logs {id} --all --json"));
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Waits until a run has a status.
    pub(crate) fn becomes(&self, id: &str, status: &str) -> Value {
        let mut run = Value::Null;
        let is_there = || {
            run = self.run(id);
            run["status"] == status
        };
        eventually(is_there, &format!("run {id} is not {status}"));
        run
    }
}

impl Lines {
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    pub(crate) fn of(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let (sender, lines) = channel();
        let output = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)).ok();
        });
        Self { process, lines }
    }

    /// Waits for a line that contains a text.
    pub(crate) fn line(&self, text: &str) -> String {
        self.until(text).pop().unwrap()
    }

    /// The lines up to one that contains a text.
    pub(crate) fn until(&self, text: &str) -> Vec<String> {
        let mut seen = Vec::new();
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                panic!("no line with `{text}` among {seen:#?}");
            };
            seen.push(line);
            if seen.last().is_some_and(|line| line.contains(text)) {
                return seen;
            }
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether a process with this number is running.
pub(crate) fn process_lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}
