//! The standing configuration: checked with the definitions, laid under that of runs, and part of staleness.

use std::collections::BTreeMap;
use std::sync::Arc;

use millwork_core::event::Provenance;
use millwork_core::graph::Selection;
use millwork_core::plan::{Cause, LatestEvaluation, LatestEvaluations, Plan, Staleness, StalenessReport};
use millwork_core::run::RunSpec;
use millwork_core::{
    Advice, AssetDefinition, AssetPartition, Config, Definitions, FromStep as _, Job, KeyMoment,
    PartitionsDefinition, Pipeline, RecordedConfig,
};
use serde_json::{Value, json};

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Training {
    #[serde(default = "twenty")]
    rounds: u32,
    #[serde(default)]
    rate: f64,
    #[serde(default)]
    layers: Vec<u32>,
    #[serde(default)]
    tree: Tree,
}

#[derive(Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Tree {
    #[serde(default)]
    depth: u32,
}

fn twenty() -> u32 {
    20
}

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Export {
    folder: String,
}

fn definitions() -> Definitions {
    let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8));
    Definitions::new()
        .asset(
            asset("model")
                .policy(|computation| Config::<Training>::requirements(&mut computation.requirements)),
        )
        .asset(
            asset("export")
                .policy(|computation| Config::<Export>::requirements(&mut computation.requirements)),
        )
        .asset(
            asset("daily")
                .partitions(PartitionsDefinition::fixed(["monday", "tuesday"]))
                .policy(|computation| Config::<Training>::requirements(&mut computation.requirements)),
        )
        .asset(asset("plain"))
}

#[track_caller]
fn pipeline(config: &Value) -> Pipeline {
    definitions().config(config).resolve().unwrap()
}

fn standing<'a>(pipeline: &'a Pipeline, step: &str) -> &'a Value {
    let graph = pipeline.graph();
    graph.steps()[graph.step_index(step).unwrap()].config.as_ref().unwrap().effective()
}

#[test]
fn what_is_set_later_is_laid_over_what_was_set_before() {
    let first = definitions().config(json!({ "model": { "rounds": 30, "tree": { "depth": 6 } } }));
    let later = Definitions::new().config(json!({ "model": { "rounds": 40 } }));
    let expected = json!({ "rounds": 40, "rate": 0.0, "layers": [], "tree": { "depth": 6 } });
    assert_eq!(standing(&first.clone().merge(later).resolve().unwrap(), "model"), &expected);
    let of_types: BTreeMap<&str, Training> =
        [("model", Training { rounds: 40, rate: 0.0, layers: Vec::new(), tree: Tree { depth: 6 } })].into();
    assert_eq!(standing(&first.config(of_types).resolve().unwrap(), "model"), &expected);
}

#[track_caller]
fn check_refused(definitions: Definitions, expected: &[&str]) {
    let errors = definitions.resolve().unwrap_err().0;
    assert_eq!(errors.iter().map(Advice::one_line).collect::<Vec<_>>(), expected);
}

#[test]
fn a_standing_configuration_that_does_not_fit_is_an_error_of_the_definitions() {
    check_refused(
        definitions()
            .config(json!({ "modle": {}, "model": { "round": 5, "rate": "fast" }, "plain": { "a": 1 } })),
        &[
            "the standing configuration is invalid: `model` takes no parameter `round`; hint: it takes `layers`, `rate`, `rounds`, `tree`",
            "the standing configuration is invalid: the configuration names `modle`, which is not a step; hint: did you mean `model`?",
            "the standing configuration is invalid: `plain` takes no parameter `a`; hint: it takes none",
            "the standing configuration is invalid: the configuration of `model` is invalid: `rate`: \"fast\" is not of type \"number\"",
        ],
    );
    check_refused(
        definitions().config(json!([1])),
        &["the standing configuration is invalid: the configuration is not an object by step name"],
    );
    let by_number: BTreeMap<(u8, u8), u8> = [((1, 2), 3)].into();
    check_refused(
        definitions().config(by_number),
        &["the standing configuration is invalid: it can't be serialized as JSON: key must be a string"],
    );
    // What has no default may be left to runs.
    assert!(definitions().config(json!({ "export": {} })).resolve().is_ok());
}

#[test]
fn runs_need_not_repeat_what_stands() {
    let refused = |config: &Value, run: RunSpec| {
        run.resolve(&pipeline(config), &KeyMoment::default()).err().map(|error| error.one_line())
    };
    let lacking = "the configuration of `export` is invalid: \"folder\" is a required property";
    assert_eq!(refused(&json!({}), RunSpec::of("export")).as_deref(), Some(lacking));
    let standing = json!({ "export": { "folder": "/data" } });
    assert_eq!(refused(&standing, RunSpec::of("export")), None);
    let wrong = RunSpec::of("export").config(json!({ "export": { "folder": 5 } }));
    let problem = "the configuration of `export` is invalid: `folder`: 5 is not of type \"string\"";
    assert_eq!(refused(&standing, wrong).as_deref(), Some(problem));
    // The request has what is the run's own.
    let job = Job::new("train", "model").config(json!({ "model": { "rate": 0.5 } }));
    let pipeline = definitions().job(job).config(json!({ "model": { "rounds": 40 } })).resolve().unwrap();
    let request = RunSpec::of_job("train").resolve(&pipeline, &KeyMoment::default()).unwrap();
    assert_eq!(request.config, json!({ "model": { "rate": 0.5 } }));
}

/// What was made with a configuration, or of a version that recorded none.
#[expect(clippy::needless_pass_by_value, reason = "configurations of tests are written on the spot")]
fn made(assets: &[(&str, Option<&str>)], config: Option<RecordedConfig>) -> LatestEvaluations {
    let of = |(asset, partition): &(&str, Option<&str>)| {
        let output = AssetPartition::new((*asset).into(), partition.map(Into::into));
        let provenance =
            Provenance { code_version: "1".into(), inputs: Vec::new(), config: config.clone().map(Arc::new) };
        let data_version = Some("d".into());
        (output, LatestEvaluation { data_version, provenance: Some(provenance), ..Default::default() })
    };
    assets.iter().map(of).collect()
}

#[track_caller]
fn check_staleness(asset: &str, config: &Value, made: &LatestEvaluations, expected: &[&str]) {
    let pipeline = pipeline(config);
    let graph = pipeline.graph();
    let selected = Selection::parse(asset).unwrap().select(graph).unwrap();
    let plan = Plan::new(graph, &selected, &[], &KeyMoment::default()).unwrap();
    let report = StalenessReport::new(graph, &plan, made);
    for step in &plan.steps {
        let output = step.at_partition(graph.index(asset).unwrap());
        let causes: Vec<String> = match report.get(&output).unwrap() {
            Staleness::Fresh => Vec::new(),
            Staleness::Missing => vec!["missing".to_owned()],
            Staleness::Stale(causes) => causes.iter().map(ToString::to_string).collect(),
        };
        assert_eq!(causes, expected);
    }
}

fn effective(rounds: u32) -> Value {
    json!({ "rounds": rounds, "rate": 0.1, "layers": [64, 32], "tree": { "depth": 6 } })
}

#[test]
fn another_standing_configuration_makes_what_was_made_stale() {
    let recorded = RecordedConfig { effective: effective(20), standing: None };
    let made = made(&[("model", None)], Some(recorded));
    let check = |config: Value, expected: &[&str]| {
        check_staleness("model", &json!({ "model": config }), &made, expected);
    };
    check(effective(20), &[]);
    // The default, and a whole number as a float.
    check(json!({ "rate": 0.1, "layers": [64, 32], "tree": { "depth": 6 } }), &[]);
    check(effective(40), &["the standing configuration changed: rounds 20 → 40"]);
    check(
        json!({ "rounds": 40, "rate": 0.1, "layers": [64, 16], "tree": { "depth": 8 } }),
        &["the standing configuration changed: layers.1 32 → 16, rounds 20 → 40, tree.depth 6 → 8"],
    );
    check(
        json!({ "rate": 0.1, "tree": { "depth": 6 } }),
        &["the standing configuration changed: layers [64,32] → []"],
    );
}

#[test]
fn what_a_run_overrode_makes_nothing_stale() {
    let recorded = RecordedConfig { effective: effective(500), standing: Some(effective(20)) };
    let made = made(&[("model", None)], Some(recorded));
    check_staleness("model", &json!({ "model": effective(20) }), &made, &[]);
    // Not even the value that the override had is the standing one of then.
    check_staleness(
        "model",
        &json!({ "model": effective(500) }),
        &made,
        &["the standing configuration changed: rounds 20 → 500"],
    );
}

#[test]
fn what_an_earlier_version_made_has_no_configuration_to_compare() {
    check_staleness("model", &json!({ "model": effective(40) }), &made(&[("model", None)], None), &[]);
    // What takes no configuration any more has other code, which is another cause.
    let recorded = Some(RecordedConfig { effective: effective(20), standing: None });
    check_staleness("plain", &json!({}), &made(&[("plain", None)], recorded), &[]);
}

#[test]
fn whole_numbers_of_another_type_are_the_same() {
    let with_floats = json!({ "rounds": 20.0, "rate": 0, "layers": [64.0], "tree": { "depth": 6.0 } });
    let recorded = Some(RecordedConfig { effective: with_floats, standing: None });
    let config = json!({ "model": { "layers": [64], "tree": { "depth": 6 } } });
    check_staleness("model", &config, &made(&[("model", None)], recorded), &[]);
}

#[test]
fn partitions_share_the_standing_configuration() {
    let recorded = Some(RecordedConfig { effective: effective(20), standing: None });
    let made = made(&[("daily", Some("monday")), ("daily", Some("tuesday"))], recorded);
    check_staleness("daily", &json!({ "daily": effective(20) }), &made, &[]);
    let expected = ["the standing configuration changed: rounds 20 → 21"];
    check_staleness("daily", &json!({ "daily": effective(21) }), &made, &expected);
}

#[test]
fn many_changes_and_long_values_are_shortened() {
    let fields = |value: &str| (0..12).map(|n| (format!("f{n:02}"), Value::from(value.repeat(60)))).collect();
    let changes = millwork_core::config_changes(&Value::Object(fields("a")), &Value::Object(fields("b")));
    let text = Cause::Config { changes }.to_string();
    assert!(text.ends_with(" and 4 more"), "{text}");
    assert!(text.chars().count() < 1_000, "{text}");
}

#[test]
fn the_cause_as_json() {
    let changes = millwork_core::config_changes(&json!({ "a": 1 }), &json!({ "a": 2, "b": null }));
    assert_eq!(
        serde_json::to_value(Cause::Config { changes }).unwrap(),
        json!({ "cause": "config", "changes": [{ "field": "a", "from": 1, "to": 2 }, { "field": "b", "to": null }] })
    );
}
