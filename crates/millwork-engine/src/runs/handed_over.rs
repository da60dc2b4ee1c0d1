//! Values on their way from one step of a run to the next, kept as long as somebody still needs them.

use std::collections::HashMap;
use std::sync::Arc;

use millwork_core::graph::AssetIndex;
use millwork_core::plan::{Plan, PlannedInput, PlannedStep};
use millwork_core::{AssetPartition, DataVersion, SharedValue};

use super::{StoredInput, StoredInputs};

/// What a finished step of this run has left for those that come after it.
#[derive(Clone, Debug)]
pub(crate) enum Made {
    /// A new value, in memory.
    Value(SharedValue, DataVersion),
    /// A value that an earlier execution of this run has stored, or the last one, which was kept.
    Stored(StoredInput),
    /// No value.
    Nothing,
}

impl Made {
    pub(crate) fn data_version(&self) -> Option<&DataVersion> {
        match self {
            Self::Value(_, version) => Some(version),
            Self::Stored(stored) => stored.data_version(),
            Self::Nothing => None,
        }
    }
}

/// What the steps of a run have made so far.
#[derive(Debug)]
pub(crate) struct HandedOver {
    made: HashMap<AssetPartition<AssetIndex>, Made>,
    /// How many steps that load a value aren't over yet.
    consumers: HashMap<AssetPartition<AssetIndex>, usize>,
}

impl HandedOver {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut consumers = HashMap::new();
        for key in plan.steps.iter().flat_map(loads) {
            *consumers.entry(key).or_default() += 1;
        }
        Self { made: HashMap::new(), consumers }
    }

    /// Takes what a step has made. A value that nobody waits for isn't kept in memory.
    pub(crate) fn put(&mut self, output: AssetPartition<AssetIndex>, made: Made) {
        self.made.insert(output, made);
    }

    pub(crate) fn get(&self, input: &AssetPartition<AssetIndex>) -> Option<&Made> {
        self.made.get(input)
    }

    /// Whether a step waits for this value.
    pub(crate) fn is_wanted(&self, output: &AssetPartition<AssetIndex>) -> bool {
        self.consumers.contains_key(output)
    }

    /// Says that a step is over: it needs its inputs no longer. A value that nobody needs any more is let go; its
    /// version stays. `stored` are those that the run doesn't make itself.
    pub(crate) fn release_inputs(&mut self, step: &PlannedStep, stored: &StoredInputs) {
        for input in loads(step) {
            let Some(left) = self.consumers.get_mut(&input) else { continue };
            *left -= 1;
            if *left == 0 {
                self.consumers.remove(&input);
                match self.made.get_mut(&input) {
                    Some(Made::Value(value, _)) => *value = Arc::new(()),
                    Some(Made::Stored(stored)) => stored.let_go(),
                    Some(Made::Nothing) => {}
                    None => stored.get(&input).into_iter().for_each(StoredInput::let_go),
                }
            }
        }
    }
}

fn loads(step: &PlannedStep) -> impl Iterator<Item = AssetPartition<AssetIndex>> {
    step.inputs.iter().filter(|input| input.loads).flat_map(PlannedInput::asset_partitions)
}
