//! Weeks of the job as a service: a daemon on a clock that goes from hour to hour.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use millwork::{Definitions, FailureClass, Result, Retry, RunRetries};
use millwork_core::run::{RunId, RunStatus};
use millwork_core::{BoxError, BoxFuture, Clock as _, Instigator, Pipeline};
use millwork_daemon::{Daemon, DaemonOptions, InProcessLauncher, LoopName};
use millwork_engine::{Cancel, Engine, EngineOptions};
use millwork_storage::{EventQuery, Home, Order, RunQuery, Store};
use tokio::sync::{RwLock, watch};
use tokio::task::JoinHandle;

use super::clock::VirtualClock;
use super::error::DemoError;

/// How often loops are asked whether they have done their work.
const POLL_INTERVAL: Duration = Duration::from_millis(1);
/// The longest time, in reality, that the work of an hour may take, on a machine however busy.
const PATIENCE: Duration = Duration::from_secs(300);
/// The loops that tick as soon as they are woken, and may request runs, start them or follow from them.
const WOKEN: [LoopName; 7] = [
    LoopName::Alerts,
    LoopName::Approvals,
    LoopName::Automation,
    LoopName::RunQueue,
    LoopName::RunRetries,
    LoopName::Schedules,
    LoopName::Sensors,
];

/// A service on a virtual clock.
pub(crate) struct Weeks {
    clock: Arc<VirtualClock>,
    pipeline: Pipeline,
    daemon: Daemon,
    engine: Engine,
    home: Home,
    store: Arc<dyn Store>,
    going_on: Arc<RwLock<()>>,
    stop: watch::Sender<bool>,
    working: JoinHandle<()>,
}

impl Weeks {
    /// Opens the service in a home, with every schedule and sensor switched on. What an earlier one has left is finished first.
    pub(crate) async fn open(
        home: &Path,
        clock: Arc<VirtualClock>,
        definitions: Definitions,
    ) -> Result<Self> {
        let pipeline = definitions.run_retries(lost_runs_go_on()).resolve()?;
        let home = Home::open(home).await?;
        let store = home.store();
        // An earlier demo may have been killed ahead of what it has noted: no time passes twice.
        if let Some(last) = last_event(&*store).await? {
            clock.set(last);
        }
        // Whether the processes of runs are alive counts, and not their leases: those are times on this clock, which stood still.
        home.recover_unless(clock.now(), |_| false).await?;
        switch(&pipeline, &*store, true).await?;
        let options = EngineOptions { clock: clock.clone(), ..EngineOptions::default() };
        let engine = Engine::new(pipeline.clone(), store.clone(), &home.values_path(), home.holder().clone())
            .options(options);
        let going_on = Arc::new(RwLock::new(()));
        let launcher = Arc::new(in_process(&home, engine.clone(), going_on.clone()));
        let daemon =
            Daemon::new(pipeline.clone(), home.clone(), launcher, Arc::new(|_| {})).options(DaemonOptions {
                clock: clock.clone(),
                poll_interval: POLL_INTERVAL * 20,
                ..DaemonOptions::default()
            });
        let (stop, stopped) = watch::channel(false);
        let working = tokio::spawn({
            let daemon = daemon.clone();
            async move { daemon.run(stopped).await }
        });
        let weeks = Self { clock, pipeline, daemon, engine, home, store, going_on, stop, working };
        // Each loop has to tick once before time passes.
        weeks.settle().await?;
        Ok(weeks)
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.store
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Sets the clock forward, and waits until all work that is due then is done.
    pub(crate) async fn until(&self, now: Timestamp) -> Result<(), DemoError> {
        self.clock.set(now);
        self.settle().await
    }

    /// Ends the service, with everything switched off: what opens the home later requests nothing by itself.
    pub(crate) async fn close(self) -> Result<()> {
        switch(&self.pipeline, &*self.store, false).await?;
        self.stop().await
    }

    /// Ends the service as it is.
    pub(crate) async fn stop(self) -> Result<()> {
        let _ = self.stop.send(true);
        self.working.await?;
        // The run that was launched last still writes.
        drop(self.going_on.write().await);
        self.store.close().await;
        drop(self.home);
        Ok(())
    }

    /// Waits until all loops have ticked and all runs have ended, and again until that creates no new runs.
    async fn settle(&self) -> Result<(), DemoError> {
        let began = Instant::now();
        let stuck = |problem: String| DemoError::Stuck { at: self.clock.now(), problem };
        let mut newest = None;
        loop {
            self.all_loops_tick(began).await?;
            let (active, last) = self.runs().await.map_err(|error| stuck(error.to_string()))?;
            if active == 0 && newest == Some(last) {
                return Ok(());
            }
            newest = Some(last);
            if began.elapsed() > PATIENCE {
                return Err(stuck(format!("{active} runs are in progress")));
            }
        }
    }

    /// Waits until each loop has begun and ended a tick.
    async fn all_loops_tick(&self, began: Instant) -> Result<(), DemoError> {
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
                let loops = self.daemon.metrics().loops();
                let failing = loops
                    .iter()
                    .filter_map(|(name, metrics)| Some(format!("{name:?}: {}", metrics.error.as_ref()?)));
                let problem = format!("a loop doesn't tick: {}", failing.collect::<Vec<_>>().join("; "));
                return Err(DemoError::Stuck { at: self.clock.now(), problem });
            }
        }
    }

    /// How many runs are in progress or may start, and the newest run.
    async fn runs(&self) -> Result<(usize, Option<RunId>), millwork_storage::StorageError> {
        let now = self.clock.now();
        let statuses = vec![RunStatus::Queued, RunStatus::Running, RunStatus::Canceling];
        let mut active = self.store.runs(RunQuery { statuses, ..RunQuery::default() }).await?;
        active.retain(|run| run.status != RunStatus::Queued || run.not_before.is_none_or(|at| at <= now));
        let newest = self.store.runs(RunQuery { limit: Some(1), ..RunQuery::default() }).await?;
        Ok((active.len(), newest.first().map(|run| run.id)))
    }
}

/// Switches everything that requests runs by itself on or off.
async fn switch(pipeline: &Pipeline, store: &dyn Store, on: bool) -> Result<()> {
    let schedules = pipeline.schedules().iter().map(|schedule| Instigator::Schedule(schedule.name.clone()));
    let sensors = pipeline.sensors().iter().map(|sensor| Instigator::Sensor(sensor.name.clone()));
    let all = schedules.chain(sensors).chain([Instigator::Automation(None)]);
    for instigator in all {
        store.switch(&instigator, Some(on), pipeline.switched_cursor(&instigator)).await?;
    }
    Ok(())
}

/// Runs that were interrupted go on, at once and however often that happens: a training that stays lost would leave the job without a model.
fn lost_runs_go_on() -> RunRetries {
    let at_once = Retry::constant(u32::MAX, Duration::ZERO);
    RunRetries::of(0, [FailureClass::Lost]).retry(at_once)
}

/// When the last event was recorded.
async fn last_event(store: &dyn Store) -> Result<Option<Timestamp>> {
    let query = EventQuery { order: Order::NewestFirst, limit: Some(1), ..EventQuery::default() };
    Ok(store.events(query).await?.first().map(|event| event.at))
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
