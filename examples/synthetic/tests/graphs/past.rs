//! A made-up past is a possible one: every run's events are a valid sequence, and the records agree with them.

use std::collections::{BTreeMap, HashSet};

use millwork_core::run::{RunState, RunStatus, StepStatus};
use millwork_storage::{EventQuery, Home, RunQuery};
use synthetic::{Past, Shape};

const RUNS: usize = 600;
const EVENTS: usize = 30_000;

#[tokio::test]
async fn every_run_could_have_happened() {
    let folder = millwork_testing::folder();
    let home = Home::open(folder.path()).await.unwrap();
    let pipeline = Shape::Catalog(300).definitions().resolve().unwrap();
    let past = Past::month_until("2026-11-01T00:00:00Z".parse().unwrap(), RUNS, EVENTS);
    let filled = past.fill(&home, &pipeline).await.unwrap();
    let store = home.store();
    assert_eq!(store.head().await.unwrap(), filled.events);
    assert!(filled.events.abs_diff(EVENTS as u64) < 3_000, "{} events", filled.events);

    let runs = store.runs(RunQuery::default()).await.unwrap();
    assert_eq!(runs.len(), RUNS);
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    for run in &runs {
        let events = store.events(EventQuery { run: Some(run.id), ..EventQuery::default() }).await.unwrap();
        let state = RunState::replay(&events).unwrap();
        assert_eq!((state.status, state.finished_at), (Some(run.status), run.finished_at));
        let unfinished = state.count(StepStatus::Running) + state.count(StepStatus::Pending);
        assert!(unfinished == 0 || run.status == RunStatus::Lost, "run {}", run.id);
        assert!(run.created_at <= past.until && run.created_at >= past.from);
        *ends.entry(run.status.as_str()).or_default() += 1;
    }
    assert_eq!(ends.into_keys().collect::<Vec<_>>(), ["canceled", "failed", "lost", "succeeded"]);

    let failed = store.run(filled.failed.unwrap()).await.unwrap().unwrap();
    assert_eq!(failed.status, RunStatus::Failed);
    let largest = store.run(filled.largest.unwrap()).await.unwrap().unwrap();
    assert_eq!(largest.request.assets.len(), 300);
    let keys: Vec<_> = pipeline.graph().assets().iter().map(|asset| asset.spec.key.clone()).collect();
    let latest = store.latest(&keys).await.unwrap();
    assert_eq!(latest.iter().map(|latest| &latest.asset).collect::<HashSet<_>>().len(), 300);
    assert!(store.ticks(&[], 10_000).await.unwrap().len() > 100);
}
