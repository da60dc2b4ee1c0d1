//! What is simulated: schedules, conditions, replays of what was recorded, and watches.

use super::*;
use crate::asset::{AssetDefinition, Computation, GateDefinition, StepFunction, StepResult, Verdict};
use crate::automation::{AutomationCondition as Condition, Numbers};
use crate::definitions::Definitions;
use crate::param::{Absent, Requirements};
use crate::version::{AliasName, ReadAs};

fn simulate(hours: i64) -> Vec<SimulatedRun> {
    simulate_wanted(hours, &|_| true, usize::MAX)
}

fn simulate_wanted(hours: i64, wanted: &dyn Fn(&SimulatedRun) -> bool, most: usize) -> Vec<SimulatedRun> {
    let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>();
    let hourly = Schedule::new("hourly", ["@hourly"], "stories").on_by_default();
    let pipeline = Definitions::new()
        .asset(asset("stories").blocking(|_| Ok(0_u8)))
        .asset(asset("model").input::<u8>("stories").automation(Condition::eager()).blocking(|_| Ok(0_u8)))
        .asset(
            asset("predictions")
                .input::<u8>("model")
                .automation(Condition::on_every_tick("* * * * *", "UTC"))
                .blocking(|_| Ok(0_u8)),
        )
        .schedule(hourly)
        .resolve()
        .unwrap();
    let from: Timestamp = "2026-05-01T00:30:00Z".parse().unwrap();
    let simulation = Simulation {
        pipeline: &pipeline,
        from,
        to: from + SignedDuration::from_hours(hours),
        present: &["stories".into(), "model".into()],
        recorded: &[],
        duration: &|_| SignedDuration::from_secs(90),
        schedule_on: &|_| true,
        condition_on: &|_| true,
        wanted,
        most,
    };
    simulation.runs().unwrap()
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
    let gate = {
        let mut requirements = Requirements { challenger: Some("model".into()), ..Requirements::default() };
        requirements.input::<u8>("model");
        let judge = StepFunction::Blocking(Arc::new(|_| Ok(StepResult::Gate(Verdict::promote()))));
        GateDefinition::new("better", "model", Computation::new(requirements, judge))
    };
    let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8));
    let predictions = asset("predictions").automation(Condition::eager()).policy(|computation| {
        let champion = ReadAs::Alias(AliasName::champion());
        computation.requirements.version::<u8>("model", champion, Absent::SkipsTheStep);
    });
    let pipeline = Definitions::new()
        .assets([asset("model"), predictions])
        .gate(gate)
        .schedule(Schedule::new("hourly", ["@hourly"], "model").on_by_default())
        .resolve()
        .unwrap();
    let from: Timestamp = "2026-05-01T00:30:00Z".parse().unwrap();
    let champion = alias_key(&"model".into(), &AliasName::champion());
    let simulation = Simulation {
        pipeline: &pipeline,
        from,
        to: from + SignedDuration::from_hours(1),
        present: &["model".into(), champion, "predictions".into()],
        recorded: &[],
        duration: &|_| SignedDuration::from_secs(90),
        schedule_on: &|_| true,
        condition_on: &|_| true,
        wanted: &|_| true,
        most: usize::MAX,
    };
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
    let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8));
    let day = std::time::Duration::from_secs(24 * 3600);
    let condition = Condition::metric("live", "MAE").above(12.0) | Condition::older_than("model", 3 * day);
    let pipeline = Definitions::new()
        .assets([asset("live"), asset("model")])
        .job(crate::definitions::Job::new("train", "model").automation(condition.cooldown(day)))
        .resolve()
        .unwrap();
    let from: Timestamp = "2026-05-01T00:00:00Z".parse().unwrap();
    let live = |hours: i64, mae: f64| Change {
        asset: "live".into(),
        partition: None,
        at: from + SignedDuration::from_hours(hours),
        run: None,
        kind: ChangeKind::Updated(Updated {
            numbers: [("MAE".to_owned(), crate::stored::Number(mae))].into(),
            ..Updated::default()
        }),
    };
    let simulation = Simulation {
        pipeline: &pipeline,
        from,
        to: from + SignedDuration::from_hours(100),
        present: &["live".into(), "model".into()],
        recorded: &[live(-1, 11.0), live(1, 13.0), live(2, 14.0), live(30, 11.0), live(200, 99.0)],
        duration: &|_| SignedDuration::from_secs(90),
        schedule_on: &|_| true,
        condition_on: &|_| true,
        wanted: &|_| true,
        most: usize::MAX,
    };
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
    let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8));
    let predictions = asset("predictions").policy(|computation| {
        let champion = ReadAs::Alias(AliasName::champion());
        computation.requirements.version::<u8>("model", champion, Absent::SkipsTheStep);
    });
    let worse = Condition::metric("live", "MAE").above(12.0);
    let watch = crate::watch::Watch::new("model").rollback_if(worse);
    let pipeline = Definitions::new()
        .assets([asset("live"), asset("model"), predictions])
        .watch(watch.within(std::time::Duration::from_secs(10 * 3600)))
        .resolve()
        .unwrap();
    let from: Timestamp = "2026-05-01T00:00:00Z".parse().unwrap();
    let change = |asset: AssetKey, hours: i64, version: Option<u32>, numbers: Numbers| {
        let version = version.and_then(VersionNumber::new);
        let kind = ChangeKind::Updated(Updated { version, numbers, ..Updated::default() });
        let at = from + SignedDuration::from_hours(hours);
        Change { asset, partition: None, at, run: None, kind }
    };
    let live = |hours, mae: f64| {
        let numbers = [("MAE".to_owned(), crate::stored::Number(mae))].into();
        change("live".into(), hours, None, numbers)
    };
    let alias = || alias_key(&"model".into(), &AliasName::champion());
    let in_use = |hours, version| change(alias(), hours, Some(version), Numbers::new());
    let simulation = Simulation {
        pipeline: &pipeline,
        from,
        to: from + SignedDuration::from_hours(100),
        present: &[],
        recorded: &[
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
        ],
        duration: &|_| SignedDuration::from_secs(90),
        schedule_on: &|_| true,
        condition_on: &|_| true,
        wanted: &|_| true,
        most: usize::MAX,
    };
    let moves = simulation.runs().unwrap();
    let lines: Vec<String> =
        moves.iter().map(|moved| format!("{} {} {:?}", moved.at, moved.why, moved.goes_back)).collect();
    let expected = "2026-05-01T05:00:00Z `watch:model` holds: MAE 14 of live is above 12";
    assert_eq!(lines, [format!("{expected} {:?}", Some(AssetKey::from("model")))]);
}

/// Models that are trained by age: what is recorded is replayed, and from then on each training begins a new age.
#[test]
fn after_the_last_record_a_training_succeeds() {
    let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8));
    let gate = {
        let mut requirements = Requirements { challenger: Some("model".into()), ..Requirements::default() };
        requirements.input::<u8>("model");
        let judge = StepFunction::Blocking(Arc::new(|_| Ok(StepResult::Gate(Verdict::promote()))));
        GateDefinition::new("better", "model", Computation::new(requirements, judge))
    };
    let day = std::time::Duration::from_secs(24 * 3600);
    let condition = Condition::older_than("model", 2 * day).cooldown(day);
    let pipeline = Definitions::new()
        .asset(asset("model"))
        .gate(gate)
        .job(crate::definitions::Job::new("train", "model").automation(condition))
        .resolve()
        .unwrap();
    let from: Timestamp = "2026-05-01T00:00:00Z".parse().unwrap();
    let alias = alias_key(&"model".into(), &AliasName::champion());
    let change = |hours: i64, kind: ChangeKind| {
        let at = from + SignedDuration::from_hours(hours);
        Change { asset: alias.clone(), partition: None, at, run: None, kind }
    };
    let version =
        |number| ChangeKind::Updated(Updated { version: VersionNumber::new(number), ..Updated::default() });
    let made_at = |hours: i64| {
        let made_at = Some(from + SignedDuration::from_hours(hours));
        ChangeKind::Earlier(Earlier { made_at, ..Earlier::default() })
    };
    for recorded in [
        vec![change(-1, version(1)), change(-1, made_at(-1))],
        vec![
            change(-30, version(1)),
            change(-30, made_at(-30)),
            change(1, version(2)),
            change(1, made_at(-1)),
        ],
    ] {
        let simulation = Simulation {
            pipeline: &pipeline,
            from,
            to: from + SignedDuration::from_hours(7 * 24),
            present: &["model".into()],
            recorded: &recorded,
            duration: &|_| SignedDuration::from_hours(1),
            schedule_on: &|_| true,
            condition_on: &|_| true,
            wanted: &|_| true,
            most: usize::MAX,
        };
        let runs: Vec<String> = simulation.runs().unwrap().iter().map(|run| run.at.to_string()).collect();
        assert_eq!(runs, ["2026-05-02T23:00:00Z", "2026-05-05T00:00:00Z", "2026-05-07T01:00:00Z"]);
    }
}

/// What a watch has moved is recorded at the moment at which its condition began to hold.
#[test]
fn a_move_of_a_watch_is_replayed_at_its_own_moment() {
    let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8));
    let predictions = asset("predictions").policy(|computation| {
        let champion = ReadAs::Alias(AliasName::champion());
        computation.requirements.version::<u8>("model", champion, Absent::SkipsTheStep);
    });
    let worse = Condition::metric("live", "MAE").above(12.0);
    let pipeline = Definitions::new()
        .assets([asset("live"), asset("model"), predictions])
        .watch(crate::watch::Watch::new("model").rollback_if(worse))
        .resolve()
        .unwrap();
    let from: Timestamp = "2026-05-01T00:00:00Z".parse().unwrap();
    let alias = alias_key(&"model".into(), &AliasName::champion());
    let change = |asset: &AssetKey, hours: i64, updated: Updated| {
        let at = from + SignedDuration::from_hours(hours);
        Change { asset: asset.clone(), partition: None, at, run: None, kind: ChangeKind::Updated(updated) }
    };
    let in_use = |hours, version| {
        change(&alias, hours, Updated { version: VersionNumber::new(version), ..Updated::default() })
    };
    let numbers = [("MAE".to_owned(), crate::stored::Number(14.0))].into();
    let live = change(&"live".into(), 5, Updated { numbers, ..Updated::default() });
    let simulation = Simulation {
        pipeline: &pipeline,
        from,
        to: from + SignedDuration::from_hours(10),
        present: &[],
        recorded: &[in_use(-2, 1), in_use(-1, 2), live, in_use(5, 1)],
        duration: &|_| SignedDuration::from_secs(90),
        schedule_on: &|_| true,
        condition_on: &|_| true,
        wanted: &|_| true,
        most: usize::MAX,
    };
    let moves = simulation.runs().unwrap();
    let lines: Vec<String> = moves.iter().map(|moved| format!("{} {}", moved.at, moved.why)).collect();
    assert_eq!(lines, ["2026-05-01T05:00:00Z `watch:model` holds: MAE 14 of live is above 12"]);
}
