//! How runs are launched: as processes of their own, or in this one.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use millwork_core::run::RunId;
use millwork_core::{BoxError, BoxFuture};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

use crate::DaemonError;

/// How runs are launched.
#[derive(Clone)]
pub struct Launcher(Kind);

#[derive(Clone)]
enum Kind {
    Process { program: PathBuf, arguments: Vec<OsString>, output: PathBuf },
    InProcess(Arc<ExecuteRun>),
}

/// Executes a run to its end, or says why it could not go on: nobody else will.
pub type ExecuteRun = dyn Fn(RunId) -> BoxFuture<Result<(), BoxError>> + Send + Sync;

/// A run that was launched.
#[derive(Debug)]
pub(crate) struct Launched {
    /// Its process, if that is another one.
    pub(crate) pid: Option<u32>,
    end: WaitsFor,
}

#[derive(Debug)]
enum WaitsFor {
    Process(Child),
    Task(oneshot::Receiver<Result<(), BoxError>>),
}

/// How a launched run came to its end, as its launcher saw it.
#[derive(Debug)]
pub(crate) enum Exit {
    /// Its process ended.
    Process(io::Result<ExitStatus>),
    /// What executed it in this process returned, or panicked, which is none.
    InProcess(Option<Result<(), BoxError>>),
}

impl Launcher {
    /// Launches each run of a home as a process: by a program that takes `runs execute ID` after `--home`, as every
    /// pipeline's binary does.
    pub fn new(program: impl Into<PathBuf>, home: &Path) -> Self {
        let arguments = vec!["--home".into(), home.into()];
        Self(Kind::Process { program: program.into(), arguments, output: home.join("launches") })
    }

    /// Executes runs in this process. That is quicker, and a run that ends its process ends the daemon.
    pub fn in_process(execute: Arc<ExecuteRun>) -> Self {
        Self(Kind::InProcess(execute))
    }

    /// Launches a run.
    pub(crate) fn launch(&self, run: RunId) -> Result<Launched, DaemonError> {
        match &self.0 {
            Kind::Process { program, arguments, output } => {
                let mut command = Command::new(program);
                command.args(arguments).args(["runs", "execute", &run.to_string()]);
                let spawned = start(command, output, run);
                let child = spawned.map_err(|source| DaemonError::Launch { run, source })?;
                Ok(Launched { pid: child.id(), end: WaitsFor::Process(child) })
            }
            Kind::InProcess(execute) => {
                let (ended, end) = oneshot::channel();
                let execute = execute(run);
                tokio::spawn(async move {
                    let _ = ended.send(execute.await);
                });
                Ok(Launched { pid: None, end: WaitsFor::Task(end) })
            }
        }
    }

    /// The runs of whose processes something is there that they printed.
    pub(crate) fn outputs(&self) -> Vec<RunId> {
        let Kind::Process { output, .. } = &self.0 else { return Vec::new() };
        let Ok(entries) = std::fs::read_dir(output) else { return Vec::new() };
        let run = |name: OsString| Path::new(&name).file_stem()?.to_str()?.parse().ok();
        entries.flatten().filter_map(|entry| run(entry.file_name())).collect()
    }

    /// What a run's process printed before its first step, between steps, or while it died; nothing if nobody kept it.
    pub(crate) fn take_output(&self, run: RunId) -> Option<String> {
        let Kind::Process { output, .. } = &self.0 else { return None };
        let path = output_of(output, run);
        let printed = std::fs::read(&path).ok()?;
        let _ = std::fs::remove_file(path);
        let printed = String::from_utf8_lossy(&printed).into_owned();
        (!printed.trim().is_empty()).then_some(printed)
    }
}

/// Starts a process in a group of its own: an interrupt in the daemon's terminal is not for it, and it goes on when the
/// daemon ends. What it prints goes to a file, which outlives both.
fn start(mut command: Command, output: &Path, run: RunId) -> io::Result<Child> {
    std::fs::create_dir_all(output)?;
    let file = File::options().create(true).append(true).open(output_of(output, run))?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).process_group(0).spawn()
}

fn output_of(folder: &Path, run: RunId) -> PathBuf {
    folder.join(format!("{run}.log"))
}

impl Launched {
    /// Waits for the end.
    pub(crate) async fn ended(self) -> Exit {
        match self.end {
            WaitsFor::Process(mut child) => Exit::Process(child.wait().await),
            // A panic drops the sender.
            WaitsFor::Task(end) => Exit::InProcess(end.await.ok()),
        }
    }
}

impl std::fmt::Debug for Launcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match &self.0 {
            Kind::Process { program, .. } => program.display().to_string(),
            Kind::InProcess(_) => "in process".to_owned(),
        };
        f.debug_tuple("Launcher").field(&kind).finish()
    }
}
