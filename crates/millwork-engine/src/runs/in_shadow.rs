//! What versions in shadow have made, as a step is given it: how far it goes, and what of it is new.
//!
//! As a history does, it goes up to the newest one that is in the log when the attempt begins, and begins behind the newest one that the
//! step's previous materialization was made from. Both are places in the log, since what is made in shadow has no version number, and both
//! are in the provenance of what the step makes: there is no moment at which a value is stored without what it was made from.

use std::collections::BTreeSet;
use std::sync::Arc;

use millwork_core::event::InputVersion;
use millwork_core::plan::PlanIndex;
use millwork_core::{AssetKey, StoredShadow};
use millwork_storage::Store;

use super::{OriginalShadow, RunContext};
use crate::values::{ReadShadow, ValueError, Values, history_of, made_in_shadow};

/// What versions in shadow have made of an asset, as a step is given it, and what is recorded of that.
pub(crate) struct StepShadow {
    pub(crate) asset: AssetKey,
    pub(crate) stored: StoredShadow,
    pub(crate) read: InputVersion,
}

impl RunContext {
    /// What a step reads of what is made in shadow, as it is now. `without` are assets whose previous values are none to the step.
    pub(crate) async fn shadows(
        &self,
        position: PlanIndex,
        without: &BTreeSet<AssetKey>,
    ) -> Result<Vec<StepShadow>, ValueError> {
        let planned = &self.planned;
        let graph = &planned.graph;
        let wanted = &planned.plan.steps[position].shadows;
        let mut shadows = Vec::with_capacity(wanted.len());
        for wanted in wanted {
            let (asset, value_type) = history_of(graph, wanted)?;
            let original = self.original.as_ref().and_then(|original| {
                let step = original.steps.get(&planned.step_partition(position))?;
                Some((original, *step.shadows.get(&asset)?))
            });
            let (from, after, until): ((Arc<dyn Store>, Values), _, _) = match original {
                Some((original, OriginalShadow { after, until })) => {
                    ((original.store.clone(), original.values.clone()), after, Some(until))
                }
                None => {
                    let newest_read = planned
                        .read_before(position, without, |provenance| provenance.newest_in_shadow(&asset));
                    // Behind everything that the run has recorded so far.
                    let committed = self.recorder.commit(Vec::new()).await;
                    committed
                        .map_err(|source| ValueError::Database { asset: asset.asset.clone(), source })?;
                    ((self.store.clone(), self.values.clone()), newest_read.unwrap_or(0), None)
                }
            };
            let ReadShadow { stored, read } = made_in_shadow(from, asset, value_type, (after, until)).await?;
            shadows.push(StepShadow { asset: graph.key(wanted.asset).clone(), stored, read });
        }
        Ok(shadows)
    }
}
