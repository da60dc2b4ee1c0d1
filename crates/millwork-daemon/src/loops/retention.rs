//! Retention: what the rules let go is forgotten, now and then.
//!
//! What is forgotten doesn't come back, so the wall clock has to be trusted first. Where it stands more than a day away from
//! what was written last, or was set by more than a day, it has to go on steadily for a day before anything is forgotten.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use millwork_core::Retention;
use millwork_engine::{ObjectStoreIo, Values, forget_values};
use millwork_storage::{EventQuery, Order};

use crate::daemon::Loop;
use crate::{Daemon, DaemonError, DaemonEvent};

/// How often it looks.
const REST: Duration = Duration::from_secs(3600);

/// The wall clock is trusted if it isn't further than this from what it is compared with.
const TRUSTED: SignedDuration = SignedDuration::from_hours(24);
/// For so long it has to go on steadily otherwise.
const PROBATION: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, Default)]
pub(crate) struct RetentionRules {
    /// From when on the clock is trusted, by the steady clock; nothing before the first look.
    trusted_from: Option<Duration>,
}

impl Loop for RetentionRules {
    /// What is requested, reported or switched makes nothing old.
    const IS_WOKEN: bool = false;

    fn name(&self) -> &'static str {
        "retention"
    }

    async fn turn(&mut self, daemon: &Daemon) -> Result<Duration, DaemonError> {
        let (rules, now) = (daemon.pipeline.retention(), daemon.options.clock.now());
        if rules == Retention::new() {
            return Ok(REST);
        }
        let steady = daemon.options.clock.steady();
        if self.trusted_from(daemon, now).await? > steady {
            return Ok(REST);
        }
        let store = &daemon.store;
        let forgotten = store.forget(&rules, now).await?;
        let mut values = 0;
        if let Some(kept) = rules.values {
            let folder = ObjectStoreIo::folder(&daemon.home.values_path());
            let named = daemon.pipeline.io_managers().clone();
            let stored = Values::new(store.clone(), std::sync::Arc::new(folder), named);
            values = forget_values(&**store, &stored, kept, now).await?.values;
        }
        let (events, runs, ticks) = (forgotten.events, forgotten.runs, forgotten.ticks);
        if events + runs + ticks + values > 0 {
            daemon.tell(&DaemonEvent::Forgotten { events, runs, ticks, values });
        }
        Ok(REST)
    }
}

impl RetentionRules {
    /// From when on the wall clock is trusted, by the steady clock.
    async fn trusted_from(&mut self, daemon: &Daemon, now: Timestamp) -> Result<Duration, DaemonError> {
        let trusted_from = match self.trusted_from {
            Some(known) => known,
            None if agrees(daemon, now).await? => Duration::ZERO,
            None => {
                daemon.tell(&DaemonEvent::RetentionWaits);
                daemon.options.clock.steady() + PROBATION
            }
        };
        let jump = daemon.pulse.last_jump().filter(|jump| jump.by.abs() > TRUSTED);
        let after_jump = jump.map_or(Duration::ZERO, |jump| jump.steady + PROBATION);
        if after_jump > trusted_from {
            daemon.tell(&DaemonEvent::RetentionWaits);
        }
        Ok(*self.trusted_from.insert(trusted_from.max(after_jump)))
    }
}

/// Whether the wall clock agrees with what was written last.
async fn agrees(daemon: &Daemon, now: Timestamp) -> Result<bool, DaemonError> {
    let newest = EventQuery { order: Order::NewestFirst, limit: Some(1), ..EventQuery::default() };
    let newest = daemon.store.events(newest).await?;
    Ok(newest.first().is_none_or(|event| now.duration_since(event.at).abs() <= TRUSTED))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use millwork_core::event::{EventBody, NewEvent};
    use millwork_core::run::RunId;
    use millwork_core::run::RunRequest;
    use millwork_core::{AssetDefinition, Clock as _, Definitions, TestClock};
    use millwork_storage::{Batch, Claim, Home, NewRun, RunQuery};

    use super::*;
    use crate::DaemonOptions;
    use crate::launcher::fake::FakeLauncher;
    use crate::loops::clock_watch::ClockWatch;

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
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(TestClock::at("2026-05-01T00:00:00Z".parse().expect("an instant")));
        let daemon = daemon(folder.path(), &clock).await;
        let (mut retention, mut watch) = (RetentionRules::default(), ClockWatch::default());
        let mut runs = async |jump: SignedDuration, passed: SignedDuration| {
            clock.jump(jump);
            clock.advance(passed);
            watch.turn(&daemon).await.expect("a turn");
            retention.turn(&daemon).await.expect("a turn");
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
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(TestClock::at("2026-05-01T00:00:00Z".parse().expect("an instant")));
        let daemon = daemon(folder.path(), &clock).await;
        clock.jump(hours(365 * 24));
        let mut retention = RetentionRules::default();
        for (passed, left) in [(0, 1), (23, 1), (2, 0)] {
            clock.advance(hours(passed));
            retention.turn(&daemon).await.expect("a turn");
            assert_eq!(daemon.store.runs(RunQuery::default()).await.expect("runs").len(), left, "{passed}");
        }
    }
}
