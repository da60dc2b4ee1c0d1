//! Collects what a pipeline declares: assets and checks, jobs, what requests runs, and how a daemon treats them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::{DefinitionError, DefinitionErrors, Job, Pipeline, resolve};
use crate::BoxError;
use crate::alert::AlertRule;
use crate::asset::{AssetDefinition, AssetSpec, CheckDefinition, GateDefinition, IoManager, Produced};
use crate::param::{Resources, merge_config};
use crate::problem::Problem;
use crate::retention::Retention;
use crate::run::{QueueLimits, RunLimits, RunRetries};
use crate::schedule::Schedule;
use crate::sensor::Sensor;
use crate::watch::Watch;

/// Everything that a pipeline declares. Nothing is checked until [`resolve`](Definitions::resolve), which reports all
/// errors at once.
///
/// ```
/// use millwork_core::{AssetDefinition, Definitions, Job};
///
/// let pipeline = Definitions::new()
///     .asset(AssetDefinition::new("numbers").produces::<Vec<u32>, _>().blocking(|_| Ok(vec![1_u32, 2, 3])))
///     .job(Job::new("everything", "*"))
///     .resolve()
///     .unwrap();
/// assert_eq!(pipeline.graph().assets().len(), 1);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    pub(super) assets: Vec<AssetDefinition>,
    pub(super) checks: Vec<CheckDefinition>,
    pub(super) gates: Vec<GateDefinition>,
    pub(super) jobs: Vec<Job>,
    pub(super) watches: Vec<Watch>,
    pub(super) schedules: Vec<Schedule>,
    pub(super) sensors: Vec<Sensor>,
    pub(super) alerts: Vec<AlertRule>,
    pub(super) resources: Resources,
    pub(super) io_managers: BTreeMap<String, Arc<dyn IoManager>>,
    pub(super) pools: BTreeMap<String, u32>,
    pub(super) policies: RunPolicies,
    pub(super) source_folder: Option<&'static str>,
    /// The standing configuration, by step; null if there is none.
    pub(super) config: Value,
    pub(super) errors: Vec<DefinitionError>,
}

impl Definitions {
    /// Definitions without any part.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what a macro declared: an asset, several, or a check.
    #[must_use]
    pub fn declare<D: Declaration>(self) -> Self {
        D::declare(self)
    }

    /// Adds an asset, or several made by one function.
    #[must_use]
    pub fn asset(mut self, definition: AssetDefinition) -> Self {
        self.assets.push(definition);
        self
    }

    /// Adds several assets.
    #[must_use]
    pub fn assets(mut self, definitions: impl IntoIterator<Item = AssetDefinition>) -> Self {
        self.assets.extend(definitions);
        self
    }

    /// Adds an asset check.
    #[must_use]
    pub fn check(mut self, definition: CheckDefinition) -> Self {
        self.checks.push(definition);
        self
    }

    /// Adds a gate.
    #[must_use]
    pub fn gate(mut self, definition: GateDefinition) -> Self {
        self.gates.push(definition);
        self
    }

    /// Adds a job.
    #[must_use]
    pub fn job(mut self, job: Job) -> Self {
        self.jobs.push(job);
        self
    }

    /// Adds a watch over the version of a model in use.
    #[must_use]
    pub fn watch(mut self, watch: Watch) -> Self {
        self.watches.push(watch);
        self
    }

    /// Adds a schedule.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedules.push(schedule);
        self
    }

    /// Adds a sensor.
    #[must_use]
    pub fn sensor(mut self, sensor: Sensor) -> Self {
        self.sensors.push(sensor);
        self
    }

    /// Adds an alert rule.
    #[must_use]
    pub fn alert(mut self, rule: AlertRule) -> Self {
        self.alerts.push(rule);
        self
    }

    /// Sets the standing configuration of steps: an object by step name, over the defaults of the steps' types and under what a run gives.
    /// What is set later is laid over what was set before.
    ///
    /// It is part of what an asset is made from: once it changes, what was made with another one is stale. The configuration of a job, a
    /// schedule or a single run overrides it, and makes nothing stale.
    ///
    /// ```
    /// use millwork_core::Definitions;
    /// use serde_json::json;
    ///
    /// let definitions = Definitions::new().config(json!({ "comments_model": { "rounds": 40 } }));
    /// ```
    #[must_use]
    pub fn config(mut self, config: impl Serialize) -> Self {
        match serde_json::to_value(config) {
            Ok(config) => merge_config(&mut self.config, config),
            Err(error) => {
                let problem = Problem::new(format!("it can't be serialized as JSON: {error}"));
                self.errors.push(DefinitionError::InvalidConfig { problem });
            }
        }
        self
    }

    /// Provides a resource: steps that take a `T` get a clone of this value.
    #[must_use]
    pub fn resource<T: Clone + Send + Sync + 'static>(self, resource: T) -> Self {
        self.resource_with(move || Ok::<_, BoxError>(resource.clone()))
    }

    /// Provides a resource that is made when the first step asks for it.
    #[must_use]
    pub fn resource_with<T: Send + Sync + 'static, E: Into<BoxError>>(
        mut self,
        make: impl Fn() -> Result<T, E> + Send + Sync + 'static,
    ) -> Self {
        if !self.resources.insert(move || make().map_err(Into::into)) {
            self.duplicate_resource(std::any::type_name::<T>());
        }
        self
    }

    /// Provides an I/O manager under a name that assets refer to.
    #[must_use]
    pub fn io_manager(mut self, name: impl Into<String>, io_manager: impl IoManager + 'static) -> Self {
        self.io_managers.insert(name.into(), Arc::new(io_manager));
        self
    }

    /// Gives a concurrency pool its number of slots; a pool that isn't mentioned has one. The steps that run at a time, in
    /// all runs and processes of a home together, take no more slots than that. None at all is an error of the definitions.
    #[must_use]
    pub fn pool(mut self, name: impl Into<String>, slots: u32) -> Self {
        self.pools.insert(name.into(), slots);
        self
    }

    /// The folder of the package that the definitions are compiled from; the macro `definitions!` sets it. The working tree there is
    /// recorded with each run, if the folder exists where the run is executed.
    #[must_use]
    pub fn source_folder(mut self, folder: Option<&'static str>) -> Self {
        self.source_folder = folder;
        self
    }

    /// Sets the limits of queued runs that are in progress at a time.
    #[must_use]
    pub fn queue(mut self, limits: QueueLimits) -> Self {
        self.policies.queue = Some(limits);
        self
    }

    /// Sets which queued runs are tried again after a failure.
    #[must_use]
    pub fn run_retries(mut self, retries: RunRetries) -> Self {
        self.policies.retries = Some(retries);
        self
    }

    /// Sets how long queued runs may take.
    #[must_use]
    pub fn run_limits(mut self, limits: RunLimits) -> Self {
        self.policies.limits = Some(limits);
        self
    }

    /// Sets the retention; without it, everything is kept.
    #[must_use]
    pub fn retention(mut self, retention: Retention) -> Self {
        self.policies.retention = Some(retention);
        self
    }

    /// Adds everything of `other`; where both set a policy of runs or a field of the standing configuration, that of `other` holds. The
    /// source folder stays, if there is one.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.assets.extend(other.assets);
        self.checks.extend(other.checks);
        self.jobs.extend(other.jobs);
        self.watches.extend(other.watches);
        self.gates.extend(other.gates);
        self.schedules.extend(other.schedules);
        self.sensors.extend(other.sensors);
        self.alerts.extend(other.alerts);
        self.io_managers.extend(other.io_managers);
        self.pools.extend(other.pools);
        self.policies.take_over(other.policies);
        self.source_folder = self.source_folder.or(other.source_folder);
        merge_config(&mut self.config, other.config);
        self.errors.extend(other.errors);
        for type_name in self.resources.merge(other.resources) {
            self.duplicate_resource(type_name);
        }
        self
    }

    /// Whether an asset had another key before.
    pub fn has_renames(&self) -> bool {
        let mut specs = self.assets.iter().flat_map(|definition| &definition.outputs);
        specs.any(|spec| !spec.renamed_from.is_empty())
    }

    /// Derives the graph, or lists everything that is wrong.
    pub fn resolve(self) -> Result<Pipeline, DefinitionErrors> {
        resolve::resolve(self)
    }

    fn duplicate_resource(&mut self, type_name: &str) {
        self.errors.push(DefinitionError::DuplicateResource { type_name: type_name.into() });
    }
}

/// The assets that one function makes together: a struct with `#[derive(Assets)]`, each field one asset.
#[diagnostic::on_unimplemented(
    message = "a `#[multi_asset]` cannot return `{Self}`",
    label = "not a struct of assets",
    note = "return a struct with `#[derive(Assets)]`, each field one asset, or a `Result` of it"
)]
pub trait Assets: Sized {
    /// Describes the assets, in the order of the fields.
    fn specs() -> Vec<AssetSpec>;

    /// The outcome for each asset, in the order of the fields.
    fn into_produced(self) -> Vec<Produced>;
}

/// Something that `definitions![…]` can list: an asset, several made by one function, a check, a gate.
#[diagnostic::on_unimplemented(
    message = "`{Self}` declares nothing",
    label = "neither an asset nor a check or gate",
    note = "list functions with `#[asset]`, `#[multi_asset]`, `#[asset_check]` or `#[gate]`, and names from `external_asset!`"
)]
pub trait Declaration {
    /// Adds it to `definitions`.
    fn declare(definitions: Definitions) -> Definitions;
}

/// How a daemon treats the pipeline's runs, and its retention; `None` stands for the default.
#[derive(Clone, Debug, Default)]
pub(super) struct RunPolicies {
    pub(super) queue: Option<QueueLimits>,
    pub(super) retries: Option<RunRetries>,
    pub(super) limits: Option<RunLimits>,
    pub(super) retention: Option<Retention>,
}

impl RunPolicies {
    /// The problems of limits that are 0.
    pub(super) fn problems(&self) -> impl Iterator<Item = Problem> {
        let queue = self.queue.as_ref().filter(|queue| queue.max_runs == 0);
        let queue = queue.map(|_| {
            Problem::new("the queue limits runs to 0").with_hint("`QueueLimits::of(…)` takes at least 1")
        });
        let limits = self.limits.as_ref().map(|limits| {
            [("start", Some(limits.start)), ("run", limits.runtime)].map(|(what, limit)| {
                (limit == Some(Duration::ZERO)).then(|| {
                    Problem::new(format!("a run has no time to {what}"))
                        .with_hint("`RunLimits` are above zero")
                })
            })
        });
        queue.into_iter().chain(limits.into_iter().flatten().flatten())
    }

    /// Takes over the policies that `other` sets.
    pub(super) fn take_over(&mut self, other: Self) {
        self.queue = other.queue.or(self.queue.take());
        self.retries = other.retries.or(self.retries.take());
        self.limits = other.limits.or(self.limits.take());
        self.retention = other.retention.or(self.retention.take());
    }
}
