//! One life of a daemon: it drives the clock through hours of virtual time, until the end of its share or until it is killed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use jiff::{SignedDuration, Timestamp};
use millwork_core::run::{RunId, RunStatus};
use millwork_core::{BoxError, BoxFuture, Clock as _, Pipeline};
use millwork_daemon::{Daemon, DaemonOptions, InProcessLauncher, Launcher, LoopName, ProcessLauncher};
use millwork_engine::{Cancel, Engine, EngineOptions};
use millwork_storage::{DeliveryState, Home, RunQuery, RunRecord, Store};
use tokio::sync::{RwLock, watch};

use crate::clock::FileClock;
use crate::folder::Folder;
use crate::journal::{Entry, Journal};
use crate::pipeline;

/// The poll interval of the daemon's loops.
const POLL_INTERVAL: Duration = Duration::from_millis(2);
/// The pause in real time after a step in which a loop failed.
const AFTER_TROUBLE: Duration = Duration::from_millis(50);
/// The virtual time between two checks of alerts that are being delivered.
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(5);
/// When the schedules of the reference job can be due.
const TICK: i64 = 600;
/// The loops that tick as soon as they are woken: all except retention.
const WOKEN: [LoopName; 12] = [
    LoopName::Alerts,
    LoopName::Approvals,
    LoopName::Automation,
    LoopName::ClockWatch,
    LoopName::Deliveries,
    LoopName::RunMonitor,
    LoopName::RunQueue,
    LoopName::RunRetries,
    LoopName::Schedules,
    LoopName::Sensors,
    LoopName::Shadow,
    LoopName::Traces,
];
/// The time limit of a step in real time, on a machine however busy.
const PATIENCE: Duration = Duration::from_secs(300);

/// The parameters of one life.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    pub(crate) folder: Folder,
    pub(crate) receiver: String,
    /// The virtual time since the beginning at which the life ends.
    pub(crate) until: Duration,
    /// Whether runs are launched as processes.
    pub(crate) launches_processes: bool,
    /// Whether the wall clock isn't set.
    pub(crate) is_steady: bool,
}

struct Living {
    clock: Arc<FileClock>,
    journal: Arc<Journal>,
    daemon: Daemon,
    store: Arc<dyn Store>,
    folder: Folder,
}

/// Runs the life.
pub(crate) async fn live(life: Life) -> Result<()> {
    let clock = FileClock::read(&life.folder.clock())?;
    let journal = Arc::new(Journal::open(&life.folder.journal())?);
    let pipeline = pipeline::definitions(journal.clone()).resolve()?;
    let home = Home::open(life.folder.home()).await?;
    let store = home.store();
    home.recover(clock.now()).await?;
    let going_on = Arc::new(RwLock::new(()));
    let launcher: Arc<dyn Launcher> = match life.launches_processes {
        true => Arc::new(ProcessLauncher::new(std::env::current_exe()?, &home)?),
        false => Arc::new(in_process(&home, engine(&pipeline, &home, &clock), going_on.clone())),
    };
    let receiver = life.receiver.clone();
    let environment = move |name: &str| (name == pipeline::RECEIVER).then(|| receiver.clone());
    let daemon = Daemon::new(pipeline, home, launcher, Arc::new(|event| println!("{event}")))
        .options(DaemonOptions {
            clock: clock.clone(),
            poll_interval: POLL_INTERVAL,
            ..DaemonOptions::default()
        })
        .environment(Arc::new(environment));
    let (stop, stopped) = watch::channel(false);
    let working = tokio::spawn({
        let daemon = daemon.clone();
        async move { daemon.run(stopped).await }
    });
    let living = Living { clock, journal, daemon, store, folder: life.folder.clone() };
    std::fs::write(living.folder.has_begun(), "")?;
    // Each loop has to tick once before time passes.
    living.settle().await?;
    while living.clock.time().passed < life.until {
        living.step(life.is_steady).await?;
    }
    if life.is_steady {
        living.deliver().await?;
    }
    stop.send(true)?;
    working.await?;
    // The run that was launched last still writes.
    drop(going_on.write().await);
    living.store.close().await;
    Ok(())
}

/// Executes a run, as the process that a daemon has launched for it.
pub(crate) async fn execute(home: &std::path::Path, run: &str) -> Result<()> {
    let Some(folder) = Folder::of_home(home) else { bail!("the home is in no folder of a soak") };
    let clock = FileClock::read(&folder.clock())?;
    let journal = Arc::new(Journal::open(&folder.journal())?);
    journal.add(&Entry::Process)?;
    let pipeline = pipeline::definitions(journal).resolve()?;
    let home = Home::open(home).await?;
    let run: RunId = run.parse()?;
    engine(&pipeline, &home, &clock).execute(run, &Cancel::default(), Arc::new(|_| {})).await?;
    home.store().close().await;
    Ok(())
}

fn engine(pipeline: &Pipeline, home: &Home, clock: &Arc<FileClock>) -> Engine {
    let options = EngineOptions { clock: clock.clone(), ..EngineOptions::default() };
    Engine::new(pipeline.clone(), home.store(), &home.values_path(), home.holder().clone()).options(options)
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

impl Living {
    /// Lets some time pass, and waits until all work that is due then is done.
    async fn step(&self, is_steady: bool) -> Result<()> {
        let jumped = !is_steady && self.jump()?;
        let from = self.clock.now();
        self.clock.advance(until_next(from))?;
        let has_room = || !self.folder.ballast().exists();
        let had_room = has_room();
        let is_well = self.settle().await? && had_room && has_room();
        let time = self.clock.time();
        if !is_well {
            self.clock.distrust()?;
            // Otherwise a day would pass before there is room again.
            tokio::time::sleep(AFTER_TROUBLE).await;
        } else if time.is_right() && from >= time.trusted_from && !jumped {
            self.journal.add(&Entry::Calm { from, to: time.wall })?;
        }
        Ok(())
    }

    /// Lets time pass until no alert is being delivered, which may need another attempt.
    async fn deliver(&self) -> Result<()> {
        let began = Instant::now();
        loop {
            let pending = self.store.deliveries(Some(DeliveryState::Pending), u32::MAX).await?;
            if pending.is_empty() {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                bail!("alerts are still pending: {pending:#?}");
            }
            self.clock.advance(BETWEEN_ATTEMPTS)?;
            self.settle().await?;
        }
    }

    /// Sets the wall clock to another time now and then, and back to the right one some steps later.
    fn jump(&self) -> Result<bool> {
        let time = self.clock.time();
        let by = match (time.is_right(), fastrand::u32(..400)) {
            (true, 0) => SignedDuration::from_hours(24 * 365),
            (true, 1..3) => SignedDuration::from_mins(fastrand::i64(1..180)),
            (true, 3..5) => SignedDuration::from_mins(-fastrand::i64(1..180)),
            (false, 0..80) => -time.ahead,
            _ => return Ok(false),
        };
        self.journal.add(&Entry::Jump { seconds: by.as_secs() })?;
        self.clock.jump(by)?;
        Ok(true)
    }

    /// Waits until all loops have ticked and all runs have ended, and again until that creates no new runs. Returns whether no loop failed.
    async fn settle(&self) -> Result<bool> {
        let began = Instant::now();
        let mut newest = None;
        loop {
            self.all_loops_tick().await?;
            let is_well = self.daemon.metrics().loops().values().all(|metrics| metrics.error.is_none());
            // On a full disk, runs in progress can't end.
            let Ok((active, last)) = self.runs().await else { return Ok(false) };
            if !is_well {
                return Ok(false);
            }
            if active.is_empty() && newest == Some(last) {
                return Ok(true);
            }
            newest = Some(last);
            if began.elapsed() > PATIENCE {
                bail!("nothing settles: {active:#?}, {:#?}", self.daemon.metrics().loops());
            }
        }
    }

    /// Waits until each loop has begun and ended a tick. One that has no metrics is in its first.
    async fn all_loops_tick(&self) -> Result<()> {
        let ticks = || {
            let loops = self.daemon.metrics().loops();
            WOKEN.map(|name| loops.get(&name).map_or(0, |metrics| metrics.ticks))
        };
        let (began, before) = (Instant::now(), ticks());
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

    /// The runs that are in progress or may start, and the newest run.
    async fn runs(&self) -> Result<(Vec<RunRecord>, Option<RunId>)> {
        let now = self.clock.now();
        let statuses = vec![RunStatus::Queued, RunStatus::Running, RunStatus::Canceling];
        let mut active = self.store.runs(RunQuery { statuses, ..RunQuery::default() }).await?;
        active.retain(|run| run.status != RunStatus::Queued || run.not_before.is_none_or(|at| at <= now));
        let newest = self.store.runs(RunQuery { limit: Some(1), ..RunQuery::default() }).await?;
        Ok((active, newest.first().map(|run| run.id)))
    }
}

/// The time until shortly after the next moment at which schedules may be due, or until a random moment before it.
fn until_next(now: Timestamp) -> Duration {
    let second = now.as_second();
    let to_tick = TICK - second.rem_euclid(TICK);
    let seconds = match fastrand::u8(..4) {
        0 => fastrand::i64(1..=to_tick),
        _ => to_tick + fastrand::i64(0..30),
    };
    Duration::from_secs(seconds.unsigned_abs())
}
