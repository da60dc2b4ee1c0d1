//! The pages of models with live performance: the picture, the versions, the history of one, and that each model has its own.

use jiff::Timestamp;
use millwork_browser::{Browser, View};
use millwork_core::asset::Decision;
use millwork_core::event::{AliasChange, AliasMoved, EventBody, Materialization, Mover, NewEvent};
use millwork_core::param::{Champion, FromStep as _};
use millwork_core::{
    Asset, AssetDefinition, AssetMetric, Better, Definitions, LiveMeasure, LivePerformance, LiveWindow,
};
use serde_json::Value;

use crate::models::{DAY, append, cost, event, judged, made, moved, number, page};
use crate::served::Served;

enum Prices {}
impl Asset for Prices {
    const KEY: &'static str = "prices/model";
    type Value = u64;
}

/// A second model, which is fitted to the first one's predictions.
enum Rents {}
impl Asset for Rents {
    const KEY: &'static str = "rents";
    type Value = u64;
}

fn definitions() -> Definitions {
    let asset = |key: &str| AssetDefinition::new(key).produces::<u64, _>();
    let predictions = |key: &str, reads: fn(&mut millwork_core::param::Requirements)| {
        asset(key).policy(move |computation| reads(&mut computation.requirements)).blocking(|_| Ok(1_u64))
    };
    let measures = |key: &str, of: &str| asset(key).after(of).after("paid").blocking(|_| Ok(1_u64));
    let model = asset(Prices::KEY).describe(|spec| spec.metric = Some(AssetMetric::lower("MAE")));
    Definitions::new()
        .asset(asset("paid").blocking(|_| Ok(1_u64)))
        .asset(model.blocking(|_| Ok(1_u64)))
        .asset(predictions("predictions", Champion::<Prices>::requirements))
        .asset(measures("performance", "predictions"))
        .asset(asset(Rents::KEY).after("predictions").blocking(|_| Ok(1_u64)))
        .asset(predictions("rent_predictions", Champion::<Rents>::requirements))
        .asset(measures("rent_performance", "rent_predictions"))
}

fn midnight(day: i64) -> Timestamp {
    Timestamp::from_second(1_760_054_400 + day * DAY).unwrap()
}

fn measure(version: u32, role: &str, value: Option<f64>, matched: u64) -> LiveMeasure {
    LiveMeasure {
        version: number(version),
        role: role.parse().unwrap(),
        value,
        baselines: vec![Some(4.5)],
        predictions: 200,
        matched,
    }
}

/// Windows of days: version 1, then version 2 and version 3 in its shadow, then 1 again; the last one is open.
fn live(days: i64) -> LivePerformance {
    let window = |day: i64| {
        let measures = match day {
            _ if day < days / 3 => vec![measure(1, "champion", Some(2.0), 190)],
            _ if day < days * 2 / 3 => {
                vec![measure(2, "champion", Some(3.25), 180), measure(3, "shadow", None, 0)]
            }
            _ if day == days - 1 => vec![measure(1, "champion", Some(9.75), 20)],
            _ => vec![measure(1, "champion", Some(2.5), 199)],
        };
        LiveWindow { start: midnight(day), end: midnight(day + 1), is_final: day < days - 1, measures }
    };
    LivePerformance::new("RMSE", Better::Lower, vec!["median".to_owned()], (0..days).map(window))
}

fn measured(asset: &str, version: u32, second: i64, live: LivePerformance) -> NewEvent {
    let EventBody::Materialized(body) = made(version, 1.0, Vec::new()) else { unreachable!() };
    let metadata = [("live".to_owned(), live.into())].into();
    event(asset, None, second, EventBody::Materialized(Materialization { metadata, ..body }))
}

/// Three versions of prices, of which the first is in use again, and one of rents.
async fn with_live(days: i64) -> Served {
    let served = Served::start(definitions()).await;
    let of = |second, body| event(Prices::KEY, None, second, body);
    let ada = || Mover::Person("ada".to_owned());
    let EventBody::AliasMoved(to_second) = moved(Some(1), 2, ada(), "the gate said so") else {
        unreachable!()
    };
    let back = AliasMoved {
        from: Some(number(2)),
        to: Some(number(1)),
        change: AliasChange::RolledBack,
        data_version: None,
        reason: "it is off since <Monday>".to_owned(),
        ..to_second.clone()
    };
    append(
        &*served.store,
        vec![
            of(1, made(1, 12.5, Vec::new())),
            of(2, moved(None, 1, ada(), "the first")),
            of(DAY, made(2, 11.0, Vec::new())),
            of(DAY + 1, judged(2, Some(1), Some(Decision::Promote), "MAE −1.5")),
            of(DAY + 2, EventBody::AliasMoved(to_second)),
            of(DAY + 3, made(3, 10.0, Vec::new())),
            of(2 * DAY, EventBody::AliasMoved(back)),
            event(Rents::KEY, None, 5, made(1, 3.0, Vec::new())),
            measured("performance", 1, 3 * DAY, live(days)),
            measured("rent_performance", 1, 3 * DAY, {
                let window = live(3).windows.remove(0);
                LivePerformance::new("accuracy", Better::Higher, Vec::new(), [window])
            }),
        ],
    )
    .await;
    served.page_with("/models/prices/model", "back by ada").await;
    served
}

/// The status of a page, and what it has, in one line.
async fn unbroken(served: &Served, path: &str) -> (u16, String) {
    let (status, shown) = page(served, path).await;
    (status, shown.replace('\n', " "))
}

/// Checks which texts a page has, and which it doesn't.
async fn check(served: &Served, path: &str, texts: &[&str], others: &[&str]) {
    let (status, shown) = unbroken(served, path).await;
    assert_eq!(status, 200, "{path}: {shown}");
    for text in texts {
        assert!(shown.contains(text), "{path}: {text} is not in {shown}");
    }
    for text in others {
        assert!(!shown.contains(text), "{path}: {text} is in {shown}");
    }
}

#[tokio::test]
async fn the_page_of_a_model_has_its_live_performance() {
    let served = with_live(9).await;
    let newest = "2.5<br><small class=\"lead nowrap\">2025-10-17</small><br><small class=\"lead nowrap\">coverage 99 %</small>";
    let texts = [
        "<h2>Live performance</h2>",
        "<figcaption>RMSE of live predictions <small>by window; lower is better</small>",
        "<th scope=\"col\" class=\"number\">RMSE (live)</th>",
        newest,
        // The shadow has a row without a value, and the last window is unfinished.
        "none <small class=\"tag\">shadow</small>",
        "2025-10-18: version 1, RMSE 9.75, 20 of 200 predictions have ground truth, unfinished",
        "version 1, rolled back to by ada",
        "Figures of the hold-out are of other rows",
        "href=\"/models/prices/model/history?version=2\"",
    ];
    check(&served, "/models/prices/model", &texts, &["accuracy", "it is off since <Monday>"]).await;
    // The second model descends from the first one's predictions, and has its own performance only.
    check(&served, "/models/rents", &["accuracy of live predictions", "higher is better"], &["RMSE"]).await;
}

#[tokio::test]
async fn the_page_of_what_measures_has_it_too() {
    let served = with_live(9).await;
    let texts = [
        "RMSE of live predictions",
        "Of the predictions of <a href=\"/models/prices/model\">prices/model</a>",
        "class=\"live-moved back sign\"",
    ];
    check(&served, "/assets/performance", &texts, &["accuracy"]).await;
    check(&served, "/assets/predictions", &[], &["Live performance"]).await;
}

#[tokio::test]
async fn the_history_of_a_version_is_one_timeline() {
    let served = with_live(9).await;
    let (_, shown) = unbroken(&served, "/models/prices/model/history?version=2").await;
    let order = [
        "<b>made</b>",
        "<b>judged: promote, against version 1</b>",
        "MAE of version 1 when it was made</dt><dd>12.5",
        "<b>champion: promoted, after version 1</b>",
        "<b>champion: version 1 rolled back in its place</b>",
        "<div class=\"clip\">it is off since &lt;Monday&gt;</div>",
    ];
    let places: Vec<_> = order.iter().map(|text| shown.find(text)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}: {shown}");
    assert!(shown.contains("<td class=\"nowrap\">2025-10-13</td>") && shown.contains("90 %"), "{shown}");
    assert!(!shown.contains("<td class=\"nowrap\">2025-10-10</td>"), "a window of another version: {shown}");
    let (status, shown) = page(&served, "/models/prices/model/history?version=9").await;
    assert!(status == 404 && shown.contains("`prices/model` has no version 9"), "{shown}");
    check(&served, "/models/prices/model/history?version=3", &["shadow", "none"], &["judged:"]).await;
}

#[tokio::test]
async fn the_api_has_the_same() {
    let served = with_live(9).await;
    let get = async |path: &str| -> Value {
        let answer = served.client.get(format!("{}/api/v1/models/{path}", served.url)).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    };
    let model = get("show/prices/model").await;
    let live = &model["live"][0];
    assert_eq!(
        (&live["asset"], &live["metric"]["label"]),
        (&"performance".into(), &"RMSE".into()),
        "{model}"
    );
    let last = &live["windows"][8];
    assert_eq!((&last["final"], &last["label"]), (&false.into(), &"2025-10-18".into()));
    let measure = &last["measures"][0];
    assert_eq!((&measure["matched"], &measure["coverage"]), (&20.into(), &0.1.into()));
    assert_eq!(model["live"].as_array().unwrap().len(), 1);
    let history = get("history/prices/model?version=2").await;
    let kinds: Vec<_> = history["entries"].as_array().unwrap().iter().map(|entry| &entry["kind"]).collect();
    assert_eq!(kinds, ["made", "judged", "moved", "moved", "live", "live", "live"], "{history}");
    assert_eq!(get("history/prices/model?version=champion").await["version"], 1);
}

/// Also after a hundred materializations of what measures, and with a year of windows.
#[tokio::test]
async fn pages_ask_as_much_whatever_was_measured() {
    let (small, large) = (with_live(3).await, with_live(365).await);
    let events = (2..=101).map(|version| measured("performance", version, 4 * DAY, live(90))).collect();
    append(&*large.store, events).await;
    for (path, most) in [("/models/prices/model", 9), ("/models/prices/model/history?version=2", 9)] {
        let (asked, asked_of_large) = (cost(&small, path).await.0, cost(&large, path).await.0);
        assert_eq!(asked, asked_of_large, "{path}");
        assert!(asked <= most, "{path} asks {asked} queries");
    }
    check(&large, "/models/prices/model", &["live-coverage"], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_keeps_people_out() {
    let served = with_live(60).await;
    let url = served.url.clone();
    let looked = tokio::task::spawn_blocking(move || {
        let browser = Browser::for_test()?;
        let mut found = Vec::new();
        for (name, path) in [
            ("model-live", "/models/prices/model"),
            ("model-history", "/models/prices/model/history?version=2"),
            ("performance", "/assets/performance"),
        ] {
            let page = browser.open(&format!("{url}{path}")).unwrap();
            let findings = page.audit_in_all_views().unwrap().into_iter().chain(page.complaints());
            found.extend(findings.map(|finding| format!("{name}: {finding}")));
            if let Some(folder) = std::env::var_os("SCREENSHOTS") {
                for view in View::ALL {
                    page.look(view).unwrap();
                    page.screenshot(&std::path::Path::new(&folder).join(format!("{name}-{}.png", view.name)))
                        .unwrap();
                }
            }
        }
        Some(found)
    });
    if let Some(found) = looked.await.unwrap() {
        assert_eq!(found, Vec::<String>::new());
    }
}
