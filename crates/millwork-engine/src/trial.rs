//! A version in shadow is judged again: its gate's function, on what is stored now, decides whether the trial ends.
//!
//! Nothing is recorded where it asks for outcomes once more. What it decides instead is one append, verdict and move, as in a run. The
//! verdict names the one that began the trial, so that of two who judge at once, or a time limit and a judgement, one ends it; and it judges
//! again if another version came into use meanwhile.

use std::borrow::Cow;
use std::sync::Arc;

use millwork_core::event::{Event, EventBody, NewEvent, Provenance, VersionJudged};
use millwork_core::graph::AssetIndex;
use millwork_core::model::OperationError;
use millwork_core::param::merge_config;
use millwork_core::run::Failure;
use millwork_core::version::VersionNumber;
use millwork_core::{Advice, Answer, AssetPartition, Clock, ErrorClass, Metadata, Pipeline};
use millwork_storage::{Batch, StorageError, Store, key_moment, model_history};
use serde_json::Value;
use thiserror::Error;

use crate::BacktestError;
use crate::backtest::{Judging, call, plan_of_gate};
use crate::runs::StoredInput;
use crate::steps::{Ruling, unless_left};
use crate::values::Values;

/// What came of judging a version in shadow again.
#[derive(Clone, Debug, PartialEq)]
pub enum TrialOutcome {
    /// The trial is over: what was recorded.
    Over {
        /// The asset, and its partition.
        of: AssetPartition,
        /// The version.
        version: VersionNumber,
        /// The verdict.
        verdict: Box<VersionJudged>,
        /// What was recorded: the verdict, and the move of the alias that follows from it.
        events: Vec<Event>,
    },
    /// The gate asks for more outcomes. Nothing was recorded.
    GoesOn {
        /// The asset, and its partition.
        of: AssetPartition,
        /// The version.
        version: VersionNumber,
        /// The reason that the gate gave.
        reason: String,
        /// The figures behind it.
        metadata: Metadata,
    },
}

/// Why a version in shadow wasn't judged.
#[derive(Debug, Error)]
pub enum TrialError {
    /// The version isn't in shadow.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// The asset has no gate, or what the gate judges on can't be loaded.
    #[error(transparent)]
    Judging(#[from] BacktestError),
    /// The version or what it is compared with can't be loaded.
    #[error("gate `{gate}` can't judge version {version} of {of}: {reason}")]
    NotJudged {
        /// The name of the gate.
        gate: String,
        /// The version.
        version: VersionNumber,
        /// The asset, and its partition.
        of: String,
        /// The reason.
        reason: String,
    },
    /// The function of the gate failed, or its verdict can't be recorded.
    #[error("gate `{gate}` failed at version {version} of {of}: {failure}")]
    Failed {
        /// The name of the gate.
        gate: String,
        /// The version.
        version: VersionNumber,
        /// The asset, and its partition.
        of: String,
        /// The failure.
        failure: Box<Failure>,
    },
    /// Another one has ended the trial first.
    #[error("the trial of version {version} of {of} was ended meanwhile")]
    EndedMeanwhile {
        /// The version.
        version: VersionNumber,
        /// The asset, and its partition.
        of: String,
    },
}

impl From<StorageError> for TrialError {
    fn from(error: StorageError) -> Self {
        Self::Judging(error.into())
    }
}

impl Advice for TrialError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Operation(error) => error.hint(),
            Self::Judging(error) => error.hint(),
            Self::NotJudged { .. } => Some("promote or reject the version by hand".into()),
            Self::Failed { failure, .. } => failure.hint.as_deref().map(Cow::Borrowed),
            Self::EndedMeanwhile { .. } => Some("look at `models show`".into()),
        }
    }

    fn class(&self) -> ErrorClass {
        match self {
            Self::Operation(error) => error.class(),
            Self::Judging(error) => error.class(),
            Self::NotJudged { .. } | Self::Failed { .. } | Self::EndedMeanwhile { .. } => ErrorClass::Failed,
        }
    }
}

/// Judges the version of an asset or partition in shadow, which has to be this one if one is named. The configuration `config`, by step, is
/// over that of the run whose verdict began the trial.
pub(crate) async fn judge_in_shadow(
    (pipeline, store, values): (&Pipeline, &Arc<dyn Store>, &Values),
    of: &AssetPartition<AssetIndex>,
    version: Option<VersionNumber>,
    (config, clock): (&Value, &dyn Clock),
) -> Result<TrialOutcome, TrialError> {
    let key = of.by_key(pipeline.graph());
    loop {
        let history = model_history(&**store, &key).await?;
        let in_use = pipeline.graph().alias_in_use(of.asset);
        let (version, verdict) = history.trial(&key.asset, &in_use, version)?;
        let trial = verdict.sequence;
        let moment = key_moment(&**store, pipeline.graph(), clock.now()).await?;
        let plan = plan_of_gate(pipeline, of, &moment)?;
        let mut of_run = match verdict.run {
            Some(run) => store.run(run).await?.map_or(Value::Null, |run| run.request.config),
            None => Value::Null,
        };
        // Of what that run made, only steps that are still there.
        if let Some(steps) = of_run.as_object_mut() {
            steps.retain(|step, _| pipeline.graph().computation(step).is_some());
        }
        merge_config(&mut of_run, config.clone());
        let judging =
            Judging::prepare((pipeline, store, values), of, &plan, (&of_run, Some(clock.now()))).await?;
        let gate = judging.gate;
        let not_judged =
            |reason| TrialError::NotJudged { gate: gate.name.clone(), version, of: key.quoted(), reason };
        let failed = |failure| TrialError::Failed {
            gate: gate.name.clone(),
            version,
            of: key.quoted(),
            failure: Box::new(failure),
        };
        let Some(event) = store.version(&key, version).await? else {
            return Err(not_judged("the event of the version was removed".to_owned()));
        };
        let (context, contest) = match judging.context(StoredInput::new(event)).await? {
            Ok(ready) => ready,
            Err(lack) => return Err(not_judged(lack.reason)),
        };
        let verdict = call(&gate.computation, context).await.map_err(failed)?;
        let verdict = unless_left(&**store, gate, (&key, Some(version)), verdict).await?;
        if let Answer::Shadow(_) = verdict.answer {
            // A verdict that can't be begun with can't go on either.
            let (reason, metadata) = (verdict.reason.clone(), verdict.metadata.clone());
            contest.ruling(gate, verdict, judging.provenance.clone(), clock.now(), None).map_err(failed)?;
            return Ok(TrialOutcome::GoesOn { of: key, version, reason, metadata });
        }
        let provenance = Provenance { inputs: judging.all_inputs(&contest), ..judging.provenance.clone() };
        let now = clock.now();
        let Ruling { bodies, .. } =
            contest.ruling(gate, verdict, provenance, now, Some(trial)).map_err(failed)?;
        let Some(EventBody::VersionJudged(verdict)) = bodies.first().cloned() else {
            unreachable!("a ruling begins with its verdict");
        };
        let events: Vec<NewEvent> =
            bodies.into_iter().map(|body| NewEvent::of_asset(key.clone(), now, body)).collect();
        match store.append(Batch { fence: None, events: events.clone() }).await {
            Ok(sequences) => {
                let placed = events.into_iter().zip(sequences);
                let events = placed.map(|(event, sequence)| event.at_sequence(sequence)).collect();
                return Ok(TrialOutcome::Over { of: key, version, verdict: Box::new(verdict), events });
            }
            // Another version is in use by now.
            Err(StorageError::AliasElsewhere { .. }) => {}
            Err(StorageError::AlreadyDecided { .. }) => {
                return Err(TrialError::EndedMeanwhile { version, of: key.quoted() });
            }
            Err(error) => return Err(error.into()),
        }
    }
}
