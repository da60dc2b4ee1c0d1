//! The status of a run is a fold over its events that rejects illegal moves.

use jiff::Timestamp;
use millwork_core::event::{Event, EventBody, EventKind, NewEvent, UnreadableEvent};
use millwork_core::run::{Failure, FailureKind, RunId, RunState, RunStatus, StepStatus};
use proptest::prelude::*;

fn failure() -> Failure {
    Failure::new(FailureKind::Error, "no")
}

/// Events by short names: `queue`, `start`, …; those of a step are `step.event/attempt`.
fn event(written: &str) -> Event {
    let run = RunId::from_u128(1);
    let of_run = |body| NewEvent::of_run(run, Timestamp::UNIX_EPOCH, body).at_sequence(1);
    let Some((step, rest)) = written.split_once('.') else {
        return of_run(match written {
            "queue" => EventBody::RunQueued,
            "start" => EventBody::RunStarted { epoch: 1 },
            "canceling" => EventBody::RunCanceling,
            "succeed" => EventBody::RunSucceeded,
            "fail" => EventBody::run_failed("r"),
            "cancel" => EventBody::RunCanceled,
            "lose" => EventBody::run_lost("r"),
            "unreadable" | "unreadable_line" | "unknown" => EventBody::Unreadable(UnreadableEvent {
                kind: match written {
                    "unreadable" => Some(EventKind::StepSucceeded),
                    "unreadable_line" => Some(EventKind::Logged),
                    _ => None,
                },
                reason: "damaged".to_owned(),
            }),
            other => panic!("{other}"),
        });
    };
    let (name, attempt) = rest.split_once('/').unwrap_or((rest, "1"));
    let body = match name {
        "start" => EventBody::StepStarted,
        "succeed" => EventBody::StepSucceeded { micros: 1 },
        "fail" => EventBody::StepFailed { failure: failure() },
        "retry" => EventBody::StepRetrying { failure: failure(), delay_ms: 1 },
        "skip" => EventBody::StepSkipped { reason: "r".into() },
        "cancel" => EventBody::StepCanceled,
        "progress" => EventBody::StepProgressed { done: 1, of: 2 },
        other => panic!("{other}"),
    };
    Event {
        step: Some(step.into()),
        attempt: attempt.parse().expect("an attempt is a number"),
        ..of_run(body)
    }
}

#[track_caller]
fn check(events: &str, expected: Result<&str, &str>) {
    let events: Vec<Event> = events.split(' ').map(event).collect();
    let state = RunState::replay(&events).map_err(|error| error.to_string());
    let words = state.map(|state| {
        let steps = state
            .steps
            .iter()
            .map(|(key, state)| format!(" {}:{}/{}", key.step, state.status, state.attempt));
        format!("{}{}", state.status.map_or("none", RunStatus::as_str), steps.collect::<String>())
    });
    assert_eq!(words, expected.map(str::to_owned).map_err(str::to_owned));
}

#[test]
fn legal_courses() {
    check("queue", Ok("queued"));
    check("queue start a.start a.succeed succeed", Ok("succeeded a:succeeded/1"));
    check("queue start a.start a.retry a.start/2 a.fail/2 b.skip fail", Ok("failed a:failed/2 b:skipped/0"));
    check(
        "queue start a.start a.fail b.skip fail start a.start/2 a.succeed/2 b.start/2 b.succeed/2 succeed",
        Ok("succeeded a:succeeded/2 b:succeeded/2"),
    );
    check(
        "queue start a.start b.start b.retry lose start a.skip b.start/2 fail",
        Ok("failed a:skipped/1 b:canceled/2"),
    );
    check("queue start a.start lose start a.start/2 a.progress/2", Ok("running a:running/2"));
    check("queue start a.start canceling a.cancel cancel", Ok("canceled a:canceled/1"));
    check("queue cancel", Ok("canceled"));
    // A run that is ended by force, or whose process died, ends its steps.
    check("queue start a.start canceling cancel", Ok("canceled a:canceled/1"));
    check("queue start a.start b.start b.succeed lose", Ok("lost a:canceled/1 b:succeeded/1"));
    check("queue start a.start a.retry fail", Ok("failed a:canceled/1"));
    check("queue start a.start lose start a.start/2 a.succeed/2 succeed", Ok("succeeded a:succeeded/2"));
    check("queue start canceling succeed", Ok("succeeded"));
}

#[test]
fn a_step_that_ends_with_its_run_says_so() {
    for (end, reason) in
        [("cancel", None), ("lose", Some("its run was lost")), ("fail", Some("its run failed"))]
    {
        let state =
            RunState::replay(&["queue", "start", "a.start", "b.skip", end].map(event)).expect("legal");
        let steps: Vec<_> = state.steps.values().collect();
        assert_eq!((steps[0].reason.as_deref(), steps[0].finished_at), (reason, state.finished_at), "{end}");
        assert_eq!((steps[1].status, steps[1].reason.as_deref()), (StepStatus::Skipped, Some("r")), "{end}");
    }
}

#[test]
fn illegal_moves() {
    check("start", Err("the event `run_started` cannot follow the status `none`"));
    check("queue start start", Err("the event `run_started` cannot follow the status `running`"));
    check("queue start succeed start", Err("the event `run_started` cannot follow the status `succeeded`"));
    check("queue succeed", Err("the event `run_succeeded` cannot follow the status `queued`"));
    check(
        "queue start a.succeed",
        Err("the event `step_succeeded` cannot follow the status `pending` of step `a`"),
    );
    check(
        "queue start a.start a.succeed a.succeed",
        Err("the event `step_succeeded` cannot follow the status `succeeded` of step `a`"),
    );
    check(
        "queue start a.start/2 a.succeed/1",
        Err("the event `step_succeeded` cannot follow the status `running` of step `a`"),
    );
    check(
        "queue start a.start/2 a.start/2",
        Err("the event `step_started` cannot follow the status `running` of step `a`"),
    );
    check(
        "queue start a.start a.succeed a.start/2",
        Err("the event `step_started` cannot follow the status `succeeded` of step `a`"),
    );
}

const WORDS: [&str; 13] = [
    "queue",
    "start",
    "canceling",
    "succeed",
    "fail",
    "cancel",
    "lose",
    "a.start/1",
    "a.start/2",
    "a.succeed/1",
    "a.fail/2",
    "a.skip/0",
    "a.retry/1",
];

proptest! {
    /// Whatever comes, an illegal event changes nothing, and a succeeded step stays so.
    #[test]
    fn illegal_events_change_nothing(course in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..40)) {
        let mut state = RunState::default();
        for written in course {
            let before = state.clone();
            let succeeded = before.count(StepStatus::Succeeded);
            match state.apply(&event(written)) {
                Ok(()) => prop_assert!(state.count(StepStatus::Succeeded) >= succeeded),
                Err(_) => prop_assert_eq!(&before, &state),
            }
            prop_assert!(before.status != Some(RunStatus::Succeeded) || state.status == Some(RunStatus::Succeeded));
            if matches!(state.status, Some(RunStatus::Failed | RunStatus::Canceled | RunStatus::Lost))
                && before.status != state.status
            {
                prop_assert_eq!(state.count(StepStatus::Running) + state.count(StepStatus::Retrying), 0);
            }
        }
    }
}

/// What stored events lead to, whatever is missing among them, and whether that is noticed.
#[track_caller]
fn check_stored(events: &str, expected: &str, damage: Option<&str>) {
    let events: Vec<Event> = events.split(' ').map(event).collect();
    let state = RunState::of_stored(&events);
    let steps =
        state.steps.iter().map(|(key, state)| format!(" {}:{}/{}", key.step, state.status, state.attempt));
    let words = format!("{}{}", state.status.map_or("none", RunStatus::as_str), steps.collect::<String>());
    assert_eq!((words.as_str(), state.damage.as_deref()), (expected, damage));
}

#[test]
fn what_is_missing_is_noticed_and_the_rest_is_taken_at_its_word() {
    check_stored("queue start a.start a.succeed succeed", "succeeded a:succeeded/1", None);
    let unreadable = Some("event 1 can't be read: damaged");
    check_stored("queue start a.start unreadable succeed", "succeeded a:running/1", unreadable);
    check_stored("queue start unknown succeed", "succeeded", unreadable);
    check_stored("queue start unreadable_line succeed", "succeeded", None);
    let missing = |rest: &str| format!("an event before number 1 is missing: the event {rest}");
    let check_gap = |events, expected, rest| check_stored(events, expected, Some(&missing(rest)));
    check_gap("start succeed", "succeeded", "`run_started` cannot follow the status `none`");
    check_gap("queue succeed", "succeeded", "`run_succeeded` cannot follow the status `queued`");
    check_gap(
        "queue start a.succeed/2",
        "running a:succeeded/2",
        "`step_succeeded` cannot follow the status `pending` of step `a`",
    );
    check_gap(
        "queue start a.start a.succeed a.start",
        "running a:running/1",
        "`step_started` cannot follow the status `succeeded` of step `a`",
    );
    check_gap(
        "queue start a.start a.skip",
        "running a:skipped/1",
        "`step_skipped` cannot follow the status `running` of step `a`",
    );
    check_gap("succeed queue", "queued", "`run_succeeded` cannot follow the status `none`");
}
