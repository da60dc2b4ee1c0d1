//! A daemon with a home and a virtual clock, for the tests of what becomes of the versions of models.

use std::path::Path;
use std::sync::{Arc, Mutex};

use millwork_core::event::{EventBody, NewEvent};
use millwork_core::model::ModelHistory;
use millwork_core::{AssetPartition, Clock as _, Definitions, TestClock};
use millwork_storage::{Batch, Home, model_history};

use crate::daemon::{Daemon, DaemonOptions};
use crate::event::DaemonEvent;
use crate::launcher::fake::FakeLauncher;

/// A daemon whose loops a test has tick.
pub(crate) struct ModelBench {
    pub(crate) daemon: Daemon,
    pub(crate) clock: Arc<TestClock>,
    /// What the daemon has reported, in words.
    pub(crate) reported: Arc<Mutex<Vec<String>>>,
}

impl ModelBench {
    /// A daemon of a pipeline, at the beginning of May.
    pub(crate) async fn new(folder: &Path, definitions: Definitions) -> Self {
        let clock = Arc::new(TestClock::at("2026-05-01T00:00:00Z".parse().expect("an instant")));
        Self::at(folder, definitions, clock).await
    }

    /// A daemon of a pipeline whose clock is this one.
    pub(crate) async fn at(folder: &Path, definitions: Definitions, clock: Arc<TestClock>) -> Self {
        let reported = Arc::<Mutex<Vec<String>>>::default();
        let kept = reported.clone();
        let observer =
            Arc::new(move |event: &DaemonEvent| kept.lock().expect("the list").push(event.to_string()));
        let pipeline = definitions.resolve().expect("definitions that fit together");
        let home = Home::open(folder).await.expect("a home");
        let options = DaemonOptions { clock: clock.clone(), ..DaemonOptions::default() };
        let launcher = Arc::new(FakeLauncher::default());
        let daemon = Daemon::new(pipeline, home, launcher, observer).options(options);
        Self { daemon, clock, reported }
    }

    /// Records an event about an asset or partition, with the bytes of a value if it has one, and returns its place in the log.
    pub(crate) async fn record(&self, of: &AssetPartition, body: EventBody, value: Option<Vec<u8>>) -> u64 {
        let event = NewEvent::of_asset(of.clone(), self.clock.now(), body);
        let event = NewEvent { value: value.map(Arc::new), ..event };
        let batch = Batch { fence: None, events: vec![event] };
        self.daemon.store.append(batch).await.expect("an event")[0]
    }

    /// The history of a model or partition.
    pub(crate) async fn history(&self, of: &AssetPartition) -> ModelHistory {
        model_history(&*self.daemon.store, of).await.expect("a history")
    }
}
