//! Which steps a request leads to, what they wait for, and which of them are stale.

use millwork_core::advice::Advice;
use millwork_core::asset::{CheckDefinition, Computation};
use millwork_core::event::{InputVersion, Provenance};
use millwork_core::graph::{AssetGraph, Selection};
use millwork_core::plan::{LatestEvaluation, LatestEvaluations, Plan, PlanIndex, StalenessReport};
use millwork_core::{
    AssetDefinition, AssetPartition, CheckResult, Definitions, KeyMoment, PartitionKey, PartitionsDefinition,
    Pipeline, Requirements, Severity, StepFunction, StepResult,
};

fn asset(key: &str, inputs: &[&str]) -> AssetDefinition {
    let definition = AssetDefinition::new(key).produces::<u8, _>();
    inputs.iter().fold(definition, |definition, input| definition.input::<u8>(input)).blocking(|_| Ok(0_u8))
}

fn blocking_check(asset: &str) -> CheckDefinition {
    let mut requirements = Requirements::default();
    requirements.input::<u8>(asset);
    CheckDefinition {
        name: "ok".into(),
        asset: asset.into(),
        description: String::new(),
        severity: Severity::Error,
        blocking: true,
        computation: Computation {
            requirements,
            code_version: "1".into(),
            retry: Default::default(),
            timeout: None,
            pools: Vec::new(),
            shadow_safe: false,
            source: None,
            function: StepFunction::Blocking(std::sync::Arc::new(|_| {
                Ok(StepResult::Check(CheckResult::pass()))
            })),
        },
    }
}

/// a (checked) → b → d; c by day → e gathers c, and takes d.
fn pipeline() -> Pipeline {
    let days = || PartitionsDefinition::fixed(["mon", "tue"]);
    let gathers = |computation: &mut Computation| computation.requirements.partitions::<u8>("c");
    Definitions::new()
        .assets([asset("a", &[]), asset("b", &["a"]), asset("d", &["b"])])
        .asset(asset("c", &["a"]).partitions(days()))
        .asset(asset("e", &["d"]).policy(gathers))
        .check(blocking_check("a"))
        .resolve()
        .unwrap()
}

fn plan(graph: &AssetGraph, selection: &str, partition: Option<&str>) -> Result<Plan, String> {
    let selected = Selection::parse(selection).and_then(|selection| selection.select(graph)).unwrap();
    let partition = partition.map(PartitionKey::from);
    let partitions: Vec<PartitionKey> = partition.into_iter().collect();
    Plan::new(graph, &selected, &partitions, &KeyMoment::default()).map_err(|error| error.one_line())
}

/// Each step with what it waits for: `b<a,a:ok`.
fn in_words(graph: &AssetGraph, plan: &Plan) -> String {
    let name = |position: PlanIndex| {
        let partition = plan.steps[position].partition.as_ref();
        format!(
            "{}{}",
            plan.step_key(graph, position),
            partition.map_or(String::new(), |key| format!("[{key}]"))
        )
    };
    let step = |position: PlanIndex| {
        let upstream: Vec<_> = plan.steps[position].upstream.iter().map(|up| name(*up)).collect();
        if upstream.is_empty() {
            name(position)
        } else {
            format!("{}<{}", name(position), upstream.join(","))
        }
    };
    plan.steps.indices().map(step).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(selection: &str, partition: Option<&str>, expected: &str) {
    let pipeline = pipeline();
    let planned = plan(pipeline.graph(), selection, partition);
    let words = planned.map_or_else(|error| error, |plan| in_words(pipeline.graph(), &plan));
    assert_eq!(words, expected);
}

#[test]
fn steps_and_what_they_wait_for() {
    check("a", None, "a a:ok<a");
    check("b", None, "b");
    check("a or b", None, "a a:ok<a b<a,a:ok");
    check("c", None, "c[mon] c[tue]");
    check("c", Some("tue"), "c[tue]");
    check("a or c", Some("mon"), "a a:ok<a c[mon]<a,a:ok");
    check("e or c", None, "c[mon] c[tue] e<c[mon],c[tue]");
    check("*", None, "a a:ok<a b<a,a:ok d<b c[mon]<a,a:ok c[tue]<a,a:ok e<d,c[mon],c[tue]");
}

#[test]
fn impossible_requests() {
    check("c", Some("sun"), "asset `c` has no partition `sun`; hint: it has `mon`, `tue`");
    check(
        "a",
        Some("mon"),
        "a partition was given, but no selected asset has partitions; hint: leave out the partition",
    );
}

#[test]
fn a_gathering_input_takes_every_partition() {
    let pipeline = pipeline();
    let graph = pipeline.graph();
    let plan = plan(graph, "e", None).unwrap();
    let inputs: Vec<_> = plan
        .steps
        .iter()
        .flat_map(|step| &step.inputs)
        .map(|input| (graph.key(input.asset).as_str(), input.partitions.len(), input.gathered))
        .collect();
    assert_eq!(inputs, [("d", 1, false), ("c", 2, true)]);
    let gathers = &graph.computation("e").unwrap().requirements.inputs[1];
    assert!(gathers.gathers);
}

/// What was recorded when everything was made once: `asset=version<input@version,…`.
fn recorded(entries: &[&str]) -> LatestEvaluations {
    let name = |text: &str| match text.strip_suffix(']').and_then(|text| text.split_once('[')) {
        Some((asset, partition)) => AssetPartition::new(asset.into(), Some(partition.into())),
        None => AssetPartition::new(text.into(), None),
    };
    let verdict = |entry: &&str| {
        let (made, inputs) = entry.split_once('<').unwrap_or((*entry, ""));
        let (asset, version) = made.split_once('=').unwrap();
        let input = |input: &str| {
            let (asset, version) = input.split_once('@').unwrap();
            InputVersion {
                version: None,
                read_as: Default::default(),
                upstream: name(asset),
                data_version: Some(version.into()),
            }
        };
        let inputs = inputs.split(',').filter(|input| !input.is_empty()).map(input).collect();
        let (data_version, code) = version.split_once('/').unwrap_or((version, "1"));
        let provenance = Some(Provenance { code_version: code.into(), inputs, config: None });
        let data_version = (data_version != "none").then(|| data_version.into());
        (name(asset), LatestEvaluation { data_version, provenance, ..LatestEvaluation::default() })
    };
    entries.iter().map(verdict).collect()
}

const FRESH: [&str; 6] =
    ["a=1", "b=1<a@1", "d=1<b@1", "c[mon]=1<a@1", "c[tue]=1<a@1", "e=1<d@1,c[mon]@1,c[tue]@1"];

/// The staleness of everything after `changes` replaced recorded verdicts.
#[track_caller]
fn check_stale(changes: &[&str], expected: &[&str]) {
    let pipeline = pipeline();
    let graph = pipeline.graph();
    let mut verdicts = recorded(&FRESH);
    verdicts.extend(recorded(changes));
    verdicts.retain(|_, verdict| {
        verdict.provenance.as_ref().is_none_or(|made| made.code_version.as_str() != "gone")
    });
    let plan = plan(graph, "*", None).unwrap();
    let report = StalenessReport::new(graph, &plan, &verdicts);
    let mut stale = Vec::new();
    for step in &plan.steps {
        for output in graph.outputs(step.step) {
            let staleness = report.get(&step.at_partition(*output)).unwrap();
            let json = serde_json::to_value(staleness).unwrap();
            if json["status"] != "fresh" {
                let causes = json["causes"].as_array().cloned().unwrap_or_default();
                let causes: Vec<_> = causes
                    .iter()
                    .map(|cause| {
                        format!(
                            "{}:{}",
                            cause["cause"].as_str().unwrap(),
                            cause["asset"].as_str().unwrap_or("")
                        )
                    })
                    .collect();
                let partition = step.partition.as_ref().map_or(String::new(), |key| format!("[{key}]"));
                let status = json["status"].as_str().unwrap();
                stale.push(
                    format!("{}{partition} {status} {}", graph.key(*output), causes.join(" "))
                        .trim_end()
                        .to_owned(),
                );
            }
        }
    }
    assert_eq!(stale, expected);
}

#[test]
fn causes_of_staleness() {
    check_stale(&[], &[]);
    check_stale(&["d=1/2<b@1"], &["d stale code:", "e stale upstream:d"]);
    check_stale(&["b=2<a@1"], &["d stale data:b", "e stale upstream:d"]);
    check_stale(&["c[tue]=2<a@1"], &["e stale data:c"]);
    check_stale(&["d=1<b@1,x@1"], &["d stale data:x", "e stale upstream:d"]);
    check_stale(&["d=1"], &["d stale data:b", "e stale upstream:d"]);
    check_stale(
        &["a=1/gone"],
        &[
            "a missing",
            "b stale data:a upstream:a",
            "d stale upstream:b",
            "c[mon] stale data:a upstream:a",
            "c[tue] stale data:a upstream:a",
            "e stale upstream:d upstream:c upstream:c",
        ],
    );
}

#[test]
fn a_declined_value_is_not_missing() {
    // b looked at a, and produced nothing: that is fresh, and d was made without it.
    check_stale(&["b=none<a@1"], &["d stale data:b", "e stale upstream:d"]);
}

/// Work that grows with the square of the keys would take minutes here.
#[test]
fn forty_thousand_partitions_are_resolved_planned_and_judged() {
    const KEYS: usize = 40_000;
    let keys = || PartitionsDefinition::fixed((0..KEYS).map(|key| format!("key-{key}")));
    let gathers = |computation: &mut Computation| computation.requirements.partitions::<u8>("b");
    let pipeline = Definitions::new()
        .asset(asset("a", &[]).partitions(keys()))
        .asset(asset("b", &["a"]).partitions(keys()))
        .asset(asset("all", &[]).policy(gathers))
        .check(blocking_check("a"))
        .resolve()
        .unwrap();
    let graph = pipeline.graph();
    let whole = plan(graph, "*", None).unwrap();
    assert_eq!(whole.steps.len(), 3 * KEYS + 1);
    assert_eq!(whole.steps.iter().next_back().unwrap().upstream.len(), KEYS);
    let report = StalenessReport::new(graph, &whole, &LatestEvaluations::new());
    assert!(whole.steps.iter().all(|step| report.needs(graph, step)));
    assert_eq!(plan(graph, "b", Some("key-39999")).unwrap().steps.len(), 1);
}
