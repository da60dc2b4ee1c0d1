//! Requests that don't fit the definitions aren't executed.

use millwork_core::run::{RunRequest, RunStatus};
use millwork_core::{Advice as _, Config, Definitions, FromStep as _};
use serde_json::json;

use crate::support::*;

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[allow(dead_code, reason = "only the schema is used")]
struct Load {
    #[serde(default)]
    rows: u32,
}

fn scenario() -> Scenario {
    let load =
        constant("load", 1).policy(|computation| Config::<Load>::requirements(&mut computation.requirements));
    Scenario::new(Definitions::new().asset(load))
}

/// Queues a run with a configuration that wasn't validated.
async fn check(config: serde_json::Value, expected: &str) {
    let scenario = scenario();
    let request = RunRequest { config, ..scenario.request() };
    let run = scenario.engine().request(request.clone()).await.unwrap();
    assert_eq!(scenario.execute(run).await.unwrap_err().one_line(), expected);
    let record = scenario.store.run(run).await.unwrap().unwrap();
    assert_eq!((record.status, record.reason.as_deref()), (RunStatus::Failed, Some(expected)));
    assert_eq!(scenario.engine().plan(&request).await.unwrap_err().one_line(), expected);
}

#[tokio::test]
async fn a_configuration_that_does_not_fit_runs_nothing() {
    check(
        json!({ "laod": { "rows": "many" } }),
        "the configuration names `laod`, which is not a step; hint: did you mean `load`?",
    )
    .await;
    check(json!({ "load": { "rowz": 5 } }), "`load` takes no parameter `rowz`; hint: it takes `rows`").await;
    check(
        json!({ "load": { "rows": "many" } }),
        "the configuration of `load` is invalid: `rows`: \"many\" is not of type \"integer\"",
    )
    .await;
}

#[tokio::test]
async fn a_run_of_an_asset_that_is_gone_says_so() {
    let scenario = scenario();
    let request = RunRequest { assets: vec!["gone".into()], ..scenario.request() };
    let error = scenario.engine().plan(&request).await.unwrap_err();
    assert_eq!(
        error.one_line(),
        "the run asks for asset `gone`, which is not part of the definitions any more; hint: start a new run"
    );
}
