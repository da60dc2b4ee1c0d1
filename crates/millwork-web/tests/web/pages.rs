//! The pages as they are sent, of a small pipeline at fixed times. A change of a template shows here, next to it.

use std::fmt::Write as _;

use jiff::Timestamp;
use millwork_core::event::{
    EventBody, LogLine, Materialization, NewEvent, Provenance, StoredValue, ValueLocation,
};
use millwork_core::outcome::{Failure, FailureKind};
use millwork_core::param::LogLevel;
use millwork_core::run::{RunId, RunRequest};
use millwork_core::{AssetDefinition, Definitions, Job, PartitionsDefinition, Schedule};
use millwork_storage::{Batch, NewRun};

use crate::served::Served;

fn definitions() -> Definitions {
    let asset = |key: &str, group: &str| {
        AssetDefinition::new(key).produces::<u64, _>().describe(|spec| {
            spec.group = Some(group.to_owned());
            spec.description = format!("The {key} of the pipeline.\n\nWith a *second* paragraph.");
        })
    };
    Definitions::new()
        .asset(asset("stories", "ingest").blocking(|_| Ok(1_u64)))
        .asset(asset("features", "training").after("stories").blocking(|_| Ok(1_u64)))
        .asset(asset("model", "training").after("features").blocking(|_| Ok(1_u64)))
        .job(Job::new("train", "+model"))
        .schedule(Schedule::new("nightly", ["0 3 * * *"], "*"))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// A run that made the stories, failed to make the features, and didn't begin with the model.
async fn with_a_failed_run(served: &Served) -> RunId {
    let id = RunId::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
    let request =
        RunRequest { tags: [("team".to_owned(), "search".to_owned())].into(), ..RunRequest::default() };
    served.store.create_run(NewRun { id, request, at: at(0), lease: None }).await.unwrap();
    let of_step = |second, step: &str, body| NewEvent {
        step: Some(step.into()),
        attempt: 1,
        ..NewEvent::of_run(id, at(second), body)
    };
    let made = Materialization {
        version: None,
        data_version: "0123456789abcdef".into(),
        provenance: Provenance { code_version: "c".into(), inputs: Vec::new(), config: None },
        stored: StoredValue {
            location: ValueLocation::Elsewhere,
            bytes: 2_048,
            format: "json".to_owned(),
            hash: None,
        },
        metadata: [("rows".to_owned(), 512_i64.into())].into(),
    };
    let line = LogLine {
        level: LogLevel::Warn,
        target: "pipeline".to_owned(),
        message: "3 stories have <no> title".to_owned(),
        fields: Default::default(),
    };
    let mut materialized = of_step(4, "stories", EventBody::Materialized(made));
    materialized.asset = Some("stories".into());
    let failure = Failure::new(FailureKind::Error, "the file `terms & titles` is empty");
    let events = vec![
        NewEvent::of_run(id, at(1), EventBody::RunStarted { epoch: 1 }),
        of_step(2, "stories", EventBody::StepStarted),
        of_step(3, "stories", EventBody::Logged(line)),
        materialized,
        of_step(5, "stories", EventBody::StepSucceeded { micros: 3_000_000 }),
        of_step(6, "features", EventBody::StepStarted),
        of_step(8, "features", EventBody::StepFailed { failure }),
        NewEvent::of_run(id, at(9), EventBody::run_failed("features failed")),
    ];
    served.store.append(Batch { fence: None, events }).await.unwrap();
    id
}

/// A page without what differs from server to server: the token of its forms and the version of its files.
pub(crate) fn normal(page: &str) -> String {
    let mut normal = String::new();
    for line in page.lines().filter(|line| !line.trim().is_empty()) {
        let line =
            ["name=\"form_token\" value=\"", "/static/"].iter().fold(line.to_owned(), |line, before| {
                let mut parts = line.split(before);
                let mut replaced = parts.next().unwrap_or_default().to_owned();
                for part in parts {
                    let end = part.find(['"', '/']).unwrap_or(part.len());
                    let _ = write!(replaced, "{before}…{}", &part[end..]);
                }
                replaced
            });
        let _ = writeln!(normal, "{}", line.trim_end());
    }
    normal
}

/// The page of a launch refuses what the API refuses, with the same status.
#[tokio::test]
async fn a_launch_that_is_refused_says_why() {
    let served = Served::start(definitions()).await;
    let both = "a request has either `selection` or `job`";
    for (fields, status, problem) in [
        ("selection=stories&job=train", 422, both),
        ("selection=&job=nope", 404, "no job is called `nope`"),
        ("selection=nope", 422, "no asset is called `nope`"),
        ("selection=stories&tags=a", 422, "Some fields are invalid."),
    ] {
        let (found, page) = served.form("/launch", fields).await;
        assert_eq!(found, status, "{fields}: {page}");
        assert!(page.contains(problem), "{fields}: {page}");
        if !fields.contains("tags") {
            let page = served.client.get(format!("{}/launch?{fields}", served.url)).send().await.unwrap();
            let (found, page) = (page.status().as_u16(), page.text().await.unwrap());
            assert!(found == 200 && page.contains(problem), "{fields}: {page}");
        }
    }
    served.make("stories").await;
    for path in ["/launch", "/runs"] {
        let (found, page) = served.form(path, "selection=stories&stale_only=true").await;
        assert_eq!((found, page.contains("everything is up to date")), (409, true), "{path}: {page}");
    }
    assert_eq!(served.form("/launch", "selection=stories&job=").await.0, 303);
    assert_eq!(served.form("/launch", "selection=+&job=train").await.0, 303);
}

/// The page of a partition that there is not is an error, unless it has a history.
#[tokio::test]
async fn a_partition_that_is_not_defined_has_no_page() {
    let daily = AssetDefinition::new("daily").partitions(PartitionsDefinition::fixed(["p1", "p2"]));
    let served = Served::start(definitions().asset(daily.produces::<u64, _>().blocking(|_| Ok(1_u64)))).await;
    for (path, status, text) in [
        ("/assets/daily?partition=p1", 200, "p1"),
        ("/assets/daily?partition=", 200, "p1"),
        ("/assets/daily?partition=zz", 422, "has no partition `zz`"),
        ("/assets/stories?partition=zz", 422, "asset `stories` has no partitions"),
    ] {
        let page = served.client.get(format!("{}{path}", served.url)).header("accept", "text/html");
        let page = page.send().await.unwrap();
        let (found, page) = (page.status().as_u16(), page.text().await.unwrap());
        assert_eq!((found, page.contains(text)), (status, true), "{path}: {page}");
    }
}

#[tokio::test]
async fn the_pages_of_a_small_pipeline() {
    let served = Served::start(definitions()).await;
    let run = with_a_failed_run(&served).await;
    // The status of the assets takes all events in: the run has nine.
    served.page_with("/", "<body data-after=\"9\"").await;
    for (name, path) in [
        ("overview", "/".to_owned()),
        ("assets", "/assets".to_owned()),
        ("assets_searched", "/assets?q=mod".to_owned()),
        ("asset", "/assets/stories".to_owned()),
        ("asset_that_failed", "/assets/features".to_owned()),
        ("graph", "/graph".to_owned()),
        ("runs", "/runs".to_owned()),
        ("runs_without_a_hit", "/runs?status=canceled".to_owned()),
        ("run", format!("/runs/{run}")),
        ("launch", "/launch?selection=*".to_owned()),
        ("automation", "/automation".to_owned()),
        ("not_found", "/assets/nothing".to_owned()),
    ] {
        let page = served.client.get(format!("{}{path}", served.url)).send().await.unwrap();
        insta::assert_snapshot!(name, normal(&page.text().await.unwrap()), &path);
    }
}
