//! A full disk, simulated by a limit on the number of pages: changes fail with a hint, and no data is harmed.

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::Advice as _;
use millwork_core::event::{EventBody, NewEvent};
use millwork_core::run::{RunId, RunRequest};

use super::SqliteStore;
use super::writer::{Change, ChangeError, Transaction};
use crate::{Batch, EventLog, EventQuery, NewRun, RunStore};

/// Limits the size of the database.
struct LimitPages(u32);

#[async_trait]
impl Change for LimitPages {
    type Outcome = ();
    const ACTION: &'static str = "limit the database";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), ChangeError> {
        let text = format!("PRAGMA max_page_count = {}", self.0);
        sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(transaction.connection()).await?;
        Ok(())
    }
}

fn large_events(run: RunId) -> Batch {
    let event = NewEvent {
        step: Some(format!("step of {run}").as_str().into()),
        value: Some(vec![7; 50_000].into()),
        ..NewEvent::of_run(run, Timestamp::UNIX_EPOCH, EventBody::StepStarted)
    };
    Batch { fence: None, events: vec![event; 20] }
}

#[tokio::test]
async fn changes_fail_until_there_is_room_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("millwork.db")).await.unwrap();
    let id = RunId::from_u128(1);
    let run = NewRun { id, request: RunRequest::default(), at: Timestamp::UNIX_EPOCH, lease: None };
    store.create_run(run.clone()).await.unwrap();
    store.writer.write(LimitPages(1)).await.unwrap();

    // Changes of one transaction fail together, each with its own action.
    let another = NewRun { id: RunId::from_u128(2), ..run.clone() };
    let (appended, created) = tokio::join!(store.append(large_events(id)), store.create_run(another.clone()));
    for (error, message) in [
        (appended.unwrap_err(), "failed to append events in the database"),
        (created.unwrap_err(), "failed to create a run in the database"),
    ] {
        assert_eq!(error.to_string(), message);
        assert!(error.hint().is_some_and(|hint| hint.starts_with("free some space")), "{error:?}");
    }
    assert_eq!(store.events(EventQuery::default()).await.unwrap().len(), 1);

    store.writer.write(LimitPages(1_000_000)).await.unwrap();
    assert_eq!(store.append(large_events(id)).await.unwrap().len(), 20);
    store.create_run(another).await.unwrap();
    assert_eq!(store.events(EventQuery::default()).await.unwrap().len(), 22);
}
