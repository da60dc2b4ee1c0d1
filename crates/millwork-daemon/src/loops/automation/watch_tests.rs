//! Watches, by daemons that come and go on a virtual clock: when the alias goes back, why, how often, and when it doesn't.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration as Span;

use jiff::SignedDuration;
use millwork_core::alert::{AlertRule, Destination, Trigger};
use millwork_core::asset::AssetMetric;
use millwork_core::event::{
    AliasMoved, EventBody, Materialization, Mover, Provenance, StoredValue, ValueLocation,
};
use millwork_core::model::{Author, ModelHistory};
use millwork_core::version::{AliasName, ReadAs, VersionNumber};
use millwork_core::{
    Absent, AssetDefinition, AssetPartition, AutomationCondition as Condition, Clock as _, Definitions,
    Instigator, MetadataValue, SwitchedCursor, TestClock, Watch,
};
use millwork_storage::{RunQuery, TickOutcome, change_model, ticks_and_moves};

use super::Conditions;
use crate::cut_off::cut_off;
use crate::daemon_loop::DaemonLoop as _;
use crate::evaluation_state::EvaluationState;
use crate::model_bench::ModelBench;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A model, predictions by its champion, and their live performance.
fn definitions() -> Definitions {
    let asset = |key: &str| AssetDefinition::new(key).produces::<u32, _>().blocking(|_| Ok(1_u32));
    let predictions = asset("predictions").policy(|computation| {
        let champion = ReadAs::Alias(AliasName::champion());
        computation.requirements.version::<u32>("model", champion, Absent::SkipsTheStep);
    });
    let live = AssetDefinition::new("live").produces::<u32, _>().input::<u32>("predictions");
    let live = live.blocking(|_| Ok(1_u32)).describe(|spec| spec.metric = Some(AssetMetric::lower("MAE")));
    Definitions::new().assets([asset("model"), predictions, live])
}

/// For two weeks, worse by a fifth than the version before.
fn watched() -> Definitions {
    let worse = Condition::metric("live", "MAE").worse_than_before_promotion(0.2);
    definitions().watch(Watch::new("model").rollback_if(worse).within(Span::from_secs(14 * 86_400)))
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
        Self(ModelBench::new(folder, watched()).await)
    }

    async fn of(folder: &Path, definitions: Definitions, clock: Arc<TestClock>) -> Self {
        Self(ModelBench::at(folder, definitions, clock).await)
    }

    async fn record(&self, asset: &str, body: EventBody) -> u64 {
        self.0.record(&AssetPartition::new(asset.into(), None), body, None).await
    }

    async fn live(&self, mae: f64) {
        self.clock.advance(DAY);
        self.record("live", made(Some(mae), None)).await;
        self.tick().await;
    }

    /// A version that is made and comes into use.
    async fn promoted(&self, version: u32) {
        self.record("model", made(None, Some(version))).await;
        self.moved(&Mover::Gate("better".to_owned()), Some(version)).await;
        self.tick().await;
    }

    /// A version comes into use, or the alias goes back.
    async fn moved(&self, by: &Mover, to: Option<u32>) {
        let author = Author { by: by.clone(), reason: String::new() };
        let (model, champion) = ("model".into(), AliasName::champion());
        let change = |history: &ModelHistory| match to {
            Some(version) => history.promote(&model, &champion, number(version), &author),
            None => history.roll_back(&model, &champion, None, &author),
        };
        let now = self.clock.now();
        // Of two at once, one is refused.
        drop(change_model(&*self.daemon.store, &of_model(), now, change).await);
    }

    /// A tick of a new daemon, and two more of another one.
    async fn tick(&self) {
        self.daemon.automation().tick().await.expect("a tick");
        let mut conditions = self.daemon.automation();
        conditions.tick().await.expect("a tick");
        conditions.tick().await.expect("a tick");
    }

    async fn moves(&self) -> Vec<AliasMoved> {
        self.history(&of_model()).await.moves.into_iter().map(|moved| moved.what).collect()
    }

    /// What watches have done.
    async fn gone_back(&self) -> Vec<String> {
        let moves = self.moves().await.into_iter().filter(|moved| moved.by == Mover::Watch);
        moves.map(|moved| moved.to_string()).collect()
    }

    async fn in_use(&self) -> Option<u32> {
        self.moves().await.last().and_then(|moved| moved.to).map(VersionNumber::get)
    }
}

fn of_model() -> AssetPartition {
    AssetPartition::new("model".into(), None)
}

fn ada() -> Mover {
    Mover::Person("ada".to_owned())
}

fn number(version: u32) -> VersionNumber {
    VersionNumber::new(version).expect("a version")
}

fn made(mae: Option<f64>, version: Option<u32>) -> EventBody {
    let stored =
        StoredValue { location: ValueLocation::Database, bytes: 1, format: "json".into(), hash: None };
    EventBody::Materialized(Materialization {
        version: version.map(number),
        data_version: format!("d{version:?}{mae:?}").as_str().into(),
        provenance: Provenance { code_version: "1".into(), inputs: Vec::new(), config: None },
        stored,
        metadata: mae.into_iter().map(|mae| ("MAE".to_owned(), MetadataValue::Float(mae))).collect(),
    })
}

const WORSE: &str =
    "champion: version 2 → 1 by the watch (MAE 13 is 30 % worse than 10 before the promotion of version 2)";

#[tokio::test]
async fn the_alias_goes_back_once_and_says_why() {
    let folder = millwork_testing::folder();
    let rule = AlertRule::new("models").when(Trigger::RolledBack).assets("model");
    let rule = rule.to(Destination::command(["true"]));
    let clock = Arc::new(TestClock::at("2026-05-01T00:00:00Z".parse().expect("an instant")));
    let bench = Bench::of(folder.path(), watched().alert(rule), clock).await;
    let mut alerts = bench.daemon.alerts();
    alerts.begin().await.expect("a beginning");
    bench.promoted(1).await;
    bench.live(10.0).await;
    bench.promoted(2).await;
    bench.live(12.0).await;
    assert_eq!(bench.gone_back().await, [""; 0], "a fifth is not more than a fifth");
    bench.live(13.0).await;
    assert_eq!(bench.gone_back().await, [WORSE]);
    bench.live(50.0).await;
    assert_eq!(bench.gone_back().await, [WORSE], "the version before isn't watched");
    let reported = bench.reported.lock().expect("the list").clone();
    assert_eq!(reported, [format!("`model`: {WORSE}")]);
    assert!(bench.daemon.store.runs(RunQuery::default()).await.expect("runs").is_empty());
    let ticks = ticks_and_moves(&*bench.daemon.store, &[], 9).await.expect("ticks");
    let moved = ticks.iter().filter_map(|tick| match &tick.outcome {
        TickOutcome::RolledBack { subject, reason } => Some((subject.as_str(), reason.as_str())),
        TickOutcome::Requested { .. }
        | TickOutcome::Backfill { .. }
        | TickOutcome::Skipped { .. }
        | TickOutcome::Idle { .. }
        | TickOutcome::Cooldown { .. }
        | TickOutcome::BudgetSpent { .. }
        | TickOutcome::Failed { .. } => None,
    });
    assert_eq!(moved.collect::<Vec<_>>(), [("watch:model", WORSE)]);
    let of_others = [Instigator::Schedule("hourly".to_owned())];
    assert_eq!(ticks_and_moves(&*bench.daemon.store, &of_others, 9).await.expect("ticks"), []);
    alerts.tick().await.expect("a tick");
    let deliveries = bench.daemon.store.deliveries(None, 9).await.expect("deliveries");
    let alert = &deliveries[0].alert;
    assert_eq!(deliveries.len(), 1);
    assert!(format!("{alert:?}").contains("MAE 13 is 30 % worse than 10"), "{alert:?}");
    // Somebody wants it anyway, and has the last word.
    bench.moved(&ada(), Some(2)).await;
    bench.live(99.0).await;
    assert_eq!((bench.gone_back().await.len(), bench.in_use().await), (1, Some(2)));
    // The next one is watched again.
    bench.promoted(3).await;
    bench.live(150.0).await;
    assert_eq!((bench.gone_back().await.len(), bench.in_use().await), (2, Some(2)));
}

#[tokio::test]
async fn nothing_goes_back_after_its_time() {
    for (days, expected) in [(12, 1), (13, 0)] {
        let folder = millwork_testing::folder();
        let bench = Bench::new(folder.path()).await;
        bench.promoted(1).await;
        bench.live(10.0).await;
        bench.promoted(2).await;
        for _ in 0..days {
            bench.live(11.0).await;
        }
        bench.live(13.0).await;
        assert_eq!(bench.gone_back().await.len(), expected, "{days} days later");
    }
}

#[tokio::test]
async fn without_a_version_before_it_nothing_goes_back() {
    let folder = millwork_testing::folder();
    let absolute = Condition::metric("live", "MAE").above(20.0);
    let clock = Arc::new(TestClock::at("2026-05-01T00:00:00Z".parse().expect("an instant")));
    let definitions = definitions().watch(Watch::new("model").rollback_if(absolute));
    let bench = Bench::of(folder.path(), definitions, clock).await;
    bench.live(99.0).await;
    bench.promoted(1).await;
    bench.live(99.0).await;
    assert_eq!(bench.in_use().await, Some(1));
    // What was measured of version 1 says nothing about version 2.
    bench.promoted(2).await;
    assert_eq!(bench.in_use().await, Some(2));
    bench.live(30.0).await;
    let expected = "champion: version 2 → 1 by the watch (MAE 30 of live is above 20)";
    assert_eq!(bench.gone_back().await, [expected]);
}

/// What the daemon has found was about another version than the one that is in use by now.
#[tokio::test]
async fn nothing_goes_back_over_what_a_person_did_meanwhile() {
    for to in [Some(3), None] {
        let folder = millwork_testing::folder();
        let bench = Bench::new(folder.path()).await;
        bench.record("model", made(None, Some(3))).await;
        bench.promoted(1).await;
        bench.live(10.0).await;
        bench.promoted(2).await;
        bench.record("live", made(Some(99.0), None)).await;
        let conditions: Conditions = bench.daemon.automation();
        let store = &*conditions.store;
        let switches = store.states().await.expect("switches");
        let cursor = switches[&Instigator::Automation(None)].cursor.clone();
        let now = bench.clock.now();
        let mut state = EvaluationState::read(&conditions.pipeline, store, &switches, cursor, now)
            .await
            .expect("a state");
        let changes = state.changes(conditions.pipeline.graph(), store).await.expect("changes");
        let decided = state.evaluate(&changes, now);
        assert_eq!(decided.watches, ["watch:model".into()]);
        bench.moved(&ada(), to).await;
        super::watches::go_back(&conditions, &state, &decided.watches, now).await.expect("no error");
        assert_eq!(bench.gone_back().await, [""; 0]);
        bench.tick().await;
        assert_eq!((bench.gone_back().await.len(), bench.in_use().await), (0, to.or(Some(1))));
    }
}

/// Wherever a daemon dies, and whatever others and people do at the same time.
#[tokio::test]
async fn of_many_daemons_one_goes_back() {
    let folder = millwork_testing::folder();
    let bench = Bench::new(folder.path()).await;
    bench.promoted(1).await;
    bench.live(10.0).await;
    for version in 2..=41 {
        bench.promoted(version).await;
        bench.clock.advance(DAY);
        bench.record("live", made(Some(f64::from(version) * 1_000.0), None)).await;
        let (mut dying, mut first, mut second) =
            (bench.daemon.automation(), bench.daemon.automation(), bench.daemon.automation());
        cut_off(dying.tick(), u64::from(version)).await;
        let meddles = version % 4 == 0;
        let by_hand = async {
            if meddles {
                bench.moved(&ada(), Some(1)).await;
            }
        };
        let (first, second, ()) = tokio::join!(first.tick(), second.tick(), by_hand);
        first.and(second).expect("ticks");
        bench.tick().await;
        let moves = bench.moves().await;
        assert_eq!(moves.last().and_then(|moved| moved.to), Some(number(1)));
        let left = moves.iter().filter(|moved| moved.from == Some(number(version))).count();
        assert_eq!(left, 1, "version {version} is left once, by the watch or by hand");
        // The next version is compared with this.
        bench.live(10.0).await;
    }
    let by_watch = bench.gone_back().await.len();
    assert!((30..=40).contains(&by_watch), "{by_watch}");
}

/// A watch that is new finds the promotion and the figures of before it in the log.
#[tokio::test]
async fn a_watch_that_is_new_knows_what_was_before_it() {
    let folder = millwork_testing::folder();
    let clock = Arc::new(TestClock::at("2026-05-01T00:00:00Z".parse().expect("an instant")));
    let without = Bench::of(folder.path(), definitions(), clock.clone()).await;
    without.promoted(1).await;
    without.live(99.0).await;
    without.live(10.0).await;
    without.promoted(2).await;
    without.live(13.0).await;
    let with = Bench::of(folder.path(), watched(), clock).await;
    with.tick().await;
    assert_eq!(with.gone_back().await, [WORSE]);
}

#[tokio::test]
async fn a_watch_that_is_off_does_nothing() {
    let folder = millwork_testing::folder();
    let bench = Bench::new(folder.path()).await;
    let watch = Instigator::Automation(Some("watch:model".into()));
    bench.daemon.store.switch(&watch, Some(false), SwitchedCursor::Cleared).await.expect("a switch");
    bench.promoted(1).await;
    bench.live(10.0).await;
    bench.promoted(2).await;
    bench.live(13.0).await;
    assert_eq!(bench.in_use().await, Some(2));
    bench.daemon.store.switch(&watch, Some(true), SwitchedCursor::Cleared).await.expect("a switch");
    bench.tick().await;
    assert_eq!(bench.gone_back().await, [WORSE]);
}
