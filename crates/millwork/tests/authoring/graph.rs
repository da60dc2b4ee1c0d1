//! What the definitions say, and the graph that they make.

use std::time::Duration;

use millwork::__private::Computation;
use millwork::__private::graph::AssetNode;
use millwork::{
    Asset, AssetMetric, AutomationCondition, CheckDefinition, PartitionsDefinition, Pipeline, Retry, Severity,
};

use crate::pipeline;

fn pipeline() -> Pipeline {
    pipeline::all().resolve().expect("the pipeline is sound")
}

fn asset<'a>(pipeline: &'a Pipeline, key: &str) -> &'a AssetNode {
    pipeline.graph().asset(key).unwrap_or_else(|| panic!("there is no asset `{key}`"))
}

fn computation<'a>(pipeline: &'a Pipeline, step: &str) -> &'a Computation {
    pipeline.graph().computation(step).unwrap_or_else(|| panic!("there is no step `{step}`"))
}

#[test]
fn keys() {
    let pipeline = pipeline();
    let mut keys: Vec<_> = pipeline.graph().assets().iter().map(|asset| asset.spec.key.as_str()).collect();
    keys.sort_unstable();
    let expected = [
        "features/baseline",
        "features/held_out",
        "features/training_data",
        "features/vocabulary",
        "hackernews/raw/stories-v2",
        "lookup",
        "model",
        "prediction",
        "score",
        "total",
        "type",
        "warehouse/raw_table",
    ];
    assert_eq!(keys, expected);
    assert_eq!(pipeline::stories::KEY, "hackernews/raw/stories-v2");
    assert_eq!(pipeline::test_data::KEY, "features/held_out");
}

#[test]
fn lineage() {
    let pipeline = pipeline();
    let check = |step: &str, expected: &[&str]| {
        let graph = pipeline.graph();
        let step = graph.step_index(step).unwrap_or_else(|| panic!("there is no step `{step}`"));
        let upstream: Vec<_> =
            graph.steps()[step].upstream.iter().map(|asset| graph.key(*asset).as_str()).collect();
        assert_eq!(upstream, expected);
    };
    check("hackernews/raw/stories-v2", &["warehouse/raw_table", "lookup"]);
    check("split", &["hackernews/raw/stories-v2"]);
    check("model", &["features/training_data", "features/held_out"]);
    check("score", &["model"]);
    check("prediction", &["score"]);
    check("total", &["prediction"]);
    check("type", &["model"]);
    check("score:is_the_weight", &["model", "score"]);
    assert_eq!(computation(&pipeline, "score").requirements.previous[0].as_str(), "score");
    assert!(!computation(&pipeline, "prediction").requirements.partition.is_empty());
}

#[test]
fn conditions() {
    let pipeline = pipeline();
    let check = |key: &str, expected: Option<AutomationCondition>| {
        assert_eq!(asset(&pipeline, key).spec.automation, expected);
    };
    check("hackernews/raw/stories-v2", Some(AutomationCondition::on_cron("@hourly", "UTC")));
    check("features/training_data", Some(AutomationCondition::eager()));
    check("features/held_out", Some(AutomationCondition::on_missing()));
    check("model", None);
}

#[test]
fn catalog_of_one_asset() {
    let pipeline = pipeline();
    let spec = &asset(&pipeline, "hackernews/raw/stories-v2").spec;
    assert_eq!(spec.description, "Stories that have a title.\n\n- newest first\n  - without jobs");
    assert_eq!(spec.group.as_deref(), Some("ingest"));
    assert_eq!(spec.kinds, ["http", "polars"]);
    assert_eq!(spec.owners, ["ada@example.com", "ranking"]);
    assert_eq!(spec.tags["tier"], "gold");
    assert_eq!(spec.tags["cost-center"], "7");
    assert_eq!(spec.metric, Some(AssetMetric::higher("rows")));
    assert_eq!(spec.freshness.as_ref().unwrap().to_string(), "at most 1h old");
    assert!(!spec.optional);
    assert_eq!(spec.value_type.map(|value| value.extension), Some("json"));
    assert_eq!(asset(&pipeline, "model").spec.description, "By hand.");
    assert!(asset(&pipeline, "score").spec.optional);
}

#[test]
fn fields_override_what_is_shared() {
    let pipeline = pipeline();
    let training = &asset(&pipeline, "features/training_data").spec;
    assert_eq!(training.description, "What the model learns from.");
    assert_eq!(training.group.as_deref(), Some("training"));
    assert_eq!((&*training.kinds, &*training.owners), (&["text".into()][..], &["bob".into()][..]));
    assert_eq!((&*training.tags["tier"], &*training.tags["team"]), ("silver", "x"));
    assert_eq!(training.metric, Some(AssetMetric::lower("loss")));
    let test = &asset(&pipeline, "features/held_out").spec;
    assert_eq!(test.description, "Never trained on.");
    assert_eq!(test.group.as_deref(), Some("features"));
    assert_eq!((&*test.kinds, &*test.owners), (&["split".into()][..], &["ada".into()][..]));
    assert_eq!(test.tags["tier"], "gold");
    assert_eq!(test.metric, Some(AssetMetric::higher("rows")));
    assert!(test.optional);
    let baseline = &asset(&pipeline, "features/baseline").spec;
    assert_eq!(baseline.value_type.map(|value| value.extension), Some("txt"));
    assert_eq!(pipeline::split::definition().description, "Splits the stories.");
}

#[test]
fn policies() {
    let pipeline = pipeline();
    let stories = computation(&pipeline, "hackernews/raw/stories-v2");
    assert_eq!(stories.retry, Retry::exponential(3));
    assert_eq!(stories.timeout, Some(Duration::from_secs(300)));
    assert_eq!(stories.pools, ["api".into()]);
    assert_eq!(stories.code_version.as_str().len(), 32);
    let (file, line) = stories.source.expect("a macro knows where it stands");
    assert!(file.ends_with("pipeline.rs"), "{file}");
    assert!(line > 1);
    assert_eq!(pipeline::stories::definition().io_manager.as_deref(), Some("frames"));
    let model = computation(&pipeline, "model");
    assert_eq!(model.timeout, Some(Duration::from_millis(1500)));
    assert_eq!(model.code_version.as_str(), "weights-1");
    assert_eq!((&model.retry, &*model.pools), (&Retry::none(), &[][..]));
    let partitions = pipeline::prediction::definition().partitions;
    assert_eq!(partitions, Some(PartitionsDefinition::fixed(["de", "en"])));
}

#[test]
fn checks() {
    let CheckDefinition { name, asset, description, severity, blocking, computation } =
        pipeline::is_positive::definition();
    assert_eq!(
        (&*name, asset.as_str(), &*description),
        ("positive", "score", "The score may not be negative.")
    );
    assert_eq!((severity, blocking), (Severity::Warn, true));
    assert_eq!(computation.retry, Retry::constant(1, Duration::ZERO));
    assert_eq!(computation.timeout, Some(Duration::from_secs(1)));
    let weight = pipeline::is_the_weight::definition();
    assert_eq!((weight.asset.as_str(), &*weight.description), ("score", "Compares two assets."));
    assert_eq!((weight.severity, weight.blocking), (Severity::Warn, false));
    assert_eq!(weight.computation.pools, ["cpu".into()]);
    let filled = pipeline::is_filled::definition();
    assert_eq!((filled.asset.as_str(), filled.severity), ("warehouse/raw_table", Severity::Error));
}

#[test]
fn external_assets() {
    let definition = pipeline::raw_table::definition();
    assert!(definition.computation.is_none());
    let spec = &definition.outputs[0];
    assert_eq!(spec.description, "A table that another team fills.");
    assert_eq!((spec.group.as_deref(), &*spec.kinds), (Some("ingest"), &["postgres".to_owned()][..]));
    assert!(spec.value_type.is_none());
}
