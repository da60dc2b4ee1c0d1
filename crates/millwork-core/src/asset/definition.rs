//! A function and the assets that it makes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{
    AssetKey, AssetSpec, AssetValue, BatchResult, CheckResult, CodeVersion, Metadata, PoolUse, Produced,
    Retry, ValueType, Verdict,
};
use crate::backfill::BackfillPolicy;
use crate::condition::AutomationCondition;
use crate::id::StepKey;
use crate::param::{Batch, BatchKey, FromStep as _, PartitionKeys, Requirements, StepContext};
use crate::partition::PartitionsDefinition;
use crate::{BoxError, BoxFuture};

/// One function and the assets that it makes: what `#[asset]` and `#[multi_asset]` emit, and what a factory builds
/// with [`AssetDefinition::new`].
///
/// ```
/// use millwork_core::{AssetDefinition, Definitions};
///
/// let mut definitions = Definitions::new().asset(AssetDefinition::new("level_0").produces::<u64, _>().blocking(|_| Ok(1_u64)));
/// for level in 1..10_000 {
///     let below = format!("level_{}", level - 1);
///     definitions = definitions.asset(
///         AssetDefinition::new(format!("level_{level}"))
///             .produces::<u64, _>()
///             .input::<u64>(&below)
///             .blocking(move |step| Ok(*step.input::<u64>(&below)? + 1)),
///     );
/// }
/// assert_eq!(definitions.resolve().unwrap().graph().assets().len(), 10_000);
/// ```
#[derive(Clone, Debug)]
pub struct AssetDefinition {
    /// The name of the function, and of the step that calls it.
    pub step: StepKey,
    /// What the function does, in Markdown.
    pub description: String,
    /// The assets it makes. There is at least one.
    pub outputs: Vec<AssetSpec>,
    /// The keys of its partitions, if it makes one value per key.
    pub partitions: Option<PartitionsDefinition>,
    /// How many of its partitions one run of a backfill may make; `None` leaves it to the backfill.
    pub backfill: Option<BackfillPolicy>,
    /// The name of the I/O manager that stores its values, if it isn't the default one.
    pub io_manager: Option<String>,
    /// How the values are made; `None` for an external asset.
    pub computation: Option<Computation>,
}

/// The computation of a step: its requirements, its function, and its policy.
#[derive(Clone)]
pub struct Computation {
    /// What the function takes.
    pub requirements: Requirements,
    /// The version of its code: a hash of the function's tokens, or one given by hand.
    pub code_version: CodeVersion,
    /// What happens when it fails.
    pub retry: Retry,
    /// How long one attempt may take; `None` for no limit.
    pub timeout: Option<Duration>,
    /// The slots of concurrency pools that it takes, all of them at once.
    pub pools: Vec<PoolUse>,
    /// Whether it may be called a second time with another version of a model, whose result nobody is to see: it has no side effects.
    pub shadow_safe: bool,
    /// Where the function is defined, as file and line; `None` if that is unknown.
    pub source: Option<(&'static str, u32)>,
    /// The function that makes the values or tests the asset.
    pub function: StepFunction,
}

impl Computation {
    /// A call of `function`, which takes its `requirements`, without retries, timeout or pool.
    pub fn new(requirements: Requirements, function: StepFunction) -> Self {
        Self {
            requirements,
            code_version: CodeVersion::from("1"),
            retry: Retry::none(),
            timeout: None,
            pools: Vec::new(),
            shadow_safe: false,
            source: None,
            function,
        }
    }
}

impl fmt::Debug for Computation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Computation")
            .field("requirements", &self.requirements)
            .field("code_version", &self.code_version)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// A function that makes the value of a step. A blocking one runs on a thread of its own, an async one on the
/// runtime.
#[derive(Clone)]
pub enum StepFunction {
    /// A blocking function, called on a thread of its own.
    Blocking(Arc<dyn Fn(StepContext) -> Result<StepResult, BoxError> + Send + Sync>),
    /// An `async` function, run on the runtime.
    Async(Arc<dyn Fn(StepContext) -> BoxFuture<Result<StepResult, BoxError>> + Send + Sync>),
}

/// What a step's function returns, with the types erased.
#[derive(Debug)]
pub enum StepResult {
    /// The verdict about each output of an asset's function, in the order of the outputs.
    Assets(Vec<Produced>),
    /// What an asset's function returned for many partitions.
    Batch(BatchResult),
    /// The verdict of a check.
    Check(CheckResult),
    /// The verdict of a gate.
    Gate(Verdict),
}

impl AssetDefinition {
    /// A definition of one asset whose function is still to be named by [`blocking`](Self::blocking) or
    /// [`non_blocking`](Self::non_blocking). Without one it is an external asset.
    pub fn new(key: impl Into<AssetKey>) -> Self {
        let spec = AssetSpec::new(key);
        Self {
            step: StepKey::from(spec.key.as_str()),
            description: String::new(),
            outputs: vec![spec],
            partitions: None,
            backfill: None,
            io_manager: None,
            computation: None,
        }
    }

    /// Declares the asset's value as a `T`, stored in the format `F` (which is inferred where `T` has just one).
    #[must_use]
    pub fn produces<T: AssetValue<F>, F>(mut self) -> Self {
        self.outputs[0].value_type = Some(ValueType::of::<T, F>());
        self
    }

    /// Takes the value of another asset, a `T`.
    #[must_use]
    pub fn input<T: Send + Sync + 'static>(mut self, key: &str) -> Self {
        self.computation_mut().requirements.input::<T>(key);
        self
    }

    /// Runs after another asset without loading its value.
    #[must_use]
    pub fn after(mut self, key: &str) -> Self {
        self.computation_mut().requirements.after(key);
        self
    }

    /// Describes the asset: group, kinds, owners, tags, metric, freshness.
    #[must_use]
    pub fn describe(mut self, change: impl FnOnce(&mut AssetSpec)) -> Self {
        change(&mut self.outputs[0]);
        self
    }

    /// Says which key the asset had before: its history, versions and aliases are carried over when a process with these definitions opens
    /// a home. Of an asset that was renamed several times, the newest key comes first. The call may stay for ever.
    #[must_use]
    pub fn renamed_from(self, key: impl Into<AssetKey>) -> Self {
        self.describe(|spec| spec.renamed_from.push(key.into()))
    }

    /// Has the asset made when the condition holds, without being asked for.
    #[must_use]
    pub fn automation(self, condition: AutomationCondition) -> Self {
        self.describe(|spec| spec.automation = Some(condition))
    }

    /// Gives the asset one value per key.
    #[must_use]
    pub fn partitions(mut self, partitions: impl Into<PartitionsDefinition>) -> Self {
        self.partitions = Some(partitions.into());
        self
    }

    /// Says how many partitions one run of a backfill may make.
    #[must_use]
    pub fn backfill(mut self, policy: BackfillPolicy) -> Self {
        self.backfill = Some(policy);
        self
    }

    /// Changes how the step is treated: retries, time-out, pool, code version, extractors' requirements.
    #[must_use]
    pub fn policy(mut self, change: impl FnOnce(&mut Computation)) -> Self {
        change(self.computation_mut());
        self
    }

    /// Makes the value with an ordinary function.
    #[must_use]
    pub fn blocking<T: Send + Sync + 'static>(
        mut self,
        function: impl Fn(StepContext) -> Result<T, BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.computation_mut().function = StepFunction::Blocking(Arc::new(move |context| {
            function(context).map(|value| StepResult::Assets(vec![produced(value)]))
        }));
        self
    }

    /// Makes the values of many partitions with one call of an ordinary function, each of which succeeds or fails by itself.
    #[must_use]
    pub fn batch<K: BatchKey, T: Send + Sync + 'static>(
        mut self,
        function: impl Fn(StepContext, PartitionKeys<K>) -> Result<Batch<K, Result<T, BoxError>>, BoxError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let computation = self.computation_mut();
        computation.requirements.partition_keys::<K>();
        computation.requirements.returns_batch::<K>();
        computation.function = StepFunction::Blocking(Arc::new(move |context| {
            let batch = function(context.clone(), PartitionKeys::from_step(&context)?)?;
            let result = BatchResult::of(&context, batch, |made| Ok(vec![produced(made?)]))?;
            Ok(StepResult::Batch(result))
        }));
        self
    }

    /// Makes the value with an `async` function.
    #[must_use]
    pub fn non_blocking<T, Fut>(
        mut self,
        function: impl Fn(StepContext) -> Fut + Send + Sync + 'static,
    ) -> Self
    where
        T: Send + Sync + 'static,
        Fut: Future<Output = Result<T, BoxError>> + Send + 'static,
    {
        self.computation_mut().function = StepFunction::Async(Arc::new(move |context| {
            let value = function(context);
            Box::pin(async move { Ok(StepResult::Assets(vec![produced(value.await?)])) })
        }));
        self
    }

    /// Takes a slot of a concurrency pool while it runs, or several: `"gpu"`, `("gpu", 2)`.
    #[must_use]
    pub fn pool(mut self, pool: impl Into<PoolUse>) -> Self {
        self.computation_mut().pools.push(pool.into());
        self
    }

    fn computation_mut(&mut self) -> &mut Computation {
        self.computation.get_or_insert_with(|| {
            let function = StepFunction::Blocking(Arc::new(|context| {
                Err(format!("the definition of `{}` names no function", context.step()).into())
            }));
            Computation::new(Requirements::default(), function)
        })
    }
}

fn produced<T: Send + Sync + 'static>(value: T) -> Produced {
    Produced::New { value: Arc::new(value), metadata: Metadata::new(), data_version: None }
}
