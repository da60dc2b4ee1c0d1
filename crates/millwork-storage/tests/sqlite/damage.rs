//! Rows that can't be read cost only themselves: all others are read, writing goes on, the check names them, and the repair sets them
//! aside.

use jiff::Timestamp;
use millwork_core::event::{Event, EventBody, Mover, NewEvent};
use millwork_core::model::Author;
use millwork_core::run::{RunId, RunRequest, RunState, RunStatus};
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{AssetKey, AssetPartition, Instigator};
use millwork_storage::{
    AlertStore as _, Claim, Commit, EventLog as _, EventQuery, Fence, Holder, InstigatorStore as _,
    Maintenance as _, ModelAction, NewRun, PoolShare, PoolSlots as _, RunQuery, RunStore as _, Seen,
    SqliteStore, Table, TakeSlots, Tick, TickOutcome, act_on_model, append_version, model_history,
};
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tempfile::TempDir;

use crate::samples::{at, batch, create, open, step_events};

/// Every damage, and the finding of the check.
const DAMAGE: [(&str, Table, &str); 19] = [
    (
        "UPDATE events SET body = 'x' WHERE sequence = 5",
        Table::Events,
        "event 5 `step_succeeded` of step `a` of run",
    ),
    ("UPDATE events SET body = '{\"micros\":null}' WHERE sequence = 5", Table::Events, "event 5"),
    ("UPDATE events SET body = CAST(x'7b22ff' AS TEXT) WHERE sequence = 5", Table::Events, "event 5"),
    ("UPDATE events SET body = '{\x1e1\x1f2\x1e' WHERE sequence = 5", Table::Events, "event 5"),
    ("UPDATE events SET body = '{\x1f\x1f' WHERE sequence = 5", Table::Events, "event 5"),
    ("UPDATE events SET format = 99 WHERE sequence = 5", Table::Events, "event 5"),
    ("UPDATE events SET kind = 99 WHERE sequence = 5", Table::Events, "event 5 of step `a`"),
    ("UPDATE events SET attempt = -1 WHERE sequence = 5", Table::Events, "event 5"),
    ("UPDATE events SET at = 9223372036854775807 WHERE sequence = 5", Table::Events, "event 5"),
    ("UPDATE events SET step = 4711 WHERE sequence = 5", Table::Events, "event 5"),
    (
        "UPDATE events SET body = NULL WHERE sequence = 4",
        Table::Events,
        "event 4 `materialized` of asset `a`",
    ),
    ("UPDATE runs SET request = '{' WHERE number = 1", Table::Runs, "the request of run"),
    ("UPDATE runs SET status = 'dancing' WHERE number = 1", Table::Runs, "the status of run"),
    ("UPDATE runs SET holder = 'nobody' WHERE number = 2", Table::Runs, "the holder of run"),
    ("UPDATE ticks SET outcome = '' WHERE id = 1", Table::Ticks, "a tick of `hourly`"),
    ("UPDATE slots SET holder = '?' WHERE id = 1", Table::Slots, "a slot of `gpu`"),
    ("UPDATE latest SET verdict = 4711", Table::Latest, "the latest events of `a`"),
    ("UPDATE latest SET verdict = 3", Table::Latest, "the latest events of `a`"),
    ("DELETE FROM latest", Table::Latest, "the latest events of `a`"),
];

struct Damaged {
    store: SqliteStore,
    connection: SqliteConnection,
    _folder: TempDir,
}

impl Damaged {
    /// A store with a little of everything, before any of it is damaged.
    async fn whole() -> Self {
        let folder = TempDir::new().unwrap();
        let store = open(folder.path()).await;
        let fence = started(&store, 1).await;
        // Numbers 3, 4 and 5.
        store.append(batch(step_events(fence.run, "a"))).await.unwrap();
        store.append(batch(vec![of_run(fence.run, EventBody::RunSucceeded)])).await.unwrap();
        started(&store, 2).await;
        let hourly = Instigator::from_stored("hourly");
        let outcome = TickOutcome::Idle { reason: "nothing".to_owned() };
        let tick = Tick { instigator: hourly.clone(), due: at(), at: at(), micros: None, outcome };
        let commit = Commit { ticks: vec![tick], ..Commit::new(hourly, None, "c") };
        assert!(store.commit(commit).await.unwrap());
        let of = vec![PoolShare { pool: "gpu".to_owned(), slots: 1, of: 2 }];
        store.take_slots(TakeSlots { of, holder: holder(), now: at(), until: at() }).await.unwrap();
        let options =
            SqliteConnectOptions::new().filename(folder.path().join("millwork.db")).foreign_keys(false);
        let connection = SqliteConnection::connect_with(&options);
        Self { store, connection: connection.await.unwrap(), _folder: folder }
    }

    async fn execute(&mut self, statement: &str) {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut self.connection).await.unwrap();
    }

    /// Every query of a store.
    async fn is_read(&self) -> Vec<Event> {
        let events = self.store.events(EventQuery::default()).await.unwrap();
        for run in self.store.runs(RunQuery::default()).await.unwrap() {
            self.store.run(run.id).await.unwrap();
            let of_run = EventQuery { run: Some(run.id), ..EventQuery::default() };
            RunState::of_stored(&self.store.events(of_run).await.unwrap());
        }
        self.store.latest(&[AssetKey::from("a")]).await.unwrap();
        self.store.ticks(&[], 10).await.unwrap();
        self.store.ticks_behind(0, 10).await.unwrap();
        self.store.states().await.unwrap();
        self.store.held_slots().await.unwrap();
        self.store.deliveries(None, 10).await.unwrap();
        self.store.pending_deliveries(9).await.unwrap();
        events
    }

    /// Another run, from its request to its end.
    async fn goes_on(&self, number: u128) {
        let fence = started(&self.store, number).await;
        self.store.append(batch(vec![of_run(fence.run, EventBody::RunSucceeded)])).await.unwrap();
        assert_eq!(self.store.run(fence.run).await.unwrap().unwrap().status, RunStatus::Succeeded);
    }
}

fn holder() -> Holder {
    Holder { id: "holder".to_owned(), host: "host".to_owned(), pid: 7, boot: "boot".to_owned() }
}

async fn started(store: &SqliteStore, number: u128) -> Fence {
    let run = create(store, number).await;
    let until = Timestamp::from_second(1_763_000_031).unwrap();
    store.claim(Claim { run, holder: holder(), now: at(), until, resumes: false }).await.unwrap()
}

fn of_run(run: RunId, body: EventBody) -> NewEvent {
    NewEvent::of_run(run, at(), body)
}

/// The second event of a step that makes `a`.
fn materialized(run: RunId) -> NewEvent {
    step_events(run, "a").swap_remove(1)
}

#[tokio::test]
async fn a_row_that_cannot_be_read_costs_only_itself() {
    for (number, (statement, table, what)) in (10..).zip(DAMAGE) {
        let mut damaged = Damaged::whole().await;
        let before = damaged.is_read().await;
        damaged.execute(statement).await;
        let events = damaged.is_read().await;
        let sequences = |events: &[Event]| events.iter().map(|event| event.sequence).collect::<Vec<_>>();
        assert_eq!(sequences(&events), sequences(&before), "{statement}");
        let changed = events.iter().zip(&before).filter(|(one, other)| one != other).count();
        assert_eq!(changed, usize::from(table == Table::Events), "{statement}");
        damaged.goes_on(number).await;

        let found = damaged.store.check().await.unwrap();
        assert_eq!(found.len(), 1, "{statement}: {found:?}");
        assert_eq!(found[0].table, table, "{statement}");
        assert!(found[0].what.starts_with(what) && !found[0].reason.is_empty(), "{statement}: {found:?}");

        assert_eq!(damaged.store.repair(at()).await.unwrap(), found, "{statement}");
        assert_eq!(damaged.store.check().await.unwrap(), [], "{statement}");
        damaged.is_read().await;
        damaged.goes_on(number + 1_000).await;
    }
}

#[tokio::test]
async fn what_is_set_aside_can_be_put_back_byte_by_byte() {
    let mut damaged = Damaged::whole().await;
    damaged
        .execute("UPDATE events SET body = CAST(x'7b00ff' AS TEXT), value = x'0102' WHERE sequence = 4")
        .await;
    let row = "SELECT hex(concat(sequence, run, at, kind, step, asset, partition, attempt, format)) || hex(body) || hex(value) \
               FROM events WHERE sequence = 4";
    let before: String = sqlx::query_scalar(row).fetch_one(&mut damaged.connection).await.unwrap();
    damaged.store.repair(at()).await.unwrap();
    assert_eq!(damaged.store.latest(&[AssetKey::from("a")]).await.unwrap(), []);
    let statement: Vec<u8> = sqlx::query_scalar("SELECT statement FROM set_aside")
        .fetch_one(&mut damaged.connection)
        .await
        .unwrap();
    damaged.execute(std::str::from_utf8(&statement).unwrap()).await;
    let after: String = sqlx::query_scalar(row).fetch_one(&mut damaged.connection).await.unwrap();
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_run_that_lacks_a_row_is_damaged() {
    let mut damaged = Damaged::whole().await;
    let (id, of_run) =
        (RunId::from_u128(1), EventQuery { run: Some(RunId::from_u128(1)), ..EventQuery::default() });
    let state =
        async |damaged: &Damaged| RunState::of_stored(&damaged.store.events(of_run.clone()).await.unwrap());
    assert_eq!(state(&damaged).await.damage, None);
    damaged.execute("UPDATE events SET body = 'x' WHERE sequence = 5").await;
    let damage = state(&damaged).await.damage.unwrap();
    assert!(damage.starts_with("event 5 can't be read: "), "{damage}");
    damaged.store.repair(at()).await.unwrap();
    let run = damaged.store.run(id).await.unwrap().unwrap();
    assert!(run.damage.unwrap().starts_with("event 5 was set aside"), "{:?}", run.status);
    assert_eq!(run.status, RunStatus::Succeeded);
}

#[tokio::test]
async fn what_is_latest_goes_back_to_what_can_be_read() {
    let mut damaged = Damaged::whole().await;
    let run = RunId::from_u128(1);
    damaged.store.append(batch(vec![materialized(run)])).await.unwrap();
    damaged.execute("UPDATE events SET body = 'x' WHERE kind = 15 AND sequence > 4").await;
    let latest = damaged.store.latest(&[AssetKey::from("a")]).await.unwrap();
    assert!(matches!(latest[0].materialization.as_ref().unwrap().body, EventBody::Unreadable(_)));
    damaged.store.repair(at()).await.unwrap();
    let latest = damaged.store.latest(&[AssetKey::from("a")]).await.unwrap();
    assert_eq!(latest[0].materialization.as_ref().unwrap().sequence, 4);
}

#[tokio::test]
async fn a_run_whose_id_cannot_be_read_takes_no_other_place() {
    let mut damaged = Damaged::whole().await;
    let newest = async |damaged: &Damaged, limit| {
        let found = damaged.store.runs(RunQuery { limit: Some(limit), ..RunQuery::default() }).await.unwrap();
        found.iter().map(|run| run.id).collect::<Vec<_>>()
    };
    damaged.goes_on(3).await;
    damaged
        .execute("UPDATE runs SET id = x'01' WHERE number = 3; UPDATE runs SET id = x'02' WHERE number = 2")
        .await;
    for limit in [1, 2, 10] {
        assert_eq!(newest(&damaged, limit).await, [RunId::from_u128(1)], "{limit}");
    }
    assert_eq!(newest(&damaged, 0).await, []);
}

#[tokio::test]
async fn what_is_latest_is_made_again_from_the_events() {
    let mut damaged = Damaged::whole().await;
    let before = damaged.store.latest(&[AssetKey::from("a")]).await.unwrap();
    for lost in
        ["DELETE FROM latest", "UPDATE latest SET materialization = NULL", "UPDATE latest SET verdict = 1"]
    {
        damaged.execute(lost).await;
        damaged.store.repair(at()).await.unwrap();
        assert_eq!(damaged.store.latest(&[AssetKey::from("a")]).await.unwrap(), before, "{lost}");
    }
}

/// A curve with a hole as an earlier version wrote it, which it then could not read.
#[tokio::test]
async fn a_curve_that_an_earlier_version_wrote_with_null_is_read() {
    let mut damaged = Damaged::whole().await;
    damaged
        .execute(
            "UPDATE events SET format = 1, body = json_set(body, '$.metadata.loss', json('{\"type\":\"series\",\"value\":\
             {\"x_label\":\"round\",\"x\":[0.0,1.0],\"y\":{\"train\":[0.7,null]}}}')) WHERE sequence = 4",
        )
        .await;
    let events = damaged.is_read().await;
    assert!(events.iter().all(|event| !matches!(event.body, EventBody::Unreadable(_))), "{events:?}");
    assert_eq!(damaged.store.check().await.unwrap(), []);
}

#[tokio::test]
async fn what_could_not_be_read_again_is_refused_and_nothing_else_is() {
    let damaged = Damaged::whole().await;
    let deep = (0..200).fold(serde_json::json!(1), |inner, _| serde_json::json!([inner]));
    let mut too_deep = materialized(RunId::from_u128(1));
    if let EventBody::Materialized(made) = &mut too_deep.body {
        made.metadata.insert("deep".to_owned(), deep.clone().into());
    }
    let refused = damaged.store.append(batch(vec![too_deep])).await.unwrap_err();
    assert!(refused.to_string().starts_with("the event `materialized` can't be stored"), "{refused}");
    let request = RunRequest { config: deep, ..RunRequest::default() };
    let run = NewRun { id: RunId::from_u128(77), request, at: at(), lease: None };
    let refused = damaged.store.create_run(run).await.unwrap_err();
    assert!(refused.to_string().starts_with("the request of the run can't be stored"), "{refused}");
    damaged.goes_on(78).await;
}

#[tokio::test]
async fn an_alias_stays_where_it_is_if_the_event_of_its_last_move_is_damaged() {
    let mut damaged = Damaged::whole().await;
    let (model, champion) = (AssetPartition::new("model".into(), None), AliasName::champion());
    let number = |version| VersionNumber::new(version).unwrap();
    for _ in 1..=3 {
        let made = step_events(RunId::from_u128(1), "model").remove(1);
        append_version(&damaged.store, NewEvent { run: None, step: None, ..made }).await.unwrap();
    }
    let author = Author { by: Mover::Person("ada".to_owned()), reason: String::new() };
    let promote = async |store: &SqliteStore, version| {
        let action = ModelAction::Promote(number(version));
        act_on_model(store, (&model, &champion), &action, (&author, Seen::Now), at()).await
    };
    for version in [1, 2] {
        promote(&damaged.store, version).await.unwrap();
    }
    damaged
        .execute(
            "UPDATE events SET body = '{' WHERE kind = 23 AND sequence = (SELECT max(sequence) FROM events)",
        )
        .await;
    for repaired in [false, true] {
        if repaired {
            assert_eq!(damaged.store.repair(at()).await.unwrap().len(), 1);
        }
        let history = model_history(&damaged.store, &model).await.unwrap();
        assert_eq!(history.at(&champion), Some(number(2)), "as readers of the alias have it");
    }
    promote(&damaged.store, 3).await.unwrap();
    let history = model_history(&damaged.store, &model).await.unwrap();
    assert_eq!(history.at(&champion), Some(number(3)));
}
