//! The binary in a home of its own, with daemons that can be killed.

mod processes;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use millwork_core::run::RunId;
use millwork_storage::Home as StoredHome;
use millwork_testing::wait_for;
pub(crate) use millwork_testing::{Lines, PipelineServer, eventually};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) use processes::{child_of, launched, process_lives, signal};

/// A folder for a home.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(millwork_testing::folder())
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
        command.env_remove("SERVICE_INBOX").env_remove("MILLWORK_TOKEN");
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

    /// A server with these arguments.
    pub(crate) fn serve(&self, arguments: &str, variables: &[(&str, &str)]) -> PipelineServer {
        // The client of these tests needs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut command = self.command(&format!("serve --address 127.0.0.1:0 {arguments}"));
        command.envs(variables.iter().copied());
        PipelineServer::start(command)
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

    /// Waits until a daemon is announced, which it is once it has looked at what it found in the home.
    pub(crate) fn waits_for_a_daemon(&self) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let home = StoredHome::open(self.path()).await.unwrap();
            let announced = async || home.queue_limits().ok_or_else(|| "no daemon is announced".to_owned());
            wait_for(announced).await;
            home.store().close().await;
        });
    }

    /// Waits until a run has a status in the store, and returns what is shown of it then.
    pub(crate) fn becomes(&self, id: &str, status: &str) -> Value {
        let run: RunId = id.parse().unwrap();
        // A command for each look would keep a processor busy.
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let store = StoredHome::open(self.path()).await.unwrap().store();
            wait_for(async || {
                let found = store.run(run).await.unwrap().unwrap().status.as_str();
                if found == status { Ok(()) } else { Err(format!("run {id} is {found}, not {status}")) }
            })
            .await;
            store.close().await;
        });
        self.run(id)
    }
}
