//! The daemon: its dependencies, and its loops from start to stop.
//!
//! This is the one place that knows all loops. It constructs each with its dependencies, lets all of them store their initial cursors
//! before anything is launched, and hands them to the driver.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use millwork_core::advice::one_line_of;
use millwork_core::alert::AlertRules;
use millwork_core::{Clock, Pipeline, QueueLimits, SystemClock};
use millwork_engine::{Engine, EngineOptions};
use millwork_storage::{Home, Store};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::activation::Activations;
use crate::driver::Driver;
use crate::evaluation_context::EvaluationContext;
use crate::event::{DaemonEvent, Observer};
use crate::functions::Functions;
use crate::launcher::Launcher;
use crate::loops::alerts::Alerts;
use crate::loops::approvals::Approvals;
use crate::loops::automation::Conditions;
use crate::loops::backfills::Backfills;
use crate::loops::clock_watch::ClockWatch;
use crate::loops::deliveries::{Deliveries, Sender};
use crate::loops::monitor::RunMonitor;
use crate::loops::queue::{Launches, RunQueue};
use crate::loops::retention::RetentionRules;
use crate::loops::retries::RunRetries;
use crate::loops::schedules::Schedules;
use crate::loops::sensors::Sensors;
use crate::loops::shadow::Trials;
use crate::loops::traces::Traces;
use crate::metrics::DaemonMetrics;
use crate::pauses::Pauses;
use crate::send::Environment;
use crate::stopwatch::Stopwatch;
use crate::supervised_runs::SupervisedRuns;
use crate::variables;

/// Evaluates schedules, sensors and automation, launches requested runs, and detects dead ones, until it is stopped. Clones are the same
/// daemon.
#[derive(Clone)]
pub struct Daemon {
    pub(crate) pipeline: Pipeline,
    pub(crate) home: Home,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) launcher: Arc<dyn Launcher>,
    pub(crate) options: DaemonOptions,
    observer: Observer,
    environment: Arc<Environment>,
    /// The threads on which functions of the definitions are called.
    pub(crate) functions: Functions,
    metrics: DaemonMetrics,
    activations: Activations,
    supervised: SupervisedRuns,
    /// Notified from outside when the store was written to.
    outside: Arc<Notify>,
}

/// The options of a daemon.
#[derive(Clone, Debug)]
pub struct DaemonOptions {
    /// The maximum number of runs that are executed at a time.
    pub queue: QueueLimits,
    /// The poll interval: how often loops query the store if no activation wakes them. Loops whose work comes from runs of this daemon,
    /// which wake them when they end, poll five times less often.
    pub poll_interval: Duration,
    /// The source of the current time.
    pub clock: Arc<dyn Clock>,
}

impl Default for DaemonOptions {
    fn default() -> Self {
        let poll_interval = Duration::from_millis(200);
        Self { queue: QueueLimits::default(), poll_interval, clock: Arc::new(SystemClock) }
    }
}

impl DaemonOptions {
    fn slow_poll_interval(&self) -> Duration {
        self.poll_interval * 5
    }
}

impl Daemon {
    /// A daemon for a pipeline in a home, with the queue limits of its definitions and a launcher that executes runs.
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
            environment: Arc::new(variables::process_variable),
            functions: Functions::default(),
            metrics: DaemonMetrics::default(),
            activations: Activations::default(),
            supervised: SupervisedRuns::default(),
            outside: Arc::default(),
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

    /// Notify this after writing to the store, to wake the loops. Use `notify_waiters`, since every listener has to hear it.
    pub fn wake(&self) -> Arc<Notify> {
        self.outside.clone()
    }

    /// The metrics of its loops.
    pub fn metrics(&self) -> DaemonMetrics {
        self.metrics.clone()
    }

    /// Works until `stop` becomes true. Runs that were launched go on; the next daemon supervises them.
    pub async fn run(&self, stop: watch::Receiver<bool>) {
        let driver = Driver {
            activations: self.activations.clone(),
            metrics: self.metrics.clone(),
            clock: self.options.clock.clone(),
            observer: self.observer.clone(),
            stop,
        };
        let (mut alerts, mut retries, mut traces) = (self.alerts(), self.run_retries(), self.traces());
        let (mut sensors, mut schedules) = (self.sensors(), self.schedules());
        let (mut conditions, mut monitor) = (self.automation(), self.run_monitor());
        driver.begin(&mut alerts).await;
        driver.begin(&mut retries).await;
        driver.begin(&mut traces).await;
        driver.begin(&mut sensors).await;
        driver.begin(&mut schedules).await;
        driver.begin(&mut conditions).await;
        driver.begin(&mut monitor).await;
        // Commands and pages that explain why runs wait read these limits there.
        let announced = self.home.announce_daemon(&self.options.queue);
        if let Err(error) = &announced {
            (self.observer)(&DaemonEvent::Unannounced { error: one_line_of(error) });
        }
        let mut loops = JoinSet::new();
        loops.spawn(driver.clone().listen(self.outside.clone()));
        loops.spawn(driver.clone().drive(self.clock_watch()));
        loops.spawn(driver.clone().drive(schedules));
        loops.spawn(driver.clone().drive(sensors));
        loops.spawn(driver.clone().drive(conditions));
        loops.spawn(driver.clone().drive(self.run_queue()));
        loops.spawn(driver.clone().drive(self.backfills()));
        loops.spawn(driver.clone().drive(retries));
        loops.spawn(driver.clone().drive(self.approvals()));
        loops.spawn(driver.clone().drive(self.trials()));
        loops.spawn(driver.clone().drive(self.retention()));
        loops.spawn(driver.clone().drive(alerts));
        loops.spawn(driver.clone().drive(self.deliveries()));
        loops.spawn(driver.clone().drive(traces));
        loops.spawn(driver.drive(monitor));
        loops.join_all().await;
        self.functions.stop().await;
    }

    fn evaluation_context(&self) -> EvaluationContext {
        EvaluationContext {
            pipeline: self.pipeline.clone(),
            store: self.store.clone(),
            clock: self.options.clock.clone(),
            observer: self.observer.clone(),
            functions: self.functions.clone(),
            activations: self.activations.clone(),
        }
    }

    pub(crate) fn clock_watch(&self) -> ClockWatch {
        ClockWatch {
            clock: self.options.clock.clone(),
            metrics: self.metrics.clone(),
            observer: self.observer.clone(),
            activations: self.activations.clone(),
            before: None,
        }
    }

    pub(crate) fn schedules(&self) -> Schedules {
        Schedules {
            context: self.evaluation_context(),
            metrics: self.metrics.clone(),
            timetables: BTreeMap::new(),
            under_way: HashMap::new(),
        }
    }

    pub(crate) fn sensors(&self) -> Sensors {
        Sensors {
            context: self.evaluation_context(),
            poll_interval: self.options.poll_interval,
            under_way: HashMap::new(),
            asked_at: HashMap::new(),
        }
    }

    pub(crate) fn automation(&self) -> Conditions {
        Conditions {
            pipeline: self.pipeline.clone(),
            store: self.store.clone(),
            clock: self.options.clock.clone(),
            observer: self.observer.clone(),
            activations: self.activations.clone(),
            poll_interval: self.options.slow_poll_interval(),
            state: None,
        }
    }

    pub(crate) fn backfills(&self) -> Backfills {
        Backfills {
            pipeline: self.pipeline.clone(),
            store: self.store.clone(),
            clock: self.options.clock.clone(),
            observer: self.observer.clone(),
            activations: self.activations.clone(),
            poll_interval: self.options.slow_poll_interval(),
        }
    }

    pub(crate) fn run_queue(&self) -> RunQueue {
        RunQueue {
            pipeline: self.pipeline.clone(),
            limits: self.options.queue.clone(),
            store: self.store.clone(),
            launcher: self.launcher.clone(),
            home: self.home.clone(),
            holder: self.home.holder().clone(),
            clock: self.options.clock.clone(),
            observer: self.observer.clone(),
            activations: self.activations.clone(),
            supervised: self.supervised.clone(),
            poll_interval: self.options.poll_interval,
            launches: Launches::default(),
        }
    }

    pub(crate) fn run_retries(&self) -> RunRetries {
        RunRetries {
            pipeline: self.pipeline.clone(),
            store: self.store.clone(),
            clock: self.options.clock.clone(),
            observer: self.observer.clone(),
            activations: self.activations.clone(),
            poll_interval: self.options.slow_poll_interval(),
        }
    }

    pub(crate) fn run_monitor(&self) -> RunMonitor {
        RunMonitor {
            pipeline: self.pipeline.clone(),
            home: self.home.clone(),
            store: self.store.clone(),
            launcher: self.launcher.clone(),
            clock: self.options.clock.clone(),
            observer: self.observer.clone(),
            activations: self.activations.clone(),
            supervised: self.supervised.clone(),
            times: Stopwatch::default(),
        }
    }

    pub(crate) fn retention(&self) -> RetentionRules {
        RetentionRules {
            pipeline: self.pipeline.clone(),
            home: self.home.clone(),
            clock: self.options.clock.clone(),
            metrics: self.metrics.clone(),
            observer: self.observer.clone(),
            trusted_from: None,
        }
    }

    pub(crate) fn alerts(&self) -> Alerts {
        let (rules, graph) = (self.pipeline.alerts(), self.pipeline.graph());
        let url = (self.environment)(variables::PAGES);
        Alerts {
            rules: AlertRules::new(rules, graph, url.as_deref()),
            pipeline: self.pipeline.clone(),
            store: self.store.clone(),
            clock: self.options.clock.clone(),
            environment: self.environment.clone(),
            metrics: self.metrics.clone(),
            observer: self.observer.clone(),
            activations: self.activations.clone(),
            poll_interval: self.options.slow_poll_interval(),
            statuses: None,
            looked_at: None,
        }
    }

    pub(crate) fn approvals(&self) -> Approvals {
        Approvals {
            pipeline: self.pipeline.clone(),
            store: self.store.clone(),
            clock: self.options.clock.clone(),
            observer: self.observer.clone(),
            activations: self.activations.clone(),
            poll_interval: self.options.slow_poll_interval(),
            limits: Pauses::default(),
        }
    }

    pub(crate) fn trials(&self) -> Trials {
        let (pipeline, store) = (self.pipeline.clone(), self.store.clone());
        let engine = Engine::new(pipeline, store, &self.home.values_path(), self.home.holder().clone());
        let options = EngineOptions { clock: self.options.clock.clone(), ..EngineOptions::default() };
        Trials {
            engine: engine.options(options),
            pipeline: self.pipeline.clone(),
            store: self.store.clone(),
            observer: self.observer.clone(),
            functions: self.functions.clone(),
            activations: self.activations.clone(),
            poll_interval: self.options.slow_poll_interval(),
        }
    }

    pub(crate) fn deliveries(&self) -> Deliveries {
        let sender = Sender {
            pipeline: self.pipeline.clone(),
            store: self.store.clone(),
            clock: self.options.clock.clone(),
            environment: self.environment.clone(),
            observer: self.observer.clone(),
            activations: self.activations.clone(),
        };
        let poll_interval = self.options.slow_poll_interval();
        Deliveries { sender, poll_interval, lanes: Arc::default(), pauses: Pauses::default() }
    }

    pub(crate) fn traces(&self) -> Traces {
        Traces {
            store: self.store.clone(),
            observer: self.observer.clone(),
            environment: self.environment.clone(),
        }
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
