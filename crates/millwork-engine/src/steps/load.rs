//! Loads the inputs of a step's function.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use millwork_core::advice::chain_of;
use millwork_core::event::{EventBody, LogLine};
use millwork_core::graph::{AssetIndex, StepNode};
use millwork_core::{
    AssetKey, Cancellation, InputValue, LogLevel, PartitionKey, PreviousValue, SharedValue, StepContext,
    ValueType,
};
use serde_json::Value;

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

/// Loads stored values, and builds the step's context.
pub(crate) async fn step_context(
    context: &RunContext,
    step: &StepNode,
    inputs: Vec<AttemptInput>,
    previous: Vec<(AssetKey, ValueType, StoredInput)>,
    recorder: &Arc<StepRecorder>,
    cancellation: &Cancellation,
) -> Result<StepContext, ValueError> {
    let config = context.config.get(step.key.as_str()).cloned();
    let mut builder = StepContext::builder(step.key.clone())
        .attempt(context.run, recorder.attempt)
        .partition(recorder.of.partition.clone())
        .config(config.unwrap_or_else(|| Value::Object(serde_json::Map::new())))
        .resources(context.pipeline.resources().clone())
        .sink(recorder.clone())
        .cancellation(cancellation.clone());
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
            InputValue::One(value)
        };
        builder = builder.input(spec.key.clone(), value);
    }
    for (asset, value_type, stored) in previous {
        let value = match stored.load(&context.values, value_type).await {
            Ok(value) => value,
            Err(ValueError::Decode { source, .. }) => {
                recorder.log(unreadable_previous(&asset, value_type, &*source));
                continue;
            }
            Err(error) => return Err(ValueError::Previous { asset, source: Box::new(error) }),
        };
        if let EventBody::Materialized(materialization) = &stored.event.body {
            let previous = PreviousValue {
                value,
                metadata: materialization.metadata.clone(),
                data_version: materialization.data_version.clone(),
                run: stored.event.run,
                at: stored.event.at,
            };
            builder = builder.previous(asset, previous);
        }
    }
    Ok(builder.build())
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
    async fn load(
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
