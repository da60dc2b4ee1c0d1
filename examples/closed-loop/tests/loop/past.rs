//! What a home holds of the loop's past: events, runs, versions and values, read once.

use std::path::Path;
use std::sync::Arc;

use closed_loop::definitions;
use millwork::AssetValue;
use millwork::monitor::{GroundTruth, Performance, Predictions};
use millwork_core::AssetPartition;
use millwork_core::event::{Event, EventBody, Materialization, ShadowCalled};
use millwork_core::model::ModelHistory;
use millwork_core::run::{RunId, RunStatus, RunTag};
use millwork_engine::Engine;
use millwork_storage::{EventQuery, Home, RunQuery, RunRecord, model_history};

/// A value, with the event that recorded it and what that says.
pub(crate) struct Made<W, T> {
    pub(crate) event: Event,
    pub(crate) what: W,
    pub(crate) value: T,
}

pub(crate) struct Past {
    pub(crate) events: Vec<Event>,
    pub(crate) runs: Vec<RunRecord>,
    pub(crate) model: ModelHistory,
    pub(crate) predictions: Vec<Made<Materialization, Predictions<u64, f64>>>,
    pub(crate) in_shadow: Vec<Made<ShadowCalled, Predictions<u64, f64>>>,
    pub(crate) prices_paid: Vec<Made<Materialization, GroundTruth<u64, f64>>>,
    /// Of the performances, only the metadata; and the last one.
    pub(crate) measured: Vec<(Event, Materialization)>,
    pub(crate) performance: Performance<u64>,
}

impl Past {
    pub(crate) async fn read(home: &Path) -> Self {
        let home = Home::open(home).await.unwrap();
        let store = home.store();
        let events = store.events(EventQuery::default()).await.unwrap();
        let mut runs = store.runs(RunQuery::default()).await.unwrap();
        runs.sort_by_key(|run| (run.created_at, run.id));
        let model = AssetPartition::new("price_model".into(), None);
        let model = model_history(&*store, &model).await.unwrap();
        let measured = of_asset(&events, "live_performance");
        let pipeline = definitions().resolve().unwrap();
        let engine = Engine::new(pipeline, Arc::clone(&store), &home.values_path(), home.holder().clone());
        let last = engine.values().load_bytes(&measured.last().unwrap().0).await.unwrap();
        let mut in_shadow = Vec::new();
        for event in &events {
            if let EventBody::ShadowCalled(called) = &event.body
                && called.outcome.is_over()
            {
                in_shadow.push((event.clone(), called.clone()));
            }
        }
        let past = Self {
            predictions: values(&engine, of_asset(&events, "price_predictions"), Predictions::decode).await,
            in_shadow: values(&engine, in_shadow, Predictions::decode).await,
            prices_paid: values(&engine, of_asset(&events, "prices_paid"), GroundTruth::decode).await,
            performance: Performance::decode(&last).unwrap(),
            events,
            runs,
            model,
            measured,
        };
        store.close().await;
        past
    }

    /// The runs that the condition has requested, oldest first.
    pub(crate) fn trainings(&self) -> impl Iterator<Item = &RunRecord> {
        self.runs.iter().filter(|run| RunTag::Automation.of(&run.request.tags) == Some("job:train"))
    }

    /// The place in the log of the request for a run.
    pub(crate) fn request_of(&self, run: &RunRecord) -> u64 {
        let is_request =
            |event: &&Event| event.run == Some(run.id) && matches!(event.body, EventBody::RunQueued);
        self.events.iter().find(is_request).unwrap().sequence
    }

    /// The place in the log of the first execution of a run.
    pub(crate) fn begin_of(&self, run: Option<RunId>) -> u64 {
        let is_begin =
            |event: &&Event| event.run == run && matches!(event.body, EventBody::RunStarted { .. });
        self.events.iter().find(is_begin).unwrap().sequence
    }

    /// The number of events of a run for which something holds.
    pub(crate) fn count(&self, run: &RunRecord, holds: impl Fn(&EventBody) -> bool) -> usize {
        self.events.iter().filter(|event| event.run == Some(run.id) && holds(&event.body)).count()
    }

    pub(crate) fn all_runs_have_succeeded(&self) {
        let failed: Vec<_> = self.runs.iter().filter(|run| run.status != RunStatus::Succeeded).collect();
        assert!(failed.is_empty(), "{failed:#?}");
    }
}

fn of_asset(events: &[Event], asset: &str) -> Vec<(Event, Materialization)> {
    let of = |event: &Event| {
        let EventBody::Materialized(made) = &event.body else { return None };
        (event.asset == Some(asset.into())).then(|| (event.clone(), made.clone()))
    };
    events.iter().filter_map(of).collect()
}

async fn values<W, T, E: std::fmt::Debug>(
    engine: &Engine,
    made: Vec<(Event, W)>,
    decode: impl Fn(&[u8]) -> Result<T, E>,
) -> Vec<Made<W, T>> {
    let mut values = Vec::new();
    for (event, what) in made {
        let bytes = engine.values().load_bytes(&event).await.unwrap();
        values.push(Made { event, what, value: decode(&bytes).unwrap() });
    }
    values
}
