//! What is simulated: schedules, conditions, replays of what was recorded, and watches.

use super::*;
use crate::asset::{AssetDefinition, Computation, GateDefinition, StepFunction, StepResult, Verdict};
use crate::automation::AutomationCondition as Condition;
use crate::definitions::Definitions;
use crate::param::{Absent, Requirements};
use crate::version::{AliasName, ReadAs};

fn asset(key: &str) -> AssetDefinition {
    AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8))
}

/// An asset that reads the version of the model in use.
fn of_champion(asset: AssetDefinition) -> AssetDefinition {
    asset.policy(|computation| {
        let champion = ReadAs::Alias(AliasName::champion());
        computation.requirements.version::<u8>("model", champion, Absent::SkipsTheStep);
    })
}

/// A gate of the model, which promotes every version.
fn gate() -> GateDefinition {
    let mut requirements = Requirements { challenger: Some("model".into()), ..Requirements::default() };
    requirements.input::<u8>("model");
    let judge = StepFunction::Blocking(Arc::new(|_| Ok(StepResult::Gate(Verdict::promote()))));
    GateDefinition::new("better", "model", Computation::new(requirements, judge))
}

fn champion() -> AssetKey {
    alias_key(&"model".into(), &AliasName::champion())
}

/// A pipeline whose watch goes back from a version that is worse than 12, for this time after its promotion.
fn watched(within: Option<std::time::Duration>) -> Pipeline {
    let watch = crate::watch::Watch::new("model").rollback_if(Condition::metric("live", "MAE").above(12.0));
    Definitions::new()
        .assets([asset("live"), asset("model"), of_champion(asset("predictions"))])
        .watch(match within {
            Some(within) => watch.within(within),
            None => watch,
        })
        .resolve()
        .unwrap()
}

fn hour(hours: i64) -> Timestamp {
    let midnight: Timestamp = "2026-05-01T00:00:00Z".parse().unwrap();
    midnight + SignedDuration::from_hours(hours)
}

/// What is recorded of an asset, or of an alias, at this hour.
fn recorded(asset: impl Into<AssetKey>, hours: i64, kind: ChangeKind) -> Change {
    Change { asset: asset.into(), partition: None, at: hour(hours), run: None, kind }
}

fn live(hours: i64, mae: f64) -> Change {
    let numbers = [("MAE".to_owned(), crate::stored::Number(mae))].into();
    recorded("live", hours, ChangeKind::Updated(Updated { numbers, ..Updated::default() }))
}

/// A version of the model comes into use.
fn in_use(hours: i64, version: u32) -> Change {
    let version = VersionNumber::new(version);
    recorded(champion(), hours, ChangeKind::Updated(Updated { version, ..Updated::default() }))
}

/// A simulation of these hours from midnight on, in which everything is on and takes 90 seconds.
fn simulation<'a>(
    pipeline: &'a Pipeline,
    hours: i64,
    present: &'a [AssetPartition],
    recorded: &'a [Change],
) -> Simulation<'a> {
    Simulation {
        pipeline,
        from: hour(0),
        to: hour(hours),
        present,
        moment: none(),
        recorded,
        duration: &|_| SignedDuration::from_secs(90),
        schedule_on: &|_| true,
        condition_on: &|_| true,
        wanted: &|_| true,
        most: usize::MAX,
    }
}

fn none() -> &'static KeyMoment {
    static NONE: std::sync::LazyLock<KeyMoment> = std::sync::LazyLock::new(KeyMoment::default);
    &NONE
}

/// What has a value.
fn present<const N: usize>(keys: [AssetKey; N]) -> [AssetPartition; N] {
    keys.map(|key| AssetPartition::new(key, None))
}

fn simulate(hours: i64) -> Vec<SimulatedRun> {
    simulate_wanted(hours, &|_| true, usize::MAX)
}

fn simulate_wanted(hours: i64, wanted: &dyn Fn(&SimulatedRun) -> bool, most: usize) -> Vec<SimulatedRun> {
    let hourly = Schedule::new("hourly", ["@hourly"], "stories").on_by_default();
    let every_minute = Condition::on_every_tick("* * * * *", "UTC");
    let pipeline = Definitions::new()
        .asset(asset("stories"))
        .asset(asset("model").input::<u8>("stories").automation(Condition::eager()))
        .asset(asset("predictions").input::<u8>("model").automation(every_minute))
        .schedule(hourly)
        .resolve()
        .unwrap();
    let present = present(["stories".into(), "model".into()]);
    let half_past = SignedDuration::from_mins(30);
    let all = simulation(&pipeline, hours, &present, &[]);
    let (from, to) = (all.from + half_past, all.to + half_past);
    Simulation { from, to, wanted, most, ..all }.runs().unwrap()
}

#[test]
fn a_day_passes_at_once() {
    let runs = simulate(24);
    let count = |asset: &str| runs.iter().filter(|run| run.assets.contains(&asset.into())).count();
    assert_eq!((count("stories"), count("model"), count("predictions")), (24, 24, 1_440));
    assert!(runs.is_sorted_by_key(|run| run.at));
}

#[test]
fn the_first_of_those_that_are_wanted_are_those_of_all() {
    let is_of_model = |run: &SimulatedRun| run.assets.contains(&"model".into());
    let mut expected = simulate(24);
    expected.retain(is_of_model);
    expected.truncate(3);
    assert_eq!(simulate_wanted(100_000, &is_of_model, 3), expected);
    assert_eq!(simulate_wanted(1, &|_| false, 3), []);
}

/// A model that is trained every hour, and predictions by its champion, which exists from the beginning.
#[test]
fn a_gate_promotes_what_is_trained() {
    let predictions = of_champion(asset("predictions").automation(Condition::eager()));
    let pipeline = Definitions::new()
        .assets([asset("model"), predictions])
        .gate(gate())
        .schedule(Schedule::new("hourly", ["@hourly"], "model").on_by_default())
        .resolve()
        .unwrap();
    let present = present(["model".into(), champion(), "predictions".into()]);
    let half_past = hour(0) + SignedDuration::from_mins(30);
    let to = half_past + SignedDuration::from_hours(1);
    let simulation = Simulation { from: half_past, to, ..simulation(&pipeline, 1, &present, &[]) };
    let runs: Vec<String> =
        simulation.runs().unwrap().iter().map(|run| format!("{} {}", run.at, run.why)).collect();
    assert_eq!(
        runs,
        [
            "2026-05-01T01:00:00Z schedule `hourly`",
            "2026-05-01T01:01:30Z `predictions` requested: any_deps_updated (`model@champion`)",
        ]
    );
}

#[test]
fn it_says_why() {
    let runs = simulate(1);
    let said: Vec<String> = runs
        .iter()
        .filter(|run| !run.assets.contains(&"predictions".into()))
        .map(|run| format!("{} {} until {}", run.at, run.why, run.until))
        .collect();
    assert_eq!(
        said,
        [
            "2026-05-01T01:00:00Z schedule `hourly` until 2026-05-01T01:01:30Z",
            "2026-05-01T01:01:30Z `model` requested: any_deps_updated (`stories`) until 2026-05-01T01:03:00Z",
        ]
    );
    let why = r#"`predictions` requested: cron_tick_passed("* * * * *", "UTC")"#;
    assert_eq!(runs[0].why, why);
}

/// The condition of a job, tried on what was recorded: a live metric that gets worse, and a model whose versions were kept.
#[test]
fn the_condition_of_a_job_is_replayed() {
    let day = std::time::Duration::from_secs(24 * 3600);
    let condition = Condition::metric("live", "MAE").above(12.0) | Condition::older_than("model", 3 * day);
    let pipeline = Definitions::new()
        .assets([asset("live"), asset("model")])
        .job(crate::definitions::Job::new("train", "model").automation(condition.cooldown(day)))
        .resolve()
        .unwrap();
    let present = present(["live".into(), "model".into()]);
    let recorded = [live(-1, 11.0), live(1, 13.0), live(2, 14.0), live(30, 11.0), live(200, 99.0)];
    let simulation = simulation(&pipeline, 100, &present, &recorded);
    let runs: Vec<String> = simulation
        .runs()
        .unwrap()
        .iter()
        .map(|run| format!("{} {} {:?}", run.at, run.why, run.assets[0].as_str()))
        .collect();
    assert_eq!(
        runs,
        [
            r#"2026-05-01T01:00:00Z `job:train` requested: MAE 13 of live is above 12 "model""#,
            r#"2026-05-02T01:00:00Z `job:train` requested: MAE 14 of live is above 12 "model""#,
            r#"2026-05-05T01:01:30Z `job:train` requested: model is 3d old, older than 3d "model""#,
        ]
    );
}

/// A watch, tried on what was recorded: it goes back once from a version that is worse, and not from the first one, nor after its time.
#[test]
fn a_watch_is_replayed() {
    let pipeline = watched(Some(std::time::Duration::from_secs(10 * 3600)));
    let recorded = [
        in_use(1, 1),
        live(2, 13.0),
        in_use(3, 2),
        live(4, 11.0),
        live(5, 14.0),
        live(6, 15.0),
        in_use(7, 1),
        live(8, 16.0),
        in_use(9, 3),
        live(20, 17.0),
    ];
    let simulation = simulation(&pipeline, 100, &[], &recorded);
    let moves = simulation.runs().unwrap();
    let lines: Vec<String> =
        moves.iter().map(|moved| format!("{} {} {:?}", moved.at, moved.why, moved.goes_back)).collect();
    let expected = "2026-05-01T05:00:00Z `watch:model` holds: MAE 14 of live is above 12";
    assert_eq!(lines, [format!("{expected} {:?}", Some(AssetKey::from("model")))]);
}

/// Models that are trained by age: what is recorded is replayed, and from then on each training begins a new age.
#[test]
fn after_the_last_record_a_training_succeeds() {
    let day = std::time::Duration::from_secs(24 * 3600);
    let condition = Condition::older_than("model", 2 * day).cooldown(day);
    let pipeline = Definitions::new()
        .asset(asset("model"))
        .gate(gate())
        .job(crate::definitions::Job::new("train", "model").automation(condition))
        .resolve()
        .unwrap();
    let made_at = |hours: i64, made: i64| {
        let earlier = Earlier { made_at: Some(hour(made)), ..Earlier::default() };
        recorded(champion(), hours, ChangeKind::Earlier(earlier))
    };
    for recorded in [
        vec![in_use(-1, 1), made_at(-1, -1)],
        vec![in_use(-30, 1), made_at(-30, -30), in_use(1, 2), made_at(1, -1)],
    ] {
        let present = present(["model".into()]);
        let an_hour = |_: &AssetKey| SignedDuration::from_hours(1);
        let simulation =
            Simulation { duration: &an_hour, ..simulation(&pipeline, 7 * 24, &present, &recorded) };
        let runs: Vec<String> = simulation.runs().unwrap().iter().map(|run| run.at.to_string()).collect();
        assert_eq!(runs, ["2026-05-02T23:00:00Z", "2026-05-05T00:00:00Z", "2026-05-07T01:00:00Z"]);
    }
}

/// What a watch has moved is recorded at the moment at which its condition began to hold.
#[test]
fn a_move_of_a_watch_is_replayed_at_its_own_moment() {
    let pipeline = watched(None);
    let recorded = [in_use(-2, 1), in_use(-1, 2), live(5, 14.0), in_use(5, 1)];
    let simulation = simulation(&pipeline, 10, &[], &recorded);
    let moves = simulation.runs().unwrap();
    let lines: Vec<String> = moves.iter().map(|moved| format!("{} {}", moved.at, moved.why)).collect();
    assert_eq!(lines, ["2026-05-01T05:00:00Z `watch:model` holds: MAE 14 of live is above 12"]);
}

/// Windows open at midnight; what gathers them follows when they are made.
#[test]
fn windows_open_as_time_passes() {
    let days = || crate::partition::daily("UTC").from("2026-04-01");
    let pipeline = Definitions::new()
        .asset(asset("visits").partitions(days()).automation(Condition::eager()))
        .asset(asset("cleaned").partitions(days()).input::<u8>("visits").automation(Condition::eager()))
        .asset(asset("all").after("cleaned").automation(Condition::eager()))
        .resolve()
        .unwrap();
    let visits = pipeline.graph().index("visits").unwrap();
    let keys = pipeline.graph().partitions(visits).unwrap().keys(&KeyMoment::at(hour(0)));
    let there = |asset: &'static str| {
        keys.iter().map(move |key| AssetPartition::new(asset.into(), Some(key.clone())))
    };
    let present: Vec<AssetPartition> = there("visits").chain(there("cleaned")).collect();
    let runs = simulation(&pipeline, 48, &present, &[]).runs().unwrap();
    let line = |run: &SimulatedRun| {
        let assets: Vec<&str> = run.assets.iter().map(AssetKey::as_str).collect();
        let partitions: Vec<&str> = run.partitions.iter().map(PartitionKey::label).collect();
        format!("{} {} {}", run.at, assets.join(" "), partitions.join(" "))
    };
    assert_eq!(
        runs.iter().map(line).collect::<Vec<_>>(),
        [
            "2026-05-02T00:00:00Z visits cleaned 2026-05-01",
            "2026-05-02T00:03:00Z all ",
            "2026-05-03T00:00:00Z visits cleaned 2026-05-02",
        ]
    );
}

/// What a schedule requests of assets that are partitioned differently is a backfill: the window that it names, and the latest of the others.
#[test]
fn a_backfill_is_simulated_with_what_it_names() {
    let days = crate::partition::daily("UTC").from("2026-04-01");
    let weeks = || crate::partition::weekly("UTC").from("2026-04-05");
    let pipeline = Definitions::new()
        .asset(asset("visits").partitions(days))
        .asset(asset("weekly").partitions(weeks()).after("visits"))
        .asset(asset("after").partitions(weeks()).after("weekly").automation(Condition::any_deps_updated()))
        .schedule(Schedule::new("nightly", ["30 0 * * *"], "visits or weekly"))
        .resolve()
        .unwrap();
    let runs = simulation(&pipeline, 24, &[], &[]).runs().unwrap();
    let first = runs.iter().find(|run| run.why.contains("nightly")).expect("the schedule is due");
    assert_eq!(first.partitions.iter().map(PartitionKey::label).collect::<Vec<_>>(), ["2026-04-30"]);
    assert_eq!(first.assets.iter().map(AssetKey::as_str).collect::<Vec<_>>(), ["visits", "weekly"]);
    let after = runs.iter().filter(|run| run.assets == ["after".into()]).flat_map(|run| &run.partitions);
    assert_eq!(after.map(PartitionKey::label).collect::<Vec<_>>(), ["2026-04-19"]);
}
