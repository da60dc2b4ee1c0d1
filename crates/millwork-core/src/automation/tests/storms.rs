//! Repeated failures, and conditions that hold for long.

use super::support::{Every, Runs, at, automation, changes, check, updated};
use crate::asset::{AssetDefinition, AssetKey};
use crate::automation::{
    Automation, AutomationCondition as Condition, AutomationState, Change, FailureBackoff, explain,
};
use crate::definitions::Definitions;
use crate::partition::PartitionsDefinition;

#[test]
fn failures_are_damped_and_explained() {
    let condition = Condition::execution_failed();
    let b = [("b", condition.clone())];
    check(&b, &[(10, "!b", "b"), (20, "!b", ""), (30, "", ""), (78, "", ""), (79, "", "b"), (90, "!b", "")]);
    let automation = automation(&b);
    let mut state = AutomationState::default();
    automation.evaluate(&mut state, &changes("!b !b", 9, &mut Runs::new()), at(10), &Every);
    let memory = state.asset(&"b".into()).unwrap().memory.as_ref().unwrap();
    let text = explain(&"b".into(), &condition, memory).unwrap();
    assert_eq!(
        text.to_string(),
        "b, evaluated at 1970-01-01T00:00:10Z: held back until 1970-01-01T00:01:09Z after 2 failures\n  \
         + execution_failed since 1970-01-01T00:00:10Z\n"
    );
}

#[test]
fn why_and_why_not() {
    let condition = Condition::eager();
    let automation = automation(&[("b", condition.clone())]);
    let mut state = AutomationState::default();
    let mut runs = Runs::new();
    let mut verdict = |happened: &str, second| {
        automation.evaluate(&mut state, &changes(happened, second - 1, &mut runs), at(second), &Every);
        let memory = state.asset(&"b".into()).unwrap().memory.as_ref().unwrap();
        explain(&"b".into(), &condition, memory).unwrap().verdict
    };
    assert_eq!(
        verdict("", 10),
        "not requested: `newly_missing or any_deps_updated` doesn't hold, `any_deps_missing` holds"
    );
    assert_eq!(verdict("a ~b", 20), "not requested: `in_progress` holds");
    assert_eq!(verdict("!b", 30), "requested: newly_missing or any_deps_updated");
    assert_eq!(verdict("", 40), "not requested: `newly_missing or any_deps_updated` doesn't hold");
    assert_eq!(verdict("a", 50), "requested: any_deps_updated (`a`)");
}

/// A condition that continues to hold makes no further request while the run that it has requested is in progress.
#[test]
fn what_is_underway_is_not_requested_again() {
    let b = [("b", Condition::missing())];
    check(&b, &[(10, "", "b"), (20, "~b", ""), (30, "", ""), (40, "!b", "b"), (50, "~b", ""), (60, "b", "")]);
    check(&b, &[(10, "", "b"), (20, "~b", ""), (30, "b/", "b"), (40, "~b", ""), (50, "b.", "b")]);
    let tick = [("b", Condition::cron_tick_passed("100", "UTC"))];
    check(&tick, &[(10, "", ""), (100, "", "b"), (200, "~b", "b")]);
}

#[test]
fn what_is_no_more_is_forgotten() {
    let both = automation(&[("b", Condition::eager()), ("c", Condition::eager())]);
    let mut state = AutomationState::default();
    both.evaluate(&mut state, &changes("a b c", 9, &mut Runs::new()), at(10), &Every);
    state = state.with_rows([("gone".into(), Default::default())]);
    state.take_touched();
    let one = automation(&[("b", Condition::eager())]);
    one.evaluate(&mut state, &[], at(20), &Every);
    let touched = state.take_touched();
    let touched: Vec<_> = touched.iter().map(|(key, row)| (key.as_str(), row.is_some())).collect();
    assert_eq!(touched, [("b", true), ("c", true), ("gone", false)]);
    let remembered = |key: &str| state.asset(&key.into()).is_some_and(|row| row.memory.is_some());
    assert_eq!((remembered("b"), remembered("c")), (true, false));
}

/// What is requested at once is one run, in the order of the graph.
#[test]
fn what_is_requested_at_once_shares_a_run() {
    let always = Condition::initial_evaluation;
    check(&[("a", always()), ("b", always()), ("c", always())], &[(10, "", "a&b&c")]);
    check(&[("a", always()), ("c", always())], &[(10, "", "a&c")]);
    check(&[("d", always()), ("c", always()), ("b", always())], &[(10, "", "d&e&b&c")]);
}

/// Siblings of one update are one run; those with partitions have another one, and what gathers them waits for it.
#[test]
fn siblings_share_a_run_and_so_do_those_that_are_partitioned_alike() {
    let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>();
    let below =
        |key: String| asset(&key).after("source").blocking(|_| Ok(0_u8)).automation(Condition::eager());
    let siblings = (0..300).map(|number| below(format!("sibling_{number:03}")));
    let daily = PartitionsDefinition::fixed(["monday", "tuesday"]);
    let gathered = asset("gathered").after("daily_0").blocking(|_| Ok(0_u8)).automation(Condition::eager());
    let pipeline = Definitions::new()
        .asset(asset("source").blocking(|_| Ok(0_u8)))
        .assets(siblings)
        .assets((0..2).map(|number| below(format!("daily_{number}")).partitions(daily.clone())))
        .asset(gathered)
        .resolve()
        .unwrap();
    let automation = Automation::of_graph(pipeline.graph(), FailureBackoff::default()).unwrap();
    let mut state = AutomationState::default();
    let change = |asset: &AssetKey, second| Change {
        asset: asset.clone(),
        partition: None,
        at: at(second),
        run: None,
        kind: updated(Default::default(), None),
    };
    let all = pipeline.graph().assets().iter().map(|node| change(&node.spec.key, 9));
    automation.evaluate(&mut state, &all.collect::<Vec<_>>(), at(10), &Every);
    let runs = automation.evaluate(&mut state, &[change(&"source".into(), 19)], at(20), &Every).runs;
    let shown: Vec<String> = runs
        .iter()
        .map(|run| match &run.assets[..] {
            many if many.len() == 300 => format!("{} … {}", many[0], many[299]),
            assets => {
                let assets: Vec<&str> = assets.iter().map(AssetKey::as_str).collect();
                format!(
                    "{}: {}",
                    assets.join(" "),
                    run.partitions.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
                )
            }
        })
        .collect();
    assert_eq!(shown, ["sibling_000 … sibling_299", "daily_0 daily_1: monday,tuesday"]);
}
