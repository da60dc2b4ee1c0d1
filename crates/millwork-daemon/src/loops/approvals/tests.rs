//! Questions with a time limit, by a virtual clock.

use std::ops::Deref;
use std::path::Path;

use jiff::SignedDuration;
use millwork_core::alert::{AlertRule, Destination, Trigger};
use millwork_core::asset::Decision;
use millwork_core::event::{
    AliasMoved, Asked, Materialization, Provenance, StoredValue, ValueLocation, VersionJudged,
};
use millwork_core::{
    AssetDefinition, Computation, Definitions, GateDefinition, Requirements, StepFunction, StepResult,
    Verdict,
};

use super::*;
use crate::cut_off::cut_off;
use crate::model_bench::ModelBench;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn definitions() -> Definitions {
    Definitions::new().asset(AssetDefinition::new("model").produces::<u32, _>().blocking(|_| Ok(1_u32)))
}

fn gate() -> GateDefinition {
    let mut requirements = Requirements { challenger: Some("model".into()), ..Requirements::default() };
    requirements.input::<u32>("model");
    let function = StepFunction::Blocking(Arc::new(|_| Ok(StepResult::Gate(Verdict::promote()))));
    GateDefinition::new("better", "model", Computation::new(requirements, function))
}

struct Bench(ModelBench);

impl Deref for Bench {
    type Target = ModelBench;

    fn deref(&self) -> &ModelBench {
        &self.0
    }
}

impl Bench {
    async fn new(folder: &Path) -> Self {
        Self::of(folder, definitions().gate(gate())).await
    }

    async fn of(folder: &Path, definitions: Definitions) -> Self {
        Self(ModelBench::new(folder, definitions).await)
    }

    fn model(partition: Option<&str>) -> AssetPartition {
        AssetPartition::new("model".into(), partition.map(Into::into))
    }

    async fn record(&self, partition: Option<&str>, body: EventBody) -> u64 {
        self.0.record(&Self::model(partition), body, None).await
    }

    /// A version, and a question about it that has an hour.
    async fn asked(&self, partition: Option<&str>, version: u32, then: Decision) -> u64 {
        let made = self.record(partition, materialized(version)).await;
        let history = self.history(partition).await;
        let question = Asked { of: "ops".to_owned(), until: Some(self.clock.now() + HOUR), then: Some(then) };
        let body = EventBody::VersionJudged(VersionJudged {
            gate: "better".to_owned(),
            version: number(version),
            against: history.at(&AliasName::champion()),
            decision: None,
            asked: Some(question),
            shadow: None,
            answers: None,
            reason: String::new(),
            metadata: Default::default(),
            provenance: provenance(),
        });
        self.record(partition, body).await;
        made
    }

    async fn history(&self, partition: Option<&str>) -> ModelHistory {
        self.0.history(&Self::model(partition)).await
    }

    /// The decisions as `VERSION: DECISION by WHO`, and the champion; versions in their order.
    async fn outcome(&self, partition: Option<&str>) -> (Vec<String>, Option<u32>) {
        let history = self.history(partition).await;
        let decisions = history.versions.values().flat_map(|version| &version.decisions);
        let name = |decided: &VersionDecided| {
            format!("{}: {} by {}", decided.version, decided.decision.as_str(), decided.by)
        };
        let champion = history.at(&AliasName::champion()).map(VersionNumber::get);
        (decisions.map(|decision| name(&decision.what)).collect(), champion)
    }

    /// A tick of a new daemon.
    async fn tick(&self) {
        self.daemon.approvals().tick().await.expect("a tick");
    }
}

fn number(version: u32) -> VersionNumber {
    VersionNumber::new(version).expect("a version")
}

fn provenance() -> Provenance {
    Provenance { code_version: "1".into(), inputs: Vec::new(), config: None }
}

fn materialized(version: u32) -> EventBody {
    let stored =
        StoredValue { location: ValueLocation::Database, bytes: 1, format: "json".into(), hash: None };
    EventBody::Materialized(Materialization {
        version: Some(number(version)),
        data_version: format!("d{version}").as_str().into(),
        provenance: provenance(),
        stored,
        metadata: Default::default(),
    })
}

/// Another version comes into use by hand.
async fn promote(bench: &Bench, version: u32) {
    let author = Author { by: Mover::Person("ada".to_owned()), reason: String::new() };
    let promote = |history: &ModelHistory| {
        history.promote(&"model".into(), &AliasName::champion(), number(version), &author)
    };
    let (of, now) = (Bench::model(None), bench.clock.now());
    change_model(&*bench.daemon.store, &of, now, promote).await.expect("a promotion");
}

#[tokio::test]
async fn each_partition_is_decided_once_when_its_time_is_over() {
    let folder = millwork_testing::folder();
    let bench = Bench::new(folder.path()).await;
    let mut approvals = bench.daemon.approvals();
    bench.asked(None, 1, Decision::Promote).await;
    bench.asked(Some("mon"), 1, Decision::Keep).await;
    bench.clock.advance(HOUR / 2);
    bench.asked(Some("tue"), 1, Decision::Reject).await;
    let none = (Vec::<String>::new(), None);
    for partition in [None, Some("mon"), Some("tue")] {
        approvals.tick().await.expect("a tick");
        assert_eq!(bench.outcome(partition).await, none);
    }
    bench.clock.advance(HOUR / 2);
    for _ in 0..3 {
        approvals.tick().await.expect("a tick");
        bench.tick().await;
        assert_eq!(bench.outcome(None).await, (vec!["1: promote by the time limit".to_owned()], Some(1)));
        assert_eq!(bench.outcome(Some("mon")).await, (vec!["1: keep by the time limit".to_owned()], None));
        assert_eq!(bench.outcome(Some("tue")).await, none);
    }
    bench.clock.advance(HOUR / 2);
    approvals.tick().await.expect("a tick");
    assert_eq!(bench.outcome(Some("tue")).await, (vec!["1: reject by the time limit".to_owned()], None));
    let reason = "(no answer from ops by 2026-05-01 01:00:00 UTC)";
    let expected = [
        format!("`model`: version 1: promote by the time limit {reason}"),
        format!("`model` (partition `mon`): version 1: keep by the time limit {reason}"),
    ];
    assert_eq!(bench.reported.lock().expect("the list")[..2], expected);
}

#[tokio::test]
async fn an_answer_in_time_is_the_last_word() {
    let folder = millwork_testing::folder();
    let bench = Bench::new(folder.path()).await;
    let mut approvals = bench.daemon.approvals();
    bench.asked(None, 1, Decision::Reject).await;
    approvals.tick().await.expect("a tick");
    promote(&bench, 1).await;
    bench.clock.advance(HOUR);
    approvals.tick().await.expect("a tick");
    bench.tick().await;
    assert_eq!(bench.outcome(None).await, (vec!["1: promote by ada".to_owned()], Some(1)));
}

/// It was compared with another champion, so nothing is known of how it compares with this one.
#[tokio::test]
async fn nothing_is_promoted_over_a_champion_that_it_was_not_compared_with() {
    let folder = millwork_testing::folder();
    let bench = Bench::new(folder.path()).await;
    bench.record(None, materialized(1)).await;
    promote(&bench, 1).await;
    bench.asked(None, 2, Decision::Promote).await;
    bench.clock.advance(HOUR / 2);
    bench.asked(None, 3, Decision::Promote).await;
    bench.clock.advance(HOUR);
    bench.tick().await;
    let history = bench.history(None).await;
    let reason = |version| history.versions[&number(version)].decisions[0].what.to_string();
    assert_eq!(
        [reason(2), reason(3)],
        [
            "version 2: promote by the time limit (no answer from ops by 2026-05-01 01:00:00 UTC)",
            "version 3: keep by the time limit (no answer from ops by 2026-05-01 01:30:00 UTC; the champion is version 2 by now, \
             and it was compared with version 1)",
        ]
    );
    assert_eq!(history.at(&AliasName::champion()), Some(number(2)));
}

#[tokio::test]
async fn what_has_no_value_any_more_is_kept() {
    let folder = millwork_testing::folder();
    let bench = Bench::new(folder.path()).await;
    let made = bench.asked(None, 1, Decision::Promote).await;
    bench.daemon.store.forget_values(&[made]).await.expect("a removal");
    bench.clock.advance(HOUR);
    bench.tick().await;
    assert_eq!(bench.outcome(None).await, (vec!["1: keep by the time limit".to_owned()], None));
    let history = bench.history(None).await;
    let reason = &history.versions[&number(1)].decisions[0].what.reason;
    assert!(reason.contains("the value of version 1 of `model` was removed"), "{reason}");
}

/// Wherever a daemon dies, and whatever another one does at the same time.
#[tokio::test]
async fn of_many_daemons_one_decides() {
    let folder = millwork_testing::folder();
    let bench = Bench::new(folder.path()).await;
    let mut expected = Vec::new();
    for version in 1..=40 {
        let then = Decision::ALL[version as usize % 3];
        bench.asked(None, version, then).await;
        expected.push(format!("{version}: {} by the time limit", then.as_str()));
        bench.clock.advance(HOUR);
        let (mut dying, mut first, mut second) =
            (bench.daemon.approvals(), bench.daemon.approvals(), bench.daemon.approvals());
        cut_off(dying.tick(), u64::from(version)).await;
        let (first, second) = tokio::join!(first.tick(), second.tick());
        first.and(second).expect("ticks");
        assert_eq!(bench.outcome(None).await.0, expected);
    }
    let moves: Vec<_> = bench.history(None).await.moves.into_iter().map(|moved| moved.what).collect();
    assert_eq!(moves.len(), expected.iter().filter(|decided| decided.contains("promote")).count());
    assert!(moves.iter().all(|moved: &AliasMoved| moved.by == Mover::TimeLimit));
}

/// A time limit lasts as long as it was to last, whatever the clock shows meanwhile; a daemon that begins anew compares with the clock again.
#[tokio::test]
async fn clocks_that_are_set_neither_shorten_a_time_limit_nor_lengthen_it() {
    let year = SignedDuration::from_hours(24 * 365);
    let second = SignedDuration::from_secs(1);
    for (version, jump) in (1..).zip([SignedDuration::ZERO, HOUR * 9, -HOUR * 9, year, -year]) {
        let folder = millwork_testing::folder();
        let bench = Bench::new(folder.path()).await;
        let mut approvals = bench.daemon.approvals();
        bench.asked(None, version, Decision::Keep).await;
        approvals.tick().await.expect("a tick");
        bench.clock.advance(HOUR / 2);
        bench.clock.jump(jump);
        approvals.tick().await.expect("a tick");
        bench.clock.advance(HOUR / 2 - second);
        approvals.tick().await.expect("a tick");
        assert_eq!(bench.outcome(None).await.0.len(), 0, "{jump:#}");
        bench.clock.advance(second);
        approvals.tick().await.expect("a tick");
        assert_eq!(bench.outcome(None).await.0.len(), 1, "{jump:#}");
    }
    // The next daemon begins after the clock was set back: it waits for an hour at most.
    let folder = millwork_testing::folder();
    let bench = Bench::new(folder.path()).await;
    bench.asked(None, 1, Decision::Keep).await;
    bench.tick().await;
    bench.clock.jump(-year);
    let mut approvals = bench.daemon.approvals();
    approvals.tick().await.expect("a tick");
    bench.clock.advance(HOUR - second);
    approvals.tick().await.expect("a tick");
    assert_eq!(bench.outcome(None).await.0.len(), 0);
    bench.clock.advance(second);
    approvals.tick().await.expect("a tick");
    assert_eq!(bench.outcome(None).await.0.len(), 1);
}

#[tokio::test]
async fn a_question_of_a_gate_that_is_gone_waits_until_it_is_back() {
    let folder = millwork_testing::folder();
    let bench = Bench::new(folder.path()).await;
    bench.asked(None, 1, Decision::Keep).await;
    bench.tick().await;
    let without = Bench::of(folder.path(), definitions()).await;
    without.clock.advance(HOUR * 2);
    let before = without.daemon.store.counts();
    without.tick().await;
    assert_eq!(without.daemon.store.counts(), before, "without a gate, nothing is read");
    assert_eq!(without.outcome(None).await.0.len(), 0);
    let back = Bench::new(folder.path()).await;
    back.clock.advance(HOUR * 2);
    back.tick().await;
    assert_eq!(back.outcome(None).await.0.len(), 1);
}

#[tokio::test]
async fn a_tick_that_finds_nothing_new_writes_nothing() {
    let folder = millwork_testing::folder();
    let bench = Bench::new(folder.path()).await;
    bench.asked(None, 1, Decision::Keep).await;
    let mut approvals = bench.daemon.approvals();
    approvals.tick().await.expect("a tick");
    let commits = bench.daemon.store.counts().commits;
    bench.clock.advance(HOUR / 2);
    approvals.tick().await.expect("a tick");
    bench.tick().await;
    assert_eq!(bench.daemon.store.counts().commits, commits);
}

#[tokio::test]
async fn people_are_told_that_they_are_asked_and_what_came_of_it() {
    let folder = millwork_testing::folder();
    let rule = AlertRule::new("models")
        .when(Trigger::ApprovalAsked)
        .when(Trigger::Promoted)
        .when(Trigger::Rejected)
        .assets("model")
        .to(Destination::command(["true"]));
    let bench = Bench::of(folder.path(), definitions().gate(gate()).alert(rule)).await;
    let mut alerts = bench.daemon.alerts();
    alerts.begin().await.expect("a beginning");
    bench.asked(Some("mon"), 1, Decision::Promote).await;
    alerts.tick().await.expect("a tick");
    bench.clock.advance(HOUR);
    bench.tick().await;
    alerts.tick().await.expect("a tick");
    let deliveries = bench.daemon.store.deliveries(None, 9).await.expect("deliveries");
    let mut titles: Vec<&str> = deliveries.iter().map(|delivery| delivery.alert.title.as_str()).collect();
    titles.sort_unstable();
    assert_eq!(
        titles,
        [
            "Version 1 of `model` (mon) awaits approval by ops",
            "Version 1 of `model` (mon) is the champion now"
        ]
    );
}
