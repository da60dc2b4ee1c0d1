//! The watches whose condition holds: the alias of their model goes back to the version before, with the reason in numbers.
//!
//! The move is one append, which the store refuses if the alias isn't where it was when the condition was evaluated. So of many daemons one
//! moves it, and none moves it over what a person did meanwhile.

use jiff::Timestamp;
use millwork_core::advice::one_line_of;
use millwork_core::automation::watched_model;
use millwork_core::event::EventBody;
use millwork_core::model::ModelHistory;
use millwork_core::{AssetKey, AssetPartition};
use millwork_storage::{ModelError, change_model};

use super::Conditions;
use crate::activation::Activation;
use crate::error::DaemonError;
use crate::evaluation_state::EvaluationState;
use crate::event::DaemonEvent;

/// Goes back where the conditions of these watches hold by the state, as far as the watches are on.
pub(super) async fn go_back(
    conditions: &Conditions,
    state: &EvaluationState,
    watches: &[AssetKey],
    now: Timestamp,
) -> Result<(), DaemonError> {
    let (pipeline, store) = (&conditions.pipeline, &*conditions.store);
    for key in watches {
        let Some(watch) = watched_model(key).and_then(|model| pipeline.watch(model)) else { continue };
        let Some(model) = pipeline.graph().index(watch.model.as_str()) else { continue };
        let in_use = pipeline.graph().alias_in_use(model);
        let verdict = state.explanation(key).map(|found| found.verdict).unwrap_or_default();
        let reason = verdict.strip_prefix("holds: ").unwrap_or(&verdict);
        let back = |history: &ModelHistory| {
            history.roll_back_watched((&watch.model, &in_use), watch.within, (state.events, now), reason)
        };
        let of = AssetPartition::new(watch.model.clone(), None);
        match change_model(store, &of, now, back).await {
            Ok(events) => {
                for event in events {
                    let EventBody::AliasMoved(moved) = event.body else { continue };
                    (conditions.observer)(&DaemonEvent::RolledBack { of: of.clone(), moved });
                    conditions.activations.send(Activation::VersionDecided);
                }
            }
            // Someone was first, and what is in use now is another version.
            Err(ModelError::Overtaken { .. } | ModelError::Answered { .. }) => {}
            Err(error @ ModelError::Operation(_)) => {
                let error = one_line_of(&error);
                (conditions.observer)(&DaemonEvent::NotRolledBack { of, error });
            }
            Err(ModelError::Store(error)) => return Err(error.into()),
        }
    }
    Ok(())
}
