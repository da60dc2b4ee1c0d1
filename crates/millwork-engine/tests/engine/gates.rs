//! Gates: verdicts, the aliases that they move, and what follows those.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use millwork_core::event::{AliasMoved, EventBody, Mover};
use millwork_core::model::Author;
use millwork_core::version::{AliasName, ReadAs, VersionNumber};
use millwork_core::{
    Absent, AssetDefinition, AssetPartition, BoxError, Computation, Definitions, GateDefinition,
    PartitionsDefinition, Requirements, StepFunction, StepResult, Verdict,
};
use millwork_storage::{change_model, model_history};

use crate::support::*;

/// A model whose number can be set, its gate, and a number that follows the champion.
fn pipeline(number: &Arc<AtomicU64>) -> Definitions {
    let number = number.clone();
    let model = crate::support::number("model").blocking(move |_| Ok(number.load(Ordering::SeqCst)));
    Definitions::new().asset(model).asset(following("predictions", "model")).gate(larger("model"))
}

fn version(number: u32) -> VersionNumber {
    VersionNumber::new(number).unwrap()
}

fn model() -> AssetPartition {
    AssetPartition::new("model".into(), None)
}

async fn champion_of(scenario: &Scenario) -> Option<u32> {
    let history = model_history(&*scenario.store, &model()).await.unwrap();
    history.at(&AliasName::champion()).map(VersionNumber::get)
}

/// Moves the alias by hand.
async fn promote(scenario: &Scenario, to: u32) {
    let author = Author { by: Mover::Person("ada".into()), reason: String::new() };
    change_model(&*scenario.store, &model(), scenario.clock_now(), |history| {
        history.promote(&"model".into(), &AliasName::champion(), version(to), &author)
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn the_first_version_comes_into_use_in_the_run_that_makes_it() {
    let scenario = Scenario::new(pipeline(&Arc::new(AtomicU64::new(5))));
    insta::assert_snapshot!(scenario.run().await);
    assert_eq!(scenario.value::<u64>("predictions").await, 5);
}

#[tokio::test]
async fn a_worse_version_stays_stored_and_readers_go_on_with_the_champion() {
    let number = Arc::new(AtomicU64::new(5));
    let scenario = Scenario::new(pipeline(&number));
    scenario.run().await;
    number.store(3, Ordering::SeqCst);
    insta::assert_snapshot!(scenario.run().await);
    assert_eq!(scenario.value::<u64>("predictions").await, 5);
    assert_eq!(scenario.value::<u64>("model").await, 3, "the challenger loads");
    number.store(8, Ordering::SeqCst);
    scenario.run().await;
    assert_eq!((scenario.value::<u64>("predictions").await, champion_of(&scenario).await), (8, Some(3)));
}

#[tokio::test]
async fn a_reader_is_stale_when_the_alias_moves_and_not_when_a_version_is_made() {
    let number = Arc::new(AtomicU64::new(5));
    let scenario = Scenario::new(pipeline(&number));
    scenario.run().await;
    let stale = scenario.stale_only();
    assert_eq!(stale.planned().await, "");
    number.store(3, Ordering::SeqCst);
    scenario.selecting("model").run().await;
    assert_eq!(stale.planned().await, "", "a challenger was kept");
    number.store(8, Ordering::SeqCst);
    scenario.selecting("model").run().await;
    assert_eq!(stale.planned().await, "predictions");
    insta::assert_snapshot!(stale.run().await);
    promote(&scenario, 2).await;
    assert_eq!(stale.planned().await, "predictions");
    stale.run().await;
    assert_eq!(scenario.value::<u64>("predictions").await, 3);
}

/// The reader is planned beside a model that is trained again, and turns out to be unchanged if the champion stays.
#[tokio::test]
async fn a_run_of_stale_steps_follows_what_the_gate_decides() {
    let number = Arc::new(AtomicU64::new(5));
    let definitions = |code: &str| {
        let number = number.clone();
        let model = crate::support::number("model")
            .blocking(move |_| Ok(number.load(Ordering::SeqCst)))
            .policy(|computation| computation.code_version = code.into());
        Definitions::new().asset(model).asset(following("predictions", "model")).gate(larger("model"))
    };
    let scenario = Scenario::new(definitions("1"));
    scenario.run().await;
    number.store(3, Ordering::SeqCst);
    let scenario = scenario.with_code(definitions("2")).stale_only();
    insta::assert_snapshot!(scenario.run().await);
    number.store(9, Ordering::SeqCst);
    let scenario = scenario.with_code(definitions("3"));
    scenario.run().await;
    assert_eq!(scenario.value::<u64>("predictions").await, 9);
}

#[tokio::test]
async fn without_a_champion_the_reader_is_skipped() {
    let scenario = Scenario::of([constant("model", 1), following("predictions", "model")]);
    insta::assert_snapshot!(scenario.run().await);
    promote(&scenario, 1).await;
    assert!(scenario.selecting("predictions").run().await.trim_end().ends_with("run succeeded"));
}

#[tokio::test]
async fn a_reader_that_can_do_without_a_champion_is_given_none() {
    let optional = number("predictions")
        .policy(|computation| {
            computation.requirements.version::<u64>("model", champion(), Absent::IsNone);
        })
        .blocking(|step| Ok(u64::from(step.version("model", &champion()).is_some())));
    let scenario = Scenario::of([constant("model", 1), optional]);
    scenario.run().await;
    assert_eq!(scenario.value::<u64>("predictions").await, 0);
}

#[tokio::test]
async fn a_gate_that_fails_moves_nothing_and_readers_go_on() {
    let number = Arc::new(AtomicU64::new(5));
    let is_broken = Arc::new(AtomicBool::new(false));
    let broken = is_broken.clone();
    let judge = gate("model", move |_, _| match broken.load(Ordering::SeqCst) {
        true => Err(BoxError::from("the hold-out is empty")),
        false => Ok(Verdict::promote()),
    });
    let of_number = number.clone();
    let model = crate::support::number("model").blocking(move |_| Ok(of_number.load(Ordering::SeqCst)));
    let scenario =
        Scenario::new(Definitions::new().asset(model).asset(following("predictions", "model")).gate(judge));
    scenario.run().await;
    is_broken.store(true, Ordering::SeqCst);
    number.store(9, Ordering::SeqCst);
    let run = scenario.queued().await;
    insta::assert_snapshot!(scenario.resume(run).await);
    assert_eq!(scenario.value::<u64>("predictions").await, 5);
    is_broken.store(false, Ordering::SeqCst);
    insta::assert_snapshot!("judged_again_when_the_run_is_resumed", scenario.resume(run).await);
    assert_eq!(champion_of(&scenario).await, Some(2));
}

#[tokio::test]
async fn a_model_that_fails_stops_its_gate_and_not_its_readers() {
    let is_broken = Arc::new(AtomicBool::new(false));
    let broken = is_broken.clone();
    let model = number("model").blocking(move |_| match broken.load(Ordering::SeqCst) {
        true => Err(BoxError::from("no data")),
        false => Ok(4_u64),
    });
    let definitions =
        Definitions::new().asset(model).asset(following("predictions", "model")).gate(larger("model"));
    let scenario = Scenario::new(definitions);
    scenario.run().await;
    is_broken.store(true, Ordering::SeqCst);
    insta::assert_snapshot!(scenario.run().await);
}

#[tokio::test]
async fn a_model_that_keeps_its_version_is_not_judged_again() {
    let is_kept = Arc::new(AtomicBool::new(false));
    let keeps = is_kept.clone();
    let model = deciding(number("model"), move |_| {
        vec![if keeps.load(Ordering::SeqCst) { kept("no new data") } else { new(4) }]
    });
    let definitions =
        Definitions::new().asset(model).asset(following("predictions", "model")).gate(larger("model"));
    let scenario = Scenario::new(definitions);
    scenario.run().await;
    is_kept.store(true, Ordering::SeqCst);
    insta::assert_snapshot!(scenario.run().await);
}

#[tokio::test]
async fn people_are_asked_and_readers_go_on() {
    let number = Arc::new(AtomicU64::new(5));
    let of_number = number.clone();
    let model = crate::support::number("model").blocking(move |_| Ok(of_number.load(Ordering::SeqCst)));
    let ask = gate("model", |challenger, champion| {
        Ok(if champion.is_none() {
            Verdict::promote()
        } else {
            Verdict::ask("release managers").because(format!("{challenger}"))
        })
    });
    let scenario =
        Scenario::new(Definitions::new().asset(model).asset(following("predictions", "model")).gate(ask));
    scenario.run().await;
    number.store(6, Ordering::SeqCst);
    insta::assert_snapshot!(scenario.run().await);
    assert_eq!(scenario.value::<u64>("predictions").await, 5);
    promote(&scenario, 2).await;
    scenario.stale_only().run().await;
    assert_eq!(scenario.value::<u64>("predictions").await, 6);
}

/// While the gate judges, the alias is moved: nothing of the first verdict is recorded, and the second one is against the new champion.
#[tokio::test]
async fn an_alias_that_was_moved_meanwhile_is_judged_against_again() {
    let number = Arc::new(AtomicU64::new(5));
    let of_number = number.clone();
    let model = crate::support::number("model").blocking(move |_| Ok(of_number.load(Ordering::SeqCst)));
    let (store_of, interferes) =
        (Arc::new(std::sync::OnceLock::<Scenario>::new()), Arc::new(AtomicBool::new(false)));
    let (scenario_of, interfering) = (store_of.clone(), interferes.clone());
    let judge = gate("model", move |challenger, champion| {
        if interfering.swap(false, Ordering::SeqCst) {
            let scenario = scenario_of.get().unwrap().clone();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(promote(&scenario, 2));
        }
        Ok(Verdict::promote_if(champion.is_none_or(|champion| challenger > champion))
            .because(format!("{challenger} against {champion:?}")))
    });
    let definitions = Definitions::new().asset(model).asset(following("predictions", "model")).gate(judge);
    let scenario = Scenario::new(definitions);
    assert!(store_of.set(scenario.clone()).is_ok());
    for value in [5, 4] {
        number.store(value, Ordering::SeqCst);
        scenario.run().await;
    }
    interferes.store(true, Ordering::SeqCst);
    number.store(6, Ordering::SeqCst);
    insta::assert_snapshot!(scenario.run().await);
    assert_eq!((champion_of(&scenario).await, scenario.value::<u64>("predictions").await), (Some(3), 6));
}

/// What an alias meant when the run began stays in force when it is resumed, though the alias was moved since.
#[tokio::test]
async fn pins_survive_the_resumption_of_a_run() {
    let is_broken = Arc::new(AtomicBool::new(true));
    let broken = is_broken.clone();
    let before = number("before").blocking(move |_| match broken.load(Ordering::SeqCst) {
        true => Err(BoxError::from("broken")),
        false => Ok(1_u64),
    });
    let predictions = following("predictions", "model").input::<u64>("before");
    let number = Arc::new(AtomicU64::new(5));
    let of_number = number.clone();
    let model = crate::support::number("model").blocking(move |_| Ok(of_number.load(Ordering::SeqCst)));
    let scenario = Scenario::of([model, before, predictions]);
    scenario.selecting("model").run().await;
    promote(&scenario, 1).await;
    let reading = scenario.selecting("before, predictions");
    let run = reading.queued().await;
    reading.resume(run).await;
    number.store(9, Ordering::SeqCst);
    scenario.selecting("model").run().await;
    promote(&scenario, 2).await;
    is_broken.store(false, Ordering::SeqCst);
    reading.resume(run).await;
    assert_eq!(scenario.value::<u64>("predictions").await, 5, "as when the run began");
    assert_eq!(scenario.stale_only().planned().await, "predictions", "and so it is stale");
}

/// Each partition has a champion of its own.
#[tokio::test]
async fn partitions_are_judged_one_by_one() {
    let partitions = PartitionsDefinition::fixed(["de", "fr"]);
    let number = Arc::new(AtomicU64::new(5));
    let of_number = number.clone();
    let model = crate::support::number("model")
        .blocking(move |_| Ok(of_number.load(Ordering::SeqCst)))
        .partitions(partitions.clone());
    let predictions = following("predictions", "model").partitions(partitions);
    let scenario = Scenario::new(Definitions::new().asset(model).asset(predictions).gate(larger("model")));
    scenario.run().await;
    number.store(9, Ordering::SeqCst);
    scenario.partition("fr").run().await;
    let aliases = scenario.store.aliases(&["model".into()]).await.unwrap();
    let found = aliases.iter().map(|alias| (alias.asset.to_string(), alias.version.get()));
    assert_eq!(found.collect::<Vec<_>>(), [("model (de)".to_owned(), 1), ("model (fr)".to_owned(), 2)]);
}

/// A vectorizer of the champion, and not the latest one.
#[tokio::test]
async fn what_a_version_was_made_from_comes_with_it() {
    let number = Arc::new(AtomicU64::new(5));
    let of_number = number.clone();
    let words = crate::support::number("words").blocking(move |_| Ok(of_number.load(Ordering::SeqCst)));
    let model = sum("model", &["words"]);
    let read_as = ReadAs::InputOf { model: "model".into(), alias: AliasName::champion() };
    let (by, required) = (read_as.clone(), read_as);
    let predictions = crate::support::number("predictions")
        .policy(move |computation| {
            computation.requirements.version::<u64>("words", required, Absent::SkipsTheStep);
            computation.requirements.follow("model", AliasName::champion());
        })
        .blocking(move |step| {
            let words = step.version("words", &by).ok_or("no words")?;
            Ok(*words.value.clone().downcast::<u64>().expect("words are numbers"))
        });
    let definitions = Definitions::new().asset(words).asset(model).asset(predictions).gate(larger("model"));
    let scenario = Scenario::new(definitions);
    scenario.run().await;
    number.store(2, Ordering::SeqCst);
    scenario.run().await;
    assert_eq!(scenario.value::<u64>("words").await, 2);
    assert_eq!(scenario.value::<u64>("predictions").await, 5, "those of the champion");
    assert_eq!(scenario.stale_only().planned().await, "");
    number.store(8, Ordering::SeqCst);
    scenario.run().await;
    assert_eq!(scenario.value::<u64>("predictions").await, 8);
    let event = scenario.latest("predictions").await;
    let inputs = &event.body.provenance().unwrap().inputs;
    let versions = inputs.iter().map(|input| (input.upstream.to_string(), input.version.unwrap().get()));
    assert_eq!(versions.collect::<Vec<_>>(), [("words".to_owned(), 3), ("model".to_owned(), 3)]);
}

/// A gate is given what each version was made from: the words of the champion, and those of the challenger.
#[tokio::test]
async fn a_gate_compares_each_version_with_its_own_inputs() {
    let number = Arc::new(AtomicU64::new(5));
    let of_number = number.clone();
    let words = crate::support::number("words").blocking(move |_| Ok(of_number.load(Ordering::SeqCst)));
    let of_champion = ReadAs::InputOf { model: "model".into(), alias: AliasName::champion() };
    let of_challenger = ReadAs::InputOfChallenger { model: "model".into() };
    let mut requirements = Requirements { challenger: Some("model".into()), ..Requirements::default() };
    requirements.input::<u64>("model");
    requirements.version::<u64>("words", of_champion.clone(), Absent::IsNone);
    requirements.version::<u64>("words", of_challenger.clone(), Absent::SkipsTheStep);
    let function = StepFunction::Blocking(Arc::new(move |step| {
        let words = |read_as: &ReadAs| {
            let version = step.version("words", read_as)?;
            Some(*version.value.clone().downcast::<u64>().expect("words are numbers"))
        };
        let reason = format!("{:?} against {:?}", words(&of_challenger), words(&of_champion));
        Ok(StepResult::Gate(Verdict::promote_if(words(&of_champion).is_none()).because(reason)))
    }));
    let gate = GateDefinition::new("by_words", "model", Computation::new(requirements, function));
    let definitions = Definitions::new().asset(words).asset(sum("model", &["words"])).gate(gate);
    let scenario = Scenario::new(definitions);
    scenario.run().await;
    number.store(7, Ordering::SeqCst);
    insta::assert_snapshot!(scenario.run().await);
    let history = model_history(&*scenario.store, &model()).await.unwrap();
    let verdict = &history.versions[&version(2)].verdicts[0].what;
    let inputs = verdict.provenance.inputs.iter();
    let inputs = inputs.map(|input| (input.upstream.to_string(), input.version.map(VersionNumber::get)));
    let expected = [("model", Some(2)), ("words", Some(1)), ("words", Some(2))];
    assert_eq!(inputs.collect::<Vec<_>>(), expected.map(|(asset, version)| (asset.to_owned(), version)));
}

#[tokio::test]
async fn a_champion_that_can_not_be_decoded_is_an_error_and_never_none() {
    let definitions =
        |model: AssetDefinition| Definitions::new().asset(model).asset(following("predictions", "model"));
    let text = AssetDefinition::new("model").produces::<String, _>().blocking(|_| Ok("a text".to_owned()));
    let of_text = Definitions::new().asset(text);
    let scenario = Scenario::new(of_text);
    scenario.run().await;
    promote(&scenario, 1).await;
    let scenario = scenario.with_code(definitions(constant("model", 1)));
    insta::assert_snapshot!(without_lines(&scenario.selecting("predictions").run().await));
}

/// Two runs make the same asset at once: each version has a number of its own, and what was made from it names that.
#[tokio::test]
async fn runs_at_the_same_time_number_their_versions_one_after_the_other() {
    let scenario = Scenario::of([instant("a", 1), sum("b", &["a"])]);
    let runs = futures::future::join_all((0..8).map(|_| {
        let scenario = scenario.in_another_process();
        async move {
            let run = scenario.queued().await;
            scenario.execute(run).await.unwrap();
            run
        }
    }))
    .await;
    let mut numbers = Vec::new();
    for run in runs {
        let events = scenario.events(run).await;
        let made = |asset: &str| {
            let of_asset =
                events.iter().filter(|event| event.asset.as_ref().is_some_and(|key| key.as_str() == asset));
            of_asset
                .filter_map(|event| {
                    if let EventBody::Materialized(made) = &event.body { Some(made.clone()) } else { None }
                })
                .next()
                .unwrap()
        };
        let (a, b) = (made("a"), made("b"));
        assert_eq!(b.provenance.inputs[0].version, a.version);
        numbers.push(a.version.unwrap().get());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
}

/// Every promotion names where it came from, so the moves are a chain.
#[tokio::test]
async fn moves_are_a_chain() {
    let number = Arc::new(AtomicU64::new(0));
    let scenario = Scenario::new(pipeline(&number));
    for value in [3, 7, 5, 9] {
        number.store(value, Ordering::SeqCst);
        scenario.run().await;
    }
    let history = model_history(&*scenario.store, &model()).await.unwrap();
    let moves = history.moves.iter().map(|moved| {
        let AliasMoved { from, to, .. } = &moved.what;
        (from.map(VersionNumber::get), to.map(VersionNumber::get))
    });
    assert_eq!(moves.collect::<Vec<_>>(), [(None, Some(1)), (Some(1), Some(2)), (Some(2), Some(4))]);
    assert_eq!(history.versions.len(), 4);
    assert!(history.versions.values().all(|version| version.verdicts.len() == 1), "one verdict a version");
}

/// A watch has gone back from the version; a gate that comes to it again doesn't bring it into use, and people may.
#[tokio::test]
async fn what_a_watch_has_left_is_not_promoted_again_by_a_gate() {
    let number = Arc::new(AtomicU64::new(5));
    let is_broken = Arc::new(AtomicBool::new(false));
    let (broken, of_number) = (is_broken.clone(), number.clone());
    let judge = gate("model", move |_, _| match broken.load(Ordering::SeqCst) {
        true => Err(BoxError::from("the hold-out is empty")),
        false => Ok(Verdict::promote().because("better")),
    });
    let model = crate::support::number("model").blocking(move |_| Ok(of_number.load(Ordering::SeqCst)));
    let scenario =
        Scenario::new(Definitions::new().asset(model).asset(following("predictions", "model")).gate(judge));
    scenario.run().await;
    is_broken.store(true, Ordering::SeqCst);
    number.store(9, Ordering::SeqCst);
    let run = scenario.queued().await;
    scenario.resume(run).await;
    promote(&scenario, 2).await;
    let (asset, champion) = ("model".into(), AliasName::champion());
    let (day, now) = (std::time::Duration::from_secs(86_400), scenario.clock_now());
    change_model(&*scenario.store, &crate::gates::model(), now, |history| {
        history.roll_back_watched((&asset, &champion), day, (u64::MAX, now), "worse")
    })
    .await
    .unwrap();
    assert_eq!(champion_of(&scenario).await, Some(1));
    is_broken.store(false, Ordering::SeqCst);
    scenario.resume(run).await;
    let history = model_history(&*scenario.store, &crate::gates::model()).await.unwrap();
    let verdict = &history.versions[&version(2)].verdicts.last().unwrap().what;
    assert_eq!(
        (verdict.decision, verdict.reason.as_str()),
        (
            Some(millwork_core::Decision::Keep),
            "better; the watch has gone back from it, so that only people promote it"
        )
    );
    assert_eq!(champion_of(&scenario).await, Some(1));
    promote(&scenario, 2).await;
    assert_eq!(champion_of(&scenario).await, Some(2));
}
