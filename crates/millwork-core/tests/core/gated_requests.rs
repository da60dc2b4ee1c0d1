//! Whatever asks for a model (a job, a schedule, a sensor, a condition) has its gate run as well.

use std::sync::Arc;

use millwork_core::plan::Plan;
use millwork_core::run::{RunRequest, RunSpec};
use millwork_core::version::{AliasName, ReadAs};
use millwork_core::{
    Absent, Advice as _, AssetDefinition, Computation, Config, Definitions, FromStep as _, GateDefinition,
    Job, KeyMoment, PartitionsDefinition, Pipeline, Requirements, Schedule, StepFunction, StepResult,
    Verdict,
};
use serde_json::json;

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[allow(dead_code, reason = "only the schema is used")]
struct Limits {
    #[serde(default)]
    gain: f64,
}

fn asset(key: &str) -> AssetDefinition {
    AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8))
}

fn gate(name: &str, model: &str) -> GateDefinition {
    let mut requirements = Requirements { challenger: Some(model.into()), ..Requirements::default() };
    requirements.input::<u8>(model);
    Config::<Limits>::requirements(&mut requirements);
    let function = StepFunction::Blocking(Arc::new(|_| Ok(StepResult::Gate(Verdict::promote()))));
    GateDefinition::new(name, model, Computation::new(requirements, function))
}

/// words → model, which `better` judges → predictions by the champion; daily, of which each day is judged.
fn pipeline() -> Pipeline {
    let model = AssetDefinition::new("model").produces::<u8, _>().input::<u8>("words").blocking(|_| Ok(0_u8));
    let predictions = asset("predictions").policy(|computation| {
        let champion = ReadAs::Alias(AliasName::champion());
        computation.requirements.version::<u8>("model", champion, Absent::SkipsTheStep);
    });
    let daily = asset("daily").partitions(PartitionsDefinition::fixed(["mon", "tue"]));
    Definitions::new()
        .assets([asset("words"), model, predictions, daily])
        .gate(gate("better", "model"))
        .gate(gate("good_day", "daily"))
        .job(Job::new("train", "model").config(json!({ "model:better": { "gain": 0.5 } })))
        .schedule(Schedule::new("hourly", ["@hourly"], "words or model"))
        .resolve()
        .unwrap()
}

#[track_caller]
fn check(request: &RunRequest, expected: &str) {
    let pipeline = pipeline();
    let graph = pipeline.graph();
    request.check(&pipeline, &KeyMoment::default()).unwrap();
    let plan =
        Plan::new(graph, &request.selected(graph).unwrap(), &request.partitions, &KeyMoment::default())
            .unwrap();
    let steps: Vec<String> = plan.steps.iter().map(|step| step.by_key(graph).to_string()).collect();
    assert_eq!(steps.join(" "), expected);
}

#[track_caller]
fn check_spec(run: RunSpec, expected: &str) {
    check(&run.resolve(&pipeline(), &KeyMoment::default()).unwrap(), expected);
}

#[test]
fn a_model_is_not_made_without_being_judged() {
    check_spec(RunSpec::of_job("train"), "model model:better");
    let hourly =
        pipeline().schedules()[0].runs_at("2026-05-01T01:00:00Z".parse().unwrap()).unwrap().remove(0);
    check_spec(hourly, "words model model:better");
    // A sensor and a condition.
    check_spec(RunSpec::of("model").key("a file"), "model model:better");
    check(&RunRequest::of_assets(["model".into()]), "model model:better");
    check_spec(RunSpec::of("daily").partition("tue"), "daily (tue) daily:good_day (tue)");
    // What follows an alias is downstream of its asset.
    check_spec(RunSpec::of("model+"), "model model:better predictions");
    check_spec(RunSpec::of("+predictions"), "words model model:better predictions");
    check_spec(RunSpec::of("predictions"), "predictions");
}

#[test]
fn a_gate_is_configured_as_a_step() {
    let job = RunSpec::of_job("train").config(json!({ "model:better": { "gain": 0.25 } }));
    assert_eq!(
        job.resolve(&pipeline(), &KeyMoment::default()).unwrap().config,
        json!({ "model:better": { "gain": 0.25 } })
    );
    let refused = |config| {
        RunSpec::of("model")
            .config(config)
            .resolve(&pipeline(), &KeyMoment::default())
            .unwrap_err()
            .one_line()
    };
    assert_eq!(
        refused(json!({ "model:better": { "gains": 1 } })),
        "`model:better` takes no parameter `gains`; hint: it takes `gain`"
    );
}
