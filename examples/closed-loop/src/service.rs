//! The service: a daemon on a clock that goes from one quarter of a day to the next as soon as everything is done that is due.
//!
//! It can be killed at any moment. The next one finds the time in the clock's file, and the rest in the home.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use jiff::SignedDuration;
use millwork_core::run::{RunId, RunRequest, RunStatus};
use millwork_core::{BoxError, BoxFuture, Clock as _};
use millwork_daemon::{Daemon, DaemonOptions, InProcessLauncher, LoopName};
use millwork_engine::{Cancel, Engine, EngineOptions};
use millwork_storage::{Home, NewRun, RunQuery, Store};
use tokio::sync::{RwLock, watch};

use crate::clock::FileClock;
use crate::market::{opening, time_of};
use crate::pipeline::definitions;

/// How often loops are asked whether they have done their work.
const POLL_INTERVAL: Duration = Duration::from_millis(4);
/// The longest time, in reality, that a quarter may take, on a machine however busy.
const PATIENCE: Duration = Duration::from_secs(300);
/// The loops that may request runs, start them, decide about versions or follow from runs.
const WOKEN: [LoopName; 6] = [
    LoopName::Approvals,
    LoopName::Automation,
    LoopName::RunQueue,
    LoopName::RunRetries,
    LoopName::Schedules,
    LoopName::Shadow,
];

/// Keeps the service going in a home, until this many days since the opening have passed.
///
/// # Errors
///
/// When the home can't be used, or a quarter of a day doesn't end.
pub async fn live(home: &Path, days: u32) -> Result<()> {
    std::fs::create_dir_all(home)?;
    let clock = Arc::new(FileClock::open(&home.join("clock"), opening())?);
    let pipeline = definitions().resolve()?;
    let home = Home::open(home).await?;
    let store = home.store();
    home.recover(clock.now()).await?;
    let options = EngineOptions { clock: clock.clone(), ..EngineOptions::default() };
    let engine = Engine::new(pipeline.clone(), store.clone(), &home.values_path(), home.holder().clone());
    let going_on = Arc::new(RwLock::new(()));
    let launcher = Arc::new(in_process(&home, engine.options(options), going_on.clone()));
    let daemon = Daemon::new(pipeline, home.clone(), launcher, Arc::new(|event| eprintln!("{event}")));
    let daemon = daemon.options(DaemonOptions {
        clock: clock.clone(),
        poll_interval: POLL_INTERVAL * 5,
        ..DaemonOptions::default()
    });
    let (stop, stopped) = watch::channel(false);
    let working = tokio::spawn({
        let daemon = daemon.clone();
        async move { daemon.run(stopped).await }
    });
    let service = Service { clock, daemon, store };
    // Each loop has to tick once before time passes.
    service.settle().await?;
    service.train_first().await?;
    service.settle().await?;
    let end = opening() + SignedDuration::from_hours(24 * i64::from(days));
    while service.clock.now() < end {
        let quarter = service.clock.now().duration_since(opening()).as_hours() / 6;
        service.clock.set(time_of(quarter + 1))?;
        service.settle().await?;
    }
    stop.send(true)?;
    working.await?;
    // The run that was launched last still writes.
    drop(going_on.write().await);
    service.store.close().await;
    Ok(())
}

struct Service {
    clock: Arc<FileClock>,
    daemon: Daemon,
    store: Arc<dyn Store>,
}

impl Service {
    /// Requests the first training: conditions ask for those that follow.
    async fn train_first(&self) -> Result<()> {
        let has_run = RunQuery { limit: Some(1), ..RunQuery::default() };
        if self.store.runs(has_run).await?.is_empty() {
            let request = RunRequest {
                selection: "price_model".to_owned(),
                assets: vec!["price_model".into()],
                ..RunRequest::default()
            };
            let now = self.clock.now();
            let run = NewRun { id: RunId::new(now), request: request.queued(), at: now, lease: None };
            self.store.create_run(run).await?;
        }
        Ok(())
    }

    /// Waits until all loops have ticked and all runs have ended, and again until that creates no new runs.
    async fn settle(&self) -> Result<()> {
        let began = Instant::now();
        let mut last = None;
        loop {
            self.all_loops_tick(began).await?;
            let statuses = vec![RunStatus::Queued, RunStatus::Running, RunStatus::Canceling];
            let active = self.store.runs(RunQuery { statuses, ..RunQuery::default() }).await?;
            let head = self.store.head().await?;
            if active.is_empty() && last == Some(head) {
                return Ok(());
            }
            last = Some(head);
            if began.elapsed() > PATIENCE {
                bail!("runs don't end: {active:#?}");
            }
        }
    }

    /// Waits until each loop has begun and ended a tick.
    async fn all_loops_tick(&self, began: Instant) -> Result<()> {
        let ticks = || {
            let loops = self.daemon.metrics().loops();
            WOKEN.map(|name| loops.get(&name).map_or(0, |metrics| metrics.ticks))
        };
        let before = ticks();
        loop {
            self.daemon.wake().notify_waiters();
            tokio::time::sleep(POLL_INTERVAL).await;
            if ticks().iter().zip(before).all(|(now, before)| *now >= before + 2) {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                bail!("a loop doesn't tick: {:#?}", self.daemon.metrics().loops());
            }
        }
    }
}

/// Executes runs in this process. A read guard of `going_on` is held while one is in progress.
fn in_process(home: &Home, engine: Engine, going_on: Arc<RwLock<()>>) -> InProcessLauncher {
    let execute = Arc::new(move |run| -> BoxFuture<Result<(), BoxError>> {
        let (engine, going_on) = (engine.clone(), going_on.clone());
        Box::pin(async move {
            let _going_on = going_on.read().await;
            engine.execute(run, &Cancel::default(), Arc::new(|_| {})).await?;
            Ok(())
        })
    });
    InProcessLauncher::new(home, execute)
}
