//! Runs and their pauses while the wall clock is set: forward a year, back an hour, back to 1970.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use millwork_core::event::{EventBody, NewEvent};
use millwork_core::run::{QUEUE_TAG, RunId, RunLimits, RunRequest, RunStatus};
use millwork_core::{AssetDefinition, BoxError, BoxFuture, Clock as _, Definitions, TestClock};
use millwork_storage::{Batch, Claim, Fence, Home, NewRun};

use crate::daemon::{Daemon, DaemonOptions};
use crate::daemon_loop::DaemonLoop as _;
use crate::launcher::InProcessLauncher;
use crate::loops::monitor::RunMonitor;
use crate::loops::queue::RunQueue;

const DAY: Duration = Duration::from_secs(24 * 3600);

struct Bench {
    daemon: Daemon,
    clock: Arc<TestClock>,
    launched: Arc<Mutex<Vec<RunId>>>,
}

impl Bench {
    async fn new(folder: &Path) -> Self {
        let clock = Arc::new(TestClock::at("2026-05-01T00:00:00Z".parse().expect("an instant")));
        let asset = AssetDefinition::new("asset").produces::<u32, _>().blocking(|_| Ok(1_u32));
        let limits = RunLimits::default().runtime(DAY).cancel(DAY);
        let pipeline = Definitions::new().asset(asset).run_limits(limits).resolve().expect("definitions");
        let launched = Arc::<Mutex<Vec<RunId>>>::default();
        let kept = launched.clone();
        let execute = Arc::new(move |run| -> BoxFuture<Result<(), BoxError>> {
            kept.lock().expect("the list").push(run);
            Box::pin(std::future::pending())
        });
        let options = DaemonOptions { clock: clock.clone(), ..DaemonOptions::default() };
        let home = Home::open(folder).await.expect("a home");
        let launcher = Arc::new(InProcessLauncher::new(&home, execute));
        let daemon = Daemon::new(pipeline, home, launcher, Arc::new(|_| {})).options(options);
        Self { daemon, clock, launched }
    }

    /// A run that this process executes.
    async fn running(&self) -> Fence {
        let (at, tags) = (self.clock.now(), [(QUEUE_TAG.0.to_owned(), QUEUE_TAG.1.to_owned())].into());
        let id = RunId::new(at);
        let request = RunRequest {
            selection: "asset".to_owned(),
            assets: vec!["asset".into()],
            tags,
            ..RunRequest::default()
        };
        let (store, holder) = (&self.daemon.store, self.daemon.home.holder().clone());
        store.create_run(NewRun { id, request, at, lease: None }).await.expect("a run");
        store.claim(Claim { run: id, holder, now: at, until: at, resumes: false }).await.expect("a claim")
    }

    async fn status(&self, monitor: &mut RunMonitor, run: RunId) -> RunStatus {
        monitor.tick().await.expect("a look");
        self.daemon.store.run(run).await.expect("a run").expect("it is there").status
    }

    /// The ways in which clocks are set, one after the other.
    fn set(&self) -> [Box<dyn Fn() + '_>; 4] {
        let (year, hour) = (SignedDuration::from_hours(365 * 24), SignedDuration::from_hours(1));
        [
            Box::new(move || self.clock.jump(-hour)),
            Box::new(move || self.clock.jump(year)),
            Box::new(move || self.clock.jump(-year)),
            Box::new(|| self.clock.set(Timestamp::UNIX_EPOCH)),
        ]
    }
}

#[tokio::test]
async fn a_run_is_ended_for_the_time_that_has_passed_and_for_no_other() {
    for is_canceled in [false, true] {
        let folder = millwork_testing::folder();
        let bench = Bench::new(folder.path()).await;
        let (run, mut monitor) = (bench.running().await.run, bench.daemon.run_monitor());
        let (goes_on, ended) = match is_canceled {
            false => (RunStatus::Running, RunStatus::Failed),
            true => (RunStatus::Canceling, RunStatus::Canceled),
        };
        assert_eq!(bench.status(&mut monitor, run).await, RunStatus::Running);
        if is_canceled {
            bench.daemon.store.request_cancel(run, bench.clock.now()).await.expect("a request");
        }
        for set in bench.set() {
            set();
            assert_eq!(bench.status(&mut monitor, run).await, goes_on);
            // A daemon that begins now knows how old the process is at most.
            assert_eq!(bench.status(&mut bench.daemon.run_monitor(), run).await, goes_on);
        }
        bench.clock.advance(SignedDuration::try_from(DAY).expect("a day"));
        assert_eq!(bench.status(&mut monitor, run).await, goes_on);
        bench.clock.advance(SignedDuration::from_secs(2));
        assert_eq!(bench.status(&mut monitor, run).await, ended);
    }
}

#[tokio::test]
async fn a_retry_waits_as_long_as_it_was_to_wait() {
    let folder = millwork_testing::folder();
    let bench = Bench::new(folder.path()).await;
    for set in bench.set() {
        let (fence, mut queue) = (bench.running().await, bench.daemon.run_queue());
        let store = &bench.daemon.store;
        let failed = NewEvent::of_run(fence.run, bench.clock.now(), EventBody::run_failed("it was meant to"));
        store.append(Batch { fence: Some(fence), events: vec![failed] }).await.expect("its end");
        let pause = Duration::from_secs(60);
        assert!(store.retry_run(fence, pause, bench.clock.now()).await.expect("a retry"));
        let launches = async |queue: &mut RunQueue| {
            queue.tick().await.expect("a look");
            tokio::task::yield_now().await;
            bench.launched.lock().expect("the list").contains(&fence.run)
        };
        assert!(!launches(&mut queue).await);
        set();
        bench.clock.advance(SignedDuration::from_secs(59));
        assert!(!launches(&mut queue).await);
        bench.clock.advance(SignedDuration::from_secs(1));
        assert!(launches(&mut queue).await);
        let end = NewEvent::of_run(fence.run, bench.clock.now(), EventBody::RunCanceled);
        let claim = Claim {
            run: fence.run,
            holder: bench.daemon.home.holder().clone(),
            now: bench.clock.now(),
            until: bench.clock.now(),
            resumes: true,
        };
        let fence = store.claim(claim).await.expect("a claim");
        store.append(Batch { fence: Some(fence), events: vec![end] }).await.expect("its end");
    }
}

#[tokio::test]
async fn a_retry_that_a_clock_that_was_ahead_put_off_is_launched_within_an_hour() {
    let folder = millwork_testing::folder();
    let bench = Bench::new(folder.path()).await;
    let fence = bench.running().await;
    let year = SignedDuration::from_hours(365 * 24);
    bench.clock.jump(year);
    let failed = NewEvent::of_run(fence.run, bench.clock.now(), EventBody::run_failed("it was meant to"));
    bench.daemon.store.append(Batch { fence: Some(fence), events: vec![failed] }).await.expect("its end");
    bench.daemon.store.retry_run(fence, Duration::from_secs(60), bench.clock.now()).await.expect("a retry");
    bench.clock.jump(-year);
    let mut queue = bench.daemon.run_queue();
    queue.tick().await.expect("a look");
    bench.clock.advance(SignedDuration::from_hours(1));
    queue.tick().await.expect("a look");
    assert_eq!(*bench.launched.lock().expect("the list"), [fence.run]);
}
