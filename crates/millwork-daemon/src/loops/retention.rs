//! Retention: removes what the rules don't keep, in intervals.
//!
//! Removed data doesn't come back, so the wall clock has to be trusted first. If it is more than a day off the last stored time, or was set
//! by more than a day, it has to run steadily for a day before anything is removed.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use millwork_core::{Clock, Pipeline, Retention};
use millwork_engine::{ObjectStoreIo, Values, forget_values};
use millwork_storage::{EventQuery, Home, Order};

use crate::activation::Activation;
use crate::daemon_loop::{DaemonLoop, NextTick};
use crate::error::DaemonError;
use crate::event::{DaemonEvent, Observer};
use crate::loop_name::LoopName;
use crate::metrics::DaemonMetrics;

/// The poll interval.
const POLL_INTERVAL: Duration = Duration::from_secs(3600);

/// The maximum difference between the wall clock and what it is compared with for it to be trusted.
const TRUSTED: SignedDuration = SignedDuration::from_hours(24);
/// How long it has to run steadily otherwise.
const PROBATION: Duration = Duration::from_secs(24 * 3600);

/// Removes what the rules don't keep.
pub(crate) struct RetentionRules {
    pub(crate) pipeline: Pipeline,
    pub(crate) home: Home,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: DaemonMetrics,
    pub(crate) observer: Observer,
    /// From when on the clock is trusted, by the steady clock; `None` before the first comparison.
    pub(crate) trusted_from: Option<Duration>,
}

impl DaemonLoop for RetentionRules {
    const NAME: LoopName = LoopName::Retention;
    // Requests, reports and switches don't age anything.
    const WOKEN_BY: &'static [Activation] = &[];

    fn poll_interval(&self) -> Duration {
        POLL_INTERVAL
    }

    async fn tick(&mut self) -> Result<NextTick, DaemonError> {
        let (rules, now) = (self.pipeline.retention(), self.clock.now());
        if rules == Retention::new() {
            return Ok(NextTick::Poll);
        }
        let steady = self.clock.steady();
        if self.trusted_from(now).await? > steady {
            return Ok(NextTick::Poll);
        }
        let store = self.home.store();
        let forgotten = store.forget(&rules, now).await?;
        let mut values = 0;
        if let Some(kept) = rules.values {
            let folder = ObjectStoreIo::folder(&self.home.values_path());
            let named = self.pipeline.io_managers().clone();
            let stored = Values::new(store.clone(), Arc::new(folder), named);
            values = forget_values(&*store, &stored, kept, now).await?.values;
        }
        let (events, runs, ticks) = (forgotten.events, forgotten.runs, forgotten.ticks);
        if events + runs + ticks + values > 0 {
            (self.observer)(&DaemonEvent::Forgotten { events, runs, ticks, values });
        }
        Ok(NextTick::Poll)
    }
}

impl RetentionRules {
    /// From when on the wall clock is trusted, by the steady clock.
    async fn trusted_from(&mut self, now: Timestamp) -> Result<Duration, DaemonError> {
        let trusted_from = match self.trusted_from {
            Some(known) => known,
            None if self.agrees(now).await? => Duration::ZERO,
            None => {
                (self.observer)(&DaemonEvent::RetentionWaits);
                self.clock.steady() + PROBATION
            }
        };
        let jump = self.metrics.last_jump().filter(|jump| jump.by.abs() > TRUSTED);
        let after_jump = jump.map_or(Duration::ZERO, |jump| jump.steady + PROBATION);
        if after_jump > trusted_from {
            (self.observer)(&DaemonEvent::RetentionWaits);
        }
        Ok(*self.trusted_from.insert(trusted_from.max(after_jump)))
    }

    /// Whether the wall clock agrees with the last stored time.
    async fn agrees(&self, now: Timestamp) -> Result<bool, DaemonError> {
        let newest = EventQuery { order: Order::NewestFirst, limit: Some(1), ..EventQuery::default() };
        let newest = self.home.store().events(newest).await?;
        Ok(newest.first().is_none_or(|event| now.duration_since(event.at).abs() <= TRUSTED))
    }
}

#[cfg(test)]
mod tests {
    use millwork_core::event::{EventBody, NewEvent};
    use millwork_core::run::RunId;
    use millwork_core::run::RunRequest;
    use millwork_core::{AssetDefinition, Clock as _, Definitions, TestClock};
    use millwork_storage::{Batch, Claim, NewRun, RunQuery};

    use super::*;
    use crate::daemon::{Daemon, DaemonOptions};
    use crate::launcher::fake::FakeLauncher;

    fn hours(hours: i64) -> SignedDuration {
        SignedDuration::from_hours(hours)
    }

    /// A daemon of a home in which one run ended two days ago, and of which runs are kept for ten days.
    async fn daemon(folder: &std::path::Path, clock: &Arc<TestClock>) -> Daemon {
        let asset = AssetDefinition::new("asset").produces::<u32, _>().blocking(|_| Ok(1_u32));
        let retention = Retention::new().runs(Duration::from_secs(10 * 24 * 3600));
        let pipeline = Definitions::new().asset(asset).retention(retention).resolve().expect("definitions");
        let home = Home::open(folder).await.expect("a home");
        let (id, at, holder) = (RunId::new(clock.now()), clock.now(), home.holder().clone());
        let store = home.store();
        store
            .create_run(NewRun { id, request: RunRequest::default(), at, lease: None })
            .await
            .expect("a run");
        let fence = store
            .claim(Claim { run: id, holder, now: at, until: at, resumes: false })
            .await
            .expect("a claim");
        let events = vec![NewEvent::of_run(id, at, EventBody::RunSucceeded)];
        store.append(Batch { fence: Some(fence), events }).await.expect("its end");
        let options = DaemonOptions { clock: clock.clone(), ..DaemonOptions::default() };
        let launcher = Arc::new(FakeLauncher::default());
        Daemon::new(pipeline, home, launcher, Arc::new(|_| {})).options(options)
    }

    #[tokio::test]
    async fn a_clock_that_is_ahead_forgets_nothing() {
        let folder = millwork_testing::folder();
        let clock = Arc::new(TestClock::at("2026-05-01T00:00:00Z".parse().expect("an instant")));
        let daemon = daemon(folder.path(), &clock).await;
        let (mut retention, mut watch) = (daemon.retention(), daemon.clock_watch());
        let mut runs = async |jump: SignedDuration, passed: SignedDuration| {
            clock.jump(jump);
            clock.advance(passed);
            watch.tick().await.expect("a tick");
            retention.tick().await.expect("a tick");
            daemon.store.runs(RunQuery::default()).await.expect("runs").len()
        };
        assert_eq!(runs(hours(0), hours(1)).await, 1);
        assert_eq!(runs(hours(365 * 24), hours(1)).await, 1, "it was set a year forward");
        assert_eq!(runs(hours(0), hours(22)).await, 1);
        assert_eq!(runs(-hours(365 * 24), hours(1)).await, 1, "and back");
        assert_eq!(runs(hours(0), hours(8 * 24)).await, 1);
        assert_eq!(runs(hours(0), hours(24)).await, 0, "now it is old");
    }

    #[tokio::test]
    async fn a_daemon_that_begins_with_a_wrong_clock_forgets_nothing() {
        let folder = millwork_testing::folder();
        let clock = Arc::new(TestClock::at("2026-05-01T00:00:00Z".parse().expect("an instant")));
        let daemon = daemon(folder.path(), &clock).await;
        clock.jump(hours(365 * 24));
        let mut retention = daemon.retention();
        for (passed, left) in [(0, 1), (23, 1), (2, 0)] {
            clock.advance(hours(passed));
            retention.tick().await.expect("a tick");
            assert_eq!(daemon.store.runs(RunQuery::default()).await.expect("runs").len(), left, "{passed}");
        }
    }
}
