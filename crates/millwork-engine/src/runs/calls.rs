//! The calls of a run for many partitions: which partitions are called for together.
//!
//! All partitions of a step in the run are one call, as far as they have to be made. They are gathered as the queue hands them out, and the call
//! is complete when none is left to come: each was handed out, or fell out because of something upstream. No partition of a step waits for
//! another one of it, as assets have no cycles; so what is still to come doesn't wait for the call.

use std::collections::{HashMap, HashSet, VecDeque};

use millwork_core::graph::StepIndex;
use millwork_core::plan::PlanIndex;

use super::PlannedRun;

/// The calls that are gathered, and those that wait to be started.
#[derive(Debug, Default)]
pub(super) struct Calls {
    gathering: HashMap<StepIndex, Gathering>,
    /// For each step that is called for together with others: its step in the graph, and its place among them in the order of their keys.
    places: HashMap<PlanIndex, (StepIndex, usize)>,
    /// The calls that are complete and that nobody has been told of, by their first partition.
    complete: VecDeque<PlanIndex>,
    /// The partitions of each call, by the first.
    together: HashMap<PlanIndex, Vec<PlanIndex>>,
}

#[derive(Debug, Default)]
struct Gathering {
    /// Those whose inputs haven't come to an end.
    awaited: HashSet<PlanIndex>,
    /// Those that are ready.
    ready: Vec<PlanIndex>,
}

impl Calls {
    pub(super) fn new(run: &PlannedRun) -> Self {
        let mut calls = Self::default();
        let mut by_step: HashMap<StepIndex, Vec<PlanIndex>> = HashMap::new();
        for (position, planned) in run.plan.steps.iter_enumerated() {
            if run.step(position).computation().requirements.is_batch() {
                by_step.entry(planned.step).or_default().push(position);
            }
        }
        for (step, mut positions) in by_step {
            let space = run.graph.step_key_space(step, &run.moment);
            positions.sort_by_cached_key(|position| {
                let partition = run.plan.steps[*position].partition.as_ref();
                (partition.and_then(|partition| space.index_of(partition)), *position)
            });
            for (place, position) in positions.iter().enumerate() {
                calls.places.insert(*position, (step, place));
            }
            let awaited = positions.into_iter().collect();
            calls.gathering.insert(step, Gathering { awaited, ready: Vec::new() });
        }
        calls
    }

    /// Takes in a step that the queue has handed out. Returns whether it is called for together with others.
    pub(super) fn gather(&mut self, position: PlanIndex) -> bool {
        let Some((step, _)) = self.places.get(&position).copied() else { return false };
        self.gathering.entry(step).or_default().ready.push(position);
        self.leave_out(position);
        true
    }

    /// A step is over without having been handed out, if it is one that is called for together with others.
    pub(super) fn leave_out(&mut self, position: PlanIndex) {
        let Some((step, _)) = self.places.get(&position).copied() else { return };
        let gathering = self.gathering.entry(step).or_default();
        gathering.awaited.remove(&position);
        if gathering.awaited.is_empty() && !gathering.ready.is_empty() {
            let ready = std::mem::take(&mut gathering.ready);
            let first = self.put(ready);
            self.complete.extend(first);
        }
    }

    /// The first partition of a call that is complete.
    pub(super) fn pop_complete(&mut self) -> Option<PlanIndex> {
        self.complete.pop_front()
    }

    /// Makes some partitions of a step a call. Returns its first one, by which it is taken out.
    pub(super) fn put(&mut self, mut positions: Vec<PlanIndex>) -> Option<PlanIndex> {
        positions.sort_by_key(|position| self.places.get(position).map(|(_, place)| *place));
        let first = *positions.first()?;
        self.together.insert(first, positions);
        Some(first)
    }

    /// Takes out the partitions of a call; `None` for a step that is called for by itself.
    pub(super) fn take(&mut self, first: PlanIndex) -> Option<Vec<PlanIndex>> {
        self.together.remove(&first)
    }

    /// Whether a step is called for together with others.
    pub(super) fn has(&self, position: PlanIndex) -> bool {
        self.places.contains_key(&position)
    }
}
