//! Runs as processes of their own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use millwork_core::run::RunId;
use tokio::process::{Child, Command};

use crate::DaemonError;

/// How a run is launched: by a program that takes `runs execute ID` after some arguments, as every pipeline's binary does.
#[derive(Clone, Debug)]
pub struct Launcher {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl Launcher {
    /// Launches runs of a home by a pipeline's binary.
    pub fn new(program: impl Into<PathBuf>, home: &Path) -> Self {
        Self { program: program.into(), arguments: vec!["--home".into(), home.into()] }
    }

    /// Starts a process for a run. It belongs to no group of ours: an interrupt in the daemon's terminal is not for it, and
    /// it goes on when the daemon ends.
    pub(crate) fn launch(&self, run: RunId) -> Result<Child, DaemonError> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).args(["runs", "execute", &run.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        command.spawn().map_err(|source| DaemonError::Launch { run, source })
    }
}
