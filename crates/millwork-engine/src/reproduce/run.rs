//! Executes a planned reproduction, and compares.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use millwork_core::StepPartition;
use millwork_core::event::{Event, KindSet};
use millwork_core::run::{
    Reproduction, RunId, RunRequest, RunState, RunStatus, StepKey, StepState, StepStatus,
};
use millwork_storage::{EventLog, EventQuery, StorageError, Store, connect};

use super::ReproduceError;
use super::copy::Copies;
use super::plan::ReproductionPlan;
use super::scratch::Scratch;
use crate::runs::{Original, OriginalStep};
use crate::{Cancel, Engine, EnvironmentProbe, Observer, Values};

impl Engine {
    /// Executes a planned reproduction in a store in memory and a temporary folder, and compares what it makes with what the run has made.
    /// `None` if it was canceled.
    ///
    /// # Errors
    ///
    /// When a value that the run read can't be loaded, the steps can't be executed, or the temporary folder can't store what they make. A
    /// step that fails by itself is no error: what it should have made differs.
    pub async fn reproduce(
        &self,
        plan: ReproductionPlan,
        cancel: &Cancel,
        observer: Observer,
    ) -> Result<Option<Reproduction>, ReproduceError> {
        let scratch = Scratch::new()?;
        let store = connect("memory:").await?;
        let log: Arc<dyn EventLog> = store.clone();
        let values = scratch.values(log, &self.pipeline);
        // Without a cache: the home is only read.
        let probe = self.environment.as_ref().map(EnvironmentProbe::without_cache);
        let environment = probe.map(|probe| tokio::task::spawn_blocking(move || probe.look()));
        let mut copies = Copies {
            graph: self.pipeline.graph(),
            from: &self.values,
            store: store.clone(),
            values: &values,
            runs: BTreeSet::new(),
            last: BTreeMap::new(),
            numbers: BTreeSet::new(),
        };
        for alias in plan.aliases {
            let copied = copies.copy_alias(alias).await;
            scratch.check()?;
            copied?;
        }
        let (mut reproduced, mut ends) = (Vec::new(), BTreeMap::new());
        for part in plan.parts {
            for (asset, event, loads) in part.reads {
                let copied = copies.copy(asset, event, loads).await;
                scratch.check()?;
                copied?;
            }
            let steps: BTreeSet<StepPartition> = part.steps.keys().cloned().collect();
            let engine = self.of_scratch(&store, &values, part.steps);
            let run = engine.request(RunRequest { config: part.config, ..plan.request.clone() }).await?;
            let outcome = engine.execute(run, cancel, observer.clone()).await?;
            match outcome.status {
                RunStatus::Canceled => return Ok(None),
                RunStatus::Succeeded => {}
                RunStatus::Queued
                | RunStatus::Running
                | RunStatus::Canceling
                | RunStatus::Failed
                | RunStatus::Lost => scratch.check()?,
            }
            reproduced.extend(decisions(&*store, run).await?);
            ends.extend(ends_of(steps, &outcome.state));
        }
        let code_version = |step: &StepKey| {
            let computation = self.pipeline.graph().computation(step.as_str())?;
            Some(computation.code_version.clone())
        };
        let mut reproduction =
            Reproduction::compare(plan.run, &plan.decisions, &reproduced, &ends, code_version);
        if let (Some(was), Some(is)) = (plan.environment, environment)
            && let Ok(is) = is.await
        {
            reproduction.environment = was.differences(&is);
        }
        Ok(Some(reproduction))
    }

    /// An engine that executes these steps only, in another store.
    fn of_scratch(
        &self,
        store: &Arc<dyn Store>,
        values: &Values,
        steps: BTreeMap<StepPartition, OriginalStep>,
    ) -> Self {
        let original = Original { steps, store: self.store.clone(), values: self.values.clone() };
        Self {
            pipeline: self.pipeline.clone(),
            store: store.clone(),
            values: values.clone(),
            holder: self.holder.clone(),
            options: self.options.clone(),
            environment: None::<EnvironmentProbe>,
            original: Some(Arc::new(original)),
        }
    }
}

/// The decisions about outputs in a run.
async fn decisions(store: &dyn Store, run: RunId) -> Result<Vec<Event>, StorageError> {
    let query = EventQuery { run: Some(run), kinds: Some(KindSet::VERDICTS), ..EventQuery::default() };
    store.events(query).await
}

/// Why steps haven't succeeded.
fn ends_of(
    steps: BTreeSet<StepPartition>,
    state: &RunState,
) -> impl Iterator<Item = (StepPartition, String)> {
    steps.into_iter().filter_map(|key| {
        let end = match state.steps.get(&key) {
            Some(step) if step.status == StepStatus::Succeeded => return None,
            Some(step) => end_of(step),
            None => state.reason.clone().unwrap_or_else(|| "it was not executed".to_owned()),
        };
        Some((key, end))
    })
}

fn end_of(step: &StepState) -> String {
    let failure = step.failure.as_ref().map(ToString::to_string);
    match step.reason.clone().or(failure) {
        Some(reason) => format!("{}: {reason}", step.status),
        None => step.status.to_string(),
    }
}
