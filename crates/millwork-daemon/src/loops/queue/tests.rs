//! Runs from launch to end, by a launcher in memory.

use std::sync::Mutex;

use jiff::SignedDuration;
use millwork_core::event::EventKind;
use millwork_core::run::{RunLimits, RunRequest};
use millwork_core::{Definitions, TestClock};
use millwork_storage::{EventQuery, Home, NewRun};
use tokio::sync::mpsc::UnboundedReceiver;

use super::*;
use crate::daemon::{Daemon, DaemonOptions};
use crate::launcher::fake::{Ended, FakeLauncher};

struct Bench {
    daemon: Daemon,
    queue: RunQueue,
    launcher: FakeLauncher,
    ended: UnboundedReceiver<Ended>,
    clock: Arc<TestClock>,
    reported: Arc<Mutex<Vec<String>>>,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn new(limits: RunLimits) -> Self {
        let folder = millwork_testing::folder();
        let clock = Arc::new(TestClock::at("2026-05-01T00:00:00Z".parse().expect("an instant")));
        let (launcher, ended) = FakeLauncher::watched();
        let reported = Arc::<Mutex<Vec<String>>>::default();
        let kept = reported.clone();
        let observer =
            Arc::new(move |event: &DaemonEvent| kept.lock().expect("the list").push(event.to_string()));
        let pipeline = Definitions::new().run_limits(limits).resolve().expect("definitions");
        let home = Home::open(folder.path()).await.expect("a home");
        let options = DaemonOptions { clock: clock.clone(), ..DaemonOptions::default() };
        let daemon = Daemon::new(pipeline, home, Arc::new(launcher.clone()), observer).options(options);
        Self { queue: daemon.run_queue(), daemon, launcher, ended, clock, reported, _folder: folder }
    }

    /// A run that waits for a daemon.
    async fn queued(&self) -> RunId {
        let at = self.clock.now();
        let new = NewRun { id: RunId::new(at), request: RunRequest::default().queued(), at, lease: None };
        let run = new.id;
        self.daemon.store.create_run(new).await.expect("a run");
        run
    }

    /// The execution of a launched run begins.
    async fn begin(&self, run: RunId) -> Fence {
        let (holder, now) = (self.launcher.holder(run), self.clock.now());
        let until = now + SignedDuration::from_hours(24);
        let claim = Claim { run, holder, now, until, resumes: false };
        self.daemon.store.claim(claim).await.expect("a claim")
    }

    async fn tick(&mut self) {
        self.queue.tick().await.expect("a look");
    }

    /// The execution of a launched run ends, and the queue has received its end.
    async fn end(&mut self, run: RunId, exit: Exit, printed: &str) -> RunRecord {
        self.launcher.end(run, exit, printed);
        while self.queue.supervised.launched().contains(&run) {
            tokio::task::yield_now().await;
            self.tick().await;
        }
        self.record(run).await
    }

    async fn record(&self, run: RunId) -> RunRecord {
        self.daemon.store.run(run).await.expect("a run").expect("it is there")
    }

    fn reported(&self) -> Vec<String> {
        self.reported.lock().expect("the list").clone()
    }
}

fn exit(class: FailureClass, reason: &str) -> Exit {
    Exit { class, reason: reason.to_owned() }
}

#[tokio::test]
async fn a_run_is_launched_and_says_itself_how_it_ended() {
    let mut bench = Bench::new(RunLimits::default()).await;
    let run = bench.queued().await;
    bench.tick().await;
    let fence = bench.begin(run).await;
    bench.tick().await;
    assert_eq!(bench.launcher.asked_for(), [run], "it is launched once");
    let succeeded = NewEvent::of_run(run, bench.clock.now(), EventBody::RunSucceeded);
    bench.daemon.store.append(Batch { fence: Some(fence), events: vec![succeeded] }).await.expect("its end");
    let record = bench.end(run, exit(FailureClass::Killed, "its job ended with code 0"), "").await;
    assert_eq!((record.status, record.reason), (RunStatus::Succeeded, None));
    let run = run.short();
    assert_eq!(
        bench.reported(),
        [format!("run {run} launched as fake of {run}"), format!("run {run} succeeded")]
    );
}

#[tokio::test]
async fn a_run_that_dies_is_lost_as_its_launcher_says() {
    let mut bench = Bench::new(RunLimits::default()).await;
    let run = bench.queued().await;
    bench.tick().await;
    bench.begin(run).await;
    let record = bench.end(run, exit(FailureClass::OutOfMemory, "its job was evicted"), "last words").await;
    assert_eq!((record.status, record.class), (RunStatus::Lost, Some(FailureClass::OutOfMemory)));
    assert_eq!(record.reason.as_deref(), Some("its job was evicted"));
    let logged =
        EventQuery { run: Some(run), kinds: Some(EventKind::Logged.into()), ..EventQuery::default() };
    assert_eq!(bench.daemon.store.events(logged).await.expect("events").len(), 1, "what it printed is kept");
}

#[tokio::test]
async fn a_run_that_ends_before_it_begins_has_failed() {
    let mut bench = Bench::new(RunLimits::default()).await;
    let run = bench.queued().await;
    bench.tick().await;
    let record = bench.end(run, exit(FailureClass::Killed, "its job was not scheduled"), "").await;
    assert_eq!((record.status, record.class), (RunStatus::Failed, Some(FailureClass::Killed)));
    assert_eq!(record.reason.as_deref(), Some("it was not started: its job was not scheduled"));
}

#[tokio::test]
async fn a_launch_that_is_refused_leaves_the_run_queued() {
    let mut bench = Bench::new(RunLimits::default()).await;
    let run = bench.queued().await;
    let home = bench.queue.home.clone();
    let announced = home.announce_daemon(&bench.queue.limits).expect("it is announced");
    bench.launcher.refuse(Some("the cluster is full"));
    let error = bench.queue.tick().await.expect_err("a refusal");
    let source = std::error::Error::source(&error).map(ToString::to_string);
    assert_eq!(source.as_deref(), Some("the cluster is full"));
    assert_eq!(bench.record(run).await.status, RunStatus::Queued);
    assert!(bench.queue.supervised.launched().is_empty(), "a run that was not launched is not supervised");
    // It is the reason why the run waits.
    let error = home.launch_error();
    let limits = home.queue_limits();
    let now = bench.clock.now();
    let waiting =
        millwork_storage::waiting_runs(&*bench.daemon.store, limits.as_ref(), error.as_deref(), now).await;
    let reason = waiting.expect("the queue").remove(0).1.map(|reason| reason.to_string());
    assert_eq!(
        reason.as_deref(),
        Some("waits, as launching runs fails and is tried again: the cluster is full")
    );
    bench.launcher.refuse(None);
    bench.tick().await;
    assert_eq!((bench.launcher.asked_for(), home.launch_error()), (vec![run, run], None));
    drop(announced);
}

#[tokio::test]
async fn a_run_that_does_not_stop_is_asked_to_end_and_then_killed() {
    let mut bench = Bench::new(RunLimits::default().cancel(Duration::ZERO)).await;
    let run = bench.queued().await;
    bench.tick().await;
    bench.begin(run).await;
    bench.daemon.store.request_cancel(run, bench.clock.now()).await.expect("a wish");
    bench.clock.advance(SignedDuration::from_secs(1));
    bench.daemon.run_monitor().tick().await.expect("a look");
    assert_eq!(bench.record(run).await.status, RunStatus::Canceled);
    assert_eq!(bench.ended.recv().await, Some(Ended::Terminated(run)));
    assert_eq!(bench.ended.recv().await, Some(Ended::Killed(run)));
    let record = bench.end(run, exit(FailureClass::Killed, "its job was canceled"), "").await;
    assert_eq!(record.status, RunStatus::Canceled);
}

#[tokio::test]
async fn what_does_not_begin_with_its_run_in_time_is_killed_once() {
    let mut bench = Bench::new(RunLimits::default().start(Duration::from_nanos(1))).await;
    let run = bench.queued().await;
    bench.tick().await;
    bench.tick().await;
    bench.tick().await;
    assert_eq!(bench.ended.recv().await, Some(Ended::Killed(run)));
    let record = bench.end(run, exit(FailureClass::Killed, "its job was killed"), "").await;
    assert_eq!(record.status, RunStatus::Failed);
    assert!(bench.ended.is_empty());
}
