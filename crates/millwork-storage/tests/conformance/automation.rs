//! The state of automation.

use millwork_core::Instigator;
use millwork_core::run::RunId;
use millwork_storage::{AutomationRow, Commit, NewRun, RunQuery};

use crate::backend::Backend;
use crate::samples::at;

fn row(asset: &str, state: Option<&str>) -> AutomationRow {
    AutomationRow { asset: asset.into(), state: state.map(str::to_owned) }
}

fn commit(from: Option<&str>, cursor: &str, now: i64, rows: Vec<AutomationRow>) -> Commit {
    let run = NewRun { id: RunId::new(at(now)), request: Default::default(), at: at(now), lease: None };
    let from = from.map(str::to_owned);
    Commit { runs: vec![run], rows, ..Commit::new(Instigator::Automation(None), from, cursor) }
}

pub(crate) async fn remembered(store: Backend) {
    assert_eq!(store.automation_rows(None).await.unwrap(), []);
    let first = vec![row("b", Some("{\"b\":1}")), row("a/x \"é\"", Some("1"))];
    assert!(store.commit(commit(None, "1", 10, first)).await.unwrap());
    let both = [row("a/x \"é\"", Some("1")), row("b", Some("{\"b\":1}"))];
    assert_eq!(store.automation_rows(None).await.unwrap(), both);
    assert_eq!(store.automation_rows(Some(&"b".into())).await.unwrap(), both[1..]);
    assert_eq!(store.automation_rows(Some(&"c".into())).await.unwrap(), []);

    // Assets that aren't named keep their state.
    let second = vec![row("b", Some("2")), row("c", Some("3"))];
    assert!(store.commit(commit(Some("1"), "2", 11, second)).await.unwrap());
    let third = vec![row("a/x \"é\"", None), row("never", None)];
    assert!(store.commit(commit(Some("2"), "3", 12, third)).await.unwrap());
    let left = [row("b", Some("2")), row("c", Some("3"))];
    assert_eq!(store.automation_rows(None).await.unwrap(), left);
    assert_eq!(store.state(&Instigator::Automation(None)).await.unwrap().cursor.as_deref(), Some("3"));
}

/// Runs and rows are written together, or neither.
pub(crate) async fn remembered_with_runs(store: Backend) {
    let first = commit(None, "1", 10, vec![row("a", Some("1"))]);
    assert!(store.commit(first.clone()).await.unwrap());
    // A commit from an old cursor is refused.
    let late = commit(None, "2", 11, vec![row("a", Some("2"))]);
    assert!(!store.commit(late).await.unwrap());
    // The run exists already.
    let rows = vec![row("a", Some("3"))];
    let again = Commit { from: Some("1".to_owned()), cursor: "2".to_owned(), rows, ..first };
    store.commit(again).await.unwrap_err();
    assert_eq!(store.automation_rows(None).await.unwrap(), [row("a", Some("1"))]);
    assert_eq!(store.runs(RunQuery::default()).await.unwrap().len(), 1);
}
