//! Rebuilding a pipeline after a change of its sources.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::sources::Sources;

/// The build of a pipeline.
#[derive(Clone, Debug)]
pub(in crate::app) struct Build {
    /// The path of the binary.
    pub(super) binary: PathBuf,
    /// The folder of its package.
    package: PathBuf,
    /// The folder of the home, which contains no sources.
    home: PathBuf,
    /// The build command, for a shell; `None` for `cargo build`.
    command: Option<String>,
}

impl Build {
    /// The build of a binary in the folder of its package, by a command if one is given.
    pub(in crate::app) fn new(
        binary: PathBuf,
        package: PathBuf,
        home: PathBuf,
        command: Option<String>,
    ) -> Self {
        Self { binary, package, home, command }
    }

    /// The sources of the binary.
    pub(super) fn sources(&self) -> Sources {
        Sources::new(self.folder(), self.binary.with_extension("d"), self.home.clone())
    }

    /// The folder of the sources: the package's, or the workspace's if the package is in one.
    pub(super) fn folder(&self) -> PathBuf {
        let is_workspace = |folder: &&Path| {
            let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
            manifest.contains("[workspace]")
        };
        let workspace = self.package.ancestors().find(is_workspace);
        workspace.unwrap_or(&self.package).to_owned()
    }

    /// Runs the build. Returns the compiler's output if it fails.
    pub(super) async fn run(&self) -> Result<(), String> {
        let mut command = match &self.command {
            Some(line) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", line]);
                shell
            }
            None => self.cargo(),
        };
        command.current_dir(&self.package).stdin(Stdio::null()).kill_on_drop(true);
        let output =
            command.output().await.map_err(|error| format!("the build could not be started: {error}"))?;
        if output.status.success() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&output.stderr).trim_end().to_owned())
    }

    fn cargo(&self) -> Command {
        let name = self.binary.file_stem().unwrap_or_default();
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(["build", "--quiet", "--bin"]).arg(name);
        if self.binary.parent().is_some_and(|folder| folder.ends_with("release")) {
            command.arg("--release");
        }
        // The new binary has to be written to the same path.
        if let Some(target) = self.binary.parent().and_then(Path::parent) {
            command.env("CARGO_TARGET_DIR", target);
        }
        command
    }

    /// Checks the definitions of the new binary, and returns the error output if they are invalid.
    pub(super) async fn check(&self) -> Result<(), String> {
        let checked = Command::new(&self.binary).arg("check").stdin(Stdio::null()).output().await;
        let checked = checked.map_err(|error| format!("what was built could not be started: {error}"))?;
        if checked.status.success() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&checked.stderr).trim_end().to_owned())
    }
}
