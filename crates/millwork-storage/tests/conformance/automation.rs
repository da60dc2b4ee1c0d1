//! What automation remembers.

use millwork_core::run::RunId;
use millwork_storage::{AutomationRow, Evaluation, NewRun, RunQuery};

use crate::backend::Backend;
use crate::samples::at;

fn row(asset: &str, state: Option<&str>) -> AutomationRow {
    AutomationRow { asset: asset.into(), state: state.map(str::to_owned) }
}

fn evaluation(from: Option<&str>, cursor: &str, now: i64) -> Evaluation {
    let run = NewRun { id: RunId::new(at(now)), request: Default::default(), at: at(now) };
    Evaluation {
        schedule: "automation".to_owned(),
        from: from.map(str::to_owned),
        cursor: cursor.to_owned(),
        runs: vec![run],
        ticks: Vec::new(),
    }
}

pub(crate) async fn remembered(store: Backend) {
    assert_eq!(store.automation_rows(None).await.unwrap(), []);
    let first = vec![row("b", Some("{\"b\":1}")), row("a/x \"é\"", Some("1"))];
    assert!(store.record_automation(evaluation(None, "1", 10), first).await.unwrap());
    let both = [row("a/x \"é\"", Some("1")), row("b", Some("{\"b\":1}"))];
    assert_eq!(store.automation_rows(None).await.unwrap(), both);
    assert_eq!(store.automation_rows(Some(&"b".into())).await.unwrap(), both[1..]);
    assert_eq!(store.automation_rows(Some(&"c".into())).await.unwrap(), []);

    // What isn't named stays as it is.
    let second = vec![row("b", Some("2")), row("c", Some("3"))];
    assert!(store.record_automation(evaluation(Some("1"), "2", 11), second).await.unwrap());
    let third = vec![row("a/x \"é\"", None), row("never", None)];
    assert!(store.record_automation(evaluation(Some("2"), "3", 12), third).await.unwrap());
    let left = [row("b", Some("2")), row("c", Some("3"))];
    assert_eq!(store.automation_rows(None).await.unwrap(), left);
    assert_eq!(store.schedules().await.unwrap()["automation"].cursor.as_deref(), Some("3"));
}

/// Runs and rows are written together, or neither.
pub(crate) async fn remembered_with_runs(store: Backend) {
    let first = evaluation(None, "1", 10);
    assert!(store.record_automation(first.clone(), vec![row("a", Some("1"))]).await.unwrap());
    // Someone was slower.
    let late = evaluation(None, "2", 11);
    assert!(!store.record_automation(late, vec![row("a", Some("2"))]).await.unwrap());
    // The run is there already.
    let again = Evaluation { from: Some("1".to_owned()), cursor: "2".to_owned(), ..first };
    store.record_automation(again, vec![row("a", Some("3"))]).await.unwrap_err();
    assert_eq!(store.automation_rows(None).await.unwrap(), [row("a", Some("1"))]);
    assert_eq!(store.runs(RunQuery::default()).await.unwrap().len(), 1);
}
