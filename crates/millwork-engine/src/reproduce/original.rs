//! What a run has done, by its events: which steps each of its executions has completed, and which versions aliases meant to it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use millwork_core::event::{Environment, Event, EventBody, EventKind, KindSet, Provenance};
use millwork_core::graph::AssetGraph;
use millwork_core::run::{RunId, RunState};
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{AssetPartition, StepPartition};
use millwork_storage::{EventQuery, Store};

use super::ReproduceError;
use crate::ExecuteError;

/// What a run has done.
#[derive(Debug)]
pub(super) struct OriginalRun {
    /// The executions that have completed steps, in their order.
    pub(super) executions: Vec<Execution>,
    /// The versions that aliases pointed at; `None` for aliases that didn't exist. Those that a gate compares with are as it found them.
    pub(super) aliases: BTreeMap<(AssetPartition, AliasName), Option<VersionNumber>>,
    /// The environment of the last execution; `None` if it wasn't recorded.
    pub(super) environment: Option<Environment>,
}

/// What one execution of a run has completed.
#[derive(Debug)]
pub(super) struct Execution {
    /// The sequence number of the event with which it began: what was materialized before is what its steps could read.
    pub(super) began: u64,
    /// The steps that make assets, and gates, with their decisions. Checks are left out.
    pub(super) steps: BTreeMap<StepPartition, Vec<Event>>,
    /// When the attempts of these steps began that succeeded.
    pub(super) started_at: BTreeMap<StepPartition, Timestamp>,
}

impl OriginalRun {
    /// Reads the events of a run.
    pub(super) async fn read(
        store: &dyn Store,
        graph: &AssetGraph,
        run: RunId,
    ) -> Result<Self, ReproduceError> {
        const KINDS: KindSet = RunState::RESUME_KINDS.union(KindSet::of(&[EventKind::EnvironmentRecorded]));
        let query = EventQuery { run: Some(run), kinds: Some(KINDS), ..EventQuery::default() };
        let events = store.events(query).await?;
        if let Some(damage) = RunState::of_stored(&events).damage {
            return Err(ExecuteError::Damaged { run, damage }.into());
        }
        Ok(Self::of_events(graph, events))
    }

    fn of_events(graph: &AssetGraph, events: Vec<Event>) -> Self {
        let mut original = Self { executions: Vec::new(), aliases: BTreeMap::new(), environment: None };
        // The decisions of a step precede its success, in the same commit.
        let mut decided: BTreeMap<StepPartition, Vec<Event>> = BTreeMap::new();
        let mut started: BTreeMap<StepPartition, Timestamp> = BTreeMap::new();
        for event in events {
            if let EventBody::RunStarted { .. } = event.body {
                let (steps, started_at) = (BTreeMap::new(), BTreeMap::new());
                original.executions.push(Execution { began: event.sequence, steps, started_at });
                decided.clear();
            } else if let EventBody::EnvironmentRecorded(environment) = event.body {
                original.environment = Some(environment);
            } else if let Some(step) = event.step_partition() {
                if made_from(&event).is_some() {
                    original.note_alias(graph, &event);
                    decided.entry(step).or_default().push(event);
                } else if let EventBody::StepStarted = event.body {
                    started.insert(step, event.at);
                } else if let EventBody::StepSucceeded { .. } = event.body
                    && let Some(execution) = original.executions.last_mut()
                    && let Some(decisions) = decided.remove(&step)
                {
                    execution.started_at.extend(started.remove(&step).map(|at| (step.clone(), at)));
                    execution.steps.insert(step, decisions);
                }
            } else {
                original.note_alias(graph, &event);
            }
        }
        original.executions.retain(|execution| !execution.steps.is_empty());
        original
    }

    /// Takes note of the version that an alias pointed at. What a gate has compared with takes precedence: the alias may have moved since
    /// the run began, and what follows it waits for the gate.
    fn note_alias(&mut self, graph: &AssetGraph, event: &Event) {
        let Some(asset) = event.asset_partition() else { return };
        if let EventBody::AliasPinned(pinned) = &event.body {
            self.aliases.entry((asset, pinned.alias.clone())).or_insert(pinned.version);
        } else if let EventBody::VersionJudged(judged) = &event.body
            && let Some(index) = graph.index(asset.asset.as_str())
            && let Some(gate) = graph.gate(index)
        {
            self.aliases.insert((asset, gate.alias.clone()), judged.against);
        }
    }

    /// The steps of all executions.
    pub(super) fn steps(&self) -> BTreeSet<&StepPartition> {
        self.executions.iter().flat_map(|execution| execution.steps.keys()).collect()
    }

    /// The decisions about the outputs of all steps.
    pub(super) fn decisions(&self) -> impl Iterator<Item = &Event> {
        let decisions = self.executions.iter().flat_map(|execution| execution.steps.values()).flatten();
        decisions.filter(|event| event.body.provenance().is_some())
    }
}

/// What a step has made a decision from: the decision about an output, or the verdict of a gate. `None` for other events.
pub(super) fn made_from(event: &Event) -> Option<&Provenance> {
    if let EventBody::VersionJudged(judged) = &event.body {
        return Some(&judged.provenance);
    }
    event.body.provenance()
}
