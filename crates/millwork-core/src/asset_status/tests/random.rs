//! Random definitions and events: the statuses are those of a naive model, however often they were derived before.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::away::Away;
use super::definitions::{FAIL, WARN, any_asset, champion, pipeline};
use super::model::Model;
use crate::asset::{AssetStatus, Severity};
use crate::asset_status::{AssetStatuses, PartitionHealth, StatusFold};
use crate::definitions::Pipeline;
use crate::event::{
    AliasChange, AliasMoved, CheckEvaluation, Event, EventBody, EventKind, InputVersion, Materialization,
    Mover, NewEvent, Provenance, StoredValue, UnreadableEvent, ValueLocation,
};
use crate::freshness::Freshness;
use crate::graph::AssetIndex;
use crate::id::{PartitionKey, RunId};
use crate::outcome::{Failure, FailureKind};
use crate::partition::{AssetPartition, KeyMoment, KeyValue, Texts};
use crate::plan::{MappedStep, PlannedInput, Staleness};
use crate::version::{ReadAs, VersionNumber};

/// What happens next, with numbers that choose the asset, its partition and more.
#[derive(Clone, Copy, Debug)]
enum Happening {
    /// Something is made of it, from what there is or from something else.
    Make(usize, usize, u8, u8),
    Start(usize, usize),
    Fail(usize, usize),
    Succeed(usize, usize),
    EndRun,
    Check(usize, usize, bool),
    Move(usize, usize, u32),
    /// Hours pass.
    Wait(i64),
    Add(usize),
    Remove(usize),
    /// The statuses are derived.
    Look,
}

fn any_happening() -> impl Strategy<Value = Happening> {
    let at = || (any::<usize>(), any::<usize>());
    prop_oneof![
        12 => (at(), any::<u8>(), any::<u8>())
            .prop_map(|((asset, key), how, version)| Happening::Make(asset, key, how, version)),
        1 => at().prop_map(|(asset, key)| Happening::Start(asset, key)),
        1 => at().prop_map(|(asset, key)| Happening::Fail(asset, key)),
        1 => at().prop_map(|(asset, key)| Happening::Succeed(asset, key)),
        1 => Just(Happening::EndRun),
        2 => (at(), any::<bool>()).prop_map(|((asset, key), passed)| Happening::Check(asset, key, passed)),
        2 => (at(), 0_u32..4).prop_map(|((asset, key), to)| Happening::Move(asset, key, to)),
        2 => (1_i64..60).prop_map(Happening::Wait),
        1 => (0_usize..4).prop_map(Happening::Add),
        1 => (0_usize..4).prop_map(Happening::Remove),
        4 => Just(Happening::Look),
    ]
}

const USERS: [&str; 4] = ["a", "b", "x", "y"];

/// A log beside its model.
struct Both {
    pipeline: Pipeline,
    now: Timestamp,
    users: Texts,
    sequence: u64,
    fold: StatusFold,
    statuses: AssetStatuses,
    away: Away,
    model: Model,
}

impl Both {
    fn new(pipeline: Pipeline) -> Self {
        Self {
            pipeline,
            now: "2026-01-05T12:00:00Z".parse().unwrap(),
            users: Texts::new(["x", "a"]),
            sequence: 0,
            fold: StatusFold::default(),
            statuses: AssetStatuses::default(),
            away: Away::default(),
            model: Model::default(),
        }
    }

    fn moment(&self) -> KeyMoment {
        let texts = BTreeMap::from([("users".to_owned(), self.users.clone())]);
        KeyMoment::at(self.now).with_texts(texts)
    }

    /// An asset, and one of the partitions that it has now or may have later.
    fn chosen(&self, asset: usize, key: usize) -> (AssetIndex, Option<PartitionKey>) {
        let graph = self.pipeline.graph();
        let asset = graph.assets().indices().nth(asset % graph.assets().len()).unwrap();
        let keys: Vec<Option<PartitionKey>> = match graph.partitions(asset) {
            Some(partitions) => {
                let later = KeyMoment::at("2026-01-14T00:00:00Z".parse().unwrap());
                let texts = BTreeMap::from([("users".to_owned(), Texts::new(USERS))]);
                partitions.keys(&later.with_texts(texts)).into_iter().map(Some).collect()
            }
            None if graph.assets()[asset].step.is_none() => vec![None, Some("p".into()), Some("q".into())],
            None => vec![None],
        };
        (asset, keys[key % keys.len()].clone())
    }

    fn apply(&mut self, of: Option<(AssetIndex, Option<PartitionKey>)>, body: EventBody) {
        self.sequence += 1;
        let run = RunId::from_u128(1);
        let (asset, partition) = of.map_or((None, None), |(asset, partition)| (Some(asset), partition));
        let graph = self.pipeline.graph();
        let node = asset.map(|asset| &graph.assets()[asset]);
        let is_of_step = body.is_step_event();
        let step = node.and_then(|node| node.step).map(|step| graph.steps()[step].key.clone());
        if is_of_step && step.is_none() {
            return;
        }
        let event = NewEvent {
            step: step.filter(|_| is_of_step),
            asset: node.map(|node| node.spec.key.clone()).filter(|_| !is_of_step),
            partition,
            attempt: u32::from(is_of_step),
            ..NewEvent::of_run(run, self.now, body)
        };
        let event: Event = event.at_sequence(self.sequence);
        self.model.apply(&event);
        self.fold.apply(&event);
        self.away.take(event);
    }

    /// What making a partition now would record.
    fn provenance(&self, asset: AssetIndex, partition: &Option<PartitionKey>) -> Provenance {
        let graph = self.pipeline.graph();
        let Some(step) = graph.assets()[asset].step else { return Provenance::reported() };
        let moment = self.moment();
        let planned = MappedStep::new(graph, step, &moment).planned(partition.clone());
        let latest = |of: &AssetPartition| self.model.latest.get(of);
        let of_input = |input: &PlannedInput| {
            let read = input.asset_partitions().map(|partition| {
                let upstream = partition.by_key(graph);
                let evaluation = latest(&upstream);
                let (data_version, version) = if let ReadAs::Alias(alias) = &input.read_as {
                    let aliased = evaluation.and_then(|evaluation| evaluation.aliases.get(alias)).cloned();
                    aliased.map_or((None, None), |aliased| (aliased.data_version, Some(aliased.version)))
                } else {
                    (evaluation.and_then(|evaluation| evaluation.data_version.clone()), None)
                };
                InputVersion { upstream, data_version, version, read_as: input.read_as.clone() }
            });
            read.filter(|read| read.data_version.is_some() || !input.tolerates_missing).collect::<Vec<_>>()
        };
        let mut inputs: Vec<InputVersion> = planned.inputs.iter().flat_map(of_input).collect();
        inputs.extend(planned.histories.iter().map(|history| {
            let upstream = history.by_key(graph);
            let version = latest(&upstream).and_then(|evaluation| evaluation.version);
            InputVersion { upstream, data_version: None, version, read_as: ReadAs::History { after: None } }
        }));
        let code_version = graph.steps()[step].computation().code_version.clone();
        Provenance { code_version, inputs, config: None }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Make(asset, key, how, version) => {
                let (asset, partition) = self.chosen(asset, key);
                let mut provenance = self.provenance(asset, &partition);
                match how % 16 {
                    0 => provenance.code_version = "before".into(),
                    1 => provenance = Provenance::reported(),
                    2 => drop(provenance.inputs.pop()),
                    3 => provenance.inputs.iter_mut().take(1).for_each(|input| {
                        input.data_version = Some("other".into());
                    }),
                    _ => {}
                }
                let metadata = Default::default;
                let body = match how / 16 {
                    0 => EventBody::NotMaterialized { provenance },
                    1 => EventBody::Kept { reason: String::new(), metadata: metadata(), provenance },
                    2 => EventBody::Unreadable(UnreadableEvent {
                        kind: Some(EventKind::Materialized),
                        reason: "damaged".to_owned(),
                    }),
                    _ => EventBody::Materialized(Materialization {
                        version: VersionNumber::new(1 + u32::from(version % 4)),
                        data_version: format!("d{}", version % 4).as_str().into(),
                        provenance,
                        stored: StoredValue {
                            location: ValueLocation::Elsewhere,
                            bytes: 0,
                            format: String::new(),
                            hash: None,
                        },
                        metadata: metadata(),
                    }),
                };
                self.apply(Some((asset, partition)), body);
            }
            Happening::Start(asset, key) => {
                self.apply(Some(self.chosen(asset, key)), EventBody::StepStarted);
            }
            Happening::Fail(asset, key) => {
                let failure = Failure::new(FailureKind::Error, "no luck");
                self.apply(Some(self.chosen(asset, key)), EventBody::StepFailed { failure });
            }
            Happening::Succeed(asset, key) => {
                self.apply(Some(self.chosen(asset, key)), EventBody::StepSucceeded { micros: 1 });
            }
            Happening::EndRun => self.apply(None, EventBody::RunCanceled),
            Happening::Check(asset, key, passed) => {
                let check = CheckEvaluation {
                    check: "rows".to_owned(),
                    passed,
                    severity: Severity::Error,
                    blocking: false,
                    description: String::new(),
                    metadata: Default::default(),
                };
                self.apply(Some(self.chosen(asset, key)), EventBody::CheckEvaluated(check));
            }
            Happening::Move(asset, key, to) => {
                let moved = AliasMoved {
                    alias: champion(),
                    from: None,
                    to: VersionNumber::new(to),
                    data_version: Some(format!("d{to}").as_str().into()),
                    change: AliasChange::Promoted,
                    by: Mover::TimeLimit,
                    reason: String::new(),
                };
                self.apply(Some(self.chosen(asset, key)), EventBody::AliasMoved(moved));
            }
            Happening::Wait(hours) => self.now += SignedDuration::from_hours(hours),
            Happening::Add(user) => drop(self.users.add(USERS[user])),
            Happening::Remove(user) => drop(self.users.remove(USERS[user])),
            Happening::Look => self.look(),
        }
    }

    fn look(&mut self) {
        let moment = self.moment();
        let graph = self.pipeline.graph();
        self.statuses = self.statuses.updated(graph, &mut self.fold, &moment).unwrap();
        let from_scratch = AssetStatuses::derive(graph, &self.fold, &moment);
        let expected = self.model.partitions(graph, &moment);
        for (asset, expected) in graph.assets().indices().zip(&expected) {
            for statuses in [&from_scratch, &self.statuses] {
                let sets = &statuses.of(asset).partitions;
                let found = statuses.partitions(graph, &self.fold, asset, &sets.all().next(None, usize::MAX));
                self.compare(statuses, asset, found, expected);
            }
        }
        let mut restored = self.away.restored(graph, &moment);
        let mut away = std::mem::take(&mut self.away);
        for away in [Some(&mut away), restored.as_mut()].into_iter().flatten() {
            away.update(graph, &moment);
            for (asset, expected) in graph.assets().indices().zip(&expected) {
                let found = away.partitions(graph, asset);
                self.compare(&away.statuses, asset, found, expected);
            }
        }
        away.store(graph);
        self.away = away;
    }

    fn compare(
        &self,
        statuses: &AssetStatuses,
        asset: AssetIndex,
        mut found: Vec<PartitionHealth>,
        expected: &[PartitionHealth],
    ) {
        let graph = self.pipeline.graph();
        let health = statuses.of(asset);
        let sets = &health.partitions;
        found.sort_by(|one, other| one.partition.cmp(&other.partition));
        assert_eq!(found, expected, "{}", graph.key(asset));
        for status in AssetStatus::ALL {
            let count = expected.iter().filter(|partition| partition.status == status).count();
            assert_eq!(sets.count(status), count as u64);
            assert_eq!(sets.of(status).count(), count as u64);
        }
        let is_behind = expected.iter().any(PartitionHealth::is_behind);
        assert_eq!(health.is_behind(), is_behind);
        let worst = AssetStatus::worst(expected.iter().map(|partition| partition.status));
        assert_eq!(health.status, worst.unwrap_or(AssetStatus::Fresh));
        let newest = expected.iter().filter_map(|partition| partition.last_materialized_at).max();
        assert_eq!(health.last_materialized_at, newest, "{}", graph.key(asset));
        let failing = expected.iter().any(|partition| !partition.failing_checks.is_empty());
        assert_eq!(!health.failing_checks().is_empty(), failing);
        let has_reasons = expected.iter().any(|partition| partition.reasons().next().is_some());
        assert_eq!(!health.reasons().is_empty(), has_reasons);
        let freshness = health.freshness.as_ref().map(|freshness| freshness.state);
        assert_eq!(freshness, self.freshness(asset, expected), "{}", graph.key(asset));
    }

    /// The freshness of an asset with windows, by each window that ended.
    fn freshness(&self, asset: AssetIndex, partitions: &[PartitionHealth]) -> Option<Freshness> {
        let graph = self.pipeline.graph();
        let definition =
            graph.partitions(asset).filter(|definition| definition.dimensions().have_windows())?;
        let space = definition.space(&self.moment());
        let ended = |partition: &PartitionHealth| {
            let key = space.key_at(&space.index_of(partition.partition.as_ref()?)?)?;
            let end = key.values().iter().find_map(|value| match value {
                KeyValue::Window(window) => Some(window.end()),
                KeyValue::Text(_) => None,
            })?;
            Some((end, partition.staleness == Staleness::Missing))
        };
        let ended: Vec<_> = partitions.iter().filter_map(ended).collect();
        let is_missing = |within: Duration| {
            let due = ended.iter().filter(|(end, _)| *end + within < self.now);
            let last = due.clone().map(|(end, _)| *end).max()?;
            Some(due.clone().any(|(end, is_missing)| *end == last && *is_missing))
        };
        Some(match (is_missing(FAIL), is_missing(WARN)) {
            (Some(true), _) => Freshness::Fail,
            (_, Some(true)) => Freshness::Warn,
            (None, None) => Freshness::Unknown,
            (Some(false) | None, Some(false) | None) => Freshness::Pass,
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn statuses_are_those_of_a_naive_model(
        assets in prop::collection::vec(any_asset(), 1..6),
        happenings in prop::collection::vec(any_happening(), 0..80),
    ) {
        let mut both = Both::new(pipeline(&assets));
        both.look();
        for happening in happenings {
            both.happen(happening);
        }
        both.look();
    }
}
