//! Each operand and operator by itself.

use super::support::{Every, at, automation, chain, check};
use crate::asset::AssetDefinition;
use crate::automation::{
    Automation, AutomationCondition as Condition, AutomationState, ConditionError, FailureBackoff, explain,
};
use crate::definitions::Definitions;

#[test]
fn operands_and_operators() {
    let b = |condition: Condition| [("b", condition)];
    check(
        &b(Condition::code_version_changed()),
        &[(10, "b#1", ""), (20, "b#1", ""), (30, "b#2", "b"), (40, "", "")],
    );
    check(&b(Condition::check_failed("ok").newly_true()), &[(10, "", ""), (20, "b?", "b"), (30, "b?", "")]);
    check(&b(Condition::initial_evaluation()), &[(10, "", "b"), (20, "", "")]);
    check(&b(Condition::eager().ignore("a")), &[(10, "a b", ""), (20, "a", "")]);
    check(&b(Condition::eager().allow("a")), &[(10, "a b", ""), (20, "a", "b")]);
    let never = Condition::missing() & !Condition::missing();
    check(&b(Condition::eager().replace("any_deps_updated", &never)), &[(10, "a b", ""), (20, "a", "")]);
}

#[test]
fn joined() {
    let b = |condition: Condition| [("b", condition)];
    let (one, other) = (Condition::newly_updated, Condition::code_version_changed);
    check(&b(one() & other()), &[(10, "b#1", ""), (20, "b", ""), (30, "b#2", ""), (40, "b b#3", "b")]);
    check(&b(one() | other()), &[(10, "b#1", ""), (20, "b", "b"), (30, "b#2", "b"), (40, "", "")]);
    check(&b(!one() & other()), &[(10, "b#1", ""), (20, "b b#2", ""), (30, "b#3", "b")]);
    // A request is made while the trigger has come after the reset; at the same moment the reset counts.
    check(&b(one().since(other()) & other().newly_true()), &[(10, "b#1 b", ""), (20, "b b#2", "")]);
    let newly = (one() | other()).newly_true();
    check(&b(newly), &[(10, "b#1", ""), (20, "b", "b"), (30, "b", ""), (40, "", ""), (50, "b", "b")]);
}

#[test]
fn about_values() {
    let b = |condition: Condition| [("b", condition)];
    check(&b(Condition::data_version_changed()), &[(10, "b=1", "b"), (20, "b=1", ""), (30, "b=2", "b")]);
    check(&b(Condition::missing().newly_true()), &[(10, "", "b"), (20, "b", ""), (30, "-b", "b")]);
    let tagged = Condition::newly_updated() & Condition::executed_with_tag("x", "yes");
    check(&b(tagged), &[(10, "b", ""), (20, "b+x", "b"), (30, "b+y", "")]);
    check(&b(Condition::in_progress().newly_true()), &[(10, "", ""), (20, "~b", "b"), (30, "b/", "")]);
    check(&b(Condition::newly_requested() | Condition::newly_updated()), &[(10, "b", "b"), (20, "", "b")]);
}

#[test]
fn about_checks() {
    let a = |condition: Condition| [("a", condition)];
    check(&a(Condition::check_failed("ok").newly_true()), &[(10, "", ""), (20, "a?", "a"), (30, "a?", "")]);
    check(&a(Condition::check_passed("ok").newly_true()), &[(10, "a?", ""), (20, "a*", "a"), (30, "a*", "")]);
    check(&a(Condition::any_check_failed().newly_true()), &[(10, "a*", ""), (20, "a?", "a")]);
    check(&a(Condition::blocking_checks_passed().newly_true()), &[(10, "a?", ""), (20, "a*", "a")]);
    check(&[("b", Condition::blocking_checks_passed().newly_true())], &[(10, "", "b"), (20, "", "")]);
    let b = [("b", Condition::eager() & Condition::all_deps_blocking_checks_passed())];
    check(&b, &[(10, "a b", ""), (20, "a", ""), (30, "a?", ""), (40, "a*", "b")]);
}

#[test]
fn about_upstream_assets() {
    let c = |condition: Condition| [("c", condition)];
    check(&c(Condition::any_deps_missing().newly_true()), &[(10, "b", ""), (20, "-b", "c"), (30, "", "")]);
    check(&c(Condition::any_deps_in_progress().newly_true()), &[(10, "", ""), (20, "~b", "c")]);
    let since = Condition::all_deps_updated_since_cron("100", "UTC").newly_true();
    check(&c(since), &[(10, "b", "c"), (100, "", ""), (110, "b", "c"), (120, "b", ""), (210, "", "")]);
    let deep = Condition::any_deps_match(Condition::any_deps_match(Condition::newly_updated()));
    check(&c(deep), &[(10, "", ""), (20, "a", "c"), (30, "b", "")]);
    let all = Condition::all_deps_match(Condition::newly_updated());
    check(&[("a", all.newly_true())], &[(10, "", "a"), (20, "", "")]);
}

/// What is requested of a step is all that it makes, and what is downstream of any of it sees that.
#[test]
fn a_step_makes_all_of_its_assets() {
    let either = [("d", Condition::eager()), ("e", Condition::on_missing())];
    check(&either, &[(10, "a d e", ""), (20, "a", "d&e"), (30, "", ""), (40, "-e", "d&e")]);
}

#[test]
fn parts_are_left_out() {
    let without = Condition::eager().without("any_deps_updated");
    check(&[("b", without)], &[(10, "a b", ""), (20, "a", ""), (30, "-b", "b")]);
    check(&[("b", Condition::eager().without("nothing"))], &[(10, "a b", ""), (20, "a", "b")]);
}

/// A condition nested `levels` deep.
fn nested(levels: usize) -> Condition {
    (1..levels).fold(Condition::missing(), |condition, _| !condition)
}

/// The JSON of its explanation is nested twice as deep, which most readers take.
#[test]
fn a_condition_may_be_nested_to_a_limit() {
    let automation = automation(&[("b", nested(50))]);
    let mut state = AutomationState::default();
    automation.evaluate(&mut state, &[], at(10), &Every);
    let memory = state.asset(&"b".into()).unwrap().memory.as_ref().unwrap();
    let explanation = explain(&"b".into(), &nested(50), memory).unwrap();
    assert_eq!(explanation.verdict, format!("not requested: `{}` holds", nested(49)));
    let json = serde_json::to_string(&explanation).unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
}

/// Forty layers of two assets, each made from both of the layer before: the topmost is reached on 2⁴⁰ ways.
#[test]
fn an_asset_is_looked_at_once_however_many_ways_lead_there() {
    let asset = |layer: usize, side: usize| {
        let asset = AssetDefinition::new(format!("x{layer}_{side}")).produces::<u8, _>();
        let above = (0..2).filter(|_| layer > 0).map(|side| format!("x{}_{side}", layer - 1));
        above.fold(asset, |asset, above| asset.after(&above)).blocking(|_| Ok(0_u8))
    };
    let assets = (0..=40).flat_map(|layer| [asset(layer, 0), asset(layer, 1)]);
    let pipeline = Definitions::new().assets(assets).resolve().unwrap();
    let condition = (0..40).fold(Condition::missing(), |condition, _| Condition::any_deps_match(condition));
    let automation =
        Automation::new(pipeline.graph(), [("x40_0".into(), condition)], FailureBackoff::default()).unwrap();
    let mut state = AutomationState::default();
    let evaluation = automation.evaluate(&mut state, &[], at(10), &Every);
    assert_eq!(evaluation.runs[0].assets, ["x40_0".into()]);
}

#[test]
fn what_makes_no_sense_is_told() {
    let pipeline = chain();
    let [a, b] = ["a", "b"].map(|key| pipeline.graph().index(key).unwrap());
    let problem = |condition: Condition| {
        Automation::check(pipeline.graph(), a, &condition).map_err(|error| error.to_string()).unwrap_err()
    };
    assert!(problem(Condition::eager().ignore("x")).contains("no asset is called `x`"));
    assert!(problem(Condition::on_cron("x y", "UTC")).contains("must have five"));
    assert!(problem(Condition::on_cron("@daily", "Mars")).contains("`Mars`"));
    assert!(problem(Condition::check_failed("x")).contains("no check `x`"));
    assert!(problem(nested(51)).contains("nested 51 levels deep, and may be 50"));
    assert!(problem(nested(100_000)).contains("nested 100000 levels deep"));
    let of_upstream = Condition::any_deps_match(Condition::check_failed("ok"));
    assert_eq!(Automation::check(pipeline.graph(), b, &of_upstream), Ok::<(), ConditionError>(()));
    assert!(automation(&[("b", Condition::eager())]).condition(&"b".into()).is_some());
}
