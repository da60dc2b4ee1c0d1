//! Instigators: switches, evaluations and ticks.

use millwork_core::run::{RunId, RunStatus};
use millwork_core::{Instigator, SwitchedCursor};
use millwork_storage::{Commit, InstigatorState, NewRun, RunQuery, Tick, TickOutcome};

use crate::backend::Backend;
use crate::samples::{at, claim_of};

fn schedule(name: &str) -> Instigator {
    Instigator::Schedule(name.to_owned())
}

async fn state(store: &Backend, name: &str) -> InstigatorState {
    let state = store.state(&schedule(name)).await.unwrap();
    let among_all = store.states().await.unwrap().remove(&schedule(name));
    assert_eq!(state, among_all.unwrap_or_default());
    state
}

/// An evaluation at second `now` that requests a run.
fn evaluation_of(instigator: Instigator, from: Option<&str>, cursor: &str, now: i64) -> Commit {
    let run = RunId::new(at(now));
    let tick = Tick {
        instigator: instigator.clone(),
        due: at(now - 1),
        at: at(now),
        micros: Some(70),
        outcome: TickOutcome::Requested { run },
    };
    let runs = vec![NewRun { id: run, request: Default::default(), at: at(now), lease: None }];
    Commit { runs, ticks: vec![tick], ..Commit::new(instigator, from.map(str::to_owned), cursor) }
}

fn evaluation(from: Option<&str>, cursor: &str, now: i64) -> Commit {
    evaluation_of(schedule("hourly"), from, cursor, now)
}

async fn runs(store: &Backend) -> usize {
    store.runs(RunQuery::default()).await.unwrap().len()
}

pub(crate) async fn switched(store: Backend) {
    assert_eq!(state(&store, "hourly").await, InstigatorState::default());
    for on in [Some(true), Some(false), None] {
        store.switch(&schedule("hourly"), on, SwitchedCursor::Cleared).await.unwrap();
        assert_eq!(state(&store, "hourly").await, InstigatorState { on, ..InstigatorState::default() });
    }
    assert_eq!(state(&store, "daily").await, InstigatorState::default());
}

pub(crate) async fn evaluated(store: Backend) {
    store.switch(&schedule("hourly"), Some(true), SwitchedCursor::Cleared).await.unwrap();
    let first = evaluation(None, "1", 10);
    assert!(store.commit(first.clone()).await.unwrap());
    let known = state(&store, "hourly").await;
    assert_eq!(known, InstigatorState { on: Some(true), cursor: Some("1".to_owned()), stuck_since: None });
    assert_eq!((runs(&store).await, store.ticks(&[], 9).await.unwrap()), (1, first.ticks.clone()));

    // A commit from the same cursor that comes later requests nothing.
    assert!(!store.commit(evaluation(None, "2", 11)).await.unwrap());
    assert!(!store.commit(evaluation(Some("0"), "2", 11)).await.unwrap());
    assert_eq!((runs(&store).await, store.ticks(&[], 9).await.unwrap().len()), (1, 1));

    let second = evaluation(Some("1"), "2", 12);
    assert!(store.commit(second.clone()).await.unwrap());
    let both = [second.ticks, first.ticks].concat();
    assert_eq!(store.ticks(&[schedule("hourly")], 9).await.unwrap(), both);
    assert_eq!(store.ticks(&[], 1).await.unwrap(), both[..1]);
    assert_eq!(store.ticks(&[schedule("daily")], 9).await.unwrap(), []);
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

/// Ticks that would have been due while a schedule was off are not made up for.
pub(crate) async fn a_switch_forgets(store: Backend) {
    assert!(store.commit(evaluation(None, "1", 10)).await.unwrap());
    store.switch(&schedule("hourly"), None, SwitchedCursor::Cleared).await.unwrap();
    assert_eq!(state(&store, "hourly").await.cursor.as_deref(), Some("1"), "nothing was switched");
    store.switch(&schedule("hourly"), Some(false), SwitchedCursor::Cleared).await.unwrap();
    assert_eq!(
        state(&store, "hourly").await,
        InstigatorState { on: Some(false), ..InstigatorState::default() }
    );
}

/// A sensor that polls is off and on again, and goes on where it was.
pub(crate) async fn a_switch_keeps(store: Backend) {
    assert!(store.commit(evaluation(None, "1", 10)).await.unwrap());
    for on in [Some(false), Some(true), None] {
        store.switch(&schedule("hourly"), on, SwitchedCursor::Kept).await.unwrap();
        let expected = InstigatorState { on, cursor: Some("1".to_owned()), stuck_since: None };
        assert_eq!(state(&store, "hourly").await, expected);
    }
    store.switch(&schedule("daily"), Some(true), SwitchedCursor::Kept).await.unwrap();
    assert_eq!(state(&store, "daily").await.cursor, None);
    assert!(!store.commit(evaluation(None, "2", 11)).await.unwrap());
    assert!(store.commit(evaluation(Some("1"), "2", 12)).await.unwrap());
}

/// A run that exists already refuses the whole evaluation.
pub(crate) async fn whole_or_not(store: Backend) {
    let first = evaluation(None, "1", 10);
    assert!(store.commit(first.clone()).await.unwrap());
    let again = Commit { from: Some("1".to_owned()), cursor: "2".to_owned(), ..first };
    store.commit(again).await.unwrap_err();
    assert_eq!(state(&store, "hourly").await.cursor.as_deref(), Some("1"));
    assert_eq!(store.ticks(&[], 9).await.unwrap().len(), 1);
}

pub(crate) async fn one_of_many(store: Backend) {
    let tries = (0..20).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            store.commit(evaluation(None, &number.to_string(), 10 + number)).await.unwrap()
        })
    });
    let mut won = 0;
    for attempt in tries.collect::<Vec<_>>() {
        won += usize::from(attempt.await.unwrap());
    }
    assert_eq!((won, runs(&store).await), (1, 1));
}

/// Evaluations that share commits, with claims and cancellations of runs in between: all are stored, and a run that was requested twice is
/// refused alone.
pub(crate) async fn many_at_once(store: Backend) {
    const MANY: i64 = 300;
    let request = |number: i64| {
        let mut commit = evaluation_of(schedule(&format!("s{number}")), None, "1", 10 + number);
        let tags = (0..3).map(|tag| (format!("tag{tag}"), format!("{number}.{tag}")));
        commit.runs[0].request.tags = tags.collect();
        commit
    };
    let commits: Vec<Commit> = (0..MANY).map(request).collect();
    let again = Commit { instigator: schedule("again"), ..commits[0].clone() };
    let tries = commits.iter().cloned().chain([again]).map(|commit| {
        let (store, run) = (store.clone(), commit.runs[0].id);
        tokio::spawn(async move {
            let committed = store.commit(commit).await;
            let claimed = store.claim(claim_of(run, "holder")).await;
            store.request_cancel(run, at(400)).await.unwrap();
            (committed.is_ok_and(|committed| committed), claimed.is_ok())
        })
    });
    let mut counts = (0, 0);
    for attempt in tries.collect::<Vec<_>>() {
        let (committed, claimed) = attempt.await.unwrap();
        counts = (counts.0 + usize::from(committed), counts.1 + usize::from(claimed));
    }
    assert_eq!(counts, (MANY as usize, MANY as usize));
    for (number, commit) in commits.iter().enumerate() {
        let (id, tag) = (commit.runs[0].id, ("tag2".to_owned(), format!("{number}.2")));
        let found = store.runs(RunQuery { tag: Some(tag), ..RunQuery::default() }).await.unwrap();
        assert_eq!(found.iter().map(|run| (run.id, run.epoch)).collect::<Vec<_>>(), [(id, 1)]);
        assert_eq!((found[0].status, &found[0].request), (RunStatus::Canceling, &commit.runs[0].request));
    }
    assert_eq!(
        (runs(&store).await, store.ticks(&[], 999).await.unwrap().len()),
        (MANY as usize, MANY as usize)
    );
    assert_eq!(store.states().await.unwrap().len(), MANY as usize);
}

/// A schedule that is called like a sensor, or like something of Millwork's own, has a state and ticks of its own.
pub(crate) async fn named_alike(store: Backend) {
    let alike = [
        schedule("sensor:inbox"),
        Instigator::Sensor("inbox".to_owned()),
        schedule("millwork/alerts"),
        Instigator::Alerts,
        schedule("millwork/schedule:sensor:inbox"),
        Instigator::Automation(None),
        Instigator::Automation(Some("inbox".into())),
        schedule("millwork/automation"),
    ];
    for (number, instigator) in alike.iter().enumerate() {
        let commit = evaluation_of(instigator.clone(), None, &number.to_string(), 10 + number as i64);
        assert!(store.commit(commit).await.unwrap(), "{instigator}");
    }
    assert_eq!(store.states().await.unwrap().len(), alike.len());
    for (number, instigator) in alike.iter().enumerate() {
        assert_eq!(store.state(instigator).await.unwrap().cursor, Some(number.to_string()), "{instigator}");
        let ticks = store.ticks(std::slice::from_ref(instigator), 9).await.unwrap();
        assert_eq!((ticks.len(), &ticks[0].instigator), (1, instigator));
    }
    let two: Vec<Instigator> =
        store.ticks(&alike[1..3], 9).await.unwrap().into_iter().map(|tick| tick.instigator).collect();
    assert_eq!(two, [alike[2].clone(), alike[1].clone()], "newest first");
    assert_eq!(store.ticks(&alike[1..3], 1).await.unwrap().len(), 1);
}
