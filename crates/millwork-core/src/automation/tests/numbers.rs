//! Conditions over numbers and of jobs: each operand and combinator by itself, with what the explanation says.

use std::sync::Arc;
use std::time::Duration;

use super::support::{Every, at};
use crate::asset::{
    AssetDefinition, AssetKey, AssetMetric, Computation, GateDefinition, StepFunction, StepResult, Verdict,
};
use crate::automation::{AutomationCondition as Condition, *};
use crate::definitions::{Definitions, Job, Pipeline};
use crate::param::{Absent, Requirements};
use crate::run::RunId;
use crate::stored::Number;
use crate::version::{AliasName, ReadAs, VersionNumber};

/// `stories` → `model`, which has a gate; `predictions` by its champion, and `live`, which measures them by MAE; `two` is made with two
/// models.
pub(super) fn definitions() -> Definitions {
    let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>();
    let gate = |model: &str| {
        let mut requirements = Requirements { challenger: Some(model.into()), ..Requirements::default() };
        requirements.input::<u8>(model);
        let judge = StepFunction::Blocking(Arc::new(|_| Ok(StepResult::Gate(Verdict::promote()))));
        GateDefinition::new(format!("better_{model}"), model, Computation::new(requirements, judge))
    };
    let by = |model: &'static str| {
        move |computation: &mut Computation| {
            let champion = ReadAs::Alias(AliasName::champion());
            computation.requirements.version::<u8>(model, champion, Absent::SkipsTheStep);
        }
    };
    let mut live = asset("live").input::<u8>("predictions").blocking(|_| Ok(0_u8));
    live.outputs[0].metric = Some(AssetMetric::lower("MAE"));
    let mut two = asset("two").input::<u8>("predictions").blocking(|_| Ok(0_u8)).policy(by("other"));
    two.outputs[0].metric = Some(AssetMetric::higher("R²"));
    Definitions::new()
        .asset(asset("stories").blocking(|_| Ok(0_u8)))
        .asset(asset("model").input::<u8>("stories").blocking(|_| Ok(0_u8)))
        .asset(asset("other").blocking(|_| Ok(0_u8)))
        .asset(asset("predictions").blocking(|_| Ok(0_u8)).policy(by("model")))
        .asset(live)
        .asset(two)
        .gate(gate("model"))
        .gate(gate("other"))
}

fn pipeline(condition: Condition) -> Pipeline {
    definitions().job(Job::new("train", "model").automation(condition)).resolve().unwrap()
}

pub(super) fn version(number: u64) -> VersionNumber {
    number.to_string().parse().unwrap()
}

pub(super) fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

pub(super) type Happened = (&'static str, ChangeKind);

pub(super) fn numbers(numbers: &[(&str, f64)]) -> Numbers {
    numbers.iter().map(|(label, number)| ((*label).to_owned(), Number(*number))).collect()
}

/// A materialization, with data of its own.
pub(super) fn made(asset: &'static str, second: i64, of: &[(&str, f64)]) -> Happened {
    let data_version = Some(second.to_string().as_str().into());
    let numbers = numbers(of);
    (asset, ChangeKind::Updated(Updated { data_version, numbers, ..Updated::default() }))
}

pub(super) fn live(second: i64, mae: f64) -> Happened {
    made("live", second, &[("MAE", mae)])
}

/// A version of the model comes into use.
pub(super) fn promoted(number: u64) -> Happened {
    let version = Some(version(number));
    ("model@champion", ChangeKind::Updated(Updated { version, ..Updated::default() }))
}

/// A run of the job is started, or has succeeded.
fn job(kind: ChangeKind) -> Happened {
    ("job:train", kind)
}

fn succeeded() -> Happened {
    job(ChangeKind::Updated(Updated::default()))
}

/// A condition of the job `train` over time, whose state is stored and read after each evaluation.
struct Story {
    automation: Automation,
    condition: Condition,
    state: AutomationState,
    /// The number of the last run.
    run: u128,
}

impl Story {
    fn new(condition: Condition) -> Self {
        let automation = pipeline(condition.clone()).automation(|_| true, FailureBackoff::default()).unwrap();
        Self { automation, condition, state: AutomationState::default(), run: 0 }
    }

    fn evaluate(&mut self, second: i64, happened: &[Happened]) -> Evaluation {
        let change = |(asset, kind): &Happened| {
            self.run += u128::from(u8::from(*kind == ChangeKind::Started));
            Change {
                asset: AssetKey::from(*asset),
                partition: None,
                at: at(second - 1),
                run: Some(RunId::from_u128(self.run)),
                kind: kind.clone(),
            }
        };
        let changes: Vec<Change> = happened.iter().map(change).collect();
        let evaluation = self.automation.evaluate(&mut self.state, &changes, at(second), &Every);
        let stored = serde_json::to_string(&self.state.assets).unwrap();
        let rows: Vec<(AssetKey, AssetState)> =
            serde_json::from_str::<std::collections::BTreeMap<_, _>>(&stored).unwrap().into_iter().collect();
        self.state = AutomationState::at(&self.state.cursor(0)).with_rows(rows);
        evaluation
    }

    fn verdict(&self) -> String {
        let key = job_key("train");
        let memory = self.state.asset(&key).unwrap().memory.as_ref().unwrap();
        explain(&key, &self.condition, memory).unwrap().verdict
    }
}

/// Evaluates the condition of a job at the seconds given, after what happened a second before, and compares what is explained.
fn check(condition: Condition, history: &[(i64, Vec<Happened>, &str)]) {
    let mut story = Story::new(condition);
    for (second, happened, expected) in history {
        let jobs = story.evaluate(*second, happened).jobs;
        assert_eq!(story.verdict(), *expected, "at {second}");
        assert_eq!(!jobs.is_empty(), expected.starts_with("requested"), "at {second}: {jobs:?}");
    }
}

#[test]
fn a_number_is_compared_with_a_bound() {
    let mae = || Condition::metric("live", "MAE");
    check(
        mae().above(12.0),
        &[
            (10, vec![], "not requested: live has no number MAE"),
            (20, vec![live(19, 12.0)], "not requested: MAE 12 of live is not above 12"),
            (30, vec![live(29, 14.25)], "requested: MAE 14.25 of live is above 12"),
            (40, vec![made("live", 39, &[("RMSE", 20.0)])], "not requested: live has no number MAE"),
            (50, vec![live(49, f64::NAN)], "not requested: MAE of live is NaN"),
        ],
    );
    check(mae().below(12.0), &[(10, vec![live(9, 11.0)], "requested: MAE 11 of live is below 12")]);
    // The opposite of what isn't known isn't known either.
    check(
        !mae().above(12.0),
        &[
            (10, vec![], "not requested: live has no number MAE"),
            (20, vec![live(19, f64::NAN)], "not requested: MAE of live is NaN"),
            (30, vec![live(29, 11.0)], "requested: "),
        ],
    );
}

#[test]
fn a_number_waits_for_coverage() {
    let covered = |second, mae, share| made("live", second, &[("MAE", mae), ("coverage", share)]);
    let condition = Condition::metric("live", "MAE").coverage(0.8).above(12.0).for_evaluations(2);
    check(
        condition,
        &[
            (
                10,
                vec![covered(9, 14.0, 0.8)],
                "not requested: `MAE of live is above 12, coverage 0.8`: at 1 of 2 evaluations",
            ),
            // It neither counts nor breaks the row.
            (
                20,
                vec![covered(19, 1.0, 0.4)],
                "not requested: `MAE of live is above 12, coverage 0.8`: at 1 of 2 evaluations",
            ),
            (
                30,
                vec![live(29, 1.0)],
                "not requested: `MAE of live is above 12, coverage 0.8`: at 1 of 2 evaluations",
            ),
            (40, vec![covered(39, 15.0, 0.9)], "requested: MAE 15 of live is above 12"),
        ],
    );
    let condition = Condition::metric("live", "MAE").coverage(0.8).above(12.0);
    check(
        condition.clone(),
        &[(10, vec![covered(9, 14.0, 0.4)], "not requested: MAE of live waits for coverage: 0.4 of 0.8")],
    );
    check(
        !condition,
        &[(10, vec![covered(9, 1.0, 0.4)], "not requested: MAE of live waits for coverage: 0.4 of 0.8")],
    );
}

#[test]
fn a_number_is_compared_with_that_at_promotion() {
    check(
        Condition::metric("live", "MAE").worse_than_at_promotion(0.15),
        &[
            (10, vec![live(8, 99.0)], "not requested: no version of the model of live is in use"),
            (
                20,
                vec![promoted(3)],
                "not requested: live has no MAE from after the promotion of version 3 yet",
            ),
            (30, vec![live(29, 12.0)], "not requested: MAE 12 is as 12 was at promotion of version 3"),
            (
                40,
                vec![live(39, 13.5)],
                "not requested: MAE 13.5 is 12.5 % worse than 12 at promotion of version 3",
            ),
            (
                50,
                vec![live(49, 14.2)],
                "requested: MAE 14.2 is 18.3 % worse than 12 at promotion of version 3",
            ),
            (
                60,
                vec![live(59, 11.0)],
                "not requested: MAE 11 is 8.3 % better than 12 at promotion of version 3",
            ),
            // Another version begins anew, also one that had been in use before.
            (
                70,
                vec![promoted(2)],
                "not requested: live has no MAE from after the promotion of version 2 yet",
            ),
            (80, vec![live(79, 20.0)], "not requested: MAE 20 is as 20 was at promotion of version 2"),
            (
                90,
                vec![("model@champion", ChangeKind::Wiped)],
                "not requested: no version of the model of live is in use",
            ),
        ],
    );
}

#[test]
fn a_number_is_compared_with_that_before_promotion() {
    check(
        Condition::metric("live", "MAE").coverage(0.5).worse_than_before_promotion(0.15),
        &[
            (10, vec![promoted(3)], "not requested: live has no MAE of version 3"),
            (
                20,
                vec![covered(19, 12.0, 0.9)],
                "not requested: live has no MAE from before the promotion of version 3",
            ),
            (30, vec![covered(28, 10.0, 0.5), covered(29, 99.0, 0.4), promoted(4)], NO_NEW),
            (
                40,
                vec![covered(39, 11.0, 0.9)],
                "not requested: MAE 11 is 10 % worse than 10 before the promotion of version 4",
            ),
            (
                50,
                vec![covered(49, 12.0, 0.9)],
                "requested: MAE 12 is 20 % worse than 10 before the promotion of version 4",
            ),
            (
                60,
                vec![covered(59, 9.0, 0.9)],
                "not requested: MAE 9 is 10 % better than 10 before the promotion of version 4",
            ),
            // The next one is compared with the last of this one, also if it was in use before.
            (
                70,
                vec![promoted(3), covered(69, 12.0, 0.9)],
                "requested: MAE 12 is 33.3 % worse than 9 before the promotion of version 3",
            ),
        ],
    );
}

/// Where the windows of the version before become final only after the promotion.
#[test]
fn what_becomes_known_of_the_version_before_is_compared_with() {
    let of = |second, numbers: &[(&str, f64)]| made("live", second, numbers);
    check(
        Condition::metric("live", "MAE").worse_than_before_promotion(0.15),
        &[
            (10, vec![promoted(3), promoted(4)], "not requested: live has no MAE of version 4"),
            (
                20,
                vec![of(19, &[("MAE", 10.0), ("MAE: version 3", 10.0)])],
                "not requested: live has no MAE of version 4",
            ),
            (
                30,
                vec![of(29, &[("MAE", 12.0), ("MAE: version 3", 11.0), ("MAE: version 4", 12.0)])],
                "not requested: MAE 12 is 9.1 % worse than 11 before the promotion of version 4",
            ),
            (
                40,
                vec![of(39, &[("MAE", 14.0), ("MAE: version 4", 14.0)])],
                "requested: MAE 14 is 27.3 % worse than 11 before the promotion of version 4",
            ),
        ],
    );
}

const NO_NEW: &str = "not requested: MAE of live waits for coverage: 0.4 of 0.5";

fn covered(second: i64, mae: f64, coverage: f64) -> Happened {
    made("live", second, &[("MAE", mae), ("coverage", coverage)])
}

/// The number of the version that is in use, not of the one that most predictions of the window are of.
#[test]
fn versions_are_measured_apart() {
    let of = |second, numbers: &[(&str, f64)]| made("live", second, numbers);
    let (old, new) = ("MAE: version 3", "MAE: version 4");
    check(
        Condition::metric("live", "MAE").worse_than_at_promotion(0.1),
        &[
            (
                10,
                vec![promoted(4), of(9, &[("MAE", 20.0), (old, 20.0)])],
                "not requested: live has no MAE of version 4",
            ),
            (
                20,
                vec![of(19, &[("MAE", 21.0), (old, 21.0), (new, 10.0)])],
                "not requested: MAE 10 is as 10 was at promotion of version 4",
            ),
            (
                30,
                vec![of(29, &[("MAE", 12.0), (new, 12.0)])],
                "requested: MAE 12 is 20 % worse than 10 at promotion of version 4",
            ),
            // It was deleted, and isn't measured any more.
            (40, vec![of(39, &[("MAE", 21.0), (old, 21.0)])], "not requested: live has no MAE of version 4"),
        ],
    );
}

#[test]
fn higher_is_better_where_the_asset_says_so() {
    let condition = Condition::metric("two", "R²").worse_than_at_promotion_of(0.5, "model");
    check(
        condition,
        &[
            (
                10,
                vec![promoted(1), made("two", 9, &[("R²", 0.4)])],
                "not requested: R² 0.4 is as 0.4 was at promotion of version 1",
            ),
            (
                20,
                vec![made("two", 19, &[("R²", 0.1)])],
                "requested: R² 0.1 is 75 % worse than 0.4 at promotion of version 1",
            ),
        ],
    );
}

#[test]
fn new_rows_are_those_since_the_last_run() {
    let rows = |second, rows| made("stories", second, &[("rows", rows)]);
    let sum =
        |rows: &str| format!("not requested: rows of stories add up to {rows} of 5000 since the last run");
    let by_the_job = |second: i64| {
        let by = Arc::new(RunScope { targets: [job_key("train")].into(), ..RunScope::default() });
        let (data_version, numbers) =
            (Some(second.to_string().as_str().into()), numbers(&[("rows", 9_000.0)]));
        ("stories", ChangeKind::Updated(Updated { by, data_version, numbers, ..Updated::default() }))
    };
    check(
        Condition::new_rows("stories", 5_000),
        &[
            (10, vec![rows(9, 9_000.0)], &sum("0")),
            (20, vec![rows(18, 3_000.0)], &sum("3000")),
            (30, vec![rows(18, 3_000.0)], &sum("3000")),
            (
                40,
                vec![rows(37, 1_000.0), rows(38, 1_000.0)],
                "requested: rows of stories add up to 5000 of 5000 since the last run",
            ),
            (50, vec![job(ChangeKind::Started)], &sum("0")),
            (60, vec![by_the_job(59)], &sum("0")),
            (70, vec![succeeded(), rows(68, 4_999.0)], &sum("4999")),
            // A run by hand begins anew as well.
            (80, vec![job(ChangeKind::Started), rows(78, 1.0)], &sum("1")),
        ],
    );
}

#[test]
fn age_is_that_of_the_version_in_use() {
    let day = 86_400;
    let made_at = |second| {
        let earlier = Earlier { made_at: Some(at(second)), version: Some(version(1)), ..Earlier::default() };
        ("model@champion", ChangeKind::Earlier(earlier))
    };
    check(
        Condition::older_than("model", days(7)),
        &[
            (10, vec![made("model", 9, &[])], "not requested: model has no value that is in use"),
            (day, vec![promoted(1), made_at(0)], "not requested: model is 1d old, not older than 7d"),
            (7 * day, vec![], "requested: model is 7d old, older than 7d"),
        ],
    );
    let mut story = Story::new(Condition::older_than("stories", days(7)));
    story.evaluate(11, &[made("stories", 10, &[])]);
    story.evaluate(12, &[]);
    assert_eq!(story.state.again_at(), Some(at(7 * day + 10)));
    // Nothing happens but time.
    assert!(story.evaluate(7 * day + 9, &[]).outcomes.is_empty());
    assert_eq!(story.evaluate(7 * day + 10, &[]).jobs, [job_key("train")]);
}

#[test]
fn a_run_waits_for_a_pending_verdict() {
    let asked = |number| ("model", ChangeKind::Asked(version(number)));
    let decided = |number| ("model", ChangeKind::Decided(version(number)));
    let above = || Condition::metric("live", "MAE").above(12.0);
    check(
        above().unless_verdict_pending(),
        &[
            (10, vec![asked(1), live(9, 13.0)], "not requested: 1 verdict is pending"),
            (20, vec![asked(2), decided(1)], "not requested: 1 verdict is pending"),
            (30, vec![decided(2)], "requested: MAE 13 of live is above 12"),
        ],
    );
    let tried = |number| ("model", ChangeKind::Tried(version(number)));
    let in_use = |number| ("model", ChangeKind::InUse(version(number)));
    check(
        above().unless_verdict_pending(),
        &[
            (10, vec![tried(2), live(9, 13.0)], "not requested: 1 verdict is pending"),
            // The newest version stays in shadow.
            (20, vec![tried(1), decided(1), in_use(1)], "not requested: 1 verdict is pending"),
            (30, vec![tried(3), decided(2)], "not requested: 1 verdict is pending"),
            (40, vec![in_use(4)], "requested: MAE 13 of live is above 12"),
        ],
    );
    check(
        Condition::verdict_pending("other"),
        &[
            (10, vec![asked(1)], "not requested: no verdict is pending"),
            (20, vec![("other", ChangeKind::Asked(version(1)))], "requested: 1 verdict is pending"),
        ],
    );
}

#[test]
fn conditions_about_a_named_asset() {
    let condition = Condition::asset_matches("stories", Condition::any_check_failed());
    let check_of = |passed| ("stories", ChangeKind::Check { name: "unique".to_owned(), passed });
    check(
        condition,
        &[
            (10, vec![check_of(true)], "not requested: `for stories(any_check_failed)` doesn't hold"),
            (20, vec![check_of(false)], "requested: any_check_failed of `stories`"),
        ],
    );
    let upstream = Condition::asset_matches("model", Condition::any_deps_match(Condition::newly_updated()));
    check(
        upstream,
        &[
            (10, vec![], "not requested: `for model(any upstream asset(newly_updated))` doesn't hold"),
            (20, vec![made("stories", 19, &[])], "requested: any upstream asset (`stories`)"),
        ],
    );
}

#[test]
fn conditions_are_joined() {
    let condition = Condition::all_of([
        Condition::any_of([Condition::metric("live", "MAE").above(12.0), Condition::new_rows("stories", 5)]),
        !Condition::in_progress(),
    ]);
    check(
        condition,
        &[
            (
                10,
                vec![],
                "not requested: live has no number MAE, rows of stories add up to 0 of 5 since the last run",
            ),
            (
                20,
                vec![live(19, 13.0), made("stories", 18, &[("rows", 5.0)])],
                "requested: MAE 13 of live is above 12, rows of stories add up to 5 of 5 since the last run",
            ),
        ],
    );
}

/// The same whether a daemon saw each materialization by itself or all at once.
#[test]
fn evaluations_are_materializations() {
    let condition = || Condition::metric("live", "MAE").above(12.0).for_evaluations(3);
    let counted =
        |count: u32| format!("not requested: `MAE of live is above 12`: at {count} of 3 evaluations");
    check(
        condition(),
        &[
            (10, vec![live(9, 13.0)], &counted(1)),
            (20, vec![], &counted(1)),
            (30, vec![live(29, 13.0)], &counted(2)),
            (40, vec![live(39, 11.0)], &counted(0)),
            (50, vec![live(48, 13.0), live(49, 13.0)], &counted(2)),
            (60, vec![made("stories", 59, &[])], &counted(2)),
            (70, vec![live(69, 13.0)], "requested: MAE 13 of live is above 12"),
        ],
    );
    let late = vec![live(11, 13.0), live(12, 11.0), live(13, 13.0), live(14, 13.0)];
    check(condition(), &[(10, vec![live(9, 13.0)], &counted(1)), (20, late, &counted(2))]);
}

/// Live performance has the numbers of its newest final window in each materialization, and a window is one evaluation.
#[test]
fn a_window_is_evaluated_once() {
    let of_window = |second: i64, mae: f64, until: i64| {
        let (asset, mut kind) = live(second, mae);
        if let ChangeKind::Updated(updated) = &mut kind {
            updated.measured_until = Some(at(until));
        }
        (asset, kind)
    };
    let counted =
        |count: u32| format!("not requested: `MAE of live is above 12`: at {count} of 3 evaluations");
    check(
        Condition::metric("live", "MAE").above(12.0).for_evaluations(3),
        &[
            (10, vec![of_window(8, 13.0, 1), of_window(9, 13.0, 1)], &counted(1)),
            (20, vec![of_window(19, 13.0, 1)], &counted(1)),
            (30, vec![of_window(29, 14.0, 2)], &counted(2)),
            (40, vec![of_window(38, 14.0, 2), of_window(39, 14.0, 2)], &counted(2)),
            (
                50,
                vec![of_window(48, 14.0, 2), of_window(49, 15.0, 3)],
                "requested: MAE 15 of live is above 12",
            ),
        ],
    );
}

#[test]
fn a_cooldown_counts_from_the_last_run_whatever_requested_it() {
    let condition = || Condition::metric("live", "MAE").above(12.0).cooldown(Duration::from_secs(100));
    let held =
        |until: i64| format!("held back until {} by its cooldown: MAE 13 of live is above 12", at(until));
    check(
        condition(),
        &[
            (10, vec![live(9, 13.0)], "requested: MAE 13 of live is above 12"),
            (
                20,
                vec![job(ChangeKind::Started)],
                "not requested again: the requested run is still in progress",
            ),
            (30, vec![succeeded()], &held(119)),
            (118, vec![], &held(119)),
            (119, vec![], "requested: MAE 13 of live is above 12"),
        ],
    );
    check(condition(), &[(10, vec![job(ChangeKind::Started), succeeded(), live(9, 13.0)], &held(109))]);
}

/// A clock that was a year ahead holds nothing back for a year.
#[test]
fn a_cooldown_survives_a_change_of_the_clock() {
    let year = 365 * 86_400;
    let mut story =
        Story::new(Condition::metric("live", "MAE").above(12.0).cooldown(Duration::from_secs(100)));
    assert_eq!(story.evaluate(year, &[live(year - 1, 13.0)]).jobs.len(), 1);
    let evaluation = story.evaluate(1_000, &[]);
    assert!(evaluation.set_back.is_some() && evaluation.jobs.is_empty(), "{evaluation:?}");
    assert_eq!(story.evaluate(1_099, &[]).jobs.len(), 0);
    assert_eq!(story.evaluate(1_100, &[]).jobs.len(), 1);
}

/// A request that is just as old as the span doesn't count any more.
#[test]
fn a_budget_is_of_the_span_up_to_now() {
    let condition = Condition::metric("live", "MAE").above(12.0).budget(2, Duration::from_secs(100));
    let mut story = Story::new(condition);
    let mut at_second = |second: i64, happened: &[Happened]| {
        let evaluation = story.evaluate(second, happened);
        (evaluation.jobs.len(), evaluation.held_back.len(), story.verdict())
    };
    let requested = || (1, 0, "requested: MAE 13 of live is above 12".to_owned());
    let spent = |until: i64, held_back| {
        let text = "held back until {}, as its budget is spent (2 runs): MAE 13 of live is above 12";
        (0, held_back, text.replace("{}", &at(until).to_string()))
    };
    assert_eq!(at_second(10, &[live(9, 13.0)]), requested());
    assert_eq!(at_second(30, &[job(ChangeKind::Started), succeeded()]), requested());
    // It is reported once.
    assert_eq!(at_second(40, &[job(ChangeKind::Started), succeeded()]), spent(110, 1));
    assert_eq!(at_second(50, &[live(49, 13.0)]), spent(110, 0));
    assert_eq!(at_second(109, &[live(108, 13.0)]), spent(110, 0));
    assert_eq!(at_second(110, &[]), requested());
    assert_eq!(at_second(111, &[job(ChangeKind::Started), succeeded()]), spent(130, 1));
}

/// Neither the end of a daemon nor a switch gives a budget back.
#[test]
fn a_budget_is_kept_while_the_condition_is_off() {
    let condition = Condition::metric("live", "MAE").above(12.0).budget(1, Duration::from_secs(100));
    let mut story = Story::new(condition.clone());
    assert_eq!(story.evaluate(10, &[live(9, 13.0)]).jobs.len(), 1);
    let on = std::mem::replace(
        &mut story.automation,
        pipeline(condition).automation(|_| false, FailureBackoff::default()).unwrap(),
    );
    story.evaluate(20, &[job(ChangeKind::Started), succeeded()]);
    story.automation = on;
    assert_eq!(story.evaluate(30, &[live(29, 13.0)]).jobs.len(), 0);
    assert_eq!(story.evaluate(110, &[]).jobs.len(), 1);
}

#[test]
fn nothing_is_requested_while_a_run_is_in_progress() {
    let condition = Condition::metric("live", "MAE").above(12.0) | Condition::new_rows("stories", 5);
    check(
        condition,
        &[
            (10, vec![live(9, 13.0)], "requested: MAE 13 of live is above 12"),
            (
                20,
                vec![job(ChangeKind::Started)],
                "not requested again: the requested run is still in progress",
            ),
            (
                30,
                vec![made("stories", 29, &[("rows", 9.0)])],
                "not requested again: the requested run is still in progress",
            ),
        ],
    );
}

/// What is known from before the condition was written is no news.
#[test]
fn what_is_known_from_before_is_compared() {
    let earlier = Earlier {
        numbers: numbers(&[("MAE", 14.0)]),
        at_promotion: [(
            AssetKey::from("model@champion"),
            AtPromotion {
                version: Some(version(3)),
                numbers: numbers(&[("MAE", 10.0)]),
                ..AtPromotion::default()
            },
        )]
        .into(),
        ..Earlier::default()
    };
    let condition = Condition::metric("live", "MAE").worse_than_at_promotion(0.15);
    let automation = Story::new(condition.clone()).automation;
    let unknown = |state: &AutomationState| {
        (automation.unknown_numbers(state).len(), automation.unknown_promotions(state).len())
    };
    assert_eq!(unknown(&AutomationState::default()), (1, 1));
    let mut story = Story::new(condition);
    story.evaluate(10, &[("live", ChangeKind::Earlier(earlier))]);
    assert_eq!(story.verdict(), "requested: MAE 14 is 40 % worse than 10 at promotion of version 3");
    assert_eq!(unknown(&story.state), (0, 0));
}

#[test]
fn mistakes_are_told_with_what_to_write() {
    let problem = |condition: Condition| {
        let definitions = definitions().job(Job::new("train", "model").automation(condition));
        definitions.resolve().unwrap_err().to_string()
    };
    let check = |condition: Condition, expected: &[&str]| {
        let found = problem(condition);
        for expected in ["job `train`"].iter().chain(expected) {
            assert!(found.contains(expected), "{found}");
        }
    };
    let mae = |asset: &str| Condition::metric(asset, "MAE");
    check(
        mae("lve").above(1.0),
        &["`MAE of lve is above 1`", "no asset is called `lve`", "did you mean `live`?"],
    );
    check(
        mae("two").worse_than_at_promotion(0.1),
        &["doesn't say whether a higher or a lower MAE is better", "metric = \"MAE\" lower"],
    );
    check(
        Condition::metric("two", "R²").worse_than_at_promotion(0.1),
        &["`model`, `other`", "worse_than_at_promotion_of"],
    );
    check(mae("live").worse_than_at_promotion_of(0.1, "stories"), &["`stories` is not a model"]);
    check(mae("live").worse_than_at_promotion(-0.1), &["needs a share of 0 or more"]);
    check(mae("live").above(f64::NAN), &["needs a bound that is a number"]);
    check(mae("live").coverage(80.0).above(1.0), &["needs a coverage of 0 to 1"]);
    check(Condition::new_rows("stories", 0), &["needs a sum above 0"]);
    check(Condition::verdict_pending("stories"), &["`stories` has no gate"]);
    check(Condition::missing(), &["`missing`", "a job is none", "asset_matches"]);
    check(Condition::eager(), &["a job is none"]);
    check(Condition::any_of([]), &["needs at least one condition"]);
    check(mae("live").above(1.0).for_evaluations(0), &["needs at least one evaluation"]);
    check(mae("live").above(1.0).budget(0, days(1)), &["needs a budget of at least one run"]);
    check(mae("live").above(1.0).cooldown(Duration::ZERO), &["needs a span of time above zero"]);
    let inside = Condition::asset_matches("live", Condition::missing().cooldown(days(1)));
    check(inside, &["with a cooldown of 1d in a part about other assets"]);
    check(Condition::cron_tick_passed("x y", "UTC"), &["must have five"]);
    let of_data = definitions()
        .job(Job::new("data", "stories").automation(mae("live").above(1.0).unless_verdict_pending()));
    let found = of_data.resolve().unwrap_err().to_string();
    assert!(found.contains("it makes no model that has a gate"), "{found}");
}
