//! Backfills in the API and on pages: planned, started, shown and operated.

use millwork_core::partition::{daily, weekly};
use millwork_core::{AssetDefinition, Computation, Definitions, Job};
use serde_json::{Value, json};

use crate::pages::normal;
use crate::served::Served;

const WEEK: &str = "2026-01-04..2026-01-10";

fn asset(key: &str) -> AssetDefinition {
    AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8))
}

/// Stories of days, and a report of each week.
async fn served() -> Served {
    let stories = asset("stories").partitions(daily("UTC").from("2026-01-04").until("2026-01-18"));
    let gather = |computation: &mut Computation| computation.requirements.partitions::<u8>("stories");
    let report = asset("report").partitions(weekly("UTC").from("2026-01-04").until("2026-01-18"));
    let definitions = Definitions::new().asset(stories).asset(report.policy(gather)).asset(asset("lonely"));
    Served::start(definitions.job(Job::new("all", "stories or report"))).await
}

async fn started(served: &Served) -> Value {
    let body = json!({"selection": "stories or report", "partitions": WEEK, "tags": {"source": "test"}});
    let (status, started) = served.post("/api/v1/backfills", body).await;
    assert_eq!(status, 201, "{started}");
    started
}

#[tokio::test]
async fn a_backfill_is_planned_started_and_operated() {
    let (served, none) = (served().await, json!({ "backfills": [], "next": null }));
    assert_eq!(served.get("/api/v1/backfills").await, none);
    let body = json!({"job": "all", "partitions": WEEK, "partitions_per_run": 3, "order": "newest_first"});
    let (status, plan) = served.post("/api/v1/backfills/plan", body).await;
    assert_eq!((status, &plan["make"], &plan["runs"]), (200, &json!(8), &json!(4)), "{plan}");
    assert_eq!(plan["stages"][0]["partitions"], WEEK);
    assert_eq!(plan["stages"][0]["partitions_per_run"], 3);
    assert_eq!(served.get("/api/v1/backfills").await, none, "a plan starts nothing");

    let details = started(&served).await;
    assert_eq!((&details["backfill"], &details["status"]), (&json!(1), &json!("requested")));
    assert_eq!(details["tags"], json!({"source": "test"}));
    assert_eq!(details["plan"]["of"], "stories");
    assert_eq!(details["plan"]["options"]["runs_at_a_time"], 4);
    assert_eq!(details["stages"][1]["waiting"], "2026-01-04");
    assert_eq!(served.get("/api/v1/backfills/1").await, details);
    for (operation, status) in [("pause", "paused"), ("resume", "running"), ("cancel", "canceled")] {
        let (found, view) = served.post(&format!("/api/v1/backfills/1/{operation}"), json!({})).await;
        assert_eq!((found, &view["status"]), (200, &json!(status)), "{operation}: {view}");
    }
    assert_eq!(served.get("/api/v1/backfills?open=true").await, none);
    assert_eq!(served.get("/api/v1/backfills?limit=5").await["backfills"][0]["counts"]["canceled"], 8);
    assert_eq!(served.get("/api/v1/backfills?limit=1").await["next"], 1);
    assert_eq!(served.get("/api/v1/backfills?limit=1&before=1").await, none);
    let (found, error) = served.post("/api/v1/backfills/1/pause", json!({})).await;
    assert_eq!((found, &error["error"]["code"]), (409, &json!("conflict")), "{error}");
}

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    let served = served().await;
    for (body, status, message) in [
        (json!({"selection": "lonely", "partitions": "*"}), 422, "no selected asset has partitions"),
        (json!({"selection": "stories", "partitions": "2025-01-01"}), 422, "is before the first window"),
        (json!({"selection": "stories", "partitions": "*", "of": "storys"}), 404, "storys"),
        (
            json!({"selection": "stories", "partitions": "*", "of": "report"}),
            422,
            "isn't a partitioned asset",
        ),
        (json!({"selection": "stories", "partitions": "*", "runs_at_a_time": 0}), 422, "nonzero"),
        (json!({"selection": "stories", "partitions": "*", "stop_at_share": 2}), 422, "between 0 and 1"),
        (
            json!({"selection": "stories", "job": "all", "partitions": "*"}),
            422,
            "either `selection` or `job`",
        ),
        (json!({"job": "none", "partitions": "*"}), 404, "no job is called `none`"),
        (json!({"selection": "report", "partitions": "*"}), 422, "there is nothing to make"),
        (json!({"selection": "stories"}), 422, "partitions"),
    ] {
        for path in ["/api/v1/backfills", "/api/v1/backfills/plan"] {
            let (found, error) = served.post(path, body.clone()).await;
            let text = error["error"].to_string();
            assert!(found == status && text.contains(message), "{path} {body}: {found} {text}");
        }
    }
    for (path, message) in [
        ("/api/v1/backfills/7/pause", "there is no backfill 7"),
        ("/api/v1/backfills/x/pause", "`x` is no number of a backfill"),
        ("/api/v1/backfills/7/stop", "a backfill has no operation `stop`"),
    ] {
        let (found, error) = served.post(path, json!({})).await;
        assert!(found == 404 && error["error"].to_string().contains(message), "{path}: {found} {error}");
    }
}

#[tokio::test]
async fn the_form_shows_the_plan_and_starts_it() {
    let served = served().await;
    let written = format!("/backfills/new?selection=stories+or+report&partitions={WEEK}");
    let page = served.page_with(&written, "8 partitions in 8 runs").await;
    assert!(page.contains("Start the backfill"), "{page}");
    let refused = "/backfills/new?selection=stories&partitions=2025-01-01";
    served.page_with(refused, "is before the first window").await;
    let (status, _) = served.form("/backfills", &format!("selection=stories&partitions={WEEK}")).await;
    assert_eq!(status, 303);
    let (status, page) = served.form("/backfills", "selection=stories&partitions=*&stop_at_share=x").await;
    assert_eq!(status, 422);
    assert!(page.contains("can&#39;t be the number of share of failures") || page.contains("`x`"), "{page}");
    let page = served.page_with("/backfills/1", "Pause").await;
    assert!(page.contains("7 waiting") && !page.contains("Resume"), "{page}");
    let (status, _) = served.form("/backfills/1", "operation=pause").await;
    assert_eq!(status, 303);
    served.page_with("/backfills/1", "Resume").await;
    let (status, page) = served.form("/backfills/1", "operation=pause").await;
    assert_eq!((status, page.contains("cannot pause a backfill that is paused")), (409, true), "{page}");
}

#[tokio::test]
async fn the_pages_of_backfills() {
    let served = served().await;
    let form = format!("/backfills/new?selection=stories+or+report&partitions={WEEK}");
    let page = served.client.get(format!("{}{form}", served.url)).send().await.unwrap();
    insta::assert_snapshot!("backfill_form", normal(&page.text().await.unwrap()), &form);
    served.page_with("/backfills", "No backfills yet.").await;
    started(&served).await;
    for text in ["<a href=\"/backfills/1\">1</a>", "8 waiting", "stories or report"] {
        served.page_with("/backfills", text).await;
    }
    served.page_with("/backfills?before=1", "There are no older backfills.").await;
    for text in ["4 runs at a time · oldest first", "7 waiting", WEEK, "/runs?tag=millwork"] {
        served.page_with("/backfills/1", text).await;
    }
    let again = served.page_with(&form, "hasn't ended").await;
    assert!(again.contains("<a href=\"/backfills/1\">Backfill 1</a>"), "{again}");
}
