//! The changes of an asset that conditions react to, the events they come from, and the facts that result.
//!
//! [`from_event`] makes [`Change`]s of an event; [`AssetFacts`] is the fold of an asset's changes. A fact stays until another change, while
//! what is only [`News`] is seen by the one evaluation that takes the change in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::numbers::{AtPromotion, Numbers, measured_until, numbers_of};
use super::subject::{alias_key, history_key, is_alias, job_key, job_name};
use crate::asset::{AssetKey, CodeVersion, DataVersion};
use crate::event::{Event, EventBody, EventKind, KindSet};
use crate::graph::{AssetGraph, StepIndex};
use crate::partition::PartitionKey;
use crate::run::{RunId, RunRequest, RunTag};
use crate::trial::TrialChange;
use crate::version::VersionNumber;

/// A change of an asset since the last evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The changed asset.
    pub asset: AssetKey,
    /// The partition, if the change is of one only: its run may continue with others.
    pub partition: Option<PartitionKey>,
    /// The time of the change.
    pub at: Timestamp,
    /// The run it happened in; `None` for reports from outside.
    pub run: Option<RunId>,
    /// The kind of the change.
    pub kind: ChangeKind,
}

/// The kinds of changes of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// A run that will make it was queued or started.
    Started,
    /// A run that will make some of its partitions was queued or started.
    StartedFor(Arc<[PartitionKey]>),
    /// It was materialized by a run of Millwork or reported as materialized.
    Updated(Updated),
    /// Another system reported an observation of it.
    Observed {
        /// The version of its data; `None` if it is unknown.
        data_version: Option<DataVersion>,
    },
    /// Its function ran, and gave no new value.
    Kept,
    /// A run that should have made it failed.
    Failed,
    /// Its run ended with neither: it was canceled, or skipped the asset.
    Ended,
    /// Its value was removed.
    Wiped,
    /// Its code has this version; also reported at its first evaluation.
    Code(CodeVersion),
    /// A check was evaluated.
    Check {
        /// The name of the check.
        name: String,
        /// Whether it passed.
        passed: bool,
    },
    /// Its gate asked people about a version.
    Asked(VersionNumber),
    /// Its gate asked for outcomes of a version, which went into shadow.
    Tried(VersionNumber),
    /// A version was decided about: a question about it, if there was one, is answered, and it is in shadow no more.
    Decided(VersionNumber),
    /// A version came into use.
    InUse(VersionNumber),
    /// What is known of it from before, which is no news.
    Earlier(Earlier),
}

impl ChangeKind {
    /// The materialization; `None` of other changes.
    pub(super) fn updated(&self) -> Option<&Updated> {
        match self {
            Self::Updated(updated) => Some(updated),
            Self::Earlier(_)
            | Self::Started
            | Self::StartedFor(_)
            | Self::Observed { .. }
            | Self::Kept
            | Self::Failed
            | Self::Ended
            | Self::Wiped
            | Self::Code(_)
            | Self::Check { .. }
            | Self::Asked(_)
            | Self::Tried(_)
            | Self::Decided(_)
            | Self::InUse(_) => None,
        }
    }

    /// The version that was made, or that an alias points at since; `None` of other changes.
    pub fn version(&self) -> Option<VersionNumber> {
        if let Self::Earlier(earlier) = self {
            return earlier.version;
        }
        self.updated()?.version
    }
}

/// A materialization, by a run of Millwork or reported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Updated {
    /// The run that made it; one without targets and tags if it was reported from outside.
    pub by: Arc<RunScope>,
    /// The version of its data; `None` if it is unknown.
    pub data_version: Option<DataVersion>,
    /// The number of the version; `None` if it has none.
    pub version: Option<VersionNumber>,
    /// The numbers in its metadata.
    pub numbers: Numbers,
    /// Of live performance: the end of the newest window that its numbers are of.
    pub measured_until: Option<Timestamp>,
}

/// What is known of an asset, or of an alias, from before the first evaluation that asks for it. What is `None` or empty stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    /// The numbers of its newest materialization.
    pub numbers: Numbers,
    /// Of an alias: the version that it points at.
    pub version: Option<VersionNumber>,
    /// Of an alias: when that version was made.
    pub made_at: Option<Timestamp>,
    /// The numbers at the promotion of models, by the alias that names the version in use.
    pub at_promotion: BTreeMap<AssetKey, AtPromotion>,
    /// Whether the partition has a value.
    pub has_value: bool,
}

/// The assets, partitions and tags of a run. Its changes share it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunScope {
    /// All assets that the run makes.
    pub targets: BTreeSet<AssetKey>,
    /// The tags of the run.
    pub tags: BTreeMap<String, String>,
    /// The partitions that it makes of assets with partitions; none for all.
    pub partitions: Arc<[PartitionKey]>,
}

impl RunScope {
    /// The change of each of its assets when it is queued or started.
    pub fn started(&self) -> ChangeKind {
        match self.partitions.is_empty() {
            true => ChangeKind::Started,
            false => ChangeKind::StartedFor(self.partitions.clone()),
        }
    }

    /// The job that the run is of, and what its success is to the job's condition.
    pub(crate) fn updated_job(self: &Arc<Self>) -> Option<(&AssetKey, ChangeKind)> {
        let job = self.targets.iter().find(|key| job_name(key).is_some())?;
        Some((job, ChangeKind::Updated(Updated { by: self.clone(), ..Updated::default() })))
    }
}

/// The kinds of events that change what conditions ask for. That a run was asked to stop changes nothing before it has.
pub const KINDS: KindSet = KindSet::RUN
    .without(KindSet::of(&[EventKind::RunCanceling]))
    .union(KindSet::ASSET)
    .union(KindSet::of(&[EventKind::StepFailed, EventKind::VersionJudged, EventKind::VersionDecided]));

/// What a requested run makes: its assets, those that the same steps make, and the [job](job_key) that it is of.
pub fn scope(graph: &AssetGraph, request: &RunRequest) -> RunScope {
    let steps = request.assets.iter().filter_map(|key| graph.asset(key.as_str())?.step);
    let steps: BTreeSet<StepIndex> = steps.collect();
    let targets =
        steps.into_iter().flat_map(|step| graph.outputs(step)).map(|asset| graph.key(*asset).clone());
    let job = RunTag::Job.of(&request.tags).map(job_key);
    let partitions = Arc::from(&*request.partitions);
    RunScope { targets: targets.chain(job).collect(), tags: request.tags.clone(), partitions }
}

/// Whether the history of an asset is read by assets that don't wait for it.
pub(crate) fn has_history_readers(graph: &AssetGraph, asset: &AssetKey) -> bool {
    graph.asset(asset.as_str()).is_some_and(|node| !node.history_readers.is_empty())
}

/// What an event changes; `run` is the scope of its run.
pub fn from_event(graph: &AssetGraph, event: &Event, run: Option<&Arc<RunScope>>) -> Vec<Change> {
    let change = |asset: &AssetKey, kind: ChangeKind| Change {
        asset: asset.clone(),
        partition: event.partition.clone(),
        at: event.at,
        run: event.run,
        kind,
    };
    let of_asset =
        |kind| -> Vec<Change> { event.asset.as_ref().map(|asset| change(asset, kind)).into_iter().collect() };
    let of_targets = |kind: ChangeKind| -> Vec<Change> {
        run.iter().flat_map(|run| &run.targets).map(|asset| change(asset, kind.clone())).collect()
    };
    match &event.body {
        EventBody::RunQueued | EventBody::RunRetrying { .. } | EventBody::RunStarted { .. } => {
            of_targets(run.map_or(ChangeKind::Started, |run| run.started()))
        }
        EventBody::RunFailed { .. } | EventBody::RunLost { .. } => of_targets(ChangeKind::Failed),
        EventBody::RunCanceled => of_targets(ChangeKind::Ended),
        EventBody::RunSucceeded => {
            let mut changes = of_targets(ChangeKind::Ended);
            // What a job makes is that its run succeeds.
            changes.extend(run.iter().flat_map(|run| run.updated_job().map(|(job, kind)| change(job, kind))));
            changes
        }
        EventBody::StepFailed { .. } => {
            let step = event.step.as_ref().and_then(|step| graph.step_index(step.as_str()));
            let outputs = step.into_iter().flat_map(|step| graph.outputs(step));
            outputs.map(|asset| change(graph.key(*asset), ChangeKind::Failed)).collect()
        }
        EventBody::Materialized(materialization) => {
            let metadata = &materialization.metadata;
            let updated = Updated {
                by: run.cloned().unwrap_or_default(),
                data_version: Some(materialization.data_version.clone()),
                version: materialization.version,
                numbers: numbers_of(metadata),
                measured_until: measured_until(metadata),
            };
            let of_history =
                event.asset.as_ref().filter(|asset| has_history_readers(graph, asset)).map(|asset| {
                    // A reader in the same run hasn't waited for it, so the run's targets don't count.
                    let tags = run.map(|run| run.tags.clone()).unwrap_or_default();
                    let by = Arc::new(RunScope { tags, ..RunScope::default() });
                    let (data_version, version) = (updated.data_version.clone(), updated.version);
                    let updated = Updated { by, data_version, version, ..Updated::default() };
                    change(&history_key(asset), ChangeKind::Updated(updated))
                });
            of_asset(ChangeKind::Updated(updated)).into_iter().chain(of_history).collect()
        }
        EventBody::Kept { .. } | EventBody::NotMaterialized { .. } => of_asset(ChangeKind::Kept),
        EventBody::Observed { data_version, .. } => {
            of_asset(ChangeKind::Observed { data_version: data_version.clone() })
        }
        EventBody::CheckEvaluated(check) => {
            of_asset(ChangeKind::Check { name: check.check.clone(), passed: check.passed })
        }
        EventBody::AliasMoved(moved) => {
            let kind = match moved.to {
                Some(_) => ChangeKind::Updated(Updated {
                    by: run.cloned().unwrap_or_default(),
                    data_version: moved.data_version.clone(),
                    version: moved.to,
                    ..Updated::default()
                }),
                None => ChangeKind::Wiped,
            };
            let alias = |asset| change(&alias_key(asset, &moved.alias), kind);
            let mut changes: Vec<Change> = event.asset.as_ref().map(alias).into_iter().collect();
            let model = event.asset.as_ref().and_then(|asset| graph.index(asset.as_str()));
            let comes_into_use = model.is_some_and(|model| graph.alias_in_use(model) == moved.alias);
            let in_use = moved.to.into_iter().filter(|_| comes_into_use);
            changes.extend(in_use.flat_map(|to| of_asset(ChangeKind::InUse(to))));
            changes
        }
        EventBody::VersionJudged(judged) => of_asset(match (&judged.asked, &judged.shadow) {
            (Some(_), _) => ChangeKind::Asked(judged.version),
            (None, Some(_)) => ChangeKind::Tried(judged.version),
            (None, None) => ChangeKind::Decided(judged.version),
        }),
        EventBody::VersionDecided(decided) => of_asset(ChangeKind::Decided(decided.version)),
        EventBody::VersionsBacktested(_)
        | EventBody::PartitionsChanged(_)
        | EventBody::AssetRenamed(_)
        | EventBody::PartitionsRenamed(_)
        | EventBody::ShadowCalled(_)
        | EventBody::AliasPinned(_)
        | EventBody::RunCanceling
        | EventBody::StepStarted
        | EventBody::StepProgressed { .. }
        | EventBody::StepRetrying { .. }
        | EventBody::StepSucceeded { .. }
        | EventBody::StepSkipped { .. }
        | EventBody::StepCanceled
        | EventBody::Logged(_)
        | EventBody::EnvironmentRecorded(_)
        | EventBody::Unreadable(_) => Vec::new(),
    }
}

/// A version about which outcomes are to decide, and its partition.
pub(crate) type Trial = (Option<PartitionKey>, VersionNumber);

/// The known facts about an asset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AssetFacts {
    /// The time of the last materialization; `None` if there is no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// The run that made it; `None` if it was reported from outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_by: Option<RunId>,
    /// The version of its data; `None` if it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_version: Option<DataVersion>,
    /// What else that run made, as far as a condition can ask for it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub targets: BTreeSet<AssetKey>,
    /// That run's tags, as far as a condition asks for them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The runs that are making it, or are going to.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub runs: BTreeSet<RunId>,
    /// The failures in a row.
    #[serde(skip_serializing_if = "is_zero")]
    pub failures: u32,
    /// The time of the last failure; `None` if it has not failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<Timestamp>,
    /// The version of its code; `None` before its first evaluation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeVersion>,
    /// When the code last changed; `None` if it has not changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_changed_at: Option<Timestamp>,
    /// The last result of each of its checks, by name: whether it passed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub checks: BTreeMap<String, bool>,
    /// The numbers of its newest materialization, as far as conditions ask for them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub numbers: Numbers,
    /// Of live performance: the end of the newest window that its numbers are of, if a condition counts its materializations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured_until: Option<Timestamp>,
    /// The numbers at the promotion of models, by the alias that names the version in use.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub at_promotion: BTreeMap<AssetKey, AtPromotion>,
    /// Of an alias: the version that it points at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionNumber>,
    /// Of an alias: when that version was made, as far as conditions ask for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_at: Option<Timestamp>,
    /// The versions about which its gate has asked people who haven't answered.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub questions: BTreeSet<(Option<PartitionKey>, VersionNumber)>,
    /// The trials that nothing has ended: of each partition the newest one is in shadow.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub trials: BTreeSet<Trial>,
    /// When its condition last requested runs, the newest last, as far as a cooldown or budget asks for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<Timestamp>,
    /// When a run of it was last queued or started, whatever requested it, if a cooldown asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
}

/// The news of a change, seen by one evaluation only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    pub(super) updated: bool,
    pub(super) other_data: bool,
    pub(super) other_code: bool,
    /// A run of it was queued or started.
    pub(super) started: bool,
    /// It was materialized, with other data than before.
    pub(super) made: bool,
}

impl AssetFacts {
    /// Takes in one change. `narrow` reduces the scope of a run to what is worth keeping.
    pub(super) fn apply(&mut self, change: &Change, narrow: impl FnOnce(&RunScope) -> RunScope) -> News {
        let over = |facts: &mut Self| {
            if let (Some(run), None) = (&change.run, &change.partition) {
                facts.runs.remove(run);
            }
        };
        let mut news = News::default();
        match &change.kind {
            // A run that is resumed doesn't make again what it has made.
            ChangeKind::Started | ChangeKind::StartedFor(_) if change.run == self.updated_by => {}
            ChangeKind::Started | ChangeKind::StartedFor(_) => {
                news.started = true;
                self.runs.extend(change.run);
            }
            ChangeKind::Updated(Updated { by, data_version, version, numbers: _, measured_until: _ }) => {
                over(self);
                let other_data = self.data_version != *data_version;
                let made = self.updated_at.is_none() || data_version.is_none() || other_data;
                news = News { updated: true, other_data, made, ..news };
                self.version = version.filter(|_| is_alias(&change.asset));
                self.made_at = None;
                (RunScope { targets: self.targets, tags: self.tags, .. }) = narrow(by);
                self.data_version.clone_from(data_version);
                (self.updated_at, self.updated_by, self.failures) = (Some(change.at), change.run, 0);
            }
            // An observation of the same data is not a change.
            ChangeKind::Observed { data_version }
                if data_version.is_some() && self.data_version == *data_version => {}
            ChangeKind::Observed { data_version } => {
                news = News { updated: true, other_data: true, ..news };
                self.data_version.clone_from(data_version);
                (self.updated_at, self.updated_by) = (Some(change.at), None);
            }
            ChangeKind::Kept => {
                over(self);
                self.failures = 0;
            }
            // The end of a run reports a failure of everything it didn't make: once is enough.
            ChangeKind::Failed if change.run.is_some_and(|run| !self.runs.contains(&run)) => {}
            ChangeKind::Failed => {
                over(self);
                self.failures = self.failures.saturating_add(1);
                self.failed_at = Some(change.at);
            }
            ChangeKind::Ended => over(self),
            ChangeKind::Wiped => (self.updated_at, self.version, self.made_at) = (None, None, None),
            ChangeKind::Code(version) => news.other_code = self.set_code(version, change.at),
            ChangeKind::Check { name, passed } => {
                self.checks.insert(name.clone(), *passed);
            }
            ChangeKind::Asked(version) => {
                self.end_trials(change, TrialChange::Decided(*version));
                self.questions.insert((change.partition.clone(), *version));
            }
            ChangeKind::Tried(version) => {
                let tried = (change.partition.clone(), *version);
                self.questions.remove(&tried);
                self.end_trials(change, TrialChange::Tried(*version));
                self.trials.insert(tried);
            }
            ChangeKind::Decided(version) => {
                self.questions.remove(&(change.partition.clone(), *version));
                self.end_trials(change, TrialChange::Decided(*version));
            }
            // It answers a question about it as well.
            ChangeKind::InUse(version) => {
                self.questions.remove(&(change.partition.clone(), *version));
                self.end_trials(change, TrialChange::InUse(*version));
            }
            ChangeKind::Earlier(earlier) => {
                self.version = earlier.version.or(self.version);
                self.made_at = earlier.made_at.or(self.made_at);
                self.at_promotion.extend(earlier.at_promotion.clone());
            }
        }
        news
    }

    fn end_trials(&mut self, change: &Change, ended_by: TrialChange) {
        self.trials.retain(|(partition, version)| *partition != change.partition || !ended_by.ends(*version));
    }

    /// The versions that are in shadow: the newest one of each partition that has a trial which hasn't ended.
    pub(crate) fn in_shadow(&self) -> BTreeMap<&Option<PartitionKey>, VersionNumber> {
        // They are in the order of the versions, of which the last one stays.
        self.trials.iter().map(|(partition, version)| (partition, *version)).collect()
    }

    fn set_code(&mut self, version: &CodeVersion, at: Timestamp) -> bool {
        let changed = self.code.as_ref().is_some_and(|code| code != version);
        if changed {
            self.code_changed_at = Some(at);
            self.failures = 0;
        }
        self.code = Some(version.clone());
        changed
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
