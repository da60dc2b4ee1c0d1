//! Conditions of assets with partitions: each key by itself, windows that open, and what upstream keys mean to downstream ones.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::support::{Every, Runs, updated};
use crate::asset::{AssetDefinition, AssetKey};
use crate::automation::{AutomationCondition as Condition, *};
use crate::definitions::{Definitions, Pipeline};
use crate::partition::mapping::{Mapping, window};
use crate::partition::{
    Dimensions, KeyMoment, KeySet, PartitionKey, Texts, daily, dynamic, fixed, monthly, weekly,
};
use crate::run::RunId;

fn asset(key: &str) -> AssetDefinition {
    AssetDefinition::new(key).produces::<u8, _>()
}

fn of(key: &str, dimensions: impl Into<Dimensions>) -> AssetDefinition {
    asset(key).partitions(dimensions.into())
}

/// An asset that gathers partitions of another one.
fn gathers(asset: AssetDefinition, upstream: &str, mapping: &Mapping) -> AssetDefinition {
    asset.policy(|computation| {
        computation.requirements.mapped(mapping, |requirements| requirements.partitions::<u8>(upstream));
    })
}

/// a → b by days; `rolling` takes the last three days of a, `week` the days of a week, `all` all of them.
fn pipeline() -> Pipeline {
    let days = || daily("UTC").from("2026-01-01");
    let weeks = weekly("UTC").from("2025-12-28");
    Definitions::new()
        .asset(of("a", days()).blocking(|_| Ok(0_u8)))
        .asset(of("b", days()).after("a").blocking(|_| Ok(0_u8)))
        .asset(gathers(of("rolling", days()), "a", &window(-2, 0)).blocking(|_| Ok(0_u8)))
        .asset(gathers(of("tolerant", days()), "a", &window(-2, 0).tolerate_missing()).blocking(|_| Ok(0_u8)))
        .asset(gathers(of("week", weeks), "b", &Mapping::inferred()).blocking(|_| Ok(0_u8)))
        .asset(gathers(asset("all"), "a", &Mapping::inferred()).blocking(|_| Ok(0_u8)))
        .asset(of("by", fixed(["x", "y"])).blocking(|_| Ok(0_u8)))
        .asset(of("shops", dynamic("shops")).blocking(|_| Ok(0_u8)))
        .resolve()
        .unwrap()
}

fn moment(text: &str) -> Timestamp {
    format!("2026-01-{text}:00Z").parse().unwrap()
}

/// A day of January: `04`.
fn day(text: &str) -> PartitionKey {
    let pipeline = pipeline();
    let asset = pipeline.graph().index("a").unwrap();
    let label = format!("2026-01-{text}");
    pipeline.graph().past_partition(asset, &*label, &KeyMoment::at(moment("31T00:00")))
}

fn key(text: &str) -> PartitionKey {
    if text.len() == 2 { day(text) } else { text.into() }
}

/// Reads `a@04` (updated), `a@04=1` (with this data), `a@04&b` (by a run that makes b as well), `!a@04` (failed), `~a@04` (started by a run of its own), `-a@04` (wiped),
/// `a@04?` and `a@04*` (check).
fn changes(text: &str, at: Timestamp, runs: &mut Runs) -> Vec<Change> {
    let words = text.split_whitespace().map(|word| {
        let (word, targets) =
            word.split_once('&').map_or((word, None), |(word, other)| (word, Some(other.into())));
        let (word, data) = word.split_once('=').map_or((word, None), |(word, data)| (word, Some(data)));
        let by = RunScope { targets: targets.into_iter().collect(), ..RunScope::default() };
        let name = word.trim_start_matches(['!', '~', '-']).trim_end_matches(['?', '*']);
        let (asset, partition) =
            name.split_once('@').map_or((name, None), |(asset, of)| (asset, Some(key(of))));
        let kind = match (word.as_bytes()[0], word.as_bytes()[word.len() - 1]) {
            (b'!', _) => ChangeKind::Failed,
            (b'~', _) => ChangeKind::StartedFor(partition.iter().cloned().collect()),
            (b'-', _) => ChangeKind::Wiped,
            (_, b'?') => ChangeKind::Check { name: "ok".into(), passed: false },
            (_, b'*') => ChangeKind::Check { name: "ok".into(), passed: true },
            (_, _) => updated(by.into(), data),
        };
        let count = runs.len() as u128;
        if matches!(kind, ChangeKind::StartedFor(_)) {
            runs.insert(name.into(), RunId::from_u128(at.as_second() as u128 * 100 + count));
        }
        let partition = partition.filter(|_| !matches!(kind, ChangeKind::StartedFor(_)));
        Change { asset: asset.into(), partition, at, run: runs.get(&AssetKey::from(name)).copied(), kind }
    });
    words.collect()
}

struct Story {
    pipeline: Pipeline,
    automation: Automation,
    state: AutomationState,
    runs: Runs,
    rows: BTreeMap<AssetKey, Option<AssetState>>,
}

impl Story {
    fn new(conditions: &[(&str, Condition)]) -> Self {
        let pipeline = pipeline();
        let conditions = conditions.iter().map(|(key, one)| (AssetKey::from(*key), one.clone()));
        let automation = Automation::new(pipeline.graph(), conditions, FailureBackoff::default()).unwrap();
        let (state, runs, rows) = (AutomationState::default(), Runs::new(), BTreeMap::new());
        Self { pipeline, automation, state, runs, rows }
    }

    /// Evaluates after something has happened a minute before, as an evaluation of all would. The state is stored and read again.
    fn evaluate(&mut self, at: &str, happened: &str) -> String {
        let now = moment(at);
        let before = now - jiff::SignedDuration::from_mins(1);
        let happened = changes(happened, before, &mut self.runs);
        let of_all = self.automation.evaluate_all(&mut self.state.clone(), &happened, now, &Every);
        let evaluation = self.automation.evaluate(&mut self.state, &happened, now, &Every);
        assert_eq!(evaluation.runs, of_all.runs, "an evaluation of all at {at}");
        self.rows.extend(self.state.take_touched());
        let stored = serde_json::to_string(&self.rows).unwrap();
        let stored: BTreeMap<AssetKey, Option<AssetState>> = serde_json::from_str(&stored).unwrap();
        let known = self.state.known.clone();
        self.state = AutomationState::at(&self.state.cursor(0))
            .with_rows(stored.into_iter().filter_map(|(key, row)| Some((key, row?))));
        self.state.set_known(known);
        let runs = evaluation.runs.iter().map(|run| {
            let assets: Vec<&str> = run.assets.iter().map(AssetKey::as_str).collect();
            let partitions: Vec<&str> =
                run.partitions.iter().map(|key| key.label().trim_start_matches("2026-01-")).collect();
            format!("{}@{}", assets.join("&"), partitions.join(","))
        });
        runs.collect::<Vec<_>>().join(" ")
    }

    fn verdict(&self, key: &str) -> String {
        self.explanation(key).verdict
    }

    fn explanation(&self, key: &str) -> Explanation {
        let key = AssetKey::from(key);
        let memory = self.state.asset(&key).unwrap().memory.as_ref().unwrap();
        let now = KeyMoment::at(self.state.evaluated_at.unwrap());
        let condition = self.automation.condition(&key).unwrap();
        explain_in(self.pipeline.graph(), &now, &key, condition, memory).unwrap()
    }
}

fn check(conditions: &[(&str, Condition)], history: &[(&str, &str, &str)]) {
    let mut story = Story::new(conditions);
    for (at, happened, expected) in history {
        assert_eq!(story.evaluate(at, happened), *expected, "at {at}");
    }
}

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

fn of_last_week(condition: Condition) -> Condition {
    condition & Condition::in_latest_time_window(WEEK)
}

#[test]
fn a_window_that_opens_is_requested_and_history_is_left_alone() {
    let eager = [("a", Condition::eager()), ("b", Condition::eager())];
    check(
        &eager,
        &[
            ("05T12:00", "", ""),
            ("05T13:00", "", ""),
            ("06T00:05", "", "a&b@05"),
            ("06T00:10", "~a@05 ~b@05", ""),
            ("06T00:20", "a@05&b b@05", ""),
            ("06T12:00", "", ""),
            // After a pause, the latest.
            ("09T01:00", "", "a&b@08"),
        ],
    );
    check(
        &[("a", Condition::on_missing())],
        &[("05T12:00", "", ""), ("06T00:05", "", "a@05"), ("06T01:00", "", "")],
    );
}

#[test]
fn a_missing_upstream_partition_holds_back_only_what_needs_it() {
    let history = [
        ("05T12:00", "", ""),
        ("06T00:05", "", ""),
        ("07T00:05", "a@06", "b@06"),
        ("07T00:10", "b@06", ""),
        ("07T12:00", "a@05", "b@05"),
        ("07T12:10", "b@05", ""),
        // An update is followed for each day.
        ("07T13:00", "a@05 a@06", "b@05,06"),
    ];
    check(&[("b", of_last_week(Condition::eager()))], &history);
    // Otherwise only the latest window is followed.
    let latest = [
        history[0],
        history[1],
        history[2],
        history[3],
        ("07T12:00", "a@05", ""),
        ("07T13:00", "a@05 a@06", "b@06"),
    ];
    check(&[("b", Condition::eager())], &latest);
    check(&[("b", Condition::eager() & Condition::in_latest_time_window(None))], &latest);
}

#[test]
fn what_a_partition_takes_counts_for_it() {
    let rolling = [("rolling", of_last_week(Condition::eager()))];
    check(
        &rolling,
        &[
            ("06T12:00", "a@01 a@02 a@03 a@04 rolling@03 rolling@04", ""),
            ("07T00:05", "a@05", "rolling@05"),
            ("07T01:00", "rolling@05", ""),
            // One day is in three of them, as far as there are.
            ("07T02:00", "a@04", "rolling@04,05"),
            ("08T00:05", "a@07", ""),
            ("08T01:00", "a@06 rolling@04", "rolling@06,07"),
        ],
    );
    // The first two days lack some upstream, and with tolerance take what there is.
    let missing = |key| [(key, of_last_week(!Condition::any_deps_missing()))];
    check(&missing("rolling"), &[("05T00:05", "a@01 a@02 a@03", "rolling@03")]);
    check(&missing("tolerant"), &[("05T00:05", "a@01 a@02 a@03", "tolerant@01,02,03,04")]);
}

#[test]
fn a_week_waits_for_its_days() {
    let days = |from: u32, to: u32| (from..=to).map(|day| format!("b@{day:02} ")).collect::<String>();
    let eager = [("week", Condition::eager())];
    let history = [
        ("09T12:00", &*days(1, 8), ""),
        ("11T00:05", "b@09", ""),
        ("11T01:00", "b@10", "week@04"),
        ("11T02:00", "week@2026-01-04", ""),
        // The next week has begun, and isn't over.
        ("13T00:05", "b@11 b@12", ""),
    ];
    let mut story = Story::new(&eager);
    for (at, happened, expected) in history {
        let happened = happened.replace("week@2026-01-04", "");
        assert_eq!(story.evaluate(at, &happened), expected, "at {at}");
    }
    // A tick is about the windows that are the latest then, also upstream.
    let cron = "86400";
    let on_cron = [("week", Condition::on_cron(cron, "UTC"))];
    let mut story = Story::new(&on_cron);
    for (at, happened, expected) in [
        ("09T12:00", &*days(1, 8), ""),
        ("10T00:05", "b@09", ""),
        ("11T00:05", "", ""),
        ("11T01:00", "b@10", "week@04"),
        ("11T02:00", "b@10", ""),
    ] {
        assert_eq!(story.evaluate(at, happened), expected, "at {at}");
    }
}

#[test]
fn on_cron_makes_the_latest_window_at_the_tick() {
    let cron = "86400";
    check(
        &[("b", Condition::on_cron(cron, "UTC"))],
        &[
            ("05T12:00", "a@04", ""),
            ("06T00:05", "", ""),
            ("06T01:00", "a@04", ""),
            ("06T02:00", "a@05", "b@05"),
            ("06T03:00", "a@05", ""),
            ("07T00:05", "b@05", ""),
        ],
    );
    let late = of_last_week(Condition::on_cron(cron, "UTC"));
    let history = [
        ("05T12:00", "", ""),
        ("06T00:05", "", ""),
        ("07T00:05", "a@06", "b@06"),
        ("07T09:00", "a@05", "b@05"),
    ];
    check(&[("b", late)], &history);
    let every = [("b", Condition::on_every_tick(cron, "UTC"))];
    check(
        &every,
        &[
            ("05T12:00", "a@04 a@05", ""),
            ("06T00:05", "", "b@05"),
            ("07T00:05", "b@05", ""),
            ("07T00:06", "a@06", "b@06"),
        ],
    );
}

#[test]
fn what_has_no_partitions_gathers_all_that_it_takes() {
    let eager = [("all", Condition::eager()), ("a", of_last_week(Condition::eager()))];
    check(
        &eager,
        &[
            ("03T12:00", "a@01 a@02 all", ""),
            // It isn't made in a run with days: those come first.
            ("04T00:05", "", "a@03"),
            ("04T00:10", "~a@03", ""),
            ("04T00:20", "a@03", "all@"),
            ("04T00:30", "all", ""),
            ("04T01:00", "-a@01", "a@01"),
            ("04T02:00", "a@02", ""),
            ("04T03:00", "a@01", "all@"),
        ],
    );
}

#[test]
fn texts_come_and_go() {
    let mut story = Story::new(&[("shops", Condition::eager()), ("by", Condition::missing())]);
    let texts = |texts: &[&str]| {
        let moment = KeyMoment::default().with_texts([("shops".to_owned(), Texts::new(texts))].into());
        KnownOfPartitions { moment, ..KnownOfPartitions::default() }
    };
    story.state.set_known(texts(&["north"]));
    assert_eq!(story.evaluate("05T12:00", "by@x"), "by@y");
    story.state.set_known(texts(&["north", "south"]));
    assert_eq!(story.evaluate("05T13:00", "by@y"), "shops@south");
    assert_eq!(story.evaluate("05T14:00", "shops@south"), "");
}

#[test]
fn operands_are_about_each_partition() {
    let every = |condition: Condition| [("a", of_last_week(condition))];
    check(
        &every(Condition::missing()),
        &[
            ("04T12:00", "a@02", "a@01,03"),
            // What is underway isn't requested again.
            ("04T12:10", "~a@01 ~a@03", ""),
            ("04T12:20", "a@01", ""),
            ("04T12:30", "!a@03", "a@03"),
            ("04T12:40", "~a@03", ""),
            // Further failures of this one are followed by a pause.
            ("04T12:50", "!a@03 -a@02", "a@02,03"),
            ("04T12:51", "~a@03 a@02", ""),
            ("04T12:52", "!a@03", ""),
            ("04T12:53", "", "a@03"),
        ],
    );
    check(
        &every(Condition::in_progress().newly_true()),
        &[("04T12:00", "", ""), ("04T12:10", "~a@02", "a@02")],
    );
    check(&every(Condition::execution_failed()), &[("04T12:00", "~a@02", ""), ("04T12:10", "!a@02", "a@02")]);
    check(
        &every(Condition::check_failed("ok")),
        &[("04T12:00", "a@01* a@02?", "a@02"), ("04T12:10", "a@02*", "")],
    );
    check(&every(Condition::check_passed("ok")), &[("04T12:00", "a@01* a@02?", "a@01")]);
    check(&every(Condition::any_check_failed()), &[("04T12:00", "a@01* a@02?", "a@02")]);
    check(&every(Condition::newly_updated()), &[("04T12:00", "a@02", "a@02"), ("04T12:10", "", "")]);
    check(
        &every(Condition::newly_requested() | Condition::newly_updated()),
        &[("04T12:00", "a@02", "a@02"), ("04T12:10", "", "a@02")],
    );
    check(
        &every(Condition::blocking_checks_passed().newly_true()),
        &[("03T12:00", "", "a@01,02"), ("04T00:05", "", "a@03")],
    );
    check(&every(Condition::initial_evaluation()), &[("03T12:00", "", "a@01,02"), ("04T00:05", "", "")]);
    check(&[("a", Condition::initial_evaluation())], &[("03T12:00", "", "a@02")]);
    check(
        &every(Condition::data_version_changed()),
        &[
            ("03T12:00", "a@01=1", "a@01"),
            ("03T13:00", "a@01=1 a@02=1", "a@02"),
            ("03T14:00", "a@01=2 a@02=1", "a@01"),
        ],
    );
    check(&every(Condition::missing().cooldown(WEEK)), &[("03T12:00", "", "a@01,02"), ("03T12:10", "", "")]);
    check(&every(Condition::missing().budget(1, WEEK)), &[("03T12:00", "", "a@01,02"), ("03T12:10", "", "")]);
    let lookback = Duration::from_secs(2 * 24 * 3600);
    let days = [("a", Condition::missing() & Condition::in_latest_time_window(lookback))];
    check(&days, &[("06T12:00", "", "a@04,05")]);
    let named = every(Condition::asset_matches("by", Condition::missing()));
    assert!(
        Automation::check(pipeline().graph(), pipeline().graph().index("a").unwrap(), &named[0].1).is_err()
    );
    check(
        &[("a", Condition::asset_matches("all", Condition::newly_updated()))],
        &[("03T12:00", "", ""), ("03T13:00", "all", "a@02")],
    );
    check(
        &[("all", Condition::asset_matches("b", Condition::newly_updated()))],
        &[("03T12:00", "", ""), ("03T13:00", "b@01", "all@")],
    );
}

#[test]
fn what_a_backfill_makes_is_left_to_it() {
    let condition = of_last_week(Condition::missing() & !Condition::backfill_in_progress());
    let mut story = Story::new(&[("a", condition)]);
    let space = story
        .pipeline
        .graph()
        .key_space(story.pipeline.graph().index("a").unwrap(), &KeyMoment::at(moment("05T00:05")));
    let backfill = |days: &[&str]| {
        let keys = days.iter().map(|text| space.index_of(&day(text)).unwrap());
        let backfills = [("a".into(), KeySet::of(1, keys))].into();
        KnownOfPartitions { backfills, ..KnownOfPartitions::default() }
    };
    story.state.set_known(backfill(&["01", "02", "03"]));
    assert_eq!(story.evaluate("05T00:05", ""), "a@04");
    story.state.set_known(backfill(&["01", "02"]));
    assert_eq!(story.evaluate("05T00:06", "a@04"), "a@03");
    story.state.set_known(KnownOfPartitions::default());
    assert_eq!(story.evaluate("05T00:07", "a@01 a@03"), "a@02");
}

#[test]
fn explanations_name_partitions() {
    let mut missing = Story::new(&[("a", of_last_week(Condition::missing()))]);
    missing.evaluate("09T12:00", "a@07");
    assert_eq!(
        missing.verdict("a"),
        "requested for `2026-01-02`, `2026-01-03`, `2026-01-04` … `2026-01-08` (6 partitions): missing, in_latest_time_window(7d)"
    );
    let mut story = Story::new(&[("b", Condition::eager())]);
    story.evaluate("09T12:00", "a@07");
    story.evaluate("10T00:05", "");
    let verdict = story.verdict("b");
    assert_eq!(verdict, "not requested for `2026-01-09`: `any_deps_missing` holds");
    let drawn = story.explanation("b").to_string();
    let missing = "+ missing `a` since 2026-01-10T00:05:00Z for `2026-01-01`, `2026-01-02`, `2026-01-03` … `2026-01-09` (8 partitions)";
    assert!(drawn.contains(missing), "{drawn}");
    story.evaluate("10T01:00", "a@09");
    assert_eq!(story.verdict("b"), "requested for `2026-01-09`: any_deps_updated (`a` (`2026-01-09`))");
    let none = Story::new(&[("shops", Condition::eager())]);
    let mut none = none;
    none.evaluate("10T01:00", "");
    assert_eq!(none.verdict("shops"), "not requested: there is no partition yet");
}

/// A row of before, to which the asset was a whole: what was remembered of its condition begins anew, and requests nothing.
#[test]
fn what_was_stored_of_a_whole_asset_begins_anew() {
    let row = r#"{"facts":{"updated_at":"2026-01-04T00:00:00Z","failures":2,"failed_at":"2026-01-04T00:00:00Z"},"memory":{"condition":"f62366c85d072a69","truths":[],"evaluated_at":"2026-01-04T00:00:00Z","outcome":"not_due"}}"#;
    let mut story = Story::new(&[("by", Condition::eager())]);
    let cursor = r#"{"events":1,"evaluated_at":"2026-01-04T00:00:00Z","conditions":"0"}"#;
    let row: AssetState = serde_json::from_str(row).unwrap();
    story.state = AutomationState::at(&serde_json::from_str(cursor).unwrap()).with_rows([("by".into(), row)]);
    let unknown = story.automation.unknown_partitions(&story.state);
    assert!(unknown.contains(&&"by".into()));
    let now = moment("05T00:00");
    let there = Earlier { has_value: true, ..Earlier::default() };
    let change = Change {
        asset: "by".into(),
        partition: Some("x".into()),
        at: now,
        run: None,
        kind: ChangeKind::Earlier(there),
    };
    let evaluation = story.automation.evaluate(&mut story.state, &[change], now, &Every);
    assert_eq!(evaluation.runs, []);
    assert_eq!(story.automation.unknown_partitions(&story.state).len(), 6);
    assert_eq!(story.evaluate("05T00:05", "-by@x"), "by@x");
}

/// Days become months: nothing is made again for that.
#[test]
fn other_partitions_begin_anew() {
    let definitions = |dimensions: Dimensions| {
        Definitions::new().asset(of("a", dimensions).blocking(|_| Ok(0_u8))).resolve().unwrap()
    };
    let days = definitions(daily("UTC").from("2025-01-01").into());
    let earlier = definitions(daily("UTC").from("2024-01-01").format("%Y%m%d").into());
    let months = definitions(monthly("UTC").from("2025-01-01").into());
    let condition = || [("a".into(), of_last_week(Condition::eager()))];
    let automation = |pipeline: &Pipeline| {
        Automation::new(pipeline.graph(), condition(), FailureBackoff::default()).unwrap()
    };
    let (days, earlier, months) = (automation(&days), automation(&earlier), automation(&months));
    let mut state = AutomationState::default();
    days.evaluate(&mut state, &[], moment("05T00:05"), &Every);
    assert_eq!(days.evaluate(&mut state, &[], moment("06T00:05"), &Every).runs.len(), 1);
    // The same windows, whatever they are called and wherever they start.
    assert!(earlier.unknown_partitions(&state).is_empty());
    assert_eq!(earlier.evaluate(&mut state, &[], moment("07T00:05"), &Every).runs[0].partitions.len(), 1);
    assert_eq!(months.unknown_partitions(&state).len(), 1);
    assert_eq!(months.evaluate(&mut state, &[], moment("08T00:05"), &Every).runs, []);
    assert_eq!(
        months.evaluate(&mut state, &[], moment("31T23:00") + Duration::from_secs(7200), &Every).runs.len(),
        1
    );
}

#[test]
fn a_run_makes_as_many_partitions_as_others() {
    let texts: Vec<String> = (0..25_000).map(|index| index.to_string()).collect();
    let many = of("many", fixed(texts.clone())).blocking(|_| Ok(0_u8));
    let pipeline = Definitions::new().asset(many).resolve().unwrap();
    let conditions = [("many".into(), Condition::missing())];
    let automation = Automation::new(pipeline.graph(), conditions, FailureBackoff::default()).unwrap();
    let mut state = AutomationState::default();
    let runs = automation.evaluate(&mut state, &[], moment("05T00:05"), &Every).runs;
    let sizes: Vec<usize> = runs.iter().map(|run| run.partitions.len()).collect();
    assert_eq!(sizes, [10_000, 10_000, 5_000]);
}

#[test]
fn what_is_not_known_of_each_partition_is_refused() {
    let pipeline = pipeline();
    let graph = pipeline.graph();
    let problem = |condition: Condition| {
        let error = Automation::check(graph, graph.index("a").unwrap(), &condition).unwrap_err();
        crate::problem::Problem::from(&error).to_string()
    };
    assert_eq!(
        problem(Condition::missing().for_evaluations(3)),
        "its condition is `for 3 evaluations(missing)`, which counts materializations, and `a` has partitions"
    );
    assert_eq!(
        problem(Condition::asset_matches("by", Condition::missing())),
        "its condition asks for `for by(missing)`, and no mapping says which partitions of `by` belong to one of `a`"
    );
    let fine = Condition::metric("b", "MAE").above(1.0).for_evaluations(3)
        & Condition::asset_matches("b", Condition::missing());
    assert_eq!(Automation::check(graph, graph.index("a").unwrap(), &fine), Ok(()));
}

/// Ten thousand keys of a hundred assets: what is looked at are the assets that see a change, however many keys they have.
#[test]
fn an_evaluation_looks_at_assets_not_at_keys() {
    let days = || daily("UTC").from("2000-01-01");
    let assets = (0..100).map(|index| {
        let asset = of(&format!("x{index}"), days()).blocking(|_| Ok(0_u8));
        if index == 0 { asset } else { asset.after(&format!("x{}", index / 2)) }
    });
    let pipeline = Definitions::new().assets(assets).resolve().unwrap();
    let conditions = (0..100).map(|index| (format!("x{index}").into(), Condition::eager()));
    let automation = Automation::new(pipeline.graph(), conditions, FailureBackoff::default()).unwrap();
    let mut state = AutomationState::default();
    let mut looked_at = |at: &str, happened: &[Change]| {
        automation.evaluate(&mut state, happened, moment(at), &Every).outcomes.len()
    };
    assert_eq!(looked_at("05T12:00", &[]), 100);
    looked_at("05T12:01", &[]);
    looked_at("05T12:02", &[]);
    assert_eq!(looked_at("05T12:03", &[]), 0);
    let made = changes("x40@04 x40@03", moment("05T12:03"), &mut Runs::new());
    assert_eq!(looked_at("05T12:04", &made), 3);
    for at in ["05T12:05", "05T12:06", "05T12:07"] {
        looked_at(at, &[]);
    }
    assert_eq!(looked_at("05T12:08", &[]), 0);
    assert_eq!(looked_at("06T00:00", &[]), 100);
}
