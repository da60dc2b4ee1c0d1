//! The loop of a version in shadow, executed: its predictions beside those of the version in use, what came later, paired outcomes, and the
//! verdict; each of its runs is reproduced to the byte.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::SignedDuration;
use millwork_core::event::EventBody;
use millwork_core::graph::Selection;
use millwork_core::model::ModelHistory;
use millwork_core::run::{ReproductionVerdict, RunId, RunRequest};
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{
    Asset, AssetDefinition, AssetPartition, Challenger, Champion, Computation, Definitions, FromStep,
    GateDefinition, History, Pipeline, Previous, Requirements, Shadow, StepFunction, StepResult, StepTime,
    TestClock, Verdict,
};
use millwork_engine::{Cancel, Engine, EngineOptions, Observer, TrialOutcome};
use millwork_ml::comparison::Comparison;
use millwork_monitor::{GroundTruth, MakePredictions, Performance, PerformanceFormat, Predictions};
use millwork_storage::{Holder, MemoryStore, Store, model_history};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{at, two_days};

macro_rules! assets {
    ($($name:ident $key:literal $value:ty),+ $(,)?) => { $(
        enum $name {}

        impl Asset for $name {
            const KEY: &'static str = $key;
            type Value = $value;
        }
    )+ };
}

assets! {
    Model "model" f64,
    Prices "predictions" Predictions<u64, f64>,
    Paid "paid" GroundTruth<u64, f64>,
    Live "live" Performance<u64>,
}

/// The prices of ten flats a day, each its number times the model's factor. The true factor is 3; version 1 says 2, and version 2 says 2.9.
fn definitions() -> Definitions {
    let trained = AtomicU64::new(0);
    let model = AssetDefinition::new("model")
        .produces::<f64, _>()
        .blocking(move |_| Ok(if trained.fetch_add(1, Ordering::SeqCst) == 0 { 2.0 } else { 2.9 }));
    let predictions = AssetDefinition::new("predictions").produces::<Predictions<u64, f64>, _>();
    let predictions = predictions.policy(|computation| {
        computation.shadow_safe = true;
        Champion::<Model>::requirements(&mut computation.requirements);
        StepTime::requirements(&mut computation.requirements);
    });
    let predictions = predictions.blocking(|step| {
        let champion = Champion::<Model>::from_step(&step)?;
        let flats = flats(&*StepTime::from_step(&step)?);
        let prices: Vec<f64> = flats.iter().map(|flat| *flat as f64 * *champion).collect();
        Ok(champion.predictions(flats, prices)?)
    });
    let paid = AssetDefinition::new("paid").produces::<GroundTruth<u64, f64>, _>();
    let paid = paid.policy(|computation| StepTime::requirements(&mut computation.requirements));
    let paid = paid.blocking(|step| {
        let now = StepTime::from_step(&step)?;
        let flats = flats(&now);
        let prices: Vec<f64> = flats.iter().map(|flat| *flat as f64 * 3.0).collect();
        Ok(GroundTruth::new(*now, flats, prices)?)
    });
    let live = AssetDefinition::new("live").produces::<Performance<u64>, PerformanceFormat>();
    let live = live.policy(|computation| {
        History::<Prices>::requirements(&mut computation.requirements);
        Shadow::<Prices>::requirements(&mut computation.requirements);
        History::<Paid>::requirements(&mut computation.requirements);
        Previous::<Live>::requirements(&mut computation.requirements);
        StepTime::requirements(&mut computation.requirements);
    });
    let live = live.blocking(|step| {
        let previous = Previous::<Live>::from_step(&step)?;
        let performance = Performance::continued(previous.value(), &two_days())?
            .predictions_of(&History::<Prices>::from_step(&step)?)?
            .shadow(&Shadow::<Prices>::from_step(&step)?)?
            .ground_truth_of(&History::<Paid>::from_step(&step)?)?;
        Ok(performance.evaluate(*StepTime::from_step(&step)?)?)
    });
    Definitions::new().assets([model, predictions, paid, live]).gate(gate())
}

/// The flats of the day.
fn flats(now: &jiff::Timestamp) -> Vec<u64> {
    let day = now.duration_since(at(0, 0)).as_hours() / 24;
    let first = u64::try_from(day).expect("a day of the test") * 100 + 1;
    (first..first + 10).collect()
}

/// Promotes the first version; of the others one that is better, after 25 outcomes on the same flats.
fn gate() -> GateDefinition {
    let mut requirements = Requirements::default();
    Challenger::<Model>::requirements(&mut requirements);
    Option::<Champion<Model>>::requirements(&mut requirements);
    Previous::<Live>::requirements(&mut requirements);
    let function = StepFunction::Blocking(Arc::new(|step| {
        let challenger = Challenger::<Model>::from_step(&step)?;
        let Some(champion) = Option::<Champion<Model>>::from_step(&step)? else {
            return Ok(StepResult::Gate(Verdict::promote()));
        };
        let live = Previous::<Live>::from_step(&step)?;
        let outcomes = match live.value() {
            Some(live) => live.paired(&champion, &challenger)?,
            None => Default::default(),
        };
        if outcomes.len() < 25 {
            return Ok(StepResult::Gate(Verdict::shadow(format!("{} outcomes", outcomes.len()))));
        }
        let (of_champion, of_challenger) = outcomes.absolute_errors();
        let comparison = Comparison::paired(&of_champion, &of_challenger)?.called("MAE");
        let verdict = Verdict::promote_if(comparison.improves_by(0.0));
        Ok(StepResult::Gate(verdict.because(format!("{} outcomes", outcomes.len()))))
    }));
    GateDefinition::new("better", "model", Computation::new(requirements, function)).shadow("predictions")
}

struct Home {
    pipeline: Pipeline,
    store: Arc<dyn Store>,
    clock: Arc<TestClock>,
    folder: TempDir,
}

impl Home {
    fn new() -> Self {
        Self {
            pipeline: definitions().resolve().unwrap(),
            store: Arc::new(MemoryStore::new()),
            clock: Arc::new(TestClock::at(at(0, 9))),
            folder: TempDir::new().unwrap(),
        }
    }

    fn engine(&self) -> Engine {
        let (pipeline, store) = (self.pipeline.clone(), self.store.clone());
        let engine = Engine::new(pipeline, store, &self.folder.path().join("values"), Holder::this_process());
        engine.options(EngineOptions { clock: self.clock.clone(), ..EngineOptions::default() })
    }

    async fn make(&self, selection: &str) -> RunId {
        let graph = self.pipeline.graph();
        let selected = Selection::parse(selection).unwrap().select(graph).unwrap();
        let assets = selected.iter().map(|asset| graph.key(*asset).clone()).collect();
        let request = RunRequest { assets, selection: selection.into(), ..RunRequest::default() };
        let run = self.engine().request(request).await.unwrap();
        let outcome = self.engine().resume(run, &Cancel::default(), unobserved()).await.unwrap();
        assert_eq!(outcome.status.as_str(), "succeeded");
        run
    }

    /// Predictions in the morning, and in the evening what came later and how good they were.
    async fn day(&self) -> RunId {
        self.make("predictions").await;
        self.clock.advance(SignedDuration::from_hours(10));
        self.make("paid").await;
        let run = self.make("live").await;
        self.clock.advance(SignedDuration::from_hours(14));
        run
    }

    async fn judge(&self) -> TrialOutcome {
        let of = AssetPartition::new(self.pipeline.graph().index("model").unwrap(), None);
        self.engine().judge_in_shadow(&of, None, &json!({})).await.unwrap()
    }

    async fn models(&self) -> ModelHistory {
        model_history(&*self.store, &AssetPartition::new("model".into(), None)).await.unwrap()
    }

    async fn reproduced(&self, run: RunId) -> ReproductionVerdict {
        let engine = self.engine();
        let plan = engine.plan_reproduction(run).await.unwrap();
        engine.reproduce(plan, &Cancel::default(), unobserved()).await.unwrap().unwrap().verdict()
    }
}

fn unobserved() -> Observer {
    Arc::new(|_| {})
}

#[tokio::test(flavor = "multi_thread")]
async fn paired_outcomes_decide_and_every_run_is_reproduced() {
    let home = Home::new();
    home.make("model").await;
    home.make("model").await;
    let champion = AliasName::champion();
    let in_shadow = home.models().await.in_shadow(&champion).map(|(version, _)| version.get());
    assert_eq!(in_shadow, Some(2));
    let mut runs = Vec::new();
    for outcomes in [10, 20] {
        runs.push(home.day().await);
        let judged = home.judge().await;
        let TrialOutcome::GoesOn { reason, .. } = judged else { panic!("{judged:?}") };
        assert_eq!(reason, format!("{outcomes} outcomes"));
    }
    runs.push(home.day().await);
    let judged = home.judge().await;
    let TrialOutcome::Over { verdict, events, .. } = judged else { panic!("{judged:?}") };
    assert_eq!(
        verdict.to_string(),
        "gate `better` judged version 2 against 1: promote after shadow (30 outcomes)"
    );
    assert!(events.iter().any(|event| matches!(event.body, EventBody::AliasMoved(_))));
    assert_eq!(home.models().await.at(&champion), VersionNumber::new(2));
    // The version that was in shadow predicts for real, and nothing is in shadow any more.
    runs.push(home.day().await);
    for run in runs {
        assert_eq!(home.reproduced(run).await, ReproductionVerdict::Identical);
    }
}
