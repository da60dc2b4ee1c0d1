//! Trials in shadow, by a virtual clock.

use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::SignedDuration;
use millwork_core::asset::Decision;
use millwork_core::event::{
    AliasChange, AliasMoved, EventBody, Materialization, Mover, Provenance, ShadowTrial, StoredValue,
    ValueLocation, VersionJudged,
};
use millwork_core::version::{AliasName, ReadAs};
use millwork_core::{
    Absent, AssetDefinition, Clock as _, Computation, DataVersion, Definitions, Requirements, StepFunction,
    StepResult, Verdict,
};
use millwork_testing::wait_for;

use super::*;
use crate::cut_off::cut_off;
use crate::model_bench::ModelBench;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// What the gate answers: 0 asks for outcomes, 1 promotes, 2 keeps, 3 fails.
#[derive(Clone, Default)]
struct Answers(Arc<AtomicU32>, Arc<AtomicU32>);

impl Answers {
    fn set(&self, answer: u32) {
        self.0.store(answer, Ordering::SeqCst);
    }

    fn calls(&self) -> u32 {
        self.1.load(Ordering::SeqCst)
    }
}

fn champion() -> ReadAs {
    ReadAs::Alias(AliasName::champion())
}

/// A model, what versions make in shadow, and outcomes, which the gate reads.
fn definitions(answers: &Answers) -> Definitions {
    let asset = |key: &str| AssetDefinition::new(key).produces::<u32, _>();
    let mut requirements = Requirements { challenger: Some("model".into()), ..Requirements::default() };
    requirements.input::<u32>("model");
    requirements.version::<u32>("model", champion(), Absent::IsNone);
    requirements.input::<u32>("outcomes");
    let answers = answers.clone();
    let function = StepFunction::Blocking(Arc::new(move |step| {
        answers.1.fetch_add(1, Ordering::SeqCst);
        let outcomes = *step.input::<u32>("outcomes")?;
        Ok(StepResult::Gate(match answers.0.load(Ordering::SeqCst) {
            0 => Verdict::shadow(format!("{outcomes} outcomes")),
            1 => Verdict::promote().because(format!("{outcomes} outcomes")),
            2 => Verdict::keep(format!("{outcomes} outcomes")),
            _ => return Err("there is no truth".into()),
        }))
    }));
    let gate = GateDefinition::new("better", "model", Computation::new(requirements, function));
    let predictions = asset("predictions")
        .policy(|computation| {
            computation.shadow_safe = true;
            computation.requirements.version::<u32>("model", champion(), Absent::SkipsTheStep);
        })
        .blocking(|_| Ok(1_u32));
    Definitions::new()
        .asset(asset("model").blocking(|_| Ok(1_u32)))
        .asset(asset("outcomes").blocking(|_| Ok(1_u32)))
        .asset(predictions)
        .gate(gate.shadow("predictions"))
}

struct Bench {
    bench: ModelBench,
    answers: Answers,
}

impl Deref for Bench {
    type Target = ModelBench;

    fn deref(&self) -> &ModelBench {
        &self.bench
    }
}

impl Bench {
    /// Version 1 is in use, and versions from 2 on have gone into shadow, one after the other.
    async fn new(folder: &Path, versions: u32) -> Self {
        let answers = Answers::default();
        let bench = Self { bench: ModelBench::new(folder, definitions(&answers)).await, answers };
        bench.make("model", 1).await;
        let moved = AliasMoved {
            alias: AliasName::champion(),
            from: None,
            to: Some(number(1)),
            data_version: None,
            change: AliasChange::Promoted,
            by: Mover::Person("ada".to_owned()),
            reason: String::new(),
        };
        bench.record("model", EventBody::AliasMoved(moved), None).await;
        for version in 2..=versions {
            bench.make("model", version).await;
            bench.goes_into_shadow(version).await;
        }
        bench
    }

    async fn goes_into_shadow(&self, version: u32) {
        let until = Some(self.clock.now() + HOUR);
        let trial = ShadowTrial { asset: "predictions".into(), until, then: Some(Decision::Keep) };
        let judged = VersionJudged {
            gate: "better".to_owned(),
            version: number(version),
            against: Some(number(1)),
            decision: None,
            asked: None,
            shadow: Some(trial),
            answers: None,
            reason: String::new(),
            metadata: Default::default(),
            provenance: Provenance::reported(),
        };
        self.record("model", EventBody::VersionJudged(judged), None).await;
    }

    async fn record(&self, asset: &str, body: EventBody, value: Option<Vec<u8>>) -> u64 {
        self.bench.record(&AssetPartition::new(asset.into(), None), body, value).await
    }

    /// A version of an asset, whose value is its number.
    async fn make(&self, asset: &str, version: u32) -> u64 {
        let bytes = version.to_string().into_bytes();
        let location = ValueLocation::Database;
        let stored = StoredValue { location, bytes: bytes.len() as u64, format: "json".into(), hash: None };
        let body = EventBody::Materialized(Materialization {
            version: Some(number(version)),
            data_version: DataVersion::of_content(&bytes),
            provenance: Provenance::reported(),
            stored,
            metadata: Default::default(),
        });
        self.record(asset, body, Some(bytes)).await
    }

    async fn statuses(&self) -> Vec<&'static str> {
        let history = self.history(&AssetPartition::new("model".into(), None)).await;
        let champion = AliasName::champion();
        let statuses = history.versions.keys().map(|version| history.status(*version, &champion));
        statuses.map(|status| status.expect("a version").as_str()).collect()
    }

    /// A tick of a new daemon.
    async fn tick(&self) {
        self.daemon.trials().tick().await.expect("a tick");
    }

    fn reported(&self) -> Vec<String> {
        std::mem::take(&mut *self.reported.lock().expect("the list"))
    }
}

fn number(version: u32) -> VersionNumber {
    VersionNumber::new(version).expect("a version")
}

#[tokio::test]
async fn outcomes_have_the_gate_judge_and_decide() {
    let folder = millwork_testing::folder();
    let bench = Bench::new(folder.path(), 2).await;
    bench.tick().await;
    assert_eq!(bench.answers.calls(), 0, "there is nothing new to judge on");
    bench.make("outcomes", 1).await;
    bench.tick().await;
    bench.tick().await;
    assert_eq!((bench.answers.calls(), bench.reported()), (1, Vec::new()), "each outcome once");
    assert_eq!(bench.statuses().await, ["in use", "in shadow"]);
    bench.answers.set(1);
    bench.make("outcomes", 2).await;
    bench.tick().await;
    assert_eq!(bench.statuses().await, ["retired", "in use"]);
    let verdict = "`model`: gate `better` judged version 2 against 1: promote after shadow (2 outcomes)";
    assert_eq!(bench.reported(), [verdict]);
    bench.make("outcomes", 3).await;
    bench.tick().await;
    assert_eq!(bench.answers.calls(), 2, "the trial is over");
}

#[tokio::test]
async fn what_was_there_before_the_trial_is_no_outcome_of_it() {
    let folder = millwork_testing::folder();
    let bench = Bench::new(folder.path(), 1).await;
    bench.make("outcomes", 1).await;
    bench.make("model", 2).await;
    bench.goes_into_shadow(2).await;
    bench.tick().await;
    assert_eq!(bench.answers.calls(), 0);
}

#[tokio::test]
async fn a_gate_that_fails_judges_when_there_is_more() {
    let folder = millwork_testing::folder();
    let bench = Bench::new(folder.path(), 2).await;
    bench.answers.set(3);
    bench.make("outcomes", 1).await;
    bench.tick().await;
    bench.tick().await;
    let failed = "the version of `model` in shadow was not judged: gate `better` failed at version 2 of `model`: there is no truth";
    assert_eq!((bench.answers.calls(), bench.reported()), (1, vec![failed.to_owned()]));
    bench.answers.set(2);
    bench.make("outcomes", 2).await;
    bench.tick().await;
    assert_eq!(bench.statuses().await, ["in use", "kept"]);
}

#[tokio::test]
async fn the_time_limit_ends_a_trial_that_outcomes_do_not() {
    let folder = millwork_testing::folder();
    let bench = Bench::new(folder.path(), 2).await;
    bench.make("outcomes", 1).await;
    bench.tick().await;
    bench.daemon.approvals().tick().await.expect("a tick");
    assert_eq!(bench.statuses().await, ["in use", "in shadow"]);
    bench.clock.advance(HOUR);
    bench.daemon.approvals().tick().await.expect("a tick");
    assert_eq!(bench.statuses().await, ["in use", "kept"]);
    let kept = "`model`: version 2: keep after shadow by the time limit (outcomes have not decided by 2026-05-01 01:00:00 UTC)";
    assert_eq!(bench.reported(), [kept]);
}

#[tokio::test]
async fn of_two_versions_the_newer_one_is_judged() {
    let folder = millwork_testing::folder();
    let bench = Bench::new(folder.path(), 3).await;
    assert_eq!(bench.statuses().await, ["in use", "superseded", "in shadow"]);
    bench.answers.set(1);
    bench.make("outcomes", 1).await;
    bench.tick().await;
    assert_eq!((bench.answers.calls(), bench.statuses().await), (1, vec!["retired", "superseded", "in use"]));
    // The limit of the one that was superseded decides nothing.
    bench.clock.advance(HOUR + HOUR);
    bench.daemon.approvals().tick().await.expect("a tick");
    assert_eq!(bench.statuses().await, ["retired", "superseded", "in use"]);
}

/// Wherever a tick is cut off, the next one decides, and the verdict is there once.
#[tokio::test]
async fn a_daemon_that_dies_decides_once() {
    for polls in 0..40 {
        let folder = millwork_testing::folder();
        let bench = Bench::new(folder.path(), 2).await;
        bench.answers.set(1);
        bench.make("outcomes", 1).await;
        cut_off(bench.daemon.trials().tick(), polls).await;
        // What the abandoned tick has asked for may still come.
        wait_for(async || match bench.daemon.functions.under_way() {
            0 => Ok(()),
            calls => Err(format!("{calls} functions are being called")),
        })
        .await;
        bench.tick().await;
        assert_eq!(bench.statuses().await, ["retired", "in use"], "cut off after {polls} polls");
        let query = EventQuery { kinds: Some(KindSet::VERSIONS), ..EventQuery::default() };
        let events = bench.daemon.store.events(query).await.expect("events");
        assert_eq!(events.len(), 4, "two moves, two verdicts; cut off after {polls} polls");
    }
}
