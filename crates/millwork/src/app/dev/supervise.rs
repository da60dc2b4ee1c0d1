//! Supervises the process that serves, and replaces it after each successful build.

use std::ffi::OsString;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;
use tokio::time::sleep;

use super::build::Build;
use crate::app::service_log::ServiceLog;

/// The interval at which the sources are checked for changes.
const LOOK: Duration = Duration::from_millis(300);
/// The time without changes before a build starts, since an editor may write several files.
const CALM: Duration = Duration::from_millis(200);

/// Serves, watches, builds and replaces until `stop` is true. `arguments` are those of the process that serves.
pub(in crate::app) async fn supervise(
    build: &Build,
    arguments: &[OsString],
    log: &ServiceLog,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<Option<ExitStatus>> {
    let mut sources = build.sources();
    // The first process logs the watched folder, after its address.
    let watched = ["--watched".into(), build.folder().into_os_string()];
    let mut serving = serve(build, &[arguments, &watched[..]].concat())?;
    loop {
        tokio::select! {
            ended = serving.process.wait() => return ended.map(Some),
            _ = stop.changed() => {
                end(&mut serving).await;
                return Ok(None);
            }
            () = sleep(LOOK) => {}
        }
        if !sources.have_changed() {
            continue;
        }
        while {
            sleep(CALM).await;
            sources.have_changed()
        } {}
        log.say("the sources have changed: building");
        let built = tokio::select! {
            built = rebuilt(build) => built,
            _ = stop.changed() => {
                end(&mut serving).await;
                return Ok(None);
            }
        };
        match built {
            Err(output) => {
                log.say(&format!("the old definitions stay in use, as the new ones don't build:\n{output}"));
            }
            Ok(()) => {
                end(&mut serving).await;
                serving = serve(build, arguments)?;
                log.say("the new definitions have taken over");
            }
        }
    }
}

async fn rebuilt(build: &Build) -> Result<(), String> {
    build.run().await?;
    build.check().await
}

/// The process that serves, and its standard input.
struct Serving {
    process: Child,
    /// The process ends when this is closed, and so when this process ends, even if it is killed.
    input: Option<ChildStdin>,
}

fn serve(build: &Build, arguments: &[OsString]) -> std::io::Result<Serving> {
    let mut command = Command::new(&build.binary);
    let mut process = command.args(arguments).stdin(Stdio::piped()).kill_on_drop(true).spawn()?;
    // Waiting for a process closes its input if it is still open.
    let input = process.stdin.take();
    Ok(Serving { process, input })
}

/// The time that a process has to end: its runs are canceled first, and have some seconds for it.
const END: Duration = Duration::from_secs(30);

/// Asks a process to end, and waits for that.
async fn end(serving: &mut Serving) {
    drop(serving.input.take());
    if tokio::time::timeout(END, serving.process.wait()).await.is_err() {
        let _ = serving.process.kill().await;
    }
}
