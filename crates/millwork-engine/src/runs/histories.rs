//! The histories that a step reads: how far each goes, and what of it is new.
//!
//! A history goes up to the newest materialization that is in the log when the attempt begins, with those of earlier steps of the run, which
//! are waited for. What is new is above the newest version that the step's previous materialization was made from. That version is in
//! the same event as the materialization, so there is no moment at which one is stored without the other; and the previous materialization
//! is the one that was pinned when the execution began, as the previous value is.

use std::collections::BTreeSet;
use std::sync::Arc;

use millwork_core::event::{Event, InputVersion, Provenance};
use millwork_core::plan::PlanIndex;
use millwork_core::{AssetKey, AssetPartition, StoredHistory};
use millwork_storage::{StorageError, Store};

use super::{OriginalHistory, PlannedRun, RunContext};
use crate::values::{LoggedHistory, ReadHistory, ValueError, Values, history_of, newest_materialization};

/// A history that a step is given, and what is recorded of it.
pub(crate) struct StepHistory {
    pub(crate) asset: AssetKey,
    pub(crate) stored: StoredHistory,
    pub(crate) read: InputVersion,
}

impl RunContext {
    /// The histories that a step reads, as they are now. `without` are assets whose previous values are none to the step.
    pub(crate) async fn histories(
        &self,
        position: PlanIndex,
        without: &BTreeSet<AssetKey>,
    ) -> Result<Vec<StepHistory>, ValueError> {
        let planned = &self.planned;
        let wanted = &planned.plan.steps[position].histories;
        let graph = &planned.graph;
        let mut histories = Vec::with_capacity(wanted.len());
        for wanted in wanted {
            let (asset, value_type) = history_of(graph, wanted)?;
            let (from, newest, after) = match self.original_history(position, &asset) {
                Some((from, OriginalHistory { newest, after })) => (from, newest, after),
                None => {
                    let newest = self.newest(&asset).await;
                    let newest = newest
                        .map_err(|source| ValueError::Database { asset: asset.asset.clone(), source })?;
                    let newest_read = |provenance: &Provenance| provenance.newest_read(&asset);
                    let after = planned.read_before(position, without, newest_read);
                    ((self.store.clone(), self.values.clone()), newest, after)
                }
            };
            let read = LoggedHistory::read(from, asset, value_type, newest, after).await?;
            let ReadHistory { stored, read } = read;
            histories.push(StepHistory { asset: graph.key(wanted.asset).clone(), stored, read });
        }
        Ok(histories)
    }

    /// The newest materialization, behind everything that the run has recorded so far.
    async fn newest(&self, asset: &AssetPartition) -> Result<Option<Event>, StorageError> {
        self.recorder.commit(Vec::new()).await?;
        newest_materialization(&*self.store, asset, None).await
    }
}

/// Where the entries of a history are: their events, and their values.
type Place = (Arc<dyn Store>, Values);

impl RunContext {
    /// What the original of the step has read of a history, and where it is, in a reproduction.
    fn original_history(
        &self,
        position: PlanIndex,
        asset: &AssetPartition,
    ) -> Option<(Place, OriginalHistory)> {
        let original = self.original.as_ref()?;
        let step = original.steps.get(&self.planned.step_partition(position))?;
        let history = step.histories.get(asset)?;
        Some(((original.store.clone(), original.values.clone()), history.clone()))
    }
}

impl PlannedRun {
    /// The newest of what all outputs of a step were made from before the run, by what `newest` finds in the provenance of each. `None` if
    /// one of them has no previous value, or none is made, as by checks and gates.
    pub(super) fn read_before<T: Ord>(
        &self,
        position: PlanIndex,
        without: &BTreeSet<AssetKey>,
        newest: impl Fn(&Provenance) -> Option<T>,
    ) -> Option<T> {
        if self.without_previous {
            return None;
        }
        let read = self.outputs(position).iter().map(|output| {
            if without.contains(self.graph.key(*output)) {
                return None;
            }
            let previous = self.stored.get(&self.output(position, *output))?;
            newest(previous.event.body.provenance()?)
        });
        // `None` is the least.
        read.min().flatten()
    }
}
