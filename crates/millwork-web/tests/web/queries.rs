//! How many queries each page asks: as many with a thousand runs and three hundred assets as with a handful.

use std::time::Duration;

use crate::no_host::options;
use jiff::Timestamp;
use millwork_core::event::{
    EventBody, LogLine, Materialization, NewEvent, Provenance, StoredValue, ValueLocation,
};
use millwork_core::param::LogLevel;
use millwork_core::run::{RunId, RunRequest};
use millwork_core::{AssetDefinition, AutomationCondition, Definitions, Pipeline, Schedule};
use millwork_storage::{Batch, Home, NewRun, Store};
use tokio::sync::watch;

/// Each page with the most queries that it may ask.
const PAGES: [(&str, u64); 11] = [
    ("/", 9),
    ("/assets", 2),
    ("/assets?q=asset_1&state=missing", 2),
    ("/assets/asset_1", 5),
    ("/graph", 2),
    ("/graph?q=asset_1&asset=asset_1", 2),
    ("/runs", 3),
    ("/launch?selection=*", 2),
    ("/automation", 7),
    ("/automation/asset_1", 4),
    ("/deployment", 5),
];

fn pipeline(assets: usize) -> Pipeline {
    let mut definitions =
        Definitions::new().schedule(Schedule::new("hourly", ["@hourly"], "*").on_by_default());
    for number in 0..assets {
        let asset = AssetDefinition::new(format!("asset_{number}").as_str()).produces::<u64, _>();
        let asset = asset.automation(AutomationCondition::eager());
        let asset = if number > 0 { asset.after(&format!("asset_{}", number - 1)) } else { asset };
        definitions = definitions.asset(asset.blocking(|_| Ok(1_u64)));
    }
    definitions.resolve().unwrap()
}

/// Runs that made some asset and logged a line each.
async fn fill(store: &dyn Store, runs: usize, assets: usize) -> RunId {
    let mut last = RunId::from_u128(1);
    for number in 0..runs {
        let at = Timestamp::from_second(1_800_000_000 + number as i64).unwrap();
        let (id, asset) = (RunId::new(at), format!("asset_{}", number % assets));
        store.create_run(NewRun { id, request: RunRequest::default(), at, lease: None }).await.unwrap();
        let made = Materialization {
            version: None,
            data_version: "d".into(),
            provenance: Provenance { code_version: "c".into(), inputs: Vec::new(), config: None },
            stored: StoredValue {
                location: ValueLocation::Elsewhere,
                bytes: 1,
                format: "json".to_owned(),
                hash: None,
            },
            metadata: [("rows".to_owned(), (number as i64).into())].into(),
        };
        let line = LogLine {
            level: LogLevel::Info,
            target: "test".to_owned(),
            message: "made".to_owned(),
            fields: Default::default(),
        };
        let mut materialized = NewEvent::of_run(id, at, EventBody::Materialized(made));
        materialized.asset = Some(asset.as_str().into());
        let events = vec![
            NewEvent::of_run(id, at, EventBody::RunStarted { epoch: 1 }),
            materialized,
            NewEvent::of_run(id, at, EventBody::Logged(line)),
            NewEvent::of_run(id, at, EventBody::RunSucceeded),
        ];
        store.append(Batch { fence: None, events }).await.unwrap();
        last = id;
    }
    last
}

/// How many queries each page asks once it was shown before.
async fn queries(assets: usize, runs: usize) -> Vec<(String, u64)> {
    let folder = millwork_testing::folder();
    let store = Home::open(folder.path()).await.unwrap().store();
    let run = fill(&*store, runs, assets).await;
    let serving = millwork_web::serve(pipeline(assets), store.clone(), options()).await.unwrap();
    let (url, (_stop, stopped)) = (format!("http://{}", serving.address), watch::channel(false));
    tokio::spawn(serving.run(stopped));
    let mut counted = Vec::new();
    let pages = PAGES.iter().map(|(path, _)| (*path).to_owned()).chain([format!("/runs/{run}")]);
    for path in pages {
        let mut asked = Vec::new();
        for _ in 0..4 {
            // What was read a moment ago isn't read again.
            a_moment_passes().await;
            let before = store.counts().queries;
            let answer = reqwest::get(format!("{url}{path}")).await.unwrap();
            assert!(answer.status().is_success(), "{path}: {}", answer.status());
            answer.text().await.unwrap();
            asked.push(store.counts().queries - before);
        }
        // On a busy machine what was read at the begin of a page may be too old at its end, and is read again.
        let least = asked.into_iter().skip(1).min().unwrap();
        counted.push((path.replace(&run.to_string(), "RUN"), least));
    }
    counted
}

/// Sets the clock of the runtime forward.
pub(crate) async fn a_moment_passes() {
    tokio::time::pause();
    tokio::time::advance(Duration::from_millis(120)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_page_asks_as_much_of_a_large_store_as_of_a_small_one() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (small, large) = (queries(3, 5).await, queries(300, 1_000).await);
    assert_eq!(small, large);
    for ((path, asked), (_, most)) in small.iter().zip(PAGES.iter().chain(&[("/runs/RUN", 7)])) {
        assert!(asked <= most, "{path} asks {asked} queries");
    }
}
