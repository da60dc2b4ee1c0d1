//! What every launcher promises, tested with each of them.

use std::future::ready;
use std::sync::Arc;

use millwork_core::run::{FailureClass, RunId};
use millwork_storage::{Holder, Home};

use super::fake::FakeLauncher;
use super::{Exit, InProcessLauncher, Launch, Launcher, ProcessLauncher};

fn run() -> RunId {
    RunId::from_u128(7)
}

/// Launches a run that ends once `end` was called, and has printed this; `None` if the launcher keeps no output.
async fn check(launcher: &dyn Launcher, end: impl FnOnce(), printed: Option<&str>) {
    assert_eq!(launcher.output(run()).await, None, "before the launch");
    assert_eq!(launcher.runs_with_output().await, [], "before the launch");
    let Launch { run: launched, end: ended } = launcher.launch(run()).await.expect("a launch");
    assert_ne!(launched.id().to_string(), "");
    let stranger = Holder { id: "x".into(), host: "elsewhere".into(), pid: 7, boot: String::new() };
    assert!(!launched.is_holder(&stranger), "another process has claimed the run");
    assert!(launcher.find(run(), &stranger).await.is_none(), "another process has claimed the run");
    end();
    assert_ne!(ended.await.reason, "", "it is said how it ended");
    let with_output = printed.map(|_| run()).into_iter().collect::<Vec<_>>();
    assert_eq!(launcher.runs_with_output().await, with_output);
    for _ in 0..2 {
        assert_eq!(launcher.output(run()).await.as_deref().map(str::trim_end), printed, "it is kept");
    }
    launcher.remove_output(run()).await;
    assert_eq!(launcher.output(run()).await, None, "it was removed");
    assert_eq!(launcher.runs_with_output().await, [], "it was removed");
}

#[tokio::test]
async fn as_a_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::open(folder.path()).await.expect("a home");
    let launcher = ProcessLauncher::new("echo", &home).expect("a path");
    let printed = format!("--home {} runs execute {}", folder.path().display(), run());
    check(&launcher, || (), Some(&printed)).await;
}

#[tokio::test]
async fn in_this_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::open(folder.path()).await.expect("a home");
    let launcher = InProcessLauncher::new(&home, Arc::new(|_| Box::pin(ready(Ok(())))));
    check(&launcher, || (), None).await;
}

#[tokio::test]
async fn in_memory() {
    let launcher = FakeLauncher::default();
    let exit = Exit { class: FailureClass::Killed, reason: "its job ended".into() };
    check(&launcher, || launcher.end(run(), exit, "words"), Some("words")).await;
}
