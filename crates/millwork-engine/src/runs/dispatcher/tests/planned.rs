//! Planned runs for the tests, and their effects as lines.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use millwork_core::event::{Event, EventBody, Materialization, Provenance, StoredValue, ValueLocation};
use millwork_core::graph::{AssetIndex, AssetSet};
use millwork_core::plan::{Plan, PlanIndex};
use millwork_core::run::RunId;
use millwork_core::{
    AssetDefinition, AssetPartition, BoxError, CodeVersion, DataVersion, Definitions, StepPartition,
};

use crate::runs::dispatcher::Effect;
use crate::runs::{Pins, PlannedRun, StoredInput, StoredInputs};

/// An asset that is a number. Its function is never called.
pub(super) fn asset(key: &str) -> AssetDefinition {
    AssetDefinition::new(key).produces::<u64, _>().blocking::<u64>(|_| Err(BoxError::from("not called")))
}

/// A run of some of the assets, with nothing in the store.
pub(super) fn planned(definitions: Definitions, is_selected: impl Fn(&str) -> bool) -> PlannedRun {
    let graph = definitions.resolve().unwrap().graph().clone();
    let indices = graph.assets().indices();
    let selected: AssetSet = indices.filter(|asset| is_selected(graph.key(*asset).as_str())).collect();
    let plan = Plan::new(&graph, &selected, &[], &millwork_core::KeyMoment::default()).unwrap();
    PlannedRun {
        moment: millwork_core::KeyMoment::default(),
        run: RunId::from_u128(1),
        graph,
        plan,
        stored: StoredInputs::default(),
        last_versions: HashMap::new(),
        pins: Pins::default(),
        verdicts: None,
        without_previous: false,
    }
}

/// What a value is made from by the code of every definition here, without inputs.
pub(super) fn provenance() -> Provenance {
    Provenance { code_version: CodeVersion::from("1"), inputs: Vec::new(), config: None }
}

pub(super) fn materialized(version: &str) -> EventBody {
    let stored =
        StoredValue { location: ValueLocation::Database, bytes: 1, format: "json".into(), hash: None };
    let data_version = DataVersion::from(version);
    EventBody::Materialized(Materialization {
        version: None,
        data_version,
        provenance: provenance(),
        stored,
        metadata: Default::default(),
    })
}

/// A value in the store.
pub(super) fn stored(
    run: &PlannedRun,
    asset: &AssetPartition<AssetIndex>,
    version: &str,
) -> (AssetPartition<AssetIndex>, StoredInput) {
    let AssetPartition { asset: key, partition } = asset.by_key(&run.graph);
    let at = Timestamp::UNIX_EPOCH;
    let body = materialized(version);
    let event =
        Event { sequence: 1, run: None, at, step: None, asset: Some(key), partition, attempt: 0, body };
    (asset.clone(), StoredInput::new(event))
}

/// A value in memory.
pub(super) fn value(text: impl Into<String>) -> Arc<dyn std::any::Any + Send + Sync> {
    Arc::new(text.into())
}

/// A step, with its partition in brackets.
pub(super) fn name(run: &PlannedRun, position: PlanIndex) -> String {
    let StepPartition { step, partition } = run.step_partition(position);
    partition.map_or(step.to_string(), |partition| format!("{step}[{partition}]"))
}

/// Effects, a line each.
pub(super) fn lines(run: &PlannedRun, effects: &[Effect]) -> String {
    let name = |position: &PlanIndex| name(run, *position);
    let mut lines = String::new();
    for effect in effects {
        let line = match effect {
            Effect::Record { of_attempt, position, attempt, body } => {
                let after = if of_attempt.is_empty() { "" } else { ", after what the attempt says" };
                format!("record {}/{attempt} {}{after}", name(position), text_of(body))
            }
            Effect::RecordStarts(started) => {
                let started =
                    started.iter().map(|(position, attempt)| format!("{}/{attempt}", name(position)));
                format!("record {} started", started.collect::<Vec<_>>().join(" "))
            }
            Effect::Start(attempt) => format!("start {}/{}", name(&attempt.position), attempt.number),
            Effect::StartBatch(attempts) => {
                let attempts = attempts.iter();
                let attempts =
                    attempts.map(|attempt| format!("{}/{}", name(&attempt.position), attempt.number));
                format!("start together {}", attempts.collect::<Vec<_>>().join(", "))
            }
            Effect::CallInShadow(position, calls) => {
                let calls: Vec<String> =
                    calls.iter().map(|call| format!("{}@{}", call.model, call.version)).collect();
                format!("call {} in shadow with {}", name(position), calls.join(", "))
            }
            Effect::Pause(position, pause) => format!("pause {} for {pause:?}", name(position)),
            Effect::TakeSlots(position) => format!("take the slots of {}", name(position)),
            Effect::RecordSlotHolders { position, attempt } => {
                format!("record {}/{attempt} who holds its slots", name(position))
            }
            Effect::GiveBack(slots) => {
                let slots: Vec<String> = slots.iter().map(|slot| slot.0.to_string()).collect();
                format!("give back {}", slots.join(" "))
            }
            Effect::StopAtOnce => "stop at once".to_owned(),
            Effect::Finish(Ok(body)) => format!("finish: {}", text_of(body)),
            Effect::Finish(Err(error)) => format!("finish with the error: {error}"),
        };
        writeln!(lines, "{line}").unwrap();
    }
    lines
}

fn text_of(body: &EventBody) -> String {
    let name = body.name().strip_prefix("step_").unwrap_or(body.name()).replace('_', " ");
    if let EventBody::StepSkipped { reason } = body {
        format!("{name}: {reason}")
    } else if let EventBody::StepFailed { failure } | EventBody::StepRetrying { failure, .. } = body {
        format!("{name}: {}", without_hint(&failure.to_string()))
    } else if let EventBody::RunFailed { reason, class } = body {
        format!("{name} ({class:?}): {}", without_hint(reason))
    } else {
        name
    }
}

/// The text of a hint is tested with the failure.
fn without_hint(text: &str) -> &str {
    text.split("; hint").next().unwrap_or_default()
}
