//! Gates in definitions, graphs and plans, and aliases in selections and conditions.

use std::sync::Arc;

use millwork_core::advice::Advice;
use millwork_core::graph::{AssetGraph, Edge, Selection};
use millwork_core::plan::{Plan, PlanIndex};
use millwork_core::version::{AliasName, ReadAs};
use millwork_core::{
    Absent, AssetDefinition, CheckDefinition, CheckResult, Computation, Definitions, GateDefinition,
    KeyMoment, PartitionsDefinition, Requirements, StepFunction, StepResult, Verdict,
};

fn asset(key: &str, inputs: &[&str]) -> AssetDefinition {
    let definition = AssetDefinition::new(key).produces::<u8, _>();
    inputs.iter().fold(definition, |definition, input| definition.input::<u8>(input)).blocking(|_| Ok(0_u8))
}

fn champion() -> ReadAs {
    ReadAs::Alias(AliasName::champion())
}

/// The asset also takes the champion of `model`.
fn with_champion(definition: AssetDefinition, model: &str) -> AssetDefinition {
    let model = model.to_owned();
    definition.policy(move |computation| {
        computation.requirements.version::<u8>(model, champion(), Absent::SkipsTheStep);
    })
}

/// The asset also takes the `input` of the champion of `model`.
fn with_input_of(definition: AssetDefinition, input: &str, model: &str) -> AssetDefinition {
    let (input, model) = (input.to_owned(), model.to_owned());
    definition.policy(move |computation| {
        let read_as = ReadAs::InputOf { model: model.as_str().into(), alias: AliasName::champion() };
        computation.requirements.version::<u8>(input, read_as, Absent::SkipsTheStep);
        computation.requirements.follow(model, AliasName::champion());
    })
}

fn gate(name: &str, model: &str, inputs: &[&str]) -> GateDefinition {
    let mut requirements = Requirements { challenger: Some(model.into()), ..Requirements::default() };
    requirements.input::<u8>(model);
    inputs.iter().for_each(|input| requirements.input::<u8>(*input));
    requirements.version::<u8>(model, champion(), Absent::IsNone);
    let function = StepFunction::Blocking(Arc::new(|_| Ok(StepResult::Gate(Verdict::promote()))));
    GateDefinition::new(name, model, Computation::new(requirements, function))
}

fn blocking_check(name: &str, asset: &str) -> CheckDefinition {
    let mut requirements = Requirements::default();
    requirements.input::<u8>(asset);
    let function = StepFunction::Blocking(Arc::new(|_| Ok(StepResult::Check(CheckResult::pass()))));
    let check = CheckDefinition::new(name, asset, Computation::new(requirements, function));
    CheckDefinition { blocking: true, ..check }
}

/// words → model (checked, gated on held_out) → predictions by the champion, with its words → report
fn definitions() -> Definitions {
    let predictions = with_input_of(with_champion(asset("predictions", &["new"]), "model"), "words", "model");
    Definitions::new()
        .assets([asset("words", &[]), asset("model", &["words"]), asset("held_out", &[]), asset("new", &[])])
        .assets([predictions, asset("report", &["predictions"])])
        .check(blocking_check("sane", "model"))
        .gate(gate("better", "model", &["held_out"]))
}

#[track_caller]
fn check(definitions: Definitions, expected: &[&str]) {
    let errors = definitions.resolve().map(|_| Vec::new()).unwrap_or_else(|errors| errors.0);
    let errors: Vec<String> = errors.iter().map(Advice::one_line).collect();
    assert_eq!(errors, expected);
}

#[test]
fn what_does_not_fit() {
    check(definitions(), &[]);
    check(
        definitions().gate(gate("second", "model", &[])),
        &["asset `model` has two gates, `better` and `second`; hint: let one function decide"],
    );
    check(
        definitions().gate(gate("other", "modle", &[])),
        &[
            "`other` depends on asset `modle`, which is not part of the definitions; hint: did you mean `model`?",
        ],
    );
    let mut no_challenger = gate("blind", "words", &[]);
    no_challenger.computation.requirements.challenger = None;
    check(
        definitions().gate(no_challenger),
        &["gate `blind` takes no challenger of `words`; hint: take `Challenger<words>`"],
    );
    let judging = asset("judging", &["model"])
        .policy(|computation| computation.requirements.challenger = Some("model".into()));
    check(
        definitions().asset(judging),
        &[
            "`judging` takes a challenger of `model`, but it is no gate; hint: take `Champion<model>`, or declare it with `#[gate]`",
        ],
    );
    check(
        definitions()
            .gate(GateDefinition { alias: "champion".parse().unwrap(), ..gate("sane", "model", &[]) }),
        &[
            "check `sane` of asset `model` is defined twice; hint: rename one",
            "asset `model` has two gates, `better` and `sane`; hint: let one function decide",
        ],
    );
}

/// What versions make in shadow is made with the version in use, by a function that may be called twice.
#[test]
fn what_can_be_made_in_shadow() {
    let with_gate = |predictions: AssetDefinition, shadow: &str| {
        let model = asset("model", &[]);
        Definitions::new().assets([model, predictions]).gate(gate("better", "model", &[]).shadow(shadow))
    };
    let safe = |definition: AssetDefinition| definition.policy(|computation| computation.shadow_safe = true);
    let predictions = || with_champion(asset("predictions", &[]), "model");
    check(with_gate(safe(predictions()), "predictions"), &[]);
    check(
        with_gate(safe(predictions()), "prediction"),
        &[
            "`better` depends on asset `prediction`, which is not part of the definitions; hint: did you mean `predictions`?",
        ],
    );
    check(
        with_gate(predictions(), "predictions"),
        &[
            "gate `better` has versions of `model` make `predictions` in shadow, which isn't declared as safe to be called twice; hint: \
             if `predictions` has no side effects, declare it with `#[asset(shadow_safe)]`",
        ],
    );
    check(
        with_gate(safe(asset("predictions", &["model"])), "predictions"),
        &[
            "gate `better` has versions of `model` make `predictions` in shadow, which doesn't read its champion; hint: let \
             `predictions` take `Champion<model>`, or name an asset that does",
        ],
    );
}

/// The latest vectorizer beside the champion predicts nonsense silently.
#[test]
fn what_a_version_was_made_from_is_not_taken_as_the_latest() {
    let mixed = "`mixed` takes the latest `words` beside the champion of `model`, which may have been made from another version \
                 of it; hint: take `InputOf<words, Champion<model>>`, or make it part of the value of `model`";
    check(definitions().asset(with_champion(asset("mixed", &["words"]), "model")), &[mixed]);
    check(
        definitions().gate(gate("own", "words", &[])).asset(with_champion(asset("fine", &[]), "words")),
        &[],
    );
    // Waiting for it is no use of its value.
    check(definitions().asset(with_champion(asset("mixed", &[]).after("words"), "model")), &[]);
}

#[test]
fn a_cycle_through_a_gate_names_it() {
    let held_out = with_champion(asset("held_out", &[]), "model");
    let cyclic = Definitions::new().assets([asset("model", &[]), held_out]).gate(gate(
        "better",
        "model",
        &["held_out"],
    ));
    let errors = cyclic.resolve().unwrap_err().0;
    let [cycle] = &*errors else { panic!("{errors:?}") };
    assert!(
        cycle.to_string().starts_with("dependency cycle: ") && cycle.to_string().contains("gate `better`"),
        "{cycle}"
    );
}

#[test]
fn partitions_have_champions_of_their_own() {
    let days = || PartitionsDefinition::fixed(["mon", "tue"]);
    let model = || asset("model", &[]).partitions(days());
    let same = with_champion(asset("predictions", &[]).partitions(days()), "model");
    check(Definitions::new().assets([model(), same]), &[]);
    let none = with_champion(asset("predictions", &[]), "model");
    check(
        Definitions::new().assets([model(), none]),
        &[
            "`predictions` cannot map its partitions to those of `model`: `model` has partitions and `predictions` has none; \
           hint: each partition has a version in use of its own; write a mapping to one of them, such as `#[input(map = latest())]`, or give both the same partitions",
        ],
    );
}

fn plan(graph: &AssetGraph, selection: &str) -> String {
    let selected = Selection::parse(selection).unwrap().select(graph).unwrap();
    let plan = Plan::new(graph, &selected, &[], &KeyMoment::default()).unwrap();
    let name = |position: &PlanIndex| plan.step_key(graph, *position).to_string();
    let names = |positions: &[PlanIndex]| positions.iter().map(name).collect::<Vec<_>>().join(",");
    let step = |position: PlanIndex| {
        let planned = &plan.steps[position];
        let mut text = name(&position);
        if !planned.upstream.is_empty() {
            text += &format!("<{}", names(&planned.upstream));
        }
        if !planned.after.is_empty() {
            text += &format!(" after {}", names(&planned.after));
        }
        text
    };
    plan.steps.indices().map(step).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_gate_stands_between_a_model_and_what_follows_its_alias() {
    let pipeline = definitions().resolve().unwrap();
    insta::assert_snapshot!(plan(pipeline.graph(), "*").replace("; ", "\n"));
    insta::assert_snapshot!(
        "a_model_takes_its_gate_along",
        plan(pipeline.graph(), "model").replace("; ", "\n")
    );
    assert_eq!(plan(pipeline.graph(), "predictions"), "predictions");
    assert_eq!(plan(pipeline.graph(), "report or predictions"), "predictions; report<predictions");
}

#[test]
fn edges_say_what_is_followed() {
    let pipeline = definitions().resolve().unwrap();
    let graph = pipeline.graph();
    let edge =
        |asset: &str, upstream: &str| graph.edge(graph.index(asset).unwrap(), graph.index(upstream).unwrap());
    assert_eq!(edge("model", "words"), Edge::Latest);
    assert_eq!(edge("predictions", "model"), Edge::Alias(AliasName::champion()));
    assert_eq!(edge("predictions", "words"), Edge::InputOf);
    assert_eq!(edge("predictions", "new"), Edge::Latest);
    assert_eq!(graph.gate(graph.index("model").unwrap()).unwrap().name, "better");
}
