//! The daemon: its loops, from start to stop.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use millwork_core::advice::one_line_of;
use millwork_core::run::RunId;
use millwork_core::{Clock, Pipeline, QueueLimits, SystemClock};
use millwork_storage::{Home, Store};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::functions::Functions;
use crate::loops::alerts::Alerts;
use crate::loops::automation::Conditions;
use crate::loops::clock_watch::ClockWatch;
use crate::loops::deliveries::Deliveries;
use crate::loops::monitor::Monitor;
use crate::loops::queue::Queue;
use crate::loops::retention::RetentionRules;
use crate::loops::retries::Retries;
use crate::loops::schedules::Schedules;
use crate::loops::sensors::Sensors;
use crate::loops::traces::Traces;
use crate::{DaemonError, DaemonEvent, DaemonMetrics, Environment, Launcher, Observer};

/// One of the daemon's loops.
pub(crate) trait Loop: Send + 'static {
    /// Whether its rest ends when there is something new in the store.
    const IS_WOKEN: bool = true;

    /// What it looks after.
    fn name(&self) -> &'static str;

    /// Does what is to be done now, and says how long to rest.
    fn turn(&mut self, daemon: &Daemon) -> impl Future<Output = Result<Duration, DaemonError>> + Send;

    /// Writes down where it begins to look, if it never has: what happens from then on is seen, however early this daemon
    /// ends. Nothing is launched before.
    fn begin(&mut self, daemon: &Daemon) -> impl Future<Output = Result<(), DaemonError>> + Send {
        let _ = daemon;
        std::future::ready(Ok(()))
    }

    /// Returns when there is something to do before the rest is over.
    fn disturbed(&mut self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

/// How long a loop rests after it failed.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);

/// Keeps schedules, launches requested runs, and notices dead ones, until it is told to stop.
#[derive(Clone)]
pub struct Daemon {
    pub(crate) pipeline: Pipeline,
    pub(crate) home: Home,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) launcher: Arc<dyn Launcher>,
    pub(crate) options: DaemonOptions,
    pub(crate) observer: Observer,
    /// The runs that this daemon has launched and not settled yet.
    pub(crate) launched: Arc<Mutex<BTreeSet<RunId>>>,
    /// The runs that an earlier daemon has launched and that went on when this one began.
    pub(crate) inherited: Arc<Mutex<BTreeSet<RunId>>>,
    pub(crate) pulse: DaemonMetrics,
    /// The threads on which functions of the definitions are called.
    pub(crate) functions: Functions,
    pub(crate) environment: Arc<Environment>,
    wake: Arc<Notify>,
}

/// How a daemon works.
#[derive(Clone, Debug)]
pub struct DaemonOptions {
    /// How many runs go on at a time.
    pub queue: QueueLimits,
    /// How often the store is asked what is new.
    pub beat: Duration,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Default for DaemonOptions {
    fn default() -> Self {
        Self { queue: QueueLimits::default(), beat: Duration::from_millis(200), clock: Arc::new(SystemClock) }
    }
}

impl DaemonOptions {
    /// How often loops look whose news comes from runs of this daemon, which wake them when they end.
    pub(crate) fn slow_beat(&self) -> Duration {
        self.beat * 5
    }
}

impl Daemon {
    /// A daemon for a pipeline in a home, with the queue limits of its definitions.
    pub fn new(pipeline: Pipeline, home: Home, launcher: Arc<dyn Launcher>, observer: Observer) -> Self {
        let store = home.store();
        let queue = pipeline.queue();
        Self {
            pipeline,
            home,
            store,
            launcher,
            options: DaemonOptions { queue, ..DaemonOptions::default() },
            observer,
            launched: Arc::default(),
            inherited: Arc::default(),
            pulse: DaemonMetrics::default(),
            functions: Functions::default(),
            environment: Arc::new(|name| std::env::var(name).ok().filter(|value| !value.is_empty())),
            wake: Arc::default(),
        }
    }

    /// The same daemon with other options.
    #[must_use]
    pub fn options(self, options: DaemonOptions) -> Self {
        Self { options, ..self }
    }

    /// The same daemon with other environment variables, from which destinations of alerts take their secrets.
    #[must_use]
    pub fn environment(self, environment: Arc<Environment>) -> Self {
        Self { environment, ..self }
    }

    /// Whoever has written something that is to be done at once notifies this.
    pub fn wake(&self) -> Arc<Notify> {
        self.wake.clone()
    }

    /// What its loops have done.
    pub fn pulse(&self) -> DaemonMetrics {
        self.pulse.clone()
    }

    /// Works until `stop` says so. Runs that were launched go on; the next daemon looks after them.
    pub async fn run(&self, stop: watch::Receiver<bool>) {
        let (mut schedules, mut sensors) = (Schedules::default(), Sensors::default());
        let (mut conditions, mut alerts) = (Conditions::default(), Alerts::default());
        let (mut retries, mut traces, mut monitor) = (Retries, Traces, Monitor::default());
        self.begin(&mut alerts, &stop).await;
        self.begin(&mut retries, &stop).await;
        self.begin(&mut traces, &stop).await;
        self.begin(&mut sensors, &stop).await;
        self.begin(&mut schedules, &stop).await;
        self.begin(&mut conditions, &stop).await;
        self.begin(&mut monitor, &stop).await;
        // Those who explain why runs wait read there by which limits they are launched.
        let announced = self.home.announce_daemon(&self.options.queue);
        if let Err(error) = &announced {
            self.tell(&DaemonEvent::Trouble { of: "announcing the daemon", error: one_line_of(error) });
        }
        let mut loops = JoinSet::new();
        loops.spawn(self.clone().keep(ClockWatch::default(), stop.clone()));
        loops.spawn(self.clone().keep(schedules, stop.clone()));
        loops.spawn(self.clone().keep(sensors, stop.clone()));
        loops.spawn(self.clone().keep(conditions, stop.clone()));
        loops.spawn(self.clone().keep(Queue::default(), stop.clone()));
        loops.spawn(self.clone().keep(retries, stop.clone()));
        loops.spawn(self.clone().keep(RetentionRules::default(), stop.clone()));
        loops.spawn(self.clone().keep(alerts, stop.clone()));
        loops.spawn(self.clone().keep(Deliveries::default(), stop.clone()));
        loops.spawn(self.clone().keep(traces, stop.clone()));
        loops.spawn(self.clone().keep(monitor, stop));
        loops.join_all().await;
        self.functions.stop().await;
    }

    /// Lets a loop write down where it begins, and tries again until it has.
    async fn begin(&self, work: &mut impl Loop, stop: &watch::Receiver<bool>) {
        let mut stop = stop.clone();
        while !*stop.borrow() {
            let Err(error) = work.begin(self).await else { return };
            self.tell(&DaemonEvent::Trouble { of: work.name(), error: one_line_of(&error) });
            tokio::select! {
                () = sleep(AFTER_TROUBLE) => {}
                changed = stop.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Does a loop's work again and again, each time after the rest that it asks for.
    async fn keep<L: Loop>(self, mut work: L, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let began = Instant::now();
            let turned = work.turn(&self).await;
            let trouble = turned.as_ref().err().map(|error| one_line_of(error));
            self.pulse.turned(work.name(), began.elapsed(), trouble.clone(), self.options.clock.now());
            if let Some(error) = trouble {
                self.tell(&DaemonEvent::Trouble { of: work.name(), error });
            }
            let rest = turned.unwrap_or(AFTER_TROUBLE);
            tokio::select! {
                () = sleep(rest) => {}
                () = self.wake.notified(), if L::IS_WOKEN => {}
                () = work.disturbed() => {}
                changed = stop.changed() => if changed.is_err() { return },
            }
        }
    }

    pub(crate) fn launched(&self) -> MutexGuard<'_, BTreeSet<RunId>> {
        // Every change is one insertion or removal, so a panic elsewhere leaves nothing half-done.
        self.launched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn inherited(&self) -> MutexGuard<'_, BTreeSet<RunId>> {
        // As above.
        self.inherited.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tell(&self, happening: &DaemonEvent) {
        (self.observer)(happening);
    }
}

impl std::fmt::Debug for Daemon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Daemon")
            .field("home", &self.home.path)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use millwork_core::Definitions;

    use super::*;
    use crate::launcher::fake::FakeLauncher;

    /// Counts its turns, and rests long.
    struct Counting<const WOKEN: bool>(Arc<AtomicUsize>);

    impl<const WOKEN: bool> Loop for Counting<WOKEN> {
        const IS_WOKEN: bool = WOKEN;

        fn name(&self) -> &'static str {
            "counting"
        }

        async fn turn(&mut self, _: &Daemon) -> Result<Duration, DaemonError> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(Duration::from_secs(3600))
        }
    }

    #[tokio::test]
    async fn what_is_new_in_the_store_wakes_the_loops_that_it_concerns() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::open(folder.path()).await.expect("a home");
        let pipeline = Definitions::new().resolve().expect("definitions that fit together");
        let launcher = Arc::new(FakeLauncher::default());
        let daemon = Daemon::new(pipeline, home, launcher, Arc::new(|_| {}));
        let (stop, stopped) = watch::channel(false);
        let (woken, left_alone) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut loops = JoinSet::new();
        loops.spawn(daemon.clone().keep(Counting::<false>(left_alone.clone()), stopped.clone()));
        loops.spawn(daemon.clone().keep(Counting::<true>(woken.clone()), stopped));
        while woken.load(Ordering::SeqCst) < 20 {
            daemon.wake().notify_waiters();
            tokio::task::yield_now().await;
        }
        assert_eq!(left_alone.load(Ordering::SeqCst), 1);
        stop.send(true).expect("loops that listen");
        loops.join_all().await;
    }
}
