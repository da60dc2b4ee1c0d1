//! Retention: what the rules let go is forgotten, now and then.

use std::time::Duration;

use millwork_engine::{ObjectStoreIo, Values, forget_values};

use crate::daemon::Loop;
use crate::{Daemon, DaemonError, Happening};

/// How often it looks.
const REST: Duration = Duration::from_secs(3600);

#[derive(Debug)]
pub(crate) struct RetentionRules;

impl Loop for RetentionRules {
    /// What is requested, reported or switched makes nothing old.
    const IS_WOKEN: bool = false;

    fn name(&self) -> &'static str {
        "retention"
    }

    async fn turn(&mut self, daemon: &Daemon) -> Result<Duration, DaemonError> {
        let (rules, now) = (daemon.pipeline.retention(), daemon.options.clock.now());
        let store = daemon.home.store();
        let forgotten = store.forget(&rules, now).await?;
        let mut values = 0;
        if let Some(kept) = rules.values {
            let folder = ObjectStoreIo::folder(&daemon.home.values_path());
            let named = daemon.pipeline.io_managers().clone();
            let stored = Values::new(store.clone(), std::sync::Arc::new(folder), named);
            values = forget_values(&store, &stored, kept, now).await?.values;
        }
        let (events, runs, ticks) = (forgotten.events, forgotten.runs, forgotten.ticks);
        if events + runs + ticks + values > 0 {
            daemon.tell(&Happening::Forgotten { events, runs, ticks, values });
        }
        Ok(REST)
    }
}
