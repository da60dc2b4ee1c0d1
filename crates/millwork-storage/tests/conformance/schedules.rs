//! Schedules: switches, evaluations and ticks.

use millwork_core::run::RunId;
use millwork_storage::{Evaluation, NewRun, RunQuery, ScheduleState, Tick, TickOutcome};

use crate::backend::Backend;
use crate::samples::at;

async fn state(store: &Backend, schedule: &str) -> ScheduleState {
    store.schedules().await.unwrap().remove(schedule).unwrap_or_default()
}

/// An evaluation at second `now` that requests a run.
fn evaluation(from: Option<&str>, cursor: &str, now: i64) -> Evaluation {
    let run = RunId::new(at(now));
    let tick = Tick {
        schedule: "hourly".to_owned(),
        due: at(now - 1),
        at: at(now),
        micros: Some(70),
        outcome: TickOutcome::Requested { run },
    };
    Evaluation {
        schedule: "hourly".to_owned(),
        from: from.map(str::to_owned),
        cursor: cursor.to_owned(),
        runs: vec![NewRun { id: run, request: Default::default(), at: at(now) }],
        ticks: vec![tick],
    }
}

async fn runs(store: &Backend) -> usize {
    store.runs(RunQuery::default()).await.unwrap().len()
}

pub(crate) async fn switched(store: Backend) {
    assert_eq!(state(&store, "hourly").await, ScheduleState::default());
    for on in [Some(true), Some(false), None] {
        store.switch_schedule("hourly", on).await.unwrap();
        assert_eq!(state(&store, "hourly").await, ScheduleState { on, cursor: None });
    }
    assert_eq!(state(&store, "daily").await, ScheduleState::default());
}

pub(crate) async fn evaluated(store: Backend) {
    store.switch_schedule("hourly", Some(true)).await.unwrap();
    let first = evaluation(None, "1", 10);
    assert!(store.record_evaluation(first.clone()).await.unwrap());
    let known = state(&store, "hourly").await;
    assert_eq!(known, ScheduleState { on: Some(true), cursor: Some("1".to_owned()) });
    assert_eq!((runs(&store).await, store.ticks(None, 9).await.unwrap()), (1, first.ticks.clone()));

    // Someone who began from the same cursor was slower, and requests nothing.
    assert!(!store.record_evaluation(evaluation(None, "2", 11)).await.unwrap());
    assert!(!store.record_evaluation(evaluation(Some("0"), "2", 11)).await.unwrap());
    assert_eq!((runs(&store).await, store.ticks(None, 9).await.unwrap().len()), (1, 1));

    let second = evaluation(Some("1"), "2", 12);
    assert!(store.record_evaluation(second.clone()).await.unwrap());
    let both = [second.ticks, first.ticks].concat();
    assert_eq!(store.ticks(Some("hourly"), 9).await.unwrap(), both);
    assert_eq!(store.ticks(None, 1).await.unwrap(), both[..1]);
    assert_eq!(store.ticks(Some("daily"), 9).await.unwrap(), []);
    let newest = store.newest_tick().await.unwrap();
    let numbered = store.ticks_behind(0, 9).await.unwrap();
    assert_eq!(
        numbered.iter().map(|(_, tick)| tick).rev().collect::<Vec<_>>(),
        both.iter().collect::<Vec<_>>()
    );
    assert!(numbered[0].0 < numbered[1].0 && numbered[1].0 == newest);
    assert_eq!(store.ticks_behind(0, 1).await.unwrap(), numbered[..1]);
    assert_eq!(store.ticks_behind(numbered[0].0, 9).await.unwrap(), numbered[1..]);
    assert_eq!(store.ticks_behind(newest, 9).await.unwrap(), []);
}

/// What would have been due while a schedule was off is not made up for.
pub(crate) async fn a_switch_forgets(store: Backend) {
    assert!(store.record_evaluation(evaluation(None, "1", 10)).await.unwrap());
    store.switch_schedule("hourly", None).await.unwrap();
    assert_eq!(state(&store, "hourly").await.cursor.as_deref(), Some("1"), "nothing was switched");
    store.switch_schedule("hourly", Some(false)).await.unwrap();
    assert_eq!(state(&store, "hourly").await, ScheduleState { on: Some(false), cursor: None });
}

/// A run that is there already leaves nothing of the evaluation.
pub(crate) async fn whole_or_not(store: Backend) {
    let first = evaluation(None, "1", 10);
    assert!(store.record_evaluation(first.clone()).await.unwrap());
    let again = Evaluation { from: Some("1".to_owned()), cursor: "2".to_owned(), ..first };
    store.record_evaluation(again).await.unwrap_err();
    assert_eq!(state(&store, "hourly").await.cursor.as_deref(), Some("1"));
    assert_eq!(store.ticks(None, 9).await.unwrap().len(), 1);
}

pub(crate) async fn one_of_many(store: Backend) {
    let tries = (0..20).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            store.record_evaluation(evaluation(None, &number.to_string(), 10 + number)).await.unwrap()
        })
    });
    let mut won = 0;
    for attempt in tries.collect::<Vec<_>>() {
        won += usize::from(attempt.await.unwrap());
    }
    assert_eq!((won, runs(&store).await), (1, 1));
}
