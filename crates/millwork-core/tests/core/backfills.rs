//! Backfills of a pipeline: what is planned of a selection, the requests of runs, and what becomes of their partitions.

use std::num::NonZeroU64;

use millwork_core::asset_status::{AssetStatuses, StatusFold};
use millwork_core::backfill::{self, BackfillOptions, BackfillPolicy, BackfillRun, PlannedAsset, StageIndex};
use millwork_core::definitions::{BackfillSpec, PlannedBackfill, run_outcome};
use millwork_core::id::BackfillId;
use millwork_core::partition::mapping::{Mapping, all};
use millwork_core::partition::{KeySet, TimeWindows, daily, fixed, hourly, weekly};
use millwork_core::run::{RunRequest, RunSpec, RunState, RunStatus, RunTag, StepState, StepStatus};
use millwork_core::{
    Advice as _, AssetDefinition, AssetKey, Computation, Definitions, KeyMoment, Pipeline, StepPartition,
};

const WEEK: &str = "2024-01-07..2024-01-13";

fn moment() -> KeyMoment {
    KeyMoment::at("2024-02-01T12:00:00Z".parse().unwrap())
}

fn days() -> TimeWindows {
    daily("UTC").from("2024-01-07").until("2024-01-28")
}

fn asset(key: &str) -> AssetDefinition {
    AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8))
}

fn gathers(definition: AssetDefinition, upstream: &str, mapping: &Mapping) -> AssetDefinition {
    definition.policy(|computation: &mut Computation| {
        let requirements = &mut computation.requirements;
        requirements.mapped(mapping, |requirements| requirements.partitions::<u8>(upstream));
    })
}

/// Days and what follows from each, their weeks, a table of all, other days, and letters.
fn pipeline() -> Pipeline {
    let tolerant = all().tolerate_missing();
    let weeks = || weekly("UTC").from("2024-01-07").until("2024-01-28");
    Definitions::new()
        .asset(asset("days").partitions(days()))
        .asset(asset("next").input::<u8>("days").partitions(days()))
        .asset(gathers(asset("weeks").partitions(weeks()), "days", &Mapping::inferred()))
        .asset(gathers(asset("table"), "weeks", &tolerant))
        .asset(asset("others").partitions(days()).backfill(BackfillPolicy::one_run()))
        .asset(asset("letters").partitions(fixed(["a", "b"])))
        .asset(asset("lonely"))
        .resolve()
        .unwrap()
}

fn planned(selection: &str, partitions: &str) -> Result<PlannedBackfill, String> {
    planned_by(BackfillSpec::new(RunSpec::of(selection), partitions))
}

fn planned_by(spec: BackfillSpec) -> Result<PlannedBackfill, String> {
    let (pipeline, moment) = (pipeline(), moment());
    let statuses = AssetStatuses::derive(pipeline.graph(), &StatusFold::default(), &moment);
    spec.resolve(&pipeline, &moment, &statuses, &[]).map_err(|error| error.one_line())
}

/// A line for each stage.
fn stages(plan: &backfill::Plan) -> Vec<String> {
    let stages = plan.stages().iter().enumerate().map(|(place, stage)| {
        let names: Vec<&str> = stage.assets.iter().map(|asset| plan.assets()[*asset].name.as_str()).collect();
        let space = plan.stage_space(StageIndex::at(place)).unwrap();
        let runs = stage.run_size.runs(stage.keys.count());
        format!("{}[{}] in {runs}", names.join("+"), space.set_text(&stage.keys))
    });
    stages.collect()
}

#[track_caller]
fn check(selection: &str, partitions: &str, expected: &[&str]) {
    assert_eq!(stages(&planned(selection, partitions).unwrap().plan), expected, "{selection} {partitions}");
}

#[track_caller]
fn check_error(selection: &str, partitions: &str, expected: &str) {
    let error = planned(selection, partitions).unwrap_err();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn what_follows_from_the_partitions_of_one_asset() {
    let days = "days+next[2024-01-07..2024-01-13] in 7";
    check("days+", WEEK, &[days, "weeks[2024-01-07] in 1", "table[] in 1"]);
    check("days", "2024-01-08", &["days[2024-01-08] in 1"]);
    check(
        "days or others",
        "2024-01-08..2024-01-09",
        &["days[2024-01-08..2024-01-09] in 2", "others[2024-01-08..2024-01-09] in 1"],
    );
    check("letters", "*", &["letters[*] in 2"]);
}

#[test]
fn the_asset_can_be_named_whose_partitions_they_are() {
    let of = |of: &str, partitions: &str| {
        let run = RunSpec::of("days or weeks");
        planned_by(BackfillSpec { of: Some(of.into()), ..BackfillSpec::new(run, partitions) })
    };
    let by_week = of("weeks", "2024-01-14").unwrap();
    assert_eq!(stages(&by_week.plan), ["days[2024-01-14..2024-01-20] in 7", "weeks[2024-01-14] in 1"]);
    let error = of("letters", "a").unwrap_err();
    assert!(error.contains("`letters` isn't a partitioned asset of the backfill"), "{error}");
    assert!(error.contains("name one of `days`, `weeks`"), "{error}");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    check_error("days or letters", "a", "`days`, `letters` are partitioned differently");
    check_error("lonely", "*", "no selected asset has partitions");
    check_error("days", "2024-13-01", "`2024-13-01`");
    check_error("days", "2024-01-09..2024-01-08", "2024-01-09");
    check_error("days", "", "the set of keys is empty");
    check_error("dayz", "*", "dayz");
    check_error(
        "weeks",
        "2024-01-07",
        "there is nothing to make: `2024-01-07` of `weeks` is left out: `days` has",
    );
    let run = RunSpec::of("days").tag("millwork/backfill", "1");
    let error = planned_by(BackfillSpec::new(run, WEEK)).unwrap_err();
    assert!(error.contains("set by Millwork itself"), "{error}");
}

#[test]
fn a_policy_without_partitions_is_an_error_of_the_definitions() {
    let lonely = asset("lonely").backfill(BackfillPolicy::multi_run(3));
    let error = Definitions::new().asset(lonely).resolve().unwrap_err().to_string();
    assert!(error.contains("there is a backfill policy, and no partitions"), "{error}");
}

#[test]
fn runs_have_the_assets_of_their_stage() {
    let pipeline = pipeline();
    let config = serde_json::json!({});
    let run = RunSpec::of("days+").tag("source", "uploads").config(config);
    let PlannedBackfill { request, plan } = planned_by(BackfillSpec::new(run, WEEK)).unwrap();
    assert!(request.is_queued() && request.partitions.is_empty());
    let of = |place: usize| {
        let stage = StageIndex::at(place);
        let keys = plan.stage(stage).unwrap().keys.clone();
        request.of_backfill(pipeline.graph(), &plan, &BackfillRun { stage, keys }, BackfillId::new(7))
    };
    let names = |request: &RunRequest| {
        request.assets.iter().map(|asset| asset.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((names(&of(0)), of(0).partitions.len()), (vec!["days".to_owned(), "next".to_owned()], 7));
    assert_eq!((names(&of(2)), of(2).partitions.len()), (vec!["table".to_owned()], 0));
    assert_eq!(RunTag::Backfill.of(&of(1).tags), Some("7"));
    assert_eq!(of(1).tags.get("source").map(String::as_str), Some("uploads"));
    assert!(of(0).stale_only, "what has become fresh isn't made again");
    assert!(of(0).check(&pipeline, &moment()).is_ok() && of(2).check(&pipeline, &moment()).is_ok());
}

#[test]
fn the_steps_of_a_run_say_what_was_made() {
    let pipeline = pipeline();
    let PlannedBackfill { plan, .. } = planned("days or next", WEEK).unwrap();
    let stage = StageIndex::at(0);
    let run = BackfillRun { stage, keys: plan.stage(stage).unwrap().keys.clone() };
    let space = plan.stage_space(stage).unwrap();
    let keys = space.partition_keys(&run.keys);
    let state = |statuses: &[(&str, usize, StepStatus)], status: RunStatus| {
        let steps = statuses.iter().map(|(step, key, status)| {
            let reason = (*status == StepStatus::Skipped).then(|| StepState::UNCHANGED.to_owned());
            let state = StepState { status: *status, reason, ..StepState::default() };
            (StepPartition::new((*step).into(), Some(keys[*key].clone())), state)
        });
        RunState { status: Some(status), steps: steps.collect(), ..RunState::default() }
    };
    let steps = [
        ("days", 0, StepStatus::Succeeded),
        ("next", 0, StepStatus::Succeeded),
        ("days", 1, StepStatus::Succeeded),
        ("next", 1, StepStatus::Failed),
        ("days", 2, StepStatus::Skipped),
        ("next", 2, StepStatus::Succeeded),
        ("days", 3, StepStatus::Succeeded),
        ("days", 4, StepStatus::Running),
        ("next", 5, StepStatus::Canceled),
    ];
    let shown = |status: RunStatus| {
        let none = |_: &PlannedAsset| KeySet::empty(1);
        let outcome = run_outcome(pipeline.graph(), &plan, &run, &state(&steps, status), none);
        [outcome.succeeded, outcome.canceled, outcome.lost].map(|set| space.set_text(&set))
    };
    let made = "2024-01-07,2024-01-09";
    let rest = "2024-01-10..2024-01-13";
    assert_eq!(shown(RunStatus::Succeeded), [WEEK, "", ""], "also what was declined");
    assert_eq!(shown(RunStatus::Failed), [made, "", ""]);
    assert_eq!(shown(RunStatus::Canceled), [made, rest, ""]);
    assert_eq!(shown(RunStatus::Lost), [made, "", rest]);
    // What the run has left out because it was fresh was made.
    let fresh = |_: &PlannedAsset| space.set("2024-01-10..2024-01-12").unwrap();
    let outcome = run_outcome(pipeline.graph(), &plan, &run, &state(&steps, RunStatus::Lost), fresh);
    let shown = [outcome.succeeded, outcome.lost].map(|set| space.set_text(&set));
    assert_eq!(shown, ["2024-01-07,2024-01-09..2024-01-10", "2024-01-11..2024-01-13"], "not what was begun");
}

#[test]
fn a_limit_of_partitions_holds_where_an_asset_has_none_of_its_own() {
    let options = BackfillOptions { partitions_per_run: 5.try_into().ok(), ..BackfillOptions::default() };
    let spec = BackfillSpec { options, ..BackfillSpec::new(RunSpec::of("days or others"), WEEK) };
    let plan = planned_by(spec).unwrap().plan;
    assert_eq!(stages(&plan), ["days[2024-01-07..2024-01-13] in 2", "others[2024-01-07..2024-01-13] in 2"]);
}

#[test]
fn an_asset_that_is_renamed_meanwhile_is_made_under_its_new_key() {
    let PlannedBackfill { request, plan } = planned("days", WEEK).unwrap();
    let renamed = Definitions::new().asset(asset("dates").partitions(days()).renamed_from("days"));
    let pipeline = renamed.resolve().unwrap();
    let stage = StageIndex::at(0);
    let run = BackfillRun { stage, keys: plan.stage(stage).unwrap().keys.clone() };
    let request = request.of_backfill(pipeline.graph(), &plan, &run, BackfillId::new(7));
    let named: Vec<&str> = request.assets.iter().map(AssetKey::as_str).collect();
    assert_eq!((named, request.partitions.len()), (vec!["dates"], 7));
    assert!(request.check(&pipeline, &moment()).is_ok());
    let made = request.partitions.iter().map(|key| {
        let state = StepState { status: StepStatus::Succeeded, ..StepState::default() };
        (StepPartition::new("dates".into(), Some(key.clone())), state)
    });
    let state = RunState { status: Some(RunStatus::Failed), steps: made.collect(), ..RunState::default() };
    assert_eq!(run_outcome(pipeline.graph(), &plan, &run, &state, |_| KeySet::empty(1)).succeeded, run.keys);
}

/// Many keys by mistake are refused before a run of them is planned, whichever way they are named.
#[test]
fn one_run_makes_only_so_many() {
    let texts = || fixed((0..400).map(|text| format!("t{text}")));
    let hours = hourly("UTC").from("2020-01-01").until("2024-01-01");
    let pipeline = Definitions::new()
        .asset(asset("pairs").partitions(texts().named("one").by(texts().named("other"))))
        .asset(asset("hours").partitions(hours).backfill(BackfillPolicy::one_run()))
        .resolve()
        .unwrap();
    let error = RunSpec::of("pairs").resolve(&pipeline, &moment()).unwrap_err().one_line();
    assert!(
        error.starts_with("asset `pairs` has 160000 partitions, and none was named; hint: name"),
        "{error}"
    );
    let statuses = AssetStatuses::derive(pipeline.graph(), &StatusFold::default(), &moment());
    let backfill = |spec: BackfillSpec| {
        spec.resolve(&pipeline, &moment(), &statuses, &[]).map(|_| ()).map_err(|error| error.one_line())
    };
    let all = || BackfillSpec::new(RunSpec::of("hours"), "*");
    let error = backfill(all()).unwrap_err();
    let expected =
        "a run of `hours` would make 35064 partitions, and may make 10000; hint: let each run make fewer";
    assert!(error.starts_with(expected), "{error}");
    let partitions_per_run = NonZeroU64::new(1_000);
    let options = BackfillOptions { partitions_per_run, ..BackfillOptions::default() };
    assert_eq!(backfill(BackfillSpec { options, ..all() }), Ok(()));
}
