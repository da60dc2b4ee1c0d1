//! What follows from the history of a model, and what can be done to it.

use jiff::Timestamp;

use super::*;
use crate::asset::{AssetKey, Decision};
use crate::event::{
    Asked, EventBody, Materialization, Mover, NewEvent, Provenance, ShadowTrial, StoredValue, ValueLocation,
    VersionJudged,
};
use crate::id::RunId;
use crate::version::{AliasName, VersionNumber};

fn number(version: u32) -> VersionNumber {
    VersionNumber::new(version).unwrap()
}

fn author() -> Author {
    Author { by: Mover::Person("ada".into()), reason: "she said so".into() }
}

/// A history with this many versions, none of which is judged.
fn made(versions: u32) -> ModelHistory {
    let mut history = ModelHistory::default();
    for version in 1..=versions {
        let location = ValueLocation::Database;
        let body = EventBody::Materialized(Materialization {
            version: Some(number(version)),
            data_version: format!("d{version}").as_str().into(),
            provenance: Provenance { code_version: "c".into(), inputs: Vec::new(), config: None },
            stored: StoredValue { location, bytes: 1, format: "json".into(), hash: None },
            metadata: Default::default(),
        });
        then(&mut history, [body]);
    }
    history
}

fn then(history: &mut ModelHistory, bodies: impl IntoIterator<Item = EventBody>) {
    for body in bodies {
        let last = history.versions.values().filter_map(|version| version.made.as_ref()).count()
            + history.versions.values().map(|one| one.verdicts.len() + one.decisions.len()).sum::<usize>()
            + history.moves.len();
        let run = RunId::from_u128(1);
        let event =
            NewEvent { asset: Some("m".into()), ..NewEvent::of_run(run, Timestamp::UNIX_EPOCH, body) };
        history.apply(event.at_sequence(last as u64 + 1));
    }
}

fn promote(history: &mut ModelHistory, version: u32) {
    let events = history.promote(&"m".into(), &AliasName::champion(), number(version), &author());
    then(history, events.unwrap());
}

fn judged(version: u32, decision: Option<Decision>) -> EventBody {
    let asked = decision.is_none().then(|| Asked { of: "ops".into(), until: None, then: None });
    let provenance = Provenance { code_version: "c".into(), inputs: Vec::new(), config: None };
    EventBody::VersionJudged(VersionJudged {
        gate: "g".into(),
        version: number(version),
        against: None,
        decision,
        asked,
        shadow: None,
        answers: None,
        reason: String::new(),
        metadata: Default::default(),
        provenance,
    })
}

#[track_caller]
fn check(history: &ModelHistory, expected: &[&str]) {
    let champion = AliasName::champion();
    let found = history.versions.keys().map(|version| history.status(*version, &champion).unwrap().as_str());
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[test]
fn statuses_follow_from_what_happened_last() {
    let mut history = made(5);
    check(&history, &["unjudged"; 5]);
    then(&mut history, [judged(2, Some(Decision::Keep)), judged(3, Some(Decision::Reject)), judged(4, None)]);
    promote(&mut history, 1);
    check(&history, &["in use", "kept", "rejected", "awaits approval", "unjudged"]);
    promote(&mut history, 4);
    check(&history, &["retired", "kept", "rejected", "in use", "unjudged"]);
    let events = history.reject(&"m".into(), &AliasName::champion(), number(1), &author()).unwrap();
    then(&mut history, events);
    check(&history, &["rejected", "kept", "rejected", "in use", "unjudged"]);
}

#[test]
fn going_back_goes_to_what_was_in_use_before_and_is_fit() {
    let (asset, champion) = (AssetKey::from("m"), AliasName::champion());
    let mut history = made(4);
    assert!(matches!(
        history.roll_back(&asset, &champion, None, &author()),
        Err(OperationError::NoAlias { .. })
    ));
    promote(&mut history, 1);
    let nothing = history.roll_back(&asset, &champion, None, &author());
    assert!(matches!(nothing, Err(OperationError::NothingBefore { .. })));
    promote(&mut history, 2);
    promote(&mut history, 3);
    for expected in [2, 1] {
        assert_eq!(history.fallback(&champion), Some(number(expected)));
        let events = history.roll_back(&asset, &champion, None, &author()).unwrap();
        then(&mut history, events);
        assert_eq!(history.at(&champion), Some(number(expected)), "further back each time");
    }
    promote(&mut history, 4);
    then(&mut history, [judged(1, Some(Decision::Reject))]);
    let nothing = history.roll_back(&asset, &champion, None, &author());
    assert!(matches!(nothing, Err(OperationError::NothingBefore { .. })), "1 is rejected, 2 and 3 were left");
    let to_any = history.roll_back(&asset, &champion, Some(number(2)), &author());
    assert!(to_any.is_ok(), "by hand, to any that was in use");
}

#[test]
fn going_back_undoes_one_move_also_where_a_version_came_into_use_twice() {
    let (asset, champion) = (AssetKey::from("m"), AliasName::champion());
    let mut history = made(2);
    [1, 2, 1, 2].into_iter().for_each(|version| promote(&mut history, version));
    for expected in [1, 2, 1] {
        let events = history.roll_back(&asset, &champion, None, &author()).unwrap();
        then(&mut history, events);
        assert_eq!(history.at(&champion), Some(number(expected)));
    }
    assert_eq!(history.fallback(&champion), None);
}

/// A question about version 2, which was compared with version 1.
fn asked(then: Option<Decision>) -> ModelHistory {
    let mut history = made(3);
    promote(&mut history, 1);
    let until = then.map(|_| Timestamp::UNIX_EPOCH);
    let EventBody::VersionJudged(verdict) = judged(2, None) else { unreachable!() };
    let asked = Some(Asked { of: "ops".into(), until, then });
    let against = Some(number(1));
    self::then(&mut history, [EventBody::VersionJudged(VersionJudged { asked, against, ..verdict })]);
    history
}

#[track_caller]
fn check_limit(history: &ModelHistory, expected: &[&str]) {
    let events = history.time_is_up(&"m".into(), &AliasName::champion(), number(2)).unwrap();
    let text = |event: &EventBody| {
        if let EventBody::VersionDecided(decided) = event {
            decided.to_string()
        } else if let EventBody::AliasMoved(moved) = event {
            moved.to_string()
        } else {
            panic!("{event:?}")
        }
    };
    assert_eq!(events.iter().map(text).collect::<Vec<_>>(), expected);
}

#[test]
fn a_time_limit_decides_as_the_question_says() {
    let reason = "by the time limit (no answer from ops by 1970-01-01 00:00:00 UTC)";
    let champion = AliasName::champion();
    check_limit(&asked(None), &[]);
    check_limit(&made(2), &[]);
    let promoted = [format!("version 2: promote {reason}"), format!("champion: version 1 → 2 {reason}")];
    check_limit(&asked(Some(Decision::Promote)), &promoted.each_ref().map(String::as_str));
    check_limit(&asked(Some(Decision::Keep)), &[&format!("version 2: keep {reason}")]);
    check_limit(&asked(Some(Decision::Reject)), &[&format!("version 2: reject {reason}")]);
    // Another version came into use meanwhile.
    let mut other = asked(Some(Decision::Promote));
    promote(&mut other, 3);
    check_limit(
        &other,
        &[
            "version 2: keep by the time limit (no answer from ops by 1970-01-01 00:00:00 UTC; the champion is version 3 by now, \
           and it was compared with version 1)",
        ],
    );
    // Someone has answered, or brought it into use without a decision.
    let mut answered = asked(Some(Decision::Promote));
    let keep = answered.keep(&"m".into(), &champion, number(2), &author()).unwrap();
    then(&mut answered, keep);
    check_limit(&answered, &[]);
    let mut moved = asked(Some(Decision::Reject));
    let events = moved.promote(&"m".into(), &champion, number(2), &author()).unwrap();
    then(&mut moved, events.into_iter().skip(1));
    promote(&mut moved, 1);
    check(&moved, &["in use", "retired", "unjudged"]);
    check_limit(&moved, &[]);
}

#[test]
fn an_answer_names_its_question() {
    let history = asked(None);
    let question = history.versions[&number(2)].verdicts[0].sequence;
    let answers = |history: &ModelHistory, version| {
        let events = history.reject(&"m".into(), &AliasName::champion(), number(version), &author()).unwrap();
        let EventBody::VersionDecided(decided) = &events[0] else { panic!("{events:?}") };
        decided.answers
    };
    assert_eq!((answers(&history, 2), answers(&history, 3)), (Some(question), None));
    let mut answered = history;
    let keep = |history: &ModelHistory, version| {
        history.keep(&"m".into(), &AliasName::champion(), number(version), &author())
    };
    let events = keep(&answered, 2).unwrap();
    then(&mut answered, events);
    assert_eq!(answers(&answered, 2), None, "it was answered before");
    assert!(matches!(keep(&answered, 2), Err(OperationError::NotAsked { .. })));
    assert!(matches!(keep(&answered, 3), Err(OperationError::NotAsked { .. })));
}

/// Version 2 is in shadow beside version 1, and version 3 waits.
fn in_shadow(then: Option<Decision>) -> ModelHistory {
    let mut history = made(4);
    promote(&mut history, 1);
    self::then(&mut history, [on_trial(2, then)]);
    history
}

fn on_trial(version: u32, then: Option<Decision>) -> EventBody {
    let EventBody::VersionJudged(verdict) = judged(version, None) else { unreachable!() };
    let until = then.map(|_| Timestamp::UNIX_EPOCH);
    let shadow = Some(ShadowTrial { asset: "predictions".into(), until, then });
    let against = Some(number(1));
    EventBody::VersionJudged(VersionJudged { asked: None, shadow, against, ..verdict })
}

#[test]
fn one_version_is_in_shadow_and_the_newest_wins() {
    let champion = AliasName::champion();
    let mut history = in_shadow(None);
    let version = |history: &ModelHistory| history.in_shadow(&champion).map(|(version, _)| version.get());
    check(&history, &["in use", "in shadow", "unjudged", "unjudged"]);
    assert_eq!(version(&history), Some(2));
    then(&mut history, [on_trial(4, None)]);
    check(&history, &["in use", "superseded", "unjudged", "in shadow"]);
    assert_eq!(history.status(number(2), &champion), Some(VersionStatus::Superseded(number(4))));
    // An older one that comes later doesn't take the place.
    then(&mut history, [on_trial(3, None)]);
    check(&history, &["in use", "superseded", "superseded", "in shadow"]);
    assert_eq!(version(&history), Some(4));
    let keep = history.keep(&"m".into(), &champion, number(4), &author()).unwrap();
    then(&mut history, keep);
    check(&history, &["in use", "superseded", "in shadow", "kept"]);
    // A trial is ended by what came first, whatever came later.
    let mut history = in_shadow(None);
    then(&mut history, [on_trial(3, None), on_trial(4, None)]);
    promote(&mut history, 4);
    let status = |version| history.status(number(version), &champion).unwrap();
    assert_eq!([2, 3].map(status), [3, 4].map(|newer| VersionStatus::Superseded(number(newer))));
    // A newer version that comes into use ends the trial, in whatever way, and an older one that comes back doesn't.
    let mut history = in_shadow(None);
    promote(&mut history, 3);
    assert_eq!(history.status(number(2), &champion), Some(VersionStatus::Superseded(number(3))));
    assert_eq!(version(&history), None);
    let mut history = in_shadow(None);
    let promoted = history.promote(&"m".into(), &champion, number(2), &author()).unwrap();
    then(&mut history, promoted);
    check(&history, &["retired", "in use", "unjudged", "unjudged"]);
}

#[test]
fn decisions_about_what_is_in_shadow_say_so() {
    let (asset, champion) = (AssetKey::from("m"), AliasName::champion());
    let reason = "by the time limit (outcomes have not decided by 1970-01-01 00:00:00 UTC)";
    check_limit(&in_shadow(None), &[]);
    check_limit(&in_shadow(Some(Decision::Keep)), &[&format!("version 2: keep after shadow {reason}")]);
    let mut superseded = in_shadow(Some(Decision::Keep));
    then(&mut superseded, [on_trial(3, None)]);
    check_limit(&superseded, &[]);
    let history = in_shadow(None);
    let rejected = history.reject(&asset, &champion, number(2), &author()).unwrap();
    let EventBody::VersionDecided(decided) = &rejected[0] else { panic!("{rejected:?}") };
    let verdict = history.versions[&number(2)].verdicts[0].sequence;
    assert_eq!((decided.answers, decided.after_shadow), (Some(verdict), true));
    let trial = |version: Option<u32>| {
        let trial = history.trial(&asset, &champion, version.map(number));
        trial.map(|(version, _)| version.get()).map_err(|error| error.to_string())
    };
    assert_eq!((trial(None), trial(Some(2))), (Ok(2), Ok(2)));
    assert_eq!(trial(Some(3)), Err("version 3 of `m` isn't in shadow".to_owned()));
    assert_eq!(trial(Some(9)), Err("`m` has no version 9".to_owned()));
    let none = made(1).trial(&asset, &champion, None).map(drop);
    assert_eq!(none, Err(OperationError::NoneInShadow { asset }));
}

/// Version 2 was in use, a watch went back from it, and it is asked about, or tried, again.
#[test]
fn a_time_limit_does_not_promote_what_a_watch_has_gone_back_from() {
    let (asset, champion) = (AssetKey::from("m"), AliasName::champion());
    let (question, trial) = (asked(Some(Decision::Promote)), on_trial(2, Some(Decision::Promote)));
    let question = EventBody::VersionJudged(question.versions[&number(2)].verdicts[0].what.clone());
    for (again, reason) in [
        (question, "version 2: keep by the time limit (no answer from ops by"),
        (trial, "version 2: keep after shadow by the time limit (outcomes have not decided by"),
    ] {
        let mut history = made(3);
        promote(&mut history, 1);
        promote(&mut history, 2);
        let by_watch = Author { by: Mover::Watch, reason: "worse".into() };
        let back = history.roll_back(&asset, &champion, None, &by_watch).unwrap();
        then(&mut history, back);
        then(&mut history, [again]);
        let left = "1970-01-01 00:00:00 UTC; the watch has gone back from it)";
        check_limit(&history, &[&format!("{reason} {left}")]);
        // People may want it all the same.
        let by_hand = history.promote(&asset, &champion, number(2), &author()).unwrap();
        then(&mut history, by_hand);
        assert_eq!(history.at(&champion), Some(number(2)));
    }
}

#[test]
fn what_can_not_be_done() {
    let (asset, champion) = (AssetKey::from("m"), AliasName::champion());
    let mut history = made(2);
    promote(&mut history, 1);
    let promoted = |version| history.promote(&asset, &champion, number(version), &author()).map(drop);
    assert!(matches!(promoted(1), Err(OperationError::AlreadyThere { .. })));
    assert!(matches!(promoted(3), Err(OperationError::NoVersion { .. })));
    let rejected = |version| history.reject(&asset, &champion, number(version), &author()).map(drop);
    assert!(matches!(rejected(1), Err(OperationError::InUse { .. })));
    assert!(matches!(rejected(3), Err(OperationError::NoVersion { .. })));
    let back = |version| history.roll_back(&asset, &champion, Some(number(version)), &author()).map(drop);
    assert!(matches!(back(1), Err(OperationError::AlreadyThere { .. })));
    assert!(matches!(back(2), Err(OperationError::NeverThere { .. })));
    assert!(matches!(back(3), Err(OperationError::NoVersion { .. })));
    let mut reported = made(2);
    let first = reported.versions.get_mut(&number(1)).and_then(|version| version.made.as_mut());
    if let Some(EventBody::Materialized(made)) = first.map(|event| &mut event.body) {
        made.stored.location = ValueLocation::Elsewhere;
    }
    let promoted = reported.promote(&asset, &champion, number(1), &author());
    assert!(matches!(promoted, Err(OperationError::NotStored { .. })));
}
