//! The main number of an asset is the same on every page and in the API, and its plots run over versions or over time.

use jiff::Timestamp;
use millwork_core::event::{EventBody, Materialization, NewEvent, Provenance, StoredValue, ValueLocation};
use millwork_core::{AssetDefinition, AssetMetric, Definitions, MetadataValue, PartitionsDefinition};
use millwork_storage::Batch;
use serde_json::json;

use crate::served::Served;

const DAY: i64 = 86_400;

/// The score of a model by its error, one without a metric, and an asset of partitions.
async fn served() -> Served {
    let score = AssetDefinition::new("score").describe(|spec| spec.metric = Some(AssetMetric::lower("MAE")));
    let regions = AssetDefinition::new("regions").partitions(PartitionsDefinition::fixed(["north", "south"]));
    let definitions = Definitions::new().asset(score).asset(AssetDefinition::new("plain")).asset(regions);
    Served::start(definitions).await
}

async fn made(served: &Served, asset: &str, partition: Option<&str>, at: i64, numbers: &[(&str, f64)]) {
    let metadata = numbers.iter().map(|(label, number)| ((*label).to_owned(), MetadataValue::from(*number)));
    let body = EventBody::Materialized(Materialization {
        version: None,
        data_version: format!("d{at}").as_str().into(),
        provenance: Provenance { code_version: "c".into(), inputs: Vec::new(), config: None },
        stored: StoredValue {
            location: ValueLocation::Elsewhere,
            bytes: 1,
            format: "json".to_owned(),
            hash: None,
        },
        metadata: metadata.collect(),
    });
    let event = NewEvent {
        run: None,
        at: Timestamp::from_second(1_800_000_000 + at).unwrap(),
        step: None,
        asset: Some(asset.into()),
        partition: partition.map(Into::into),
        attempt: 0,
        body,
        value: None,
    };
    served.store.append(Batch { fence: None, events: vec![event] }).await.unwrap();
}

async fn page(served: &Served, path: &str) -> String {
    let page = served.client.get(format!("{}{path}", served.url)).send().await.unwrap();
    let (status, page) = (page.status().as_u16(), page.text().await.unwrap());
    assert_eq!(status, 200, "{path}: {page}");
    page
}

#[tokio::test]
async fn every_page_shows_the_same_number() {
    let served = served().await;
    let found = served.get("/api/v1/assets").await;
    assert_eq!(found["assets"][2]["metric"], json!({"label": "MAE", "better": "lower"}));
    assert_eq!(found["assets"][2]["main_number"], json!(null), "unknown until a run");
    made(&served, "score", None, 0, &[("A", 0.5), ("MAE", 12.0), ("R²", 0.25)]).await;
    made(&served, "score", None, DAY, &[("A", 0.5), ("MAE", 12.5), ("R²", 0.75)]).await;
    made(&served, "plain", None, DAY, &[("MAE", 3.0), ("rows", 3.0)]).await;
    let direction = "title=\"lower is better\"\n aria-label=\"lower is better\">↓</span> <b>12.5</b>";
    for path in ["/", "/assets", "/graph?asset=score"] {
        let shown = served.page_with(path, direction).await;
        assert_eq!(shown.contains("<span class=\"change worse\">worse by 0.5</span>"), path != "/", "{path}");
    }
    let overview = page(&served, "/").await;
    assert!(overview.contains("<td>MAE <b>3</b></td>"), "{overview}");
    let found = served.get("/api/v1/assets").await;
    let number = |at: usize| found["assets"][at]["main_number"].clone();
    assert_eq!(number(0), json!({"label": "MAE", "value": 3.0, "change": null}));
    assert_eq!(number(2), json!({"label": "MAE", "value": 12.5, "change": "worse"}));
    made(&served, "score", None, 2 * DAY, &[("A", 0.5), ("R²", 0.75)]).await;
    made(&served, "score", None, 3 * DAY, &[("A", 0.5), ("MAE", f64::NAN)]).await;
    served.page_with("/assets", "<b>NaN</b>").await;
    let found = served.get("/api/v1/assets").await;
    let of_score = &found["assets"][2]["main_number"];
    assert_eq!(*of_score, json!({"label": "MAE", "value": "NaN", "change": null}));
    let details = served.get("/api/v1/assets/score").await;
    assert_eq!(details["metric"], json!({"label": "MAE", "better": "lower"}));
}

#[tokio::test]
async fn the_metric_comes_first_on_the_page_of_its_asset() {
    let served = served().await;
    made(&served, "score", None, 0, &[("A", 0.5), ("B", 1.0), ("MAE", 12.0)]).await;
    made(&served, "score", None, DAY, &[("A", 0.5), ("B", 2.0), ("MAE", 11.0)]).await;
    let shown = page(&served, "/assets/score").await;
    let first = |text: &str| shown.find(text).unwrap_or_else(|| panic!("{text} is not in {shown}"));
    let plot = first("<figcaption>MAE: 11 <small>lower is better</small></figcaption>");
    assert!(plot < first("<figcaption>B: 2</figcaption>"));
    let column = first("<th scope=\"col\" class=\"number\">MAE</th>");
    assert!(column < first("<th scope=\"col\" class=\"number\">A</th>"));
    assert!(first("<dt>MAE</dt>") < first("<dt>A</dt>"));
    first("<dd>MAE, lower is better</dd>");
    let compared = page(&served, "/assets/score?at=2&with=1").await;
    assert!(compared.contains("−1 (−8.3 %) <span class=\"change better\">better</span>"), "{compared}");
    assert_eq!(compared.matches("class=\"change").count(), 1);
}

#[tokio::test]
async fn plots_run_over_versions_or_time() {
    let served = served().await;
    for (at, number) in [(0, 1.0), (5, 2.0), (9, 3.0), (DAY, 4.0)] {
        made(&served, "score", None, at, &[("MAE", number)]).await;
        made(&served, "plain", None, number as i64 * DAY, &[("MAE", number)]).await;
    }
    let over = |axis: &str, other: &str| format!("<h2>Over {axis} <small><a href=\"?by={other}\">");
    let by_itself = page(&served, "/assets/score").await;
    assert!(by_itself.contains(&over("versions", "time")), "{by_itself}");
    assert!(by_itself.contains("MAE 3 at version 3</title>"), "{by_itself}");
    let by_time = page(&served, "/assets/score?by=time").await;
    assert!(by_time.contains(&over("time", "version")), "{by_time}");
    assert!(by_time.contains("MAE 3 at 2027-01-15 08:00:09 UTC</title>"), "{by_time}");
    assert!(by_time.contains("href=\"?at=7&amp;by=time\""), "links keep what is chosen: {by_time}");
    assert!(by_time.contains("<input type=\"hidden\" name=\"by\" value=\"time\">"), "{by_time}");
    let even = page(&served, "/assets/plain").await;
    assert!(even.contains(&over("time", "version")), "{even}");
    let chosen = page(&served, "/assets/score?at=3&by=time").await;
    assert!(chosen.contains("<a href=\"?at=3&amp;by=version\">"), "{chosen}");
}

#[tokio::test]
async fn partitions_have_their_own_lines_over_versions() {
    let served = served().await;
    for (at, partition) in [(0, "north"), (5, "south"), (DAY, "north"), (DAY + 5, "south")] {
        made(&served, "regions", Some(partition), at, &[("rows", at as f64)]).await;
    }
    let by_itself = page(&served, "/assets/regions").await;
    assert!(by_itself.contains("<h2>Over time"), "{by_itself}");
    let shown = page(&served, "/assets/regions?by=version").await;
    for title in ["north 0 at version 1", "south 5 at version 1", "south 86405 at version 2"] {
        assert!(shown.contains(title), "{title}: {shown}");
    }
    let other = "href=\"?partition=south&amp;by=version\"";
    let one = served.page_with("/assets/regions?partition=north&by=version", other).await;
    assert!(one.contains("<a href=\"?partition=north&amp;by=time\">"), "{one}");
}
