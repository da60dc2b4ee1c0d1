//! Loads the inputs of a step's function.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::Arc;

use jiff::Timestamp;
use millwork_core::advice::chain_of;
use millwork_core::event::{Event, EventBody, InputVersion, LogLine};
use millwork_core::graph::{AssetIndex, StepKind};
use millwork_core::plan::PlanIndex;
use millwork_core::version::ReadAs;
use millwork_core::{
    AssetKey, Cancellation, InputValue, LogLevel, PartitionKey, SharedValue, StepContext, StoredVersion,
    ValueType,
};
use serde_json::Value;

use super::batch::BatchKeys;
use super::judge::Contest;
use crate::logs::StepRecorder;
use crate::runs::{RunContext, StoredInput};
use crate::values::ValueError;

/// The value or values of one upstream asset.
#[derive(Debug)]
pub(crate) struct AttemptInput {
    pub(crate) asset: AssetIndex,
    /// Whether they are passed as a map by partition key.
    pub(crate) gathered: bool,
    pub(crate) values: Vec<(Option<PartitionKey>, InputSource)>,
}

/// The source of a value.
#[derive(Debug)]
pub(crate) enum InputSource {
    /// From an earlier step of this run.
    Memory(SharedValue),
    /// From the store.
    Stored(StoredInput),
}

/// What is to be loaded for an attempt.
pub(super) struct Loading<'a> {
    pub(super) inputs: Vec<AttemptInput>,
    pub(super) pinned: Vec<(AssetIndex, ReadAs, StoredInput)>,
    pub(super) previous: Vec<(AssetKey, ValueType, StoredInput)>,
    /// When the attempt began.
    pub(super) started_at: Timestamp,
    /// What a gate compares; `None` for other steps.
    pub(super) contest: Option<&'a Contest>,
    /// The model whose version in shadow is among the pinned ones; `None` for what isn't called in shadow.
    pub(super) shadow_of: Option<AssetKey>,
    /// The partitions of a call for many; `None` for a function that is called for one at a time.
    pub(super) batch: Option<BatchKeys>,
}

/// Loads stored values, and builds the step's context. Returns what it reads of histories and in shadow with it.
pub(super) async fn step_context(
    context: &RunContext,
    position: PlanIndex,
    loading: Loading<'_>,
    recorder: &Arc<StepRecorder>,
    cancellation: &Cancellation,
) -> Result<(StepContext, Vec<InputVersion>), ValueError> {
    let step = context.planned.step(position);
    let Loading { inputs, mut pinned, previous, started_at, contest, shadow_of, batch } = loading;
    let own = context.config.get(step.key.as_str());
    let config = step.config.as_ref().map(|standing| standing.with(own)).or_else(|| own.cloned());
    let mut builder = StepContext::builder(step.key.clone())
        .attempt(context.run, recorder.attempt)
        .started_at(started_at)
        .shadow_of(shadow_of)
        .config(config.unwrap_or_else(|| Value::Object(serde_json::Map::new())))
        .resources(context.pipeline.resources().clone())
        .sink(recorder.clone())
        .cancellation(cancellation.clone());
    builder = match batch {
        Some(batch) => batch.add_to(builder),
        None => {
            builder.partition(recorder.of.partition.clone()).partition_values(context.planned.key(position))
        }
    };
    for AttemptInput { asset, gathered, values } in inputs {
        let spec = &context.planned.graph.assets()[asset].spec;
        let mut loaded = Vec::with_capacity(values.len());
        for (partition, source) in values {
            loaded.push((partition, source.load(context, &spec.key, spec.value_type).await?));
        }
        let value = if gathered {
            let by_key = loaded.into_iter().filter_map(|(partition, value)| Some((partition?, value)));
            InputValue::Partitions(by_key.collect::<BTreeMap<_, _>>())
        } else {
            let Some((_, value)) = loaded.pop() else { continue };
            if let (Some(contest), StepKind::Gate { asset: judged, .. }) = (contest, &step.kind)
                && asset == *judged
            {
                let challenger = stored_version(&contest.challenger, value.clone());
                if let Some(challenger) = challenger {
                    builder = builder.version(spec.key.clone(), ReadAs::Latest, challenger);
                }
            }
            InputValue::One(value)
        };
        builder = builder.input(spec.key.clone(), value);
    }
    pinned.extend(contest.into_iter().flat_map(|contest| contest.compared.iter().cloned()));
    for (asset, read_as, stored) in pinned {
        let spec = &context.planned.graph.assets()[asset].spec;
        let Some(value_type) = spec.value_type else {
            return Err(ValueError::NoValue { asset: spec.key.clone() });
        };
        let loaded = stored.load(&context.values, value_type).await;
        let value = loaded.map_err(|source| in_use(&spec.key, &read_as, &stored, source))?;
        if let Some(version) = stored_version(&stored.event, value) {
            builder = builder.version(spec.key.clone(), read_as, version);
        }
    }
    let mut without = BTreeSet::new();
    for (asset, value_type, stored) in previous {
        let value = match stored.load(&context.values, value_type).await {
            Ok(value) => value,
            Err(ValueError::Decode { source, .. }) => {
                recorder.log(unreadable_previous(&asset, value_type, &*source));
                without.insert(asset);
                continue;
            }
            Err(error) => return Err(ValueError::Previous { asset, source: Box::new(error) }),
        };
        if let Some(previous) = stored_version(&stored.event, value) {
            builder = builder.previous(asset, previous);
        }
    }
    let mut read = Vec::new();
    for history in context.histories(position, &without).await? {
        builder = builder.history(history.asset, history.stored);
        read.push(history.read);
    }
    for shadow in context.shadows(position, &without).await? {
        builder = builder.shadow(shadow.asset, shadow.stored);
        read.push(shadow.read);
    }
    Ok((builder.build(), read))
}

/// A version with its loaded value; `None` if the event can't be read.
pub(crate) fn stored_version(event: &Event, value: SharedValue) -> Option<StoredVersion> {
    let EventBody::Materialized(materialization) = &event.body else { return None };
    Some(StoredVersion {
        value,
        version: materialization.version,
        metadata: materialization.metadata.clone(),
        data_version: materialization.data_version.clone(),
        run: event.run,
        at: event.at,
    })
}

/// The error of a version that is in use and can't be loaded. It is never taken for a missing one.
fn in_use(asset: &AssetKey, read_as: &ReadAs, stored: &StoredInput, source: ValueError) -> ValueError {
    let (model, alias) = match read_as {
        ReadAs::InputOf { model, alias } => (model, alias.to_string()),
        ReadAs::Alias(alias) => (asset, alias.to_string()),
        ReadAs::InputOfChallenger { model } => (model, "new version".to_owned()),
        ReadAs::Latest | ReadAs::History { .. } | ReadAs::Shadow { .. } => return source,
    };
    let version = stored.version().map_or_else(String::new, |version| format!(" {version}"));
    let (asset, model) = (asset.clone(), model.clone());
    ValueError::InUse { asset, version, model, alias, source: Box::new(source) }
}

/// Logs that a previous value is ignored. The stored value is intact: the type has changed.
fn unreadable_previous(asset: &AssetKey, value_type: ValueType, error: &(dyn Error + 'static)) -> LogLine {
    let message = format!(
        "the previous value of `{asset}` is not a `{}` any more, so there is none: {}",
        value_type.type_name(),
        chain_of(error).join(": ")
    );
    LogLine { level: LogLevel::Warn, target: "millwork".into(), message, fields: BTreeMap::new() }
}

impl InputSource {
    pub(super) async fn load(
        self,
        context: &RunContext,
        asset: &AssetKey,
        value_type: Option<ValueType>,
    ) -> Result<SharedValue, ValueError> {
        match (self, value_type) {
            (Self::Memory(value), _) => Ok(value),
            (Self::Stored(stored), Some(value_type)) => stored.load(&context.values, value_type).await,
            (Self::Stored(_), None) => Err(ValueError::NoValue { asset: asset.clone() }),
        }
    }
}
