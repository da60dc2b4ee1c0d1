//! The facts that the status of assets follows from, as a fold over the event log.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::compared::Compared;
use super::elsewhere::{Elsewhere, Lacking};
use super::stored::{LARGE, StoredStatus};
use crate::event::{CheckEvaluation, Event, EventBody, EventKind, EventSubject, KindSet, Provenance};
use crate::id::{AssetKey, PartitionKey, RunId, StepKey};
use crate::outcome::Failure;
use crate::param::RecordedConfig;
use crate::partition::{AssetPartition, StepPartition};
use crate::plan::{AliasedVersion, Evaluations, LatestEvaluation};
use crate::version::AliasName;

/// The facts of the log so far. Events are taken in by their order in the log; taking one in again, with all that come after it,
/// changes nothing, so that a reader may begin with the latest events and continue from an earlier place.
///
/// It has a record of each partition that anything happened to, and none of others. Those of [large](super::LARGE) assets may be let go once
/// statuses follow from them: what is asked for later is [lacking](Self::lacking) then, and is taken in [again](Self::bring).
#[derive(Debug, Default)]
pub struct StatusFold {
    assets: HashMap<AssetKey, AssetFacts>,
    steps: HashMap<StepKey, StepFacts>,
    configs: SharedConfigs,
    /// What has changed since the statuses were derived; `None` until they are.
    changes: Option<Changes>,
}

/// The facts of an asset, by partition.
#[derive(Debug, Default)]
pub(super) struct AssetFacts {
    partitions: HashMap<Option<PartitionKey>, PartitionFacts>,
    /// What isn't among them; `None` if all is.
    elsewhere: Option<Elsewhere>,
    /// The checks that failed the last time, of partitions that have some.
    pub(super) failing_checks: BTreeMap<Option<PartitionKey>, BTreeSet<String>>,
}

/// The facts of an asset without partitions, or of a partition.
#[derive(Clone, Debug, Default)]
pub(super) struct PartitionFacts {
    pub(super) evaluation: LatestEvaluation,
    /// The last evaluation's place in the log; 0 without one.
    evaluated_at: u64,
    pub(super) materialized_at: Option<Timestamp>,
    /// Whether it is all that is known, of an asset whose other facts are elsewhere.
    is_whole: bool,
    /// Whether something happened of which these facts are only a part.
    is_part: bool,
}

impl PartitionFacts {
    /// Whether its last evaluation can't be read, so that no set of keys has it.
    fn is_unreadable(&self) -> bool {
        self.evaluation.provenance.is_none() && (self.evaluated_at > 0 || self.is_part)
    }

    /// Forgets all but where its aliases point.
    fn forget(&mut self) {
        let aliases = std::mem::take(&mut self.evaluation.aliases);
        *self = Self::default();
        self.evaluation.aliases = aliases;
    }
}

impl AssetFacts {
    /// What is known of the asset or a partition. What is elsewhere is noted as lacking.
    pub(super) fn get(&self, partition: &Option<PartitionKey>) -> Option<&PartitionFacts> {
        let here = self.partitions.get(partition);
        if let Some(elsewhere) = &self.elsewhere
            && here.is_none_or(|facts| !facts.is_whole)
            && (here.is_some_and(|facts| facts.is_part) || elsewhere.has(partition.as_ref()))
        {
            elsewhere.note(partition);
        }
        here
    }

    /// The partitions whose last evaluation can't be read.
    pub(super) fn unreadable(&self) -> impl Iterator<Item = &Option<PartitionKey>> {
        let unreadable = self.partitions.iter().filter(|(_, facts)| facts.is_unreadable());
        unreadable.map(|(partition, _)| partition)
    }

    /// The partitions that anything happened to. If some are elsewhere, all are noted as lacking.
    pub(super) fn partitions(&self) -> impl Iterator<Item = &Option<PartitionKey>> {
        if let Some(elsewhere) = &self.elsewhere {
            elsewhere.note_all();
        }
        self.partitions.keys()
    }
}

/// The facts of a step, by partition.
#[derive(Clone, Debug, Default)]
pub(super) struct StepFacts {
    pub(super) running: HashMap<Option<PartitionKey>, StepProgress>,
    /// The last failure, with its place in the log.
    pub(super) failures: HashMap<Option<PartitionKey>, (u64, Failure)>,
}

/// What events have changed since the statuses were derived.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes {
    /// Assets with their partitions.
    pub(super) assets: HashMap<AssetKey, HashSet<Option<PartitionKey>>>,
    /// Steps that began, ended or came on.
    pub(super) steps: HashSet<StepKey>,
}

/// The configurations of the evaluations. Ten thousand partitions were mostly made with one, which is in memory once.
#[derive(Clone, Debug, Default)]
struct SharedConfigs {
    known: HashSet<Arc<RecordedConfig>>,
    /// The number of configurations at which those that no evaluation has any more are let go.
    limit: usize,
}

impl SharedConfigs {
    fn share(&mut self, config: &mut Option<Arc<RecordedConfig>>) {
        let Some(config) = config else { return };
        if let Some(known) = self.known.get(config) {
            *config = known.clone();
            return;
        }
        if self.known.len() >= self.limit {
            self.known.retain(|known| Arc::strong_count(known) > 1);
            self.limit = 2 * self.known.len() + 64;
        }
        self.known.insert(config.clone());
    }
}

/// The maximum number of partitions of a large asset whose facts stay in memory; each takes about half a kilobyte.
const KEPT: usize = if cfg!(test) { 1 } else { 5_000 };

/// How far a running step has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepProgress {
    /// The run that it is a step of.
    pub run: RunId,
    /// How many units of work are done, of how many; `None` if the step doesn't report progress.
    pub done: Option<(u64, u64)>,
}

impl StatusFold {
    /// The kinds of events that change a status; [`apply`](Self::apply) needs no others. After a rename, a reader [begins
    /// anew](Self::begins_anew).
    pub const KINDS: KindSet = KindSet::VERDICTS
        .union(KindSet::STEP)
        .union(KindSet::RUN)
        .union(KindSet::about(EventSubject::Names))
        .union(KindSet::of(&[EventKind::CheckEvaluated, EventKind::AliasMoved]))
        .without(KindSet::of(&[EventKind::StepRetrying, EventKind::RunCanceling]));

    /// Whether what was taken in before an event is stored under other names since, so that it has to be read again.
    pub fn begins_anew(event: &Event) -> bool {
        event.body.is_one_of(KindSet::about(EventSubject::Names))
    }

    /// Takes in an event.
    pub fn apply(&mut self, event: &Event) {
        match &event.body {
            EventBody::Materialized(_) | EventBody::Kept { .. } | EventBody::NotMaterialized { .. } => {
                self.apply_evaluation(event);
            }
            EventBody::Unreadable(unreadable) => {
                if unreadable.kind.is_some_and(|kind| KindSet::VERDICTS.contains(kind)) {
                    self.apply_evaluation(event);
                }
            }
            EventBody::CheckEvaluated(check) => {
                if let Some(asset) = event.asset_partition() {
                    self.apply_check(asset, check);
                }
            }
            EventBody::AliasMoved(moved) => {
                if let Some(asset) = event.asset_partition() {
                    self.facts_mut(asset).evaluation.move_alias(moved);
                }
            }
            EventBody::StepStarted => {
                if let Some((step, run)) = event.step_partition().zip(event.run) {
                    let progress = StepProgress { run, done: None };
                    self.step_mut(&step.step).running.insert(step.partition, progress);
                }
            }
            EventBody::StepProgressed { done, of } => {
                let Some(StepPartition { step, partition }) = event.step_partition() else { return };
                let running = self.step_mut(&step).running.get_mut(&partition);
                if let Some(progress) = running.filter(|progress| Some(progress.run) == event.run) {
                    progress.done = Some((*done, *of));
                }
            }
            EventBody::StepFailed { failure } => {
                self.end_step(event);
                let Some(StepPartition { step, partition }) = event.step_partition() else { return };
                let failures = &mut self.step_mut(&step).failures;
                if failures.get(&partition).is_none_or(|(at, _)| *at < event.sequence) {
                    failures.insert(partition, (event.sequence, failure.clone()));
                }
            }
            EventBody::StepSucceeded { .. } => {
                self.end_step(event);
                let Some(StepPartition { step, partition }) = event.step_partition() else { return };
                let failures = &mut self.step_mut(&step).failures;
                if failures.get(&partition).is_some_and(|(at, _)| *at < event.sequence) {
                    failures.remove(&partition);
                }
            }
            EventBody::StepSkipped { .. } | EventBody::StepCanceled => self.end_step(event),
            // A run that waits, begins or has ended has no running steps.
            EventBody::RunQueued
            | EventBody::RunRetrying { .. }
            | EventBody::RunStarted { .. }
            | EventBody::RunSucceeded
            | EventBody::RunFailed { .. }
            | EventBody::RunCanceled
            | EventBody::RunLost { .. } => {
                self.end_run(event);
            }
            // Between two attempts a step counts as running.
            EventBody::StepRetrying { .. }
            | EventBody::RunCanceling
            | EventBody::Observed { .. }
            | EventBody::VersionJudged(_)
            | EventBody::VersionDecided(_)
            | EventBody::VersionsBacktested(_)
            | EventBody::PartitionsChanged(_)
            | EventBody::AssetRenamed(_)
            | EventBody::PartitionsRenamed(_)
            | EventBody::ShadowCalled(_)
            | EventBody::AliasPinned(_)
            | EventBody::Logged(_)
            | EventBody::EnvironmentRecorded(_) => {}
        }
    }

    /// Takes in what a store keeps of the partitions of large assets without having read them: what statuses that were
    /// [restored](super::AssetStatuses::restored) follow from is elsewhere.
    pub(super) fn leave(&mut self, asset: &AssetKey, compared: &Arc<Compared>, stored: &StoredStatus) {
        let facts = self.assets.entry(asset.clone()).or_default();
        facts.failing_checks = stored.failing_checks().collect();
        for partition in stored.unreadable() {
            facts.partitions.entry(partition.clone()).or_default().is_part = true;
        }
        if compared.known.count() >= LARGE {
            facts.elsewhere = Some(Elsewhere::new(compared.clone()));
        }
    }

    /// Whether the facts of an asset's partitions may be elsewhere, so that nobody needs to take them in.
    pub fn leaves(&self, asset: &AssetKey) -> bool {
        self.assets.get(asset).is_some_and(|facts| facts.elsewhere.is_some())
    }

    /// Lets the partitions of large assets go, if there are many: the asset's statuses follow from `compared`, and no event was taken in since.
    pub(super) fn let_go(&mut self, asset: &AssetKey, compared: &Arc<Compared>) {
        let Some(facts) = self.assets.get_mut(asset) else { return };
        if facts.partitions.len() < KEPT {
            return;
        }
        facts.partitions.retain(|_, facts| facts.is_unreadable() || !facts.evaluation.aliases.is_empty());
        facts.partitions.shrink_to_fit();
        for facts in facts.partitions.values_mut().filter(|facts| !facts.is_unreadable()) {
            facts.forget();
        }
        facts.elsewhere = Some(Elsewhere::new(compared.clone()));
    }

    /// What was asked for and is elsewhere, since this was called before.
    pub fn lacking(&mut self) -> Lacking {
        let mut lacking = Lacking::default();
        for (asset, facts) in &self.assets {
            if let Some(elsewhere) = &facts.elsewhere {
                elsewhere.take_noted(asset, &mut lacking);
            }
        }
        lacking
    }

    /// Takes in the latest events of a partition of which facts were [lacking](Self::lacking), in the order of the log; none if there are none.
    pub fn bring<'a>(&mut self, of: &AssetPartition, events: impl IntoIterator<Item = &'a Event>) {
        // Nothing has changed by that.
        let changes = self.changes.take();
        self.facts_mut(of.clone()).forget();
        events.into_iter().for_each(|event| self.apply(event));
        let facts = self.facts_mut(of.clone());
        (facts.is_whole, facts.is_part) = (true, false);
        self.changes = changes;
    }

    /// Ends that facts of an asset are elsewhere: all were taken in.
    pub fn has_all_of(&mut self, asset: &AssetKey) {
        self.assets.entry(asset.clone()).or_default().elsewhere = None;
    }

    /// Goes on from an earlier derivation: `changes` weren't derived, since facts were lacking.
    pub(super) fn give_back(&mut self, changes: Option<Changes>) {
        self.changes = changes;
    }

    /// Takes in where an alias points, of a reader that doesn't begin with the events that moved it.
    pub fn set_alias(&mut self, asset: AssetPartition, alias: AliasName, version: AliasedVersion) {
        self.facts_mut(asset).evaluation.aliases.insert(alias, version);
    }

    /// What is known of an asset; `None` if nothing happened to it.
    pub(super) fn asset(&self, asset: &AssetKey) -> Option<&AssetFacts> {
        self.assets.get(asset)
    }

    /// What is known of a step; `None` if nothing happened to it.
    pub(super) fn step(&self, step: &StepKey) -> Option<&StepFacts> {
        self.steps.get(step)
    }

    /// What has changed since this was called before; `None` if it wasn't.
    pub(super) fn take_changes(&mut self) -> Option<Changes> {
        self.changes.replace(Changes::default())
    }

    /// Notes from now on what changes, as if statuses were derived.
    pub fn note_changes(&mut self) {
        self.changes = Some(Changes::default());
    }

    fn apply_evaluation(&mut self, event: &Event) {
        let Some(asset) = event.asset_partition() else { return };
        let facts = self.facts_mut(asset.clone());
        if facts.evaluated_at > event.sequence {
            return;
        }
        let is_new_value = matches!(event.body, EventBody::Materialized(_));
        (facts.is_whole, facts.is_part) = (facts.is_whole || is_new_value, !facts.is_whole && !is_new_value);
        let mut evaluation = std::mem::take(&mut facts.evaluation);
        evaluation.apply(event);
        if let Some(provenance) = &mut evaluation.provenance {
            self.configs.share(&mut provenance.config);
            self.share_texts(&asset.asset, provenance);
        }
        let facts = self.facts_mut(asset);
        facts.evaluation = evaluation;
        facts.evaluated_at = event.sequence;
        if event.body.is_materialization() {
            facts.materialized_at = Some(event.at);
        }
    }

    /// Replaces the texts of a provenance by equal ones that are in memory already: those of the inputs by the inputs' own.
    fn share_texts(&self, asset: &AssetKey, provenance: &mut Provenance) {
        for input in &mut provenance.inputs {
            let Some((key, facts)) = self.assets.get_key_value(&input.upstream.asset) else { continue };
            input.upstream.asset = key.clone();
            let Some((partition, facts)) = facts.partitions.get_key_value(&input.upstream.partition) else {
                continue;
            };
            input.upstream.partition = partition.clone();
            if facts.evaluation.data_version == input.data_version {
                input.data_version = facts.evaluation.data_version.clone();
            }
        }
        provenance.inputs.shrink_to_fit();
        let others = self.assets.get(asset).into_iter().flat_map(|facts| facts.partitions.values());
        let other = others.filter_map(|facts| facts.evaluation.provenance.as_ref()).next();
        if let Some(other) = other.filter(|other| other.code_version == provenance.code_version) {
            provenance.code_version = other.code_version.clone();
        }
    }

    fn apply_check(&mut self, asset: AssetPartition, check: &CheckEvaluation) {
        let AssetPartition { asset: key, partition } = asset.clone();
        // A partition with a check is known, though nothing may have been made of it.
        self.facts_mut(asset);
        let Some(facts) = self.assets.get_mut(&key) else { return };
        if !check.passed {
            facts.failing_checks.entry(partition).or_default().insert(check.check.clone());
        } else if let Some(failing) = facts.failing_checks.get_mut(&partition) {
            failing.remove(&check.check);
            if failing.is_empty() {
                facts.failing_checks.remove(&partition);
            }
        }
    }

    /// The facts of an asset or a partition, which are about to change.
    fn facts_mut(&mut self, asset: AssetPartition) -> &mut PartitionFacts {
        let AssetPartition { asset, partition } = asset;
        if let Some(changes) = &mut self.changes {
            changes.assets.entry(asset.clone()).or_default().insert(partition.clone());
        }
        self.assets.entry(asset).or_default().partitions.entry(partition).or_default()
    }

    /// The facts of a step, which are about to change.
    fn step_mut(&mut self, step: &StepKey) -> &mut StepFacts {
        if let Some(changes) = &mut self.changes {
            changes.steps.insert(step.clone());
        }
        self.steps.entry(step.clone()).or_default()
    }

    fn end_step(&mut self, event: &Event) {
        let Some(StepPartition { step, partition }) = event.step_partition() else { return };
        let running = &mut self.step_mut(&step).running;
        if running.get(&partition).is_some_and(|progress| Some(progress.run) == event.run) {
            running.remove(&partition);
        }
    }

    fn end_run(&mut self, event: &Event) {
        for (step, facts) in &mut self.steps {
            let before = facts.running.len();
            facts.running.retain(|_, progress| Some(progress.run) != event.run);
            if let Some(changes) = self.changes.as_mut().filter(|_| facts.running.len() < before) {
                changes.steps.insert(step.clone());
            }
        }
    }
}

impl Evaluations for StatusFold {
    fn latest(&self, asset: &AssetPartition) -> Option<&LatestEvaluation> {
        Some(&self.assets.get(&asset.asset)?.get(&asset.partition)?.evaluation)
    }
}

impl StepFacts {
    /// The failure of the step for a partition, if an asset that it makes had no evaluation since. What was made of the asset or reported of it
    /// ends its failure, and not that of other assets of the same step.
    pub(super) fn failure(
        &self,
        partition: &Option<PartitionKey>,
        asset: Option<&AssetFacts>,
    ) -> Option<&Failure> {
        let evaluated = asset.and_then(|facts| facts.get(partition));
        let evaluated_at = evaluated.map_or(0, |facts| facts.evaluated_at);
        self.failures.get(partition).filter(|(at, _)| *at > evaluated_at).map(|(_, failure)| failure)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_configurations_are_one_and_old_ones_are_let_go() {
        let mut configs = SharedConfigs::default();
        let mut share = |rounds: u32| {
            let effective = json!({ "rounds": rounds });
            let mut config = Some(Arc::new(RecordedConfig { effective, standing: None }));
            configs.share(&mut config);
            (config.unwrap(), configs.known.len())
        };
        let (first, _) = share(1);
        let (second, count) = share(1);
        assert!(Arc::ptr_eq(&first, &second) && count == 1);
        // None of these is held.
        let most = (2..10_000).map(|rounds| share(rounds).1).max();
        assert!(most.is_some_and(|most| most < 200), "{most:?}");
        assert!(Arc::ptr_eq(&first, &share(1).0));
    }
}
