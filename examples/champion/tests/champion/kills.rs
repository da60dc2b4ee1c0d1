//! `kill -9` at random moments while models are trained, judged, promoted and predicted with: one verdict for each challenger, one move for
//! each promotion, and every prediction names a version that there is.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use millwork_core::AssetPartition;
use millwork_core::asset::Decision;
use millwork_core::event::{EventBody, EventKind};
use millwork_core::run::RunStatus;
use millwork_core::version::AliasName;
use millwork_storage::{EventQuery, Home, RunQuery, Store, model_history};
use millwork_testing::wait_for;

/// The number of kills: 30, or what `KILL_TEST_ROUNDS` says, as in CI.
fn kills() -> usize {
    std::env::var("KILL_TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(30)
}

fn start(home: &Path, line: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_champion"))
        .env("MILLWORK_HOME", home)
        .args(line.split_whitespace())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Reads from the store, and closes it: what is killed is the last process that has it open.
async fn read<T>(home: &Path, read: impl AsyncFnOnce(&dyn Store) -> T) -> T {
    let store = Home::open(home).await.unwrap().store();
    let found = read(&*store).await;
    store.close().await;
    found
}

/// Lets a process go on until the log has a number of events, then kills it, unless it has ended by itself; returns whether it was killed.
async fn kill_at(home: &Path, mut process: Child, events: u64) -> bool {
    let ended = read(home, async |store| {
        wait_for(async || match process.try_wait().unwrap() {
            Some(status) => Ok(Some(status)),
            None if store.head().await.unwrap() >= events => Ok(None),
            None => Err(format!("the log hasn't {events} events")),
        })
        .await
    })
    .await;
    if let Some(status) = ended {
        assert!(status.success(), "ended by itself with {status}");
        return false;
    }
    process.kill().unwrap();
    process.wait().unwrap();
    true
}

/// Continues the last run if it isn't finished, else trains another model, better or worse than the others.
async fn next_command(home: &Path, random: &mut fastrand::Rng) -> String {
    let last = RunQuery { limit: Some(1), ..RunQuery::default() };
    let last = read(home, async |store| store.runs(last).await.unwrap()).await;
    match last.first().map(|run| run.status) {
        None | Some(RunStatus::Succeeded) => {
            format!("materialize --set price_model.shrinkage={}", random.u32(..4_000))
        }
        Some(_) => "runs retry last".to_owned(),
    }
}

#[tokio::test]
async fn models_are_judged_once_and_promoted_once() {
    let folder = millwork_testing::folder();
    let home = folder.path();
    let mut random = fastrand::Rng::with_seed(20_261_129);
    let mut killed = 0;
    while killed < kills() {
        let at = read(home, async |store| store.head().await.unwrap()).await + random.u64(..30);
        let line = next_command(home, &mut random).await;
        killed += usize::from(kill_at(home, start(home, &line), at).await);
    }
    loop {
        let line = next_command(home, &mut random).await;
        if line.starts_with("materialize") {
            break;
        }
        assert!(start(home, &line).wait().unwrap().success(), "the last run can't be finished");
    }
    read(home, everything_fits).await;
}

async fn everything_fits(store: &dyn Store) {
    let model = AssetPartition::new("price_model".into(), None);
    let history = model_history(store, &model).await.unwrap();
    assert!(!history.versions.is_empty());
    let promotions: Vec<_> = history
        .versions
        .iter()
        .filter(|(_, version)| {
            assert_eq!(version.verdicts.len(), 1, "each challenger is judged once");
            version.verdicts[0].what.decision == Some(Decision::Promote)
        })
        .map(|(number, _)| *number)
        .collect();
    let moved: Vec<_> = history.moves.iter().filter_map(|moved| moved.what.to).collect();
    assert_eq!(moved, promotions, "each promotion moves the alias once");
    for two in history.moves.windows(2) {
        assert_eq!(two[0].what.to, two[1].what.from, "moves are a chain");
    }
    let aliases = store.aliases(&["price_model".into()]).await.unwrap();
    assert_eq!(aliases[0].version, history.at(&AliasName::champion()).unwrap());
    let query = EventQuery {
        asset: Some("price_predictions".into()),
        kinds: Some(EventKind::Materialized.into()),
        ..EventQuery::default()
    };
    let mut made_by = BTreeMap::new();
    for event in store.events(query).await.unwrap() {
        let EventBody::Materialized(made) = &event.body else { panic!("{event:?}") };
        let version = made.provenance.inputs[0].version.unwrap();
        assert!(moved.contains(&version), "version {version} was in use");
        assert!(store.version(&model, version).await.unwrap().is_some(), "version {version} exists");
        *made_by.entry(version).or_insert(0) += 1;
    }
    println!("{} versions, {} promotions, predictions by {made_by:?}", history.versions.len(), moved.len());
}
