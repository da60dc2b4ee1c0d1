//! A version of a model, with what was decided about it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::event::{
    AliasChange, Asked, Event, EventBody, InputVersion, Materialization, Provenance, ShadowTrial,
    ValueLocation, VersionDecided, VersionJudged,
};
use millwork_core::model::{Dated, ModelHistory, VersionStatus};
use millwork_core::run::RunId;
use millwork_core::version::{AliasName, ReadAs, VersionNumber};
use millwork_core::{
    AssetKey, AssetMetric, CodeVersion, DataVersion, Decision, Metadata, MetadataValue, PartitionKey,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::names::DecisionName;

/// What a version is to its model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = VersionStatus)]
pub enum VersionStatusView {
    /// It is in use.
    InUse,
    /// It was in use before.
    Retired,
    /// A gate asked people, and nobody has answered.
    AwaitsApproval,
    /// It predicts beside the version in use, until outcomes decide.
    InShadow,
    /// It was in shadow until a newer version went there, or came into use; it can be promoted.
    Superseded,
    /// It was judged, and the one in use stayed; it can be promoted.
    Kept,
    /// It isn't fit for use.
    Rejected,
    /// No gate has judged it.
    Unjudged,
}

/// A version of a model.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VersionView {
    /// The number of the version.
    #[schema(value_type = u32)]
    pub version: VersionNumber,
    /// What it is to its model.
    pub status: VersionStatusView,
    /// The aliases that point at it.
    #[schema(value_type = Vec<String>)]
    pub aliases: Vec<AliasName>,
    /// The asset's metric in the version's metadata: a number, or one of the texts `NaN`, `inf` and `-inf`; `null` if it has none.
    #[schema(required)]
    pub metric: Option<Value>,
    /// What it was made of and when; `null` if its event was removed.
    #[schema(required)]
    pub made: Option<MadeVersion>,
    /// The question that waits for an answer; `null` if none does.
    #[schema(required)]
    pub asked: Option<AskedView>,
    /// Its trial in shadow; `null` if it isn't in shadow.
    #[schema(required)]
    pub shadow: Option<ShadowTrialView>,
    /// The newer version that ended its trial in shadow; `null` if none did.
    #[schema(required, value_type = Option<u32>)]
    pub superseded_by: Option<VersionNumber>,
    /// The verdicts of gates about it, oldest first.
    pub verdicts: Vec<VerdictView>,
    /// The decisions about it that no gate made, oldest first.
    pub decisions: Vec<DecisionView>,
}

/// What a version was made of, and when.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MadeVersion {
    /// The sequence number of the event of its materialization.
    pub sequence: u64,
    /// When it was made.
    pub at: Timestamp,
    /// The run that made it; `null` if it was reported from outside.
    #[schema(required, value_type = Option<String>)]
    pub run: Option<RunId>,
    /// The version of the code.
    #[schema(value_type = String)]
    pub code_version: CodeVersion,
    /// The version of the data of its value.
    #[schema(value_type = String)]
    pub data_version: DataVersion,
    /// Whether the value was stored; `false` if another system reported it.
    pub stored: bool,
    /// The size of the stored value, in bytes; 0 if it was reported.
    pub bytes: u64,
    /// The format of the stored value; empty if it was reported.
    pub format: String,
    /// Whether a retention rule has removed the value.
    pub value_removed: bool,
    /// The configuration that it was made with, by the names of the fields, with dots between those of objects.
    pub config: BTreeMap<String, Value>,
    /// The versions that it was made from, in the order of the function's parameters.
    pub inputs: Vec<InputView>,
    /// The numbers of its metadata, by label.
    pub numbers: BTreeMap<String, Value>,
    /// The labels of the curves and plots of its metadata.
    pub curves: Vec<String>,
}

/// A version of an upstream asset that a version was made from.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct InputView {
    /// The asset.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// The partition; `null` if the asset has none.
    #[schema(required, value_type = Option<String>)]
    #[serde(serialize_with = "crate::label::of_partition")]
    pub partition: Option<PartitionKey>,
    /// The number of the version; `null` if there was none, or versions weren't numbered then.
    #[schema(required, value_type = Option<u32>)]
    pub version: Option<VersionNumber>,
    /// The version of its data; `null` if there was none.
    #[schema(required, value_type = Option<String>)]
    pub data_version: Option<DataVersion>,
    /// How it was read.
    pub read_as: ReadAsView,
    /// The alias by which it was read; `null` if none was followed.
    #[schema(required, value_type = Option<String>)]
    pub alias: Option<AliasName>,
    /// Of a history: the newest version that had been read before, behind which new ones began; `null` if all were new, and of what isn't a
    /// history.
    #[schema(required, value_type = Option<u32>)]
    pub after: Option<VersionNumber>,
}

/// How an input was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadAsView {
    /// The latest version.
    Latest,
    /// The version that an alias points at.
    Alias,
    /// The version that the one at which an alias of a model points was made from, or the one that a gate judges.
    InputOf,
    /// All versions that were stored, of which this is the newest one.
    History,
    /// What versions in shadow have made of the asset, of which this is the newest.
    Shadow,
}

/// The verdict of a gate about a version.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VerdictView {
    /// The sequence number of the event.
    pub sequence: u64,
    /// When the gate judged.
    pub at: Timestamp,
    /// The run in which it judged; `null` outside of runs.
    #[schema(required, value_type = Option<String>)]
    pub run: Option<RunId>,
    /// The name of the gate.
    pub gate: String,
    /// The version that it was compared with; `null` if none was in use.
    #[schema(required, value_type = Option<u32>)]
    pub against: Option<VersionNumber>,
    /// The decision; `null` if people are asked.
    #[schema(required, value_type = Option<DecisionName>)]
    pub decision: Option<Decision>,
    /// The question to people; `null` if the gate decided itself.
    #[schema(required)]
    pub asked: Option<AskedView>,
    /// The trial in shadow on which the version went; `null` if the gate asked for no outcomes.
    #[schema(required)]
    pub shadow: Option<ShadowTrialView>,
    /// Whether the verdict ended a trial in shadow.
    pub after_shadow: bool,
    /// The reason in words; empty if the gate gave none.
    pub reason: String,
    /// The numbers behind it, by label.
    pub numbers: BTreeMap<String, Value>,
}

/// A question to people whether a version is to be promoted.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AskedView {
    /// Who is asked.
    pub of: String,
    /// Until when an answer is awaited; `null` if there is no limit.
    #[schema(required)]
    pub until: Option<Timestamp>,
    /// The decision without an answer by then; `null` without a limit.
    #[schema(required, value_type = Option<DecisionName>)]
    pub then: Option<Decision>,
}

/// A trial of a version in shadow.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ShadowTrialView {
    /// The asset that it makes beside the version in use.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// Until when outcomes are awaited; `null` if there is no limit.
    #[schema(required)]
    pub until: Option<Timestamp>,
    /// The decision if no outcomes have decided by then; `null` without a limit.
    #[schema(required, value_type = Option<DecisionName>)]
    pub then: Option<Decision>,
}

/// A decision about a version that no gate made.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DecisionView {
    /// The sequence number of the event.
    pub sequence: u64,
    /// When it was made.
    pub at: Timestamp,
    /// The decision.
    #[schema(value_type = DecisionName)]
    pub decision: Decision,
    /// Whether it ended a trial in shadow.
    pub after_shadow: bool,
    /// Who made it.
    pub by: String,
    /// The reason in words; empty if none was given.
    pub reason: String,
}

impl From<&VersionStatus> for VersionStatusView {
    fn from(status: &VersionStatus) -> Self {
        match status {
            VersionStatus::InUse => Self::InUse,
            VersionStatus::Retired => Self::Retired,
            VersionStatus::AwaitsApproval(_) => Self::AwaitsApproval,
            VersionStatus::InShadow(_) => Self::InShadow,
            VersionStatus::Superseded(_) => Self::Superseded,
            VersionStatus::Kept => Self::Kept,
            VersionStatus::Rejected => Self::Rejected,
            VersionStatus::Unjudged => Self::Unjudged,
        }
    }
}

impl VersionStatusView {
    /// The status in words: `in use`, `retired`, `awaits approval`, `in shadow`, `superseded`, `kept`, `rejected` or `unjudged`.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::InUse => VersionStatus::InUse.as_str(),
            Self::Retired => VersionStatus::Retired.as_str(),
            Self::AwaitsApproval => "awaits approval",
            Self::InShadow => "in shadow",
            Self::Superseded => "superseded",
            Self::Kept => VersionStatus::Kept.as_str(),
            Self::Rejected => VersionStatus::Rejected.as_str(),
            Self::Unjudged => VersionStatus::Unjudged.as_str(),
        }
    }
}

impl VersionView {
    /// A version of a model's history; `None` if it isn't in the history. `removed` are the sequence numbers of materializations whose
    /// values were removed.
    pub fn new(
        history: &ModelHistory,
        version: VersionNumber,
        in_use: &AliasName,
        metric: Option<&AssetMetric>,
        removed: &[u64],
    ) -> Option<Self> {
        let status = history.status(version, in_use)?;
        let found = history.versions.get(&version)?;
        let made = found.made.as_ref().and_then(|event| MadeVersion::new(event, removed));
        let asked =
            if let VersionStatus::AwaitsApproval(asked) = &status { Some(asked.into()) } else { None };
        let shadow = if let VersionStatus::InShadow(trial) = &status { Some(trial.into()) } else { None };
        let superseded_by = if let VersionStatus::Superseded(newer) = &status { Some(*newer) } else { None };
        let at = history.aliases.iter().filter(|(_, at)| **at == version);
        Some(Self {
            version,
            status: (&status).into(),
            aliases: at.map(|(alias, _)| alias.clone()).collect(),
            metric: made.as_ref().and_then(|made| made.metric(metric)),
            made,
            asked,
            shadow,
            superseded_by,
            verdicts: found.verdicts.iter().map(VerdictView::from).collect(),
            decisions: found.decisions.iter().map(DecisionView::from).collect(),
        })
    }

    /// The newest decision about it, of a gate or by hand; `None` if there is none.
    pub fn last_decision(&self) -> Option<LastDecision<'_>> {
        let (verdict, decision) = (self.verdicts.last(), self.decisions.last());
        let newer =
            decision.filter(|decision| verdict.is_none_or(|verdict| verdict.sequence < decision.sequence));
        let of_gate = |verdict: &'_ VerdictView| format!("gate `{}`", verdict.gate);
        match (newer, verdict) {
            (Some(decision @ DecisionView { by, reason, .. }), _) => {
                Some(LastDecision { what: decision.in_words(), by: by.clone(), reason })
            }
            (None, Some(verdict)) => {
                let mut what = verdict.in_words();
                if let Some(newer) = self.superseded_by {
                    what.push_str(&format!(", superseded by version {newer}"));
                }
                Some(LastDecision { what, by: of_gate(verdict), reason: &verdict.reason })
            }
            (None, None) => None,
        }
    }
}

/// The newest decision about a version, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastDecision<'v> {
    /// The decision, or the question to people.
    pub what: String,
    /// Who made it: a person, or the gate.
    pub by: String,
    /// The reason that was given with it; empty if there was none.
    pub reason: &'v str,
}

impl MadeVersion {
    /// What a materialization says; `None` if the event is none, or can't be read.
    pub fn new(event: &Event, removed: &[u64]) -> Option<Self> {
        let EventBody::Materialized(made) = &event.body else { return None };
        let Materialization { version: _, data_version, provenance, stored, metadata } = made;
        let is_curve =
            |value: &MetadataValue| matches!(value, MetadataValue::Series(_) | MetadataValue::Plot(_));
        let curves = metadata.iter().filter(|(_, value)| is_curve(value)).map(|(label, _)| label.clone());
        Some(Self {
            sequence: event.sequence,
            at: event.at,
            run: event.run,
            code_version: provenance.code_version.clone(),
            data_version: data_version.clone(),
            stored: stored.location != ValueLocation::Elsewhere,
            bytes: stored.bytes,
            format: stored.format.clone(),
            value_removed: removed.contains(&event.sequence),
            config: parameters(provenance),
            inputs: provenance.inputs.iter().map(InputView::from).collect(),
            numbers: numbers(metadata),
            curves: curves.collect(),
        })
    }

    /// The value of the asset's metric; `None` if its author names none, or the version doesn't have it.
    pub fn metric(&self, metric: Option<&AssetMetric>) -> Option<Value> {
        self.numbers.get(&metric?.label).cloned()
    }
}

/// The configuration that a version was made with, field by field.
fn parameters(provenance: &Provenance) -> BTreeMap<String, Value> {
    let fields = provenance.config.iter().flat_map(|config| config.fields());
    fields.filter_map(|field| Some((field.name, field.value?))).collect()
}

/// The numbers of metadata, by label.
pub(super) fn numbers(metadata: &Metadata) -> BTreeMap<String, Value> {
    let numbers = metadata.iter().filter_map(|(label, value)| {
        let number =
            if let MetadataValue::Int(whole) = value { Value::from(*whole) } else { number(value.as_f64()?) };
        Some((label.clone(), number))
    });
    numbers.collect()
}

/// A number as JSON; one that isn't finite is the text `NaN`, `inf` or `-inf`.
pub(super) fn number(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or_else(|| Value::String(value.to_string()), Value::Number)
}

impl From<&InputVersion> for InputView {
    fn from(input: &InputVersion) -> Self {
        let InputVersion { upstream, data_version, version, read_as } = input.clone();
        Self {
            asset: upstream.asset,
            partition: upstream.partition,
            version,
            data_version,
            read_as: ReadAsView::from(&read_as),
            alias: Self::alias_of(&read_as),
            after: match read_as {
                ReadAs::History { after } => after,
                ReadAs::Latest
                | ReadAs::Alias(_)
                | ReadAs::InputOf { .. }
                | ReadAs::InputOfChallenger { .. }
                | ReadAs::Shadow { .. } => None,
            },
        }
    }
}

impl From<&ReadAs> for ReadAsView {
    fn from(read_as: &ReadAs) -> Self {
        match read_as {
            ReadAs::Latest => Self::Latest,
            ReadAs::Alias(_) => Self::Alias,
            ReadAs::InputOf { .. } | ReadAs::InputOfChallenger { .. } => Self::InputOf,
            ReadAs::History { .. } => Self::History,
            ReadAs::Shadow { .. } => Self::Shadow,
        }
    }
}

impl InputView {
    /// The alias that a reading follows; `None` if it follows none.
    pub(super) fn alias_of(read_as: &ReadAs) -> Option<AliasName> {
        match read_as {
            ReadAs::Latest
            | ReadAs::History { .. }
            | ReadAs::Shadow { .. }
            | ReadAs::InputOfChallenger { .. } => None,
            ReadAs::Alias(alias) | ReadAs::InputOf { alias, .. } => Some(alias.clone()),
        }
    }

    /// The input in words: `stories@3`, with the beginning of the data version if it has no number.
    pub fn in_words(&self) -> String {
        let partition = self.partition.as_ref().map(|partition| format!("[{partition}]")).unwrap_or_default();
        let version = match (self.version, &self.data_version) {
            (Some(version), _) => format!("@{version}"),
            (None, Some(data)) => {
                format!(" (data {})", data.as_str().chars().take(12).collect::<String>())
            }
            (None, None) => " (no value)".to_owned(),
        };
        let in_shadow = match self.read_as {
            ReadAsView::Shadow => ", in shadow",
            ReadAsView::Latest | ReadAsView::Alias | ReadAsView::InputOf | ReadAsView::History => "",
        };
        format!("{}{partition}{version}{in_shadow}", self.asset)
    }
}

impl From<&Dated<VersionJudged>> for VerdictView {
    fn from(dated: &Dated<VersionJudged>) -> Self {
        let VersionJudged { gate, version: _, against, decision, asked, .. } = &dated.what;
        let VersionJudged { shadow, answers, reason, metadata, provenance: _, .. } = &dated.what;
        Self {
            sequence: dated.sequence,
            at: dated.at,
            run: dated.run,
            gate: gate.clone(),
            against: *against,
            decision: *decision,
            asked: asked.as_ref().map(AskedView::from),
            shadow: shadow.as_ref().map(ShadowTrialView::from),
            after_shadow: answers.is_some(),
            reason: reason.clone(),
            numbers: numbers(metadata),
        }
    }
}

impl VerdictView {
    /// The decision, the question or the trial in words.
    pub fn in_words(&self) -> String {
        verdict_in_words(self.decision, self.asked.as_ref(), self.shadow.as_ref(), self.after_shadow)
    }
}

/// The decision of a gate, its question or the trial in words.
pub(super) fn verdict_in_words(
    decision: Option<Decision>,
    asked: Option<&AskedView>,
    shadow: Option<&ShadowTrialView>,
    after_shadow: bool,
) -> String {
    let after = if after_shadow { AFTER_SHADOW } else { "" };
    match (decision, asked, shadow) {
        (Some(decision), _, _) => format!("{}{after}", decision.as_str()),
        (None, Some(asked), _) => format!("asks {}{after}", asked.of),
        (None, None, Some(trial)) => trial.in_words(),
        (None, None, None) => "no decision".to_owned(),
    }
}

/// What follows a decision that ended a trial in shadow.
const AFTER_SHADOW: &str = " after shadow";

impl ShadowTrialView {
    /// The trial in words, with its time limit.
    fn in_words(&self) -> String {
        let limit =
            self.until.zip(self.then).map(|(until, then)| format!(" until {until}, then {}", then.as_str()));
        format!("in shadow at {}{}", self.asset, limit.unwrap_or_default())
    }
}

impl DecisionView {
    /// The decision in words.
    pub fn in_words(&self) -> String {
        let after = if self.after_shadow { AFTER_SHADOW } else { "" };
        format!("{}{after}", self.decision.as_str())
    }
}

impl From<&ShadowTrial> for ShadowTrialView {
    fn from(ShadowTrial { asset, until, then }: &ShadowTrial) -> Self {
        Self { asset: asset.clone(), until: *until, then: *then }
    }
}

impl From<&Asked> for AskedView {
    fn from(Asked { of, until, then }: &Asked) -> Self {
        Self { of: of.clone(), until: *until, then: *then }
    }
}

impl From<&Dated<VersionDecided>> for DecisionView {
    fn from(dated: &Dated<VersionDecided>) -> Self {
        let VersionDecided { version: _, decision, answers: _, after_shadow, by, reason } = &dated.what;
        Self {
            sequence: dated.sequence,
            at: dated.at,
            decision: *decision,
            after_shadow: *after_shadow,
            by: by.to_string(),
            reason: reason.clone(),
        }
    }
}

/// The move of an alias as a word: `promoted`, `rolled back` or `removed`.
pub(super) fn change_in_words(change: AliasChange) -> &'static str {
    match change {
        AliasChange::Promoted => "promoted",
        AliasChange::Set => "set",
        AliasChange::RolledBack => "rolled back",
        AliasChange::Removed => "removed",
    }
}
