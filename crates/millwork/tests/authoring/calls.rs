//! The functions, called as plain functions and as steps.

use std::sync::Arc;

use millwork::__private::{
    BoxError, InputValue, Produced, Resources, StepContextBuilder, StepFunction, StepResult,
};
use millwork::{CheckResult, Config, Output, Previous, Resource, StepContext, StepLog, Update};
use serde_json::json;

use crate::pipeline::{self, Api, Limits, Model};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts")
}

fn titles() -> Vec<String> {
    vec!["first".into(), "second".into(), "third".into()]
}

/// Calls a step as the engine does.
fn run(function: StepFunction, context: StepContextBuilder) -> Result<StepResult, BoxError> {
    match function {
        StepFunction::Blocking(function) => function(context.build()),
        StepFunction::Async(function) => runtime().block_on(function(context.build())),
    }
}

fn produced(result: Result<StepResult, BoxError>) -> Vec<Produced> {
    match result {
        Ok(StepResult::Assets(produced)) => produced,
        other => panic!("expected assets, got {other:?}"),
    }
}

fn value<T: Clone + 'static>(produced: &Produced) -> T {
    let Produced::New { value, .. } = produced else { panic!("expected a value, got {produced:?}") };
    value.downcast_ref::<T>().expect("the value has its type").clone()
}

fn input<T: Send + Sync + 'static>(value: T) -> InputValue {
    InputValue::One(Arc::new(value))
}

#[test]
fn plain_functions() {
    let api = Resource(Arc::new(Api { stories: titles() }));
    let stories = runtime()
        .block_on(pipeline::stories(api, Config(Limits { items: 2 }), StepLog::detached()))
        .expect("the stories are there");
    assert_eq!(stories.value, ["first", "second"]);
    let split = pipeline::split(&titles(), Config(Limits { items: 5 })).expect("the stories can be split");
    assert_eq!((split.training_data, split.test_data.is_none()), (titles(), true));
    assert_eq!(pipeline::score(&Model { weight: 2.0 }, Previous::none()), Some(2.0));
    assert!(pipeline::is_positive(&1.0));
    assert_eq!(pipeline::r#type(&Model { weight: 2.0 }), 1);
}

#[test]
fn async_step_with_extractors() {
    let mut resources = Resources::default();
    assert!(resources.insert(|| Ok(Api { stories: titles() })));
    let step = pipeline::stories::definition().computation.expect("an asset is computed").function;
    let context = StepContext::builder("stories").config(json!({"items": 2})).resources(Arc::new(resources));
    let produced = produced(run(step.clone(), context));
    assert_eq!(value::<Vec<String>>(&produced[0]), ["first", "second"]);
    let Produced::New { metadata, .. } = &produced[0] else { unreachable!("it has a value") };
    assert_eq!(metadata["rows"], 2_i64.into());
    let error = run(step, StepContext::builder("stories").config(json!({"items": 2}))).unwrap_err();
    assert!(error.to_string().starts_with("no resource of type"), "{error}");
}

#[test]
fn several_outputs() {
    let step = pipeline::split::definition().computation.expect("an asset is computed").function;
    let context = |items: u64| {
        StepContext::builder("split")
            .config(json!({ "items": items }))
            .input("hackernews/raw/stories-v2", input(titles()))
    };
    let produced = |items| produced(run(step.clone(), context(items)));
    let two = produced(2);
    assert_eq!(value::<Vec<String>>(&two[0]), ["first", "second"]);
    assert_eq!(value::<Vec<String>>(&two[1]), ["third"]);
    assert!(matches!(&two[2], Produced::Kept { reason, .. } if reason == "unchanged"));
    assert!(matches!(&two[3], Produced::New { data_version: Some(version), .. } if version.as_str() == "v0"));
    assert!(matches!(produced(3)[1], Produced::Nothing));
}

#[test]
fn optional_and_updated_values() {
    let step = pipeline::score::definition().computation.expect("an asset is computed").function;
    let context = StepContext::builder("score").input("model", input(Model { weight: 2.0 }));
    assert_eq!(value::<f64>(&produced(run(step, context))[0]), 2.0);
    let step = pipeline::model::definition().computation.expect("an asset is computed").function;
    let context = |titles: Vec<String>| {
        let context = StepContext::builder("model").input("features/training_data", input(titles));
        context.input("features/held_out", input(Vec::<String>::new()))
    };
    let model = produced(run(step.clone(), context(titles())));
    assert_eq!(value::<Model>(&model[0]), Model { weight: 5.0 });
    assert_eq!(run(step, context(Vec::new())).unwrap_err().to_string(), "no titles");
}

#[test]
fn partitions() {
    let step = pipeline::prediction::definition().computation.expect("an asset is computed").function;
    let context = StepContext::builder("prediction").input("score", input(1.0)).partition(Some("de".into()));
    assert_eq!(value::<f64>(&produced(run(step, context))[0]), 3.0);
    let step = pipeline::total::definition().computation.expect("an asset is computed").function;
    let values = [("de".into(), Arc::new(3.0) as _), ("en".into(), Arc::new(4.0) as _)].into();
    let context = StepContext::builder("total").input("prediction", InputValue::Partitions(values));
    assert_eq!(value::<f64>(&produced(run(step, context))[0]), 7.0);
}

#[test]
fn check_steps() {
    let step = pipeline::is_positive::definition().computation.function;
    let context = StepContext::builder("score:positive").input("score", input(-1.0));
    assert!(matches!(run(step, context), Ok(StepResult::Check(CheckResult { passed: false, .. }))));
    let step = pipeline::is_the_weight::definition().computation.function;
    let context = StepContext::builder("score:is_the_weight").input("score", input(2.0));
    let context = context.input("model", input(Model { weight: 2.0 }));
    assert!(matches!(run(step, context), Ok(StepResult::Check(CheckResult { passed: true, .. }))));
}

#[test]
fn wrappers_are_ordinary_values() {
    let update: Update<f64> = Update::new(1.0).metadata("a", 1_i64);
    assert!(matches!(update, Update::New(Output { value, .. }) if value == 1.0));
}
