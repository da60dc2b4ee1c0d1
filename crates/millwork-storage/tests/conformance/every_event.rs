//! Every kind of event, with all of its optional fields.

use std::collections::BTreeMap;

use millwork_core::asset::{Decision, MetadataValue, Severity};
use millwork_core::event::{
    AliasChange, AliasMoved, AliasPinned, Asked, AssetRenamed, BacktestOutcome, BacktestedVersion,
    CheckEvaluation, Environment, EventBody, FileHasher, InputVersion, LogLine, Materialization, Mover,
    NewEvent, PartitionsChanged, PartitionsRenamed, Provenance, ShadowCalled, ShadowOutcome, ShadowTrial,
    ShadowValue, StoredValue, ValueLocation, VersionDecided, VersionJudged, VersionsBacktested, WorkingTree,
};
use millwork_core::param::LogLevel;
use millwork_core::run::{Failure, FailureClass, FailureKind};
use millwork_core::version::{AliasName, ReadAs, VersionNumber};
use millwork_core::{AssetKey, AssetPartition, PartitionKey};
use millwork_storage::EventQuery;

use crate::backend::Backend;
use crate::samples::{
    append, at, create, events, failure, kept, materialized, not_materialized, provenance, success,
};

/// Inputs with and without a partition and a number, each read in every way.
fn every_input() -> Vec<InputVersion> {
    let (alias, model) = (AliasName::champion(), AssetKey::from("group/model"));
    let mut inputs = Vec::new();
    let ways = [
        ReadAs::Latest,
        ReadAs::Alias(alias.clone()),
        ReadAs::InputOf { model, alias },
        ReadAs::History { after: VersionNumber::new(3) },
        ReadAs::Shadow { after: 3, until: 7 },
    ];
    for read_as in ways {
        for partition in [None, Some(PartitionKey::from("7"))] {
            for version in [None, VersionNumber::new(7)] {
                let upstream = AssetPartition::new("group/ässet".into(), partition.clone());
                let (data_version, read_as) = (Some("d7".into()), read_as.clone());
                inputs.push(InputVersion { upstream, data_version, version, read_as });
            }
        }
    }
    inputs.push(InputVersion { data_version: None, ..inputs[0].clone() });
    inputs
}

fn shadow_called(outcome: ShadowOutcome) -> EventBody {
    let (version, beside) = (VersionNumber::FIRST, Some(VersionNumber::FIRST));
    let provenance = provenance();
    EventBody::ShadowCalled(ShadowCalled {
        model: "group/model".into(),
        version,
        beside,
        outcome,
        provenance,
    })
}

fn every_body() -> Vec<EventBody> {
    let reason = || "because \"ä\" \u{0}\n".to_owned();
    let metadata = || BTreeMap::from([("score".to_owned(), MetadataValue::Float(f64::INFINITY))]);
    let at = ValueLocation::IoManager { name: Some("warehouse".to_owned()), at: "a/b".to_owned() };
    let fields = BTreeMap::from([("count".to_owned(), serde_json::json!([1, null]))]);
    vec![
        EventBody::RunQueued,
        EventBody::RunStarted { epoch: 1 },
        EventBody::RunCanceling,
        EventBody::run_failed(reason()),
        EventBody::RunFailed { reason: reason(), class: FailureClass::Timeout },
        EventBody::run_lost(reason()),
        EventBody::RunLost { reason: reason(), class: FailureClass::OutOfMemory },
        EventBody::RunRetrying { delay_ms: 5 },
        EventBody::RunCanceled,
        EventBody::RunSucceeded,
        EventBody::StepStarted,
        EventBody::StepProgressed { done: 1, of: u64::MAX },
        EventBody::StepRetrying { failure: failure(), delay_ms: 100 },
        success(),
        EventBody::StepFailed { failure: failure() },
        EventBody::StepSkipped { reason: reason() },
        EventBody::StepCanceled,
        materialized("d1"),
        EventBody::Materialized(Materialization {
            version: None,
            data_version: "d2".into(),
            provenance: provenance(),
            stored: StoredValue {
                location: at,
                bytes: 0,
                format: "parquet".to_owned(),
                hash: Some("h0".into()),
            },
            metadata: [].into(),
        }),
        EventBody::Materialized(Materialization {
            version: VersionNumber::new(1),
            data_version: "d1".into(),
            provenance: provenance(),
            stored: StoredValue {
                location: ValueLocation::Database,
                bytes: 0,
                format: "json".to_owned(),
                hash: None,
            },
            metadata: [].into(),
        }),
        EventBody::VersionDecided(VersionDecided {
            version: VersionNumber::FIRST,
            decision: Decision::Keep,
            answers: Some(1),
            after_shadow: false,
            by: Mover::Person(reason()),
            reason: reason(),
        }),
        EventBody::VersionJudged(VersionJudged {
            gate: "better".to_owned(),
            // Another one than that which is decided about: a trial ends once.
            version: VersionNumber::after(Some(VersionNumber::FIRST)),
            against: VersionNumber::new(u32::MAX),
            decision: Some(Decision::Reject),
            asked: Some(Asked {
                of: reason(),
                until: Some(crate::samples::at(9)),
                then: Some(Decision::Promote),
            }),
            shadow: Some(ShadowTrial {
                asset: "made".into(),
                until: Some(crate::samples::at(9)),
                then: Some(Decision::Keep),
            }),
            answers: Some(u64::from(u32::MAX)),
            reason: reason(),
            metadata: metadata(),
            provenance: Provenance { code_version: "c1".into(), inputs: every_input(), config: None },
        }),
        EventBody::AliasMoved(AliasMoved {
            alias: AliasName::champion(),
            from: None,
            to: VersionNumber::new(1),
            data_version: Some("d1".into()),
            change: AliasChange::RolledBack,
            by: Mover::Gate("better".to_owned()),
            reason: reason(),
        }),
        EventBody::AliasPinned(AliasPinned { alias: AliasName::champion(), version: VersionNumber::new(1) }),
        kept(),
        EventBody::Kept { reason: reason(), metadata: metadata(), provenance: provenance() },
        not_materialized(),
        EventBody::Observed { data_version: Some("d3".into()), metadata: metadata() },
        EventBody::CheckEvaluated(CheckEvaluation {
            check: "is_fine".to_owned(),
            passed: false,
            severity: Severity::Warn,
            blocking: true,
            description: reason(),
            metadata: metadata(),
        }),
        EventBody::PartitionsChanged(PartitionsChanged {
            dimension: "countries".to_owned(),
            added: vec!["de".to_owned(), "a|b".to_owned()],
            removed: vec!["🙂".to_owned()],
        }),
        EventBody::AssetRenamed(AssetRenamed {
            from: "old".into(),
            to: "b/new".into(),
            steps: vec![("old".into(), "b/new".into())],
        }),
        EventBody::PartitionsRenamed(PartitionsRenamed {
            assets: vec!["a".into()],
            steps: vec!["a".into()],
            keys: vec![("uk".into(), "🙂|gb".into())],
        }),
        EventBody::VersionsBacktested(VersionsBacktested {
            gate: "better".to_owned(),
            against: Some(VersionNumber::FIRST),
            versions: [
                BacktestOutcome::Judged { decision: Decision::Keep },
                BacktestOutcome::Asked { of: reason() },
                BacktestOutcome::InShadow,
                BacktestOutcome::Failed,
                BacktestOutcome::ValueRemoved,
            ]
            .map(|outcome| BacktestedVersion {
                version: VersionNumber::FIRST,
                outcome,
                reason: reason(),
                metadata: metadata(),
            })
            .into(),
            provenance: provenance(),
        }),
        shadow_called(ShadowOutcome::Made(ShadowValue {
            data_version: "d1".into(),
            stored: StoredValue {
                location: ValueLocation::Database,
                bytes: 1,
                format: "json".to_owned(),
                hash: Some("h0".into()),
            },
            metadata: metadata(),
        })),
        shadow_called(ShadowOutcome::Nothing),
        shadow_called(ShadowOutcome::Begun),
        shadow_called(ShadowOutcome::Stopped),
        shadow_called(ShadowOutcome::NotCalled),
        shadow_called(ShadowOutcome::Failed { failure: Failure::new(FailureKind::Panic, reason()) }),
        EventBody::Logged(LogLine {
            level: LogLevel::Warn,
            target: "stderr".to_owned(),
            message: reason(),
            fields,
        }),
        EventBody::EnvironmentRecorded(Environment {
            binary: Some(FileHasher::default().finish()),
            millwork: "0.1.0".to_owned(),
            features: vec!["ml".to_owned()],
            debug_assertions: true,
            target: "x86_64-linux-gnu".to_owned(),
            os: reason(),
            host: reason(),
            cpu: Some(reason()),
            processors: u32::MAX,
            working_tree: Some(WorkingTree {
                folder: reason(),
                commit: Some("c0ffee".to_owned()),
                dirty: Some(true),
                cargo_lock: Some(FileHasher::default().finish()),
            }),
        }),
    ]
}

pub(crate) async fn round_trip(store: Backend) {
    let run = create(&*store, 1, &[]).await;
    let full = |body| NewEvent {
        step: Some("group/stép".into()),
        asset: Some("group/ässet".into()),
        partition: Some("".into()),
        attempt: u32::MAX,
        ..NewEvent::of_run(run, at(2), body)
    };
    let written: Vec<NewEvent> = every_body().into_iter().map(full).collect();
    let sequences = append(&*store, written.clone()).await;
    let expected: Vec<_> =
        written.into_iter().zip(sequences).map(|(event, sequence)| event.at_sequence(sequence)).collect();
    assert_eq!(events(&*store, EventQuery { after: Some(1), ..EventQuery::default() }).await, expected);
}

pub(crate) async fn odd_names(store: Backend) {
    let run = create(&*store, 1, &[]).await;
    let names = [
        "",
        "\u{0}",
        "a\u{0}b",
        "a",
        "A",
        "\u{1e}\u{1f}",
        "'\"\\\n",
        "%_*",
        "e\u{301}",
        "\u{e9}",
        "\u{1f980}",
    ];
    let of = |(index, name): (usize, &&str)| NewEvent {
        step: Some((*name).into()),
        asset: Some(names[(index + 1) % names.len()].into()),
        partition: Some(names[(index + 2) % names.len()].into()),
        ..NewEvent::of_run(run, at(2), materialized("d1"))
    };
    let written: Vec<NewEvent> = names.iter().enumerate().map(of).collect();
    append(&*store, written.clone()).await;
    for event in written {
        let query = EventQuery {
            step: event.step.clone(),
            asset: event.asset.clone(),
            partition: Some(event.partition.clone()),
            ..EventQuery::default()
        };
        let found = events(&*store, query).await;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0], event.clone().at_sequence(found[0].sequence));
        let latest = store.latest(&[event.asset.clone().unwrap()]).await.unwrap();
        assert_eq!((latest.len(), &latest[0].partition), (1, &event.partition));
    }
}
