//! What runs are executed with.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use millwork_core::BoxError;
use millwork_core::event::{Environment, EventBody, WorkingTree};
use millwork_core::run::RunId;
use millwork_engine::{Cancel, EnvironmentProbe};

use crate::support::*;

/// Executes a run, which has ended or is queued, and records its environment.
async fn execute(scenario: &Scenario, run: RunId, probe: &EnvironmentProbe) {
    let engine = scenario.engine().record_environment(probe.clone());
    engine.resume(run, &Cancel::default(), unobserved()).await.unwrap();
}

async fn recorded(scenario: &Scenario, run: RunId) -> Vec<Environment> {
    let bodies = scenario.events(run).await.into_iter().map(|event| event.body);
    let environments = bodies.filter_map(|body| {
        let EventBody::EnvironmentRecorded(environment) = body else { return None };
        Some(environment)
    });
    environments.collect()
}

/// A probe that is given all the time that it takes, however busy the machine is.
fn probe(home: &Path, source: Option<&Path>, features: &[&str]) -> EnvironmentProbe {
    EnvironmentProbe::new(home, source, features).patience(Duration::MAX)
}

#[tokio::test]
async fn a_run_records_its_environment_before_its_end() {
    let (home, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(source.path().join("Cargo.lock"), "").unwrap();
    let scenario = Scenario::of([constant("a", 1)]);
    let run = scenario.queued().await;
    execute(&scenario, run, &probe(home.path(), Some(source.path()), &["ml"])).await;
    let events = scenario.events(run).await;
    let places = ["environment_recorded", "run_succeeded"]
        .map(|name| events.iter().position(|event| event.body.name() == name).unwrap());
    assert!(places[0] < places[1] && places[1] == events.len() - 1, "{}", transcript(&events));
    let environment = recorded(&scenario, run).await.pop().unwrap();
    assert_eq!(environment.features, ["ml"]);
    assert!(environment.binary.is_some() && environment.processors > 0);
    let WorkingTree { folder, cargo_lock, .. } = environment.working_tree.unwrap();
    assert_eq!(folder, source.path().display().to_string());
    assert!(cargo_lock.is_some());
}

/// The folder that the code was compiled in may not exist where it runs.
#[tokio::test]
async fn without_its_source_folder_the_current_one_is_looked_at() {
    let home = tempfile::tempdir().unwrap();
    let scenario = Scenario::of([constant("a", 1)]);
    let run = scenario.queued().await;
    execute(&scenario, run, &probe(home.path(), Some(Path::new("/absent/package")), &[])).await;
    let tree = recorded(&scenario, run).await.pop().unwrap().working_tree.unwrap();
    assert_eq!(tree.folder, std::env::current_dir().unwrap().display().to_string());
    assert!(tree.cargo_lock.is_some());
}

#[tokio::test]
async fn a_resumed_run_records_only_what_has_changed() {
    let (home, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let is_broken = Arc::new(AtomicBool::new(true));
    let broken = is_broken.clone();
    let failing = number("a").blocking(move |_| match broken.load(Ordering::SeqCst) {
        true => Err(BoxError::from("broken")),
        false => Ok(1_u64),
    });
    let scenario = Scenario::of([failing]);
    let run = scenario.queued().await;
    let first = probe(home.path(), Some(source.path()), &[]);
    execute(&scenario, run, &first).await;
    execute(&scenario, run, &first).await;
    assert_eq!(recorded(&scenario, run).await.len(), 1);
    is_broken.store(false, Ordering::SeqCst);
    execute(&scenario, run, &probe(home.path(), Some(source.path()), &["polars"])).await;
    let environments = recorded(&scenario, run).await;
    assert_eq!(environments.len(), 2);
    assert_eq!(environments[0].differences(&environments[1]), ["features"]);
}
