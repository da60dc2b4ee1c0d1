//! Partitions by time, of several dimensions and of texts that come at run time, in the API and on pages.

use millwork_core::partition::{Dimensions, daily, dynamic, fixed, hourly};
use millwork_core::{AssetDefinition, Definitions};
use serde_json::{Value, json};

use crate::served::Served;

fn asset(key: &str, partitions: impl Into<Dimensions>) -> AssetDefinition {
    let asset = AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8));
    asset.partitions(partitions.into())
}

/// Stories of the first days of 2026, and what was sold on each in each country.
async fn served() -> Served {
    let days = || daily("UTC").from("2026-01-01").until("2026-01-11");
    let stories = asset("stories", days());
    let sold = asset("sold", days().by(dynamic("countries")))
        .policy(|computation| computation.requirements.input::<u8>("stories"));
    Served::start(Definitions::new().asset(stories).asset(sold)).await
}

#[tokio::test]
async fn texts_are_added_and_removed() {
    let served = served().await;
    assert_eq!(
        served.get("/api/v1/partitions").await,
        json!([{"name": "countries", "count": 0, "texts": []}])
    );
    let added = served.post("/api/v1/partitions/countries", json!({"add": ["de", "fr", "a|b", "de"]})).await;
    assert_eq!(added, (200, json!({"name": "countries", "added": ["de", "fr", "a|b"], "removed": []})));
    let again =
        served.post("/api/v1/partitions/countries", json!({"add": ["de"], "remove": ["fr", "xx"]})).await;
    assert_eq!(again, (200, json!({"name": "countries", "added": [], "removed": ["fr"]})));
    let texts = json!([{"name": "countries", "count": 2, "texts": ["de", "a|b"]}]);
    assert_eq!(served.get("/api/v1/partitions").await, texts);
    let sold = served.get("/api/v1/assets/sold").await;
    assert_eq!(sold["partitions"]["count"], 20);
    assert_eq!(sold["partitions"]["dimensions"], json!(["time", "countries"]));
    assert_eq!(sold["partitions"]["keys"][1], "2026-01-01|a%7Cb");

    for (path, body, status, message) in [
        ("countrys", json!({"add": ["de"]}), 404, "no asset has partitions called `countrys`"),
        ("countries", json!({"add": [""]}), 422, "a text of a key is empty"),
        ("countries", json!({"ad": ["de"]}), 422, "unknown field `ad`"),
        ("countries", json!({"add": ["de"], "remove": ["de"]}), 422, "`de` is to be added and removed"),
    ] {
        let (found, error) = served.post(&format!("/api/v1/partitions/{path}"), body).await;
        let text = error["error"].to_string();
        assert!(found == status && text.contains(message), "{path}: {found} {text}");
    }
}

#[tokio::test]
async fn a_set_of_partitions_is_launched() {
    let served = served().await;
    served.post("/api/v1/partitions/countries", json!({"add": ["de", "fr"]})).await;
    let launch = json!({"selection": "sold", "partitions": "2026-01-01..2026-01-02|*"});
    let (status, queued) = served.post("/api/v1/runs", launch).await;
    assert_eq!(status, 201, "{queued}");
    let run = served.get(&format!("/api/v1/runs/{}", queued["run"].as_str().unwrap())).await;
    let partitions = ["2026-01-01|de", "2026-01-01|fr", "2026-01-02|de", "2026-01-02|fr"];
    assert_eq!(run["request"]["partitions"], json!(partitions));
    let one = json!({"selection": "stories", "partition": "2026-01-03"});
    let (_, queued) = served.post("/api/v1/runs", one).await;
    let run = served.get(&format!("/api/v1/runs/{}", queued["run"].as_str().unwrap())).await;
    assert_eq!(
        (&run["request"]["partition"], &run["request"]["partitions"]),
        (&json!("2026-01-03"), &Value::Null)
    );

    for (body, message) in [
        (json!({"selection": "stories"}), "asset `stories` has 10 partitions, and none was named"),
        (json!({"selection": "stories", "partition": "2026-01-11"}), "is after the last window"),
        (json!({"selection": "sold", "partitions": "2026-01-01|xx"}), "the value `xx` is unknown"),
        (
            json!({"selection": "sold", "partition": "2026-01-01"}),
            "has 1 of the 2 dimensions: time, countries",
        ),
    ] {
        let (status, error) = served.post("/api/v1/runs", body.clone()).await;
        let text = error["error"].to_string();
        assert!(status == 422 && text.contains(message), "{body}: {status} {text}");
    }
    served.page_with("/launch?selection=sold&partition=2026-01-01%7Cde", "sold (2026-01-01|de)").await;
    served.page_with("/launch?selection=stories", "and none was named").await;
    served.page_with("/launch?selection=stories", "<option value=\"2026-01-10\">").await;
    served.page_with("/assets/stories", "href=\"/launch?selection=%22stories%22\">Materialize…").await;
}

#[tokio::test]
async fn a_partition_has_a_page_by_its_label_and_by_what_it_is() {
    let served = served().await;
    let report = json!({"data_version": "v1", "partition": "2026-01-02", "metadata": {"rows": 3}});
    let (status, _) = served.post("/api/v1/reports/materialization/stories", report).await;
    assert_eq!(status, 201);
    let identity = "@:@20260102T0000Z-20260103T0000Z";
    for partition in ["2026-01-02", identity] {
        let partition = serde_urlencoded_of(partition);
        let found = served.get(&format!("/api/v1/materializations/stories?partition={partition}")).await;
        assert_eq!(found["materializations"][0]["partition"], "2026-01-02");
        served.page_with(&format!("/assets/stories?partition={partition}"), "2026-01-02").await;
    }
    let details = served.get("/api/v1/assets/stories").await;
    assert_eq!(details["latest"][0]["partition"], "2026-01-02");
    assert!(!details.to_string().contains("@:"), "labels only: {details}");
}

#[tokio::test]
async fn the_selected_partitions_of_a_run_are_run_again() {
    let served = served().await;
    let run =
        served.stored(|request| request.partitions = vec!["2026-01-01".into(), "2026-01-02".into()]).await;
    let form = "step=stories%09%40%3A%4020260102T0000Z-20260103T0000Z&which=these";
    assert_eq!(served.form(&format!("/runs/{run}/selected"), form).await.0, 303);
    let runs = served.get("/api/v1/runs").await;
    let again = runs["runs"].as_array().unwrap().iter().find(|one| one["run"] != json!(run)).unwrap();
    let again = served.get(&format!("/api/v1/runs/{}", again["run"].as_str().unwrap())).await;
    let request = &again["request"];
    assert_eq!(
        (&request["partition"], &request["partitions"]),
        (&json!("2026-01-02"), &Value::Null),
        "{again}"
    );
    served.page_with(&format!("/runs/{}", again["run"].as_str().unwrap()), "<dd>2026-01-02</dd>").await;
}

/// A text as the value of a parameter.
fn serde_urlencoded_of(text: &str) -> String {
    text.replace('@', "%40").replace(':', "%3A")
}

/// The page of an asset whose parts it has, without what isn't there.
async fn check_page(served: &Served, address: &str, has: &[&str], has_not: &[&str]) {
    let page = served.page_with(address, "<h2 id=\"partitions\">Partitions").await;
    for part in has {
        assert!(page.contains(part), "{address} has no {part}:\n{page}");
    }
    for part in has_not {
        assert!(!page.contains(part), "{address} has {part}:\n{page}");
    }
}

#[tokio::test]
async fn a_million_partitions_are_a_strip_that_zooms() {
    let hours = asset("hours", hourly("UTC").from("1912-01-01").until("2026-01-01"));
    let users = asset(
        "users",
        hourly("UTC").from("2025-12-31").until("2026-01-01").by(fixed(["a|b", "c", "d"]).named("user")),
    );
    let served = Served::start(Definitions::new().asset(hours).asset(users)).await;
    let report = json!({"data_version": "v1", "partition": "1912-01-01-05:00"});
    let (status, _) = served.post("/api/v1/reports/materialization/hours", report).await;
    assert_eq!(status, 201);
    // 200 parts of 4,997 hours; a value that was reported is stale.
    let first = "?in.time=1912-01-01-00%3A00..1912-07-27-04%3A00#partitions";
    let page = served.page_with("/assets/hours", "1 stale").await;
    assert!(page.contains(&format!("<a href=\"{first}\">")), "{page}");
    assert_eq!(page.matches("class=\"share-").count(), 201, "a rectangle for each part and status");
    check_page(
        &served,
        "/assets/hours",
        &["999335 missing", "1 stale", "1912-01-01-00:00", "1 to 50 of 999336", "?page=1#partitions"],
        &["class=\"strip\"", "class=\"grid\""],
    )
    .await;
    let day = "/assets/hours?in.time=1912-01-01-00:00..1912-01-01-23:00";
    check_page(&served, day, &["class=\"strip\"", "23 missing", "of 24"], &["share-missing"]).await;
    check_page(&served, &format!("{day}&state=stale"), &["1 to 1 of 1", "reported"], &[]).await;
    check_page(
        &served,
        "/assets/hours?in.time=1912-01-02..",
        &["<p class=\"problem\">", "999335 missing"],
        &[],
    )
    .await;
    check_page(&served, "/assets/hours?page=999999999", &["999301 to 999336 of 999336"], &[]).await;

    check_page(
        &served,
        "/assets/users",
        &["class=\"grid\"", "<option>a%7Cb</option>", "<th scope=\"row\">c</th>", "1 to 50 of 72"],
        &["Earlier"],
    )
    .await;
    check_page(&served, "/assets/users?in.user=c", &["24 missing", "class=\"strip\""], &["class=\"grid\""])
        .await;
}
