//! The progress of earlier executions of a run, for one that goes on where they stopped.
//!
//! A step that has succeeded isn't run again: its success is in the log, so its values are durable, and its outputs are read back from
//! their events. Every other step is run, however it ended before.
//!
//! Starts are recorded, but nothing waits for their commit; so a step without a recorded start may have run when the process died.
//! Therefore every step that is taken up counts each earlier execution as one attempt at least: none is run twice without its number
//! showing it, and no two attempts share the address of a stored value.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use millwork_core::event::{Event, EventBody};
use millwork_core::graph::AssetIndex;
use millwork_core::index::IndexVec;
use millwork_core::plan::PlanIndex;
use millwork_core::run::{RunState, StepStatus};
use millwork_core::{AssetKey, AssetPartition};

use super::{PlannedRun, StoredInput};
use crate::steps::StepOutput;

/// The progress of earlier executions of a run.
#[derive(Debug)]
pub(crate) struct EarlierExecutions {
    /// For each step the number of attempts that count as made.
    pub(crate) attempts: IndexVec<PlanIndex, u32>,
    /// The steps that have succeeded, and their outputs.
    pub(crate) succeeded: Vec<(PlanIndex, Vec<StepOutput>)>,
    /// When the attempts of these steps began that succeeded.
    pub(crate) began_at: HashMap<PlanIndex, Timestamp>,
    /// What was made in shadow, or failed there, and with versions of which model. That isn't called again.
    pub(crate) called_in_shadow: HashSet<(AssetPartition<AssetIndex>, AssetKey)>,
}

impl EarlierExecutions {
    /// Reads from the run's `events` so far, whose fold is `state`.
    pub(crate) fn of(run: &PlannedRun, events: Vec<Event>, state: &RunState) -> Self {
        let called_in_shadow = called_in_shadow(run, &events);
        let mut verdicts = verdicts(run, events);
        let recorded = run.plan.steps.map(|planned| state.steps.get(&planned.by_key(&run.graph)));
        let executions = state.epoch.saturating_sub(1);
        let attempts = recorded.map(|step| step.map_or(0, |step| step.attempt).max(executions));
        let has_succeeded = |position: &PlanIndex| {
            recorded[*position].is_some_and(|step| step.status == StepStatus::Succeeded)
        };
        let succeeded = recorded.indices().filter(has_succeeded).map(|position| {
            let outputs = run.outputs(position).iter();
            let verdicts = outputs.map(|asset| verdicts.remove(&run.output(position, *asset)));
            (position, verdicts.map(output_of).collect())
        });
        let succeeded: Vec<_> = succeeded.collect();
        let began_at = succeeded.iter().filter_map(|(position, _)| {
            Some((*position, recorded[*position].and_then(|step| step.started_at)?))
        });
        Self { attempts, began_at: began_at.collect(), succeeded, called_in_shadow }
    }
}

/// What steps of the run were called for in shadow.
fn called_in_shadow(run: &PlannedRun, events: &[Event]) -> HashSet<(AssetPartition<AssetIndex>, AssetKey)> {
    let called = events.iter().filter_map(|event| {
        let EventBody::ShadowCalled(called) = &event.body else { return None };
        if !called.outcome.is_over() {
            return None;
        }
        Some((event.asset_partition()?.by_index(&run.graph)?, called.model.clone()))
    });
    called.collect()
}

/// The last verdict about each output.
fn verdicts(run: &PlannedRun, events: Vec<Event>) -> HashMap<AssetPartition<AssetIndex>, Event> {
    let mut verdicts = HashMap::new();
    for event in events {
        if event.body.provenance().is_some()
            && let Some(output) = event.asset_partition().and_then(|asset| asset.by_index(&run.graph))
        {
            verdicts.insert(output, event);
        }
    }
    verdicts
}

fn output_of(verdict: Option<Event>) -> StepOutput {
    let Some(event) = verdict else { return StepOutput::Nothing };
    if let EventBody::Materialized(_) = event.body {
        StepOutput::Recorded(StoredInput::new(event))
    } else if let EventBody::Kept { .. } = event.body {
        StepOutput::Kept
    } else {
        StepOutput::Nothing
    }
}
