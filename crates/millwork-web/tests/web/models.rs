//! The pages of models: what they show, what their buttons do, and that little is read for them.

use std::time::Duration;

use jiff::Timestamp;
use millwork_browser::{Browser, View};
use millwork_core::asset::{Decision, GateDefinition, Series};
use millwork_core::event::{
    AliasChange, AliasMoved, Asked, BacktestOutcome, BacktestedVersion, EventBody, InputVersion,
    Materialization, Mover, NewEvent, Provenance, StoredValue, ValueLocation, VersionJudged,
    VersionsBacktested,
};
use millwork_core::param::{Challenger, Champion, FromStep as _, Requirements};
use millwork_core::version::{AliasName, ReadAs, VersionNumber};
use millwork_core::{
    Asset, AssetDefinition, AssetMetric, AssetPartition, AutomationCondition, Definitions, MetadataValue,
    PartitionsDefinition, RecordedConfig, StepFunction, StepResult, Verdict, Watch,
};
use millwork_storage::{Batch, Store, model_history};
use reqwest::StatusCode;
use serde_json::json;

use crate::pages::normal;
use crate::queries::a_moment_passes;
use crate::served::Served;

pub(crate) const DAY: i64 = 86_400;

/// The model, with an error of which less is better.
pub(crate) enum Model {}
impl Asset for Model {
    const KEY: &'static str = "prices/model";
    type Value = u64;
}

/// A model for each of two regions.
enum Regional {}
impl Asset for Regional {
    const KEY: &'static str = "regional_model";
    type Value = u64;
}

fn gate<A: Asset>(name: &str) -> GateDefinition
where
    Challenger<A>: millwork_core::param::FromStep,
{
    let mut requirements = Requirements::default();
    Challenger::<A>::requirements(&mut requirements);
    let function = StepFunction::Blocking(std::sync::Arc::new(|_| Ok(StepResult::Gate(Verdict::promote()))));
    let computation = millwork_core::asset::Computation::new(requirements, function);
    let mut gate = GateDefinition::new(name, A::KEY, computation);
    gate.description = "The challenger must win on the same flats.".to_owned();
    gate
}

fn definitions() -> Definitions {
    let asset = |key: &str| AssetDefinition::new(key).produces::<u64, _>();
    let model = asset(Model::KEY).after("sales").describe(|spec| {
        spec.group = Some("model".to_owned());
        spec.description = "The price of a flat by its size.".to_owned();
        spec.metric = Some(AssetMetric::lower("MAE"));
    });
    let regions = PartitionsDefinition::fixed(["north", "south"]);
    let predictions = asset("predictions")
        .policy(|computation| Champion::<Model>::requirements(&mut computation.requirements));
    Definitions::new()
        .asset(asset("sales").blocking(|_| Ok(1_u64)))
        .asset(model.blocking(|_| Ok(1_u64)))
        .gate(gate::<Model>("better_model"))
        .asset(predictions.blocking(|_| Ok(1_u64)))
        .asset(asset("plain").blocking(|_| Ok(1_u64)))
        .asset(asset(Regional::KEY).partitions(regions).blocking(|_| Ok(1_u64)))
        .gate(gate::<Regional>("regional_gate"))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_760_000_000 + second).unwrap()
}

pub(crate) fn number(version: u32) -> VersionNumber {
    VersionNumber::new(version).unwrap()
}

pub(crate) fn event(asset: &str, partition: Option<&str>, second: i64, body: EventBody) -> NewEvent {
    NewEvent {
        run: None,
        at: at(second),
        step: None,
        asset: Some(asset.into()),
        partition: partition.map(Into::into),
        attempt: 0,
        body,
        value: None,
    }
}

/// A version with an error, a count of rounds and the curve of training.
pub(crate) fn made(version: u32, error: f64, inputs: Vec<InputVersion>) -> EventBody {
    let curve = |last: f64| vec![last * 2.0, last * 1.2, last];
    let series = Series {
        x_label: "round".to_owned(),
        x: vec![1.0, 2.0, 3.0],
        y: [("loss".to_owned(), curve(error))].into(),
    };
    let effective = json!({ "rounds": version * 10, "eta": 0.1 });
    let config =
        RecordedConfig { effective, standing: (version == 4).then(|| json!({ "rounds": 30, "eta": 0.1 })) };
    let metadata = [
        ("MAE".to_owned(), error.into()),
        ("rows".to_owned(), MetadataValue::from(i64::from(version) * 100)),
        ("training".to_owned(), MetadataValue::Series(series)),
    ];
    EventBody::Materialized(Materialization {
        version: Some(number(version)),
        data_version: format!("{version}0123456789abcdef").as_str().into(),
        provenance: Provenance { code_version: "c1".into(), inputs, config: Some(config.into()) },
        stored: StoredValue {
            location: ValueLocation::Database,
            bytes: 2_048,
            format: "json".to_owned(),
            hash: None,
        },
        metadata: metadata.into(),
    })
}

fn input(asset: &str, version: u32, read_as: ReadAs) -> InputVersion {
    InputVersion {
        upstream: AssetPartition::new(asset.into(), None),
        data_version: Some(format!("{version}0123456789abcdef").as_str().into()),
        version: Some(number(version)),
        read_as,
    }
}

pub(crate) fn judged(
    version: u32,
    against: Option<u32>,
    decision: Option<Decision>,
    reason: &str,
) -> EventBody {
    let asked =
        Asked { of: "the pricing team".to_owned(), until: Some(at(9 * DAY)), then: Some(Decision::Keep) };
    EventBody::VersionJudged(VersionJudged {
        gate: "better_model".to_owned(),
        version: number(version),
        against: against.map(number),
        decision,
        asked: decision.is_none().then_some(asked),
        shadow: None,
        answers: None,
        reason: reason.to_owned(),
        metadata: [("difference".to_owned(), (-0.42).into())].into(),
        provenance: Provenance::reported(),
    })
}

pub(crate) fn moved(from: Option<u32>, to: u32, by: Mover, reason: &str) -> EventBody {
    EventBody::AliasMoved(AliasMoved {
        alias: AliasName::champion(),
        from: from.map(number),
        to: Some(number(to)),
        data_version: Some(format!("{to}0123456789abcdef").as_str().into()),
        change: AliasChange::Promoted,
        by,
        reason: reason.to_owned(),
    })
}

/// The last two versions, and one whose value isn't there any more, on new data.
fn backtested() -> EventBody {
    let version = |version, outcome, reason: &str, difference: Option<f64>| BacktestedVersion {
        version: number(version),
        outcome,
        reason: reason.to_owned(),
        metadata: difference.map(|by| ("difference".to_owned(), by.into())).into_iter().collect(),
    };
    let judged = |decision| BacktestOutcome::Judged { decision };
    EventBody::VersionsBacktested(VersionsBacktested {
        gate: "better_model".to_owned(),
        against: Some(number(2)),
        versions: vec![
            version(
                5,
                BacktestOutcome::Asked { of: "the pricing team".to_owned() },
                "a little better",
                Some(-0.2),
            ),
            version(4, judged(Decision::Reject), "it predicts nonsense", Some(88.0)),
            version(1, BacktestOutcome::ValueRemoved, "", None),
        ],
        provenance: Provenance::reported(),
    })
}

/// Appends events one by one: an alias is only moved to a version that is there.
pub(crate) async fn append(store: &dyn Store, events: Vec<NewEvent>) {
    for event in events {
        store.append(Batch { fence: None, events: vec![event] }).await.unwrap();
    }
}

/// Five versions: the first was in use, the second is, one was kept, one rejected, and people are asked about the last.
pub(crate) async fn with_a_life() -> Served {
    let served = Served::start(definitions()).await;
    let of = |second, body| event(Model::KEY, None, second, body);
    let gate = || Mover::Gate("better_model".to_owned());
    let sales = |version| vec![input("sales", version, ReadAs::Latest)];
    let by_champion = ReadAs::Alias(AliasName::champion());
    append(
        &*served.store,
        vec![
            event("sales", None, 0, made(1, 0.0, Vec::new())),
            of(1, made(1, 12.5, sales(1))),
            of(2, judged(1, None, Some(Decision::Promote), "the first")),
            of(2, moved(None, 1, gate(), "the first")),
            event("sales", None, DAY, made(2, 0.0, Vec::new())),
            of(DAY, made(2, 11.0, sales(2))),
            of(DAY + 5, judged(2, Some(1), Some(Decision::Promote), "MAE −1.5 [−2.1, −0.9]")),
            of(DAY + 5, moved(Some(1), 2, gate(), "MAE −1.5 [−2.1, −0.9]")),
            event("predictions", None, DAY + 9, made(1, 0.0, vec![input(Model::KEY, 2, by_champion)])),
            of(2 * DAY, made(3, 13.0, sales(2))),
            of(2 * DAY + 5, judged(3, Some(2), Some(Decision::Keep), "MAE +2.0 <worse>")),
            of(3 * DAY, made(4, 99.0, sales(2))),
            of(3 * DAY + 5, judged(4, Some(2), Some(Decision::Reject), "it predicts nonsense")),
            of(4 * DAY, made(5, 10.9, sales(2))),
            of(4 * DAY + 5, judged(5, Some(2), None, "MAE −0.1 [−0.5, 0.3]")),
            of(4 * DAY + 6, backtested()),
        ],
    )
    .await;
    for region in ["north", "south"] {
        append(&*served.store, vec![event(Regional::KEY, Some(region), 5, made(1, 3.0, Vec::new()))]).await;
    }
    let moved = moved(None, 1, Mover::Person("ada".to_owned()), "");
    append(&*served.store, vec![event(Regional::KEY, Some("north"), 6, moved)]).await;
    // The status of the assets takes all events in, and so do the lives of the models: the last event is the move of the alias in the north.
    served.page_with("/models", "<body data-after=\"19\"").await;
    served.page_with("/models", "in 1 of 2 partitions").await;
    served
}

pub(crate) async fn page(served: &Served, path: &str) -> (u16, String) {
    let request = served.client.get(format!("{}{path}", served.url)).header("accept", "text/html");
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// A page without the ages of what is in use, which grow: they are whole days.
fn ageless(page: &str) -> String {
    let parts: Vec<String> = normal(page).split(" days").map(str::to_owned).collect();
    let without = parts.iter().map(|part| part.trim_end_matches(|letter: char| letter.is_ascii_digit()));
    without.collect::<Vec<_>>().join("AGE")
}

#[tokio::test]
async fn the_pages_of_models() {
    let served = with_a_life().await;
    for (name, path) in [
        ("models", "/models"),
        ("model", "/models/prices/model"),
        ("model_of_partitions", "/models/regional_model"),
        ("model_of_a_partition", "/models/regional_model?partition=north"),
        ("model_compared", "/models/prices/model/compare?a=1&b=2"),
        ("model_lineage", "/models/prices/model/lineage"),
        ("model_history", "/models/prices/model/history?version=2"),
        ("asset_that_is_a_model", "/assets/prices/model"),
    ] {
        let (status, page) = page(&served, path).await;
        assert_eq!(status, 200, "{path}: {page}");
        // The last moment of the picture of aliases is now.
        let shown: String =
            ageless(&page).split_inclusive('\n').filter(|line| !line.contains("plot-span")).collect();
        insta::assert_snapshot!(name, shown, path);
    }
}

#[tokio::test]
async fn a_watch_is_shown_and_why_it_is_not_on() {
    let worse = AutomationCondition::metric("predictions", "MAE").above(20.0);
    let century = Duration::from_secs(100 * 365 * 86_400);
    let watch = Watch::new(Model::KEY).rollback_if(worse).within(century);
    let served = Served::start(definitions().watch(watch)).await;
    let of = |second, body| event(Model::KEY, None, second, body);
    let gate = || Mover::Gate("better_model".to_owned());
    let promoted = |second, version, from: Option<u32>| {
        let verdict = of(second, judged(version, from, Some(Decision::Promote), ""));
        [of(second, made(version, 12.5, Vec::new())), verdict, of(second, moved(from, version, gate(), ""))]
    };
    append(&*served.store, promoted(1, 1, None).into()).await;
    served.page_with("/models/prices/model", "Version 1 <small>").await;
    let (_, first) = page(&served, "/models/prices/model").await;
    assert!(first.contains("isn't on: there is no version before 1 to go back to"), "{first}");
    served.page_with("/automation", "not on: there is no version before 1 to go back to").await;
    let (_, api) = page(&served, "/api/v1/automation").await;
    let why = "there is no version before 1 to go back to";
    assert!(api.contains(&format!("\"not_on\":\"{why}\"")), "{api}");
    append(&*served.store, promoted(3, 2, Some(1)).into()).await;
    served
        .page_with("/models/prices/model", "it goes back to version 1 if MAE of predictions is above 20")
        .await;
    let (status, automation) = page(&served, "/automation").await;
    assert_eq!((status, automation.contains("watch:prices/model")), (200, true), "{automation}");
    assert_eq!(page(&served, "/automation/watch:prices/model").await.0, 200);
    let (status, api) = page(&served, "/api/v1/models/show/prices/model").await;
    assert_eq!(status, 200, "{api}");
    let details: serde_json::Value = serde_json::from_str(&api).unwrap();
    let watch = &details["watch"];
    assert_eq!((&watch["back_to"], &watch["not_on"]), (&1.into(), &serde_json::Value::Null), "{watch}");
    assert_eq!(watch["condition"], "MAE of predictions is above 20");
}

#[tokio::test]
async fn what_there_is_not_is_an_error() {
    let served = with_a_life().await;
    for (path, status, text) in [
        ("/models/nothing", 404, "no asset is called `nothing`"),
        ("/models/prices/model/compare?a=1", 422, "a comparison needs two versions"),
        ("/models/prices/model/compare?a=1&b=9", 404, "`prices/model` has no version 9"),
        ("/models/prices/model/history?version=9", 404, "`prices/model` has no version 9"),
        ("/models/plain/history", 404, "`plain` has no versions"),
        ("/models/prices/model/lineage?version=9", 404, "`prices/model` has no version 9"),
        ("/models/plain/lineage", 404, "`plain` has no versions"),
        ("/models/regional_model?partition=west", 422, "has no partition `west`"),
        ("/models?q=nothing", 200, "no asset is called `nothing`"),
    ] {
        let (found, page) = page(&served, path).await;
        assert_eq!((found, page.contains(text)), (status, true), "{path}: {page}");
    }
}

#[tokio::test]
async fn navigation_has_models_where_there_are_some() {
    let plain = Served::start(Definitions::new().asset(AssetDefinition::new("plain"))).await;
    let link = "<a href=\"/models\"";
    assert!(!page(&plain, "/").await.1.contains(link));
    assert!(page(&plain, "/models").await.1.contains("No models."));
    let body = made(1, 1.0, Vec::new());
    append(&*plain.store, vec![event("plain", None, 0, body)]).await;
    assert_eq!(plain.form("/models/plain", "action=promote&version=1&by=ada").await.0, 303);
    let shown = page(&plain, "/models").await.1;
    assert!(shown.contains("<a href=\"/models/plain\">") && shown.contains("by ada"), "{shown}");
    assert!(page(&plain, "/nothing").await.1.contains(link), "pages of errors, too");
    let found = plain.ask(reqwest::Method::GET, "/palette?q=mod", None).await.1;
    assert_eq!(found[0]["path"], "/models", "{found}");
}

/// What a form does, and what the page says then.
async fn check(served: &Served, fields: &str, status: u16, text: &str) {
    let (found, page) = served.form("/models/prices/model", fields).await;
    assert_eq!(found, status, "{fields}: {page}");
    assert!(page.contains(text), "{fields}: {text} is not in {page}");
}

pub(crate) async fn champion(served: &Served) -> Option<u32> {
    let of = AssetPartition::new(Model::KEY.into(), None);
    let history = model_history(&*served.store, &of).await.unwrap();
    history.at(&AliasName::champion()).map(VersionNumber::get)
}

#[tokio::test]
async fn buttons_decide_and_a_lost_race_says_who_was_first() {
    let served = with_a_life().await;
    let question = "version=5&seen=2&known=15";
    check(&served, "action=promote&seen=2", 422, "`version` is missing").await;
    check(&served, "action=promote&version=9&seen=2", 404, "has no version 9").await;
    check(&served, "action=promote&version=2&seen=2", 422, "is its champion already").await;
    check(&served, "action=reject&version=2&seen=2", 422, "version 2 of `prices/model` is in use").await;
    check(&served, "action=promote&version=3&seen=1", 409, "champion: version 1 → 2 by gate `better_model`")
        .await;
    assert_eq!(champion(&served).await, Some(2), "nothing has moved");
    check(&served, &format!("action=promote&{question}&by=ada&reason=better+in+spring"), 303, "").await;
    assert_eq!(champion(&served).await, Some(5));
    let shown = page(&served, "/models/prices/model").await.1;
    assert!(
        shown.contains("Version 5") && shown.contains("better in spring") && shown.contains("by ada"),
        "{shown}"
    );
    assert!(!shown.contains("to be promoted?"), "{shown}");
    // Another person had the same page open.
    check(
        &served,
        &format!("action=reject&{question}"),
        409,
        "`prices/model` was changed meanwhile: champion: version 2 → 5 by ada (better in spring)",
    )
    .await;
    check(&served, "action=roll_back&version=2&seen=5&by=grace", 303, "").await;
    let late = "version 5 was decided about meanwhile: champion: version 5 → 2 by grace";
    check(&served, &format!("action=reject&{question}"), 409, late).await;
    let long = "x".repeat(201);
    check(&served, &format!("action=reject&version=5&seen=2&by={long}"), 422, "at most 200").await;
    check(&served, "action=reject&version=5&seen=2&by=+", 303, "").await;
    check(&served, "action=roll_back&seen=2", 303, "").await;
    assert_eq!(champion(&served).await, Some(1), "5 was rejected");
    check(&served, "action=roll_back&seen=1", 422, "has no earlier version to go back to").await;
    let shown = page(&served, "/models/prices/model").await.1;
    assert!(shown.contains("2 → 1") && shown.contains("rolled back") && shown.contains("web"), "{shown}");
}

/// The fields of the forms about a version on the model's page.
async fn forms(served: &Served, version: u32) -> Vec<String> {
    let shown = page(served, "/models/prices/model").await.1;
    let of_version = format!("name=\"version\" value=\"{version}\"");
    let value = |form: &str, name: &str| {
        let (_, rest) = form.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let forms = shown.split("<form ").filter(|form| form.contains(&of_version));
    forms
        .map(|form| format!("version={version}&seen={}&known={}", value(form, "seen"), value(form, "known")))
        .collect()
}

/// The question and the row of the table have a form each, and a stale page changes nothing by any of them.
#[tokio::test]
async fn every_form_of_a_stale_page_is_refused() {
    let served = with_a_life().await;
    let (of_question, of_kept) = (forms(&served, 5).await, forms(&served, 3).await);
    assert_eq!((of_question.len(), of_kept.len()), (2, 1));
    check(&served, &format!("action=keep&{}&by=ada", of_question[0]), 303, "").await;
    check(&served, &format!("action=reject&{}&by=ada", of_kept[0]), 303, "").await;
    for (stale, first) in of_question.iter().map(|form| (form, "keep")).chain([(&of_kept[0], "reject")]) {
        for action in ["promote", "reject", "keep"] {
            let late = format!("{first} by ada");
            check(&served, &format!("action={action}&{stale}&by=grace"), 409, &late).await;
        }
    }
    assert_eq!(champion(&served).await, Some(2));
    let fresh = &forms(&served, 5).await[0];
    check(&served, &format!("action=promote&{fresh}&by=grace"), 303, "").await;
    // What was rejected, kept or promoted before another version came into use isn't decided again by a page of before.
    let stale = forms(&served, 4).await.remove(0).replace("seen=5", "seen=2");
    check(&served, &format!("action=keep&{stale}"), 409, "champion: version 2 → 5 by grace").await;
}

#[tokio::test]
async fn pages_of_what_was_never_made_lead_nowhere_else() {
    let served = Served::start(definitions()).await;
    let shown = page(&served, "/models").await.1;
    assert!(shown.contains("in 0 of 2 partitions"), "{shown}");
    let shown = page(&served, "/models/prices/model").await.1;
    for link in ["/lineage", "/compare", "/card/"] {
        assert!(!shown.contains(link), "{link}: {shown}");
    }
}

#[tokio::test]
async fn names_and_reasons_have_a_limit_and_names_are_not_blank() {
    let served = with_a_life().await;
    let promote = "/api/v1/models/promote/prices/model";
    for (by, reason, message) in [
        ("x".repeat(201), String::new(), "the name has 201 characters, and at most 200 are recorded"),
        (
            String::new(),
            "x".repeat(10_001),
            "the reason has 10001 characters, and at most 10000 are recorded",
        ),
    ] {
        let body = json!({ "version": 3, "by": by, "reason": reason });
        let (status, answer) = served.post(promote, body).await;
        assert_eq!((status, &answer["error"]["message"]), (422, &message.into()), "{answer}");
    }
    assert_eq!(champion(&served).await, Some(2));
    let (status, answer) = served.post(promote, json!({ "version": 3, "by": " \n" })).await;
    assert_eq!((status, &answer["events"][0]["body"]["by"]["name"]), (200, &"api".into()), "{answer}");
    let (status, answer) = served.post("/api/v1/models/backtest/prices/model", json!({ "last": 0 })).await;
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(status == 422 && message.contains("expected a nonzero"), "{answer}");
}

#[tokio::test]
async fn a_run_shows_the_verdict_of_its_gate() {
    let served = with_a_life().await;
    let run = served.stored(|_| {}).await;
    let step = |body| NewEvent {
        step: Some("prices/model:better_model".into()),
        attempt: 1,
        ..NewEvent::of_run(run, at(0), body)
    };
    let verdict = judged(3, Some(2), Some(Decision::Promote), "it is <better>");
    let verdict = NewEvent { asset: Some(Model::KEY.into()), ..step(verdict) };
    let events = vec![
        NewEvent::of_run(run, at(0), EventBody::RunStarted { epoch: 1 }),
        step(EventBody::StepStarted),
        verdict,
        step(EventBody::StepSucceeded { micros: 5 }),
        NewEvent::of_run(run, at(1), EventBody::RunSucceeded),
    ];
    append(&*served.store, events).await;
    let shown = page(&served, &format!("/runs/{run}")).await.1;
    let link = "href=\"/models/prices/model\">version 3: promote (it is &lt;better&gt;)</a>";
    assert!(shown.contains(link), "{shown}");
}

#[tokio::test]
async fn a_launch_shows_the_gate_that_judges() {
    let served = with_a_life().await;
    let (_, shown) = page(&served, "/launch?selection=prices/model").await;
    for text in [
        "Launch 2 steps",
        "<td class=\"name\">prices/model:better_model <small class=\"tag\">gate</small></td>",
    ] {
        assert!(shown.contains(text), "{text} is not in {shown}");
    }
    let run = served.stored(|_| {}).await;
    let form = "step=prices%2Fmodel%3Abetter_model&which=these";
    assert_eq!(served.form(&format!("/runs/{run}/selected"), form).await.0, 303, "its step is run again");
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let served = with_a_life().await;
    let request = served.client.post(format!("{}/models/prices/model", served.url));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body("action=promote&version=3").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert_eq!(champion(&served).await, Some(2));
}

/// How many queries a page asks after it was shown, and how long it takes at its fastest.
pub(crate) async fn cost(served: &Served, path: &str) -> (u64, Duration) {
    let (mut asked, mut fastest) = (Vec::new(), Duration::MAX);
    for _ in 0..5 {
        a_moment_passes().await;
        let (before, began) = (served.store.counts().queries, std::time::Instant::now());
        let (status, shown) = page(served, path).await;
        assert_eq!(status, 200, "{path}: {shown}");
        asked.push(served.store.counts().queries - before);
        fastest = fastest.min(began.elapsed());
    }
    // On a busy machine what was read at the begin of a page may be too old at its end, and is read again.
    (asked.into_iter().skip(1).min().unwrap(), fastest)
}

#[tokio::test]
async fn a_page_asks_as_much_of_a_thousand_versions_as_of_five() {
    let served = with_a_life().await;
    let pages = [
        ("/models", 6),
        ("/models/prices/model", 9),
        ("/models/regional_model", 6),
        ("/models/prices/model/compare?a=1&b=2", 4),
        ("/models/prices/model/lineage?version=2", 14),
        ("/models/prices/model/history?version=2", 9),
    ];
    let mut small = Vec::new();
    for (path, most) in pages {
        let (asked, _) = cost(&served, path).await;
        assert!(asked <= most, "{path} asks {asked} queries");
        small.push(asked);
    }
    let mut events = Vec::new();
    for version in 6..=1_000 {
        let second = 5 * DAY + i64::from(version);
        events.push(event(Model::KEY, None, second, made(version, 11.0, Vec::new())));
        let verdict = judged(version, Some(2), Some(Decision::Keep), "no better");
        events.push(event(Model::KEY, None, second, verdict));
    }
    served.store.append(Batch { fence: None, events }).await.unwrap();
    for ((path, _), before) in pages.into_iter().zip(small) {
        let (asked, took) = cost(&served, path).await;
        assert_eq!(asked, before, "{path} with a thousand versions");
        println!("{path}: {asked} queries, {took:?}");
    }
    let shown = page(&served, "/models/prices/model").await.1;
    let older = "<a href=\"?before=";
    assert!(shown.contains(older), "{shown}");
    let next = shown.split(older).nth(1).unwrap().split('"').next().unwrap();
    let (_, shown) = page(&served, &format!("/models/prices/model?before={next}")).await;
    assert!(shown.contains("Compare version 975") && !shown.contains("Compare version 976"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_keeps_people_out() {
    let served = with_a_life().await;
    let url = served.url.clone();
    let looked = tokio::task::spawn_blocking(move || {
        let browser = Browser::for_test()?;
        let mut found = Vec::new();
        for (name, path) in [
            ("models", "/models"),
            ("model", "/models/prices/model"),
            ("model-partitions", "/models/regional_model"),
            ("model-compare", "/models/prices/model/compare?a=1&b=2"),
            ("model-lineage", "/models/prices/model/lineage"),
            ("model-asset", "/assets/prices/model"),
            ("model-graph", "/graph"),
        ] {
            let page = browser.open(&format!("{url}{path}")).unwrap();
            found.extend(
                page.audit_in_all_views()
                    .unwrap()
                    .into_iter()
                    .chain(page.complaints())
                    .map(|finding| format!("{name}: {finding}")),
            );
            if let Some(folder) = std::env::var_os("SCREENSHOTS") {
                for view in View::ALL {
                    page.look(view).unwrap();
                    page.screenshot(&std::path::Path::new(&folder).join(format!("{name}-{}.png", view.name)))
                        .unwrap();
                }
            }
        }
        assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
        let page = browser.open(&format!("{url}/models/prices/model")).unwrap();
        page.click(".question input[name=reason]").unwrap();
        page.write("better in spring").unwrap();
        page.click(".question button.main").unwrap();
        page.wait_until("document.readyState === 'complete' && document.querySelector('.big')?.textContent.startsWith('Version 5')").unwrap();
        assert!(page.text("main").unwrap().contains("better in spring"));
        Some(())
    });
    looked.await.unwrap();
}
