//! Takes up a run where an earlier execution of it has ended.

use std::collections::HashMap;

use millwork_core::event::{Event, EventBody};
use millwork_core::run::{RunState, StepStatus};
use millwork_storage::StorageError;

use super::super::StoredInput;
use super::Dispatcher;
use crate::steps::OutputMade;

impl Dispatcher {
    /// Marks as finished what an earlier execution has finished. `events` are those of the run so far, `state` is
    /// their fold.
    ///
    /// Starts are recorded, but nobody waits for their commit; so a step without a recorded start may have run when
    /// the process died. Therefore every step that is taken up here counts the earlier executions as attempts: none
    /// is run twice without showing it in its number.
    pub(crate) async fn resume(&mut self, events: Vec<Event>, state: &RunState) -> Result<(), StorageError> {
        let context = self.context.clone();
        let mut verdicts = HashMap::new();
        for event in events {
            if event.body.provenance().is_some()
                && let Some(output) = event.asset_partition().and_then(|asset| asset.by_index(&context.graph))
            {
                verdicts.insert(output, event);
            }
        }
        let mut succeeded = Vec::new();
        for (position, planned) in context.plan.steps.iter_enumerated() {
            let recorded = state.steps.get(&planned.by_key(&context.graph));
            let attempts = recorded.map_or(0, |step| step.attempt);
            self.attempts[position] = attempts.max(state.epoch.saturating_sub(1));
            if recorded.is_some_and(|step| step.status == StepStatus::Succeeded) {
                succeeded.push(position);
            }
        }
        for position in succeeded {
            let planned = &context.plan.steps[position];
            let mut outputs = Vec::new();
            for &asset in context.graph.outputs(planned.step) {
                let verdict = verdicts.remove(&planned.at_partition(asset));
                outputs.push(match verdict {
                    Some(event) if matches!(event.body, EventBody::Materialized(_)) => {
                        OutputMade::Recorded(StoredInput::new(event))
                    }
                    Some(event) if matches!(event.body, EventBody::Kept { .. }) => OutputMade::Kept,
                    _ => OutputMade::Nothing,
                });
            }
            self.hand_over(position, outputs).await?;
        }
        Ok(())
    }
}
