//! Histories: what definitions allow, which edges there are, what is stale, what conditions see, and how a function goes through one.

use jiff::Timestamp;
use millwork_core::advice::Advice;
use millwork_core::automation::{
    Automation, AutomationState, FailureBackoff, RunScope, Ticks, from_event, history_key,
};
use millwork_core::event::{Event, EventBody, InputVersion, Materialization, Provenance};
use millwork_core::event::{NewEvent, StoredValue, ValueLocation};
use millwork_core::graph::Selection;
use millwork_core::plan::{LatestEvaluation, LatestEvaluations, Plan, StalenessReport};
use millwork_core::run::RunId;
use millwork_core::version::{ReadAs, VersionNumber};
use millwork_core::{
    Asset, AssetDefinition, AssetPartition, AutomationCondition, CheckDefinition, CheckResult, Computation,
    Definitions, History, KeyMoment, PartitionsDefinition, Pipeline, Requirements, StepFunction, StepResult,
};

fn asset(key: &str, inputs: &[&str], histories: &[&str]) -> AssetDefinition {
    let definition = AssetDefinition::new(key).produces::<u8, _>();
    let definition = inputs.iter().fold(definition, |definition, input| definition.input::<u8>(input));
    reading(definition, histories).blocking(|_| Ok(0_u8))
}

fn reading(definition: AssetDefinition, histories: &[&str]) -> AssetDefinition {
    definition.policy(|computation| {
        histories.iter().for_each(|history| computation.requirements.history::<u8>(*history));
    })
}

fn by_letter(keys: &str) -> PartitionsDefinition {
    PartitionsDefinition::fixed(keys.chars().map(|key| key.to_string()))
}

fn version(number: u32) -> VersionNumber {
    VersionNumber::new(number).unwrap()
}

#[track_caller]
fn check_definitions(assets: impl IntoIterator<Item = AssetDefinition>, expected: &[&str]) {
    let errors = Definitions::new().assets(assets).resolve().map(|_| Vec::new());
    let errors: Vec<String> = errors.unwrap_or_else(|errors| errors.0).iter().map(Advice::one_line).collect();
    assert_eq!(errors, expected);
}

#[test]
fn what_definitions_allow() {
    let of_days = |definition: AssetDefinition| definition.partitions(by_letter("ab"));
    check_definitions([asset("a", &[], &[]), asset("b", &[], &["a"])], &[]);
    check_definitions([asset("a", &[], &["a"])], &[]);
    check_definitions([asset("a", &[], &["b"]), asset("b", &["a"], &[])], &[]);
    check_definitions([asset("a", &[], &[]), of_days(asset("b", &[], &["a"]))], &[]);
    check_definitions([of_days(asset("a", &[], &[])), of_days(asset("b", &[], &["a"]))], &[]);
    check_definitions(
        [asset("sales", &[], &[]), asset("b", &[], &["sale"])],
        &["`b` depends on asset `sale`, which is not part of the definitions; hint: did you mean `sales`?"],
    );
    check_definitions(
        [of_days(asset("a", &[], &[])), asset("b", &[], &["a"])],
        &[
            "`b` cannot map its partitions to those of `a`: `a` has partitions and `b` has none; hint: each partition has a history of its own; write a mapping to one \
           of them, or give both the same partitions",
        ],
    );
    check_definitions(
        [of_days(asset("a", &[], &[])), asset("b", &[], &["a"]).partitions(by_letter("bc"))],
        &[],
    );
    let text = AssetDefinition::new("text").produces::<String, _>().blocking(|_| Ok(String::new()));
    check_definitions(
        [text, asset("b", &[], &["text"])],
        &[
            "`b` takes asset `text` as `u8`, but it is `alloc::string::String`; hint: take the type that it has",
        ],
    );
    check_definitions(
        [AssetDefinition::new("outside"), asset("b", &[], &["outside"])],
        &["`b` takes the value of asset `outside`, which Millwork doesn't store; hint: name it in `deps(…)`"],
    );
}

/// raw → model → report, and raw reads the history of report; total reads that of raw, and list that of total and of raw, which it takes too.
fn pipeline() -> Pipeline {
    let eager = |definition: AssetDefinition| {
        definition.describe(|spec| spec.automation = Some(AutomationCondition::eager()))
    };
    let assets = [
        eager(asset("list", &["raw"], &["total", "raw"])),
        eager(asset("total", &[], &["raw"])),
        asset("report", &["model"], &[]),
        asset("model", &["raw"], &[]),
        eager(asset("raw", &[], &["report"])),
    ];
    let mut requirements = Requirements::default();
    requirements.input::<u8>("model");
    requirements.history::<u8>("report");
    let verdict = StepFunction::Blocking(std::sync::Arc::new(|_| Ok(StepResult::Check(CheckResult::pass()))));
    let check = CheckDefinition::new("holds", "model", Computation::new(requirements, verdict));
    // It stands before what it reads the history of.
    let check = CheckDefinition { blocking: true, ..check };
    Definitions::new().assets(assets).check(check).resolve().unwrap()
}

#[test]
fn a_history_orders_nothing() {
    let pipeline = pipeline();
    let graph = pipeline.graph();
    let edges = |key: &str| {
        let edges = graph.histories(graph.index(key).unwrap()).iter();
        edges.map(|edge| (graph.key(edge.asset).as_str(), edge.is_circular)).collect::<Vec<_>>()
    };
    assert_eq!(edges("raw"), [("report", true)]);
    assert_eq!(edges("total"), [("raw", false)]);
    assert_eq!(edges("list"), [("total", false), ("raw", false)]);
    let check = graph.step_index("model:holds").unwrap();
    assert_eq!(graph.steps()[check].histories.len(), 1);
    let all = Plan::new(graph, &graph.assets().indices().collect(), &[], &KeyMoment::default()).unwrap();
    for step in &all.steps {
        let waits_for: Vec<&str> =
            step.upstream.iter().map(|position| all.step_key(graph, *position).as_str()).collect();
        match graph.steps()[step.step].key.as_str() {
            "raw" | "total" => assert!(waits_for.is_empty(), "{waits_for:?}"),
            "list" | "model" => assert_eq!(waits_for, ["raw"]),
            "report" => assert_eq!(waits_for.len(), 2),
            other => assert_eq!((other, waits_for), ("model:holds", vec!["model"])),
        }
    }
    let upstream = Selection::parse("+total").unwrap().select(graph).unwrap();
    assert_eq!(upstream.len(), 1, "a selection of what is upstream doesn't follow it");
}

/// An asset, its newest version, and up to which versions it has read histories.
type Made<'a> = (&'a str, u32, &'a [(&'a str, u32)]);

/// What was made of each asset.
fn made(assets: &[Made<'_>]) -> LatestEvaluations {
    let input = |(asset, newest): &(&str, u32)| InputVersion {
        upstream: AssetPartition::new((*asset).into(), None),
        data_version: Some("d".into()),
        version: Some(version(*newest)),
        read_as: ReadAs::History { after: None },
    };
    let evaluation = |(asset, newest, read): &Made<'_>| {
        let inputs = read.iter().map(input).collect();
        let code_version = pipeline().graph().computation(asset).unwrap().code_version.clone();
        let evaluation = LatestEvaluation {
            data_version: Some("d".into()),
            version: Some(version(*newest)),
            provenance: Some(Provenance { code_version, inputs, config: None }),
            ..LatestEvaluation::default()
        };
        (AssetPartition::new((*asset).into(), None), evaluation)
    };
    assets.iter().map(evaluation).collect()
}

#[track_caller]
fn check_causes(asset: &str, latest: &LatestEvaluations, expected: &[&str]) {
    let pipeline = pipeline();
    let graph = pipeline.graph();
    let selected = Selection::parse(asset).unwrap().select(graph).unwrap();
    let plan = Plan::new(graph, &selected, &[], &KeyMoment::default()).unwrap();
    assert!(plan.compared(graph).len() > 1, "what it reads the history of is looked up");
    let report = StalenessReport::new(graph, &plan, latest);
    let output = plan.steps.iter().next().unwrap().at_partition(graph.index(asset).unwrap());
    let staleness = serde_json::to_value(report.get(&output).unwrap()).unwrap();
    let causes = staleness["causes"].as_array().cloned().unwrap_or_default();
    let causes: Vec<String> =
        causes.iter().map(|cause| format!("{} {} {}", cause["asset"], cause["from"], cause["to"])).collect();
    assert_eq!(causes, expected);
}

#[test]
fn newer_versions_make_a_reader_stale() {
    check_causes("total", &made(&[("raw", 3, &[]), ("total", 1, &[("raw", 3)])]), &[]);
    check_causes("total", &made(&[("raw", 5, &[]), ("total", 1, &[("raw", 3)])]), &["\"raw\" 3 5"]);
    check_causes("total", &made(&[("raw", 1, &[]), ("total", 1, &[])]), &["\"raw\" null 1"]);
    check_causes("total", &made(&[("total", 1, &[])]), &[]);
    // What is made from the reader itself would make it stale for ever.
    check_causes("raw", &made(&[("report", 5, &[]), ("raw", 2, &[("report", 3)])]), &[]);
}

struct Never;

impl Ticks for Never {
    fn latest(&self, _: &str, _: &str, _: Timestamp, _: Timestamp) -> Option<Timestamp> {
        None
    }
}

fn materialized(asset: &str, at: i64) -> Event {
    let stored =
        StoredValue { location: ValueLocation::Elsewhere, bytes: 0, format: String::new(), hash: None };
    let body = EventBody::Materialized(Materialization {
        version: Some(version(1)),
        data_version: "d".into(),
        provenance: Provenance { code_version: "1".into(), inputs: Vec::new(), config: None },
        stored,
        metadata: Default::default(),
    });
    let at = Timestamp::from_second(at).unwrap();
    let of_run = NewEvent::of_run(RunId::from_u128(7), at, body);
    NewEvent { asset: Some(asset.into()), ..of_run }.at_sequence(1)
}

#[test]
fn conditions_see_updates_of_what_is_read_and_not_of_what_follows_from_them() {
    let pipeline = pipeline();
    let graph = pipeline.graph();
    let automation = Automation::of_graph(graph, FailureBackoff::default()).unwrap();
    let mut state = AutomationState::default();
    let mut now = 0;
    let mut requested = |made: &str| {
        now += 10;
        let targets = ["raw", "total", "list"].into_iter().map(Into::into).collect();
        let run = std::sync::Arc::new(RunScope { targets, ..RunScope::default() });
        let changes = match made {
            "" => Vec::new(),
            made => from_event(graph, &materialized(made, now - 1), Some(&run)),
        };
        let at = Timestamp::from_second(now).unwrap();
        let evaluation = automation.evaluate(&mut state, &changes, at, &Never);
        let keys = evaluation.runs.into_iter().flat_map(|run| run.assets);
        keys.map(|key| key.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(requested(""), "");
    for made in ["total", "list", "report", "model"] {
        requested(made);
    }
    // Both are targets of its run: `list` has waited for `raw` there, and `total` hasn't.
    assert_eq!(requested("raw"), "total");
    assert_eq!(requested("total"), "list");
    // `raw` reads the history of `report`, which is made from it.
    assert_eq!(requested("report"), "");
    assert_eq!(history_key(&"raw".into()).as_str(), "raw@*");
}

enum Sales {}

impl Asset for Sales {
    const KEY: &'static str = "sales";
    type Value = u64;
}

#[test]
fn a_function_is_tested_with_values() {
    let numbers = |entries: millwork_core::HistoryEntries<Sales>| {
        let entries = entries.map(|entry| {
            let entry = entry.unwrap();
            (entry.version().unwrap().get(), *entry.load().unwrap())
        });
        entries.collect::<Vec<_>>()
    };
    let sales = History::<Sales>::of([5, 6, 7]);
    assert_eq!(numbers(sales.entries()), [(1, 5), (2, 6), (3, 7)]);
    assert_eq!(numbers((&sales).into_iter()), numbers(sales.new()));
    assert_eq!(sales.newest().unwrap().version(), Some(version(3)));
    assert_eq!(sales.after(), None);
    let later = Timestamp::from_second(1).unwrap();
    assert_eq!(numbers(sales.since(later)), []);
    assert_eq!(numbers(sales.since(Timestamp::UNIX_EPOCH)).len(), 3);
    let sales = sales.handled(version(2));
    assert_eq!(numbers(sales.new()), [(3, 7)]);
    assert_eq!(numbers(sales.entries()).len(), 3);
    assert!(numbers(sales.handled(version(3)).new()).is_empty());
    assert!(History::<Sales>::none().newest().is_none());
    assert!(numbers(History::<Sales>::none().new()).is_empty());
}
