//! The context of a running step, which the extractors draw from.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use serde_json::Value;

use super::{Resources, StepSink, StoredHistory, StoredShadow, StoredVersion, log};
use crate::BoxError;
use crate::id::{AssetKey, PartitionKey, RunId, StepKey};
use crate::partition::Key;
use crate::problem::Problem;
use crate::value::SharedValue;
use crate::version::ReadAs;

/// One attempt of one step: its inputs, configuration, resources, and its line to the run. Cheap to clone.
#[derive(Clone)]
pub struct StepContext(Arc<Parts>);

struct Parts {
    step: StepKey,
    run: RunId,
    attempt: u32,
    started_at: Timestamp,
    partition: Option<PartitionKey>,
    /// The values of the partition's key.
    key: Option<Key>,
    /// The partitions of a call for many, with the values of their keys.
    batch: Option<Vec<(PartitionKey, Key)>>,
    /// For each key of a call for many, the partitions of an upstream asset that belong to it.
    taken: HashMap<AssetKey, Vec<Arc<[Option<PartitionKey>]>>>,
    inputs: HashMap<AssetKey, InputValue>,
    previous: HashMap<AssetKey, StoredVersion>,
    versions: HashMap<(AssetKey, ReadAs), StoredVersion>,
    histories: HashMap<AssetKey, StoredHistory>,
    /// The model whose version in shadow is among them, in the place of the one in use.
    shadow_of: Option<AssetKey>,
    /// What was made in shadow of the assets for which the step asks.
    shadows: HashMap<AssetKey, StoredShadow>,
    config: Value,
    resources: Arc<Resources>,
    sink: Arc<dyn StepSink>,
    cancellation: Cancellation,
}

/// The value of an upstream asset.
#[derive(Clone, Debug)]
pub enum InputValue {
    /// Of the asset, or of one of its partitions.
    One(SharedValue),
    /// The values of several partitions, by partition key.
    Partitions(BTreeMap<PartitionKey, SharedValue>),
}

/// The cancellation of a run, requested or not. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct Cancellation(Arc<AtomicBool>);

impl Cancellation {
    /// Requests the cancellation.
    pub fn request(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it was canceled.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl StepContext {
    /// Starts to put a context together.
    pub fn builder(step: impl Into<StepKey>) -> StepContextBuilder {
        StepContextBuilder(Parts {
            step: step.into(),
            run: RunId::from_u128(0),
            attempt: 1,
            started_at: Timestamp::UNIX_EPOCH,
            partition: None,
            key: None,
            batch: None,
            taken: HashMap::new(),
            inputs: HashMap::new(),
            previous: HashMap::new(),
            versions: HashMap::new(),
            histories: HashMap::new(),
            shadow_of: None,
            shadows: HashMap::new(),
            config: Value::Object(serde_json::Map::new()),
            resources: Arc::default(),
            sink: log::discarding(),
            cancellation: Cancellation::default(),
        })
    }

    /// The key of the running step.
    pub fn step(&self) -> &StepKey {
        &self.0.step
    }

    /// The id of the run.
    pub fn run(&self) -> RunId {
        self.0.run
    }

    /// The number of the attempt; the first is 1.
    pub fn attempt(&self) -> u32 {
        self.0.attempt
    }

    /// The time at which the attempt began, by the engine's clock; 1970 where no engine has made the context.
    pub fn started_at(&self) -> Timestamp {
        self.0.started_at
    }

    /// The partition, if the step makes one.
    pub fn partition(&self) -> Option<&PartitionKey> {
        self.0.partition.as_ref()
    }

    /// The values of the partition's key, if the step makes one.
    pub fn partition_values(&self) -> Option<&Key> {
        self.0.key.as_ref()
    }

    /// The partitions that a call for many makes, with the values of their keys; `None` for a call for one.
    pub fn batch(&self) -> Option<&[(PartitionKey, Key)]> {
        self.0.batch.as_deref()
    }

    /// The partitions of an upstream asset that belong to each key of a call for many.
    pub fn taken(&self, asset: &str) -> Option<&[Arc<[Option<PartitionKey>]>]> {
        self.0.taken.get(asset).map(Vec::as_slice)
    }

    /// The value of an upstream asset, a `T`.
    pub fn input<T: Send + Sync + 'static>(&self, asset: &str) -> Result<Arc<T>, BoxError> {
        match self.0.inputs.get(asset) {
            Some(InputValue::One(value)) => downcast(asset, value),
            Some(InputValue::Partitions(_)) => {
                let problem = Problem::new(format!("`{asset}` was loaded with all its partitions"));
                Err(problem.with_hint("take `Partitions<…>`").into())
            }
            None => Err(not_an_input(asset)),
        }
    }

    /// The values of an upstream asset's partitions, each a `T`.
    pub fn partitions<T: Send + Sync + 'static>(
        &self,
        asset: &str,
    ) -> Result<BTreeMap<PartitionKey, Arc<T>>, BoxError> {
        match self.0.inputs.get(asset) {
            Some(InputValue::Partitions(values)) => {
                values.iter().map(|(key, value)| Ok((key.clone(), downcast(asset, value)?))).collect()
            }
            Some(InputValue::One(_)) => Err(format!("`{asset}` was loaded as one value").into()),
            None => Err(not_an_input(asset)),
        }
    }

    /// The last materialization of an asset before this run, if the step asked for it and there is one.
    pub fn previous(&self, asset: &str) -> Option<&StoredVersion> {
        self.0.previous.get(asset)
    }

    /// The version of an asset that the step reads by an alias, or judges; `None` if there is none.
    pub fn version(&self, asset: &str, read_as: &ReadAs) -> Option<&StoredVersion> {
        self.0.versions.get(&(asset.into(), read_as.clone()))
    }

    /// The stored materializations of an asset, if the step asked for them.
    pub fn history(&self, asset: &str) -> Option<&StoredHistory> {
        self.0.histories.get(asset)
    }

    /// The model whose version in shadow the function is called with, in the place of the one in use; `None` for every other call.
    pub fn shadow_of(&self) -> Option<&AssetKey> {
        self.0.shadow_of.as_ref()
    }

    /// What versions in shadow have made of an asset, if the step asked for it.
    pub fn shadow(&self, asset: &str) -> Option<&StoredShadow> {
        self.0.shadows.get(asset)
    }

    /// The step's configuration, an object.
    pub fn config(&self) -> &Value {
        &self.0.config
    }

    /// The resources of the pipeline.
    pub fn resources(&self) -> &Resources {
        &self.0.resources
    }

    /// Where log lines and progress go.
    pub fn sink(&self) -> &dyn StepSink {
        &*self.0.sink
    }

    /// Whether the run was canceled.
    pub fn cancellation(&self) -> &Cancellation {
        &self.0.cancellation
    }
}

impl fmt::Debug for StepContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepContext")
            .field("step", &self.0.step)
            .field("run", &self.0.run)
            .finish_non_exhaustive()
    }
}

/// Puts a [`StepContext`] together: in the engine, and in tests.
pub struct StepContextBuilder(Parts);

impl StepContextBuilder {
    /// Sets the run and the number of the attempt.
    #[must_use]
    pub fn attempt(mut self, run: RunId, attempt: u32) -> Self {
        self.0.run = run;
        self.0.attempt = attempt;
        self
    }

    /// Sets the time at which the attempt began.
    #[must_use]
    pub fn started_at(mut self, time: Timestamp) -> Self {
        self.0.started_at = time;
        self
    }

    /// Sets the partition; `None` for an unpartitioned step. Its values are the text that it is called by, unless
    /// [others](Self::partition_values) are set.
    #[must_use]
    pub fn partition(mut self, partition: Option<PartitionKey>) -> Self {
        self.0.key = partition.as_ref().map(|partition| Key::texts([partition.label()]));
        self.0.partition = partition;
        self
    }

    /// Sets the values of the partition's key, if they are known.
    #[must_use]
    pub fn partition_values(mut self, key: Option<Key>) -> Self {
        self.0.key = key.or(self.0.key);
        self
    }

    /// Makes it a call for many partitions, with the values of their keys.
    #[must_use]
    pub fn batch(mut self, keys: Vec<(PartitionKey, Key)>) -> Self {
        self.0.batch = Some(keys);
        self
    }

    /// Says which partitions of an upstream asset belong to each key of a call for many, in the order of the keys.
    #[must_use]
    pub fn taken(mut self, asset: impl Into<AssetKey>, of_keys: Vec<Arc<[Option<PartitionKey>]>>) -> Self {
        self.0.taken.insert(asset.into(), of_keys);
        self
    }

    /// Adds the value of an upstream asset.
    #[must_use]
    pub fn input(mut self, asset: impl Into<AssetKey>, value: InputValue) -> Self {
        self.0.inputs.insert(asset.into(), value);
        self
    }

    /// Adds a materialization of the past.
    #[must_use]
    pub fn previous(mut self, asset: impl Into<AssetKey>, value: StoredVersion) -> Self {
        self.0.previous.insert(asset.into(), value);
        self
    }

    /// Adds a version that the step reads by an alias, or judges.
    #[must_use]
    pub fn version(mut self, asset: impl Into<AssetKey>, read_as: ReadAs, version: StoredVersion) -> Self {
        self.0.versions.insert((asset.into(), read_as), version);
        self
    }

    /// Adds the stored materializations of an asset.
    #[must_use]
    pub fn history(mut self, asset: impl Into<AssetKey>, history: StoredHistory) -> Self {
        self.0.histories.insert(asset.into(), history);
        self
    }

    /// Marks the call as one in shadow: the version of this model is not the one in use.
    #[must_use]
    pub fn shadow_of(mut self, model: Option<AssetKey>) -> Self {
        self.0.shadow_of = model;
        self
    }

    /// Adds what versions in shadow have made of an asset.
    #[must_use]
    pub fn shadow(mut self, asset: impl Into<AssetKey>, shadow: StoredShadow) -> Self {
        self.0.shadows.insert(asset.into(), shadow);
        self
    }

    /// Sets the configuration of the step.
    #[must_use]
    pub fn config(mut self, config: Value) -> Self {
        self.0.config = config;
        self
    }

    /// Sets the resources that the step takes.
    #[must_use]
    pub fn resources(mut self, resources: Arc<Resources>) -> Self {
        self.0.resources = resources;
        self
    }

    /// Sets where log lines and progress go.
    #[must_use]
    pub fn sink(mut self, sink: Arc<dyn StepSink>) -> Self {
        self.0.sink = sink;
        self
    }

    /// Sets how the step learns of a cancellation.
    #[must_use]
    pub fn cancellation(mut self, cancellation: Cancellation) -> Self {
        self.0.cancellation = cancellation;
        self
    }

    /// Builds the context.
    pub fn build(self) -> StepContext {
        StepContext(Arc::new(self.0))
    }
}

impl fmt::Debug for StepContextBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepContextBuilder").field("step", &self.0.step).finish_non_exhaustive()
    }
}

fn downcast<T: Send + Sync + 'static>(asset: &str, value: &SharedValue) -> Result<Arc<T>, BoxError> {
    let expected = std::any::type_name::<T>();
    value.clone().downcast().map_err(|_| format!("the value of `{asset}` is not a `{expected}`").into())
}

fn not_an_input(asset: &str) -> BoxError {
    format!("`{asset}` is not an input of this step").into()
}
