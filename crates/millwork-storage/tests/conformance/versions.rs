//! Versions and aliases: numbers are given once, aliases move from where they point, and questions have one answer.

use millwork_core::asset::Decision;
use millwork_core::event::{
    AliasChange, AliasMoved, Asked, EventBody, InputVersion, Materialization, Mover, NewEvent, ShadowTrial,
    VersionDecided, VersionJudged,
};
use millwork_core::model::{Author, ModelHistory};
use millwork_core::version::{AliasName, VersionNumber, WhichVersion};
use millwork_core::{AssetKey, AssetPartition};
use millwork_storage::{
    Alias, Batch, EventQuery, ModelError, StorageError, Store, append_version, change_model, find_version,
    input_event, model_history,
};

use crate::backend::Backend;
use crate::samples::{append, at, create, events, materialized, of_step, provenance, started, success};

pub(crate) fn number(version: u32) -> VersionNumber {
    VersionNumber::new(version).unwrap()
}

pub(crate) fn of(asset: &str, partition: Option<&str>) -> AssetPartition {
    AssetPartition::new(asset.into(), partition.map(Into::into))
}

/// An event about an asset, in no run.
pub(crate) fn about(asset: &AssetPartition, body: EventBody) -> NewEvent {
    NewEvent {
        run: None,
        at: at(2),
        step: None,
        asset: Some(asset.asset.clone()),
        partition: asset.partition.clone(),
        attempt: 0,
        body,
        value: None,
    }
}

/// A materialization with a number.
pub(crate) fn version(asset: &AssetPartition, version: u32) -> NewEvent {
    let EventBody::Materialized(made) = materialized(&format!("d{version}")) else { unreachable!() };
    about(asset, EventBody::Materialized(Materialization { version: Some(number(version)), ..made }))
}

/// A move of an alias; 0 stands for none.
pub(crate) fn moved(asset: &AssetPartition, alias: &str, from: u32, to: u32) -> NewEvent {
    let to = VersionNumber::new(to);
    about(
        asset,
        EventBody::AliasMoved(AliasMoved {
            alias: alias.parse().unwrap(),
            from: VersionNumber::new(from),
            to,
            data_version: to.map(|to| format!("d{to}").as_str().into()),
            change: if to.is_some() { AliasChange::Promoted } else { AliasChange::Removed },
            by: Mover::Person("ada".to_owned()),
            reason: String::new(),
        }),
    )
}

fn verdict(
    asset: &AssetPartition,
    version: u32,
    decision: Option<Decision>,
    asked: Option<Asked>,
) -> NewEvent {
    about(
        asset,
        EventBody::VersionJudged(VersionJudged {
            gate: "gate".to_owned(),
            version: number(version),
            against: None,
            decision,
            asked,
            shadow: None,
            answers: None,
            reason: String::new(),
            metadata: [].into(),
            provenance: provenance(),
        }),
    )
}

/// A gate that lets a version pass.
pub(crate) fn judged(asset: &AssetPartition, version: u32) -> NewEvent {
    verdict(asset, version, Some(Decision::Promote), None)
}

/// A gate that asks people about a version.
pub(crate) fn asks(asset: &AssetPartition, version: u32) -> NewEvent {
    verdict(asset, version, None, Some(Asked { of: "ops".to_owned(), until: None, then: None }))
}

/// A gate that asks for outcomes of a version.
pub(crate) fn goes_into_shadow(asset: &AssetPartition, version: u32) -> NewEvent {
    let mut event = verdict(asset, version, None, None);
    if let EventBody::VersionJudged(judged) = &mut event.body {
        judged.shadow = Some(ShadowTrial { asset: "predictions".into(), until: None, then: None });
    }
    event
}

/// A gate that ends the trial which a verdict began.
pub(crate) fn ends_trial(asset: &AssetPartition, version: u32, trial: u64) -> NewEvent {
    let mut event = verdict(asset, version, Some(Decision::Keep), None);
    if let EventBody::VersionJudged(judged) = &mut event.body {
        judged.answers = Some(trial);
    }
    event
}

/// Of two that end a trial, one does: gates, people and time limits.
pub(crate) async fn trials_end_once(store: Backend) {
    let model = of("model", None);
    appended(&*store, vec![version(&model, 1), version(&model, 2)]).await.unwrap();
    let trial = appended(&*store, vec![goes_into_shadow(&model, 1)]).await.unwrap()[0];
    // That of another version goes on.
    let other = appended(&*store, vec![goes_into_shadow(&model, 2)]).await.unwrap()[0];
    let twice = vec![ends_trial(&model, 1, trial), answer(&model, 1, trial)];
    let refused = |result: Result<Vec<u64>, StorageError>| {
        assert!(matches!(result, Err(StorageError::AlreadyDecided { .. })), "{result:?}");
    };
    refused(appended(&*store, twice).await);
    appended(&*store, vec![ends_trial(&model, 1, trial)]).await.unwrap();
    refused(appended(&*store, vec![ends_trial(&model, 1, trial)]).await);
    refused(appended(&*store, vec![answer(&model, 1, trial)]).await);
    appended(&*store, vec![answer(&model, 2, other)]).await.unwrap();
    refused(appended(&*store, vec![ends_trial(&model, 2, other)]).await);
}

pub(crate) fn answer(asset: &AssetPartition, version: u32, question: u64) -> NewEvent {
    about(
        asset,
        EventBody::VersionDecided(VersionDecided {
            version: number(version),
            decision: Decision::Keep,
            answers: Some(question),
            after_shadow: false,
            by: Mover::TimeLimit,
            reason: String::new(),
        }),
    )
}

async fn appended(store: &dyn Store, events: Vec<NewEvent>) -> Result<Vec<u64>, StorageError> {
    store.append(Batch { fence: None, events }).await
}

async fn count(store: &dyn Store) -> usize {
    events(store, EventQuery::default()).await.len()
}

async fn last(store: &dyn Store, assets: &[&str]) -> Vec<(AssetPartition, u32)> {
    let assets: Vec<AssetKey> = assets.iter().map(|asset| (*asset).into()).collect();
    let last = store.last_versions(&assets).await.unwrap();
    let mut last: Vec<_> = last.into_iter().map(|(of, version)| (of, version.get())).collect();
    last.sort_unstable();
    last
}

pub(crate) async fn numbered(store: Backend) {
    let (a, mon, b) = (of("a", None), of("a", Some("mon")), of("b", None));
    assert_eq!(last(&*store, &["a", "b"]).await, []);
    let run = create(&*store, 1, &[]).await;
    append(&*store, vec![of_step(run, "a", None, materialized("d0"))]).await;
    assert_eq!(last(&*store, &["a"]).await, [], "it has no number");
    append(&*store, vec![version(&a, 1), version(&b, 7)]).await;
    append(&*store, vec![version(&mon, 1), version(&a, 2), version(&mon, 2), version(&a, 3)]).await;
    assert_eq!(last(&*store, &["a", "c"]).await, [(a.clone(), 3), (mon.clone(), 2)]);
    assert_eq!(last(&*store, &["b", "a"]).await, [(a.clone(), 3), (mon.clone(), 2), (b.clone(), 7)]);
    assert_eq!(last(&*store, &[]).await, []);
    for (of, expected) in [(&a, [1, 2, 3].as_slice()), (&mon, &[1, 2]), (&b, &[7])] {
        for &number_of in expected {
            let found = store.version(of, number(number_of)).await.unwrap().unwrap();
            assert_eq!(found, version(of, number_of).at_sequence(found.sequence));
        }
    }
    for (of, number_of) in
        [(&a, 4), (&mon, 3), (&b, 1), (&self::of("c", None), 1), (&self::of("a", Some("tue")), 1)]
    {
        assert_eq!(store.version(of, number(number_of)).await.unwrap(), None, "{of:?} {number_of}");
    }
}

pub(crate) async fn given_once(store: Backend) {
    let (a, b) = (of("a", None), of("b", None));
    append(&*store, vec![version(&a, 1)]).await;
    let written = count(&*store).await;
    for again in [
        vec![version(&a, 1)],
        vec![version(&b, 1), version(&a, 1)],
        vec![version(&b, 1), version(&b, 1)],
        vec![version(&a, 2), version(&b, 1), version(&a, 2)],
    ] {
        let refused = appended(&*store, again).await;
        assert!(matches!(refused, Err(StorageError::VersionTaken { .. })), "{refused:?}");
    }
    assert_eq!((count(&*store).await, last(&*store, &["a", "b"]).await), (written, vec![(a.clone(), 1)]));
    append(&*store, vec![version(&a, 2), version(&b, 1), version(&of("a", Some("mon")), 1)]).await;
}

/// All are requested before any of them is done, so a backend may commit them together.
pub(crate) async fn refused_alone(store: Backend) {
    let (a, b) = (of("a", None), of("b", None));
    let fence = started(&*store, 1).await;
    append(&*store, vec![version(&a, 1), of_step(fence.run, "a", None, success())]).await;
    let written = count(&*store).await;
    let (second, first_again, second_again, other, succeeded, third) = tokio::join!(
        appended(&*store, vec![version(&a, 2)]),
        appended(&*store, vec![version(&b, 1), version(&a, 1)]),
        appended(&*store, vec![version(&b, 2), version(&a, 2)]),
        appended(&*store, vec![version(&b, 1)]),
        appended(&*store, vec![of_step(fence.run, "a", None, success())]),
        appended(&*store, vec![version(&a, 3)]),
    );
    assert!(second.is_ok() && other.is_ok() && third.is_ok());
    for (refused, taken) in [(first_again, 1), (second_again, 2)] {
        let Err(StorageError::VersionTaken { asset, version }) = refused else { panic!("{refused:?}") };
        assert_eq!((asset, version.get()), (a.clone(), taken));
    }
    assert!(matches!(succeeded, Err(StorageError::AlreadySucceeded { .. })));
    assert_eq!(count(&*store).await, written + 3);
    assert_eq!(last(&*store, &["a", "b"]).await, [(a, 3), (b, 1)]);
}

pub(crate) async fn numbered_by_many(store: Backend) {
    let (a, b) = (of("a", None), of("b", None));
    let make = |store: Backend, of: AssetPartition| async move {
        for _ in 0..4 {
            append_version(&*store, about(&of, materialized("d"))).await.unwrap();
        }
    };
    let tasks: Vec<_> =
        (0..16).map(|task| tokio::spawn(make(store.clone(), [&a, &b][task % 2].clone()))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(last(&*store, &["a", "b"]).await, [(a.clone(), 32), (b, 32)]);
    let query = EventQuery { asset: Some("a".into()), ..EventQuery::default() };
    let history = ModelHistory::of(events(&*store, query).await);
    assert_eq!(
        history.versions.keys().map(|version| version.get()).collect::<Vec<_>>(),
        (1..=32).collect::<Vec<_>>()
    );
}

async fn aliases(store: &dyn Store, assets: &[&str]) -> Vec<(AssetPartition, String, u32)> {
    let assets: Vec<AssetKey> = assets.iter().map(|asset| (*asset).into()).collect();
    let aliases = store.aliases(&assets).await.unwrap();
    aliases.into_iter().map(|one| (one.asset, one.alias.to_string(), one.version.get())).collect()
}

pub(crate) async fn aliases_move(store: Backend) {
    let (a, mon, b) = (of("a", None), of("a", Some("mon")), of("b", None));
    append(&*store, vec![version(&a, 1), version(&a, 2), version(&mon, 1), version(&b, 1)]).await;
    assert_eq!(aliases(&*store, &[]).await, []);
    append(&*store, vec![moved(&b, "champion", 0, 1), moved(&mon, "champion", 0, 1)]).await;
    append(&*store, vec![moved(&a, "shadow", 0, 2)]).await;
    let sequence = append(&*store, vec![version(&a, 3), moved(&a, "champion", 0, 1)]).await[1];
    let found = store.aliases(&["a".into()]).await.unwrap();
    let expected = Alias {
        asset: a.clone(),
        alias: AliasName::champion(),
        version: number(1),
        data_version: Some("d1".into()),
        moved: sequence,
    };
    assert_eq!(found[0], expected);
    let (champion, shadow) = ("champion".to_owned(), "shadow".to_owned());
    let of_a = [(a.clone(), champion.clone(), 1), (a.clone(), shadow, 2), (mon, champion.clone(), 1)];
    assert_eq!(aliases(&*store, &["a", "c"]).await, of_a);
    let all = [of_a.as_slice(), &[(b.clone(), champion.clone(), 1)]].concat();
    assert_eq!(aliases(&*store, &[]).await, all);
    append(&*store, vec![moved(&a, "champion", 1, 3), moved(&a, "shadow", 2, 0)]).await;
    assert_eq!(aliases(&*store, &["a"]).await[..1], [(a.clone(), champion.clone(), 3)]);
    append(&*store, vec![moved(&a, "champion", 3, 0), moved(&b, "champion", 1, 0)]).await;
    assert_eq!(aliases(&*store, &["b"]).await, [], "it was removed");
    append(&*store, vec![moved(&a, "champion", 0, 2)]).await;
    assert_eq!(aliases(&*store, &["a"]).await[..1], [(a, champion, 2)]);
}

pub(crate) async fn aliases_are_compared_and_set(store: Backend) {
    let (a, mon) = (of("a", None), of("a", Some("mon")));
    append(&*store, vec![version(&a, 1), version(&a, 2), version(&mon, 3), moved(&a, "champion", 0, 1)])
        .await;
    let written = count(&*store).await;
    let check = |event: NewEvent, expected: u32, found: u32| {
        let store = store.clone();
        async move {
            // What comes before it in its batch isn't written either.
            let other = [moved(&of("a", Some("mon")), "shadow", 0, 3), version(&of("b", None), 1)];
            let refused = appended(&*store, [other.as_slice(), &[event]].concat()).await;
            let Err(StorageError::AliasElsewhere { expected: wanted, found: there, .. }) = refused else {
                panic!("{refused:?}")
            };
            assert_eq!((wanted, there), (VersionNumber::new(expected), VersionNumber::new(found)));
        }
    };
    check(moved(&a, "champion", 0, 2), 0, 1).await;
    check(moved(&a, "champion", 2, 1), 2, 1).await;
    check(moved(&a, "shadow", 1, 2), 1, 0).await;
    check(moved(&mon, "champion", 1, 3), 1, 0).await;
    check(moved(&of("c", None), "champion", 1, 0), 1, 0).await;
    for (event, missing) in [
        (moved(&a, "champion", 1, 3), 3),
        (moved(&mon, "champion", 0, 1), 1),
        (moved(&of("c", None), "champion", 0, 1), 1),
    ] {
        let refused = appended(&*store, vec![moved(&a, "shadow", 0, 1), event]).await;
        let Err(StorageError::UnknownVersion { version, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!(version.get(), missing);
    }
    assert_eq!(count(&*store).await, written);
    assert_eq!(aliases(&*store, &[]).await, [(a.clone(), "champion".to_owned(), 1)]);
    assert_eq!(last(&*store, &["b"]).await, []);
}

/// What comes before a move in its batch counts, and so does what is committed together with it.
pub(crate) async fn versions_are_made_and_pointed_at_together(store: Backend) {
    let a = of("a", None);
    let batch = vec![
        version(&a, 1),
        moved(&a, "champion", 0, 1),
        version(&a, 2),
        moved(&a, "champion", 1, 2),
        moved(&a, "champion", 2, 1),
    ];
    append(&*store, batch).await;
    let too_early = appended(&*store, vec![moved(&a, "champion", 1, 3), version(&a, 3)]).await;
    assert!(matches!(too_early, Err(StorageError::UnknownVersion { .. })), "{too_early:?}");
    let twice = vec![moved(&a, "champion", 1, 2), moved(&a, "champion", 1, 2)];
    let refused = appended(&*store, twice).await;
    assert!(matches!(refused, Err(StorageError::AliasElsewhere { .. })), "{refused:?}");
    let (made, pointed, late, removed) = tokio::join!(
        appended(&*store, vec![version(&a, 3)]),
        appended(&*store, vec![moved(&a, "champion", 1, 3)]),
        appended(&*store, vec![moved(&a, "champion", 1, 2)]),
        appended(&*store, vec![moved(&a, "champion", 3, 0)]),
    );
    assert!(made.is_ok() && pointed.is_ok() && removed.is_ok(), "{pointed:?}");
    let Err(StorageError::AliasElsewhere { found, .. }) = late else { panic!("{late:?}") };
    assert_eq!(found, VersionNumber::new(3), "the first one wins");
    let history = model_history(&*store, &a).await.unwrap();
    let path: Vec<_> = history.moves.iter().map(|moved| moved.what.to.map(VersionNumber::get)).collect();
    assert_eq!(path, [Some(1), Some(2), Some(1), Some(3), None]);
}

pub(crate) async fn answered_once(store: Backend) {
    let (a, mon) = (of("a", None), of("a", Some("mon")));
    append(&*store, vec![version(&a, 1), version(&a, 2), version(&mon, 1)]).await;
    let asked = append(&*store, vec![asks(&a, 1), asks(&a, 2), asks(&mon, 1)]).await;
    let written = count(&*store).await;
    let is_refused = |refused: Result<Vec<u64>, StorageError>| {
        assert!(matches!(refused, Err(StorageError::AlreadyDecided { .. })), "{refused:?}");
    };
    is_refused(appended(&*store, vec![answer(&a, 1, asked[0]), answer(&a, 1, asked[0])]).await);
    is_refused(appended(&*store, vec![asks(&a, 1), answer(&a, 1, asked[0])]).await);
    assert_eq!(count(&*store).await, written);
    let (first, second, of_mon, other) = tokio::join!(
        appended(&*store, vec![answer(&a, 1, asked[0])]),
        appended(&*store, vec![version(&a, 3), answer(&a, 1, asked[0])]),
        appended(&*store, vec![answer(&mon, 1, asked[2])]),
        appended(&*store, vec![answer(&a, 2, asked[1])]),
    );
    is_refused(second);
    assert!(first.is_ok() && of_mon.is_ok() && other.is_ok());
    is_refused(appended(&*store, vec![answer(&a, 2, asked[1])]).await);
    assert_eq!(count(&*store).await, written + 3);
    let again = append(&*store, vec![asks(&a, 2)]).await[0];
    is_refused(appended(&*store, vec![answer(&a, 2, asked[1])]).await);
    append(&*store, vec![answer(&a, 2, again)]).await;
}

fn by(person: &str) -> Author {
    Author { by: Mover::Person(person.to_owned()), reason: format!("{person} says so") }
}

pub(crate) async fn changed_by_one_of_two(store: Backend) {
    let (a, champion) = (of("a", None), AliasName::champion());
    append(&*store, vec![version(&a, 1), version(&a, 2), moved(&a, "champion", 0, 1)]).await;
    append(&*store, vec![asks(&a, 2)]).await;
    let promote = |history: &ModelHistory| history.promote(&"a".into(), &champion, number(2), &by("ada"));
    let events = change_model(&*store, &a, at(3), promote).await.unwrap();
    assert_eq!(
        events.iter().map(|event| event.body.name()).collect::<Vec<_>>(),
        ["version_decided", "alias_moved"]
    );
    let recorded: Vec<_> =
        self::events(&*store, EventQuery { after: Some(events[0].sequence - 1), ..Default::default() }).await;
    assert_eq!(recorded, events);
    // Two persons have seen the same.
    append(&*store, vec![version(&a, 3), asks(&a, 3)]).await;
    let seen = model_history(&*store, &a).await.unwrap();
    let reject = |person: &'static str| {
        let seen = &seen;
        let champion = &champion;
        change_model(&*store, &a, at(4), move |_| seen.reject(&"a".into(), champion, number(3), &by(person)))
    };
    let outcomes = [reject("ada").await, reject("bob").await];
    let [Ok(_), Err(error @ ModelError::Answered { .. })] = outcomes else { panic!("{outcomes:?}") };
    assert_eq!(error.to_string(), "`a` was decided about meanwhile: version 3: reject by ada (ada says so)");
    let back =
        change_model(&*store, &a, at(5), |_| seen.roll_back(&"a".into(), &champion, None, &by("ada"))).await;
    assert!(back.is_ok(), "{back:?}");
    let late =
        change_model(&*store, &a, at(6), |_| seen.promote(&"a".into(), &champion, number(1), &by("bob")))
            .await;
    let Err(error @ ModelError::Overtaken { .. }) = late else { panic!("{late:?}") };
    assert_eq!(error.to_string(), "`a` was changed meanwhile: champion: version 2 → 1 by ada (ada says so)");
}

pub(crate) async fn found(store: Backend) {
    let a = of("a", None);
    append(&*store, vec![version(&a, 1), version(&a, 2), moved(&a, "champion", 0, 1)]).await;
    for (which, expected) in
        [("@1", Some(1)), ("@2", Some(2)), ("@champion", Some(1)), ("@3", None), ("@x", None), ("", Some(2))]
    {
        let (_, which) =
            WhichVersion::split(&format!("a{which}")).map(|(key, which)| (key.to_owned(), which)).unwrap();
        let found = find_version(&*store, &a, &which).await.unwrap();
        let found = found.and_then(|event| {
            let EventBody::Materialized(made) = event.body else { return None };
            made.version.map(VersionNumber::get)
        });
        assert_eq!(found, expected, "{which}");
    }
}

/// Events of before versions were numbered name the data only: the last version of it before them was meant.
pub(crate) async fn inputs_without_numbers(store: Backend) {
    let raw = of("raw", Some("mon"));
    let data = |data: &str| about(&raw, materialized(data));
    let sequences = append(&*store, vec![data("d0"), data("d1"), data("d0"), data("d2")]).await;
    let made = append(&*store, vec![about(&of("a", None), materialized("d"))]).await[0];
    append(&*store, vec![data("d0")]).await;
    let made =
        events(&*store, EventQuery { after: Some(made - 1), before: Some(made + 1), ..Default::default() })
            .await;
    let input = provenance().inputs.remove(0);
    let check = |input: InputVersion, expected: Option<u64>| {
        let (store, made) = (store.clone(), made[0].clone());
        async move {
            let found = input_event(&*store, &made, &input).await.unwrap();
            assert_eq!(found.map(|event| event.sequence), expected, "{input:?}");
        }
    };
    check(input.clone(), Some(sequences[2])).await;
    check(InputVersion { data_version: Some("d1".into()), ..input.clone() }, Some(sequences[1])).await;
    check(InputVersion { data_version: Some("d9".into()), ..input.clone() }, None).await;
    check(InputVersion { data_version: None, ..input.clone() }, None).await;
    append(&*store, vec![version(&raw, 1)]).await;
    let numbered = InputVersion { version: Some(number(1)), ..input };
    let expected = store.version(&raw, number(1)).await.unwrap().map(|event| event.sequence);
    check(numbered, expected).await;
}

/// Several versions are found at once, of whatever assets and partitions; those that there are not are left out.
pub(crate) async fn several_at_once(store: Backend) {
    let run = create(&*store, 1, &[]).await;
    let number = |number| VersionNumber::new(number).unwrap();
    let made = |asset: &str, partition: Option<&str>, version| {
        let mut body = materialized("d");
        if let EventBody::Materialized(made) = &mut body {
            made.version = Some(number(version));
        }
        of_step(run, asset, partition, body)
    };
    let all = [("a", None, 1), ("a", None, 2), ("a", Some("mon"), 1), ("b", None, 1), ("b", Some("a"), 1)];
    let events = all.iter().map(|(asset, partition, version)| made(asset, *partition, *version)).collect();
    let sequences = append(&*store, events).await;
    let wanted = |asset: &str, partition: Option<&str>, version| {
        (AssetPartition::new(asset.into(), partition.map(Into::into)), number(version))
    };
    for (place, (asset, partition, version)) in all.into_iter().enumerate() {
        let found = store.versions(&[wanted(asset, partition, version)]).await.unwrap();
        let found: Vec<u64> = found.iter().map(|event| event.sequence).collect();
        assert_eq!(found, [sequences[place]], "{asset} {partition:?} {version}");
    }
    let several = [
        wanted("b", Some("a"), 1),
        wanted("a", None, 2),
        wanted("a", None, 3),
        wanted("a", Some("tue"), 1),
        wanted("none", None, 1),
        wanted("a", None, 1),
        wanted("a", None, 1),
    ];
    let found = store.versions(&several).await.unwrap();
    let found: Vec<u64> = found.iter().map(|event| event.sequence).collect();
    assert_eq!(found, [sequences[0], sequences[1], sequences[4]]);
    assert!(store.versions(&[]).await.unwrap().is_empty());
}
