//! The status of assets by the log: every status, and the events it follows from.

use std::time::Duration;

use jiff::Timestamp;
use millwork_core::asset_status::{AssetHealth, AssetStatuses, StatusFold};
use millwork_core::event::{
    CheckEvaluation, Event, EventBody, EventKind, InputVersion, Materialization, NewEvent, Provenance,
    StoredValue, UnreadableEvent, ValueLocation,
};
use millwork_core::partition::daily;
use millwork_core::run::{Failure, FailureKind, RunId};
use millwork_core::{
    AssetDefinition, AssetKey, AssetPartition, AssetSpec, Definitions, FreshnessPolicy, KeyMoment,
    PartitionsDefinition, Pipeline, Severity,
};

/// A log that is written in few words, and read again from its beginning by each question.
struct Log {
    pipeline: Pipeline,
    events: Vec<Event>,
}

impl Log {
    /// raw → a → b; `daily` by day; `outside` is external; all but `b` are late after an hour.
    fn new() -> Self {
        let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>();
        let hourly = |spec: &mut AssetSpec| {
            spec.freshness = Some(FreshnessPolicy::time_window(Duration::from_secs(3_600), None));
        };
        let days = PartitionsDefinition::fixed(["mon", "tue"]);
        let definitions = Definitions::new()
            .asset(asset("raw").describe(hourly).blocking(|_| Ok(0_u8)))
            .asset(asset("a").after("raw").describe(hourly).blocking(|_| Ok(0_u8)))
            .asset(asset("b").after("a").blocking(|_| Ok(0_u8)))
            .asset(asset("daily").partitions(days).describe(hourly).blocking(|_| Ok(0_u8)))
            .asset(AssetDefinition::new("outside").describe(hourly));
        Self { pipeline: definitions.resolve().unwrap(), events: Vec::new() }
    }

    /// Something happened to `KEY` or `KEY PARTITION`, in a run or in none, a minute after what was before.
    fn adds(mut self, what: &str, run: u128, body: EventBody) -> Self {
        let (key, partition) = what.split_once(' ').map_or((what, None), |(key, rest)| (key, Some(rest)));
        let is_of_step = body.is_step_event();
        let sequence = self.events.len() as u64 + 1;
        self.events.push(Event {
            sequence,
            run: (run > 0).then(|| RunId::from_u128(run)),
            at: Timestamp::from_second(60 * sequence as i64).unwrap(),
            step: is_of_step.then(|| key.into()),
            asset: (!is_of_step && !key.is_empty()).then(|| key.into()),
            partition: partition.map(Into::into),
            attempt: u32::from(is_of_step),
            body,
        });
        self
    }

    /// An asset was made by the code and from the data that there is.
    fn makes(self, what: &str, version: &str) -> Self {
        let graph = self.pipeline.graph().clone();
        let key = what.split(' ').next().unwrap();
        let last_version = |key: &AssetKey| {
            let of_asset = self.events.iter().rev().filter(|event| event.asset.as_ref() == Some(key));
            of_asset.into_iter().find_map(|event| {
                let EventBody::Materialized(made) = &event.body else { return None };
                Some(made.data_version.clone())
            })
        };
        let provenance = graph.asset(key).unwrap().step.map_or_else(Provenance::reported, |step| {
            let upstream = graph.asset(key).unwrap().upstream.iter().map(|upstream| graph.key(*upstream));
            let inputs = upstream.map(|upstream| InputVersion {
                version: None,
                read_as: Default::default(),
                upstream: AssetPartition::new(upstream.clone(), None),
                data_version: last_version(upstream),
            });
            let code_version = graph.steps()[step].computation().code_version.clone();
            Provenance { code_version, inputs: inputs.collect(), config: None }
        });
        let stored =
            StoredValue { location: ValueLocation::Elsewhere, bytes: 0, format: String::new(), hash: None };
        let made = Materialization {
            version: None,
            data_version: version.into(),
            provenance,
            stored,
            metadata: Default::default(),
        };
        self.adds(what, 0, EventBody::Materialized(made))
    }

    fn fails(self, what: &str, run: u128) -> Self {
        let failure = Failure::new(FailureKind::Error, "no luck");
        self.adds(what, run, EventBody::StepStarted).adds(what, run, EventBody::StepFailed { failure })
    }

    fn checks(self, what: &str, check: &str, passed: bool) -> Self {
        let evaluation = CheckEvaluation {
            check: check.to_owned(),
            passed,
            severity: Severity::Error,
            blocking: false,
            description: String::new(),
            metadata: Default::default(),
        };
        self.adds(what, 0, EventBody::CheckEvaluated(evaluation))
    }

    fn fold(&self) -> StatusFold {
        let mut fold = StatusFold::default();
        self.events.iter().for_each(|event| fold.apply(event));
        fold
    }

    /// How an asset is a minute after the last event.
    fn health(&self, asset: &str) -> AssetHealth {
        let graph = self.pipeline.graph();
        let now = Timestamp::from_second(60 * (self.events.len() as i64 + 1)).unwrap();
        AssetStatuses::derive(graph, &self.fold(), &KeyMoment::at(now))
            .of(graph.index(asset).unwrap())
            .clone()
    }

    /// Each asset's status in the order of their keys, with its partitions if it has more than one.
    fn check(self, expected: &str) -> Self {
        let mut keys: Vec<&str> =
            self.pipeline.graph().assets().iter().map(|node| node.spec.key.as_str()).collect();
        keys.sort_unstable();
        let words = keys.into_iter().map(|key| {
            let health = self.health(key);
            let sets = &health.partitions;
            let keys = sets.all().next(None, usize::MAX);
            let parts = keys.iter().filter(|_| keys.len() > 1).filter_map(|key| sets.status(key));
            let parts: Vec<&str> = parts.map(millwork_core::AssetStatus::as_str).collect();
            let parts = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(" ")) };
            format!("{key} {}{parts}", health.status)
        });
        assert_eq!(words.collect::<Vec<_>>().join(", "), expected);
        self
    }

    fn check_reasons(self, asset: &str, expected: &[&str]) -> Self {
        assert_eq!(self.health(asset).reasons(), expected);
        self
    }
}

#[test]
fn what_is_made_is_fresh_until_something_changes() {
    Log::new()
        .check("a missing, b missing, daily missing (missing missing), outside external, raw missing")
        .makes("raw", "r1")
        .makes("a", "a1")
        .makes("b", "b1")
        .makes("daily mon", "m1")
        .check("a fresh, b fresh, daily missing (fresh missing), outside external, raw fresh")
        .makes("raw", "r2")
        .makes("daily tue", "t1")
        .check("a stale, b stale, daily fresh (fresh fresh), outside external, raw fresh")
        .check_reasons("a", &["`raw` has new data (r1 → r2)"])
        .check_reasons("b", &["`a` is itself not fresh"]);
}

#[test]
fn a_step_that_runs_is_running_until_it_or_its_run_ends() {
    let ends: [fn(Log) -> Log; 5] = [
        |log| log.adds("raw", 1, EventBody::StepSucceeded { micros: 1 }),
        |log| log.adds("raw", 1, EventBody::StepCanceled),
        |log| log.adds("", 1, EventBody::run_lost("gone")),
        |log| log.adds("", 1, EventBody::RunCanceled),
        |log| log.adds("", 1, EventBody::RunStarted { epoch: 2 }),
    ];
    for end in ends {
        let log = Log::new().makes("raw", "r1").adds("raw", 1, EventBody::StepStarted);
        let log = log.adds("raw", 1, EventBody::StepProgressed { done: 3, of: 4 });
        let progress = log.health("raw").progress().unwrap();
        assert_eq!((progress.run, progress.done), (RunId::from_u128(1), Some((3, 4))));
        // What another run leaves out doesn't end it.
        let log = log.adds("raw", 2, EventBody::StepSkipped { reason: "unchanged".to_owned() });
        let running = "a missing, b missing, daily missing (missing missing), outside external, raw running";
        end(log.check(running)).check(&running.replace("running", "fresh"));
    }
}

#[test]
fn a_failure_stands_until_something_is_made() {
    let log = Log::new().makes("raw", "r1").makes("a", "a1").makes("raw", "r2").fails("a", 1);
    let log = log.adds("", 1, EventBody::RunCanceled);
    let failed = "a failed, b missing, daily missing (missing missing), outside external, raw fresh";
    let log = log.check(failed);
    let log = log.check_reasons("a", &["its last run failed: no luck", "`raw` has new data (r1 → r2)"]);
    log.makes("a", "a2").check(&failed.replace("failed", "fresh"));
}

#[test]
fn a_failed_partition_is_worse_than_a_running_one() {
    let log = Log::new().fails("daily mon", 1).adds("daily tue", 1, EventBody::StepStarted);
    log.check("a missing, b missing, daily failed (failed running), outside external, raw missing");
}

#[test]
fn one_that_declines_or_keeps_leaves_the_value_that_there_is() {
    let provenance = |log: &Log| {
        let graph = log.pipeline.graph();
        let step = graph.asset("raw").unwrap().step.unwrap();
        Provenance {
            code_version: graph.steps()[step].computation().code_version.clone(),
            inputs: Vec::new(),
            config: None,
        }
    };
    let log = Log::new().makes("raw", "r1").makes("a", "a1");
    let declined = EventBody::NotMaterialized { provenance: provenance(&log) };
    let fresh = "a fresh, b missing, daily missing (missing missing), outside external, raw fresh";
    let log = log.adds("raw", 0, declined).check(fresh);
    let kept = EventBody::Kept {
        reason: "no better".to_owned(),
        metadata: Default::default(),
        provenance: provenance(&log),
    };
    let log = log.adds("raw", 0, kept).check(fresh);
    // Nothing can be compared with what can't be read.
    let unreadable = UnreadableEvent { kind: Some(EventKind::Materialized), reason: "damaged".to_owned() };
    let log = log.adds("raw", 0, EventBody::Unreadable(unreadable));
    log.check("a stale, b missing, daily missing (missing missing), outside external, raw missing");
}

#[test]
fn lateness_is_of_the_asset_as_a_whole() {
    let mut log = Log::new().makes("daily mon", "m1").makes("raw", "r1");
    for _ in 0..60 {
        log = log.makes("b", "b");
    }
    let log = log.makes("daily tue", "t1").makes("outside north", "n1");
    let late = |asset: &str| log.health(asset).is_late();
    assert!(late("raw") && !late("daily") && !late("outside") && !late("a") && !late("b"));
}

/// A window that becomes due makes an asset late by itself, and the next one late anew.
#[test]
fn the_latest_window_becomes_late_with_time() {
    let hours = |hours: u64| Duration::from_secs(hours * 3_600);
    let policy = FreshnessPolicy::latest_window(hours(6), Some(hours(2)));
    let asset = AssetDefinition::new("days").produces::<u8, _>().blocking(|_| Ok(0_u8));
    let asset =
        asset.partitions(daily("UTC").from("2026-05-01")).describe(|spec| spec.freshness = Some(policy));
    let pipeline = Definitions::new().asset(asset).resolve().unwrap();
    let graph = pipeline.graph();
    let (mut fold, mut statuses) = (StatusFold::default(), AssetStatuses::default());
    let mut check = |made: &str, at: &str, expected: &str| {
        let at: Timestamp = format!("2026-05-{at}:00:00Z").parse().unwrap();
        let moment = KeyMoment::at(at);
        let space = graph.key_space(graph.index("days").unwrap(), &moment);
        if !made.is_empty() {
            let key = space.partition_key(&made.into()).unwrap();
            let body = EventBody::NotMaterialized { provenance: Provenance::reported() };
            let event = NewEvent::of_asset(AssetPartition::new("days".into(), Some(key)), at, body);
            fold.apply(&event.at_sequence(at.as_second() as u64));
        }
        statuses = statuses.updated(graph, &mut fold, &moment).unwrap();
        for statuses in [&statuses, &AssetStatuses::derive(graph, &fold, &moment)] {
            let health = statuses.of(graph.index("days").unwrap());
            let freshness = health.freshness.as_ref().unwrap();
            let since =
                freshness.since.map(|since| format!(" {}", since.strftime("%d %H"))).unwrap_or_default();
            assert_eq!(format!("{}{since}", freshness.state), expected, "at {at}");
            assert_eq!(health.is_late(), freshness.late_window.is_some());
        }
    };
    check("", "02T01", "unknown");
    check("", "02T03", "warn 02 02");
    check("", "02T07", "fail 02 06");
    check("2026-05-01", "02T08", "pass");
    check("", "03T01", "pass");
    check("", "03T03", "warn 03 02");
    check("", "03T05", "warn 03 02");
    check("", "03T07", "fail 03 06");
    check("", "04T05", "fail 03 06");
    check("", "04T07", "fail 04 06");
    check("2026-05-02", "04T08", "fail 04 06");
    check("2026-05-03", "04T09", "pass");
}

#[test]
fn checks_count_by_their_last_evaluation() {
    let log = Log::new().checks("raw", "rows", false).checks("daily mon", "rows", false);
    let log = log.checks("daily tue", "rows", false).checks("outside", "rows", false);
    let failing = |log: &Log, asset: &str| log.health(asset).failing_checks().len();
    assert_eq!(["raw", "daily", "outside", "a"].map(|asset| failing(&log, asset)), [1, 1, 1, 0]);
    let log = log.checks("raw", "rows", true).checks("daily mon", "rows", true);
    assert_eq!(["raw", "daily"].map(|asset| failing(&log, asset)), [0, 1]);
}

#[test]
fn an_external_asset_has_the_partitions_that_were_told_of() {
    let log = Log::new().makes("outside south", "s1").makes("outside north", "n1");
    let sets = log.health("outside").partitions;
    let keys = sets.all().next(None, usize::MAX);
    let keys: Vec<_> = keys.iter().filter_map(|key| sets.partition_at(key)).collect();
    assert_eq!(keys, ["north".into(), "south".into()]);
}

#[test]
fn events_may_be_taken_in_again() {
    let log = Log::new().makes("raw", "r1").fails("a", 1).makes("a", "a1").makes("raw", "r2");
    let mut fold = log.fold();
    log.events.iter().for_each(|event| fold.apply(event));
    let graph = log.pipeline.graph();
    let statuses = AssetStatuses::derive(graph, &fold, &KeyMoment::at(Timestamp::from_second(600).unwrap()));
    let status = |asset: &str| statuses.of(graph.index(asset).unwrap()).status;
    assert_eq!(["raw", "a"].map(|asset| status(asset).to_string()), ["fresh", "stale"]);
}
