//! A run that is asked for becomes a request, or is refused: job, selection, partition, configuration and tags.

use millwork_core::run::{RunId, RunRequest, RunSpec, RunTag};
use millwork_core::{
    Advice as _, AssetDefinition, Config, Definitions, FromStep as _, Job, KeyMoment, PartitionsDefinition,
    Pipeline,
};
use serde_json::{Value, json};

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[allow(dead_code, reason = "only the schema is used")]
struct Load {
    #[serde(default)]
    rows: u32,
    #[serde(default)]
    source: Option<Source>,
}

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[allow(dead_code, reason = "only the schema is used")]
struct Source {
    url: String,
}

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[allow(dead_code, reason = "only the schema is used")]
struct Export {
    folder: String,
    #[serde(default)]
    columns: u32,
}

fn asset(key: &str) -> AssetDefinition {
    AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8))
}

fn configured<T: serde::Serialize + serde::de::DeserializeOwned + schemars::JsonSchema>(
    key: &str,
) -> AssetDefinition {
    asset(key).policy(|computation| Config::<T>::requirements(&mut computation.requirements))
}

/// `load` takes a configuration, `export` one that it can't do without, `daily` has partitions, `files` is external.
fn definitions() -> Definitions {
    Definitions::new()
        .assets([
            configured::<Load>("load"),
            configured::<Export>("export"),
            asset("daily").partitions(PartitionsDefinition::fixed(["monday", "tuesday"])),
            AssetDefinition::new("files"),
        ])
        .job(
            Job::new("nightly", "load")
                .config(json!({ "load": { "rows": 5, "source": { "url": "a" } } }))
                .tag("team", "data")
                .tag("millwork/priority", "3"),
        )
}

fn pipeline() -> Pipeline {
    definitions().resolve().unwrap()
}

#[track_caller]
fn refused(run: RunSpec, expected: &str) {
    let error = run.resolve(&pipeline(), &KeyMoment::default()).unwrap_err();
    assert_eq!(error.one_line(), expected);
}

#[test]
fn what_is_refused() {
    refused(RunSpec::of_job("nightli"), "no job is called `nightli`; hint: did you mean `nightly`?");
    refused(RunSpec::of_job("x"), "no job is called `x`; hint: `list jobs` lists all jobs");
    refused(RunSpec::of("laod"), "no asset is called `laod`; hint: did you mean `load`?");
    refused(
        RunSpec::of("load or"),
        "failed to read the selection `load or` at character 8: expected an asset",
    );
    refused(
        RunSpec::of("files"),
        "no selected asset is made by Millwork; hint: `list assets` shows which assets are external",
    );
    refused(
        RunSpec::of("daily").partition("friday"),
        "asset `daily` has no partition `friday`; hint: it has `monday`, `tuesday`",
    );
    refused(
        RunSpec::of("load").partition("monday"),
        "a partition was given, but no selected asset has partitions; hint: leave out the partition",
    );
    refused(RunSpec::of("load").config(json!([])), "the configuration is not an object by step name");
    refused(
        RunSpec::of("load").config(json!({ "laod": { "rows": 1 } })),
        "the configuration names `laod`, which is not a step; hint: did you mean `load`?",
    );
    refused(
        RunSpec::of("daily").config(json!({ "load": { "rowz": 1 } })),
        "`load` takes no parameter `rowz`; hint: it takes `rows`, `source`",
    );
    refused(
        RunSpec::of("load").config(json!({ "load": { "rows": "many" } })),
        "the configuration of `load` is invalid: `rows`: \"many\" is not of type \"integer\"",
    );
    refused(
        RunSpec::of("load or export").config(json!({ "load": { "rows": "many" } })),
        "the configuration has 2 errors\n  - the configuration of `load` is invalid: `rows`: \"many\" is not of type \"integer\"\n  - the configuration of `export` is invalid: \"folder\" is a required property",
    );
    refused(
        RunSpec::of("load").tag("millwork/retries", "many"),
        "the tag `millwork/retries` can't be `many`; hint: it is the number of retries, 0 or more",
    );
    refused(
        RunSpec::of("load").tag("millwork/sensor", "inbox"),
        "the tag `millwork/sensor` is set by Millwork itself; hint: use a key without the prefix `millwork/`",
    );
}

#[test]
fn a_job_is_completed() {
    let run = RunSpec::of_job("nightly")
        .config(json!({ "load": { "rows": 7 } }))
        .tag("team", "ranking")
        .origin(RunTag::Schedule, "hourly");
    let request = run.resolve(&pipeline(), &KeyMoment::default()).unwrap();
    assert_eq!(request.selection, "load");
    assert_eq!(request.assets, ["load".into()]);
    assert_eq!(request.config, json!({ "load": { "rows": 7, "source": { "url": "a" } } }));
    let tags: Vec<String> = request.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(
        tags,
        ["millwork/job=nightly", "millwork/priority=3", "millwork/schedule=hourly", "team=ranking"]
    );
    assert_eq!(request.origin().as_deref(), Some("schedule `hourly`"));
    assert!(!request.is_queued() && request.clone().queued().is_queued());
    assert_eq!(request.clone().queued().unqueued(), request);
}

#[test]
fn what_a_stale_run_needs_is_known_later() {
    let run = RunSpec::of("export").stale_only();
    assert_eq!(run.clone().resolve(&pipeline(), &KeyMoment::default()).map(|_| ()), Ok(()));
    refused(
        run.config(json!({ "export": { "columns": 2 } })),
        "the configuration of `export` is invalid: \"folder\" is a required property",
    );
}

#[test]
fn a_spec_is_stored_and_read() {
    let run = RunSpec::of_job("nightly").partition("monday").tag("a", "b").origin(RunTag::Sensor, "inbox");
    let stored = serde_json::to_string(&run).unwrap();
    assert_eq!(serde_json::from_str::<RunSpec>(&stored).unwrap(), run);
}

#[test]
fn a_retry_names_what_it_repeats() {
    let id = RunId::from_u128(7);
    let request =
        RunSpec::of("load").tag("team", "data").resolve(&pipeline(), &KeyMoment::default()).unwrap().queued();
    let counted = request.clone().tagged(RunTag::Retry, "2");
    let again = counted.retry_of(id);
    assert_eq!(again, RunRequest { tags: again.tags.clone(), ..request });
    assert_eq!(RunTag::RetryOf.of(&again.tags), Some(&*id.to_string()));
    assert_eq!((RunTag::Retry.of(&again.tags), again.is_queued()), (None, true));
}

/// A request of before the definitions changed.
#[track_caller]
fn check_stored(change: impl FnOnce(&mut RunRequest), expected: &str) {
    let mut request = RunSpec::of("load").resolve(&pipeline(), &KeyMoment::default()).unwrap();
    change(&mut request);
    assert_eq!(request.check(&pipeline(), &KeyMoment::default()).unwrap_err().one_line(), expected);
}

#[test]
fn what_is_stored_is_checked_again() {
    check_stored(
        |request| request.assets = vec!["gone".into()],
        "the run asks for asset `gone`, which is not part of the definitions any more; hint: start a new run",
    );
    check_stored(
        |request| request.config = json!({ "gone": {} }),
        "the configuration names `gone`, which is not a step; hint: `graph` shows all assets and steps",
    );
    let mut request = RunSpec::of("load").resolve(&pipeline(), &KeyMoment::default()).unwrap();
    request.config = Value::Null;
    request.tags.insert("millwork/of_an_older_version".into(), "x".into());
    assert_eq!(request.check(&pipeline(), &KeyMoment::default()), Ok(()));
}

#[test]
fn a_job_may_leave_something_open() {
    let with = |config| {
        let problem = definitions().job(Job::new("open", "load or export").config(config)).resolve();
        problem.err().map(|errors| errors.0.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(with(json!({})), None);
    assert_eq!(with(json!({ "export": { "columns": 2 }, "load": { "source": {} } })), None);
    assert_eq!(
        with(json!({ "export": { "columns": "two" } })).unwrap(),
        [
            "the job `open` is invalid: the configuration of `export` is invalid: `columns`: \"two\" is not of type \"integer\"",
        ]
    );
}
