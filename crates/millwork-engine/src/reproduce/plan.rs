//! Plans the reproduction of a run: what is to be executed, and what it reads.

use std::collections::{BTreeMap, BTreeSet};

use millwork_core::event::{Environment, Event};
use millwork_core::graph::{AssetGraph, AssetSet};
use millwork_core::plan::Plan;
use millwork_core::run::{RunId, RunRequest, RunStatus};
use millwork_core::{AssetPartition, StepPartition};
use millwork_storage::{StorageError, key_moment_before};
use serde_json::{Map, Value, json};

use super::ReproduceError;
use super::aliases::{FoundAlias, find_aliases};
use super::histories::original_steps;
use super::original::{Execution, OriginalRun, made_from};
use super::reads::{Read, reads};
use crate::runs::OriginalStep;
use crate::{Engine, ExecuteError};

/// The reproduction of a run that can be executed.
#[derive(Debug)]
pub struct ReproductionPlan {
    pub(super) run: RunId,
    pub(super) request: RunRequest,
    pub(super) aliases: Vec<FoundAlias>,
    /// One for each execution of the run that has completed steps, in their order.
    pub(super) parts: Vec<Part>,
    /// The decisions of the run's steps about their outputs; those of gates are left out.
    pub(super) decisions: Vec<Event>,
    /// The last environment that the run has recorded; `None` if it has recorded none.
    pub(super) environment: Option<Environment>,
}

/// What one execution of the run has completed.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) steps: BTreeMap<StepPartition, OriginalStep>,
    /// The configuration of the steps, by their keys.
    pub(super) config: Value,
    /// The materializations that it reads from outside of the run, and whether their values are loaded.
    pub(super) reads: Vec<(AssetPartition, Event, bool)>,
}

impl ReproductionPlan {
    /// The number of steps that are executed again.
    pub fn steps(&self) -> usize {
        self.parts.iter().map(|part| part.steps.len()).sum()
    }
}

impl Engine {
    /// Plans the reproduction of a run: the same steps and gates, without checks, on the same inputs and configuration.
    ///
    /// # Errors
    ///
    /// When the run hasn't succeeded or has made nothing, its steps or what they read don't exist any more, or the store can't be read.
    pub async fn plan_reproduction(&self, run: RunId) -> Result<ReproductionPlan, ReproduceError> {
        let record = self.store.run(run).await?.ok_or(StorageError::UnknownRun { run })?;
        if record.status != RunStatus::Succeeded {
            return Err(ReproduceError::NotSucceeded { run, status: record.status });
        }
        let graph = &**self.pipeline.graph();
        let original = OriginalRun::read(&*self.store, graph, run).await?;
        if original.executions.is_empty() {
            return Err(ReproduceError::NothingMade { run });
        }
        let request = request_of(graph, record.request_again()?, &original);
        let selected = selected(graph, &request)?;
        // Without any of the steps there is no plan, which is the error below.
        let plan = match selected.is_empty() {
            true => Plan::default(),
            false => {
                let first = original.decisions().map(|event| event.sequence).min();
                let first = first.unwrap_or(u64::MAX);
                let moment = key_moment_before(&*self.store, graph, record.created_at, first).await?;
                Plan::new(graph, &selected, &request.partitions, &moment)
                    .map_err(|error| ExecuteError::Request(error.into()))?
            }
        };
        check_steps(graph, run, &plan, &original)?;
        let steps = original.steps();
        let plan = plan.filtered(|_, step| steps.contains(&step.by_key(graph)));
        let aliases = find_aliases(&*self.store, graph, &plan, &original).await?;
        let own = original.decisions().filter_map(Event::asset_partition).collect();
        let mut parts = Vec::with_capacity(original.executions.len());
        for execution in &original.executions {
            let plan = plan.filtered(|_, step| execution.steps.contains_key(&step.by_key(graph)));
            let wanted = reads(graph, &plan, execution, &own, request.is_without_previous());
            let config = self.config_of(&request.config, execution);
            let steps = original_steps(&*self.store, graph, &plan, execution).await?;
            parts.push(Part { steps, config, reads: self.find_all(run, wanted).await? });
        }
        let decisions = original.decisions().cloned().collect();
        let environment = original.environment;
        Ok(ReproductionPlan { run, request, aliases, parts, decisions, environment })
    }

    /// The configuration of the steps of an execution: as it is recorded with what they made, since defaults and the standing configuration
    /// may be others now; or as the run was given it, where nothing is recorded or the step's types don't take it any more.
    fn config_of(&self, given: &Value, execution: &Execution) -> Value {
        let mut config = Map::new();
        for (StepPartition { step, .. }, decisions) in &execution.steps {
            let recorded =
                decisions.first().and_then(made_from).and_then(|made_from| made_from.config.as_ref());
            let recorded = recorded.map(|config| json!({ step.as_str(): config.effective }));
            let fits = |config: &Value| self.pipeline.check_config(config, [step.as_str()]).is_ok();
            let entry = match recorded.filter(fits) {
                Some(recorded) => recorded.get(step.as_str()).cloned(),
                None => given.get(step.as_str()).cloned(),
            };
            config.extend(entry.map(|entry| (step.to_string(), entry)));
        }
        Value::Object(config)
    }

    async fn find_all(
        &self,
        run: RunId,
        wanted: BTreeMap<AssetPartition, Read<'_>>,
    ) -> Result<Vec<(AssetPartition, Event, bool)>, ReproduceError> {
        let mut found = Vec::with_capacity(wanted.len());
        for (asset, read) in wanted {
            let event = read.find(&*self.store, run, &asset).await?;
            found.extend(event.map(|event| (asset, event, read.loads)));
        }
        Ok(found)
    }
}

/// The request for the assets of the completed steps only: a run of what was stale had fewer steps than were asked for.
fn request_of(graph: &AssetGraph, request: RunRequest, original: &OriginalRun) -> RunRequest {
    let steps: BTreeSet<&str> = original.steps().into_iter().map(|step| step.step.as_str()).collect();
    let outputs = steps.iter().filter_map(|step| graph.step_index(step)).flat_map(|step| graph.outputs(step));
    let assets = outputs.map(|asset| graph.key(*asset).clone()).collect();
    RunRequest { assets, stale_only: false, ..request.unqueued() }
}

fn selected(graph: &AssetGraph, request: &RunRequest) -> Result<AssetSet, ReproduceError> {
    request.selected(graph).map_err(|error| ExecuteError::Request(error).into())
}

/// Checks that the plan has all steps that the run has completed.
fn check_steps(
    graph: &AssetGraph,
    run: RunId,
    plan: &Plan,
    original: &OriginalRun,
) -> Result<(), ReproduceError> {
    let planned: BTreeSet<StepPartition> = plan.steps.iter().map(|step| step.by_key(graph)).collect();
    let gone = original.steps().into_iter().filter(|step| !planned.contains(step));
    let gone: Vec<String> = gone.map(|step| format!("`{step}`")).collect();
    if gone.is_empty() {
        return Ok(());
    }
    Err(ReproduceError::StepsAreGone { run, steps: gone.join(", ") })
}
