//! Definitions of partitions that have changed: every page and answer about the asset is there, and what was made of a key that is gone is found.

use millwork_core::event::{AssetRenamed, EventBody, NewEvent};
use millwork_core::partition::{Dimensions, daily, dynamic, fixed, hourly, weekly};
use millwork_core::{
    AssetDefinition, AssetPartition, Definitions, KeyMoment, PartitionKey, PartitionsDefinition,
};
use millwork_storage::append_version;
use reqwest::Method;
use serde_json::{Value, json};

use crate::served::{Served, materialized};

fn definitions(partitions: Option<Dimensions>) -> Definitions {
    let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8));
    let sales = partitions.into_iter().fold(asset("sales"), AssetDefinition::partitions);
    Definitions::new().asset(sales.renamed_from("turnover"))
}

fn moment() -> KeyMoment {
    KeyMoment::at("2026-01-12T00:00:00Z".parse().unwrap())
}

/// The keys of a definition; one that is none without.
fn keys(partitions: Option<&Dimensions>) -> Vec<Option<PartitionKey>> {
    match partitions {
        Some(dimensions) => {
            PartitionsDefinition::from(dimensions.clone()).keys(&moment()).into_iter().map(Some).collect()
        }
        None => vec![None],
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Serves an asset whose partitions were others before, some of which were made.
async fn check(before: Option<Dimensions>, after: Option<Dimensions>) {
    let what = format!("{before:?} → {after:?}");
    let served = Served::start(definitions(after)).await;
    let made = keys(before.as_ref());
    for (number, key) in made.iter().enumerate() {
        let of = AssetPartition::new("sales".into(), key.clone());
        let event = NewEvent::of_asset(of, moment().now(), materialized(&format!("d{number}")));
        append_version(&*served.store, event).await.unwrap();
    }
    let launch =
        ["", "&partition=2026-01-03", "&partitions=*"].map(|rest| format!("/launch?selection=sales{rest}"));
    let pages =
        ["/", "/assets", "/assets/sales", "/assets/turnover", "/graph", "/models", "/runs", "/automation"];
    for path in pages.into_iter().map(str::to_owned).chain(launch) {
        let response = served.client.get(format!("{}{path}", served.url)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}: {what}");
    }
    for path in [
        "/api/v1/assets",
        "/api/v1/assets/sales",
        "/api/v1/assets/turnover",
        "/api/v1/graph",
        "/api/v1/materializations/sales",
    ] {
        let (status, answer) = served.ask(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {what}: {answer}");
    }
    let all = served.get("/api/v1/materializations/sales").await;
    assert_eq!(all["materializations"].as_array().unwrap().len(), made.len(), "{what}");
    for (number, key) in made.iter().enumerate() {
        let Some(key) = key else { continue };
        // By its identity, as links are, each key is the one that was made.
        let identity = encoded(key.identity());
        let found = served.get(&format!("/api/v1/materializations/sales?partition={identity}")).await;
        let found = found["materializations"].as_array().unwrap();
        assert_eq!(found.len(), 1, "{key}: {what}");
        assert_eq!(found[0]["body"]["data_version"], format!("d{number}"), "{key}: {what}");
        served.page_with(&format!("/assets/sales?partition={identity}"), &format!("d{number}")).await;
    }
}

#[tokio::test]
async fn what_was_made_before_a_change_is_found_after_it() {
    let days = |start: &str| daily("UTC").from(start).until("2026-01-06");
    let by_day = || Some(Dimensions::from(days("2026-01-02")));
    for after in [
        Some(Dimensions::from(days("2026-01-04"))),
        Some(Dimensions::from(days("2026-01-01"))),
        Some(Dimensions::from(days("2026-01-02").format("%Y%m%d"))),
        Some(Dimensions::from(daily("Asia/Kathmandu").from("2026-01-02").until("2026-01-06"))),
        Some(Dimensions::from(hourly("UTC").from("2026-01-02").until("2026-01-03"))),
        Some(Dimensions::from(weekly("UTC").from("2026-01-04").until("2026-01-18"))),
        Some(days("2026-01-02").by(fixed(["de", "fr"]).named("country"))),
        Some(days("2026-01-02").by(dynamic("countries"))),
        Some(Dimensions::from(fixed(["2026-01-02", "de"]))),
        None,
    ] {
        check(by_day(), after).await;
    }
}

#[tokio::test]
async fn a_dimension_less_and_partitions_for_the_first_time() {
    let days = || daily("UTC").from("2026-01-02").until("2026-01-04");
    let crossed = || Some(days().by(fixed(["de", "a|b"]).named("country")));
    check(crossed(), Some(Dimensions::from(days()))).await;
    check(crossed(), Some(fixed(["de", "a|b"]).named("country").into())).await;
    check(crossed(), Some(fixed(["de", "a|b"]).named("country").by(days()))).await;
    check(None, Some(Dimensions::from(days()))).await;
    check(Some(fixed(["de", "a|b"]).into()), Some(fixed(["fr"]).into())).await;
}

/// A server that has read an asset under its old key shows it under the new one, as soon as it is renamed.
#[tokio::test]
async fn a_status_that_was_read_before_a_rename_is_read_anew() {
    let served = Served::start(definitions(None)).await;
    let of = AssetPartition::new("turnover".into(), None);
    append_version(&*served.store, NewEvent::of_asset(of, moment().now(), materialized("d"))).await.unwrap();
    served.page_with("/assets", "missing").await;
    let renamed = AssetRenamed { from: "turnover".into(), to: "sales".into(), steps: Vec::new() };
    let of = AssetPartition::new("sales".into(), None);
    served
        .store
        .rename(NewEvent::of_asset(of, moment().now(), EventBody::AssetRenamed(renamed)))
        .await
        .unwrap()
        .unwrap();
    millwork_testing::wait_for(async || {
        let asset = served.get("/api/v1/assets/sales").await;
        if asset["state"] == "missing" { Err(asset.to_string()) } else { Ok(()) }
    })
    .await;
}

/// A run makes what was there at its request, also when it is queued again.
#[tokio::test]
async fn a_run_is_resumed_of_a_text_that_was_removed() {
    let served = Served::start(definitions(Some(dynamic("sites").into()))).await;
    let change = async |body: Value| {
        let (status, answer) = served.ask(Method::POST, "/api/v1/partitions/sites", Some(body)).await;
        assert_eq!(status, 200, "{answer}");
    };
    change(json!({ "add": ["a", "d"] })).await;
    let new = json!({ "selection": "sales", "partition": "d" });
    let (status, run) = served.ask(Method::POST, "/api/v1/runs", Some(new.clone())).await;
    assert_eq!(status, 201, "{run}");
    let run = run["run"].as_str().unwrap();
    served.ask(Method::POST, &format!("/api/v1/runs/{run}/cancel"), None).await;
    change(json!({ "remove": ["d"] })).await;
    let (status, answer) = served.ask(Method::POST, &format!("/api/v1/runs/{run}/retry"), None).await;
    assert_eq!((status, &answer["status"]), (200, &json!("queued")), "{answer}");
    let (status, answer) = served.ask(Method::POST, "/api/v1/runs", Some(new)).await;
    assert_eq!(status, 422, "a new one can't: {answer}");
}
