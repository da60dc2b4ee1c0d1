//! The events: what happens to runs, steps, assets and checks.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::{
    AliasMoved, AliasPinned, AssetRenamed, Environment, EventKind, KindSet, PartitionsChanged,
    PartitionsRenamed, ShadowCalled, ShadowOutcome, VersionDecided, VersionJudged, VersionsBacktested,
};
use crate::asset::{AssetKey, CodeVersion, DataVersion, Metadata, Severity};
use crate::outcome::{Failure, FailureClass, RunStatus};
use crate::param::{ConfigChange, LogLevel, RecordedConfig, StandingConfig, config_changes};
use crate::partition::{AssetPartition, PartitionKey};
use crate::stored::{MAX_STORED_BYTES, MAX_STORED_DEPTH, Unstorable, limited_json, stored_json};
use crate::version::{AliasName, ReadAs, VersionNumber};

/// What happened. Names are stored, and never change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body", rename_all = "snake_case")]
pub enum EventBody {
    /// The run was asked for.
    RunQueued,
    /// A process began to execute the run.
    RunStarted {
        /// How often it was started so far: once, and once more each time it was resumed.
        epoch: u32,
    },
    /// A cancellation of the run was requested.
    RunCanceling,
    /// All steps succeeded, or had nothing to do.
    RunSucceeded,
    /// A step failed, or the run could not continue.
    RunFailed {
        /// The step that failed, or the reason why the run could not continue.
        reason: String,
        /// What kind of failure it was.
        #[serde(default = "FailureClass::error", skip_serializing_if = "FailureClass::is_error")]
        class: FailureClass,
    },
    /// The run stopped because it was asked to.
    RunCanceled,
    /// The process that executed the run ended without finishing it.
    RunLost {
        /// The known cause of its end.
        reason: String,
        /// How it ended, as far as is known.
        #[serde(default = "FailureClass::lost", skip_serializing_if = "FailureClass::is_lost")]
        class: FailureClass,
    },
    /// The run failed or was lost, and waits to be tried again.
    RunRetrying {
        /// The pause before that, in milliseconds.
        delay_ms: u64,
    },
    /// An attempt of a step began.
    StepStarted,
    /// The step reported its progress.
    StepProgressed {
        /// The number of completed units of work.
        done: u64,
        /// The total number of units of work.
        of: u64,
    },
    /// An attempt failed, and another one follows.
    StepRetrying {
        /// Why it failed.
        failure: Failure,
        /// The pause before the next attempt, in milliseconds.
        delay_ms: u64,
    },
    /// The step's outputs are stored.
    StepSucceeded {
        /// How long the attempt took, in microseconds.
        micros: u64,
    },
    /// The last attempt failed.
    StepFailed {
        /// The failure of the last attempt.
        failure: Failure,
    },
    /// The step is not run.
    StepSkipped {
        /// The reason why the step was skipped.
        reason: String,
    },
    /// The run was canceled while the step was running.
    StepCanceled,
    /// An asset has a new value.
    Materialized(Materialization),
    /// An asset's function decided for the value it has.
    Kept {
        /// The reason that the function gave.
        reason: String,
        /// The metadata of the rejected value.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        metadata: Metadata,
        /// What the decision was made from.
        #[serde(flatten)]
        provenance: Provenance,
    },
    /// An asset's function produced no value this time.
    NotMaterialized {
        /// What that was decided from.
        #[serde(flatten)]
        provenance: Provenance,
    },
    /// Another system reported an observation of an asset.
    Observed {
        /// The version of its data; `None` if it was not reported.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        data_version: Option<DataVersion>,
        /// The reported metadata.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        metadata: Metadata,
    },
    /// A check was evaluated.
    CheckEvaluated(CheckEvaluation),
    /// A step, or the engine, logged a line.
    Logged(LogLine),
    /// A gate judged a version.
    VersionJudged(VersionJudged),
    /// An alias points at another version.
    AliasMoved(AliasMoved),
    /// A decision about a version that no gate made.
    VersionDecided(VersionDecided),
    /// A gate judged stored versions, without consequences.
    VersionsBacktested(VersionsBacktested),
    /// An asset's function was called with a version in shadow.
    ShadowCalled(ShadowCalled),
    /// Texts of a dynamic dimension were added or removed.
    PartitionsChanged(PartitionsChanged),
    /// An asset has another key.
    AssetRenamed(AssetRenamed),
    /// Partitions of an asset have other keys.
    PartitionsRenamed(PartitionsRenamed),
    /// Which version an alias means to the run.
    AliasPinned(AliasPinned),
    /// What an execution of the run was made with.
    EnvironmentRecorded(Environment),
    /// The stored event can't be read: it is damaged, or a later version wrote it. It is read so, and never written.
    #[serde(skip_deserializing)]
    Unreadable(UnreadableEvent),
}

/// An event whose stored form can't be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnreadableEvent {
    /// The kind that it is stored as; `None` if that isn't known, which is an empty name in JSON.
    #[serde(serialize_with = "kind_or_empty")]
    pub kind: Option<EventKind>,
    /// Why it can't be read.
    pub reason: String,
}

fn kind_or_empty<S: Serializer>(kind: &Option<EventKind>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.map_or("", EventKind::name))
}

/// A new value of an asset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Materialization {
    /// The number of the version, which the store refuses to give twice; `None` in events that no number could be given to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionNumber>,
    /// The version of its data.
    pub data_version: DataVersion,
    /// What it was made from.
    #[serde(flatten)]
    pub provenance: Provenance,
    /// Where its stored form is.
    pub stored: StoredValue,
    /// The metadata that its function attached to the value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: Metadata,
}

/// The code, the data and the configuration that a value was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The version of the code.
    pub code_version: CodeVersion,
    /// The versions of the upstream assets, in the order of the function's parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<InputVersion>,
    /// The configuration of the step; `None` if its function takes none, and in events of versions that didn't record it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Arc<RecordedConfig>>,
}

/// The code version of what another system has reported.
const REPORTED: &str = "reported";

impl Provenance {
    /// The provenance of a value that another system has made: its inputs are unknown.
    pub fn reported() -> Self {
        Self { code_version: REPORTED.into(), inputs: Vec::new(), config: None }
    }

    /// Whether another system has made the value.
    pub fn is_reported(&self) -> bool {
        self.code_version.as_str() == REPORTED
    }

    /// Whether both are the same code on the same data. Versions may have other numbers: the same data can be made again. Histories aren't
    /// compared: [`news_of_histories`](crate::plan::news_of_histories) does. Nor is what was made in shadow.
    pub fn is_same_work(&self, other: &Self) -> bool {
        fn data(
            provenance: &Provenance,
        ) -> impl Iterator<Item = (&AssetPartition, &Option<DataVersion>, &ReadAs)> {
            let inputs = provenance.inputs.iter().filter(|input| !input.read_as.is_of_many());
            inputs.map(|input| (&input.upstream, &input.data_version, &input.read_as))
        }
        self.code_version == other.code_version && data(self).eq(data(other))
    }

    /// The newest version of an asset or partition that it was made from, by its history or as the latest one; `None` if there is none.
    pub fn newest_read(&self, asset: &AssetPartition) -> Option<VersionNumber> {
        let read = self.inputs.iter().filter(|input| input.upstream == *asset);
        let read = read.filter(|input| match input.read_as {
            ReadAs::Latest | ReadAs::History { .. } => true,
            ReadAs::Alias(_)
            | ReadAs::InputOf { .. }
            | ReadAs::InputOfChallenger { .. }
            | ReadAs::Shadow { .. } => false,
        });
        read.filter_map(|input| input.version).max()
    }

    /// The place of the newest event that it was made from, of those of an asset or partition in shadow; `None` if it read none of them.
    pub fn newest_in_shadow(&self, asset: &AssetPartition) -> Option<u64> {
        let read = self.inputs.iter().filter(|input| input.upstream == *asset);
        let read = read.filter_map(|input| match input.read_as {
            ReadAs::Shadow { until, .. } => Some(until),
            ReadAs::Latest
            | ReadAs::Alias(_)
            | ReadAs::InputOf { .. }
            | ReadAs::InputOfChallenger { .. }
            | ReadAs::History { .. } => None,
        });
        read.max()
    }

    /// What differs between the standing configuration then and `now`, that of the step as it is defined; nothing if either isn't known.
    /// What a run overrides isn't compared.
    pub fn config_changes(&self, now: Option<&StandingConfig>) -> Vec<ConfigChange> {
        let both = self.config.as_deref().zip(now);
        both.map_or_else(Vec::new, |(then, now)| config_changes(then.standing(), now.effective()))
    }
}

/// The version of one upstream asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredInputVersion", into = "StoredInputVersion")]
pub struct InputVersion {
    /// The asset, and its partition.
    pub upstream: AssetPartition,
    /// The version of its data; `None` if it had none.
    pub data_version: Option<DataVersion>,
    /// The number of the version; `None` if it had none, and in events of before versions were numbered.
    pub version: Option<VersionNumber>,
    /// Which version was read.
    pub read_as: ReadAs,
}

/// An [`InputVersion`] as it is stored: there is one for each edge of each run, so it is a short list.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum StoredInputVersion {
    Whole(AssetKey, Option<DataVersion>),
    Numbered(AssetKey, Option<DataVersion>, VersionNumber),
    Partition(AssetKey, Option<DataVersion>, PartitionKey),
    NumberedPartition(AssetKey, Option<DataVersion>, PartitionKey, VersionNumber),
    ByAlias(AssetKey, Option<DataVersion>, Option<PartitionKey>, Option<VersionNumber>, AliasName),
    InputOf(AssetKey, Option<DataVersion>, Option<PartitionKey>, Option<VersionNumber>, AliasName, AssetKey),
    Many(AssetKey, Option<DataVersion>, Option<PartitionKey>, Option<VersionNumber>, StoredRead),
}

/// How far was read what is read as a whole, as it is stored.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredRead {
    /// Of a history: the version behind which new ones began.
    HistoryAfter(Option<VersionNumber>),
    /// Of what was made in shadow: the places behind which it began, and up to which it went.
    Shadow(u64, u64),
}

impl From<StoredInputVersion> for InputVersion {
    fn from(stored: StoredInputVersion) -> Self {
        use StoredInputVersion::*;
        let (asset, data_version, partition, version, read_as) = match stored {
            Whole(asset, data) => (asset, data, None, None, ReadAs::Latest),
            Numbered(asset, data, version) => (asset, data, None, Some(version), ReadAs::Latest),
            Partition(asset, data, partition) => (asset, data, Some(partition), None, ReadAs::Latest),
            NumberedPartition(asset, data, partition, version) => {
                (asset, data, Some(partition), Some(version), ReadAs::Latest)
            }
            ByAlias(asset, data, partition, version, alias) => {
                (asset, data, partition, version, ReadAs::Alias(alias))
            }
            InputOf(asset, data, partition, version, alias, model) => {
                (asset, data, partition, version, ReadAs::InputOf { model, alias })
            }
            Many(asset, data, partition, version, StoredRead::HistoryAfter(after)) => {
                (asset, data, partition, version, ReadAs::History { after })
            }
            Many(asset, data, partition, version, StoredRead::Shadow(after, until)) => {
                (asset, data, partition, version, ReadAs::Shadow { after, until })
            }
        };
        Self { upstream: AssetPartition::new(asset, partition), data_version, version, read_as }
    }
}

impl From<InputVersion> for StoredInputVersion {
    fn from(InputVersion { upstream, data_version, version, read_as }: InputVersion) -> Self {
        let AssetPartition { asset, partition } = upstream;
        match (read_as, partition, version) {
            (ReadAs::Latest, None, None) => Self::Whole(asset, data_version),
            (ReadAs::Latest, None, Some(version)) => Self::Numbered(asset, data_version, version),
            (ReadAs::Latest, Some(partition), None) => Self::Partition(asset, data_version, partition),
            (ReadAs::Latest, Some(partition), Some(version)) => {
                Self::NumberedPartition(asset, data_version, partition, version)
            }
            (ReadAs::Alias(alias), partition, version) => {
                Self::ByAlias(asset, data_version, partition, version, alias)
            }
            // Which version that was is known when the gate has judged, and the others aren't compared.
            (ReadAs::InputOfChallenger { .. }, partition, version) => {
                let upstream = AssetPartition::new(asset, partition);
                InputVersion { upstream, data_version, version, read_as: ReadAs::Latest }.into()
            }
            (ReadAs::InputOf { model, alias }, partition, version) => {
                Self::InputOf(asset, data_version, partition, version, alias, model)
            }
            (ReadAs::History { after }, partition, version) => {
                Self::Many(asset, data_version, partition, version, StoredRead::HistoryAfter(after))
            }
            (ReadAs::Shadow { after, until }, partition, version) => {
                Self::Many(asset, data_version, partition, version, StoredRead::Shadow(after, until))
            }
        }
    }
}

/// Where the stored form of a value is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredValue {
    /// Where the value is stored.
    #[serde(flatten)]
    pub location: ValueLocation,
    /// Its length in bytes.
    pub bytes: u64,
    /// The file name extension of its format.
    pub format: String,
    /// The hash of its content; `None` if the data version is that hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<DataVersion>,
}

/// Where a stored value is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "in", rename_all = "snake_case")]
pub enum ValueLocation {
    /// In the database, beside its event.
    Database,
    /// Outside of Millwork: another system reported that it was made.
    Elsewhere,
    /// With an I/O manager.
    IoManager {
        /// The name of the I/O manager; `None` for the default one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Where, in its own words.
        at: String,
    },
}

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckEvaluation {
    /// The name of the check.
    pub check: String,
    /// Whether the asset is as it should be.
    pub passed: bool,
    /// How bad a failure is.
    pub severity: Severity,
    /// Whether a failure skips the steps downstream.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blocking: bool,
    /// The result in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The figures behind it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: Metadata,
}

/// The beginning or the end of an attempt of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AttemptEvent<'a> {
    /// It began.
    Started,
    /// It failed, and another one follows.
    Retrying(&'a Failure),
    /// It succeeded.
    Succeeded,
    /// It failed, and was the last one.
    Failed(&'a Failure),
    /// It was canceled. A step that waited for its next attempt has no attempt that ends by it.
    Canceled,
}

/// A line of a run's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// How loud it is.
    pub level: LogLevel,
    /// Where it comes from: a module, `stdout` or `stderr`.
    pub target: String,
    /// The text of the line.
    pub message: String,
    /// The structured fields of the line, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Value>,
}

impl EventBody {
    /// The run failed by the user's own code, configuration or data.
    pub fn run_failed(reason: impl Into<String>) -> Self {
        Self::RunFailed { reason: reason.into(), class: FailureClass::Error }
    }

    /// The run's process ended, and its exit was not observed.
    pub fn run_lost(reason: impl Into<String>) -> Self {
        Self::RunLost { reason: reason.into(), class: FailureClass::Lost }
    }

    /// Its kind; `None` for what can't be read, which is of no kind that could be relied on.
    pub fn kind(&self) -> Option<EventKind> {
        Some(match self {
            Self::RunQueued => EventKind::RunQueued,
            Self::RunStarted { .. } => EventKind::RunStarted,
            Self::RunCanceling => EventKind::RunCanceling,
            Self::RunSucceeded => EventKind::RunSucceeded,
            Self::RunFailed { .. } => EventKind::RunFailed,
            Self::RunCanceled => EventKind::RunCanceled,
            Self::RunLost { .. } => EventKind::RunLost,
            Self::RunRetrying { .. } => EventKind::RunRetrying,
            Self::StepStarted => EventKind::StepStarted,
            Self::StepProgressed { .. } => EventKind::StepProgressed,
            Self::StepRetrying { .. } => EventKind::StepRetrying,
            Self::StepSucceeded { .. } => EventKind::StepSucceeded,
            Self::StepFailed { .. } => EventKind::StepFailed,
            Self::StepSkipped { .. } => EventKind::StepSkipped,
            Self::StepCanceled => EventKind::StepCanceled,
            Self::Materialized(_) => EventKind::Materialized,
            Self::Kept { .. } => EventKind::Kept,
            Self::NotMaterialized { .. } => EventKind::NotMaterialized,
            Self::Observed { .. } => EventKind::Observed,
            Self::CheckEvaluated(_) => EventKind::CheckEvaluated,
            Self::Logged(_) => EventKind::Logged,
            Self::VersionJudged(_) => EventKind::VersionJudged,
            Self::AliasMoved(_) => EventKind::AliasMoved,
            Self::VersionDecided(_) => EventKind::VersionDecided,
            Self::VersionsBacktested(_) => EventKind::VersionsBacktested,
            Self::PartitionsChanged(_) => EventKind::PartitionsChanged,
            Self::AssetRenamed(_) => EventKind::AssetRenamed,
            Self::PartitionsRenamed(_) => EventKind::PartitionsRenamed,
            Self::ShadowCalled(_) => EventKind::ShadowCalled,
            Self::AliasPinned(_) => EventKind::AliasPinned,
            Self::EnvironmentRecorded(_) => EventKind::EnvironmentRecorded,
            Self::Unreadable(_) => return None,
        })
    }

    /// Whether it is of one of these kinds.
    pub fn is_one_of(&self, kinds: KindSet) -> bool {
        self.kind().is_some_and(|kind| kinds.contains(kind))
    }

    /// The name of its kind; `unreadable` for what can't be read.
    pub fn name(&self) -> &'static str {
        self.kind().map_or("unreadable", EventKind::name)
    }

    /// The stored form: the kind, and the body's JSON unless the body is empty. It is known to read back.
    ///
    /// # Errors
    ///
    /// When it is too long or nested too deep, or would not read back, as what was unreadable wouldn't.
    pub fn to_stored(&self) -> Result<(EventKind, Option<String>), Unstorable> {
        let Some(kind) = self.kind() else {
            let source = serde_json::Error::custom("it represents an event that can't be read");
            return Err(Unstorable::Unreadable { source });
        };
        // `{"type":"…","body":…}` or, for an empty body, `{"type":"…"}`.
        let json = self.json()?;
        let body = json.strip_prefix(&format!(r#"{{"type":"{kind}","body":"#));
        let body = body.and_then(|body| body.strip_suffix('}'));
        Ok((kind, body.map(str::to_owned)))
    }

    /// Its metadata; `None` if its kind has none.
    pub fn metadata(&self) -> Option<&Metadata> {
        match self {
            Self::Materialized(Materialization { metadata, .. })
            | Self::Kept { metadata, .. }
            | Self::Observed { metadata, .. }
            | Self::CheckEvaluated(CheckEvaluation { metadata, .. })
            | Self::VersionJudged(VersionJudged { metadata, .. }) => Some(metadata),
            Self::ShadowCalled(called) => called.metadata(),
            Self::RunQueued
            | Self::RunStarted { .. }
            | Self::RunCanceling
            | Self::RunSucceeded
            | Self::RunFailed { .. }
            | Self::RunCanceled
            | Self::RunLost { .. }
            | Self::RunRetrying { .. }
            | Self::StepStarted
            | Self::StepProgressed { .. }
            | Self::StepRetrying { .. }
            | Self::StepSucceeded { .. }
            | Self::StepFailed { .. }
            | Self::StepSkipped { .. }
            | Self::StepCanceled
            | Self::NotMaterialized { .. }
            | Self::Logged(_)
            | Self::AliasMoved(_)
            | Self::VersionDecided(_)
            | Self::VersionsBacktested(_)
            | Self::PartitionsChanged(_)
            | Self::AssetRenamed(_)
            | Self::PartitionsRenamed(_)
            | Self::AliasPinned(_)
            | Self::EnvironmentRecorded(_)
            | Self::Unreadable(_) => None,
        }
    }

    /// The whole as JSON. What holds things that people hand in is read back; the other bodies are texts and whole numbers, which
    /// always are.
    fn json(&self) -> Result<String, Unstorable> {
        let has_fields = matches!(self, Self::Logged(line) if !line.fields.is_empty());
        let has_rows = matches!(self, Self::VersionsBacktested(_));
        if has_fields || has_rows || self.metadata().is_some_and(|metadata| !metadata.is_empty()) {
            stored_json(self)
        } else {
            limited_json(self, MAX_STORED_DEPTH, MAX_STORED_BYTES)
        }
    }

    /// Reads what [`to_stored`](EventBody::to_stored) wrote.
    ///
    /// # Errors
    ///
    /// When the body isn't one of this kind.
    pub fn from_stored(kind: EventKind, body: Option<&str>) -> Result<Self, serde_json::Error> {
        let body = body.map_or_else(String::new, |body| format!(r#","body":{body}"#));
        serde_json::from_str(&format!(r#"{{"type":"{kind}"{body}}}"#))
    }

    /// Whether it is about the run as a whole.
    pub fn is_run_event(&self) -> bool {
        self.is_one_of(KindSet::RUN)
    }

    /// Whether it is about the course of a step.
    pub fn is_step_event(&self) -> bool {
        self.is_one_of(KindSet::STEP)
    }

    /// The status that the run has after this, if it is about the run as a whole.
    pub fn run_status(&self) -> Option<RunStatus> {
        self.kind()?.run_status()
    }

    /// Whether it is a materialization, also one that can't be read.
    pub fn is_materialization(&self) -> bool {
        let kind = if let Self::Unreadable(unreadable) = self { unreadable.kind } else { self.kind() };
        kind == Some(EventKind::Materialized)
    }

    /// What it says about an attempt of its step; `None` if it neither begins nor ends one.
    pub fn attempt_event(&self) -> Option<AttemptEvent<'_>> {
        match self {
            Self::StepStarted => Some(AttemptEvent::Started),
            Self::StepRetrying { failure, .. } => Some(AttemptEvent::Retrying(failure)),
            Self::StepSucceeded { .. } => Some(AttemptEvent::Succeeded),
            Self::StepFailed { failure } => Some(AttemptEvent::Failed(failure)),
            Self::StepCanceled => Some(AttemptEvent::Canceled),
            Self::RunQueued
            | Self::RunStarted { .. }
            | Self::RunCanceling
            | Self::RunSucceeded
            | Self::RunFailed { .. }
            | Self::RunCanceled
            | Self::RunLost { .. }
            | Self::RunRetrying { .. }
            | Self::StepProgressed { .. }
            | Self::StepSkipped { .. }
            | Self::Materialized(_)
            | Self::Kept { .. }
            | Self::NotMaterialized { .. }
            | Self::Observed { .. }
            | Self::CheckEvaluated(_)
            | Self::Logged(_)
            | Self::VersionJudged(_)
            | Self::AliasMoved(_)
            | Self::VersionDecided(_)
            | Self::VersionsBacktested(_)
            | Self::PartitionsChanged(_)
            | Self::AssetRenamed(_)
            | Self::PartitionsRenamed(_)
            | Self::ShadowCalled(_)
            | Self::AliasPinned(_)
            | Self::EnvironmentRecorded(_)
            | Self::Unreadable(_) => None,
        }
    }

    /// The materialization, of an event about one.
    pub const fn materialization(&self) -> Option<&Materialization> {
        if let Self::Materialized(made) = self { Some(made) } else { None }
    }

    /// The version of the data that the event has stored, and where; `None` if it has stored no value. Values in shadow count as well.
    pub const fn stored_value(&self) -> Option<(&DataVersion, &StoredValue)> {
        if let Self::Materialized(made) = self {
            Some((&made.data_version, &made.stored))
        } else if let Self::ShadowCalled(ShadowCalled { outcome: ShadowOutcome::Made(made), .. }) = self {
            Some((&made.data_version, &made.stored))
        } else {
            None
        }
    }

    /// The number of the version that the event materializes.
    pub fn version(&self) -> Option<VersionNumber> {
        self.materialization()?.version
    }

    /// What an asset's function has made its decision from; `None` if the event is no such decision.
    pub fn provenance(&self) -> Option<&Provenance> {
        match self {
            Self::Materialized(materialization) => Some(&materialization.provenance),
            Self::Kept { provenance, .. } | Self::NotMaterialized { provenance } => Some(provenance),
            Self::RunQueued
            | Self::RunStarted { .. }
            | Self::RunCanceling
            | Self::RunSucceeded
            | Self::RunFailed { .. }
            | Self::RunCanceled
            | Self::RunLost { .. }
            | Self::RunRetrying { .. }
            | Self::StepStarted
            | Self::StepProgressed { .. }
            | Self::StepRetrying { .. }
            | Self::StepSucceeded { .. }
            | Self::StepFailed { .. }
            | Self::StepSkipped { .. }
            | Self::StepCanceled
            | Self::Observed { .. }
            | Self::CheckEvaluated(_)
            | Self::Logged(_)
            | Self::VersionJudged(_)
            | Self::AliasMoved(_)
            | Self::VersionDecided(_)
            | Self::VersionsBacktested(_)
            | Self::PartitionsChanged(_)
            | Self::AssetRenamed(_)
            | Self::PartitionsRenamed(_)
            | Self::ShadowCalled(_)
            | Self::AliasPinned(_)
            | Self::EnvironmentRecorded(_)
            | Self::Unreadable(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::asset::MetadataValue;
    use crate::event::{AliasChange, Mover};
    use crate::outcome::FailureKind;

    #[track_caller]
    fn check(body: impl Into<EventBody>, kind: EventKind, json: Option<&str>) {
        let body = body.into();
        assert_eq!(body.to_stored().unwrap(), (kind, json.map(str::to_owned)));
        assert_eq!(EventBody::from_stored(kind, json).unwrap(), body);
        assert_eq!(body.provenance().is_some(), KindSet::VERDICTS.contains(kind));
    }

    fn provenance() -> Provenance {
        let input = |asset: &str, partition: Option<&str>, version: Option<&str>| InputVersion {
            upstream: AssetPartition::new(asset.into(), partition.map(PartitionKey::from)),
            data_version: version.map(DataVersion::from),
            version: None,
            read_as: ReadAs::Latest,
        };
        let inputs = vec![input("raw", None, Some("d1")), input("by_day", Some("mon"), None)];
        Provenance { code_version: "c1".into(), inputs, config: None }
    }

    /// These are on people's disks: a change here needs a new number of the format.
    #[test]
    fn stored_form() {
        check(EventBody::RunQueued, EventKind::RunQueued, None);
        check(EventBody::StepStarted, EventKind::StepStarted, None);
        check(EventBody::RunStarted { epoch: 2 }, EventKind::RunStarted, Some(r#"{"epoch":2}"#));
        check(EventBody::StepSucceeded { micros: 7 }, EventKind::StepSucceeded, Some(r#"{"micros":7}"#));
        check(
            EventBody::StepFailed { failure: Failure::new(FailureKind::Error, "no") },
            EventKind::StepFailed,
            Some(r#"{"failure":{"kind":"error","chain":["no"]}}"#),
        );
        check(
            EventBody::Materialized(Materialization {
                version: None,
                data_version: "d2".into(),
                provenance: provenance(),
                stored: StoredValue {
                    location: ValueLocation::Database,
                    bytes: 1,
                    format: "json".into(),
                    hash: None,
                },
                metadata: [("rows".to_owned(), MetadataValue::Int(3))].into(),
            }),
            EventKind::Materialized,
            Some(concat!(
                r#"{"data_version":"d2","code_version":"c1","inputs":[["raw","d1"],["by_day",null,"mon"]],"#,
                r#""stored":{"in":"database","bytes":1,"format":"json"},"metadata":{"rows":{"type":"int","value":3}}}"#
            )),
        );
        check(
            EventBody::NotMaterialized { provenance: Provenance { inputs: vec![], ..provenance() } },
            EventKind::NotMaterialized,
            Some(r#"{"code_version":"c1"}"#),
        );
        let recorded =
            |standing: Option<Value>| RecordedConfig { effective: json!({ "rounds": 40 }), standing };
        let with_config =
            |config| Provenance { code_version: "c1".into(), inputs: vec![], config: Some(Arc::new(config)) };
        check(
            EventBody::NotMaterialized { provenance: with_config(recorded(None)) },
            EventKind::NotMaterialized,
            Some(r#"{"code_version":"c1","config":{"effective":{"rounds":40}}}"#),
        );
        check(
            EventBody::Kept {
                reason: "no".into(),
                metadata: BTreeMap::new(),
                provenance: with_config(recorded(Some(json!({ "rounds": 20 })))),
            },
            EventKind::Kept,
            Some(concat!(
                r#"{"reason":"no","code_version":"c1","#,
                r#""config":{"effective":{"rounds":40},"standing":{"rounds":20}}}"#
            )),
        );
    }

    /// As above: each form of who moved an alias is on people's disks.
    #[test]
    fn stored_movers() {
        let check = |by: Mover, json: &str| {
            assert_eq!(serde_json::to_string(&by).unwrap(), json);
            assert_eq!(serde_json::from_str::<Mover>(json).unwrap(), by);
        };
        check(Mover::Gate("better".into()), r#"{"who":"gate","name":"better"}"#);
        check(Mover::Person("ada".into()), r#"{"who":"person","name":"ada"}"#);
        check(Mover::TimeLimit, r#"{"who":"time_limit"}"#);
        check(Mover::Watch, r#"{"who":"watch"}"#);
        let number = |version| VersionNumber::new(version);
        self::check(
            EventBody::AliasMoved(AliasMoved {
                alias: AliasName::champion(),
                from: number(2),
                to: number(1),
                data_version: Some("d1".into()),
                change: AliasChange::RolledBack,
                by: Mover::Watch,
                reason: "worse".into(),
            }),
            EventKind::AliasMoved,
            Some(concat!(
                r#"{"alias":"champion","from":2,"to":1,"data_version":"d1","change":"rolled_back","#,
                r#""by":{"who":"watch"},"reason":"worse"}"#
            )),
        );
    }

    /// As above: each form of an input is on people's disks.
    #[test]
    fn stored_inputs() {
        let check = |partition: Option<&str>, version, read_as, json: &str| {
            let upstream = AssetPartition::new("a".into(), partition.map(PartitionKey::from));
            let version = VersionNumber::new(version);
            let input = InputVersion { upstream, data_version: Some("d".into()), version, read_as };
            assert_eq!(serde_json::to_string(&input).unwrap(), json);
            assert_eq!(serde_json::from_str::<InputVersion>(json).unwrap(), input);
        };
        let champion = || ReadAs::Alias(AliasName::champion());
        check(None, 3, ReadAs::Latest, r#"["a","d",3]"#);
        check(Some("mon"), 3, champion(), r#"["a","d","mon",3,"champion"]"#);
        check(None, 0, champion(), r#"["a","d",null,null,"champion"]"#);
        let after = |version| ReadAs::History { after: VersionNumber::new(version) };
        check(None, 3, after(0), r#"["a","d",null,3,{"history_after":null}]"#);
        check(Some("mon"), 9, after(7), r#"["a","d","mon",9,{"history_after":7}]"#);
        let shadow = ReadAs::Shadow { after: 7, until: 40 };
        check(None, 0, shadow.clone(), r#"["a","d",null,null,{"shadow":[7,40]}]"#);
        check(Some("mon"), 0, shadow, r#"["a","d","mon",null,{"shadow":[7,40]}]"#);
        let read = |json: &str| serde_json::from_str::<InputVersion>(json);
        assert!(read(r#"["a","d",null,3,{}]"#).is_err() && read(r#"["a","d",null,3,{"other":1}]"#).is_err());
    }

    #[test]
    fn what_is_no_body_of_the_kind_is_an_error() {
        let check = |kind, body| assert!(EventBody::from_stored(kind, body).is_err(), "{body:?}");
        check(EventKind::RunStarted, None);
        check(EventKind::RunStarted, Some("{"));
        check(EventKind::RunStarted, Some(r#"{"micros":7}"#));
    }

    #[test]
    fn what_stands_for_an_unreadable_event_is_shown_and_never_stored() {
        let unreadable = |kind| EventBody::Unreadable(UnreadableEvent { kind, reason: "no".into() });
        let check = |kind, json: &str| {
            let body = unreadable(kind);
            assert_eq!(serde_json::to_string(&body).unwrap(), json);
            assert!(serde_json::from_str::<EventBody>(json).is_err());
            assert!(body.to_stored().is_err());
        };
        check(Some(EventKind::Kept), r#"{"type":"unreadable","body":{"kind":"kept","reason":"no"}}"#);
        check(None, r#"{"type":"unreadable","body":{"kind":"","reason":"no"}}"#);
    }
}
