//! Runs as processes of this machine.
//!
//! Each run is a process of the pipeline's own binary, `runs execute ID`, which leads a process group: an interrupt in the daemon's
//! terminal is not for it, it goes on when the daemon ends, and whatever its steps have started can be ended with it. What it
//! prints outside of steps goes to a file of the home, which outlives both.

use std::ffi::OsString;
use std::fs::File;
use std::future::ready;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use millwork_core::advice::with_hint;
use millwork_core::run::{FailureClass, RunId};
use millwork_core::{BoxError, BoxFuture};
use millwork_storage::{Holder, Home, Liveness};
use tokio::process::{Child, Command};

use super::memory::OutOfMemory;
use super::process_group::{age, end_group, terminate_group};
use super::{Exit, Launch, LaunchedRun, LaunchedRunId, Launcher};

/// Launches each run as a process of this machine.
#[derive(Clone, Debug)]
pub struct ProcessLauncher {
    program: PathBuf,
    home: Home,
    /// The home's absolute path.
    path: PathBuf,
}

impl ProcessLauncher {
    /// Launches runs of a home by a program that takes `runs execute ID` after `--home PATH`, as every pipeline's binary does.
    ///
    /// # Errors
    ///
    /// When the home's path is relative and the current folder isn't there any more.
    pub fn new(program: impl Into<PathBuf>, home: &Home) -> io::Result<Self> {
        let path = std::path::absolute(&home.path)?;
        Ok(Self { program: program.into(), home: home.clone(), path })
    }

    fn start(&self, run: RunId) -> io::Result<Launch> {
        let output = self.output_of(run);
        std::fs::create_dir_all(self.outputs())?;
        let file = File::options().create(true).append(true).open(&output)?;
        let mut command = Command::new(&self.program);
        command.arg("--home").arg(&self.path).args(["runs", "execute", &run.to_string()]);
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).process_group(0);
        let memory = OutOfMemory::now();
        let child = command.spawn()?;
        let number = child.id().expect("a process that wasn't waited for has a number");
        let process = LocalProcess { number, home: self.home.clone(), holder: None };
        Ok(Launch { run: Arc::new(process), end: Box::pin(end(child, number, output, memory)) })
    }

    /// The folder of the output of processes.
    fn outputs(&self) -> PathBuf {
        self.path.join("launches")
    }

    fn output_of(&self, run: RunId) -> PathBuf {
        self.outputs().join(format!("{run}.log"))
    }
}

impl Launcher for ProcessLauncher {
    fn launch(&self, run: RunId) -> BoxFuture<Result<Launch, BoxError>> {
        Box::pin(ready(self.start(run).map_err(BoxError::from)))
    }

    fn find(&self, _: RunId, holder: &Holder) -> BoxFuture<Option<Arc<dyn LaunchedRun>>> {
        Box::pin(ready(find_process(&self.home, holder)))
    }

    fn output(&self, run: RunId) -> BoxFuture<Option<String>> {
        let printed = std::fs::read(self.output_of(run)).ok();
        let printed = printed.map(|printed| String::from_utf8_lossy(&printed).into_owned());
        Box::pin(ready(printed.filter(|printed| !printed.trim().is_empty())))
    }

    fn remove_output(&self, run: RunId) -> BoxFuture<()> {
        // It may not be there, and what can't be removed now is found again by `runs_with_output`.
        let _ = std::fs::remove_file(self.output_of(run));
        Box::pin(ready(()))
    }

    fn runs_with_output(&self) -> BoxFuture<Vec<RunId>> {
        let run = |name: OsString| Path::new(&name).file_stem()?.to_str()?.parse().ok();
        let entries = std::fs::read_dir(self.outputs()).into_iter().flatten().flatten();
        let runs = entries.filter_map(|entry| run(entry.file_name())).collect();
        Box::pin(ready(runs))
    }
}

/// The number of last lines of a process in which its error may be.
const LAST_WORDS: usize = 5;

/// Waits for the end of a process, and kills what is left of its group.
async fn end(mut child: Child, number: u32, output: PathBuf, memory: OutOfMemory) -> Exit {
    let status = child.wait().await;
    end_group(number);
    let printed = std::fs::read(output).unwrap_or_default();
    exit(status, memory, &String::from_utf8_lossy(&printed))
}

/// The reason why a run ended without recording it, from how its process ended and what it printed.
fn exit(status: io::Result<ExitStatus>, memory: OutOfMemory, printed: &str) -> Exit {
    // Rust's allocator prints this before it aborts.
    if printed.contains("memory allocation of") {
        let reason = "its process ran out of memory".to_owned();
        return Exit { class: FailureClass::OutOfMemory, reason };
    }
    let status = match status {
        Ok(status) => status,
        Err(error) => {
            let reason = format!("its process could not be watched: {error}");
            return Exit { class: FailureClass::Lost, reason };
        }
    };
    let (class, reason) = match (status.code(), status.signal()) {
        (Some(code), _) => {
            // What our own commands print last when they give up, with a hint.
            let error = printed.lines().rev().take(LAST_WORDS).find_map(|line| line.strip_prefix("error: "));
            let error = error.map(|error| format!(": {error}")).unwrap_or_default();
            (FailureClass::Killed, format!("its process ended with exit code {code}{error}"))
        }
        (None, Some(9)) if memory.has_run_out_since() => {
            let reason = "its process was killed by the system, as memory ran out";
            let hint = "give the machine more memory, or give the step a pool that counts memory";
            (FailureClass::OutOfMemory, with_hint(reason, Some(hint)))
        }
        (None, Some(9)) => (FailureClass::Killed, "its process was killed (SIGKILL)".to_owned()),
        (None, signal) => {
            (FailureClass::Killed, format!("its process was ended by signal {}", signal.unwrap_or(0)))
        }
    };
    Exit { class, reason }
}

/// The process that holds a run, if it lives on this machine and isn't this one.
pub(super) fn find_process(home: &Home, holder: &Holder) -> Option<Arc<dyn LaunchedRun>> {
    let this = home.holder();
    let is_other = holder.host == this.host && holder.pid != this.pid;
    (is_other && home.is_alive(holder) == Liveness::Alive).then(|| {
        let process = LocalProcess { number: holder.pid, home: home.clone(), holder: Some(holder.clone()) };
        Arc::new(process) as Arc<dyn LaunchedRun>
    })
}

/// A process of this machine that executes a run.
#[derive(Debug)]
struct LocalProcess {
    number: u32,
    home: Home,
    /// The identity by which it was found. The number of an ended process may belong to another one by now, so it is checked first.
    holder: Option<Holder>,
}

impl LocalProcess {
    fn signal(&self, signal: fn(u32)) -> BoxFuture<()> {
        let may_be = |holder: &Holder| self.home.is_alive(holder) == Liveness::Alive;
        if self.holder.as_ref().is_none_or(may_be) {
            signal(self.number);
        }
        Box::pin(ready(()))
    }
}

impl LaunchedRun for LocalProcess {
    fn id(&self) -> LaunchedRunId {
        LaunchedRunId::new(format!("process {}", self.number))
    }

    fn is_holder(&self, holder: &Holder) -> bool {
        holder.host == self.home.holder().host && holder.pid == self.number
    }

    fn age(&self) -> Option<Duration> {
        age(self.number)
    }

    fn terminate(&self) -> BoxFuture<()> {
        self.signal(terminate_group)
    }

    fn kill(&self) -> BoxFuture<()> {
        self.signal(end_group)
    }

    fn can_be_killed(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_process_ended_says_what_kind_of_failure_it_is() {
        let memory = OutOfMemory::now();
        for (status, printed, class, reason) in [
            (ExitStatus::from_raw(0), "", FailureClass::Killed, "its process ended with exit code 0"),
            (
                ExitStatus::from_raw(3 << 8),
                "oh no",
                FailureClass::Killed,
                "its process ended with exit code 3",
            ),
            (
                ExitStatus::from_raw(4 << 8),
                "error: the disk is full\n  hint: free some space\n",
                FailureClass::Killed,
                "its process ended with exit code 4: the disk is full",
            ),
            (ExitStatus::from_raw(9), "", FailureClass::Killed, "its process was killed (SIGKILL)"),
            (ExitStatus::from_raw(15), "", FailureClass::Killed, "its process was ended by signal 15"),
            (
                ExitStatus::from_raw(6),
                "memory allocation of 64 bytes failed",
                FailureClass::OutOfMemory,
                "its process ran out of memory",
            ),
        ] {
            assert_eq!(exit(Ok(status), memory, printed), Exit { class, reason: reason.to_owned() });
        }
        let unwatched = exit(Err(io::Error::other("no")), memory, "");
        assert_eq!(unwatched.class, FailureClass::Lost);
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_an_error_of_the_launch() {
        let folder = millwork_testing::folder();
        let home = Home::open(folder.path()).await.expect("a home");
        let launcher = ProcessLauncher::new("/nothing/is/here", &home).expect("a path");
        let run = RunId::new(jiff::Timestamp::UNIX_EPOCH);
        assert!(launcher.launch(run).await.is_err());
        assert_eq!(launcher.find(run, home.holder()).await.map(|found| found.id()), None, "this process");
    }
}
