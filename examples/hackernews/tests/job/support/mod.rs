//! The binary in a home of its own, and servers for it to fetch from.

mod normal;
mod server;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use millwork::AssetValue;
use millwork_testing::PipelineServer;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) use normal::normal;
pub(crate) use server::{Server, StuckServer};

/// A folder for a home, and the source of the stories.
pub(crate) struct Home {
    folder: TempDir,
    url: Option<String>,
}

/// The exit and output of a command.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    /// A home whose stories are those of the embedded sample.
    pub(crate) fn new() -> Self {
        Self { folder: millwork_testing::folder(), url: None }
    }

    /// A home whose stories come from a server.
    pub(crate) fn fetching_from(url: &str) -> Self {
        Self { url: Some(url.to_owned()), ..Self::new() }
    }

    /// The same home, fetching from another server.
    pub(crate) fn now_fetching_from(self, url: &str) -> Self {
        Self { url: Some(url.to_owned()), ..self }
    }

    /// A home in which everything was materialized from the sample.
    pub(crate) fn with_everything() -> Self {
        let home = Self::new();
        home.succeeds("materialize");
        home
    }

    /// The folder that is `MILLWORK_HOME`; it doesn't exist before the first command that needs it.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// A file beside the home.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file beside the home; commands run in that folder.
    pub(crate) fn write(&self, name: &str, content: &str) {
        std::fs::write(self.file(name), content).unwrap();
    }

    /// The command with these arguments, written as in a shell without quotes.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hackernews"));
        command.args(line.split_whitespace()).current_dir(self.folder.path());
        command.env("MILLWORK_HOME", self.path()).env("TZ", "UTC").env("NO_COLOR", "1");
        match &self.url {
            Some(url) => command.env("HACKER_NEWS_URL", url),
            None => command.env_remove("HACKER_NEWS_URL"),
        };
        command.env_remove("MILLWORK_TOKEN");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// A server with these arguments.
    pub(crate) fn serve(&self, arguments: &str, variables: &[(&str, &str)]) -> PipelineServer {
        // The client of these tests needs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut command = self.command(&format!("serve --address 127.0.0.1:0 {arguments}"));
        command.envs(variables.iter().copied());
        PipelineServer::start(command)
    }

    pub(crate) fn start(&self, line: &str) -> Child {
        self.command(line).spawn().unwrap()
    }

    pub(crate) fn run(&self, line: &str) -> Outcome {
        Outcome::of(self.start(line))
    }

    /// Runs a command that must succeed, and returns its output.
    pub(crate) fn succeeds(&self, line: &str) -> String {
        let outcome = self.run(line);
        assert_eq!(outcome.code, Some(0), "`{line}`: {outcome:?}");
        outcome.out
    }

    /// Runs a command that must succeed, and returns the JSON that it prints.
    pub(crate) fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.succeeds(line)).unwrap()
    }

    /// Exit code and output without what differs from run to run, for snapshots.
    pub(crate) fn shown(&self, line: &str) -> String {
        let Outcome { code, out, err } = self.run(line);
        let code = code.map_or("a signal".to_owned(), |code| code.to_string());
        let err = if err.is_empty() { err } else { format!("--- standard error\n{err}") };
        let separate = if out.is_empty() || out.ends_with('\n') { "" } else { "⏎\n" };
        let folder = self.folder.path().display().to_string();
        normal(&format!("exit {code}\n{out}{separate}{err}").replace(&folder, "<folder>"))
    }

    /// The newest materialization's metadata: label → value, without the types.
    pub(crate) fn metadata(&self, asset: &str) -> Value {
        let shown = self.json(&format!("asset show {asset} --json"));
        let metadata = shown["latest"][0]["materialization"]["body"]["metadata"]
            .as_object()
            .unwrap_or_else(|| panic!("{shown}"));
        metadata.iter().map(|(label, typed)| (label.clone(), typed["value"].clone())).collect()
    }

    /// The stored bytes of an asset's value; `which` may name a run or a partition.
    pub(crate) fn bytes(&self, asset: &str, which: &str) -> Vec<u8> {
        let file = self.file("value");
        self.succeeds(&format!("asset value {asset} {which} --output {}", file.display()));
        std::fs::read(file).unwrap()
    }

    /// An asset's newest value, read from its stored form.
    pub(crate) fn value<T: AssetValue<F>, F>(&self, asset: &str) -> T {
        T::decode(&self.bytes(asset, "")).unwrap()
    }

    /// The ids of all runs, newest first.
    pub(crate) fn runs(&self) -> Vec<String> {
        let runs = self.json("runs list --json");
        runs.as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap().to_owned()).collect()
    }
}

impl Outcome {
    /// Waits for a command's end.
    pub(crate) fn of(process: Child) -> Self {
        let output = process.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}
