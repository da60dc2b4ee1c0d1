//! Watches: what a condition over a version in use sees of numbers, what it forgets when the alias moves, and what can't be one.

use std::time::Duration;

use super::numbers::{Happened, days, definitions, live, made, promoted};
use super::support::{Every, at};
use crate::asset::{AssetDefinition, AssetKey};
use crate::automation::{AutomationCondition as Condition, *};
use crate::definitions::DefinitionErrors;
use crate::watch::Watch;

/// Evaluates the condition of a watch over `model` at the seconds given, after what happened a second before, all of it in one evaluation or
/// one by one, and compares what is explained.
#[track_caller]
fn check(condition: &Condition, history: &[(i64, Vec<Happened>, &str)]) {
    let watch = Watch::new("model").rollback_if(condition.clone());
    let pipeline = definitions().watch(watch).resolve().unwrap();
    let key = watch_key(&"model".into());
    for one_by_one in [false, true] {
        let automation = pipeline.automation(|_| true, FailureBackoff::default()).unwrap();
        let mut state = AutomationState::default();
        for (second, happened, expected) in history {
            let change = |(asset, kind): &Happened| Change {
                asset: AssetKey::from(*asset),
                partition: None,
                at: at(second - 1),
                run: None,
                kind: kind.clone(),
            };
            let changes: Vec<Change> = happened.iter().map(change).collect();
            let parts = if one_by_one { changes.chunks(1).collect() } else { vec![&changes[..]] };
            let mut watches = Vec::new();
            for part in parts {
                let evaluation = automation.evaluate(&mut state, part, at(*second), &Every);
                assert!(evaluation.runs.is_empty() && evaluation.jobs.is_empty(), "a watch requests nothing");
                watches = evaluation.watches;
            }
            let memory = state.asset(&key).unwrap().memory.as_ref().unwrap();
            let verdict = explain(&key, condition, memory).unwrap().verdict;
            assert_eq!(verdict, *expected, "at {second}, one by one: {one_by_one}");
            let holds = if expected.starts_with("holds") { vec![key.clone()] } else { Vec::new() };
            assert_eq!(watches, holds, "at {second}");
            // What holds is heard of once more where it is new, and then only with news.
            automation.evaluate(&mut state, &[], at(*second), &Every);
            assert!(automation.evaluate(&mut state, &[], at(*second), &Every).outcomes.is_empty());
        }
    }
}

const NONE_SINCE: &str = "doesn't hold: live has no MAE from after the promotion of version 4 yet";

#[test]
fn a_watch_sees_no_number_of_before_the_version_came_into_use() {
    check(
        &Condition::metric("live", "MAE").above(20.0),
        &[
            (10, vec![live(9, 99.0)], "doesn't hold: no version of the model of live is in use"),
            (20, vec![promoted(4)], NONE_SINCE),
            (30, vec![live(29, 19.0)], "doesn't hold: MAE 19 of live is not above 20"),
            (40, vec![live(39, 21.0)], "holds: MAE 21 of live is above 20"),
            (50, vec![live(49, 22.0), promoted(4)], NONE_SINCE),
        ],
    );
    // Of the versions that are measured side by side, that of the one in use.
    let of = |second, old, new| {
        made("live", second, &[("MAE", old), ("MAE: version 3", old), ("MAE: version 4", new)])
    };
    check(
        &Condition::metric("live", "MAE").above(20.0),
        &[
            (10, vec![promoted(4), of(9, 99.0, 10.0)], "doesn't hold: MAE 10 of live is not above 20"),
            (20, vec![of(19, 9.0, 30.0)], "holds: MAE 30 of live is above 20"),
        ],
    );
}

#[test]
fn what_is_counted_and_added_up_begins_anew_with_each_version() {
    check(
        &Condition::metric("live", "MAE").above(20.0).for_evaluations(2),
        &[
            (
                10,
                vec![promoted(3), live(9, 30.0)],
                "doesn't hold: `MAE of live is above 20`: at 1 of 2 evaluations",
            ),
            (20, vec![promoted(4)], "doesn't hold: `MAE of live is above 20`: at 0 of 2 evaluations"),
            (30, vec![live(29, 30.0)], "doesn't hold: `MAE of live is above 20`: at 1 of 2 evaluations"),
            (40, vec![live(39, 31.0)], "holds: MAE 31 of live is above 20"),
            (
                50,
                vec![live(47, 32.0), promoted(3), live(48, 33.0)],
                "doesn't hold: `MAE of live is above 20`: at 1 of 2 evaluations",
            ),
        ],
    );
    let rows = |second, rows| made("stories", second, &[("rows", rows)]);
    check(
        &Condition::new_rows("stories", 10),
        &[
            (10, vec![promoted(3)], "doesn't hold: rows of stories add up to 0 of 10 since the last run"),
            (20, vec![rows(19, 9.0)], "doesn't hold: rows of stories add up to 9 of 10 since the last run"),
            (
                30,
                vec![promoted(4), rows(29, 9.0)],
                "doesn't hold: rows of stories add up to 9 of 10 since the last run",
            ),
            (40, vec![rows(39, 1.0)], "holds: rows of stories add up to 10 of 10 since the last run"),
        ],
    );
}

#[test]
fn a_promotion_is_that_of_the_watched_model() {
    check(
        &Condition::metric("live", "MAE").worse_than_before_promotion(0.2),
        &[
            (
                10,
                vec![promoted(3), live(9, 10.0)],
                "doesn't hold: live has no MAE from before the promotion of version 3",
            ),
            (20, vec![promoted(4)], NONE_SINCE),
            (
                30,
                vec![live(29, 12.0)],
                "doesn't hold: MAE 12 is 20 % worse than 10 before the promotion of version 4",
            ),
            (
                40,
                vec![live(39, 12.5)],
                "holds: MAE 12.5 is 25 % worse than 10 before the promotion of version 4",
            ),
        ],
    );
    // Two models are upstream of it, and the watch says which one is meant.
    check(
        &Condition::metric("two", "R²").worse_than_at_promotion(0.5),
        &[
            (
                10,
                vec![promoted(4), made("two", 9, &[("R²", 0.4)])],
                "doesn't hold: R² 0.4 is as 0.4 was at promotion of version 4",
            ),
            (
                20,
                vec![made("two", 19, &[("R²", 0.1)])],
                "holds: R² 0.1 is 75 % worse than 0.4 at promotion of version 4",
            ),
        ],
    );
}

#[test]
fn mistakes_are_told_with_the_model_and_what_to_write() {
    let partitioned = || {
        let daily = crate::partition::PartitionsDefinition::fixed(["mon", "tue"]);
        let asset = AssetDefinition::new("daily").produces::<u8, _>().partitions(daily);
        definitions().asset(asset.blocking(|_| Ok(0_u8)))
    };
    let check = |watches: &[Watch], expected: &[&str]| {
        let all = watches.iter().fold(partitioned(), |all, watch| all.watch(watch.clone()));
        let found =
            all.resolve().map(drop).map_err(|errors: DefinitionErrors| errors.to_string()).unwrap_err();
        for expected in
            [format!("the watch over `{}` is invalid", watches[0].model).as_str()].iter().chain(expected)
        {
            assert!(found.contains(expected), "{expected}: {found}");
        }
    };
    let worse = || Condition::metric("live", "MAE").worse_than_before_promotion(0.2);
    let over = |model: &str| Watch::new(model).rollback_if(worse());
    let model = |condition| Watch::new("model").rollback_if(condition);
    check(&[over("modl")], &["no asset has this key", "did you mean `model`?"]);
    check(&[over("stories")], &["it is not a model", "has a gate, or something reads it as `Champion<…>`"]);
    check(&[over("daily")], &["it has partitions"]);
    check(&[over("model"), over("model")], &["there are two over it", "join their conditions with `|`"]);
    check(
        &[over("model").within(Duration::ZERO)],
        &["it is on for no time", "`.within(…)` takes a span above zero"],
    );
    check(&[Watch::new("model")], &["it has no condition", "`.rollback_if(…)`"]);
    check(&[model(Condition::missing())], &["`missing`", "a watch is none and has none", "asset_matches"]);
    check(&[model(Condition::in_progress())], &["a watch is none and has none"]);
    check(
        &[model(worse().cooldown(days(1)))],
        &["with a cooldown of 1d", "goes back from a version once", "for_evaluations"],
    );
    check(&[model(worse().budget(1, days(1)))], &["goes back from a version once"]);
    check(
        &[model(Condition::metric("lve", "MAE").above(1.0))],
        &["no asset is called `lve`", "did you mean `live`?"],
    );
    check(
        &[model(Condition::metric("live", "MAE").worse_than_before_promotion(-1.0))],
        &["needs a share of 0 or more"],
    );
}

/// While a watch is off, nobody keeps its numbers up to date: on again, it asks the log for them. A job that compares the same number with that
/// at the promotion has no number of before it.
#[test]
fn a_watch_that_was_off_knows_no_numbers_of_before() {
    let metric = || Condition::metric("live", "MAE");
    let train = crate::definitions::Job::new("train", "model");
    for of_job in [None, Some(metric().worse_than_at_promotion(0.5))] {
        let is_of_job = of_job.is_some();
        let watch = Watch::new("model").rollback_if(metric().worse_than_before_promotion(0.2));
        let mut definitions = definitions().watch(watch);
        if let Some(condition) = of_job {
            definitions = definitions.job(train.clone().automation(condition));
        }
        let pipeline = definitions.resolve().unwrap();
        let watch = watch_key(&"model".into());
        let automation = |is_on: bool| {
            pipeline.automation(|key| is_on || *key != watch, FailureBackoff::default()).unwrap()
        };
        let (on, off) = (automation(true), automation(false));
        let mut state = AutomationState::default();
        let mut evaluate = |automation: &Automation, second: i64, (asset, kind): Happened| {
            let change = Change { asset: asset.into(), partition: None, at: at(second), run: None, kind };
            automation.evaluate(&mut state, &[change], at(second), &Every);
            (on.unknown_numbers(&state).len(), on.unknown_promotions(&state).len())
        };
        evaluate(&on, 1, promoted(3));
        // What came before the first promotion isn't known, and isn't in the log either.
        assert_eq!(evaluate(&on, 2, live(2, 10.0)), (0, 1));
        evaluate(&on, 3, promoted(4));
        assert_eq!(evaluate(&on, 4, live(4, 11.0)), (0, 0));
        let numbers = usize::from(!is_of_job);
        assert_eq!(evaluate(&off, 5, live(5, 99.0)), (numbers, 1));
        assert_eq!(evaluate(&on, 6, made("stories", 6, &[])), (numbers, 1));
    }
}
