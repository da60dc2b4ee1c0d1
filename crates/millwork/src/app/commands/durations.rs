//! The durations of assets, which simulations use.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use millwork_core::event::{EventBody, EventKind};
use millwork_core::graph::StepIndex;
use millwork_core::{AssetKey, Pipeline};
use millwork_storage::{EventQuery, Order};

use crate::app::failure::Failure;
use crate::app::session::Opened;

/// The maximum number of recent steps that are read.
const STEPS: u32 = 10_000;

/// The median duration of each asset's last steps. The first asset of a step counts for all of them.
pub(super) async fn of_assets(
    opened: &Opened,
    pipeline: &Pipeline,
) -> Result<BTreeMap<AssetKey, SignedDuration>, Failure> {
    let query = EventQuery {
        kinds: Some(EventKind::StepSucceeded.into()),
        order: Order::NewestFirst,
        limit: Some(STEPS),
        ..EventQuery::default()
    };
    let mut by_step: BTreeMap<StepIndex, Vec<u64>> = BTreeMap::new();
    let graph = pipeline.graph();
    for event in opened.store.events(query).await? {
        let step = event.step.as_ref().and_then(|step| graph.step_index(step.as_str()));
        if let (Some(step), EventBody::StepSucceeded { micros }) = (step, event.body) {
            by_step.entry(step).or_default().push(micros);
        }
    }
    let mut durations = BTreeMap::new();
    for (step, mut micros) in by_step {
        micros.sort_unstable();
        let median = micros[micros.len() / 2];
        for (index, asset) in graph.outputs(step).iter().enumerate() {
            let micros = if index == 0 { median } else { 0 };
            let duration = SignedDuration::from_micros(i64::try_from(micros).unwrap_or(i64::MAX));
            durations.insert(graph.key(*asset).clone(), duration);
        }
    }
    Ok(durations)
}
